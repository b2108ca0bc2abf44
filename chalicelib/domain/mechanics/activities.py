"""Recording an activity: every programme that the member has joined evaluates it, in one event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.decide import registry
from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import Decider
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Mechanic
from chalicelib.domain.decide.reaction import EarnContext
from chalicelib.domain.errors import Invalid
from chalicelib.domain.ledger import calendar, money
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.activity import VISIT, Activity, checked
from chalicelib.domain.ledger.bill import Bill
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import StatChange
from chalicelib.domain.ledger.events import ActivityRecorded, Evaluation, Outcome, RuleAward
from chalicelib.domain.mechanics import earning, metrics, tiers
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.scope import in_money_of
from chalicelib.domain.programme.versions import Programmes, ProgrammeVersion

# A reporter's clock may be a little ahead of ours; what it dates later than now happened now.
AHEAD_MS = 5 * 60_000
_DAY_MS = 86_400_000


class RecordActivity(Command, frozen=True):
    """
    Evaluate an activity and journal it.

    ``seen_at`` is the number of its location, where the tenant has it on its list.
    """

    activity: Activity
    seen_at: int = 0


class Verdict(Struct, frozen=True, omit_defaults=True):
    """
    What one programme made of an activity.

    A ``note`` says why it did not evaluate it at all, or that its money counted for nothing;
    ``barred`` are the lines that a law lets earn nothing.
    """

    programme: str
    version: int | None = None
    tier: str = ""
    rules: tuple[earning.Explained, ...] = ()
    note: str = ""
    barred: tuple[BarredLine, ...] = ()


class BarredLine(Struct, frozen=True, array_like=True):
    """A line, by its id, that the ``rule`` of a policy pack lets earn nothing; empty for all."""

    line: str
    rule: str


class Recorded(Struct, frozen=True):
    """What followed from an activity."""

    occurred_at: Instant
    verdicts: tuple[Verdict, ...]
    awards: tuple[RuleAward, ...]
    tier_changes: tuple[tiers.TierMoved, ...]
    outcomes: tuple[Outcome, ...] = ()


def record(decider: Decider, command: RecordActivity) -> Recorded:
    """
    Evaluate an activity and journal it, also where it earns nothing: simulation needs it.

    Each programme evaluates it by the version and the tier in force when it happened.
    """
    event = decider.event()
    if command.seen_at:
        from chalicelib.domain.mechanics import seen_at  # where a tenant has locations

        seen_at.note(event, command.seen_at)
    return record_in(event, decider.programmes, command.activity)


def record_in(
    event: EventBuilder,
    programmes: Programmes,
    activity: Activity,
    *,
    quote: str = "",
    bill: Bill | None = None,
) -> Recorded:
    """
    Evaluate an activity on top of what an event already does, and finish the event.

    ``quote`` and ``bill`` are those of a purchase which was quoted.
    """
    account, now = event.account, event.now
    money_at = "/currency" if activity.amount is None else "/amount/currency"
    activity = checked(activity)
    _check_time(account, programmes, activity, now)
    activity = replace(activity, occurred_at=min(activity.occurred_at, now))
    _check_money(activity, money_at)
    verdicts: list[Verdict] = []
    awards: list[RuleAward] = []
    evaluations: list[Evaluation] = []
    moves: list[tiers.TierMoved] = []
    for programme_id in sorted(account.enrolments):
        version = programmes.in_force(programme_id, activity.occurred_at)
        why_not = _not_judged(account, programmes, programme_id, version, activity, now)
        if version is None or why_not:
            verdicts.append(Verdict(programme_id, note=why_not))
            continue
        programme = version.document
        barred = registry.barred(event.account, programme, activity)
        counted, left_out = in_money_of(programme, _without(activity, barred))
        rules, given, evaluation = earning.award(event, programme, version.number, counted)
        verdict = Verdict(programme_id, version.number, evaluation.tier, rules, left_out)
        if barred:
            verdict, evaluation = _said(activity, barred, verdict, evaluation)
        verdicts.append(verdict)
        awards.extend(given)
        evaluations.append(evaluation)
        metrics.count(
            event,
            programme,
            counted,
            activities=int(not counted.is_barred),
            spend=counted.amount or 0,
            points=earned_by_currency(given),
        )
        day = activity.local_day(programme.time_zone)
        moved = tiers.climb(event, programme, day, activity.occurred_at)
        if moved is not None:
            moves.append(moved)
        versions = programmes.up_to(programme_id, now)
        context = EarnContext(programme, counted, evaluation.tier, versions, given)
        for mechanic in registry.answering(programme):
            if mechanic.reaction is not None and mechanic.reaction.apply is not None:
                event.outcome(mechanic.reaction.apply(event, context))
    event.add(StatChange(visits=int(activity.type == VISIT), activities=1))
    data = ActivityRecorded(activity.summary(), tuple(evaluations), tuple(awards), quote)
    recorded = event.record(
        data,
        occurred_at=activity.occurred_at,
        detail=replace(activity.detail(), bill=bill),
    )
    return Recorded(
        activity.occurred_at, tuple(verdicts), data.awards, tuple(moves), recorded.outcomes
    )


def _without(activity: Activity, barred: Mapping[str, str]) -> Activity:
    return replace(activity, barred=frozenset(barred)) if barred else activity


def _said(
    activity: Activity, barred: Mapping[str, str], verdict: Verdict, evaluation: Evaluation
) -> tuple[Verdict, Evaluation]:
    """Return the verdict and the evaluation with the lines that a law lets earn nothing."""
    ids = [line.id for line in activity.lines] or [""]
    places = tuple(place for place, name in enumerate(ids) if name in barred)
    lines = tuple(BarredLine(ids[place], barred[ids[place]]) for place in places)
    return replace(verdict, barred=lines), replace(evaluation, barred=places)


def earned_by_currency(awards: tuple[RuleAward, ...]) -> dict[str, int]:
    """Return what awards granted, by currency id."""
    totals: dict[str, int] = {}
    for award in awards:
        currency = award.currency.split("/")[1]
        totals[currency] = totals.get(currency, 0) + award.granted
    return totals


def _not_judged(
    account: Account,
    programmes: Programmes,
    programme_id: str,
    version: ProgrammeVersion | None,
    activity: Activity,
    now: Instant,
) -> str:
    current = programmes.in_force(programme_id, now)
    if version is None or current is None:
        return "no version of the programme was in force when this happened"
    days = current.document.backdate_limit_days
    if activity.occurred_at < now - days * _DAY_MS:
        return f"this happened more than {days} days ago, too late for this programme"
    joined_on = account.enrolments[programme_id].joined_on
    day = activity.local_day(version.document.time_zone).isoformat()
    if day < joined_on:
        return f"this happened on {day}, before the member joined on {joined_on}"
    return ""


def _check_time(account: Account, programmes: Programmes, activity: Activity, now: Instant) -> None:
    if activity.occurred_at > now + AHEAD_MS:
        raise Invalid(
            "occurred_in_future",
            f"The activity is dated {calendar.format_instant(activity.occurred_at)}, after now "
            f"({calendar.format_instant(now)}): report activities when they have happened.",
            errors=[{"pointer": "/occurred_at", "detail": "must not be in the future"}],
        )
    limits = [p.backdate_limit_days for p in _documents_in_force(account, programmes, now)]
    days = max(limits, default=None)
    if days is not None and activity.occurred_at < now - days * _DAY_MS:
        raise Invalid(
            "backdate_limit",
            f"The activity is dated {calendar.format_instant(activity.occurred_at)}; activities "
            f"are taken for {days} days. Use an adjustment for what is older.",
            errors=[{"pointer": "/occurred_at", "detail": f"must be within {days} days"}],
            limit_days=days,
        )


def _check_money(activity: Activity, at: str) -> None:
    if activity.money is None:
        return
    try:
        money.exponent(activity.money)
    except Invalid as unknown:
        errors = [{"pointer": at, "detail": unknown.message}]
        raise Invalid(unknown.code, unknown.message, errors=errors) from None


def _documents_in_force(account: Account, programmes: Programmes, at: Instant) -> list[Programme]:
    versions = [programmes.in_force(programme_id, at) for programme_id in account.enrolments]
    return [version.document for version in versions if version is not None]


MECHANIC: Final = Mechanic(
    handlers={RecordActivity: record},
)
