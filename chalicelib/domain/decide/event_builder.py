"""An event in the making: effects are applied as they are added, so later steps see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalicelib.domain.account import Account, Folding
from chalicelib.domain.calendar import Instant
from chalicelib.domain.decide.actor import CLOCK, Actor
from chalicelib.domain.effects import Effect
from chalicelib.domain.entry import SCHEMA, Entry, Posting


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
        recorder: Callable[[Entry], None] | None = None,
    ) -> None:
        self.now = now
        self.before = account
        self._actor = actor
        self._recorder = recorder
        self._folding = Folding(account)
        self._effects: list[Effect] = []
        self._postings: list[Posting] = []

    @property
    def account(self) -> Account:
        """Return the account with every effect so far; do not keep it past the next one."""
        return self._folding.so_far()

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

    def entry(self, kind: str, *, occurred_at: Instant | None = None, **fields: Any) -> Entry:
        """Return the finished event; ``fields`` are those of `Entry`."""
        return Entry(
            version=self.before.version + 1,
            kind=kind,
            schema=SCHEMA,
            effective_at=self.now,
            occurred_at=self.now if occurred_at is None else occurred_at,
            effects=tuple(self._effects),
            postings=tuple(self._postings),
            actor=self._actor.recorded(),
            **fields,
        )

    def record(self, kind: str, *, occurred_at: Instant | None = None, **fields: Any) -> None:
        """Finish the event and make it part of the decision; ``fields`` are those of `Entry`."""
        if self._recorder is None:
            raise AssertionError("an event outside of a decision is returned, not recorded")
        self._recorder(self.entry(kind, occurred_at=occurred_at, **fields))
