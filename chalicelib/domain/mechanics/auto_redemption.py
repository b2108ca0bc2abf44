"""
Automatic redemption: rewards that redeem themselves where value comes, by an activity or otherwise.

Each is redeemed as often as the balance is at its threshold or more, within its limits.
"""

from __future__ import annotations

from typing import Final

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Mechanic
from chalicelib.domain.ledger.events import RewardsRedeemed
from chalicelib.domain.mechanics.rewards import count_limits, deliver, obstacles, pay_price
from chalicelib.domain.programme.document import Programme, qualified

# More than so many in one activity is a slip in a price.
_MAX_AT_ONCE: Final = 20


def auto_redeem(event: EventBuilder, programme: Programme) -> RewardsRedeemed | None:
    """Redeem what redeems itself, where value has come, and return what was, if anything."""
    redeemed: dict[str, int] = {}
    for reward in programme.rewards:
        if reward.auto_at is None:
            continue
        key = qualified(programme.id, reward.price.currency)
        for _ in range(_MAX_AT_ONCE):
            account = event.account
            if account.balance(key).available < reward.auto_at:
                break
            if obstacles(account, programme, reward, event.now):
                break
            pay_price(event, programme, reward)
            count_limits(event, programme, reward)
            deliver(event, programme, reward)
            redeemed[reward.id] = redeemed.get(reward.id, 0) + 1
    return RewardsRedeemed(programme.id, redeemed) if redeemed else None


MECHANIC: Final = Mechanic(follower=auto_redeem)
