"""Uses of entitlements that are given back."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.mechanics.entitlement_grants import GRANTS
from chalicelib.domain.mechanics.entitlement_uses import ReturnEntitlement
from tests.domain.building import Member
from tests.domain.parking import grant, held, silver, use


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
        assert self.give_back(who, version, "2026-03-05").changed is False
        assert who.account.version == after

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
        """After a month it stands."""
        who = silver()
        use(who, "2026-03-03", "booking")
        command = ReturnEntitlement(member="mem_1", use=who.account.version)

        assert who.refused(command, "2026-04-05").code == "too_late_to_return"

    def test_what_is_no_use(self) -> None:
        """Another event cannot be given back."""
        who = silver()
        assert who.refused(
            ReturnEntitlement(member="mem_1", use=who.account.version), "2026-03-05"
        ).code == ("use_not_found")
