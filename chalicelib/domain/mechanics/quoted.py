"""
What a programme says of quotes, and what a refund of a purchase that was quoted gives back.

A refund by lines, or of the whole, returns what wallets paid to the lots that it came from, in the
share that comes back, and the units that made a line free once none of that line is left.  A
voucher that was used stays used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from chalicelib.domain.account import Taken
from chalicelib.domain.draft import Draft
from chalicelib.domain.entry import REDEEMED
from chalicelib.domain.mechanics import entitlements, value
from chalicelib.domain.programme import Part
from chalicelib.domain.reaction import Note, Occasion, Reaction, Retraction
from chalicelib.domain.section import Section
from chalicelib.domain.speech import Described, Speaker


class QuotePolicy(Part, frozen=True):
    """How long a quote stands."""

    minutes: Annotated[int, Meta(ge=1, le=7 * 24 * 60)] = 60


SECTION: Final[Section[QuotePolicy]] = Section("quotes", QuotePolicy())


def apply(_draft: Draft, _occasion: Occasion) -> Note | None:
    """Make nothing of a fact: what a quote does it does before."""
    return None


def retract(draft: Draft, retraction: Retraction) -> Note:
    """Return what wallets paid and what made lines free, for what comes back."""
    note = dict(retraction.note)
    after = retraction.after
    left = {line.id: line.quantity for line in after.lines} if after else {}
    lines = [left.get(line.id, 0) for line in retraction.recorded.lines]
    note["freed"] = list(_freed(draft, note["freed"], lines))
    returned = note["total"] - ((after.amount or 0) if after else 0)
    note["draws"] = [
        _undrawn(draft, draw, returned, note["total"], whole=after is None)
        for draw in note["draws"]
    ]
    return note


def _freed(draft: Draft, freed: list[Any], left: list[int]) -> Iterator[list[Any]]:
    for place, consumed in freed:
        if consumed and left[place] == 0:
            entitlements.put_back(draft, consumed)
            yield [place, {}]
        else:
            yield [place, consumed]


def _undrawn(
    draft: Draft, draw: dict[str, Any], returned: int, total: int, *, whole: bool
) -> dict[str, Any]:
    """Restore the share of a draw that comes back: what was drawn last comes back first."""
    amount, back = draw["amount"], draw["back"]
    due = amount if whole else amount * returned // total if total else 0
    missing, skipped = due - back, back
    parts = []
    for raw in reversed(draw["taken"]):
        part = msgspec.convert(raw, Taken)
        gone = min(part.amount, skipped)
        skipped -= gone
        more = min(part.amount - gone, missing)
        missing -= more
        if more:
            parts.append(replace(part, amount=more))
    value.restore(draft, draw["currency"], tuple(parts), source=REDEEMED, shortest=value.NEVER)
    return {**draw, "back": max(due, back)}


def shown(note: Note) -> Note:
    """Return what was drawn from each wallet and how much of it came back, and units made free."""
    draws = [
        {"currency": draw["currency"], "drawn": draw["amount"], "returned": draw["back"]}
        for draw in note["draws"]
    ]
    free = sum(consumed.get("units", 0) for _, consumed in note["freed"])
    told = {"quote_id": note["quote"], "draws": draws, "free_units": free}
    return told | {"redemptions": note["redemptions"]}


REACTION: Final = Reaction(SECTION.name, apply, retract, shown)


def words(speaker: Speaker) -> Iterator[Described]:
    """Tell how long a quote stands, where the programme says so."""
    policy = SECTION.of(speaker.programme)
    if policy != QuotePolicy():
        text = f"A quote stands for {policy.minutes:,} minutes."
        yield Described("quote", speaker.programme.id, speaker.text(speaker.programme.name), text)
