"""How a quote is shown: as it stands, and once it was bought."""

from __future__ import annotations

from msgspec import Struct

from chalicelib.domain.ledger.calendar import Instant, format_instant
from chalicelib.domain.ledger.quote import Quote, QuoteState
from chalicelib.domain.programme.versions import Programmes
from chalicelib.routes.http.operation import Day, Timestamp
from chalicelib.routes.pricing import (
    ConsideredDiscountView,
    DrawView,
    MoneyView,
    QuotedLineView,
    considered_views,
    line_view,
)


class QuoteView(Struct, frozen=True):
    """
    A quote: `open`, `confirmed` or `expired`.

    ``price`` less ``discount`` is ``net``; less what wallets pay it is ``due``.  All of that is the
    member's own part: what is ``covered`` somebody else pays besides.  What the purchase
    is recorded as was said when the quote was made, by a `member`, `staff` or a `server`
    (``made_by``): its ``type``, the day of service, and where.
    """

    quote_id: str
    member_id: str
    programme: str
    state: QuoteState
    type: str
    service_on: Day
    channel: str
    location: str
    provider: str
    made_by: str
    made_at: Timestamp
    expires_at: Timestamp
    covered: MoneyView
    price: MoneyView
    discount: MoneyView
    net: MoneyView
    due: MoneyView
    lines: list[QuotedLineView]
    considered: list[ConsideredDiscountView]
    draws: list[DrawView]
    redemptions: list[str]


class BoughtView(Struct, frozen=True):
    """
    What a quote came to that was bought; its lines and discounts are those of the quote.

    They are not repeated: this answer is kept for ever, and they say what was served.
    """

    quote_id: str
    member_id: str
    programme: str
    state: QuoteState
    service_on: Day
    covered: MoneyView
    price: MoneyView
    discount: MoneyView
    net: MoneyView
    due: MoneyView
    draws: list[DrawView]
    redemptions: list[str]


class QuoteSummaryView(Struct, frozen=True):
    """What a quote comes to; what it is made up of is read with the quote itself."""

    quote_id: str
    programme: str
    state: QuoteState
    service_on: Day
    made_by: str
    made_at: Timestamp
    expires_at: Timestamp
    net: MoneyView
    due: MoneyView


def quote_summary(quote: Quote, now: Instant) -> QuoteSummaryView:
    """Return a quote as lists show it at an instant."""
    unit = quote.activity.money or ""
    return QuoteSummaryView(
        quote_id=quote.id,
        programme=quote.programme,
        state=quote.state_at(now),
        service_on=quote.service_on,
        made_by=quote.made_by,
        made_at=format_instant(quote.made_at),
        expires_at=format_instant(quote.expires_at),
        net=MoneyView(quote.net, unit),
        due=MoneyView(quote.due, unit),
    )


def quote_view(quote: Quote, programmes: Programmes, now: Instant, locale: str) -> QuoteView:
    """Return a quote as it is shown at an instant."""
    unit = quote.activity.money or ""
    return QuoteView(
        quote_id=quote.id,
        member_id=quote.member,
        programme=quote.programme,
        state=quote.state_at(now),
        type=quote.activity.type,
        service_on=quote.service_on,
        channel=quote.activity.channel,
        location=quote.activity.location,
        provider=quote.activity.provider,
        made_by=quote.made_by,
        made_at=format_instant(quote.made_at),
        expires_at=format_instant(quote.expires_at),
        covered=MoneyView(quote.covered, unit),
        price=MoneyView(quote.price, unit),
        discount=MoneyView(quote.price - quote.net, unit),
        net=MoneyView(quote.net, unit),
        due=MoneyView(quote.due, unit),
        lines=[line_view(line) for line in quote.lines],
        considered=considered_views(quote.considered, quote, programmes, locale),
        draws=_draws(quote),
        redemptions=list(quote.redemptions),
    )


def bought_view(quote: Quote) -> BoughtView:
    """Return a quote that was bought."""
    unit = quote.activity.money or ""
    return BoughtView(
        quote_id=quote.id,
        member_id=quote.member,
        programme=quote.programme,
        state=quote.state,
        service_on=quote.service_on,
        covered=MoneyView(quote.covered, unit),
        price=MoneyView(quote.price, unit),
        discount=MoneyView(quote.price - quote.net, unit),
        net=MoneyView(quote.net, unit),
        due=MoneyView(quote.due, unit),
        draws=_draws(quote),
        redemptions=list(quote.redemptions),
    )


def _draws(quote: Quote) -> list[DrawView]:
    return [
        DrawView(draw.currency.partition("/")[2], draw.amount, draw.money) for draw in quote.draws
    ]
