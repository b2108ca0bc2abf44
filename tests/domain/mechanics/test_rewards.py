"""What can be redeemed, what stands in the way, and how a redemption ends."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.domain.account import Counter
from chalicelib.domain.decide.claims import ClaimKey, SaveRecord, TakeFrom
from chalicelib.domain.errors import Conflict, LoyaltyError
from chalicelib.domain.ledger.actor import Actor
from chalicelib.domain.ledger.events import PendingActivated, RewardRedeemed, RewardsRedeemed
from chalicelib.domain.lots import Lot, LotKey, Taken
from chalicelib.domain.mechanics import entitlements, rewards
from chalicelib.domain.mechanics.goodwill import GiveGoodwill
from chalicelib.domain.mechanics.rewards import CancelRedemption, Redeem, Redemption, UseVoucher
from chalicelib.domain.mechanics.wallets import TopUp
from chalicelib.domain.programme import Programme
from chalicelib.domain.validation import validate
from tests.domain.building import (
    Member,
    at,
    fixed,
    ladder,
    points,
    posted,
    programme,
    published,
    reward,
    rule,
    transfer,
    visits,
)


def shop(*items: dict[str, Any], currency: dict[str, Any] | None = None, **parts: Any) -> Programme:
    """Return a programme whose visits earn 100 and that offers these rewards."""
    return programme(
        rule("visit", fixed(100)),
        currencies=[currency or points()],
        rewards=list(items),
        **parts,
    )


def rich(*items: dict[str, Any], value: int = 1_000, **parts: Any) -> Member:
    """Return a member of such a programme with so much to spend."""
    member = Member(shop(*items, **parts))
    if value:
        member.adjust(value, "2026-01-06")
    return member


def taken(claim: Any) -> tuple[str, int, int]:
    """Return from which counter a claim takes, how much, and how much may be taken in all."""
    assert isinstance(claim, TakeFrom)
    return claim.counter, claim.amount, claim.limit


class TestRedeeming:
    """A redemption pays the price and issues a voucher."""

    def test_what_it_is(self) -> None:
        """The redemption says what was paid, with what, and until when the voucher is good."""
        member = rich(
            reward("tea", 60, voucher_valid_days=30, limits=[{"window": "month", "count": 2}])
        )
        redemption = member.redeem("tea", "2026-02-01")

        assert redemption == Redemption(
            id="red_1",
            member="mem_1",
            programme="clinic",
            reward="tea",
            currency="clinic/points",
            price=60,
            state="issued",
            issued_at=at("2026-02-01"),
            voucher_hash="hash",
            expires_at=at("2026-03-04T00:00:00Z"),
            expires_on="2026-03-03",
            taken=(Taken(60, LotKey()),),
            counters=(("clinic/reward:tea/month/2026-02", at("2026-03-01T00:00:00Z")),),
        )
        entry = member.entries[-1]
        assert entry.data == RewardRedeemed("red_1", "clinic", "tea")
        assert posted(entry) == [("member/available", "redeemed/tenant/tenant", 60)]
        assert member.balance.available == 940

    @pytest.mark.parametrize(
        ("price", "left"), [(1_000, 0), (999, 1)], ids=["everything", "all but one"]
    )
    def test_to_the_last_point(self, price: int, left: int) -> None:
        """Exactly what is there is enough."""
        member = rich(reward("tea", price))
        member.redeem("tea", "2026-02-01")

        assert member.balance.available == left

    @pytest.mark.parametrize(
        ("days", "zone", "expires_on", "expires_at"),
        [
            (None, "UTC", None, None),
            (0, "UTC", "2026-02-01", "2026-02-02T00:00:00Z"),
            (30, "Asia/Tokyo", "2026-03-03", "2026-03-03T15:00:00Z"),
        ],
    )
    def test_the_term_of_a_voucher(
        self, days: int | None, zone: str, expires_on: str | None, expires_at: str | None
    ) -> None:
        """A voucher lasts through so many local days after that of the redemption, or for ever."""
        parts = {} if days is None else {"voucher_valid_days": days}
        redemption = rich(reward("tea", 60, **parts), time_zone=zone).redeem("tea", "2026-02-01")

        assert redemption.expires_on == expires_on
        assert redemption.expires_at == (None if expires_at is None else at(expires_at))

    def test_for_a_payee(self) -> None:
        """The price goes to the payee's account, and comes back from there."""
        member = rich(reward("gift", 60, payee="hospice"))
        redemption = member.redeem("gift", "2026-02-01")
        assert redemption.payee == "hospice"
        assert posted(member.entries[-1]) == [("member/available", "payee/tenant/hospice", 60)]

        member.cancel(redemption, "2026-02-02")

        assert posted(member.entries[-1]) == [("payee/tenant/hospice", "member/available", 60)]

    def test_a_gift(self) -> None:
        """What costs nothing is for those too who owe something, and moves nothing."""
        member = rich(reward("medal", 0, stock=5), value=0)
        member.visit("2026-01-07", name="1")
        member.adjust(-100, "2026-01-07")
        member.reverse("1", "2026-01-08")
        assert member.balance.deficit == 100

        decision = member.do(member.redeeming("medal"), "2026-02-01")

        saved, key, stock = decision.claims
        assert saved == rewards.saving(decision.result)
        assert key == ClaimKey("hash", "mem_1", "red_1")
        assert taken(stock) == ("clinic/stock/medal", 1, 5)
        assert posted(member.entries[-1]) == []
        assert (decision.result.price, decision.result.state) == (0, "issued")

    def test_staff_alone(self) -> None:
        """What staff hand out no member takes, and a member is told so before all else."""
        member = rich(reward("medal", 0, by="staff", tiers=["gold"]))
        asked = member.redeeming("medal")
        herself = Actor("member", "sub_1")

        assert member.refused(asked, "2026-02-01", actor=herself).code == "given_by_staff"
        assert member.refused(member.redeeming("medal"), "2026-02-01").code == "tier_required"

    def test_claims(self) -> None:
        """The redemption is saved, and one is taken of what is limited in stock."""
        member = rich(reward("tea", 60), reward("mug", 60, stock=5))
        tea = member.do(member.redeeming("tea"), "2026-02-01")
        mug = member.do(member.redeeming("mug"), "2026-02-01")

        assert tea.claims == (rewards.saving(tea.result), ClaimKey("hash", "mem_1", "red_1"))
        saved, _, stock = mug.claims
        assert saved == rewards.saving(mug.result)
        assert saved.takes == {"clinic/stock/mug": 1}
        assert taken(stock) == ("clinic/stock/mug", 1, 5)
        assert isinstance(stock.refusal, Conflict)
        assert stock.refusal.code == "out_of_stock"
        assert (tea.result.stocked, mug.result.stocked) == (False, True)


class TestObstacles:
    """A redemption is refused for the first reason, in the documented order."""

    #: Everything stands in the way of this one, for a member without value.
    ITEM = reward(
        "ring",
        600,
        stock=0,
        tiers=["gold"],
        limits=[{"window": "lifetime", "count": 1}],
        valid_from="2026-03-01",
    )

    def test_order(self) -> None:
        """Dates, tier, limit, value, stock."""
        member = rich(
            reward("ring", 600, limits=[{"window": "lifetime", "count": 1}]),
            value=600,
            tiers=ladder(("gold", visits(9))),
        )
        member.redeem("ring", "2026-02-01")
        document = shop(self.ITEM, tiers=ladder(("gold", visits(9))))
        item = document.rewards[0]
        found = rewards.obstacles(member.account, document, item, at("2026-02-02"), stock_taken=0)

        assert [refusal.code for refusal in found] == [
            "reward_not_available",
            "tier_required",
            "limit_reached",
            "insufficient_points",
            "out_of_stock",
        ]

    @pytest.mark.parametrize(
        ("command", "code"),
        [
            ({"programme": "spa"}, "not_enrolled"),
            ({"programme": "gym"}, "programme_not_found"),
            ({"reward": "cake"}, "reward_not_found"),
            ({"reward": "ring"}, "reward_not_available"),
        ],
    )
    def test_unknown(self, command: dict[str, str], code: str) -> None:
        """Who is not a member, and what is not there."""
        rules = published(
            ("2026-01-01", shop(self.ITEM, tiers=ladder(("gold", visits(9))))),
            ("2026-01-10", programme(id="spa")),
        )
        member = Member(rules, joined=None)
        joining = Member(shop())
        member.account, member.entries = joining.account, joining.entries
        asked = Redeem(
            member="mem_1",
            programme=command.get("programme", "clinic"),
            reward=command.get("reward", "ring"),
            redemption_id="red_1",
            voucher_hash="hash",
        )

        assert member.refused(asked, "2026-02-01").code == code

    @pytest.mark.parametrize(
        ("now", "ok"),
        [
            ("2026-02-09T23:59:59.999Z", False),
            ("2026-02-10T00:00:00Z", True),
            ("2026-02-20T23:59:59.999Z", True),
            ("2026-02-21T00:00:00Z", False),
        ],
    )
    def test_dates(self, now: str, *, ok: bool) -> None:
        """A reward is offered from its first local day through its last."""
        member = rich(reward("tea", 60, valid_from="2026-02-10", valid_until="2026-02-20"))
        if ok:
            assert member.redeem("tea", now).state == "issued"
        else:
            assert member.refused(member.redeeming("tea"), now).code == "reward_not_available"

    def test_tier(self) -> None:
        """The tier that is held now must be one of those named."""
        item = reward("lounge", 60, tiers=["silver", "gold"])
        member = rich(item, tiers=ladder(("silver", visits(1)), ("gold", visits(2))))

        refusal = member.refused(member.redeeming("lounge"), "2026-02-01")
        assert (refusal.code, refusal.facts["tier"]) == ("tier_required", "base")
        member.visit("2026-02-01")
        assert member.redeem("lounge", "2026-02-02").state == "issued"

    @pytest.mark.parametrize(("value", "missing"), [(0, 600), (599, 1)])
    def test_too_little_value(self, value: int, missing: int) -> None:
        """The refusal says what is there and what is missing."""
        member = rich(reward("ring", 600), value=value)
        refusal = member.refused(member.redeeming("ring"), "2026-02-01")

        assert refusal.code == "insufficient_points"
        assert refusal.facts == {
            "available": value,
            "price": 600,
            "missing": missing,
            "programme": "clinic",
            "reward": "ring",
        }

    def test_pending_value_does_not_pay(self) -> None:
        """What waits for its activation cannot be spent."""
        member = Member(shop(reward("tea", 100), currency=points(activation_delay_days=2)))
        member.visit("2026-02-01")

        refusal = member.refused(member.redeeming("tea"), "2026-02-02")
        assert refusal.facts["available"] == 0
        assert member.redeem("tea", "2026-02-03T00:00:00Z").price == 100

    @pytest.mark.parametrize(("stock", "taken", "ok"), [(2, 0, True), (2, 1, True), (2, 2, False)])
    def test_stock_as_it_is_known(self, stock: int, taken: int, *, ok: bool) -> None:
        """The last one can be had, and none after it."""
        member = rich(reward("mug", 60, stock=stock))
        document = shop(reward("mug", 60, stock=stock))
        (offer,) = rewards.offers(
            member.account, document, at("2026-02-01"), {"mug": taken}, by_member=True
        )

        assert offer.affordable is ok
        assert [reason["code"] for reason in offer.reasons] == [] if ok else ["out_of_stock"]

    def test_none_at_all(self) -> None:
        """A stock of zero is refused without asking the store."""
        member = rich(reward("mug", 60, stock=0))

        assert member.refused(member.redeeming("mug"), "2026-02-01").code == "out_of_stock"

    def test_offers(self) -> None:
        """A member sees every reward, within reach or with every reason why not."""
        member = rich(
            reward("tea", 60), reward("ring", 1_001), reward("mug", 10, tiers=["gold"]), value=1_000
        )
        document = member.programmes.in_force("clinic", at("2026-02-01"))
        assert document is not None
        offers = rewards.offers(
            member.account, document.document, at("2026-02-01"), {}, by_member=True
        )

        assert [(o.reward.id, o.affordable) for o in offers] == [
            ("tea", True),
            ("ring", False),
            ("mug", False),
        ]
        assert offers[1].reasons == (
            {
                "code": "insufficient_points",
                "detail": "ring costs 1001; 1000 are available.",
                "available": 1_000,
                "price": 1_001,
                "missing": 1,
                "programme": "clinic",
                "reward": "ring",
            },
        )
        assert [reason["code"] for reason in offers[2].reasons] == ["tier_required"]


class TestLimits:
    """So many for one member in a window of local days."""

    @pytest.mark.parametrize(
        ("window", "first", "inside", "outside"),
        [
            ("day", "2026-07-04T23:00:00Z", "2026-07-05T22:59:59.999Z", "2026-07-05T23:00:00Z"),
            ("week", "2026-06-28T23:00:00Z", "2026-07-05T22:59:59.999Z", "2026-07-05T23:00:00Z"),
            ("month", "2026-06-30T23:00:00Z", "2026-07-31T22:59:59.999Z", "2026-07-31T23:00:00Z"),
            ("year", "2026-01-06T23:00:00Z", "2026-12-31T23:59:59.999Z", "2027-01-01T00:00:00Z"),
        ],
    )
    def test_windows(self, window: str, first: str, inside: str, outside: str) -> None:
        """The limit holds to the window's last millisecond and is gone at the next."""
        item = reward("tea", 60, limits=[{"window": window, "count": 1}])
        member = rich(item, time_zone="Europe/London")
        member.redeem("tea", first)

        refusal = member.refused(member.redeeming("tea"), inside)
        assert refusal.code == "limit_reached"
        assert (refusal.facts["window"], refusal.facts["count"]) == (window, 1)
        assert member.redeem("tea", outside).state == "issued"

    def test_lifetime(self) -> None:
        """A limit for life stays."""
        member = rich(reward("tea", 60, limits=[{"window": "lifetime", "count": 2}]))
        member.redeem("tea", "2026-02-01")
        member.redeem("tea", "2036-02-01")

        assert member.refused(member.redeeming("tea"), "2066-02-01").code == "limit_reached"
        assert member.account.counters == {
            "clinic/reward:tea/lifetime/lifetime": Counter(2, None),
        }

    def test_several(self) -> None:
        """Each window counts, and the first that is full refuses."""
        limits = [{"window": "day", "count": 1}, {"window": "month", "count": 2}]
        member = rich(reward("tea", 60, limits=limits))
        member.redeem("tea", "2026-02-01")
        refusals = [member.refused(member.redeeming("tea"), "2026-02-01").facts["window"]]
        member.redeem("tea", "2026-02-02")
        refusals.append(member.refused(member.redeeming("tea"), "2026-02-03").facts["window"])

        assert refusals == ["day", "month"]

    def test_released_on_cancel(self) -> None:
        """A cancelled redemption was none."""
        member = rich(reward("tea", 60, limits=[{"window": "month", "count": 1}]))
        member.cancel(member.redeem("tea", "2026-02-01"), "2026-02-02")

        assert member.account.counters == {}
        assert member.redeem("tea", "2026-02-02").state == "issued"

    def test_cancelled_in_another_window(self) -> None:
        """A cancellation gives back in the window of the redemption, not in today's."""
        member = rich(reward("tea", 60, limits=[{"window": "month", "count": 1}]))
        old = member.redeem("tea", "2026-02-28")
        member.redeem("tea", "2026-03-01")
        member.cancel(old, "2026-03-02")

        assert member.refused(member.redeeming("tea"), "2026-03-02").code == "limit_reached"


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
        assert posted(member.entries[-1]) == [
            ("redeemed/tenant/tenant", "member/available", 100),
            ("redeemed/tenant/tenant", "member/available", 100),
            ("redeemed/tenant/tenant", "member/available", 50),
        ]
        after = replace(redemption, state="cancelled", changed_at=at("2026-02-06"), revision=2)
        assert decision.result == after
        assert decision.claims == (rewards.saving(after),)

    def test_stock_goes_back(self) -> None:
        """What was taken from the shelf returns to it."""
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
        """Value whose expiry has passed comes back and expires in the same entry."""
        member = Member(shop(reward("tea", 100), currency=year()))
        member.visit("2026-02-01")
        redemption = member.redeem("tea", "2026-12-31")
        member.cancel(redemption, cancelled)

        assert member.balance.available == left
        over = [("member/available", "expired/tenant", 100)] if left == 0 else []
        assert posted(member.entries[-1]) == [
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
        assert decision.claims == (rewards.saving(decision.result),)
        assert (member.entries[-1].kind, member.entries[-1].postings) == ("voucher.used", ())

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
        assert refusal.facts["redemption"] == "red_1"
        assert member.account is before

    def test_of_a_closed_account(self) -> None:
        """A voucher that was paid for is good after the account has ended; its value is not."""
        member, redemption = self.member()
        member.close("2026-02-02")
        command = CancelRedemption(member="mem_1", redemption_id=redemption.id)

        assert member.refused(command, "2026-02-03").code == "account_closed"
        assert member.use(redemption, "2026-02-03").result.state == "used"
        assert member.verdict().holds


class TestByItself:
    """A reward that is redeemed by itself once there is so much."""

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
        """It is redeemed in the entry that makes value usable, at that instant."""
        member = self.waiting()
        member.visit("2026-02-01")
        member.visit("2026-02-02")
        assert member.tick("2026-02-04")[0].outcomes == ()

        (entry,) = member.tick("2026-02-05")

        assert entry.data == PendingActivated()
        assert entry.outcomes == (RewardsRedeemed("clinic", {"tea": 1}),)
        assert posted(entry) == [
            ("member/pending", "member/available", 100),
            ("member/available", "redeemed/tenant/tenant", 90),
        ]
        assert member.balance.available == 110
        assert entitlements.GRANTS.all(member.account).keys() != set()
        assert member.verdict().holds

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
        assert member.entries[-1].outcomes == (RewardsRedeemed("clinic", {"tea": 2}),)
        assert member.balance.available == 70
        assert member.verdict().holds
        assert member.adjust(-1, "2026-02-03").entries[0].outcomes == ()

    @pytest.mark.parametrize(
        ("parts", "told"),
        [
            ({"price": {"currency": "points", "amount": 0}}, "is not for a gift"),
            ({"by": "staff"}, "is not for a reward `by` staff"),
        ],
    )
    def test_not_for(self, parts: dict[str, Any], told: str) -> None:
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
        assert problem.detail.startswith(told)
