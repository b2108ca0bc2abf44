"""Entitlements: who has them, and how often they are used."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.authoring.validation import check_succession, validate
from chalicelib.domain.mechanics import entitlements
from tests.domain.building import Member, ladder, points, programme, visits
from tests.domain.parking import (
    BOOKING,
    GIFT,
    PARKING,
    ZONE,
    document,
    grant,
    held,
    refused,
    silver,
    use,
)


class TestTiers:
    """What a tier gives."""

    def test_it_is_for_those_who_hold_it(self) -> None:
        """The base tier has none; silver has a quota and a privilege without limit."""
        who = Member(document())
        assert held(who, "2026-03-01") == {}
        assert refused(who, "2026-03-01").code == "not_entitled"

        who.visit("2026-03-02")
        assert held(who, "2026-03-02") == {
            "parking": (4, "2026-04-01"),
            "booking": (None, None),
        }

    def test_the_fifth_is_refused(self) -> None:
        """Four a month, and the refusal says when there are more."""
        who = silver()
        assert [use(who, "2026-03-03").held.left for _ in range(4)] == [3, 2, 1, 0]

        refusal = refused(who, "2026-03-03")

        assert (refusal.code, refusal.extensions["left"], refusal.extensions["resets_on"]) == (
            "quota_exhausted",
            0,
            "2026-04-01",
        )

    def test_it_resets_at_the_local_first(self) -> None:
        """Midnight of Shanghai is at four in the afternoon, UTC."""
        who = silver()
        for _ in range(4):
            use(who, "2026-03-03")
        assert refused(who, "2026-03-31T15:59:59.999Z").code == "quota_exhausted"
        assert use(who, "2026-03-31T16:00:00Z").held.left == 3

    def test_without_limit(self) -> None:
        """A privilege is used as often as one likes, and each use is on record."""
        who = silver()
        for _ in range(3):
            assert use(who, "2026-03-03", "booking").held.left is None

        assert [event.kind for event in who.events].count("entitlement.used") == 3

    def test_more_than_is_left_takes_nothing(self) -> None:
        """Three of two that are left are refused, and two are still there."""
        who = silver()
        use(who, "2026-03-03", units=2)
        assert refused(who, "2026-03-03", units=3).extensions["left"] == 2
        assert held(who, "2026-03-03")["parking"] == (2, "2026-04-01")

    @pytest.mark.parametrize(
        ("name", "days", "left", "quota_left", "resets_on", "lapses"),
        [
            ("gift", 10, [3, 6], None, None, ["2026-03-13"]),
            ("gift", None, [3, 6], None, None, [None]),
            ("gift", 0, [3, 6], None, None, ["2026-03-03"]),
            ("parking", 10, [7, 10], 4, "2026-04-01", ["2026-03-13"]),
            ("booking", 10, [None, None], None, None, ["2026-03-13"]),
        ],
    )
    def test_what_is_answered_to_a_grant(
        self,
        name: str,
        days: int | None,
        left: list[int | None],
        quota_left: int | None,
        resets_on: str | None,
        lapses: list[str | None],
    ) -> None:
        """All that is then held of it, with what was there before."""
        who = silver()
        answers = [grant(who, "2026-03-03", 3, days, name) for _ in range(2)]

        for answer, there, units in zip(answers, left, (3, 6), strict=True):
            assert answer is not None
            assert (answer.programme, answer.entitlement.id) == ("clinic", name)
            assert (answer.left, answer.quota_left, answer.resets_on) == (
                there,
                quota_left,
                resets_on,
            )
            assert [(each.units, each.expires_on) for each in answer.grants] == [
                (units, each) for each in lapses
            ]

    def test_nobody_else(self) -> None:
        """An entitlement that does not exist is not found."""
        assert refused(silver(), "2026-03-03", "yacht").code == "entitlement_not_found"


@pytest.mark.parametrize(
    ("entitlement", "pointer"),
    [
        (PARKING | {"tiers": ["gold"]}, "/entitlements/0/tiers/0"),
        (PARKING | {"tiers": []}, "/entitlements/0/quota"),
        (PARKING | {"quota": {"count": 0}}, "/entitlements/0/quota/count"),
        (GIFT | {"id": "booking"}, "/entitlements/1/id"),
    ],
)
def test_violations_name_their_place(entitlement: Any, pointer: str) -> None:
    """A part that leads nowhere is refused where it does."""
    source = {
        "id": "clinic",
        "name": "Clinic",
        "time_zone": "UTC",
        "money": {"currency": "GBP"},
        "currencies": [points()],
        "tiers": ladder(("silver", visits(1))),
        "entitlements": [entitlement, BOOKING],
    }

    assert [problem.pointer for problem in validate(source).problems] == [pointer]


def test_ids_stay() -> None:
    """Accounts may hold what a next version would drop."""
    later = programme(time_zone=ZONE, tiers=ladder(("silver", visits(1))), entitlements=[BOOKING])

    gone = [(p.pointer, p.detail) for p in check_succession(document(), later)]
    assert ("/entitlements", "`parking` is gone: accounts may refer to it; keep it") in gone
    assert len(gone) == 2


def test_what_one_is_called() -> None:
    """By its name; one that a later version does not know any more, by its id."""
    version = silver().programmes.version("clinic", 1)
    assert version is not None

    names = [entitlements.name_of(version.document, each) for each in ("parking", "yacht")]

    assert names == [PARKING["name"], "yacht"]
