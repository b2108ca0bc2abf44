"""
What a programme says of quotes, and what a refund of a purchase that was quoted gives back.

A refund by lines, or of the whole, returns what wallets paid to the lots that it came from, in the
share of the bill that comes back, and the units that made a line free once none of that line is
left.  A voucher that was used stays used.

What comes back of a line is told by what of it counts as spend, which leaves out what points and
cashback paid; the line's part of the bill follows in the same share, or by its units where nothing
of it counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from chalicelib.domain import money
from chalicelib.domain.activity import Activity
from chalicelib.domain.bill import Bill, Paid, PricedLine
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.entry import REDEEMED, Line
from chalicelib.domain.lots import Taken
from chalicelib.domain.mechanics import entitlements, value
from chalicelib.domain.programme import Part
from chalicelib.domain.reaction import Note, Occasion, Reaction, Retraction
from chalicelib.domain.section import Section
from chalicelib.domain.speech import Described, Speaker


class QuotePolicy(Part, frozen=True):
    """How long a quote stands."""

    minutes: Annotated[int, Meta(ge=1, le=7 * 24 * 60)] = 60


SECTION: Final[Section[QuotePolicy]] = Section("quotes", QuotePolicy())
_NO_LINE: Final = Line("", 0, 0)


def apply(_draft: EventBuilder, _occasion: Occasion) -> Note | None:
    """Make nothing of a fact: what a quote does it does before."""
    return None


def retract(draft: EventBuilder, retraction: Retraction) -> Note:
    """Return what wallets paid and what made lines free, for what comes back."""
    note = dict(retraction.note)
    recorded, after = retraction.recorded, retraction.after
    left = {line.id: line.quantity for line in after.lines} if after else {}
    lines = [left.get(line.id, 0) for line in recorded.lines]
    note["freed"] = list(_freed(draft, note["freed"], lines))
    # Journals of before this was noted have what counts instead.
    nets = note.get("nets") or [line.amount for line in recorded.lines]
    total = sum(nets)
    returned = total - sum(_nets_left(nets, recorded, after))
    note["draws"] = [
        _undrawn(draft, draw, returned, total, whole=after is None) for draw in note["draws"]
    ]
    return note


def refund(
    bill: Bill,
    recorded: Activity,
    before: Activity,
    after: Activity | None,
    notes: tuple[Note, Note],
) -> Bill:
    """
    Return what of a bill comes back: by line, to which wallets, and in money (``due``).

    ``before`` and ``after`` are what was left of the purchase then and is left now, and ``notes``
    what this mechanic noted of it then and notes now.
    """
    nets = [line.net for line in bill.lines]
    had, have = _nets_left(nets, recorded, before), _nets_left(nets, recorded, after)
    kept = {line.id: line for line in after.lines} if after else {}
    held = {line.id: line for line in before.lines}
    lines = []
    for line, was, now in zip(bill.lines, had, have, strict=True):
        old, new = held.get(line.id, _NO_LINE), kept.get(line.id, _NO_LINE)
        units, counted = old.quantity - new.quantity, old.amount - new.amount
        if units or counted:
            back = was - now
            lines.append(PricedLine(line.id, units, back, back, counted, line.category, line.sku))
    paid = tuple(
        Paid(each.currency, new["back"] - old["back"], _worth(each, new) - _worth(each, old))
        for each, old, new in zip(bill.paid, notes[0]["draws"], notes[1]["draws"], strict=True)
        if new["back"] != old["back"]
    )
    net = sum(had) - sum(have)
    due = net - sum(each.money for each in paid)
    return Bill(bill.programme, bill.version, net, net, due, tuple(lines), paid=paid)


def _worth(paid: Paid, draw: dict[str, Any]) -> int:
    """Return the money that what came back so far of a draw is worth."""
    return paid.money * int(draw["back"]) // paid.amount


def _nets_left(nets: list[int], recorded: Activity, left: Activity | None) -> list[int]:
    """Return what of each line's net has not come back."""
    kept = {line.id: line for line in left.lines} if left else {}
    found = []
    for net, line in zip(nets, recorded.lines, strict=True):
        now = kept.get(line.id, _NO_LINE)
        part, whole = (now.amount, line.amount) if line.amount else (now.quantity, line.quantity)
        found.append(money.divide(net * part, whole, "half_up") if whole else 0)
    return found


def _freed(draft: EventBuilder, freed: list[Any], left: list[int]) -> Iterator[list[Any]]:
    for place, consumed in freed:
        if consumed and left[place] == 0:
            entitlements.put_back(draft, consumed)
            yield [place, {}]
        else:
            yield [place, consumed]


def _undrawn(
    draft: EventBuilder, draw: dict[str, Any], returned: int, total: int, *, whole: bool
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
