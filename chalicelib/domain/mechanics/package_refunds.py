"""
Refunds of packages for what was not used.

What comes back is what was paid, less what the used units are worth, and never below nothing: each
is worth the package's `unit_price`, or its share of the `price`.  The used units stay sold; what
was kept for them comes back where they are given back and the rest is refunded once more.  Units
that have lapsed count as used.
"""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.domain.errors import Conflict
from chalicelib.domain.ledger import money
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.events import ActivityRecorded, PackageSale, PackagesSold, QuoteBought
from chalicelib.domain.mechanics.clawback import programme_of
from chalicelib.domain.mechanics.entitlement_grants import GRANTS
from chalicelib.domain.mechanics.packages import SECTION, Package
from chalicelib.domain.mechanics.remaining import LineReversal, Remaining
from chalicelib.domain.programme.versions import Programmes


class Refund(NamedTuple):
    """
    What comes back of the lines of a purchase.

    ``unused`` are the units that go with it, by programme and package.
    """

    lines: tuple[LineReversal, ...]
    unused: dict[tuple[str, str], int]


def refund(
    account: Account,
    programmes: Programmes,
    recorded: ActivityRecorded,
    activity: Activity,
    before: Remaining,
    lines: tuple[LineReversal, ...],
) -> Refund:
    """
    Return lines of which the unused part of a package comes back as the amounts that those are.

    Raises `Conflict` ``no_package`` for a line that bought no package with a price.
    """
    found, unused = [], {}
    places = {line.id: place for place, line in enumerate(activity.lines)}
    for reversal in lines:
        place = places.get(reversal.id)
        if not reversal.unused or place is None:
            found.append(reversal)
            continue
        programme, package, sale = _sold(programmes, recorded, before, activity.lines[place].sku)
        amount, quantity = before.lines[place]
        units = min(sale.units, quantity * package.units)
        grant = GRANTS.get(account, sale.grant)
        left = min(grant.units if grant else 0, units)
        if units and left == units:
            found.append(LineReversal(reversal.id))
            continue
        kept = _counted(before, activity, place, worth(package, units - left))
        back = max(amount - kept, 0)
        if back:
            unused[programme, package.id] = left
        found.append(LineReversal(reversal.id, amount=back, quantity=0))
    return Refund(tuple(found), unused)


def worth(package: Package, used: int) -> int:
    """Return what units of a package that were used are worth, in minor units."""
    if package.unit_price is not None:
        return used * package.unit_price
    return money.divide(used * (package.price or 0), package.units, "half_up")


def _sold(
    programmes: Programmes, recorded: ActivityRecorded, before: Remaining, sku: str
) -> tuple[str, Package, PackageSale]:
    """Return the package with a price that a line bought, and what is left of its sale."""
    sales = {
        (outcome.programme, sale.package): sale
        for outcome in before.outcomes
        if isinstance(outcome, PackagesSold)
        for sale in outcome.packages
    }
    for evaluation in recorded.evaluations:
        for package in SECTION.of(programme_of(programmes, evaluation)):
            sale = sales.get((evaluation.programme, package.id))
            if package.sku == sku and package.price is not None and sale is not None:
                return evaluation.programme, package, sale
    raise Conflict(
        "no_package",
        "This line bought no package that has a price: take back the line, or an amount of it.",
    )


def _counted(before: Remaining, activity: Activity, place: int, kept: int) -> int:
    """Return an amount of a line's net price as what of it counts as spend."""
    counted = activity.lines[place].amount
    bought = next((each for each in before.outcomes if isinstance(each, QuoteBought)), None)
    net = counted if bought is None else bought.nets[place]
    return money.divide(kept * counted, net, "half_up") if net else 0
