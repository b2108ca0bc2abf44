"""
Uses of entitlements: units are used, each once, and a use is given back.

A use takes from the quota first, since what is left of it lapses anyway, then from grants, the
soonest to lapse first.  Uses are counted in the account, so the last unit is used once.  A use can
be given back, once, within a month.

A member may show a token instead, which is good once and ends by itself: until then the account
knows that it was used.

A use is refused in this order: not a member, no such entitlement, a token that ended or was used,
none held, quota exhausted, not allowed by law.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.decide.benefits import Benefit
from chalicelib.domain.decide.claims import EventRef, Ref
from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import Decider, Known
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Mechanic
from chalicelib.domain.errors import Conflict, Forbidden, NotFound
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import CounterChange
from chalicelib.domain.ledger.events import (
    CapUse,
    EntitlementReturned,
    EntitlementUse,
    EntitlementUsed,
    GrantUse,
    QuotaUse,
    noted,
)
from chalicelib.domain.mechanics import entitlement_grants, unit_plans
from chalicelib.domain.mechanics.entitlement_grants import Grant
from chalicelib.domain.mechanics.entitlements import (
    Entitlement,
    Held,
    entitlement_named,
    held_of,
    quota_counter,
)
from chalicelib.domain.mechanics.unit_plans import Plan
from chalicelib.domain.programme.document import Programme

#: How long a use can be given back.
RETURN_DAYS: Final = 31


class UseEntitlement(Command, frozen=True):
    """
    Use units of an entitlement; ``reference`` says for what, and is kept.

    By a ``token``, the number of one, it is used once, and before ``token_expires_at``.
    """

    when_full: ClassVar[bool] = True

    programme: str
    entitlement: str
    units: int = 1
    reference: str = ""
    token: str = ""
    token_expires_at: Instant = 0


class ReturnEntitlement(Command, frozen=True):
    """Give a use back; ``use`` is the version of its event."""

    when_full: ClassVar[bool] = True

    use: int
    reason: str = ""
    note: str = ""

    def records(self, known: Known) -> tuple[Ref | EventRef, ...]:  # noqa: ARG002 - known at once
        """Return the event of the use."""
        return (EventRef(self.member, self.use),)


class Used(Struct, frozen=True):
    """What a use took, and what is left."""

    units: int
    held: Held


class Returned(Struct, frozen=True):
    """What became of a use that is given back; ``changed`` is false where it was before."""

    changed: bool
    programme: str
    entitlement: str
    units: int


def use(decider: Decider, command: UseEntitlement) -> Used:
    """Use units, each once."""
    now = decider.now
    programme = decider.programme(command.programme)
    entitlement = entitlement_named(programme, command.entitlement)
    event = decider.event()
    if command.token:
        _use_up(event, command)
    used = consume(event, programme, entitlement.id, command.units)
    event.record(
        EntitlementUsed(used, event.overrides_used),
        detail=noted(command.reference),
    )
    after = held_of(event.account, programme, entitlement, now)
    nothing = Held(programme.id, entitlement, 0)
    return Used(command.units, after or nothing)


def _use_up(event: EventBuilder, command: UseEntitlement) -> None:
    """Use a token up, and remember it for as long as it would be good."""
    if command.token_expires_at <= event.now:
        at = calendar.format_instant(command.token_expires_at)
        raise Conflict("token_expired", f"This token was good until {at}.", expired_at=at)
    used = f"token/{command.token}"
    if event.account.counter(used):
        raise Conflict("token_used", "This token was used already: let the member make another.")
    event.add(CounterChange(used, 1, command.token_expires_at))


def check_left(
    account: Account, programme: Programme, entitlement_id: str, units: int, now: Instant
) -> Held:
    """
    Return an entitlement of which a member has so many units now.

    Raises `NotFound` ``entitlement_not_found``, and `Conflict` ``not_entitled`` or
    ``quota_exhausted``.
    """
    entitlement = entitlement_named(programme, entitlement_id)
    has = held_of(account, programme, entitlement, now)
    extensions = {"programme": programme.id, "entitlement": entitlement.id}
    if has is None:
        raise Conflict("not_entitled", f"This member does not have {entitlement.id}.", **extensions)
    if has.left is not None and has.left < units:
        raise _exhausted(programme, has, units)
    return has


def _exhausted(programme: Programme, has: Held, units: int) -> Conflict:
    return Conflict(
        "quota_exhausted",
        f"{has.left} of {has.entitlement.id} are left; {units} were asked for.",
        left=has.left,
        resets_on=has.resets_on,
        programme=programme.id,
        entitlement=has.entitlement.id,
    )


def consume(
    event: EventBuilder,
    programme: Programme,
    entitlement_id: str,
    units: int,
    *,
    waived: int = 0,
    service_on: str = "",
    bought: bool = False,
) -> EntitlementUse:
    """
    Use units in an event, and return what `put_back` needs to undo it.

    Where they make a line free, ``waived`` is what a bill would charge for them in minor units, and
    ``service_on`` the local day by which it goes.  Where a guard does not allow so many that nobody
    paid for, those that were bought are used first; with ``bought`` no others are.

    Raises `Conflict` ``not_entitled`` or ``quota_exhausted``, and what a guard says, before
    anything is added to the event.
    """
    now = event.now
    has = check_left(event.account, programme, entitlement_id, units, now)
    entitlement = has.entitlement

    def give(plan: Plan) -> tuple[CapUse, ...]:
        if not plan.given:
            return ()
        # Halves up would be a part of a minor unit too little.
        charged = -(-waived * plan.given // units)
        worth = max(plan.given * (entitlement.retail_value or 0), charged)
        return event.give(_unit(programme, entitlement, plan.given, worth, service_on))

    sparing = unit_plans.bought_first(has, units)
    if bought and sparing.given:
        raise _exhausted(programme, has, units)
    plan = sparing if bought else unit_plans.in_turn(has, units)
    try:
        cap_uses = give(plan)
    except Forbidden:
        if sparing.given == plan.given:
            raise
        plan = sparing
        cap_uses = give(plan)
    by_right = units if plan.unlimited else plan.quota
    if by_right:
        # What a tier or a plan brings is given when it is used, a grant when it is granted.
        event.give(Benefit("entitlement", programme.id, entitlement.id, "use", by_right))
    if plan.unlimited:
        return EntitlementUse(
            programme.id, entitlement.id, units, unlimited=True, cap_uses=cap_uses
        )
    quota = None
    if plan.quota and entitlement.quota is not None:
        day = calendar.local_date(now, programme.time_zone)
        counter = quota_counter(programme, entitlement, entitlement.quota, day)
        over = calendar.window_over(day, entitlement.quota.window, programme.time_zone)
        event.add(CounterChange(counter, plan.quota, over))
        quota = QuotaUse(counter, plan.quota)
    grants = tuple(_from_grants(event, plan.grants, units - plan.quota))
    return EntitlementUse(
        programme.id, entitlement.id, units, quota=quota, grants=grants, cap_uses=cap_uses
    )


def _unit(
    programme: Programme, entitlement: Entitlement, units: int, worth: int, service_on: str
) -> Benefit:
    return Benefit(
        "unit",
        programme.id,
        entitlement.id,
        "use",
        units,
        retail_value=worth,
        cash_equivalent=entitlement.cash_equivalent,
        exception=entitlement.exception.code if entitlement.exception else "",
        service_on=service_on,
    )


def _from_grants(event: EventBuilder, grants: tuple[Grant, ...], units: int) -> Iterator[GrantUse]:
    for grant in grants:
        part = entitlement_grants.take(event, entitlement_grants.grant_key(grant), units)
        units -= part
        if part:
            yield GrantUse(grant.expires_at, grant.expires_on, part, grant.movable, grant.bought)


def give_back(decider: Decider, command: ReturnEntitlement) -> Returned:
    """Undo a use, once; units of a grant that has lapsed since do not come back."""
    account, now = decider.member, decider.now
    original = decider.event_at(command.member, command.use)
    if original is None or not isinstance(original.data, EntitlementUsed):
        raise NotFound("use_not_found", "No use of an entitlement has this id.")
    used = original.data.use
    done = f"returned/{command.use}"
    result = Returned(
        changed=False, programme=used.programme, entitlement=used.entitlement, units=0
    )
    if account.counter(done):
        return result
    until = calendar.add_days(calendar.local_date(original.effective_at, "UTC"), RETURN_DAYS)
    kept = calendar.expiry_instant(until, "UTC")
    if kept <= now:
        raise Conflict(
            "too_late_to_return",
            f"A use can be given back for {RETURN_DAYS} days; this one is older.",
            until=until.isoformat(),
        )
    event = decider.event()
    event.add(CounterChange(done, 1, kept))
    programme = decider.programmes.in_force(used.programme, now)
    units = put_back(event, used, programme.document if programme else None)
    event.record(
        EntitlementReturned(command.use, used.programme, used.entitlement, units, command.reason),
        detail=noted(command.note),
    )
    return replace(result, changed=True, units=units)


def put_back(event: EventBuilder, used: EntitlementUse, programme: Programme | None) -> int:
    """
    Undo a use in an event, and return how many units are there again.

    Of a window that has passed, and of a grant that has lapsed or was refunded, nothing is left to
    give back to; and what a stamp card owes is taken, by the ``programme`` that is in force.
    """
    now = event.now
    units = used.units if used.unlimited else 0
    if used.quota is not None:
        counted = event.account.counters.get(used.quota.counter)
        if counted is not None and (counted.keep_until is None or counted.keep_until > now):
            event.add(CounterChange(used.quota.counter, -used.quota.units, counted.keep_until))
            units += used.quota.units
    before = _granted(event.account)
    for part in used.grants:
        grant = Grant(
            used.programme,
            used.entitlement,
            part.units,
            part.expires_at,
            part.expires_on,
            part.movable,
            part.bought,
        )
        entitlement_grants.put_back(event, grant)
    event.take_back(
        Benefit("unit", used.programme, used.entitlement, "use", used.units), used.cap_uses
    )
    if used.grants and programme is not None:
        # A use is seldom given back.
        from chalicelib.domain.mechanics import stamp_cards

        stamp_cards.settle(event, programme)
    return units + max(_granted(event.account) - before, 0)


def _granted(account: Account) -> int:
    return sum(grant.units for grant in entitlement_grants.GRANTS.all(account).values())


MECHANIC: Final = Mechanic(
    handlers={UseEntitlement: use, ReturnEntitlement: give_back},
)
