"""
Who is calling: scopes, roles, API keys, and the principal that a credential proves.

Both kinds of credential travel as ``Authorization: Bearer …``.  ``tsk_<key id>_<secret>`` is an
API key of a server or partner: the id finds the key, the SHA-256 of the secret is compared in
constant time.  Anything else is a JWT of a member or of staff (`tokens.py`).  The tenant comes
from the credential and from nowhere else.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from typing import Final, Literal, NamedTuple, Protocol, TypeVar

import msgspec
from msgspec.structs import replace

from chalicelib.domain import api_key
from chalicelib.domain.errors import Forbidden, MemberNotFound, Unauthorised
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.usecases.services import Acting
from chalicelib.usecases.stored import StoredKey

#: The scope of a route that needs no credential.  Deliberate, so that none is public by omission.
PUBLIC: Final = "public"
#: The scope that holds every other.
ALL: Final = "*"


class Scope(NamedTuple):
    """
    What a scope opens, and who holds it without a key: roles of staff, and members.

    Members hold it for their own account, on routes that say ``member_may``.
    """

    text: str
    holders: frozenset[str] = frozenset()


_ADMIN: Final = frozenset({"admin"})
_MANAGER: Final = frozenset({"manager"})
_COMPLIANCE: Final = frozenset({"compliance"})
_MARKETING: Final = frozenset({"marketing"})
_MEMBER: Final = frozenset({"member"})
#: Staff at a desk, and all who only read.
_DESK: Final = _MANAGER | {"receptionist"}
_READERS: Final = _DESK | _COMPLIANCE
#: Of those who read, marketing reads nothing of one member.
_STAFF: Final = _READERS | _MARKETING

#: Every scope.  One list, so that who may do what is read on one page; tests hold that operations
#: declare each of them.
SCOPES: Final[dict[str, Scope]] = {
    "programmes:read": Scope("Read programmes and their versions", _STAFF | _MEMBER),
    "programmes:write": Scope("Draft, validate and publish programmes", _MANAGER),
    "locations:read": Scope("Read the locations of the tenant", _STAFF),
    "locations:write": Scope("Change the locations of the tenant"),
    "members:read": Scope("Read members", _READERS | _MEMBER),
    "members:write": Scope("Create, enrol, change and close members", _DESK),
    "delegates:write": Scope(
        "Let relatives, guardians and carers act for members", _DESK | _MEMBER
    ),
    "households:write": Scope("Found households, and let members join and leave them", _DESK),
    "activities:write": Scope("Record activities", _DESK),
    "balances:read": Scope("Read balances and progress", _READERS | _MEMBER),
    "ledger:read": Scope("Read and verify the ledger", _MANAGER | _COMPLIANCE | _MEMBER),
    "rewards:read": Scope("Read the rewards that a member can have", _READERS | _MEMBER),
    "redemptions:write": Scope("Redeem rewards and cancel redemptions", _DESK | _MEMBER),
    "holds:write": Scope("Set value aside, and capture or release it", _DESK),
    "entitlements:read": Scope("Read what a member may use, and stamp cards", _READERS | _MEMBER),
    "entitlements:issue": Scope("Make tokens by which entitlements are used", _DESK | _MEMBER),
    "entitlements:write": Scope("Use entitlements and give uses back", _DESK),
    "entitlements:grant": Scope("Grant entitlements by hand", _MANAGER),
    "quotes:read": Scope("Quote purchases and read quotes", _READERS | _MEMBER),
    "quotes:confirm": Scope("Confirm quotes", _DESK),
    "wallets:write": Scope("Top wallets up", _DESK),
    "gift_cards:read": Scope("Read gift cards, and look them up by their codes", _READERS),
    "gift_cards:sell": Scope("Sell gift cards", _DESK),
    "gift_cards:use": Scope(
        "Pay with gift cards, cancel that, and put them into wallets", _DESK | _MEMBER
    ),
    "transfers:write": Scope("Transfer value from one member to another", _DESK | _MEMBER),
    "goodwill:write": Scope("Give goodwill, within what the role may give in a day", _DESK),
    "subscriptions:write": Scope("Begin, pay, change and end paid plans", _DESK),
    "statuses:write": Scope("Verify statuses and withdraw them", _DESK),
    "tiers:grant": Scope("Hold tiers by hand and lift them", _MANAGER),
    "vouchers:read": Scope("Look vouchers up", _READERS | _MEMBER),
    "vouchers:reveal": Scope("See the whole codes of vouchers", _DESK | _MEMBER),
    "vouchers:write": Scope("Use vouchers", _DESK),
    "reversals:write": Scope("Reverse activities and payments", _MANAGER),
    "adjustments:write": Scope("Adjust balances by hand", _MANAGER),
    "overrides:write": Scope(
        "Ask for gifts against a policy pack, and withdraw that", _MANAGER | _COMPLIANCE
    ),
    "overrides:approve": Scope("Approve gifts against a policy pack", _COMPLIANCE),
    "clock:write": Scope("Move a test clock"),
    "keys:write": Scope("Issue and revoke API keys"),
    ALL: Scope("Everything", _ADMIN),
}

#: What a role of staff may do.  A role that is not listed gives nothing.
ROLES: Final[dict[str, frozenset[str]]] = {
    role: frozenset(name for name, scope in SCOPES.items() if role in scope.holders)
    for role in sorted(_ADMIN | _STAFF)
}

#: What a member may do.
MEMBER_SCOPES: Final = frozenset(name for name, scope in SCOPES.items() if scope.holders >= _MEMBER)

KEY_TTL_MS: Final = 60_000
_KEYS_CACHED_MAX: Final = 1024
_BEARER: Final = re.compile(r"[Bb]earer ([A-Za-z0-9._~+/=-]{1,8192})")
_NO_SECRET: Final = "0" * 64
_DAY_MS: Final = 86_400_000

#: Those whom a credential proves.
Kind = Literal["server", "staff", "member"]
T = TypeVar("T")


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever a credential proves: one tenant, one actor, what they may do."""

    tenant: str
    kind: Kind
    #: The API key's id, or the JWT's subject; unique within tenant and kind.
    id: str
    scopes: frozenset[str]
    #: The member's own id; only members have one.
    member_id: str | None = None
    #: What the token says of staff, of what is known here.
    roles: tuple[str, ...] = ()
    #: The sources under which a key may report; any but reserved ones where it has no list.
    sources: frozenset[str] | None = None
    #: The locations to which it is limited; everywhere where it has no list.
    locations: tuple[str, ...] | None = None

    @property
    def actor(self) -> str:
        """The actor as events and fingerprints name them: ``server:<id>`` and so on."""
        return f"{self.kind}:{self.id}"

    def holds(self, scope: str) -> bool:
        """Say whether the scope is among those held."""
        return scope in self.scopes or ALL in self.scopes


class KeyDirectory(Protocol):
    """Where API keys are looked up."""

    def find_key(self, key_id: str) -> StoredKey | None:
        """Return the key of that id, also when revoked; nothing when there is none."""

    def note_key_use(self, key_id: str, day: int) -> None:
        """Remember that the key was used on a day, counted from 1970."""


class Tokens(Protocol):
    """What verifies a JWT."""

    def verify(self, token: str) -> Principal:
        """Return the member or staff that the token proves, or raise `Unauthorised`."""


class NoTokens:
    """What verifies JWTs where no issuer is configured: none does."""

    def verify(self, token: str) -> Principal:  # noqa: ARG002 - whatever it says
        """Refuse every token."""
        raise Unauthorised("credential_invalid", "No issuer of tokens is trusted here.")


class LazyTokens:
    """What verifies JWTs, made at the first of them: callers with API keys alone never need it."""

    def __init__(self, make: Callable[[], Tokens]) -> None:
        self._made = cache(make)

    def verify(self, token: str) -> Principal:
        """Return the member or staff that the token proves, or raise `Unauthorised`."""
        return self._made().verify(token)


class KnownTenants:
    """What verifies JWTs of tenants that exist: an issuer may name others, which open nothing."""

    def __init__(self, tokens: Tokens, exists: Callable[[str], bool]) -> None:
        self._tokens = tokens
        self._exists = exists

    def verify(self, token: str) -> Principal:
        """
        Return the principal of a tenant that exists.

        Raises `Forbidden` ``unknown_tenant``.
        """
        principal = self._tokens.verify(token)
        if not self._exists(principal.tenant):
            raise Forbidden("unknown_tenant", "The credential names a tenant that is not here.")
        return principal


class CachedKeys:
    """
    A key directory that remembers keys for 60 seconds, so that a revocation takes that long.

    Ids of which there is no key are remembered as long, apart from the keys: using one again and
    again costs one read a minute, and guessing never drives out a key that exists.  An id
    is drawn at random when its key is made, so nobody has asked for it before.  Safe to share
    between threads.
    """

    def __init__(self, directory: KeyDirectory, wall_clock: Callable[[], int]) -> None:
        self._directory = directory
        self._wall_clock = wall_clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[int, StoredKey]] = OrderedDict()
        self._absent: OrderedDict[str, tuple[int, None]] = OrderedDict()

    def find_key(self, key_id: str) -> StoredKey | None:
        """Return the key as it was at most 60 seconds ago."""
        now = self._wall_clock()
        with self._lock:
            kept = self._kept.get(key_id) or self._absent.get(key_id)
        if kept is not None and now - kept[0] < KEY_TTL_MS:
            return kept[1]
        found = self._directory.find_key(key_id)
        with self._lock:
            self._kept.pop(key_id, None)
            self._absent.pop(key_id, None)
            if found is None:
                _remember(self._absent, key_id, (now, None))
            else:
                _remember(self._kept, key_id, (now, found))
        return found

    def note_key_use(self, key_id: str, day: int) -> None:
        """
        Remember the day, and write it once for this process.

        It is for people to look at, so a request never fails for it: it is written another time.
        """
        with self._lock:
            if (kept := self._kept.get(key_id)) is not None:
                self._kept[key_id] = kept[0], replace(kept[1], last_used_day=day)
        with suppress(Exception):
            self._directory.note_key_use(key_id, day)


def _remember(kept: OrderedDict[str, T], key_id: str, known: T) -> None:
    kept[key_id] = known
    if len(kept) > _KEYS_CACHED_MAX:
        kept.popitem(last=False)


def authenticate(header: str | None, keys: KeyDirectory, tokens: Tokens, now: Instant) -> Principal:
    """
    Return the principal that an ``Authorization`` header proves at an instant.

    Raises `Unauthorised` ``credential_missing``, ``key_ended`` of a key whose last day is over, or
    ``credential_invalid`` without saying why more precisely than the caller needs to put it right.
    """
    if not header:
        raise Unauthorised("credential_missing", "Send `Authorization: Bearer <token>`.")
    match = _BEARER.fullmatch(header)
    if match is None:
        raise Unauthorised("credential_invalid", "Send the header as `Bearer <token>`.")
    token = match[1]
    if token.startswith(api_key.PREFIX):
        return _verify_key(token, keys, now)
    return tokens.verify(token)


def authorise(principal: Principal, scope: str, *, member_may: bool, limited_may: bool) -> None:
    """
    Refuse a principal that may not use a route of that scope.

    Raises `Forbidden` ``not_for_members``, ``insufficient_scope``, or ``limited_to_locations`` on a
    route that is not for who is limited to locations.
    """
    if principal.kind == "member" and not member_may:
        raise Forbidden("not_for_members", "Members may not do this; staff and servers may.")
    if not principal.holds(scope):
        raise Forbidden(
            "insufficient_scope",
            f"The credential needs the scope `{scope}`.",
            scope=scope,
        )
    if principal.locations is not None and not limited_may:
        raise Forbidden(
            "limited_to_locations",
            "This credential is limited to locations, and this is about all of them.",
            locations=list(principal.locations),
        )


def acting_for(principal: Principal, member_id: str, matter: str | None) -> Acting | None:
    """
    Return what another member's account has to be asked, where a member names it.

    ``None`` for one's own account, and for staff and servers.  Raises `MemberNotFound`, as if there
    were none, where no ``matter`` lets delegates call the operation.
    """
    if principal.member_id is None or principal.member_id == member_id:
        return None
    if matter is None:
        raise MemberNotFound
    return Acting(principal.member_id, matter)


def scopes_of(roles: Iterable[str]) -> frozenset[str]:
    """Return the scopes of all the roles together; unknown roles give none."""
    nothing: frozenset[str] = frozenset()
    return nothing.union(*(ROLES.get(role, nothing) for role in roles))


def _verify_key(token: str, keys: KeyDirectory, now: Instant) -> Principal:
    key_id, secret = api_key.parts(token) or ("", "")
    found = keys.find_key(key_id) if key_id else None
    # Unknown ids take the same path as wrong secrets.
    matches = api_key.matches(secret, found.secret_hash if found else _NO_SECRET)
    if found is None or not matches or found.revoked:
        raise Unauthorised("credential_invalid", "The API key is unknown, wrong or revoked.")
    if found.has_ended(now):
        raise Unauthorised(
            "key_ended",
            f"This API key worked through {found.ends_on}: ask for another.",
            ends_on=found.ends_on,
        )
    if found.last_used_day < (today := now // _DAY_MS):
        keys.note_key_use(key_id, today)
    return Principal(
        tenant=found.tenant,
        kind="server",
        id=found.key_id,
        scopes=found.scopes,
        sources=found.sources,
        locations=found.locations,
    )
