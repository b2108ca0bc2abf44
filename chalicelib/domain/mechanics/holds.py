"""
Holds: value that is set aside for a purchase under way, and then captured or released.

A hold takes lots in burn order and pins them, so what is available to everybody else is lower from
that moment, and a lot that expires meanwhile stays spendable by this hold alone.  A capture spends
the hold, or a part of it and releases the rest; a release gives every part back to its own expiry,
where what has passed expires at once.  A hold that is neither expires.

An ended hold is remembered for a week, so that who captures too late hears what became of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Final

from msgspec import Meta, Struct
from msgspec.structs import replace

from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import Decider
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Mechanic, Phase, Turn
from chalicelib.domain.decide.progress import ProgressStore
from chalicelib.domain.errors import Conflict, Invalid, NotFound
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import CounterChange
from chalicelib.domain.ledger.events import (
    Data,
    HoldCaptured,
    HoldExtended,
    HoldPlaced,
    HoldReleased,
    HoldsExpired,
    noted,
)
from chalicelib.domain.ledger.lots import Taken
from chalicelib.domain.ledger.postings import HELD, REDEEMED, SET_ASIDE
from chalicelib.domain.mechanics import restoring, value
from chalicelib.domain.programme.document import Programme, qualified
from chalicelib.domain.programme.fields import Model
from chalicelib.domain.programme.section import Section
from chalicelib.domain.programme.versions import Programmes, currency_in
from chalicelib.domain.violations import Violation

if TYPE_CHECKING:
    from chalicelib.domain.programme.wording import Composer, Description

#: What an account keeps open at once.
OPEN_MAX: Final = 20
_MINUTE_MS: Final = 60_000
_REMEMBERED_MS: Final = 7 * 86_400_000
_ENDS: Final = ("captured", "released", "expired")
_MAX_MINUTES: Final = 7 * 24 * 60

Minutes = Annotated[int, Meta(ge=1, le=_MAX_MINUTES)]


class HoldPolicy(Model, frozen=True):
    """How long a hold lasts where nothing is asked for, and at most, extensions included."""

    minutes: Minutes = 15
    max_minutes: Minutes = _MAX_MINUTES


SECTION: Final[Section[HoldPolicy]] = Section("holds", HoldPolicy, HoldPolicy())


class Hold(Struct, frozen=True, omit_defaults=True):
    """Value that is pinned: what of which lots, and until when; never past ``latest``."""

    programme: str
    currency: str
    amount: int
    placed_at: Instant
    expires_at: Instant
    latest: Instant
    taken: tuple[Taken, ...] = ()


HOLDS: Final = ProgressStore("holds", Hold)


class PlaceHold(Command, frozen=True):
    """Set value aside; the id is made by the caller."""

    programme: str
    currency: str
    amount: int
    hold_id: str
    minutes: int | None = None
    reference: str = ""


class CaptureHold(Command, frozen=True):
    """Spend a hold: all of it, or ``amount``, and the rest is released."""

    when_full: ClassVar[bool] = True

    hold_id: str
    amount: int | None = None
    reference: str = ""


class ReleaseHold(Command, frozen=True):
    """Give up a hold: its value is available again."""

    when_full: ClassVar[bool] = True

    hold_id: str
    reason: str = ""
    note: str = ""


class ExtendHold(Command, frozen=True):
    """Keep a hold open until so many minutes from now."""

    hold_id: str
    minutes: int


class Ended(Struct, frozen=True):
    """What became of a hold: how much was spent, and how much came back, ``expired`` at once."""

    hold_id: str
    programme: str
    currency: str
    captured: int
    released: int
    expired: int = 0


class Placed(Struct, frozen=True):
    """A hold that is open."""

    hold_id: str
    hold: Hold


def place(decider: Decider, command: PlaceHold) -> Placed:
    """Pin value; refused where there is too little of it, or too many holds are open."""
    account, now = decider.member, decider.now
    programme = decider.programme(command.programme)
    currency = currency_in(programme, command.currency)
    policy = SECTION.of(programme)
    minutes = policy.minutes if command.minutes is None else command.minutes
    _check_minutes(minutes, policy.max_minutes)
    if len(HOLDS.all(account)) >= OPEN_MAX:
        raise Conflict(
            "too_many_holds",
            f"{OPEN_MAX} holds are open: capture or release one first.",
            limit=OPEN_MAX,
        )
    key = qualified(programme.id, currency.id)
    value.check_available(account, key, command.amount)
    event = decider.event()
    hold = Hold(
        programme=programme.id,
        currency=key,
        amount=command.amount,
        placed_at=now,
        expires_at=now + minutes * _MINUTE_MS,
        latest=now + policy.max_minutes * _MINUTE_MS,
        taken=value.debit(event, key, command.amount, destination=SET_ASIDE),
    )
    HOLDS.put(event, command.hold_id, hold)
    event.record(
        HoldPlaced(command.hold_id, hold.currency, hold.amount),
        detail=noted(command.reference),
    )
    return Placed(command.hold_id, hold)


def capture(decider: Decider, command: CaptureHold) -> Ended:
    """Spend a hold, in the order in which it was pinned."""
    account = decider.member
    hold = _open(account, command.hold_id)
    amount = hold.amount if command.amount is None else command.amount
    if amount > hold.amount:
        raise Conflict(
            "exceeds_hold",
            f"The hold is for {hold.amount}; {amount} cannot be captured.",
            held=hold.amount,
        )
    event = decider.event()
    spent, rest = _split(hold.taken, amount)
    value.post_parts(event, HELD, hold.currency, spent, REDEEMED)
    lost = _restore(event, hold, rest)
    _end(event, command.hold_id, "captured")
    event.record(
        HoldCaptured(command.hold_id, hold.currency, amount),
        detail=noted(command.reference),
    )
    back = hold.amount - amount
    return Ended(command.hold_id, hold.programme, hold.currency, amount, back, lost)


def release(decider: Decider, command: ReleaseHold) -> Ended:
    """Give every part of a hold back to its own expiry."""
    account = decider.member
    hold = _open(account, command.hold_id)
    event = decider.event()
    lost = _restore(event, hold, hold.taken)
    _end(event, command.hold_id, "released")
    event.record(HoldReleased(command.hold_id, command.reason), detail=noted(command.note))
    return Ended(command.hold_id, hold.programme, hold.currency, 0, hold.amount, lost)


def extend(decider: Decider, command: ExtendHold) -> Placed:
    """Move the end of a hold; never to an earlier instant, nor past its latest."""
    account, now = decider.member, decider.now
    hold = _open(account, command.hold_id)
    until = now + command.minutes * _MINUTE_MS
    if until > hold.latest:
        latest = calendar.format_instant(hold.latest)
        raise Invalid(
            "hold_too_long",
            f"The hold can last until {latest} at most.",
            errors=[{"pointer": "/minutes", "detail": f"must end by {latest}"}],
            latest=latest,
        )
    if until <= hold.expires_at:
        return Placed(command.hold_id, hold)
    event = decider.event()
    longer = replace(hold, expires_at=until)
    HOLDS.put(event, command.hold_id, longer)
    event.record(HoldExtended(command.hold_id))
    return Placed(command.hold_id, longer)


def held(account: Account, currency: str) -> int:
    """Return how much of a currency is pinned by holds."""
    return sum(hold.amount for hold in HOLDS.all(account).values() if hold.currency == currency)


def due(account: Account) -> Instant | None:
    """Return when a hold next expires."""
    return min((hold.expires_at for hold in HOLDS.all(account).values()), default=None)


def time_out(event: EventBuilder, _programmes: Programmes) -> Data | None:
    """End the holds whose time is over at the instant."""
    account = event.before
    over = [name for name, hold in HOLDS.all(account).items() if hold.expires_at <= event.now]
    for hold_id in over:
        hold = _open(account, hold_id)
        _restore(event, hold, hold.taken)
        _end(event, hold_id, "expired")
    return HoldsExpired(tuple(over)) if over else None


def end(event: EventBuilder) -> None:
    """Release every hold, where an account ends: its value is forfeited with the rest."""
    for hold_id, hold in HOLDS.all(event.account).items():
        _restore(event, hold, hold.taken)
        HOLDS.drop(event, hold_id)


def problems(programme: Programme) -> Iterator[Violation]:
    """Yield what is wrong with the policy for holds."""
    policy = SECTION.of(programme)
    if policy.minutes > policy.max_minutes:
        detail = f"is more than `max_minutes` ({policy.max_minutes}): a hold could not begin"
        yield Violation(f"/{SECTION.name}/minutes", detail)


def words(compose: Composer) -> Iterator[Description]:
    """Tell how long value can be set aside, where the programme says so."""
    programme, policy = compose.programme, SECTION.of(compose.programme)
    if policy != HoldPolicy():
        lasts = compose.message("holds-last", minutes=policy.minutes, most=policy.max_minutes)
        yield compose.describe("hold", programme.id, programme.name, lasts)


def _open(account: Account, hold_id: str) -> Hold:
    hold = HOLDS.get(account, hold_id)
    if hold is not None:
        return hold
    ended = account.counter(_trace(hold_id))
    if ended:
        state = _ENDS[ended - 1]
        raise Conflict("hold_ended", f"This hold was {state} already.", state=state)
    raise NotFound("hold_not_found", "This member has no such hold.")


def _end(event: EventBuilder, hold_id: str, how: str) -> None:
    HOLDS.drop(event, hold_id)
    until = event.now + _REMEMBERED_MS
    event.add(CounterChange(_trace(hold_id), _ENDS.index(how) + 1, until))


def _restore(event: EventBuilder, hold: Hold, taken: tuple[Taken, ...]) -> int:
    """Make parts of a hold available again, and return how much of it expired at once."""
    return restoring.restore(event, hold.currency, taken, source=SET_ASIDE, taken_at=hold.placed_at)


def _split(taken: tuple[Taken, ...], spent: int) -> tuple[tuple[Taken, ...], tuple[Taken, ...]]:
    """Return what is spent of parts, the first of them first, and what is left of them."""
    gone, left = [], []
    for part in taken:
        used = min(part.amount, spent)
        spent -= used
        if used:
            gone.append(replace(part, amount=used))
        if part.amount > used:
            left.append(replace(part, amount=part.amount - used))
    return tuple(gone), tuple(left)


def _check_minutes(minutes: int, most: int) -> None:
    if minutes > most:
        raise Invalid(
            "hold_too_long",
            f"A hold lasts {most} minutes at most.",
            errors=[{"pointer": "/minutes", "detail": f"must be at most {most}"}],
        )


def _trace(hold_id: str) -> str:
    return f"hold/{hold_id}"


MECHANIC: Final = Mechanic(
    turn=Turn.PINS,
    section=SECTION,
    handlers={
        PlaceHold: place,
        CaptureHold: capture,
        ReleaseHold: release,
        ExtendHold: extend,
    },
    due=due,
    ticks=((Phase.END_HOLDS, time_out),),
    closing=end,
    accounts={HELD: held},
    problems=problems,
    words=words,
)
