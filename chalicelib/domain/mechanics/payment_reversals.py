"""
Payments that go back to who made them: a chargeback of a top-up, a plan's fee or a gift card.

What the payment was for goes with it, by the rules of the mechanic that it was for: value of a
wallet that is spent becomes a deficit, is written off or refuses it, and a plan is paid for less.
A payment goes back once, and whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from msgspec import Struct

from chalicelib.domain.decide import registry
from chalicelib.domain.decide.benefits import Returned
from chalicelib.domain.decide.claims import EventRef, Ref, SaveRecord
from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import Decider, Known
from chalicelib.domain.decide.mechanic import Mechanic, PaymentKind
from chalicelib.domain.ledger.account import Account, Holder
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.events import Event, PaymentReversed, noted
from chalicelib.domain.mechanics.payments import payment_unknown
from chalicelib.domain.mechanics.taking_back import TAKEN_BACK, TakenBack
from chalicelib.domain.mechanics.tiers import TierMoved
from chalicelib.domain.mechanics.units_changed import UnitsChanged, units_changed


class ReversePayment(Command, frozen=True):
    """Undo what a payment was for, since the money went back; ``version`` is that of its event."""

    asked_of: ClassVar[tuple[Holder, ...]] = ("member", "gift_card")
    when_full: ClassVar[bool] = True

    programme: str
    version: int
    reason: str = ""
    note: str = ""

    def records(self, known: Known) -> tuple[Ref | EventRef, ...]:  # noqa: ARG002 - known at once
        """Return the event of the payment, and by which it was reversed before."""
        return EventRef(self.member, self.version), TAKEN_BACK.ref(self.member, str(self.version))


class PaymentUndone(Struct, frozen=True):
    """
    What followed from a payment of a ``kind`` that went back.

    ``changed`` is false where it had before; then nothing else is said.  ``units`` say what changed
    of what is counted and no value.
    """

    changed: bool
    kind: PaymentKind | None = None
    payment: PaymentReversed | None = None
    returned: tuple[Returned, ...] = ()
    tier_changes: tuple[TierMoved, ...] = ()
    units: tuple[UnitsChanged, ...] = ()
    event: Event | None = None


def reverse_payment(decider: Decider, command: ReversePayment) -> PaymentUndone:
    """Undo a payment, once."""
    original = decider.event_at(command.member, command.version)
    if original is None:
        raise payment_unknown()
    done = decider.record(TAKEN_BACK, command.member, str(command.version))
    if done is not None:
        return PaymentUndone(changed=False)
    account, programme = decider.member, decider.programme(command.programme)
    event = decider.event()
    undone = registry.undoing(original)(event, programme, original)
    payment = PaymentReversed(
        command.version,
        programme.id,
        undone.section,
        undone.id,
        undone.amount,
        undone.prorated,
        command.reason,
    )
    recorded = event.record(payment, detail=noted(command.note))
    ref = TAKEN_BACK.ref(command.member, str(command.version))
    decider.claim(SaveRecord(ref, TakenBack(recorded.version), 1))
    after = decider.member
    # A gift card has joined none.
    joined = [programme] if programme.id in after.enrolments else []
    return PaymentUndone(
        changed=True,
        kind=undone.kind,
        event=recorded,
        payment=payment,
        returned=undone.returned,
        tier_changes=tuple(_moved(account, after, decider.now)),
        units=units_changed(account, after, joined, decider.now),
    )


def _moved(before: Account, after: Account, now: Instant) -> Iterator[TierMoved]:
    for programme_id, enrolment in after.enrolments.items():
        had = before.enrolments[programme_id].tier
        if enrolment.tier != had:
            yield TierMoved(programme_id, had, enrolment.tier, now)


MECHANIC: Final = Mechanic(
    handlers={ReversePayment: reverse_payment},
)
