"""An event in the making: effects are applied as they are added, so later steps see them."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.domain.account import Account, Folding
from chalicelib.domain.calendar import Instant
from chalicelib.domain.effects import Effect
from chalicelib.domain.ledger.actor import CLOCK, Actor
from chalicelib.domain.ledger.events import Data, Detail, Event, Outcome
from chalicelib.domain.ledger.postings import Posting


class EventBuilder:
    """
    Collects the effects and postings of one event on top of an account.

    ``now`` is the instant at which the event takes effect; ``actor`` is who causes it, the clock
    where nobody does.  What is recorded goes to ``recorder``, the decider that asked for it.
    """

    def __init__(
        self,
        account: Account,
        now: Instant,
        *,
        actor: Actor = CLOCK,
        recorder: Callable[[Event], None] | None = None,
    ) -> None:
        self.now = now
        self.before = account
        self._actor = actor
        self._recorder = recorder
        self._folding = Folding(account)
        self._effects: list[Effect] = []
        self._postings: list[Posting] = []
        self._outcomes: list[Outcome] = []

    @property
    def account(self) -> Account:
        """Return the account with every effect so far; do not keep it past the next one."""
        return self._folding.so_far()

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Return what mechanics made of it so far."""
        return tuple(self._outcomes)

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing was added yet."""
        return not self._effects and not self._postings

    def add(self, effect: Effect) -> None:
        """Add an effect and apply it."""
        self._folding.apply(effect)
        self._effects.append(effect)

    def post(self, source: str, destination: str, currency: str, amount: int) -> None:
        """Move an amount of a currency between two ledger accounts; nothing moves for zero."""
        if amount:
            self._postings.append(Posting(source, destination, currency, amount))

    def outcome(self, outcome: Outcome | None) -> None:
        """Say what a mechanic made of what happens, if it made anything of it."""
        if outcome is not None:
            self._outcomes.append(outcome)

    def event(
        self, data: Data, *, occurred_at: Instant | None = None, detail: Detail | None = None
    ) -> Event:
        """Return the finished event."""
        return Event(
            version=self.before.version + 1,
            effective_at=self.now,
            occurred_at=self.now if occurred_at is None else occurred_at,
            data=data,
            effects=tuple(self._effects),
            postings=tuple(self._postings),
            actor=self._actor.recorded(),
            outcomes=tuple(self._outcomes),
            detail=detail,
        )

    def record(
        self, data: Data, *, occurred_at: Instant | None = None, detail: Detail | None = None
    ) -> None:
        """Finish the event and make it part of the decision."""
        if self._recorder is None:
            raise AssertionError("an event outside of a decision is returned, not recorded")
        self._recorder(self.event(data, occurred_at=occurred_at, detail=detail))
