"""What goes beyond one account: redemptions, their vouchers and stock, and who is who."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from chalicelib.domain.ledger import effects as fx
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.events import (
    ActivityRecorded,
    ActivityReversed,
    AwardRevoked,
    Event,
    FulfilmentAdvanced,
    QuoteBought,
    RedemptionCancelled,
    RewardRedeemed,
    VoucherUsed,
)
from chalicelib.domain.ledger.postings import REDEEMED, TENANT, Posting, kind_of, payee
from chalicelib.domain.mechanics.redemptions import Redemption, stock_counter
from chalicelib.usecases.stored import LISTED_ACCOUNTS, KeyHolder
from tests.faults.ending import CARD, HOUSEHOLD, TenantEnding
from tests.faults.programmes import PREPAID, PROGRAMME, STOCK


def check_tenant(tenant: TenantEnding) -> Iterator[str]:
    """Check what goes beyond one account: redemptions, stock, vouchers, people."""
    yield from _redemptions(tenant)
    yield from _listed(tenant)
    members = {each for each in tenant.accounts if not each.startswith((HOUSEHOLD, CARD))}
    for member in members ^ tenant.profiles.keys():
        yield f"{tenant.id} {member} has an account or a profile, not both"
    for lookup, member in tenant.lookups.items():
        if member not in tenant.accounts:
            yield f"{tenant.id}: {lookup[:8]} leads to {member}, who is not there"
    yield from _known_by(tenant)


def _known_by(tenant: TenantEnding) -> Iterator[str]:
    """An external id leads to who has it, or to the account with which they came back."""
    for lookup, member in tenant.lookups.items():
        profile = tenant.profiles.get(member)
        if profile is not None and lookup not in profile.external_ids.values():
            yield f"{tenant.id}: {lookup[:8]} leads to {member}, who does not have it"
    for member, profile in tenant.profiles.items():
        for lookup in profile.external_ids.values():
            found = tenant.lookups.get(lookup, "")
            while found != member and found:
                found = tenant.profiles[found].former
            if not found:
                yield f"{tenant.id}: {lookup[:8]} of {member} leads to somebody else"


def _redemptions(tenant: TenantEnding) -> Iterator[str]:
    kinds: Counter[tuple[str, str]] = Counter()
    for member, journal in tenant.journals.items():
        for event in journal.events:
            data = event.data
            for used in vouchers_of(event) if isinstance(data, ActivityRecorded) else ():
                kinds[used, "voucher.used"] += 1
            for back in data.vouchers if isinstance(data, ActivityReversed) else ():
                # It is as if it had never been used.
                kinds[back, "voucher.used"] -= 1
            if isinstance(data, FulfilmentAdvanced) and data.fulfilment == "delivered":
                # Its voucher stands for what is delivered.
                kinds[data.redemption, "voucher.used"] += 1
            if not isinstance(data, RewardRedeemed | RedemptionCancelled | VoucherUsed):
                continue
            kinds[data.redemption, event.kind] += 1
            redemption = tenant.redemptions.get(data.redemption)
            if redemption is None or redemption.member != member:
                yield f"{tenant.id} {member[-1]}: {event.kind} of {data.redemption}, not there"
            if isinstance(data, RedemptionCancelled):
                yield from _restored(journal.events, event, data.redemption)
    for redemption in tenant.redemptions.values():
        yield from _redemption(tenant, redemption, kinds)
    yield from _sums(tenant)


def vouchers_of(event: Event) -> tuple[str, ...]:
    """Return the redemptions whose vouchers an event used for a purchase."""
    return tuple(
        used.redemption
        for outcome in event.outcomes
        if isinstance(outcome, QuoteBought)
        for used in outcome.vouchers
    )


def _listed(tenant: TenantEnding) -> Iterator[str]:
    """Each list has what is in that state, since it is, and nothing else."""
    listed: defaultdict[str, set[tuple[int, str]]] = defaultdict(set)
    for each in tenant.redemptions.values():
        since = each.changed_at or each.issued_at
        listed[f"redemption/{each.state}"].add((since, f"{each.member}#{each.id}"))
    for name, account in tenant.accounts.items():
        if account.status in LISTED_ACCOUNTS:
            listed[account.status].add((account.opened_at, name))
    for name, profile in tenant.profiles.items():
        listed["member"].add((profile.created_at, name))
    for name in listed.keys() | tenant.lists.keys():
        if wrong := listed[name] ^ tenant.lists[name]:
            yield f"{tenant.id}: the list of {name} differs by {sorted(wrong)}"


def _sums(tenant: TenantEnding) -> Iterator[str]:
    """What is taken from stock, and what was paid, are those of the redemptions that stand."""
    kept = [each for each in tenant.redemptions.values() if each.state != "cancelled"]
    stocked = Counter(each.reward for each in kept if each.stocked)
    for reward, limit in STOCK.items():
        counter = stock_counter(PROGRAMME, reward)
        taken, accounted = tenant.taken(counter), tenant.accounted_for(counter)
        if not taken == accounted == stocked[reward] or taken > limit:
            yield (
                f"{tenant.id}: {taken} of {limit} {reward} are taken, {stocked[reward]} stand, "
                f"records account for {accounted}"
            )
    cost: Counter[str] = Counter()
    for each in kept:
        cost[(payee(each.payee) if each.payee else REDEEMED).of(TENANT)] += each.price
    posted: Counter[str] = Counter()
    for event, posting in _postings(tenant):
        if event.kind == "hold.captured" and kind_of(posting.destination) == "redeemed":
            cost[posting.destination] += posting.amount
        # What prepaid money pays for is held against quotes.
        if posting.currency != PREPAID:
            posted[posting.destination] += posting.amount
            posted[posting.source] -= posting.amount
    places = [place for place in posted if kind_of(place) in ("redeemed", "payee")]
    if +cost != +Counter({place: posted[place] for place in places}):
        yield f"{tenant.id}: redemptions and holds cost {dict(cost)}, posted are {dict(posted)}"


def _postings(tenant: TenantEnding) -> Iterator[tuple[Event, Posting]]:
    for journal in tenant.journals.values():
        for event in journal.events:
            for posting in event.postings:
                yield event, posting


def _redemption(
    tenant: TenantEnding, redemption: Redemption, kinds: Counter[tuple[str, str]]
) -> Iterator[str]:
    name = f"{tenant.id} {redemption.id[-4:]}"
    happened = {
        kind: kinds[redemption.id, kind]
        for kind in ("reward.redeemed", "redemption.cancelled", "voucher.used")
    }
    states = {
        "issued": (1, 0, 0),
        "cancelled": (1, 1, 0),
        "used": (1, 0, 1),
    }
    if tuple(happened.values()) != states[redemption.state]:
        yield f"{name} is {redemption.state} after {happened}"
    if tenant.holder(redemption.voucher_hash) != KeyHolder(redemption.member, redemption.id):
        yield f"{name}: its voucher leads elsewhere"
    if sum(part.amount for part in redemption.taken) != redemption.price:
        yield f"{name} cost {redemption.price}, taken were {redemption.taken}"


def _restored(events: list[Event], cancelled: Event, redemption: str) -> Iterator[str]:
    """
    What a cancelled redemption gives back has the expiry that it had.

    Or that of what was taken instead, when what it was paid with was taken back before.
    """
    owed = Counter[Instant | None]()
    for event in events[: cancelled.version - 1]:
        data = event.data
        paid = isinstance(data, RewardRedeemed) and data.redemption == redemption
        if paid or isinstance(data, ActivityReversed | AwardRevoked):
            for expires_at, delta in _lots(event):
                owed[expires_at] -= min(delta, 0)
    for expires_at, delta in _lots(cancelled):
        if delta > owed[expires_at]:
            yield f"{redemption[-4:]}: {delta} come back to {expires_at}"


def _lots(event: Event) -> Iterator[tuple[Instant | None, int]]:
    for effect in event.effects:
        if isinstance(effect, fx.LotChange):
            yield effect.lot.expires_at, effect.delta
