"""Packages: what is bought grants its units from its day on, and what comes back takes them."""

from __future__ import annotations

from typing import Any, Final

import pytest

from chalicelib.domain.ledger.events import Line, PackageSale, PackagesSold
from chalicelib.domain.mechanics.entitlement_grants import GRANTS
from chalicelib.domain.mechanics.entitlement_uses import ReturnEntitlement, UseEntitlement
from chalicelib.domain.mechanics.remaining import LineReversal
from chalicelib.domain.mechanics.units_changed import UnitsChanged
from tests.domain.building import PURCHASE, Member, line, programme

NOW: Final = "2026-02-03"


def owner(*lines: Line, kind: str = PURCHASE, now: str = "2026-02-01", **more: Any) -> Member:
    """Return who bought lines on 1 February, where TEA is four teas through 11 February."""
    package = {"id": "teas", "name": "Teas", "sku": "TEA", "entitlement": "tea", "units": 4}
    document = programme(
        entitlements=[{"id": "tea", "name": "Tea"}],
        packages=[{**package, "valid_days": 10, **more}],
        backdate_limit_days=60,
    )
    member = Member(document)
    member.record(kind, "2026-02-01", now=now, name="sale", money="GBP", lines=lines)
    return member


def held(member: Member) -> dict[str | None, int]:
    """Return the units that there are to use, by their last day."""
    return {each.expires_on: each.units for each in GRANTS.all(member.account).values()}


def use(member: Member, units: int) -> int:
    """Use units, and return the version of the event."""
    command = UseEntitlement(member="mem_1", programme="clinic", entitlement="tea", units=units)
    return member.do(command, NOW).events[-1].version


TEA: Final = line("t", 2_000, sku="TEA")


@pytest.mark.parametrize(
    ("lines", "more", "expected"),
    [
        ((TEA,), {}, {"2026-02-11": 4}),
        ((line("t", 2_000, sku="TEA", quantity=3),), {}, {"2026-02-11": 12}),
        ((TEA, line("u", 2_000, sku="TEA", quantity=2)), {}, {"2026-02-11": 12}),
        ((line("t", 2_000, sku="tea"), line("u", 2_000)), {}, {}),
        ((TEA,), {"valid_days": None}, {None: 4}),
        ((TEA,), {"kind": "payment.received"}, {"2026-02-11": 4}),
        ((TEA,), {"kind": "visit.completed"}, {}),
        ((TEA,), {"on": ["visit.completed"]}, {}),
        ((TEA,), {"on": ["visit.completed"], "kind": "visit.completed"}, {"2026-02-11": 4}),
        # Its days are counted from the day on which it was bought, whenever that is told.
        ((TEA,), {"now": "2026-02-11T23:59:59Z"}, {"2026-02-11": 4}),
        ((TEA,), {"now": "2026-02-12T00:00:00Z"}, {}),
    ],
)
def test_what_is_bought(
    lines: tuple[Line, ...], more: dict[str, Any], expected: dict[str | None, int]
) -> None:
    """So many units for each unit of its SKU, in the activities that it is for."""
    assert held(owner(*lines, **more)) == expected


def test_line_by_line() -> None:
    """What is left of the sale is less by what came back, whatever of it was used."""
    member = owner(TEA, line("u", 2_000, sku="TEA", quantity=2))
    use(member, 6)

    for back, units in ((LineReversal("u", quantity=1), (4, 4)), (LineReversal("t"), (0, 4))):
        member.reverse("sale", NOW, back)
        left = member.left_of("sale")
        assert left is not None
        sold = tuple(
            PackageSale("teas", place, kept, "clinic/tea@2026-02-11/bought")
            for place, kept in enumerate(units)
        )
        assert left.outcomes == (PackagesSold("clinic", sold),)
    assert held(member) == {}
    # Of the six that were used four were sold for good, and two are owed.
    assert member.account.counter("revoked/clinic/tea:bought/2026-02-11") == 2


def test_what_is_told_of_it() -> None:
    """The outcome of the purchase names the package, its units and their grant."""
    member = owner(TEA, line("x", 100))

    (sold,) = member.recorded["sale"].outcomes
    assert sold == PackagesSold(
        "clinic", (PackageSale("teas", 0, 4, "clinic/tea@2026-02-11/bought"),)
    )
    assert owner(line("x", 100)).recorded["sale"].outcomes == ()


@pytest.mark.parametrize(
    ("used", "back", "left", "again"),
    [
        # Of 8 units so many were used; what is left when lines come back, and when the use does.
        (0, ["t"], 4, None),
        (0, ["u"], 4, None),
        (0, ["x"], 8, None),
        (0, ["t", "u"], 0, None),
        (3, ["t"], 1, 4),
        (5, ["t"], 0, 4),
        (8, ["t"], 0, 4),
        (3, ["t", "u"], 0, 0),
        (8, ["t", "u"], 0, 0),
    ],
)
def test_what_comes_back(used: int, back: list[str], left: int, again: int | None) -> None:
    """The unused units of what comes back go, and those in use when their use is given back."""
    member = owner(TEA, line("u", 2_000, sku="TEA"), line("x", 100))
    version = use(member, used) if used else 0

    result = member.reverse("sale", NOW, *map(LineReversal, back))

    assert sum(held(member).values()) == left
    changed = 8 - used - left
    assert result.units == (
        (UnitsChanged("clinic", "entitlement_units", "tea", 8 - used, left),) if changed else ()
    )
    if version:
        member.do(ReturnEntitlement(member="mem_1", use=version), NOW)
        assert sum(held(member).values()) == again
    assert member.verdict().holds
