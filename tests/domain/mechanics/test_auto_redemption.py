"""Rewards that redeem themselves, however value comes."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.authoring.validation import validate
from chalicelib.domain.ledger.events import PendingActivated, RewardsRedeemed
from chalicelib.domain.mechanics import entitlement_grants
from chalicelib.domain.mechanics.entitlements import GrantEntitlement
from chalicelib.domain.mechanics.goodwill import GiveGoodwill
from chalicelib.domain.mechanics.wallets import TopUp
from tests.domain.building import (
    Member,
    points,
    posted,
    reward,
    transfer,
)
from tests.domain.shop import shop


class TestAutoRedemption:
    """A reward that redeems itself once there is so much."""

    @staticmethod
    def waiting() -> Member:
        """Return a member whose visits earn 100 that are usable three days later."""
        gives = {"type": "entitlement", "entitlement": "tea"}
        return Member(
            shop(
                reward("tea", 90, gives=gives, auto_at=150),
                currency=points(activation_delay_days=3),
                entitlements=[{"id": "tea", "name": "Tea"}],
            )
        )

    def test_when_value_becomes_usable(self) -> None:
        """It is redeemed in the event that makes value usable, at that instant."""
        member = self.waiting()
        member.visit("2026-02-01")
        member.visit("2026-02-02")
        assert member.tick("2026-02-04")[0].outcomes == ()

        (event,) = member.tick("2026-02-05")

        assert event.data == PendingActivated()
        assert event.outcomes == (RewardsRedeemed("clinic", {"tea": 1}),)
        assert posted(event) == [
            ("member/pending", "member/available", 100),
            ("member/available", "redeemed/tenant/tenant", 90),
        ]
        assert member.balance.available == 110
        assert entitlement_grants.GRANTS.all(member.account).keys() != set()
        assert member.verdict().holds

    def test_where_there_is_no_room_for_what_it_gives(self) -> None:
        """Value comes all the same, nothing is paid for, and the account goes on."""
        member = self.waiting()
        for number in range(entitlement_grants.GRANTS_MAX):
            grant = GrantEntitlement(
                member="mem_1",
                programme="clinic",
                entitlement="tea",
                units=1,
                reason="held",
                valid_days=60 + number,
            )
            member.do(grant, "2026-02-01")
        member.visit("2026-02-01")
        member.visit("2026-02-02")

        (event,) = member.tick("2026-02-05")[-1:]

        assert event.outcomes == ()
        assert member.balance.available == 200
        assert member.verdict().holds

    @pytest.mark.parametrize(("given", "times"), [(19, 19), (20, 20), (21, 20), (400, 20)])
    def test_twenty_at_once(self, given: int, times: int) -> None:
        """More than so many is a slip in a price; what is left is redeemed with what comes next."""
        gives = {"type": "entitlement", "entitlement": "tea"}
        document = shop(
            reward("tea", 1, gives=gives, auto_at=1), entitlements=[{"id": "tea", "name": "Tea"}]
        )
        member = Member(document)
        member.adjust(given, "2026-02-02")

        assert member.events[-1].outcomes == (RewardsRedeemed("clinic", {"tea": times}),)
        assert member.balance.available == given - times

    @pytest.mark.parametrize("way", ["adjusted", "goodwill", "paid in", "given"])
    def test_however_value_comes(self, way: str) -> None:
        """Value that is adjusted, given by staff, paid in or given by a member redeems it, too."""
        gives = {"type": "entitlement", "entitlement": "tea"}
        document = shop(
            reward("tea", 90, gives=gives, auto_at=150),
            currency=points(),
            entitlements=[{"id": "tea", "name": "Tea"}],
            goodwill={"currency": "points", "daily": {"server": 1000}},
            wallets=[{"currency": "points", "kind": "prepaid"}],
            transfers=[{"currency": "points"}],
        )
        member, other = Member(document), Member(document, key="T#tenant#M#mem_2")
        other.adjust(149, "2026-02-01")
        if way == "adjusted":
            member.adjust(250, "2026-02-02")
        elif way == "goodwill":
            giving = GiveGoodwill(member="mem_1", programme="clinic", points=250, reason="wait")
            member.do(giving, "2026-02-02")
        elif way == "paid in":
            member.do(TopUp("clinic", "points", 250, member="mem_1"), "2026-02-02")
        else:
            member.adjust(101, "2026-02-01")
            transfer(other, member, 149, "2026-02-02")

        # 250, less 90, are above 150 once more; what is left then is not.
        assert member.events[-1].outcomes == (RewardsRedeemed("clinic", {"tea": 2}),)
        assert member.balance.available == 70
        assert member.verdict().holds
        assert member.adjust(-1, "2026-02-03").events[0].outcomes == ()

    @pytest.mark.parametrize(
        ("parts", "result"),
        [
            ({"price": {"currency": "points", "amount": 0}}, "is not for a gift"),
            ({"by": "staff"}, "is not for a reward `by` staff"),
        ],
    )
    def test_not_for(self, parts: dict[str, Any], result: str) -> None:
        """Neither what costs nothing nor what staff hand out is redeemed by itself."""
        gives = {"type": "entitlement", "entitlement": "tea"}
        document = {
            "id": "clinic",
            "name": "Clinic",
            "time_zone": "UTC",
            "money": {"currency": "GBP"},
            "currencies": [points()],
            "entitlements": [{"id": "tea", "name": "Tea"}],
            "rewards": [reward("tea", 90, gives=gives, auto_at=150) | parts],
        }

        (problem,) = validate(document).problems

        assert problem.pointer == "/rewards/0/auto_at"
        assert problem.detail.startswith(result)
