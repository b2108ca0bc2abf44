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
    """
    A location by its id and its number, which is 0 where the tenant has it on no list.

    ``within`` are its id and those of the locations that it belongs to, the nearest first.
    """

    location: str = ""
    number: int = 0
    within: tuple[str, ...] = ()


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
    unchanged = [*map(_described, before)] == list(facilities)
    if unchanged and there.locations_revision in {expected, expected + 1}:
        return there.locations_revision
    if there.locations_revision != expected:
        raise _stale()
    _check_days(facilities)
    encoded = locations.encode(before.replaced(facilities))
    if not services.catalogue.set_locations(caller.tenant, encoded, expected):
        raise _stale()
    return expected + 1


def _described(location: Location) -> Facility:
    return Facility(location.id, location.name, location.parent, location.closed_on)


def _stale() -> Stale:
    return Stale(
        "stale",
        "The locations were changed since you read them: read them again and repeat your change.",
    )


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
        return Place(location, within=(location,) if location else ())
    if limited and not any(map(known.get, caller.actor.locations)):
        raise _not_allowed(
            caller, "This credential is limited to locations that the tenant does not have."
        )
    if not location:
        if not limited:
            return Place()
        location = _only_one(caller, known, pointer)
    found = known.get(location)
    if found is None:
        raise _unknown(location, known, pointer)
    if isinstance(caller.access, Within) and found.number not in caller.access.locations:
        allowed = ", ".join(caller.actor.locations)
        raise _not_allowed(caller, f"This credential is for {allowed} and what belongs to it.")
    for each in map(known.get, known.above(found)):
        _check_open(each, settings, at, pointer)
    return Place(found.id, found.number, known.above(found))


def place_told(services: Services, caller: Caller, location: str) -> Place:
    """
    Return where something is now, as it is told, or where the caller is who is limited to one.

    Raises what `place_of` does of what is told.
    """
    if not location and len(caller.actor.locations) != 1:
        return Place()
    return place_of(services, caller, location, now_of(services, caller.tenant))


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
    known = locations.decode(settings_of(services, tenant, fresh=True).locations)
    for place, each in enumerate(wanted):
        if known.get(each) is None:
            raise _unknown(each, known, f"{pointer}/{place}")


def _not_allowed(caller: Caller, text: str) -> Forbidden:
    return Forbidden("location_not_allowed", text, locations=list(caller.actor.locations))


def _only_one(caller: Caller, known: Locations, pointer: str) -> str:
    allowed = [each for each in caller.actor.locations if known.get(each) is not None]
    if len(allowed) == 1:
        return allowed[0]
    raise Invalid(
        "location_required",
        f"Say at which location this is: this credential is for {', '.join(allowed)}.",
        errors=[{"pointer": pointer, "detail": "is required"}],
        locations=allowed,
    )


def _unknown(location: str, known: Locations, pointer: str) -> Invalid:
    from chalicelib.domain.spelling import nearest  # only refusals need it

    near = nearest(location, [each.id for each in known])
    hint = f"did you mean `{near}`?" if near else "staff read them at GET /v1/locations."
    detail = f"is no location of this tenant: {hint}"
    return Invalid(
        "unknown_location",
        f"There is no location of that id: {hint}",
        errors=[{"pointer": pointer, "detail": detail}],
    )


def _check_open(
    found: Location | None, settings: Settings, at: Instant | None, pointer: str
) -> None:
    if at is None or found is None or not found.closed_on:
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
