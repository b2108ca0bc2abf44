"""The discounts of a document: what is wrong with them, and what an account counts of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from chalicelib.domain.decide.mechanic import Counted
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.chosen_days import chosen_date
from chalicelib.domain.mechanics import statuses
from chalicelib.domain.mechanics.discount_terms import (
    BIRTHDAY,
    SECTION,
    ByVoucher,
    Discount,
    ForStatus,
    ForTier,
    MemberPrices,
    OfferLimit,
    OnDates,
    SpendBands,
    Terms,
)
from chalicelib.domain.pointer import join
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.fields import Lines
from chalicelib.domain.programme.references import known_tiers, reference, refusal_of
from chalicelib.domain.violations import Violation

#: How many limits all discounts together have at most: a quote looks at each.
_LIMITS_MAX: Final = 100


def problems(programme: Programme) -> Iterator[Violation]:
    """Yield what is wrong with the discounts of a document."""
    section = SECTION.of(programme)
    limits = 0
    for place, discount in enumerate(section.offers):
        at = join("", SECTION.name, "offers", place)
        yield from _violations(programme, discount.terms, join(at, "terms"))
        for number, limit in enumerate(discount.limits):
            yield from _limit_violations(limit, join(at, "limits", number))
        limits += len(discount.limits)
        if limits > _LIMITS_MAX >= limits - len(discount.limits):
            detail = f"is more than {_LIMITS_MAX} limits in all discounts: leave some out"
            yield Violation(join(at, "limits"), detail)


def counters(programme: Programme) -> Iterator[Counted]:
    """Yield what is counted of the limits of each discount."""
    # Beyond its window each is kept for what comes late, as `offer_limits` says.
    late = programme.backdate_limit_days + 2
    for place, discount in enumerate(SECTION.of(programme).offers):
        windows = [limit.window for limit in discount.limits if limit.window != "order"]
        yield Counted(
            join("", SECTION.name, "offers", place, "limits"),
            sum(calendar.windows_within(late, window) for window in windows),
            "shorten `backdate_limit_days`, widen the window, or limit fewer discounts",
        )


def succession(previous: Programme, following: Programme) -> Iterator[Violation]:
    """Yield where what is used of a limit would count for another one from a next version on."""
    known = {each.id: each for each in SECTION.of(previous).offers}
    for place, discount in enumerate(SECTION.of(following).offers):
        before = _lines_of_limits(known[discount.id]) if discount.id in known else {}
        after = _lines_of_limits(discount)
        for (measure, window), lines in before.items():
            if not _keeps(lines, after.get((measure, window), [])):
                detail = (
                    f"must keep the order of its limits of `{measure}` in a `{window}`, by which "
                    "what is used is counted: leave out the last of them, and add at the end"
                )
                yield Violation(join("", SECTION.name, "offers", place, "limits"), detail)


def _lines_of_limits(discount: Discount) -> dict[tuple[str, str], list[Lines]]:
    """Return the lines that limits are on, by what they count and in which window."""
    found: dict[tuple[str, str], list[Lines]] = {}
    for limit in discount.limits:
        if limit.window != "order":
            found.setdefault(limit.kind, []).append(limit.of)
    return found


def _keeps(before: list[Lines], after: list[Lines]) -> bool:
    """Tell whether each of some limits of a kind is where it was, or changed its lines there."""
    if len(after) < len(before):
        return after == before[: len(after)]
    return all(here == was or was not in after for was, here in zip(before, after, strict=False))


def _violations(programme: Programme, terms: Terms, at: str) -> Iterator[Violation]:
    match terms:
        case SpendBands():
            yield from _band_violations(terms, at)
        case OnDates():
            if not terms.days and not terms.lists:
                yield Violation(at, "is for no day: name some in `days`, or `lists` of them")
            for place, day in enumerate(terms.days):
                refusal = None if day == BIRTHDAY else _no_day(day)
                if refusal:
                    yield Violation(join(at, "days", place), refusal)
        case ForStatus():
            yield from _known_statuses(programme, terms.any, join(at, "any"))
        case ForTier():
            yield from known_tiers(programme, tuple(terms.percent), join(at, "percent"))
        case MemberPrices():
            yield from known_tiers(programme, terms.tiers, join(at, "tiers"), by_place=True)
            yield from _known_statuses(programme, terms.statuses, join(at, "statuses"))
        case ByVoucher():
            yield from _voucher_violations(programme, terms, at)


def _limit_violations(limit: OfferLimit, at: str) -> Iterator[Violation]:
    measures = [each for each in (limit.money, limit.units, limit.orders) if each is not None]
    if len(measures) != 1:
        yield Violation(at, "needs exactly one of `money`, `units` and `orders`")
    if limit.orders is not None and limit.window == "order":
        yield Violation(join(at, "window"), "must be longer than an order, to count `orders` in it")


def _band_violations(terms: SpendBands, at: str) -> Iterator[Violation]:
    if terms.percent > terms.max_percent:
        yield Violation(join(at, "percent"), f"is more than `max_percent`, {terms.max_percent}")
    if terms.shared and terms.basis == "after":
        # By trying bills of various amounts, a member could work out what the others spent.
        detail = "must be `before` with `shared`: bills would tell what the others spent"
        yield Violation(join(at, "basis"), detail)


def _known_statuses(programme: Programme, named: tuple[str, ...], at: str) -> Iterator[Violation]:
    for place, status in enumerate(named):
        yield from statuses.known_status(programme, status, join(at, place))


def _voucher_violations(programme: Programme, terms: ByVoucher, at: str) -> Iterator[Violation]:
    rewards = [reward.id for reward in programme.rewards if reward.gives is None]
    here = join(at, "reward")
    if not rewards:
        yield Violation(here, "names a reward, but none has a voucher: declare `rewards`")
    yield from reference(terms.reward, rewards, "reward with a voucher", here)
    if any(reward.ordered for reward in programme.rewards if reward.id == terms.reward):
        # A purchase that comes back gives its voucher back, and goods are on their way meanwhile.
        detail = "is `ordered`: its voucher stands for goods, and takes nothing off a bill"
        yield Violation(here, detail)
    if (terms.percent is None) == (terms.amount is None):
        yield Violation(at, "needs exactly one of `percent` and `amount`")


def _no_day(day: str) -> str | None:
    """Return what is wrong with a day of every year, or a date; nothing where it is one."""
    full = day if len(day) > len("12-31") else f"2024-{day}"
    return refusal_of(chosen_date, full)
