"""Uses of entitlements that are given back."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.mechanics.entitlement_grants import GRANTS
from chalicelib.domain.mechanics.entitlement_uses import (
    ReturnEntitlement,
    UseEntitlement,
    consume,
)
from tests.domain.building import Member, at
from tests.domain.hearing import listened
from tests.domain.parking import grant, held, silver, use


@pytest.mark.parametrize(
    ("entitlement", "units", "by_right", "quota", "of_grants"),
    [
        ("parking", 1, [1], 1, 0),
        ("parking", 4, [4], 4, 0),
        # What was granted was given when it was.
        ("parking", 5, [4], 4, 1),
        ("gift", 2, [], 0, 2),
        ("booking", 7, [7], 0, 0),
    ],
)
def test_what_is_given_by_a_use(
    entitlement: str, units: int, by_right: list[int], quota: int, of_grants: int
) -> None:
    """The quota goes first; what a tier brings is given when it is used, a grant is not again."""
    who = silver()
    for each in ("parking", "gift"):
        grant(who, "2026-03-02", 2, 7, each)
    event, heard = listened(who, "2026-03-03")
    version = who.programmes.in_force("clinic", event.now)
    assert version is not None

    used = consume(event, version.document, entitlement, units)

    assert heard.benefits == [("entitlement", entitlement, each) for each in by_right]
    assert (used.quota.units if used.quota else 0) == quota
    assert sum(each.units for each in used.grants) == of_grants
    assert used.unlimited is (entitlement == "booking")


class TestTokens:
    """A member shows a token in place of themselves, which is good once and not for long."""

    GOOD_UNTIL = "2026-03-03T12:05:00Z"

    def showing(self, token: str, units: int = 1) -> UseEntitlement:
        """Return the command to use the free parking by a token."""
        return UseEntitlement(
            member="mem_1",
            programme="clinic",
            entitlement="parking",
            units=units,
            token=token,
            token_expires_at=at(self.GOOD_UNTIL),
        )

    def test_once(self) -> None:
        """A second use of one token takes nothing; another token is another use."""
        who = silver()
        who.do(self.showing("one"), "2026-03-03")

        assert who.refused(self.showing("one"), "2026-03-03T12:01:00Z").code == "token_used"
        assert held(who, "2026-03-03T12:01:00Z")["parking"][0] == 3
        who.do(self.showing("two", units=2), "2026-03-03T12:01:00Z")
        assert held(who, "2026-03-03T12:01:00Z")["parking"][0] == 1
        assert who.verdict().holds

    def test_what_is_refused_uses_no_token_up(self) -> None:
        """Who asked for too much may show the same one again."""
        who = silver()
        assert who.refused(self.showing("one", units=5), "2026-03-03").code == "quota_exhausted"

        assert who.do(self.showing("one", units=4), "2026-03-03").result.held.left == 0

    def test_until(self) -> None:
        """To the last millisecond; then it has ended, used or not, and is forgotten."""
        who = silver()
        refusal = who.refused(self.showing("late"), self.GOOD_UNTIL)
        assert (refusal.code, refusal.extensions["expired_at"]) == (
            "token_expired",
            self.GOOD_UNTIL,
        )
        who.do(self.showing("one"), "2026-03-03T12:04:59.999Z")
        assert who.account.counter("token/one") == 1

        assert who.refused(self.showing("one"), self.GOOD_UNTIL).code == "token_expired"
        use(who, "2026-03-03T12:05:00.001Z")
        assert "token/one" not in who.account.counters


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

        result = self.give_back(who, version, "2026-03-04")
        assert (result.changed, result.units) == (True, 1)
        assert held(who, "2026-03-04")["parking"] == (1, "2026-04-01")
        after = who.account.version
        again = self.give_back(who, version, "2026-03-05")
        assert (again.changed, again.entitlement, again.units) == (False, "parking", 0)
        assert who.account.version == after

    @pytest.mark.parametrize(
        ("now", "units", "left"),
        [("2026-03-31T23:59:59.999+08:00", 1, 4), ("2026-04-01T00:00:00+08:00", 0, 4)],
    )
    def test_at_the_end_of_its_month(self, now: str, units: int, left: int) -> None:
        """To the last millisecond of it there is something to give back to."""
        who = silver()
        use(who, "2026-03-31")

        result = self.give_back(who, who.account.version, now)

        assert (result.changed, result.units) == (True, units)
        assert held(who, now)["parking"][0] == left

    def test_of_a_month_that_has_passed(self) -> None:
        """There is nothing left to give back to; the new month is as full as before."""
        who = silver()
        use(who, "2026-03-31")
        version = who.account.version

        result = self.give_back(who, version, "2026-04-20")
        assert (result.changed, result.units) == (True, 0)
        assert held(who, "2026-04-20")["parking"] == (4, "2026-05-01")

    def test_of_what_has_no_limit(self) -> None:
        """All of it comes back, though nothing is counted."""
        who = silver()
        use(who, "2026-03-03", "booking", units=2)

        result = self.give_back(who, who.account.version, "2026-03-04")
        assert (result.changed, result.units) == (True, 2)

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
        """Through the 31st day after it, and then it stands."""
        who = silver()
        use(who, "2026-03-03", "booking")
        command = ReturnEntitlement(member="mem_1", use=who.account.version)

        refusal = who.refused(command, "2026-04-04T00:00:00Z")
        assert (refusal.code, refusal.extensions["until"]) == ("too_late_to_return", "2026-04-03")
        assert who.do(command, "2026-04-03T23:59:59.999Z").result.changed

    def test_what_is_no_use(self) -> None:
        """Another event cannot be given back."""
        who = silver()
        assert who.refused(
            ReturnEntitlement(member="mem_1", use=who.account.version), "2026-03-05"
        ).code == ("use_not_found")
