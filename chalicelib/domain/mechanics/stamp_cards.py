"""
Stamp cards: so many paid services, and one more is free.

What is paid for earns stamps; a full card is an entitlement, and the next card begins.  What is
free is not paid for, so it earns none.  A refund takes back the stamps of what comes back: from the
running card, and where that has too few, it opens the card again that is full no more, if an
entitlement is unused: its own, or else the last to lapse, but none of a package.  What a card with
a last day gave counts as unused for a year after it has lapsed so, since the refund may only be
told then.  A used one stays used, and the card goes below nothing until new stamps have made up for
it, or its use comes back (`settle`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Mechanic, Owned
from chalicelib.domain.decide.progress import ProgressStore
from chalicelib.domain.decide.reaction import EarnContext, Reaction, ReversalContext
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account, limit_counter
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import CounterChange
from chalicelib.domain.ledger.events import CardsStamped, CardStamp
from chalicelib.domain.mechanics import entitlement_grants
from chalicelib.domain.mechanics.stamp_card_terms import (
    SECTION,
    StampCard,
    counters,
    permanent,
    problems,
    succession,
)
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.scope import Basis, basis

if TYPE_CHECKING:
    from chalicelib.domain.programme.wording import Composer, Description, Message


class Stamps(Struct, frozen=True, omit_defaults=True):
    """The running card of a member, below zero where stamps are owed, and how many were full."""

    on_card: int = 0
    full: int = 0


CARDS: Final = ProgressStore("stamp_cards", Stamps)


class CardProgress(Struct, frozen=True):
    """One card as a member has it."""

    programme: str
    card: StampCard
    on_card: int
    full: int


def progress(account: Account, programme: Programme) -> tuple[CardProgress, ...]:
    """Return every card of a programme, in the document's order."""
    found = []
    for card in SECTION.of(programme):
        held = CARDS.get(account, _key(programme, card.id)) or Stamps()
        found.append(CardProgress(programme.id, card, held.on_card, held.full))
    return tuple(found)


def owned(account: Account, programme: Programme, _now: Instant) -> Iterator[Owned]:
    """Yield the stamps on each running card, and how many cards were full."""
    for each in progress(account, programme):
        yield Owned("stamps", each.card.id, each.on_card)
        yield Owned("full_cards", each.card.id, each.full)


def stamped(card: StampCard, activity: Activity) -> int:
    """Return the stamps that an activity is worth, before the day's maximum."""
    counted = basis(activity, card.scope) if activity.type in card.on else None
    if counted is None or counted.amount < card.min_amount:
        return 0
    return 1 if card.per == "activity" else _paid(card, activity, counted)


def _paid(card: StampCard, activity: Activity, counted: Basis) -> int:
    if not activity.lines:
        return counted.quantity if card.per == "unit" else 1
    # A line that is free stands beside others that are paid for, and earns nothing.
    paid = [line for line in counted.lines or activity.lines if line.amount > 0]
    return sum(line.quantity for line in paid) if card.per == "unit" else len(paid)


def apply(event: EventBuilder, context: EarnContext) -> CardsStamped | None:
    """Stamp every card that an activity is for."""
    programme, activity = context.programme, context.activity
    stamped_cards = []
    for card in SECTION.of(programme):
        worth = stamped(card, activity)
        if worth == 0:
            continue
        room = worth
        if card.daily_max is not None:
            counted = event.account.counter(_day(programme, card, activity))
            room = min(worth, max(card.daily_max - counted, 0))
        before = CARDS.get(event.account, _key(programme, card.id)) or Stamps()
        if room:
            _count_day(event, programme, card, activity, room)
            _move(event, programme, card, room, activity.local_day(programme.time_zone))
        after = CARDS.get(event.account, _key(programme, card.id)) or Stamps()
        full = after.full - before.full
        stamped_cards.append(CardStamp(card.id, room, worth, after.on_card, card.size, full))
    return CardsStamped(programme.id, tuple(stamped_cards)) if stamped_cards else None


def retract(event: EventBuilder, context: ReversalContext, outcome: CardsStamped) -> CardsStamped:
    """Take back the stamps that what is left of an activity is no longer worth."""
    programme = context.programme
    cards = {card.id: card for card in SECTION.of(programme)}
    kept = []
    for given in outcome.cards:
        card = cards[given.card]
        left = 0 if context.after is None else stamped(card, context.after)
        # A maximum that clipped this activity is not opened for others.
        keep = min(left, given.stamps)
        back = given.stamps - keep
        if back:
            _count_day(event, programme, card, context.recorded, -back)
            _move(event, programme, card, -back, context.recorded.local_day(programme.time_zone))
        after = CARDS.get(event.account, _key(programme, card.id)) or Stamps()
        kept.append(replace(given, stamps=keep, on_card=after.on_card))
    return CardsStamped(outcome.programme, tuple(kept))


def shown(outcome: CardsStamped) -> dict[str, Any]:
    """Return what each card got."""
    return {
        card.card: {
            "stamps": card.stamps,
            "worth": card.worth,
            "on_card": card.on_card,
            "size": card.size,
            "full": card.full,
        }
        for card in outcome.cards
    }


REACTION: Final = Reaction(apply, retract, shown)


def settle(event: EventBuilder, programme: Programme) -> None:
    """
    Open cards again that owe stamps, as far as what they gave is unused again.

    Called where a unit is given back, so that two refunds leave the same in either order.
    """
    for card in SECTION.of(programme):
        held = CARDS.get(event.account, _key(programme, card.id))
        if held is not None and held.on_card < 0:
            _move(event, programme, card, 0, calendar.local_date(event.now, programme.time_zone))


def _move(
    event: EventBuilder, programme: Programme, card: StampCard, stamps: int, day: date
) -> None:
    key = _key(programme, card.id)
    held = CARDS.get(event.account, key) or Stamps()
    on_card = held.on_card + stamps
    full = card.full
    unused = sum(_unused(event, programme, card).values())
    reopened = min(held.full, unused // full.units)
    # All at once, since one activity may fill a hundred million; below none where stamps are owed.
    cards = max(on_card // card.size, -reopened)
    back = max(-cards, 0) * full.units
    if full.valid_days is not None:
        # Until when depends on the days on which cards became full.
        from chalicelib.domain.mechanics import stamp_days

        def usable(day: date, units: int) -> entitlement_grants.Grant:
            grant = entitlement_grants.usable(
                programme, full.entitlement, units, full.valid_days, day
            )
            return replace(grant, movable=True)

        filling = stamp_days.Card(programme.id, card.id, card.size, full.units, usable)
        back = stamp_days.move(event, filling, stamps, day, cards)
    elif cards > 0:
        units = cards * full.units
        entitlement_grants.give(event, programme, full.entitlement, units, None, cause=card.id)
    if back:
        _take_back(event, programme, card, back)
    after = Stamps(on_card - cards * card.size, held.full + cards)
    if after == Stamps():
        CARDS.drop(event, key)
    else:
        CARDS.put(event, key, after)


def _unused(event: EventBuilder, programme: Programme, card: StampCard) -> dict[str, int]:
    """Return what is unused of what a full card gives, by grant: all but what was bought."""
    return entitlement_grants.unused(event.account, programme, card.full.entitlement, event.now)


def _take_back(event: EventBuilder, programme: Programme, card: StampCard, units: int) -> None:
    """Take unused units of what full cards gave, the latest to lapse first."""
    for key in _unused(event, programme, card):
        units -= entitlement_grants.take_back(event, key, units, cause=card.id)


def end(event: EventBuilder) -> None:
    """Give up every card, where an account ends."""
    for key in CARDS.all(event.account):
        CARDS.drop(event, key)


def words(compose: Composer) -> Iterator[Description]:
    """Tell what fills a card, and what a full one gives."""
    from chalicelib.domain.mechanics import entitlements

    for card in SECTION.of(compose.programme):
        gives = entitlements.name_of(compose.programme, card.full.entitlement)
        activity, daily = compose.activities(card.on), card.daily_max
        yield compose.describe(
            "stamp_card",
            card.id,
            card.name,
            compose.message(
                "stamps-full", name=card.name, stamps=card.size, units=card.full.units, gives=gives
            ),
            compose.usable_for(card.full.valid_days),
            compose.message("stamps-earned", per=card.per, activity=activity),
            *compose.lines(card.scope),
            _least(compose, card),
            None if daily is None else compose.message("stamps-daily", stamps=daily),
            of=card,
        )


def _least(compose: Composer, card: StampCard) -> Message | None:
    if card.min_amount == 1:
        return None
    return compose.message("stamps-least", money=compose.money(card.min_amount))


def _count_day(
    event: EventBuilder, programme: Programme, card: StampCard, activity: Activity, stamps: int
) -> None:
    if card.daily_max is None:
        return
    key = _day(programme, card, activity)
    # A counter that no activity can meet any more was forgotten; nothing to give back.
    delta = max(stamps, -event.account.counter(key))
    if delta:
        # One day more, since the back-date limit is counted in elapsed days and not in local ones.
        last = calendar.add_days(
            activity.local_day(programme.time_zone), programme.backdate_limit_days + 1
        )
        until = calendar.expiry_instant(last, programme.time_zone)
        event.add(CounterChange(key, delta, until))


def _day(programme: Programme, card: StampCard, activity: Activity) -> str:
    day = activity.local_day(programme.time_zone).isoformat()
    return limit_counter(programme.id, f"stamps:{card.id}/day/{day}")


def _key(programme: Programme, card_id: str) -> str:
    return f"{programme.id}/{card_id}"


MECHANIC: Final = Mechanic(
    section=SECTION,
    reaction=REACTION,
    closing=end,
    owned=owned,
    problems=problems,
    permanent=permanent,
    succession=succession,
    words=words,
    counters=counters,
)
