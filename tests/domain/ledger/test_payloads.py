"""Each kind of event, as it comes about, and what it says of what happened."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, get_args

import pytest

from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.events import (
    ActivityRecorded,
    ActivityReversed,
    ActivitySummary,
    BalanceAdjusted,
    CapUse,
    ConsentsChanged,
    CoveragesChanged,
    Data,
    EntitlementGranted,
    EntitlementReturned,
    EntitlementsExpired,
    EntitlementUse,
    EntitlementUsed,
    Evaluation,
    ExpiryAnnounced,
    FulfilmentAdvanced,
    GoodwillGiven,
    GrantUse,
    HoldCaptured,
    HoldExtended,
    HoldPlaced,
    HoldReleased,
    HoldsExpired,
    HouseholdJoined,
    HouseholdLeft,
    HouseholdMemberAdded,
    HouseholdMemberRemoved,
    LotsExpired,
    MemberClosed,
    MemberCreated,
    MemberEnrolled,
    PaidIn,
    PendingActivated,
    PlanCancelled,
    PlanChanged,
    PlanFeePaid,
    PlansRenewed,
    PlanSubscribed,
    PolicyOverrideApproved,
    PolicyOverrideRequested,
    PolicyOverrideWithdrawn,
    ProfileChanged,
    QuotaUse,
    RedemptionCancelled,
    RewardRedeemed,
    RuleAward,
    StatusesExpired,
    StatusVerified,
    StatusWithdrawn,
    TierAtRisk,
    TierGranted,
    TierLifted,
    TierOverridesEnded,
    TierReviewAnnounced,
    TiersReviewed,
    TransferReceived,
    TransferSent,
    VoucherUsed,
    WalletToppedUp,
)
from chalicelib.domain.ledger.lots import LotKey
from chalicelib.domain.mechanics.coverages import Coverage, UpdateCoverages
from chalicelib.domain.mechanics.entitlement_uses import ReturnEntitlement, UseEntitlement
from chalicelib.domain.mechanics.entitlements import GrantEntitlement
from chalicelib.domain.mechanics.fulfilment import AdvanceFulfilment
from chalicelib.domain.mechanics.goodwill import GiveGoodwill
from chalicelib.domain.mechanics.holds import CaptureHold, ExtendHold, PlaceHold, ReleaseHold
from chalicelib.domain.mechanics.households import JoinHousehold, LeaveHousehold
from chalicelib.domain.mechanics.membership import ChangeProfile, Enrol, Open
from chalicelib.domain.mechanics.policy_overrides import (
    ApproveOverride,
    RequestOverride,
    WithdrawOverride,
)
from chalicelib.domain.mechanics.quoting import ConfirmQuote, MakeQuote
from chalicelib.domain.mechanics.redemptions import CancelRedemption
from chalicelib.domain.mechanics.remaining import LineReversal
from chalicelib.domain.mechanics.reversal import ReverseActivity
from chalicelib.domain.mechanics.statuses import VerifyStatus, WithdrawStatus
from chalicelib.domain.mechanics.subscriptions import CancelPlan, ChangePlan, PayFee, Subscribe
from chalicelib.domain.mechanics.tier_grants import GrantTier, LiftTier
from chalicelib.domain.mechanics.wallets import TopUp
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.versions import Programmes
from tests.domain.building import (
    PURCHASE,
    VISIT,
    Member,
    at,
    fixed,
    ladder,
    line,
    per_amount,
    points,
    programme,
    reward,
    rule,
    transfer,
    visits,
)

MECHANICS: Final = Path(__file__).parents[1] / "mechanics"
POINTS: Final = "clinic/points"
PREPAID: Final = "clinic/prepaid"
CLINIC: Final[dict[str, Any]] = {"member": "mem_1", "programme": "clinic"}
#: The lot of what is given on 2 March.
APRIL: Final = LotKey(at("2026-04-02T00:00:00Z"), "2026-04-01")
#: A fee of so much a month, and by the year.
MONTHLY, YEARLY = 3_000, 30_000


def clinic(**parts: Any) -> Programme:
    """Return a programme in which everything of these stories can happen."""
    document = {
        "currencies": [
            points({"type": "rolling", "days": 30}, expiry_warning_days=7),
            {"id": "prepaid", "name": "Money", "expiry": {"type": "never"}},
        ],
        "rewards": [reward("tea", 40), reward("mug", 10) | {"ordered": True}],
        "entitlements": [
            {
                "id": "tea",
                "name": "Tea",
                "tiers": ["base"],
                "quota": {"count": 1, "window": "month"},
            }
        ],
        "statuses": [{"id": "family", "name": "Family", "max_days": 6}],
        "wallets": [
            {
                "currency": "prepaid",
                "kind": "prepaid",
                "bands": [{"at_least": 5_000, "percent": 20}],
            }
        ],
        "plans": [
            {"id": "club", "name": "Club", "period": "month", "fee": MONTHLY, "grace_days": 2},
            {"id": "year", "name": "Year", "period": "year", "fee": YEARLY},
        ],
        "goodwill": {"currency": "points", "daily": {"server": 100}},
        "transfers": [{"currency": "points"}],
        "enrolment": {"optional_consents": ["research"]},
        "tiers": ladder(("silver", visits(2)), window="calendar_year"),
        **parts,
    }
    rules = (rule("visit", fixed(50)), rule("spend", per_amount(1, 100), on=PURCHASE))
    return programme(*rules, **document)


def membership() -> tuple[Member, ...]:
    """Come as a prospect, consent, say when one was born, join and leave again."""
    member = Member(clinic(), joined=None)
    member.do(Open(member="mem_1"), "2026-03-01")
    member.do(Enrol(member="mem_1", programmes=(), consents={"research": True}), "2026-03-02")
    member.do(ChangeProfile(member="mem_1", birthday="02-29"), "2026-03-02")
    member.do(Enrol(member="mem_1", programmes=("clinic",)), "2026-03-03")
    member.close("2026-03-04")
    return (member,)


def activities() -> tuple[Member, ...]:
    """Buy something in silver after two visits, and bring a part of it back."""
    member = Member(clinic(), joined="2026-03-01")
    member.visit("2026-03-02")
    member.visit("2026-03-03")
    member.buy(6_000, "2026-03-04", name="sale", location="leeds")
    command = ReverseActivity(member="mem_1", version=4, amount=1_000, reason="dented")
    member.do(command, "2026-03-05")
    return (member,)


def value() -> tuple[Member, ...]:
    """Get value in every way but by an activity, and pay with it."""
    member = Member(clinic(), joined="2026-03-01")
    friend = Member(clinic(), joined="2026-03-01", key="T#tenant#M#mem_2")
    member.adjust(80, "2026-03-02")
    member.do(GiveGoodwill(points=30, reason="wait", note="an hour", **CLINIC), "2026-03-02")
    member.do(TopUp(currency="prepaid", amount=5_000, **CLINIC), "2026-03-02")
    cancelled = member.redeem("tea", "2026-03-02")
    command = CancelRedemption(member="mem_1", redemption_id=cancelled.id, reason="cold")
    member.do(command, "2026-03-02")
    member.use(member.redeem("tea", "2026-03-03"), "2026-03-04")
    ordered = member.redeem("mug", "2026-03-04")
    member.do(AdvanceFulfilment(member="mem_1", redemption_id=ordered.id, to="sent"), "2026-03-04")
    transfer(member, friend, 20, "2026-03-05")
    return member, friend


def holds() -> tuple[Member, ...]:
    """Set value aside four times: to spend a part, to give up, to prolong, and to forget."""
    member = Member(clinic(), joined="2026-03-01")
    member.adjust(80, "2026-03-02")
    for name in ("spent", "given up", "forgotten"):
        member.do(PlaceHold(currency="points", amount=20, hold_id=name, **CLINIC), "2026-03-02")
    member.do(CaptureHold(member="mem_1", hold_id="spent", amount=15), "2026-03-02")
    member.do(ReleaseHold(member="mem_1", hold_id="given up", reason="no"), "2026-03-02")
    member.do(ExtendHold(member="mem_1", hold_id="forgotten", minutes=20), "2026-03-02")
    member.tick("2026-03-02T12:20:00Z")
    return (member,)


def entitlements() -> tuple[Member, ...]:
    """Use what is granted and what the tier gives, give it back, and let the rest expire."""
    member = Member(clinic(), joined="2026-03-01")
    grant = GrantEntitlement(entitlement="tea", units=3, reason="wait", valid_days=4, **CLINIC)
    member.do(grant, "2026-03-02")
    member.do(UseEntitlement(entitlement="tea", units=2, **CLINIC), "2026-03-03")
    member.do(ReturnEntitlement(member="mem_1", use=3, reason="cold"), "2026-03-03")
    member.tick("2026-03-08")
    return (member,)


def gifts() -> tuple[Member, ...]:
    """Use a gift that a law counts and give it back; buy what it counts, and what earns nothing."""
    tea = {"id": "tea", "name": "Tea", "kind": "drink", "retail_value": 400}
    fourth = {"type": "dates", "days": ["03-04"], "percent": 10}
    document = programme(
        entitlements=[tea],
        discounts={"offers": [{"id": "ten", "name": "Ten", "terms": fourth}]},
        money={"currency": "USD"},
        policies=[{"pack": "us-cmp", "categories": {"referral": ["voucher"]}}],
    )
    member = Member(document, joined="2026-03-01")
    for known in ((Coverage("commercial", until_on="2026-03-01"),), ()):
        member.do(UpdateCoverages(member="mem_1", coverages=known), "2026-03-02")
    grant = GrantEntitlement(entitlement="tea", units=2, reason="wait", **CLINIC)
    member.do(grant, "2026-03-02")
    member.do(UseEntitlement(entitlement="tea", units=2, **CLINIC), "2026-03-03")
    member.do(ReturnEntitlement(member="mem_1", use=5), "2026-03-03")
    lines = (line("a", 4_000), line("b", 1_000, category="voucher"))
    cart = Activity(PURCHASE, "quote", "", 0, money="USD", lines=lines)
    member.do(MakeQuote(quote_id="quote_1", activity=cart, **CLINIC), "2026-03-04")
    member.do(ConfirmQuote(member="mem_1", quote_id="quote_1"), "2026-03-04")
    back = (LineReversal("a"),)
    member.do(ReverseActivity(member="mem_1", version=7, lines=back), "2026-03-05")
    return (member,)


def overrides() -> tuple[Member, ...]:
    """Let two people allow a gift against a rule, and withdraw another one."""
    house = {"pack": "house", "item_cap": 1_000}
    document = programme(rewards=[reward("tea", 0, retail_value=1_200)], policies=[house])
    member = Member(document, joined="2026-03-01")
    asked: dict[str, Any] = {
        **CLINIC,
        "rules": ("HOUSE-ITEM",),
        "kind": "reward",
        "id": "tea",
        "reason": "hardship",
    }
    member.do(RequestOverride(override_id="ovr_1", by="one", **asked), "2026-03-02")
    approval = ApproveOverride(member="mem_1", override_id="ovr_1", by="two")
    member.do(approval, "2026-03-02")
    member.redeem("tea", "2026-03-03")
    member.do(RequestOverride(override_id="ovr_2", by="one", **asked), "2026-03-04")
    withdrawal = WithdrawOverride(member="mem_1", override_id="ovr_2", reason="slip", by="one")
    member.do(withdrawal, "2026-03-04")
    return (member,)


def statuses() -> tuple[Member, ...]:
    """Show a status that ends by itself, and another time one that is withdrawn."""
    member = Member(clinic(), joined="2026-03-01")
    member.do(VerifyStatus(status="family", **CLINIC), "2026-03-02")
    member.tick("2026-03-20")
    member.do(VerifyStatus(status="family", until_on="2026-03-22", **CLINIC), "2026-03-21")
    member.do(WithdrawStatus(status="family", reason="left", **CLINIC), "2026-03-22")
    return (member,)


def tiers() -> tuple[Member, ...]:
    """Hold a tier by hand, twice, and lose one that was earned."""
    tiers = ladder(("silver", visits(2)), window="calendar_year", notice_days=10)
    lasting = [points(), points() | {"id": "prepaid"}]
    member = Member(clinic(tiers=tiers, currencies=lasting), joined="2025-03-01")
    member.do(GrantTier(tier="silver", reason="gift", **CLINIC), "2025-03-02")
    member.do(LiftTier(reason="slip", **CLINIC), "2025-03-03")
    member.do(GrantTier(tier="silver", reason="gift", days=3, **CLINIC), "2025-03-04")
    member.tick("2025-03-08")
    member.visit("2025-03-09")
    member.visit("2025-03-10")
    member.tick("2027-01-01T00:00:00Z")
    return (member,)


def plans() -> tuple[Member, ...]:
    """Subscribe, renew, pay, change now and later, and cancel."""
    member = Member(clinic(), joined="2026-03-01")
    member.do(Subscribe(plan="club", **CLINIC), "2026-03-01")
    member.tick("2026-04-01T00:00:00Z")
    member.do(PayFee(**CLINIC), "2026-04-02")
    member.do(ChangePlan(plan="year", when="period_end", **CLINIC), "2026-04-16")
    member.do(ChangePlan(plan="year", **CLINIC), "2026-04-16")
    member.do(CancelPlan(reason="costly", **CLINIC), "2026-04-16")
    member.do(CancelPlan(when="now", **CLINIC), "2026-04-16")
    return (member,)


def households() -> tuple[Member, ...]:
    """Found a household and leave it."""
    member = Member(clinic(), joined="2026-03-01")
    home = Member(Programmes(()), joined=None, key="T#tenant#M#hh_1")
    found = JoinHousehold(member="mem_1", household="hh_1", role="adult", max_members=3)
    member.do(found, "2026-03-02", household=home)
    leave = LeaveHousehold(member="mem_1", household="hh_1", note="moved")
    member.do(leave, "2026-03-03", household=home)
    return member, home


def time_alone() -> tuple[Member, ...]:
    """Wait until value is usable, announced and over."""
    waiting = points(
        {"type": "rolling", "days": 30}, expiry_warning_days=7, activation_delay_days=2
    )
    member = Member(clinic(currencies=[waiting, points() | {"id": "prepaid"}]), joined="2026-03-01")
    member.visit("2026-03-02")
    member.tick("2026-05-01")
    return (member,)


def day(number: int) -> dict[str, Any]:
    """Return the terms of value of a day of March: announced within the month, over in April."""
    gone = at(f"2026-04-{number:02d}T00:00:00Z")
    lot = LotKey(gone, f"2026-04-{number - 1:02d}")
    return {"lot": lot, "warn_at": at(f"2026-03-{number + 23:02d}T00:00:00Z")}


def visited(visits: int = 0, **terms: Any) -> ActivityRecorded:
    """Return what an event says of a visit after so many others."""
    return ActivityRecorded(
        ActivitySummary(VISIT),
        (Evaluation("clinic", 1, "base", visits),),
        (RuleAward("clinic", "visit", POINTS, 50, 50, **terms),),
    )


JOINED: Final = MemberEnrolled({"clinic": "base"})
STORIES: Final[dict[Callable[[], tuple[Member, ...]], tuple[list[Data], ...]]] = {
    membership: (
        [
            MemberCreated(),
            ConsentsChanged({"research": True}),
            ProfileChanged(),
            JOINED,
            MemberClosed("asked-to"),
        ],
    ),
    activities: (
        [
            JOINED,
            visited(**day(2)),
            visited(1, **day(3)),
            ActivityRecorded(
                ActivitySummary(PURCHASE, amount=6_000, money="GBP", location="leeds"),
                (Evaluation("clinic", 1, "silver", 2),),
                (RuleAward("clinic", "spend", POINTS, 60, 60, **day(4)),),
            ),
            ActivityReversed(4, ActivitySummary(PURCHASE, amount=1_000, money="GBP"), "dented"),
        ],
    ),
    value: (
        [
            JOINED,
            BalanceAdjusted(POINTS, 80, "goodwill", APRIL),
            GoodwillGiven(POINTS, 30, "wait", APRIL),
            WalletToppedUp(PREPAID, 5_000, (PaidIn(5_000, 20, LotKey(rate=20, paid=True)),)),
            RewardRedeemed("red_1", "clinic", "tea"),
            RedemptionCancelled("red_1", "clinic", "tea", "cold"),
            RewardRedeemed("red_2", "clinic", "tea"),
            VoucherUsed("red_2", "clinic", "tea"),
            RewardRedeemed("red_3", "clinic", "mug"),
            FulfilmentAdvanced("red_3", "clinic", "mug", "sent"),
            TransferSent("transfer_1", "mem_2", POINTS, 20),
        ],
        [JOINED, TransferReceived("transfer_1", "mem_1", POINTS, 20)],
    ),
    holds: (
        [
            JOINED,
            BalanceAdjusted(POINTS, 80, "goodwill", APRIL),
            HoldPlaced("spent", POINTS, 20),
            HoldPlaced("given up", POINTS, 20),
            HoldPlaced("forgotten", POINTS, 20),
            HoldCaptured("spent", POINTS, 15),
            HoldReleased("given up", "no"),
            HoldExtended("forgotten"),
            HoldsExpired(("forgotten",)),
        ],
    ),
    entitlements: (
        [
            JOINED,
            EntitlementGranted("clinic", "tea", 3, "wait"),
            EntitlementUsed(
                EntitlementUse(
                    "clinic",
                    "tea",
                    2,
                    quota=QuotaUse("limit/clinic/entitlement:tea/month/2026-03", 1),
                    grants=(GrantUse(at("2026-03-07T00:00:00Z"), "2026-03-06", 1),),
                )
            ),
            EntitlementReturned(3, "clinic", "tea", 2, "cold"),
            EntitlementsExpired(("clinic/tea@2026-03-06",)),
        ],
    ),
    gifts: (
        [
            MemberEnrolled({"clinic": "member"}),
            CoveragesChanged(1),
            CoveragesChanged(0),
            EntitlementGranted("clinic", "tea", 2, "wait"),
            EntitlementUsed(
                EntitlementUse(
                    "clinic",
                    "tea",
                    2,
                    grants=(GrantUse(None, None, 2),),
                    cap_uses=(CapUse("legal/us-cmp/2026", 800, at("2027-01-03T00:00:00Z")),),
                )
            ),
            EntitlementReturned(5, "clinic", "tea", 2, ""),
            ActivityRecorded(
                ActivitySummary(PURCHASE, 4_500, "USD"),
                (Evaluation("clinic", 1, "member", barred=(1,)),),
                (),
                "quote_1",
            ),
            ActivityReversed(7, ActivitySummary(PURCHASE, 3_600, "USD"), ""),
        ],
    ),
    overrides: (
        [
            MemberEnrolled({"clinic": "member"}),
            PolicyOverrideRequested(
                "ovr_1", "clinic", ("HOUSE-ITEM",), "reward", "tea", "hardship"
            ),
            PolicyOverrideApproved("ovr_1", "clinic", "2026-04-01"),
            RewardRedeemed("red_1", "clinic", "tea", ("ovr_1",)),
            PolicyOverrideRequested(
                "ovr_2", "clinic", ("HOUSE-ITEM",), "reward", "tea", "hardship"
            ),
            PolicyOverrideWithdrawn("ovr_2", "clinic", "slip"),
        ],
    ),
    statuses: (
        [
            JOINED,
            StatusVerified("clinic", "family", "2026-03-02", "2026-03-07"),
            StatusesExpired(("clinic/family",)),
            StatusVerified("clinic", "family", "2026-03-21", "2026-03-22"),
            StatusWithdrawn("clinic", "family", "left"),
        ],
    ),
    tiers: (
        [
            JOINED,
            TierGranted("clinic", "silver", "gift"),
            TierLifted("clinic", "slip"),
            TierGranted("clinic", "silver", "gift", "2025-03-07"),
            TierOverridesEnded(("clinic",)),
            visited(),
            visited(1),
            TierReviewAnnounced(),
            TiersReviewed(("clinic",)),
            TierReviewAnnounced(
                (TierAtRisk("clinic", "silver", "base", at("2027-01-01T00:00:00Z")),)
            ),
            TiersReviewed(("clinic",)),
        ],
    ),
    plans: (
        [
            JOINED,
            PlanSubscribed("clinic", "club", MONTHLY),
            PlansRenewed(("clinic",)),
            PlanFeePaid("clinic", "club", MONTHLY, "2026-04-01", "2026-04-30"),
            PlanChanged("clinic", "year", "period_end"),
            PlanChanged("clinic", "year", "now", YEARLY - MONTHLY // 2),
            PlanCancelled("clinic", "year", "period_end", "costly"),
            PlanCancelled("clinic", "year", "now", left_over=YEARLY),
        ],
    ),
    households: (
        [JOINED, HouseholdJoined("hh_1", "adult"), HouseholdLeft("hh_1")],
        [HouseholdMemberAdded("mem_1", "adult"), HouseholdMemberRemoved("mem_1")],
    ),
    time_alone: (
        [
            JOINED,
            visited(**day(2), active_at=at("2026-03-04T00:00:00Z"), active_on="2026-03-04"),
            PendingActivated(),
            ExpiryAnnounced(),
            LotsExpired(),
        ],
    ),
}


@pytest.mark.parametrize(
    ("story", "result"), STORIES.items(), ids=[story.__name__ for story in STORIES]
)
def test_what_is_told(
    story: Callable[[], tuple[Member, ...]], result: tuple[list[Data], ...]
) -> None:
    """The journals say what happened, in order and in full, and verify."""
    lived = story()

    assert tuple([event.data for event in each.events] for each in lived) == result
    assert all(each.verdict().holds for each in lived)


def test_every_kind_is_told() -> None:
    """Nothing happens of which no story tells, here or beside the mechanic that it is of."""
    result = {
        type(data).__name__ for journals in STORIES.values() for each in journals for data in each
    }
    for path in MECHANICS.glob("test_*.py"):
        result.update(re.findall(r"\w+", path.read_text("utf-8")))

    assert {data.__name__ for data in get_args(Data)} - result == set()
