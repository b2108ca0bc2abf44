"""
Earning: which rules a fact meets, what each gives, and why the others give nothing.

A rule goes through its gates in a fixed order (`type`, `season`, `money`, `scope`, `condition`,
`award`), then competes within its group, then meets its caps.  The same evaluation judges a new
fact, a dry run, and what is left of a fact after a reversal.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain import calendar, money, recurrence
from chalicelib.domain.account import Account, Enrolment
from chalicelib.domain.activity import Activity, Basis, basis, units
from chalicelib.domain.calendar import Instant
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.effects import CounterChange, MetricChange, PendingChange
from chalicelib.domain.ledger.events import Evaluation, RuleAward
from chalicelib.domain.ledger.postings import ISSUED, PENDING
from chalicelib.domain.lots import Lot
from chalicelib.domain.mechanics import value
from chalicelib.domain.programme import (
    AmountAward,
    Cap,
    EarningRule,
    FixedAward,
    Programme,
    StackingMode,
    UnitAward,
    qualified,
)

if TYPE_CHECKING:
    from chalicelib.domain.conditions import Scope

# More than this for one fact is a slip in a formula, not an award.
AWARD_MAX = 10**9
_DEFAULT_GROUP = ""
#: Windows of ladders that may begin on any day of the year.
BY_DAY = frozenset({"anniversary", "rolling"})


class Explained(Struct, frozen=True, omit_defaults=True):
    """What one rule did for a fact: ``granted`` of ``raw``, or why nothing."""

    rule: str
    currency: str
    matched: bool
    reason: str = ""
    raw: int = 0
    granted: int = 0
    room: int | None = None


class Standing(Struct, frozen=True):
    """Who the member was on the day of the fact."""

    tier: str
    visits: int
    days_enrolled: int


Room = Callable[[EarningRule, int], int | None]


def evaluate(
    programme: Programme, activity: Activity, standing: Standing, room: Room
) -> tuple[Explained, ...]:
    """
    Return what each rule of a programme gives for a fact, in the document's order.

    ``room(rule, raw)`` is how much the caps leave open for an award of ``raw``, ``None`` where
    nothing limits it.
    """
    context = _Context(programme, activity, standing)
    outcomes = {rule.id: _judge(rule, context) for rule in programme.earning}
    modes: dict[str, StackingMode] = {group.id: group.mode for group in programme.groups}
    modes[_DEFAULT_GROUP] = programme.stacking
    for group, mode in modes.items():
        contenders = [
            rule
            for rule in programme.earning
            if (rule.group or _DEFAULT_GROUP) == group and outcomes[rule.id].matched
        ]
        contenders.sort(key=_by_priority)
        for rule in contenders:
            outcomes[rule.id] = _capped(outcomes[rule.id], room(rule, outcomes[rule.id].raw))
        for loser, reason in _losers(mode, [outcomes[rule.id] for rule in contenders]):
            outcomes[loser.rule] = replace(loser, granted=0, reason=reason)
    return tuple(outcomes[rule.id] for rule in programme.earning)


def _by_priority(rule: EarningRule) -> int:
    # Sorting is stable: among equals the document's order decides.
    return -rule.priority


def _losers(mode: StackingMode, contenders: list[Explained]) -> list[tuple[Explained, str]]:
    if mode == "stack" or len(contenders) <= 1:
        return []
    winner = contenders[0] if mode == "first" else max(contenders, key=_granted)
    word = "came first" if mode == "first" else "gave more"
    return [(c, f"the rule {winner.rule} {word}") for c in contenders if c is not winner]


def _granted(outcome: Explained) -> int:
    return outcome.granted


def _capped(outcome: Explained, room: int | None) -> Explained:
    if room is None or room >= outcome.raw:
        return replace(outcome, granted=outcome.raw, room=room)
    reason = f"its caps leave {room}" if room else "its caps are used up"
    return replace(outcome, granted=room, room=room, reason=reason)


class _Context:
    """One fact as the rules of one programme see it; what expressions read is built once."""

    def __init__(self, programme: Programme, activity: Activity, standing: Standing) -> None:
        self.programme = programme
        self.activity = activity
        self.standing = standing
        self.day = activity.local_day(programme.time_zone)
        self.time = calendar.local_time(activity.occurred_at, programme.time_zone)
        self._values: dict[str, Any] | None = None

    @cached_property
    def _scope(self) -> Scope:
        from chalicelib.domain import conditions

        return conditions.scope(tuple(sorted(self.programme.attributes.items())))

    def _seen(self, counted: Basis) -> dict[str, Any]:
        """Return what an expression may read, with what the rule's scope counts."""
        if self._values is None:
            self._values = self._build()
        return {
            **self._values,
            "counted.amount": counted.amount,
            "counted.quantity": counted.quantity,
        }

    def holds(self, expression: str, counted: Basis) -> tuple[bool, str]:
        """Evaluate a condition; a failed evaluation does not hold, and says why."""
        # Only where there is an expression: the first one imports the engine.
        from chalicelib.domain import conditions

        compiled = conditions.compile_condition(expression, self._scope)
        outcome = compiled.evaluate(self._seen(counted))
        return outcome.value is True, outcome.failure or ""

    def yields(self, formula: str, counted: Basis) -> tuple[int | None, str]:
        """Evaluate a formula; a failed evaluation yields nothing, and says why."""
        from chalicelib.domain import conditions

        compiled = conditions.compile_formula(formula, self._scope)
        outcome = compiled.evaluate(self._seen(counted))
        return outcome.value, outcome.failure or ""

    def _build(self) -> dict[str, Any]:
        from chalicelib.domain import conditions

        activity, standing = self.activity, self.standing
        return conditions.activity_values(
            conditions.ActivityFacts(
                type=activity.type,
                date=self.day,
                time=self.time,
                source=activity.source,
                channel=activity.channel,
                location=activity.location,
                provider=activity.provider,
                category=activity.category,
                currency=activity.money or "",
                amount=activity.amount or 0,
                quantity=units(activity),
            ),
            conditions.MemberFacts(
                tier=standing.tier,
                status="enrolled",  # a programme judges the facts of nobody else
                visits=standing.visits,
                days_enrolled=standing.days_enrolled,
            ),
            [(line.sku, line.category, line.amount, line.quantity) for line in activity.lines],
            activity.attributes,
        )


def _judge(rule: EarningRule, context: _Context) -> Explained:
    """Take one rule through its gates and its award, before competition and caps."""

    def skipped(reason: str) -> Explained:
        return Explained(rule.id, rule.currency, matched=False, reason=reason)

    counted = _counted(rule, context)
    if isinstance(counted, str):
        return skipped(counted)
    base = _base(rule, counted, context)
    if isinstance(base, str):
        return skipped(base)
    factor = _factor(rule, counted, context)
    raw = money.divide(base[0] * factor[0], base[1] * factor[1], rule.rounding)
    if raw <= 0:
        return skipped("it comes to nothing")
    if raw > AWARD_MAX:
        return skipped(f"it comes to {raw}, more than {AWARD_MAX}: look at its formula")
    return Explained(rule.id, rule.currency, matched=True, raw=raw)


def _counted(rule: EarningRule, context: _Context) -> Basis | str:
    """Return what a rule counts of a fact that passes its gates, or which gate stops it."""
    activity, unit = context.activity, context.programme.money.currency
    if activity.type not in rule.on:
        return f"it is for {', '.join(rule.on)}"
    if not in_season(rule.valid_from, rule.valid_until, context.day):
        return f"{context.day} is outside its dates"
    if rule.recurs is not None and not recurrence.occurs(rule.recurs, context.day, context.time):
        return f"{context.day} {context.time} is none of the times at which it recurs"
    if isinstance(rule.award, AmountAward) and activity.money not in (None, unit):
        return f"it counts {unit}, the fact is in {activity.money}"
    counted = basis(activity, rule.scope)
    if counted is None:
        return "no line is in its scope"
    if rule.when is not None:
        holds, failure = context.holds(rule.when, counted)
        if not holds:
            return failure or "its condition does not hold"
    return counted


def in_season(valid_from: str | None, valid_until: str | None, day: date) -> bool:
    """Tell whether a local day is within two ISO dates, both included, either open."""
    text = day.isoformat()
    return (valid_from or text) <= text <= (valid_until or text)


def _base(rule: EarningRule, counted: Basis, context: _Context) -> tuple[int, int] | str:
    """Return the award before factors as (numerator, denominator), or why there is none."""
    award = rule.award
    if isinstance(award, FixedAward):
        return award.amount, 1
    if isinstance(award, AmountAward):
        return max(counted.amount, 0) * award.amount, award.per
    if isinstance(award, UnitAward):
        return max(counted.quantity, 0) * award.amount, award.per
    value, failure = context.yields(award.expression, counted)
    if value is None:
        return failure or "its formula yields nothing"
    return max(value, 0), 1


def _factor(rule: EarningRule, counted: Basis, context: _Context) -> tuple[int, int]:
    """
    Return the product of the multipliers that hold, as (numerator, denominator).

    One whose condition cannot be evaluated does not hold: it is no reason to give nothing.
    """
    numerator, denominator = rule.tier_percent.get(context.standing.tier, 100), 100
    for multiplier in rule.multipliers:
        if multiplier.when is not None and not context.holds(multiplier.when, counted)[0]:
            continue
        numerator, denominator = numerator * multiplier.percent, denominator * 100
    return numerator, denominator


# ── Caps ──


def cap_key(programme: Programme, rule: EarningRule, cap: Cap, day: date) -> str:
    """Return the counter of a cap in the window that a local day is in."""
    measure = "max" if cap.times is None else "times"
    bucket = calendar.window_key(day, cap.window)
    return f"{programme.id}/{rule.id}/{measure}/{cap.window}/{bucket}"


def cap_kept_until(programme: Programme, cap: Cap, day: date) -> Instant | None:
    """Return when a cap's counter may be forgotten: no late fact can meet its window any more."""
    last = calendar.window_end(day, cap.window)
    if last is None:
        return None
    # One day more, since the back-date limit is counted in elapsed days and not in local ones.
    kept = calendar.add_days(last, programme.backdate_limit_days + 1)
    return calendar.expiry_instant(kept, programme.time_zone)


def open_room(account: Account, programme: Programme, day: date) -> Room:
    """Return the function that tells what a rule's caps leave open on a local day."""

    def room(rule: EarningRule, raw: int) -> int | None:
        left: int | None = None
        for cap in rule.caps:
            used = 0
            if cap.window != "fact":
                used = account.counter(cap_key(programme, rule, cap, day))
            if cap.times is not None:
                allowed = raw if used < cap.times else 0
            else:
                allowed = max((cap.max or 0) - used, 0)
                if cap.on_exceed == "reject" and allowed < raw:
                    allowed = 0
            if allowed < raw or cap.max is not None:
                left = allowed if left is None else min(left, allowed)
        return left

    return room


def count_caps(
    draft: EventBuilder, programme: Programme, rule: EarningRule, day: date, before: int, after: int
) -> None:
    """Move a rule's counters as its award for a fact goes from ``before`` to ``after``."""
    for cap in rule.caps:
        if cap.window == "fact":
            continue
        delta = after - before if cap.times is None else (after > 0) - (before > 0)
        key = cap_key(programme, rule, cap, day)
        if delta < 0:
            # A counter whose window no fact can meet any more was forgotten; nothing to give back.
            delta = -min(-delta, draft.account.counter(key))
        if delta:
            draft.add(CounterChange(key, delta, cap_kept_until(programme, cap, day)))


# ── Granting ──


def award(
    draft: EventBuilder, programme: Programme, version: int, activity: Activity
) -> tuple[tuple[Explained, ...], tuple[RuleAward, ...], Evaluation]:
    """
    Judge a fact by a programme and give what it earns.

    Returns the explanation of every rule, the awards to journal, and the standing by which the
    fact was judged.
    """
    account = draft.account
    day = activity.local_day(programme.time_zone)
    standing = _standing(account, account.enrolments[programme.id], activity, day)
    explained = evaluate(programme, activity, standing, open_room(account, programme, day))
    rules = {rule.id: rule for rule in programme.earning}
    awards = []
    for outcome in explained:
        if outcome.matched:
            rule = rules[outcome.rule]
            awards.append(_grant(draft, programme, rule, outcome, activity))
            count_caps(draft, programme, rule, day, 0, outcome.granted)
    evaluation = Evaluation(programme.id, version, standing.tier, standing.visits)
    return explained, tuple(awards), evaluation


def standing_of(
    account: Account, evaluation: Evaluation, activity: Activity, time_zone: str
) -> Standing:
    """Return the standing by which a journaled fact was judged."""
    day = activity.local_day(time_zone)
    joined = calendar.parse_date(account.enrolments[evaluation.programme].joined_on)
    return Standing(evaluation.tier, evaluation.visits, max((day - joined).days, 0))


def _standing(account: Account, enrolment: Enrolment, activity: Activity, day: date) -> Standing:
    joined = calendar.parse_date(enrolment.joined_on)
    return Standing(
        tier=enrolment.tier_at(activity.occurred_at),
        visits=account.stats.visits,
        days_enrolled=max((day - joined).days, 0),
    )


def _grant(
    draft: EventBuilder,
    programme: Programme,
    rule: EarningRule,
    outcome: Explained,
    activity: Activity,
) -> RuleAward:
    currency = programme.currency(rule.currency)
    if currency is None:
        raise AssertionError(f"validated: {rule.id} names a currency of the programme")
    day = activity.local_day(programme.time_zone)
    key = qualified(programme.id, rule.currency)
    term = value.term(currency.expiry, day, programme.time_zone, currency.expiry_warning_days)
    active_on = value.activation(currency, rule.activation_delay_days, day)
    active_at = None if active_on is None else calendar.day_start(active_on, programme.time_zone)
    if active_at is None or active_on is None or active_at <= draft.now:
        active_at = active_on = None
    result = RuleAward(
        programme=programme.id,
        rule=rule.id,
        currency=key,
        raw=outcome.raw,
        granted=outcome.granted,
        room=outcome.room,
        lot=term.lot(),
        active_at=active_at,
        active_on=None if active_on is None else active_on.isoformat(),
        warn_at=term.warn_at,
    )
    give(draft, result, outcome.granted)
    return result


def give(draft: EventBuilder, award: RuleAward, amount: int) -> None:
    """Give an amount on the terms of an award: pending until it is active, else at once."""
    if amount == 0:
        return
    funder = award.lot.funder
    value.give(draft, award.currency, amount, cause=award.rule, funder=funder)
    pending = award.pending
    if pending is not None:
        draft.post(ISSUED.of(funder), PENDING, award.currency, amount)
        draft.add(PendingChange(award.currency, amount, pending, award.warn_at))
    else:
        lot = Lot(amount, award.lot, award.warn_at)
        value.credit_lot(draft, award.currency, lot, source=ISSUED)


# ── Qualifying metrics ──


def metric_key(programme_id: str, metric: str, of: str | None = None) -> str:
    """
    Return the key of a metric in an account.

    ``points_earned`` has one for each currency ``of`` which they are, ``events`` one for each kind
    of fact.
    """
    base = f"{programme_id}/{metric}"
    return base if of is None else f"{base}/{of}"


def count_metrics(
    draft: EventBuilder,
    programme: Programme,
    activity: Activity,
    *,
    facts: int,
    spend: int,
    points: dict[str, int],
) -> None:
    """
    Move the qualifying metrics in the month of a fact, and on its day where the ladder needs it.

    ``facts`` is 1 for a fact that comes and -1 for one that is taken back; ``points`` are by
    currency id.
    """
    local = activity.local_day(programme.time_zone)
    month = calendar.month_of(local)
    day = local.isoformat() if programme.tiers and programme.tiers.window in BY_DAY else ""
    metrics = programme.metrics
    moves = [(metric_key(programme.id, "points_earned", c), n) for c, n in sorted(points.items())]
    if activity.type in metrics.visits_on:
        moves.append((metric_key(programme.id, "visits"), facts))
    if activity.type in metrics.spend_on and activity.money == programme.money.currency:
        moves.append((metric_key(programme.id, "spend"), spend))
    if activity.type in metrics.referrals_on:
        moves.append((metric_key(programme.id, "referrals"), facts))
    if activity.type in _events(programme):
        moves.append((metric_key(programme.id, "events", activity.type), facts))
    for metric, delta in moves:
        if delta:
            draft.add(MetricChange(metric, month, delta, day))


def _events(programme: Programme) -> set[str | None]:
    levels = programme.tiers.levels if programme.tiers else ()
    needs = [level.qualify for level in levels if level.qualify is not None]
    return {each.on for need in needs for each in (*need.all, *need.any) if each.on is not None}
