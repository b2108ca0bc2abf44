"""Read what a member bought or paid for a plan, what it came to and why, and what came back."""

from __future__ import annotations

from typing import Final, NamedTuple

from chalicelib.domain.ledger.events import (
    ActivityRecorded,
    ActivityReversed,
    Data,
    Event,
    MemberClosed,
    PaymentReversed,
    PlanCancelled,
    PlanChanged,
    PlanFeePaid,
    PlanSubscribed,
)
from chalicelib.domain.ledger.journal import decode
from chalicelib.domain.programme.versions import Programmes
from chalicelib.usecases.journal_search import check_member, newest_first
from chalicelib.usecases.services import Caller, Services, programmes_of
from chalicelib.usecases.stored import ALWAYS, Period

#: How many events are looked through for one page, whatever is found among them.
SEARCHED_MAX: Final = 1000
#: How many rows of bills a page has before it ends: an answer must not grow beyond what Lambda
#: passes on, 6 MB, and a row takes some 150 bytes of it.
ROWS_MAX: Final = 5000


class StatementPage(NamedTuple):
    """
    Events about money, newest first, and the version to go on before; ``None`` at the end.

    ``programmes`` are those that have a say in them.
    """

    events: tuple[Event, ...]
    before: int | None
    programmes: Programmes


def read_statement(
    services: Services,
    caller: Caller,
    member: str,
    *,
    limit: int,
    before: int | None,
    period: Period = ALWAYS,
) -> StatementPage:
    """
    Read a page of purchases, fees and what came back of them within a period.

    Raises `MemberNotFound`.

    A page may be short, or empty, and yet not the last: what is not about money is passed over.
    """
    found: list[Event] = []
    searched = rows = 0
    last = before
    for stored in newest_first(services, caller, member, before=before, period=period):
        if searched == SEARCHED_MAX or len(found) == limit or rows >= ROWS_MAX:
            break
        searched, last = searched + 1, stored.version
        event = decode(stored)
        if _is_about_money(event.data):
            found.append(event)
            rows += _rows(event)
    else:
        if last is None:
            check_member(services, caller, member, period)
        last = None
    return StatementPage(tuple(found), last, programmes_of(services, caller.tenant))


def _is_about_money(data: Data) -> bool:
    match data:
        case ActivityRecorded(activity=activity) | ActivityReversed(activity=activity):
            return bool(activity.money)
        case PlanSubscribed(fee=amount) | PlanFeePaid(fee=amount) | PlanChanged(prorated=amount):
            return bool(amount)
        case PlanCancelled(left_over=amount):
            return bool(amount)
        case PaymentReversed():
            return True
        case MemberClosed(prepaid=prepaid):
            return bool(prepaid)
        case _:
            return False


def _rows(event: Event) -> int:
    """Return how many lines, parts taken off and discounts an event is shown with."""
    if event.detail is None:
        return 0
    if (bill := event.detail.bill) is None:
        return len(event.detail.lines)
    return len(bill.lines) + len(bill.considered) + sum(len(line.off) for line in bill.lines)
