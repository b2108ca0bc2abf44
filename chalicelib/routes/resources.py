"""Every resource of the API, in the order in which the reference shows them."""

from __future__ import annotations

from typing import Final

from chalicelib.routes import (
    activities,
    adjustments,
    balances,
    clock,
    entitlements,
    goodwill,
    health,
    holds,
    households,
    keys,
    members,
    programmes,
    quotes,
    reference,
    rewards,
    statements,
    statuses,
    subscriptions,
    tiers,
    transfers,
    wallets,
)
from chalicelib.routes.http import Resource

RESOURCES: Final[tuple[Resource, ...]] = (
    health.api,
    reference.api,
    programmes.api,
    members.api,
    households.api,
    activities.api,
    balances.api,
    statements.api,
    rewards.api,
    quotes.api,
    wallets.api,
    transfers.api,
    goodwill.api,
    subscriptions.api,
    tiers.api,
    statuses.api,
    holds.api,
    entitlements.api,
    adjustments.api,
    clock.api,
    keys.api,
)
