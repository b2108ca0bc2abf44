"""
What a law lets a member be given: payers that change, gifts that two people allow, and the sums.

Of the provider's own limits it is worked out anew, by other means, what each member has been given
and still has; of the law of a payer that the account's sums are of the very uses on record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from chalicelib.domain.decide.commands import Command
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.activity import recorded_in
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.events import (
    CapUse,
    EntitlementReturned,
    EntitlementUse,
    EntitlementUsed,
    Event,
    MemberCreated,
    MemberEnrolled,
    PolicyOverrideApproved,
    PolicyOverrideRequested,
    QuoteBought,
    RewardRedeemed,
)
from chalicelib.domain.mechanics.coverages import Coverage, UpdateCoverages
from chalicelib.domain.mechanics.policy_overrides import (
    ApproveOverride,
    RequestOverride,
    WithdrawOverride,
)
from chalicelib.domain.mechanics.remaining import shares_left, untouched
from chalicelib.usecases.execution import Done, change_account
from chalicelib.usecases.services import Caller, Services
from tests.faults.ending import Journal, TenantEnding
from tests.faults.play import Play
from tests.faults.programmes import HOUSE_ITEM, HOUSE_YEAR, PROGRAMME, WORTH
from tests.faults.quoting import bought_left
from tests.faults.record import Answered, Request
from tests.faults.telling import answer_of, commanded, draw_identity, read_back, request

_HOUSE: Final = f"legal/house/{PROGRAMME}/"
#: The sums that a member has, with the most of each.
_MOST: Final = {_HOUSE: HOUSE_YEAR, "legal/us-cmp/": 75_00}


def cover(play: Play, tenant: str) -> Request:
    """Draw who pays for a member's care: publicly, privately, nobody knows who."""
    member = play.member(tenant)
    known: tuple[tuple[Coverage, ...], ...] = (
        (Coverage("medicare"),),
        (Coverage("commercial"),),
        (),
    )
    coverages = play.chance.pick(known)
    identity = draw_identity(play, tenant, "cover", (member, coverages))
    command = UpdateCoverages(member=member, coverages=coverages)
    return commanded(f"{coverages} of {member[-1]}", identity, command)


def nothing_covered(answer: Answered) -> bool:
    """Tell whether it was known already."""
    return answer.result is False


def override(play: Play, tenant: str) -> Request:
    """Draw a gift that somebody asks for against the house's limits, or that another approves."""
    if not play.overrides[tenant] or play.chance.percent(35):
        return _asked(play, tenant)
    member, name = play.chance.pick(play.overrides[tenant][-3:])
    ways: tuple[Command, ...] = (
        *(ApproveOverride(member=member, override_id=name, by="two"),) * 4,
        ApproveOverride(member=member, override_id=name, by="one"),
        WithdrawOverride(member=member, override_id=name, reason="by-mistake", by="one"),
    )
    command = play.chance.pick(ways)
    identity = draw_identity(play, tenant, "end override", (name, command))
    return commanded(f"{type(command).__name__} of {member[-1]}", identity, command)


def _asked(play: Play, tenant: str) -> Request:
    member, reward = play.member(tenant), play.chance.pick(("mug", "tea"))
    identity = draw_identity(play, tenant, "override", (member, reward))

    def run(services: Services, caller: Caller) -> Done:
        command = RequestOverride(
            member=member,
            programme=PROGRAMME,
            override_id=services.new_id("ovr"),
            rules=("HOUSE-YEAR",),
            kind="reward",
            id=reward,
            reason="hardship",
            by="one",
        )
        done = change_account(services, caller, command, answer_of, identity)
        known = (member, str(read_back(done.answer.body).result["id"]))
        if known not in play.overrides[tenant]:
            play.overrides[tenant].append(known)
        return done

    return request(f"{reward} for {member[-1]}", identity, run)


def check_caps(tenant: TenantEnding) -> Iterator[str]:
    """Nobody was given more than is allowed, and each sum is of what a member still has."""
    for member, journal in tenant.journals.items():
        name = f"{tenant.id} {member[-1]}"
        yield from (f"{name}: {fault}" for fault in _within(journal))
        account = tenant.accounts.get(member)
        if account is None or account.status == "closed":
            continue
        # The sums of a year that is over are forgotten.
        year = _year_of(tenant, account.effective_at)
        worth, used = (
            Counter({key: n for key, n in each.items() if key.endswith(f"/{year}")})
            for each in _given(tenant, member, journal)
        )
        sums = {
            key: counter.value
            for key, counter in account.counters.items()
            if key.startswith("legal/") and key.endswith(f"/{year}") and counter.value
        }
        house = {key: amount for key, amount in sums.items() if key.startswith(_HOUSE)}
        if house != +worth:
            yield f"{name}: given were {dict(worth)}, counted are {house}"
        if sums != +used:
            yield f"{name}: on record are {dict(used)}, counted are {sums}"


def _within(journal: Journal) -> Iterator[str]:
    """No sum was above its cap, unless two people allowed it; no override was used twice."""
    allowed = Counter[str]()
    asked: dict[str, str] = {}
    for event, account in zip(journal.events, journal.accounts[1:], strict=True):
        allowed.update(_overrides_of(event))
        if isinstance(event.data, PolicyOverrideRequested) and event.detail:
            asked[event.data.override] = event.detail.by
        by = event.detail.by if event.detail else ""
        if isinstance(event.data, PolicyOverrideApproved) and by == asked[event.data.override]:
            yield f"{event.version}: {by} approved what they had asked for"
        for key, counter in account.counters.items():
            most = next((cap for start, cap in _MOST.items() if key.startswith(start)), None)
            if most is not None and not allowed and not 0 <= counter.value <= most:
                yield f"{event.version}: {counter.value} of {most} were given by {key}"
    yield from (f"{each} was used {n} times" for each, n in allowed.items() if n > 1)


def _overrides_of(event: Event) -> tuple[str, ...]:
    if isinstance(event.data, RewardRedeemed | EntitlementUsed):
        return event.data.overrides
    return tuple(
        name
        for outcome in event.outcomes
        if isinstance(outcome, QuoteBought)
        for name in outcome.overrides
    )


def _given(
    tenant: TenantEnding, member: str, journal: Journal
) -> tuple[Counter[str], Counter[str]]:
    """Return what a member was given and still has: worth by the house, and of sums on record."""
    worth, used = Counter[str](), Counter[str]()
    back = {
        event.data.returns
        for event in journal.events
        if isinstance(event.data, EntitlementReturned)
    }
    for event, account in zip(journal.events, journal.accounts[1:], strict=True):
        data = event.data
        if isinstance(data, MemberCreated | MemberEnrolled) and data.former:
            # What they had before came along.
            came = {k: c.value for k, c in account.counters.items() if k.startswith("legal/")}
            worth.update({key: n for key, n in came.items() if key.startswith(_HOUSE)})
            used.update(came)
        if isinstance(data, RewardRedeemed):
            redemption = tenant.redemptions[data.redemption]
            if redemption.state != "cancelled":
                worth[_year(tenant, event)] += WORTH[data.reward]
                used.update(_amounts(redemption.cap_uses))
        if isinstance(data, EntitlementUsed) and event.version not in back:
            worth[_year(tenant, event)] += _units(data.use) * WORTH[data.use.entitlement]
            used.update(_amounts(data.use.cap_uses))
        bought = bought_left(tenant, member, event)
        if bought is not None:
            worth[_year(tenant, event)] += _free(event, bought) + _money_off(tenant, member, event)
            used.update(_of_bill(tenant, member, event, bought))
    return worth, used


def _year(tenant: TenantEnding, event: Event) -> str:
    return f"{_HOUSE}{_year_of(tenant, event.effective_at)}"


def _year_of(tenant: TenantEnding, at: Instant) -> int:
    version = tenant.programmes.version(PROGRAMME, 1)
    zone = version.document.time_zone if version else "UTC"
    return calendar.local_date(at, zone).year


def _units(use: EntitlementUse) -> int:
    """Return how many units of a use nobody had paid for."""
    return use.units - sum(part.units for part in use.grants if part.bought)


def _free(event: Event, bought: QuoteBought) -> int:
    """Return what the units are worth that still make lines free."""
    lines = event.detail.bill.lines if event.detail and event.detail.bill else ()
    worth = 0
    for freed in bought.freed:
        if freed.use is not None and (units := _units(freed.use)):
            price = -(-lines[freed.place].price * units // freed.use.units)
            worth += max(price, units * WORTH[freed.use.entitlement])
    return worth


def _money_off(tenant: TenantEnding, member: str, event: Event) -> int:
    """Return what discounts took off and have not come back, beyond what vouchers are worth."""
    bill = event.detail.bill if event.detail else None
    bought = bought_left(tenant, member, event)
    if bill is None or bought is None:
        return 0
    remaining = tenant.remaining.get((member, event.version)) or untouched(event)
    kept = shares_left(recorded_in(event), remaining)
    by_voucher = {each.id for each in bill.considered if each.redemption}
    found = 0
    for name in {each.id for each in bill.considered if each.source == "discount"}:
        taken = sum(each.amount for each in bill.considered if each.id == name)
        if taken > HOUSE_ITEM:
            return -1  # so that it differs
        offs = [line.by_discount().get(name, 0) for line in bill.lines]
        off = sum(share.of(part) for share, part in zip(kept, offs, strict=True))
        off -= sum(each.reclaimed for each in bought.offers if each.discount == name)
        found += max(off - (WORTH["tea"] if name in by_voucher else 0), 0)
    return found


def _of_bill(tenant: TenantEnding, member: str, event: Event, bought: QuoteBought) -> Counter[str]:
    """Return what a purchase still has of each sum, by the uses on record."""
    found = Counter[str]()
    for freed in bought.freed:
        found.update(_amounts(freed.use.cap_uses if freed.use else ()))
    off = _money_off(tenant, member, event)
    for counter in {use.counter for each in bought.counted for use in each.uses}:
        found[counter] += off
    return found


def _amounts(uses: tuple[CapUse, ...]) -> Counter[str]:
    return Counter({use.counter: use.amount for use in uses})
