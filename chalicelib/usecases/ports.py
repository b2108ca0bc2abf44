"""
What the use cases need of the outside: the store implements these, tests may fake them.

Instants are milliseconds UTC; every method takes the tenant first and never sees another's data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from msgspec import Struct

from chalicelib.domain.account import Account
from chalicelib.domain.calendar import Instant
from chalicelib.domain.commands import Claim, Redemption, Remaining
from chalicelib.domain.entry import StoredEntry
from chalicelib.domain.programme import ProgrammeVersion
from chalicelib.domain.quote import Quote


class Identity(Struct, frozen=True):
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
    remaining: Remaining | None = None


class Loaded(Struct, frozen=True):
    """
    An account as read, and the tenant's test clock where it has one.

    ``indexed_due`` is what the due index holds for it: never later than when it is truly due.
    ``counterparty`` is another account that was read with it, for a decision that spans both.
    """

    account: Account | None
    clock: Instant | None = None
    indexed_due: Instant | None = None
    counterparty: Loaded | None = None


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


class Growth(Struct, frozen=True, kw_only=True):
    """
    What one account becomes.

    ``account`` is the account after ``entries``; ``before`` the version that was read (0 for a
    new account); ``due_at`` when it is due; ``indexed_due`` what the due index shall hold.
    """

    member: str
    before: int
    account: Account
    due_at: Instant | None
    indexed_due: Instant | None
    entries: Sequence[StoredEntry]


class Commit(Growth, frozen=True, kw_only=True):
    """
    Everything that one decision writes, in one transaction.

    ``on_test_clock`` files accounts in the tenant's own part of the due index.  ``counterparty``
    is a second account that the decision spans.  ``also`` is a second identity of the same write,
    where it has two; both are of the first account, as are ``profile``, which is written over the
    revision before its own, and ``look_up`` (the keyed hash of an external id), which must be
    free.
    """

    tenant: str
    counterparty: Growth | None = None
    claims: Sequence[Claim] = ()
    identity: Identity | None = None
    also: Identity | None = None
    answer: Answer | None = None
    profile: Profile | None = None
    look_up: str | None = None
    on_test_clock: bool = False


class Conflicted(Exception):
    """The account moved on since it was read, or another transaction was in the way: try again."""


class AlreadyDone(Exception):
    """The identity is on record: answer from it."""

    def __init__(self, remembered: Remembered) -> None:
        super().__init__("the identity is on record")
        self.remembered = remembered


class ClaimRefused(Exception):
    """Another conditional write of the decision cannot be made."""

    def __init__(self, claim: Claim) -> None:
        super().__init__(f"{type(claim).__name__} was refused")
        self.claim = claim


class LookUpTaken(Exception):
    """Another member has this external id."""

    def __init__(self, member: str) -> None:
        super().__init__("the external id is taken")
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


class Stretch(Struct, frozen=True):
    """A part of one shard of the common due index, from one place to another, both included."""

    shard: int
    first: Due
    last: Due


class Ledger(Protocol):
    """Accounts, entries, and what is written with them."""

    def load(self, tenant: str, member: str, *, with_clock: bool = False) -> Loaded:
        """Read an account consistently, and in the same call the tenant's test clock."""

    def load_pair(
        self, tenant: str, member: str, counterparty: str, *, with_clock: bool = False
    ) -> Loaded:
        """Read the account of a member, and that of another as its counterparty, in one call."""

    def accounts(self, tenant: str, members: Sequence[str]) -> tuple[Account | None, ...]:
        """Read accounts of several members consistently, in one call; in the order of the ids."""

    def load_with_redemption(
        self, tenant: str, member: str, redemption_id: str, *, with_clock: bool = False
    ) -> tuple[Loaded, Redemption | None]:
        """Read an account and one of its redemptions consistently, in one call."""

    def load_with_quote(
        self, tenant: str, member: str, quote_id: str, *, with_clock: bool = False
    ) -> tuple[Loaded, Quote | None]:
        """Read an account and one of its quotes consistently, in one call."""

    def save_quote(self, tenant: str, quote: Quote) -> None:
        """Write a new quote."""

    def redemptions(
        self, tenant: str, member: str, ids: Sequence[str]
    ) -> tuple[Redemption | None, ...]:
        """Read redemptions of a member consistently, in one call; in the order of the ids."""

    def load_with_entry(
        self, tenant: str, member: str, version: int, *, with_clock: bool = False
    ) -> tuple[Loaded, StoredEntry | None]:
        """Read an account and one of its entries consistently, in one call."""

    def remembered(self, tenant: str, key: str) -> Remembered | None:
        """Read a dedupe record consistently."""

    def remembered_each(self, tenant: str, keys: Sequence[str]) -> tuple[Remembered | None, ...]:
        """Read several dedupe records consistently, in one call; in the order of the keys."""

    def commit(self, commit: Commit) -> None:
        """
        Write a decision, all or nothing.

        Raises `Conflicted`, `AlreadyDone`, `ClaimRefused`, `LookUpTaken` or `OutcomeUnknown`.
        Where several conditions fail, the dedupe record counts first, then the version of the
        account or of its counterparty, then the claims.
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
    ) -> Iterator[StoredEntry]:
        """Read a journal consistently in order of version, page by page as it is consumed."""

    def redemption_of(self, tenant: str, voucher_hash: str) -> tuple[str, str] | None:
        """Return (member, redemption id) of a voucher, or ``None``."""

    def stock_taken(self, tenant: str, rewards: Sequence[tuple[str, str]]) -> dict[str, int]:
        """Return how many were taken of rewards given as (programme, reward), by reward id."""

    def due(self, shard: int, until: Instant, *, test_tenant: str | None = None) -> Iterator[Due]:
        """
        Walk one shard of the due index up to an instant, the earliest first.

        ``test_tenant`` walks the part of a tenant with a test clock instead of the common one.
        """

    def due_within(self, stretch: Stretch) -> Iterator[Due]:
        """Walk what is still there of a stretch of the due index, the earliest first."""

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

    def find(self, tenant: str, look_up: str) -> str | None:
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
    Hands stretches of the due index to workers.

    A message is a hint, no more: what it tells of is in the index until it is settled.  So it may
    be lost, repeated, late, or be worked on twice at once.
    """

    def waiting(self) -> int:
        """
        Return about how many messages nobody has received yet.

        Raises `Unavailable` where the queue cannot be asked.
        """

    def send(self, stretches: Sequence[Stretch]) -> int:
        """
        Send a message for each stretch, and return how many the queue took.

        Raises `Unavailable` where it is not known to have taken any.
        """


Clock = Callable[[], Instant]
