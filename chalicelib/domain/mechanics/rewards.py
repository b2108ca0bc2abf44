"""
Rewards: what value can be redeemed for, and the voucher that stands for it.

What a reward ``gives`` is there at once: units of an entitlement, or a tier for so many days.  Such
a redemption has no voucher, is used when it is made, and cannot be cancelled.

A redemption is refused in this order: not a member, no such reward, handed out by staff alone, out
of its dates, wrong tier, limit reached, too little value, out of stock, a tier held already.
"""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar, Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain import calendar
from chalicelib.domain.account import Account
from chalicelib.domain.calendar import Instant
from chalicelib.domain.commands import Command
from chalicelib.domain.decide.benefits import Benefit
from chalicelib.domain.decide.claims import (
    ClaimKey,
    EventRef,
    RecordKind,
    Ref,
    SaveRecord,
    TakeFrom,
)
from chalicelib.domain.decide.decider import Decider, Known
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.effects import CounterChange
from chalicelib.domain.errors import Conflict, Forbidden, LoyaltyError, NotFound
from chalicelib.domain.ledger import postings
from chalicelib.domain.ledger.events import (
    RedemptionCancelled,
    RewardRedeemed,
    RewardsRedeemed,
    VoucherUsed,
)
from chalicelib.domain.ledger.postings import REDEEMED, LedgerAccount
from chalicelib.domain.lots import Taken
from chalicelib.domain.mechanics import entitlements, tiers, value
from chalicelib.domain.mechanics.earning import in_season
from chalicelib.domain.mechanics.mechanic import Mechanic
from chalicelib.domain.programme import (
    GivesEntitlement,
    GivesTier,
    Programme,
    Reward,
    RewardLimit,
    qualified,
)
from chalicelib.domain.reaction import Reaction, ReversalContext

# More than so many in one fact is a slip in a price.
_BY_ITSELF_MAX: Final = 20


class Redemption(Struct, frozen=True, omit_defaults=True):
    """
    A reward that was paid for, and its voucher.

    ``revision`` counts its changes; ``taken`` is what its price came from, and ``payee`` whom it
    went to, if anybody; ``counters`` are the limits that it used, with the instant at which each
    may be forgotten.
    """

    id: str
    member: str
    programme: str
    reward: str
    currency: str
    price: int
    state: Literal["issued", "used", "cancelled"]
    issued_at: Instant
    voucher_hash: str
    expires_at: Instant | None = None
    expires_on: str | None = None
    taken: tuple[Taken, ...] = ()
    counters: tuple[tuple[str, Instant | None], ...] = ()
    stocked: bool = False
    changed_at: Instant | None = None
    revision: int = 1
    payee: str = ""


REDEMPTIONS: Final = RecordKind("redemption", Redemption)


class Redeem(Command, frozen=True):
    """Pay for a reward and issue its voucher; the ids are made by the caller."""

    programme: str
    reward: str
    redemption_id: str
    voucher_hash: str


class CancelRedemption(Command, frozen=True):
    """Take back a redemption whose voucher is unused: its value returns to its expiry."""

    redemption_id: str
    reason: str = ""

    def records(self, known: Known) -> tuple[Ref | EventRef, ...]:  # noqa: ARG002 - known at once
        """Return the redemption."""
        return (REDEMPTIONS.ref(self.member, self.redemption_id),)


class UseVoucher(Command, frozen=True):
    """Hand over what the voucher of a redemption stands for; after the account ended as well."""

    when_closed: ClassVar[bool] = True

    redemption_id: str

    def records(self, known: Known) -> tuple[Ref | EventRef, ...]:  # noqa: ARG002 - known at once
        """Return the redemption."""
        return (REDEMPTIONS.ref(self.member, self.redemption_id),)


class Offer(Struct, frozen=True):
    """A reward as one member sees it: within reach, or every reason why not."""

    reward: Reward
    programme: str
    affordable: bool
    reasons: tuple[dict[str, object], ...]


def redeem(decider: Decider, command: Redeem) -> Redemption:
    """Pay for a reward and issue its voucher."""
    account, now = decider.member, decider.now
    programme = decider.programme(command.programme)
    reward = programme.reward(command.reward)
    if reward is None:
        raise NotFound("reward_not_found", f"{programme.id} has no such reward.")
    for refusal in obstacles(account, programme, reward, now, by_member=decider.actor.is_member):
        raise refusal
    draft = decider.event()
    key = qualified(programme.id, reward.price.currency)
    day = calendar.local_date(now, programme.time_zone)
    taken = _pay(draft, programme, reward)
    counters = _count_limits(draft, programme, reward)
    _give(draft, programme, reward)
    at_once = reward.gives is not None
    term = value.NEVER if at_once else _voucher_term(reward, day, programme.time_zone)
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
    )
    decider.claim(saving(redemption))
    if redemption.voucher_hash:
        decider.claim(ClaimKey(redemption.voucher_hash, command.member, redemption.id))
    if reward.stock is not None:
        counter = stock_counter(programme.id, reward.id)
        refusal = out_of_stock(programme.id, reward.id)
        decider.claim(TakeFrom(counter, 1, reward.stock, refusal))
    draft.record(RewardRedeemed(command.redemption_id, programme.id, reward.id))
    return redemption


def saving(redemption: Redemption) -> SaveRecord:
    """Return the claim that writes a redemption over the revision before its own."""
    takes = {}
    if redemption.stocked and redemption.state != "cancelled":
        takes = {stock_counter(redemption.programme, redemption.reward): 1}
    ref = REDEMPTIONS.ref(redemption.member, redemption.id)
    return SaveRecord(ref, redemption, redemption.revision, takes)


def stock_counter(programme_id: str, reward_id: str) -> str:
    """Return the counter of how many of a reward were taken."""
    return f"{programme_id}/stock/{reward_id}"


def auto_redeem(draft: EventBuilder, programme: Programme) -> RewardsRedeemed | None:
    """Redeem what redeems itself, where value has come, and return what was, if anything."""
    redeemed: dict[str, int] = {}
    for reward in programme.rewards:
        if reward.auto_at is None:
            continue
        key = qualified(programme.id, reward.price.currency)
        for _ in range(_BY_ITSELF_MAX):
            account = draft.account
            if account.balance(key).available < reward.auto_at:
                break
            if obstacles(account, programme, reward, draft.now):
                break
            _pay(draft, programme, reward)
            _count_limits(draft, programme, reward)
            _give(draft, programme, reward)
            redeemed[reward.id] = redeemed.get(reward.id, 0) + 1
    return RewardsRedeemed(programme.id, redeemed) if redeemed else None


def retract(
    _draft: EventBuilder, _context: ReversalContext, outcome: RewardsRedeemed
) -> RewardsRedeemed:
    """Leave what was given: what is missing then is a debt, as of any value that was spent."""
    return outcome


def shown(outcome: RewardsRedeemed) -> dict[str, Any]:
    """Return how often each was redeemed."""
    return outcome.rewards


REACTION: Final = Reaction(None, retract, shown)


def _pay(draft: EventBuilder, programme: Programme, reward: Reward) -> tuple[Taken, ...]:
    """Take the price, for the payee where there is one, and return what came from which lot."""
    draft.give(Benefit("reward", programme.id, reward.id, "redemption"))
    key = qualified(programme.id, reward.price.currency)
    return value.debit(draft, key, reward.price.amount, destination=_paid_to(reward.payee or ""))


def _paid_to(payee: str) -> LedgerAccount:
    return postings.payee(payee) if payee else REDEEMED


def _count_limits(
    draft: EventBuilder, programme: Programme, reward: Reward
) -> tuple[tuple[str, Instant | None], ...]:
    """Count a redemption towards its limits, and return the counters."""
    day = calendar.local_date(draft.now, programme.time_zone)
    counters = tuple(
        (
            _limit_key(programme, reward, limit, day),
            calendar.window_over(day, limit.window, programme.time_zone),
        )
        for limit in reward.limits
    )
    for counter, kept_until in counters:
        draft.add(CounterChange(counter, 1, kept_until))
    return counters


def _give(draft: EventBuilder, programme: Programme, reward: Reward) -> None:
    match reward.gives:
        case GivesEntitlement(entitlement, units, valid_days):
            entitlements.give(draft, programme, entitlement, units, valid_days, cause=reward.id)
        case GivesTier(tier, days):
            tiers.hold(draft, programme, "bought", tier, days)


def obstacles(
    account: Account,
    programme: Programme,
    reward: Reward,
    now: Instant,
    *,
    stock_taken: int = 0,
    by_member: bool = False,
) -> list[LoyaltyError]:
    """Return every reason why a reward cannot be redeemed now, the first to be told first."""
    found: list[LoyaltyError] = []
    day = calendar.local_date(now, programme.time_zone)
    facts = {"programme": programme.id, "reward": reward.id}
    if reward.by == "staff" and by_member:
        text = f"{reward.id} is handed out by staff: ask for it at the desk."
        found.append(Forbidden("given_by_staff", text, **facts))
    if not in_season(reward.valid_from, reward.valid_until, day):
        found.append(
            Conflict(
                "reward_not_available",
                f"{reward.id} is not offered on {day}.",
                valid_from=reward.valid_from,
                valid_until=reward.valid_until,
                **facts,
            )
        )
    tier = account.enrolments[programme.id].tier
    if reward.tiers and tier not in reward.tiers:
        names = ", ".join(reward.tiers)
        found.append(
            Conflict("tier_required", f"{reward.id} is for the tiers {names}.", tier=tier, **facts)
        )
    found.extend(
        Conflict(
            "limit_reached",
            f"{reward.id} can be redeemed {_often(limit)}; this member has done so.",
            window=limit.window,
            count=limit.count,
            **facts,
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
                **facts,
            )
        )
    if reward.stock is not None and stock_taken >= reward.stock:
        found.append(out_of_stock(programme.id, reward.id))
    if isinstance(reward.gives, GivesTier):
        found.extend(tiers.held_already(account, programme, reward.gives.tier))
    return found


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
            {"code": refusal.code, "detail": refusal.message, **refusal.facts} for refusal in found
        )
        result.append(Offer(reward, programme.id, not found, reasons))
    return tuple(result)


def cancel(decider: Decider, command: CancelRedemption) -> Redemption:
    """Take back a redemption whose voucher is unused; value returns to its original expiry."""
    now = decider.now
    redemption = decider.record(REDEMPTIONS, command.member, command.redemption_id)
    if redemption is None:
        raise redemption_unknown()
    check_issued(redemption, now)
    draft = decider.event()
    shortest = value.NEVER
    version = decider.programmes.in_force(redemption.programme, now)
    if version is not None:
        programme = version.document
        currency = programme.currency(redemption.currency.split("/")[1])
        if currency is not None and currency.restored_life_days:
            today = calendar.local_date(now, programme.time_zone)
            last = calendar.add_days(today, currency.restored_life_days)
            shortest = value.until(last, programme.time_zone, currency.expiry_warning_days)
    source = _paid_to(redemption.payee)
    value.restore(draft, redemption.currency, redemption.taken, source=source, shortest=shortest)
    for counter, kept_until in redemption.counters:
        if draft.account.counter(counter):
            draft.add(CounterChange(counter, -1, kept_until))
    draft.record(RedemptionCancelled(redemption.id, command.reason))
    draft.take_back(Benefit("reward", redemption.programme, redemption.reward, "cancellation"))
    after = changed(redemption, "cancelled", now)
    decider.claim(saving(after))
    if redemption.stocked:
        decider.claim(TakeFrom(stock_counter(redemption.programme, redemption.reward), -1, 0))
    return after


def redemption_unknown() -> NotFound:
    """Return the refusal of a redemption that is not this member's."""
    return NotFound("redemption_not_found", "This member has no such redemption.")


def use_voucher(decider: Decider, command: UseVoucher) -> Redemption:
    """Hand over what the voucher stands for, once."""
    redemption = decider.record(REDEMPTIONS, command.member, command.redemption_id)
    if redemption is None:
        raise redemption_unknown()
    check_issued(redemption, decider.now)
    after = changed(redemption, "used", decider.now)
    decider.event().record(VoucherUsed(after.id))
    decider.claim(saving(after))
    return after


def check_issued(redemption: Redemption, now: Instant) -> None:
    """Refuse a voucher that is used, cancelled or past its last day."""
    if redemption.state != "issued":
        raise Conflict(
            f"voucher_{redemption.state}",
            f"This voucher was {redemption.state} already.",
            redemption=redemption.id,
        )
    if redemption.expires_at is not None and redemption.expires_at <= now:
        raise Conflict(
            "voucher_expired",
            f"This voucher was valid through {redemption.expires_on}.",
            redemption=redemption.id,
            expires_on=redemption.expires_on,
        )


def changed(redemption: Redemption, state: str, now: Instant) -> Redemption:
    """Return a redemption in another state, as its next revision."""
    return replace(redemption, state=state, changed_at=now, revision=redemption.revision + 1)


def _voucher_term(reward: Reward, day: date, time_zone: str) -> value.Term:
    if reward.voucher_valid_days is None:
        return value.NEVER
    return value.until(calendar.add_days(day, reward.voucher_valid_days), time_zone)


def _limit_key(programme: Programme, reward: Reward, limit: RewardLimit, day: date) -> str:
    bucket = calendar.window_key(day, limit.window)
    return f"{programme.id}/reward:{reward.id}/{limit.window}/{bucket}"


MECHANIC: Final = Mechanic(
    handlers={Redeem: redeem, CancelRedemption: cancel, UseVoucher: use_voucher},
    reaction=REACTION,
    follower=auto_redeem,
)
