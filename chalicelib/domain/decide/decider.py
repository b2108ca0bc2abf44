"""
One decision over any number of accounts: what it knows, and what it collects.

A command names its parties by role and the records that it needs.  They are read, the accounts are
settled to one instant, and the handler of the command gets a `Decider`: it asks for a builder of an
event for each account that changes, claims what must hold beside the accounts, and returns what the
caller gets.  All of it is written in one transaction, or nothing is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, TypeVar

from msgspec import Struct

from chalicelib.domain.decide.appending import Appended, append
from chalicelib.domain.decide.claims import Claim, EventRef, RecordKind, Ref
from chalicelib.domain.decide.event_builder import Door, EventBuilder
from chalicelib.domain.ledger import journal
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.actor import CLOCK, Actor
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.events import Event
from chalicelib.domain.ledger.journal import StoredEvent
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.versions import Programmes, resolve_programme

T = TypeVar("T", bound=Struct)

#: The role of the member whom a command is about; every command has one.
MEMBER: Final = "member"

#: A record, or a stored event, by its place; what is not there is ``None``.
Records = Mapping[Ref | EventRef, Any]


class Participant(NamedTuple):
    """
    One account of a decision: as it was read and settled, and as it becomes.

    ``id`` is that of the member or household, and ``key`` the account's, over which its hash chain
    runs.  An account that is not there is one without anything: version 0.
    """

    id: str
    key: str
    account: Account
    appended: Appended = Appended()

    def grown(self, events: tuple[Event, ...]) -> Participant:
        """Return it with more events."""
        account, more = append(self.account, events, self.key)
        return self._replace(account=account, appended=self.appended + more)


class Known(NamedTuple):
    """
    What is known while a command says what else it needs.

    ``accounts`` are by role, as they lie in the store and not yet settled; an absent one is left
    out.
    """

    programmes: Programmes
    now: Instant
    accounts: Mapping[str, Account]
    records: Records

    def record(self, kind: RecordKind[T], owner: str, record_id: str) -> T | None:
        """Return a record that was read, or ``None`` where it is not there or not read yet."""
        found: T | None = self.records.get(kind.ref(owner, record_id))
        return found


class Decider:
    """
    Hands a handler what it needs, and collects events by account, and claims.

    ``now`` is the instant of the decision, at which all its accounts are settled.
    """

    def __init__(
        self,
        participants: Mapping[str, Participant],
        door: Door,
        now: Instant,
        *,
        actor: Actor = CLOCK,
        records: Records | None = None,
    ) -> None:
        self.programmes = door.programmes
        self._door = door
        self.now = now
        self.actor = actor
        self.claims: list[Claim] = []
        self._records = records or {}
        self._roles = {role: each.id for role, each in participants.items()}
        self._participants = {each.id: each for each in participants.values()}

    # What is known

    @property
    def member(self) -> Account:
        """Return the account of the member whom the command is about."""
        return self.account(MEMBER)

    def account(self, role: str) -> Account:
        """Return the account in a role, with every event recorded so far."""
        return self.participant(role).account

    def participant(self, role: str) -> Participant:
        """Return the account in a role with what was appended to it."""
        return self._participants[self._roles[role]]

    @property
    def participants(self) -> tuple[Participant, ...]:
        """Return each account once, that of the member first."""
        first = self.participant(MEMBER)
        return (first, *(each for each in self._participants.values() if each.id != first.id))

    def has(self, role: str) -> bool:
        """Tell whether a role is filled."""
        return role in self._roles

    def record(self, kind: RecordKind[T], owner: str, record_id: str) -> T | None:
        """Return a record of which the command said that it needs it, or ``None``."""
        found: T | None = self._records[kind.ref(owner, record_id)]
        return found

    def event_at(self, owner: str, version: int) -> Event | None:
        """Return an event of which the command said that it needs it, or ``None``."""
        stored: StoredEvent | None = self._records[EventRef(owner, version)]
        return None if stored is None else journal.decode(stored)

    def programme(self, programme_id: str) -> Programme:
        """
        Return the document that rules the member's programme now.

        Raises `NotFound` ``programme_not_found``, and `Conflict` ``not_enrolled``.
        """
        return resolve_programme(self.member, self.programmes, programme_id, self.now)

    # What follows

    def event(self, role: str = MEMBER) -> EventBuilder:
        """Begin an event of the account in a role; it counts once it is recorded."""
        name = self._roles[role]

        def record(event: Event) -> None:
            self._participants[name] = self._participants[name].grown((event,))

        account = self._participants[name].account
        return EventBuilder(account, self.now, self._door, actor=self.actor, recorder=record)

    def claim(self, claim: Claim) -> None:
        """Write something beside the accounts, in the same transaction."""
        self.claims.append(claim)

    def trial(self) -> Decider:
        """Return a copy, to see what would follow: nothing of it counts."""
        participants = {role: self._participants[name] for role, name in self._roles.items()}
        return Decider(participants, self._door, self.now, actor=self.actor, records=self._records)
