"""
What a programme says of quotes, and what a refund of a purchase that was quoted gives back.

A refund by lines, or of the whole, returns what wallets paid to the lots that it came from, in the
share of the bill that comes back, and the units that made a line free once none of that line is
left.  What a wallet paid never comes back as money, and the parts of a refund sum to the whole in
whatever order they come.  Vouchers that were used are good again once all of the purchase has come
back, as their rewards say (`voucher_returns`).

Where what is kept falls under the least bill of a discount, or has fewer full sets, what that took
off it is kept back from the refund, which is never below zero (`reclaim`).

What comes back of a line is measured by what of it counts as spend, which leaves out what points
and cashback paid; the line's part of the bill follows in the same share, or by its units where
nothing of it counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

from msgspec import Meta
from msgspec.structs import replace

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Mechanic
from chalicelib.domain.decide.reaction import Reaction, ReversalContext
from chalicelib.domain.ledger import money
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.bill import Bill, Paid, PricedLine
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.events import FreedLine, Line, QuoteBought, WalletDraw
from chalicelib.domain.ledger.postings import REDEEMED
from chalicelib.domain.mechanics import entitlement_uses, reclaim, restoring
from chalicelib.domain.mechanics.reclaim import Kept
from chalicelib.domain.programme.fields import Model
from chalicelib.domain.programme.section import Section

if TYPE_CHECKING:
    from chalicelib.domain.programme.wording import Composer, Description


class QuotePolicy(Model, frozen=True):
    """How long a quote stands."""

    minutes: Annotated[int, Meta(ge=1, le=7 * 24 * 60)] = 60


SECTION: Final[Section[QuotePolicy]] = Section("quotes", QuotePolicy, QuotePolicy())
_NO_LINE: Final = Line("", 0, 0)


def retract(event: EventBuilder, context: ReversalContext, outcome: QuoteBought) -> QuoteBought:
    """Return what wallets paid and what made lines free, for what comes back."""
    recorded, after = context.recorded, context.after
    left = {line.id: line.quantity for line in after.lines} if after else {}
    lines = [left.get(line.id, 0) for line in recorded.lines]
    freed = tuple(_freed(event, context, each, lines) for each in outcome.freed)
    had = sum(_nets_left(outcome.nets, recorded, context.before))
    had += sum(each.reclaimed for each in outcome.offers)
    have = sum(_nets_left(outcome.nets, recorded, after))
    offers = outcome.offers
    if offers:
        from chalicelib.domain.mechanics import offer_limits

        kept = shares_left(recorded, after)
        offers = reclaim.reclaimed(offers, kept, have, had)
        offers = tuple(offer_limits.returned(event, offers, kept))
    have += sum(each.reclaimed for each in offers)
    # Of what is left of the bill, each wallet still has its part, and money the rest: what comes
    # back is spread over them, so that none ever gets more than it paid.
    paid = {place: draw.money - draw.repaid for place, draw in enumerate(outcome.draws)}
    paid[len(paid)] = had - sum(paid.values())
    back = money.apportion(had - have, paid)
    bought_at = recorded.occurred_at
    draws = tuple(
        _undrawn(event, draw, back[place], bought_at) for place, draw in enumerate(outcome.draws)
    )
    return replace(outcome, freed=freed, draws=draws, offers=offers)


def refund(
    bill: Bill,
    recorded: Activity,
    before: Activity,
    after: Activity | None,
    outcomes: tuple[QuoteBought, QuoteBought],
) -> Bill:
    """
    Return what of a bill comes back: by line, to which wallets, and in money (``due``).

    ``before`` and ``after`` are what was left of the purchase then and is left now, and
    ``outcomes`` what this mechanic made of it then and now.
    """
    had, have = shares_left(recorded, before), shares_left(recorded, after)
    kept = {line.id: line for line in after.lines} if after else {}
    held = {line.id: line for line in before.lines}
    lines = []
    for line, was, now in zip(bill.lines, had, have, strict=True):
        old, new = held.get(line.id, _NO_LINE), kept.get(line.id, _NO_LINE)
        units, counted = old.quantity - new.quantity, old.amount - new.amount
        if units or counted:
            lines.append(_returned(line, units, counted, was, now))
    paid = tuple(
        Paid(new.currency, new.back - old.back, new.repaid - old.repaid, new.expired - old.expired)
        for old, new in zip(outcomes[0].draws, outcomes[1].draws, strict=True)
        if new.repaid != old.repaid
    )
    back = tuple(reclaim.changes(outcomes, have))
    net = sum(line.net for line in lines) - sum(each.amount for each in back)
    due = net - sum(each.money for each in paid)
    price = sum(line.price for line in lines)
    return Bill(
        bill.programme,
        bill.version,
        price,
        net,
        due,
        tuple(lines),
        paid=paid,
        reclaimed=back,
        covered=sum(line.covered for line in lines),
    )


def _returned(line: PricedLine, units: int, counted: int, was: Kept, now: Kept) -> PricedLine:
    """
    Return what comes back of a line: of what was paid for it, what had been taken off and covered.

    Each part is what is left of it less than before, so the refunds of a line sum to the line.
    """
    net = was.of(line.net) - now.of(line.net)
    off = [(source, name, was.of(part) - now.of(part)) for source, name, part in line.off]
    return replace(
        line,
        quantity=units,
        price=net + sum(part for _, _, part in off),
        net=net,
        counted=counted,
        covered=was.of(line.covered) - now.of(line.covered),
        off=tuple(each for each in off if each[2]),
    )


def shares_left(recorded: Activity, left: Activity | None) -> list[Kept]:
    """Return which share of each line has not come back."""
    kept = {line.id: line for line in left.lines} if left else {}
    found = []
    for line in recorded.lines:
        now = kept.get(line.id, _NO_LINE)
        part, whole = (now.amount, line.amount) if line.amount else (now.quantity, line.quantity)
        found.append(Kept(part, whole or 1, now.quantity, line.quantity))
    return found


def _nets_left(nets: Sequence[int], recorded: Activity, left: Activity | None) -> list[int]:
    """Return what of each line's net has not come back."""
    shares = shares_left(recorded, left)
    return [kept.of(net) for net, kept in zip(nets, shares, strict=True)]


def _freed(
    event: EventBuilder, context: ReversalContext, freed: FreedLine, left: list[int]
) -> FreedLine:
    if freed.use is None or left[freed.place]:
        return freed
    back = entitlement_uses.put_back(event, freed.use, context.programme)
    return FreedLine(freed.place, back=back)


def _undrawn(event: EventBuilder, draw: WalletDraw, repaid: int, bought_at: Instant) -> WalletDraw:
    """Restore what of a draw paid for so much money: what was drawn last comes back first."""
    if not repaid:
        return draw
    money_back = draw.repaid + repaid
    back = draw.amount * money_back // draw.money
    parts = restoring.last_taken(draw.taken, draw.back, back - draw.back)
    expired = restoring.restore(event, draw.currency, parts, source=REDEEMED, taken_at=bought_at)
    return replace(draw, back=back, repaid=money_back, expired=draw.expired + expired)


def shown(outcome: QuoteBought) -> dict[str, Any]:
    """Return what was drawn from each wallet, what was free, and what of both came back."""
    draws = [
        {
            "currency": draw.currency,
            "drawn": draw.amount,
            "returned": draw.back,
            "expired": draw.expired,
        }
        for draw in outcome.draws
    ]
    free = sum(line.use.units for line in outcome.freed if line.use is not None)
    return {
        "quote_id": outcome.quote,
        "draws": draws,
        "free_units": free,
        "free_units_returned": sum(line.back for line in outcome.freed),
        "redemptions": [each.redemption for each in outcome.vouchers],
        "redemptions_given_back": [each.redemption for each in outcome.vouchers if each.given_back],
    }


REACTION: Final = Reaction(None, retract, shown)


def words(compose: Composer) -> Iterator[Description]:
    """Tell how long a quote stands, where the programme says so."""
    programme, policy = compose.programme, SECTION.of(compose.programme)
    if policy != QuotePolicy():
        stands = compose.message("quotes-stand", minutes=policy.minutes)
        yield compose.describe("quote", programme.id, programme.name, stands)


MECHANIC: Final = Mechanic(
    section=SECTION,
    reaction=REACTION,
    words=words,
)
