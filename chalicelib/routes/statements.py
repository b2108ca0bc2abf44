"""Statements: what a member bought or paid for, what it cost and why, and what came back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.ledger.calendar import format_instant
from chalicelib.domain.ledger.events import (
    ActivityRecorded,
    ActivityReversed,
    Detail,
    Event,
    MemberClosed,
    PaymentReversed,
    PlanCancelled,
    PlanChanged,
    PlanFeePaid,
    PlanSubscribed,
)
from chalicelib.domain.ledger.postings import PAID_IN, kind_of
from chalicelib.domain.programme.versions import Programmes
from chalicelib.routes.http.calls import caller_of, services_of
from chalicelib.routes.http.operation import Call, Reply, Timestamp
from chalicelib.routes.http.periods import BAD_PERIOD, PeriodPage, period_of
from chalicelib.routes.http.resource import Resource
from chalicelib.routes.pricing import (
    ConsideredDiscountView,
    DrawView,
    MoneyView,
    QuotedLineView,
    ReclaimedDiscountView,
    bill_of,
    considered_views,
    draw_views,
    line_view,
    reclaimed_views,
)
from chalicelib.routes.views import MovementView, movement
from chalicelib.usecases.read_statement import read_statement

api = Resource("statements")

# The sections of a programme by which money is kept of which a statement tells.
_PLANS: Final = "plans"
_WALLETS: Final = "wallets"


class _Of(NamedTuple):
    """What money is of: a wallet by its currency, or a plan, as the section says."""

    programme: str
    section: str
    id: str


EntryKind = Literal[
    "purchase", "refund", "plan_fee", "plan_change", "plan_end", "payment_reversal", "closure"
]


class StatementEntryView(Struct, frozen=True, omit_defaults=True):
    """
    A purchase, or what came back of one; a fee of a plan, or what its change or end came to.

    Of a purchase, ``price`` less ``discount`` is ``net``; less what wallets paid it is ``due``.
    What was ``covered``, such as by an insurer, is none of these; of a refund it is theirs again.
    Every discount that was looked at is in ``considered``, with the reason where it was not
    applied; one that was not quoted here has none.  Of a refund they are those of what came back,
    line by line: ``returned`` is its ``net`` less what was kept back of discounts (``reclaimed``);
    less what wallets got back it is ``due``, to be paid back; ``refund_of`` is the version of the
    purchase.  ``movements`` are what was earned, paid and taken back in value.

    Of a fee, and of a change of plan that makes something owed, ``net`` is ``due``; what a change
    or an end leaves over is ``returned`` and ``due`` to be paid back.  So is money that was left in
    an account that was closed, unless the member ``waived`` it: an entry for each wallet
    (``currency``) and ``plan``, each movement in one of them, and what is of no wallet in the
    first.  A payment that went back to who made it is ``returned``, of which nothing is to be paid
    back; ``due`` is what is left over of a fee besides, and ``net`` what is owed.
    """

    version: int
    kind: EntryKind
    occurred_at: Timestamp
    recorded_at: Timestamp
    source: str = ""
    external_id: str = ""
    channel: str = ""
    location: str = ""
    programme: str | None = None
    quote_id: str | None = None
    covered: MoneyView | None = None
    price: MoneyView | None = None
    discount: MoneyView | None = None
    net: MoneyView | None = None
    due: MoneyView | None = None
    returned: MoneyView | None = None
    refund_of: int | None = None
    plan: str | None = None
    currency: str | None = None
    waived: MoneyView | None = None
    lines: list[QuotedLineView] = []
    considered: list[ConsideredDiscountView] = []
    draws: list[DrawView] = []
    reclaimed: list[ReclaimedDiscountView] = []
    movements: list[MovementView] = []


class StatementView(Struct, frozen=True):
    """
    A page of a statement, newest first; ``next_cursor`` is null at the end.

    A page may have fewer entries than were asked for and yet not be the last.
    """

    member_id: str
    entries: list[StatementEntryView]
    next_cursor: str | None


@api.get(
    "/members/{member_id}/statement",
    name="read_statement",
    scope="ledger:read",
    summary="Page through purchases and refunds, newest first",
    description=(
        "With list prices, every discount that was applied or not, and what was paid. `from` and "
        "`to` are about when it was recorded."
    ),
    query=PeriodPage,
    answer=StatementView,
    member_may=True,
    errors=("member_not_found", *BAD_PERIOD),
)
def read(call: Call[None, PeriodPage]) -> Reply:
    """Read a page of a member's statement."""
    member = call.path["member_id"]
    page = read_statement(
        services_of(call),
        caller_of(call),
        member,
        limit=call.query.limit,
        before=call.position(),
        period=period_of(call),
    )
    cursor = None if page.before is None else call.next_cursor(page.before)
    shown = [
        entry for event in page.events for entry in _entries(event, page.programmes, call.locale)
    ]
    return Reply(StatementView(member, shown, cursor))


def _entries(event: Event, programmes: Programmes, locale: str) -> Iterator[StatementEntryView]:
    """Yield what an event says of money: one entry, of a closed account one for each sum."""
    match event.data:
        case ActivityRecorded() | ActivityReversed():
            yield _of_activity(event, event.data, programmes, locale)
        case PlanSubscribed(programme, plan, fee) | PlanFeePaid(programme, plan, fee):
            yield _settled(event, programmes, "plan_fee", _Of(programme, _PLANS, plan), fee)
        case PlanChanged(programme, plan, _, prorated):
            yield _settled(event, programmes, "plan_change", _Of(programme, _PLANS, plan), prorated)
        case PlanCancelled(programme, plan, left_over=left):
            yield _settled(event, programmes, "plan_end", _Of(programme, _PLANS, plan), -left)
        case PaymentReversed():
            yield _payment_reversed(event, event.data, programmes)
        case MemberClosed():
            yield from _closed(event, event.data, programmes)
        case _:
            raise TypeError(f"an event {event.kind} is not about money")


def _closed(
    event: Event, data: MemberClosed, programmes: Programmes
) -> Iterator[StatementEntryView]:
    """
    Yield an entry for each wallet and plan, apart for what is refunded of it and what is waived.

    Each movement is in one of them: where its wallet is, or else in the first.
    """
    sums: dict[tuple[_Of, bool], int] = {}
    for each in data.prepaid:
        part = _Of(each.programme, each.section, each.id), data.refunded and each.refundable
        sums[part] = sums.get(part, 0) + each.amount
    moved: dict[tuple[_Of, bool], list[MovementView]] = {part: [] for part in sums}
    for posting in event.postings:
        shown = movement(posting)
        wallet = _Of(shown.programme, _WALLETS, shown.currency)
        refunds = kind_of(posting.destination) == PAID_IN.kind
        places = ((wallet, refunds), (wallet, not refunds), *sums)
        moved[next(each for each in places if each in sums)].append(shown)
    for (of, refunded), amount in sums.items():
        entry = _settled(event, programmes, "closure", of, -amount)
        if not refunded:
            entry = replace(entry, returned=None, due=None, waived=entry.returned)
        yield replace(entry, movements=moved[of, refunded])


def _payment_reversed(
    event: Event, data: PaymentReversed, programmes: Programmes
) -> StatementEntryView:
    """Return the entry of a payment that went back: nothing is due for it but what is besides."""
    of = _Of(data.programme, data.section, data.id)
    back = _settled(event, programmes, "payment_reversal", of, -data.amount)
    if not data.prorated:
        return replace(back, due=None)
    besides = _settled(event, programmes, "payment_reversal", of, data.prorated)
    return replace(besides, returned=back.returned)


def _settled(
    event: Event,
    programmes: Programmes,
    kind: EntryKind,
    of: _Of,
    owed: int,
) -> StatementEntryView:
    """Return an entry of what is owed, or below zero to be paid back."""
    version = programmes.in_force(of.programme, event.effective_at)
    money = MoneyView(abs(owed), version.document.money.currency if version else "")
    return StatementEntryView(
        version=event.version,
        kind=kind,
        occurred_at=format_instant(event.occurred_at),
        recorded_at=format_instant(event.effective_at),
        programme=of.programme,
        plan=of.id if of.section == _PLANS else None,
        currency=of.id if of.section == _WALLETS else None,
        net=money if owed > 0 else None,
        returned=money if owed < 0 else None,
        due=money,
        movements=[movement(posting) for posting in event.postings],
    )


def _of_activity(
    event: Event,
    data: ActivityRecorded | ActivityReversed,
    programmes: Programmes,
    locale: str,
) -> StatementEntryView:
    detail = event.detail or Detail()
    activity = data.activity
    unit = activity.money or ""
    bill = bill_of(activity, detail)
    draws = draw_views(bill)
    if isinstance(data, ActivityReversed):
        net = bill.net + sum(each.amount for each in bill.reclaimed)
        return StatementEntryView(
            version=event.version,
            kind="refund",
            occurred_at=format_instant(event.occurred_at),
            recorded_at=format_instant(event.effective_at),
            source=detail.source,
            external_id=detail.external_id,
            programme=bill.programme or None,
            covered=MoneyView(bill.covered, unit) if bill.covered else None,
            price=MoneyView(bill.price, unit),
            discount=MoneyView(bill.price - net, unit),
            net=MoneyView(net, unit),
            returned=MoneyView(bill.net, unit),
            due=MoneyView(bill.due, unit),
            refund_of=data.reverses,
            lines=[line_view(line) for line in bill.lines],
            draws=draws,
            reclaimed=reclaimed_views(bill),
            movements=[movement(posting) for posting in event.postings],
        )
    return StatementEntryView(
        version=event.version,
        kind="purchase",
        occurred_at=format_instant(event.occurred_at),
        recorded_at=format_instant(event.effective_at),
        source=detail.source,
        external_id=detail.external_id,
        channel=activity.channel,
        location=activity.location,
        programme=bill.programme or None,
        quote_id=data.quote or None,
        covered=MoneyView(bill.covered, unit) if bill.covered else None,
        price=MoneyView(bill.price, unit),
        discount=MoneyView(bill.price - bill.net, unit),
        net=MoneyView(bill.net, unit),
        due=MoneyView(bill.due, unit),
        lines=[line_view(line) for line in bill.lines],
        considered=considered_views(bill.considered, bill, programmes, locale),
        draws=draws,
        movements=[movement(posting) for posting in event.postings],
    )
