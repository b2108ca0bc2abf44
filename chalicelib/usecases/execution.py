"""
The one way through: load, settle, decide, evolve, commit; again where someone was faster.

A command that is refused is not remembered, but before a refusal is told the dedupe record is
read: what was accepted before is answered as it was then.  A write whose outcome is unknown is
resolved by the same record, and sent again with the same identity where it is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from msgspec.structs import asdict, replace

from chalicelib import metrics
from chalicelib.domain.account import Account
from chalicelib.domain.calendar import Instant
from chalicelib.domain.commands import Appended, Claim, Command, TakeBudget, TakeStock
from chalicelib.domain.decide import SETTLE_MAX, append, clock_of, decide, due_at, joined, settle
from chalicelib.domain.entry import EXPIRED, ISSUED, PAYEE, REDEEMED, Entry
from chalicelib.domain.errors import (
    Invalid,
    LoyaltyError,
    MemberNotFound,
    TooLarge,
    Unavailable,
)
from chalicelib.domain.mechanics.goodwill import over_limit
from chalicelib.domain.mechanics.rewards import out_of_stock
from chalicelib.domain.programme import Programmes
from chalicelib.usecases.ports import (
    AlreadyDone,
    Answer,
    ClaimRefused,
    Commit,
    Conflicted,
    Growth,
    Identity,
    Loaded,
    OutcomeUnknown,
    Profile,
    Remembered,
)
from chalicelib.usecases.services import Caller, Services, on_test_clock, programmes_of

ATTEMPTS_MAX = 12
# What is kept back of the time Lambda has left: an attempt must end before the container does.
RESERVE_MS = 500
_BACKOFF_MS = 10
_BACKOFF_MAX_MS = 400
# Which ledger account tells what of value; what comes back is counted off again.
_VALUE = {"ValueIssued": ISSUED, "ValueRedeemed": REDEEMED, "ValueExpired": EXPIRED}


class Decided(NamedTuple):
    """What the commands led to, before it is written."""

    member: str
    account: Account
    results: tuple[Any, ...]
    now: Instant
    programmes: Programmes
    is_new: bool = False


class Done(NamedTuple):
    """What the caller is told, and the account to go on from."""

    answer: Answer
    member: str
    replayed: bool = False
    loaded: Loaded | None = None


class Beside(NamedTuple):
    """What of the directory is written with the account; ``is_new`` for a new member."""

    profile: Profile
    look_up: str | None = None
    is_new: bool = False


# What to do on an account as loaded: the commands to decide, in order.
Commands = Callable[[Loaded], tuple[Command, ...]]
Present = Callable[[Decided], Answer]
Load = Callable[[], Loaded]
# The other account of a decision that may span two: always the same, or as the account says.
Counterparty = str | Callable[[Account], str | None]
# What of the directory to write, at an instant of the tenant's time.
Directory = Callable[[Instant], Beside]


def execute(  # noqa: PLR0913 - the one way through takes all that a write can be made of
    services: Services,
    caller: Caller,
    member: str,
    commands: Commands | Command,
    present: Present,
    *,
    identity: Identity | None = None,
    also: Identity | None = None,
    load: Load | None = None,
    loaded: Loaded | None = None,
    counterparty: Counterparty | None = None,
    directory: Directory | None = None,
    dry_run: bool = False,
) -> Done:
    """
    Decide commands on a member's account and write what follows, once.

    ``also`` is a second identity of the same write: neither may be on record for another one.
    ``load`` replaces the plain read of the account where a decision needs more; ``loaded`` is an
    account that was just written, to spare the first read; ``counterparty`` is another account,
    which is read too: what the commands pass on is decided there, and both accounts are written in
    one transaction; ``directory`` returns what of the directory goes into it.
    Raises the `LoyaltyError` of a refusal, or `Unavailable` where it could not be decided in
    time; then the same request may be sent again.
    """
    write = _Write(
        services,
        caller,
        member,
        (lambda _loaded: (commands,)) if isinstance(commands, Command) else commands,
        present,
        identity,
        also,
        counterparty,
        directory,
        on_test_clock(services, caller.tenant),
        [],
    )
    for _attempt in attempts(services, caller):
        if loaded is None:
            loaded = load() if load else write.load()
        try:
            done = write.attempt(loaded, dry_run=dry_run)
        except Conflicted:
            metrics.count("Conflicts")
            done = None
        except OutcomeUnknown:
            metrics.count("UnknownOutcomes")
            done = None
        except LoyaltyError as refusal:
            if write.unheard:
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
        "The account is busy; nothing was decided. Send the same request again.",
        retry_after=1,
    )


class _Write(NamedTuple):
    """
    One write, whatever attempts it takes.

    ``unheard`` are the answers of those that were sent and of which nothing was heard.
    """

    services: Services
    caller: Caller
    member: str
    commands: Commands
    present: Present
    identity: Identity | None
    also: Identity | None
    counterparty: Counterparty | None
    directory: Directory | None
    test_clock: bool
    unheard: list[Answer]

    def load(self) -> Loaded:
        """Read the account, and that of the counterparty where there is one."""
        ledger, tenant = self.services.ledger, self.caller.tenant
        if isinstance(self.counterparty, str):
            pair = (self.member, self.counterparty)
            return ledger.load_pair(tenant, *pair, with_clock=self.test_clock)
        loaded = ledger.load(tenant, self.member, with_clock=self.test_clock)
        if (other := self._counterparty(loaded)) is None:
            return loaded
        # Read later than the first: the transaction holds both to what was read.
        return replace(loaded, counterparty=ledger.load(tenant, other))

    def attempt(self, loaded: Loaded, *, dry_run: bool) -> Done | None:
        """
        Decide on an account as read, and commit.

        ``None`` means to go on with a fresh read, as `Conflicted` does: another request was
        faster, or so much fell due that it took a transaction of its own.
        """
        beside = self.directory(now_at(self.services, loaded)) if self.directory else None
        try:
            work = self._decide(loaded, beside, limit=None if dry_run else SETTLE_MAX)
        except LoyaltyError:
            known = self.first_answer(beside)
            if known is None:
                raise
            return known
        if dry_run:
            return Done(self.present(work.decided), self.member)
        if work.unfinished:
            # The commands come after what fell due.
            self._commit(work, None)
            return None
        if not work.sides[0].appended.stored and not work.claims and beside is None:
            return self.first_answer(beside) or Done(
                self.present(work.decided), self.member, loaded=loaded
            )
        return self._commit_answered(loaded, work, beside)

    def first_answer(self, beside: Beside | None = None) -> Done | None:
        """Return the answer on record for this request, if there is one."""
        tenant, ledger = self.caller.tenant, self.services.ledger
        if self.identity is None:
            return None
        if self.also is None:
            known = ledger.remembered(tenant, self.identity.key)
            return None if known is None else self._replay(known, self.identity, beside)
        identities = (self.identity, self.also)
        answers = [
            self._replay(known, identity, beside)
            for identity, known in zip(
                identities,
                ledger.remembered_each(tenant, [identity.key for identity in identities]),
                strict=True,
            )
            if known is not None
        ]
        return answers[0] if answers else None

    def _decide(self, loaded: Loaded, beside: Beside | None, *, limit: int | None) -> _Work:
        sides = self._sides(loaded, beside)
        programmes = programmes_of(self.services, self.caller.tenant)
        now = now_at(self.services, loaded)
        for side in sides:
            now = clock_of(side.account, now)
        sides, unfinished = _settled(sides, programmes, now, limit=limit)
        if unfinished:
            settled = Decided(self.member, sides[0].account, (), now, programmes)
            return _Work(settled, sides, (), unfinished=True)
        side, *others = sides
        due = len(side.appended.stored)
        claims: tuple[Claim, ...] = ()
        results = []
        for command in self.commands(loaded):
            decision = decide(side.account, programmes, command, now)
            side = side.grown(decision.entries)
            claims += decision.claims
            result = decision.result
            if decision.passed is not None:
                (other,) = others
                there = decide(other.account, programmes, decision.passed, now)
                others = [other.grown(there.entries)]
                claims += there.claims
                result = result or there.result
            results.append(result)
        decided = Decided(
            self.member,
            side.account,
            tuple(results),
            now,
            programmes,
            is_new=loaded.account is None,
        )
        # What fell due is written with a command that changes something, and by the tick: a
        # command that changes nothing writes nothing.  What goes into the directory is a change:
        # a consent given once more is evidence of another day and another text.
        changed = len(side.appended.stored) > due or beside is not None
        if not changed:
            side = side._replace(appended=Appended())
        return _Work(decided, (side, *others), claims)

    def _sides(self, loaded: Loaded, beside: Beside | None) -> tuple[_Side, ...]:
        """Return the accounts of the decision: the member's own, and that of the counterparty."""
        if loaded.account is None and (beside is None or not beside.is_new):
            raise MemberNotFound
        side = _side(self.caller.tenant, self.member, loaded)
        other = self._counterparty(loaded)
        if other is None or loaded.counterparty is None:
            return (side,)
        # One that is not there is an account without anything: what is passed to it is refused.
        return side, _side(self.caller.tenant, other, loaded.counterparty)

    def _counterparty(self, loaded: Loaded) -> str | None:
        if self.counterparty is None or isinstance(self.counterparty, str):
            return self.counterparty
        return None if loaded.account is None else self.counterparty(loaded.account)

    def _commit_answered(self, loaded: Loaded, work: _Work, beside: Beside | None) -> Done | None:
        answer = self.present(work.decided)
        try:
            indexed = self._commit(work, answer, beside)
        except AlreadyDone as done:
            if self.identity is None or self.also is not None:
                # Of two identities either may be on record, for this request or for another.
                return self.first_answer(beside)
            return self._replay(done.remembered, self.identity, beside)
        except OutcomeUnknown:
            self.unheard.append(answer)
            if (known := self.first_answer(beside)) is None:
                raise
            return known
        except TooLarge:
            # Refused before anything was sent, so the record was not asked yet.
            if (known := self.first_answer(beside)) is None:
                raise
            return known
        except ClaimRefused as refused:
            refusal = _refusal(refused.claim)
            if refusal is None:
                raise Conflicted from None
            raise refusal from None
        after = Loaded(work.decided.account, loaded.clock, indexed)
        return Done(answer, self.member, loaded=after)

    def _commit(
        self, work: _Work, answer: Answer | None, beside: Beside | None = None
    ) -> Instant | None:
        """Write, and return what the due index then holds."""
        first, *others = [side.growth(answered=answer is not None) for side in work.sides]
        self.services.ledger.commit(
            Commit(
                **asdict(first),
                tenant=self.caller.tenant,
                counterparty=next((other for other in others if other.entries), None),
                claims=work.claims,
                identity=None if answer is None else self.identity,
                also=None if answer is None else self.also,
                answer=answer,
                profile=beside.profile if beside else None,
                look_up=beside.look_up if beside else None,
                on_test_clock=self.test_clock,
            )
        )
        for side in work.sides:
            _count_value(side.appended)
        return first.indexed_due

    def _replay(self, known: Remembered, identity: Identity, beside: Beside | None) -> Done:
        """Answer as the first time."""
        # The id of a new member is made anew for each request, so it cannot tell two apart.
        same_member = known.member == self.member or (beside is not None and beside.is_new)
        if known.fingerprint != identity.fingerprint or not same_member:
            raise identity_reused()
        # Our own write that we did not hear of is no replay to the caller.
        return Done(known.answer, known.member, replayed=known.answer not in self.unheard)


class _Side(NamedTuple):
    """One account of a decision: as it was read, and as it becomes."""

    member: str
    key: str
    loaded: Loaded
    account: Account
    appended: Appended = Appended()

    def settled(self, programmes: Programmes, now: Instant, *, limit: int | None) -> _Side:
        """Return it with what fell due by an instant, ``limit`` entries of it at most."""
        account, due = settle(self.account, programmes, now, self.key, limit=limit)
        return self._replace(account=account, appended=due)

    def grown(self, entries: tuple[Entry, ...]) -> _Side:
        """Return it with more entries."""
        account, more = append(self.account, entries, self.key)
        return self._replace(account=account, appended=joined(self.appended, more))

    def growth(self, *, answered: bool) -> Growth:
        """Return what of it is written; ``answered`` where more than what fell due is."""
        due = due_at(self.account)
        return Growth(
            member=self.member,
            before=self.loaded.account.version if self.loaded.account else 0,
            account=self.account,
            due_at=due,
            indexed_due=_earlier(self.loaded.indexed_due, due) if answered else due,
            entries=self.appended.stored,
        )


class _Work(NamedTuple):
    """What an attempt is about to write; ``unfinished`` where the commands have to wait."""

    decided: Decided
    sides: tuple[_Side, ...]
    claims: tuple[Claim, ...]
    unfinished: bool = False


def _side(tenant: str, member: str, loaded: Loaded) -> _Side:
    return _Side(member, account_key(tenant, member), loaded, loaded.account or Account())


def _settled(
    sides: tuple[_Side, ...], programmes: Programmes, now: Instant, *, limit: int | None
) -> tuple[tuple[_Side, ...], bool]:
    """Return the accounts at an instant, and whether more fell due than one write takes."""
    settled: list[_Side] = []
    for number, side in enumerate(sides):
        settled.append(side.settled(programmes, now, limit=limit))
        if limit is not None:
            limit -= len(settled[-1].appended.stored)
            if limit <= 0:
                return (*settled, *sides[number + 1 :]), True
    return tuple(settled), False


def commit_due(
    services: Services, caller: Caller, member: str, loaded: Loaded, *, test_clock: bool
) -> int:
    """
    Write what fell due on an account, and return how many entries that took.

    Raises `Conflicted` or `OutcomeUnknown`: doing it again is always safe, since what fell due is
    settled from the account as it then is.
    """
    if loaded.account is None:
        return 0
    programmes = programmes_of(services, caller.tenant)
    now = now_at(services, loaded)
    side = _side(caller.tenant, member, loaded).settled(programmes, now, limit=SETTLE_MAX)
    if side.appended.stored:
        growth = side.growth(answered=False)
        commit = Commit(**asdict(growth), tenant=caller.tenant, on_test_clock=test_clock)
        services.ledger.commit(commit)
        _count_value(side.appended)
    return len(side.appended.stored)


def _count_value(appended: Appended) -> None:
    """Count what was just written; what a lost answer hides is not counted."""
    for entry in appended.entries:
        for posting in entry.postings:
            source, destination = _spent_or(posting.source), _spent_or(posting.destination)
            for metric, place in _VALUE.items():
                moved = (destination == place) - (source == place)
                if moved:
                    issued = -1 if place == ISSUED else 1
                    metrics.count(metric, issued * moved * posting.amount, of=posting.currency)


def _spent_or(place: str) -> str:
    """Return a ledger account as it is counted: what went to a payee is redeemed as well."""
    return REDEEMED if place.startswith(PAYEE) else place


def now_at(services: Services, loaded: Loaded) -> Instant:
    """Return what time it is for the tenant of an account that was just read."""
    return services.wall_clock() if loaded.clock is None else loaded.clock


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


def account_key(tenant: str, member: str) -> str:
    """Return the key of an account, over which its hash chain runs."""
    return f"T#{tenant}#M#{member}"


def _earlier(indexed: Instant | None, due: Instant | None) -> Instant | None:
    """Return what the index shall hold: it moves only when the account is due earlier."""
    if indexed is None or due is None:
        return due if indexed is None else indexed
    return min(indexed, due)


def identity_reused() -> Invalid:
    """Return the refusal of an identity that is on record for another request."""
    return Invalid(
        "idempotency_key_reused",
        "This identity was used before with another request: send the same body, or use a new "
        "identity.",
    )


def _refusal(claim: Claim) -> LoyaltyError | None:
    """Return the refusal that a failed claim means; ``None`` where another attempt may pass."""
    if isinstance(claim, TakeStock):
        return out_of_stock(claim.programme, claim.reward)
    if isinstance(claim, TakeBudget):
        return over_limit(claim.limit)
    return None
