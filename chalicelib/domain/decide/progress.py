"""
What a mechanic keeps in an account: its progress, record by record.

An account has room for any mechanic's records without knowing any of them: it holds them as plain
JSON values, by mechanic and key.  Each mechanic declares the Struct that its records are and reads
and writes them through a `ProgressStore`.  The delta in the journal is the whole new record, so
folding needs no rule.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.effects import ProgressChange

T = TypeVar("T", bound=msgspec.Struct)


class ProgressStore(Generic[T]):
    """
    The records of one mechanic, each a Struct of type ``record`` under a key of its own.

    ``mechanic`` names where they are kept in accounts and journals, for ever.  A record's fields
    may be added to with a default, never renamed, removed or given another meaning.
    """

    def __init__(self, mechanic: str, record: type[T]) -> None:
        self.mechanic = mechanic
        self.record = record

    def all(self, account: Account) -> dict[str, T]:
        """Return every record of an account by key, in the order of the keys."""
        return self.under(account, "")

    def under(self, account: Account, prefix: str) -> dict[str, T]:
        """Return the records whose keys begin so, in the order of the keys."""
        kept = account.progress.get(self.mechanic, {})
        keys = sorted(key for key in kept if key.startswith(prefix))
        return {key: msgspec.convert(kept[key], self.record) for key in keys}

    def get(self, account: Account, key: str) -> T | None:
        """Return one record, or ``None``."""
        kept = account.progress.get(self.mechanic, {}).get(key)
        return None if kept is None else msgspec.convert(kept, self.record)

    def put(self, event: EventBuilder, key: str, record: T) -> None:
        """Write a record, new or over the one before; what is the same already is no change."""
        plain = _plain(record)
        if event.account.progress.get(self.mechanic, {}).get(key) != plain:
            event.add(ProgressChange(self.mechanic, key, plain))

    def drop(self, event: EventBuilder, key: str) -> None:
        """Remove a record, if it is there."""
        if key in event.account.progress.get(self.mechanic, {}):
            event.add(ProgressChange(self.mechanic, key))


def _plain(record: msgspec.Struct) -> Any:
    # Exactly what reading the account back from the store gives: lists, never tuples.
    return msgspec.json.decode(msgspec.json.encode(record))
