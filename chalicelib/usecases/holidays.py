"""The lists of days that a tenant keeps for all of its programmes: bank holidays, say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from chalicelib.domain.errors import Invalid, Stale
from chalicelib.domain.ledger import calendar
from chalicelib.domain.pointer import join
from chalicelib.usecases.services import Caller, Services, settings_of


def set_holidays(
    services: Services, caller: Caller, lists: Mapping[str, Sequence[str]], expected: int
) -> int:
    """
    Replace all lists of a tenant over the revision that the caller read; return the next one.

    Quotes go by them within a minute.  A second attempt at what was done does nothing.  Raises
    `Invalid` ``invalid_date`` for what is no day, and `Stale` where they were changed since.
    """
    errors = [
        {"pointer": join("", "lists", name, place), "detail": refusal}
        for name, days in lists.items()
        for place, refusal in _refusals(days)
    ]
    if errors:
        raise Invalid("invalid_date", "Some of these are no days; see errors.", errors=errors)
    if not services.catalogue.set_holidays(caller.tenant, lists, expected):
        there = settings_of(services, caller.tenant, fresh=True)
        wanted = {name: frozenset(days) for name, days in lists.items()}
        if (there.holidays_revision, there.holidays) != (expected + 1, wanted):
            raise Stale(
                "stale",
                "The lists were changed since you read them: read them again and repeat your "
                "change.",
            )
    return expected + 1


def _refusals(days: Iterable[str]) -> Iterable[tuple[int, str]]:
    for place, day in enumerate(days):
        try:
            # A leap year has every day that a year may have.
            calendar.parse_date(day if len(day) > len("12-31") else f"2024-{day}")
        except Invalid as refusal:
            yield place, refusal.message
