"""What every use case works with: the stores, and clock, chance and ids as arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.errors import Forbidden, MemberNotFound
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.actor import Actor
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.programme.versions import Programmes
from chalicelib.usecases.secrets import TenantSecrets

if TYPE_CHECKING:
    from chalicelib.usecases.ports import Catalogue, Directory, Ledger, TickQueue
    from chalicelib.usecases.stored import Settings


class Services(NamedTuple):
    """
    The outside world; made once in `wiring`, or by a test.

    Without a ``tick_queue`` the scheduled tick does all of its work itself.
    """

    ledger: Ledger
    directory: Directory
    catalogue: Catalogue
    secrets: TenantSecrets
    wall_clock: Callable[[], Instant]
    new_id: Callable[[str], str]
    random_bytes: Callable[[int], bytes]
    jitter: Callable[[], float]  # nosemgrep: float-money - a share of a pause
    pause_ms: Callable[[float], None]  # nosemgrep: float-money - milliseconds
    version: str = "0"
    production: bool = False
    tick_queue: TickQueue | None = None


class Acting:
    """
    A member who asks for something of another member, and may, where that member's account says so.

    ``delegate`` is the id of who asks, and ``matter`` what they act in.  ``checked`` tells whether
    the account was asked, which every attempt of a write does anew.
    """

    def __init__(self, delegate: str, matter: str) -> None:
        self.delegate = delegate
        self.matter = matter
        self.checked = False

    def check(self, account: Account | None, now: Instant) -> None:
        """Raise `MemberNotFound` unless they may: to others there is no such member."""
        from chalicelib.domain.mechanics import delegates

        self.checked = True
        if account is None or not delegates.may_act(account, self.delegate, self.matter, now):
            raise MemberNotFound


class Within:
    """
    Staff or a server limited to locations: only members who were seen there are there for them.

    ``locations`` are the numbers of these and of all that belong to them.  ``checked`` as with
    `Acting`.
    """

    def __init__(self, locations: frozenset[int]) -> None:
        self.locations = locations
        self.checked = False

    def check(self, account: Account | None, now: Instant) -> None:  # noqa: ARG002 - as Acting does
        """Raise `MemberNotFound` unless the member was seen there."""
        from chalicelib.domain.mechanics import seen_at

        self.checked = True
        if account is None or not seen_at.was_seen(account, self.locations):
            raise MemberNotFound


class Caller(Struct, frozen=True):
    """
    On whose behalf: the tenant of the credential, who acts, and the time left.

    ``sources`` are those under which they may report, any but reserved ones where there is no list.
    ``access`` where an account has to be asked whether they may: a member who asks for something of
    another, or who is limited to locations.
    """

    tenant: str
    actor: Actor
    remaining_ms: Callable[[], int] = lambda: 30_000
    sources: frozenset[str] | None = None
    access: Acting | Within | None = None

    def check(self, account: Account | None, now: Instant) -> None:
        """
        Ask the account that something is asked of whether this caller may.

        Raises `MemberNotFound`.
        """
        if self.access is not None:
            self.access.check(account, now)

    def unlimited(self) -> Caller:
        """Return the caller without the limit to locations, to record somebody at one of them."""
        return replace(self, access=None) if isinstance(self.access, Within) else self

    def may_see(self, account: Account, now: Instant) -> bool:
        """Tell whether an account is there for this caller."""
        try:
            self.check(account, now)
        except MemberNotFound:
            return False
        return True


def is_seen(services: Services, caller: Caller, member: str) -> bool:
    """Tell whether a member is there for a caller; no call unless an account has to be asked."""
    if caller.access is None:
        return True
    account = services.ledger.load(caller.tenant, [member]).account(member)
    return account is not None and caller.may_see(account, now_of(services, caller.tenant))


def programmes_of(services: Services, tenant: str) -> Programmes:
    """Return the published programmes of a tenant."""
    return Programmes(services.catalogue.versions(tenant))


def settings_of(services: Services, tenant: str, *, fresh: bool = False) -> Settings:
    """
    Return what holds for a whole tenant, ``fresh`` past any cache.

    Refuses a credential of no tenant.
    """
    settings = services.catalogue.settings(tenant, fresh=fresh)
    if settings is None:
        raise no_such_tenant()
    return settings


def no_such_tenant() -> Forbidden:
    """Return the refusal of a credential of no tenant."""
    return Forbidden("unknown_tenant", "The credential names a tenant that does not exist here.")


def on_test_clock(services: Services, tenant: str) -> bool:
    """Tell whether a tenant has a time of its own; refuse a credential of no tenant."""
    return settings_of(services, tenant).test_clock


def now_of(services: Services, tenant: str) -> Instant:
    """Return what time it is for a tenant: one call where it has a test clock, else none."""
    if on_test_clock(services, tenant):
        clock = services.catalogue.clock(tenant)
        if clock is not None:
            return clock
    return services.wall_clock()
