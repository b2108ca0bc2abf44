"""
Whether value ends when it should: points by the tier of their day, hearts by the visits.

A heart lasts some days after it was earned and some after each visit, whichever is later; here
that is computed from the days of the activities alone, in whatever order they were told.
"""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.events import ActivityRecorded, ExpiryAnnounced
from chalicelib.domain.ledger.lots import Balance
from tests.faults.ending import Journal, TenantEnding
from tests.faults.programmes import (
    HEARTS,
    HEARTS_DAYS,
    HEARTS_FIRST_DAYS,
    POINTS,
    POINTS_DAYS,
    POINTS_DAYS_IN_SILVER,
    PROGRAMME,
)


def check_lasting(tenant: TenantEnding) -> Iterator[str]:
    """Check when points and hearts end, after every event of every journal."""
    version = tenant.programmes.version(PROGRAMME, 1)
    if version is None:
        raise AssertionError("every scenario publishes its programme")
    for member, journal in tenant.journals.items():
        name = f"{tenant.id} {member[-1]}"
        yield from (f"{name} {fault}" for fault in _points(journal, version.document.time_zone))
        yield from (f"{name} {fault}" for fault in _hearts(journal, version.document.time_zone))


def _points(journal: Journal, zone: str) -> Iterator[str]:
    """What an activity brings lasts by the tier that its timeline has for the instant of it."""
    for event, account in zip(journal.events, journal.accounts, strict=False):
        if not isinstance(event.data, ActivityRecorded):
            continue
        day = calendar.local_date(event.occurred_at, zone)
        for award in event.data.awards:
            if award.currency == POINTS:
                tier = account.enrolments[PROGRAMME].tier_at(event.occurred_at)
                days = POINTS_DAYS_IN_SILVER if tier == "silver" else POINTS_DAYS
                last = calendar.add_days(day, days).isoformat()
                if award.lot.expires_on != last:
                    yield f"event {event.version} in {tier} brings points until {award.lot}"


def _hearts(journal: Journal, zone: str) -> Iterator[str]:
    last: Instant = 0
    ends: set[Instant | None] = set()
    for event, account in zip(journal.events, journal.accounts[1:], strict=True):
        data = event.data
        if isinstance(data, ActivityRecorded) and data.evaluations:
            day = calendar.local_date(event.occurred_at, zone)
            ends.add(calendar.expiry_instant(calendar.add_days(day, HEARTS_FIRST_DAYS), zone))
            if data.activity.type == "visit.completed":
                of_visit = calendar.add_days(day, HEARTS_DAYS)
                last = max(last, calendar.expiry_instant(of_visit, zone))
                ends.add(calendar.expiry_instant(of_visit, zone))
        least = last if last > event.effective_at else 0
        for lot in account.balance(HEARTS).lots:
            end = lot.key.expires_at
            if end not in ends:
                yield f"event {event.version} leaves hearts that end at {end}"
            elif (end or 0) < least:
                yield f"event {event.version} leaves hearts until {end}, there was a visit: {least}"
        if isinstance(data, ExpiryAnnounced):
            yield from _announced(event.version, account.balance(HEARTS), event.effective_at, zone)


def _announced(version: int, hearts: Balance, now: Instant, zone: str) -> Iterator[str]:
    """What was announced ends with the day after the one on which it was."""
    tomorrow = calendar.add_days(calendar.local_date(now, zone), 1)
    for lot in hearts.lots:
        if lot.key.expires_on == tomorrow.isoformat() and lot.warn_at is not None:
            yield f"event {version} announces what ends on {tomorrow}, not all of it"
