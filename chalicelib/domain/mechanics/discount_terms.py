"""What a programme says of discounts: for what each is, and how a line gets several of them."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta

from chalicelib.domain.ledger.money import Rounding
from chalicelib.domain.mechanics.households import MEMBERS_MAX, Role
from chalicelib.domain.programme.document import LegalException, Programme
from chalicelib.domain.programme.fields import (
    Count,
    Id,
    LeapDay,
    Lines,
    LineScope,
    LocationNames,
    MinorUnits,
    MinorUnitsOrNone,
    Model,
    Name,
    Part,
    Share,
    Text,
    whole,
)
from chalicelib.domain.programme.section import Section

#: The day of the year that a member was born on.
BIRTHDAY: Final = "birthday"
_DAYS_AROUND: Final = 31
#: With a window of a year before them, no more days than accounts keep metrics of.
_TERM_DAYS: Final = 550

Around = Annotated[int, Meta(ge=0, le=_DAYS_AROUND)]
Day = Annotated[
    str,
    Meta(
        pattern=whole(r"(birthday|([0-9]{4}-)?[0-9]{2}-[0-9]{2})"),
        description="`birthday`, a day of every year (`12-26`), or a date (`2026-12-28`).",
    ),
]


class SpendBands(Model, frozen=True, tag_field="type", tag="spend_bands"):
    """
    ``percent`` off from ``at_least`` spent, ``add`` more for each ``every`` beyond, up to a cap.

    ``basis`` says whether the bill itself counts: `before`, it does not; `after`, its prices do.
    With ``shared`` what everyone in the member's household spent counts.
    """

    at_least: MinorUnits
    percent: Share
    every: MinorUnits | None = None
    add: Share = 1
    max_percent: Share = 100
    window: Literal["lifetime", "calendar_year"] = "lifetime"
    basis: Literal["before", "after"] = "before"
    shared: bool = False


class SpendWindow(Model, frozen=True, tag_field="type", tag="spend_window"):
    """
    ``percent`` off for ``term_days`` after a day of spending whose window reaches ``at_least``.

    The window is the last ``days`` days, that day among them, or the calendar year until then.
    Every such day begins the term anew.
    """

    at_least: MinorUnits
    percent: Share
    window: Literal["rolling", "calendar_year"] = "rolling"
    days: Annotated[int, Meta(ge=1, le=366)] = 365
    term_days: Annotated[int, Meta(ge=1, le=_TERM_DAYS)] = 365


class OnDates(Model, frozen=True, tag_field="type", tag="dates"):
    """
    ``percent`` off on certain days, and so many days before and after them.

    ``lists`` name lists of days that the tenant keeps for all of its programmes.  In a year without
    29 February, ``leap_day`` stands for it.
    """

    percent: Share
    days: Annotated[tuple[Day, ...], Meta(max_length=100)] = ()
    lists: Annotated[tuple[Id, ...], Meta(max_length=10)] = ()
    before_days: Around = 0
    after_days: Around = 0
    leap_day: LeapDay = "02-28"


class ForStatus(Model, frozen=True, tag_field="type", tag="status"):
    """``percent`` off while any of these statuses is true of the member, on the day of service."""

    any: Annotated[tuple[Id, ...], Meta(min_length=1, max_length=50)]
    percent: Share


class ForHousehold(Model, frozen=True, tag_field="type", tag="household"):
    """``percent`` off for members of a household of ``at_least`` so many, in one of these roles."""

    percent: Share
    at_least: Annotated[int, Meta(ge=2, le=MEMBERS_MAX)] = 2
    roles: Annotated[tuple[Role, ...], Meta(max_length=3)] = ()


class ForTier(Model, frozen=True, tag_field="type", tag="tier"):
    """A percentage off by the tier that is held on the day of service; of one to come, today."""

    percent: Annotated[dict[Id, Share], Meta(min_length=1)]


class MemberPrices(Model, frozen=True, tag_field="type", tag="prices"):
    """
    A price of a unit, by SKU, for members in one of these tiers or of one of these statuses.

    For every member where neither is named.
    """

    prices: Annotated[dict[Name, MinorUnitsOrNone], Meta(min_length=1, max_length=500)]
    tiers: tuple[Id, ...] = ()
    statuses: tuple[Id, ...] = ()


class ByVoucher(Model, frozen=True, tag_field="type", tag="voucher"):
    """``percent`` or ``amount`` off for the voucher of a reward; each voucher once."""

    reward: Id
    percent: Share | None = None
    amount: MinorUnits | None = None


class BuyGet(Model, frozen=True, tag_field="type", tag="buy_get"):
    """
    Of every ``buy`` and ``get`` units the cheapest ``get`` are free, or ``percent`` less.

    Sets are made of the dearest units first; units beyond the last full set cost their price.
    """

    buy: Annotated[int, Meta(ge=1, le=100)]
    get: Annotated[int, Meta(ge=1, le=100)] = 1
    percent: Share = 100


Terms = (
    SpendBands
    | SpendWindow
    | OnDates
    | ForStatus
    | ForHousehold
    | ForTier
    | MemberPrices
    | ByVoucher
    | BuyGet
)


class OfferLimit(Model, frozen=True):
    """
    The most that a discount takes off for one member, in a single ``order`` or in a window.

    It is one of three: so much ``money``; so many ``units`` that it is for, the dearest first; so
    many ``orders``.  With ``of`` it is on these lines alone.
    """

    window: Literal["order", "day", "week", "month", "year", "lifetime"] = "order"
    money: MinorUnits | None = None
    units: Count | None = None
    orders: Count | None = None
    of: Lines = Lines()

    @property
    def measure(self) -> Literal["money", "units", "orders"]:
        """Return what it counts."""
        return "money" if self.money else "units" if self.units else "orders"

    @property
    def kind(self) -> tuple[str, str]:
        """Return what it counts and in which window, whatever the lines."""
        return self.measure, self.window


class Discount(Part, frozen=True):
    """
    One discount, on which lines; of those in one ``group`` a line gets the best.

    With ``min_bill`` it takes something off only where these lines come to so much, before any
    discount and without what is free.  ``exception`` is why the law does not count it, for the
    packs of ``policies``.
    """

    id: Id
    name: Text
    terms: Terms
    scope: LineScope = LineScope()
    min_bill: MinorUnits | None = None
    limits: Annotated[tuple[OfferLimit, ...], Meta(max_length=5)] = ()
    group: Id | None = None
    locations: LocationNames = ()
    exception: LegalException | None = None


class Discounts(Model, frozen=True):
    """
    The discounts of a programme, and how a line gets several of them.

    ``best_of`` takes the one that gives most; ``additive`` adds them up, ``max_percent`` at most;
    ``sequential`` takes each off what the ones before it left.  ``rounding`` is of what comes off
    a line.
    """

    offers: Annotated[tuple[Discount, ...], Meta(max_length=100)] = ()
    stacking: Literal["best_of", "additive", "sequential"] = "best_of"
    max_percent: Share = 100
    rounding: Rounding = "half_up"


SECTION: Final[Section[Discounts]] = Section("discounts", Discounts, Discounts())


def spend_windows(programme: Programme) -> dict[str, SpendWindow]:
    """Return the terms of the discounts for spend in a window, by the discount."""
    offers = SECTION.of(programme).offers
    return {each.id: each.terms for each in offers if isinstance(each.terms, SpendWindow)}


def takes_voucher(discount: Discount, reward: str) -> bool:
    """Tell whether a discount is for the voucher of a reward."""
    return isinstance(discount.terms, ByVoucher) and discount.terms.reward == reward


def needs_household(programme: Programme) -> bool:
    """Tell whether a discount goes by the member's household, an account of its own."""
    return shares_spend(programme) or any(
        isinstance(discount.terms, ForHousehold) for discount in SECTION.of(programme).offers
    )


def shares_spend(programme: Programme) -> bool:
    """Tell whether a discount goes by what everyone in the household spent."""
    return any(
        isinstance(discount.terms, SpendBands) and discount.terms.shared
        for discount in SECTION.of(programme).offers
    )
