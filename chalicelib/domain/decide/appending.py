"""Events become part of an account: encoded, chained, and folded in."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from chalicelib.domain.errors import TooLarge
from chalicelib.domain.ledger import journal
from chalicelib.domain.ledger.account import Account, SumKind, evolve
from chalicelib.domain.ledger.events import Event
from chalicelib.domain.ledger.journal import StoredEvent
from chalicelib.domain.ledger.money import MAX_TOTAL


class Appended(Struct, frozen=True):
    """Events with their bytes and hashes, ready to be stored."""

    events: tuple[Event, ...] = ()
    stored: tuple[StoredEvent, ...] = ()

    def __add__(self, more: Appended) -> Appended:
        """Return events that follow one another as one."""
        return Appended(self.events + more.events, self.stored + more.stored)


def append(account: Account, events: Iterable[Event], key: str) -> tuple[Account, Appended]:
    """Chain events onto the account's journal and fold them in; ``key`` is the account's own."""
    stored: list[StoredEvent] = []
    followed: list[Event] = []
    for event in events:
        link = journal.encode(event, previous=account.head, key=key)
        account = evolve(account, event, link.hash)
        followed.append(event)
        stored.append(link)
    return account, Appended(tuple(followed), tuple(stored))


def check_sums(before: Account, after: Account) -> None:
    """
    Refuse what lets a sum of an account grow beyond `MAX_TOTAL`: it could not be told.

    Raises `TooLarge` ``total_too_large``.
    """
    for name, total in after.sums():
        if total > MAX_TOTAL and total > (known := dict(before.sums()).get(name, 0)):
            raise _too_large(*name, left=max(0, MAX_TOTAL - known))


def _too_large(kind: SumKind, key: str, *, left: int) -> TooLarge:
    programme, _, name = key.partition("/")
    more: dict[str, str] = {"programme": programme}
    if kind in {"held", "owed"}:
        more["currency"] = name
    what = {
        "held": f"What the account holds of `{name}` in {programme}",
        "owed": f"What the account owes of `{name}` in {programme}",
        "measured": f"What {programme} measures as `{name.replace('/', ' of ')}`",
        # The keys of counters are ours.
        "counted": f"What {programme} counts of it for this account",
    }
    return TooLarge(
        "total_too_large",
        f"{what[kind]} is told up to {MAX_TOTAL}: there is room for {left} more.",
        limit=MAX_TOTAL,
        left=left,
        **more,
    )
