"""Tier grants: staff hold a tier for a member by hand, for a reason, and lift it again."""

from __future__ import annotations

from typing import ClassVar, Final

from msgspec import Struct

from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import Decider
from chalicelib.domain.decide.mechanic import Mechanic
from chalicelib.domain.errors import Invalid
from chalicelib.domain.ledger.events import TierGranted, TierLifted, noted
from chalicelib.domain.mechanics.tier_overrides import lift_override, set_override
from chalicelib.domain.mechanics.tiers import TierOverride, overrides_of


class GrantTier(Command, frozen=True):
    """Hold a tier by hand: through so many days after today, or until it is lifted."""

    programme: str
    tier: str
    reason: str
    days: int | None = None
    note: str = ""


class LiftTier(Command, frozen=True):
    """Take back a tier that was granted by hand."""

    when_full: ClassVar[bool] = True

    programme: str
    reason: str
    note: str = ""


class Granted(Struct, frozen=True):
    """The tier that is held after a grant was given or lifted; ``changed`` is false for neither."""

    programme: str
    tier: str
    changed: bool
    expires_on: str | None = None


def grant(decider: Decider, command: GrantTier) -> Granted:
    """Hold a tier by hand, for a reason that the journal keeps."""
    programme = decider.programme(command.programme)
    known = [level.id for level in programme.tiers.levels] if programme.tiers else []
    if command.tier not in known:
        names = ", ".join(known) or "none"
        raise Invalid(
            "unknown_tier",
            f"{programme.id} has no such tier; it has: {names}.",
            errors=[{"pointer": "/tier", "detail": f"must be one of: {names}"}],
        )
    event = decider.event()
    set_override(event, programme, "manual", command.tier, command.days)
    held = event.account.enrolments[programme.id].tier
    on = next(
        each.expires_on for each in overrides_of(event.account, programme.id) if _by_hand(each)
    )
    event.record(
        TierGranted(programme.id, command.tier, command.reason, on),
        detail=noted(command.note),
    )
    return Granted(programme.id, held, changed=True, expires_on=on)


def lift(decider: Decider, command: LiftTier) -> Granted:
    """Take back a tier that was granted by hand; the member falls to what else holds."""
    account = decider.member
    programme = decider.programme(command.programme)
    tier = account.enrolments[programme.id].tier
    if not any(map(_by_hand, overrides_of(account, programme.id))):
        return Granted(programme.id, tier, changed=False)
    event = decider.event()
    lift_override(event, programme, "manual")
    held = event.account.enrolments[programme.id].tier
    event.record(TierLifted(programme.id, command.reason), detail=noted(command.note))
    return Granted(programme.id, held, changed=True)


def _by_hand(override: TierOverride) -> bool:
    return override.kind == "manual"


MECHANIC: Final = Mechanic(
    handlers={GrantTier: grant, LiftTier: lift},
)
