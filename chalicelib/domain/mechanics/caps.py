"""
Caps: how much one rule may give one member in a window, and how much of it is used.

What is used is counted in the account, in the window that the day of the activity is in.  What was
earned is counted beside it, by day, for as long as it cannot be transferred.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account, limit_counter
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import CounterChange
from chalicelib.domain.mechanics import expiry
from chalicelib.domain.programme.document import Cap, Currency, EarningRule, Programme, qualified
from chalicelib.domain.programme.section import has_section

#: How much the caps of a rule leave open for an award of so much; ``None`` for no limit.
Room = Callable[[EarningRule, int], int | None]


def _key(programme: Programme, rule: EarningRule, cap: Cap, day: date) -> str:
    """Return the counter of a cap in the window that a local day is in."""
    measure = "max" if cap.times is None else "times"
    bucket = calendar.window_key(day, cap.window)
    return limit_counter(programme.id, f"{rule.id}/{measure}/{cap.window}/{bucket}")


def _kept_until(programme: Programme, cap: Cap, day: date) -> Instant | None:
    """Return when a cap's counter may be forgotten: its window is closed to late activities too."""
    last = calendar.window_end(day, cap.window)
    if last is None:
        return None
    # One day more, since the back-date limit is counted in elapsed days and not in local ones.
    kept = calendar.add_days(last, programme.backdate_limit_days + 1)
    return calendar.expiry_instant(kept, programme.time_zone)


def open_room(account: Account, programme: Programme, day: date) -> Room:
    """Return the function that tells what a rule's caps leave open on a local day."""

    def used(rule: EarningRule, cap: Cap) -> int:
        return account.counter(_key(programme, rule, cap, day))

    return _room(used)


def room_again(
    account: Account, programme: Programme, day: date, now: Instant, had: Mapping[str, int]
) -> Room:
    """
    Return what caps leave open to an activity that is evaluated again.

    ``had`` is what it had of each rule: that is its own.  It takes no room that others have used
    since, and none of a window whose counter is forgotten by ``now``.
    """

    def used(rule: EarningRule, cap: Cap) -> int:
        own = had.get(rule.id, 0)
        until = _kept_until(programme, cap, day)
        if until is not None and until < now:
            return (cap.max or 0) - own if cap.times is None else cap.times - (own > 0)
        counted = account.counter(_key(programme, rule, cap, day))
        return counted - (own if cap.times is None else own > 0)

    return _room(used)


def _room(used_of: Callable[[EarningRule, Cap], int]) -> Room:
    def room(rule: EarningRule, raw: int) -> int | None:
        left: int | None = None
        for cap in rule.caps:
            used = 0 if cap.window == "activity" else used_of(rule, cap)
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


def count(
    event: EventBuilder, programme: Programme, rule: EarningRule, day: date, before: int, after: int
) -> None:
    """Move a rule's counters as its award for an activity goes from ``before`` to ``after``."""
    for cap in rule.caps:
        if cap.window == "activity":
            continue
        delta = after - before if cap.times is None else (after > 0) - (before > 0)
        key = _key(programme, rule, cap, day)
        if delta < 0:
            # A counter whose window is closed was forgotten: nothing to give back.
            delta = -min(-delta, event.account.counter(key))
        if delta:
            event.add(CounterChange(key, delta, _kept_until(programme, cap, day)))
    currency = programme.currency(rule.currency)
    if currency is not None and has_section(programme, "transfers"):
        _count_refundable(event, programme, currency, rule, day, after - before)


def _count_refundable(
    event: EventBuilder,
    programme: Programme,
    currency: Currency,
    rule: EarningRule,
    day: date,
    delta: int,
) -> None:
    """Count what a refund may still take back, by the day from which it is usable."""
    last = calendar.add_days(day, currency.refund_days)
    until = calendar.expiry_instant(last, programme.time_zone)
    if not currency.refund_days or until <= event.now:
        return
    usable_on = expiry.first_usable_day(currency, rule, day) or day
    key = f"{_refundable(qualified(programme.id, currency.id))}{usable_on}/{day}"
    if delta < 0:
        # What was earned under a version without such a wait was not counted.
        delta = -min(-delta, event.account.counter(key))
    if delta:
        event.add(CounterChange(key, delta, until))


def _refundable(currency: str) -> str:
    programme_id, _, currency_id = currency.partition("/")
    return f"refundable/{programme_id}/{currency_id}/"


def refundable(account: Account, currency: str, now: Instant, today: date) -> int:
    """
    Return how much of what is usable of a `programme/currency` a refund may still take back.

    What is pending is not part of it: it waits already.
    """
    prefix = _refundable(currency)
    return sum(
        counter.value
        for key, counter in account.counters.items()
        if key.startswith(prefix)
        and (counter.keep_until or now) > now
        and key[len(prefix) :].partition("/")[0] <= today.isoformat()
    )
