"""Events become part of an account: encoded, chained, and folded in."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from chalicelib.domain import entry as journal
from chalicelib.domain.account import Account, evolve
from chalicelib.domain.entry import Entry, StoredEntry


class Appended(Struct, frozen=True):
    """Events with their bytes and hashes, ready to be stored."""

    entries: tuple[Entry, ...] = ()
    stored: tuple[StoredEntry, ...] = ()

    def __add__(self, more: Appended) -> Appended:
        """Return events that follow one another as one."""
        return Appended(self.entries + more.entries, self.stored + more.stored)


def append(account: Account, entries: Iterable[Entry], key: str) -> tuple[Account, Appended]:
    """Chain events onto the account's journal and fold them in; ``key`` is the account's own."""
    stored: list[StoredEntry] = []
    followed: list[Entry] = []
    for entry in entries:
        link = journal.encode(entry, previous=account.head, key=key)
        account = evolve(account, entry, link.hash)
        followed.append(entry)
        stored.append(link)
    return account, Appended(tuple(followed), tuple(stored))
