"""
The one way to write: attempts, replays, unknown outcomes; again where someone was faster.

A command that is refused is not remembered, but before a refusal is answered the dedupe record is
read: what was accepted before is answered as it was then.  A write whose outcome is unknown is
resolved by the same record, and sent again with the same identity where it is not there.  One
attempt, from reading to writing, is in `attempt`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from chalicelib import metrics
from chalicelib.domain.decide.claims import ClaimKey, TakeFrom
from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import MEMBER
from chalicelib.domain.errors import Invalid, LoyaltyError, MemberNotFound, TooLarge, Unavailable
from chalicelib.usecases.attempt import (
    Attempt,
    Decided,
    DirectoryWriter,
    Read,
    Weighed,
    load_for,
    weigh,
)
from chalicelib.usecases.services import Caller, Services, Within, is_seen, on_test_clock
from chalicelib.usecases.stored import (
    AccountRead,
    AlreadyDone,
    Answer,
    ClaimRefused,
    Conflicted,
    IdempotencyKey,
    KeyTaken,
    Loaded,
    OutcomeUnknown,
    Remembered,
)

ATTEMPTS_MAX = 12
# What is kept back of the time Lambda has left: an attempt must end before the container does.
RESERVE_MS = 500
_BACKOFF_MS = 10
_BACKOFF_MAX_MS = 400

Present = Callable[[Decided], Answer]


class Done(NamedTuple):
    """What the caller gets, and what to go on from: the accounts as they were just written."""

    answer: Answer
    member: str
    replayed: bool = False
    loaded: Loaded | None = None


def change_account(  # noqa: PLR0913 - the one way to write takes all that a write can be made of
    services: Services,
    caller: Caller,
    command: Command | Sequence[Command],
    present: Present,
    identity: IdempotencyKey | None = None,
    *,
    also: IdempotencyKey | None = None,
    loaded: Loaded | None = None,
    directory: DirectoryWriter | None = None,
    dry_run: bool = False,
) -> Done:
    """
    Decide commands about one member, in order, and write what follows once.

    ``also`` is a second identity of the same write: neither may be on record for another one.
    ``loaded`` are accounts that were just written, to spare the first read; ``directory`` returns
    what of the directory goes into the transaction.
    Raises the `LoyaltyError` of a refusal, `KeyTaken` where another member has the personal key
    that is claimed, or `Unavailable` where it could not be decided in time; then the same request
    may be sent again.
    """
    commands = (command,) if isinstance(command, Command) else tuple(command)
    write = _Write(
        services,
        caller,
        commands,
        present,
        identity,
        also,
        directory,
        on_test_clock(services, caller.tenant),
        [],
    )
    for _attempt in attempts(services, caller):
        try:
            done = write.attempt(loaded, dry_run=dry_run)
        except Conflicted:
            metrics.count("Conflicts")
            done = None
        except OutcomeUnknown:
            metrics.count("UnknownOutcomes")
            done = None
        except LoyaltyError as refusal:
            if write.unknown_outcomes:
                # A write of ours may still be under way: it would come after a refusal that is
                # final.  By the time the caller asks again it is there, or never will be.
                raise _undecided() from refusal
            raise
        if done is not None:
            return done
        loaded = None
    raise _undecided()


def _undecided() -> Unavailable:
    return Unavailable(
        "unavailable",
        "It is not known whether this was carried out. Send the same request again.",
        retry_after=1,
    )


class _Write(NamedTuple):
    """
    One write, whatever attempts it takes.

    ``unknown_outcomes`` are the answers of those that were sent and of which nothing was heard.
    """

    services: Services
    caller: Caller
    commands: tuple[Command, ...]
    present: Present
    identity: IdempotencyKey | None
    also: IdempotencyKey | None
    directory: DirectoryWriter | None
    test_clock: bool
    unknown_outcomes: list[Answer]

    @property
    def member(self) -> str:
        """Return the member whom it is about."""
        return self.commands[0].member

    def attempt(self, loaded: Loaded | None, *, dry_run: bool) -> Done | None:
        """
        Read what is not loaded yet, decide, and commit.

        ``None`` means to go on with a fresh read, as `Conflicted` does: another request was
        faster, or so much fell due that it took a transaction of its own.
        """
        attempt = Attempt(self.services, self.caller, self.commands, test_clock=self.test_clock)
        read = load_for(attempt, loaded)
        # Before a stored answer is given again: who may not ask any more gets none.
        self.caller.check(read.loaded.account(read.parties[MEMBER]), read.now)
        read = self._in_sight(read)
        try:
            weighed = weigh(attempt, read, self.directory, bounded=not dry_run)
        except LoyaltyError:
            # A dry run asks what would follow now, whatever was done under its identity before.
            known = None if dry_run else self.first_answer()
            if known is None:
                raise
            return known
        if dry_run:
            return Done(self.present(weighed.decided), self.member)
        if weighed.unfinished:
            # The commands come after what fell due.
            weighed.commit()
            return None
        if not weighed.changes_anything:
            return self.first_answer() or Done(
                self.present(weighed.decided), self.member, loaded=read.loaded
            )
        return self._commit(weighed)

    def _in_sight(self, read: Read) -> Read:
        """Leave out the accounts of others whom the caller has to see, and does not."""
        if not isinstance(self.caller.access, Within):
            return read
        roles = {role for command in self.commands for role in command.in_sight}
        hidden = {}
        for name in (name for role, name in read.parties.items() if role in roles):
            account = read.loaded.account(name)
            if account is not None and not self.caller.may_see(account, read.now):
                hidden[name] = AccountRead(None)
        accounts = read.loaded.accounts | hidden
        return read._replace(loaded=replace(read.loaded, accounts=accounts)) if hidden else read

    def first_answer(self) -> Done | None:
        """Return the answer on record for this request, if there is one."""
        identities = [each for each in (self.identity, self.also) if each is not None]
        if not identities:
            return None
        found = self.services.ledger.remembered(
            self.caller.tenant, [identity.key for identity in identities]
        )
        answers = [
            self._replay(known, identity)
            for identity, known in zip(identities, found, strict=True)
            if known is not None
        ]
        return answers[0] if answers else None

    def _commit(self, weighed: Weighed) -> Done | None:
        answer = self.present(weighed.decided)
        try:
            after = weighed.commit(answer, self.identity, self.also)
        except AlreadyDone as done:
            if self.identity is None or self.also is not None:
                # Of two identities either may be on record, for this request or for another.
                return self.first_answer()
            return self._replay(done.remembered, self.identity)
        except OutcomeUnknown:
            self.unknown_outcomes.append(answer)
            if (known := self.first_answer()) is None:
                raise
            return known
        except TooLarge:
            # Refused before anything was sent, so the record was not asked yet.
            if (known := self.first_answer()) is None:
                raise
            return known
        except ClaimRefused as refused:
            raise _meaning(refused) from None
        return Done(answer, self.member, loaded=after)

    def _replay(self, known: Remembered, identity: IdempotencyKey) -> Done:
        """Answer as the first time."""
        # The id of a new member is made anew for each request, so it cannot tell two apart.
        is_new = any(command.opens for command in self.commands)
        same_member = known.member == self.member or is_new
        if known.fingerprint != identity.fingerprint or not same_member:
            raise IdentityReused(identity, known)
        # Our own write that we did not hear of is no replay to the caller.
        return Done(known.answer, known.member, replayed=known.answer not in self.unknown_outcomes)


def answered(
    services: Services, caller: Caller, member: str | None, *identities: IdempotencyKey | None
) -> Done | None:
    """
    Return the first answer to a request that is refused before it is decided, if there is one.

    ``member`` is whom it is about, where that is known.  Raises `MemberNotFound` where the caller
    may not see them.
    """
    asked = [each for each in identities if each is not None]
    found = services.ledger.remembered(caller.tenant, [each.key for each in asked]) if asked else []
    for identity, known in zip(asked, found, strict=True):
        same = known is not None and known.fingerprint == identity.fingerprint
        if known is None or not same or member not in {None, known.member}:
            continue
        if not is_seen(services, caller, known.member):
            raise MemberNotFound
        return Done(known.answer, known.member, replayed=True)
    return None


def _meaning(refused: ClaimRefused) -> Exception:
    """Return what a claim that was not granted means; another attempt may pass without a word."""
    claim = refused.claim
    if isinstance(claim, TakeFrom):
        return Conflicted() if claim.refused is None else claim.refused(refused.left)
    if claim.refusal is not None:
        return claim.refusal
    if isinstance(claim, ClaimKey) and claim.personal and refused.holder is not None:
        return KeyTaken(refused.holder)
    return Conflicted()


def attempts(services: Services, caller: Caller) -> Iterator[int]:
    """Yield attempts with full jitter between them, while the caller has time left."""
    for attempt in range(ATTEMPTS_MAX):
        if attempt:
            metrics.count("Retries")
            ceiling = min(_BACKOFF_MS * 2**attempt, _BACKOFF_MAX_MS)
            wait = services.jitter() * ceiling
            if caller.remaining_ms() < RESERVE_MS + wait:
                return
            services.pause_ms(wait)
        yield attempt


class IdentityReused(Invalid):
    """
    An identity is on record for another request; ``known`` is what is on record.

    A new identity is no remedy: where the request is meant to be the one before, it would be
    carried out twice.
    """

    def __init__(self, identity: IdempotencyKey, known: Remembered) -> None:
        super().__init__(
            "idempotency_key_reused",
            "This Idempotency-Key is on record for another request: what is asked for, or who "
            "asks, was another then. Nothing was changed; the request of that time is answered as "
            "then. Send another request with a key of its own.",
        )
        self.identity = identity
        self.known = known
