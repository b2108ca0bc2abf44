"""Where something happens: at which of a tenant's locations, and whether the caller may say so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from chalicelib.domain import locations
from chalicelib.domain.errors import Forbidden, Invalid, LoyaltyError, Stale
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.locations import Facility, Location, Locations
from chalicelib.usecases.services import Caller, Services, Within, now_of, settings_of
from chalicelib.usecases.stored import Settings

#: Where a new member's location is told.
_OF_MEMBER: Final = "/at_location"


class Place(NamedTuple):
    """A location by its id and its number, which is 0 where the tenant has it on no list."""

    location: str = ""
    number: int = 0


def locations_of(services: Services, tenant: str) -> Locations:
    """Return the locations of a tenant, of which there may be none."""
    return locations.decode(settings_of(services, tenant).locations)


def set_locations(
    services: Services, caller: Caller, facilities: Sequence[Facility], expected: int
) -> int:
    """
    Replace all locations over the revision that the caller read; return the next one.

    They hold within a minute.  A second attempt at what was done does nothing.  Raises `Invalid`
    ``invalid_locations`` and ``invalid_date``, and `Stale` where they were changed since.
    """
    there = settings_of(services, caller.tenant, fresh=True)
    before = locations.decode(there.locations)
    _check_days(facilities)
    wanted = before.replaced(facilities)
    if there.locations_revision == expected + 1 and list(wanted) == list(before):
        return expected + 1
    if there.locations_revision != expected or not services.catalogue.set_locations(
        caller.tenant, locations.encode(wanted), expected
    ):
        raise Stale(
            "stale",
            "The locations were changed since you read them: read them again and repeat your "
            "change.",
        )
    return expected + 1


def place_of(
    services: Services,
    caller: Caller,
    location: str,
    at: Instant | None = None,
    pointer: str = "/location",
) -> Place:
    """
    Return where something happened at an instant, or happens, as it is told and as it is kept.

    A tenant without locations may say anything.  A caller who is limited to one, and says nothing,
    means it.  Raises `Invalid` ``unknown_location``, ``location_closed`` or ``location_required``,
    and `Forbidden` ``location_not_allowed`` for one beyond those of the caller.
    """
    settings = settings_of(services, caller.tenant)
    known = locations.decode(settings.locations)
    limited = isinstance(caller.access, Within)
    if not known and not limited:
        return Place(location)
    if not location:
        if not limited:
            return Place()
        location = _only_one(caller, known, pointer)
    found = known.get(location)
    if found is None:
        raise _unknown(location, known, pointer)
    if isinstance(caller.access, Within) and found.number not in caller.access.locations:
        allowed = list(caller.actor.locations)
        raise Forbidden(
            "location_not_allowed",
            f"This credential is for {', '.join(allowed)} and what belongs to it.",
            locations=allowed,
        )
    _check_open(found, settings, at, pointer)
    return Place(found.id, found.number)


def number_of(services: Services, caller: Caller, location: str) -> int:
    """
    Return the number of the location where somebody is now, 0 where that is not told.

    Raises what `place_of` does, and ``unknown_location`` also where the tenant has none.
    """
    now = now_of(services, caller.tenant)
    place = place_of(services, caller, location, now, _OF_MEMBER)
    if place.location and not place.number:
        raise _unknown(location, Locations(), _OF_MEMBER)
    return place.number


def check_known(services: Services, tenant: str, wanted: Sequence[str], pointer: str) -> None:
    """Raise `Invalid` ``unknown_location`` unless the tenant has all of these locations."""
    known = locations_of(services, tenant)
    for place, each in enumerate(wanted):
        if known.get(each) is None:
            raise _unknown(each, known, f"{pointer}/{place}")


def _only_one(caller: Caller, known: Locations, pointer: str) -> str:
    allowed = caller.actor.locations
    if len(allowed) == 1 and known.get(allowed[0]) is not None:
        return allowed[0]
    raise Invalid(
        "location_required",
        f"Say at which location this is: this credential is for {', '.join(allowed)}.",
        errors=[{"pointer": pointer, "detail": "is required"}],
        locations=list(allowed),
    )


def _unknown(location: str, known: Locations, pointer: str) -> Invalid:
    from chalicelib.domain.spelling import nearest  # only refusals need it

    near = nearest(location, [each.id for each in known])
    hint = f"did you mean `{near}`?" if near else "see GET /v1/locations"
    detail = f"is no location of this tenant: {hint}"
    return Invalid(
        "unknown_location",
        f"There is no location of that id: {hint}",
        errors=[{"pointer": pointer, "detail": detail}],
    )


def _check_open(found: Location, settings: Settings, at: Instant | None, pointer: str) -> None:
    if at is None or not found.closed_on:
        return
    day = calendar.local_date(at, settings.time_zone)
    if f"{day}" > found.closed_on:
        raise Invalid(
            "location_closed",
            f"`{found.id}` was open through {found.closed_on}: name where this was.",
            errors=[{"pointer": pointer, "detail": f"was open through {found.closed_on}"}],
            until=found.closed_on,
        )


def _check_days(facilities: Sequence[Facility]) -> None:
    errors = []
    for place, each in enumerate(facilities):
        if each.closed_on:
            try:
                calendar.parse_date(each.closed_on)
            except LoyaltyError as refusal:
                at = f"/locations/{place}/closed_on"
                errors.append({"pointer": at, "detail": refusal.message})
    if errors:
        raise Invalid("invalid_date", "Some of these are no days; see errors.", errors=errors)
