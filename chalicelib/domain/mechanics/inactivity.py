"""
Inactivity: value that lasts for some time after it came, and after each activity of its member.

Lots of such a currency end like all others, on a day of their own.  An activity moves those that
would end before the last day which it brings: they become one lot, that ends with it.  So what
lasts longer on its own is left alone, and which activities came last decides, in whatever order
they are told.  What comes, or comes back, lasts through that day as well, unless it had ended
before the activities that brought it (`last_days`).
"""

from __future__ import annotations

from datetime import date
from typing import Final

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Mechanic
from chalicelib.domain.decide.reaction import EarnContext, Reaction
from chalicelib.domain.ledger import calendar
from chalicelib.domain.mechanics import expiry, last_days, value
from chalicelib.domain.mechanics.last_days import LAST_DAYS, LastDay, ends_in, prolonged
from chalicelib.domain.programme.document import Currency, qualified
from chalicelib.domain.programme.fields import InactivityExpiry


def apply(event: EventBuilder, context: EarnContext) -> None:
    """Move the last day on, by the day of the activity, and what would end before it."""
    programme, activity = context.programme, context.activity
    if activity.is_barred:
        return  # a law lets it bring nothing
    day = activity.local_day(programme.time_zone)
    for currency in programme.currencies:
        policy = currency.tier_expiry.get(context.tier, currency.expiry)
        if isinstance(policy, InactivityExpiry) and (not policy.on or activity.type in policy.on):
            last = _last_day(policy, currency, day, programme.time_zone)
            _move(event, qualified(programme.id, currency.id), last)


def _last_day(policy: InactivityExpiry, currency: Currency, day: date, time_zone: str) -> LastDay:
    last = expiry.day_after(policy, day)
    term = expiry.until(last, time_zone, currency.expiry_warning_days)
    if term.expires_at is None or term.expires_on is None:
        raise AssertionError("a term until a day has one")
    since = calendar.day_start(day, time_zone)
    return LastDay(term.expires_on, term.expires_at, term.warn_at, since)


def _move(event: EventBuilder, currency: str, last: LastDay) -> None:
    held = LAST_DAYS.get(event.account, currency)
    if held is not None and held.since <= last.since and last.expires_at <= held.expires_at:
        return
    last_days.join(event, currency, last)
    spell = LAST_DAYS.get(event.account, currency)
    for lot in event.account.balance(currency).lots:
        # What is there has not ended, so it can end in the spell alone that ends last.
        if spell is not None and ends_in(lot.key.expires_at, spell):
            value.move_lot(event, currency, lot, prolonged(lot, spell))


# A reversal leaves the last day where it is: the member was there, whatever came back.
REACTION: Final = Reaction(apply)


def end(event: EventBuilder) -> None:
    """Forget every last day, where an account ends."""
    for key in LAST_DAYS.all(event.account):
        LAST_DAYS.drop(event, key)


MECHANIC: Final = Mechanic(reaction=REACTION, closing=end)
