"""
Refunds of packages for what was not used.

What comes back is what was paid, by whomever, less what the used units are worth, and never below
nothing: each is worth the package's `unit_price`, or its share of the `price`.  The used units stay
sold; what was kept for them comes back where they are given back and the rest is refunded once
more.  Units that have lapsed count as used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from msgspec.structs import replace

from chalicelib.domain.errors import Conflict
from chalicelib.domain.ledger import money
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.bill import Bill
from chalicelib.domain.ledger.events import ActivityRecorded, PackageSale, PackagesSold
from chalicelib.domain.mechanics.clawback import programme_of
from chalicelib.domain.mechanics.entitlement_grants import GRANTS
from chalicelib.domain.mechanics.packages import SECTION, Package
from chalicelib.domain.mechanics.remaining import (
    LineReversal,
    Remaining,
    shares_left,
    units_back,
)
from chalicelib.domain.programme.versions import Programmes


class Refund(NamedTuple):
    """
    What comes back of the lines of a purchase.

    ``unused`` are the units that go though their line stays, by programme, package and the place of
    the line.
    """

    lines: tuple[LineReversal, ...]
    unused: dict[tuple[str, str, int], int]


class _Sold(NamedTuple):
    """A package that a line bought, and what is left of its sale."""

    programme: str
    package: Package
    sale: PackageSale


def refund(
    account: Account,
    programmes: Programmes,
    recorded: ActivityRecorded,
    bill: Bill | None,
    activity: Activity,
    before: Remaining,
    lines: tuple[LineReversal, ...],
) -> Refund:
    """
    Return lines of which the unused part of a package comes back, with the shares that are kept.

    Each is judged after those before it, so lines that come back together bring what they bring one
    by one.  Raises `Conflict` ``no_package`` for a line that bought no package with a price.
    """
    found: list[LineReversal] = []
    unused: dict[tuple[str, str, int], int] = {}
    left = Counter({key: grant.units for key, grant in GRANTS.all(account).items()})
    sold = list(_sold(programmes, recorded, before))
    paid, shares = _paid(bill, activity), shares_left(activity, before)
    places = {line.id: place for place, line in enumerate(activity.lines)}
    for reversal in lines:
        place = places.get(reversal.id)
        if place is None:
            found.append(reversal)
            continue
        here = [each for each in sold if each.sale.line == place]
        amount, quantity = before.lines[place]
        back = reversal
        if reversal.unused:
            programme, package, sale = _priced(here)
            units = min(sale.units, left[sale.grant])
            kept = worth(package, sale.units - units)
            back = LineReversal(reversal.id, quantity=0)
            if units and units == sale.units:
                back = LineReversal(reversal.id)
            elif kept < shares[place].of(paid[place]):
                back = replace(back, kept=(kept, paid[place]))
                unused[programme, package.id, place] = units
                left[sale.grant] -= units
        found.append(back)
        rest = quantity - units_back(back, amount, quantity)
        for _, package, sale in here:
            over = max(sale.units - rest * package.units, 0)
            left[sale.grant] -= min(over, left[sale.grant])
    return Refund(tuple(found), unused)


def worth(package: Package, used: int) -> int:
    """Return what units of a package that were used are worth, in minor units."""
    if package.unit_price is not None:
        return used * package.unit_price
    return money.divide(used * (package.price or 0), package.units, "half_up")


def _sold(programmes: Programmes, recorded: ActivityRecorded, before: Remaining) -> Iterator[_Sold]:
    """Yield every package that a purchase bought, with what is left of its sale."""
    packages = {
        (evaluation.programme, package.id): package
        for evaluation in recorded.evaluations
        for package in SECTION.of(programme_of(programmes, evaluation))
    }
    for outcome in before.outcomes:
        for sale in outcome.packages if isinstance(outcome, PackagesSold) else ():
            yield _Sold(outcome.programme, packages[outcome.programme, sale.package], sale)


def _priced(sold: list[_Sold]) -> _Sold:
    """Return the package with a price that a line bought."""
    for each in sold:
        if each.package.price is not None:
            return each
    raise Conflict(
        "no_package",
        "This line bought no package that has a price: take back the line, or an amount of it.",
    )


def _paid(bill: Bill | None, activity: Activity) -> list[int]:
    """Return what the member, and who covers a part of it, paid for each line of a purchase."""
    if bill is None:
        return [line.amount for line in activity.lines]
    return [line.net + line.covered for line in bill.lines]
