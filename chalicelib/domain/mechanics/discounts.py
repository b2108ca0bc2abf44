"""
Discounts: what a member pays less for, and why.

What each is for is in `discount_terms`, what it offers for a purchase in `discount_offers`.  Here
is what activities change: a discount for spend in a window holds for a term from the day on which
the window reached it, whatever is spent afterwards.  The term is kept in the account, and taken
back with the activity that brought it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Mechanic
from chalicelib.domain.decide.progress import ProgressStore
from chalicelib.domain.decide.reaction import EarnContext, Reaction, ReversalContext
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.effects import MetricChange
from chalicelib.domain.ledger.events import SpendCounted, SpendTerm
from chalicelib.domain.mechanics.discount_terms import SECTION, Discount, SpendWindow
from chalicelib.domain.mechanics.metrics import metric_key
from chalicelib.domain.programme.document import Programme

if TYPE_CHECKING:
    from chalicelib.domain.programme.wording import Composer, Description
    from chalicelib.domain.violations import Violation


class Term(Struct, frozen=True):
    """How long a discount for spend holds: through a local day."""

    until_on: str


#: By programme and discount.
TERMS: Final = ProgressStore("discounts/terms", Term)


def term_of(account: Account, programme: Programme, discount: Discount) -> Term | None:
    """Return how long a discount for spend holds, where spend has brought it."""
    return TERMS.get(account, _key(programme, discount))


def apply(event: EventBuilder, context: EarnContext) -> SpendCounted | None:
    """Count what is spent towards the discounts for it, and begin the terms that it brings."""
    programme, activity = context.programme, context.activity
    if activity.type not in programme.metrics.spend_on or not activity.amount:
        return None
    if activity.money != programme.money.currency:
        return None
    day = activity.local_day(programme.time_zone)
    found = []
    for discount, terms in _windows(programme):
        before = _in_window(event.account, programme, discount, terms, day)
        _count(event, programme, discount, day, activity.amount)
        brought = SpendTerm(discount.id)
        if before < terms.at_least <= before + activity.amount:
            held = term_of(event.account, programme, discount)
            until = calendar.add_days(day, terms.term_days).isoformat()
            if held is None or held.until_on < until:
                TERMS.put(event, _key(programme, discount), Term(until))
                brought = SpendTerm(discount.id, until, held.until_on if held else None)
        found.append(brought)
    return SpendCounted(programme.id, tuple(found)) if found else None


def retract(event: EventBuilder, context: ReversalContext, outcome: SpendCounted) -> SpendCounted:
    """Count off what comes back, and end the term that it brought, if nothing else carries it."""
    programme = context.programme
    day = context.recorded.local_day(programme.time_zone)
    left = context.after.amount if context.after else 0
    less = (left or 0) - (context.before.amount or 0)
    windows = {discount.id: (discount, terms) for discount, terms in _windows(programme)}
    kept = []
    for brought in outcome.terms:
        discount, terms = windows[brought.discount]
        _count(event, programme, discount, day, less)
        carried = _in_window(event.account, programme, discount, terms, day) >= terms.at_least
        if brought.until_on is None or carried:
            kept.append(brought)
            continue
        held = term_of(event.account, programme, discount)
        if held is not None and held.until_on == brought.until_on:
            if brought.before:
                TERMS.put(event, _key(programme, discount), Term(brought.before))
            else:
                TERMS.drop(event, _key(programme, discount))
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
    event: EventBuilder, programme: Programme, discount: Discount, day: date, amount: int
) -> None:
    if amount:
        metric, month = _metric(programme, discount), calendar.month_of(day)
        event.add(MetricChange(metric, month, amount, day.isoformat()))


def _metric(programme: Programme, discount: Discount) -> str:
    return metric_key(programme.id, "spend", discount.id)


def _key(programme: Programme, discount: Discount) -> str:
    return f"{programme.id}/{discount.id}"


def end(event: EventBuilder) -> None:
    """Give up every term, where an account ends."""
    for key in TERMS.all(event.account):
        TERMS.drop(event, key)


def permanent(programme: Programme) -> dict[str, list[str]]:
    """Return the ids that accounts may hold."""
    held = [discount.id for discount, _ in _windows(programme)]
    return {f"/{SECTION.name}/offers": held}


def problems(programme: Programme) -> Iterator[Violation]:
    """Yield what is wrong with the discounts of a document."""
    from chalicelib.domain.mechanics import discount_rules

    yield from discount_rules.problems(programme)


def words(compose: Composer) -> Iterator[Description]:
    """Tell what each discount takes and gives, and how several of them go together."""
    from chalicelib.domain.mechanics import discount_words

    yield from discount_words.words(compose)


MECHANIC: Final = Mechanic(
    section=SECTION,
    reaction=REACTION,
    closing=end,
    problems=problems,
    permanent=permanent,
    words=words,
)
