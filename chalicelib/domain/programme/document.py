"""
A programme is data: one document holds every mechanic, and these Structs are its shape.

The document is JSON.  Money is in minor units, percentages are whole numbers (150 is "half as
much again"), dates are local to the programme's ``time_zone``.  What the types cannot say, such
as "every tier that a rule names exists", is in `validation`.  One module because it is one
document, whose parts name one another.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Final, Literal

from msgspec import Meta, field

from chalicelib.domain.ledger.calendar import Window
from chalicelib.domain.ledger.events import VoucherOnReturn
from chalicelib.domain.ledger.money import MAX_AMOUNT, Rounding
from chalicelib.domain.programme.fields import (
    ActivityType,
    Caption,
    Count,
    CurrencyCode,
    Days,
    Expiry,
    Expression,
    Id,
    LineScope,
    LocalDate,
    LocationNames,
    MinorUnits,
    Model,
    Name,
    Part,
    Percent,
    Plural,
    Points,
    Rate,
    Recurrence,
    RetailValue,
    Text,
)

#: Most days after which something may be reported.
BACKDATE_MAX: Final = 365
#: How long accounts remember what has ended, because what is reported late may change it: longer.
REMEMBERED_DAYS: Final = BACKDATE_MAX + 1
REMEMBERED_MS: Final = REMEMBERED_DAYS * 86_400_000


class MoneyUnit(Model, frozen=True):
    """
    The money that a programme counts.

    What is paid in another currency counts by its rate in ``rates``; without one it counts as no
    money, and the rest of the activity counts all the same.
    """

    currency: CurrencyCode
    rates: Annotated[dict[CurrencyCode, Rate], Meta(max_length=50)] = field(default_factory=dict)


class Enrolment(Model, frozen=True):
    """
    Who may join, and what members may consent to.

    ``optional_consents`` are purposes beside those that joining takes or a status does; no other is
    recorded.
    """

    min_completed_visits: Annotated[int, Meta(ge=0, le=1000)] = 0
    required_consents: Annotated[tuple[Id, ...], Meta(max_length=20)] = ()
    optional_consents: Annotated[tuple[Id, ...], Meta(max_length=50)] = ()


class Currency(Part, frozen=True):
    """
    One kind of value that members hold.

    ``name`` is what follows a number; ``forms`` what follows it instead, by locale and by the
    plural category of CLDR that the number has in its language: `{"en": {"one": "point"}}`.

    What is earned in a tier of ``tier_expiry`` lasts as that says, by the tier held at the time of
    the activity; what comes without one, by the tier held then.

    ``expiry_warning_days`` before its last day, value that is still there is announced in the
    journal, for messages and webhooks to follow.  What expired comes back, once, with an activity
    of a day ``reinstated_within_days`` after its last day at most.  What was earned cannot be
    transferred within ``refund_days`` after its activity, while a refund may take it back.
    """

    id: Id
    name: Text
    expiry: Expiry
    forms: dict[str, dict[Plural, Name]] = field(default_factory=dict)
    tier_expiry: dict[Id, Expiry] = field(default_factory=dict)
    activation_delay_days: Days = 0
    expiry_warning_days: Annotated[int, Meta(ge=1, le=365)] | None = None
    negative_balance: Literal["deficit", "clamp", "reject"] = "deficit"
    restored_life_days: Days = 0
    reinstated_within_days: Annotated[int, Meta(ge=1, le=365)] | None = None
    refund_days: Days = 14


class FixedAward(Model, frozen=True, tag_field="type", tag="fixed"):
    """So much for each activity."""

    amount: Points


class AmountAward(Model, frozen=True, tag_field="type", tag="per_amount"):
    """
    ``amount`` for every ``per`` minor units of money in scope.

    With ``carry`` what is beyond the last of them counts for the next activity.
    """

    amount: Points
    per: MinorUnits
    carry: bool = False


class UnitAward(Model, frozen=True, tag_field="type", tag="per_unit"):
    """``amount`` for every ``per`` units of quantity in scope."""

    amount: Points
    per: Count = 1


class FormulaAward(Model, frozen=True, tag_field="type", tag="formula"):
    """What a whole-number CEL expression yields; below zero counts as zero."""

    expression: Expression
    describe: Text | None = None


Award = FixedAward | AmountAward | UnitAward | FormulaAward


class Multiplier(Model, frozen=True):
    """A factor in percent, always or when a condition holds, which ``describe`` says in words."""

    percent: Percent
    when: Expression | None = None
    describe: Text | None = None


class Cap(Model, frozen=True):
    """
    A limit on one rule: on the value it gives (``max``) or on how often it gives (``times``).

    ``activity`` limits a single activity.  Over the limit, ``clip`` gives what is left and
    ``reject`` gives nothing.
    """

    window: Literal["activity", "day", "week", "month", "year", "lifetime"]
    max: Points | None = None
    times: Count | None = None
    on_exceed: Literal["clip", "reject"] = "clip"


class EarningRule(Part, frozen=True):
    """
    When an activity earns, on what part of it, and how much.

    ``describe`` says in words when ``when`` holds.  After factors and rounding, an award that comes
    to anything is ``at_least`` and ``at_most`` so much; then its caps limit it.  After them, one
    award is at most 10^15: what comes to more gives nothing, and says so.
    """

    id: Id
    on: Annotated[tuple[ActivityType, ...], Meta(min_length=1, max_length=50)]
    currency: Id
    award: Award
    name: Caption = ""
    when: Expression | None = None
    describe: Text | None = None
    scope: LineScope = LineScope()
    group: Id | None = None
    priority: Annotated[int, Meta(ge=-1000, le=1000)] = 0
    multipliers: Annotated[tuple[Multiplier, ...], Meta(max_length=20)] = ()
    tier_percent: dict[Id, Percent] = field(default_factory=dict)
    rounding: Rounding = "floor"
    at_least: Points | None = None
    at_most: Points | None = None
    caps: Annotated[tuple[Cap, ...], Meta(max_length=10)] = ()
    activation_delay_days: Days | None = None
    valid_from: LocalDate | None = None
    valid_until: LocalDate | None = None
    recurs: Recurrence | None = None
    locations: LocationNames = ()


def carries(rule: EarningRule) -> bool:
    """Tell whether what a rule counts adds up over activities."""
    return isinstance(rule.award, AmountAward) and rule.award.carry


def by_priority(rule: EarningRule) -> int:
    """Return what rules that compete are sorted by."""
    # Sorting is stable: among equals the document's order decides.
    return -rule.priority


StackingMode = Literal["first", "best", "stack"]


class RuleGroup(Part, frozen=True):
    """Rules that compete: the first by priority, the best, or all of them."""

    id: Id
    mode: StackingMode
    describe: Text | None = None


class Metrics(Model, frozen=True):
    """Which activities count as visits, as spend and as referrals."""

    visits_on: tuple[ActivityType, ...] = ("visit.completed",)
    spend_on: tuple[ActivityType, ...] = ("payment.received", "purchase.completed")
    referrals_on: tuple[ActivityType, ...] = ("referral.qualified",)


class Threshold(Model, frozen=True):
    """
    One metric and what it must reach.

    ``currency`` goes with ``points_earned``, and ``on``, the kind of activity that is counted, with
    ``events``.
    """

    metric: Literal["points_earned", "spend", "visits", "referrals", "events"]
    at_least: Points
    currency: Id | None = None
    on: ActivityType | None = None


#: Thresholds that count as one where they stand among others.
Together = Annotated[tuple[Threshold, ...], Meta(min_length=2, max_length=5)]


class Qualification(Model, frozen=True):
    """
    All of these thresholds, or any of them: one of the two.

    Thresholds in a list of their own count as one: within ``all`` any of them is enough, within
    ``any`` it takes all of them.
    """

    all: tuple[Threshold | Together, ...] = ()
    any: tuple[Threshold | Together, ...] = ()

    @property
    def parts(self) -> tuple[tuple[Threshold, ...], ...]:
        """Return what stands in ``all`` or ``any``, a threshold alone as a list of one."""
        either = self.all or self.any
        return tuple([(each,) if isinstance(each, Threshold) else each for each in either])

    def met(self, reached: Callable[[Threshold], bool]) -> bool:
        """Tell whether it is met where these thresholds are reached."""
        if self.all:
            return all(any(map(reached, part)) for part in self.parts)
        return any(all(map(reached, part)) for part in self.parts)


class TierLevel(Part, frozen=True):
    """
    One tier; the first of the list is everyone's and has no threshold.

    No metric reaches another one without ``qualify``: it is given by hand, by a plan or a reward.
    """

    id: Id
    name: Text
    qualify: Qualification | None = None
    benefits: tuple[Text, ...] = ()


class Tiers(Model, frozen=True):
    """
    The ladder, lowest first, and the window in which metrics count.

    ``calendar_year`` is the programme's own; ``anniversary`` a year from the day on which the
    member joined, or from that day of a later year; ``calendar_month`` the running one; ``rolling``
    the last ``rolling_days`` days, today among them; ``lifetime`` never ends.  With ``at_once`` a
    member climbs the moment the metrics reach a threshold, with ``at_review`` when the window is
    reviewed.

    When a calendar year or a year of membership ends, the tier is reviewed on what that brought;
    where windows roll, ``rolling_days`` after the last day of activity whose window reached it;
    where they are months, when the one after that which reached it ends:
    ``none`` keeps it, ``one_level`` takes one step down, ``to_earned`` goes down to what was
    earned, each ``grace_days`` later.  ``notice_days`` before a review that would take the tier,
    the journal says so, for messages and webhooks to follow.
    """

    levels: Annotated[tuple[TierLevel, ...], Meta(min_length=1, max_length=20)]
    window: Literal["calendar_year", "anniversary", "calendar_month", "rolling", "lifetime"] = (
        "calendar_year"
    )
    rolling_days: Annotated[int, Meta(ge=1, le=366)] = 365
    upgrade: Literal["at_once", "at_review"] = "at_once"
    downgrade: Literal["none", "one_level", "to_earned"] = "to_earned"
    grace_days: Annotated[int, Meta(ge=0, le=180)] = 0
    notice_days: Annotated[int, Meta(ge=1, le=180)] | None = None


class Price(Model, frozen=True):
    """What a reward costs; 0 for a gift."""

    currency: Id
    amount: Annotated[int, Meta(ge=0, le=MAX_AMOUNT)]


class RewardLimit(Model, frozen=True):
    """How many of a reward one member may redeem in a window."""

    window: Window
    count: Count


class GivesEntitlement(Model, frozen=True, tag_field="type", tag="entitlement"):
    """Units of an entitlement, usable through so many days after the one on which they come."""

    entitlement: Id
    units: Annotated[int, Meta(ge=1, le=1000)] = 1
    valid_days: Days | None = None


class GivesTier(Model, frozen=True, tag_field="type", tag="tier"):
    """A tier, whatever the metrics say, through so many days after the redemption."""

    tier: Id
    days: Annotated[int, Meta(ge=1, le=3660)] = 365


class LegalException(Model, frozen=True):
    """
    Why a law does not count a reward: the ``code`` of a pack, and what shows that it is so.

    With ``public_terms`` everybody gets it on the same terms, whoever pays for their care.
    """

    code: Id
    evidence: Annotated[str, Meta(min_length=1, max_length=500)]
    public_terms: bool = False


class Reward(Part, frozen=True):
    """
    Something that value can be redeemed for.

    A redemption issues a voucher, unless the reward ``gives`` something that is there at once.
    Such a reward is redeemed automatically, as often as the balance is ``auto_at`` or more when
    value comes, by an activity or otherwise.  What is ``by`` staff is handed out by them alone.
    With a ``payee`` the price is posted to an account of that name: a charity's, say.  Of goods
    that are ``ordered`` the redemption says how far they are, until they are delivered; from when
    they are ready or sent their voucher does not expire.

    For the packs of ``policies`` it says its ``retail_value`` in minor units, whether it is a
    ``cash_equivalent``, and the ``exception`` by which it does not count; a `privilege` is worth
    nothing.

    When all of a purchase comes back that a voucher was used for, ``voucher_on_return`` says what
    becomes of it: `keep`, it stays used; `until_last_day`, it is good again unless its last day is
    over; `give_back`, it is good for as many days more as it had when it was used.
    """

    id: Id
    name: Text
    price: Price
    kind: Id = "gift"
    by: Literal["anyone", "staff"] = "anyone"
    payee: Id | None = None
    ordered: bool = False
    description: Caption = ""
    stock: Annotated[int, Meta(ge=0, le=10**9)] | None = None
    limits: Annotated[tuple[RewardLimit, ...], Meta(max_length=5)] = ()
    tiers: tuple[Id, ...] = ()
    valid_from: LocalDate | None = None
    valid_until: LocalDate | None = None
    voucher_valid_days: Annotated[int, Meta(ge=0, le=3660)] | None = None
    voucher_on_return: VoucherOnReturn = "keep"
    gives: GivesEntitlement | GivesTier | None = None
    auto_at: Points | None = None
    locations: LocationNames = ()
    retail_value: RetailValue | None = None
    cash_equivalent: bool = False
    exception: LegalException | None = None


class AgeBand(Model, frozen=True):
    """Members of some age, from the day that is given for each of them until the next band."""

    id: Id
    name: Text


class Programme(Model, frozen=True):
    """What every mechanic may know of a document; `ProgrammeDocument` has the other parts."""

    id: Id
    name: Text
    time_zone: Annotated[str, Meta(min_length=1, max_length=64)]
    money: MoneyUnit
    currencies: Annotated[tuple[Currency, ...], Meta(min_length=1, max_length=20)]
    backdate_limit_days: Annotated[int, Meta(ge=0, le=BACKDATE_MAX)] = 30
    enrolment: Enrolment = Enrolment()
    attributes: Annotated[dict[Id, Literal["int", "string", "bool"]], Meta(max_length=100)] = field(
        default_factory=dict
    )
    age_bands: Annotated[tuple[AgeBand, ...], Meta(max_length=10)] = ()
    stacking: StackingMode = "stack"
    groups: tuple[RuleGroup, ...] = ()
    earning: Annotated[tuple[EarningRule, ...], Meta(max_length=200)] = ()
    metrics: Metrics = Metrics()
    tiers: Tiers | None = None
    rewards: Annotated[tuple[Reward, ...], Meta(max_length=500)] = ()

    def currency(self, currency_id: str) -> Currency | None:
        """Return the currency of that id, or ``None``."""
        return next((c for c in self.currencies if c.id == currency_id), None)

    def reward(self, reward_id: str) -> Reward | None:
        """Return the reward of that id, or ``None``."""
        return next((r for r in self.rewards if r.id == reward_id), None)

    def rank(self, tier_id: str) -> int:
        """Return how high a tier is, 0 for the lowest and for one that the ladder lost."""
        if self.tiers is not None:
            for rank, level in enumerate(self.tiers.levels):
                if level.id == tier_id:
                    return rank
        return 0


def qualified(programme_id: str, currency_id: str) -> str:
    """Return the key of a programme's currency in an account: `clinic/points`."""
    return f"{programme_id}/{currency_id}"


def is_at(locations: tuple[str, ...], within: tuple[str, ...]) -> bool:
    """Tell whether what is offered at some locations is where somebody is, or above that."""
    return not locations or not frozenset(locations).isdisjoint(within)


def in_season(valid_from: str | None, valid_until: str | None, day: date) -> bool:
    """Tell whether a local day is within two ISO dates, both included, either open."""
    text = day.isoformat()
    return (valid_from or text) <= text <= (valid_until or text)
