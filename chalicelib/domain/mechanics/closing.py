"""
Closing: the account ends, with everything that mechanics keep in it.

Money that was paid in for what did not come is not forfeited in silence: it is refunded, or waived
by name.  What of it came from a gift card, or was given, can only be waived: nothing here turns
that into money.  Other value is forfeited and debts are written off, and both are stated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Final, Literal

from msgspec import Struct
from msgspec.structs import astuple

from chalicelib.domain.decide import registry
from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import MEMBER, Decider, Known
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Mechanic, Turn
from chalicelib.domain.errors import Conflict
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import StatusChange
from chalicelib.domain.ledger.events import (
    DebtWrittenOff,
    ForfeitedValue,
    MemberClosed,
    PrepaidMoney,
    noted,
)
from chalicelib.domain.mechanics import households
from chalicelib.domain.programme.document import qualified
from chalicelib.domain.programme.versions import Programmes


class Close(Command, frozen=True):
    """
    End a member's account: whatever value is left is forfeited, and their household left.

    ``prepaid`` says what becomes of money that is left: who collects it refunds it, or the member
    waives it.
    """

    when_full: ClassVar[bool] = True

    reason: str
    prepaid: Literal["refund", "waive"] | None = None
    note: str = ""

    def parties(self, known: Known) -> dict[str, str]:
        """Return the member, and the household that they belong to."""
        return {MEMBER: self.member, **households.household_of(known)}


class Closed(Struct, frozen=True):
    """
    What was left in an account that ended.

    Money that can be is ``refunded``, or else waived; other value is ``forfeited``.
    """

    prepaid: tuple[PrepaidMoney, ...]
    refunded: bool
    forfeited: tuple[ForfeitedValue, ...]
    written_off: tuple[DebtWrittenOff, ...]


def close(decider: Decider, command: Close) -> Closed:
    """
    End the account; its value is forfeited, its debts are written off, its household left.

    Raises `Conflict` ``prepaid_left`` where money is left, and nothing is said about it.
    """
    event = decider.event()
    ending = registry.in_account(decider.member)
    # What was set aside is the member's again first.
    _end(event, (each for each in ending if each.turn is Turn.PINS))
    left = tuple(_prepaid(event, decider.programmes))
    if left and command.prepaid is None:
        raise _money_left(left, decider.programmes, decider.now)
    back = [each for each in left if each.refundable and command.prepaid == "refund"]
    for each in back:
        holder = registry.mechanic(each.section)
        if holder is not None and holder.pay_back is not None:
            holder.pay_back(event, each)
    waived = [each for each in left if each not in back]
    closed = Closed(left, bool(back), *_given_up(event.account, waived))
    _end(event, (each for each in ending if each.turn is not Turn.PINS))
    event.add(StatusChange("closed"))
    event.record(MemberClosed(command.reason, *astuple(closed)), detail=noted(command.note))
    if decider.has(households.HOUSEHOLD):
        households.dismiss(decider, command.member)
    return closed


def _end(event: EventBuilder, mechanics: Iterator[Mechanic]) -> None:
    for mechanic in mechanics:
        if mechanic.closing is not None:
            mechanic.closing(event)


def _prepaid(event: EventBuilder, programmes: Programmes) -> Iterator[PrepaidMoney]:
    """Yield the money that was paid in for what did not come."""
    for programme_id in sorted(event.account.enrolments):
        version = programmes.in_force(programme_id, event.now)
        if version is not None:
            for mechanic in registry.of_programme(version.document):
                if mechanic.prepaid is not None:
                    yield from mechanic.prepaid(event.account, version.document, event.now)


def _given_up(
    account: Account, waived: Iterable[PrepaidMoney]
) -> tuple[tuple[ForfeitedValue, ...], tuple[DebtWrittenOff, ...]]:
    """Return what is forfeited beside money that is ``waived``, and what is written off."""
    stated: Counter[str] = Counter()
    for each in waived:
        holder = registry.mechanic(each.section)
        # What is left of a plan is in no lot.
        if holder is not None and holder.pay_back is not None:
            stated[qualified(each.programme, each.id)] += each.amount
    forfeited, written_off = [], []
    for key, balance in sorted(account.balances.items()):
        programme, _, currency = key.partition("/")
        available = balance.lots_total - stated[key]
        if available or balance.pending_total:
            value = ForfeitedValue(programme, currency, available, balance.pending_total)
            forfeited.append(value)
        if balance.deficit:
            written_off.append(DebtWrittenOff(programme, currency, balance.deficit))
    return tuple(forfeited), tuple(written_off)


def _money_left(left: tuple[PrepaidMoney, ...], programmes: Programmes, now: Instant) -> Conflict:
    shown: list[dict[str, Any]] = []
    names = []
    for each in left:
        version = programmes.in_force(each.programme, now)
        unit = version.document.money.currency if version else ""
        never = "" if each.refundable else ", not refundable"
        names.append(f"{each.amount} {unit} ({each.section}/{each.id} of {each.programme}{never})")
        money = {"amount": each.amount, "currency": unit}
        shown.append(
            {
                "programme": each.programme,
                "section": each.section,
                "id": each.id,
                "amount": money,
                "refundable": each.refundable,
            }
        )
    text = (
        f"Money is left that was paid in, in minor units: {', '.join(names)}. Say in `prepaid` "
        "whether it is refunded (`refund`) or waived (`waive`)."
    )
    if not all(each.refundable for each in left):
        text += " What came from a gift card or was given is never refunded, only waived."
    return Conflict("prepaid_left", text, prepaid=shown)


MECHANIC: Final = Mechanic(
    handlers={Close: close},
)
