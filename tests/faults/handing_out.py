"""Goods that a redemption stands for: moved on, handed over once, and not after they came back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple, get_args

from chalicelib.domain.ledger.events import (
    Event,
    FulfilmentAdvanced,
    RedemptionCancelled,
    RewardRedeemed,
    VoucherUsed,
)
from chalicelib.domain.mechanics.fulfilment import AdvanceFulfilment, Step
from tests.faults.ending import Ending, TenantEnding
from tests.faults.play import Play
from tests.faults.programmes import GOODS
from tests.faults.record import Answered, Request
from tests.faults.telling import commanded, draw_identity

_STEPS: Final = ("ordered", "ready", "sent", "delivered")
#: What goods may have been before, each time that something becomes of them.
_BEFORE: Final[dict[str, tuple[str, ...]]] = {
    "ordered": ("",),
    "ready": ("ordered",),
    "sent": ("ordered", "ready"),
    "delivered": ("ordered", "ready", "sent"),
    "cancelled": ("ordered", "ready"),
}


def move_on(play: Play, tenant: str) -> Request:
    """Draw goods that are moved on, or are said to be where they are not any more."""
    known = play.chance.pick(play.goods[tenant][-3:])
    steps: tuple[Step, ...] = get_args(Step)
    to = play.chance.pick(steps)
    identity = draw_identity(play, tenant, "fulfil", (known, to))
    command = AdvanceFulfilment(member=known.member, redemption_id=known.redemption, to=to)
    return commanded(f"{known.redemption[-3:]} to {to}", identity, command)


def nothing_moved(answer: Answered) -> bool:
    """Tell whether goods were there already."""
    return answer.result["changed"] is False


def are_there(ending: Ending, tenant: str, answer: Answered) -> Iterable[str]:
    """Goods are as far as was told, or further."""
    told = answer.result["redemption"]
    redemption = ending.tenants[tenant].redemptions[told["id"]]
    if _place(redemption.fulfilment) < _place(told["fulfilment"]):
        yield f"{redemption.id} was told to be {told['fulfilment']}, is {redemption.fulfilment}"


def check_goods(tenant: TenantEnding) -> Iterator[str]:
    """Goods go forward only, are handed over once, and what was sent stays paid for."""
    at: dict[str, str] = {}
    for member, journal in tenant.journals.items():
        for event in journal.events:
            step = _step(event)
            if step is None or step.redemption not in at.keys() | step.begins:
                continue
            before = at.get(step.redemption, "")
            if before not in _BEFORE[step.to]:
                name = f"{tenant.id} {member[-1]} event {event.version}"
                yield f"{name} says {step.to} of goods that are {before}"
            at[step.redemption] = step.to
    for redemption in tenant.redemptions.values():
        found = "cancelled" if redemption.state == "cancelled" else redemption.fulfilment
        if redemption.fulfilment and found != at.get(redemption.id):
            yield f"{tenant.id}: {redemption.id} is {found}, not {at.get(redemption.id)}"


class _Step(NamedTuple):
    """What becomes of goods; ``begins`` has the redemption where they are ordered now."""

    redemption: str
    to: str
    begins: frozenset[str] = frozenset()


def _step(event: Event) -> _Step | None:
    """Return what an event says of goods, or of anything else that was redeemed."""
    match event.data:
        case RewardRedeemed(redemption=redemption, reward=reward) if reward == GOODS:
            return _Step(redemption, "ordered", frozenset({redemption}))
        case FulfilmentAdvanced(redemption=redemption, fulfilment=to):
            return _Step(redemption, to, frozenset({redemption}))
        case VoucherUsed(redemption=redemption):
            return _Step(redemption, "delivered")
        case RedemptionCancelled(redemption=redemption):
            return _Step(redemption, "cancelled")
        case _:
            return None


def _place(step: str | None) -> int:
    return _STEPS.index(step or _STEPS[0])
