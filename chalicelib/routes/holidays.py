"""Holidays: lists of days that a tenant keeps for all of its programmes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Final

from msgspec import UNSET, Meta, Struct, UnsetType

from chalicelib.domain.programme.fields import Id, whole
from chalicelib.routes.http.calls import caller_of, services_of
from chalicelib.routes.http.operation import Body, Call, Reply
from chalicelib.routes.http.resource import Resource
from chalicelib.usecases.holidays import set_holidays
from chalicelib.usecases.services import settings_of

api = Resource("holidays")

HolidayDay = Annotated[
    str,
    Meta(
        pattern=whole(r"([0-9]{4}-)?[0-9]{2}-[0-9]{2}"),
        description="A day of every year (`12-26`), or a date (`2027-05-03`).",
    ),
]
#: As many as fit into one body, in 20 lists of the longest names: each is replaced whole.
DAYS_MAX: Final = 200
LISTS_MAX: Final = 20
Days = Annotated[list[HolidayDay], Meta(max_length=DAYS_MAX)]


class HolidaysBody(Body):
    """
    All lists, each by the name that discounts have for it; what is left out is gone.

    Up to 20 of up to 200 days fit into one body.
    """

    lists: Annotated[dict[Id, Days], Meta(max_length=LISTS_MAX)]
    revision: Annotated[int, Meta(ge=0, le=10**12)] | UnsetType = UNSET


class HolidaysView(Struct, frozen=True):
    """All lists of days; ``revision`` counts their changes, and is the ETag."""

    lists: dict[str, list[str]]
    revision: int


@api.get(
    "/holidays",
    name="read_holidays",
    scope="programmes:read",
    summary="Read the lists of days that all programmes share",
    description="Such as bank holidays, and apart from them a hospital's own days.",
    answer=HolidaysView,
    headers=("ETag",),
    limited="open",
)
def read(call: Call) -> Reply:
    """Read all lists."""
    settings = settings_of(services_of(call), call.tenant, fresh=True)
    return _reply(settings.holidays, settings.holidays_revision)


@api.put(
    "/holidays",
    name="update_holidays",
    scope="programmes:write",
    summary="Replace the lists of days that all programmes share",
    description="Discounts name them in `lists`; quotes go by them within a minute.",
    body=HolidaysBody,
    answer=HolidaysView,
    headers=("ETag",),
    idempotent=False,
    if_match=True,
    errors=("invalid_date",),
)
def replace(call: Call[HolidaysBody]) -> Reply:
    """Replace the lists of the revision that was read."""
    body = call.body
    expected = call.expected_revision(None if body.revision is UNSET else body.revision)
    revision = set_holidays(services_of(call), caller_of(call), body.lists, expected)
    return _reply(body.lists, revision)


def _reply(lists: Mapping[str, Iterable[str]], revision: int) -> Reply:
    shown = {name: sorted(set(days)) for name, days in sorted(lists.items())}
    return Reply(HolidaysView(shown, revision), version=revision)
