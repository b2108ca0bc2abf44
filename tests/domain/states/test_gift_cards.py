"""
Gift cards: every state × every command × every policy for value that is spent.

A card of 50.00, sold on 2 March through 1 April, of which 18.00 were used wherever it says so.  A
cell reads: what has become of the card, what is left on it, and what else came of the command.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import pytest

from chalicelib.domain.mechanics.gift_card_endings import Ended
from chalicelib.domain.mechanics.gift_card_moves import Received
from chalicelib.domain.mechanics.gift_card_uses import UseCancelled
from chalicelib.domain.mechanics.payment_reversals import PaymentUndone
from tests.domain.building import Member
from tests.domain.gift import Card, selling
from tests.domain.states.table import every_cell, outcome_of

Step = Callable[[Card, Member], object]
NOW: Final = "2026-03-05"
OVER: Final = "2026-04-02T00:00:00Z"


def pay(amount: int, now: str = NOW) -> Step:
    """Pay with a part of it."""
    return lambda card, _member: card.pay(amount, now)


def take_back(now: str = NOW, amount: int | None = None) -> Step:
    """Cancel its first use."""
    return lambda card, _member: card.take_back(now, amount)


def move(now: str = NOW) -> Step:
    """Put what is left into a wallet."""
    return lambda card, member: card.move(member, now)


def end(now: str = NOW) -> Step:
    """Cancel it, since it was lost."""
    return lambda card, _member: card.end(now)


def refund(now: str = NOW) -> Step:
    """Cancel it, since it was sold by mistake."""
    return lambda card, _member: card.end(now, refunded=True)


def charge_back(now: str = NOW) -> Step:
    """Let its payment go back."""
    return lambda card, _member: card.charge_back(now)


#: What leads to each state, and the day on which commands come.
STATES: Final[Mapping[str, tuple[tuple[Step, ...], str]]] = {
    "issued": ((), NOW),
    "issued, on its last day": ((), "2026-04-01T23:59:59Z"),
    "partly used": ((pay(1_800),), NOW),
    "used up": ((pay(1_800), pay(3_200)), NOW),
    "in a wallet": ((pay(1_800), move()), NOW),
    "a use cancelled": ((pay(1_800), take_back()), NOW),
    "expired": ((), OVER),
    "used, then expired": ((pay(1_800),), OVER),
    "good again": ((pay(1_800), take_back(OVER)), "2026-04-03"),
    "good again, and over": ((pay(1_800), take_back(OVER)), "2026-04-13T00:00:00Z"),
    "forfeited": ((pay(1_800), end()), NOW),
    "refunded": ((pay(1_800), refund()), NOW),
    "its payment went back": ((charge_back(),), NOW),
    "used, and its payment went back": ((pay(1_800), charge_back()), NOW),
}
COMMANDS: Final[Mapping[str, Callable[[str], Step]]] = {
    "pay 10.00": lambda now: pay(1_000, now),
    "cancel the use": take_back,
    "put into a wallet": move,
    "cancel, forfeit": end,
    "cancel, refund": refund,
    "payment goes back": charge_back,
    "look up": lambda _now: lambda _card, _member: None,
}
TABLE: Final[Mapping[str, Mapping[str, str]]] = {
    "issued": {
        "pay 10.00": "issued, 4000",
        "cancel the use": "gift_card_use_not_found",
        "put into a wallet": "used_up, 0, wallet 5000",
        "cancel, forfeit": "cancelled, 0, ended with 5000",
        "cancel, refund": "cancelled, 0, ended with 5000",
        "payment goes back": "cancelled, 0, back 5000",
        "look up": "issued, 5000",
    },
    "issued, on its last day": {
        "pay 10.00": "issued, 4000",
        "cancel the use": "gift_card_use_not_found",
        "put into a wallet": "used_up, 0, wallet 5000",
        "cancel, forfeit": "cancelled, 0, ended with 5000",
        "cancel, refund": "cancelled, 0, ended with 5000",
        "payment goes back": "cancelled, 0, back 5000",
        "look up": "issued, 5000",
    },
    "partly used": {
        "pay 10.00": "issued, 2200",
        "cancel the use": "issued, 5000, usable 1800",
        "put into a wallet": "used_up, 0, wallet 3200",
        "cancel, forfeit": "cancelled, 0, ended with 3200",
        "cancel, refund": "cancelled, 0, ended with 3200",
        "payment goes back": "cancelled, -1800, back 5000 of which 1800 owed",
        "look up": "issued, 3200",
    },
    "used up": {
        "pay 10.00": "gift_card_used_up",
        "cancel the use": "issued, 1800, usable 1800",
        "put into a wallet": "gift_card_used_up",
        "cancel, forfeit": "cancelled, 0, ended with 0",
        "cancel, refund": "cancelled, 0, ended with 0",
        "payment goes back": "cancelled, -5000, back 5000 of which 5000 owed",
        "look up": "used_up, 0",
    },
    "in a wallet": {
        "pay 10.00": "gift_card_used_up",
        "cancel the use": "issued, 1800, usable 1800",
        "put into a wallet": "gift_card_used_up",
        "cancel, forfeit": "cancelled, 0, ended with 0",
        "cancel, refund": "cancelled, 0, ended with 0",
        "payment goes back": "cancelled, -5000, back 5000 of which 5000 owed",
        "look up": "used_up, 0",
    },
    "a use cancelled": {
        "pay 10.00": "issued, 4000",
        "cancel the use": "gift_card_use_cancelled",
        "put into a wallet": "used_up, 0, wallet 5000",
        "cancel, forfeit": "cancelled, 0, ended with 5000",
        "cancel, refund": "cancelled, 0, ended with 5000",
        "payment goes back": "cancelled, 0, back 5000",
        "look up": "issued, 5000",
    },
    "expired": {
        "pay 10.00": "gift_card_expired",
        "cancel the use": "gift_card_use_not_found",
        "put into a wallet": "gift_card_expired",
        "cancel, forfeit": "cancelled, 0, ended with 0",
        "cancel, refund": "cancelled, 0, ended with 0",
        "payment goes back": "cancelled, 0, back 0",
        "look up": "expired, 0",
    },
    "used, then expired": {
        "pay 10.00": "gift_card_expired",
        "cancel the use": "issued, 1800, usable 1800",
        "put into a wallet": "gift_card_expired",
        "cancel, forfeit": "cancelled, 0, ended with 0",
        "cancel, refund": "cancelled, 0, ended with 0",
        "payment goes back": "cancelled, -1800, back 1800 of which 1800 owed",
        "look up": "expired, 0",
    },
    "good again": {
        "pay 10.00": "issued, 800",
        "cancel the use": "gift_card_use_cancelled",
        "put into a wallet": "expired, 0, wallet 1800",
        "cancel, forfeit": "cancelled, 0, ended with 1800",
        "cancel, refund": "cancelled, 0, ended with 1800",
        "payment goes back": "cancelled, 0, back 1800",
        "look up": "issued, 1800",
    },
    "good again, and over": {
        "pay 10.00": "gift_card_expired",
        "cancel the use": "gift_card_use_cancelled",
        "put into a wallet": "gift_card_expired",
        "cancel, forfeit": "cancelled, 0, ended with 0",
        "cancel, refund": "cancelled, 0, ended with 0",
        "payment goes back": "cancelled, 0, back 0",
        "look up": "expired, 0",
    },
    "forfeited": {
        "pay 10.00": "gift_card_cancelled",
        "cancel the use": "cancelled, 0, forfeited 1800",
        "put into a wallet": "gift_card_cancelled",
        "cancel, forfeit": "gift_card_cancelled",
        "cancel, refund": "gift_card_cancelled",
        "payment goes back": "cancelled, -1800, back 1800 of which 1800 owed",
        "look up": "cancelled, 0",
    },
    "refunded": {
        "pay 10.00": "gift_card_cancelled",
        "cancel the use": "cancelled, 0, forfeited 1800",
        "put into a wallet": "gift_card_cancelled",
        "cancel, forfeit": "gift_card_cancelled",
        "cancel, refund": "gift_card_cancelled",
        "payment goes back": "cancelled, -1800, back 1800 of which 1800 owed",
        "look up": "cancelled, 0",
    },
    "its payment went back": {
        "pay 10.00": "gift_card_cancelled",
        "cancel the use": "gift_card_use_not_found",
        "put into a wallet": "gift_card_cancelled",
        "cancel, forfeit": "gift_card_cancelled",
        "cancel, refund": "gift_card_cancelled",
        "payment goes back": "cancelled, 0, went back before",
        "look up": "cancelled, 0",
    },
    "used, and its payment went back": {
        "pay 10.00": "gift_card_cancelled",
        "cancel the use": "cancelled, 0, settled 1800",
        "put into a wallet": "gift_card_cancelled",
        "cancel, forfeit": "gift_card_cancelled",
        "cancel, refund": "gift_card_cancelled",
        "payment goes back": "cancelled, -1800, went back before",
        "look up": "cancelled, -1800",
    },
}
#: The cells that differ where nothing is owed: what is spent is written off, since a payment that
#: went back cannot be refused.
WRITTEN_OFF: Final[Mapping[str, Mapping[str, str]]] = {
    "partly used": {"payment goes back": "cancelled, 0, back 3200, 1800 written off"},
    "used up": {"payment goes back": "cancelled, 0, back 0, 5000 written off"},
    "in a wallet": {"payment goes back": "cancelled, 0, back 0, 5000 written off"},
    "used, then expired": {"payment goes back": "cancelled, 0, back 0, 1800 written off"},
    "forfeited": {"payment goes back": "cancelled, 0, back 0, 1800 written off"},
    "refunded": {"payment goes back": "cancelled, 0, back 0, 1800 written off"},
    "used, and its payment went back": {
        "payment goes back": "cancelled, 0, went back before",
        "look up": "cancelled, 0",
    },
}


def act(state: str, command: str, policy: str) -> str:
    """Carry out a command, and return what it led to."""
    document = selling(restored_life_days=10, negative_balance=policy)
    card, member = Card(document).sell(), Member(document)
    steps, now = STATES[state]
    for step in steps:
        step(card, member)
    result = COMMANDS[command](now)(card, member)
    assert card.verdict().holds
    assert member.verdict().holds
    return ", ".join([card.state(now), str(card.left(now)), *_told(result)])


def _told(result: object) -> list[str]:
    match result:
        case UseCancelled():
            sums = {name: getattr(result, name) for name in ("usable", "settled", "forfeited")}
            return [f"{name} {amount}" for name, amount in sums.items() if amount]
        case Received():
            return [f"wallet {result.amount}"]
        case Ended():
            return [f"ended with {result.amount}"]
        case PaymentUndone(changed=False):
            return ["went back before"]
        case PaymentUndone():
            (returned,) = result.returned
            owed = f" of which {returned.deficit} owed" if returned.deficit else ""
            lost = [f"{returned.written_off} written off"] if returned.written_off else []
            return [f"back {returned.amount}{owed}", *lost]
        case _:
            return []


@every_cell(TABLE, COMMANDS)
def test_every_cell(state: str, command: str, outcome: str) -> None:
    """It is refused with this code, or leads to this, where the card owes what is spent."""
    assert outcome_of(lambda: act(state, command, "deficit")) == outcome


@pytest.mark.parametrize("policy", ["clamp", "reject"])
@every_cell(
    {state: {**row, **WRITTEN_OFF.get(state, {})} for state, row in TABLE.items()}, COMMANDS
)
def test_every_cell_where_nothing_is_owed(
    state: str, command: str, outcome: str, policy: str
) -> None:
    """The same, where the programme writes off what is spent or else refuses to take it back."""
    assert outcome_of(lambda: act(state, command, policy)) == outcome
