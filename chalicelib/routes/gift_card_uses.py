"""Uses of gift cards: they pay for something, or go into a member's wallet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from chalicelib.domain.decide.commands import Command
from chalicelib.domain.mechanics.gift_card_moves import PutIntoWallet, Received
from chalicelib.domain.mechanics.gift_card_uses import (
    CancelGiftCardUse,
    UseCancelled,
    Used,
    UseGiftCard,
)
from chalicelib.routes.gift_card_views import (
    CancelledGiftCardUseView,
    GiftCardInWalletView,
    GiftCardMoveBody,
    GiftCardUseBody,
    GiftCardUseCancellationBody,
    GiftCardUseView,
    money_of,
    parts_view,
)
from chalicelib.routes.http.calls import (
    answer,
    caller_of,
    carry_out,
    identity_of,
    reply,
    services_of,
)
from chalicelib.routes.http.fields import DryRun
from chalicelib.routes.http.operation import Call, Reply
from chalicelib.routes.http.resource import Resource
from chalicelib.routes.views import balances
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.execution import Present
from chalicelib.usecases.gift_cards import (
    with_code,
)
from chalicelib.usecases.stored import Answer

api = Resource("gift_card_uses")

_UNUSABLE: Final = (
    "gift_card_not_found",
    "gift_card_cancelled",
    "gift_card_expired",
    "gift_card_used_up",
    "gift_card_too_little",
    "too_many_guesses",
)


@api.post(
    "/gift-cards/use",
    name="use_gift_card",
    scope="gift_cards:use",
    summary="Pay with a gift card, or with a part of it",
    description=(
        "Where its purchase is returned, cancel the use. With `dry_run` nothing is written, and "
        "the status is 200."
    ),
    body=GiftCardUseBody,
    query=DryRun,
    answer=GiftCardUseView,
    status=201,
    also=(200,),
    idempotent=True,
    limited="open",
    errors=(*_UNUSABLE, "currency_mismatch"),
)
def use(call: Call[GiftCardUseBody, DryRun]) -> Reply:
    """Take a part of what is on a card."""
    services, body, dry_run = services_of(call), call.body, call.query.dry_run

    def command_of(card: str) -> UseGiftCard:
        return UseGiftCard(
            member=card,
            use_id=services.new_id("use"),
            amount=body.amount,
            money=body.currency,
            reference=body.reference,
        )

    def present(decided: Decided) -> Answer:
        result: Used = decided.results[-1]
        view = GiftCardUseView(
            gift_card_use_id=None if dry_run else result.use.id,
            gift_card_id=decided.member,
            amount=result.use.amount,
            currency=body.currency,
            balance=result.left,
            expires_on=result.sold.expires_on,
        )
        return answer(200 if dry_run else 201, view)

    return _by_code(call, body.code, command_of, present)


@api.post(
    "/gift-cards/{gift_card_id}/uses/{gift_card_use_id}/cancellation",
    name="cancel_gift_card_use",
    scope="gift_cards:use",
    summary="Cancel a use of a gift card, or a part of it",
    description=(
        "What comes back is usable until its last day; the answer says what becomes of it where "
        "that has passed, or the card has ended. With `dry_run` nothing is written."
    ),
    body=GiftCardUseCancellationBody,
    query=DryRun,
    answer=CancelledGiftCardUseView,
    idempotent=True,
    limited="open",
    errors=(
        "gift_card_not_found",
        "gift_card_use_not_found",
        "gift_card_use_cancelled",
        "exceeds_remaining",
    ),
)
def cancel_use(call: Call[GiftCardUseCancellationBody, DryRun]) -> Reply:
    """Put back what a card paid."""
    body = call.body
    command = CancelGiftCardUse(
        member=call.path["gift_card_id"],
        use_id=call.path["gift_card_use_id"],
        amount=body.amount,
        reason=body.reason,
        note=body.note,
    )

    def present(decided: Decided) -> Answer:
        result: UseCancelled = decided.results[-1]
        view = CancelledGiftCardUseView(
            gift_card_use_id=result.use.id,
            gift_card_id=decided.member,
            amount=result.amount,
            remaining=result.use.left,
            usable=result.usable,
            expired=result.expired,
            settled=result.settled,
            forfeited=result.forfeited,
            currency=money_of(result.sold, decided.programmes, decided.now),
            balance=result.left,
            expires_on=result.sold.expires_on,
        )
        return answer(200, view)

    return carry_out(call, command, present, dry_run=call.query.dry_run)


@api.post(
    "/members/{member_id}/gift-cards",
    name="add_gift_card",
    scope="gift_cards:use",
    summary="Put a gift card into a member's wallet, or a part of it",
    description=(
        "Quotes then pay with it as with all prepaid money. It lasts no longer by that, and is "
        "neither put back nor refunded. With `dry_run` nothing is written, and the status is 200."
    ),
    body=GiftCardMoveBody,
    query=DryRun,
    answer=GiftCardInWalletView,
    status=201,
    also=(200,),
    idempotent=True,
    member_may=True,
    errors=(
        *_UNUSABLE,
        "gift_card_stays",
        "member_not_found",
        "account_closed",
        "programme_not_found",
        "not_enrolled",
    ),
)
def put_into_wallet(call: Call[GiftCardMoveBody, DryRun]) -> Reply:
    """Move what is on a card into a wallet."""
    body, member = call.body, call.path["member_id"]

    def command_of(card: str) -> PutIntoWallet:
        return PutIntoWallet(member=member, card=card, amount=body.amount)

    def present(decided: Decided) -> Answer:
        result: Received = decided.results[-1]
        view = GiftCardInWalletView(
            member_id=decided.member,
            gift_card_id=result.card,
            programme=result.sold.programme,
            currency=result.sold.currency.partition("/")[2],
            amount=result.amount,
            settled=result.settled,
            lots=parts_view(result.parts),
            gift_card_balance=result.left,
            balances=balances(decided.account, decided.programmes, decided.now, "en"),
        )
        return answer(200 if call.query.dry_run else 201, view)

    return _by_code(call, body.code, command_of, present)


def _by_code(
    call: Call[Any, DryRun], code: str, command_of: Callable[[str], Command], present: Present
) -> Reply:
    return reply(
        with_code(
            services_of(call),
            caller_of(call),
            code,
            command_of,
            present,
            identity_of(call),
            dry_run=call.query.dry_run,
        )
    )
