"""
What follows from a command, and from the passing of time.

`decide` may change with every release; what it decided before stays as it is in the journal,
since only `evolve` makes account state.  Both `settle` and `decide` are pure: the instant and
the programmes are arguments.
"""

from __future__ import annotations

from typing import Final

from chalicelib.domain import entry as journal
from chalicelib.domain.account import Account, Corrupt, evolve
from chalicelib.domain.calendar import Instant
from chalicelib.domain.commands import (
    Appended,
    Close,
    Command,
    Decision,
    Enrol,
    Open,
    RecordActivity,
    ReverseActivity,
)
from chalicelib.domain.entry import Entry, StoredEntry
from chalicelib.domain.errors import Conflict, MemberNotFound
from chalicelib.domain.mechanics import activities, membership, quotes, registry, reversal
from chalicelib.domain.mechanics.registry import (
    DUE,
    OF_HOUSEHOLDS,
    TICKS,
    WHEN_CLOSED,
    Handler,
)
from chalicelib.domain.programme import Programmes

# Who decides what concerns all mechanics at once; the rest is each mechanic's own.
HANDLERS: Final[dict[type[Command], Handler]] = {
    Open: membership.open_account,
    Enrol: membership.enrol,
    Close: membership.close,
    RecordActivity: activities.record,
    ReverseActivity: reversal.reverse,
    quotes.MakeQuote: quotes.make,
    quotes.ConfirmQuote: quotes.confirm,
    **registry.HANDLERS,
}

# Entries of one transaction: DynamoDB takes 100 items, and a commit has a few of its own.
SETTLE_MAX = 80


def due_at(account: Account) -> Instant | None:
    """Return the next instant at which something on the account changes by itself."""
    if account.status == "closed":
        return None
    return min((at for at in (due(account) for due in DUE) if at is not None), default=None)


def clock_of(account: Account, now: Instant) -> Instant:
    """Return the instant at which the account is judged: time never runs backwards on it."""
    return max(now, account.effective_at)


def settle(
    account: Account,
    programmes: Programmes,
    now: Instant,
    key: str,
    *,
    limit: int | None = None,
) -> tuple[Account, Appended]:
    """
    Bring the account up to an instant: everything that fell due by then, in order.

    At one instant the order is fixed, as the registry's `TICKS` has it.  Returns the account and
    the tick entries, at most ``limit`` of them (then it is not yet at ``now``).
    """
    appended = Appended()
    at = due_at(account)
    while at is not None and at <= now:
        before = account.version
        for tick in TICKS:
            entry = tick(account, programmes, at)
            if entry is not None:
                account, more = append(account, (entry,), key)
                appended = joined(appended, more)
        if account.version == before:
            raise Corrupt(f"the account is due at {at}, yet nothing changes then")
        if limit is not None and len(appended.stored) >= limit:
            break
        at = due_at(account)
    return account, appended


def decide(account: Account, programmes: Programmes, command: Command, now: Instant) -> Decision:
    """
    Return what follows from a command on an account that is settled to ``now``.

    Raises a `LoyaltyError` where it is refused; then nothing is to be written.
    """
    if account.status == "household" and type(command) not in OF_HOUSEHOLDS:
        raise MemberNotFound
    if account.status == "closed" and type(command) not in WHEN_CLOSED:
        raise Conflict("account_closed", "This member's account is closed.")
    return HANDLERS[type(command)](account, programmes, command, clock_of(account, now))


def append(account: Account, entries: tuple[Entry, ...], key: str) -> tuple[Account, Appended]:
    """Chain entries onto the account's journal and fold them in; ``key`` is the account's own."""
    stored: list[StoredEntry] = []
    for entry in entries:
        link = journal.encode(entry, previous=account.head, key=key)
        account = evolve(account, entry, link.hash)
        stored.append(link)
    return account, Appended(entries, tuple(stored))


def joined(first: Appended, second: Appended) -> Appended:
    """Return entries that follow one another as one."""
    return Appended(first.entries + second.entries, first.stored + second.stored)
