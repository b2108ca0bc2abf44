"""
Discounts: what a member pays less for, and why.

What each is for is in `discount_terms`, what it offers for a purchase in `discount_offers`.  Here
is which of those for spend in a window a member holds.  It follows from what was spent on each day
(`metrics`) and from nothing else: one holds for a term from each day with spend on which the window
reached its threshold.  So it is the same in whatever order payments and refunds are reported.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Counted, Mechanic, Permanent
from chalicelib.domain.decide.reaction import EarnContext, Reaction, ReversalContext
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.events import SpendCounted, SpendTerm
from chalicelib.domain.mechanics.discount_terms import (
    SECTION,
    Discount,
    ForTier,
    MemberPrices,
    SpendWindow,
    spend_windows,
)
from chalicelib.domain.mechanics.metrics import DayTotals, metric_key
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.versions import ProgrammeVersion

if TYPE_CHECKING:
    from chalicelib.domain.programme.wording import Composer, Description
    from chalicelib.domain.violations import Violation


class TierDiscount(NamedTuple):
    """A discount that a tier brings: ``percent`` off, or ``prices`` of a unit by SKU."""

    discount: Discount
    percent: int | None
    prices: dict[str, int]


#: Later than every day that is written as one.
_FOR_EVER: Final = "9999-12-31"


def held_through(
    account: Account, versions: tuple[ProgrammeVersion, ...], discount: str, day: date
) -> date | None:
    """
    Return the last day of the terms that a discount for spend had by a day; ``None`` without any.

    Each day with spend is evaluated by the ``versions`` in force on it, so that a term which has
    begun outlives a change of the programme.
    """
    if not versions:
        return None
    metric = metric_key(versions[-1].programme_id, "spend")
    spent = DayTotals(account.metrics.get(metric, {}))
    ends = []
    for first, last, terms in _in_turn(versions, discount):
        # The latest day on which the window reached the threshold has the longest term.
        for text in reversed(spent.days):
            if first <= text <= min(last, day.isoformat()):
                reached = date.fromisoformat(text)
                if spent.between(_window_start(terms, reached), reached) >= terms.at_least:
                    ends.append(calendar.add_days(reached, terms.term_days))
                    break
    return max(ends, default=None)


def tier_on(account: Account, programme: Programme, day: date, today: date) -> str:
    """
    Return the tier that a member of a programme held on a local day, at its end.

    Of a day to come it is the one held now, ``today``.
    """
    enrolment = account.enrolments[programme.id]
    if day >= today:
        return enrolment.tier
    return enrolment.tier_at(calendar.expiry_instant(day, programme.time_zone) - 1)


def by_tier(account: Account, programme: Programme) -> Iterator[TierDiscount]:
    """Yield the discounts that a member of a programme has by the tier held, in its order."""
    tier = account.enrolments[programme.id].tier
    for discount in SECTION.of(programme).offers:
        match discount.terms:
            case ForTier(percent) if tier in percent:
                yield TierDiscount(discount, percent[tier], {})
            case MemberPrices(prices, tiers) if tier in tiers:
                yield TierDiscount(discount, None, prices)


def _in_turn(
    versions: tuple[ProgrammeVersion, ...], discount: str
) -> Iterator[tuple[str, str, SpendWindow]]:
    """Yield the terms of a discount, with the first and last day on which each was in force."""
    for version, following in zip(versions, (*versions[1:], None), strict=True):
        zone = version.document.time_zone
        first = calendar.local_date(version.effective_from or 0, zone).isoformat()
        last = _FOR_EVER
        if following is not None:
            last = calendar.local_date((following.effective_from or 0) - 1, zone).isoformat()
        terms = spend_windows(version.document).get(discount)
        if terms is not None:
            yield first, last, terms


def _window_start(terms: SpendWindow, day: date) -> date:
    if terms.window == "calendar_year":
        return date(day.year, 1, 1)
    return calendar.add_days(day, 1 - terms.days)


def apply(event: EventBuilder, context: EarnContext) -> SpendCounted | None:
    """Say what is now held of the discounts that what is spent counts towards."""
    programme, activity = context.programme, context.activity
    if activity.type not in programme.metrics.spend_on or not activity.amount:
        return None
    if activity.money != programme.money.currency:
        return None
    counted = tuple(spend_windows(programme))
    return _counted(event, programme, context.versions, counted) if counted else None


def retract(event: EventBuilder, context: ReversalContext, outcome: SpendCounted) -> SpendCounted:
    """Say what is still held, after what comes back was counted off its day."""
    counted = tuple(term.discount for term in outcome.terms)
    return _counted(event, context.programme, context.versions, counted)


def _counted(
    event: EventBuilder,
    programme: Programme,
    versions: tuple[ProgrammeVersion, ...],
    counted: tuple[str, ...],
) -> SpendCounted:
    today = calendar.local_date(event.now, programme.time_zone)
    terms = []
    for discount in counted:
        until = held_through(event.account, versions, discount, today)
        holds = until is not None and until >= today
        terms.append(SpendTerm(discount, str(until) if holds else None))
    return SpendCounted(programme.id, tuple(terms))


def shown(outcome: SpendCounted) -> dict[str, Any]:
    """Return through which day each discount that was counted towards holds, if it does."""
    return {term.discount: {"until_on": term.until_on} for term in outcome.terms}


REACTION: Final = Reaction(apply, retract, shown)


def permanent(programme: Programme) -> Iterator[Permanent]:
    """Yield the ids that accounts may hold."""
    yield Permanent(f"/{SECTION.name}/offers", list(spend_windows(programme)))


def problems(programme: Programme) -> Iterator[Violation]:
    """Yield what is wrong with the discounts of a document."""
    from chalicelib.domain.mechanics import discount_rules

    yield from discount_rules.problems(programme)


def succession(previous: Programme, following: Programme) -> Iterator[Violation]:
    """Yield what of a next version would make something that is used count as something else."""
    from chalicelib.domain.mechanics import discount_rules

    yield from discount_rules.succession(previous, following)


def counters(programme: Programme) -> Iterator[Counted]:
    """Yield what is counted of the limits of each discount."""
    from chalicelib.domain.mechanics import discount_rules

    yield from discount_rules.counters(programme)


def words(compose: Composer) -> Iterator[Description]:
    """Tell what each discount takes and gives, and how several of them go together."""
    from chalicelib.domain.mechanics import discount_words

    yield from discount_words.words(compose)


MECHANIC: Final = Mechanic(
    section=SECTION,
    reaction=REACTION,
    problems=problems,
    permanent=permanent,
    succession=succession,
    words=words,
    counters=counters,
)
