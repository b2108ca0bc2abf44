"""From where units of an entitlement are used: of a quota or of grants, and how many are gifts."""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.domain.mechanics.entitlement_grants import Grant
from chalicelib.domain.mechanics.entitlements import Held


class Plan(NamedTuple):
    """
    From where units are used: so many of a quota, the rest of grants in an order.

    Of all ``given`` were paid for by nobody; ``unlimited`` ones are of nothing that is counted.
    """

    given: int
    quota: int = 0
    grants: tuple[Grant, ...] = ()
    unlimited: bool = False


def in_turn(has: Held, units: int) -> Plan:
    """Plan to use what would lapse first: a quota, then grants by their last days."""
    if has.left is None:
        return Plan(units, unlimited=True)
    quota = min(has.quota_left or 0, units)
    left, bought = units - quota, 0
    for grant in has.grants:
        part = min(grant.units, left)
        left -= part
        bought += part if grant.bought else 0
    return Plan(units - bought, quota, has.grants)


def bought_first(has: Held, units: int) -> Plan:
    """Plan to use what was bought before anything else."""
    paid_for = tuple(grant for grant in has.grants if grant.bought)
    given = max(units - sum(grant.units for grant in paid_for), 0)
    if given and has.left is None:
        return Plan(units, unlimited=True)
    others = tuple(grant for grant in has.grants if not grant.bought)
    return Plan(given, min(has.quota_left or 0, given), (*paid_for, *others))
