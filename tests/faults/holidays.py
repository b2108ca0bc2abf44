"""A tenant's lists of days, which quotes go by as they are, or were a minute ago."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.bill import WhyNot
from chalicelib.domain.ledger.quote import Quote
from chalicelib.store.catalogue import TTL_MS
from chalicelib.usecases.holidays import set_holidays
from chalicelib.usecases.services import Caller, Services, settings_of
from tests.faults.ending import Ending
from tests.faults.play import Play
from tests.faults.programmes import HOLIDAYS
from tests.faults.reading import reads
from tests.faults.record import Delivery, Request

#: Of days about now: what is on a list is so much before or after them.
_AWAY: Final = (-1, 0, 0, 1, 2)


def replace_lists(play: Play, tenant: str) -> Request:
    """Draw lists of days about now, each as a date or as one of every year, that replace all."""
    today = calendar.local_date(play.clock(tenant), play.scenario.time_zone)
    near = [calendar.add_days(today, play.chance.pick(_AWAY)) for _ in range(2)]
    days = [day.isoformat()[play.chance.pick((0, 5)) :] for day in near]
    # At times the list is empty, or not there: then there is no holiday.
    lists = play.chance.pick(({HOLIDAYS: days}, {HOLIDAYS: days, "own": []}, {"own": days}))

    def run(services: Services, caller: Caller) -> None:
        there = settings_of(services, caller.tenant, fresh=True)
        set_holidays(services, caller, lists, there.holidays_revision)

    def claim(_done: None, ending: Ending, delivery: Delivery) -> Iterable[str]:
        asked = {name: frozenset(each) for name, each in lists.items()}
        if asked not in _known(ending, delivery, old_ms=0):
            yield f"{delivery.id} was told that {lists} are kept, and they were not"

    return Request(reads(run, claim), " ".join(f"{name}: {each}" for name, each in lists.items()))


def check_holiday(quote: Quote, ending: Ending, delivery: Delivery) -> Iterator[str]:
    """A quote has the discount of a holiday where its day is one, and else says that it is none."""
    day = calendar.local_date(quote.made_at, ending.time_zone)
    if quote.service_on != f"{day}":
        yield f"{quote.id} of {day} goes by {quote.service_on}"
    why_not = next(each.why_not for each in quote.considered if each.id == "holiday")
    told = why_not != WhyNot("not_on_day", day=day.isoformat())
    if told not in {_is_in(day, lists) for lists in _known(ending, delivery, old_ms=TTL_MS)}:
        yield f"{quote.id} says of {day}: {why_not or 'a holiday'}"


def _is_in(day: date, lists: dict[str, frozenset[str]]) -> bool:
    named = lists.get(HOLIDAYS, frozenset())
    leaps = calendar.add_days(day, 1).day == 1 and day.month == 2
    return bool(named & {f"{day}", f"{day:%m-%d}"} or (leaps and "02-29" in named))


def _known(
    ending: Ending, delivery: Delivery, *, old_ms: int
) -> Iterator[dict[str, frozenset[str]]]:
    """Yield the lists that there were while a request was under way, or so long before."""
    tenant = delivery.intent.tenant
    until = None
    for since, lists in reversed(ending.lists[tenant]):
        if since <= delivery.ended_at and (until is None or until >= delivery.began_at - old_ms):
            yield lists
        until = since
