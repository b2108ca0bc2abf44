"""
Inactivity: value that lasts as long as the member is active, and all goes at once.

Lots of such a currency have no day of their own; the account keeps the last day of each currency,
which every activity moves on and nothing moves back.  Value that comes where there is none begins
one.  What a hold has pinned by then is the hold's, and what comes back later stays until the next
last day.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from msgspec import Struct

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Mechanic, Phase
from chalicelib.domain.decide.progress import ProgressStore
from chalicelib.domain.decide.reaction import EarnContext, Reaction
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.events import Data, InactivityExpired
from chalicelib.domain.ledger.postings import EXPIRED
from chalicelib.domain.mechanics import expiry, value
from chalicelib.domain.programme.document import Programme, qualified
from chalicelib.domain.programme.fields import InactivityExpiry
from chalicelib.domain.programme.versions import Programmes


class LastDay(Struct, frozen=True):
    """Through which local day value of a currency lasts, and the instant after it."""

    expires_on: str
    expires_at: Instant


#: By `programme/currency`.
LAST_DAYS: Final = ProgressStore("inactivity", LastDay)


def apply(event: EventBuilder, context: EarnContext) -> None:
    """Move the last day on, by the day of the activity."""
    programme, activity = context.programme, context.activity
    day = activity.local_day(programme.time_zone)
    for currency in programme.currencies:
        policy = currency.expiry
        if isinstance(policy, InactivityExpiry) and (not policy.on or activity.type in policy.on):
            _prolong(event, programme.time_zone, qualified(programme.id, currency.id), policy, day)


def _prolong(
    event: EventBuilder, time_zone: str, key: str, policy: InactivityExpiry, day: date
) -> None:
    term = expiry.until(expiry.day_after(policy, day), time_zone)
    held = LAST_DAYS.get(event.account, key)
    if term.expires_at is None or term.expires_on is None:
        raise AssertionError("a term until a day has one")
    if held is None or held.expires_at < term.expires_at:
        LAST_DAYS.put(event, key, LastDay(term.expires_on, term.expires_at))


def begin(event: EventBuilder, programme: Programme) -> None:
    """Let value that comes without an activity last as long as if it had come with one."""
    day = calendar.local_date(event.now, programme.time_zone)
    for currency in programme.currencies:
        key = qualified(programme.id, currency.id)
        if (
            isinstance(currency.expiry, InactivityExpiry)
            and event.account.balance(key).lots_total
            and LAST_DAYS.get(event.account, key) is None
        ):
            _prolong(event, programme.time_zone, key, currency.expiry, day)


# A reversal leaves the last day where it is: the member was there, whatever came back.
REACTION: Final = Reaction(apply)


def inherit(event: EventBuilder, key: str, last: LastDay | None) -> None:
    """Let value from another member last as long as it did there, where nothing here says."""
    if last is not None and LAST_DAYS.get(event.account, key) is None:
        LAST_DAYS.put(event, key, last)


def due(account: Account) -> Instant | None:
    """Return when value next goes for inactivity."""
    return min((last.expires_at for last in LAST_DAYS.all(account).values()), default=None)


def expire(event: EventBuilder, _programmes: Programmes) -> Data | None:
    """Expire all value of the currencies whose last day is over."""
    account = event.before
    over = [key for key, last in LAST_DAYS.all(account).items() if last.expires_at <= event.now]
    for key in over:
        LAST_DAYS.drop(event, key)
        held = event.account.balance(key).lots_total
        value.debit(event, key, held, destination=EXPIRED)
    return InactivityExpired(tuple(over)) if over else None


def end(event: EventBuilder) -> None:
    """Forget every last day, where an account ends."""
    for key in LAST_DAYS.all(event.account):
        LAST_DAYS.drop(event, key)


MECHANIC: Final = Mechanic(
    reaction=REACTION,
    follower=begin,
    due=due,
    ticks=((Phase.EXPIRE, expire),),
    closing=end,
)
