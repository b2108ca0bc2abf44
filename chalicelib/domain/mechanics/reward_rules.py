"""The rewards of a document: what is wrong with them, and what an account counts of them."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain.decide.mechanic import Counted
from chalicelib.domain.mechanics import entitlements
from chalicelib.domain.pointer import join
from chalicelib.domain.programme.document import GivesTier, Programme, Reward
from chalicelib.domain.programme.references import (
    known_currency,
    known_tiers,
    reference,
    season,
    tier_ids,
)
from chalicelib.domain.violations import Violation


def problems(programme: Programme) -> Iterator[Violation]:
    """Yield what is wrong with the rewards of a document."""
    for place, reward in enumerate(programme.rewards):
        yield from _reward(programme, reward, join("/rewards", place))


def counters(programme: Programme) -> Iterator[Counted]:
    """Yield what is counted of the limits of each reward, in the windows that run."""
    for place, reward in enumerate(programme.rewards):
        yield Counted(join("/rewards", place, "limits"), len(reward.limits), "limit fewer rewards")


def _reward(programme: Programme, reward: Reward, at: str) -> Iterator[Violation]:
    yield from known_currency(programme, reward.price.currency, join(at, "price", "currency"))
    yield from known_tiers(programme, reward.tiers, join(at, "tiers"), by_place=True)
    yield from season(reward.valid_from, reward.valid_until, at)
    if reward.gives is not None:
        yield from _gives(programme, reward, join(at, "gives"))
    if reward.auto_at is not None:
        yield from _auto_redemption(reward, reward.auto_at, join(at, "auto_at"))
    windows: list[str] = [limit.window for limit in reward.limits]
    for place, window in enumerate(windows):
        first = windows.index(window)
        if first != place:
            other = join(at, "limits", first)
            detail = f"limits the {window} as {other} does: keep the lower one"
            yield Violation(join(at, "limits", place), detail)


def _gives(programme: Programme, reward: Reward, at: str) -> Iterator[Violation]:
    if reward.voucher_valid_days is not None:
        detail = "gives something at once, so there is no voucher: leave `voucher_valid_days` out"
        yield Violation(at, detail)
    if reward.voucher_on_return != "keep":
        detail = "gives something at once, so there is no voucher: leave `voucher_on_return` out"
        yield Violation(at, detail)
    if reward.ordered:
        yield Violation(
            at, "gives something at once, so nothing is on its way: leave `ordered` out"
        )
    if isinstance(reward.gives, GivesTier):
        here, named = join(at, "tier"), reward.gives.tier
        tiers = tier_ids(programme)
        if programme.tiers is None:
            yield Violation(
                here, "names a tier, but the programme has none: declare them in `tiers`"
            )
        yield from reference(named, tiers, "tier", here)
        if tiers[:1] == [named]:
            yield Violation(here, "is everyone's: name a higher tier")
    elif reward.gives is not None:
        yield from entitlements.known_entitlement(
            programme, reward.gives.entitlement, join(at, "entitlement")
        )


def _auto_redemption(reward: Reward, threshold: int, at: str) -> Iterator[Violation]:
    if reward.gives is None:
        yield Violation(
            at, "is for a reward that `gives` something at once: nobody asks for a voucher"
        )
    if reward.stock is not None:
        yield Violation(
            at, "is not for a reward with `stock`: an activity must not fail when it runs out"
        )
    if reward.price.amount == 0:
        yield Violation(at, "is not for a gift, which every activity would give anew: set a price")
    if threshold < reward.price.amount:
        yield Violation(at, f"is less than the price, {reward.price.amount}: raise it")
    if reward.by == "staff":
        yield Violation(at, "is not for a reward `by` staff: nobody hands it out")
    if reward.locations:
        yield Violation(at, "is not for a reward with `locations`: nobody says where it is wanted")
