"""
One attempt at a write: load all parties and records, settle, decide, commit all or nothing.

A command says by role which accounts it is about, and which records it needs; some it can name only
once others were read, so it is asked again until nothing is missing.  Each round is one consistent
read.  All accounts are settled to one instant, decided on together, and written in one transaction.
One module because each of these steps goes by what the one before has read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from chalicelib import metrics
from chalicelib.domain.decide.appending import Appended, check_sums
from chalicelib.domain.decide.claims import Claim, EventRef, Ref
from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import MEMBER, Decider, Known, Participant
from chalicelib.domain.decide.deciding import decide
from chalicelib.domain.decide.settling import SETTLE_MAX, clock_of, door_of, due_at, settle
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.postings import kind_of
from chalicelib.domain.programme.versions import Programmes
from chalicelib.usecases.services import Caller, Services, programmes_of
from chalicelib.usecases.stored import (
    AccountChange,
    AccountRead,
    Answer,
    Commit,
    DirectoryWrite,
    IdempotencyKey,
    Loaded,
    Profile,
)

#: How often commands may be asked what else they need.
_ROUNDS_MAX: Final = 8
# Which metric a kind of ledger account tells of, and what a unit that it gets adds to it: value is
# issued from an account, and what comes back is counted off again.
_VALUE: Final = {
    "issued": ("ValueIssued", -1),
    "redeemed": ("ValueRedeemed", 1),
    "payee": ("ValueRedeemed", 1),
    "expired": ("ValueExpired", 1),
}


#: What of the directory to write, if anything, at an instant of the tenant's time.
DirectoryWriter = Callable[[Instant], DirectoryWrite | None]


class Attempt(NamedTuple):
    """What an attempt is about."""

    services: Services
    caller: Caller
    commands: tuple[Command, ...]
    test_clock: bool


class Read(NamedTuple):
    """All that commands need: who is in which role, what was read, and what time it is."""

    parties: dict[str, str]
    loaded: Loaded
    now: Instant
    programmes: Programmes


class Decided(NamedTuple):
    """
    What the commands led to, before it is written; ``account`` is that of the member.

    ``version`` is its last in the journal: where nothing is written, what fell due is in the
    account alone.  ``profile`` is that of the member where it is written too.
    """

    member: str
    account: Account
    version: int
    results: tuple[Any, ...]
    now: Instant
    programmes: Programmes
    claims: tuple[Claim, ...] = ()
    is_new: bool = False
    profile: Profile | None = None


class Weighed(NamedTuple):
    """What an attempt is about to write; ``unfinished`` where the commands have to wait."""

    attempt: Attempt
    read: Read
    decided: Decided
    participants: tuple[Participant, ...]
    directory: DirectoryWrite | None = None
    unfinished: bool = False

    @property
    def changes_anything(self) -> bool:
        """Tell whether there is anything to write."""
        return bool(
            self.decided.claims
            or self.directory
            or any(each.appended.stored for each in self.participants)
        )

    def commit(
        self,
        answer: Answer | None = None,
        identity: IdempotencyKey | None = None,
        also: IdempotencyKey | None = None,
    ) -> Loaded:
        """
        Write all of it in one transaction, and return the accounts as they then are.

        Without an ``answer`` it is only what fell due.  Raises what `ports.Ledger.commit` does.
        """
        changes = [self._change(each, answered=answer is not None) for each in self.participants]
        claims = list(self.decided.claims)
        if self.directory is not None and self.directory.key is not None:
            claims.append(self.directory.key)
        self.attempt.services.ledger.commit(
            Commit(
                tenant=self.attempt.caller.tenant,
                member=self.decided.member,
                version=self.decided.version,
                changes=changes,
                claims=claims,
                identity=identity,
                also=also,
                answer=answer,
                profile=self.directory.profile if self.directory else None,
                freed=self.directory.freed if self.directory else None,
                on_test_clock=self.attempt.test_clock,
                # What falls due comes by itself, so it has to find room, too.
                into_reserve=answer is None
                or all(each.when_full for each in self.attempt.commands),
            )
        )
        for each in self.participants:
            _count_value(each.appended)
        written = {each.member: AccountRead(each.account, each.indexed_due) for each in changes}
        return Loaded(written, clock=self.read.loaded.clock)

    def _change(self, participant: Participant, *, answered: bool) -> AccountChange:
        before = self.read.loaded.accounts[participant.id]
        due = due_at(participant.account)
        return AccountChange(
            member=participant.id,
            before=before.account.version if before.account else 0,
            account=participant.account,
            due_at=due,
            indexed_due=_earlier(before.indexed_due, due) if answered else due,
            events=participant.appended.stored,
        )


def load_for(attempt: Attempt, loaded: Loaded | None = None) -> Read:
    """Read everything that the commands name, in as few calls as they allow."""
    services, tenant = attempt.services, attempt.caller.tenant
    programmes = programmes_of(services, tenant)
    parties: dict[str, str] = {}
    records: list[Ref | EventRef] = []
    for _ in range(_ROUNDS_MAX):
        now = services.wall_clock() if loaded is None or loaded.clock is None else loaded.clock
        known = _known(programmes, now, parties, loaded)
        asked = (parties, records)
        parties, records = _needs(attempt.commands, known)
        absent, unread = _missing(parties.values(), records, loaded)
        if loaded is None or absent or unread:
            with_clock = attempt.test_clock and loaded is None
            more = services.ledger.load(tenant, absent, unread, with_clock=with_clock)
            loaded = more if loaded is None else loaded.with_more(more)
        elif asked == (parties, records):
            return Read(parties, loaded, now, programmes)
    raise AssertionError("a command names all that it needs within a few rounds")


def _needs(
    commands: Iterable[Command], known: Known
) -> tuple[dict[str, str], list[Ref | EventRef]]:
    parties: dict[str, str] = {}
    records: list[Ref | EventRef] = []
    for command in commands:
        for role, name in command.parties(known).items():
            if parties.setdefault(role, name) != name:
                raise AssertionError(f"commands decided together agree on who is the {role}")
        records += command.records(known)
    return parties, records


def _known(
    programmes: Programmes, now: Instant, parties: dict[str, str], loaded: Loaded | None
) -> Known:
    if loaded is None:
        return Known(programmes, now, {}, {})
    found = {
        role: loaded.account(name) for role, name in parties.items() if name in loaded.accounts
    }
    accounts = {role: account for role, account in found.items() if account is not None}
    return Known(programmes, now, accounts, loaded.records)


def _missing(
    members: Iterable[str], records: Iterable[Ref | EventRef], loaded: Loaded | None
) -> tuple[list[str], list[Ref | EventRef]]:
    accounts = loaded.accounts if loaded else {}
    read = loaded.records if loaded else {}
    return (
        [each for each in dict.fromkeys(members) if each not in accounts],
        [each for each in dict.fromkeys(records) if each not in read],
    )


def weigh(
    attempt: Attempt,
    read: Read,
    directory: DirectoryWriter | None = None,
    *,
    bounded: bool = False,
) -> Weighed:
    """
    Settle all parties to one instant and decide on them; nothing is written.

    ``bounded`` where it is to be written: of more than one transaction holds, what fell due comes
    first.  Raises what `Command.not_found` returns, what the commands are refused for, and what
    ``directory`` is.
    """
    member = read.parties[MEMBER]
    before = read.loaded.account(member)
    if before is None and not any(command.opens for command in attempt.commands):
        raise attempt.commands[0].not_found()
    settled, now, unfinished = _settled(attempt, read, limit=SETTLE_MAX if bounded else None)
    if unfinished:
        account = settled[MEMBER].account
        waiting = Decided(member, account, account.version, (), now, read.programmes)
        return Weighed(attempt, read, waiting, _once(settled), unfinished=True)
    due = sum(len(each.appended.stored) for each in _once(settled))
    decider = Decider(
        settled,
        door_of(read.programmes),
        now,
        actor=attempt.caller.actor,
        records=read.loaded.records,
    )
    results = tuple(decide(decider, command) for command in attempt.commands)
    beside = directory(read.now) if directory else None
    participants = decider.participants
    if not all(each.when_full for each in attempt.commands):
        held = {each.id: each.account for each in settled.values()}
        for each in participants:
            check_sums(held[each.id], each.account)
    # What fell due is written with a command that changes something, and by the tick: a command
    # that changes nothing writes nothing.  What goes into the directory is a change: a consent
    # given once more is evidence of another day and another text.
    grown = sum(len(each.appended.stored) for each in participants)
    version = decider.member.version
    if grown == due and beside is None and not decider.claims:
        participants = ()
        version = before.version if before else 0
    decided = Decided(
        member,
        decider.member,
        version,
        results,
        now,
        read.programmes,
        tuple(decider.claims),
        before is None,
        beside.profile if beside else None,
    )
    return Weighed(attempt, read, decided, participants, beside)


def _settled(
    attempt: Attempt, read: Read, *, limit: int | None
) -> tuple[dict[str, Participant], Instant, bool]:
    """Return the accounts by role at one instant, and whether more is due than one write takes."""
    by_id = {name: _participant(attempt, name, read.loaded) for name in read.parties.values()}
    now = read.now
    for each in by_id.values():
        now = clock_of(each.account, now)
    unfinished = False
    for name, each in by_id.items():
        if unfinished:
            break
        account, due = settle(each.account, read.programmes, now, each.key, limit=limit)
        by_id[name] = each._replace(account=account, appended=due)
        if limit is not None:
            limit -= len(due.stored)
            unfinished = limit <= 0
    return {role: by_id[name] for role, name in read.parties.items()}, now, unfinished


def _participant(attempt: Attempt, name: str, loaded: Loaded) -> Participant:
    # One that is not there is an account without anything: what is asked of it is refused.
    account = loaded.account(name) or Account()
    return Participant(name, account_key(attempt.caller.tenant, name), account)


def _once(settled: dict[str, Participant]) -> tuple[Participant, ...]:
    return tuple({each.id: each for each in settled.values()}.values())


def account_key(tenant: str, member: str) -> str:
    """Return the key of an account, over which its hash chain runs."""
    return f"T#{tenant}#M#{member}"


def now_at(services: Services, loaded: Loaded) -> Instant:
    """Return what time it is for the tenant of an account that was just read."""
    return services.wall_clock() if loaded.clock is None else loaded.clock


def commit_due(
    services: Services, caller: Caller, member: str, loaded: Loaded, *, test_clock: bool
) -> int:
    """
    Write what fell due on an account, and return how many events that took.

    Raises `Conflicted` or `OutcomeUnknown`: doing it again is always safe, since what fell due is
    settled from the account as it then is.
    """
    if loaded.account(member) is None:
        return 0
    attempt = Attempt(services, caller, (), test_clock)
    programmes = programmes_of(services, caller.tenant)
    read = Read({MEMBER: member}, loaded, now_at(services, loaded), programmes)
    settled, now, _ = _settled(attempt, read, limit=SETTLE_MAX)
    (participant,) = settled.values()
    if participant.appended.stored:
        account = participant.account
        waiting = Decided(member, account, account.version, (), now, programmes)
        Weighed(attempt, read, waiting, (participant,)).commit()
    return len(participant.appended.stored)


def _count_value(appended: Appended) -> None:
    """Count what was just written; what a lost answer hides is not counted."""
    for event in appended.events:
        for posting in event.postings:
            for path, gets in ((posting.source, -1), (posting.destination, 1)):
                counted = _VALUE.get(kind_of(path))
                if counted is not None:
                    metric, of_unit = counted
                    metrics.count(metric, gets * of_unit * posting.amount, of=posting.currency)


def _earlier(indexed: Instant | None, due: Instant | None) -> Instant | None:
    """Return what the index shall hold: it moves only when the account is due earlier."""
    if indexed is None or due is None:
        return due if indexed is None else indexed
    return min(indexed, due)
