"""
Why a reward or a programme is out of reach, or a discount takes nothing off, as messages.

What refuses says it in English, with what a program needs beside it; this is the same for readers
of other languages.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from chalicelib.domain.authoring.words import joining
from chalicelib.domain.mechanics.discount_words import limits
from chalicelib.domain.mechanics.nothing_off import limits_of
from chalicelib.domain.programme.document import GivesTier, Reward
from chalicelib.domain.programme.wording import Composer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.domain.errors import LoyaltyError
    from chalicelib.domain.ledger.bill import Considered, Reason, WhyNot
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


def of_considered(programme: Programme, considered: Considered) -> tuple[Message, ...]:
    """Return why something took nothing off a bill; nothing where it did."""
    if considered.why_not is None:
        return ()
    said = _of_considered(Composer(programme), considered.why_not)
    return (said, *of_limits(programme, considered))


def of_limits(programme: Programme, considered: Considered) -> tuple[Message, ...]:
    """Return the limits of a discount that made it less."""
    return tuple(limits(Composer(programme), limits_of(considered, programme)))


def _of_considered(compose: Composer, why: WhyNot) -> Message:
    if why.day:
        return _of_a_day(compose, why)[why.reason]
    if why.name:
        return _of_a_name(compose, why)[why.reason]
    if why.needed:
        return _of_amounts(compose, why)[why.reason]
    return _in_general(compose)[why.reason]


def _of_a_day(compose: Composer, why: WhyNot) -> dict[Reason, Message]:
    day = compose.day(why.day)
    return {
        "held_until": compose.message("considered-held-until", day=day),
        "no_status": compose.message("considered-no-status", day=day),
        "not_on_day": compose.message("considered-not-on-day", day=day),
    }


def _of_a_name(compose: Composer, why: WhyNot) -> dict[Reason, Message]:
    role, tier = compose.message("discounts-role", role=why.name), compose.tier_name(why.name)
    found = compose.programme.reward(why.name)
    reward = why.name if found is None else found.name
    return {
        "other_programme": compose.message("considered-other-programme", programme=why.name),
        "policy_forbids": compose.message("considered-policy-forbids", rule=why.name),
        "role_not_named": compose.message("considered-role-not-named", role=role),
        "tier_not_named": compose.message("considered-tier-not-named", tier=tier),
        "voucher_needed": compose.message("considered-voucher-needed", reward=reward),
    }


def _of_amounts(compose: Composer, why: WhyNot) -> dict[Reason, Message]:
    there, needed = why.there, why.needed
    spent, least, missing = map(compose.money, (there, needed, needed - there))
    return {
        "below_min_bill": compose.message(
            "considered-below-min-bill", needed=least, missing=missing
        ),
        "household_not_spent": compose.message("considered-household-not-spent", needed=least),
        "household_too_small": compose.message(
            "considered-household-too-small", there=there, needed=needed
        ),
        "not_spent": compose.message("considered-not-spent", there=spent, needed=least),
        "not_spent_in_window": compose.message("considered-not-spent-in-window", needed=least),
        "too_few_units": compose.message("considered-too-few-units", there=there, needed=needed),
        "too_little_asked": compose.message(
            "considered-too-little-asked", there=there, needed=needed
        ),
        "too_little_there": compose.message(
            "considered-too-little-there", there=there, needed=needed
        ),
    }


def _in_general(compose: Composer) -> dict[Reason, Message]:
    return {
        "already_free": compose.message("considered-already-free"),
        "comes_to_nothing": compose.message("considered-comes-to-nothing"),
        "excluded": compose.message("considered-excluded"),
        "for_others": compose.message("considered-for-others"),
        "goods_only": compose.message("considered-goods-only"),
        "limit_reached": compose.message("considered-limit-reached"),
        "no_household": compose.message("considered-no-household"),
        "no_lower_price": compose.message("considered-no-lower-price"),
        "none_left": compose.message("considered-none-left"),
        "not_at_location": compose.message("considered-not-at-location"),
        "not_entitled": compose.message("considered-not-entitled"),
        "not_in_scope": compose.message("considered-not-in-scope"),
        "nothing_due": compose.message("considered-nothing-due"),
        "others_gave_more": compose.message("considered-others-gave-more"),
        "presented_twice": compose.message("considered-presented-twice"),
        "steps_too_large": compose.message("considered-steps-too-large"),
    }


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
