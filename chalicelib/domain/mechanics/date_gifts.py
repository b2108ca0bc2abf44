"""
Date gifts: what a programme gives on a member's own day of the year, a birthday or an anniversary.

The next day of each gift is planned in the account, and brought up to date with every event: who
sets their birthday, or joins, on the very day has the gift at once; nobody gets one for days past.
At the start of that local day the version in force then decides, on days out of season too, so that
a season which a later version moves is that of members who were quiet meanwhile.  A gift's day
comes once in a calendar year, and no sooner than half a year after the one before, so that a
birthday which is changed again and again brings nothing more.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import MAXYEAR, date
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Final, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Given, Mechanic, Permanent, Phase
from chalicelib.domain.decide.progress import ProgressStore
from chalicelib.domain.errors import LoyaltyError
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.events import Data, DateGift, Event, GiftsEvaluated
from chalicelib.domain.ledger.lots import LotKey
from chalicelib.domain.ledger.postings import ISSUED
from chalicelib.domain.mechanics import entitlement_grants, entitlements, expiry, value
from chalicelib.domain.pointer import join
from chalicelib.domain.programme import recurrence
from chalicelib.domain.programme.document import GivesEntitlement, Programme, in_season, qualified
from chalicelib.domain.programme.fields import Id, LeapDay, LocalDate, Model, Part, Points, Text
from chalicelib.domain.programme.references import known_currency, known_tiers, season
from chalicelib.domain.programme.section import Section
from chalicelib.domain.programme.versions import Programmes
from chalicelib.domain.violations import Violation

if TYPE_CHECKING:
    from chalicelib.domain.programme.wording import Composer, Description

#: Months between two days of one gift, at the least.
_APART: Final = 6


class GivesValue(Model, frozen=True, tag_field="type", tag="value"):
    """So much of a currency, usable at once, for as long as what is earned on that day."""

    currency: Id
    amount: Points


class Gift(Part, frozen=True):
    """
    What members get once a year, on the birthday or on the anniversary of joining the programme.

    Those in one of ``tiers`` get it, all where none is named, on days from ``valid_from`` to
    ``valid_until``.  In a year without 29 February, ``leap_day`` stands for it.
    """

    id: Id
    name: Text
    on: Literal["birthday", "joining_anniversary"]
    gives: GivesValue | GivesEntitlement
    tiers: tuple[Id, ...] = ()
    valid_from: LocalDate | None = None
    valid_until: LocalDate | None = None
    leap_day: LeapDay = "02-28"


Gifts = Annotated[tuple[Gift, ...], Meta(max_length=20)]
SECTION: Final[Section[tuple[Gift, ...]]] = Section("date_gifts", Gifts, ())


class Planned(Struct, frozen=True, omit_defaults=True):
    """When a gift comes next, if it does, and the last local day on which it was evaluated."""

    at: Instant | None = None
    last_on: str = ""


#: By programme and gift.
PLANNED: Final = ProgressStore("date_gifts", Planned)


def plan(event: EventBuilder, programmes: Programmes) -> None:
    """Plan the next day of every gift by the versions in force, and of no other."""
    account = event.account
    planned = {key: replace(held, at=None) for key, held in PLANNED.all(account).items()}
    for programme_id in sorted(account.enrolments):
        version = programmes.in_force(programme_id, event.now)
        if version is None:
            continue
        for gift in SECTION.of(version.document):
            key = f"{programme_id}/{gift.id}"
            held = planned.get(key, Planned())
            found = _next(account, version.document, gift, held, event.now)
            # On a day that has begun already it is due at once.
            at = None if found is None else max(found[1], event.now)
            planned[key] = replace(held, at=at)
    for key, following in planned.items():
        if following == Planned():
            PLANNED.drop(event, key)
        else:
            PLANNED.put(event, key, following)


def _next(
    account: Account, programme: Programme, gift: Gift, held: Planned, now: Instant
) -> tuple[date, Instant] | None:
    """Return the next day of a gift, today or later, and the instant at which it begins."""
    zone, month_day = programme.time_zone, account.birthday
    earliest = _not_over(calendar.local_date(now, zone), zone)
    if gift.on == "joining_anniversary":
        joined = date.fromisoformat(account.enrolments[programme.id].joined_on)
        earliest, month_day = max(earliest, date(joined.year + 1, 1, 1)), f"{joined:%m-%d}"
    if held.last_on:
        last = date.fromisoformat(held.last_on)
        another_year = date(last.year + 1, 1, 1)
        earliest = max(earliest, another_year, calendar.add_months(last, _APART))
    if earliest.year == MAXYEAR:
        return None
    day = recurrence.in_year(month_day, earliest.year, gift.leap_day)
    if day is not None and day < earliest:
        day = recurrence.in_year(month_day, earliest.year + 1, gift.leap_day)
    return None if day is None else (day, calendar.day_start(day, zone))


@lru_cache(maxsize=256)
def _not_over(today: date, zone: str) -> date:
    """Return the first day that begins when today does: a zone may have skipped the one before."""
    before = calendar.add_days(today, -1)
    skipped = calendar.day_start(before, zone) == calendar.day_start(today, zone)
    return before if skipped else today


def due(account: Account) -> Instant | None:
    """Return when the next gift is due."""
    instants = (planned.at for planned in PLANNED.all(account).values())
    return min((at for at in instants if at is not None), default=None)


def give(event: EventBuilder, programmes: Programmes) -> Data | None:
    """Give what is due, as far as the versions in force still say so."""
    account = event.before
    due_now = {
        key: planned
        for key, planned in PLANNED.all(account).items()
        if planned.at is not None and planned.at <= event.now
    }
    evaluated = []
    for key, planned in due_now.items():
        terms = _terms(account, programmes, key, event.now)
        found = terms and _next(account, *terms, planned, event.now)
        if terms and found and found[1] <= event.now:
            programme, gift = terms
            day = found[0].isoformat()
            PLANNED.put(event, key, Planned(last_on=day))
            evaluated.append(_give(event, programme, gift, day))
    # What comes next is planned when the event is finished.
    return GiftsEvaluated(tuple(evaluated)) if due_now else None


def _terms(
    account: Account, programmes: Programmes, key: str, now: Instant
) -> tuple[Programme, Gift] | None:
    """Return the gift that a plan is of, and its programme, if both still are."""
    programme_id, _, gift_id = key.partition("/")
    version = programmes.in_force(programme_id, now)
    if version is None or programme_id not in account.enrolments:
        return None
    gifts = (gift for gift in SECTION.of(version.document) if gift.id == gift_id)
    return next(((version.document, gift) for gift in gifts), None)


def _give(event: EventBuilder, programme: Programme, gift: Gift, day: str) -> DateGift:
    """Give a gift, and say what it was, or the code of what stands against it."""
    nothing = DateGift(programme.id, gift.id, day)
    if not in_season(gift.valid_from, gift.valid_until, date.fromisoformat(day)):
        return replace(nothing, refusal="not_offered")
    if gift.tiers and event.account.enrolments[programme.id].tier not in gift.tiers:
        return replace(nothing, refusal="tier_required")
    gives = gift.gives
    try:
        if not isinstance(gives, GivesEntitlement):
            key, lot = _credit(event, programme, gift.id, gives)
            return replace(nothing, currency=key, amount=gives.amount, lot=lot)
        entitlement_grants.give(
            event, programme, gives.entitlement, gives.units, gives.valid_days, cause=gift.id
        )
    except LoyaltyError as refusal:
        # Time passes all the same: a gift that cannot be given locks nobody out of the account.
        return replace(nothing, refusal=refusal.code)
    return nothing


def _credit(
    event: EventBuilder, programme: Programme, gift_id: str, gives: GivesValue
) -> tuple[str, LotKey]:
    """Give value, and return its currency and its lot."""
    currency = programme.currency(gives.currency)
    if currency is None:
        raise AssertionError("validated: a gift is in a currency of the programme")
    term = expiry.today(programme, currency, event.account, event.now)
    key, lot = qualified(programme.id, currency.id), term.opens(gives.amount)
    value.credit(event, key, lot, source=ISSUED, cause=gift_id)
    return key, lot.key


def gave(event: Event) -> Iterator[Given]:
    """Yield the value that gifts gave."""
    gifts = event.data.gifts if isinstance(event.data, GiftsEvaluated) else ()
    for each in gifts:
        if each.amount:
            yield Given(each.currency, each.amount, each.lot, ISSUED, each.gift)


def end(event: EventBuilder) -> None:
    """Give up every plan, where an account ends; the days that had their gift are kept."""
    for key, planned in PLANNED.all(event.account).items():
        if planned.last_on:
            PLANNED.put(event, key, replace(planned, at=None))
        else:
            PLANNED.drop(event, key)


def take_over(event: EventBuilder, former: Account) -> None:
    """Let no day that had its gift have it again, where its member comes back."""
    for key, planned in PLANNED.all(former).items():
        PLANNED.put(event, key, planned)


def problems(programme: Programme) -> Iterator[Violation]:
    """Yield what is wrong with the gifts of a document."""
    for place, gift in enumerate(SECTION.of(programme)):
        at = join("", SECTION.name, place)
        if isinstance(gift.gives, GivesEntitlement):
            here = join(at, "gives", "entitlement")
            yield from entitlements.known_entitlement(programme, gift.gives.entitlement, here)
        else:
            yield from known_currency(programme, gift.gives.currency, join(at, "gives", "currency"))
        yield from known_tiers(programme, gift.tiers, join(at, "tiers"), by_place=True)
        yield from season(gift.valid_from, gift.valid_until, at)


def permanent(programme: Programme) -> Iterator[Permanent]:
    """Yield the ids that accounts may hold."""
    yield Permanent(f"/{SECTION.name}", [gift.id for gift in SECTION.of(programme)])


def words(compose: Composer) -> Iterator[Description]:
    """Tell what comes when, and to whom."""
    for gift in SECTION.of(compose.programme):
        name, gives, lasts = gift.name, gift.gives, None
        if gift.on == "birthday":
            day = compose.message("date_gifts-birthday")
        else:
            day = compose.message("date_gifts-anniversary")
        if isinstance(gives, GivesEntitlement):
            given = entitlements.name_of(compose.programme, gives.entitlement)
            what = compose.message(
                "date_gifts-units", name=name, units=gives.units, gives=given, day=day
            )
            lasts = compose.usable_for(gives.valid_days)
        else:
            amount = compose.amount(gives.amount, gives.currency)
            what = compose.message("date_gifts-value", name=name, value=amount, day=day)
        tiers = compose.any_of(map(compose.tier_name, gift.tiers))
        yield compose.describe(
            "date_gift",
            gift.id,
            name,
            what,
            lasts,
            compose.message("date_gifts-tiers", tiers=tiers) if gift.tiers else None,
            compose.season(gift.valid_from, gift.valid_until),
            compose.leap_day(gift.leap_day),
            of=gift,
        )


MECHANIC: Final = Mechanic(
    section=SECTION,
    due=due,
    ticks=((Phase.GIVE, give),),
    plan=plan,
    closing=end,
    gave={GiftsEvaluated: gave},
    returning=take_over,
    problems=problems,
    permanent=permanent,
    words=words,
)
