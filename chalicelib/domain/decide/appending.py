"""Events become part of an account: encoded, chained, and folded in."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from chalicelib.domain.errors import TooLarge
from chalicelib.domain.ledger import journal
from chalicelib.domain.ledger.account import Account, evolve
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
        if total > MAX_TOTAL and total > dict(before.sums()).get(name, 0):
            raise TooLarge(
                "total_too_large",
                f"{name} would come to {total}, and is told up to {MAX_TOTAL}: look at the units.",
                limit=MAX_TOTAL,
            )
