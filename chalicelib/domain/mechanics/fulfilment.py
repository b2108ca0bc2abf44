"""
Fulfilment: how far goods are that a redemption stands for, from the order to the member's hands.

It goes forward only, and may leave steps out.  Goods that are still only ordered when the last day
of their voucher is over go no further; those that are ready or sent are owed, and their voucher
does not expire.  From the day on which goods are sent their
redemption cannot be cancelled; once they are delivered its voucher is used, and where its voucher
is used at the desk they are delivered.
"""

from __future__ import annotations

from typing import ClassVar, Final, Literal, get_args

from msgspec import Struct

from chalicelib.domain.decide.claims import EventRef, Ref
from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import Decider, Known
from chalicelib.domain.decide.mechanic import Mechanic
from chalicelib.domain.errors import Conflict
from chalicelib.domain.ledger.events import FulfilmentAdvanced, noted
from chalicelib.domain.mechanics.redemptions import (
    REDEMPTIONS,
    Fulfilment,
    Redemption,
    check_issued,
    claim_to_save,
    moved_on,
    redemption_unknown,
)

#: To where goods can be moved on: each after those before it.
Step = Literal["ready", "sent", "delivered"]
_ORDER: Final = get_args(Fulfilment)


class AdvanceFulfilment(Command, frozen=True):
    """Say how far the goods of a redemption are; ``note`` is sealed."""

    when_full: ClassVar[bool] = True
    when_closed: ClassVar[bool] = True

    redemption_id: str
    to: Step
    note: str = ""

    def records(self, known: Known) -> tuple[Ref | EventRef, ...]:  # noqa: ARG002 - known at once
        """Return the redemption."""
        return (REDEMPTIONS.ref(self.member, self.redemption_id),)


class Advanced(Struct, frozen=True):
    """The redemption as it is now; ``changed`` is false where its goods were there already."""

    redemption: Redemption
    changed: bool = True


def advance(decider: Decider, command: AdvanceFulfilment) -> Advanced:
    """
    Move goods on.

    Raises `Conflict` ``nothing_to_fulfil`` where there are none, ``voucher_cancelled`` or
    ``voucher_expired`` where they are owed no more, ``fulfilled_further`` where they are further.
    """
    redemption = decider.record(REDEMPTIONS, command.member, command.redemption_id)
    if redemption is None:
        raise redemption_unknown()
    if not redemption.fulfilment:
        raise Conflict(
            "nothing_to_fulfil",
            f"{redemption.reward} was not `ordered` when it was redeemed: its voucher stands for "
            "it.",
            redemption=redemption.id,
        )
    if redemption.state != "used":
        check_issued(redemption, decider.now)
    if redemption.fulfilment == command.to:
        return Advanced(redemption, changed=False)
    if _ORDER.index(command.to) < _ORDER.index(redemption.fulfilment):
        raise Conflict(
            "fulfilled_further",
            f"It is {redemption.fulfilment} already, and goes forward only.",
            redemption=redemption.id,
            state=redemption.fulfilment,
        )
    after = moved_on(redemption, command.to, decider.now)
    decider.event().record(
        FulfilmentAdvanced(after.id, after.programme, after.reward, command.to),
        detail=noted(command.note),
    )
    decider.claim(claim_to_save(after))
    return Advanced(after)


MECHANIC: Final = Mechanic(handlers={AdvanceFulfilment: advance})
