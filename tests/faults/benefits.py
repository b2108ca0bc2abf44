"""Entitlements and tiers that are granted, used and given back, and stamp cards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from chalicelib.domain.ledger.events import (
    CardsStamped,
    EntitlementGranted,
    EntitlementReturned,
    EntitlementUse,
    EntitlementUsed,
    Event,
)
from chalicelib.domain.mechanics import entitlements, stamp_cards
from chalicelib.domain.mechanics.entitlements import (
    GrantEntitlement,
    ReturnEntitlement,
    UseEntitlement,
)
from chalicelib.domain.mechanics.floors import floors_of, under
from chalicelib.domain.mechanics.plans import (
    SUBSCRIPTIONS,
    CancelPlan,
    ChangePlan,
    PayFee,
    Subscribe,
)
from chalicelib.domain.mechanics.tiers import GrantTier, LiftTier
from chalicelib.usecases.execution import Done, change_account
from chalicelib.usecases.services import Caller, Services
from tests.faults.ending import Journal, TenantEnding
from tests.faults.play import Play
from tests.faults.programmes import CARD, CARD_KEY, PARKING_QUOTA, PROGRAMME, TIERS
from tests.faults.quoting import bought_left
from tests.faults.record import Request, Told
from tests.faults.telling import commanded, draw_identity, read_back, request, told


def grant(play: Play, tenant: str) -> Request:
    """Draw units that somebody gives by hand."""
    member, units = play.member(tenant), 1 + play.chance.below(2)
    identity = draw_identity(play, tenant, "grant", (member, units))
    command = GrantEntitlement(
        member=member, programme=PROGRAMME, entitlement="coffee", units=units, reason="kindness"
    )
    return commanded(f"{units} coffees for {member[-1]}", identity, command)


def use(play: Play, tenant: str) -> Request:
    """Draw a use: of what a tier gives, mostly the last there is, or of what was granted."""
    member = play.member(tenant)
    entitlement = play.chance.weighted((("parking", 3), ("coffee", 2)))
    identity = draw_identity(play, tenant, "draw", (member, entitlement))
    command = UseEntitlement(member=member, programme=PROGRAMME, entitlement=entitlement, units=1)

    def run(services: Services, caller: Caller) -> Done:
        done = change_account(services, caller, command, told, identity)
        known = (member, read_back(done.answer.body).version)
        if known not in play.uses[tenant]:
            play.uses[tenant].append(known)
        return done

    return request(f"{entitlement} by {member[-1]}", identity, run)


def give_back(play: Play, tenant: str) -> Request | None:
    """Draw a use to be given back, again perhaps."""
    if not play.uses[tenant]:
        return None
    member, version = play.chance.pick(play.uses[tenant])
    identity = draw_identity(play, tenant, "give_back", (member, version))
    command = ReturnEntitlement(member=member, use=version)
    return commanded(f"use {version} of {member[-1]}", identity, command)


def hold_tier(play: Play, tenant: str) -> Request:
    """Draw a tier that is held by hand, for some days or until it is lifted, or lifted again."""
    member = play.member(tenant)
    ways: tuple[GrantTier | LiftTier, ...] = (
        GrantTier(member=member, programme=PROGRAMME, tier="gold", reason="kindness", days=0),
        GrantTier(member=member, programme=PROGRAMME, tier="silver", reason="kindness", days=3),
        GrantTier(member=member, programme=PROGRAMME, tier="silver", reason="kindness"),
        LiftTier(member=member, programme=PROGRAMME, reason="by mistake"),
    )
    command = play.chance.pick(ways)
    identity = draw_identity(play, tenant, "tier", (member, command))
    return commanded(f"{type(command).__name__} of {member[-1]}", identity, command)


def subscribe(play: Play, tenant: str) -> Request:
    """Draw a plan that begins, is paid, changed or ended."""
    member = play.member(tenant)
    ways: tuple[Subscribe | PayFee | ChangePlan | CancelPlan, ...] = (
        Subscribe(member=member, programme=PROGRAMME, plan="club"),
        Subscribe(member=member, programme=PROGRAMME, plan="light"),
        PayFee(member=member, programme=PROGRAMME),
        ChangePlan(member=member, programme=PROGRAMME, plan="light"),
        ChangePlan(member=member, programme=PROGRAMME, plan="club", when="period_end"),
        CancelPlan(member=member, programme=PROGRAMME, when="now"),
        CancelPlan(member=member, programme=PROGRAMME),
    )
    command = play.chance.pick(ways)
    identity = draw_identity(play, tenant, "plan", (member, command))
    return commanded(f"{type(command).__name__} of {member[-1]}", identity, command)


def nothing_lifted(answer: Told) -> bool:
    """Tell whether there was no tier to lift."""
    return answer.result["changed"] is False


def nothing_returned(answer: Told) -> bool:
    """Tell whether a use had been given back before."""
    return answer.result["changed"] is False


def check_benefits(tenant: TenantEnding) -> Iterator[str]:
    """No quota is overdrawn, no use comes back twice, and cards are what facts made them."""
    for member, journal in tenant.journals.items():
        name = f"{tenant.id} {member[-1]}"
        yield from (f"{name}: {fault}" for fault in _uses(journal))
        yield from (f"{name}: {fault}" for fault in _floors(journal))
        yield from (f"{name}: {fault}" for fault in _plans(journal))
        account = tenant.accounts.get(member)
        if account is not None and account.status != "closed":
            yield from (f"{name}: {fault}" for fault in _cards(tenant, member, journal))


def _floors(journal: Journal) -> Iterator[str]:
    """Nobody is below a tier that is held by hand, nor in one that nothing gives."""
    for entry, account in zip(journal.entries, journal.accounts[1:], strict=True):
        enrolment = account.enrolments.get(PROGRAMME)
        if enrolment is None or account.status == "closed":
            continue
        floors = floors_of(account, PROGRAMME)
        rank = TIERS.index(enrolment.tier)
        if any(TIERS.index(floor.tier) > rank for floor in floors):
            yield f"{entry.version}: in {enrolment.tier}, held by hand are {floors}"
        highest = max((TIERS.index(floor.tier) for floor in floors), default=0)
        if rank > max(highest, TIERS.index(under(account, PROGRAMME))):
            yield f"{entry.version}: in {enrolment.tier}, which nothing gives"
        if any((floor.expires_at or entry.effective_at) < entry.effective_at for floor in floors):
            yield f"{entry.version}: {floors} are over"


def _plans(journal: Journal) -> Iterator[str]:
    """A plan holds its tier while it runs and no longer, and is paid for as often as was said."""
    paid = 0
    for entry, account in zip(journal.entries, journal.accounts[1:], strict=True):
        held = SUBSCRIPTIONS.get(account, PROGRAMME)
        by_plan = [f for f in floors_of(account, PROGRAMME) if f.kind == "paid"]
        if bool(by_plan) != (held is not None and held.plan == "club"):
            yield f"{entry.version}: the plan is {held}, its floors are {by_plan}"
        if held is None:
            paid = 0
            continue
        if (held.grace_until or held.until) <= entry.effective_at:
            yield f"{entry.version}: {held} is over"
        paid += entry.kind == "plan.fee_paid"
        if entry.kind == "plan.subscribed":
            paid = held.periods
        if held.periods > paid:
            yield f"{entry.version}: {held.periods} periods are paid, {paid} fees came"


def _uses(journal: Journal) -> Iterator[str]:
    returned = Counter(
        entry.data.returns
        for entry in journal.entries
        if isinstance(entry.data, EntitlementReturned)
    )
    yield from (f"use {use} came back {n} times" for use, n in returned.items() if n > 1)
    counted: Counter[str] = Counter()
    for entry in journal.entries:
        quota = _used(entry).quota if isinstance(entry.data, EntitlementUsed) else None
        if quota is not None:
            counted[quota.counter] += quota.units
            if counted[quota.counter] > PARKING_QUOTA:
                yield f"{counted[quota.counter]} of {PARKING_QUOTA} were used: {quota.counter}"
        if isinstance(entry.data, EntitlementReturned):
            undone = _used(journal.entries[entry.data.returns - 1]).quota
            if undone is not None:
                counted[undone.counter] -= undone.units


def _used(entry: Event) -> EntitlementUse:
    if not isinstance(entry.data, EntitlementUsed):
        raise TypeError(f"{entry.version} is no use of an entitlement")
    return entry.data.use


def _cards(tenant: TenantEnding, member: str, journal: Journal) -> Iterator[str]:
    account = tenant.accounts[member]
    held = stamp_cards.CARDS.get(account, CARD_KEY) or stamp_cards.Stamps()
    earned = sum(
        _stamps(tenant, member, entry)
        for entry in journal.entries
        if entry.kind == "activity.recorded"
    )
    if held.on_card + held.full * CARD["size"] != earned:
        yield f"{held.full} cards and {held.on_card} stamps are held, {earned} were earned"
    given = held.full + sum(
        entry.data.units for entry in journal.entries if isinstance(entry.data, EntitlementGranted)
    )
    left = sum(grant.units for grant in entitlements.GRANTS.all(account).values())
    drawn = 0
    for entry in journal.entries:
        bought = bought_left(tenant, member, entry)
        freed = bought.freed if bought else ()
        drawn += sum(_from_grants(line.use) for line in freed if line.use is not None)
        if isinstance(entry.data, EntitlementUsed):
            drawn += _from_grants(entry.data.use)
        if isinstance(entry.data, EntitlementReturned):
            drawn -= _from_grants(_used(journal.entries[entry.data.returns - 1]))
    if given != left + drawn:
        yield f"{given} coffees were given, {drawn} were drawn, {left} are left"


def _stamps(tenant: TenantEnding, member: str, entry: Event) -> int:
    """Return the stamps that what is left of a fact is worth: one, where anything was paid."""
    if not any(isinstance(each, CardsStamped) for each in entry.outcomes):
        return 0
    remaining = tenant.remaining.get((member, entry.version))
    if remaining is None:
        return 1
    return int(remaining.whole and (remaining.amount or 0) >= CARD["min_amount"])


def _from_grants(use: EntitlementUse) -> int:
    return sum(part.units for part in use.grants)
