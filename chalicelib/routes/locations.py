"""Locations: a tenant's facilities, to which credentials may be limited."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from chalicelib.domain.locations import LOCATIONS_MAX, Facility, Locations, decode
from chalicelib.domain.programme.fields import LocalDate
from chalicelib.routes.http.calls import caller_of, services_of
from chalicelib.routes.http.fields import LocationId, Title
from chalicelib.routes.http.operation import Body, Call, Reply
from chalicelib.routes.http.resource import Resource
from chalicelib.usecases.locations import set_locations
from chalicelib.usecases.services import settings_of

api = Resource("locations")


class LocationBody(Body):
    """
    A region, a clinic, a desk.

    Its ``id`` is for ever: close it by ``closed_on``, its last day, instead of leaving it out.
    """

    id: LocationId
    name: Title
    parent: LocationId | None = None
    closed_on: LocalDate | None = None


class LocationListBody(Body):
    """All locations.  A ``parent`` is one of them, at most 8 above one another."""

    locations: Annotated[list[LocationBody], Meta(max_length=LOCATIONS_MAX)]
    revision: Annotated[int, Meta(ge=0, le=10**12)] | UnsetType = UNSET


class LocationView(Struct, frozen=True):
    """A location, and the one that it belongs to."""

    id: LocationId
    name: str
    parent: LocationId | None
    closed_on: str | None


class LocationListView(Struct, frozen=True):
    """All locations; ``revision`` counts their changes, and is the ETag."""

    locations: list[LocationView]
    revision: int


@api.get(
    "/locations",
    name="read_locations",
    scope="locations:read",
    summary="Read the locations of the tenant",
    answer=LocationListView,
    headers=("ETag",),
    limited="open",
)
def read(call: Call) -> Reply:
    """Read all locations."""
    settings = settings_of(services_of(call), call.tenant, fresh=True)
    return _reply(decode(settings.locations), settings.locations_revision)


@api.put(
    "/locations",
    name="update_locations",
    scope="locations:write",
    summary="Replace the locations of the tenant",
    description=(
        "Once there are any, what happens is at one or at none, and credentials can be limited."
    ),
    body=LocationListBody,
    answer=LocationListView,
    headers=("ETag",),
    idempotent=False,
    if_match=True,
    errors=("invalid_locations", "invalid_date"),
)
def replace(call: Call[LocationListBody]) -> Reply:
    """Replace the locations of the revision that was read."""
    body = call.body
    expected = call.expected_revision(None if body.revision is UNSET else body.revision)
    facilities = [
        Facility(each.id, each.name.strip(), each.parent or "", each.closed_on or "")
        for each in body.locations
    ]
    revision = set_locations(services_of(call), caller_of(call), facilities, expected)
    return _reply(facilities, revision)


def _reply(listed: Locations | list[Facility], revision: int) -> Reply:
    shown = [
        LocationView(each.id, each.name, each.parent or None, each.closed_on or None)
        for each in listed
    ]
    return Reply(LocationListView(shown, revision), version=revision)
