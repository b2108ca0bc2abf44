"""Events become part of an account: encoded, chained, and folded in."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from chalicelib.domain.ledger import journal
from chalicelib.domain.ledger.account import Account, evolve
from chalicelib.domain.ledger.events import Event
from chalicelib.domain.ledger.journal import StoredEvent


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
