"""
Money off a bill as benefits: what each discount takes off, and what cashback and points pay of it.

Prepaid value was paid for, so it is no gift, and neither is the rate at which it was paid in.  What
a voucher takes off was counted when its reward was redeemed, as far as that is worth; only what it
takes off beyond is new.

What counted towards a legal cap when a bill was bought comes back in the share of what was taken
off the lines that come back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chalicelib.domain.decide.benefits import Benefit
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.reaction import Kept
from chalicelib.domain.ledger import money
from chalicelib.domain.ledger.bill import Considered, PricedLine
from chalicelib.domain.ledger.events import CapUse, QuoteBought
from chalicelib.domain.ledger.quote import Draw, Quote
from chalicelib.domain.mechanics import discount_terms
from chalicelib.domain.mechanics.discount_terms import ByVoucher, Discount
from chalicelib.domain.programme.document import Programme


def discounts(
    programme: Programme, considered: Sequence[Considered], service_on: str
) -> Iterator[Benefit]:
    """Yield what discounts take off a bill, each voucher's apart; other rows are none."""
    taking = [each for each in considered if each.source == "discount" and each.amount]
    offers = (
        {each.id: each for each in discount_terms.SECTION.of(programme).offers} if taking else {}
    )
    for each in taking:
        # A discount may have gone from the document since.
        counted, exception = _of_voucher(programme, offers.get(each.id), each)
        yield Benefit(
            "discount",
            programme.id,
            each.id,
            "quote",
            retail_value=each.amount,
            counted=counted,
            exception=exception,
            service_on=service_on,
        )


def _of_voucher(
    programme: Programme, discount: Discount | None, taken_off: Considered
) -> tuple[int, str]:
    """Return what of a discount was counted before, and what excepts it from the law's count."""
    exception = discount.exception if discount else None
    counted = 0
    if discount and taken_off.redemption and isinstance(discount.terms, ByVoucher):
        reward = programme.reward(discount.terms.reward)
        if reward is not None:
            counted = reward.retail_value or 0
            exception = exception or reward.exception
    return counted, exception.code if exception else ""


def payments(programme: Programme, draws: Sequence[Draw], service_on: str) -> Iterator[Benefit]:
    """Yield what cashback and points pay of a bill."""
    for draw in draws:
        if not draw.taken:  # prepaid value names its lots
            yield Benefit(
                "discount",
                programme.id,
                draw.currency.partition("/")[2],
                "payment",
                retail_value=draw.money,
                service_on=service_on,
            )


def give(event: EventBuilder, programme: Programme, quote: Quote) -> tuple[CapUse, ...]:
    """Say what a bill that is bought takes off, and return what that takes of each legal cap."""
    found: dict[str, CapUse] = {}
    for each in (
        *discounts(programme, quote.considered, quote.service_on),
        *payments(programme, quote.draws, quote.service_on),
    ):
        for use in event.give(each):
            before = found[use.counter].amount if use.counter in found else 0
            found[use.counter] = CapUse(use.counter, before + use.amount, use.kept_until)
    return tuple(found.values())


def by_line(lines: Sequence[PricedLine], draws: Sequence[Draw]) -> tuple[int, ...]:
    """Return what of each line of a bill is money off, in minor units."""
    paid = sum(draw.money for draw in draws if not draw.taken)
    shares = money.apportion(paid, {place: line.net for place, line in enumerate(lines)})
    return tuple(
        sum(line.by_discount().values()) + shares[place] for place, line in enumerate(lines)
    )


def give_back(
    event: EventBuilder, outcome: QuoteBought, had: Sequence[Kept], kept: Sequence[Kept]
) -> None:
    """Free what a bill took of legal caps, for what comes back of its lines."""
    before, after = (
        sum(left.of(off) for off, left in zip(outcome.off, lines, strict=True))
        for lines in (had, kept)
    )
    back = tuple(_less(use, sum(outcome.off), before, after) for use in outcome.cap_uses)
    event.take_back(Benefit("discount", outcome.programme, outcome.quote, "reversal"), back)


def _less(use: CapUse, whole: int, before: int, after: int) -> CapUse:
    """Return what less of a cap is used where of a ``whole`` less is left; a part counts whole."""
    used, left = (-(-use.amount * part // whole) for part in (before, after))
    return CapUse(use.counter, used - left, use.kept_until)
