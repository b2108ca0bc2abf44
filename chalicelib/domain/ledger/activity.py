"""
An activity: something that a member did or that happened to them, as it is reported to us.

`Activity` is all of it; the journal keeps of it an `ActivitySummary` and a sealed
`Detail`.
"""

from __future__ import annotations

from datetime import date
from itertools import count

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.errors import Invalid
from chalicelib.domain.ledger.calendar import Instant, local_date
from chalicelib.domain.ledger.events import ActivityRecorded, ActivitySummary, Detail, Event, Line
from chalicelib.domain.ledger.money import MAX_AMOUNT
from chalicelib.domain.spelling import folded

VISIT = "visit.completed"
PURCHASE = "purchase.completed"


class Activity(Struct, frozen=True, omit_defaults=True):
    """
    One activity, identified for ever by ``source`` and ``external_id``.

    ``amount`` is in minor units of ``money`` (an ISO 4217 code); where there are lines it is
    their sum.  ``attributes`` are the scalars that a programme declares.  ``within`` are the
    location and those that it belonged to when this was reported.  ``barred`` are the ids of the
    lines that a law lets earn nothing in the programme that looks at it, of an activity without any
    the empty one; the journal keeps that with each evaluation.
    """

    type: str
    source: str
    external_id: str
    occurred_at: Instant
    amount: int | None = None
    money: str | None = None
    quantity: int | None = None
    category: str = ""
    channel: str = ""
    location: str = ""
    provider: str = ""
    lines: tuple[Line, ...] = ()
    attributes: dict[str, str | int | bool] = {}
    within: tuple[str, ...] = ()
    barred: frozenset[str] = frozenset()

    @property
    def is_barred(self) -> bool:
        """Tell whether a law lets all of it earn nothing."""
        return bool(self.barred) and self.barred.issuperset(
            [line.id for line in self.lines] or [""]
        )

    def local_day(self, time_zone: str) -> date:
        """Return the day of the activity in a zone."""
        return local_date(self.occurred_at, time_zone)

    def summary(self) -> ActivitySummary:
        """Return what the journal keeps in the open."""
        return ActivitySummary(
            type=self.type,
            amount=self.amount,
            money=self.money,
            quantity=self.quantity,
            category=self.category,
            channel=self.channel,
            location=self.location,
        )

    def detail(self) -> Detail:
        """Return what the journal keeps sealed."""
        return Detail(
            source=self.source,
            external_id=self.external_id,
            provider=self.provider,
            lines=self.lines,
            attributes=self.attributes,
            within=self.within if self.within != _alone(self.location) else (),
        )


def _alone(location: str) -> tuple[str, ...]:
    return (location,) if location else ()


def checked(activity: Activity) -> Activity:
    """
    Return the activity with what follows from its lines filled in.

    Lines without an id get one (`_named`).  Raises `Invalid` where line ids repeat, the amount is
    not the sum of the lines, is below nothing or too large, or comes without its currency.
    """
    amount = activity.amount
    if activity.lines:
        total = sum(line.amount for line in activity.lines)
        if amount is not None and amount != total:
            raise Invalid(
                "amount_mismatch",
                f"The amount is {amount} but the lines add up to {total}: send the sum, or leave "
                "the amount out; tax, tips and fees are lines with a category of their own.",
                errors=[{"pointer": "/amount/amount", "detail": f"must be {total}"}],
            )
        amount = total
    _check_amount(amount, "/lines" if activity.amount is None else "/amount")
    if amount is not None and activity.money is None:
        raise Invalid(
            "currency_required",
            "Lines with money need the currency that they are in.",
            errors=[{"pointer": "/currency", "detail": "is required where lines have money"}],
        )
    if not activity.lines:
        return activity
    return replace(activity, amount=amount, lines=_named(activity.lines))


def _named(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """
    Return lines with an id each: one without has its place, from "1", as its id.

    Where another line is called so, it has the next number after all places that none is.
    """
    if not lines:
        return ()
    given: set[str] = set()
    for place, line in enumerate(lines):
        if line.id and line.id in given:
            raise Invalid(
                "duplicate_line",
                "Two lines have the same id: each needs its own.",
                errors=[{"pointer": f"/lines/{place}/id", "detail": "is used by another line"}],
            )
        given.add(line.id)
    spare = (each for each in map(str, count(len(lines) + 1)) if each not in given)
    return tuple(
        line if line.id else replace(line, id=next(spare) if place in given else place)
        for place, line in zip(map(str, count(1)), lines, strict=False)
    )


def _check_amount(amount: int | None, at: str) -> None:
    """Refuse what no sale comes to; single lines may be below nothing, as a discount is."""
    if amount is None:
        return
    if amount < 0:
        raise Invalid(
            "negative_amount",
            f"The amount is {amount}: a sale that comes back is a reversal of the activity that "
            "recorded it, POST /v1/activities/reversals, so that what it earned is taken back too.",
            errors=[{"pointer": at, "detail": "must not be below 0"}],
        )
    if amount > MAX_AMOUNT:
        raise Invalid(
            "amount_too_large",
            f"The lines add up to {amount}, more than {MAX_AMOUNT}: look at the minor units.",
            errors=[{"pointer": "/lines", "detail": f"must add up to {MAX_AMOUNT} at most"}],
        )


def meaning(activity: Activity) -> Activity:
    """
    Return the one form that all reports of the same activity have.

    What follows from other parts of it is filled in, and what identifies it is in one spelling.
    Raises `Invalid` as `checked` does.
    """
    activity = checked(activity)
    return replace(
        activity,
        source=activity.source.lower(),
        external_id=folded(activity.external_id),
        quantity=units(activity),
        lines=tuple(sorted(activity.lines, key=lambda line: line.id)),
        within=(),
    )


def recorded_in(event: Event) -> Activity:
    """
    Return the activity that an event recorded.

    Raises ``TypeError`` for an event about something else.
    """
    if not isinstance(event.data, ActivityRecorded):
        raise TypeError(f"an event {event.kind} records no activity")
    activity, detail = event.data.activity, event.detail or Detail()
    return Activity(
        type=activity.type,
        source=detail.source,
        external_id=detail.external_id,
        occurred_at=event.occurred_at,
        amount=activity.amount,
        money=activity.money,
        quantity=activity.quantity,
        category=activity.category,
        channel=activity.channel,
        location=activity.location,
        provider=detail.provider,
        lines=detail.lines,
        attributes=detail.attributes,
        within=detail.within or _alone(activity.location),
    )


def units(activity: Activity) -> int:
    """Return the quantity of an activity: its own, else that of its lines, else one."""
    if activity.quantity is not None:
        return activity.quantity
    return sum(line.quantity for line in activity.lines) if activity.lines else 1
