"""
Quotes: a purchase is priced, shown, and then confirmed at exactly that price.

Making one changes nothing.  Confirming it takes everything that it uses, free units, vouchers,
prepaid value, cashback and points, and records the purchase with what it earns, in one entry.  The
price stands until the quote expires, whatever happens to tiers and dates meanwhile; but what it
uses must still be there, else it is refused and nothing is taken.

What a refund gives back is in `quoted`.

A quote is refused in this order: not this member's programme, confirmed already, expired, a unit or
a voucher that is gone, value that is gone.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain import calendar
from chalicelib.domain.account import Account
from chalicelib.domain.activity import Activity, checked
from chalicelib.domain.bill import PricedLine
from chalicelib.domain.calendar import Instant
from chalicelib.domain.commands import (
    Claim,
    Command,
    Decision,
    Redemption,
    SaveQuote,
    SaveRedemption,
)
from chalicelib.domain.draft import Draft
from chalicelib.domain.entry import REDEEMED, Line
from chalicelib.domain.errors import Conflict, Invalid
from chalicelib.domain.mechanics import (
    activities,
    discounts,
    entitlements,
    pricing,
    rewards,
    value,
)
from chalicelib.domain.mechanics.activities import Recorded
from chalicelib.domain.mechanics.discounts import Purchase
from chalicelib.domain.mechanics.households import Household
from chalicelib.domain.mechanics.pricing import Payment
from chalicelib.domain.mechanics.quoted import SECTION
from chalicelib.domain.programme import Programme, Programmes
from chalicelib.domain.quote import Draw, Quote
from chalicelib.domain.ruling import ruling

#: The source of the fact that a confirmed quote is, where the caller names no other.
SOURCE: Final = "quote"
_MINUTE_MS: Final = 60_000


class MakeQuote(Command, frozen=True):
    """
    Price a purchase.

    ``activity`` is the fact as it would be recorded, with the prices before any discount on its
    lines; ``service_on`` the local day by which discounts go, today where it is not said.
    """

    member: str
    programme: str
    quote_id: str
    activity: Activity
    service_on: str | None = None
    birthday: str = ""
    household: Household | None = None
    payments: tuple[Payment, ...] | None = None
    vouchers: tuple[Redemption, ...] = ()
    declined: frozenset[str] = frozenset()


class ConfirmQuote(Command, frozen=True):
    """
    Buy what was quoted.

    ``redemptions`` are those of the quote as they are now; ``source`` and ``external_id`` the
    identity of the fact that is recorded.
    """

    quote: Quote
    redemptions: tuple[Redemption, ...] = ()
    source: str = SOURCE
    external_id: str = ""


class Tried(Struct, frozen=True):
    """
    What a voucher would take off a cart, alone: minor units of ``money``, in all and by line.

    ``reason`` says why nothing, and is empty where it takes something off.
    """

    money: str
    amount: int
    lines: tuple[PricedLine, ...]
    reason: str = ""


class Quoted(Struct, frozen=True):
    """A quote, and what it would earn if it were confirmed now."""

    quote: Quote
    recorded: Recorded


class Confirmed(Struct, frozen=True):
    """A quote that was confirmed, and what followed from the purchase."""

    quote: Quote
    recorded: Recorded


def make(account: Account, programmes: Programmes, command: MakeQuote, now: Instant) -> Decision:
    """Price a purchase for a member as things stand; nothing is written."""
    programme = ruling(account, programmes, command.programme, now)
    version = programmes.in_force(programme.id, now)
    activity = _in_its_money(programme, command.activity, now)
    day = calendar.local_date(now, programme.time_zone)
    if command.service_on:
        day = calendar.parse_chosen_date(command.service_on, "/service_on")
    for redemption in command.vouchers:
        rewards.check_issued(redemption, now)
    _check_declined(programme, command.declined)
    purchase = Purchase(
        activity.lines,
        day,
        command.birthday,
        command.household,
        command.vouchers,
        command.declined,
    )
    priced = pricing.price(account, programme, purchase, command.payments, now)
    counted = tuple(
        Line(line.id, line.counted, line.quantity, line.category, line.sku) for line in priced.lines
    )
    amount = sum(line.amount for line in counted)
    quote = Quote(
        id=command.quote_id,
        member=command.member,
        programme=programme.id,
        version=version.number if version else 0,
        made_at=now,
        expires_at=now + SECTION.of(programme).minutes * _MINUTE_MS,
        activity=replace(activity, lines=counted, amount=amount),
        lines=priced.lines,
        considered=priced.considered,
        price=priced.price,
        net=priced.net,
        due=priced.due,
        draws=priced.draws,
        freed=priced.freed,
        redemptions=priced.redemptions,
    )
    used = tuple(each for each in command.vouchers if each.id in priced.redemptions)
    trial = ConfirmQuote(quote=quote, redemptions=used)
    followed = confirm(account, programmes, trial, now).result
    return Decision(result=Quoted(quote, followed.recorded))


def try_voucher(
    account: Account,
    programmes: Programmes,
    redemption: Redemption,
    cart: Activity,
    now: Instant,
) -> Tried:
    """
    Tell what the voucher of a redemption would take off a cart today, if nothing else did.

    Raises `LoyaltyError` ``voucher_used`` and the like where it cannot be used, and `Invalid`
    ``currency_mismatch`` or ``duplicate_line`` for a cart that cannot be priced.
    """
    rewards.check_issued(redemption, now)
    programme = ruling(account, programmes, redemption.programme, now)
    activity = _in_its_money(programme, cart, now)
    offers = discounts.SECTION.of(programme).offers
    mine = {each.id for each in offers if discounts.takes_voucher(each, redemption.reward)}
    others = {each.id for each in offers} - mine
    others |= {each.id for each in entitlements.SECTION.of(programme)}
    purchase = Purchase(
        activity.lines,
        calendar.local_date(now, programme.time_zone),
        vouchers=(redemption,),
        declined=frozenset(others),
    )
    priced = pricing.price(account, programme, purchase, (), now)
    reasons = [each.reason for each in priced.considered if each.id in mine and each.reason]
    amount = priced.price - priced.net
    why_not = reasons[0] if reasons else "it takes nothing off: it stands for something else"
    return Tried(programme.money.currency, amount, priced.lines, "" if amount else why_not)


def _in_its_money(programme: Programme, activity: Activity, now: Instant) -> Activity:
    """Return a purchase with an id for each line; refused in other money than the programme's."""
    activity = checked(replace(activity, occurred_at=now))
    unit = programme.money.currency
    if activity.money != unit:
        raise Invalid(
            "currency_mismatch",
            f"The lines are in {activity.money}; {programme.id} prices in {unit}.",
            errors=[{"pointer": "/currency", "detail": f"must be {unit}"}],
        )
    return activity


def _check_declined(programme: Programme, declined: frozenset[str]) -> None:
    offered = [each.id for each in discounts.SECTION.of(programme).offers]
    freeing = [each.id for each in entitlements.SECTION.of(programme) if each.frees is not None]
    unknown = sorted(declined.difference(offered, freeing))
    if unknown:
        known = ", ".join((*offered, *freeing)) or "none"
        raise Invalid(
            "unknown_discount",
            f"{programme.id} can leave out these: {known}.",
            errors=[{"pointer": "/decline", "detail": f"names of: {known}"}],
        )


def confirm(
    account: Account, programmes: Programmes, command: ConfirmQuote, now: Instant
) -> Decision:
    """Take what the quote uses, and record the purchase."""
    quote = command.quote
    programme = ruling(account, programmes, quote.programme, now)
    if quote.state != "open":
        raise Conflict("quote_confirmed", "This quote was confirmed already.", quote=quote.id)
    if quote.expires_at <= now:
        at = calendar.format_instant(quote.expires_at)
        raise Conflict("quote_expired", f"This quote stood until {at}.", expired_at=at)
    draft = Draft(account, now)
    note: dict[str, Any] = {"quote": quote.id, "nets": [line.net for line in quote.lines]}
    # A line by its place: what its caller calls it might tell what was served.
    places = {line.id: place for place, line in enumerate(quote.activity.lines)}
    note["freed"] = [
        [places[each.line], entitlements.consume(draft, programme, each.entitlement, each.units)]
        for each in quote.freed
    ]
    claims: list[Claim] = [SaveQuote(replace(quote, state="confirmed", revision=2))]
    for redemption in command.redemptions:
        rewards.check_issued(redemption, now)
        claims.append(SaveRedemption(rewards.changed(redemption, "used", now)))
    note["redemptions"] = [redemption.id for redemption in command.redemptions]
    note["draws"] = [_draw(draft, draw) for draw in quote.draws]
    activity = replace(
        quote.activity,
        source=command.source,
        external_id=command.external_id or quote.id,
        occurred_at=now,
    )
    decision = activities.record_in(
        draft,
        programmes,
        activity,
        command.actor,
        subject=quote.id,
        noted={f"{programme.id}/{SECTION.name}": note},
        bill=quote.bill(),
    )
    confirmed = Confirmed(replace(quote, state="confirmed", revision=2), decision.result)
    return Decision(entries=decision.entries, claims=tuple(claims), result=confirmed)


def _draw(draft: Draft, draw: Draw) -> dict[str, Any]:
    """Take what a wallet pays, and return what a refund needs."""
    balance = draft.account.balance(draw.currency)
    taken = draw.taken
    if taken:
        there = value.debit_parts(draft, draw.currency, taken, destination=REDEEMED)
    else:
        there = balance.available >= draw.amount
        if there:
            taken = value.debit(draft, draw.currency, draw.amount, destination=REDEEMED)
    if not there:
        raise Conflict(
            "quote_stale",
            f"The {draw.amount} of {draw.currency.partition('/')[2]} that this quote uses are not "
            "there any more: ask for a new one.",
            currency=draw.currency.partition("/")[2],
            available=balance.available,
        )
    parts = msgspec.to_builtins(taken)
    return {"currency": draw.currency, "amount": draw.amount, "taken": parts, "back": 0}
