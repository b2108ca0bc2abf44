"""
Rewards: what value can be redeemed for, and the voucher that stands for it.

What a reward ``gives`` is there at once: units of an entitlement, or a tier for so many days.  Such
a redemption has no voucher, is used when it is made, and cannot be cancelled.

A redemption is refused in this order: not a member, no such reward, handed out by staff alone, out
of its dates, wrong tier, limit reached, too little value, out of stock, a tier held already.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain import calendar
from chalicelib.domain.account import Account, Taken
from chalicelib.domain.calendar import Instant
from chalicelib.domain.commands import (
    CancelRedemption,
    Claim,
    Decision,
    Redeem,
    Redemption,
    ReturnStock,
    SaveRedemption,
    TakeStock,
    UseVoucher,
)
from chalicelib.domain.draft import Draft
from chalicelib.domain.effects import CounterChange
from chalicelib.domain.entry import PAYEE, REDEEMED, Entry
from chalicelib.domain.errors import Conflict, Forbidden, LoyaltyError, NotFound
from chalicelib.domain.mechanics import entitlements, tiers, value
from chalicelib.domain.mechanics.earning import in_season
from chalicelib.domain.programme import (
    GivesEntitlement,
    GivesTier,
    Programme,
    Programmes,
    Reward,
    RewardLimit,
    qualified,
)
from chalicelib.domain.reaction import Note, Occasion, Reaction, Retraction
from chalicelib.domain.ruling import ruling

# More than so many in one fact is a slip in a price.
_BY_ITSELF_MAX: Final = 20


class Offer(Struct, frozen=True):
    """A reward as one member sees it: within reach, or every reason why not."""

    reward: Reward
    programme: str
    affordable: bool
    reasons: tuple[dict[str, object], ...]


def redeem(account: Account, programmes: Programmes, command: Redeem, now: Instant) -> Decision:
    """Pay for a reward and issue its voucher."""
    programme = ruling(account, programmes, command.programme, now)
    reward = programme.reward(command.reward)
    if reward is None:
        raise NotFound("reward_not_found", f"{programme.id} has no such reward.")
    for refusal in obstacles(account, programme, reward, now, by_member=command.by_member):
        raise refusal
    draft = Draft(account, now)
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
    claims: list[Claim] = [SaveRedemption(redemption)]
    if reward.stock is not None:
        claims.append(TakeStock(programme.id, reward.id, reward.stock))
    entry = draft.entry("redeem", actor=command.actor, subject=command.redemption_id)
    return Decision(entries=(entry,), claims=tuple(claims), result=redemption)


def apply(draft: Draft, occasion: Occasion) -> Note | None:
    """Redeem what redeems itself; the note says how often each."""
    return _by_itself(draft, occasion.programme)


def activate(account: Account, programmes: Programmes, instant: Instant) -> Entry | None:
    """Make usable what becomes active at an instant, and redeem what redeems itself then."""
    draft = Draft(account, instant)
    value.activate(draft)
    if draft.is_empty:
        return None
    notes: dict[str, Note] = {}
    for programme_id in sorted(account.enrolments):
        version = programmes.in_force(programme_id, instant)
        if version is not None:
            notes |= by_itself(draft, version.document)
    return draft.entry("activate", noted=notes)


def by_itself(draft: Draft, programme: Programme) -> dict[str, Note]:
    """Redeem what redeems itself, where value has come; the note for the entry, if there is one."""
    note = _by_itself(draft, programme)
    return {f"{programme.id}/{REACTION.section}": note} if note else {}


def _by_itself(draft: Draft, programme: Programme) -> Note | None:
    note: dict[str, Any] = {}
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
            note[reward.id] = note.get(reward.id, 0) + 1
    return note or None


def retract(_draft: Draft, retraction: Retraction) -> Note:
    """Leave what was given: what is missing then is a debt, as of any value that was spent."""
    return retraction.note


REACTION: Final = Reaction("rewards", apply, retract)


def _pay(draft: Draft, programme: Programme, reward: Reward) -> tuple[Taken, ...]:
    """Take the price, for the payee where there is one, and return what came from which lot."""
    key = qualified(programme.id, reward.price.currency)
    return value.debit(draft, key, reward.price.amount, destination=_paid_to(reward.payee or ""))


def _paid_to(payee: str) -> str:
    return f"{PAYEE}{payee}" if payee else REDEEMED


def _count_limits(
    draft: Draft, programme: Programme, reward: Reward
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


def _give(draft: Draft, programme: Programme, reward: Reward) -> None:
    match reward.gives:
        case GivesEntitlement(entitlement, units, valid_days):
            entitlements.give(draft, programme, entitlement, units, valid_days)
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


def cancel(
    account: Account, programmes: Programmes, command: CancelRedemption, now: Instant
) -> Decision:
    """Take back a redemption whose voucher is unused; value returns to its original expiry."""
    redemption = command.redemption
    check_issued(redemption, now)
    draft = Draft(account, now)
    shortest = value.NEVER
    version = programmes.in_force(redemption.programme, now)
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
    entry = draft.entry("cancel", actor=command.actor, subject=redemption.id, reason=command.reason)
    after = changed(redemption, "cancelled", now)
    claims: list[Claim] = [SaveRedemption(after)]
    if redemption.stocked:
        claims.append(ReturnStock(redemption.programme, redemption.reward))
    return Decision(entries=(entry,), claims=tuple(claims), result=after)


def use_voucher(
    account: Account, _programmes: Programmes, command: UseVoucher, now: Instant
) -> Decision:
    """Hand over what the voucher stands for, once."""
    check_issued(command.redemption, now)
    after = changed(command.redemption, "used", now)
    draft = Draft(account, now)
    entry = draft.entry("use", actor=command.actor, subject=after.id)
    return Decision(entries=(entry,), claims=(SaveRedemption(after),), result=after)


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
