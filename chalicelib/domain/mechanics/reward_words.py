"""What a programme tells in words of its rewards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chalicelib.domain.mechanics import entitlements
from chalicelib.domain.programme.document import GivesEntitlement, GivesTier, Reward

if TYPE_CHECKING:
    from chalicelib.domain.programme.wording import Composer, Description, Message


def words(compose: Composer) -> Iterator[Description]:
    """Tell what each reward costs, who gets it and what it brings."""
    for reward in compose.programme.rewards:
        said = _reward(compose, reward)
        yield compose.describe("reward", reward.id, reward.name, *said, of=reward)


def _reward(compose: Composer, reward: Reward) -> Iterator[Message | None]:
    price, currency = reward.price.amount, reward.price.currency
    if price:
        value = compose.amount(price, currency)
        yield compose.message("rewards-price", name=reward.name, value=value)
    else:
        yield compose.message("rewards-gift", name=reward.name)
    yield compose.described(reward.description)
    yield from _handing_out(compose, reward)
    for limit in reward.limits:
        yield compose.message("rewards-limit", times=limit.count, window=limit.window)
    if reward.stock is not None:
        yield compose.message("rewards-stock", stock=reward.stock)
    yield compose.season(reward.valid_from, reward.valid_until)
    yield compose.places(reward.locations)
    if reward.voucher_valid_days is not None:
        yield compose.message("rewards-voucher", days=reward.voucher_valid_days)
        if reward.ordered:
            yield compose.message("rewards-owed")
    if reward.voucher_on_return != "keep":
        yield compose.message("rewards-on-return", policy=reward.voucher_on_return)
    yield from _gives(compose, reward)
    if reward.auto_at is not None:
        value = compose.amount(reward.auto_at, currency)
        yield compose.message("rewards-automatic", value=value)


def _handing_out(compose: Composer, reward: Reward) -> Iterator[Message]:
    """Tell who gets it, and from whom."""
    if reward.by == "staff":
        yield compose.message("rewards-by-staff")
    if reward.payee:
        yield compose.message("rewards-payee", payee=reward.payee)
    if reward.ordered:
        yield compose.message("rewards-ordered")
    if reward.tiers:
        tiers = compose.any_of(map(compose.tier_name, reward.tiers))
        yield compose.message("rewards-tiers", tiers=tiers)


def _gives(compose: Composer, reward: Reward) -> Iterator[Message | None]:
    match reward.gives:
        case GivesTier(tier, days):
            name = compose.tier_name(tier)
            yield compose.message("rewards-gives-tier", tier=name, days=days)
        case GivesEntitlement(entitlement, units, valid_days):
            name = entitlements.name_of(compose.programme, entitlement)
            yield compose.message("rewards-gives-units", units=units, name=name)
            yield compose.usable_for(valid_days)
