"""Recording a fact: every programme that the member has joined judges it, in one entry."""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain import calendar
from chalicelib.domain.account import Account
from chalicelib.domain.activity import VISIT, Activity, checked
from chalicelib.domain.bill import Bill
from chalicelib.domain.calendar import Instant
from chalicelib.domain.commands import Command
from chalicelib.domain.decide.decider import Decider
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.effects import StatChange
from chalicelib.domain.errors import Invalid
from chalicelib.domain.ledger.events import ActivityRecorded, Evaluation, Outcome, RuleAward
from chalicelib.domain.mechanics import earning, registry, tiers
from chalicelib.domain.mechanics.mechanic import Mechanic
from chalicelib.domain.programme import Programme, Programmes, ProgrammeVersion
from chalicelib.domain.reaction import EarnContext

# A reporter's clock may be a little ahead of ours; what it dates later than now happened now.
AHEAD_MS = 5 * 60_000
_DAY_MS = 86_400_000


class RecordActivity(Command, frozen=True):
    """Judge an activity and journal it."""

    activity: Activity


class Verdict(Struct, frozen=True, omit_defaults=True):
    """What one programme made of a fact: a ``note`` where it did not judge it at all."""

    programme: str
    version: int | None = None
    tier: str = ""
    rules: tuple[earning.Explained, ...] = ()
    note: str = ""


class Recorded(Struct, frozen=True):
    """What followed from a fact."""

    occurred_at: Instant
    verdicts: tuple[Verdict, ...]
    awards: tuple[RuleAward, ...]
    tier_changes: tuple[tiers.TierMoved, ...]
    outcomes: tuple[Outcome, ...] = ()


def record(decider: Decider, command: RecordActivity) -> Recorded:
    """
    Judge a fact and journal it, also where it earns nothing: simulation needs it.

    Each programme judges it by the version and the tier in force when it happened.
    """
    return record_in(decider.event(), decider.programmes, command.activity)


def record_in(
    draft: EventBuilder,
    programmes: Programmes,
    activity: Activity,
    *,
    quote: str = "",
    bill: Bill | None = None,
) -> Recorded:
    """
    Judge a fact on top of what an entry already does, and finish the entry.

    ``quote`` and ``bill`` are those of a purchase which was quoted.
    """
    account, now = draft.account, draft.now
    activity = checked(activity)
    _check_time(account, programmes, activity, now)
    activity = replace(activity, occurred_at=min(activity.occurred_at, now))
    _check_money(account, programmes, activity)
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
        rules, given, evaluation = earning.award(draft, programme, version.number, activity)
        verdicts.append(Verdict(programme_id, version.number, evaluation.tier, rules))
        awards.extend(given)
        evaluations.append(evaluation)
        earning.count_metrics(
            draft,
            programme,
            activity,
            facts=1,
            spend=activity.amount or 0,
            points=earned_by_currency(given),
        )
        day = activity.local_day(programme.time_zone)
        moved = tiers.climb(draft, programme, day, activity.occurred_at)
        if moved is not None:
            moves.append(moved)
        context = EarnContext(programme, activity, evaluation.tier, given)
        for mechanic in registry.in_programme(programme):
            if mechanic.reaction is not None and mechanic.reaction.apply is not None:
                draft.outcome(mechanic.reaction.apply(draft, context))
    draft.add(StatChange(visits=int(activity.type == VISIT), activities=1))
    data = ActivityRecorded(activity.summary(), tuple(evaluations), tuple(awards), quote)
    event = draft.record(
        data,
        occurred_at=activity.occurred_at,
        detail=replace(activity.detail(), bill=bill),
    )
    return Recorded(
        activity.occurred_at, tuple(verdicts), data.awards, tuple(moves), event.outcomes
    )


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
    ruling = programmes.in_force(programme_id, now)
    if version is None or ruling is None:
        return "no version of the programme was in force when this happened"
    days = ruling.document.backdate_limit_days
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
            f"The fact is dated {calendar.format_instant(activity.occurred_at)}, after now "
            f"({calendar.format_instant(now)}): report facts when they have happened.",
            errors=[{"pointer": "/occurred_at", "detail": "must not be in the future"}],
        )
    limits = [p.backdate_limit_days for p in _current(account, programmes, now)]
    days = max(limits, default=None)
    if days is not None and activity.occurred_at < now - days * _DAY_MS:
        raise Invalid(
            "backdate_limit",
            f"The fact is dated {calendar.format_instant(activity.occurred_at)}; facts are taken "
            f"for {days} days. Use an adjustment for what is older.",
            errors=[{"pointer": "/occurred_at", "detail": f"must be within {days} days"}],
            limit_days=days,
        )


def _check_money(account: Account, programmes: Programmes, activity: Activity) -> None:
    if activity.money is None:
        return
    known = {p.money.currency for p in _current(account, programmes, activity.occurred_at)}
    if known and activity.money not in known:
        raise Invalid(
            "currency_mismatch",
            f"The fact is in {activity.money}; this member's programmes count "
            f"{', '.join(sorted(known))}.",
            errors=[
                {
                    "pointer": "/amount/currency",
                    "detail": f"must be one of: {', '.join(sorted(known))}",
                }
            ],
        )


def _current(account: Account, programmes: Programmes, at: Instant) -> list[Programme]:
    versions = [programmes.in_force(programme_id, at) for programme_id in account.enrolments]
    return [version.document for version in versions if version is not None]


MECHANIC: Final = Mechanic(
    handlers={RecordActivity: record},
)
