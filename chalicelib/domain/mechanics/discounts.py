"""
Discounts: what a member pays less for, and why.

Each discount is looked at for each line in its scope and offers a percentage or an amount off, or
says why it does not.  How offers add up is the business of `pricing`.

A discount for spend in a window holds for a term from the day on which the window reached it,
whatever is spent afterwards: the term is kept in the account, and taken back with the fact that
brought it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, NamedTuple

from msgspec import Meta, Struct

from chalicelib.domain import calendar
from chalicelib.domain.account import LIFETIME, Account
from chalicelib.domain.activity import in_scope
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.effects import MetricChange
from chalicelib.domain.faults import Fault
from chalicelib.domain.ledger.events import Line, SpendCounted, SpendTerm
from chalicelib.domain.mechanics import households, statuses
from chalicelib.domain.mechanics.earning import metric_key
from chalicelib.domain.mechanics.households import MEMBERS_MAX, Household, Role
from chalicelib.domain.mechanics.mechanic import Mechanic
from chalicelib.domain.mechanics.rewards import Redemption
from chalicelib.domain.money import Rounding
from chalicelib.domain.pointer import join
from chalicelib.domain.programme import Count, Id, LineScope, Model, Name, Programme, Text
from chalicelib.domain.progress import ProgressStore
from chalicelib.domain.reaction import EarnContext, Reaction, ReversalContext
from chalicelib.domain.references import known_tiers, reference, refusal_of
from chalicelib.domain.section import Section

if TYPE_CHECKING:
    from chalicelib.domain.wording import Composer, Description, Message

#: The day of the year that a member was born on; its date is in the directory.
BIRTHDAY: Final = "birthday"
_DAYS_AROUND: Final = 31

Share = Annotated[int, Meta(ge=1, le=100)]
Around = Annotated[int, Meta(ge=0, le=_DAYS_AROUND)]
Day = Annotated[
    str,
    Meta(
        pattern=r"^(birthday|(\d{4}-)?\d{2}-\d{2})$",
        description="`birthday`, a day of every year (`12-26`), or a date (`2026-12-28`).",
    ),
]


class SpendBands(Model, frozen=True, tag_field="type", tag="spend_bands"):
    """
    ``percent`` off from ``at_least`` spent, ``add`` more for each ``every`` beyond, up to a cap.

    ``basis`` says whether the bill itself counts: `before`, it does not; `after`, its prices do.
    With ``shared`` what everyone in the member's household spent counts.
    """

    at_least: Count
    percent: Share
    every: Count | None = None
    add: Share = 1
    max_percent: Share = 100
    window: Literal["lifetime", "calendar_year"] = "lifetime"
    basis: Literal["before", "after"] = "before"
    shared: bool = False


class SpendWindow(Model, frozen=True, tag_field="type", tag="spend_window"):
    """
    ``percent`` off for ``term_days`` after the day on which the window reached ``at_least``.

    The window is the last ``days`` days, that day among them, or the calendar year.
    """

    at_least: Count
    percent: Share
    window: Literal["rolling", "calendar_year"] = "rolling"
    days: Annotated[int, Meta(ge=1, le=366)] = 365
    term_days: Annotated[int, Meta(ge=1, le=3660)] = 365


class OnDates(Model, frozen=True, tag_field="type", tag="dates"):
    """
    ``percent`` off on certain days, and so many days before and after them.

    In a year without 29 February, ``leap_day`` stands for it.
    """

    percent: Share
    days: Annotated[tuple[Day, ...], Meta(min_length=1, max_length=100)]
    before_days: Around = 0
    after_days: Around = 0
    leap_day: Literal["02-28", "03-01"] = "02-28"


class ForStatus(Model, frozen=True, tag_field="type", tag="status"):
    """``percent`` off while any of these statuses is true of the member, on the day of service."""

    any: Annotated[tuple[Id, ...], Meta(min_length=1, max_length=50)]
    percent: Share


class ForHousehold(Model, frozen=True, tag_field="type", tag="household"):
    """``percent`` off for whoever belongs to a household of so many, in one of these roles."""

    percent: Share
    at_least: Annotated[int, Meta(ge=2, le=MEMBERS_MAX)] = 2
    roles: Annotated[tuple[Role, ...], Meta(max_length=3)] = ()


class ForTier(Model, frozen=True, tag_field="type", tag="tier"):
    """A percentage off by the tier that is held."""

    percent: Annotated[dict[Id, Share], Meta(min_length=1)]


class MemberPrices(Model, frozen=True, tag_field="type", tag="prices"):
    """
    A price of a unit, by SKU, for members in one of these tiers or of one of these statuses.

    For every member where neither is named.
    """

    prices: Annotated[
        dict[Name, Annotated[int, Meta(ge=0, le=10**12)]], Meta(min_length=1, max_length=500)
    ]
    tiers: tuple[Id, ...] = ()
    statuses: tuple[Id, ...] = ()


class ByVoucher(Model, frozen=True, tag_field="type", tag="voucher"):
    """``percent`` or ``amount`` off for the voucher of a reward; each voucher once."""

    reward: Id
    percent: Share | None = None
    amount: Count | None = None


Terms = (
    SpendBands
    | SpendWindow
    | OnDates
    | ForStatus
    | ForHousehold
    | ForTier
    | MemberPrices
    | ByVoucher
)


class Discount(Model, frozen=True):
    """One discount, on which lines; of those in one ``group`` a line gets the best."""

    id: Id
    name: Text
    terms: Terms
    scope: LineScope = LineScope()
    group: Id | None = None


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


class Term(Struct, frozen=True):
    """How long a discount for spend holds: through a local day."""

    until_on: str


#: By programme and discount.
TERMS: Final = ProgressStore("discounts/terms", Term)


class Purchase(NamedTuple):
    """
    What is about to be bought: the day of service, and all that discounts go by.

    ``birthday`` is MM-DD, empty where it is not known; ``household`` nothing where the member has
    none, or no discount asks; ``excluded`` the ids to be left out.
    """

    lines: tuple[Line, ...]
    day: date
    birthday: str = ""
    household: Household | None = None
    vouchers: tuple[Redemption, ...] = ()
    excluded: frozenset[str] = frozenset()


class Offer(NamedTuple):
    """
    What one discount would take off: a percentage of each line, or an amount of each.

    ``reason`` says why it offers nothing; ``redemption`` whose voucher it would use.
    """

    discount: Discount
    lines: dict[str, int | None]
    percent: int | None = None
    reason: str = ""
    redemption: str = ""


def offers(account: Account, programme: Programme, purchase: Purchase) -> tuple[Offer, ...]:
    """Look at every discount of a programme, in the document's order."""
    return tuple(
        _offer(account, programme, purchase, discount) for discount in SECTION.of(programme).offers
    )


def _offer(account: Account, programme: Programme, purchase: Purchase, discount: Discount) -> Offer:
    def nothing(reason: str) -> Offer:
        return Offer(discount, {}, reason=reason)

    if discount.id in purchase.excluded:
        return nothing("it was excluded")
    chosen = [line for line in purchase.lines if in_scope(line, discount.scope)]
    if not chosen:
        return nothing("no line is in its scope")
    terms = discount.terms
    if isinstance(terms, MemberPrices):
        return _priced(account, programme, purchase, discount, terms, chosen)
    if isinstance(terms, ByVoucher):
        return _by_voucher(programme, purchase, discount, terms, chosen)
    percent = _percent(account, programme, purchase, discount, terms)
    if isinstance(percent, str):
        return nothing(percent)
    return Offer(discount, {line.id: None for line in chosen}, percent)


def _percent(
    account: Account,
    programme: Programme,
    purchase: Purchase,
    discount: Discount,
    terms: SpendBands | SpendWindow | OnDates | ForStatus | ForHousehold | ForTier,
) -> int | str:
    """Return the percentage that a member gets, or why none."""
    match terms:
        case SpendBands():
            spent = _spent(account, programme, terms, purchase)
            return band(terms, spent) or _short(terms, spent, purchase.household)
        case SpendWindow():
            held = TERMS.get(account, _key(programme, discount))
            if held is None:
                return f"{terms.at_least} was not yet spent in its window"
            if held.until_on < purchase.day.isoformat():
                return f"it held through {held.until_on}"
            return terms.percent
        case OnDates():
            if not _is_on(terms, purchase):
                return f"{purchase.day} is none of its days"
            return terms.percent
        case ForStatus():
            known = (statuses.holds_on(account, programme, s, purchase.day) for s in terms.any)
            return terms.percent if any(known) else f"no status of it holds on {purchase.day}"
        case ForHousehold():
            return _at_home(account, terms, purchase.household)
        case ForTier():
            tier = account.enrolments[programme.id].tier
            return terms.percent.get(tier) or f"it is not for the tier {tier}"


def _short(terms: SpendBands, spent: int, household: Household | None) -> str:
    if terms.shared and household is not None:
        # What the others spent is not this member's to know.
        return f"the household has not spent {terms.at_least} yet"
    return f"{spent} of {terms.at_least} is spent"


def band(terms: SpendBands, spent: int) -> int:
    """
    Return the percentage for so much spent.

    With £100 → 2 %, 1 % more per further £100 and a cap of 10 %, that is 0 below £100 and
    min(10, 2 + floor((S - 100) / 100)) from there on.
    """
    if spent < terms.at_least:
        return 0
    more = 0 if terms.every is None else (spent - terms.at_least) // terms.every * terms.add
    return min(terms.percent + more, terms.max_percent)


def _spent(account: Account, programme: Programme, terms: SpendBands, purchase: Purchase) -> int:
    spent = sum(line.amount for line in purchase.lines) if terms.basis == "after" else 0
    others = purchase.household.others if terms.shared and purchase.household else ()
    for spender in (account, *others):
        buckets = spender.metrics.get(metric_key(programme.id, "spend"), {})
        spent += _of_window(buckets, terms, purchase.day)
    return spent


def _of_window(buckets: dict[str, int], terms: SpendBands, day: date) -> int:
    if terms.window == "lifetime":
        return buckets.get(LIFETIME, 0)
    year = f"{day.year:04d}-"
    return sum(n for b, n in buckets.items() if b.startswith(year) and len(b) == len("2026-11"))


def _at_home(account: Account, terms: ForHousehold, household: Household | None) -> int | str:
    """Return the percentage that a household brings, or why none."""
    belongs = households.belonging(account)
    if belongs is None or household is None:
        return "the member belongs to no household"
    if household.size < terms.at_least:
        return f"the household is of {household.size}, and {terms.at_least} are needed"
    if terms.roles and belongs.role not in terms.roles:
        return f"it is not for the role {belongs.role}"
    return terms.percent


def _is_on(terms: OnDates, purchase: Purchase) -> bool:
    for named in terms.days:
        text = purchase.birthday if named == BIRTHDAY else named
        for centre in _dates(text, purchase.day, terms.leap_day):
            away = (purchase.day - centre).days
            if -terms.before_days <= away <= terms.after_days:
                return True
    return False


def _dates(text: str, day: date, leap_day: str) -> Iterator[date]:
    """Yield the dates near a day that a text stands for."""
    if not text:
        return
    if len(text) > len("12-31"):
        yield calendar.parse_date(text)
        return
    for year in (day.year - 1, day.year, day.year + 1):
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        of_year = leap_day if text == "02-29" and not leap else text
        yield date(year, int(of_year[:2]), int(of_year[3:]))


def _priced(
    account: Account,
    programme: Programme,
    purchase: Purchase,
    discount: Discount,
    terms: MemberPrices,
    chosen: list[Line],
) -> Offer:
    tier = account.enrolments[programme.id].tier
    entitled = not terms.tiers and not terms.statuses
    entitled = entitled or tier in terms.tiers
    entitled = entitled or any(
        statuses.holds_on(account, programme, status, purchase.day) for status in terms.statuses
    )
    if not entitled:
        return Offer(discount, {}, reason="these prices are for others")
    off: dict[str, int | None] = {}
    for line in chosen:
        price = terms.prices.get(line.sku)
        if price is not None and line.amount > price * line.quantity:
            off[line.id] = line.amount - price * line.quantity
    reason = "" if off else "it has no lower price for these lines"
    return Offer(discount, off, reason=reason)


def _by_voucher(
    programme: Programme,
    purchase: Purchase,
    discount: Discount,
    terms: ByVoucher,
    chosen: list[Line],
) -> Offer:
    for redemption in purchase.vouchers:
        if (redemption.programme, redemption.reward) != (programme.id, terms.reward):
            continue
        if terms.percent is not None:
            every: dict[str, int | None] = {line.id: None for line in chosen}
            return Offer(discount, every, terms.percent, redemption=redemption.id)
        left, off = terms.amount or 0, {}
        for line in chosen:
            part = min(left, line.amount)
            left -= part
            if part:
                off[line.id] = part
        return Offer(discount, dict(off), redemption=redemption.id)
    return Offer(discount, {}, reason=f"it takes a voucher of {terms.reward}")


# ── Terms that spend brings ──


def apply(draft: EventBuilder, context: EarnContext) -> SpendCounted | None:
    """Count what is spent towards the discounts for it, and begin the terms that it brings."""
    programme, activity = context.programme, context.activity
    if activity.type not in programme.metrics.spend_on or not activity.amount:
        return None
    if activity.money != programme.money.currency:
        return None
    day = activity.local_day(programme.time_zone)
    found = []
    for discount, terms in _windows(programme):
        before = _in_window(draft.account, programme, discount, terms, day)
        _count(draft, programme, discount, day, activity.amount)
        brought = SpendTerm(discount.id)
        if before < terms.at_least <= before + activity.amount:
            held = TERMS.get(draft.account, _key(programme, discount))
            until = calendar.add_days(day, terms.term_days).isoformat()
            if held is None or held.until_on < until:
                TERMS.put(draft, _key(programme, discount), Term(until))
                brought = SpendTerm(discount.id, until, held.until_on if held else None)
        found.append(brought)
    return SpendCounted(programme.id, tuple(found)) if found else None


def retract(draft: EventBuilder, context: ReversalContext, outcome: SpendCounted) -> SpendCounted:
    """Count off what comes back, and end the term that it brought, if nothing else carries it."""
    programme = context.programme
    day = context.recorded.local_day(programme.time_zone)
    left = context.after.amount if context.after else 0
    less = (left or 0) - (context.before.amount or 0)
    windows = {discount.id: (discount, terms) for discount, terms in _windows(programme)}
    kept = []
    for brought in outcome.terms:
        discount, terms = windows[brought.discount]
        _count(draft, programme, discount, day, less)
        carried = _in_window(draft.account, programme, discount, terms, day) >= terms.at_least
        if brought.until_on is None or carried:
            kept.append(brought)
            continue
        held = TERMS.get(draft.account, _key(programme, discount))
        if held is not None and held.until_on == brought.until_on:
            if brought.before:
                TERMS.put(draft, _key(programme, discount), Term(brought.before))
            else:
                TERMS.drop(draft, _key(programme, discount))
        kept.append(SpendTerm(brought.discount))
    return SpendCounted(outcome.programme, tuple(kept))


def shown(outcome: SpendCounted) -> dict[str, Any]:
    """Return which terms what was spent brought."""
    return {
        term.discount: {"until_on": term.until_on, "before": term.before} if term.until_on else {}
        for term in outcome.terms
    }


REACTION: Final = Reaction(apply, retract, shown)


def _windows(programme: Programme) -> Iterator[tuple[Discount, SpendWindow]]:
    for discount in SECTION.of(programme).offers:
        if isinstance(discount.terms, SpendWindow):
            yield discount, discount.terms


def _in_window(
    account: Account, programme: Programme, discount: Discount, terms: SpendWindow, day: date
) -> int:
    buckets = account.metrics.get(_metric(programme, discount), {})
    first = date(day.year, 1, 1)
    if terms.window == "rolling":
        first = calendar.add_days(day, 1 - terms.days)
    low, high = first.isoformat(), day.isoformat()
    return sum(n for b, n in buckets.items() if len(b) == len(high) and low <= b <= high)


def _count(
    draft: EventBuilder, programme: Programme, discount: Discount, day: date, amount: int
) -> None:
    if amount:
        metric, month = _metric(programme, discount), calendar.month_of(day)
        draft.add(MetricChange(metric, month, amount, day.isoformat()))


def _metric(programme: Programme, discount: Discount) -> str:
    return metric_key(programme.id, "spend", discount.id)


def end(draft: EventBuilder) -> None:
    """Give up every term, where an account ends."""
    for key in TERMS.all(draft.account):
        TERMS.drop(draft, key)


# ── The document ──


def problems(programme: Programme) -> Iterator[Fault]:
    """Faults of the discounts of a document."""
    section = SECTION.of(programme)
    seen: set[str] = set()
    for place, discount in enumerate(section.offers):
        at = join("", SECTION.name, "offers", place)
        if discount.id in seen:
            yield Fault(join(at, "id"), f"`{discount.id}` is there twice: give it its own id")
        seen.add(discount.id)
        yield from _faults(programme, discount.terms, join(at, "terms"))


def _faults(programme: Programme, terms: Terms, at: str) -> Iterator[Fault]:
    match terms:
        case SpendBands():
            yield from _band_faults(terms, at)
        case OnDates():
            for place, day in enumerate(terms.days):
                refusal = None if day == BIRTHDAY else _no_day(day)
                if refusal:
                    yield Fault(join(at, "days", place), refusal)
        case ForStatus():
            yield from _known_statuses(programme, terms.any, join(at, "any"))
        case ForTier():
            yield from known_tiers(programme, tuple(terms.percent), join(at, "percent"))
        case MemberPrices():
            yield from known_tiers(programme, terms.tiers, join(at, "tiers"), by_place=True)
            yield from _known_statuses(programme, terms.statuses, join(at, "statuses"))
        case ByVoucher():
            yield from _voucher_faults(programme, terms, at)


def _band_faults(terms: SpendBands, at: str) -> Iterator[Fault]:
    if terms.percent > terms.max_percent:
        yield Fault(join(at, "percent"), f"is more than `max_percent`, {terms.max_percent}")
    if terms.shared and terms.basis == "after":
        # Whoever varies the bill could find out to the penny what the others spent.
        detail = "must be `before` with `shared`: bills would tell what the others spent"
        yield Fault(join(at, "basis"), detail)


def _known_statuses(programme: Programme, named: tuple[str, ...], at: str) -> Iterator[Fault]:
    for place, status in enumerate(named):
        yield from statuses.known(programme, status, join(at, place))


def _voucher_faults(programme: Programme, terms: ByVoucher, at: str) -> Iterator[Fault]:
    rewards = [reward.id for reward in programme.rewards if reward.gives is None]
    here = join(at, "reward")
    if not rewards:
        yield Fault(here, "names a reward, but none has a voucher: declare `rewards`")
    yield from reference(terms.reward, rewards, "reward with a voucher", here)
    if (terms.percent is None) == (terms.amount is None):
        yield Fault(at, "needs exactly one of `percent` and `amount`")


def _no_day(day: str) -> str | None:
    full = day if len(day) > len("12-31") else f"2024-{day}"
    return refusal_of(calendar.parse_date, full)


def permanent(programme: Programme) -> dict[str, list[str]]:
    """Return the ids that accounts may hold."""
    held = [discount.id for discount, _ in _windows(programme)]
    return {f"/{SECTION.name}/offers": held}


def takes_voucher(discount: Discount, reward: str) -> bool:
    """Tell whether a discount is for the voucher of a reward."""
    return isinstance(discount.terms, ByVoucher) and discount.terms.reward == reward


def needs_birthday(programme: Programme) -> bool:
    """Tell whether a discount goes by the member's birthday, which is not in the account."""
    return any(
        isinstance(discount.terms, OnDates) and BIRTHDAY in discount.terms.days
        for discount in SECTION.of(programme).offers
    )


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


def words(compose: Composer) -> Iterator[Description]:
    """Tell what each discount takes and gives, and how several of them go together."""
    section = SECTION.of(compose.programme)
    for discount in section.offers:
        terms = _terms_in_words(compose, discount)
        yield compose.describe("discount", discount.id, discount.name, *terms)
    if len(section.offers) > 1:
        programme = compose.programme
        how = compose.message(
            "discounts-stacking", stacking=section.stacking, percent=section.max_percent
        )
        yield compose.describe("stacking", programme.id, programme.name, how)


def _terms_in_words(compose: Composer, discount: Discount) -> Iterator[Message]:
    name, terms = discount.name, discount.terms
    match terms:
        case SpendBands():
            yield from _bands_in_words(compose, name, terms)
        case SpendWindow():
            yield compose.message(
                "discounts-window",
                name=name,
                percent=terms.percent,
                days=terms.term_days,
                spent=compose.money(terms.at_least),
                window=terms.window,
                window_days=terms.days,
            )
        case OnDates():
            yield from _dates_in_words(compose, name, terms)
        case ForStatus():
            named = (statuses.name_of(compose.programme, each) for each in terms.any)
            yield compose.message(
                "discounts-status",
                name=name,
                percent=terms.percent,
                statuses=compose.any_of(named),
            )
        case ForHousehold():
            yield from _household_in_words(compose, name, terms)
        case ForTier():
            shares = (
                compose.message("discounts-share", percent=percent, tier=compose.tier_name(tier))
                for tier, percent in terms.percent.items()
            )
            yield compose.message("discounts-tiers", name=name, shares=compose.all_of(shares))
        case MemberPrices():
            yield compose.message("discounts-prices", name=name, services=len(terms.prices))
        case ByVoucher():
            yield _voucher_in_words(compose, name, terms)


def _bands_in_words(compose: Composer, name: Text, terms: SpendBands) -> Iterator[Message]:
    spent = compose.money(terms.at_least)
    yield compose.message("discounts-spend", name=name, percent=terms.percent, spent=spent)
    if terms.every is not None:
        yield compose.message(
            "discounts-spend-step",
            every=compose.money(terms.every),
            percent=terms.add,
            most=terms.max_percent,
        )
    if terms.shared:
        yield compose.message("discounts-shared")


def _household_in_words(compose: Composer, name: Text, terms: ForHousehold) -> Iterator[Message]:
    yield compose.message(
        "discounts-household", name=name, percent=terms.percent, members=terms.at_least
    )
    if terms.roles:
        roles = (compose.message("discounts-role", role=role) for role in terms.roles)
        yield compose.message("discounts-roles", roles=compose.any_of(roles))


def _voucher_in_words(compose: Composer, name: Text, terms: ByVoucher) -> Message:
    if terms.percent is None:
        off = compose.money(terms.amount or 0)
        return compose.message("discounts-voucher-money", name=name, money=off)
    return compose.message("discounts-voucher-percent", name=name, percent=terms.percent)


def _dates_in_words(compose: Composer, name: Text, terms: OnDates) -> Iterator[Message]:
    days = compose.any_of(
        compose.message("discounts-birthday") if day == BIRTHDAY else compose.day(day)
        for day in terms.days
    )
    yield compose.message("discounts-dates", name=name, percent=terms.percent, days=days)
    if terms.before_days or terms.after_days:
        yield compose.message("discounts-around", before=terms.before_days, after=terms.after_days)


def _key(programme: Programme, discount: Discount) -> str:
    return f"{programme.id}/{discount.id}"


MECHANIC: Final = Mechanic(
    section=SECTION,
    reaction=REACTION,
    closing=end,
    problems=problems,
    permanent=permanent,
    words=words,
)
