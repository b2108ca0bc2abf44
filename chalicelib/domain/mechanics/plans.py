"""
Paid plans: a member pays a fee each month or year, and has what the plan brings while it runs.

Collecting the fee is another system's business; here it is reported as paid.  A subscription begins
with a trial, once in a programme, or with its first period paid.  When what is paid for is over and
no further fee was reported, it is past due, and still brings everything through a grace; then it
has ended.  A fee that comes in the grace pays for the period that has begun, so nobody gains days
by paying late.  A period is a month or a year from the first day on: from 31 January to the last of
February, then to 31 March.  A pause brings nothing, and all that is paid for moves on by its days.

How one is begun, paid, changed and ended is in `subscriptions`, pauses are in `plan_pauses`.

One module because all of it follows from how the periods of a plan run.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Annotated, Final, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Mechanic, Permanent, Phase, Turn
from chalicelib.domain.decide.progress import ProgressStore
from chalicelib.domain.ledger import calendar, money
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.events import Data, PlansRenewed, PrepaidMoney
from chalicelib.domain.pointer import join
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.fields import Days, Id, MinorUnitsOrNone, Part, Text
from chalicelib.domain.programme.references import reference, tier_ids
from chalicelib.domain.programme.section import Section
from chalicelib.domain.programme.versions import Programmes, none_such
from chalicelib.domain.violations import Violation

if TYPE_CHECKING:
    from chalicelib.domain.programme.wording import Composer, Description

State = Literal["trial", "active", "past_due", "paused"]


class Plan(Part, frozen=True):
    """
    What is paid for: ``fee`` minor units each ``period``.

    ``trial_days`` are free, once in a programme; ``grace_days`` follow a period that was not paid.
    Members of the plan hold ``tier``, whatever the metrics say; what they may use names the plan in
    `entitlements`.
    """

    id: Id
    name: Text
    period: Literal["month", "year"]
    fee: MinorUnitsOrNone
    trial_days: Days = 0
    grace_days: Annotated[int, Meta(ge=0, le=180)] = 7
    tier: Id | None = None


Plans = Annotated[tuple[Plan, ...], Meta(max_length=20)]
SECTION: Final[Section[tuple[Plan, ...]]] = Section("plans", Plans, ())


class PaidPeriod(Struct, frozen=True, array_like=True):
    """A period that is paid for: its last local day, how many it has, its fee (`PaidFee`)."""

    last_on: str
    days: int
    fee: int
    paid_by: int = 0


class PaidFee(Struct, frozen=True, array_like=True):
    """A fee that was paid, in minor units, and the version of the event that reported it."""

    fee: int
    paid_by: int = 0


class Subscription(Struct, frozen=True, omit_defaults=True):
    """
    A member's plan in one programme.

    ``until_on`` is the last local day that is free or paid for, ``until`` the instant after it;
    ``state_until`` is when a trial, a grace or a pause ends.  Periods are counted from the local
    day ``first_on``: ``periods`` of them are paid, and ``paid`` are those that were not over when
    the last was.  ``following`` is the plan that takes its place after ``until_on``, with the fees
    ``ahead`` that are paid for it; one that is ``cancelled`` ends then.  It began with the event of
    version ``begun_by``.
    """

    plan: str
    state: State
    since_on: str
    first_on: str
    until_on: str
    until: Instant
    state_until: Instant | None = None
    periods: int = 0
    paid: tuple[PaidPeriod, ...] = ()
    following: str | None = None
    ahead: tuple[PaidFee, ...] = ()
    cancelled: bool = False
    begun_by: int = 0


#: By programme.
SUBSCRIPTIONS: Final = ProgressStore("plans", Subscription)


def plan_of(account: Account, programme: Programme) -> str | None:
    """Return the plan whose benefits a member has now: through trial and grace, in no pause."""
    held = SUBSCRIPTIONS.get(account, programme.id)
    return None if held is None or held.state == "paused" else held.plan


def due(account: Account) -> Instant | None:
    """Return when a period, a trial, a grace or a pause next ends."""
    return min(map(_due, SUBSCRIPTIONS.all(account).values()), default=None)


def _due(held: Subscription) -> Instant:
    return held.until if held.state_until is None else held.state_until


def renew(event: EventBuilder, programmes: Programmes) -> Data | None:
    """Begin the next period where it is paid, else the grace; end what the grace did not save."""
    account = event.before
    over = {
        programme_id: held
        for programme_id, held in SUBSCRIPTIONS.all(account).items()
        if _due(held) <= event.now
    }
    for programme_id, held in over.items():
        version = programmes.in_force(programme_id, event.now)
        if version is None:
            SUBSCRIPTIONS.drop(event, programme_id)
        else:
            _renew(event, version.document, held)
    return PlansRenewed(tuple(over)) if over else None


def _renew(event: EventBuilder, programme: Programme, held: Subscription) -> None:
    if held.state == "past_due":
        end_plan(event, programme)
        return
    if held.state == "paused":
        run_on(event, programme, held)
    else:
        go_on(event, programme, held)


def go_on(event: EventBuilder, programme: Programme, held: Subscription) -> None:
    """Begin the period that is paid for, else the grace, where what was paid for may be over."""
    if held.until <= event.now:
        if held.cancelled:
            end_plan(event, programme)
            return
        if held.following is not None:
            held = _followed(programme, held, plan_named(programme, held.following))
            hold_tier(event, programme, plan_named(programme, held.plan))
    if held.until > event.now:
        running = replace(held, state="active", state_until=None)
        SUBSCRIPTIONS.put(event, programme.id, running)
        return
    plan = plan_named(programme, held.plan)
    if plan.grace_days == 0:
        end_plan(event, programme)
        return
    today = calendar.local_date(event.now, programme.time_zone)
    grace = calendar.day_start(calendar.add_days(today, plan.grace_days), programme.time_zone)
    late = replace(held, state="past_due", state_until=grace, paid=())
    SUBSCRIPTIONS.put(event, programme.id, late)


def _followed(programme: Programme, held: Subscription, plan: Plan) -> Subscription:
    """Return the subscription under the plan that follows, with what is paid for that."""
    first = next_day(held).isoformat()
    following = replace(
        held, plan=plan.id, following=None, first_on=first, periods=0, paid=(), ahead=()
    )
    for each in held.ahead:
        following = with_period(programme, following, plan, each)
    return following


def run_on(event: EventBuilder, programme: Programme, held: Subscription) -> Subscription | None:
    """End a pause, and return the subscription as it runs on, ``None`` where it ends."""
    running = replace(held, state="active", state_until=None)
    SUBSCRIPTIONS.put(event, programme.id, running)
    hold_tier(event, programme, plan_named(programme, held.plan))
    if running.until <= event.now:
        # A fee of it went back meanwhile.
        go_on(event, programme, running)
    return SUBSCRIPTIONS.get(event.account, programme.id)


def next_day(held: Subscription) -> date:
    """Return the local day after all that is free or paid for."""
    return calendar.add_days(calendar.parse_date(held.until_on), 1)


def period_after(plan: Plan, first: date, periods: int) -> tuple[date, date]:
    """Return the first and the last day of the period that follows so many from a first day on."""
    begins = calendar.add_days(last_day(plan, first, periods), 1)
    return begins, last_day(plan, first, periods + 1)


def with_period(
    programme: Programme, held: Subscription, plan: Plan, paid: PaidFee
) -> Subscription:
    """Return a subscription with its next period paid for."""
    begins, last = period_after(plan, calendar.parse_date(held.first_on), held.periods)
    period = PaidPeriod(last.isoformat(), (last - begins).days + 1, paid.fee, paid.paid_by)
    return replace(
        held,
        periods=held.periods + 1,
        paid=(*held.paid, period),
        until_on=period.last_on,
        until=calendar.expiry_instant(last, programme.time_zone),
    )


def still_paid(programme: Programme, held: Subscription, now: Instant) -> tuple[PaidPeriod, ...]:
    """Return the periods that are paid for and not over."""
    today = calendar.local_date(now, programme.time_zone).isoformat()
    return tuple(each for each in held.paid if each.last_on >= today)


def fees_left(programme: Programme, held: Subscription, now: Instant) -> Iterator[tuple[int, int]]:
    """Yield what of each fee, by the event that reported it, is for days to come, today's too."""
    # What is paid for is not used up in a pause.
    after = held.state_until if held.state == "paused" else None
    day = calendar.local_date(now if after is None else after, programme.time_zone)
    for each in held.paid:
        days = min(max((calendar.parse_date(each.last_on) - day).days + 1, 0), each.days)
        yield each.paid_by, money.divide(each.fee * days, each.days, "half_up")
    for ahead in held.ahead:
        yield ahead.paid_by, ahead.fee


def prepaid_in(account: Account, programme: Programme, now: Instant) -> Iterator[PrepaidMoney]:
    """Yield what was paid for days of a plan that are still to come."""
    held = SUBSCRIPTIONS.get(account, programme.id)
    if held is None:
        return
    left = sum(part for _, part in fees_left(programme, held, now))
    if left:
        yield PrepaidMoney(programme.id, SECTION.name, held.plan, left)


def end(event: EventBuilder) -> None:
    """End every plan, where an account ends; the tiers that they brought end with it."""
    for programme_id in SUBSCRIPTIONS.all(event.account):
        SUBSCRIPTIONS.drop(event, programme_id)


def end_plan(event: EventBuilder, programme: Programme) -> None:
    """End a plan at once, with the tier that it brought."""
    SUBSCRIPTIONS.drop(event, programme.id)
    hold_tier(event, programme, None)


def hold_tier(event: EventBuilder, programme: Programme, plan: Plan | None) -> None:
    """Hold the tier that a plan brings, in place of the one that the plan before it brought."""
    # What holds a tier is not needed where plans are only looked at.
    from chalicelib.domain.mechanics import tier_overrides

    if plan is None or plan.tier is None:
        tier_overrides.lift_override(event, programme, "paid")
    else:
        tier_overrides.set_override(event, programme, "paid", plan.tier, None)


def last_day(plan: Plan, first: date, periods: int) -> date:
    """Return the last local day of so many periods from a first one on."""
    step = calendar.add_months if plan.period == "month" else calendar.add_years
    return calendar.add_days(step(first, periods), -1)


def plan_named(programme: Programme, plan_id: str) -> Plan:
    """Return the plan of that id; raises `NotFound` ``plan_not_found``."""
    plans = {plan.id: plan for plan in SECTION.of(programme)}
    if plan_id not in plans:
        raise none_such("plan", programme, plans)
    return plans[plan_id]


def known_plan(programme: Programme, plan_id: str, at: str) -> Iterator[Violation]:
    """Check the name of a plan that another part goes by."""
    there = [plan.id for plan in SECTION.of(programme)]
    if not there:
        yield Violation(at, "names a plan, but there is none: declare `plans`")
    yield from reference(plan_id, there, "plan", at)


def problems(programme: Programme) -> Iterator[Violation]:
    """Yield what is wrong with the plans of a document."""
    for place, plan in enumerate(SECTION.of(programme)):
        if plan.tier is not None:
            here = join("", SECTION.name, place, "tier")
            if programme.tiers is None:
                yield Violation(here, "names a tier, but there is none: declare them in `tiers`")
            yield from reference(plan.tier, tier_ids(programme), "tier", here)


def permanent(programme: Programme) -> Iterator[Permanent]:
    """Yield the ids that accounts may hold."""
    yield Permanent(f"/{SECTION.name}", [plan.id for plan in SECTION.of(programme)])


def succession(previous: Programme, following: Programme) -> Iterator[Violation]:
    """Yield the plans whose period a next version changes: what is paid for is counted by it."""
    periods = {plan.id: plan.period for plan in SECTION.of(previous)}
    for place, plan in enumerate(SECTION.of(following)):
        was = periods.get(plan.id, plan.period)
        if plan.period != was:
            detail = f"must stay {was}: members have paid for `{plan.id}` by the {was}; add a plan"
            yield Violation(join("", SECTION.name, place, "period"), detail)


def words(compose: Composer) -> Iterator[Description]:
    """Tell what each plan costs, and how it begins and ends."""
    for plan in SECTION.of(compose.programme):
        fee, tier = compose.money(plan.fee), plan.tier
        yield compose.describe(
            "plan",
            plan.id,
            plan.name,
            compose.message("plans-fee", name=plan.name, money=fee, period=plan.period),
            compose.message("plans-trial", days=plan.trial_days) if plan.trial_days else None,
            None if tier is None else compose.message("plans-tier", tier=compose.tier_name(tier)),
            compose.message("plans-grace", days=plan.grace_days),
            of=plan,
        )


MECHANIC: Final = Mechanic(
    turn=Turn.BRINGS,
    section=SECTION,
    due=due,
    ticks=((Phase.RENEW, renew),),
    closing=end,
    prepaid=prepaid_in,
    problems=problems,
    permanent=permanent,
    succession=succession,
    words=words,
)
