"""
What refunds of purchases that were quoted come to, worked out beside the product.

A purchase costs what is kept costs: at its prices with every discount, but without that of a
voucher whose least bill is not reached any more, and of a pair that is none.  No refund takes
anything from the member.  With the last of a purchase its voucher comes back.
"""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain.ledger.bill import Bill
from chalicelib.domain.ledger.events import (
    ActivityReversed,
    Event,
    MemberCreated,
    MemberEnrolled,
)
from tests.faults.ending import Journal, TenantEnding
from tests.faults.programmes import LEAST_BILL, PAIR_MOST, PROGRAMME
from tests.faults.redemptions import vouchers_of

_VOUCHER = ("discount", "tea-off")
_PAIR = ("discount", "pair")


class _Sale:
    """A purchase of which parts come back."""

    def __init__(self, recorded: Event, bill: Bill) -> None:
        lines = recorded.detail.lines if recorded.detail else ()
        self._bill = bill
        self._whole = {line.id: (line.amount, line.quantity) for line in lines}
        self._left = dict(self._whole)
        self._cost = bill.net
        self._kept_back = 0

    def returned(self, back: Bill) -> int:
        """Return what a refund must come to of which these lines come back."""
        for line in back.lines:
            amount, units = self._left[line.id]
            self._left[line.id] = (amount - line.counted, units - line.quantity)
        self._kept_back += sum(each.amount for each in back.reclaimed if each.discount == _PAIR[1])
        before = self._cost
        self._cost = min(before, self._kept())
        return before - self._cost

    @property
    def is_over(self) -> bool:
        """Tell whether nothing of it is kept."""
        return not any(amount or units for amount, units in self._left.values())

    def taken(self, discount: tuple[str, str]) -> int:
        """Return what a discount took off what is kept."""
        return sum(
            self._share(line.id, amount)
            for line in self._bill.lines
            for *what, amount in line.off
            if tuple(what) == discount
        )

    @property
    def paired(self) -> int:
        """Return what stays with the member of a pair: what is off it, less what is kept back."""
        return self.taken(_PAIR) - self._kept_back

    def _kept(self) -> int:
        lines = self._bill.lines
        net = sum(self._share(line.id, line.net) for line in lines)
        lost = self.taken(_VOUCHER)
        paid_for = [
            line for line in lines if not any(what[0] == "entitlement" for what in line.off)
        ]
        bill = sum(self._share(line.id, line.price) for line in paid_for)
        # Two consultations are a pair, and one is none.
        single = self.taken(_PAIR) if self._left["1"][1] < 2 else 0
        return net + single + (lost if bill < LEAST_BILL else 0)

    def _share(self, line: str, amount: int) -> int:
        whole, left = self._whole[line], self._left[line]
        of, part = (whole[0], left[0]) if whole[0] else (whole[1], left[1])
        return (2 * amount * part + of) // (2 * of)


def check_refunds(tenant: TenantEnding) -> Iterator[str]:
    """
    Each refund of a quoted purchase gives back what the rest costs less, and no more.

    What stays with the member of a discount with a limit is within it, and is what is counted.
    """
    for member, journal in tenant.journals.items():
        sales: dict[int, _Sale] = {}
        for event in journal.events:
            if event.detail and event.detail.bill and not isinstance(event.data, ActivityReversed):
                sales[event.version] = _Sale(event, event.detail.bill)
            if not isinstance(event.data, ActivityReversed):
                continue
            of = event.data.reverses
            recorded, sale = journal.events[of - 1], sales.get(of)
            back = event.detail.bill if event.detail else None
            if sale is None or back is None:
                continue
            expected = sale.returned(back)
            vouchers = vouchers_of(recorded) if sale.is_over else ()
            if (back.net, event.data.vouchers) != (expected, vouchers):
                yield (
                    f"{tenant.id} {member[-1]}: {event.version} gave back {back.net} of {of} and "
                    f"{event.data.vouchers}, not {expected} and {vouchers}"
                )
        account = tenant.accounts.get(member)
        if account is None or account.status == "closed" or _came_back(journal):
            continue
        stays = sum(sale.paired for sale in sales.values())
        counted = account.counter(f"limit/{PROGRAMME}/offer:pair/money/lifetime/0/lifetime")
        if stays != counted or stays > PAIR_MOST:
            yield f"{tenant.id} {member[-1]}: {stays} of {PAIR_MOST} pairs, {counted} are counted"


def _came_back(journal: Journal) -> bool:
    """Tell whether a member brings along what was used under an account before."""
    first = journal.events[0].data if journal.events else None
    return isinstance(first, MemberCreated | MemberEnrolled) and bool(first.former)
