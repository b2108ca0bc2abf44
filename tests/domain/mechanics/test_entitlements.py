"""Entitlements: who has them, how often they are used, and how a use comes back."""

from __future__ import annotations

from typing import Any, Final

import pytest

from chalicelib.domain.mechanics import entitlements
from chalicelib.domain.mechanics.entitlements import (
    GRANTS,
    GrantEntitlement,
    ReturnEntitlement,
    Used,
    UseEntitlement,
)
from chalicelib.domain.validation import check_succession, validate
from tests.domain.building import Member, at, ladder, points, programme, visits

PARKING: Final = {
    "id": "parking",
    "name": "Free parking",
    "tiers": ["silver"],
    "quota": {"count": 4, "window": "month"},
}
BOOKING: Final = {"id": "booking", "name": "Priority booking", "tiers": ["silver"]}
GIFT: Final = {"id": "gift", "name": "Sticker"}
ZONE: Final = "Asia/Shanghai"


def document(**parts: Any) -> Any:
    """Return a programme of which silver members park four times a month."""
    return programme(
        time_zone=ZONE,
        tiers=ladder(("silver", visits(1)), window="lifetime"),
        entitlements=[PARKING, BOOKING, GIFT],
        **parts,
    )


def silver(**parts: Any) -> Member:
    """Return a member in silver since 2 March 2026."""
    who = Member(document(**parts))
    who.visit("2026-03-02")
    return who


def use(who: Member, when: str, entitlement: str = "parking", units: int = 1) -> Used:
    """Use an entitlement."""
    command = UseEntitlement(
        member="mem_1", programme="clinic", entitlement=entitlement, units=units
    )
    used: Used = who.do(command, when).result
    return used


def refused(who: Member, when: str, entitlement: str = "parking", units: int = 1) -> Any:
    """Return the refusal of a use."""
    command = UseEntitlement(
        member="mem_1", programme="clinic", entitlement=entitlement, units=units
    )
    return who.refused(command, when)


def grant(who: Member, when: str, units: int, days: int | None, entitlement: str = "gift") -> None:
    """Give units by hand."""
    command = GrantEntitlement(
        member="mem_1",
        programme="clinic",
        entitlement=entitlement,
        units=units,
        reason="r",
        valid_days=days,
    )
    who.do(command, when)


def held(who: Member, when: str) -> dict[str, tuple[int | None, str | None]]:
    """Return (left, resets on) of each entitlement."""
    version = who.programmes.in_force("clinic", at(when))
    assert version is not None
    found = entitlements.held(who.seen(when), version.document, at(when))
    return {each.entitlement.id: (each.left, each.resets_on) for each in found}


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

        assert (refusal.code, refusal.facts["left"], refusal.facts["resets_on"]) == (
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

        assert [entry.kind for entry in who.entries].count("entitlement.used") == 3

    def test_more_than_is_left_takes_nothing(self) -> None:
        """Three of two that are left are refused, and two are still there."""
        who = silver()
        use(who, "2026-03-03", units=2)
        assert refused(who, "2026-03-03", units=3).facts["left"] == 2
        assert held(who, "2026-03-03")["parking"] == (2, "2026-04-01")

    def test_nobody_else(self) -> None:
        """An entitlement that does not exist is not found."""
        assert refused(silver(), "2026-03-03", "yacht").code == "entitlement_not_found"


class TestGrants:
    """What is given one by one."""

    def test_the_soonest_to_lapse_goes_first(self) -> None:
        """Seven days, then thirty, then for ever; the quota of the tier before them all."""
        who = silver()
        for days in (None, 30, 7):
            grant(who, "2026-03-02", 1, days, "parking")
        assert held(who, "2026-03-02")["parking"] == (7, "2026-04-01")

        use(who, "2026-03-02", units=4)
        left = []
        for _ in range(3):
            use(who, "2026-03-02")
            left.append(sorted(str(g.expires_on) for g in GRANTS.all(who.account).values()))
        assert left == [["2026-04-01", "None"], ["None"], []]
        assert refused(who, "2026-03-02").code == "quota_exhausted"

    def test_those_alike_are_one(self) -> None:
        """Two grants to the same day are one of twice the units."""
        who = silver()
        grant(who, "2026-03-02", 2, 7)
        grant(who, "2026-03-02", 3, 7)

        assert [g.units for g in GRANTS.all(who.account).values()] == [5]

    def test_it_lapses_at_local_midnight(self) -> None:
        """Usable through its last day, gone at the midnight after it, with an entry."""
        who = silver()
        grant(who, "2026-03-02", 1, 7)
        assert held(who, "2026-03-09T15:59:59.999Z")["gift"] == (1, None)
        assert "gift" not in held(who, "2026-03-09T16:00:00Z")

        assert [entry.kind for entry in who.tick("2026-03-10")] == ["entitlements.expired"]
        assert who.account.progress == {}
        assert who.verdict().holds

    def test_too_many(self) -> None:
        """An account has room for a hundred that differ."""
        who = silver()
        for days in range(entitlements.GRANTS_MAX):
            grant(who, "2026-03-02", 1, days)

        command = GrantEntitlement(
            member="mem_1",
            programme="clinic",
            entitlement="gift",
            units=1,
            reason="r",
            valid_days=500,
        )
        assert who.refused(command, "2026-03-02").code == "too_many_grants"


class TestReturns:
    """A use that is given back."""

    def give_back(self, who: Member, version: int, when: str) -> Any:
        """Give a use back."""
        return who.do(ReturnEntitlement(member="mem_1", use=version), when).result

    def test_to_the_quota(self) -> None:
        """Once; again changes nothing and writes nothing."""
        who = silver()
        for _ in range(4):
            use(who, "2026-03-03")
        version = who.account.version

        told = self.give_back(who, version, "2026-03-04")
        assert (told.changed, told.units) == (True, 1)
        assert held(who, "2026-03-04")["parking"] == (1, "2026-04-01")
        after = who.account.version
        assert self.give_back(who, version, "2026-03-05").changed is False
        assert who.account.version == after

    def test_of_a_month_that_has_passed(self) -> None:
        """There is nothing left to give back to; the new month is as full as before."""
        who = silver()
        use(who, "2026-03-31")
        version = who.account.version

        told = self.give_back(who, version, "2026-04-20")
        assert (told.changed, told.units) == (True, 0)
        assert held(who, "2026-04-20")["parking"] == (4, "2026-05-01")

    def test_to_a_grant(self) -> None:
        """The unit has the last day that it had."""
        who = silver()
        grant(who, "2026-03-02", 2, 7)
        use(who, "2026-03-03", "gift", units=2)
        version = who.account.version

        assert self.give_back(who, version, "2026-03-04").units == 2
        (back,) = GRANTS.all(who.account).values()
        assert (back.units, back.expires_on) == (2, "2026-03-09")

    def test_to_a_grant_that_has_lapsed(self) -> None:
        """What would be over is not given."""
        who = silver()
        grant(who, "2026-03-02", 1, 7)
        use(who, "2026-03-03", "gift")
        version = who.account.version

        assert self.give_back(who, version, "2026-03-20").units == 0
        assert who.account.progress == {}

    def test_too_late(self) -> None:
        """After a month it stands."""
        who = silver()
        use(who, "2026-03-03", "booking")
        command = ReturnEntitlement(member="mem_1", use=who.account.version)

        assert who.refused(command, "2026-04-05").code == "too_late_to_return"

    def test_what_is_no_use(self) -> None:
        """Another entry cannot be given back."""
        who = silver()
        assert who.refused(
            ReturnEntitlement(member="mem_1", use=who.account.version), "2026-03-05"
        ).code == ("use_not_found")


@pytest.mark.parametrize(
    ("entitlement", "pointer"),
    [
        (PARKING | {"tiers": ["gold"]}, "/entitlements/0/tiers/0"),
        (PARKING | {"tiers": []}, "/entitlements/0/quota"),
        (PARKING | {"quota": {"count": 0}}, "/entitlements/0/quota/count"),
        (GIFT | {"id": "booking"}, "/entitlements/1/id"),
    ],
)
def test_faults_name_their_place(entitlement: Any, pointer: str) -> None:
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
