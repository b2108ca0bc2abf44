"""Read what a member may use, and how far their stamp cards are."""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.domain.mechanics import discounts, entitlements, stamp_cards
from chalicelib.usecases.reading import read_account
from chalicelib.usecases.services import Caller, Services


class BenefitsRead(NamedTuple):
    """
    What a member may use, and how far each stamp card is, in every programme joined.

    ``discounts`` are those that tiers bring, each with its programme.
    """

    held: tuple[entitlements.Held, ...]
    discounts: tuple[tuple[str, discounts.TierDiscount], ...]
    cards: tuple[stamp_cards.CardProgress, ...]


def read_benefits(services: Services, caller: Caller, member: str) -> BenefitsRead:
    """Read entitlements and stamp cards as they are now: one call; raises `MemberNotFound`."""
    reading = read_account(services, caller, member)
    held: list[entitlements.Held] = []
    brought: list[tuple[str, discounts.TierDiscount]] = []
    cards: list[stamp_cards.CardProgress] = []
    for programme_id in sorted(reading.account.enrolments):
        version = reading.programmes.in_force(programme_id, reading.now)
        if version is not None:
            held += entitlements.held(reading.account, version.document, reading.now)
            found = discounts.by_tier(reading.account, version.document)
            brought += ((programme_id, each) for each in found)
            cards += stamp_cards.progress(reading.account, version.document)
    return BenefitsRead(tuple(held), tuple(brought), tuple(cards))
