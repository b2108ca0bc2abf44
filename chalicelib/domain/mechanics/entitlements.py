"""
Entitlements: what a member may use without paying for it with value, from all sources in one list.

A source is the tier held, a plan that is paid for, or a grant: a stamp card that was completed, a
package, a reward, staff.  A tier or plan gives a quota that is renewed with each window, or a
privilege without limit; a grant gives so many units until a date.

What is granted is in `entitlement_grants`, what is used and given back in `entitlement_uses`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Annotated, Final

from msgspec import Meta, Struct

from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import Decider
from chalicelib.domain.decide.mechanic import Counted, Mechanic, Owned, Permanent, Phase
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account, limit_counter
from chalicelib.domain.ledger.calendar import Instant, Window
from chalicelib.domain.ledger.events import (
    EntitlementGranted,
    noted,
)
from chalicelib.domain.mechanics import entitlement_grants
from chalicelib.domain.mechanics.entitlement_grants import Grant
from chalicelib.domain.pointer import join
from chalicelib.domain.programme.document import LegalException, Programme
from chalicelib.domain.programme.fields import (
    Caption,
    Count,
    Id,
    LineScope,
    Model,
    Part,
    RetailValue,
    Text,
)
from chalicelib.domain.programme.references import known_tiers, reference
from chalicelib.domain.programme.section import Section
from chalicelib.domain.programme.versions import none_such
from chalicelib.domain.violations import Violation

if TYPE_CHECKING:
    from chalicelib.domain.programme.wording import Composer, Description, Message


class Quota(Model, frozen=True):
    """So many uses in each window of the programme's calendar."""

    count: Count
    window: Window = "month"


class Entitlement(Part, frozen=True):
    """
    Something that a member may use.

    Members in one of ``tiers``, or of one of ``plans``, have it, up to ``quota`` or, without one,
    without limit; others have what they were granted.  ``kind`` is a word for those who honour it.
    For the packs of ``policies`` a unit says its ``retail_value`` in minor units, whether it is a
    ``cash_equivalent``, and the ``exception`` by which it does not count; a `privilege` is worth
    nothing.  Where it ``waives`` lines, a quote takes a unit of it for each unit of those lines,
    and charges nothing for it.
    """

    id: Id
    name: Text
    kind: Id = "privilege"
    description: Caption = ""
    tiers: Annotated[tuple[Id, ...], Meta(max_length=20)] = ()
    plans: Annotated[tuple[Id, ...], Meta(max_length=20)] = ()
    quota: Quota | None = None
    waives: LineScope | None = None
    retail_value: RetailValue | None = None
    cash_equivalent: bool = False
    exception: LegalException | None = None


Entitlements = Annotated[tuple[Entitlement, ...], Meta(max_length=100)]
SECTION: Final[Section[tuple[Entitlement, ...]]] = Section("entitlements", Entitlements, ())


class GrantEntitlement(Command, frozen=True):
    """Give units of an entitlement by hand, usable for so many days after today."""

    programme: str
    entitlement: str
    units: int
    reason: str
    valid_days: int | None = None
    note: str = ""


class Held(Struct, frozen=True):
    """
    One entitlement as a member has it now.

    ``left`` is how many units remain of quota and grants together, ``None`` where it is without
    limit; ``resets_on`` the local day on which the quota is renewed.
    """

    programme: str
    entitlement: Entitlement
    left: int | None
    quota_left: int | None = None
    resets_on: str | None = None
    grants: tuple[Grant, ...] = ()

    @property
    def by_day(self) -> dict[str | None, int]:
        """Return the units of grants by their last day, the soonest to lapse first."""
        found: dict[str | None, int] = {}
        for grant in self.grants:
            found[grant.expires_on] = found.get(grant.expires_on, 0) + grant.units
        return found


def held(account: Account, programme: Programme, now: Instant) -> tuple[Held, ...]:
    """Return every entitlement that a member of a programme has now, in the document's order."""
    granted = entitlement_grants.grants_by_entitlement(account, programme)
    found = (
        _held(account, programme, each, granted.get(each.id, ()), now)
        for each in SECTION.of(programme)
    )
    return tuple(each for each in found if each is not None)


def owned(account: Account, programme: Programme, now: Instant) -> Iterator[Owned]:
    """Yield how many units of each entitlement are left; one without limit is a privilege."""
    for each in held(account, programme, now):
        if each.left is None:
            yield Owned("privileges", each.entitlement.id, 1)
        else:
            yield Owned("entitlement_units", each.entitlement.id, each.left)


def held_of(
    account: Account, programme: Programme, entitlement: Entitlement, now: Instant
) -> Held | None:
    """Return one entitlement as a member has it now, ``None`` where they do not."""
    granted = entitlement_grants.grants_of(account, programme, entitlement.id)
    return _held(account, programme, entitlement, granted, now)


def _held(
    account: Account,
    programme: Programme,
    entitlement: Entitlement,
    granted: tuple[Grant, ...],
    now: Instant,
) -> Held | None:
    units = sum(grant.units for grant in granted)
    if not _has_by_right(account, programme, entitlement):
        return Held(programme.id, entitlement, units, grants=granted) if units else None
    if entitlement.quota is None:
        return Held(programme.id, entitlement, None, grants=granted)
    day = calendar.local_date(now, programme.time_zone)
    counted = account.counter(quota_counter(programme, entitlement, entitlement.quota, day))
    left = max(entitlement.quota.count - counted, 0)
    last = calendar.window_end(day, entitlement.quota.window)
    resets_on = None if last is None else calendar.add_days(last, 1).isoformat()
    return Held(programme.id, entitlement, left + units, left, resets_on, granted)


def _has_by_right(account: Account, programme: Programme, entitlement: Entitlement) -> bool:
    """Tell whether the tier or the plan of a member brings an entitlement."""
    if account.enrolments[programme.id].tier in entitlement.tiers:
        return True
    if not entitlement.plans:
        return False
    # Only where a plan brings it: most members have none.
    from chalicelib.domain.mechanics.plans import plan_of

    return plan_of(account, programme) in entitlement.plans


def grant_by_hand(decider: Decider, command: GrantEntitlement) -> Held | None:
    """Give units, for a reason that the journal keeps."""
    now = decider.now
    programme = decider.programme(command.programme)
    entitlement = entitlement_named(programme, command.entitlement)
    event = decider.event()
    entitlement_grants.give(
        event, programme, entitlement.id, command.units, command.valid_days, cause="grant"
    )
    event.record(
        EntitlementGranted(programme.id, entitlement.id, command.units, command.reason),
        detail=noted(command.note),
    )
    return held_of(event.account, programme, entitlement, now)


def quota_counter(programme: Programme, entitlement: Entitlement, quota: Quota, day: date) -> str:
    """Return the counter of a quota in the window that a local day is in."""
    bucket = calendar.window_key(day, quota.window)
    return limit_counter(programme.id, f"entitlement:{entitlement.id}/{quota.window}/{bucket}")


def problems(programme: Programme) -> Iterator[Violation]:
    """Yield what is wrong with the entitlements of a document."""
    from chalicelib.domain.mechanics import plans

    for place, entitlement in enumerate(SECTION.of(programme)):
        at = join("", SECTION.name, place)
        yield from known_tiers(programme, entitlement.tiers, join(at, "tiers"), by_place=True)
        for number, plan in enumerate(entitlement.plans):
            yield from plans.known_plan(programme, plan, join(at, "plans", number))
        if entitlement.quota is not None and not entitlement.tiers and not entitlement.plans:
            detail = "limits what a tier or plan brings, and none does: name `tiers` or `plans`"
            yield Violation(join(at, "quota"), detail)


def entitlement_named(programme: Programme, entitlement_id: str) -> Entitlement:
    """Return the entitlement of that id; raises `NotFound` ``entitlement_not_found``."""
    for entitlement in SECTION.of(programme):
        if entitlement.id == entitlement_id:
            return entitlement
    raise none_such("entitlement", programme, (each.id for each in SECTION.of(programme)))


def name_of(programme: Programme, entitlement_id: str) -> Text:
    """Return what an entitlement is called, its id where it is not known."""
    named = (each.name for each in SECTION.of(programme) if each.id == entitlement_id)
    return next(named, entitlement_id)


def known_entitlement(programme: Programme, entitlement_id: str, at: str) -> Iterator[Violation]:
    """Check the name of an entitlement that another part gives."""
    there = [entitlement.id for entitlement in SECTION.of(programme)]
    if not there:
        yield Violation(at, "names an entitlement, but there is none: declare `entitlements`")
    yield from reference(entitlement_id, there, "entitlement", at)


def permanent(programme: Programme) -> Iterator[Permanent]:
    """Yield the ids that accounts may hold."""
    yield Permanent(f"/{SECTION.name}", [each.id for each in SECTION.of(programme)])


def counters(programme: Programme) -> Iterator[Counted]:
    """Yield the one that counts each quota, in the window that runs."""
    for place, entitlement in enumerate(SECTION.of(programme)):
        if entitlement.quota is not None:
            yield Counted(join("", SECTION.name, place, "quota"), 1, "declare fewer quotas")


def words(compose: Composer) -> Iterator[Description]:
    """Tell what members may use."""
    from chalicelib.domain.mechanics import plans

    named = {plan.id: plan.name for plan in plans.SECTION.of(compose.programme)}
    for entitlement in SECTION.of(compose.programme):
        name, quota = entitlement.name, entitlement.quota
        holders = [compose.tier_name(tier) for tier in entitlement.tiers]
        holders += [named.get(plan, plan) for plan in entitlement.plans]
        if not holders:
            text = compose.message("entitlements-granted", name=name)
        elif quota is None:
            text = compose.message("entitlements-open", name=name, holders=compose.all_of(holders))
        else:
            text = compose.message(
                "entitlements-quota",
                name=name,
                units=quota.count,
                window=quota.window,
                holders=compose.all_of(holders),
            )
        yield compose.describe(
            "entitlement",
            entitlement.id,
            name,
            text,
            compose.described(entitlement.description),
            *_waived(compose, entitlement),
            of=entitlement,
        )


def _waived(compose: Composer, entitlement: Entitlement) -> Iterator[Message]:
    if entitlement.waives is not None:
        yield compose.message("entitlements-waives")
        yield from compose.lines(entitlement.waives)


MECHANIC: Final = Mechanic(
    section=SECTION,
    handlers={
        GrantEntitlement: grant_by_hand,
    },
    due=entitlement_grants.due,
    ticks=((Phase.EXPIRE, entitlement_grants.lapse),),
    closing=entitlement_grants.end,
    owned=owned,
    problems=problems,
    permanent=permanent,
    words=words,
    counters=counters,
)
