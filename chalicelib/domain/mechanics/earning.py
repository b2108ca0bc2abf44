"""
Earning: which rules an activity meets, what each gives, and why the others give nothing.

A rule goes through its gates in a fixed order (`type`, `season`, `money`, `scope`, `condition`,
`award`), is kept within its least and its most, then meets its `caps`, then competes within its
group.  An award that is above `MAX_AMOUNT` after its caps is a slip, and gives nothing.  The same
evaluation serves a new activity, a dry run, and what is left of an activity after a reversal.

One module because an evaluation is one path through all of this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Counted, Mechanic
from chalicelib.domain.ledger import calendar, money
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.effects import PendingChange
from chalicelib.domain.ledger.events import Evaluation, RuleAward
from chalicelib.domain.ledger.lots import Lot
from chalicelib.domain.ledger.money import MAX_AMOUNT
from chalicelib.domain.ledger.postings import ISSUED, PENDING
from chalicelib.domain.mechanics import caps, expiry, value
from chalicelib.domain.mechanics.caps import Room
from chalicelib.domain.programme.document import (
    AmountAward,
    EarningRule,
    FixedAward,
    Programme,
    StackingMode,
    UnitAward,
    by_priority,
    carries,
    in_season,
    is_at,
    qualified,
)
from chalicelib.domain.programme.scope import Basis, basis
from chalicelib.domain.programme.section import derived

if TYPE_CHECKING:
    from chalicelib.domain.mechanics.rule_expressions import RuleExpressions
    from chalicelib.domain.programme.wording import Composer, Description
    from chalicelib.domain.violations import Violation

_DEFAULT_GROUP = ""


class Explained(Struct, frozen=True, omit_defaults=True):
    """What one rule did for an activity: ``granted`` of ``raw``, or why nothing."""

    rule: str
    currency: str
    matched: bool
    reason: str = ""
    raw: int = 0
    granted: int = 0
    room: int | None = None


class EligibilitySnapshot(Struct, frozen=True):
    """Who the member was on the day of the activity, and what rules have ``carried`` to it."""

    tier: str
    visits: int
    days_enrolled: int
    birthday_month: int = 0
    age_band: str = ""
    carried: dict[str, int] = {}


def evaluate(
    programme: Programme, activity: Activity, snapshot: EligibilitySnapshot, room: Room
) -> tuple[Explained, ...]:
    """
    Return what each rule of a programme gives for an activity, in the document's order.

    ``room(rule, raw)`` is how much the caps leave open for an award of ``raw``, ``None`` where
    nothing limits it.
    """
    if activity.barred and not activity.is_barred:
        # As if they were not there, for conditions and formulas too.
        lines = tuple(line for line in activity.lines if line.id not in activity.barred)
        activity = replace(activity, lines=lines, quantity=None, barred=frozenset())
    context = _Context(programme, activity, snapshot)
    outcomes = dict(_for_other_types(programme))
    matched: dict[str, list[EarningRule]] = {}
    for rule in programme.earning:
        if activity.type not in rule.on:
            continue
        outcomes[rule.id] = outcome = _evaluate_rule(rule, context)
        if outcome.matched:
            matched.setdefault(rule.group or _DEFAULT_GROUP, []).append(rule)
    modes: dict[str, StackingMode] = {group.id: group.mode for group in programme.groups}
    for group, contenders in matched.items():
        mode = modes.get(group, programme.stacking)
        contenders.sort(key=by_priority)
        for rule in contenders:
            outcomes[rule.id] = _capped(rule, outcomes[rule.id], room)
        left = [outcomes[rule.id] for rule in contenders if outcomes[rule.id].matched]
        for loser, reason in _losers(mode, left):
            outcomes[loser.rule] = replace(loser, granted=0, reason=reason)
    return tuple(outcomes.values())


@derived
def _for_other_types(programme: Programme) -> Mapping[str, Explained]:
    """Return what each rule makes of an activity of a type that it is not for."""
    rules = programme.earning
    return {rule.id: _skipped(rule, f"it is for {', '.join(rule.on)}") for rule in rules}


def _losers(mode: StackingMode, contenders: list[Explained]) -> Iterator[tuple[Explained, str]]:
    """Yield who gives nothing since another of the group does, and why."""
    if mode == "stack" or not contenders:
        return
    winner = contenders[0] if mode == "first" else max(contenders, key=_granted)
    if mode == "best" and not winner.granted:
        # Each says why it has no room.
        return
    for each in contenders:
        if each is not winner:
            how = "came first"
            if mode == "best":
                tie = each.granted == winner.granted
                how = "gave as much and came first" if tie else "gave more"
            yield each, f"the rule {winner.rule} {how}"


def _granted(outcome: Explained) -> int:
    return outcome.granted


def _capped(rule: EarningRule, outcome: Explained, room: Room) -> Explained:
    """Return what the caps leave of an award; nothing of one that is too large after them."""
    left = room(rule, outcome.raw)
    if left is not None and left < outcome.raw:
        reason = _joined(outcome.reason, _limited(rule, left, room))
        # No more of it than an award may be goes into the journal, whatever a formula came to.
        raw = min(outcome.raw, MAX_AMOUNT)
        return replace(outcome, raw=raw, granted=left, room=left, reason=reason)
    if outcome.raw > MAX_AMOUNT:
        reason = f"it comes to {outcome.raw}, and one award is at most {MAX_AMOUNT}"
        return Explained(outcome.rule, outcome.currency, matched=False, reason=reason)
    return replace(outcome, granted=outcome.raw, room=left)


def _limited(rule: EarningRule, left: int, room: Room) -> str:
    """Return what the caps leave, in words, though it may be nothing of this award."""
    if left:
        return f"its caps leave {left}"
    least = room(rule, 1)
    return (
        f"its caps leave {least}, and it gives all or nothing" if least else "its caps are used up"
    )


class _Context:
    """One activity as the rules of one programme see it."""

    def __init__(
        self, programme: Programme, activity: Activity, snapshot: EligibilitySnapshot
    ) -> None:
        self.programme = programme
        self.activity = activity
        self.snapshot = snapshot
        self.day = activity.local_day(programme.time_zone)

    @cached_property
    def time(self) -> str:
        """Return the local time of the activity, as ``HH:MM``."""
        return calendar.local_time(self.activity.occurred_at, self.programme.time_zone)

    @cached_property
    def expressions(self) -> RuleExpressions:
        """Return what evaluates expressions; the first one imports it, and the engine."""
        from chalicelib.domain.mechanics.rule_expressions import RuleExpressions
        from chalicelib.domain.programme.conditions import MemberInputs

        member = MemberInputs(
            tier=self.snapshot.tier,
            status="enrolled",  # a programme evaluates the activities of nobody else
            visits=self.snapshot.visits,
            days_enrolled=self.snapshot.days_enrolled,
            birthday_month=self.snapshot.birthday_month,
            age_band=self.snapshot.age_band,
        )
        return RuleExpressions(self.programme, self.activity, member, self.day, self.time)


def _evaluate_rule(rule: EarningRule, context: _Context) -> Explained:
    """Take a rule for such activities through its gates and award, before competition and caps."""
    counted = _counted(rule, context)
    if isinstance(counted, str):
        return _skipped(rule, counted)
    base = _base(rule, counted, context)
    if isinstance(base, str):
        return _skipped(rule, base)
    numerator, denominator, left_out = _factor(rule, counted, context)
    if carries(rule) and counted.amount > 0:
        # Also where it comes to nothing yet: what is counted adds up.
        from chalicelib.domain.mechanics import remainders

        beyond = context.snapshot.carried.get(rule.id, 0)
        reason = remainders.explained(rule, beyond + counted.amount)
        return Explained(rule.id, rule.currency, matched=True, reason=reason, raw=base[0])
    exact = base[0] * numerator
    comes_to = money.divide(exact, base[1] * denominator, rule.rounding)
    raw, bounded = _bounded(rule, comes_to, comes_to_anything=exact > 0)
    if raw <= 0:
        return _skipped(rule, _joined(left_out, "it comes to nothing"))
    reason = _joined(left_out, bounded)
    return Explained(rule.id, rule.currency, matched=True, reason=reason, raw=raw)


def _joined(*reasons: str) -> str:
    return "; ".join(filter(None, reasons))


def _skipped(rule: EarningRule, reason: str) -> Explained:
    return Explained(rule.id, rule.currency, matched=False, reason=reason)


def _bounded(rule: EarningRule, raw: int, *, comes_to_anything: bool) -> tuple[int, str]:
    """Return an award within the least and the most that its rule gives, and what that changed."""
    if rule.at_least is not None and raw < rule.at_least and comes_to_anything:
        return rule.at_least, f"it comes to {raw}, and it gives {rule.at_least} at least"
    if rule.at_most is not None and raw > rule.at_most:
        return rule.at_most, f"it comes to {raw}, and it gives {rule.at_most} at most"
    return raw, ""


def _counted(rule: EarningRule, context: _Context) -> Basis | str:
    """Return what a rule counts of an activity that passes its gates, or which gate stops it."""
    activity, unit = context.activity, context.programme.money.currency
    if not in_season(rule.valid_from, rule.valid_until, context.day):
        return f"{context.day} is outside its dates"
    if rule.recurs is not None:
        # Few rules recur.
        from chalicelib.domain.programme import recurrence

        if not recurrence.occurs(rule.recurs, context.day, context.time):
            return f"{context.day} {context.time} is none of the times at which it recurs"
    if not is_at(rule.locations, activity.within):
        return f"it is for {', '.join(rule.locations)}"
    if isinstance(rule.award, AmountAward) and activity.money not in (None, unit):
        return f"it counts {unit}, the activity is in {activity.money}"
    counted = basis(activity, rule.scope)
    if counted is None:
        return "the law lets it earn nothing" if activity.is_barred else "no line is in its scope"
    if rule.when is not None:
        holds, failure = context.expressions.holds(rule.when, counted)
        if not holds:
            return failure or "its condition does not hold"
    return counted


def _base(rule: EarningRule, counted: Basis, context: _Context) -> tuple[int, int] | str:
    """Return the award before factors as (numerator, denominator), or why there is none."""
    award = rule.award
    if isinstance(award, FixedAward):
        return award.amount, 1
    if isinstance(award, AmountAward) and award.carry:
        from chalicelib.domain.mechanics import remainders  # few rules carry

        beyond = context.snapshot.carried.get(rule.id, 0)
        return remainders.worth(award, beyond, max(counted.amount, 0)), 1
    if isinstance(award, AmountAward):
        return max(counted.amount, 0) * award.amount, award.per
    if isinstance(award, UnitAward):
        return max(counted.quantity, 0) * award.amount, award.per
    value, failure = context.expressions.yields(award.expression, counted)
    if value is None:
        return failure or "its formula yields nothing"
    return max(value, 0), 1


def _factor(rule: EarningRule, counted: Basis, context: _Context) -> tuple[int, int, str]:
    """
    Return the product of the multipliers that hold, as (numerator, denominator, what is left out).

    One whose condition cannot be evaluated does not hold: it is no reason to give nothing.
    """
    numerator, denominator = rule.tier_percent.get(context.snapshot.tier, 100), 100
    left_out = ""
    for place, multiplier in enumerate(rule.multipliers):
        holds, failure = True, ""
        if multiplier.when is not None:
            holds, failure = context.expressions.holds(multiplier.when, counted)
        if holds:
            numerator, denominator = numerator * multiplier.percent, denominator * 100
        else:
            why = failure or "its condition does not hold"
            left_out = _joined(left_out, f"without multipliers/{place}: {why}")
    return numerator, denominator, left_out


def award(
    event: EventBuilder, programme: Programme, version: int, activity: Activity
) -> tuple[tuple[Explained, ...], tuple[RuleAward, ...], Evaluation]:
    """
    Evaluate an activity by a programme and give what it earns.

    Returns the explanation of every rule, the awards to journal, and the snapshot by which the
    activity was evaluated.
    """
    account = event.account
    day = activity.local_day(programme.time_zone)
    snapshot = _snapshot(account, programme, activity, day)
    if _any_carries(programme):
        from chalicelib.domain.mechanics import remainders

        snapshot = replace(snapshot, carried=remainders.carried(account, programme))
    explained = evaluate(programme, activity, snapshot, caps.open_room(account, programme, day))
    awards = []
    for rule, outcome in zip(programme.earning, explained, strict=True):
        if outcome.matched:
            awards.append(_grant(event, programme, rule, outcome, activity, snapshot.tier))
            caps.count(event, programme, rule, day, 0, outcome.granted)
            if carries(rule):
                from chalicelib.domain.mechanics import remainders

                more = remainders.counted(programme, rule, activity)
                remainders.count(event, programme, rule, more)
    evaluation = Evaluation(programme.id, version, snapshot.tier, snapshot.visits)
    return explained, tuple(awards), evaluation


@derived
def _any_carries(programme: Programme) -> bool:
    return any(map(carries, programme.earning))


def snapshot_of(
    account: Account, programme: Programme, evaluation: Evaluation, activity: Activity
) -> EligibilitySnapshot:
    """
    Return the snapshot by which a programme evaluated a journaled activity.

    The birthday and the age bands are today's: the journal of an activity does not repeat them.
    """
    now = _snapshot(account, programme, activity, activity.local_day(programme.time_zone))
    return replace(now, tier=evaluation.tier, visits=evaluation.visits)


def _snapshot(
    account: Account, programme: Programme, activity: Activity, day: date
) -> EligibilitySnapshot:
    enrolment = account.enrolments[programme.id]
    joined = calendar.parse_date(enrolment.joined_on)
    return EligibilitySnapshot(
        tier=enrolment.tier_at(activity.occurred_at),
        visits=account.stats.visits,
        days_enrolled=max((day - joined).days, 0),
        birthday_month=_month_in(account.birthday),
        age_band=_age_band(account, programme, day),
    )


def _age_band(account: Account, programme: Programme, day: date) -> str:
    if not programme.age_bands:
        return ""
    from chalicelib.domain.mechanics import age_bands  # few programmes have any

    return age_bands.band_on(programme.age_bands, account.age_bands, day)


def _month_in(birthday: str) -> int:
    # What was stored long ago and is no day stops no activity.
    month = birthday[:2]
    return int(month) if month.isascii() and month.isdecimal() else 0


def _grant(
    event: EventBuilder,
    programme: Programme,
    rule: EarningRule,
    outcome: Explained,
    activity: Activity,
    tier: str,
) -> RuleAward:
    currency = programme.currency(rule.currency)
    if currency is None:
        raise AssertionError(f"validated: {rule.id} names a currency of the programme")
    day = activity.local_day(programme.time_zone)
    key = qualified(programme.id, rule.currency)
    term = expiry.earned(currency, tier, day, programme.time_zone, kind=activity.type)
    active_on = expiry.first_usable_day(currency, rule, day)
    active_at = None if active_on is None else calendar.day_start(active_on, programme.time_zone)
    if active_at is None or active_on is None or active_at <= event.now:
        active_at = active_on = None
    lot = Lot(outcome.granted, term.lot(), term.warn_at)
    if active_at is None:
        lot = value.as_it_lasts(event, key, lot)
    award = RuleAward(
        programme=programme.id,
        rule=rule.id,
        currency=key,
        raw=outcome.raw,
        granted=outcome.granted,
        room=outcome.room,
        lot=lot.key,
        active_at=active_at,
        active_on=None if active_on is None else active_on.isoformat(),
        warn_at=lot.warn_at,
    )
    _give(event, award, outcome.granted)
    return award


def _give(event: EventBuilder, award: RuleAward, amount: int) -> None:
    """Give an amount on the terms of an award: pending until it is active, else at once."""
    if amount == 0:
        return
    funder = award.lot.funder
    value.report_given(event, award.currency, amount, cause=award.rule, funder=funder)
    pending = award.pending
    if pending is not None:
        event.post(ISSUED.of(funder), PENDING, award.currency, amount)
        event.add(PendingChange(award.currency, amount, pending, award.warn_at))
    else:
        lot = Lot(amount, award.lot, award.warn_at)
        value.credit_lot(event, award.currency, lot, source=ISSUED)


def problems(programme: Programme) -> Iterator[Violation]:
    """Yield what is wrong with the earning rules of a document, and with what they name."""
    from chalicelib.domain.mechanics import earning_rules

    yield from earning_rules.problems(programme)


def counters(programme: Programme) -> Iterator[Counted]:
    """Yield what is counted of caps, and carried, for each rule."""
    from chalicelib.domain.mechanics import earning_rules

    yield from earning_rules.counters(programme)


def words(compose: Composer) -> Iterator[Description]:
    """Tell what each rule gives, and all that limits it."""
    from chalicelib.domain.mechanics import earning_words

    yield from earning_words.words(compose)


MECHANIC: Final = Mechanic(problems=problems, words=words, counters=counters)
