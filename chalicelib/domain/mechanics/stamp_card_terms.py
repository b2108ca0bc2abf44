"""The stamp cards of a programme: what fills one, and what a full one gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from msgspec import Meta

from chalicelib.domain.decide.mechanic import Counted, Permanent
from chalicelib.domain.pointer import join
from chalicelib.domain.programme.document import REMEMBERED_DAYS, Programme
from chalicelib.domain.programme.fields import (
    ActivityType,
    Count,
    Id,
    LineScope,
    MinorUnits,
    Model,
    Part,
    Text,
)
from chalicelib.domain.programme.section import Section
from chalicelib.domain.violations import Violation


class FullCard(Model, frozen=True):
    """
    What a full card gives: units of an entitlement.

    They are usable through so many days after the one of the stamp that filled it.
    """

    entitlement: Id
    units: Annotated[int, Meta(ge=1, le=1000)] = 1
    valid_days: Annotated[int, Meta(ge=0, le=3660)] | None = None


class StampCard(Part, frozen=True):
    """
    A card with room for ``size`` stamps.

    An activity earns one stamp, or one for each line or each unit in scope that is paid for;
    nothing where less than ``min_amount`` is paid in scope, and no more than ``daily_max`` a day.
    """

    id: Id
    name: Text
    size: Annotated[int, Meta(ge=2, le=1000)]
    on: Annotated[tuple[ActivityType, ...], Meta(min_length=1, max_length=50)]
    full: FullCard
    scope: LineScope = LineScope()
    per: Literal["activity", "line", "unit"] = "unit"
    min_amount: MinorUnits = 1
    daily_max: Count | None = None


StampCards = Annotated[tuple[StampCard, ...], Meta(max_length=50)]
SECTION: Final[Section[tuple[StampCard, ...]]] = Section("stamp_cards", StampCards, ())


def problems(programme: Programme) -> Iterator[Violation]:
    """Yield what is wrong with the stamp cards of a document."""
    from chalicelib.domain.mechanics import entitlements

    for place, card in enumerate(SECTION.of(programme)):
        at = join("", SECTION.name, place)
        here = join(at, "full", "entitlement")
        yield from entitlements.known_entitlement(programme, card.full.entitlement, here)


def counters(programme: Programme) -> Iterator[Counted]:
    """Yield what is counted of stamps by day, and what lapsed unused of what full cards gave."""
    for place, card in enumerate(SECTION.of(programme)):
        at = join("", SECTION.name, place)
        if card.daily_max is not None:
            days = programme.backdate_limit_days + 2
            fewer = "shorten `backdate_limit_days`, or leave `daily_max` out"
            yield Counted(join(at, "daily_max"), days, fewer)
        if card.full.valid_days is not None:
            # One stamp a day fills a card on every so many days.
            lapsed = -(-REMEMBERED_DAYS // card.size)
            fewer = "leave `valid_days` out, or let a card take more stamps (`size`)"
            yield Counted(join(at, "full", "valid_days"), lapsed, fewer)


def permanent(programme: Programme) -> Iterator[Permanent]:
    """Yield the ids that accounts may hold."""
    yield Permanent(f"/{SECTION.name}", [card.id for card in SECTION.of(programme)])


def succession(previous: Programme, following: Programme) -> Iterator[Violation]:
    """
    Yield what of a card a next version may not change, since stamps of all versions are on it.

    A refund or a late report goes by the version of its day, and moves the one card that there is.
    """
    known = {card.id: card for card in SECTION.of(previous)}
    for place, card in enumerate(SECTION.of(following)):
        was = known.get(card.id, card)
        why = f"members have stamps on `{card.id}`; give the card that is to be another a new id"
        at = join("", SECTION.name, place)
        if card.size != was.size:
            yield Violation(join(at, "size"), f"must stay {was.size}: {why}")
        if card.full != was.full:
            yield Violation(join(at, "full"), f"must stay as it is: {why}")
