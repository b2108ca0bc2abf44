"""
Rewards: what value can be redeemed for, by whom and how often.

A redemption has a voucher, which is used or cancelled later (`redemptions`).  What a reward
``gives`` is there at once: units of an entitlement, or a tier for so many days.  Such a redemption
has no voucher, is used when it is made, and cannot be cancelled.

A redemption is refused in this order: not a member, no such reward, handed out by staff alone, out
of its dates, wrong tier, limit reached, too little value, out of stock, a tier held already, not
allowed by law, not at this location.

One module because all of these are steps of one redemption, and its offer asks the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar, Final

from msgspec import Struct

from chalicelib.domain.decide import registry
from chalicelib.domain.decide.benefits import Benefit
from chalicelib.domain.decide.claims import ClaimKey, TakeFrom
from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import Decider
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Counted, Mechanic
from chalicelib.domain.decide.reaction import Reaction, ReversalContext
from chalicelib.domain.errors import Conflict, Forbidden, LoyaltyError
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account, limit_counter
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import CounterChange
from chalicelib.domain.ledger.events import CapUse, RewardRedeemed, RewardsRedeemed
from chalicelib.domain.ledger.lots import Taken
from chalicelib.domain.mechanics import entitlement_grants, expiry, tier_ladder, value
from chalicelib.domain.mechanics.redemptions import (
    Redemption,
    claim_to_save,
    paid_to,
    stock_counter,
)
from chalicelib.domain.programme.document import (
    GivesEntitlement,
    GivesTier,
    Programme,
    Reward,
    RewardLimit,
    in_season,
    is_at,
    qualified,
)
from chalicelib.domain.programme.versions import none_such

if TYPE_CHECKING:
    from chalicelib.domain.programme.wording import Composer, Description
    from chalicelib.domain.violations import Violation


class Redeem(Command, frozen=True):
    """
    Pay for a reward and issue its voucher; the ids are made by the caller.

    ``within`` are the location where the member is, and those that it belongs to.
    """

    when_full: ClassVar[bool] = True

    programme: str
    reward: str
    redemption_id: str
    voucher_hash: str
    within: tuple[str, ...] = ()


class Offer(Struct, frozen=True):
    """A reward as one member sees it: within reach, or every reason why not."""

    reward: Reward
    programme: Programme
    affordable: bool
    reasons: tuple[dict[str, object], ...]


def redeem(decider: Decider, command: Redeem) -> Redemption:
    """Pay for a reward and issue its voucher."""
    account, now = decider.member, decider.now
    programme = decider.programme(command.programme)
    reward = programme.reward(command.reward)
    if reward is None:
        raise none_such("reward", programme, (each.id for each in programme.rewards))
    for refusal in obstacles(account, programme, reward, now, by_member=decider.actor.is_member):
        raise refusal
    if not is_at(reward.locations, command.within):
        raise elsewhere(programme, reward)
    event = decider.event()
    key = qualified(programme.id, reward.price.currency)
    day = calendar.local_date(now, programme.time_zone)
    taken, cap_uses = pay_price(event, programme, reward)
    counters = count_limits(event, programme, reward)
    deliver(event, programme, reward)
    at_once = reward.gives is not None
    term = expiry.NEVER if at_once else _voucher_term(reward, day, programme.time_zone)
    redemption = Redemption(
        id=command.redemption_id,
        member=command.member,
        programme=programme.id,
        reward=reward.id,
        currency=key,
        price=reward.price.amount,
        state="used" if at_once else "issued",
        issued_at=now,
        voucher_hash="" if at_once else command.voucher_hash,
        expires_at=term.expires_at,
        expires_on=term.expires_on,
        taken=taken,
        counters=counters,
        stocked=reward.stock is not None,
        changed_at=now if at_once else None,
        payee=reward.payee or "",
        fulfilment="ordered" if reward.ordered else None,
        cap_uses=cap_uses,
    )
    decider.claim(claim_to_save(redemption))
    if redemption.voucher_hash:
        decider.claim(ClaimKey(redemption.voucher_hash, command.member, redemption.id))
    if reward.stock is not None:
        counter = stock_counter(programme.id, reward.id)
        refusal = out_of_stock(programme.id, reward.id)
        decider.claim(TakeFrom(counter, 1, reward.stock, lambda _left: refusal))
    event.record(
        RewardRedeemed(command.redemption_id, programme.id, reward.id, event.overrides_used)
    )
    return redemption


def retract(
    _draft: EventBuilder, _context: ReversalContext, outcome: RewardsRedeemed
) -> RewardsRedeemed:
    """Leave what was given: what is missing then is a debt, as of any value that was spent."""
    return outcome


def shown(outcome: RewardsRedeemed) -> dict[str, Any]:
    """Return how often each was redeemed."""
    return outcome.rewards


REACTION: Final = Reaction(None, retract, shown)


def pay_price(
    event: EventBuilder, programme: Programme, reward: Reward
) -> tuple[tuple[Taken, ...], tuple[CapUse, ...]]:
    """
    Take the price, for the payee where there is one.

    Returns what came from which lot, and what the reward takes of legal caps.
    """
    cap_uses = event.give(_benefit(programme, reward))
    key = qualified(programme.id, reward.price.currency)
    destination = paid_to(reward.payee or "")
    return value.debit(event, key, reward.price.amount, destination=destination), cap_uses


def _benefit(programme: Programme, reward: Reward) -> Benefit:
    """Return what a member is given; units that come with it count when they are used."""
    return Benefit(
        "reward",
        programme.id,
        reward.id,
        "redemption",
        retail_value=reward.retail_value if reward.gives is None else 0,
        cash_equivalent=reward.cash_equivalent,
        exception=reward.exception.code if reward.exception else "",
    )


def count_limits(
    event: EventBuilder, programme: Programme, reward: Reward
) -> tuple[tuple[str, Instant | None], ...]:
    """Count a redemption towards its limits, and return the counters."""
    day = calendar.local_date(event.now, programme.time_zone)
    counters = tuple(
        (
            _limit_key(programme, reward, limit, day),
            calendar.window_over(day, limit.window, programme.time_zone),
        )
        for limit in reward.limits
    )
    for counter, kept_until in counters:
        event.add(CounterChange(counter, 1, kept_until))
    return counters


def deliver(event: EventBuilder, programme: Programme, reward: Reward) -> None:
    """Give at once what a reward gives, if it gives anything."""
    match reward.gives:
        case GivesEntitlement(entitlement, units, valid_days):
            entitlement_grants.give(
                event, programme, entitlement, units, valid_days, cause=reward.id
            )
        case GivesTier(tier, days):
            from chalicelib.domain.mechanics import tier_overrides

            tier_overrides.set_override(event, programme, "bought", tier, days)


def obstacles(
    account: Account,
    programme: Programme,
    reward: Reward,
    now: Instant,
    *,
    stock_taken: int = 0,
    by_member: bool = False,
) -> list[LoyaltyError]:
    """Return every reason why a reward cannot be redeemed now, the most important first."""
    found: list[LoyaltyError] = []
    day = calendar.local_date(now, programme.time_zone)
    extensions = {"programme": programme.id, "reward": reward.id}
    if reward.by == "staff" and by_member:
        text = f"{reward.id} is handed out by staff: ask for it at the desk."
        found.append(Forbidden("given_by_staff", text, **extensions))
    if not in_season(reward.valid_from, reward.valid_until, day):
        found.append(
            Conflict(
                "reward_not_available",
                f"{reward.id} is not offered on {day}.",
                valid_from=reward.valid_from,
                valid_until=reward.valid_until,
                **extensions,
            )
        )
    tier = account.enrolments[programme.id].tier
    if reward.tiers and tier not in reward.tiers:
        names = ", ".join(reward.tiers)
        found.append(
            Conflict(
                "tier_required", f"{reward.id} is for the tiers {names}.", tier=tier, **extensions
            )
        )
    found.extend(
        Conflict(
            "limit_reached",
            f"{reward.id} can be redeemed {_often(limit)}; this member has done so.",
            window=limit.window,
            count=limit.count,
            **extensions,
        )
        for limit in reward.limits
        if account.counter(_limit_key(programme, reward, limit, day)) >= limit.count
    )
    available = account.balance(qualified(programme.id, reward.price.currency)).available
    # A gift is for those too who owe something.
    if reward.price.amount and available < reward.price.amount:
        found.append(
            Conflict(
                "insufficient_points",
                f"{reward.id} costs {reward.price.amount}; {available} are available.",
                available=available,
                price=reward.price.amount,
                missing=reward.price.amount - available,
                **extensions,
            )
        )
    if reward.stock is not None and stock_taken >= reward.stock:
        found.append(out_of_stock(programme.id, reward.id))
    match reward.gives:
        case GivesTier(tier):
            found.extend(tier_ladder.already_held(account, programme, tier))
        case GivesEntitlement(entitlement, _, valid_days):
            found.extend(
                entitlement_grants.obstacles(account, programme, entitlement, valid_days, now)
            )
    found.extend(registry.refusals(account, programme, _benefit(programme, reward), now))
    return found


def elsewhere(programme: Programme, reward: Reward) -> Conflict:
    """Return the refusal of a reward that is not there at this location."""
    names = ", ".join(reward.locations)
    return Conflict(
        "not_at_location",
        f"{reward.id} is there at {names}: say as `location` where the member is.",
        locations=list(reward.locations),
        programme=programme.id,
        reward=reward.id,
    )


def _often(limit: RewardLimit) -> str:
    times = "once" if limit.count == 1 else f"{limit.count} times"
    return f"{times} in all" if limit.window == "lifetime" else f"{times} a {limit.window}"


def out_of_stock(programme_id: str, reward_id: str) -> Conflict:
    """Return the refusal of a reward of which none is left."""
    return Conflict(
        "out_of_stock", f"No {reward_id} is left.", programme=programme_id, reward=reward_id
    )


def offers(
    account: Account,
    programme: Programme,
    now: Instant,
    stock_taken: dict[str, int],
    *,
    by_member: bool,
) -> tuple[Offer, ...]:
    """Return every reward of a programme as the member sees it, or as staff do for them."""
    result = []
    for reward in programme.rewards:
        taken = stock_taken.get(reward.id, 0)
        found = obstacles(account, programme, reward, now, stock_taken=taken, by_member=by_member)
        reasons = tuple(
            {"code": refusal.code, "detail": refusal.message, **refusal.extensions}
            for refusal in found
        )
        result.append(Offer(reward, programme, not found, reasons))
    return tuple(result)


def _voucher_term(reward: Reward, day: date, time_zone: str) -> expiry.Term:
    if reward.voucher_valid_days is None:
        return expiry.NEVER
    return expiry.until(calendar.add_days(day, reward.voucher_valid_days), time_zone)


def _limit_key(programme: Programme, reward: Reward, limit: RewardLimit, day: date) -> str:
    bucket = calendar.window_key(day, limit.window)
    return limit_counter(programme.id, f"reward:{reward.id}/{limit.window}/{bucket}")


def problems(programme: Programme) -> Iterator[Violation]:
    """Yield what is wrong with the rewards of a document."""
    from chalicelib.domain.mechanics import reward_rules

    yield from reward_rules.problems(programme)


def counters(programme: Programme) -> Iterator[Counted]:
    """Yield what is counted of the limits of each reward."""
    from chalicelib.domain.mechanics import reward_rules

    yield from reward_rules.counters(programme)


def words(compose: Composer) -> Iterator[Description]:
    """Tell what each reward costs, who gets it and what it brings."""
    from chalicelib.domain.mechanics import reward_words

    yield from reward_words.words(compose)


MECHANIC: Final = Mechanic(
    handlers={Redeem: redeem},
    reaction=REACTION,
    problems=problems,
    words=words,
    counters=counters,
)
