"""
Money off a bill as benefits: what each discount takes off, and what cashback and points pay of it.

Prepaid value was paid for, so it is no gift, and neither is the rate at which it was paid in.  A
voucher is one item, whatever discounts take it, and was counted when its reward was redeemed; only
what it takes off beyond that is new.

What counted towards a legal cap when a bill was bought comes back as far as it is not given any
more: of a discount what is off the lines that are kept, less what a refund has kept back of it; of
a wallet what has not been paid back to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from chalicelib.domain.decide.benefits import Benefit
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.reaction import Kept
from chalicelib.domain.ledger.bill import Considered
from chalicelib.domain.ledger.events import CapUse, MoneyOff, QuoteBought
from chalicelib.domain.ledger.quote import Draw, Quote
from chalicelib.domain.mechanics import discount_terms
from chalicelib.domain.mechanics.discount_terms import ByVoucher
from chalicelib.domain.mechanics.redemptions import Redemption
from chalicelib.domain.programme.document import LegalException, Programme


class Item(NamedTuple):
    """What is one item to a law: a benefit, and the rows of a bill that it is made of."""

    benefit: Benefit
    rows: tuple[Considered, ...]


def discounts(
    programme: Programme,
    considered: Sequence[Considered],
    vouchers: Mapping[str, Redemption],
    service_on: str,
) -> Iterator[Item]:
    """Yield what discounts take off a bill: each by itself, and each voucher's together."""
    taking: dict[tuple[str, str], list[Considered]] = {}
    for each in considered:
        if each.source == "discount" and each.amount:
            name = "" if each.redemption else each.id
            taking.setdefault((each.redemption, name), []).append(each)
    for (redemption, _), rows in taking.items():
        voucher = vouchers.get(redemption)
        used = [] if voucher is None else [use.amount for use in voucher.cap_uses]
        exception = _exception(programme, rows[0], voucher)
        benefit = Benefit(
            "discount",
            programme.id,
            rows[0].id,
            "quote",
            retail_value=sum(each.amount for each in rows),
            counted=max(used, default=0),
            exception=exception.code if exception else "",
            service_on=service_on,
        )
        yield Item(benefit, tuple(rows))


def _exception(
    programme: Programme, taken_off: Considered, voucher: Redemption | None
) -> LegalException | None:
    """Return what excepts a discount from a law's count: by itself, or by its voucher's reward."""
    offers = discount_terms.SECTION.of(programme).offers
    # A discount may have gone from the document since.
    discount = next((each for each in offers if each.id == taken_off.id), None)
    if discount is not None and discount.exception is not None:
        return discount.exception
    if voucher is None or discount is None or not isinstance(discount.terms, ByVoucher):
        return None
    reward = programme.reward(voucher.reward)
    return reward.exception if reward else None


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


def give(
    event: EventBuilder, programme: Programme, quote: Quote, vouchers: Mapping[str, Redemption]
) -> tuple[MoneyOff, ...]:
    """Say what a bill that is bought takes off, and return what of it a law counts."""
    found = []
    pool: list[tuple[Item, tuple[CapUse, ...]]] = []
    for item in discounts(programme, quote.considered, vouchers, quote.service_on):
        uses = event.give(item.benefit)
        if item.rows[0].redemption:
            pool.append((item, uses))
        elif uses:
            found.append(_of_discounts(quote, [item], uses))
    # A discount may take several vouchers, and a line says only what the discount took off it.
    uses = _together(use for _, part in pool for use in part)
    if uses:
        found.append(_of_discounts(quote, [item for item, _ in pool], uses))
    for paid in payments(programme, quote.draws, quote.service_on):
        uses = event.give(paid)
        if uses:
            key = f"{programme.id}/{paid.id}"
            found.append(MoneyOff(paid.retail_value or 0, uses, currency=key))
    return tuple(found)


def _of_discounts(quote: Quote, items: Sequence[Item], uses: tuple[CapUse, ...]) -> MoneyOff:
    names = tuple(dict.fromkeys(row.id for item in items for row in item.rows))
    off = tuple(
        sum(amount for name, amount in line.by_discount().items() if name in names)
        for line in quote.lines
    )
    return MoneyOff(sum(off), uses, names, off)


def _together(uses: Iterator[CapUse]) -> tuple[CapUse, ...]:
    """Return what was taken of each cap, in all."""
    found: dict[str, CapUse] = {}
    for use in uses:
        before = found[use.counter].amount if use.counter in found else 0
        found[use.counter] = CapUse(use.counter, before + use.amount, use.kept_until)
    return tuple(found.values())


def give_back(
    event: EventBuilder,
    outcomes: tuple[QuoteBought, QuoteBought],
    had: Sequence[Kept],
    kept: Sequence[Kept],
) -> None:
    """Free what a bill took of legal caps as far as it is not given any more, then and now."""
    then, now = outcomes
    benefit = Benefit("discount", then.programme, then.quote, "reversal")
    for each in then.counted:
        was, left = _left(each, then, had), _left(each, now, kept)
        for use in each.uses:
            back = _counted(each, use, was) - _counted(each, use, left)
            event.take_back(benefit, (CapUse(use.counter, back, use.kept_until),))


def _left(of: MoneyOff, outcome: QuoteBought, lines: Sequence[Kept]) -> int:
    """Return how much of it a member has, with these parts of the lines."""
    if of.currency:
        repaid = sum(each.repaid for each in outcome.draws if each.currency == of.currency)
        return of.amount - repaid
    off = sum(line.of(part) for line, part in zip(lines, of.off, strict=True))
    kept_back = sum(each.reclaimed for each in outcome.offers if each.discount in of.discounts)
    return max(off - kept_back, 0)


def _counted(of: MoneyOff, use: CapUse, left: int) -> int:
    """Return how much of it counts: what was counted before is the last to go."""
    return min(max(left - (of.amount - use.amount), 0), use.amount)
