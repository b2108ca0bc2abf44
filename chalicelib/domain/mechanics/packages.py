"""
Packages: so many units of a service are paid for at once and used one by one.

Buying the package's SKU grants the units of its entitlement, from the day on which it was bought.
A refund takes back the units of what comes back, as far as they are unused: what was used was
served.  A use that is given back later is gone as well.  How one is refunded for what was not used
is in `package_refunds`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Final

from msgspec import Meta
from msgspec.structs import replace

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Mechanic
from chalicelib.domain.decide.reaction import EarnContext, Reaction, ReversalContext
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.events import Line, PackageSale, PackagesSold
from chalicelib.domain.mechanics import entitlement_grants
from chalicelib.domain.pointer import join
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.fields import ActivityType, Id, MinorUnits, Name, Part, Text
from chalicelib.domain.programme.section import Section
from chalicelib.domain.violations import Violation

if TYPE_CHECKING:
    from chalicelib.domain.programme.wording import Composer, Description, Message


class Package(Part, frozen=True):
    """
    ``units`` of an entitlement for each unit of a SKU that is bought, usable for so long.

    One with a ``price`` can be refunded for what was not used: what was paid, less ``unit_price``
    for each used unit, or its share of the price.
    """

    id: Id
    name: Text
    sku: Name
    entitlement: Id
    units: Annotated[int, Meta(ge=1, le=1000)]
    valid_days: Annotated[int, Meta(ge=0, le=3660)] | None = None
    price: MinorUnits | None = None
    unit_price: MinorUnits | None = None
    on: Annotated[tuple[ActivityType, ...], Meta(min_length=1, max_length=50)] = (
        "payment.received",
        "purchase.completed",
    )


Packages = Annotated[tuple[Package, ...], Meta(max_length=100)]
SECTION: Final[Section[tuple[Package, ...]]] = Section("packages", Packages, ())


def apply(event: EventBuilder, context: EarnContext) -> PackagesSold | None:
    """Grant the units of every package that is bought."""
    programme, activity = context.programme, context.activity
    sold = []
    for package in SECTION.of(programme):
        bought = [units_of(package, activity, line) for line in activity.lines]
        if any(bought):
            key = entitlement_grants.give(
                event,
                programme,
                package.entitlement,
                sum(bought),
                package.valid_days,
                cause=package.id,
                since=activity.local_day(programme.time_zone),
                bought=True,
            )
            sold += [
                PackageSale(package.id, place, units, key)
                for place, units in enumerate(bought)
                if units
            ]
    return PackagesSold(programme.id, tuple(sold)) if sold else None


def retract(event: EventBuilder, context: ReversalContext, outcome: PackagesSold) -> PackagesSold:
    """Take back the units of what comes back: those in use when their use is given back."""
    packages = {package.id: package for package in SECTION.of(context.programme)}
    left = {line.id: line for line in context.after.lines} if context.after else {}
    kept = []
    for sale in outcome.packages:
        line = left.get(context.recorded.lines[sale.line].id)
        most = units_of(packages[sale.package], context.recorded, line) if line else 0
        over = max(sale.units - most, context.unused.get((sale.package, sale.line), 0))
        entitlement_grants.revoke(event, context.programme, sale.grant, over, cause=sale.package)
        kept.append(replace(sale, units=sale.units - over))
    return PackagesSold(outcome.programme, tuple(kept))


def shown(outcome: PackagesSold) -> dict[str, Any]:
    """Return what each package brought, of all lines."""
    units = Counter[str]()
    for sale in outcome.packages:
        units[sale.package] += sale.units
    grants = {sale.package: sale.grant for sale in outcome.packages}
    return {name: {"units": units[name], "grant": grant} for name, grant in grants.items()}


REACTION: Final = Reaction(apply, retract, shown)


def units_of(package: Package, activity: Activity, line: Line) -> int:
    """Return how many units of a package a line of an activity buys."""
    bought = activity.type in package.on and line.sku == package.sku
    return line.quantity * package.units if bought else 0


def problems(programme: Programme) -> Iterator[Violation]:
    """Yield what is wrong with the packages of a document."""
    from chalicelib.domain.mechanics import entitlements

    for place, package in enumerate(SECTION.of(programme)):
        at = join("", SECTION.name, place)
        if package.unit_price is not None and package.price is None:
            detail = "is what a used unit costs of the `price`: declare that, or leave this out"
            yield Violation(join(at, "unit_price"), detail)
        yield from entitlements.known_entitlement(
            programme, package.entitlement, join(at, "entitlement")
        )


def words(compose: Composer) -> Iterator[Description]:
    """Tell what each package has in it."""
    from chalicelib.domain.mechanics import entitlements

    for package in SECTION.of(compose.programme):
        gives = entitlements.name_of(compose.programme, package.entitlement)
        days = package.valid_days
        yield compose.describe(
            "package",
            package.id,
            package.name,
            compose.message(
                "packages-hold",
                name=package.name,
                units=package.units,
                gives=gives,
                activity=compose.activities(package.on),
                sku=package.sku,
            ),
            None if days is None else compose.message("packages-last", days=days),
            None if package.price is None else _refunded(compose, package, package.price),
            of=package,
        )


def _refunded(compose: Composer, package: Package, price: int) -> Message:
    """Tell what a package costs, and what of that comes back for what is not used."""
    if package.unit_price is None:
        return compose.message("packages-price", money=compose.money(price))
    each = compose.money(package.unit_price)
    return compose.message("packages-unused", money=compose.money(price), each=each)


MECHANIC: Final = Mechanic(
    section=SECTION,
    reaction=REACTION,
    problems=problems,
    words=words,
)
