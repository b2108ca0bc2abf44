"""Rewards, as a member sees them: what each costs, and why it is out of reach."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from chalicelib.domain.mechanics.rewards import Offer
from chalicelib.domain.programme.fields import text_in
from chalicelib.routes.calls import caller_of, services_of
from chalicelib.routes.http import Resource
from chalicelib.routes.operation import Call, Reply
from chalicelib.usecases.redeem_reward import (
    list_rewards,
)

api = Resource("rewards")


class OfferView(Struct, frozen=True):
    """
    A reward as this member sees it; ``reasons`` say why it is out of reach.

    ``by`` says whether ``anyone`` may redeem it or ``staff`` alone, who hand it out; ``payee`` for
    whose benefit it is, if for anybody's but the member's.
    """

    programme: str
    reward: str
    name: str
    description: str
    kind: str
    by: str
    payee: str | None
    currency: str
    price: int
    affordable: bool
    reasons: list[dict[str, Any]]


class OffersView(Struct, frozen=True):
    """Every reward of the member's programmes."""

    member_id: str
    rewards: list[OfferView]


@api.get(
    "/members/{member_id}/rewards",
    name="list_rewards",
    scope="rewards:read",
    summary="List rewards: what the member can afford, and why not the rest",
    answer=OffersView,
    member_may=True,
    errors=("member_not_found",),
)
def offers(call: Call) -> Reply:
    """List the rewards as this member sees them."""
    member = call.path["member_id"]
    found = list_rewards(services_of(call), caller_of(call), member)
    return Reply(OffersView(member, [_offer(offer, call.locale) for offer in found.offers]))


def _offer(offer: Offer, locale: str) -> OfferView:
    reward = offer.reward
    return OfferView(
        programme=offer.programme,
        reward=reward.id,
        name=text_in(reward.name, locale),
        description=text_in(reward.description, locale),
        kind=reward.kind,
        by=reward.by,
        payee=reward.payee,
        currency=reward.price.currency,
        price=reward.price.amount,
        affordable=offer.affordable,
        reasons=[dict(reason) for reason in offer.reasons],
    )
