"""Adjustment: a balance is corrected by hand, by someone, for a reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import Decider
from chalicelib.domain.decide.mechanic import Given, Mechanic
from chalicelib.domain.ledger.events import BalanceAdjusted, Event, noted
from chalicelib.domain.ledger.lots import NEVER_EXPIRES
from chalicelib.domain.ledger.postings import ADJUSTED
from chalicelib.domain.mechanics import expiry, value
from chalicelib.domain.programme.document import qualified
from chalicelib.domain.programme.versions import currency_in


class Adjust(Command, frozen=True):
    """Correct a balance by hand: above zero gives, below zero takes."""

    programme: str
    currency: str
    amount: int
    reason: str
    note: str = ""


class Adjusted(Struct, frozen=True, omit_defaults=True):
    """What an adjustment moved."""

    currency: str
    amount: int
    expires_on: str | None = None


def adjust(decider: Decider, command: Adjust) -> Adjusted:
    """Give or take value; what is given lasts as if it were earned today."""
    account, now = decider.member, decider.now
    programme = decider.programme(command.programme)
    currency = currency_in(programme, command.currency)
    event = decider.event()
    key = qualified(programme.id, currency.id)
    lot = NEVER_EXPIRES
    if command.amount >= 0:
        term = expiry.today(programme, currency, decider.member, now)
        opened = value.as_it_lasts(event, key, term.opens(command.amount))
        lot = opened.key
        value.credit(event, key, opened, source=ADJUSTED, cause="adjustment")
    else:
        value.check_available(account, key, -command.amount)
        value.debit(event, key, -command.amount, destination=ADJUSTED)
    event.record(
        BalanceAdjusted(key, command.amount, command.reason, lot),
        detail=noted(command.note),
    )
    return Adjusted(key, command.amount, lot.expires_on)


def gave(event: Event) -> Iterator[Given]:
    """Yield what an adjustment gave, if it did."""
    data = event.data
    if isinstance(data, BalanceAdjusted) and data.amount > 0:
        yield Given(data.currency, data.amount, data.lot, ADJUSTED)


MECHANIC: Final = Mechanic(
    handlers={Adjust: adjust},
    gave={BalanceAdjusted: gave},
)
