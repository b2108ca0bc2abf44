"""What else of a member's changed: units of what is counted and is no value."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.mechanics.entitlements import GrantEntitlement
from chalicelib.domain.mechanics.units_changed import UnitsChanged, units_changed
from tests.domain.building import Member, at, ladder, line, programme, visits

NOW = at("2026-03-02")
CARD: dict[str, Any] = {
    "id": "five",
    "name": "Five paid, one free",
    "size": 5,
    "on": ["purchase.completed"],
    "full": {"entitlement": "tea"},
}


@pytest.mark.parametrize(
    ("had", "has", "stamps", "changes"),
    [
        (0, 0, 0, []),
        (2, 2, 0, []),
        (0, 2, 0, [("entitlement_units", "tea", 0, 2)]),
        (2, 0, 0, [("entitlement_units", "tea", 2, 0)]),
        (2, 3, 0, [("entitlement_units", "tea", 2, 3)]),
        (0, 0, 4, [("stamps", "five", 0, 4)]),
        (1, 0, 4, [("entitlement_units", "tea", 1, 0), ("stamps", "five", 0, 4)]),
        (
            0,
            0,
            6,
            [
                ("stamps", "five", 0, 1),
                ("full_cards", "five", 0, 1),
                ("entitlement_units", "tea", 0, 1),
            ],
        ),
    ],
)
def test_what_there_was_and_is(
    had: int, has: int, stamps: int, changes: list[tuple[str, str, int, int]]
) -> None:
    """Each thing with what there was of it and is, none where there is none; what stays is left."""
    document = programme(entitlements=[{"id": "tea", "name": "Tea"}], stamp_cards=[CARD])
    before, after = Member(document), Member(document)
    for member, units in ((before, had), (after, has)):
        if units:
            command = GrantEntitlement(
                member="mem_1", programme="clinic", entitlement="tea", units=units, reason="r"
            )
            member.do(command, NOW)
    if stamps:
        after.basket("2026-03-02", line("1", 100, quantity=stamps))

    found = units_changed(before.account, after.account, [document], NOW)

    assert found == units_changed(before.account, after.account, iter([document]), NOW)
    assert len(found) == len(changes)
    assert set(found) == {UnitsChanged("clinic", *each) for each in changes}


def test_a_privilege_that_goes_with_its_tier() -> None:
    """What is without limit has no units: it is there, or it is not."""
    lounge = {"id": "lounge", "name": "Lounge", "tiers": ["silver"]}
    member = Member(programme(entitlements=[lounge], tiers=ladder(("silver", visits(2)))))
    for number in range(2):
        member.visit("2026-03-01", name=f"visit {number}")
    (document,) = (each.document for each in member.programmes.up_to("clinic", NOW))
    had = member.account
    member.reverse("visit 1", "2026-03-02")

    (found,) = units_changed(had, member.account, [document], NOW)

    assert found == UnitsChanged("clinic", "privileges", "lounge", 1, 0)
