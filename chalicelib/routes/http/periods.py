"""Periods that lists are asked for: days of the tenant, or instants."""

from __future__ import annotations

from typing import Annotated, Any, Final

from msgspec import Meta, field

from chalicelib.domain.errors import Invalid
from chalicelib.domain.ledger.calendar import Instant, day_start, expiry_instant, parse_date
from chalicelib.routes.http.calls import instant_in, services_of
from chalicelib.routes.http.operation import Call, Page
from chalicelib.usecases.stored import Period

_DAY_LENGTH: Final = len("2026-03-01")

#: What a period is refused for.
BAD_PERIOD: Final = ("invalid_instant", "invalid_date", "date_out_of_range")

Bound = Annotated[
    str,
    Meta(
        max_length=40,
        extra_json_schema={"anyOf": [{"format": "date"}, {"format": "date-time"}]},
    ),
]


class PeriodPage(Page, kw_only=True, frozen=True):
    """The query of a list that may be cut to a period."""

    since: Bound | None = field(default=None, name="from")
    to: Bound | None = None


def period_of(call: Call[Any, Any]) -> Period:
    """
    Return the period that is asked for: a day is whole, an instant in ``to`` no more part of it.

    Days are those of the tenant's time zone.  Raises `Invalid` for what is neither, and
    ``invalid_query`` where it ends before it begins.
    """
    query: PeriodPage = call.query
    if query.since is None and query.to is None:
        return Period()
    settings = services_of(call).catalogue.settings(call.tenant)
    zone = settings.time_zone if settings else "UTC"
    since = None if query.since is None else _bound(query.since, zone, "from")
    until = None if query.to is None else _bound(query.to, zone, "to")
    if since is not None and until is not None and query.to is not None:
        # A day is never empty: one that ends where the period begins is the day before.
        whole_day = len(query.to) == _DAY_LENGTH
        if until < since or (until == since and whole_day):
            detail = f"must not be before `from`, which is {query.since}"
            raise Invalid(
                "invalid_query",
                "The period ends before it begins; see errors.",
                errors=[{"parameter": "to", "detail": detail}],
            )
    return Period(since, until)


def _bound(text: str, zone: str, parameter: str) -> Instant:
    if len(text) != _DAY_LENGTH:
        return instant_in(text, parameter=parameter)
    try:
        day = parse_date(text)
        return day_start(day, zone) if parameter == "from" else expiry_instant(day, zone)
    except Invalid as error:
        errors = [{"parameter": parameter, "detail": error.message}]
        raise Invalid(error.code, error.message, errors=errors) from None
