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
from chalicelib.domain.ledger.lots import LotKey, PendingKey, by_funder
from chalicelib.domain.ledger.postings import AVAILABLE, EXPIRED, PAID_IN, PENDING, LedgerAccount
from chalicelib.domain.mechanics import restoring, unbacked, unspent, value


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
    waiting = event.account.balance(currency).pending_total
    paid = unbacked.paid_in(event.account, currency)
    programme, _, currency_id = currency.partition("/")
    for funder, of_it in by_funder((each.lot, each.amount) for each in parts).items():
        back = Benefit("value", programme, currency_id, "reversal", of_it, funder=funder)
        event.take_back(back)
    for each in parts:
        part = min(max(each.amount, 0), left)
        left -= part
        gone = each.expired
        if gone is None:
            gone = unspent.exempt(event, currency, each.lot, part)
        expired += gone
        if gone and to == PAID_IN:
            # The tenant keeps no money that went back.
            event.post(EXPIRED.of(each.lot.funder), to.of(each.lot.funder), currency, gone)
        left += part - gone - _from_own_lot(event, currency, each, part - gone, to)
    for each in parts:
        if each.amount <= 0:
            # Where another rule has become the best, its value lies where the first put it.
            left -= _from_own_lot(event, currency, each, left, to)
    held = event.account.balance(currency).available
    from_lots = min(max(held, 0), left)
    value.debit(event, currency, from_lots, destination=to)
    left -= from_lots
    pending = waiting - event.account.balance(currency).pending_total
    returned = Returned(currency, amount - expired, pending=pending, expired=expired)
    if parts[0].lot.paid:
        paid -= unbacked.paid_in(event.account, currency)
        unbacked.lose(event, currency, returned.amount - paid)
    if not left:
        return returned
    policy = _negative_balance_policy(event, currency)
    if policy == "reject" and not refuses:
        policy = "clamp"
    return _spent(event, returned, left, policy, parts[0].lot.funder, to)


def _spent(
    event: EventBuilder,
    returned: Returned,
    spent: int,
    policy: str,
    funder: str,
    to: LedgerAccount,
) -> Returned:
    """
    Do with what is spent as the policy in force says: it is today's decision.

    Whose value is missing is not said by the lots that are left: it is that of the ``funder``.
    """
    currency = returned.currency
    if policy == "reject":
        raise Conflict(
            "already_spent",
            f"{spent} of what was given is spent, and the programme does not take back spent "
            "value.",
            currency=currency,
            spent=spent,
        )
    if policy == "clamp":
        restoring.write_off(event, currency, spent, to=to)
        return replace(returned, amount=returned.amount - spent, written_off=spent)
    event.add(DeficitChange(currency, spent))
    event.post(AVAILABLE, to.of(funder), currency, spent)
    return replace(returned, deficit=spent)


def _from_own_lot(
    event: EventBuilder, currency: str, part: Part, amount: int, to: LedgerAccount
) -> int:
    """Take from where value went, as far as it is still there, and return how much."""
    if amount == 0:
        return 0
    pending = part.pending
    if pending is not None and pending.active_at > event.now:
        return _from_pending(event, currency, pending, amount, to)
    return value.debit_lot(event, currency, part.lot, amount, destination=to)


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
