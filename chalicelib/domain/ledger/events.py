"""
The one list of what happens to an account: an event for each, with a payload of its own type.

An event says what happened (``data``), to which effect on the account (``effects``), and how value
moved between ledger accounts (``postings``).  Folding needs the effects alone; what readers of the
journal get is in ``data``, whose ``kind`` is the event's name: dotted, in the past tense.

A payload's fields may be added to with a default, never renamed, removed or given another meaning.
Nothing of one that is stored in the open may reveal health or who somebody is: what could is in the
`Detail`, which is stored apart and sealed.  A ``reason`` is a code; what is written in words is a
note, and sealed.  The ledger of the API shows a payload field by field, as `Shown` says.

One module because it is one list: the unions that decode an event are made of the payloads declared
here, and who reads the journal, the feed or the schema finds every kind in one place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Literal, Union

from msgspec import Meta, Struct

from chalicelib.domain.ledger.actor import CLOCK, Actor
from chalicelib.domain.ledger.bill import Bill
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import Effect
from chalicelib.domain.ledger.lots import NEVER_EXPIRES, LotKey, PendingKey, Taken
from chalicelib.domain.ledger.postings import Posting

#: What this release writes, and the only one that it reads.
SCHEMA: Final = 4

# ── How payloads are shown ──


class Shown(Struct, frozen=True):
    """
    How the ledger of the API shows a field, where not as it is: as an ``id``, or to ``nobody``.

    ``of`` is what the id is of, where the field's name does not say it: a `member`.  Nobody
    is shown what may have to be forgotten while the journal keeps it.
    """

    id: bool = False
    nobody: bool = False
    of: str = ""


#: The id of something that was made here: of `transfer` the ledger shows `transfer_id`.
MadeId = Annotated[str, Meta(extra={"shown": Shown(id=True)})]
#: The id of a member in some role: of `sender` the ledger shows `sender_id`.
MemberInRole = Annotated[str, Meta(extra={"shown": Shown(id=True, of="member")})]
#: A status by its id, which its consent may have been withdrawn from.
StatusId = Annotated[str, Meta(extra={"shown": Shown(nobody=True)})]
#: The lot that value went to, which says by instants how long it lasts.
GivenTo = Annotated[LotKey, Meta(extra={"shown": Shown(nobody=True)})]


# ── What activities are ──

#: The source of purchases that were quoted, under which nobody reports.
QUOTED: Final = "quote"


class ActivitySummary(Struct, frozen=True, omit_defaults=True):
    """
    The least of an activity that simulation and reports need.

    What of it names a service or a place is sealed in the journal, whose open part has how much it
    was and no more.
    """

    type: str = ""
    amount: int | None = None
    money: str | None = None
    quantity: int | None = None
    category: str = ""
    channel: str = ""
    location: str = ""


#: How long the id of a line may be, ours for a part of one included: lines are sent back by it.
LINE_ID_LENGTH: Final = 40


class Line(Struct, frozen=True, omit_defaults=True):
    """One line of a basket or bill; ``amount`` in minor units for the whole line."""

    id: str
    amount: int = 0
    quantity: int = 1
    category: str = ""
    sku: str = ""


class Detail(Struct, frozen=True, omit_defaults=True):
    """
    What could reveal health, or who somebody is: sealed apart from the body.

    ``bill`` is that of a quote that was bought.  Of a reversal it is what came back of that, or
    ``lines`` are what came back of an activity that was priced elsewhere.  ``within`` are the
    location of an activity and those that it belonged to.  ``by`` is the person for whom a server
    asked.
    """

    source: str = ""
    external_id: str = ""
    provider: str = ""
    lines: tuple[Line, ...] = ()
    attributes: dict[str, str | int | bool] = {}
    note: str = ""
    bill: Bill | None = None
    within: tuple[str, ...] = ()
    by: str = ""


def noted(note: str) -> Detail | None:
    """Return what the journal keeps sealed of what somebody wrote, if they did."""
    return Detail(note=note) if note else None


class RuleAward(Struct, frozen=True, omit_defaults=True):
    """
    What one earning rule gave for an activity.

    ``raw`` is the award before caps, ``room`` what the caps left open then (``None`` without a
    cap), ``granted`` what was given.  A reversal needs all three.
    """

    programme: str
    rule: str
    currency: str
    raw: int
    granted: int
    room: int | None = None
    lot: GivenTo = NEVER_EXPIRES
    active_at: Instant | None = None
    active_on: str | None = None
    warn_at: Instant | None = None

    @property
    def pending(self) -> PendingKey | None:
        """Return which pending lot it went to, or ``None`` where it was usable at once."""
        if self.active_at is None or self.active_on is None:
            return None
        return PendingKey(self.active_at, self.active_on, self.lot)


class Evaluation(Struct, frozen=True, omit_defaults=True):
    """
    The version, the tier and the number of visits by which a programme evaluated an activity.

    ``barred`` are the places of the lines that a law let earn nothing: 0 where there are no lines.
    """

    programme: str
    version: int
    tier: str
    visits: int = 0
    barred: tuple[int, ...] = ()


# ── What mechanics beyond earning made of it, as a reversal wants to find it again ──


class _Outcome(Struct, frozen=True, omit_defaults=True, tag_field="section"):
    """What the mechanic of a section made of what happened, in one programme."""

    programme: str


class CardStamp(Struct, frozen=True, omit_defaults=True):
    """
    What one stamp card got.

    ``stamps`` were given of the ``worth``; ``on_card`` of ``size`` are on it then, and ``full`` is
    how many cards it filled.
    """

    card: str
    stamps: int
    worth: int
    on_card: int
    size: int
    full: int = 0


class CardsStamped(_Outcome, frozen=True, tag="stamp_cards"):
    """Stamp cards were stamped."""

    cards: tuple[CardStamp, ...]


class PackageSale(Struct, frozen=True):
    """
    One package that a line bought: ``units`` of the ``grant`` that they are in.

    ``line`` is its place among the activity's, from 0.
    """

    package: str
    line: int
    units: int
    grant: str


class PackagesSold(_Outcome, frozen=True, tag="packages"):
    """Packages were bought."""

    packages: tuple[PackageSale, ...]


class SpendTerm(Struct, frozen=True, omit_defaults=True):
    """
    What was spent counts towards one discount.

    ``until_on`` is the last local day through which that now holds, if it does.
    """

    discount: str
    until_on: str | None = None


class SpendCounted(_Outcome, frozen=True, tag="discounts"):
    """What was spent counts towards discounts for it."""

    terms: tuple[SpendTerm, ...]


class QuotaUse(Struct, frozen=True, array_like=True):
    """So many units of a quota, by its counter."""

    counter: str
    units: int


class GrantUse(Struct, frozen=True, array_like=True):
    """So many units of a grant, by its last day, which may be ``movable``; or ``bought`` ones."""

    expires_at: Instant | None
    expires_on: str | None
    units: int
    movable: bool = False
    bought: bool = False


class CapUse(Struct, frozen=True, array_like=True):
    """What a benefit took of a legal cap: so much of its counter, which is kept until then."""

    counter: str
    amount: int
    kept_until: Instant


class EntitlementUse(Struct, frozen=True, omit_defaults=True):
    """
    Units of an entitlement that were used, and what of which quota and grants they were.

    ``cap_uses`` is what they took of legal caps.
    """

    programme: str
    entitlement: str
    units: int
    unlimited: bool = False
    quota: QuotaUse | None = None
    grants: tuple[GrantUse, ...] = ()
    cap_uses: tuple[CapUse, ...] = ()


class FreedLine(Struct, frozen=True, omit_defaults=True):
    """
    What made a line free, by the line's place; nothing once it was given back.

    ``back`` is how many units are there again since.
    """

    place: int
    use: EntitlementUse | None = None
    back: int = 0


class WalletDraw(Struct, frozen=True, omit_defaults=True):
    """
    What a wallet paid, worth ``money`` minor units, from which lots.

    ``back`` is how much of it came back so far and ``repaid`` the money that was refunded by it,
    whole units or not; ``expired`` is what of ``back`` expired at once.
    """

    currency: str
    amount: int
    money: int
    taken: tuple[Taken, ...]
    back: int = 0
    repaid: int = 0
    expired: int = 0


#: What becomes of a voucher when the purchase that it was used for comes back.
VoucherOnReturn = Literal["keep", "until_last_day", "give_back"]


class VoucherUse(Struct, frozen=True, omit_defaults=True):
    """
    A voucher that was used for a purchase, by its redemption.

    ``on_return`` is what was to become of it if all of the purchase came back, and ``given_back``
    whether it was.
    """

    redemption: str
    on_return: VoucherOnReturn = "keep"
    given_back: bool = False


class OfferCount(Struct, frozen=True, omit_defaults=True):
    """
    How much of a limit of a discount a purchase has used: ``used`` of its ``counter``.

    At ``most`` so much is there in all; ``places`` are those of the lines that it is on.
    """

    counter: str
    measure: Literal["money", "units", "orders"]
    most: int
    places: tuple[int, ...]
    used: int
    kept_until: Instant | None = None


class FullSets(Struct, frozen=True):
    """
    Of every ``buy`` and ``get`` units the cheapest ``get`` were ``percent`` less.

    That ``offered`` so many minor units for the purchase.
    """

    buy: int
    get: int
    percent: int
    offered: int


class OfferTaken(Struct, frozen=True, omit_defaults=True):
    """
    A discount with a least bill or limits, or for full sets, that took something off.

    ``places`` are those of the lines in its scope, ``prices`` what they came to before any
    discount, ``off`` what it took off each and ``units`` for how many; ``sets`` is what it is for,
    where that is full sets.  ``reclaimed`` is what refunds have kept back.
    """

    discount: str
    places: tuple[int, ...]
    prices: tuple[int, ...]
    off: tuple[int, ...]
    min_bill: int = 0
    units: tuple[int, ...] = ()
    counts: tuple[OfferCount, ...] = ()
    sets: FullSets | None = None
    reclaimed: int = 0


class MoneyOff(Struct, frozen=True, omit_defaults=True):
    """
    Money off a bill that a law counts, and what it took of legal caps.

    It is what ``discounts`` took off, ``off`` each line and ``amount`` in all, or, with a
    ``currency``, what that paid.  What of it was counted before, with a voucher, is no part of the
    uses.
    """

    amount: int
    uses: tuple[CapUse, ...]
    discounts: tuple[str, ...] = ()
    off: tuple[int, ...] = ()
    currency: str = ""


class QuoteBought(_Outcome, frozen=True, tag="quotes"):
    """
    A quote was bought: ``nets`` are what its lines came to, in minor units.

    ``offers`` are those of its discounts whose condition a refund may break.  ``counted`` is the
    money off that a law counts, and ``overrides`` are the policy overrides that it used up.
    """

    quote: str
    nets: tuple[int, ...]
    freed: tuple[FreedLine, ...] = ()
    vouchers: tuple[VoucherUse, ...] = ()
    draws: tuple[WalletDraw, ...] = ()
    offers: tuple[OfferTaken, ...] = ()
    counted: tuple[MoneyOff, ...] = ()
    overrides: tuple[str, ...] = ()


class RewardsRedeemed(_Outcome, frozen=True, tag="rewards"):
    """Rewards that redeem themselves were redeemed, so often each."""

    rewards: dict[str, int]


class ValueReinstated(_Outcome, frozen=True, tag="reinstatement"):
    """Value that had expired came back, so much by currency."""

    currencies: dict[str, int]


if TYPE_CHECKING:
    Outcome = _Outcome
else:
    # Derived, so that a mechanic's outcome is declared once: here, and nowhere else.
    Outcome = Union[tuple(_Outcome.__subclasses__())]  # noqa: UP007 - of a list that is derived

#: The sections whose mechanics have outcomes.
SECTIONS_WITH_OUTCOMES: Final = frozenset(
    str(each.__struct_config__.tag) for each in _Outcome.__subclasses__()
)


# ── What happens ──


class _Data(Struct, frozen=True, omit_defaults=True, tag_field="kind"):
    """
    What every payload shares.

    ``mechanic`` names who takes back the value that such an event gave by itself, or undoes what
    was paid for: so that no other has to be imported for it.
    """

    mechanic: ClassVar[str] = ""


class MemberCreated(_Data, frozen=True, tag="member.created"):
    """
    An account begins, of a prospect; ``consents`` are given or refused with it, by purpose.

    ``former`` is the account that a member had before who comes back.
    """

    consents: dict[str, bool] = {}
    former: MemberInRole = ""


class MemberEnrolled(_Data, frozen=True, tag="member.enrolled"):
    """
    A member joins programmes, each with the tier that it begins with.

    ``consents`` are those that changed with it, by purpose.  ``former`` is the account that a
    member had before who comes back.
    """

    programmes: dict[str, str]
    consents: dict[str, bool] = {}
    former: MemberInRole = ""


class ConsentsChanged(_Data, frozen=True, tag="consents.changed"):
    """Consents are given or withdrawn, by purpose; what was so before is not among them."""

    consents: dict[str, bool]


class ProfileChanged(_Data, frozen=True, tag="profile.changed"):
    """
    What the account has to know of a member's profile changes; the effects say to what.

    Everything else of the profile is in the directory alone.
    """


class PrepaidMoney(Struct, frozen=True):
    """
    Money that a member has for what did not come, in minor units.

    ``section`` is that of the mechanic that has it, and ``id`` the wallet's currency or the plan.
    It is ``refundable`` where it was paid in for the member; what came from a gift card or was
    given is not.
    """

    programme: str
    section: str
    id: str
    amount: int
    refundable: bool = True


class ForfeitedValue(Struct, frozen=True):
    """Value of a currency that was given up: what could be spent, and what was not usable yet."""

    programme: str
    currency: str
    available: int
    pending: int


class DebtWrittenOff(Struct, frozen=True):
    """What a member owed in a currency, and does not have to earn or pay in any more."""

    programme: str
    currency: str
    amount: int


class MemberClosed(_Data, frozen=True, tag="member.closed"):
    """
    An account ends; what value was left is forfeited, and what was owed is written off.

    ``prepaid`` is the money that was left.  What of it is refundable is ``refunded``, or else
    waived as the rest is; what is waived is not among what is ``forfeited`` besides.
    """

    reason: str = ""
    prepaid: tuple[PrepaidMoney, ...] = ()
    refunded: bool = False
    forfeited: tuple[ForfeitedValue, ...] = ()
    written_off: tuple[DebtWrittenOff, ...] = ()


class ActivityRecorded(_Data, frozen=True, tag="activity.recorded"):
    """An activity was evaluated by programmes; ``quote`` where it was the purchase of one."""

    activity: ActivitySummary
    evaluations: tuple[Evaluation, ...] = ()
    awards: tuple[RuleAward, ...] = ()
    quote: MadeId = ""


class ActivityReversed(_Data, frozen=True, tag="activity.reversed"):
    """
    An activity is taken back, whose event is ``reverses``; ``activity`` is what came back.

    ``vouchers`` are the redemptions whose vouchers are good again.
    """

    reverses: int
    activity: ActivitySummary
    reason: str = ""
    vouchers: tuple[str, ...] = ()


class RewardRedeemed(_Data, frozen=True, tag="reward.redeemed"):
    """A reward is paid for; ``overrides`` are the policy overrides that it used up."""

    redemption: MadeId
    programme: str
    reward: str
    overrides: tuple[str, ...] = ()


class RedemptionCancelled(_Data, frozen=True, tag="redemption.cancelled"):
    """A redemption is taken back: its value returns."""

    redemption: MadeId
    programme: str
    reward: str
    reason: str = ""


class VoucherUsed(_Data, frozen=True, tag="voucher.used"):
    """What a voucher stands for is handed over."""

    redemption: MadeId
    programme: str
    reward: str


class FulfilmentAdvanced(_Data, frozen=True, tag="fulfilment.advanced"):
    """The goods of a redemption are `ready`, `sent` or `delivered`; then its voucher is used."""

    redemption: MadeId
    programme: str
    reward: str
    fulfilment: str


class BalanceAdjusted(_Data, frozen=True, tag="balance.adjusted"):
    """A balance is corrected by hand; what is given goes to a lot."""

    mechanic: ClassVar[str] = "adjustment"

    currency: str
    amount: int
    reason: str
    lot: GivenTo = NEVER_EXPIRES


class GoodwillGiven(_Data, frozen=True, tag="goodwill.given"):
    """Staff put something right; what is given goes to a lot."""

    mechanic: ClassVar[str] = "goodwill"

    currency: str
    amount: int
    reason: str
    lot: GivenTo = NEVER_EXPIRES


class AwardRevoked(_Data, frozen=True, tag="award.revoked"):
    """
    Value that the event ``reverses`` gave is taken back, and nothing else of what it did.

    ``award`` is the rule or the gift by which it was given, where there was one.
    """

    reverses: int
    currency: str
    amount: int
    award: str = ""
    reason: str = ""


class PaidIn(Struct, frozen=True, array_like=True):
    """Money that went to a lot of its own or one alike; ``percent`` off what it pays for."""

    amount: int
    percent: int = 0
    lot: GivenTo = NEVER_EXPIRES


class WalletToppedUp(_Data, frozen=True, tag="wallet.topped_up"):
    """
    Money is paid in, in ``parts`` by what it pays for costs less.

    ``sums`` is the counter in which top-ups add up, where they do.
    """

    mechanic: ClassVar[str] = "wallets"

    currency: str
    amount: int
    parts: tuple[PaidIn, ...] = ()
    sums: Annotated[str, Meta(extra={"shown": Shown(nobody=True)})] = ""


class PaymentReversed(_Data, frozen=True, tag="payment.reversed"):
    """
    A payment went back to who made it, such as by a chargeback: ``reverses`` is its event.

    It was for ``id`` of a section, such as a wallet's currency, ``amount`` in minor units.
    ``prorated`` is what is owed for it besides (above zero) or left over (below).
    """

    reverses: int
    programme: str
    section: str
    id: str
    amount: int
    prorated: int = 0
    reason: str = ""


class HoldPlaced(_Data, frozen=True, tag="hold.placed"):
    """Value is set aside."""

    hold: MadeId
    currency: str
    amount: int


class HoldExtended(_Data, frozen=True, tag="hold.extended"):
    """A hold lasts longer."""

    hold: MadeId


class HoldCaptured(_Data, frozen=True, tag="hold.captured"):
    """A hold is spent, the rest of it released."""

    hold: MadeId
    currency: str
    amount: int


class HoldReleased(_Data, frozen=True, tag="hold.released"):
    """A hold is given up."""

    hold: MadeId
    reason: str = ""


class HoldsExpired(_Data, frozen=True, tag="holds.expired"):
    """Holds end because their time is over."""

    holds: tuple[str, ...]


class EntitlementGranted(_Data, frozen=True, tag="entitlement.granted"):
    """Units of an entitlement are granted by hand."""

    programme: str
    entitlement: str
    units: int
    reason: str


class EntitlementUsed(_Data, frozen=True, tag="entitlement.used"):
    """Units of an entitlement are used; ``overrides`` are the policy overrides that took."""

    use: EntitlementUse
    overrides: tuple[str, ...] = ()


class EntitlementReturned(_Data, frozen=True, tag="entitlement.returned"):
    """The use of the event ``returns`` is given back."""

    returns: int
    programme: str
    entitlement: str
    units: int
    reason: str = ""


class EntitlementsExpired(_Data, frozen=True, tag="entitlements.expired"):
    """Grants end because their last day is over, by their keys."""

    grants: tuple[str, ...]


class StatusVerified(_Data, frozen=True, tag="status.verified"):
    """A status is verified, for days of which the last may be open."""

    programme: str
    status: StatusId
    from_on: str
    until_on: str | None = None


class StatusWithdrawn(_Data, frozen=True, tag="status.withdrawn"):
    """A status is withdrawn."""

    programme: str
    status: StatusId
    reason: str


class StatusesExpired(_Data, frozen=True, tag="statuses.expired"):
    """Statuses end because their last day is over, as `programme/status`."""

    statuses: tuple[StatusId, ...]


class TierGranted(_Data, frozen=True, tag="tier.granted"):
    """A tier is held by hand."""

    programme: str
    tier: str
    reason: str
    expires_on: str | None = None


class TierLifted(_Data, frozen=True, tag="tier.lifted"):
    """A tier that was held by hand is lifted."""

    programme: str
    reason: str


class TierOverridesEnded(_Data, frozen=True, tag="tier.overrides_ended"):
    """Tiers that were granted, bought or paid for end, in these programmes."""

    programmes: tuple[str, ...]


class TiersReviewed(_Data, frozen=True, tag="tiers.reviewed"):
    """Tiers are reviewed, in these programmes."""

    programmes: tuple[str, ...]


class TierAtRisk(Struct, frozen=True):
    """
    A tier that is lost if nothing is added.

    ``at`` is when the review comes, or the grace begins that is before the loss.
    """

    programme: str
    tier: str
    falls_to: str
    at: Instant


class TierReviewAnnounced(_Data, frozen=True, tag="tier.review_announced"):
    """A review is coming; ``at_risk`` are the tiers that it would take."""

    at_risk: tuple[TierAtRisk, ...] = ()


class PlanSubscribed(_Data, frozen=True, tag="plan.subscribed"):
    """A paid plan begins; ``fee`` is the first, in minor units, where no trial comes before it."""

    mechanic: ClassVar[str] = "fee_reversals"

    programme: str
    plan: str
    fee: int = 0


class PlanFeePaid(_Data, frozen=True, tag="plan.fee_paid"):
    """The fee of one period is paid, in minor units, with the period's first and last day."""

    mechanic: ClassVar[str] = "fee_reversals"

    programme: str
    plan: str
    fee: int
    from_on: str
    until_on: str


class PlanChanged(_Data, frozen=True, tag="plan.changed"):
    """
    Another plan is taken, now or when the period ends.

    ``prorated`` is what that makes owed (above zero) or leaves over (below), in minor units.
    """

    programme: str
    plan: str
    when: Literal["now", "period_end"]
    prorated: int = 0


class PlanCancelled(_Data, frozen=True, tag="plan.cancelled"):
    """A plan ends, now or when the period does; ``left_over`` is what was paid for in vain."""

    programme: str
    plan: str
    when: Literal["now", "period_end"]
    reason: str = ""
    left_over: int = 0


class PlanPaused(_Data, frozen=True, tag="plan.paused"):
    """A plan brings nothing until a day; what is paid for moves on by the days until then."""

    programme: str
    plan: str
    resumes_on: str


class PlanResumed(_Data, frozen=True, tag="plan.resumed"):
    """A plan that was paused runs on before its day, or one that was to end does not."""

    programme: str
    plan: str


class PlansRenewed(_Data, frozen=True, tag="plans.renewed"):
    """
    A period or a pause of plans is over.

    The next period begins, or waits for its fee, or the plan ends.
    """

    programmes: tuple[str, ...]


class TransferSent(_Data, frozen=True, tag="transfer.sent"):
    """Value is given to another member."""

    transfer: MadeId
    recipient: MemberInRole
    currency: str
    amount: int


class TransferReceived(_Data, frozen=True, tag="transfer.received"):
    """Value comes from another member."""

    transfer: MadeId
    sender: MemberInRole
    currency: str
    amount: int


class GiftCardSold(_Data, frozen=True, tag="gift_card.sold"):
    """
    In a gift card's journal: it is paid for, and its value goes to a lot.

    ``gift_card`` is the programme's id of what was sold.
    """

    mechanic: ClassVar[str] = "gift_card_endings"

    gift_card: str
    currency: str
    amount: int
    lot: GivenTo = NEVER_EXPIRES


class GiftCardUsed(_Data, frozen=True, tag="gift_card.used"):
    """In a gift card's journal: a part of it pays for something."""

    gift_card_use: MadeId
    currency: str
    amount: int


class GiftCardUseCancelled(_Data, frozen=True, tag="gift_card.use_cancelled"):
    """In a gift card's journal: a use is cancelled, or ``amount`` of it."""

    gift_card_use: MadeId
    currency: str
    amount: int
    reason: str = ""


class GiftCardMoved(_Data, frozen=True, tag="gift_card.moved"):
    """In a gift card's journal: a member puts what is on it, or a part, into their wallet."""

    member: MadeId
    currency: str
    amount: int


class GiftCardReceived(_Data, frozen=True, tag="gift_card.received"):
    """In a member's journal: value of a gift card comes into their wallet."""

    gift_card: MadeId
    currency: str
    amount: int


class GiftCardCancelled(_Data, frozen=True, tag="gift_card.cancelled"):
    """
    In a gift card's journal: it ends by hand, and ``amount`` was left on it.

    That is ``refunded`` to who paid for it, outside of here, or else forfeited.
    """

    currency: str
    amount: int
    refunded: bool = False
    reason: str = ""


class HouseholdJoined(_Data, frozen=True, tag="household.joined"):
    """A member joins a household, or has another role in it."""

    household: MadeId
    role: str


class HouseholdLeft(_Data, frozen=True, tag="household.left"):
    """A member leaves their household."""

    household: MadeId


class HouseholdMemberAdded(_Data, frozen=True, tag="household.member_added"):
    """In a household's journal: a member joins it, or has another role in it."""

    member: MadeId
    role: str


class HouseholdMemberRemoved(_Data, frozen=True, tag="household.member_removed"):
    """In a household's journal: a member leaves it."""

    member: MadeId


class CoveragesChanged(_Data, frozen=True, tag="coverages.changed"):
    """Who pays for the member's care was told anew: so many ``coverages`` are known."""

    coverages: int


class PolicyOverrideRequested(_Data, frozen=True, tag="policy_override.requested"):
    """Somebody asks that the member may have something against the ``rules`` of a law."""

    override: MadeId
    programme: str
    rules: tuple[str, ...]
    benefit: Literal["reward", "entitlement", "discount"]
    id: str
    reason: str


class PolicyOverrideApproved(_Data, frozen=True, tag="policy_override.approved"):
    """A second person approves an override, which is good until that local day."""

    override: MadeId
    programme: str
    until_on: str


class PolicyOverrideWithdrawn(_Data, frozen=True, tag="policy_override.withdrawn"):
    """An override that was not used ends."""

    override: MadeId
    programme: str
    reason: str


class DelegateAdded(_Data, frozen=True, tag="delegate.added"):
    """
    A delegate may act for the member, or in other matters than before.

    Until when is not in it: of a guardian's that is the day on which a child is of age.
    """

    delegate: MemberInRole
    capacity: str
    scopes: tuple[str, ...]


class DelegateRevoked(_Data, frozen=True, tag="delegate.revoked"):
    """A delegate may not act for the member any more."""

    delegate: MemberInRole
    reason: str


class DelegatorAdded(_Data, frozen=True, tag="delegator.added"):
    """In a delegate's journal: they may act for somebody, or until another day than before."""

    delegator: MemberInRole
    capacity: str


class DelegatorRemoved(_Data, frozen=True, tag="delegator.removed"):
    """In a delegate's journal: they may not act for somebody any more."""

    delegator: MemberInRole


class DelegationsEnded(_Data, frozen=True, tag="delegations.ended"):
    """
    The last day of a delegation is over.

    In the member's journal it names those who acted for them, in a delegate's those for whom they
    did.
    """

    delegates: tuple[str, ...] = ()
    delegators: tuple[str, ...] = ()


class DelegationEndAnnounced(_Data, frozen=True, tag="delegation.end_announced"):
    """In a member's journal: guardians will not act for them any more, from a day soon on."""

    delegates: tuple[str, ...]
    on: str


class PendingActivated(_Data, frozen=True, tag="pending.activated"):
    """Value that was earned before becomes usable."""


class LotsExpired(_Data, frozen=True, tag="lots.expired"):
    """Value ends because its last day is over."""


class DateGift(Struct, frozen=True, omit_defaults=True):
    """
    One gift on its local day; ``refusal`` is the code of why nothing was given.

    Of value it says how much of which ``programme/currency`` went to which lot.
    """

    programme: str
    gift: str
    on: str
    refusal: str = ""
    currency: str = ""
    amount: int = 0
    lot: GivenTo = NEVER_EXPIRES


class GiftsEvaluated(_Data, frozen=True, tag="gifts.evaluated"):
    """The days of gifts come; none is of a day where what was planned does not stand any more."""

    mechanic: ClassVar[str] = "date_gifts"

    gifts: tuple[DateGift, ...] = ()


class ExpiryAnnounced(_Data, frozen=True, tag="expiry.announced"):
    """Value is about to end; its effects say which."""


if TYPE_CHECKING:
    Data = _Data
else:
    # Derived as well.
    Data = Union[tuple(_Data.__subclasses__())]  # noqa: UP007 - as above


class Event(Struct, frozen=True, omit_defaults=True):
    """
    One record of an account's journal.

    ``version`` is its place in the account, ``occurred_at`` when it happened, ``effective_at`` when
    it changed the account.  ``outcomes`` are what mechanics beyond the one that it is about made of
    it, in the order in which they did.
    """

    version: int
    effective_at: Instant
    occurred_at: Instant
    data: Data
    # Left out of the bytes where it is 4, whatever a later release writes.
    schema: int = 4
    effects: tuple[Effect, ...] = ()
    postings: tuple[Posting, ...] = ()
    actor: Actor = CLOCK
    outcomes: tuple[Outcome, ...] = ()
    detail: Detail | None = None

    @property
    def kind(self) -> str:
        """Return the event's name, such as `activity.recorded`."""
        return kind_of(type(self.data))


def kind_of(data: type[_Data]) -> str:
    """Return the name of the events that have a payload of this type."""
    return str(data.__struct_config__.tag)


def section_of(outcome: Outcome) -> str:
    """Return the section of the mechanic that an outcome is of, such as `stamp_cards`."""
    return str(outcome.__struct_config__.tag)
