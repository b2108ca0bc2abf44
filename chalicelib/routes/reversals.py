"""Activities taken back, whole, by lines or by an amount."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct, field

from chalicelib.domain.ledger.events import ActivityReversed, Detail, Event
from chalicelib.domain.mechanics.remaining import LineReversal
from chalicelib.domain.mechanics.reversal import Reversed
from chalicelib.domain.mechanics.voucher_returns import VoucherAfter
from chalicelib.domain.programme.fields import MinorUnits
from chalicelib.domain.spelling import VISIBLE, tidy
from chalicelib.domain.violations import Violation
from chalicelib.routes.http.calls import (
    answer,
    caller_of,
    identity_of,
    invalid_body,
    reply,
    services_of,
)
from chalicelib.routes.http.fields import (
    Amount,
    DryRun,
    ExternalRef,
    LineId,
    Note,
    OptionalReason,
    Source,
)
from chalicelib.routes.http.operation import Body, Call, Reply
from chalicelib.routes.http.resource import Resource
from chalicelib.routes.pricing import (
    DrawView,
    MoneyView,
    ReclaimedDiscountView,
    bill_of,
    draw_views,
    reclaimed_views,
)
from chalicelib.routes.reversal_views import (
    TakenBackView,
    UnitsChangedView,
    taken_back,
    units_changed,
)
from chalicelib.routes.views import (
    BalanceView,
    MovementView,
    ProgrammeOutcomeView,
    TierChangeView,
    balances,
    movement,
    outcome_views,
    tier_change,
)
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.reverse_activity import Reversal, reverse_activity
from chalicelib.usecases.stored import Answer

api = Resource("reversals")


class ReversedLine(Body):
    """
    A line that comes back; all that is left of it where nothing is said.

    Of a line that bought a package with a price, ``unused`` is what was not used of it: what was
    paid, less what the used units are worth, and never below nothing.
    """

    id: Annotated[LineId, Meta(pattern=VISIBLE)]
    amount: Amount | None = None
    quantity: Annotated[int, Meta(ge=0, le=10**9)] | None = None
    unused: bool = False


class ReversalBody(Body):
    """
    Which activity comes back, and how much: all that is left where nothing is said.

    An ``amount`` of an activity with lines is spread in proportion over what is left of them.
    """

    source: Source
    external_id: ExternalRef
    lines: Annotated[list[ReversedLine], Meta(max_length=100)] = field(default_factory=list)
    amount: MinorUnits | None = None
    reason: OptionalReason = ""
    note: Note = ""


class ReturnedVoucherView(Struct, frozen=True):
    """
    What becomes of a voucher that was used for a purchase of which something comes back.

    ``given_back`` where it is good again, through ``expires_on`` or for ever; else ``reason`` says
    why it stays used.
    """

    redemption_id: str
    given_back: bool
    expires_on: str | None
    reason: str


class RefundView(Struct, frozen=True):
    """
    What comes back of what was paid.

    Of ``returned``, ``draws`` went back to wallets, and ``due`` is to be paid back in money.  It is
    what the lines came to, less what is kept back of discounts (``reclaimed``): those whose least
    bill the rest does not reach, or of which it has fewer full sets.
    ``covered`` is what of it somebody else paid, such as an insurer, and gets back from you.
    ``vouchers`` are those that were used for the purchase.
    """

    returned: MoneyView
    due: MoneyView
    covered: MoneyView
    draws: list[DrawView]
    reclaimed: list[ReclaimedDiscountView]
    vouchers: list[ReturnedVoucherView]


class ReversalView(Struct, frozen=True):
    """
    What followed from a reversal; ``changed`` is false where nothing was left.

    ``refund`` is null for an activity without money, and ``outcomes`` are what mechanics still have
    of the activity.  ``movements`` are all that was moved of value.
    """

    member_id: str
    changed: bool
    fully_reversed: bool
    remaining_amount: int | None
    refund: RefundView | None
    returned: list[TakenBackView]
    units: list[UnitsChangedView]
    tier_changes: list[TierChangeView]
    outcomes: list[ProgrammeOutcomeView]
    movements: list[MovementView]
    balances: list[BalanceView]


@api.post(
    "/activities/reversals",
    name="reverse_activity",
    scope="reversals:write",
    summary="Refund: take an activity back, all, by lines or an amount",
    description=(
        "An amount of a purchase comes back of all its lines, in proportion to what is left of "
        "each; their units stay. Of one that was quoted it is of what counts as spend, and what "
        "points and cashback paid comes back in its share. The answer states all that follows: "
        "money to pay back, what of it is kept back, value taken back, wallets, vouchers, stamps, "
        "units and tiers. What a gift card's code paid is `due` too: cancel the use. With "
        "`dry_run` it says so beforehand, with status 200, as where nothing was left."
    ),
    body=ReversalBody,
    query=DryRun,
    answer=ReversalView,
    status=201,
    also=(200,),
    idempotent=True,
    limited="asked",
    errors=(
        "activity_not_found",
        "source_not_allowed",
        "account_closed",
        "lines_or_amount",
        "no_amount",
        "unknown_line",
        "duplicate_line",
        "no_package",
        "exceeds_remaining",
        "already_spent",
    ),
)
def reverse(call: Call[ReversalBody, DryRun]) -> Reply:
    """Take an activity back; what it earned is evaluated anew on what remains."""
    body, dry_run = call.body, call.query.dry_run
    lines = tuple(_line(place, line) for place, line in enumerate(body.lines))
    reversal = Reversal(body.source, body.external_id, lines, body.amount, body.reason, body.note)

    def present(decided: Decided) -> Answer:
        result: Reversed = decided.results[-1]
        status = 201 if result.changed and not dry_run else 200
        return answer(status, _reversal_view(decided, result))

    return reply(
        reverse_activity(
            services_of(call),
            caller_of(call),
            reversal,
            present,
            identity_of(call),
            dry_run=dry_run,
        )
    )


def _line(place: int, line: ReversedLine) -> LineReversal:
    if line.unused and (line.amount, line.quantity) != (None, None):
        detail = "must be left out where an amount or a quantity comes back"
        raise invalid_body([Violation(f"/lines/{place}/unused", detail)])
    return LineReversal(tidy(line.id), line.amount, line.quantity, line.unused)


def _reversal_view(decided: Decided, result: Reversed) -> ReversalView:
    return ReversalView(
        member_id=decided.member,
        changed=result.changed,
        fully_reversed=not result.remaining.whole,
        remaining_amount=result.remaining.amount,
        refund=None if result.event is None else _refund(result.event, result.vouchers),
        returned=taken_back(result.returned),
        units=units_changed(result.units),
        tier_changes=[tier_change(moved) for moved in result.tier_changes],
        outcomes=outcome_views(result.remaining.outcomes),
        movements=[movement(each) for each in result.event.postings] if result.event else [],
        balances=balances(decided.account, decided.programmes, decided.now, "en"),
    )


def _refund(event: Event, vouchers: tuple[VoucherAfter, ...]) -> RefundView | None:
    """Return what an event gives back of what was paid, as the statement will say it."""
    if not isinstance(event.data, ActivityReversed) or event.data.activity.money is None:
        return None
    money = event.data.activity.money
    bill = bill_of(event.data.activity, event.detail or Detail())
    returned, due = MoneyView(bill.net, money), MoneyView(bill.due, money)
    return RefundView(
        returned,
        due,
        MoneyView(bill.covered, money),
        draw_views(bill),
        reclaimed_views(bill),
        [
            ReturnedVoucherView(each.redemption, each.given_back, each.expires_on, each.reason)
            for each in vouchers
        ],
    )
