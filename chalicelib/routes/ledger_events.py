"""How the ledger shows an event: to staff, to its member, and to who acts for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from chalicelib.domain.ledger.calendar import format_instant
from chalicelib.domain.ledger.effects import LotWarned, TierChange
from chalicelib.domain.ledger.events import (
    ActivityRecorded,
    ActivityReversed,
    Data,
    Detail,
    Event,
    TierReviewAnnounced,
)
from chalicelib.routes.event_views import EventDataView, about
from chalicelib.routes.http.operation import Timestamp
from chalicelib.routes.pricing import DeductionView, PricedBy
from chalicelib.routes.views import (
    AwardView,
    MovementView,
    ProgrammeOutcomeView,
    award_view,
    movement,
    outcome_views,
)

EventKind = Annotated[str, Meta(extra_json_schema={"pattern": r"^[a-z_]+(\.[a-z_]+)+$"})]


class ActivitySummaryView(Struct, frozen=True, omit_defaults=True):
    """
    The activity that an event recorded; of a reversal, what of it came back.

    ``service_on`` is the day by which a purchase that was quoted was priced.  Delegates see amounts
    alone.
    """

    type: str = ""
    source: str = ""
    external_id: str = ""
    amount: int | None = None
    currency: str | None = None
    quantity: int | None = None
    category: str = ""
    channel: str = ""
    location: str = ""
    service_on: str = ""


class ExpiringValueView(Struct, frozen=True):
    """Value that is announced to expire: usable through ``expires_on``."""

    programme: str
    currency: str
    amount: int
    expires_on: str
    expires_at: str


class TierAtRiskView(Struct, frozen=True):
    """A tier that is lost as things stand: ``at``, or after the grace that begins then."""

    programme: str
    tier: str
    falls_to: str
    at: Timestamp


class EventView(Struct, frozen=True, omit_defaults=True):
    """
    One event of the ledger.

    ``about`` names whatever made it: the reward, plan, hold, transfer and so on.  What rules gave
    for an activity is in ``awards``, what came off its price in ``deductions``, and what else
    mechanics made of it in ``outcomes``.  ``tiers`` are the tiers held from it on, ``at_risk``
    those about to be lost.
    """

    version: int
    kind: EventKind
    occurred_at: str
    effective_at: str
    movements: list[MovementView]
    about: EventDataView
    actor: str = ""
    activity: ActivitySummaryView | None = None
    awards: list[AwardView] = []
    deductions: list[DeductionView] = []
    outcomes: list[ProgrammeOutcomeView] = []
    tiers: dict[str, str] = {}
    expiring: list[ExpiringValueView] = []
    at_risk: list[TierAtRiskView] = []
    note: str = ""


def for_members(event: Event) -> EventView:
    """Return an event as its member sees it: of who acted only of which kind they are."""
    return replace(event_view(event), actor=event.actor.kind)


def for_delegates(event: Event) -> EventView:
    """
    Return an event as those see it who act for a member: what moved, and how much.

    What was done, where, and by which rule it counted could tell them of somebody's health.
    """
    view = replace(for_members(event), note="")
    if view.activity is None:
        return view
    money = ActivitySummaryView(amount=view.activity.amount, currency=view.activity.currency)
    nothing = EventDataView()
    return replace(
        view, activity=money, about=nothing, awards=[], deductions=[], outcomes=[], at_risk=[]
    )


def event_view(event: Event) -> EventView:
    """Return an event as it is shown to staff."""
    data = event.data
    awards = data.awards if isinstance(data, ActivityRecorded) else ()
    return EventView(
        version=event.version,
        kind=event.kind,
        occurred_at=format_instant(event.occurred_at),
        effective_at=format_instant(event.effective_at),
        movements=[movement(posting) for posting in event.postings],
        actor=event.actor.name,
        about=about(data),
        activity=_activity(event),
        awards=[award_view(award) for award in awards if award.granted],
        deductions=_deductions(event.detail),
        outcomes=outcome_views(event.outcomes),
        tiers={e.programme: e.tier for e in event.effects if isinstance(e, TierChange)},
        expiring=list(_expiring(event)),
        at_risk=_at_risk(data),
        note=event.detail.note if event.detail else "",
    )


def _expiring(event: Event) -> Iterator[ExpiringValueView]:
    for effect in event.effects:
        if not isinstance(effect, LotWarned):
            continue
        lot = effect.lot
        if lot.expires_at is None or lot.expires_on is None:
            raise AssertionError("what is announced to expire has a last day")
        programme, _, currency = effect.currency.partition("/")
        gone = format_instant(lot.expires_at)
        yield ExpiringValueView(programme, currency, effect.amount, lot.expires_on, gone)


def _at_risk(data: Data) -> list[TierAtRiskView]:
    tiers = data.at_risk if isinstance(data, TierReviewAnnounced) else ()
    return [
        TierAtRiskView(each.programme, each.tier, each.falls_to, format_instant(each.at))
        for each in tiers
    ]


def _activity(event: Event) -> ActivitySummaryView | None:
    data, detail = event.data, event.detail
    if not isinstance(data, ActivityRecorded | ActivityReversed) or detail is None:
        return None
    activity = data.activity
    return ActivitySummaryView(
        type=activity.type,
        source=detail.source,
        external_id=detail.external_id,
        amount=activity.amount,
        currency=activity.money,
        quantity=activity.quantity,
        category=activity.category,
        channel=activity.channel,
        location=activity.location,
        service_on=detail.bill.service_on if detail.bill else "",
    )


def _deductions(detail: Detail | None) -> list[DeductionView]:
    """Return what came off the price of a purchase that was quoted, each source once."""
    found: dict[tuple[PricedBy, str], int] = {}
    for line in detail.bill.lines if detail and detail.bill else ():
        for source, name, amount in line.off:
            found[source, name] = found.get((source, name), 0) + amount
    return [DeductionView(source, name, amount) for (source, name), amount in found.items()]
