"""
Reinstatement: what expired unspent comes back, where its member is active again soon enough.

An activity of a day within so many days after the last day of a lot brings back what the account
remembers of it (`unspent`), whenever it is told; once, and no reversal takes it away again.
It lasts as if it had been earned on the day after its last day, in the tier that was held as that
began, so that it makes no difference which activity brings it back.  Value that lasts by activity
goes on by the first after its last day, whichever is told first; where that is over by now, it came
back and has ended again.  An activity that would have kept it from expiring, had it been told in
time, brings it back as well, the second time too.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from msgspec.structs import replace

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Mechanic
from chalicelib.domain.decide.reaction import EarnContext, Reaction, ReversalContext
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.events import ValueReinstated
from chalicelib.domain.ledger.lots import Lot, LotKey
from chalicelib.domain.ledger.postings import EXPIRED
from chalicelib.domain.mechanics import expiry, unspent, value
from chalicelib.domain.programme.document import Currency, Programme, qualified
from chalicelib.domain.programme.fields import Expiry, InactivityExpiry


def apply(event: EventBuilder, context: EarnContext) -> ValueReinstated | None:
    """Give back what expired not long before the day of the activity; return how much, if any."""
    programme, activity = context.programme, context.activity
    if activity.is_barred:
        return None  # a law lets it bring nothing
    day = activity.local_day(programme.time_zone)
    back: dict[str, int] = {}
    for currency in programme.currencies:
        policy = currency.tier_expiry.get(context.tier, currency.expiry)
        counts = not isinstance(policy, InactivityExpiry) or activity.type in (
            policy.on or (activity.type,)
        )
        if currency.reinstated_within_days is None or not counts:
            continue
        key = qualified(programme.id, currency.id)
        for ended in unspent.by_end(event.account, key, event.now):
            lot = _as_it_comes_back(event, programme, currency, policy, ended.lot, day)
            if lot is None:
                continue
            unspent.take(event, key, ended, ended.amount)
            lot = replace(lot, amount=ended.amount)
            if value.is_over(event, lot.key):
                # It came back once, and has ended again.
                value.count_unspent(event, key, lot.key, lot.amount)
            else:
                value.credit(event, key, lot, source=EXPIRED, cause="reinstatement")
                back[currency.id] = back.get(currency.id, 0) + lot.amount
    return ValueReinstated(programme.id, back) if back else None


def _as_it_comes_back(
    event: EventBuilder,
    programme: Programme,
    currency: Currency,
    policy: Expiry,
    ended: LotKey,
    day: date,
) -> Lot | None:
    """
    Return the lot that an activity of a day makes of one that expired, or ``None``.

    The ``policy`` is that of the tier in which the activity was.
    """
    name = qualified(programme.id, currency.id)
    kept = value.as_it_lasts(event, name, Lot(0, ended))
    if not value.is_over(event, kept.key):
        # It would not have expired, had all been told in time.
        return kept
    last, gone = calendar.parse_date(kept.key.expires_on or ""), kept.key.expires_at or 0
    latest = calendar.add_days(last, currency.reinstated_within_days or 0)
    zone = programme.time_zone
    by_activity = isinstance(policy, InactivityExpiry)
    if by_activity:
        # The first after it is the one that brings it back, though it was told before.
        day = _next_active(event, name, gone, zone) or day
    if ended.prolonged or not last < day <= latest:
        return None
    tier = event.account.enrolments[programme.id].tier_at(gone)
    lot = expiry.earned(currency, tier, calendar.add_days(last, 1), zone).opens(0, ended)
    if by_activity and lot.key.expires_at is not None:
        # What it lasts is what that activity, or a later one, lets it last.
        lot = value.as_it_lasts(event, name, expiry.until(day, zone).opens(0, ended))
    return replace(lot, key=replace(lot.key, first_expires_at=gone))


def _next_active(event: EventBuilder, currency: str, after: Instant, zone: str) -> date | None:
    """Return the day of the first activity after value was gone, as far as it is known."""
    from chalicelib.domain.mechanics import last_days  # few currencies last by activity

    since = last_days.next_spell(event, currency, after)
    return None if since is None else calendar.local_date(since, zone)


def retract(
    _event: EventBuilder, _context: ReversalContext, outcome: ValueReinstated
) -> ValueReinstated:
    """Leave what came back: the member was there, whatever of the activity is taken back."""
    return outcome


def shown(outcome: ValueReinstated) -> dict[str, Any]:
    """Return what came back, by currency."""
    return dict(outcome.currencies)


MECHANIC: Final = Mechanic(reaction=Reaction(apply, retract, shown))
