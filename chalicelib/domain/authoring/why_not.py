"""
Why a reward or a programme is out of a member's reach, as messages.

What refuses says it in English, with what a program needs beside it; this is the same for readers
of other languages.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from chalicelib.domain.authoring.words import joining
from chalicelib.domain.programme.document import GivesTier, Reward
from chalicelib.domain.programme.wording import Composer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.domain.errors import LoyaltyError
    from chalicelib.domain.programme.document import Programme
    from chalicelib.domain.programme.wording import Message


def of_reward(
    programme: Programme, reward: Reward, reason: Mapping[str, object]
) -> tuple[Message, ...]:
    """Return why a reward cannot be had, for one of its reasons; nothing where no words are."""
    said = _of_reward(Composer(programme), reward, reason)
    return tuple(each for each in said if each is not None)


def of_joining(programme: Programme, refusal: LoyaltyError) -> tuple[Message, ...]:
    """Return why a programme cannot be joined, by its refusal; nothing where no words are."""
    said = _of_joining(Composer(programme), refusal.code, refusal.extensions)
    return tuple(each for each in said if each is not None)


def _of_joining(compose: Composer, code: str, more: Mapping[str, Any]) -> Iterator[Message | None]:
    match code:
        case "consent_required":
            yield joining(compose, 0, more["missing_consents"])
        case "not_eligible":
            yield joining(compose, more["needed"], ())
            so_far = compose.visits(more["completed_visits"])
            yield compose.message("enrolment-so-far", visits=so_far)


def _of_reward(
    compose: Composer, reward: Reward, reason: Mapping[str, object]
) -> Iterator[Message | None]:
    match reason["code"]:
        case "given_by_staff":
            yield compose.message("rewards-by-staff")
        case "reward_not_available":
            yield compose.message("rewards-not-now")
            yield compose.season(reward.valid_from, reward.valid_until)
        case "tier_required":
            tiers = compose.any_of(map(compose.tier_name, reward.tiers))
            yield compose.message("rewards-tiers", tiers=tiers)
        case "limit_reached":
            times, window = int(str(reason["count"])), str(reason["window"])
            yield compose.message("rewards-limit", times=times, window=window)
        case "insufficient_points":
            missing = compose.amount(int(str(reason["missing"])), reward.price.currency)
            yield compose.message("rewards-missing", value=missing)
        case "out_of_stock":
            yield compose.message("rewards-none-left")
        case "tier_held" if isinstance(reward.gives, GivesTier):
            tier = compose.tier_name(str(reason["tier"]))
            yield compose.message("rewards-tier-held", tier=tier)
        case "too_many_grants":
            yield compose.message("rewards-too-many")
