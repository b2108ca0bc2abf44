"""
A programme is data: one document holds every mechanic, and these Structs are its shape.

The document is JSON.  Money is in minor units, percentages are whole numbers (150 is "half as
much again"), dates are local to the programme's ``time_zone``.  What the types cannot say, such
as "every tier that a rule names exists", is in `validation`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Annotated, Literal

from msgspec import Meta, Struct

from chalicelib.domain.calendar import Instant
from chalicelib.domain.money import Rounding

Id = Annotated[
    str,
    Meta(
        pattern=r"^[a-z][a-z0-9_-]{0,39}$",
        description="A permanent identifier: lower-case letters, digits, `_` and `-`.",
    ),
]
Expression = Annotated[
    str, Meta(min_length=1, max_length=2000, description="A CEL expression (see the README).")
]
LocalDate = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$", description="A local date.")]
TimeOfDay = Annotated[
    str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="A local time: `18:30`.")
]
ActivityType = Annotated[
    str,
    Meta(
        pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$",
        max_length=64,
        description="The kind of fact, dotted: `visit.completed`.",
    ),
]
Points = Annotated[int, Meta(ge=1, le=10**9)]
Percent = Annotated[int, Meta(ge=1, le=10_000)]
Count = Annotated[int, Meta(ge=1, le=10**9)]
Days = Annotated[int, Meta(ge=0, le=3660)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Text = Name | dict[str, Name]
Caption = Annotated[str, Meta(max_length=200)] | dict[str, Name]
Window = Literal["day", "week", "month", "year", "lifetime"]
Plural = Literal["zero", "one", "two", "few", "many"]


class Model(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What every part of a document shares: immutable, and a typo is an error."""


class MoneyUnit(Model, frozen=True):
    """The money that facts are in."""

    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$", description="An ISO 4217 code.")]


class Enrolment(Model, frozen=True):
    """Who may join."""

    min_completed_visits: Annotated[int, Meta(ge=0, le=1000)] = 0
    required_consents: tuple[Id, ...] = ()


class NeverExpires(Model, frozen=True, tag_field="type", tag="never"):
    """Value stays until it is used."""


class RollingExpiry(Model, frozen=True, tag_field="type", tag="rolling"):
    """
    Value is usable through the day that is so long after the day of the fact: one unit only.

    ``round_up`` prolongs it to the last day of the month, quarter, half-year or year.
    """

    days: Annotated[int, Meta(ge=1, le=36600)] | None = None
    months: Annotated[int, Meta(ge=1, le=1200)] | None = None
    years: Annotated[int, Meta(ge=1, le=100)] | None = None
    round_up: Literal["month", "quarter", "half", "year"] | None = None


class InactivityExpiry(Model, frozen=True, tag_field="type", tag="inactivity"):
    """
    All value is usable through the day that is so long after the last fact: one unit only.

    Any fact counts, or those of the kinds named in ``on``.
    """

    days: Annotated[int, Meta(ge=1, le=36600)] | None = None
    months: Annotated[int, Meta(ge=1, le=1200)] | None = None
    years: Annotated[int, Meta(ge=1, le=100)] | None = None
    on: Annotated[tuple[ActivityType, ...], Meta(max_length=50)] = ()


class FixedExpiry(Model, frozen=True, tag_field="type", tag="fixed"):
    """
    Value is usable through one calendar date.

    ``on`` is a date (`2027-03-20`) or a day of every year (`12-31`); of a yearly day the first
    that is at least ``min_days`` after the fact counts.  `02-29` is the last of February.
    """

    on: Annotated[str, Meta(pattern=r"^(\d{4}-)?\d{2}-\d{2}$")]
    min_days: Days = 0


Expiry = NeverExpires | RollingExpiry | FixedExpiry | InactivityExpiry


class Currency(Model, frozen=True):
    """
    One kind of value that members hold.

    ``name`` is what follows a number; ``forms`` what follows it instead, by locale and by the
    plural category of CLDR that the number has in its language: `{"en": {"one": "point"}}`.

    ``expiry_warning_days`` before its last day, value that is still there is announced in the
    journal, for messages and webhooks to follow.
    """

    id: Id
    name: Text
    expiry: Expiry
    forms: dict[str, dict[Plural, Name]] = {}
    activation_delay_days: Days = 0
    expiry_warning_days: Annotated[int, Meta(ge=1, le=365)] | None = None
    negative_balance: Literal["deficit", "clamp", "reject"] = "deficit"
    restored_life_days: Days = 0


class Lines(Model, frozen=True):
    """A choice of lines: any of these categories or SKUs."""

    categories: tuple[Name, ...] = ()
    skus: tuple[Name, ...] = ()


class LineScope(Model, frozen=True):
    """Which lines of a fact count: those included (all, if none is named) and not excluded."""

    include: Lines = Lines()
    exclude: Lines = Lines()


class FixedAward(Model, frozen=True, tag_field="type", tag="fixed"):
    """So much for each fact."""

    amount: Points


class AmountAward(Model, frozen=True, tag_field="type", tag="per_amount"):
    """``amount`` for every ``per`` minor units of money in scope."""

    amount: Points
    per: Count


class UnitAward(Model, frozen=True, tag_field="type", tag="per_unit"):
    """``amount`` for every ``per`` units of quantity in scope."""

    amount: Points
    per: Count = 1


class FormulaAward(Model, frozen=True, tag_field="type", tag="formula"):
    """What a whole-number CEL expression yields; below zero counts as zero."""

    expression: Expression


Award = FixedAward | AmountAward | UnitAward | FormulaAward


class Multiplier(Model, frozen=True):
    """A factor in percent, always or when a condition holds."""

    percent: Percent
    when: Expression | None = None


class Cap(Model, frozen=True):
    """
    A limit on one rule: on the value it gives (``max``) or on how often it gives (``times``).

    ``fact`` limits a single fact.  Over the limit, ``clip`` gives what is left and ``reject``
    gives nothing.
    """

    window: Literal["fact", "day", "week", "month", "year", "lifetime"]
    max: Points | None = None
    times: Count | None = None
    on_exceed: Literal["clip", "reject"] = "clip"


class Recurrence(Model, frozen=True):
    """
    Days that recur, by a rule of RFC 5545 in the programme's zone, and hours of these days.

    A day counts from ``from_time`` on, and up to ``until_time``, that minute no more.
    """

    rrule: Annotated[str, Meta(min_length=1, max_length=200)]
    starts_on: LocalDate
    from_time: TimeOfDay | None = None
    until_time: TimeOfDay | None = None


class EarningRule(Model, frozen=True):
    """When a fact earns, on what part of it, and how much."""

    id: Id
    on: Annotated[tuple[ActivityType, ...], Meta(min_length=1, max_length=50)]
    currency: Id
    award: Award
    name: Caption = ""
    when: Expression | None = None
    scope: LineScope = LineScope()
    group: Id | None = None
    priority: Annotated[int, Meta(ge=-1000, le=1000)] = 0
    multipliers: tuple[Multiplier, ...] = ()
    tier_percent: dict[Id, Percent] = {}
    rounding: Rounding = "floor"
    caps: Annotated[tuple[Cap, ...], Meta(max_length=10)] = ()
    activation_delay_days: Days | None = None
    valid_from: LocalDate | None = None
    valid_until: LocalDate | None = None
    recurs: Recurrence | None = None


StackingMode = Literal["first", "best", "stack"]


class RuleGroup(Model, frozen=True):
    """Rules that compete: the first by priority, the best, or all of them."""

    id: Id
    mode: StackingMode


class Metrics(Model, frozen=True):
    """Which facts count as visits, as spend and as referrals."""

    visits_on: tuple[ActivityType, ...] = ("visit.completed",)
    spend_on: tuple[ActivityType, ...] = ("payment.received", "purchase.completed")
    referrals_on: tuple[ActivityType, ...] = ("referral.qualified",)


class Threshold(Model, frozen=True):
    """
    One metric and what it must reach.

    ``currency`` goes with ``points_earned``, and ``on``, the kind of fact that is counted, with
    ``events``.
    """

    metric: Literal["points_earned", "spend", "visits", "referrals", "events"]
    at_least: Count
    currency: Id | None = None
    on: ActivityType | None = None


class Qualification(Model, frozen=True):
    """All of these thresholds, or any of them: one of the two."""

    all: tuple[Threshold, ...] = ()
    any: tuple[Threshold, ...] = ()


class TierLevel(Model, frozen=True):
    """One tier; the first of the list is everyone's and has no threshold."""

    id: Id
    name: Text
    qualify: Qualification | None = None
    benefits: tuple[Text, ...] = ()


class Tiers(Model, frozen=True):
    """
    The ladder, lowest first, and the window in which metrics count.

    ``calendar_year`` is the programme's own; ``anniversary`` a year from the day on which the
    member joined, or from that day of a later year; ``rolling`` the last ``rolling_days`` days,
    today among them; ``lifetime`` never ends.  With ``at_once`` a member climbs the moment the
    metrics reach a threshold, with ``at_review`` when the window is reviewed.

    When a calendar year or a year of membership ends, or ``rolling_days`` after a tier was reached
    or confirmed, it is reviewed on what the window that is over brought: ``none`` keeps it,
    ``one_level`` takes one step down, ``to_earned`` goes down to what was earned, each
    ``grace_days`` later.  ``notice_days`` before a review that would take the tier, the journal
    says so, for messages and webhooks to follow.
    """

    levels: Annotated[tuple[TierLevel, ...], Meta(min_length=1, max_length=20)]
    window: Literal["calendar_year", "anniversary", "rolling", "lifetime"] = "calendar_year"
    rolling_days: Annotated[int, Meta(ge=1, le=366)] = 365
    upgrade: Literal["at_once", "at_review"] = "at_once"
    downgrade: Literal["none", "one_level", "to_earned"] = "to_earned"
    grace_days: Annotated[int, Meta(ge=0, le=180)] = 0
    notice_days: Annotated[int, Meta(ge=1, le=180)] | None = None


class Price(Model, frozen=True):
    """What a reward costs; 0 for a gift."""

    currency: Id
    amount: Annotated[int, Meta(ge=0, le=10**9)]


class RewardLimit(Model, frozen=True):
    """How many of a reward one member may redeem in a window."""

    window: Window
    count: Count


class GivesEntitlement(Model, frozen=True, tag_field="type", tag="entitlement"):
    """Units of an entitlement, usable through so many days after the redemption."""

    entitlement: Id
    units: Count = 1
    valid_days: Days | None = None


class GivesTier(Model, frozen=True, tag_field="type", tag="tier"):
    """A tier, whatever the metrics say, through so many days after the redemption."""

    tier: Id
    days: Annotated[int, Meta(ge=1, le=3660)] = 365


class Reward(Model, frozen=True):
    """
    Something that value can be redeemed for.

    A redemption issues a voucher, unless the reward ``gives`` something that is there at once.
    Such a reward may be redeemed by itself, as often as the balance is ``auto_at`` or more when
    value comes, by a fact or otherwise.  What is ``by`` staff is handed out by them alone.
    With a ``payee`` the price is posted to an account of that name: a charity's, say.
    """

    id: Id
    name: Text
    price: Price
    kind: Id = "gift"
    by: Literal["anyone", "staff"] = "anyone"
    payee: Id | None = None
    description: Caption = ""
    stock: Annotated[int, Meta(ge=0, le=10**9)] | None = None
    limits: Annotated[tuple[RewardLimit, ...], Meta(max_length=5)] = ()
    tiers: tuple[Id, ...] = ()
    valid_from: LocalDate | None = None
    valid_until: LocalDate | None = None
    voucher_valid_days: Annotated[int, Meta(ge=0, le=3660)] | None = None
    gives: GivesEntitlement | GivesTier | None = None
    auto_at: Points | None = None


class Programme(Model, frozen=True):
    """What every mechanic may know of a document; the registry's `Document` has the other parts."""

    id: Id
    name: Text
    time_zone: Annotated[str, Meta(min_length=1, max_length=64)]
    money: MoneyUnit
    currencies: Annotated[tuple[Currency, ...], Meta(min_length=1, max_length=20)]
    backdate_limit_days: Annotated[int, Meta(ge=0, le=365)] = 30
    enrolment: Enrolment = Enrolment()
    attributes: dict[Id, Literal["int", "string", "bool"]] = {}
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


def text_in(text: Caption, locale: str | None) -> str:
    """Return a text in a locale, else in its language, else in English, else the first there is."""
    if isinstance(text, str):
        return text
    return text.get(locale_in(text, locale), "")


def locale_in(translated: Collection[str], locale: str | None) -> str:
    """Return the locale that a reader gets of those that there are, empty where there is none."""
    for key in (locale or "", (locale or "").split("-")[0], "en"):
        # zh-TW and zh-CN are different scripts: a bare language never stands in for them.
        if key in translated:
            return key
    return next(iter(translated), "")


State = Literal["draft", "published", "retired"]


class ProgrammeVersion(Struct, frozen=True):
    """One version of a programme: a draft, or published and from then on immutable."""

    number: int
    state: State
    document: Programme
    effective_from: Instant | None = None

    @property
    def programme_id(self) -> str:
        """Return the id of the programme that this is a version of."""
        return self.document.id


class Programmes:
    """Every published version of a tenant's programmes, to be asked for the one in force."""

    def __init__(self, versions: Iterable[ProgrammeVersion]) -> None:
        self._published: dict[str, list[ProgrammeVersion]] = {}
        for version in versions:
            if version.state != "draft" and version.effective_from is not None:
                self._published.setdefault(version.programme_id, []).append(version)
        for known in self._published.values():
            known.sort(key=_in_force_order)

    def in_force(self, programme_id: str, instant: Instant) -> ProgrammeVersion | None:
        """Return the version that rules at an instant: the last to have taken effect by then."""
        ruling = None
        for version in self._published.get(programme_id, ()):
            if version.effective_from is not None and version.effective_from <= instant:
                ruling = version
        return ruling

    def version(self, programme_id: str, number: int) -> ProgrammeVersion | None:
        """Return the published version of that number, or ``None``."""
        known = self._published.get(programme_id, ())
        return next((version for version in known if version.number == number), None)

    def ids(self) -> tuple[str, ...]:
        """Return the ids of the programmes with a published version, sorted."""
        return tuple(sorted(self._published))


def _in_force_order(version: ProgrammeVersion) -> tuple[Instant, int]:
    return (version.effective_from or 0, version.number)
