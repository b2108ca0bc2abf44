"""
How large a programme lets one account grow.

An account is one item, read and written as a whole, so what every member may accumulate is
bounded when a programme is written: lots and counters are estimated for a member who earns every
day and never redeems.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from chalicelib.domain.mechanics import discount_terms
from chalicelib.domain.mechanics.currencies import LONGEST, longest_life, longest_span
from chalicelib.domain.mechanics.discount_terms import OfferLimit
from chalicelib.domain.pointer import join
from chalicelib.domain.programme.document import Cap, Currency, EarningRule, Programme
from chalicelib.domain.programme.fields import Expiry, InactivityExpiry, RollingExpiry
from chalicelib.domain.violations import Violation

LOTS_MAX: Final = 100
COUNTERS_MAX: Final = 100

_ROUNDED: Final = {"month": 28, "quarter": 90, "half": 181, "year": 365}


def _lives_apart(expiry: Expiry, rules: list[EarningRule]) -> int | None:
    """For how many days lots that end apart may come to lie beside each other, if they do."""
    if not isinstance(expiry, InactivityExpiry):
        return longest_life(expiry)
    if expiry.first_life is not None:
        return longest_span(expiry.first_life)
    # What every activity prolongs ends together.
    kinds = {kind for rule in rules for kind in rule.on}
    return longest_span(expiry) if expiry.on and kinds - set(expiry.on) else None


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
    counters = counters_of(programme)
    if sum(counters.values()) > COUNTERS_MAX:
        largest = max(counters, key=lambda at: counters[at])
        yield Violation(
            largest,
            f"an account could hold {sum(counters.values())} counters of caps and limits, "
            f"{counters[largest]} of them for this; above {COUNTERS_MAX} it grows large: shorten "
            "`backdate_limit_days`, widen the window, or cap fewer rules",
        )


def lots_of(programme: Programme, currency: Currency) -> int:
    """Return how many lots of a currency an account could hold: usable and pending ones."""
    rules = [rule for rule in programme.earning if rule.currency == currency.id]
    delays = [
        currency.activation_delay_days
        if rule.activation_delay_days is None
        else rule.activation_delay_days
        for rule in rules
    ]
    pending = max(delays, default=0)
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


def counters_of(programme: Programme) -> dict[str, int]:
    """Return how many counters each rule and reward could keep, by its pointer."""
    kept = {}
    late = programme.backdate_limit_days + 2  # kept beyond its window for activities that come late
    for place, rule in enumerate(programme.earning):
        kept[join("/earning", place, "caps")] = sum(_windows(cap, late) for cap in rule.caps)
    for place, reward in enumerate(programme.rewards):
        kept[join("/rewards", place, "limits")] = len(reward.limits)
    for place, offer in enumerate(discount_terms.SECTION.of(programme).offers):
        windows = sum(_windows(limit, late) for limit in offer.limits)
        kept[join("/discounts/offers", place, "limits")] = windows
    return kept


def _windows(limit: Cap | OfferLimit, days: int) -> int:
    """Return how many windows of a limit have a day within so many."""
    if limit.window in ("activity", "order"):
        return 0
    return 1 if limit.window == "lifetime" else -(-days // LONGEST[limit.window]) + 1


def _award_days(rule: EarningRule, period: int) -> int:
    """On how many days of a period a rule could give something, as far as its caps say."""
    bounds = [
        cap.times * _windows(cap, period)
        for cap in rule.caps
        if cap.times is not None and cap.window != "activity"
    ]
    return min([period, *bounds])
