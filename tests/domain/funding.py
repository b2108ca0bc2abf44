"""Whose value a member holds, and whether the postings of an event say the same of each funder."""

from __future__ import annotations

from collections import Counter

from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.effects import DeficitChange
from chalicelib.domain.ledger.events import Event, TransferReceived, TransferSent
from chalicelib.domain.mechanics.holds import HOLDS

#: Value of a funder in a currency.
Funded = Counter[tuple[str, str]]


def held_of(account: Account) -> Funded:
    """Return what a member holds, available, pending or set aside, by (currency, funder)."""
    held: Funded = Counter()
    for currency, balance in account.balances.items():
        for lot in balance.lots:
            held[currency, lot.key.funder] += lot.amount
        for waiting in balance.pending:
            held[currency, waiting.key.lot.funder] += waiting.amount
    for hold in HOLDS.all(account).values():
        for part in hold.taken:
            held[hold.currency, part.lot.funder] += part.amount
    return held


def funder_of(path: str) -> str | None:
    """Return whose value a ledger account holds, ``None`` where it is not divided by funder."""
    kind, _, rest = path.partition("/")
    return None if kind in ("member", "transfer") else rest.partition("/")[0]


def posted_of(event: Event) -> Funded:
    """Return what an event posts to the member, less what it posts away, by (currency, funder)."""
    moved: Funded = Counter()
    for posting in event.postings:
        for path, amount in (
            (posting.source, posting.amount),
            (posting.destination, -posting.amount),
        ):
            funder = funder_of(path)
            if funder is not None:
                moved[posting.currency, funder] += amount
    return moved


def check_funders(before: Account, event: Event, after: Account) -> None:
    """
    Check that an event posts of each funder's value what the account holds more of it.

    A debt has no funder: value that repays one is posted as its funder's, and no lot holds it.  So
    where debts change, all funders together gain what the debts do.  Between members value is
    posted without its funder.
    """
    gained = held_of(after)
    gained.subtract(held_of(before))
    gained.subtract(posted_of(event))
    debts: Counter[str] = Counter()
    for effect in event.effects:
        if isinstance(effect, DeficitChange):
            debts[effect.currency] += effect.delta
    if not isinstance(event.data, TransferSent | TransferReceived):
        for currency in {currency for currency, _ in gained}:
            parts = {funder: n for (each, funder), n in gained.items() if each == currency and n}
            if currency in debts:
                assert sum(parts.values()) == debts[currency], (event.kind, currency, parts)
            else:
                assert parts == {}, (event.kind, currency)
