"""
Value: how it comes, goes, waits and expires, in one currency of one member.

How long it lasts is in `expiry`.

Burn order is earliest expiry first, never-expiring last.  Whatever comes repays a deficit before
it opens a lot, so that there is never a lot and a deficit at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from msgspec.structs import replace

from chalicelib.domain.decide.benefits import Benefit
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Mechanic, Phase, Turn
from chalicelib.domain.errors import Conflict
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import (
    CounterChange,
    DeficitChange,
    LotChange,
    LotWarned,
    PendingChange,
)
from chalicelib.domain.ledger.events import Data, ExpiryAnnounced, LotsExpired, PendingActivated
from chalicelib.domain.ledger.lots import Lot, LotKey, Taken
from chalicelib.domain.ledger.postings import (
    AVAILABLE,
    EXPIRED,
    FORFEITED,
    PENDING,
    TENANT,
    WAITING,
    LedgerAccount,
)
from chalicelib.domain.programme.document import REMEMBERED_MS
from chalicelib.domain.programme.versions import Programmes


def credit(
    event: EventBuilder,
    currency: str,
    lot: Lot,
    *,
    source: LedgerAccount,
    cause: str,
    kind: Literal["value", "prepaid"] = "value",
) -> None:
    """Give value from a ledger account; ``cause`` says what gives it."""
    report_given(event, currency, lot.amount, cause=cause, kind=kind, funder=lot.key.funder)
    credit_lot(event, currency, lot, source=source)


def report_given(
    event: EventBuilder,
    currency: str,
    amount: int,
    *,
    cause: str,
    kind: Literal["value", "prepaid"] = "value",
    funder: str = TENANT,
) -> None:
    """Report at the one door that a member is given value."""
    programme, _, currency_id = currency.partition("/")
    event.give(Benefit(kind, programme, currency_id, cause, amount, funder=funder))


def credit_lot(event: EventBuilder, currency: str, lot: Lot, *, source: LedgerAccount) -> None:
    """
    Give value from a ledger account into a lot.

    Value whose term is already over is issued and expired in the same event; other value repays
    a deficit first.
    """
    event.post(source.of(lot.key.funder), AVAILABLE, currency, lot.amount)
    put(event, currency, lot)


def put(event: EventBuilder, currency: str, lot: Lot) -> int:
    """Add what came for a lot to it, once it repaid a deficit; return how much expired at once."""
    lot = as_it_lasts(event, currency, lot)
    if is_over(event, lot.key):
        expire_at_once(event, currency, lot.key, lot.amount)
        return lot.amount
    left = lot.amount - _repay_deficit(event, currency, lot)
    if left and is_short(event, currency):
        # Few members have had value taken back that they had spent.
        from chalicelib.domain.mechanics import shortfalls

        for free in shortfalls.of(event, currency).relieve(replace(lot, amount=left)):
            left -= free.amount
            add_to_lot(event, currency, as_it_lasts(event, currency, free))
    add_to_lot(event, currency, replace(lot, amount=left))
    return 0


def is_short(event: EventBuilder, currency: str) -> bool:
    """Tell whether anything of a currency was taken back while it was away (`shortfalls`)."""
    # Named as `shortfall_names` does, which is loaded where something is short alone.
    prefix = f"{currency}/short/"
    if prefix not in event.readings:
        event.readings[prefix] = any(key.startswith(prefix) for key in event.account.counters)
    return bool(event.readings[prefix])


def credit_parts(
    event: EventBuilder, currency: str, parts: Iterable[Taken], *, source: LedgerAccount
) -> None:
    """Give parts of lots from a ledger account, each into the lot that it was of."""
    for part in parts:
        lot = Lot(part.amount, part.lot, part.warn_at, part.since)
        credit_lot(event, currency, lot, source=source)


def as_it_lasts(event: EventBuilder, currency: str, lot: Lot) -> Lot:
    """Return a lot with the end that it has, where activities let value last longer."""
    if "inactivity" not in event.account.progress:
        return lot
    # Few currencies last by activity.
    from chalicelib.domain.mechanics import last_days

    return last_days.lasting(event, currency, lot)


def is_over(event: EventBuilder, key: LotKey) -> bool:
    """Tell whether the last day of a lot has passed."""
    return key.expires_at is not None and key.expires_at <= event.now


def _repay_deficit(event: EventBuilder, currency: str, lot: Lot) -> int:
    """Repay a deficit from what comes for a lot, and return how much that takes."""
    repaid = min(event.account.balance(currency).deficit, lot.amount)
    if repaid:
        # Few members owe anything.
        from chalicelib.domain.mechanics import shortfalls

        event.add(DeficitChange(currency, -repaid))
        shortfalls.of(event, currency).repay(lot, repaid)
    return repaid


def add_to_lot(event: EventBuilder, currency: str, lot: Lot) -> None:
    """Add what a lot holds to that of the same key, or open it."""
    if lot.amount:
        # Too late to announce: who gets value in its last days sees when it ends.
        warn_at = lot.warn_at if (lot.warn_at or event.now) > event.now else None
        event.add(LotChange(currency, lot.amount, lot.key, warn_at, lot.since))


def move_lot(event: EventBuilder, currency: str, lot: Lot, moved: Lot) -> None:
    """Let a lot become another, which may be there already: the value stays where it is."""
    _take(event, currency, lot, lot.amount)
    add_to_lot(event, currency, moved)


def expire_at_once(event: EventBuilder, currency: str, key: LotKey, amount: int) -> None:
    """Let an amount of a lot expire, and remember for a year that it was not spent."""
    event.post(AVAILABLE, EXPIRED.of(key.funder), currency, amount)
    count_unspent(event, currency, key, amount)


def count_unspent(event: EventBuilder, currency: str, key: LotKey, amount: int) -> None:
    """
    Remember for a year after its end how much of a lot expired unspent (`unspent`).

    Of money that was paid in the sum is remembered for ever.
    """
    if key.expires_at is not None and amount:
        kept_until = key.expires_at + REMEMBERED_MS
        event.add(CounterChange(unspent_counter(currency, key), amount, kept_until))
        if key.paid:
            # A payment may go back whenever it likes.
            event.add(CounterChange(unspent_ever_counter(currency, key), amount))


def unspent_counter(currency: str, key: LotKey) -> str:
    """Return the counter of what of a lot expired unspent; apart where it had come back before."""
    paid = ":paid" if key.paid else ""
    again = f":again:{key.first_expires_at}" if key.prolonged else ""
    return f"{currency}/unspent:{key.funder}:{key.rate}{paid}{again}/{key.expires_on}"


def unspent_ever_counter(currency: str, key: LotKey) -> str:
    """Return the counter of what expired unspent of all paid lots that one is like."""
    return f"{currency}/unspent_ever:{key.funder}:{key.rate}"


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
    event: EventBuilder, currency: str, amount: int, *, destination: LedgerAccount
) -> tuple[Taken, ...]:
    """
    Take value in burn order into a ledger account, and return what came from which lot.

    Takes no more than the lots hold: the caller checks, or makes a deficit of the rest.
    """
    taken = []
    left = amount
    for lot in event.account.balance(currency).lots:
        part = min(lot.amount, left)
        if part == 0:
            break
        taken.append(_take(event, currency, lot, part))
        left -= part
    post_parts(event, AVAILABLE, currency, taken, destination)
    return tuple(taken)


def debit_lot(
    event: EventBuilder, currency: str, lot: Lot, amount: int, *, destination: LedgerAccount
) -> None:
    """Take an amount of what a lot holds into a ledger account."""
    _take(event, currency, lot, amount)
    event.post(AVAILABLE, destination.of(lot.key.funder), currency, amount)


def debit_parts(
    event: EventBuilder, currency: str, parts: tuple[Taken, ...], *, destination: LedgerAccount
) -> tuple[Taken, ...] | None:
    """
    Take exactly these parts of the lots that they are of now, and return what came from which.

    ``None``, and nothing moves, where one of them has less.
    """
    wanted: dict[LotKey, int] = {}
    for part in parts:
        # Several may have become one since they were looked up.
        key = as_it_lasts(event, currency, Lot(part.amount, part.lot)).key
        wanted[key] = wanted.get(key, 0) + part.amount
    balance = event.account.balance(currency)
    lots = [(lot, amount) for key, amount in wanted.items() if (lot := balance.lot(key))]
    if len(lots) < len(wanted) or any(lot.amount < amount for lot, amount in lots):
        return None
    taken = tuple(_take(event, currency, lot, amount) for lot, amount in lots)
    post_parts(event, AVAILABLE, currency, taken, destination)
    return taken


def post_parts(
    event: EventBuilder,
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
        event.post(source, path, currency, amount)


def _take(event: EventBuilder, currency: str, lot: Lot, amount: int) -> Taken:
    event.add(LotChange(currency, -amount, lot.key, since=lot.since))
    return Taken(amount, lot.key, lot.warn_at, lot.since)


def due(account: Account) -> Instant | None:
    """Return when value next activates, is announced to expire, or expires."""
    instants = (balance.next_change() for balance in account.balances.values())
    return min((at for at in instants if at is not None), default=None)


def activate(event: EventBuilder, _programmes: Programmes) -> Data | None:
    """Make usable what becomes active at the event's instant."""
    for currency, balance in sorted(event.before.balances.items()):
        for waiting in balance.pending:
            if waiting.key.active_at > event.now:
                break
            event.add(PendingChange(currency, -waiting.amount, waiting.key))
            lot = Lot(waiting.amount, waiting.key.lot, waiting.warn_at)
            report_given(event, currency, waiting.amount, cause="activation", funder=lot.key.funder)
            credit_lot(event, currency, lot, source=WAITING)
    return None if event.is_empty else PendingActivated()


def expire(event: EventBuilder, _programmes: Programmes) -> Data | None:
    """Expire the lots whose last day is over at the instant."""
    account = event.before
    for currency, balance in sorted(account.balances.items()):
        for lot in balance.lots:
            if lot.key.expires_at is None or lot.key.expires_at > event.now:
                break
            _take(event, currency, lot, lot.amount)
            expire_at_once(event, currency, lot.key, lot.amount)
    return None if event.is_empty else LotsExpired()


def warn(event: EventBuilder, _programmes: Programmes) -> Data | None:
    """Announce the lots that are about to expire: no value moves, the journal says so once."""
    account = event.before
    for currency, balance in sorted(account.balances.items()):
        for lot in balance.lots:
            if lot.warn_at is not None and lot.warn_at <= event.now:
                event.add(LotWarned(currency, lot.amount, lot.key))
    return None if event.is_empty else ExpiryAnnounced()


def forfeit(event: EventBuilder) -> None:
    """Give up all value and write off all debts, where an account ends."""
    for currency, balance in sorted(event.account.balances.items()):
        taken = [_take(event, currency, lot, lot.amount) for lot in balance.lots]
        post_parts(event, AVAILABLE, currency, taken, FORFEITED)
        for waiting in balance.pending:
            event.add(PendingChange(currency, -waiting.amount, waiting.key))
            path = FORFEITED.of(waiting.key.lot.funder)
            event.post(PENDING, path, currency, waiting.amount)
        if balance.deficit:
            event.add(DeficitChange(currency, -balance.deficit))
            event.post(FORFEITED.of(TENANT), AVAILABLE, currency, balance.deficit)


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
