"""Quotes: what a purchase comes to for a member, and buying at that price."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct, field
from msgspec.structs import replace

from chalicelib.domain.ledger.activity import PURCHASE, Activity
from chalicelib.domain.ledger.quote import QuoteState
from chalicelib.domain.mechanics.quoting import Confirmed, MakeQuote
from chalicelib.domain.mechanics.wallet_payments import Payment
from chalicelib.domain.programme.fields import ActivityType, CurrencyCode, Id, LocalDate, Points
from chalicelib.domain.spelling import tidy
from chalicelib.routes.http.calls import (
    answer,
    caller_of,
    cursor_of,
    identity_of,
    programme_wanted,
    reply,
    services_of,
)
from chalicelib.routes.http.fields import (
    AT_LOCATION,
    DryRun,
    ExternalRef,
    Label,
    Source,
    VoucherCode,
)
from chalicelib.routes.http.operation import Body, Call, Reply
from chalicelib.routes.http.periods import BAD_PERIOD, PeriodPage, period_of
from chalicelib.routes.http.resource import Resource
from chalicelib.routes.pricing import Cart, activity_of
from chalicelib.routes.quote_views import (
    BoughtView,
    QuoteSummaryView,
    QuoteView,
    bought_view,
    quote_summary,
    quote_view,
)
from chalicelib.routes.views import (
    AwardView,
    BalanceView,
    ProgrammeOutcomeView,
    TierChangeView,
    award_view,
    balances,
    outcome_views,
    tier_change,
)
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.list_quotes import list_quotes
from chalicelib.usecases.quote_purchase import confirm_quote, quote_purchase, read_quote
from chalicelib.usecases.searching import Wanted
from chalicelib.usecases.services import programmes_of
from chalicelib.usecases.stored import Answer

api = Resource("quotes")


class PaymentBody(Body):
    """A wallet that is to pay: so many of its units, or as much as it can."""

    currency: Id
    amount: Points | None = None


class QuoteBody(Body):
    """
    What is to be bought.

    Staff quote a day of service as far back as activities may be dated back, and 366 days ahead; of
    a day to come the tier is today's.  Members quote a `purchase.completed` of today.  Without
    ``payments`` every prepaid wallet pays; an empty list is none.  ``exclude`` names discounts and
    entitlements that are to be left out.  Each voucher, and each payment that is asked for, is
    applied or named in `considered` with the reason why not.
    """

    programme: Id
    currency: CurrencyCode
    lines: Cart
    type: ActivityType = PURCHASE
    service_on: LocalDate | None = None
    vouchers: Annotated[list[VoucherCode], Meta(max_length=3)] = field(default_factory=list)
    payments: Annotated[list[PaymentBody], Meta(max_length=10)] | None = None
    exclude: Annotated[list[Id], Meta(max_length=100)] = field(default_factory=list)
    channel: Label = ""
    location: Label = ""
    provider: Label = ""


class ActivityRef(Body):
    """The identity of an activity, for ever."""

    source: Source
    external_id: ExternalRef


class ConfirmationBody(Body):
    """
    Under which identity the purchase is recorded, such as the till's receipt.

    Without one it is ``("quote", quote_id)``; it is what a reversal names.
    """

    recorded_as: ActivityRef | None = None


class NewQuoteView(Struct, frozen=True):
    """A new quote, and what it would earn if it were confirmed now."""

    quote: QuoteView
    awards: list[AwardView]
    outcomes: list[ProgrammeOutcomeView]


class ConfirmedQuoteView(Struct, frozen=True):
    """A quote that was bought, and what followed from the purchase."""

    quote: BoughtView
    version: int
    awards: list[AwardView]
    tier_changes: list[TierChangeView]
    outcomes: list[ProgrammeOutcomeView]
    balances: list[BalanceView]


class QuoteQuery(PeriodPage, kw_only=True, frozen=True):
    """Which quotes to list, by when they were made."""

    state: QuoteState | None = None
    programme: Id | None = None


class MemberQuotesView(Struct, frozen=True):
    """A page of a member's quotes, the latest first; it may be short and yet not the last."""

    member_id: str
    quotes: list[QuoteSummaryView]
    next_cursor: str | None


_PRICING = (
    "member_not_found",
    "account_closed",
    "programme_not_found",
    "not_enrolled",
    "currency_mismatch",
    "unknown_currency",
    "amount_too_large",
    "covered_too_much",
    "duplicate_line",
    "unknown_discount",
    "invalid_date",
    "backdate_limit",
    "not_for_members",
    "insufficient_points",
    "voucher_not_found",
    "too_many_guesses",
    "voucher_used",
    "voucher_cancelled",
    "voucher_expired",
    "policy_forbids",
    *AT_LOCATION,
)


@api.post(
    "/members/{member_id}/quotes",
    name="create_quote",
    scope="quotes:read",
    summary="Price a purchase: every discount, what it took off or why not",
    description=(
        "Nothing changes, and the price stands until the quote expires. With `dry_run` the quote "
        "is not kept, and the status is 200."
    ),
    body=QuoteBody,
    query=DryRun,
    answer=NewQuoteView,
    status=201,
    also=(200,),
    idempotent=False,
    member_may=True,
    errors=_PRICING,
)
def make(call: Call[QuoteBody, DryRun]) -> Reply:
    """Look at every discount, and itemise what is left to pay."""
    body, dry_run = call.body, call.query.dry_run
    payments = None
    if body.payments is not None:
        payments = tuple(Payment(each.currency, each.amount) for each in body.payments)
    command = MakeQuote(
        member=call.path["member_id"],
        programme=body.programme,
        quote_id="",
        activity=_activity(body),
        covered=tuple(line.covered for line in body.lines),
        service_on=body.service_on,
        payments=payments,
        excluded=frozenset(body.exclude),
    )
    services, caller = services_of(call), caller_of(call)
    made = quote_purchase(services, caller, command, body.vouchers, dry_run=dry_run)
    quote, recorded = made.quoted.quote, made.quoted.recorded
    view = NewQuoteView(
        quote_view(quote, made.programmes, quote.made_at, call.locale),
        [award_view(award) for award in recorded.awards if award.granted],
        outcome_views(recorded.outcomes),
    )
    return Reply(view, status=200 if dry_run else 201)


@api.get(
    "/members/{member_id}/quotes",
    name="list_quotes",
    scope="quotes:read",
    summary="List a member's quotes, the latest first",
    description="Those of the last two weeks; `from` and `to` are about when they were made.",
    query=QuoteQuery,
    answer=MemberQuotesView,
    member_may=True,
    errors=("member_not_found", "programme_not_found", *BAD_PERIOD),
)
def listed(call: Call[None, QuoteQuery]) -> Reply:
    """Page through the quotes of a member."""
    member, query = call.path["member_id"], call.query
    found, now = list_quotes(
        services_of(call),
        caller_of(call),
        member,
        Wanted(query.state, programme_wanted(call), period=period_of(call)),
        limit=query.limit,
        before=call.position(),
    )
    shown = [quote_summary(each, now) for each in found.items]
    return Reply(MemberQuotesView(member, shown, cursor_of(call, found.after)))


@api.get(
    "/members/{member_id}/quotes/{quote_id}",
    name="read_quote",
    scope="quotes:read",
    summary="Read a quote",
    description="It is as it was made, but for its state.",
    answer=QuoteView,
    member_may=True,
    errors=("member_not_found", "quote_not_found"),
)
def read(call: Call) -> Reply:
    """Read a quote as it was made."""
    services, caller = services_of(call), caller_of(call)
    found = read_quote(services, caller, call.path["member_id"], call.path["quote_id"])
    programmes = programmes_of(services, caller.tenant)
    return Reply(quote_view(found.quote, programmes, found.now, call.locale))


@api.post(
    "/members/{member_id}/quotes/{quote_id}/confirmation",
    name="confirm_quote",
    scope="quotes:confirm",
    summary="Buy what was quoted, at that price",
    description=(
        "Uses what the quote uses and records the purchase, all or nothing, once. What is gone "
        "meanwhile refuses it."
    ),
    body=ConfirmationBody,
    answer=ConfirmedQuoteView,
    status=201,
    idempotent="optional",
    errors=(
        "member_not_found",
        "account_closed",
        "programme_not_found",
        "not_enrolled",
        "quote_not_found",
        "quote_confirmed",
        "quote_expired",
        "quote_stale",
        "reserved_source",
        "source_not_allowed",
        "not_entitled",
        "quota_exhausted",
        "policy_forbids",
        "voucher_used",
        "voucher_cancelled",
        "voucher_expired",
    ),
)
def confirm(call: Call[ConfirmationBody]) -> Reply:
    """Take what it uses, and record what was bought."""
    named = call.body.recorded_as

    def present(decided: Decided) -> Answer:
        result: Confirmed = decided.results[-1]
        recorded = result.recorded
        view = ConfirmedQuoteView(
            quote=bought_view(result.quote),
            version=decided.version,
            awards=[award_view(award) for award in recorded.awards if award.granted],
            tier_changes=[tier_change(moved) for moved in recorded.tier_changes],
            outcomes=outcome_views(recorded.outcomes),
            balances=balances(decided.account, decided.programmes, decided.now, "en"),
        )
        return answer(201, view)

    return reply(
        confirm_quote(
            services_of(call),
            caller_of(call),
            call.path["member_id"],
            call.path["quote_id"],
            None if named is None else (named.source, named.external_id),
            present,
            identity_of(call),
        )
    )


def _activity(body: QuoteBody) -> Activity:
    return replace(
        activity_of(body.currency, body.lines),
        type=body.type,
        channel=tidy(body.channel),
        location=tidy(body.location),
        provider=tidy(body.provider),
    )
