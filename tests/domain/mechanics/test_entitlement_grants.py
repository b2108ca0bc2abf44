"""Units of entitlements that are given one by one: which go first, and when they lapse."""

from __future__ import annotations

import pytest

from chalicelib.domain.errors import Conflict
from chalicelib.domain.mechanics.entitlement_grants import (
    GRANTS,
    GRANTS_MAX,
    Grant,
    give,
    grant_key,
    put_back,
    revoke,
)
from chalicelib.domain.mechanics.entitlements import GrantEntitlement
from tests.domain.building import at
from tests.domain.hearing import listened
from tests.domain.parking import grant, held, refused, silver, use


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
        """Usable through its last day, gone at the midnight after it, with an event."""
        who = silver()
        grant(who, "2026-03-02", 1, 7)
        assert held(who, "2026-03-09T15:59:59.999Z")["gift"] == (1, None)
        assert "gift" not in held(who, "2026-03-09T16:00:00Z")

        assert [event.kind for event in who.tick("2026-03-10")] == ["entitlements.expired"]
        assert who.account.progress == {}
        assert who.verdict().holds

    def test_each_lapses_on_its_own_day(self) -> None:
        """The sooner is gone at its midnight, the later at its own."""
        who = silver()
        grant(who, "2026-03-02", 1, 3)
        grant(who, "2026-03-02", 2, 7)

        for day, last_days in (("2026-03-06", ["2026-03-09"]), ("2026-03-10", [])):
            (lapsed,) = who.tick(day)
            assert lapsed.effective_at == at(f"{day}T00:00:00+08:00")
            assert [each.expires_on for each in GRANTS.all(who.account).values()] == last_days

    def test_too_many(self) -> None:
        """An account has room for a hundred that differ."""
        who = silver()
        for days in range(GRANTS_MAX):
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

    def test_what_has_no_room_is_not_reported_as_given(self) -> None:
        """A guard hears of a grant that fits, and of none that is refused."""
        who = silver()
        for days in range(GRANTS_MAX):
            grant(who, "2026-03-02", 1, days)
        event, heard = listened(who, "2026-03-02")
        version = who.programmes.in_force("clinic", event.now)
        assert version is not None
        programme = version.document

        with pytest.raises(Conflict, match="grants"):
            give(event, programme, "gift", 1, 500, cause="gift")
        assert heard.amounts == []
        give(event, programme, "gift", 3, 5, cause="gift")
        assert heard.amounts == [3]

    @pytest.mark.parametrize(
        ("units", "used", "revoked", "left"),
        [
            (3, 3, 2, 1),
            (3, 3, 3, 0),
            # The one that is unused goes at once, and so only one of the two that come back.
            (3, 2, 2, 1),
            (3, 2, 0, 3),
            (3, 2, 1, 2),
        ],
    )
    def test_what_was_revoked_does_not_come_back(
        self, units: int, used: int, revoked: int, left: int
    ) -> None:
        """Of what was used and comes back, only what is more than was revoked."""
        who = silver()
        grant(who, "2026-03-02", units, 7)
        use(who, "2026-03-03", "gift", units=used)
        event, heard = listened(who, "2026-03-04")
        version = who.programmes.in_force("clinic", event.now)
        assert version is not None
        gift = Grant("clinic", "gift", used, at("2026-03-10T00:00:00+08:00"), "2026-03-09")

        revoke(event, version.document, grant_key(gift), revoked, cause="refund")
        assert sum(heard.amounts) == -min(revoked, units - used)
        counter = "revoked/clinic/gift/2026-03-09"
        assert event.account.counter(counter) == revoked - min(revoked, units - used)

        put_back(event, gift)
        assert sum(each.units for each in GRANTS.all(event.account).values()) == left
        assert event.account.counter(counter) == 0

    @pytest.mark.parametrize(
        ("bought", "last", "counter"),
        [
            (False, "2026-03-09", "revoked/clinic/gift/2026-03-09"),
            (True, "2026-03-09", "revoked/clinic/gift:bought/2026-03-09"),
            (False, None, "revoked/clinic/gift/"),
            (True, None, "revoked/clinic/gift:bought/"),
        ],
    )
    def test_the_day_of_what_was_revoked_comes_last(
        self, *, bought: bool, last: str | None, counter: str
    ) -> None:
        """So stored accounts keep many of one entitlement in columns; what was bought is apart."""
        who = silver()
        event, _ = listened(who, "2026-03-04")
        version = who.programmes.in_force("clinic", event.now)
        assert version is not None
        gift = Grant("clinic", "gift", 2, expires_on=last, bought=bought)

        revoke(event, version.document, grant_key(gift), 2, cause="refund")

        assert [key for key in event.account.counters if "revoked" in key] == [counter]
