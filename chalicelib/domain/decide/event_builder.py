"""
An event in the making: effects are applied as they are added, so later steps see them.

It is the one door for value: whatever a member is given passes here, and whatever is taken back.  A
mechanic that gives something says so by `EventBuilder.give`; what it takes back, by
`EventBuilder.take_back`.  Guards stand here, so that no mechanic has to know of any: one that does
not allow a benefit raises its refusal.  What follows from value that has come, such as rewards that
redeem themselves, follows once when the event is finished, however the value came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from chalicelib.domain.decide.benefits import OF_VALUE, Benefit
from chalicelib.domain.errors import LoyaltyError
from chalicelib.domain.ledger.account import Account, Folding
from chalicelib.domain.ledger.actor import CLOCK, Actor
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import CounterChange, Effect
from chalicelib.domain.ledger.events import SCHEMA, CapUse, Data, Detail, Event, Outcome
from chalicelib.domain.ledger.postings import Posting
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.versions import Programmes

if TYPE_CHECKING:
    from chalicelib.domain.ledger.activity import Activity


class Guard(Protocol):
    """
    Who watches what passes: it may keep count of it on the account, by effects of the event.

    A guard that does not allow a benefit raises a `LoyaltyError` before it adds anything, which
    refuses the whole decision unless who gives it goes on without it.  What happens by itself must
    not be refused, so a guard allows whatever can come so.
    """

    def refusal(
        self, account: Account, programme: Programme, benefit: Benefit, now: Instant
    ) -> LoyaltyError | None:
        """Return why a member of a programme may not be given something now, if they may not."""

    def given(
        self, event: EventBuilder, programme: Programme, benefit: Benefit
    ) -> tuple[CapUse, ...]:
        """Look at what a member is about to be given, and return what of legal caps that takes."""

    def taken_back(self, event: EventBuilder, benefit: Benefit) -> None:
        """Look at what is taken back from a member."""

    def barred(
        self, account: Account, programme: Programme, activity: Activity
    ) -> Mapping[str, str]:
        """Return the lines of an activity that may earn nothing, by their id, with the rule."""


#: Where policy overrides are kept in accounts; few members have any.
OVERRIDES: Final = "policy_overrides"
#: What follows in a programme in which value has come.
Follower = Callable[["EventBuilder", Programme], Outcome | None]
#: Brings what a mechanic plans up to date with the account as an event leaves it.
Planner = Callable[["EventBuilder", Programmes], None]


class Door(NamedTuple):
    """
    What an event passes: guards, who acts on value that has come, and who plans ahead.

    ``guards`` are those of a programme; ``planners`` are asked for when an event is finished, once.
    """

    programmes: Programmes
    followers: Callable[[Programme], Iterable[Follower]] = lambda _programme: ()
    planners: Callable[[EventBuilder], Iterable[Planner]] = lambda _event: ()
    guards: Callable[[Programme], Iterable[Guard]] = lambda _programme: ()


class EventBuilder:
    """
    Collects the effects and postings of one event on top of an account.

    ``now`` is the instant at which the event takes effect; ``actor`` is who causes it, the clock
    where nobody does.  Benefits pass the ``door``.  What is recorded goes to ``recorder``, the
    decider that asked for it.
    """

    def __init__(
        self,
        account: Account,
        now: Instant,
        door: Door,
        *,
        actor: Actor = CLOCK,
        recorder: Callable[[Event], None] | None = None,
    ) -> None:
        self.now = now
        self.before = account
        self._actor = actor
        self._door = door
        self._recorder = recorder
        self._folding = Folding(account)
        #: What mechanics read of the account once for this event, and keep up to date themselves.
        self.readings: dict[str, Any] = {}
        self._so_far: Account | None = None
        self._effects: list[Effect] = []
        self._postings: list[Posting] = []
        self._outcomes: list[Outcome] = []
        # Programmes in which value has come, in the order in which it did.
        self._came: dict[str, None] = {}

    @property
    def account(self) -> Account:
        """Return the account with every effect so far; do not keep it past the next one."""
        if self._so_far is None:
            self._so_far = self._folding.so_far()
        return self._so_far

    @property
    def programmes(self) -> Programmes:
        """Return the programmes of the tenant, by which what happens is decided."""
        return self._door.programmes

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing was added yet."""
        return not self._effects and not self._postings

    def add(self, effect: Effect) -> None:
        """Add an effect and apply it."""
        self._folding.apply(effect)
        self._so_far = None
        self._effects.append(effect)

    def post(self, source: str, destination: str, currency: str, amount: int) -> None:
        """Move an amount of a currency between two ledger accounts; nothing moves for zero."""
        if amount:
            self._postings.append(Posting(source, destination, currency, amount))

    @property
    def overrides_used(self) -> tuple[str, ...]:
        """Return the ids of the policy overrides that were used up by what is given."""
        before = self.before.progress.get(OVERRIDES)
        if not before:
            return ()
        left = self.account.progress.get(OVERRIDES, {})
        return tuple(sorted(name for name in before if name not in left))

    def give(self, benefit: Benefit) -> tuple[CapUse, ...]:
        """
        Say what the member is given, before it is, and return what of legal caps it takes.

        Who may take it back later keeps that.  Raises the refusal of a guard that does not allow
        it.
        """
        uses: tuple[CapUse, ...] = ()
        version = self._door.programmes.in_force(benefit.programme, self.now)
        if version is not None:
            for guard in self._door.guards(version.document):
                uses += guard.given(self, version.document, benefit)
        if benefit.kind in OF_VALUE:
            self._came.setdefault(benefit.programme)
        return uses

    def take_back(self, benefit: Benefit, uses: Iterable[CapUse] = ()) -> None:
        """
        Say what of a benefit is taken back from the member, and what of legal caps it took.

        That is free again in the year in which it was taken, whatever packs are followed now.
        """
        for use in uses:
            back = min(use.amount, self.account.counter(use.counter))
            if back:
                self.add(CounterChange(use.counter, -back, use.kept_until))
        version = self._door.programmes.in_force(benefit.programme, self.now)
        if version is not None:
            for guard in self._door.guards(version.document):
                guard.taken_back(self, benefit)

    def outcome(self, outcome: Outcome | None) -> None:
        """Say what a mechanic made of what happens, if it made anything of it."""
        if outcome is not None:
            self._outcomes.append(outcome)

    def build(
        self, data: Data, *, occurred_at: Instant | None = None, detail: Detail | None = None
    ) -> Event:
        """Return the finished event, with what follows from the value that came, and planned."""
        for programme_id in self._came:
            version = self._door.programmes.in_force(programme_id, self.now)
            if version is not None:
                for follow in self._door.followers(version.document):
                    self.outcome(follow(self, version.document))
        for plan in self._door.planners(self):
            plan(self, self._door.programmes)
        return Event(
            version=self.before.version + 1,
            effective_at=self.now,
            occurred_at=self.now if occurred_at is None else occurred_at,
            data=data,
            schema=SCHEMA,
            effects=tuple(self._effects),
            postings=tuple(self._postings),
            actor=self._actor.recorded(),
            outcomes=tuple(self._outcomes),
            detail=detail,
        )

    def record(
        self, data: Data, *, occurred_at: Instant | None = None, detail: Detail | None = None
    ) -> Event:
        """Finish the event and make it part of the decision, and return it."""
        if self._recorder is None:
            raise AssertionError("an event outside of a decision is returned, not recorded")
        event = self.build(data, occurred_at=occurred_at, detail=detail)
        self._recorder(event)
        return event
