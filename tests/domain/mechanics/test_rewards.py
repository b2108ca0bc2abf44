"""What can be redeemed, and what stands in the way."""

from __future__ import annotations

import pytest

from chalicelib.domain.decide.claims import ClaimKey, TakeFrom
from chalicelib.domain.ledger.account import Counter
from chalicelib.domain.ledger.actor import Actor
from chalicelib.domain.ledger.events import RewardRedeemed
from chalicelib.domain.ledger.lots import LotKey, Taken
from chalicelib.domain.mechanics import redemptions, rewards
from chalicelib.domain.mechanics.redemptions import Redemption
from chalicelib.domain.mechanics.rewards import Redeem
from tests.domain.building import (
    Member,
    at,
    ladder,
    points,
    posted,
    programme,
    published,
    reward,
    visits,
)
from tests.domain.shop import rich, shop, taken


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
            counters=(("limit/clinic/reward:tea/month/2026-02", at("2026-03-01T00:00:00Z")),),
        )
        event = member.events[-1]
        assert event.data == RewardRedeemed("red_1", "clinic", "tea")
        assert posted(event) == [("member/available", "redeemed/tenant/tenant", 60)]
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
        assert posted(member.events[-1]) == [("member/available", "payee/tenant/hospice", 60)]

        member.cancel(redemption, "2026-02-02")

        assert posted(member.events[-1]) == [("payee/tenant/hospice", "member/available", 60)]

    def test_a_gift(self) -> None:
        """What costs nothing is for those too who owe something, and moves nothing."""
        member = rich(reward("medal", 0, stock=5), value=0)
        member.visit("2026-01-07", name="1")
        member.adjust(-100, "2026-01-07")
        member.reverse("1", "2026-01-08")
        assert member.balance.deficit == 100

        decision = member.do(member.redeeming("medal"), "2026-02-01")

        saved, key, stock = decision.claims
        assert saved == redemptions.claim_to_save(decision.result)
        assert key == ClaimKey("hash", "mem_1", "red_1")
        assert taken(stock) == ("clinic/stock/medal", 1, 5)
        assert posted(member.events[-1]) == []
        assert (decision.result.price, decision.result.state) == (0, "issued")

    def test_staff_alone(self) -> None:
        """What staff hand out no member takes, and a member is told so before all else."""
        member = rich(reward("medal", 0, by="staff", tiers=["gold"]))
        asked = member.redeeming("medal")
        herself = Actor("member", "sub_1")

        assert member.refused(asked, "2026-02-01", actor=herself).code == "given_by_staff"
        assert member.refused(member.redeeming("medal"), "2026-02-01").code == "tier_required"
        (item,), now = shop(reward("medal", 0, by="staff")).rewards, at("2026-02-01")
        document = member.programmes.up_to("clinic", now)[0].document
        for by_member, codes in ((False, []), (True, ["given_by_staff"])):
            found = rewards.obstacles(member.account, document, item, now, by_member=by_member)
            assert [each.code for each in found] == codes

    def test_claims(self) -> None:
        """The redemption is saved, and one is taken of what is limited in stock."""
        member = rich(reward("tea", 60), reward("mug", 60, stock=5))
        tea = member.do(member.redeeming("tea"), "2026-02-01")
        mug = member.do(member.redeeming("mug"), "2026-02-01")

        assert tea.claims == (
            redemptions.claim_to_save(tea.result),
            ClaimKey("hash", "mem_1", "red_1"),
        )
        saved, _, stock = mug.claims
        assert saved == redemptions.claim_to_save(mug.result)
        assert saved.takes == {"clinic/stock/mug": 1}
        assert taken(stock) == ("clinic/stock/mug", 1, 5)
        assert isinstance(stock, TakeFrom)
        assert stock.refused is not None
        assert stock.refused(0).code == "out_of_stock"
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
        member.account, member.events = joining.account, joining.events
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
        assert (refusal.code, refusal.extensions["tier"]) == ("tier_required", "base")
        member.visit("2026-02-01")
        assert member.redeem("lounge", "2026-02-02").state == "issued"

    @pytest.mark.parametrize(("value", "missing"), [(0, 600), (599, 1)])
    def test_too_little_value(self, value: int, missing: int) -> None:
        """The refusal says what is there and what is missing."""
        member = rich(reward("ring", 600), value=value)
        refusal = member.refused(member.redeeming("ring"), "2026-02-01")

        assert refusal.code == "insufficient_points"
        assert refusal.extensions == {
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
        assert refusal.extensions["available"] == 0
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
        assert f"can be redeemed once a {window}" in refusal.message
        assert (refusal.extensions["window"], refusal.extensions["count"]) == (window, 1)
        assert member.redeem("tea", outside).state == "issued"

    def test_lifetime(self) -> None:
        """A limit for life stays."""
        member = rich(reward("tea", 60, limits=[{"window": "lifetime", "count": 2}]))
        member.redeem("tea", "2026-02-01")
        member.redeem("tea", "2036-02-01")

        refusal = member.refused(member.redeeming("tea"), "2066-02-01")
        assert refusal.code == "limit_reached"
        assert "can be redeemed 2 times in all" in refusal.message
        assert member.account.counters == {
            "limit/clinic/reward:tea/lifetime/lifetime": Counter(2, None),
        }

    def test_several(self) -> None:
        """Each window counts, and the first that is full refuses."""
        limits = [{"window": "day", "count": 1}, {"window": "month", "count": 2}]
        member = rich(reward("tea", 60, limits=limits))
        member.redeem("tea", "2026-02-01")
        refusals = [member.refused(member.redeeming("tea"), "2026-02-01").extensions["window"]]
        member.redeem("tea", "2026-02-02")
        refusals.append(member.refused(member.redeeming("tea"), "2026-02-03").extensions["window"])

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
