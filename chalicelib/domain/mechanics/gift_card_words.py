"""What a programme tells in words of its gift cards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chalicelib.domain.mechanics.gift_card_terms import SECTION, GiftCardKind
from chalicelib.domain.programme.fields import FixedExpiry, NeverExpires, RollingExpiry

if TYPE_CHECKING:
    from chalicelib.domain.programme.wording import Composer, Description, Message


def words(compose: Composer) -> Iterator[Description]:
    """Tell what each gift card costs, how long it lasts and what it is good for."""
    for kind in SECTION.of(compose.programme):
        yield compose.describe("gift_card", kind.id, kind.name, *_kind(compose, kind), of=kind)


def _kind(compose: Composer, kind: GiftCardKind) -> Iterator[Message | None]:
    least, most = compose.money(kind.min_amount), compose.money(kind.max_amount)
    if kind.min_amount == kind.max_amount:
        yield compose.message("gift_cards-price", name=kind.name, money=least)
    else:
        yield compose.message("gift_cards-between", name=kind.name, least=least, most=most)
    yield compose.season(kind.valid_from, kind.valid_until)
    yield compose.message("gift_cards-pay")
    yield _life(compose, kind)
    if kind.into_wallets:
        name = compose.currency_name(kind.currency)
        yield compose.message("gift_cards-into-wallet", name=name)
    else:
        yield compose.message("gift_cards-no-wallet")


def _life(compose: Composer, kind: GiftCardKind) -> Message:
    policy = kind.expiry
    match policy:
        case NeverExpires():
            return compose.message("gift_cards-never")
        case RollingExpiry(round_up=None):
            return compose.message("gift_cards-rolling", life=compose.span(policy))
        case RollingExpiry():
            period = policy.round_up or ""
            life = compose.span(policy)
            return compose.message("gift_cards-rounded", life=life, period=period)
        case FixedExpiry():
            day = compose.day(policy.on)
            if len(policy.on) > len("12-31"):
                return compose.message("gift_cards-dated", date=day)
            if policy.min_days:
                return compose.message("gift_cards-distant", day=day, days=policy.min_days)
            return compose.message("gift_cards-yearly", day=day)
