"""What is priced, as it is sent and shown: lines of a cart, and what came off each and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, get_args

from msgspec import Meta, Struct

from chalicelib.domain.errors import Invalid
from chalicelib.domain.ledger.activity import PURCHASE, Activity
from chalicelib.domain.ledger.bill import Bill, Considered, PricedLine, Reason
from chalicelib.domain.ledger.events import QUOTED, ActivitySummary, Detail, Line
from chalicelib.domain.ledger.money import MAX_AMOUNT
from chalicelib.domain.ledger.quote import Quote
from chalicelib.domain.mechanics import discount_terms, entitlements, nothing_off
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.fields import Text, language_of, text_in
from chalicelib.domain.programme.versions import Programmes
from chalicelib.domain.spelling import tidy
from chalicelib.routes.http.fields import Amount, Label, LineId, Quantity
from chalicelib.routes.http.headers import DEFAULT_LOCALE
from chalicelib.routes.http.localisation import worded
from chalicelib.routes.http.operation import Body


class QuotedLineBody(Body):
    """
    One line: its price in whole minor units, for all of its quantity, before any discount.

    ``covered`` is what of it somebody else pays, such as an insurer: at most what it costs once a
    member's price is set, and the rest is the member's own part, from which other discounts go.
    """

    amount: Amount
    covered: Amount = 0
    quantity: Quantity = 1
    category: Label = ""
    sku: Label = ""
    id: LineId = ""


#: Why something takes nothing off a price.
NothingOff = Annotated[str, Meta(extra_json_schema={"enum": sorted(get_args(Reason))})]
#: What takes something off a price.
PricedBy = Annotated[
    str, Meta(extra_json_schema={"enum": ["discount", "entitlement", "wallet", "voucher"]})
]
Cart = Annotated[list[QuotedLineBody], Meta(min_length=1, max_length=100)]


class MoneyView(Struct, frozen=True):
    """An amount of money in minor units."""

    amount: int
    currency: str


class DeductionView(Struct, frozen=True):
    """What one discount, entitlement or wallet took off a line."""

    source: PricedBy
    id: str
    amount: int


class QuotedLineView(Struct, frozen=True):
    """
    One line, or its free units: ``price`` before and ``net`` after what came off.

    ``covered`` somebody else pays besides; of a refund it is theirs to get back.
    """

    id: str
    quantity: int
    category: str
    sku: str
    price: int
    net: int
    covered: int
    off: list[DeductionView]


class ConsideredDiscountView(Struct, frozen=True):
    """
    A discount that was looked at: ``amount`` is what it took off, or ``reason`` why nothing.

    ``source`` says what ``id`` names: a `discount`, an `entitlement`, a `wallet` (its rate, or why
    it pays nothing), or the reward of a `voucher` that no discount takes.  ``redemption_id`` is
    whose voucher was presented: each voucher has an entry.  ``missing`` is what the lines in its
    scope lack to its least bill, where that is why.  ``detail`` is the reason, and ``limited`` the
    limits that made it less, in the reader's language.
    """

    source: PricedBy
    id: str
    name: str
    applied: bool
    percent: int | None
    amount: int
    reason: NothingOff | None
    detail: str
    redemption_id: str | None
    missing: int
    limited: str


class DrawView(Struct, frozen=True, omit_defaults=True):
    """
    What a wallet pays: ``amount`` of its units, worth ``money`` minor units.

    Of a refund it is what came back to the wallet: ``expired`` of it at once, where its last day
    had passed.  A unit comes back when all that it paid for has, so ``money`` may be ahead.
    """

    currency: str
    amount: int
    money: int
    expired: int = 0


class ReclaimedDiscountView(Struct, frozen=True):
    """
    A discount of which a refund keeps something back, since less is ``kept`` than it was for.

    ``amount`` is what it took off the lines that are kept; below zero it is what an earlier refund
    kept back of lines that come back now, or what full sets of what is kept bring more.  ``kept``
    is what the lines in its scope that are kept came to before any discount; ``min_bill`` is its
    least bill where that is not reached, null where what is kept has other full sets.
    """

    discount: str
    min_bill: int | None
    kept: int
    amount: int


def activity_of(currency: str, lines: Sequence[QuotedLineBody]) -> Activity:
    """
    Return the purchase that lines would be, of what the member pays; it has not happened yet.

    Raises `Invalid` ``covered_too_much`` where more of a line is covered than it comes to.
    """
    excess = [
        {"pointer": f"/lines/{place}/covered", "detail": f"must be {line.amount} at most"}
        for place, line in enumerate(lines)
        if line.covered > line.amount
    ]
    if excess:
        text = "More of a line is covered than it comes to; see errors."
        raise Invalid("covered_too_much", text, errors=excess)
    if sum(line.amount for line in lines) > MAX_AMOUNT:
        raise Invalid(
            "amount_too_large",
            f"The lines add up to more than {MAX_AMOUNT}: look at the minor units.",
            errors=[{"pointer": "/lines", "detail": f"must add up to {MAX_AMOUNT} at most"}],
        )
    return Activity(
        type=PURCHASE,
        source=QUOTED,
        external_id="",
        occurred_at=0,
        money=currency,
        lines=tuple(
            Line(
                tidy(line.id),
                line.amount - line.covered,
                line.quantity,
                tidy(line.category),
                tidy(line.sku),
            )
            for line in lines
        ),
    )


def bill_of(activity: ActivitySummary, detail: Detail) -> Bill:
    """Return the bill of a purchase or refund; one that was priced elsewhere is as reported."""
    amount = activity.amount or 0
    return detail.bill or Bill("", 0, amount, amount, amount, _lines(detail))


def _lines(detail: Detail) -> tuple[PricedLine, ...]:
    return tuple(
        PricedLine(
            line.id, line.quantity, line.amount, line.amount, line.amount, line.category, line.sku
        )
        for line in detail.lines
    )


def draw_views(bill: Bill) -> list[DrawView]:
    """Return what wallets paid of a bill, or got back of a refund."""
    return [
        DrawView(each.currency.partition("/")[2], each.amount, each.money, each.expired)
        for each in bill.paid
    ]


def reclaimed_views(bill: Bill) -> list[ReclaimedDiscountView]:
    """Return what a refund keeps back of discounts."""
    return [
        ReclaimedDiscountView(each.discount, each.min_bill, each.kept, each.amount)
        for each in bill.reclaimed
    ]


def line_view(line: PricedLine) -> QuotedLineView:
    """Return a priced line as it is shown."""
    off = [DeductionView(*each) for each in line.off]
    return QuotedLineView(
        line.id, line.quantity, line.category, line.sku, line.price, line.net, line.covered, off
    )


def considered_views(
    considered: Sequence[Considered], priced: Quote | Bill, programmes: Programmes, locale: str
) -> list[ConsideredDiscountView]:
    """Return what was looked at, by the names that the version has which ``priced`` it."""
    version = programmes.version(priced.programme, priced.version)
    programme = None if version is None else version.document
    names = _names(programme)
    return [_considered(each, programme, names, locale) for each in considered]


def _considered(
    each: Considered, programme: Programme | None, names: dict[Any, Text], locale: str
) -> ConsideredDiscountView:
    why_not = each.why_not
    short = why_not is not None and why_not.reason == "below_min_bill"
    return ConsideredDiscountView(
        source=each.source,
        id=each.id,
        name=text_in(names.get((each.source, each.id), each.id), locale),
        applied=why_not is None,
        percent=each.percent,
        amount=each.amount,
        reason=None if why_not is None else why_not.reason,
        detail=why_nothing(each, programme, locale),
        redemption_id=each.redemption or None,
        missing=why_not.needed - why_not.there if why_not and short else 0,
        limited=_limits(each, programme, locale),
    )


def why_nothing(considered: Considered, programme: Programme | None, locale: str) -> str:
    """Return why something took nothing off, in the reader's language; nothing where it did."""
    if considered.why_not is None or programme is None:
        return ""
    in_english = nothing_off.in_english(considered, programme)
    if language_of(locale) == DEFAULT_LOCALE:
        return in_english
    # Only readers of other languages pay for words.
    from chalicelib.domain.authoring import why_not

    return worded(why_not.of_considered(programme, considered), locale, in_english)


def _limits(considered: Considered, programme: Programme | None, locale: str) -> str:
    if programme is None or not considered.limited or not considered.amount:
        return ""
    in_english = nothing_off.limits_in_english(considered, programme)
    if language_of(locale) == DEFAULT_LOCALE:
        return in_english
    from chalicelib.domain.authoring import why_not

    return worded(why_not.of_limits(programme, considered), locale, in_english)


def _names(document: Programme | None) -> dict[Any, Text]:
    if document is None:
        return {}
    offers = discount_terms.SECTION.of(document).offers
    return (
        {("discount", each.id): each.name for each in offers}
        | {("entitlement", each.id): each.name for each in entitlements.SECTION.of(document)}
        | {("wallet", each.id): each.name for each in document.currencies}
        | {("voucher", each.id): each.name for each in document.rewards}
    )
