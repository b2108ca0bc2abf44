"""How a redemption ends: its voucher is used, or it is cancelled."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.domain.decide.claims import SaveRecord
from chalicelib.domain.errors import LoyaltyError
from chalicelib.domain.ledger.lots import Lot, LotKey
from chalicelib.domain.mechanics import redemptions
from chalicelib.domain.mechanics.redemptions import CancelRedemption, Redemption, UseVoucher
from tests.domain.building import (
    Member,
    at,
    points,
    posted,
    reward,
)
from tests.domain.shop import rich, shop, taken


def year(**parts: Any) -> dict[str, Any]:
    """Return points that last to the end of the year."""
    return points({"type": "fixed", "on": "12-31"}, **parts)


NEW_YEAR = at("2027-01-01T00:00:00Z")


class TestCancelling:
    """Value returns to where it came from."""

    def test_to_its_original_expiry(self) -> None:
        """Every piece goes back to its own lot."""
        member = Member(shop(reward("tea", 250), currency=points({"type": "rolling", "days": 10})))
        for day in (1, 2, 3):
            member.visit(f"2026-02-0{day}")
        before = member.balance
        redemption = member.redeem("tea", "2026-02-05")
        assert [lot.amount for lot in member.balance.lots] == [50]
        decision = member.cancel(redemption, "2026-02-06")

        assert member.balance == before
        assert posted(member.events[-1]) == [
            ("redeemed/tenant/tenant", "member/available", 100),
            ("redeemed/tenant/tenant", "member/available", 100),
            ("redeemed/tenant/tenant", "member/available", 50),
        ]
        after = replace(redemption, state="cancelled", changed_at=at("2026-02-06"), revision=2)
        assert decision.result == after
        assert decision.claims == (redemptions.claim_to_save(after),)

    def test_stock_goes_back(self) -> None:
        """What was taken from stock returns to it."""
        member = rich(reward("mug", 60, stock=5))
        decision = member.cancel(member.redeem("mug", "2026-02-01"), "2026-02-02")

        saved, stock = decision.claims
        assert isinstance(saved, SaveRecord)
        assert saved.takes == {}
        assert taken(stock) == ("clinic/stock/mug", -1, 0)

    @pytest.mark.parametrize(
        ("cancelled", "left"),
        [(NEW_YEAR - 1, 100), (NEW_YEAR, 0), (NEW_YEAR + 1, 0)],
    )
    def test_value_that_is_over(self, cancelled: int, left: int) -> None:
        """Value whose expiry has passed comes back and expires in the same event."""
        member = Member(shop(reward("tea", 100), currency=year()))
        member.visit("2026-02-01")
        redemption = member.redeem("tea", "2026-12-31")
        member.cancel(redemption, cancelled)

        assert member.balance.available == left
        over = [("member/available", "expired/tenant", 100)] if left == 0 else []
        assert posted(member.events[-1]) == [
            ("redeemed/tenant/tenant", "member/available", 100),
            *over,
        ]

    @pytest.mark.parametrize(
        ("days", "cancelled", "expires_on"),
        [
            (30, "2026-06-01", "2026-12-31"),
            (30, "2026-12-01", "2026-12-31"),
            (30, "2026-12-02", "2027-01-01"),
            (30, "2027-03-01", "2027-03-31"),
            (1, "2027-03-01", "2027-03-02"),
        ],
    )
    def test_a_minimum_of_remaining_life(self, days: int, cancelled: str, expires_on: str) -> None:
        """Restored value lasts at least so many days after today, and never less than it did."""
        member = Member(shop(reward("tea", 100), currency=year(restored_life_days=days)))
        member.visit("2026-02-01")
        member.cancel(member.redeem("tea", "2026-05-01"), cancelled)

        assert [(lot.amount, lot.key.expires_on) for lot in member.balance.lots] == [
            (100, expires_on)
        ]

    def test_a6_a_least_life_is_given_once(self) -> None:
        """A6: redeemed and cancelled on its last day, again and again, value ends all the same."""
        member = Member(shop(reward("tea", 100), currency=year(restored_life_days=10)))
        member.visit("2026-02-01")
        lasts = []
        for day in ("2026-12-31", "2027-01-10", "2027-01-10"):
            member.cancel(member.redeem("tea", day), day)
            lasts += [lot.key.expires_on for lot in member.balance.lots]

        assert lasts == ["2027-01-10"] * 3
        assert member.available("2027-01-11") == 0

    def test_a6_what_was_not_prolonged_still_can_be(self) -> None:
        """A6: value that has had its least life and value that has not are two lots."""
        ten_days = points({"type": "rolling", "days": 10}, restored_life_days=10)
        member = Member(shop(reward("tea", 100), currency=ten_days))
        member.visit("2026-02-01")
        member.cancel(member.redeem("tea", "2026-02-11"), "2026-02-11")
        member.visit("2026-02-11")
        assert [lot.key.expires_on for lot in member.balance.lots] == ["2026-02-21"] * 2
        member.cancel(member.redeem("tea", "2026-02-21"), "2026-02-21")

        assert [lot.key.expires_on for lot in member.balance.lots] == ["2026-02-21", "2026-03-03"]

    @pytest.mark.parametrize(
        ("cancelled", "expires_on", "prolonged"),
        [
            ("2026-12-20", "2026-12-31", False),
            ("2026-12-21", "2026-12-31", False),
            ("2026-12-22", "2027-01-01", True),
        ],
    )
    def test_a6_what_lasts_as_long_anyway(
        self, cancelled: str, expires_on: str, *, prolonged: bool
    ) -> None:
        """A6: to the day: what would not end before its least life has not had it."""
        member = Member(shop(reward("tea", 100), currency=year(restored_life_days=10)))
        member.visit("2026-02-01")
        member.cancel(member.redeem("tea", "2026-05-01"), cancelled)

        assert [(lot.key.expires_on, lot.key.prolonged) for lot in member.balance.lots] == [
            (expires_on, prolonged)
        ]

    def test_what_never_expires_stays_so(self) -> None:
        """A minimum of life is no maximum."""
        member = rich(reward("tea", 100), currency=points(restored_life_days=30))
        member.cancel(member.redeem("tea", "2026-02-01"), "2026-02-02")

        assert member.balance.lots == (Lot(1_000, LotKey()),)

    def test_repays_a_deficit_first(self) -> None:
        """Value that comes back pays what is owed."""
        member = Member(shop(reward("tea", 100)))
        member.visit("2026-02-01", name="gone")
        redemption = member.redeem("tea", "2026-02-02")
        member.reverse("gone", "2026-02-03")
        assert member.balance.deficit == 100
        member.cancel(redemption, "2026-02-04")

        assert member.account.balances == {}


class TestVouchers:
    """A voucher is used once, before its last day is over."""

    def member(self) -> tuple[Member, Redemption]:
        """Return a member with a voucher that is good through 2026-02-11."""
        member = rich(reward("tea", 60, voucher_valid_days=10))
        return member, member.redeem("tea", "2026-02-01")

    def test_use(self) -> None:
        """Using it moves no value and is journaled."""
        member, redemption = self.member()
        decision = member.use(redemption, "2026-02-11T23:59:59.999Z")

        assert decision.result.state == "used"
        assert (decision.result.revision, decision.result.changed_at) == (
            2,
            at("2026-02-11T23:59:59.999Z"),
        )
        assert decision.claims == (redemptions.claim_to_save(decision.result),)
        assert (member.events[-1].kind, member.events[-1].postings) == ("voucher.used", ())

    @pytest.mark.parametrize("end", ["used", "cancelled", "expired"])
    @pytest.mark.parametrize("action", ["use", "cancel"])
    def test_refusals(self, end: str, action: str) -> None:
        """What is used, cancelled or past its day can neither be used nor cancelled."""
        member, redemption = self.member()
        now = "2026-02-12T00:00:00Z" if end == "expired" else "2026-02-03"
        if end == "used":
            member.use(redemption, "2026-02-02")
        elif end == "cancelled":
            member.cancel(redemption, "2026-02-02")
        before = member.account
        command = (
            UseVoucher(member="mem_1", redemption_id=redemption.id)
            if action == "use"
            else CancelRedemption(member="mem_1", redemption_id=redemption.id)
        )
        refusal: LoyaltyError = member.refused(command, now)

        assert refusal.code == f"voucher_{end}"
        assert refusal.extensions["redemption"] == "red_1"
        assert member.account is before

    def test_of_a_closed_account(self) -> None:
        """A voucher that was paid for is good after the account has ended; its value is not."""
        member, redemption = self.member()
        member.close("2026-02-02")
        command = CancelRedemption(member="mem_1", redemption_id=redemption.id)

        assert member.refused(command, "2026-02-03").code == "account_closed"
        assert member.use(redemption, "2026-02-03").result.state == "used"
        assert member.verdict().holds
