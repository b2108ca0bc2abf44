"""
Entitlements: what a member may use without paying for it with value, from all sources in one list.

A source is the tier held, a plan that is paid for, or a grant: a stamp card that was completed, a
package, a reward, staff.  A tier or plan gives a quota that is renewed with each window, or a
privilege without limit; a grant gives so many units until a date.  A use takes from the quota
first, since what is left of it lapses anyway, then from grants, the soonest to lapse first.  Uses
are counted in the account, so the last unit is used once.  A use can be given back, once, within a
month.

A use is refused in this order: not a member, no such entitlement, none held, quota exhausted.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Annotated, Final

from msgspec import Meta, Struct
from msgspec.structs import replace

from chalicelib.domain import calendar
from chalicelib.domain.account import Account
from chalicelib.domain.calendar import Instant
from chalicelib.domain.commands import Command
from chalicelib.domain.decide.benefits import Benefit
from chalicelib.domain.decide.claims import EventRef, Ref
from chalicelib.domain.decide.decider import Decider, Known
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.effects import CounterChange
from chalicelib.domain.errors import Conflict, NotFound
from chalicelib.domain.faults import Fault
from chalicelib.domain.ledger.events import (
    Data,
    Detail,
    EntitlementGranted,
    EntitlementReturned,
    EntitlementsExpired,
    EntitlementUse,
    EntitlementUsed,
    GrantUse,
    QuotaUse,
)
from chalicelib.domain.mechanics import plans, value
from chalicelib.domain.mechanics.mechanic import Mechanic, Phase
from chalicelib.domain.pointer import join
from chalicelib.domain.programme import (
    Caption,
    Count,
    Id,
    LineScope,
    Model,
    Programme,
    Programmes,
    Text,
    Window,
)
from chalicelib.domain.progress import ProgressStore
from chalicelib.domain.references import known_tiers, reference
from chalicelib.domain.section import Section

if TYPE_CHECKING:
    from chalicelib.domain.wording import Composer, Description

#: How long a use can be given back.
RETURN_DAYS: Final = 31
#: Most different grants that an account holds: those alike are one.
GRANTS_MAX: Final = 100


class Quota(Model, frozen=True):
    """So many uses in each window of the programme's calendar."""

    count: Count
    window: Window = "month"


class Entitlement(Model, frozen=True):
    """
    Something that a member may use.

    Members in one of ``tiers``, or of one of ``plans``, have it, up to ``quota`` or, without one,
    without limit; others have what they were granted.  ``kind`` is a word for those who honour it.
    Where it ``waives`` lines, a quote takes a unit of it for each unit of those lines, and charges
    nothing for it.
    """

    id: Id
    name: Text
    kind: Id = "privilege"
    description: Caption = ""
    tiers: Annotated[tuple[Id, ...], Meta(max_length=20)] = ()
    plans: Annotated[tuple[Id, ...], Meta(max_length=20)] = ()
    quota: Quota | None = None
    waives: LineScope | None = None


Entitlements = Annotated[tuple[Entitlement, ...], Meta(max_length=100)]
SECTION: Final[Section[tuple[Entitlement, ...]]] = Section("entitlements", Entitlements, ())


class Grant(Struct, frozen=True, omit_defaults=True):
    """Units of one entitlement that lapse together; of several sources they are one."""

    programme: str
    entitlement: str
    units: int
    expires_at: Instant | None = None
    expires_on: str | None = None


GRANTS: Final = ProgressStore("entitlements", Grant)


class GrantEntitlement(Command, frozen=True):
    """Give units of an entitlement by hand, usable for so many days after today."""

    programme: str
    entitlement: str
    units: int
    reason: str
    valid_days: int | None = None
    note: str = ""


class UseEntitlement(Command, frozen=True):
    """Use units of an entitlement; ``reference`` says for what, to whoever asks later."""

    programme: str
    entitlement: str
    units: int = 1
    reference: str = ""


class ReturnEntitlement(Command, frozen=True):
    """Give a use back; ``use`` is the version of its event."""

    use: int
    reason: str = ""

    def records(self, known: Known) -> tuple[Ref | EventRef, ...]:  # noqa: ARG002 - known at once
        """Return the event of the use."""
        return (EventRef(self.member, self.use),)


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


def held(account: Account, programme: Programme, now: Instant) -> tuple[Held, ...]:
    """Return every entitlement that a member of a programme has now, in the document's order."""
    found = (_held(account, programme, each, now) for each in SECTION.of(programme))
    return tuple(each for each in found if each is not None)


def _held(
    account: Account, programme: Programme, entitlement: Entitlement, now: Instant
) -> Held | None:
    granted = tuple(
        grant
        for grant in sorted(GRANTS.all(account).values(), key=_lapsing)
        if (grant.programme, grant.entitlement) == (programme.id, entitlement.id)
    )
    units = sum(grant.units for grant in granted)
    by_right = account.enrolments[programme.id].tier in entitlement.tiers
    by_right = by_right or plans.plan_of(account, programme) in entitlement.plans
    if not by_right:
        return Held(programme.id, entitlement, units, grants=granted) if units else None
    if entitlement.quota is None:
        return Held(programme.id, entitlement, None, grants=granted)
    day = calendar.local_date(now, programme.time_zone)
    counted = account.counter(_counter(programme, entitlement, entitlement.quota, day))
    left = max(entitlement.quota.count - counted, 0)
    last = calendar.window_end(day, entitlement.quota.window)
    resets_on = None if last is None else calendar.add_days(last, 1).isoformat()
    return Held(programme.id, entitlement, left + units, left, resets_on, granted)


def grant_by_hand(decider: Decider, command: GrantEntitlement) -> Held | None:
    """Give units, for a reason that the journal keeps."""
    now = decider.now
    programme = decider.programme(command.programme)
    entitlement = _named(programme, command.entitlement)
    draft = decider.event()
    give(draft, programme, entitlement.id, command.units, command.valid_days, cause="grant")
    draft.record(
        EntitlementGranted(programme.id, entitlement.id, command.units, command.reason),
        detail=Detail(note=command.note) if command.note else None,
    )
    return _held(draft.account, programme, entitlement, now)


def give(
    draft: EventBuilder,
    programme: Programme,
    entitlement: str,
    units: int,
    valid_days: int | None,
    *,
    cause: str,
) -> str:
    """
    Add units that are usable through so many days after today, and return their key.

    ``cause`` says what gives them.
    """
    draft.give(Benefit("entitlement", programme.id, entitlement, cause, units))
    term = value.NEVER
    if valid_days is not None:
        today = calendar.local_date(draft.now, programme.time_zone)
        term = value.until(calendar.add_days(today, valid_days), programme.time_zone)
    key = f"{programme.id}/{entitlement}@{term.expires_on or ''}"
    before = GRANTS.get(draft.account, key)
    if before is None and len(GRANTS.all(draft.account)) >= GRANTS_MAX:
        raise Conflict("too_many_grants", f"This member holds {GRANTS_MAX} grants: use some first.")
    had = before.units if before else 0
    grant = Grant(programme.id, entitlement, had + units, term.expires_at, term.expires_on)
    GRANTS.put(draft, key, grant)
    return key


def take(draft: EventBuilder, key: str, units: int) -> int:
    """Take units of one grant, as far as they go, and return how many that were."""
    grant = GRANTS.get(draft.account, key)
    taken = min(grant.units, units) if grant else 0
    if grant is not None and taken:
        if grant.units == taken:
            GRANTS.drop(draft, key)
        else:
            GRANTS.put(draft, key, replace(grant, units=grant.units - taken))
    return taken


def take_back(draft: EventBuilder, key: str, units: int, *, cause: str) -> int:
    """Take units of one grant back, as far as they are unused, and return how many those were."""
    grant = GRANTS.get(draft.account, key)
    taken = take(draft, key, units)
    if grant is not None and taken:
        back = Benefit("entitlement", grant.programme, grant.entitlement, cause, taken)
        draft.take_back(back)
    return taken


def use(decider: Decider, command: UseEntitlement) -> Used:
    """Use units, each once."""
    now = decider.now
    programme = decider.programme(command.programme)
    entitlement = _named(programme, command.entitlement)
    draft = decider.event()
    used = consume(draft, programme, entitlement.id, command.units)
    draft.record(
        EntitlementUsed(used),
        detail=Detail(note=command.reference) if command.reference else None,
    )
    after = _held(draft.account, programme, entitlement, now)
    nothing = Held(programme.id, entitlement, 0)
    return Used(command.units, after or nothing)


def consume(
    draft: EventBuilder, programme: Programme, entitlement_id: str, units: int
) -> EntitlementUse:
    """
    Use units in an entry, and return what `put_back` needs to undo it.

    Raises `Conflict` ``not_entitled`` or ``quota_exhausted``.
    """
    account, now = draft.account, draft.now
    entitlement = _named(programme, entitlement_id)
    has = _held(account, programme, entitlement, now)
    facts = {"programme": programme.id, "entitlement": entitlement.id}
    if has is None:
        raise Conflict("not_entitled", f"This member does not have {entitlement.id}.", **facts)
    if has.left is not None and has.left < units:
        raise Conflict(
            "quota_exhausted",
            f"{has.left} of {entitlement.id} are left; {units} were asked for.",
            left=has.left,
            resets_on=has.resets_on,
            **facts,
        )
    by_right = units if has.left is None else min(has.quota_left or 0, units)
    if by_right:
        # What a tier or a plan brings is given when it is used, a grant when it is granted.
        draft.give(Benefit("entitlement", programme.id, entitlement.id, "use", by_right))
    if has.left is None:
        return EntitlementUse(programme.id, entitlement.id, units, unlimited=True)
    left, quota = units, None
    if has.quota_left and entitlement.quota is not None:
        part = min(has.quota_left, left)
        left -= part
        day = calendar.local_date(now, programme.time_zone)
        counter = _counter(programme, entitlement, entitlement.quota, day)
        over = calendar.window_over(day, entitlement.quota.window, programme.time_zone)
        draft.add(CounterChange(counter, part, over))
        quota = QuotaUse(counter, part)
    grants = tuple(_from_grants(draft, has.grants, left))
    return EntitlementUse(programme.id, entitlement.id, units, quota=quota, grants=grants)


def _from_grants(draft: EventBuilder, grants: tuple[Grant, ...], units: int) -> Iterator[GrantUse]:
    for grant in grants:
        part = take(draft, _key(grant), units)
        units -= part
        if part:
            yield GrantUse(grant.expires_at, grant.expires_on, part)


def give_back(decider: Decider, command: ReturnEntitlement) -> Returned:
    """Undo a use, once; units of a grant that has lapsed since do not come back."""
    account, now = decider.member, decider.now
    event = decider.event_at(command.member, command.use)
    if event is None or not isinstance(event.data, EntitlementUsed):
        raise NotFound("use_not_found", "No use of an entitlement has this id.")
    used = event.data.use
    done = f"returned/{command.use}"
    told = Returned(changed=False, programme=used.programme, entitlement=used.entitlement, units=0)
    if account.counter(done):
        return told
    until = calendar.add_days(calendar.local_date(event.effective_at, "UTC"), RETURN_DAYS)
    kept = calendar.expiry_instant(until, "UTC")
    if kept <= now:
        raise Conflict(
            "too_late_to_return",
            f"A use can be given back for {RETURN_DAYS} days; this one is older.",
            until=until.isoformat(),
        )
    draft = decider.event()
    draft.add(CounterChange(done, 1, kept))
    units = put_back(draft, used)
    draft.record(
        EntitlementReturned(command.use, used.programme, used.entitlement, units, command.reason)
    )
    return replace(told, changed=True, units=units)


def put_back(draft: EventBuilder, used: EntitlementUse) -> int:
    """
    Undo a use in an entry, and return how many units are there again.

    Of a window that has passed, and of a grant that has lapsed, nothing is left to give back to.
    """
    now = draft.now
    units = used.units if used.unlimited else 0
    if used.quota is not None:
        counted = draft.account.counters.get(used.quota.counter)
        if counted is not None and (counted.keep_until is None or counted.keep_until > now):
            draft.add(CounterChange(used.quota.counter, -used.quota.units, counted.keep_until))
            units += used.quota.units
    for part in used.grants:
        if part.expires_at is None or part.expires_at > now:
            units += part.units
            _put_back(draft, used, part)
    return units


def _put_back(draft: EventBuilder, used: EntitlementUse, part: GrantUse) -> None:
    grant = Grant(used.programme, used.entitlement, part.units, part.expires_at, part.expires_on)
    before = GRANTS.get(draft.account, _key(grant))
    had = before.units if before else 0
    GRANTS.put(draft, _key(grant), replace(grant, units=had + part.units))


def due(account: Account) -> Instant | None:
    """Return when a grant next lapses."""
    instants = (grant.expires_at for grant in GRANTS.all(account).values())
    return min((at for at in instants if at is not None), default=None)


def lapse(draft: EventBuilder, _programmes: Programmes) -> Data | None:
    """Let the grants go whose last day is over at the instant."""
    account = draft.before
    over = [
        key
        for key, grant in GRANTS.all(account).items()
        if grant.expires_at is not None and grant.expires_at <= draft.now
    ]
    for key in over:
        GRANTS.drop(draft, key)
    return EntitlementsExpired(tuple(over)) if over else None


def end(draft: EventBuilder) -> None:
    """Give up every grant, where an account ends."""
    for key in GRANTS.all(draft.account):
        GRANTS.drop(draft, key)


def problems(programme: Programme) -> Iterator[Fault]:
    """Faults of the entitlements of a document."""
    seen: set[str] = set()
    for place, entitlement in enumerate(SECTION.of(programme)):
        at = join("", SECTION.name, place)
        if entitlement.id in seen:
            yield Fault(join(at, "id"), f"`{entitlement.id}` is there twice: give it its own id")
        seen.add(entitlement.id)
        yield from known_tiers(programme, entitlement.tiers, join(at, "tiers"), by_place=True)
        for number, plan in enumerate(entitlement.plans):
            yield from plans.known(programme, plan, join(at, "plans", number))
        if entitlement.quota is not None and not entitlement.tiers and not entitlement.plans:
            detail = "limits what a tier or plan brings, and none does: name `tiers` or `plans`"
            yield Fault(join(at, "quota"), detail)


def name_of(programme: Programme, entitlement_id: str) -> Text:
    """Return what an entitlement is called, its id where it is not known."""
    named = (each.name for each in SECTION.of(programme) if each.id == entitlement_id)
    return next(named, entitlement_id)


def known(programme: Programme, entitlement_id: str, at: str) -> Iterator[Fault]:
    """Judge the name of an entitlement that another part gives."""
    there = [entitlement.id for entitlement in SECTION.of(programme)]
    if not there:
        yield Fault(at, "names an entitlement, but there is none: declare `entitlements`")
    yield from reference(entitlement_id, there, "entitlement", at)


def permanent(programme: Programme) -> dict[str, list[str]]:
    """Return the ids that accounts may hold."""
    return {f"/{SECTION.name}": [entitlement.id for entitlement in SECTION.of(programme)]}


def words(compose: Composer) -> Iterator[Description]:
    """Tell what members may use."""
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
        yield compose.describe("entitlement", entitlement.id, name, text)


def _named(programme: Programme, entitlement_id: str) -> Entitlement:
    for entitlement in SECTION.of(programme):
        if entitlement.id == entitlement_id:
            return entitlement
    raise NotFound("entitlement_not_found", f"{programme.id} has no such entitlement.")


def _counter(programme: Programme, entitlement: Entitlement, quota: Quota, day: date) -> str:
    bucket = calendar.window_key(day, quota.window)
    return f"{programme.id}/entitlement:{entitlement.id}/{quota.window}/{bucket}"


def _key(grant: Grant) -> str:
    return f"{grant.programme}/{grant.entitlement}@{grant.expires_on or ''}"


def _lapsing(grant: Grant) -> tuple[bool, Instant]:
    return (grant.expires_at is None, grant.expires_at or 0)


MECHANIC: Final = Mechanic(
    section=SECTION,
    handlers={
        GrantEntitlement: grant_by_hand,
        UseEntitlement: use,
        ReturnEntitlement: give_back,
    },
    due=due,
    ticks=((Phase.EXPIRE, lapse),),
    closing=end,
    problems=problems,
    permanent=permanent,
    words=words,
)
