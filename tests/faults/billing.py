"""
What a purchase must come to: its discounts on each line, and what wallets have back of a refund.

Worked out from what a quote says of itself, which offers there are and from which lots it is paid:
exactly, and rounded once for a line.  So a bill depends neither on how a balance lies in lots nor
on the order of its lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import groupby
from math import floor
from typing import Final

from chalicelib.domain.ledger.bill import Considered, PricedLine, WhyNot
from chalicelib.domain.ledger.events import ActivityRecorded, QuoteBought
from chalicelib.domain.ledger.quote import Quote
from chalicelib.domain.mechanics.remaining import Remaining
from tests.faults.ending import TenantEnding
from tests.faults.programmes import MAX_PERCENT, PREPAID

# Reasons of an offer that is due, and takes nothing off all the same.
_DUE: Final = {None, WhyNot("others_gave_more"), WhyNot("comes_to_nothing")}


def check_bill(quote: Quote) -> Iterator[str]:
    """
    Each line costs what the offers and the lots that pay for it come to, rounded once.

    A bill that a voucher takes an amount off is not looked at.
    """
    if any(each.source == "discount" and each.percent is None for each in _due(quote)):
        return
    lines = [line for line in quote.lines if not any(off[0] == "entitlement" for off in line.off)]
    found = [line.price - line.net for line in lines]
    expected = [_taken_off(lines, shares, _offered(quote)) for shares in _shares(quote, lines)]
    if found not in expected:
        yield f"{quote.id} takes {found} off its lines, not {expected[0]}"


def check_refund(left: Remaining, bought: QuoteBought) -> Iterator[str]:
    """Of a purchase that came back whole, in whatever parts, wallets have all that they paid."""
    if not any(map(any, left.lines)):
        for draw in bought.draws:
            if (draw.back, draw.repaid) != (draw.amount, draw.money):
                yield f"{bought.quote} came back, and of {draw.amount} drawn {draw.back}"


def check_covered(
    tenant: TenantEnding, quote: Quote, own: Mapping[str, int], covered: Sequence[int]
) -> Iterator[str]:
    """
    What an insurer pays is told, and nothing else of the bill has anything to do with it.

    ``own`` is the member's part of each line: discounts, wallets and what is due make it up.
    """
    prices = Counter[str]()
    for line in quote.lines:
        prices[line.id] += line.price
        if line.price - sum(off[-1] for off in line.off) != line.net or line.net < 0:
            yield f"{quote.id} takes {line.off} off {line.price}, which leaves {line.net}"
    if prices != own or quote.price != sum(own.values()):
        yield f"{quote.id} prices {dict(prices)}, of which the member's part is {own}"
    paid = sum(draw.money for draw in quote.draws)
    if paid + quote.due != quote.net or quote.due < 0:
        yield f"{quote.id} of {quote.net} is paid by {paid}, and {quote.due} are due"
    if quote.covered != sum(covered):
        yield f"{quote.id} says that {quote.covered} are covered, not {covered}"
    for journal in tenant.journals.values():
        for event in journal.events:
            if isinstance(event.data, ActivityRecorded) and event.data.quote == quote.id:
                bill = event.detail.bill if event.detail else None
                if bill is None or (bill.covered, bill.price) != (sum(covered), quote.price):
                    yield f"{quote.id} was bought by another bill: {bill}"


def _due(quote: Quote) -> list[Considered]:
    return [each for each in quote.considered if each.why_not in _DUE]


def _offered(quote: Quote) -> int:
    return sum(each.percent or 0 for each in _due(quote) if each.source == "discount")


def _percent(offered: int, rate: int) -> int:
    return min(offered + rate, MAX_PERCENT)


def _shares(quote: Quote, lines: Sequence[PricedLine]) -> Iterator[list[tuple[Fraction, int]]]:
    """
    Yield what share of the bill each rate pays for, the rest at none.

    Where nothing is due, the last lot pays for all that is left, or for all but what rounding has
    forgiven: both are looked at.
    """
    offered, price = _offered(quote), sum(line.price for line in lines)
    parts = [part for draw in quote.draws if draw.currency == PREPAID for part in draw.taken]
    left, shares = Fraction(1), []
    for rate, group in groupby(parts, key=lambda part: part.lot.rate):
        whole = Fraction(price * (100 - _percent(offered, rate)), 100)
        part = min(left, sum(each.amount for each in group) / whole)
        shares.append((part, rate))
        left -= part
    yield [*shares, (left, 0)]
    if shares and not quote.due:
        part, rate = shares[-1]
        yield [*shares[:-1], (part + left, rate)]


def _taken_off(
    lines: Sequence[PricedLine], shares: Sequence[tuple[Fraction, int]], offered: int
) -> list[int]:
    percent = sum(part * _percent(offered, rate) for part, rate in shares)
    return [floor(line.price * percent / 100 + Fraction(1, 2)) for line in lines]
