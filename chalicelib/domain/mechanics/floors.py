"""
Floors: tiers that a member holds whatever the metrics say, each until a day.

Staff grant one by hand, a paid plan brings one, or value buys one; of each kind a programme has one
at a time.  What the metrics alone would give is kept ``under`` it, so that when a floor ends the
member falls to what was earned meanwhile, and no lower.
"""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

from chalicelib.domain.account import Account
from chalicelib.domain.calendar import Instant
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.progress import ProgressStore

Kind = Literal["manual", "paid", "bought"]


class Floor(Struct, frozen=True, omit_defaults=True):
    """One floor; without an end it holds until it is lifted."""

    kind: Kind
    tier: str
    expires_at: Instant | None = None
    expires_on: str | None = None


class Floors(Struct, frozen=True, omit_defaults=True):
    """The floors of a member in one programme, and the tier that is ``under`` them."""

    under: str
    floors: tuple[Floor, ...]


#: By programme.
FLOORS: Final = ProgressStore("tiers/floors", Floors)


def floors_of(account: Account, programme_id: str) -> tuple[Floor, ...]:
    """Return the floors that hold in a programme."""
    held = FLOORS.get(account, programme_id)
    return held.floors if held else ()


def under(account: Account, programme_id: str) -> str:
    """Return the tier that a member would hold without any floor."""
    held = FLOORS.get(account, programme_id)
    return held.under if held else account.enrolments[programme_id].tier


def keep_under(draft: EventBuilder, programme_id: str, tier: str) -> None:
    """Note what the metrics give, where there is a floor above it."""
    held = FLOORS.get(draft.account, programme_id)
    if held is not None and held.under != tier:
        FLOORS.put(draft, programme_id, Floors(tier, held.floors))


def put(draft: EventBuilder, programme_id: str, floor: Floor) -> None:
    """Set a floor, in the place of the one of its kind."""
    others = [f for f in floors_of(draft.account, programme_id) if f.kind != floor.kind]
    _keep(draft, programme_id, (*others, floor))


def lift(draft: EventBuilder, programme_id: str, kind: Kind) -> None:
    """Take a floor away, if it is there."""
    found = floors_of(draft.account, programme_id)
    _keep(draft, programme_id, tuple(floor for floor in found if floor.kind != kind))


def lift_ended(draft: EventBuilder, programme_id: str) -> None:
    """Take away the floors whose last day is over."""
    found = floors_of(draft.account, programme_id)
    lasting = tuple(f for f in found if f.expires_at is None or f.expires_at > draft.now)
    _keep(draft, programme_id, lasting)


def _keep(draft: EventBuilder, programme_id: str, floors: tuple[Floor, ...]) -> None:
    if not floors:
        FLOORS.drop(draft, programme_id)
        return
    beneath = under(draft.account, programme_id)
    in_order = tuple(sorted(floors, key=lambda floor: floor.kind))
    FLOORS.put(draft, programme_id, Floors(beneath, in_order))


def due(account: Account) -> Instant | None:
    """Return when a floor next ends."""
    ends = (floor.expires_at for held in FLOORS.all(account).values() for floor in held.floors)
    return min((at for at in ends if at is not None), default=None)


def end(draft: EventBuilder) -> None:
    """Give up every floor, where an account ends."""
    for programme_id in FLOORS.all(draft.account):
        FLOORS.drop(draft, programme_id)
