"""
Value: how it comes, goes, waits and expires, in one currency of one member.

Burn order is earliest expiry first, never-expiring last.  Whatever comes repays a deficit before
it opens a lot, so that there is never a lot and a deficit at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final, Literal

from msgspec import Struct

from chalicelib.domain import calendar
from chalicelib.domain.account import Account
from chalicelib.domain.calendar import Instant
from chalicelib.domain.decide.benefits import Benefit
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.effects import DeficitChange, LotChange, LotWarned, PendingChange
from chalicelib.domain.errors import Conflict, Invalid
from chalicelib.domain.ledger.events import Data, ExpiryAnnounced, LotsExpired, PendingActivated
from chalicelib.domain.ledger.postings import (
    AVAILABLE,
    EXPIRED,
    FORFEITED,
    PENDING,
    TENANT,
    WAITING,
    LedgerAccount,
)
from chalicelib.domain.lots import Lot, LotKey, Taken
from chalicelib.domain.mechanics.mechanic import Mechanic, Phase, Turn
from chalicelib.domain.programme import (
    Currency,
    Expiry,
    FixedExpiry,
    InactivityExpiry,
    NeverExpires,
    Programmes,
    RollingExpiry,
)


class Term(Struct, frozen=True):
    """
    How long value lasts: usable through ``expires_on``, gone at ``expires_at``.

    At ``warn_at`` the member is told, where the currency announces expiry.
    """

    expires_at: Instant | None = None
    expires_on: str | None = None
    warn_at: Instant | None = None

    def lot(self, funder: str = TENANT, rate: int = 0) -> LotKey:
        """Return the key of the lot that value of this term is of."""
        return LotKey(self.expires_at, self.expires_on, funder, rate)

    def opens(self, amount: int, *, rate: int = 0, since: Instant = 0) -> Lot:
        """Return a lot of this term, ``rate`` per cent off what is paid from it."""
        return Lot(amount, self.lot(rate=rate), self.warn_at, since)


NEVER = Term()


def term(policy: Expiry, day: date, time_zone: str, warning_days: int | None = None) -> Term:
    """Return how long value of a fact on ``day`` lasts under a currency's policy."""
    last = _last_day(policy, day)
    return NEVER if last is None else until(last, time_zone, warning_days)


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
    if isinstance(policy, NeverExpires | InactivityExpiry):
        # What lasts as long as the member is active has no day of its own: see `inactivity`.
        return None
    if isinstance(policy, FixedExpiry):
        return _fixed_day(policy, day)
    last = later(policy, day)
    return last if policy.round_up is None else _period_end(last, policy.round_up)


def later(policy: RollingExpiry | InactivityExpiry, day: date) -> date:
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


def activation(currency: Currency, delay: int | None, day: date) -> date | None:
    """Return the local day from which value of a fact is usable, ``None`` for at once."""
    days = currency.activation_delay_days if delay is None else delay
    return calendar.add_days(day, days) if days else None


def credit(
    draft: EventBuilder,
    currency: str,
    lot: Lot,
    *,
    source: LedgerAccount,
    cause: str,
    kind: Literal["value", "prepaid"] = "value",
) -> None:
    """Give value from a ledger account; ``cause`` says what gives it."""
    give(draft, currency, lot.amount, cause=cause, kind=kind, funder=lot.key.funder)
    credit_lot(draft, currency, lot, source=source)


def give(
    draft: EventBuilder,
    currency: str,
    amount: int,
    *,
    cause: str,
    kind: Literal["value", "prepaid"] = "value",
    funder: str = TENANT,
) -> None:
    """Say at the door that a member is given value."""
    programme, _, currency_id = currency.partition("/")
    draft.give(Benefit(kind, programme, currency_id, cause, amount, funder=funder))


def credit_lot(draft: EventBuilder, currency: str, lot: Lot, *, source: LedgerAccount) -> None:
    """
    Give value from a ledger account into a lot.

    Value whose term is already over is issued and expired in the same entry; other value repays
    a deficit first.
    """
    draft.post(source.of(lot.key.funder), AVAILABLE, currency, lot.amount)
    if lot.key.expires_at is not None and lot.key.expires_at <= draft.now:
        draft.post(AVAILABLE, EXPIRED.of(lot.key.funder), currency, lot.amount)
        return
    repaid = min(draft.account.balance(currency).deficit, lot.amount)
    if repaid:
        draft.add(DeficitChange(currency, -repaid))
    if lot.amount > repaid:
        # Too late to announce: whoever gets value in its last days sees when it ends.
        warn_at = lot.warn_at if (lot.warn_at or draft.now) > draft.now else None
        draft.add(LotChange(currency, lot.amount - repaid, lot.key, warn_at, lot.since))


def check_available(account: Account, currency: str, amount: int) -> None:
    """Refuse what asks for more than can be spent: `Conflict` ``insufficient_points``."""
    available = account.balance(currency).available
    if available < amount:
        raise Conflict(
            "insufficient_points",
            f"{amount} were asked for; {available} are available.",
            available=available,
            missing=amount - available,
        )


def debit(
    draft: EventBuilder, currency: str, amount: int, *, destination: LedgerAccount
) -> tuple[Taken, ...]:
    """
    Take value in burn order into a ledger account, and return what came from which lot.

    Takes no more than the lots hold: the caller checks, or makes a deficit of the rest.
    """
    taken = []
    left = amount
    for lot in draft.account.balance(currency).lots:
        part = min(lot.amount, left)
        if part == 0:
            break
        taken.append(_take(draft, currency, lot, part))
        left -= part
    post_parts(draft, AVAILABLE, currency, taken, destination)
    return tuple(taken)


def debit_lot(
    draft: EventBuilder, currency: str, key: LotKey, amount: int, *, destination: LedgerAccount
) -> int:
    """Take value from one lot, as far as it goes, and return how much that was."""
    lot = draft.account.balance(currency).lot(key)
    if lot is None:
        return 0
    part = min(lot.amount, amount)
    _take(draft, currency, lot, part)
    draft.post(AVAILABLE, destination.of(key.funder), currency, part)
    return part


def debit_parts(
    draft: EventBuilder, currency: str, parts: tuple[Taken, ...], *, destination: LedgerAccount
) -> bool:
    """Take exactly these parts of these lots; ``False``, and nothing moves, where one has less."""
    balance = draft.account.balance(currency)
    lots = [(balance.lot(part.lot), part.amount) for part in parts]
    wanted = [(lot, amount) for lot, amount in lots if lot is not None and lot.amount >= amount]
    if len(wanted) < len(parts):
        return False
    for lot, amount in wanted:
        _take(draft, currency, lot, amount)
    post_parts(draft, AVAILABLE, currency, parts, destination)
    return True


def post_parts(
    draft: EventBuilder,
    source: str,
    currency: str,
    parts: Iterable[Taken],
    destination: LedgerAccount,
) -> None:
    """Post parts of lots out of one of the member's accounts, once for each that they go to."""
    moved: dict[str, int] = {}
    for part in parts:
        path = destination.of(part.lot.funder)
        moved[path] = moved.get(path, 0) + part.amount
    for path, amount in moved.items():
        draft.post(source, path, currency, amount)


def _take(draft: EventBuilder, currency: str, lot: Lot, amount: int) -> Taken:
    draft.add(LotChange(currency, -amount, lot.key, since=lot.since))
    return Taken(amount, lot.key, lot.warn_at, lot.since)


def restore(
    draft: EventBuilder,
    currency: str,
    taken: tuple[Taken, ...],
    *,
    source: LedgerAccount,
    shortest: Term,
) -> None:
    """
    Put value back to its original expiry.

    ``shortest`` is the least life that restored value gets where the currency grants one, else
    `NEVER`: then value whose expiry has passed comes back and expires in the same entry.
    """
    for part in taken:
        key, warn_at = part.lot, part.warn_at
        if (
            key.expires_at is not None
            and shortest.expires_at is not None
            and key.expires_at < shortest.expires_at
        ):
            key, warn_at = shortest.lot(key.funder, key.rate), shortest.warn_at
        credit_lot(draft, currency, Lot(part.amount, key, warn_at, part.since), source=source)


def due(account: Account) -> Instant | None:
    """Return when value next activates, is announced to expire, or expires."""
    instants = (balance.next_change() for balance in account.balances.values())
    return min((at for at in instants if at is not None), default=None)


def activate(draft: EventBuilder, _programmes: Programmes) -> Data | None:
    """Make usable what becomes active at the event's instant."""
    for currency, balance in sorted(draft.before.balances.items()):
        for waiting in balance.pending:
            if waiting.key.active_at > draft.now:
                break
            draft.add(PendingChange(currency, -waiting.amount, waiting.key))
            lot = Lot(waiting.amount, waiting.key.lot, waiting.warn_at)
            give(draft, currency, waiting.amount, cause="activation", funder=lot.key.funder)
            credit_lot(draft, currency, lot, source=WAITING)
    return None if draft.is_empty else PendingActivated()


def expire(draft: EventBuilder, _programmes: Programmes) -> Data | None:
    """Expire the lots whose last day is over at the instant."""
    account = draft.before
    for currency, balance in sorted(account.balances.items()):
        for lot in balance.lots:
            if lot.key.expires_at is None or lot.key.expires_at > draft.now:
                break
            taken = _take(draft, currency, lot, lot.amount)
            post_parts(draft, AVAILABLE, currency, (taken,), EXPIRED)
    return None if draft.is_empty else LotsExpired()


def warn(draft: EventBuilder, _programmes: Programmes) -> Data | None:
    """Announce the lots that are about to expire: no value moves, the journal says so once."""
    account = draft.before
    for currency, balance in sorted(account.balances.items()):
        for lot in balance.lots:
            if lot.warn_at is not None and lot.warn_at <= draft.now:
                draft.add(LotWarned(currency, lot.amount, lot.key))
    return None if draft.is_empty else ExpiryAnnounced()


def forfeit(draft: EventBuilder) -> None:
    """Give up all value and write off all debts, where an account ends."""
    for currency, balance in sorted(draft.account.balances.items()):
        taken = [_take(draft, currency, lot, lot.amount) for lot in balance.lots]
        post_parts(draft, AVAILABLE, currency, taken, FORFEITED)
        for waiting in balance.pending:
            draft.add(PendingChange(currency, -waiting.amount, waiting.key))
            path = FORFEITED.of(waiting.key.lot.funder)
            draft.post(PENDING, path, currency, waiting.amount)
        if balance.deficit:
            draft.add(DeficitChange(currency, -balance.deficit))
            draft.post(FORFEITED.of(TENANT), AVAILABLE, currency, balance.deficit)


def problems(policy: Expiry) -> str | None:
    """Return what is wrong with an expiry policy and how to mend it, or ``None``."""
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
    return None


MECHANIC: Final = Mechanic(
    turn=Turn.VALUE,
    due=due,
    ticks=((Phase.ACTIVATE, activate), (Phase.EXPIRE, expire), (Phase.WARN, warn)),
    closing=forfeit,
    accounts={
        AVAILABLE: lambda account, currency: account.balance(currency).available,
        PENDING: lambda account, currency: account.balance(currency).pending_total,
    },
)
