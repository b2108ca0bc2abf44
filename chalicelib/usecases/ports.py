"""
What the use cases need of the outside: the store implements these, tests may fake them.

Instants are milliseconds UTC; every method takes the tenant first and never sees another's data.
Nothing imports this but for types: what goes in and out is in `stored`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, TypeVar

from msgspec import Struct

from chalicelib.domain.decide.claims import EventRef, RecordKind, Ref, SaveRecord
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.journal import StoredEvent
from chalicelib.domain.programme.versions import ProgrammeVersion
from chalicelib.usecases.stored import (
    ALWAYS,
    Commit,
    Due,
    Entry,
    IndexRange,
    KeyHolder,
    Loaded,
    Period,
    Profile,
    Remembered,
    Settings,
    StoredKey,
)

T = TypeVar("T", bound=Struct)


class Ledger(Protocol):
    """Accounts, events, and what is written with them."""

    def load(
        self,
        tenant: str,
        members: Sequence[str],
        records: Sequence[Ref | EventRef] = (),
        *,
        with_clock: bool = False,
    ) -> Loaded:
        """Read accounts, records and events consistently, and the test clock, in one call."""

    def save(self, tenant: str, claim: SaveRecord) -> None:
        """Write a new record by itself, unless it is there; its id was just made."""

    def remembered(self, tenant: str, keys: Sequence[str]) -> tuple[Remembered | None, ...]:
        """Read dedupe records consistently, in one call; in the order of the keys."""

    def commit(self, commit: Commit) -> None:
        """
        Write a decision, all or nothing.

        Raises `Conflicted`, `AlreadyDone`, `ClaimRefused` or `OutcomeUnknown`.  Where several
        conditions fail, the dedupe record counts first, then keys, then the versions of the
        accounts, then the other claims.
        """

    def events(
        self,
        tenant: str,
        member: str,
        *,
        after: int = 0,
        up_to: int | None = None,
        newest_first: bool = False,
        limit: int | None = None,
    ) -> Iterator[StoredEvent]:
        """Read a journal consistently in order of version, page by page as it is consumed."""

    def checkpoints(
        self,
        tenant: str,
        member: str,
        *,
        by: Instant | None = None,
        newest_first: bool = False,
        limit: int | None = None,
    ) -> Iterator[Account]:
        """
        Read accounts as they were kept now and then (`AccountChange.is_checkpoint`), by an instant.

        Consistently, in order of version.  No more than `CHECKPOINT_EVENTS` and a transaction's
        events lie between two.
        """

    def holder(self, tenant: str, key: str) -> KeyHolder | None:
        """Return who has a claimed key, or ``None``."""

    def taken(self, tenant: str, counters: Sequence[str]) -> dict[str, int]:
        """Return how much was taken from counters that are kept; for showing only."""

    def due(self, shard: int, until: Instant, *, test_tenant: str | None = None) -> Iterator[Due]:
        """
        Walk one shard of the due index up to an instant, the earliest first.

        ``test_tenant`` walks the part of a tenant with a test clock instead of the common one.
        """

    def due_within(self, index_range: IndexRange) -> Iterator[Due]:
        """Walk what is still there of a range of the due index, the earliest first."""

    def reindex(
        self,
        tenant: str,
        member: str,
        version: int,
        due_at: Instant | None,
        *,
        on_test_clock: bool,
    ) -> None:
        """Correct the index of an account that has nothing due, unless it moved on meanwhile."""

    def members(self, tenant: str) -> Iterator[str]:
        """Walk every member of a tenant; for verification, never for a decision."""

    def records(
        self,
        tenant: str,
        kind: RecordKind[T],
        owner: str,
        *,
        limit: int,
        before: str | None = None,
    ) -> Iterator[T]:
        """Read the records of a kind of one owner consistently, the latest id first."""

    def listed(
        self,
        tenant: str,
        name: str,
        *,
        limit: int,
        before: Entry | None = None,
        period: Period = ALWAYS,
    ) -> Iterator[Entry]:
        """
        Walk one of a tenant's lists, the latest to come into it first.

        Lists follow what is written within moments, and are for showing only.
        """


class Directory(Protocol):
    """Personal data and external ids; both are written by commits of the ledger."""

    def profile(self, tenant: str, member: str) -> Profile | None:
        """Read a profile consistently."""

    def find(self, tenant: str, lookup: str) -> str | None:
        """Return the member with an external id, given as its keyed hash."""

    def profiles(self, tenant: str, members: Sequence[str]) -> dict[str, Profile]:
        """Read profiles consistently, by member."""

    def members(
        self,
        tenant: str,
        *,
        limit: int,
        before: Entry | None = None,
        period: Period = ALWAYS,
    ) -> Iterator[Entry]:
        """Walk a tenant's members, the latest to come first; a moment behind, as all lists are."""


class Catalogue(Protocol):
    """Programmes, settings and keys: read often, changed seldom."""

    def settings(self, tenant: str, *, fresh: bool = False) -> Settings | None:
        """Read a tenant's settings; ``fresh`` past any cache."""

    def create_tenant(
        self, settings: Settings, clock: Instant | None, administrator: StoredKey | None = None
    ) -> bool:
        """Write a new tenant and its first key; ``False`` where there is one of that id."""

    def clock(self, tenant: str) -> Instant | None:
        """Read a test clock consistently."""

    def move_clock(self, tenant: str, to: Instant) -> bool:
        """Move a test clock forward; ``False`` where it is later already."""

    def set_holidays(self, tenant: str, lists: Mapping[str, Sequence[str]], expected: int) -> bool:
        """
        Replace a tenant's lists of days by the next revision after the ``expected`` one.

        ``False`` where there is another, or no such tenant.
        """

    def set_locations(self, tenant: str, encoded: bytes, expected: int) -> bool:
        """Replace a tenant's locations, as `domain.locations` encodes them, in the same way."""

    def versions(self, tenant: str, *, fresh: bool = False) -> Sequence[ProgrammeVersion]:
        """Read every version of every programme of a tenant; ``fresh`` past any cache."""

    def save_draft(self, tenant: str, version: ProgrammeVersion) -> bool:
        """Write a new draft; ``False`` where that number is taken."""

    def change_draft(self, tenant: str, version: ProgrammeVersion) -> bool:
        """Write a version over its draft; ``False`` where it is no draft any more."""

    def find_key(self, key_id: str) -> StoredKey | None:
        """Read an API key."""

    def create_key(self, key: StoredKey) -> None:
        """Write a new API key; those of administrators are counted."""

    def change_key(self, before: StoredKey, after: StoredKey) -> bool:
        """
        Revoke an API key, or let it end on another day.

        ``False`` where it is not as it was read any more, or is the last of an administrator and
        would be none after it.
        """

    def note_key_use(self, key_id: str, day: int) -> None:
        """Write on which day a key was used, in days from 1970, unless that or a later is known."""

    def list_keys(
        self, tenant: str, *, limit: int, before: Entry | None = None
    ) -> Sequence[tuple[Entry, StoredKey]]:
        """Read API keys of a tenant, the latest first; a hundred at most."""

    def list_sandboxes(
        self, tenant: str, *, limit: int, before: Entry | None = None
    ) -> Sequence[tuple[Entry, Settings, Instant]]:
        """Read sandboxes that a tenant opened, with their clocks, the latest first; 50 at most."""


class TickQueue(Protocol):
    """
    Hands ranges of the due index to workers.

    A message is a hint, no more: what it tells of is in the index until it is settled.  So it may
    be lost, repeated, late, or be worked on twice at once.
    """

    def waiting(self) -> int:
        """
        Return about how many messages nobody has received yet.

        Raises `Unavailable` where the queue cannot be asked.
        """

    def send(self, index_ranges: Sequence[IndexRange]) -> int:
        """
        Send a message for each range, and return how many the queue took.

        Raises `Unavailable` where it is not known to have taken any.
        """
