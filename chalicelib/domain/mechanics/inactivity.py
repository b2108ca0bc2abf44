"""
Inactivity: value that lasts as long as the member is active, and all goes at once.

Lots of such a currency have no day of their own; the account keeps the last day of each currency,
which every fact moves on and nothing moves back.  What a hold has pinned by then is the hold's, and
what comes back later stays until the next last day.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from msgspec import Struct

from chalicelib.domain.account import Account
from chalicelib.domain.calendar import Instant
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.ledger.events import Data, InactivityExpired
from chalicelib.domain.ledger.postings import EXPIRED
from chalicelib.domain.mechanics import value
from chalicelib.domain.mechanics.mechanic import Mechanic, Phase
from chalicelib.domain.programme import InactivityExpiry, Programmes, qualified
from chalicelib.domain.progress import ProgressStore
from chalicelib.domain.reaction import EarnContext, Reaction


class LastDay(Struct, frozen=True):
    """Through which local day value of a currency lasts, and the instant after it."""

    expires_on: str
    expires_at: Instant


#: By `programme/currency`.
LAST_DAYS: Final = ProgressStore("inactivity", LastDay)


def apply(draft: EventBuilder, context: EarnContext) -> None:
    """Move the last day on, by the day of the fact."""
    programme, activity = context.programme, context.activity
    day = activity.local_day(programme.time_zone)
    for currency in programme.currencies:
        policy = currency.expiry
        if isinstance(policy, InactivityExpiry) and (not policy.on or activity.type in policy.on):
            _prolong(draft, programme.time_zone, qualified(programme.id, currency.id), policy, day)


def _prolong(
    draft: EventBuilder, time_zone: str, key: str, policy: InactivityExpiry, day: date
) -> None:
    term = value.until(value.later(policy, day), time_zone)
    held = LAST_DAYS.get(draft.account, key)
    if term.expires_at is None or term.expires_on is None:
        raise AssertionError("a term until a day has one")
    if held is None or held.expires_at < term.expires_at:
        LAST_DAYS.put(draft, key, LastDay(term.expires_on, term.expires_at))


# A reversal leaves the last day where it is: the member was there, whatever came back.
REACTION: Final = Reaction(apply)


def inherit(draft: EventBuilder, key: str, last: LastDay | None) -> None:
    """Let value from another member last as long as it did there, where nothing here says."""
    if last is not None and LAST_DAYS.get(draft.account, key) is None:
        LAST_DAYS.put(draft, key, last)


def due(account: Account) -> Instant | None:
    """Return when value next goes for inactivity."""
    return min((last.expires_at for last in LAST_DAYS.all(account).values()), default=None)


def expire(draft: EventBuilder, _programmes: Programmes) -> Data | None:
    """Let go of all value of the currencies whose last day is over."""
    account = draft.before
    over = [key for key, last in LAST_DAYS.all(account).items() if last.expires_at <= draft.now]
    for key in over:
        LAST_DAYS.drop(draft, key)
        held = draft.account.balance(key).lots_total
        value.debit(draft, key, held, destination=EXPIRED)
    return InactivityExpired(tuple(over)) if over else None


def end(draft: EventBuilder) -> None:
    """Forget every last day, where an account ends."""
    for key in LAST_DAYS.all(draft.account):
        LAST_DAYS.drop(draft, key)


MECHANIC: Final = Mechanic(
    reaction=REACTION,
    due=due,
    ticks=((Phase.EXPIRE, expire),),
    closing=end,
)
