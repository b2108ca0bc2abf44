"""Rewards, as a member sees them: what each costs, and why it is out of reach."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.mechanics.rewards import Offer
from chalicelib.domain.programme.fields import language_of, text_in
from chalicelib.routes.http.calls import caller_of, page_of, services_of
from chalicelib.routes.http.headers import DEFAULT_LOCALE
from chalicelib.routes.http.localisation import worded
from chalicelib.routes.http.operation import Call, Page, Reply
from chalicelib.routes.http.refusals import Refusal
from chalicelib.routes.http.resource import Resource
from chalicelib.usecases.redeem_reward import (
    list_rewards,
)

api = Resource("rewards")


class RewardOfferView(Struct, frozen=True):
    """
    A reward as this member sees it; ``reasons`` say why it is out of reach.

    ``by`` says whether ``anyone`` may redeem it or ``staff`` alone, who hand it out; ``payee`` for
    whose benefit it is, if for anybody's but the member's.  With ``locations`` it is there at these
    alone, which is no reason here.
    """

    programme: str
    reward: str
    name: str
    description: str
    kind: str
    by: Literal["anyone", "staff"]
    payee: str | None
    currency: str
    price: int
    affordable: bool
    reasons: list[Refusal]
    locations: list[str]
    metadata: dict[str, str]


class RewardOffersView(Struct, frozen=True):
    """Every reward of the member's programmes."""

    member_id: str
    rewards: list[RewardOfferView]
    next_cursor: str | None


@api.get(
    "/members/{member_id}/rewards",
    name="list_rewards",
    scope="rewards:read",
    summary="List rewards: what the member can afford, and why not the rest",
    description="Of every programme that the member joined.",
    query=Page,
    answer=RewardOffersView,
    member_may=True,
    delegates="balance",
    errors=("member_not_found",),
)
def offers(call: Call[None, Page]) -> Reply:
    """List the rewards as this member sees them."""
    member = call.path["member_id"]
    found = list_rewards(services_of(call), caller_of(call), member)
    page, cursor = page_of(call, found.offers, lambda each: f"{each.programme.id}/{each.reward.id}")
    return Reply(RewardOffersView(member, [_offer(offer, call.locale) for offer in page], cursor))


def _offer(offer: Offer, locale: str) -> RewardOfferView:
    reward = offer.reward
    return RewardOfferView(
        programme=offer.programme.id,
        reward=reward.id,
        name=text_in(reward.name, locale),
        description=text_in(reward.description, locale),
        kind=reward.kind,
        by=reward.by,
        payee=reward.payee,
        currency=reward.price.currency,
        price=reward.price.amount,
        affordable=offer.affordable,
        reasons=[_reason(offer, reason, locale) for reason in offer.reasons],
        locations=list(reward.locations),
        metadata=reward.metadata,
    )


def _reason(offer: Offer, reason: dict[str, Any], locale: str) -> Refusal:
    """Return why a reward is out of reach, in the reader's language."""
    refusal = Refusal(**reason)
    if language_of(locale) == DEFAULT_LOCALE:
        return refusal
    # Only readers of other languages pay for words.
    from chalicelib.domain.authoring import why_not

    said = why_not.of_reward(offer.programme, offer.reward, reason)
    return replace(refusal, detail=worded(said, locale, refusal.detail))
