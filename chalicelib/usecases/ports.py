"""
What the use cases need of the outside: the store implements these, tests may fake them.

Instants are milliseconds UTC; every method takes the tenant first and never sees another's data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from msgspec import Struct

from chalicelib.domain.account import Account
from chalicelib.domain.calendar import Instant
from chalicelib.domain.decide.claims import Claim, EventRef, RecordKind, Ref, SaveRecord
from chalicelib.domain.ledger.journal import StoredEvent
from chalicelib.domain.programme import ProgrammeVersion

T = TypeVar("T", bound=Struct)


class IdempotencyKey(Struct, frozen=True):
    """
    What makes a write unrepeatable.

    ``key`` is the SHA-256 hex of (kind, source, external id) or of (path, Idempotency-Key);
    ``fingerprint`` the SHA-256 of the request, so that the same key with another body is told
    apart.
    """

    key: str
    fingerprint: bytes


class Answer(Struct, frozen=True):
    """What the caller was told: the HTTP status and the exact body."""

    status: int
    body: bytes


class Remembered(Struct, frozen=True):
    """The dedupe record of an accepted write."""

    fingerprint: bytes
    answer: Answer
    member: str
    version: int


class AccountRead(Struct, frozen=True):
    """
    An account as read; ``None`` where it is not there.

    ``indexed_due`` is what the due index holds for it: never later than when it is truly due.
    """

    account: Account | None
    indexed_due: Instant | None = None


class Loaded(Struct, frozen=True):
    """
    What one consistent read found.

    ``accounts`` are by the ids that were asked for, and ``records`` by their places, ``None`` where
    there is nothing; ``clock`` is the tenant's test clock where it has one.
    """

    accounts: dict[str, AccountRead]
    records: dict[Ref | EventRef, Any] = {}
    clock: Instant | None = None

    def account(self, member: str) -> Account | None:
        """Return an account that was asked for, or ``None``."""
        return self.accounts[member].account

    def record(self, kind: RecordKind[T], owner: str, record_id: str) -> T | None:
        """Return a record that was asked for, or ``None``."""
        found: T | None = self.records[kind.ref(owner, record_id)]
        return found

    def with_more(self, more: Loaded) -> Loaded:
        """Return what two reads found; the clock is that of the first."""
        return Loaded(self.accounts | more.accounts, self.records | more.records, self.clock)


class KeyHolder(Struct, frozen=True):
    """Who has a claimed key, and the value that was claimed with it."""

    member: str
    value: str


class Consent(Struct, frozen=True, omit_defaults=True):
    """Evidence of one consent given or withdrawn."""

    purpose: str
    granted: bool
    text_version: str
    at: Instant
    locale: str = ""
    channel: str = ""


class Profile(Struct, frozen=True, omit_defaults=True):
    """
    A member's personal data, kept apart from the ledger; ``revision`` is its ETag.

    ``birthday`` is MM-DD; ``contact`` an opaque token or CRM id; ``external_systems`` the
    systems that know the member, by name only; ``consents`` the evidence.  What is not known is
    empty.
    """

    member: str
    revision: int
    created_at: Instant
    locale: str = ""
    time_zone: str = ""
    display_name: str = ""
    birthday: str = ""
    contact: str = ""
    acquisition_source: str = ""
    external_systems: tuple[str, ...] = ()
    consents: tuple[Consent, ...] = ()


class AccountChange(Struct, frozen=True, kw_only=True):
    """
    What one account becomes; without ``entries`` it has to be as it was read, and stays so.

    ``account`` is the account after ``entries``; ``before`` the version that was read (0 for a
    new account); ``due_at`` when it is due; ``indexed_due`` what the due index shall hold.
    """

    member: str
    before: int
    account: Account
    due_at: Instant | None
    indexed_due: Instant | None
    entries: Sequence[StoredEvent]


class Commit(Struct, frozen=True, kw_only=True):
    """
    Everything that one decision writes, in one transaction.

    ``changes`` are those of its accounts.  ``identity`` and ``also`` are of the request: both are
    on record for ``member``, whose account is at ``version`` then, with the ``answer``.
    ``profile`` is written over the revision before its own.  ``on_test_clock`` files accounts in
    the tenant's own part of the due index.
    """

    tenant: str
    member: str
    version: int
    changes: Sequence[AccountChange] = ()
    claims: Sequence[Claim] = ()
    identity: IdempotencyKey | None = None
    also: IdempotencyKey | None = None
    answer: Answer | None = None
    profile: Profile | None = None
    on_test_clock: bool = False


class Conflicted(Exception):
    """The account moved on since it was read, or another transaction was in the way: try again."""


class AlreadyDone(Exception):
    """The identity is on record: answer from it."""

    def __init__(self, remembered: Remembered) -> None:
        super().__init__("the identity is on record")
        self.remembered = remembered


class ClaimRefused(Exception):
    """A claim of the decision cannot be granted; ``holder`` has the key that it asked for."""

    def __init__(self, claim: Claim, holder: str | None = None) -> None:
        super().__init__(f"{type(claim).__name__} was refused")
        self.claim = claim
        self.holder = holder


class KeyTaken(Exception):
    """Another member has this key, such as an external id."""

    def __init__(self, member: str) -> None:
        super().__init__("the key is taken")
        self.member = member


class OutcomeUnknown(Exception):
    """The write was sent and no usable answer came back: it may have happened."""


class Due(Struct, frozen=True, array_like=True):
    """
    A place in the due index: an account, and the instant from which it is worth a look.

    The instant is a lower bound: what was to happen then may have been spent in the meantime.
    """

    at: Instant
    tenant: str
    member: str


class IndexRange(Struct, frozen=True):
    """A part of one shard of the common due index, from one place to another, both included."""

    shard: int
    first: Due
    last: Due


class Ledger(Protocol):
    """Accounts, entries, and what is written with them."""

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
        """Write a new record by itself: nobody knows its id yet, so nothing guards it."""

    def remembered(self, tenant: str, keys: Sequence[str]) -> tuple[Remembered | None, ...]:
        """Read dedupe records consistently, in one call; in the order of the keys."""

    def commit(self, commit: Commit) -> None:
        """
        Write a decision, all or nothing.

        Raises `Conflicted`, `AlreadyDone`, `ClaimRefused` or `OutcomeUnknown`.  Where several
        conditions fail, the dedupe record counts first, then keys, then the versions of the
        accounts, then the other claims.
        """

    def entries(
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


class Directory(Protocol):
    """Personal data and external ids."""

    def profile(self, tenant: str, member: str) -> Profile | None:
        """Read a profile consistently."""

    def find(self, tenant: str, lookup: str) -> str | None:
        """Return the member with an external id, given as its keyed hash."""

    def save(self, tenant: str, profile: Profile, *, expected: int) -> bool:
        """Write a profile over a revision; ``False`` where it moved on."""


class Settings(Struct, frozen=True):
    """What holds for a whole tenant; ``test_clock`` tenants have a time of their own."""

    tenant: str
    name: str
    time_zone: str = "UTC"
    test_clock: bool = False


class StoredKey(Struct, frozen=True):
    """An API key as it is kept: never its secret."""

    key_id: str
    tenant: str
    secret_hash: str
    scopes: frozenset[str]
    name: str = ""
    revoked: bool = False


class Catalogue(Protocol):
    """Programmes, settings and keys: read often, changed seldom."""

    def settings(self, tenant: str) -> Settings | None:
        """Read a tenant's settings."""

    def create_tenant(self, settings: Settings, clock: Instant | None) -> bool:
        """Write a new tenant; ``False`` where there is one of that id."""

    def clock(self, tenant: str) -> Instant | None:
        """Read a test clock consistently."""

    def move_clock(self, tenant: str, to: Instant) -> bool:
        """Move a test clock forward; ``False`` where it is later already."""

    def versions(self, tenant: str, *, fresh: bool = False) -> Sequence[ProgrammeVersion]:
        """Read every version of every programme of a tenant; ``fresh`` past any cache."""

    def save_draft(self, tenant: str, version: ProgrammeVersion) -> bool:
        """Write a new draft; ``False`` where that number is taken."""

    def publish(self, tenant: str, version: ProgrammeVersion) -> bool:
        """Turn a draft into a published version; ``False`` where it is no draft any more."""

    def find_key(self, key_id: str) -> StoredKey | None:
        """Read an API key."""

    def save_key(self, key: StoredKey) -> None:
        """Write a new or revoked API key."""


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


Clock = Callable[[], Instant]
