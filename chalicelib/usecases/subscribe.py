"""Begin, pay, change and end a paid plan, and read it."""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.domain.mechanics.plans import (
    SUBSCRIPTIONS,
    CancelPlan,
    ChangePlan,
    PayFee,
    Subscribe,
    Subscription,
)
from chalicelib.domain.programme import Programmes
from chalicelib.usecases.execution import Done, Present, execute
from chalicelib.usecases.ports import Identity
from chalicelib.usecases.reading import read_account
from chalicelib.usecases.services import Caller, Services


class SubscriptionsRead(NamedTuple):
    """A member's plans by programme, and the programmes that know them."""

    subscriptions: dict[str, Subscription]
    programmes: Programmes


def read_subscriptions(services: Services, caller: Caller, member: str) -> SubscriptionsRead:
    """Return the plans of a member as they are now: one call; raises `MemberNotFound`."""
    reading = read_account(services, caller, member)
    return SubscriptionsRead(SUBSCRIPTIONS.all(reading.account), reading.programmes)


def change_subscription(
    services: Services,
    caller: Caller,
    member: str,
    command: Subscribe | PayFee | ChangePlan | CancelPlan,
    present: Present,
    identity: Identity | None,
) -> Done:
    """Begin, pay, change or end a plan: one read and one transaction."""
    return execute(services, caller, member, command, present, identity=identity)
