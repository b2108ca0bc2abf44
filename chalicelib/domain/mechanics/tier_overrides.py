"""
Tier overrides: tiers that a member holds whatever the metrics say, each until a day.

Staff grant one by hand (`tier_grants`), a paid plan brings one, or value buys one; of each kind a
programme has one at a time.  When an override ends the member falls to what was earned meanwhile,
and no lower.
"""

from __future__ import annotations

from typing import Final

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Mechanic, Phase
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.events import Data, TierOverridesEnded
from chalicelib.domain.mechanics import expiry
from chalicelib.domain.mechanics.tiers import (
    OVERRIDES,
    OverrideKind,
    TierOverride,
    TierOverrides,
    move_to,
    overrides_of,
    rank_beneath,
    rank_overridden,
    tier_beneath,
)
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.versions import Programmes


def set_override(
    event: EventBuilder, programme: Programme, kind: OverrideKind, tier: str, days: int | None
) -> None:
    """
    Set a tier override, in the place of the one of its kind.

    It holds through so many days after today, without an end where nothing is said.
    """
    term = expiry.NEVER
    if days is not None:
        today = calendar.local_date(event.now, programme.time_zone)
        term = expiry.until(calendar.add_days(today, days), programme.time_zone)
    override = TierOverride(kind, tier, term.expires_at, term.expires_on)
    _replace(event, programme, (*_of_other_kinds(event, programme, kind), override), kind)


def lift_override(event: EventBuilder, programme: Programme, kind: OverrideKind) -> None:
    """Lift a tier override, if it is there; the member falls to what else holds."""
    left = _of_other_kinds(event, programme, kind)
    if left != overrides_of(event.account, programme.id):
        _replace(event, programme, left, "lifted")


def end_overrides(event: EventBuilder, programmes: Programmes) -> Data | None:
    """End the tier overrides whose last day is over at the instant."""
    ended = []
    for programme_id, held in OVERRIDES.all(event.before).items():
        lasting = tuple(
            each
            for each in held.overrides
            if each.expires_at is None or each.expires_at > event.now
        )
        if lasting == held.overrides:
            continue
        ended.append(programme_id)
        version = programmes.in_force(programme_id, event.now)
        if version is None or version.document.tiers is None:
            _keep(event, programme_id, lasting)
        else:
            _replace(event, version.document, lasting, "override_ended")
    return TierOverridesEnded(tuple(ended)) if ended else None


def _of_other_kinds(
    event: EventBuilder, programme: Programme, kind: OverrideKind
) -> tuple[TierOverride, ...]:
    held = overrides_of(event.account, programme.id)
    return tuple(each for each in held if each.kind != kind)


def _replace(
    event: EventBuilder, programme: Programme, overrides: tuple[TierOverride, ...], reason: str
) -> None:
    """Keep these overrides alone, and hold what they and the metrics then give."""
    tiers = programme.tiers
    if tiers is None:
        raise AssertionError("validated: an override is a tier of the ladder")
    beneath = rank_beneath(event.account, programme)
    _keep(event, programme.id, overrides)
    rank = max(beneath, rank_overridden(event.account, programme))
    if tiers.levels[rank].id != event.account.enrolments[programme.id].tier:
        move_to(event, programme, tiers, rank, reason)


def _keep(event: EventBuilder, programme_id: str, overrides: tuple[TierOverride, ...]) -> None:
    if not overrides:
        OVERRIDES.drop(event, programme_id)
        return
    beneath = tier_beneath(event.account, programme_id)
    in_order = tuple(sorted(overrides, key=lambda each: each.kind))
    OVERRIDES.put(event, programme_id, TierOverrides(beneath, in_order))


def due(account: Account) -> Instant | None:
    """Return when a tier override next ends."""
    ends = (each.expires_at for held in OVERRIDES.all(account).values() for each in held.overrides)
    return min((at for at in ends if at is not None), default=None)


def end(event: EventBuilder) -> None:
    """Give up every tier override, where an account ends."""
    for programme_id in OVERRIDES.all(event.account):
        OVERRIDES.drop(event, programme_id)


MECHANIC: Final = Mechanic(
    due=due,
    ticks=((Phase.REVIEW, end_overrides),),
    closing=end,
)
