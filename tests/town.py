"""A town: one tenant with many accounts and their whole journals, made at once, without the API."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from functools import cache
from typing import Final, NamedTuple

from msgspec.structs import replace

from chalicelib.domain.decide.settling import due_at
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.journal import decode
from chalicelib.domain.programme.versions import ProgrammeVersion
from chalicelib.domain.verification import verify
from chalicelib.usecases.attempt import account_key
from chalicelib.usecases.ports import Catalogue, Directory, Ledger, TickQueue
from chalicelib.usecases.secrets import TenantSecrets
from chalicelib.usecases.services import Services
from chalicelib.usecases.stored import AccountChange, Commit, Settings
from chalicelib.usecases.tick import SHARDS
from tests.domain.building import Member, at
from tests.domain.midnight import KINDS, MIDNIGHT, POINTS, TERMS, available_after, life

TENANT: Final = "town"


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self, now: Instant = MIDNIGHT) -> None:
        self.now = now

    def __call__(self) -> Instant:
        """Return what it shows."""
        return self.now


class Stores(NamedTuple):
    """The three ports of one deployment."""

    ledger: Ledger
    directory: Directory
    catalogue: Catalogue


class Town:
    """
    A deployment with the town's tenant; its clock shows midnight unless it is set.

    A member is added with what falls due then (of `KINDS`, none for a quiet one), and can be
    checked afterwards.
    """

    def __init__(self, stores: Stores, queue: TickQueue | None = None) -> None:
        self.clock = Clock()
        self.ledger = stores.ledger
        self.members: dict[str, tuple[str, ...]] = {}
        numbers = itertools.count(1)
        self.services = Services(
            ledger=stores.ledger,
            directory=stores.directory,
            catalogue=stores.catalogue,
            secrets=TenantSecrets(lambda: b"k" * 32),
            wall_clock=self.clock,
            new_id=lambda kind: f"{kind}_{next(numbers):026d}",
            random_bytes=bytes,
            jitter=lambda: 0.0,
            pause_ms=lambda _ms: None,
            tick_queue=queue,
        )
        self._publish()

    def add(self, *kinds: str) -> str:
        """Add a member on whom these fall due, and return the id."""
        member = f"mem_{len(self.members) + 1:026d}"
        self.ledger.commit(commit_of(member, life(*kinds, key=account_key(TENANT, member))))
        self.members[member] = kinds
        return member

    def add_many(self, count: int) -> list[str]:
        """Add members on each of whom something falls due, every kind as often."""
        return [self.add(kind) for kind in itertools.islice(itertools.cycle(KINDS), count)]

    def due(self) -> set[str]:
        """Return the members whom the index announces by now."""
        now = self.clock.now
        return {place.member for n in range(SHARDS) for place in self.ledger.due(n, now)}

    def check(self, members: Iterable[str] | None = None) -> None:
        """Hold that on each member what was due happened once, and that the journal says so."""
        for member in self.members if members is None else members:
            kinds = self.members[member]
            key = account_key(TENANT, member)
            account = self.ledger.load(TENANT, (member,)).account(member)
            assert account is not None
            journal = list(self.ledger.events(TENANT, member))
            written = [decode(stored).kind for stored in journal[_lived(kinds) :]]
            assert written == [kind for kind in KINDS if kind in kinds], member
            assert account.balance(POINTS).available == available_after(*kinds)
            assert verify(account, journal, key).holds

    def _publish(self) -> None:
        catalogue = self.services.catalogue
        version = ProgrammeVersion(1, "draft", TERMS, at("2020-01-01"))
        assert catalogue.create_tenant(Settings(TENANT, "Town"), None)
        assert catalogue.save_draft(TENANT, version)
        assert catalogue.change_draft(TENANT, replace(version, state="published"))


@cache
def _lived(kinds: tuple[str, ...]) -> int:
    """Return how many events such a member has before midnight."""
    return life(*kinds, key="any").account.version


def commit_of(member: str, lived: Member) -> Commit:
    """Return what is written for a member who has lived so far."""
    due = due_at(lived.account)
    change = AccountChange(
        member=member,
        before=0,
        account=lived.account,
        due_at=due,
        indexed_due=due,
        events=tuple(lived.journal),
    )
    return Commit(tenant=TENANT, member=member, version=lived.account.version, changes=(change,))
