"""
Remainders that are carried: what a purchase has beyond its last full ``per`` counts for the next.

All that was counted by one rule is worth the same however it was cut into purchases.  So whatever
the order in which purchases are reported and refunded, there is as much in the end: an activity
gives what the sum is worth with it and not without it, and a refund takes back what the sum is
worth no more, also where that was given for another purchase.  The account keeps what is beyond the
last full ``per``, apart for each pair of terms: where a version changes them, counting begins anew.

A purchase brings its worth rounded down or up, and which of the two does depend on the order of
reports: the unit that a sum completes comes with the purchase that is told then.  So of one unit a
purchase, at most, three things may be those of another purchase than if all had been told in time:
its last day, the wait before it may be given away, and the day on which it counts as earned, by
which a tier may go.  To have these right too would take the sum of every day, and would move value
between lots that may be spent already.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import METRIC_MONTHS_KEPT, Account
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.effects import CounterChange, MetricChange
from chalicelib.domain.mechanics.remaining import Remaining, what_is_left
from chalicelib.domain.programme.document import AmountAward, EarningRule, Programme
from chalicelib.domain.programme.scope import basis, in_money_of

_MONTH: Final = len("2026-11")
_DAY: Final = len("2026-11-22")


def carried(account: Account, programme: Programme) -> dict[str, int]:
    """Return what is carried for each rule that carries, in minor units."""
    return {
        rule.id: account.counter(_key(programme, rule, rule.award))
        for rule in programme.earning
        if isinstance(rule.award, AmountAward) and rule.award.carry
    }


def worth(award: AmountAward, beyond: int, amount: int) -> int:
    """Return what so much more, or below zero less, is worth where so much is ``beyond``."""
    return _of_sum(award, beyond + amount) - _of_sum(award, beyond)


def _of_sum(award: AmountAward, amount: int) -> int:
    return amount * award.amount // award.per


def counted(programme: Programme, rule: EarningRule, activity: Activity) -> int:
    """Return what of an activity that meets a rule counts, in the programme's minor units."""
    found = basis(in_money_of(programme, activity)[0], rule.scope)
    return 0 if found is None else max(found.amount, 0)


def explained(rule: EarningRule, amount: int) -> str:
    """Return what is said of a sum of so much: what of it is carried."""
    per = _award(rule).per
    return f"{amount % per} of {per} is carried to the next" if amount % per else ""


def counted_down(
    programme: Programme,
    rule: EarningRule,
    activity: Activity,
    before: Remaining,
    after: Remaining,
    place: int,
) -> tuple[int, int]:
    """
    Return what of an activity counts before a reversal and after it, for the award at a place.

    What a refund has left is the most that counts from then on: where the till's own deduction
    comes back, the next refund does not take what nobody had been given for.
    """
    had = before.counted.get(place)
    if had is None:
        had = counted(programme, rule, activity)
    return had, min(had, counted(programme, rule, what_is_left(activity, after)))


def take_from_days(event: EventBuilder, move: MetricChange) -> None:
    """
    Take what was earned off the days that have it: the day of a move, then the latest of others.

    So no day and no month goes below zero, though what a sum is worth may have been given for a
    purchase of another day.  What was given in a month that is forgotten is taken of the sum alone.
    """
    today = calendar.local_date(event.now, "UTC")
    kept_from = calendar.add_months(today.replace(day=1), -METRIC_MONTHS_KEPT)
    buckets = event.account.metrics.get(move.metric, {})
    days = [(bucket[:_MONTH], bucket, n) for bucket, n in buckets.items() if len(bucket) == _DAY]
    rest = {bucket: n for bucket, n in buckets.items() if len(bucket) == _MONTH}
    for month, _, amount in days:
        rest[month] -= amount
    there = [*days, *((month, "", amount) for month, amount in rest.items())]
    if move.month < calendar.month_of(kept_from):
        there = []
    own, left = (move.month, move.day), -move.delta
    for month, day, amount in sorted(there, key=lambda each: (each[:2] == own, each), reverse=True):
        part = min(left, amount)
        left -= part
        if part:
            event.add(replace(move, month=month, day=day, delta=-part))
    if left:
        event.add(replace(move, month="", day="", delta=-left))


def lost(account: Account, programme: Programme, rule: EarningRule, back: int) -> int:
    """Return what the sum of a rule is worth no more without so much of it."""
    award = _award(rule)
    return -worth(award, account.counter(_key(programme, rule, award)), -back)


def count(event: EventBuilder, programme: Programme, rule: EarningRule, amount: int) -> None:
    """Count so much more, or below zero less, and keep what is beyond the last full ``per``."""
    award = _award(rule)
    key = _key(programme, rule, award)
    before = event.account.counter(key)
    delta = (before + amount) % award.per - before
    if delta:
        event.add(CounterChange(key, delta))


def _award(rule: EarningRule) -> AmountAward:
    if not isinstance(rule.award, AmountAward):
        raise TypeError(f"{rule.id} counts no money")
    return rule.award


def _key(programme: Programme, rule: EarningRule, award: AmountAward) -> str:
    # It is no limit that was used, so who comes back after closing does not bring it along.
    return f"carried/{programme.id}/{rule.id}/{award.amount}:{award.per}"
