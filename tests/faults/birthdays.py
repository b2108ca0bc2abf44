"""Birthdays that come and change, and the gifts that they bring."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from chalicelib.domain.errors import MemberNotFound
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.actor import CLOCK
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.events import DateGift, Event, GiftsEvaluated
from chalicelib.domain.ledger.postings import AVAILABLE, ISSUED, TENANT, Posting
from chalicelib.usecases.change_member import change_member
from chalicelib.usecases.execution import Done
from chalicelib.usecases.services import Caller, Services
from tests.faults.ending import Ending, Journal, TenantEnding
from tests.faults.play import Play
from tests.faults.programmes import CAKE, COINS, LEAP_DAY, PROGRAMME
from tests.faults.reading import reads
from tests.faults.record import Delivery, Request
from tests.faults.telling import answer_of, read_back

_GIVEN: Final = Posting(ISSUED.of(TENANT), AVAILABLE, COINS, CAKE)
_HALF_A_YEAR: Final = 6


def draw_birthday(play: Play, tenant: str) -> str:
    """Draw a birthday about now, or none."""
    today = calendar.local_date(play.clock(tenant), play.scenario.time_zone)
    near = [calendar.add_days(today, days) for days in (-1, 0, 1, 1, 2, 4)]
    return play.chance.pick(("", *(f"{day:%m-%d}" for day in near)))


def change(play: Play, tenant: str) -> Request:
    """Draw a change of a birthday over the profile as it then is, which nothing but it tells."""
    member, birthday = play.member(tenant), draw_birthday(play, tenant)
    bands = play.chance.pick(({}, {"senior": "2027-01-18"}, {"senior": "1999-12-31"}))

    def run(services: Services, caller: Caller) -> Done:
        profile = services.directory.profile(tenant, member)
        if profile is None:
            raise MemberNotFound
        changes = {"birthday": birthday, "age_bands": bands}
        return change_member(services, caller, member, changes, profile.revision, answer_of)

    def claim(done: Done, ending: Ending, _delivery: Delivery) -> Iterable[str]:
        version = read_back(done.answer.body).version
        accounts = ending.tenants[tenant].journals[member].accounts
        if version >= len(accounts):
            yield f"{member} was told of version {version}, of {len(accounts) - 1}"
            return
        known = (accounts[version].birthday, accounts[version].age_bands)
        if known != (birthday, bands):
            yield f"{member} was told of {birthday!r}, {bands} at version {version}, not {known}"

    return Request(reads(run, claim), f"{birthday or 'none'} of {member[-1]}")


def check_birthdays(tenant: TenantEnding) -> Iterator[str]:
    """Account and directory agree, and gifts come on the day, once a year, and never fail to."""
    version = tenant.programmes.version(PROGRAMME, 1)
    zone = version.document.time_zone if version else "UTC"
    # That whoever has one has the other is checked elsewhere.
    for member in sorted(tenant.profiles.keys() & tenant.accounts.keys()):
        name = f"{tenant.id} {member[-1]}"
        known, profile = (
            (each.birthday, each.age_bands)
            for each in (tenant.accounts[member], tenant.profiles[member])
        )
        if known != profile:
            yield f"{name} was born on {known!r} by the account, on {profile!r} by the profile"
        yield from (f"{name}: {fault}" for fault in _gifts(tenant.journals[member], zone))


def _gifts(journal: Journal, zone: str) -> Iterator[str]:
    last: date | None = None
    since: Instant = 0
    for before, event in zip(journal.accounts, journal.events, strict=False):
        if before.version:
            day = _expected(before, last, since, event.effective_at, zone)
            yield from _missed(event, day, since, zone)
        if isinstance(event.data, GiftsEvaluated):
            for gift in event.data.gifts:
                yield from _gift(before, event, gift, last, zone)
                last = calendar.parse_date(gift.on)
        since = event.effective_at


def _expected(
    account: Account, last: date | None, since: Instant, until: Instant, zone: str
) -> date | None:
    """Return the day of the first gift that is to come in a range of days."""
    if PROGRAMME not in account.enrolments or account.status == "closed":
        return None
    day, end = calendar.local_date(since, zone), calendar.local_date(until, zone)
    while day <= end:
        if _is_birthday(account.birthday, day) and _is_next(last, day):
            return day
        day = calendar.add_days(day, 1)
    return None


def _missed(event: Event, day: date | None, since: Instant, zone: str) -> Iterator[str]:
    """Nothing happens before a gift that is due, but what falls due at the same instant."""
    if day is None or isinstance(event.data, GiftsEvaluated):
        return
    due = max(calendar.day_start(day, zone), since)
    if due < event.effective_at or (due == event.effective_at and event.actor != CLOCK):
        yield f"{event.version} ({event.kind}) comes before the gift of {day}"


def _gift(
    account: Account, event: Event, gift: DateGift, last: date | None, zone: str
) -> Iterator[str]:
    day = calendar.parse_date(gift.on)
    if not _is_birthday(account.birthday, day):
        yield f"{event.version} gives for {day} to who was born on {account.birthday!r}"
    if not _is_next(last, day):
        yield f"{event.version} gives for {day} after {last}"
    if calendar.local_date(event.effective_at, zone) != day:
        yield f"{event.version} gives for {day} at {event.effective_at}"
    begins = calendar.day_start(day, zone)
    # Who joins or says it on the day has it then.
    if event.effective_at not in (begins, max(begins, account.effective_at)):
        yield f"{event.version} gives at {event.effective_at}; the day begins at {begins}"
    if event.postings != (_GIVEN,):
        yield f"{event.version} gives {event.postings}"


def _is_birthday(birthday: str, day: date) -> bool:
    if birthday == "02-29" and (day.year % 4 or (day.year % 100 == 0 and day.year % 400)):
        birthday = LEAP_DAY
    return f"{day:%m-%d}" == birthday


def _is_next(last: date | None, day: date) -> bool:
    if last is None:
        return True
    return day.year > last.year and day >= calendar.add_months(last, _HALF_A_YEAR)
