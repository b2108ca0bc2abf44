"""
Lives that lead up to one midnight, at which something falls due on those that are not quiet.

At the end of 2026 value becomes usable, a tier is reviewed and lost, one that was given ends, value
expires, an expiry is announced, a hold ends, a plan falls past due, a grant or status lapses, or
any of it together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from chalicelib.domain.mechanics.entitlements import GrantEntitlement
from chalicelib.domain.mechanics.holds import PlaceHold
from chalicelib.domain.mechanics.statuses import VerifyStatus
from chalicelib.domain.mechanics.subscriptions import Subscribe
from chalicelib.domain.mechanics.tier_grants import GrantTier
from chalicelib.domain.programme.document import Programme
from tests.domain.building import VISIT, Member, at, fixed, ladder, points, programme, rule, visits

MIDNIGHT: Final = at("2027-01-01T00:00:00Z")
POINTS: Final = "clinic/points"
#: What may fall due, in the order in which it happens at one instant.
KINDS: Final = (
    "pending.activated",
    "holds.expired",
    "plans.renewed",
    "tier.overrides_ended",
    "tiers.reviewed",
    "lots.expired",
    "entitlements.expired",
    "statuses.expired",
    "expiry.announced",
)

_HOLD: Final = PlaceHold(
    member="mem_1", programme="clinic", currency="coins", amount=5, hold_id="h", minutes=4 * 60
)
_COFFEE: Final = GrantEntitlement(
    member="mem_1",
    programme="clinic",
    entitlement="coffee",
    units=1,
    reason="long-wait",
    valid_days=13,
)
_GIFT: Final = GrantTier(
    member="mem_1", programme="clinic", tier="silver", reason="long-wait", days=13
)
_CLUB: Final = Subscribe(member="mem_1", programme="clinic", plan="club")
_FAMILY: Final = VerifyStatus(
    member="mem_1", programme="clinic", status="family", until_on="2026-12-31"
)
_CHECKUP: Final = "checkup.completed"
_VACCINATION: Final = "vaccination.completed"


def terms() -> Programme:
    """Return a programme whose points last 30 days and are announced 7 before; some wait 14."""
    return programme(
        rule("visit", fixed(50), VISIT),
        rule("checkup", fixed(50), _CHECKUP),
        rule("jab", fixed(20), _VACCINATION, activation_delay_days=14),
        currencies=[
            points({"type": "rolling", "days": 30}, expiry_warning_days=7),
            {"id": "coins", "name": "Coins", "expiry": {"type": "never"}},
        ],
        tiers=ladder(("silver", visits(2)), window="calendar_year", downgrade="to_earned"),
        entitlements=[{"id": "coffee", "name": "Coffee"}],
        statuses=[{"id": "family", "name": "Family"}],
        plans=[{"id": "club", "name": "Club", "period": "month", "fee": 900}],
    )


TERMS: Final = terms()


# What leads up to each kind, in the order of time.
_STEPS: Final[tuple[tuple[str, Callable[[Member], object]], ...]] = (
    # Silver by two visits of the year before, and kept through this one, which had none.
    ("tiers.reviewed", lambda member: member.visit("2025-06-01", name="before-1")),
    ("tiers.reviewed", lambda member: member.visit("2025-06-02", name="before-2")),
    ("lots.expired", lambda member: member.visit("2026-12-01", name="expires")),
    ("plans.renewed", lambda member: member.do(_CLUB, "2026-12-01")),
    # No visit: a second one in this year would keep the tier that the review is to take.
    ("expiry.announced", lambda member: member.record(_CHECKUP, "2026-12-09", name="warned")),
    (
        "pending.activated",
        lambda member: member.record(_VACCINATION, "2026-12-18", name="activates"),
    ),
    ("tier.overrides_ended", lambda member: member.do(_GIFT, "2026-12-18")),
    ("entitlements.expired", lambda member: member.do(_COFFEE, "2026-12-18")),
    ("statuses.expired", lambda member: member.do(_FAMILY, "2026-12-18")),
    ("holds.expired", lambda member: member.adjust(5, "2026-12-31", "coins")),
)


def life(*kinds: str, key: str) -> Member:
    """Return a member as of the evening before, on whom these kinds fall due at midnight."""
    member = Member(TERMS, joined="2025-03-03", key=key)
    assert set(kinds) <= set(KINDS)
    for kind, step in _STEPS:
        if kind in kinds:
            step(member)
    if not kinds:
        member.visit("2026-12-30", name="quiet")
    member.tick("2026-12-31T20:00:00Z")
    if "holds.expired" in kinds:
        member.do(_HOLD, "2026-12-31T20:00:00Z")
    return member


def available_after(*kinds: str) -> int:
    """Return what can be spent after that midnight."""
    return (
        50 * ("expiry.announced" in kinds) + 20 * ("pending.activated" in kinds) + 50 * (not kinds)
    )
