"""Gift cards: sold once, and good for whoever has the code."""

from __future__ import annotations

from chalicelib.domain.mechanics.gift_card_endings import CancelGiftCard, Ended
from chalicelib.domain.mechanics.gift_cards import Sold
from chalicelib.routes.gift_card_views import (
    CancelledGiftCardView,
    GiftCardBalanceView,
    GiftCardCancellationBody,
    GiftCardCodeBody,
    GiftCardListView,
    GiftCardQuery,
    GiftCardSaleBody,
    IssuedGiftCardView,
    SoldGiftCardView,
    balance_view,
    gift_card_view,
    money_of,
    name_of,
)
from chalicelib.routes.http.calls import (
    answer,
    caller_of,
    carry_out,
    cursor_of,
    entry_of,
    identity_of,
    programme_wanted,
    reply,
    services_of,
)
from chalicelib.routes.http.fields import DryRun
from chalicelib.routes.http.operation import Call, Reply
from chalicelib.routes.http.periods import BAD_PERIOD, period_of
from chalicelib.routes.http.resource import Resource
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.gift_cards import (
    Ordered,
    list_gift_cards,
    lookup_gift_card,
    read_gift_card,
    sell_gift_card,
)
from chalicelib.usecases.redeem_reward import code_of, sealed_code
from chalicelib.usecases.searching import Wanted
from chalicelib.usecases.stored import Answer

api = Resource("gift_cards")


@api.post(
    "/gift-cards",
    name="create_gift_card",
    scope="gift_cards:sell",
    summary="Sell a gift card",
    description=(
        "It is paid for elsewhere; the answer has its code, for whoever gets it. A card "
        "is never paid out, topped up, transferred or bought with points. A sale earns "
        "nothing: report the purchases that the card pays."
    ),
    body=GiftCardSaleBody,
    answer=SoldGiftCardView,
    status=201,
    idempotent=True,
    limited="open",
    errors=(
        "programme_not_found",
        "unknown_gift_card",
        "gift_card_amount",
        "gift_card_not_sold",
        "payment_known",
    ),
)
def sell(call: Call[GiftCardSaleBody]) -> Reply:
    """Open the account of a gift card."""
    body = call.body

    def present(decided: Decided) -> Answer:
        sold: Sold = decided.results[-1]
        view = SoldGiftCardView(
            gift_card_id=decided.member,
            code=sealed_code(decided.member),
            programme=sold.programme,
            gift_card=sold.gift_card,
            name=name_of(sold, decided.programmes, decided.now, "en"),
            amount=sold.amount,
            currency=money_of(sold, decided.programmes, decided.now),
            expires_on=sold.expires_on,
        )
        return answer(201, view)

    ordered = Ordered(body.programme, body.gift_card, body.amount, body.reference)
    return reply(
        sell_gift_card(services_of(call), caller_of(call), ordered, present, identity_of(call))
    )


@api.get(
    "/gift-cards",
    name="list_gift_cards",
    scope="gift_cards:read",
    summary="List the gift cards, the latest to be sold first",
    description="`from` and `to` are about the sale. Of the codes only the end is shown.",
    query=GiftCardQuery,
    answer=GiftCardListView,
    errors=("programme_not_found", *BAD_PERIOD),
)
def listed(call: Call[None, GiftCardQuery]) -> Reply:
    """Page through the gift cards of a tenant."""
    services, caller, query = services_of(call), caller_of(call), call.query
    wanted = Wanted(query.state, programme_wanted(call), query.gift_card, period_of(call))
    found = list_gift_cards(services, caller, wanted, limit=query.limit, before=entry_of(call))
    shown = [
        gift_card_view(each, code_of(services, caller, each.id), call.locale)
        for each in found.items
    ]
    return Reply(GiftCardListView(shown, cursor_of(call, found.after)))


@api.post(
    "/gift-cards/lookup",
    name="find_gift_card",
    scope="gift_cards:read",
    summary="Look up what is left on a gift card",
    description="The code travels in the body, since addresses end up in logs.",
    body=GiftCardCodeBody,
    answer=GiftCardBalanceView,
    idempotent=False,
    limited="open",
    errors=("gift_card_not_found", "too_many_guesses"),
)
def lookup(call: Call[GiftCardCodeBody]) -> Reply:
    """Find a gift card by its code."""
    found = lookup_gift_card(services_of(call), caller_of(call), call.body.code)
    return Reply(balance_view(found, call.locale))


@api.get(
    "/gift-cards/{gift_card_id}",
    name="read_gift_card",
    scope="gift_cards:read",
    summary="Read a gift card",
    description="Where what was paid for it is now. Of its code only the end is shown.",
    answer=IssuedGiftCardView,
    errors=("gift_card_not_found",),
)
def read(call: Call) -> Reply:
    """Read a gift card by its id."""
    services, caller, card = services_of(call), caller_of(call), call.path["gift_card_id"]
    found = read_gift_card(services, caller, card)
    return Reply(gift_card_view(found, code_of(services, caller, card), call.locale))


@api.post(
    "/gift-cards/{gift_card_id}/cancellation",
    name="cancel_gift_card",
    scope="reversals:write",
    summary="Cancel a gift card that was lost or sold by mistake",
    description=(
        "What is left on it is refunded to who paid, outside of here, or forfeited. Where the "
        "payment went back, reverse it by its reference instead. With `dry_run` nothing is written."
    ),
    body=GiftCardCancellationBody,
    query=DryRun,
    answer=CancelledGiftCardView,
    idempotent=True,
    errors=("gift_card_not_found", "gift_card_cancelled"),
)
def cancel(call: Call[GiftCardCancellationBody, DryRun]) -> Reply:
    """End a gift card."""
    body = call.body
    command = CancelGiftCard(
        member=call.path["gift_card_id"],
        refunded=body.left == "refund",
        reason=body.reason,
        note=body.note,
    )

    def present(decided: Decided) -> Answer:
        result: Ended = decided.results[-1]
        view = CancelledGiftCardView(
            gift_card_id=decided.member,
            state="cancelled",
            amount=result.amount,
            currency=money_of(result.sold, decided.programmes, decided.now),
            refunded=result.refunded,
        )
        return answer(200, view)

    return carry_out(call, command, present, dry_run=call.query.dry_run)
