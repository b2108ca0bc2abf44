"""Read the paid plans of a member."""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.mechanics.plans import SUBSCRIPTIONS, Subscription
from chalicelib.domain.programme.versions import Programmes
from chalicelib.usecases.reading import read_account
from chalicelib.usecases.services import Caller, Services


class SubscriptionsRead(NamedTuple):
    """A member's plans by programme as of now, and the programmes that know them."""

    subscriptions: dict[str, Subscription]
    programmes: Programmes
    now: Instant


def read_subscriptions(services: Services, caller: Caller, member: str) -> SubscriptionsRead:
    """Return the plans of a member as they are now: one call; raises `MemberNotFound`."""
    reading = read_account(services, caller, member)
    return SubscriptionsRead(SUBSCRIPTIONS.all(reading.account), reading.programmes, reading.now)
