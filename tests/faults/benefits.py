"""Entitlements and tiers that are granted, used and given back, and stamp cards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from msgspec.structs import replace

from chalicelib.domain.decide.commands import Command
from chalicelib.domain.ledger.events import (
    CardsStamped,
    EntitlementGranted,
    EntitlementReturned,
    EntitlementUse,
    EntitlementUsed,
    Event,
    PackagesSold,
    PaymentReversed,
)
from chalicelib.domain.mechanics import entitlement_grants, stamp_cards
from chalicelib.domain.mechanics.entitlement_uses import ReturnEntitlement, UseEntitlement
from chalicelib.domain.mechanics.entitlements import GrantEntitlement
from chalicelib.domain.mechanics.plan_pauses import PausePlan, ResumePlan
from chalicelib.domain.mechanics.plans import SUBSCRIPTIONS
from chalicelib.domain.mechanics.subscriptions import CancelPlan, ChangePlan, PayFee, Subscribe
from chalicelib.domain.mechanics.tier_grants import GrantTier, LiftTier
from chalicelib.domain.mechanics.tiers import overrides_of, tier_beneath
from chalicelib.usecases.execution import Done, change_account
from chalicelib.usecases.services import Caller, Services
from tests.faults.ending import Journal, TenantEnding
from tests.faults.paying_back import draw_reference, hash_of
from tests.faults.play import Play
from tests.faults.programmes import CARD, CARD_KEY, PARKING_QUOTA, PROGRAMME, TIERS
from tests.faults.quoting import bought_left
from tests.faults.record import Answered, Request
from tests.faults.telling import answer_of, commanded, draw_identity, read_back, request


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
        return note_use(
            play, tenant, change_account(services, caller, command, answer_of, identity)
        )

    return request(f"{entitlement} by {member[-1]}", identity, run)


def note_use(play: Play, tenant: str, done: Done) -> Done:
    """Let clients know a use that they may give back."""
    answer = read_back(done.answer.body)
    known = (answer.member, answer.version)
    if known not in play.uses[tenant]:
        play.uses[tenant].append(known)
    return done


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
        LiftTier(member=member, programme=PROGRAMME, reason="by-mistake"),
    )
    command = play.chance.pick(ways)
    identity = draw_identity(play, tenant, "tier", (member, command))
    return commanded(f"{type(command).__name__} of {member[-1]}", identity, command)


def subscribe(play: Play, tenant: str) -> Request:
    """Draw a plan that begins, is paid, changed, paused, resumed or ended."""
    member = play.member(tenant)
    ways: tuple[Command, ...] = (
        Subscribe(member=member, programme=PROGRAMME, plan="club"),
        Subscribe(member=member, programme=PROGRAMME, plan="light"),
        # Most fees come where no plan runs, and would be refused.
        *(PayFee(member=member, programme=PROGRAMME),) * 4,
        ChangePlan(member=member, programme=PROGRAMME, plan="light"),
        ChangePlan(member=member, programme=PROGRAMME, plan="club", when="period_end"),
        CancelPlan(member=member, programme=PROGRAMME, when="now"),
        CancelPlan(member=member, programme=PROGRAMME),
        PausePlan(member=member, programme=PROGRAMME, months=1),
        ResumePlan(member=member, programme=PROGRAMME),
    )
    command = play.chance.pick(ways)
    identity = draw_identity(play, tenant, "plan", (member, command))
    if isinstance(command, Subscribe | PayFee):
        reference = draw_reference(play, tenant)
        command = replace(command, reference=reference, payment=hash_of(tenant, reference))
    return commanded(f"{type(command).__name__} of {member[-1]}", identity, command)


def nothing_lifted(answer: Answered) -> bool:
    """Tell whether there was no tier to lift."""
    return answer.result["changed"] is False


def nothing_returned(answer: Answered) -> bool:
    """Tell whether a use had been given back before."""
    return answer.result["changed"] is False


def check_benefits(tenant: TenantEnding) -> Iterator[str]:
    """No quota is exceeded, no use comes back twice, and cards are what activities made them."""
    for member, journal in tenant.journals.items():
        name = f"{tenant.id} {member[-1]}"
        yield from (f"{name}: {fault}" for fault in _uses(journal))
        yield from (f"{name}: {fault}" for fault in _overrides(journal))
        yield from (f"{name}: {fault}" for fault in _plans(journal))
        account = tenant.accounts.get(member)
        if account is not None and account.status != "closed":
            yield from (f"{name}: {fault}" for fault in _cards(tenant, member, journal))


def _overrides(journal: Journal) -> Iterator[str]:
    """Nobody is below a tier that is held by hand, nor in one that nothing gives."""
    for event, account in zip(journal.events, journal.accounts[1:], strict=True):
        enrolment = account.enrolments.get(PROGRAMME)
        if enrolment is None or account.status == "closed":
            continue
        overrides = overrides_of(account, PROGRAMME)
        rank = TIERS.index(enrolment.tier)
        if any(TIERS.index(each.tier) > rank for each in overrides):
            yield f"{event.version}: in {enrolment.tier}, held by hand are {overrides}"
        highest = max((TIERS.index(each.tier) for each in overrides), default=0)
        if rank > max(highest, TIERS.index(tier_beneath(account, PROGRAMME))):
            yield f"{event.version}: in {enrolment.tier}, which nothing gives"
        if any((each.expires_at or event.effective_at) < event.effective_at for each in overrides):
            yield f"{event.version}: {overrides} are over"


def _plans(journal: Journal) -> Iterator[str]:
    """A plan holds its tier while it runs and no longer, and is paid for as often as was said."""
    paid = 0
    for event, account in zip(journal.events, journal.accounts[1:], strict=True):
        held = SUBSCRIPTIONS.get(account, PROGRAMME)
        by_plan = [each for each in overrides_of(account, PROGRAMME) if each.kind == "paid"]
        runs = held is not None and held.state != "paused"
        if bool(by_plan) != (runs and held is not None and held.plan == "club"):
            yield f"{event.version}: the plan is {held}, its overrides are {by_plan}"
        if held is None:
            paid = 0
            continue
        if (held.state_until or held.until) <= event.effective_at:
            yield f"{event.version}: {held} is over"
        paid += event.kind == "plan.fee_paid"
        if event.kind == "plan.subscribed":
            paid = held.periods
        if isinstance(event.data, PaymentReversed) and event.data.section == "plans":
            paid -= event.data.reverses >= held.begun_by
        if held.periods + len(held.ahead) > paid:
            yield f"{event.version}: {held} is paid for, {paid} fees came"


def _uses(journal: Journal) -> Iterator[str]:
    returned = Counter(
        event.data.returns
        for event in journal.events
        if isinstance(event.data, EntitlementReturned)
    )
    yield from (f"use {use} came back {n} times" for use, n in returned.items() if n > 1)
    counted: Counter[str] = Counter()
    for event in journal.events:
        quota = _used(event).quota if isinstance(event.data, EntitlementUsed) else None
        if quota is not None:
            counted[quota.counter] += quota.units
            if counted[quota.counter] > PARKING_QUOTA:
                yield f"{counted[quota.counter]} of {PARKING_QUOTA} were used: {quota.counter}"
        if isinstance(event.data, EntitlementReturned):
            undone = _used(journal.events[event.data.returns - 1]).quota
            if undone is not None:
                counted[undone.counter] -= undone.units


def _used(event: Event) -> EntitlementUse:
    if not isinstance(event.data, EntitlementUsed):
        raise TypeError(f"{event.version} is no use of an entitlement")
    return event.data.use


def _cards(tenant: TenantEnding, member: str, journal: Journal) -> Iterator[str]:
    account = tenant.accounts[member]
    held = stamp_cards.CARDS.get(account, CARD_KEY) or stamp_cards.Stamps()
    earned = sum(
        _stamps(tenant, member, event)
        for event in journal.events
        if event.kind == "activity.recorded"
    )
    if held.on_card + held.full * CARD["size"] != earned:
        yield f"{held.full} cards and {held.on_card} stamps are held, {earned} were earned"
    given = held.full + sum(
        event.data.units for event in journal.events if isinstance(event.data, EntitlementGranted)
    )
    given += sum(_of_packages(tenant, member, event) for event in journal.events)
    # What was used of a package that came back goes when its use comes back.
    given += sum(n.value for key, n in account.counters.items() if key.startswith("revoked/"))
    left = sum(grant.units for grant in entitlement_grants.GRANTS.all(account).values())
    drawn = 0
    for event in journal.events:
        bought = bought_left(tenant, member, event)
        freed = bought.freed if bought else ()
        drawn += sum(_from_grants(line.use) for line in freed if line.use is not None)
        if isinstance(event.data, EntitlementUsed):
            drawn += _from_grants(event.data.use)
        if isinstance(event.data, EntitlementReturned):
            drawn -= _from_grants(_used(journal.events[event.data.returns - 1]))
    if given != left + drawn:
        yield f"{given} coffees were given, {drawn} were drawn, {left} are left"


def _of_packages(tenant: TenantEnding, member: str, event: Event) -> int:
    """Return how many coffees of packages an event still stands for."""
    remaining = tenant.remaining.get((member, event.version))
    outcomes = event.outcomes if remaining is None else remaining.outcomes
    sold = (each for each in outcomes if isinstance(each, PackagesSold))
    return sum(sale.units for each in sold for sale in each.packages)


def _stamps(tenant: TenantEnding, member: str, event: Event) -> int:
    """Return the stamps that what is left of an activity is worth: one, where anything was paid."""
    if not any(isinstance(each, CardsStamped) for each in event.outcomes):
        return 0
    remaining = tenant.remaining.get((member, event.version))
    if remaining is None:
        return 1
    return int(remaining.whole and (remaining.amount or 0) >= CARD["min_amount"])


def _from_grants(use: EntitlementUse) -> int:
    return sum(part.units for part in use.grants)
