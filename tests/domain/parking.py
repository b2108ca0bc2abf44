"""A clinic whose silver members park for nothing: what tests of entitlements are built from."""

from __future__ import annotations

from typing import Any, Final

from chalicelib.domain.mechanics import entitlements
from chalicelib.domain.mechanics.entitlement_uses import Used, UseEntitlement
from chalicelib.domain.mechanics.entitlements import GrantEntitlement
from tests.domain.building import Member, at, ladder, programme, visits

PARKING: Final = {
    "id": "parking",
    "name": "Free parking",
    "tiers": ["silver"],
    "quota": {"count": 4, "window": "month"},
}
BOOKING: Final = {"id": "booking", "name": "Priority booking", "tiers": ["silver"]}
GIFT: Final = {"id": "gift", "name": "Sticker"}
ZONE: Final = "Asia/Shanghai"


def document(**parts: Any) -> Any:
    """Return a programme of which silver members park four times a month."""
    return programme(
        time_zone=ZONE,
        tiers=ladder(("silver", visits(1)), window="lifetime"),
        entitlements=[PARKING, BOOKING, GIFT],
        **parts,
    )


def silver(**parts: Any) -> Member:
    """Return a member in silver since 2 March 2026."""
    who = Member(document(**parts))
    who.visit("2026-03-02")
    return who


def use(who: Member, when: str, entitlement: str = "parking", units: int = 1) -> Used:
    """Use an entitlement."""
    command = UseEntitlement(
        member="mem_1", programme="clinic", entitlement=entitlement, units=units
    )
    used: Used = who.do(command, when).result
    return used


def refused(who: Member, when: str, entitlement: str = "parking", units: int = 1) -> Any:
    """Return the refusal of a use."""
    command = UseEntitlement(
        member="mem_1", programme="clinic", entitlement=entitlement, units=units
    )
    return who.refused(command, when)


def grant(
    who: Member, when: str, units: int, days: int | None, entitlement: str = "gift"
) -> entitlements.Held | None:
    """Give units by hand, and return what is then held."""
    command = GrantEntitlement(
        member="mem_1",
        programme="clinic",
        entitlement=entitlement,
        units=units,
        reason="r",
        valid_days=days,
    )
    has: entitlements.Held | None = who.do(command, when).result
    return has


def held(who: Member, when: str) -> dict[str, tuple[int | None, str | None]]:
    """Return (left, resets on) of each entitlement."""
    version = who.programmes.in_force("clinic", at(when))
    assert version is not None
    found = entitlements.held(who.seen(when), version.document, at(when))
    return {each.entitlement.id: (each.left, each.resets_on) for each in found}
