"""
Paid plans: a member pays a fee each month or year, and has what the plan brings while it runs.

Collecting the fee is another system's business; here it is reported as paid.  A subscription begins
with a trial, once in a programme, or with its first period paid.  When what is paid for is over and
no further fee was reported, it is past due, and still brings everything through a grace; then it
has ended.  A fee that comes in the grace pays for the period that has begun, so nobody gains days
by paying late.  A period is a month or a year from the first day on: from 31 January to the last of
February, then to 31 March.

Another plan takes its place at once or when the period ends.  What is then owed, or left over, is
stated by the days that remain, and never moved here: who collects fees settles it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Annotated, Final, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

from chalicelib.domain import calendar, money
from chalicelib.domain.account import Account
from chalicelib.domain.calendar import Instant
from chalicelib.domain.commands import Command
from chalicelib.domain.decide.decider import Decider
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.effects import CounterChange
from chalicelib.domain.errors import Conflict, NotFound
from chalicelib.domain.faults import Fault
from chalicelib.domain.ledger.events import (
    Data,
    Detail,
    PlanCancelled,
    PlanChanged,
    PlanFeePaid,
    PlansRenewed,
    PlanSubscribed,
)
from chalicelib.domain.mechanics import tiers
from chalicelib.domain.mechanics.mechanic import Mechanic, Phase, Turn
from chalicelib.domain.pointer import join
from chalicelib.domain.programme import Days, Id, Model, Programme, Programmes, Text
from chalicelib.domain.progress import ProgressStore
from chalicelib.domain.references import reference, tier_ids
from chalicelib.domain.section import Section

if TYPE_CHECKING:
    from chalicelib.domain.wording import Composer, Description

State = Literal["trial", "active", "past_due", "cancelled"]
When = Literal["now", "period_end"]


class Plan(Model, frozen=True):
    """
    What is paid for: ``fee`` minor units each ``period``.

    ``trial_days`` are free, once in a programme; ``grace_days`` follow a period that was not paid.
    Members of the plan hold ``tier``, whatever the metrics say; what they may use names the plan in
    `entitlements`.
    """

    id: Id
    name: Text
    period: Literal["month", "year"]
    fee: Annotated[int, Meta(ge=0, le=10**12)]
    trial_days: Days = 0
    grace_days: Annotated[int, Meta(ge=0, le=180)] = 7
    tier: Id | None = None


Plans = Annotated[tuple[Plan, ...], Meta(max_length=20)]
SECTION: Final[Section[tuple[Plan, ...]]] = Section("plans", Plans, ())


class Subscription(Struct, frozen=True, omit_defaults=True):
    """
    A member's plan in one programme.

    ``first_on`` is the local day on which paid periods begin and ``periods`` how many of them are
    paid; ``until_on`` is the last day that is paid for, or free, ``until`` the instant after it.
    ``grace_until`` is when it ends if no fee comes; ``following`` the plan that takes its place
    when the period ends, empty for none at all.
    """

    plan: str
    state: State
    since_on: str
    first_on: str
    until_on: str
    until: Instant
    periods: int = 0
    grace_until: Instant | None = None
    following: str | None = None


#: By programme.
SUBSCRIPTIONS: Final = ProgressStore("plans", Subscription)


class Subscribe(Command, frozen=True):
    """Begin a plan: with its trial where there was none yet, else with a first fee paid."""

    programme: str
    plan: str
    reference: str = ""


class PayFee(Command, frozen=True):
    """Report that a fee was paid: for the period that has begun unpaid, or for the next."""

    programme: str
    reference: str = ""


class ChangePlan(Command, frozen=True):
    """Take another plan, now or when the period ends."""

    programme: str
    plan: str
    when: When = "now"


class CancelPlan(Command, frozen=True):
    """End a plan, now or when the period ends."""

    programme: str
    when: When = "period_end"
    reason: str = ""


class Subscribed(Struct, frozen=True):
    """
    A subscription as it is after a command; None where it has ended.

    ``prorated`` is what the change makes owed (above zero) or leaves over (below), in minor units.
    """

    programme: str
    subscription: Subscription | None
    prorated: int = 0
    changed: bool = True


def subscribe(decider: Decider, command: Subscribe) -> Subscribed:
    """Begin a plan; refused where one runs."""
    account, now = decider.member, decider.now
    programme = decider.programme(command.programme)
    plan = _named(programme, command.plan)
    held = SUBSCRIPTIONS.get(account, programme.id)
    if held is not None:
        raise Conflict(
            "already_subscribed",
            f"This member has the plan {held.plan}: change it instead.",
            plan=held.plan,
            programme=programme.id,
        )
    draft = decider.event()
    today = calendar.local_date(now, programme.time_zone)
    trial = plan.trial_days if not account.counter(_trial(programme)) else 0
    first = calendar.add_days(today, trial)
    if trial:
        draft.add(CounterChange(_trial(programme), 1))
    last = calendar.add_days(first, -1) if trial else _last(plan, first, 1)
    begun = Subscription(
        plan=plan.id,
        state="trial" if trial else "active",
        since_on=today.isoformat(),
        first_on=first.isoformat(),
        until_on=last.isoformat(),
        until=calendar.expiry_instant(last, programme.time_zone),
        periods=0 if trial else 1,
    )
    SUBSCRIPTIONS.put(draft, programme.id, begun)
    _hold_tier(draft, programme, plan)
    draft.record(PlanSubscribed(programme.id, plan.id), detail=_reference(command.reference))
    return Subscribed(programme.id, begun)


def pay(decider: Decider, command: PayFee) -> Subscribed:
    """Lengthen what is paid for by one period."""
    account = decider.member
    programme = decider.programme(command.programme)
    held = _held(account, programme)
    plan = _named(programme, held.plan)
    first = calendar.parse_date(held.first_on)
    last = _last(plan, first, held.periods + 1)
    until = calendar.expiry_instant(last, programme.time_zone)
    paid = replace(
        held,
        periods=held.periods + 1,
        until_on=last.isoformat(),
        until=until,
        # A fee that is reported in the trial is for what follows it.
        state=held.state if held.state in ("trial", "cancelled") else "active",
        grace_until=None,
    )
    if held.state == "trial":
        paid = replace(paid, until_on=held.until_on, until=held.until)
    draft = decider.event()
    SUBSCRIPTIONS.put(draft, programme.id, paid)
    draft.record(PlanFeePaid(programme.id, plan.id), detail=_reference(command.reference))
    return Subscribed(programme.id, paid)


def change(decider: Decider, command: ChangePlan) -> Subscribed:
    """Take another plan, and state what is owed or left over for the days that remain."""
    account, now = decider.member, decider.now
    programme = decider.programme(command.programme)
    held = _held(account, programme)
    old, new = _named(programme, held.plan), _named(programme, command.plan)
    if old.id == new.id and held.following is None:
        return Subscribed(programme.id, held, changed=False)
    draft = decider.event()
    if command.when == "period_end":
        changed = replace(held, following=None if old.id == new.id else new.id)
        prorated = 0
    else:
        changed, prorated = _changed(programme, held, old, new, now)
    SUBSCRIPTIONS.put(draft, programme.id, changed)
    if command.when == "now":
        _hold_tier(draft, programme, new)
    draft.record(PlanChanged(programme.id, new.id, command.when, prorated))
    return Subscribed(programme.id, changed, prorated)


def _changed(
    programme: Programme, held: Subscription, old: Plan, new: Plan, now: Instant
) -> tuple[Subscription, int]:
    """Return the subscription under another plan from today on, and what that makes owed."""
    if held.state == "trial":
        return replace(held, plan=new.id, following=None), 0
    today = calendar.local_date(now, programme.time_zone)
    unused = _unused(programme, held, old, now)
    if old.period == new.period:
        share = _unused(programme, held, new, now)
        return replace(held, plan=new.id, following=None), share - unused
    # Another length of period: the new plan begins today with its own first period.
    last = _last(new, today, 1)
    begun = replace(
        held,
        plan=new.id,
        state="active",
        first_on=today.isoformat(),
        periods=1,
        until_on=last.isoformat(),
        until=calendar.expiry_instant(last, programme.time_zone),
        grace_until=None,
        following=None,
    )
    return begun, new.fee - unused


def _unused(programme: Programme, held: Subscription, plan: Plan, now: Instant) -> int:
    """Return the share of a plan's fee for the days that are paid for and still to come."""
    if held.state in ("trial", "past_due") or held.periods == 0:
        return 0
    today = calendar.local_date(now, programme.time_zone)
    first = calendar.parse_date(held.first_on)
    owed = 0
    for number in range(1, held.periods + 1):
        begins = first if number == 1 else calendar.add_days(_last(plan, first, number - 1), 1)
        last = _last(plan, first, number)
        left = (last - max(today, begins)).days + 1
        whole = (last - begins).days + 1
        owed += money.divide(plan.fee * max(min(left, whole), 0), whole, "half_up")
    return owed


def cancel(decider: Decider, command: CancelPlan) -> Subscribed:
    """End a plan, and state what is left over where it ends at once."""
    account, now = decider.member, decider.now
    programme = decider.programme(command.programme)
    held = _held(account, programme)
    draft = decider.event()
    when: When
    if command.when == "now" or held.state == "past_due":
        left = _unused(programme, held, _named(programme, held.plan), now)
        _end(draft, programme)
        told, when = Subscribed(programme.id, None, -left), "now"
    else:
        ending = replace(held, state="cancelled", following=None)
        if ending == held:
            return Subscribed(programme.id, held, changed=False)
        SUBSCRIPTIONS.put(draft, programme.id, ending)
        told, left, when = Subscribed(programme.id, ending), 0, "period_end"
    draft.record(PlanCancelled(programme.id, held.plan, when, command.reason, left))
    return told


def plan_of(account: Account, programme: Programme) -> str | None:
    """Return the plan whose benefits a member has now, through trial and grace."""
    held = SUBSCRIPTIONS.get(account, programme.id)
    return None if held is None else held.plan


def due(account: Account) -> Instant | None:
    """Return when a period, a trial or a grace next ends."""
    ends = (held.grace_until or held.until for held in SUBSCRIPTIONS.all(account).values())
    return min(ends, default=None)


def renew(draft: EventBuilder, programmes: Programmes) -> Data | None:
    """Begin the next period where it is paid, else the grace; end what the grace did not save."""
    account = draft.before
    over = {
        programme_id: held
        for programme_id, held in SUBSCRIPTIONS.all(account).items()
        if (held.grace_until or held.until) <= draft.now
    }
    for programme_id, held in over.items():
        version = programmes.in_force(programme_id, draft.now)
        if version is None:
            SUBSCRIPTIONS.drop(draft, programme_id)
        else:
            _renew(draft, version.document, held)
    return PlansRenewed(tuple(over)) if over else None


def _renew(draft: EventBuilder, programme: Programme, held: Subscription) -> None:
    if held.state == "cancelled" or held.grace_until is not None:
        _end(draft, programme)
        return
    if held.following is not None:
        plan = _named(programme, held.following)
        held = replace(
            held,
            plan=plan.id,
            following=None,
            first_on=calendar.local_date(draft.now, programme.time_zone).isoformat(),
            periods=0,
        )
        _hold_tier(draft, programme, plan)
    plan = _named(programme, held.plan)
    first = calendar.parse_date(held.first_on)
    if held.state == "trial" and held.periods:
        last = _last(plan, first, held.periods)
        until = calendar.expiry_instant(last, programme.time_zone)
        begun = replace(held, state="active", until_on=last.isoformat(), until=until)
        SUBSCRIPTIONS.put(draft, programme.id, begun)
        return
    today = calendar.local_date(draft.now, programme.time_zone)
    if plan.grace_days == 0:
        _end(draft, programme)
        return
    grace = calendar.day_start(calendar.add_days(today, plan.grace_days), programme.time_zone)
    SUBSCRIPTIONS.put(draft, programme.id, replace(held, state="past_due", grace_until=grace))


def end(draft: EventBuilder) -> None:
    """End every plan, where an account ends; the tier that it brought goes with the floors."""
    for programme_id in SUBSCRIPTIONS.all(draft.account):
        SUBSCRIPTIONS.drop(draft, programme_id)


def _end(draft: EventBuilder, programme: Programme) -> None:
    SUBSCRIPTIONS.drop(draft, programme.id)
    tiers.release(draft, programme, "paid")


def _hold_tier(draft: EventBuilder, programme: Programme, plan: Plan) -> None:
    if plan.tier is None:
        tiers.release(draft, programme, "paid")
    else:
        tiers.hold(draft, programme, "paid", plan.tier, None)


def _last(plan: Plan, first: date, periods: int) -> date:
    """Return the last local day of so many periods from a first one on."""
    step = calendar.add_months if plan.period == "month" else calendar.add_years
    return calendar.add_days(step(first, periods), -1)


def _reference(text: str) -> Detail | None:
    return Detail(note=text) if text else None


def _held(account: Account, programme: Programme) -> Subscription:
    held = SUBSCRIPTIONS.get(account, programme.id)
    if held is None:
        raise Conflict(
            "not_subscribed", f"This member has no plan of {programme.id}.", programme=programme.id
        )
    return held


def _named(programme: Programme, plan_id: str) -> Plan:
    for plan in SECTION.of(programme):
        if plan.id == plan_id:
            return plan
    raise NotFound("plan_not_found", f"{programme.id} has no such plan.")


def _trial(programme: Programme) -> str:
    return f"{programme.id}/trial"


def known(programme: Programme, plan_id: str, at: str) -> Iterator[Fault]:
    """Judge the name of a plan that another part goes by."""
    there = [plan.id for plan in SECTION.of(programme)]
    if not there:
        yield Fault(at, "names a plan, but there is none: declare `plans`")
    yield from reference(plan_id, there, "plan", at)


def problems(programme: Programme) -> Iterator[Fault]:
    """Faults of the plans of a document."""
    seen: set[str] = set()
    for place, plan in enumerate(SECTION.of(programme)):
        at = join("", SECTION.name, place)
        if plan.id in seen:
            yield Fault(join(at, "id"), f"`{plan.id}` is there twice: give it its own id")
        seen.add(plan.id)
        if plan.tier is not None:
            here = join(at, "tier")
            if programme.tiers is None:
                yield Fault(here, "names a tier, but there is none: declare them in `tiers`")
            yield from reference(plan.tier, tier_ids(programme), "tier", here)


def permanent(programme: Programme) -> dict[str, list[str]]:
    """Return the ids that accounts may hold."""
    return {f"/{SECTION.name}": [plan.id for plan in SECTION.of(programme)]}


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
        )


MECHANIC: Final = Mechanic(
    turn=Turn.BRINGS,
    section=SECTION,
    handlers={
        Subscribe: subscribe,
        PayFee: pay,
        ChangePlan: change,
        CancelPlan: cancel,
    },
    due=due,
    ticks=((Phase.RENEW, renew),),
    closing=end,
    problems=problems,
    permanent=permanent,
    words=words,
)
