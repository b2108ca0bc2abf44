"""A guard that allows everything and keeps what it heard of."""

from __future__ import annotations

from msgspec.structs import replace

from chalicelib.domain.decide.benefits import Benefit
from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.deciding import decide
from chalicelib.domain.decide.event_builder import Door, EventBuilder
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.actor import Actor
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.events import CapUse
from chalicelib.domain.programme.document import Programme
from tests.domain.building import SERVER, Member, at


class Heard:
    """What was given, and below zero what was taken back."""

    def __init__(self) -> None:
        self.benefits: list[tuple[str, str, int]] = []
        self.funders: dict[str, int] = {}

    @property
    def amounts(self) -> list[int]:
        """Return how much was given or taken back each time."""
        return [amount for *_, amount in self.benefits]

    def refusal(
        self, _account: Account, _programme: Programme, _benefit: Benefit, _now: Instant
    ) -> None:
        """Allow everything."""

    def given(
        self, _event: EventBuilder, _programme: Programme, benefit: Benefit
    ) -> tuple[CapUse, ...]:
        """Keep what is given."""
        self._keep(benefit, benefit.amount)
        return ()

    def taken_back(self, _event: EventBuilder, benefit: Benefit) -> None:
        """Keep what is taken back."""
        self._keep(benefit, -benefit.amount)

    def barred(
        self, _account: Account, _programme: Programme, _activity: Activity
    ) -> dict[str, str]:
        """Let everything earn."""
        return {}

    def _keep(self, benefit: Benefit, amount: int) -> None:
        if benefit.kind == "unit":
            return  # given before, as a right or a grant
        self.benefits.append((benefit.kind, benefit.id, amount))
        self.funders[benefit.funder] = self.funders.get(benefit.funder, 0) + amount


def listened(member: Member, now: str) -> tuple[EventBuilder, Heard]:
    """Return what builds an event on a member's account, and the guard that hears of it."""
    heard = Heard()
    door = Door(member.programmes, guards=lambda _programme: (heard,))
    return EventBuilder(member.account, at(now), door), heard


def heard_of(
    member: Member, command: Command, now: str, *, actor: Actor = SERVER, **others: Member
) -> list[tuple[str, str, int]]:
    """Return what a guard hears of a command, on whichever account; nothing of it is kept."""
    return guarding(member, command, now, actor=actor, **others).benefits


def guarding(
    member: Member, command: Command, now: str, *, actor: Actor = SERVER, **others: Member
) -> Heard:
    """Return the guard that hears of a command; nothing of it is kept."""
    guard = Heard()
    member.guards = (guard,)
    command = replace(command, member=member.id)
    decide(member.deciding(command, now, actor=actor, **others), command)
    member.guards = ()
    return guard
