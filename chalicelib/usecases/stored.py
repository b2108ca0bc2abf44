"""What passes through the ports: what is read, what is written, and how a write can fail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, TypeVar, get_args

from msgspec import Struct

from chalicelib.domain.decide.claims import Claim, ClaimKey, EventRef, RecordKind, Ref
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import NoMember
from chalicelib.domain.ledger.journal import StoredEvent

T = TypeVar("T", bound=Struct)

#: After so many events an account is kept as it then is, so that its past is read from there.
CHECKPOINT_EVENTS: Final = 64
#: DynamoDB takes no more items in one transaction, so no commit brings as many events.
TRANSACTION_MAX: Final = 100


class Period(NamedTuple):
    """From an instant on, and up to before another; either may be open."""

    since: Instant | None = None
    until: Instant | None = None

    def has(self, instant: Instant) -> bool:
        """Tell whether an instant is within it."""
        return not self.is_after(instant) and (self.until is None or instant < self.until)

    def is_after(self, instant: Instant) -> bool:
        """Tell whether it begins after an instant."""
        return self.since is not None and instant < self.since


ALWAYS: Final = Period()


#: Lists of a tenant's accounts, each named by their status; those of records, by kind and state.
HOUSEHOLDS: Final[NoMember] = "household"
GIFT_CARDS: Final[NoMember] = "gift_card"
#: Members are listed by their profiles, all others by their accounts.
LISTED_ACCOUNTS: Final = frozenset(get_args(NoMember))


class Entry(NamedTuple):
    """An entry of one of a tenant's lists: since when it is there, and what it is."""

    at: Instant
    listed: str


class IdempotencyKey(Struct, frozen=True):
    """
    What makes a write unrepeatable.

    ``key`` is the SHA-256 hex of (kind, source, external id) or of (path, Idempotency-Key);
    ``fingerprint`` the SHA-256 of the request, so that the same key with another body is
    recognised.
    """

    key: str
    fingerprint: bytes


class Answer(Struct, frozen=True):
    """What the caller was answered: the HTTP status and the exact body."""

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

    ``birthday`` is MM-DD, ``age_bands`` the days from which the member is in each; ``contact`` an
    opaque token or CRM id; ``external_ids`` the keyed hashes of the ids that other systems have for
    the member, one a system; ``consents`` the evidence.
    ``former`` is the closed account that they had before; ``metadata`` whatever the tenant keeps
    here, which nothing reads.  What is not known is empty.
    """

    member: str
    revision: int
    created_at: Instant
    locale: str = ""
    time_zone: str = ""
    display_name: str = ""
    birthday: str = ""
    age_bands: dict[str, str] = {}
    contact: str = ""
    acquisition_source: str = ""
    external_ids: dict[str, str] = {}
    consents: tuple[Consent, ...] = ()
    former: str = ""
    metadata: dict[str, str] = {}


class DirectoryWrite(Struct, frozen=True):
    """
    What of the directory is written with the account: a profile, and a key that is claimed.

    ``freed`` is one that is given up.
    """

    profile: Profile
    key: ClaimKey | None = None
    freed: str | None = None


class AccountChange(Struct, frozen=True, kw_only=True):
    """
    What one account becomes; without ``events`` it has to be as it was read, and stays so.

    ``account`` is the account after ``events``; ``before`` the version that was read (0 for a
    new account); ``due_at`` when it is due; ``indexed_due`` what the due index shall hold.
    """

    member: str
    before: int
    account: Account
    due_at: Instant | None
    indexed_due: Instant | None
    events: Sequence[StoredEvent]

    @property
    def is_checkpoint(self) -> bool:
        """Tell whether the account is also kept as it now becomes."""
        return self.account.version // CHECKPOINT_EVENTS > self.before // CHECKPOINT_EVENTS


class Commit(Struct, frozen=True, kw_only=True):
    """
    Everything that one decision writes, in one transaction.

    ``changes`` are those of its accounts.  ``identity`` and ``also`` are of the request: both are
    on record for ``member``, whose account is at ``version`` then, with the ``answer``.
    ``into_reserve`` where a full account has room for it.  ``profile`` is written over the revision
    before its own, and ``freed`` is the personal key that ``member`` gives up.  ``on_test_clock``
    files accounts in the tenant's own part of the due index.
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
    freed: str | None = None
    on_test_clock: bool = False
    into_reserve: bool = False


class Conflicted(Exception):
    """The account moved on since it was read, or another transaction was in the way: try again."""


class AlreadyDone(Exception):
    """The identity is on record: answer from it."""

    def __init__(self, remembered: Remembered) -> None:
        super().__init__("the identity is on record")
        self.remembered = remembered


class ClaimRefused(Exception):
    """
    A claim of the decision cannot be granted.

    ``holder`` has the key that it asked for, and ``left`` is what the counter still has.
    """

    def __init__(self, claim: Claim, holder: str | None = None, left: int = 0) -> None:
        super().__init__(f"{type(claim).__name__} was refused")
        self.claim = claim
        self.holder = holder
        self.left = left


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


class Settings(Struct, frozen=True):
    """
    What holds for a whole tenant; ``test_clock`` tenants have a time of their own.

    Of a sandbox, ``opened_by`` is the tenant that opened it, and ``created_at`` when.
    ``holidays`` are lists of days, by their names; ``holidays_revision`` counts their changes.
    ``locations`` are all locations as `domain.locations` encodes them.
    """

    tenant: str
    name: str
    time_zone: str = "UTC"
    test_clock: bool = False
    opened_by: str = ""
    created_at: Instant = 0
    holidays: dict[str, frozenset[str]] = {}
    holidays_revision: int = 0
    locations: bytes = b""
    locations_revision: int = 0


class StoredKey(Struct, frozen=True):
    """
    An API key as it is kept: never its secret.

    ``sources`` are those under which it may report, any but reserved ones where there is no list,
    and ``locations`` those to which it is limited, everywhere where there is none.
    It works until ``ends_at``, the end of the tenant's day ``ends_on``, if it ends.
    ``last_used_day`` is the latest day in UTC on which it was used, counted from 1970; 0 for never.
    """

    key_id: str
    tenant: str
    secret_hash: str
    scopes: frozenset[str]
    name: str = ""
    revoked: bool = False
    sources: frozenset[str] | None = None
    created_at: Instant = 0
    ends_on: str = ""
    ends_at: Instant | None = None
    last_used_day: int = 0
    locations: tuple[str, ...] | None = None

    @property
    def administers(self) -> bool:
        """Tell whether it may do everything, and does not end by itself."""
        return "*" in self.scopes and self.ends_at is None

    def has_ended(self, now: Instant) -> bool:
        """Tell whether its last day is over."""
        return self.ends_at is not None and self.ends_at <= now
