"""What is wrong with a ladder of tiers: with its thresholds, and with what members can reach."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain.decide.mechanic import Permanent
from chalicelib.domain.mechanics import tier_reach
from chalicelib.domain.pointer import join
from chalicelib.domain.programme import references
from chalicelib.domain.programme.document import Programme, Threshold, TierLevel
from chalicelib.domain.violations import Violation


def problems(programme: Programme) -> Iterator[Violation]:
    """Yield what is wrong with the ladder of a document."""
    if programme.tiers is None:
        return
    for place, level in enumerate(programme.tiers.levels):
        yield from _level(programme, level, join("/tiers/levels", place), first=place == 0)
    yield from tier_reach.problems(programme)


def _level(programme: Programme, level: TierLevel, at: str, *, first: bool) -> Iterator[Violation]:
    here = join(at, "qualify")
    need = level.qualify
    if first:
        if need is not None:
            yield Violation(here, "must be left out: the first tier is everyone's")
        return
    if need is None:
        return
    if bool(need.all) == bool(need.any):
        yield Violation(here, "needs exactly one of `all` and `any`, with thresholds")
    for name, parts in (("all", need.all), ("any", need.any)):
        lists = 0
        for place, part in enumerate(parts):
            if isinstance(part, Threshold):
                yield from _threshold(programme, part, join(here, name, place))
                continue
            lists += 1
            if lists > tier_reach.LISTS_MAX:
                detail = f"is one list too many: {tier_reach.LISTS_MAX} are taken"
                yield Violation(join(here, name, place), detail)
            for number, threshold in enumerate(part):
                yield from _threshold(programme, threshold, join(here, name, place, number))


def _threshold(programme: Programme, threshold: Threshold, at: str) -> Iterator[Violation]:
    here = join(at, "currency")
    if threshold.metric == "events" and threshold.on is None:
        detail = (
            "is required with `events`: the kind of activity that counts, as `lecture.attended`"
        )
        yield Violation(join(at, "on"), detail)
    if threshold.metric != "events" and threshold.on is not None:
        yield Violation(
            join(at, "on"), f"must be left out: it is for `events`, not {threshold.metric}"
        )
    if threshold.metric in {"spend", "visits", "referrals", "events"}:
        if threshold.currency is not None:
            yield Violation(
                here, f"must be left out: `{threshold.metric}` has no currency of its own"
            )
    elif threshold.currency is not None:
        yield from references.known_currency(programme, threshold.currency, here)
    elif threshold.metric == "points_earned":
        known = ", ".join(f"`{currency.id}`" for currency in programme.currencies)
        yield Violation(here, f"is required with `points_earned`: one of {known}")


def permanent(programme: Programme) -> Iterator[Permanent]:
    """Yield the ids of the ladder, which members may be in."""
    hint = "members may be in it; keep it, without `qualify`"
    yield Permanent("/tiers/levels", references.tier_ids(programme), hint)
