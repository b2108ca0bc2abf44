"""
A quote: what a purchase comes to for one member, line by line, and what it would use.

It is made once and honoured until it expires: confirming it costs exactly what it says, or is
refused because something that it would use is gone.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.bill import Bill, Considered, Paid, PricedLine
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.events import OfferTaken
from chalicelib.domain.ledger.lots import Taken

QuoteState = Literal["open", "confirmed", "expired"]


class Draw(Struct, frozen=True, omit_defaults=True):
    """
    What a wallet pays: ``amount`` of its currency, worth ``money`` minor units.

    ``taken`` are the very lots, where they are prepaid; else burn order decides.
    """

    currency: str
    amount: int
    money: int
    taken: tuple[Taken, ...] = ()


class Freed(Struct, frozen=True, array_like=True):
    """Units of an entitlement that make a line free; only ``bought`` ones, where the law asks."""

    line: str
    entitlement: str
    units: int
    bought: bool = False


class Quote(Struct, frozen=True, omit_defaults=True):
    """
    The whole of it.

    ``activity`` is the activity that confirming records, with what counts as spend on its lines;
    ``redemptions`` those whose vouchers are used; ``due`` what is left to be paid in money.
    ``price`` is the member's own part of the bill, and ``covered`` what somebody else pays of it.
    ``offers`` are those of its discounts whose condition a refund may break.  ``revision`` counts
    its changes; ``service_on`` is the day by which it was priced, ``made_by`` the kind of actor who
    made it, and ``seen_at`` the number of the location where the member then is.
    """

    id: str
    member: str
    programme: str
    version: int
    made_at: Instant
    expires_at: Instant
    activity: Activity
    lines: tuple[PricedLine, ...]
    considered: tuple[Considered, ...]
    price: int
    net: int
    due: int
    draws: tuple[Draw, ...] = ()
    freed: tuple[Freed, ...] = ()
    redemptions: tuple[str, ...] = ()
    offers: tuple[OfferTaken, ...] = ()
    covered: int = 0
    state: Literal["open", "confirmed"] = "open"
    revision: int = 1
    service_on: str = ""
    made_by: str = ""
    seen_at: int = 0

    def state_at(self, now: Instant) -> QuoteState:
        """Return what has become of it by an instant: an open one expires."""
        return "expired" if self.state == "open" and self.expires_at <= now else self.state

    def bill(self) -> Bill:
        """Return what of it the journal keeps when it is bought."""
        return Bill(
            self.programme,
            self.version,
            self.price,
            self.net,
            self.due,
            self.lines,
            self.considered,
            tuple(Paid(draw.currency, draw.amount, draw.money) for draw in self.draws),
            self.service_on,
            covered=self.covered,
        )
