"""Rewards that a member can have, redemptions, and the vouchers that stand for them."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct
from msgspec.structs import asdict

from chalicelib.domain import voucher_code
from chalicelib.domain.calendar import format_instant
from chalicelib.domain.errors import Invalid
from chalicelib.domain.mechanics.quoting import Tried
from chalicelib.domain.mechanics.rewards import CancelRedemption, Offer, Redemption
from chalicelib.domain.programme import Id, Programmes, text_in
from chalicelib.routes.calls import answer, caller_of, carry_out, identity_of, reply, services_of
from chalicelib.routes.fields import CurrencyCode, DryRun
from chalicelib.routes.http import Body, Call, Reply, Resource
from chalicelib.routes.quotes import MoneyView, QuotedLineBody, activity_of
from chalicelib.routes.views import BalanceView, balances, when
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.ports import Answer
from chalicelib.usecases.redeem_reward import (
    VoucherRead,
    code_of,
    list_rewards,
    lookup_voucher,
    read_redemption,
    redeem_reward,
    redemption_in,
    sealed_code,
    use_voucher,
)

api = Resource("rewards")


class RedeemBody(Body):
    """What to redeem."""

    programme: Id
    reward: Id


class CancellationBody(Body):
    """Why it is taken back."""

    reason: Annotated[str, Meta(max_length=200)] = ""


class VoucherBody(Body):
    """A voucher's code as printed; case, blanks and hyphens do not matter."""

    code: Annotated[str, Meta(min_length=1, max_length=64)]


class CartBody(Body):
    """What is about to be bought, at the prices before any discount."""

    currency: CurrencyCode
    lines: Annotated[list[QuotedLineBody], Meta(min_length=1, max_length=100)]


class ValidationBody(Body):
    """A voucher's code as printed, and perhaps the cart that it is presented for."""

    code: Annotated[str, Meta(min_length=1, max_length=64)]
    cart: CartBody | None = None


class OfferView(Struct, frozen=True):
    """
    A reward as this member sees it; ``reasons`` say why it is out of reach.

    ``by`` says whether ``anyone`` may redeem it or ``staff`` alone, who hand it out; ``payee`` for
    whose benefit it is, if for anybody's but the member's.
    """

    programme: str
    reward: str
    name: str
    description: str
    kind: str
    by: str
    payee: str | None
    currency: str
    price: int
    affordable: bool
    reasons: list[dict[str, Any]]


class OffersView(Struct, frozen=True):
    """Every reward of the member's programmes."""

    member_id: str
    rewards: list[OfferView]


class VoucherView(Struct, frozen=True):
    """The voucher of a redemption."""

    code: str
    expires_on: str | None
    expires_at: str | None


class RedemptionView(Struct, frozen=True):
    """A reward that was paid for; without a voucher where what it gives is there at once."""

    redemption_id: str
    member_id: str
    programme: str
    reward: str
    currency: str
    price: int
    state: str
    issued_at: str
    voucher: VoucherView | None
    balances: list[BalanceView]


class RedemptionRead(Struct, frozen=True):
    """A reward that was paid for, with its voucher's code."""

    redemption_id: str
    member_id: str
    programme: str
    reward: str
    currency: str
    price: int
    state: str
    issued_at: str
    changed_at: str | None
    voucher: VoucherView | None


class CancellationView(Struct, frozen=True):
    """A redemption taken back."""

    redemption_id: str
    member_id: str
    state: str
    restored: int
    currency: str
    balances: list[BalanceView]


class VoucherFound(Struct, frozen=True):
    """A voucher, and whether it can be used now; ``code`` and ``detail`` say why not."""

    redemption_id: str
    member_id: str
    programme: str
    reward: str
    name: str
    state: str
    usable: bool
    reason: str | None
    detail: str | None
    expires_on: str | None
    expires_at: str | None


class CartLineView(Struct, frozen=True):
    """One line of a cart, and what the voucher would take off it."""

    id: str
    price: int
    off: int
    net: int


class CartView(Struct, frozen=True):
    """What the voucher would take off a cart, alone; ``reason`` says why nothing."""

    discount: MoneyView
    reason: str
    lines: list[CartLineView]


class VoucherValid(VoucherFound, frozen=True):
    """A voucher that can be used now; ``cart`` is null where none was sent."""

    cart: CartView | None


class VoucherUsed(Struct, frozen=True):
    """A voucher that was handed in."""

    redemption_id: str
    member_id: str
    programme: str
    reward: str
    state: str
    used_at: str


_OBSTACLES = (
    "member_not_found",
    "account_closed",
    "programme_not_found",
    "not_enrolled",
    "reward_not_found",
    "given_by_staff",
    "reward_not_available",
    "tier_required",
    "limit_reached",
    "insufficient_points",
    "out_of_stock",
    "tier_held",
)
_VOUCHER = ("voucher_not_found", "voucher_used", "voucher_cancelled", "voucher_expired")


@api.get(
    "/members/{member_id}/rewards",
    scope="rewards:read",
    summary="List rewards: what the member can afford, and why not the rest",
    answer=OffersView,
    member_may=True,
    errors=("member_not_found",),
)
def offers(call: Call) -> Reply:
    """List the rewards as this member sees them."""
    member = call.path["member_id"]
    found = list_rewards(services_of(call), caller_of(call), member)
    return Reply(OffersView(member, [_offer(offer, call.locale) for offer in found.offers]))


@api.post(
    "/members/{member_id}/redemptions",
    scope="redemptions:write",
    summary="Redeem a reward",
    description=(
        "The answer has the voucher's code. With `dry_run` nothing is written, there is no code, "
        "and the status is 200."
    ),
    body=RedeemBody,
    query=DryRun,
    answer=RedemptionView,
    status=201,
    also=(200,),
    idempotent=True,
    member_may=True,
    errors=_OBSTACLES,
)
def redeem(call: Call[RedeemBody, DryRun]) -> Reply:
    """Pay for a reward and issue its voucher."""
    dry_run = call.query.dry_run

    def present(decided: Decided) -> Answer:
        redemption = redemption_in(decided)
        code = "" if dry_run else sealed_code(redemption.id)
        view = RedemptionView(
            redemption_id=redemption.id,
            member_id=decided.member,
            programme=redemption.programme,
            reward=redemption.reward,
            currency=redemption.currency.partition("/")[2],
            price=redemption.price,
            state="dry_run" if dry_run else redemption.state,
            issued_at=format_instant(redemption.issued_at),
            voucher=_voucher(redemption, code),
            balances=_balances(decided),
        )
        return answer(200 if dry_run else 201, view)

    return reply(
        redeem_reward(
            services_of(call),
            caller_of(call),
            call.path["member_id"],
            call.body.programme,
            call.body.reward,
            present,
            identity_of(call),
            dry_run=dry_run,
        )
    )


@api.get(
    "/members/{member_id}/redemptions/{redemption_id}",
    scope="rewards:read",
    summary="Read a redemption with its voucher",
    answer=RedemptionRead,
    member_may=True,
    errors=("member_not_found", "redemption_not_found"),
)
def read(call: Call) -> Reply:
    """Read a redemption."""
    member = call.path["member_id"]
    services, caller = services_of(call), caller_of(call)
    redemption = read_redemption(services, caller, member, call.path["redemption_id"])
    code = voucher_code.shown(code_of(services, caller, redemption.id))
    return Reply(
        RedemptionRead(
            redemption_id=redemption.id,
            member_id=member,
            programme=redemption.programme,
            reward=redemption.reward,
            currency=redemption.currency.partition("/")[2],
            price=redemption.price,
            state=redemption.state,
            issued_at=format_instant(redemption.issued_at),
            changed_at=when(redemption.changed_at),
            voucher=_voucher(redemption, code),
        )
    )


@api.post(
    "/members/{member_id}/redemptions/{redemption_id}/cancellation",
    scope="redemptions:write",
    summary="Cancel a redemption; its value returns to its original expiry",
    body=CancellationBody,
    answer=CancellationView,
    idempotent=True,
    member_may=True,
    errors=("member_not_found", "account_closed", "redemption_not_found", *_VOUCHER[1:]),
)
def cancel(call: Call[CancellationBody]) -> Reply:
    """Take a redemption back."""
    command = CancelRedemption(
        member=call.path["member_id"],
        redemption_id=call.path["redemption_id"],
        reason=call.body.reason,
    )
    return carry_out(call, command, _present_cancellation)


@api.post(
    "/vouchers/lookup",
    scope="vouchers:read",
    summary="Look a voucher up and see whether it can be used",
    description="The code travels in the body, since addresses end up in logs.",
    body=VoucherBody,
    answer=VoucherFound,
    idempotent=False,
    errors=("voucher_not_found",),
)
def lookup(call: Call[VoucherBody]) -> Reply:
    """Find a voucher, usable or not."""
    found = lookup_voucher(services_of(call), caller_of(call), call.body.code)
    return Reply(_found(found, call.locale))


def _found(found: VoucherRead, locale: str) -> VoucherFound:
    redemption, refusal = found.redemption, found.refusal
    return VoucherFound(
        redemption_id=redemption.id,
        member_id=found.member,
        programme=redemption.programme,
        reward=redemption.reward,
        name=_name(found.programmes, redemption, locale),
        state=redemption.state,
        usable=refusal is None,
        reason=refusal.code if refusal else None,
        detail=refusal.message if refusal else None,
        expires_on=redemption.expires_on,
        expires_at=when(redemption.expires_at),
    )


@api.post(
    "/vouchers/validation",
    scope="vouchers:read",
    summary="Refuse a voucher that cannot be used now, and see what it takes off a cart",
    description=(
        "What it would take off if nothing else did; a quote says what it does beside others."
    ),
    body=ValidationBody,
    answer=VoucherValid,
    idempotent=False,
    errors=(
        *_VOUCHER,
        "programme_not_found",
        "not_enrolled",
        "currency_mismatch",
        "duplicate_line",
    ),
)
def validate(call: Call[ValidationBody]) -> Reply:
    """Answer like the use of the voucher would, and change nothing."""
    body = call.body
    cart = None if body.cart is None else activity_of(body.cart.currency, body.cart.lines)
    try:
        found = lookup_voucher(services_of(call), caller_of(call), body.code, cart)
    except Invalid as refusal:
        raise refusal.under("/cart") from None
    if found.refusal is not None:
        raise found.refusal
    shown = None if found.tried is None else _cart(found.tried)
    return Reply(VoucherValid(**asdict(_found(found, call.locale)), cart=shown))


def _cart(tried: Tried) -> CartView:
    lines = [
        CartLineView(line.id, line.price, line.price - line.net, line.net) for line in tried.lines
    ]
    return CartView(MoneyView(tried.amount, tried.money), tried.reason, lines)


@api.post(
    "/vouchers/use",
    scope="vouchers:write",
    summary="Use a voucher, once",
    body=VoucherBody,
    answer=VoucherUsed,
    idempotent=True,
    errors=_VOUCHER,
)
def use(call: Call[VoucherBody]) -> Reply:
    """Hand over what the voucher stands for."""
    return reply(
        use_voucher(
            services_of(call), caller_of(call), call.body.code, _present_use, identity_of(call)
        )
    )


def _offer(offer: Offer, locale: str) -> OfferView:
    reward = offer.reward
    return OfferView(
        programme=offer.programme,
        reward=reward.id,
        name=text_in(reward.name, locale),
        description=text_in(reward.description, locale),
        kind=reward.kind,
        by=reward.by,
        payee=reward.payee,
        currency=reward.price.currency,
        price=reward.price.amount,
        affordable=offer.affordable,
        reasons=[dict(reason) for reason in offer.reasons],
    )


def _voucher(redemption: Redemption, code: str) -> VoucherView | None:
    if not redemption.voucher_hash:
        return None
    return VoucherView(code, redemption.expires_on, when(redemption.expires_at))


def _balances(decided: Decided) -> list[BalanceView]:
    return balances(decided.account, decided.programmes, decided.now, "en")


def _present_cancellation(decided: Decided) -> Answer:
    redemption = redemption_in(decided)
    view = CancellationView(
        redemption_id=redemption.id,
        member_id=decided.member,
        state=redemption.state,
        restored=redemption.price,
        currency=redemption.currency.partition("/")[2],
        balances=_balances(decided),
    )
    return answer(200, view)


def _present_use(decided: Decided) -> Answer:
    redemption = redemption_in(decided)
    view = VoucherUsed(
        redemption_id=redemption.id,
        member_id=decided.member,
        programme=redemption.programme,
        reward=redemption.reward,
        state=redemption.state,
        used_at=format_instant(decided.now),
    )
    return answer(200, view)


def _name(programmes: Programmes, redemption: Redemption, locale: str) -> str:
    version = programmes.in_force(redemption.programme, redemption.issued_at)
    reward = version.document.reward(redemption.reward) if version else None
    return text_in(reward.name, locale) if reward else redemption.reward
