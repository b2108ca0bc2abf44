"""
Grants of entitlements: so many units that a member may use until a date.

Whatever gives units gives them here: a full stamp card, a package, a reward, staff.  Units of one
entitlement that lapse together are one grant, wherever they are from; but those of packages are
kept apart, since they were paid for: nothing but a package's refund takes them back, and that takes
no others.

What a report that comes late may still move or take back is remembered for a year where it lapsed
unused, so that lateness makes no difference to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.decide.benefits import Benefit
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.progress import ProgressStore
from chalicelib.domain.errors import Conflict
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import CounterChange
from chalicelib.domain.ledger.events import Data, EntitlementsExpired
from chalicelib.domain.mechanics import expiry
from chalicelib.domain.programme.document import REMEMBERED_MS, Programme
from chalicelib.domain.programme.versions import Programmes

#: Most different grants that an account holds: those alike are one.
GRANTS_MAX: Final = 100
_BOUGHT: Final = "/bought"


class Grant(Struct, frozen=True, omit_defaults=True):
    """
    Units of one entitlement that lapse together; of several sources they are one.

    Where it is ``movable``, another report may change when they lapse.  Those that were ``bought``
    are of packages.
    """

    programme: str
    entitlement: str
    units: int
    expires_at: Instant | None = None
    expires_on: str | None = None
    movable: bool = False
    bought: bool = False


GRANTS: Final = ProgressStore("entitlements", Grant)


def grants_of(account: Account, programme: Programme, entitlement: str) -> tuple[Grant, ...]:
    """Return the grants of one entitlement, the soonest to lapse first."""
    held = GRANTS.under(account, f"{programme.id}/{entitlement}@")
    return tuple(sorted(held.values(), key=_lapsing))


def grants_by_entitlement(account: Account, programme: Programme) -> dict[str, tuple[Grant, ...]]:
    """Return the grants of every entitlement of a programme, the soonest to lapse first."""
    found: dict[str, tuple[Grant, ...]] = {}
    for grant in sorted(GRANTS.under(account, f"{programme.id}/").values(), key=_lapsing):
        found[grant.entitlement] = (*found.get(grant.entitlement, ()), grant)
    return found


def unused(
    account: Account, programme: Programme, entitlement: str, now: Instant
) -> dict[str, int]:
    """
    Return the unused units of every grant of an entitlement, the last to lapse first.

    None of them was bought.  Those that lapsed and are remembered come after all that are usable.
    """
    granted = reversed(grants_of(account, programme, entitlement))
    left = {grant_key(grant): grant.units for grant in granted if not grant.bought}
    prefix = _counter("lapsed", f"{programme.id}/{entitlement}@")
    lapsed = sorted((key for key in account.counters if key.startswith(prefix)), reverse=True)
    for key in lapsed:
        last = key.removeprefix(prefix)
        left[f"{programme.id}/{entitlement}@{last}"] = _remembered(account, key, now)
    return left


def _remembered(account: Account, lapsed: str, now: Instant) -> int:
    """Return how much of a grant lapsed unused, if that is not too long ago."""
    counter = account.counters.get(lapsed)
    return 0 if counter is None or (counter.keep_until or now) < now else counter.value


def _lapsing(grant: Grant) -> bool:
    # They come by their keys, and so by their last days, those without one first; of one day what
    # was bought comes last.
    return grant.expires_at is None


def give(
    event: EventBuilder,
    programme: Programme,
    entitlement: str,
    units: int,
    valid_days: int | None,
    *,
    cause: str,
    since: date | None = None,
    bought: bool = False,
) -> str:
    """
    Add units that are usable through so many days after a local day, and return their key.

    That is today, or the day ``since`` which they came; where their last day is over they have
    lapsed, and nothing is added.  ``cause`` says what gives them, ``bought`` that it is a package.
    Raises `Conflict` ``too_many_grants`` where the account has no room for another grant.
    """
    day = calendar.local_date(event.now, programme.time_zone) if since is None else since
    grant = replace(usable(programme, entitlement, units, valid_days, day), bought=bought)
    hand_out(event, grant, cause=cause)
    return grant_key(grant)


def hand_out(event: EventBuilder, grant: Grant, *, cause: str) -> None:
    """Add units to those that the member has, as `give` does."""
    if not _has_lapsed(grant, event.now):
        for refusal in _obstacles(event.account, grant):
            raise refusal
    # After what may refuse: of what a caller goes on without, nothing is counted as given.
    event.give(Benefit("entitlement", grant.programme, grant.entitlement, cause, grant.units))
    add(event, grant)


def _has_lapsed(grant: Grant, now: Instant) -> bool:
    return grant.expires_at is not None and grant.expires_at <= now


def obstacles(
    account: Account, programme: Programme, entitlement: str, valid_days: int | None, now: Instant
) -> Iterator[Conflict]:
    """Yield why the member cannot be given units now."""
    today = calendar.local_date(now, programme.time_zone)
    yield from _obstacles(account, usable(programme, entitlement, 1, valid_days, today))


def _obstacles(account: Account, grant: Grant) -> Iterator[Conflict]:
    held = GRANTS.all(account)
    if grant_key(grant) not in held and len(held) >= GRANTS_MAX:
        yield Conflict("too_many_grants", f"This member holds {GRANTS_MAX} grants: use some first.")


def usable(
    programme: Programme, entitlement: str, units: int, valid_days: int | None, day: date
) -> Grant:
    """Return units that are usable through so many days after a local day."""
    term = expiry.NEVER
    if valid_days is not None:
        term = expiry.until(calendar.add_days(day, valid_days), programme.time_zone)
    return Grant(programme.id, entitlement, units, term.expires_at, term.expires_on)


def add(event: EventBuilder, grant: Grant) -> None:
    """Add units to the grant that they are alike with; what has lapsed is remembered at most."""
    if grant.units == 0:
        return
    if _has_lapsed(grant, event.now):
        _remember(event, grant)
        return
    key = grant_key(grant)
    before = GRANTS.get(event.account, key)
    if before is not None:
        movable = before.movable or grant.movable
        grant = replace(grant, units=before.units + grant.units, movable=movable)
    GRANTS.put(event, key, grant)


def _remember(event: EventBuilder, grant: Grant) -> None:
    """Count what lapsed unused, where a report that comes late may still change it."""
    if grant.movable and grant.expires_at is not None:
        until = grant.expires_at + REMEMBERED_MS
        if until > event.now:
            event.add(CounterChange(_counter("lapsed", grant_key(grant)), grant.units, until))


def take(event: EventBuilder, key: str, units: int) -> int:
    """Take unused units of one grant, as far as they go, and return how many those were."""
    grant = GRANTS.get(event.account, key)
    if grant is None:
        return _take_lapsed(event, _counter("lapsed", key), units)
    taken = min(grant.units, units)
    if taken == grant.units:
        GRANTS.drop(event, key)
    elif taken:
        GRANTS.put(event, key, replace(grant, units=grant.units - taken))
    return taken


def _take_lapsed(event: EventBuilder, lapsed: str, units: int) -> int:
    taken = min(_remembered(event.account, lapsed, event.now), units)
    if taken:
        event.add(CounterChange(lapsed, -taken, event.account.counters[lapsed].keep_until))
    return taken


def take_back(event: EventBuilder, key: str, units: int, *, cause: str) -> int:
    """Take units back of one grant, lapsed or not, as far as they are unused; return how many."""
    taken = take(event, key, units)
    _say_taken_back(event, key, taken, cause)
    return taken


def _say_taken_back(event: EventBuilder, key: str, units: int, cause: str) -> None:
    if units:
        programme, _, rest = key.partition("/")
        entitlement = rest.rpartition("@")[0]
        event.take_back(Benefit("entitlement", programme, entitlement, cause, units))


def revoke(event: EventBuilder, programme: Programme, key: str, units: int, *, cause: str) -> None:
    """
    Take units of one grant back for good, the unused at once and the others when they come back.

    So it does not matter whether the grant or the purchase that used it is refunded first.
    """
    used = units - take_back(event, key, units, cause=cause)
    last = key.rpartition("@")[2].removesuffix(_BOUGHT)
    until = (
        calendar.expiry_instant(calendar.parse_date(last), programme.time_zone) if last else None
    )
    if used and (until is None or until > event.now):
        event.add(CounterChange(_counter("revoked", key), used, until))


def put_back(event: EventBuilder, grant: Grant) -> None:
    """Add units that were used: none of what was revoked, nor to use of what has lapsed since."""
    key = grant_key(grant)
    lapsed = _has_lapsed(grant, event.now)
    revoked = 0 if lapsed else min(event.account.counter(_counter("revoked", key)), grant.units)
    if revoked:
        event.add(CounterChange(_counter("revoked", key), -revoked, grant.expires_at))
        _say_taken_back(event, key, revoked, "refund")
    add(event, replace(grant, units=grant.units - revoked))


def _counter(what: str, key: str) -> str:
    """Return what is counted of a grant: its day comes last, so that stored accounts keep many."""
    name, _, last = key.removesuffix(_BOUGHT).rpartition("@")
    bought = ":bought" if key.endswith(_BOUGHT) else ""
    return f"{what}/{name}{bought}/{last}"


def grant_key(grant: Grant) -> str:
    """Return the key of a grant: those alike are one."""
    bought = _BOUGHT if grant.bought else ""
    return f"{grant.programme}/{grant.entitlement}@{grant.expires_on or ''}{bought}"


def due(account: Account) -> Instant | None:
    """Return when a grant next lapses."""
    instants = (grant.expires_at for grant in GRANTS.all(account).values())
    return min((at for at in instants if at is not None), default=None)


def lapse(event: EventBuilder, _programmes: Programmes) -> Data | None:
    """Drop the grants whose last day is over at the instant."""
    account = event.before
    held = GRANTS.all(account)
    over = {key: grant for key, grant in held.items() if _has_lapsed(grant, event.now)}
    for key, grant in over.items():
        GRANTS.drop(event, key)
        _remember(event, grant)
    return EntitlementsExpired(tuple(over)) if over else None


def end(event: EventBuilder) -> None:
    """Give up every grant, where an account ends."""
    for key in GRANTS.all(event.account):
        GRANTS.drop(event, key)
