"""
How large a programme lets one account grow.

An account is one item, read and written as a whole, so what every member may accumulate is
bounded when a programme is written: lots and counters are estimated for a member who does
everything once a day and never redeems.  What of a lot expired unspent is counted for a year, in a
byte or two: for these counters the warning of lots stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from chalicelib.domain.decide import registry
from chalicelib.domain.decide.mechanic import Counted
from chalicelib.domain.ledger import calendar
from chalicelib.domain.mechanics import expiry
from chalicelib.domain.mechanics.currencies import longest_life, longest_span
from chalicelib.domain.pointer import join
from chalicelib.domain.programme.document import Currency, EarningRule, Programme
from chalicelib.domain.programme.fields import Expiry, InactivityExpiry, RollingExpiry
from chalicelib.domain.violations import Violation

LOTS_MAX: Final = 100
#: One takes some 3 to 7 bytes of the 8 KB above which an account is large.
COUNTERS_MAX: Final = 200

_ROUNDED: Final = {"month": 28, "quarter": 90, "half": 181, "year": 365}


def _lives_apart(policy: Expiry, rules: list[EarningRule]) -> int | None:
    """For how many days lots that end apart may come to lie beside each other, if they do."""
    if not isinstance(policy, InactivityExpiry):
        return longest_life(policy)
    if policy.first_life is not None:
        return longest_span(policy.first_life)
    # What every activity prolongs ends together.
    kinds = {kind for rule in rules for kind in rule.on}
    return longest_span(policy) if policy.on and kinds - set(policy.on) else None


def warnings(programme: Programme) -> Iterator[Violation]:
    """Yield where an account could hold more lots of a currency, or counters, than is wise."""
    for place, currency in enumerate(programme.currencies):
        lots = lots_of(programme, currency)
        if lots > LOTS_MAX:
            yield Violation(
                join("/currencies", place, "expiry"),
                f"an account could hold {lots} lots of {currency.id}, one for each day with an "
                f"award; above {LOTS_MAX} it grows large: a `fixed` expiry, such as 12-31, puts "
                "what is earned in a year into one or two",
            )
    found = list(counted(programme))
    total = sum(each.counters for each in found)
    if total > COUNTERS_MAX:
        largest = max(found, key=lambda each: each.counters)
        yield Violation(
            largest.pointer,
            f"an account could hold {total} counters, {largest.counters} of them for this; above "
            f"{COUNTERS_MAX} it grows large: {largest.fewer}",
        )


def counted(programme: Programme) -> Iterator[Counted]:
    """Yield how many counters an account could hold, as each mechanic says it of its own."""
    for mechanic in registry.in_document_order():
        if mechanic.counters is not None:
            yield from mechanic.counters(programme)


def lots_of(programme: Programme, currency: Currency) -> int:
    """Return how many lots of a currency an account could hold: usable and pending ones."""
    rules = [rule for rule in programme.earning if rule.currency == currency.id]
    pending = max((expiry.delay_of(currency, rule) for rule in rules), default=0)
    # Of one day there is one lot, whichever tier it was earned in.
    policies = (currency.expiry, *currency.tier_expiry.values())
    return max(_lots_under(policy, rules) for policy in policies) + pending


def _lots_under(policy: Expiry, rules: list[EarningRule]) -> int:
    life = _lives_apart(policy, rules)
    if life is None:
        return 2
    period = life + 1
    lots = min(period, sum(_award_days(rule, period) for rule in rules))
    first = policy.first_life if isinstance(policy, InactivityExpiry) else policy
    if isinstance(first, RollingExpiry) and first.round_up is not None:
        # Lots that end together are one; the first and the last period may be begun.
        lots = min(lots, period // _ROUNDED[first.round_up] + 2)
    return lots


def _award_days(rule: EarningRule, period: int) -> int:
    """On how many days of a period a rule could give something, as far as its caps say."""
    bounds = [
        cap.times * calendar.windows_within(period, cap.window)
        for cap in rule.caps
        if cap.times is not None and cap.window != "activity"
    ]
    return min([period, *bounds])
