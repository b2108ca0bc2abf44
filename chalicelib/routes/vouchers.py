"""Vouchers, known by their codes: whether one can be used, what it takes off, and its use."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import asdict

from chalicelib.domain import voucher_code
from chalicelib.domain.errors import Invalid
from chalicelib.domain.ledger.calendar import format_instant
from chalicelib.domain.mechanics.redemptions import (
    Fulfilment,
    Redemption,
    RedemptionState,
    State,
    redemption_state,
)
from chalicelib.domain.mechanics.voucher_trial import Tried
from chalicelib.domain.programme.fields import CurrencyCode, Id, text_in
from chalicelib.domain.programme.versions import Programmes
from chalicelib.routes.http.calls import (
    answer,
    caller_of,
    cursor_of,
    entry_of,
    identity_of,
    programme_wanted,
    reply,
    services_of,
)
from chalicelib.routes.http.fields import VoucherCode
from chalicelib.routes.http.operation import Body, Call, Reply
from chalicelib.routes.http.periods import BAD_PERIOD, PeriodPage, period_of
from chalicelib.routes.http.resource import Resource
from chalicelib.routes.pricing import (
    Cart,
    MoneyView,
    NothingOff,
    activity_of,
    why_nothing,
)
from chalicelib.routes.views import when
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.list_redemptions import list_vouchers
from chalicelib.usecases.redeem_reward import (
    VoucherRead,
    code_of,
    lookup_voucher,
    redemption_in,
    use_voucher,
)
from chalicelib.usecases.searching import Wanted
from chalicelib.usecases.stored import Answer

api = Resource("vouchers")


class VoucherCodeBody(Body):
    """A voucher's code as printed; case, blanks and hyphens do not matter."""

    code: VoucherCode


class CartBody(Body):
    """What is about to be bought, at the prices before any discount."""

    currency: CurrencyCode
    lines: Cart


class VoucherValidationBody(Body):
    """A voucher's code as printed, and perhaps the cart that it is presented for."""

    code: VoucherCode
    cart: CartBody | None = None


class VoucherFound(Struct, frozen=True):
    """A voucher, and whether it can be used now; ``reason`` and ``detail`` say why not."""

    redemption_id: str
    member_id: str
    programme: str
    reward: str
    name: str
    state: State
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
    """What the voucher would take off a cart, alone; ``reason`` and ``detail`` say why nothing."""

    discount: MoneyView
    reason: NothingOff | None
    detail: str
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
    state: State
    used_at: str


class VoucherQuery(PeriodPage, kw_only=True, frozen=True):
    """Which vouchers to list, by since when they are in that state."""

    state: RedemptionState = "issued"
    fulfilment: Fulfilment | None = None
    programme: Id | None = None
    reward: Id | None = None


class VoucherSummaryView(Struct, frozen=True):
    """A voucher of somebody's; of its code only the end is shown."""

    redemption_id: str
    member_id: str
    programme: str
    reward: str
    state: RedemptionState
    fulfilment: Fulfilment | None
    issued_at: str
    changed_at: str | None
    code: str
    expires_on: str | None
    expires_at: str | None


class VoucherListView(Struct, frozen=True):
    """
    A page of vouchers in one state, the latest to come to it first.

    It may be short and yet not the last.
    """

    vouchers: list[VoucherSummaryView]
    next_cursor: str | None


_UNUSABLE = (
    *("voucher_not_found", "voucher_used", "voucher_cancelled", "voucher_expired"),
    "too_many_guesses",
)


@api.post(
    "/vouchers/lookup",
    name="find_voucher",
    scope="vouchers:read",
    summary="Look a voucher up and see whether it can be used",
    description="The code travels in the body, since addresses end up in logs.",
    body=VoucherCodeBody,
    answer=VoucherFound,
    idempotent=False,
    limited="open",
    errors=("voucher_not_found", "too_many_guesses"),
)
def lookup(call: Call[VoucherCodeBody]) -> Reply:
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


@api.get(
    "/vouchers",
    name="list_vouchers",
    scope="vouchers:read",
    summary="List all members' vouchers in a state",
    description=(
        "The latest to come to it first. `from` and `to` are about when that was, of one that "
        "expired about when it was issued. Of codes only the end is shown."
    ),
    query=VoucherQuery,
    answer=VoucherListView,
    limited="asked",
    errors=("programme_not_found", *BAD_PERIOD),
)
def listed(call: Call[None, VoucherQuery]) -> Reply:
    """Page through the vouchers of a tenant."""
    services, caller, query = services_of(call), caller_of(call), call.query
    wanted = Wanted(
        query.state, programme_wanted(call), query.reward, period_of(call), query.fulfilment
    )
    found, now = list_vouchers(services, caller, wanted, limit=query.limit, before=entry_of(call))
    shown = [
        VoucherSummaryView(
            redemption_id=each.id,
            member_id=each.member,
            programme=each.programme,
            reward=each.reward,
            state=redemption_state(each, now),
            fulfilment=each.fulfilment,
            issued_at=format_instant(each.issued_at),
            changed_at=when(each.changed_at),
            code=voucher_code.masked(code_of(services, caller, each.id)),
            expires_on=each.expires_on,
            expires_at=when(each.expires_at),
        )
        for each in found.items
    ]
    return Reply(VoucherListView(shown, cursor_of(call, found.after)))


@api.post(
    "/vouchers/validation",
    name="validate_voucher",
    scope="vouchers:read",
    summary="Validate a voucher, alone or for a cart",
    description=(
        "What it would take off if nothing else did; a quote says what it does beside others."
    ),
    body=VoucherValidationBody,
    answer=VoucherValid,
    idempotent=False,
    limited="open",
    errors=(
        *_UNUSABLE,
        "programme_not_found",
        "not_enrolled",
        "currency_mismatch",
        "amount_too_large",
        "covered_too_much",
        "duplicate_line",
    ),
)
def validate(call: Call[VoucherValidationBody]) -> Reply:
    """Answer like the use of the voucher would, and change nothing."""
    body = call.body
    try:
        cart = None if body.cart is None else activity_of(body.cart.currency, body.cart.lines)
        found = lookup_voucher(services_of(call), caller_of(call), body.code, cart)
    except Invalid as refusal:
        raise refusal.under("/cart") from None
    if found.refusal is not None:
        raise found.refusal
    shown = None if found.tried is None else _cart(found.tried, call.locale)
    return Reply(VoucherValid(**asdict(_found(found, call.locale)), cart=shown))


def _cart(tried: Tried, locale: str) -> CartView:
    lines = [
        CartLineView(line.id, line.price, line.price - line.net, line.net) for line in tried.lines
    ]
    found = tried.considered
    why_not = None if found.why_not is None else found.why_not.reason
    return CartView(
        discount=MoneyView(found.amount, tried.programme.money.currency),
        reason=why_not,
        detail=why_nothing(found, tried.programme, locale),
        lines=lines,
    )


@api.post(
    "/vouchers/use",
    name="use_voucher",
    scope="vouchers:write",
    summary="Use a voucher, once",
    description="From then on it cannot be used again or cancelled.",
    body=VoucherCodeBody,
    answer=VoucherUsed,
    idempotent=True,
    limited="open",
    errors=_UNUSABLE,
)
def use(call: Call[VoucherCodeBody]) -> Reply:
    """Hand over what the voucher stands for."""
    return reply(
        use_voucher(
            services_of(call), caller_of(call), call.body.code, _present_use, identity_of(call)
        )
    )


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
