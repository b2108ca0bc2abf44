"""The ledger: every event of an account, what made it and what moved; and whether it verifies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from msgspec import Meta, Struct

from chalicelib import observability
from chalicelib.domain.errors import MemberNotFound
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
from chalicelib.routes.http.calls import caller_of, services_of
from chalicelib.routes.http.operation import Call, Reply, Timestamp
from chalicelib.routes.http.periods import BAD_PERIOD, PeriodPage, period_of
from chalicelib.routes.http.resource import Resource
from chalicelib.routes.pricing import DeductionView, PricedBy
from chalicelib.routes.views import (
    AwardView,
    MovementView,
    ProgrammeOutcomeView,
    award_view,
    movement,
    outcome_views,
)
from chalicelib.usecases.read_ledger import read_ledger, verify_account

api = Resource("ledger")

EventKind = Annotated[str, Meta(extra_json_schema={"pattern": r"^[a-z_]+(\.[a-z_]+)+$"})]


class ActivitySummaryView(Struct, frozen=True, omit_defaults=True):
    """
    The activity that an event recorded; of a reversal, what of it came back.

    ``service_on`` is the day by which a purchase that was quoted was priced.
    """

    type: str
    source: str
    external_id: str
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


class LedgerView(Struct, frozen=True):
    """A page of the ledger, newest first; it may be short.  ``next_cursor`` is null at the end."""

    events: list[EventView]
    next_cursor: str | None


class IntegrityErrorView(Struct, frozen=True):
    """What does not hold, and the event that it is about (0: the account itself)."""

    version: int
    detail: str


class VerificationView(Struct, frozen=True):
    """Whether the account is what its journal says: so many ``events`` after a version."""

    member_id: str
    verified: bool
    since_version: int
    events: int
    errors: list[IntegrityErrorView]


class GiftCardVerificationView(Struct, frozen=True):
    """Whether a gift card is what its journal says: so many ``events`` after a version."""

    gift_card_id: str
    verified: bool
    since_version: int
    events: int
    errors: list[IntegrityErrorView]


@api.get(
    "/members/{member_id}/ledger",
    name="read_ledger",
    scope="ledger:read",
    summary="Page through the ledger, newest first",
    description=(
        "Every event of the account, with what moved between which accounts of the ledger, and "
        "what made it. `from` and `to` are about when it changed the account: a visit that was "
        "reported late is found on the day of the report."
    ),
    query=PeriodPage,
    answer=LedgerView,
    member_may=True,
    errors=("member_not_found", *BAD_PERIOD),
)
def ledger(call: Call[None, PeriodPage]) -> Reply:
    """Read a page of the journal."""
    return _page(call, call.path["member_id"])


@api.get(
    "/gift-cards/{gift_card_id}/ledger",
    name="read_gift_card_ledger",
    scope="gift_cards:read",
    summary="Page through the ledger of a gift card, newest first",
    description="Its sale, every use with its id, and what became of them.",
    query=PeriodPage,
    answer=LedgerView,
    errors=("gift_card_not_found", *BAD_PERIOD),
)
def ledger_of_card(call: Call[None, PeriodPage]) -> Reply:
    """Read a page of a gift card's journal."""
    with _of_card():
        return _page(call, call.path["gift_card_id"])


@api.get(
    "/members/{member_id}/verification",
    name="verify_account",
    scope="ledger:read",
    summary="Check the account against its journal",
    description=(
        "Folds the events since the last checkpoint, one every 64 events, anew from their stored "
        "bytes. `tessera verify` checks all of it."
    ),
    answer=VerificationView,
    member_may=True,
    errors=("member_not_found",),
)
def verification(call: Call) -> Reply:
    """Verify an account."""
    member = call.path["member_id"]
    return Reply(VerificationView(member, *_verified(call, member)))


@api.get(
    "/gift-cards/{gift_card_id}/verification",
    name="verify_gift_card",
    scope="ledger:read",
    summary="Check a gift card against its journal",
    description="As a member's account is checked.",
    answer=GiftCardVerificationView,
    errors=("gift_card_not_found",),
)
def verification_of_card(call: Call) -> Reply:
    """Verify a gift card."""
    card = call.path["gift_card_id"]
    with _of_card():
        return Reply(GiftCardVerificationView(card, *_verified(call, card)))


def _page(call: Call[None, PeriodPage], owner: str) -> Reply:
    page = read_ledger(
        services_of(call),
        caller_of(call),
        owner,
        limit=call.query.limit,
        before=call.position(),
        period=period_of(call),
    )
    return Reply(
        LedgerView(
            [event_view(event, by_member=call.caller.kind == "member") for event in page.events],
            None if page.before is None else call.next_cursor(page.before),
        )
    )


def _verified(call: Call, owner: str) -> tuple[bool, int, int, list[IntegrityErrorView]]:
    caller = caller_of(call)
    verdict = verify_account(services_of(call), caller, owner)
    if not verdict.holds:
        # An alarm counts these lines.
        observability.warning(
            "an account does not verify",
            tenant=caller.tenant,
            member_id=owner,
            count=len(verdict.errors),
        )
    errors = [IntegrityErrorView(error.version, error.detail) for error in verdict.errors]
    return verdict.holds, verdict.since, verdict.events, errors


@contextmanager
def _of_card() -> Iterator[None]:
    """Say of an account that is not there that the gift card is not."""
    try:
        yield
    except MemberNotFound:
        from chalicelib.domain.mechanics import gift_cards

        raise gift_cards.unknown() from None


def event_view(event: Event, *, by_member: bool) -> EventView:
    """Return an event as it is shown; members see of who acted only of which kind they are."""
    data = event.data
    awards = data.awards if isinstance(data, ActivityRecorded) else ()
    return EventView(
        version=event.version,
        kind=event.kind,
        occurred_at=format_instant(event.occurred_at),
        effective_at=format_instant(event.effective_at),
        movements=[movement(posting) for posting in event.postings],
        actor=event.actor.kind if by_member else event.actor.name,
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
