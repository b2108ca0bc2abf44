"""
Expiry: how long value lasts under a currency's policy, and from which day it is usable.

Days are those of the programme's time zone.
"""

from __future__ import annotations

from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.errors import Invalid
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.lots import NEVER_EXPIRES, Lot, LotKey
from chalicelib.domain.programme.document import Currency, EarningRule, Programme
from chalicelib.domain.programme.fields import (
    Expiry,
    FixedExpiry,
    InactivityExpiry,
    NeverExpires,
    RollingExpiry,
)
from chalicelib.domain.programme.versions import Programmes


class Term(Struct, frozen=True):
    """
    How long value lasts: usable through ``expires_on``, gone at ``expires_at``.

    At ``warn_at`` the member is warned, where the currency announces expiry.
    """

    expires_at: Instant | None = None
    expires_on: str | None = None
    warn_at: Instant | None = None

    def lot(self, like: LotKey = NEVER_EXPIRES) -> LotKey:
        """Return the key of the lot that value of this term is of, ``like`` another but for it."""
        return replace(like, expires_at=self.expires_at, expires_on=self.expires_on)

    def opens(self, amount: int, like: LotKey = NEVER_EXPIRES, *, since: Instant = 0) -> Lot:
        """Return a lot of this term, ``like`` another but for it."""
        return Lot(amount, self.lot(like), self.warn_at, since)


NEVER = Term()


def term(policy: Expiry, day: date, time_zone: str, warning_days: int | None = None) -> Term:
    """Return how long value of an activity on ``day`` lasts under a currency's policy."""
    last = _last_day(policy, day)
    return NEVER if last is None else until(last, time_zone, warning_days)


def earned(currency: Currency, tier: str, day: date, time_zone: str, *, kind: str = "") -> Term:
    """
    Return how long value lasts that is earned in a tier on ``day``, and when that is said.

    Where it is earned by an activity, of a ``kind``, that may let it last longer itself.
    """
    policy = currency.tier_expiry.get(tier, currency.expiry)
    last = _last_day(policy, day)
    if isinstance(policy, InactivityExpiry) and last and kind in (policy.on or (kind or None,)):
        last = max(last, day_after(policy, day))
    return NEVER if last is None else until(last, time_zone, currency.expiry_warning_days)


def today(programme: Programme, currency: Currency, account: Account, now: Instant) -> Term:
    """Return how long value of a currency lasts that comes now: as if it were earned now."""
    enrolment = account.enrolments.get(programme.id)
    tier = "" if enrolment is None else enrolment.tier
    day = calendar.local_date(now, programme.time_zone)
    return earned(currency, tier, day, programme.time_zone)


def least_life(programmes: Programmes, currency: str, now: Instant) -> Term:
    """
    Return how long what comes back of a `programme/currency` lasts at least, `NEVER` for no rule.

    It is the same whichever way value comes back: by a refund, a cancellation or a release.
    """
    programme_id, _, currency_id = currency.partition("/")
    version = programmes.in_force(programme_id, now)
    found = version.document.currency(currency_id) if version else None
    if version is None or found is None or not found.restored_life_days:
        return NEVER
    today = calendar.local_date(now, version.document.time_zone)
    last = calendar.add_days(today, found.restored_life_days)
    return until(last, version.document.time_zone, found.expiry_warning_days)


def until(last: date, time_zone: str, warning_days: int | None = None) -> Term:
    """
    Return the term of value that is usable through the local day ``last``.

    It is announced at the start of the local day ``warning_days`` before.
    """
    warn_at = None
    if warning_days is not None:
        warn_at = calendar.day_start(calendar.add_days(last, -warning_days), time_zone)
    return Term(calendar.expiry_instant(last, time_zone), last.isoformat(), warn_at)


def _last_day(policy: Expiry, day: date) -> date | None:
    if isinstance(policy, NeverExpires):
        return None
    if isinstance(policy, FixedExpiry):
        return _fixed_day(policy, day)
    if isinstance(policy, InactivityExpiry):
        # What activities add to it: see `inactivity`.
        first = policy.first_life
        return day_after(policy, day) if first is None else _last_day(first, day)
    last = day_after(policy, day)
    return last if policy.round_up is None else _period_end(last, policy.round_up)


def day_after(policy: RollingExpiry | InactivityExpiry, day: date) -> date:
    """Return the day that is so long after another."""
    if policy.days is not None:
        return calendar.add_days(day, policy.days)
    if policy.months is not None:
        return calendar.add_months(day, policy.months)
    return calendar.add_years(day, policy.years or 0)


def _period_end(day: date, period: str) -> date:
    """Return the last day of the month, quarter, half-year or year that a day is in."""
    months = {"month": 1, "quarter": 3, "half": 6, "year": 12}[period]
    last_month = (day.month - 1) // months * months + months
    first = date(day.year, last_month, 1)
    return calendar.add_days(calendar.add_months(first, 1), -1)


def _fixed_day(policy: FixedExpiry, day: date) -> date:
    if len(policy.on) > len("12-31"):
        return calendar.parse_date(policy.on)
    earliest = calendar.add_days(day, policy.min_days)
    month, number = int(policy.on[:2]), int(policy.on[3:])
    for year in (earliest.year, earliest.year + 1):
        last_of_month = calendar.add_days(calendar.add_months(date(year, month, 1), 1), -1)
        last = date(year, month, min(number, last_of_month.day))
        if last >= earliest:
            return last
    raise AssertionError("one of two years has such a day")


def delay_of(currency: Currency, rule: EarningRule) -> int:
    """Return how many days what a rule gives waits before it is usable."""
    delay = rule.activation_delay_days
    return currency.activation_delay_days if delay is None else delay


def first_usable_day(currency: Currency, rule: EarningRule, day: date) -> date | None:
    """Return the local day from which value of an activity is usable, ``None`` for at once."""
    days = delay_of(currency, rule)
    return calendar.add_days(day, days) if days else None


def problem_of(policy: Expiry) -> str | None:
    """Return what is wrong with an expiry policy and how to fix it, or ``None``."""
    if isinstance(policy, NeverExpires):
        return None
    if isinstance(policy, FixedExpiry):
        try:
            calendar.parse_date(policy.on if len(policy.on) > len("12-31") else f"2024-{policy.on}")
        except Invalid:
            return f"{policy.on!r} is no calendar date: write MM-DD or YYYY-MM-DD"
        return None
    if sum(unit is not None for unit in (policy.days, policy.months, policy.years)) != 1:
        kind = "a rolling" if isinstance(policy, RollingExpiry) else "an inactivity"
        return f"{kind} expiry needs exactly one of `days`, `months` and `years`"
    if isinstance(policy, InactivityExpiry) and policy.first_life is not None:
        first = problem_of(policy.first_life)
        return first and f"`first_life`: {first}"
    return None
