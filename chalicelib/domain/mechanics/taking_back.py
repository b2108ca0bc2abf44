"""
Taking value back: what came by one event goes again, wherever it is by now.

It is taken from the lot that it went to, then in burn order; what is spent already becomes a
deficit, is written off (`clamp`) or refuses it (`reject`), by what the currency's
`negative_balance` says today.  What expired unspent is not taken from other value; what was spent
before its lot expired is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.decide.benefits import Benefit, Returned
from chalicelib.domain.decide.claims import RecordKind
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.errors import Conflict
from chalicelib.domain.ledger.effects import DeficitChange, PendingChange
from chalicelib.domain.ledger.lots import Lot, LotKey, PendingKey, by_funder
from chalicelib.domain.ledger.postings import AVAILABLE, EXPIRED, PAID_IN, PENDING, LedgerAccount
from chalicelib.domain.mechanics import origins, shortfalls, unspent, value
from chalicelib.domain.mechanics.shortfall_names import Shortfall
from chalicelib.domain.mechanics.unspent import Unspent


class TakenBack(Struct, frozen=True, omit_defaults=True):
    """
    By which event of the same journal, the last, what one event gave was taken back.

    Where it gave several things, ``awards`` are those that were; ``revision`` counts them.
    """

    by: int
    awards: tuple[str, ...] = ()
    revision: int = 1


#: By the version of the event that gave it; of activities, which come back in parts, `REMAINING`.
TAKEN_BACK: Final = RecordKind("taken_back", TakenBack)


class Part(NamedTuple):
    """
    What is to be taken back of what went to a lot, through a pending lot where it waited.

    It is below zero where that lot has gained instead.  ``expired`` is what of it expired unspent,
    where that is known; else it is as much as the account remembers.
    """

    lot: LotKey
    amount: int
    pending: PendingKey | None = None
    expired: int | None = None


def take(
    event: EventBuilder,
    currency: str,
    parts: Sequence[Part],
    *,
    to: LedgerAccount,
    refuses: bool = True,
) -> Returned:
    """
    Take the sum of parts back into a ledger account, and say from where.

    Raises `Conflict` ``already_spent`` where the programme does not take back spent value; where it
    may not be refused (``refuses``), that is written off.
    """
    amount = sum(part.amount for part in parts)
    left = amount
    expired = 0
    rest: list[tuple[LotKey, int]] = []
    short: list[Shortfall] = []
    waiting = event.account.balance(currency).pending_total
    programme, _, currency_id = currency.partition("/")
    for funder, of_it in by_funder((each.lot, each.amount) for each in parts).items():
        back = Benefit("value", programme, currency_id, "reversal", of_it, funder=funder)
        event.take_back(back)
    for each in parts:
        part = min(max(each.amount, 0), left)
        found = _where_it_is(event, currency, each, part, to)
        if found.expired and to == PAID_IN:
            # The tenant keeps no money that went back.
            funder = each.lot.funder
            event.post(EXPIRED.of(funder), to.of(funder), currency, found.expired)
        expired += found.expired
        short += found.short
        left -= found.amount
        rest.append((each.lot, part - found.amount))
    for each in parts:
        if each.amount <= 0:
            # Where another rule has become the best, its value lies where the first put it.
            found = _where_it_is(event, currency, each._replace(expired=0), left, to)
            short += found.short
            left -= found.amount
    for lot, part in rest:
        if part := min(part, left):
            short.append(Shortfall(lot, part, event.now, to.kind))
            left -= part
    pending = waiting - event.account.balance(currency).pending_total
    returned = Returned(currency, amount - expired, pending=pending, expired=expired)
    if short:
        return _spent(event, returned, _stand_in(event, currency, short, to), to, refuses=refuses)
    return returned


class _Found(NamedTuple):
    """
    What became of value that went to a lot: it was taken from there, or it had ``expired`` unspent.

    Or it stood in for what others were ``short`` of, and are again.
    """

    taken: int = 0
    expired: int = 0
    short: tuple[Shortfall, ...] = ()

    @property
    def amount(self) -> int:
        """How much all of that is."""
        return self.taken + self.expired + sum(each.amount for each in self.short)


def _where_it_is(
    event: EventBuilder, currency: str, part: Part, amount: int, to: LedgerAccount
) -> _Found:
    """Take an amount from where it is now, as far as it is there or is known to have expired."""
    pending = part.pending
    if amount and pending is not None and pending.active_at > event.now:
        return _Found(_from_pending(event, currency, pending, amount, to))
    known = part.expired
    found = _Found(expired=known or 0)
    for place in _places(event, currency, part.lot, known):
        more = min(place.amount, amount - found.amount)
        if not more:
            continue
        match place:
            case Lot():
                value.debit_lot(event, currency, place, more, destination=to)
                found = found._replace(taken=found.taken + more)
            case Unspent():
                unspent.take(event, currency, place, more)
                found = found._replace(expired=found.expired + more)
            case Shortfall():
                shortfalls.of(event, currency).take(place, more)
                again = place._replace(amount=more, to=to.kind, by=None)
                found = found._replace(short=(*found.short, again))
    if known is None and origins.is_long_ago(event, currency, part.lot):
        rest = unspent.take_long_ago(event, currency, part.lot, amount - found.amount)
        found = found._replace(expired=found.expired + rest)
    return found


def _places(
    event: EventBuilder, currency: str, given: LotKey, expired: int | None
) -> list[Lot | Unspent | Shortfall]:
    """
    Return where value that was given to a lot may be, first what can be of the fewest others.

    That is what ended the soonest; of what ended together first what expired, then what is there,
    then what it stands in for.
    """
    account = event.account
    places: list[tuple[LotKey, Lot | Unspent | Shortfall]] = []
    if expired is None:
        known = unspent.by_end(account, currency, event.now)
        places += [(each.lot, each) for each in known]
    places += [(lot.key, lot) for lot in account.balance(currency).lots]
    if value.is_short(event, currency):
        for short in shortfalls.of(event, currency).standing_in():
            if short.by is not None:
                places.append((short.by.key, short))
    own = [each for each in places if origins.may_be_of(event, currency, each[0], given)]
    own.sort(key=lambda each: origins.origin(each[0]) or 0)
    return [place for _, place in own]


def _stand_in(
    event: EventBuilder, currency: str, short: Sequence[Shortfall], to: LedgerAccount
) -> list[Shortfall]:
    """Take what is short from other lots, as far as they go, and return what still is."""
    kept = shortfalls.of(event, currency)
    kept.sum_up()
    wanted = sum(each.amount for each in short)
    held = event.account.balance(currency).lots_total
    taken = value.debit(event, currency, min(held, wanted), destination=to)
    return kept.stand_in(short, taken)


def _spent(
    event: EventBuilder,
    returned: Returned,
    short: Sequence[Shortfall],
    to: LedgerAccount,
    *,
    refuses: bool,
) -> Returned:
    """
    Do with what is spent as the policy in force says: it is today's decision.

    Whose value is missing is not said by the lots that are left: it is that of who funded it.
    """
    currency = returned.currency
    spent = sum(each.amount for each in short)
    policy = _negative_balance_policy(event, currency) if spent else ""
    if policy == "reject" and refuses:
        raise Conflict(
            "already_spent",
            f"{spent} of what was given is spent, and the programme does not take back spent "
            "value.",
            currency=currency,
            spent=spent,
        )
    written_off = policy in ("clamp", "reject")
    for each in short:
        shortfalls.of(event, currency).add(each._replace(written_off=written_off))
        if not written_off:
            event.post(AVAILABLE, to.of(each.lot.funder), currency, each.amount)
    if written_off:
        return replace(returned, amount=returned.amount - spent, written_off=spent)
    if spent:
        event.add(DeficitChange(currency, spent))
    return replace(returned, deficit=spent)


def _from_pending(
    event: EventBuilder, currency: str, key: PendingKey, amount: int, to: LedgerAccount
) -> int:
    lot = event.account.balance(currency).pending_lot(key)
    if lot is None:
        return 0
    part = min(lot.amount, amount)
    event.add(PendingChange(currency, -part, key))
    event.post(PENDING, to.of(key.lot.funder), currency, part)
    return part


def _negative_balance_policy(event: EventBuilder, currency: str) -> str:
    programme_id, _, currency_id = currency.partition("/")
    version = event.programmes.in_force(programme_id, event.now)
    found = version.document.currency(currency_id) if version else None
    return found.negative_balance if found else "deficit"
