"""
What a programme says of quotes, and what a refund of a purchase that was quoted gives back.

A refund returns what wallets paid to the lots that it came from, in the share of the bill that
comes back, and the units that made a line free once none of that line is left.  What a wallet paid
never comes back as money, and the parts of a refund sum to the whole in whatever order they come.
Vouchers that were used are good again once all of the purchase has come back, as their rewards say
(`voucher_returns`).

Where what is kept falls under the least bill of a discount, or has fewer full sets, what that took
off it is kept back from the refund, which is never below zero (`reclaim`).

Which share of a line comes back is said by `remaining`: all that was paid for it, by whomever, and
all that was taken off it follows in that share.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

from msgspec import Meta
from msgspec.structs import replace

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Mechanic
from chalicelib.domain.decide.reaction import Kept, Reaction, ReversalContext
from chalicelib.domain.ledger import money
from chalicelib.domain.ledger.bill import Bill, Paid, PricedLine
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.events import FreedLine, QuoteBought, WalletDraw
from chalicelib.domain.ledger.postings import REDEEMED
from chalicelib.domain.mechanics import entitlement_uses, reclaim, restoring
from chalicelib.domain.programme.fields import Model
from chalicelib.domain.programme.section import Section

if TYPE_CHECKING:
    from chalicelib.domain.programme.wording import Composer, Description


class QuotePolicy(Model, frozen=True):
    """How long a quote stands."""

    minutes: Annotated[int, Meta(ge=1, le=7 * 24 * 60)] = 60


SECTION: Final[Section[QuotePolicy]] = Section("quotes", QuotePolicy, QuotePolicy())


def retract(event: EventBuilder, context: ReversalContext, outcome: QuoteBought) -> QuoteBought:
    """Return what wallets paid and what made lines free, for what comes back."""
    kept = context.kept
    freed = tuple(_freed(event, context, each) for each in outcome.freed)
    had = sum(_nets_left(outcome.nets, context.had))
    had += sum(each.reclaimed for each in outcome.offers)
    nets = _nets_left(outcome.nets, kept)
    have, offers = sum(nets), outcome.offers
    if offers:
        from chalicelib.domain.mechanics import limit_returns

        alone = reclaim.off_alone(offers, kept, nets)
        settled = list(reclaim.reclaimed(offers, kept, alone, had - have))
        offers = tuple(limit_returns.returned(event, settled, kept, alone))
    have += sum(each.reclaimed for each in offers)
    back = _by_payer(outcome, had, have)
    bought_at = context.recorded.occurred_at
    draws = tuple(
        _undrawn(event, draw, back[place], bought_at) for place, draw in enumerate(outcome.draws)
    )
    after = replace(outcome, freed=freed, draws=draws, offers=offers)
    if outcome.counted:
        from chalicelib.domain.mechanics import money_off  # where a law is followed

        money_off.give_back(event, (outcome, after), context.had, kept)
    return after


def _by_payer(outcome: QuoteBought, had: int, have: int) -> dict[int, int]:
    """
    Return what comes back to each wallet, and last in money, where a bill falls to what it is now.

    Of all that has come back each then has its share, to a minor unit, so none ever gets more than
    it paid, and the parts sum to the whole in any order.
    """
    net = sum(outcome.nets)
    paid = [(draw.money, draw.repaid) for draw in outcome.draws]
    paid.append(
        (net - sum(each for each, _ in paid), net - had - sum(repaid for _, repaid in paid))
    )
    lacking = {
        place: max(of_it * (net - have) - repaid * net, 0)
        for place, (of_it, repaid) in enumerate(paid)
    }
    return money.apportion(had - have, lacking)


def refund(
    bill: Bill,
    had: Sequence[Kept],
    have: Sequence[Kept],
    counted: Sequence[int],
    outcomes: tuple[QuoteBought, QuoteBought],
) -> Bill:
    """
    Return what of a bill comes back: by line, to which wallets, and in money (``due``).

    Of each line it is said what was left of it then and is left now, and what of it ``counted`` as
    spend and does no more; ``outcomes`` are what this mechanic made of it then and now.
    """
    lines = [
        _returned(line, back, was, now)
        for line, back, was, now in zip(bill.lines, counted, had, have, strict=True)
        if was != now or back
    ]
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


def _returned(line: PricedLine, counted: int, was: Kept, now: Kept) -> PricedLine:
    """
    Return what comes back of a line: of what was paid for it, what had been taken off and covered.

    Each part is what is left of it less than before, so the refunds of a line sum to the line.
    """
    net = was.of(line.net) - now.of(line.net)
    off = [(source, name, was.of(part) - now.of(part)) for source, name, part in line.off]
    return replace(
        line,
        quantity=was.units - now.units,
        price=net + sum(part for _, _, part in off),
        net=net,
        counted=counted,
        covered=was.of(line.covered) - now.of(line.covered),
        off=tuple(each for each in off if each[2]),
    )


def _nets_left(nets: Sequence[int], kept: Sequence[Kept]) -> list[int]:
    """Return what of the net of each line has not come back."""
    return [left.of(net) for net, left in zip(nets, kept, strict=True)]


def _freed(event: EventBuilder, context: ReversalContext, freed: FreedLine) -> FreedLine:
    if freed.use is None or context.kept[freed.place].units:
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
