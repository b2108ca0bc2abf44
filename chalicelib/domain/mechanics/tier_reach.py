"""Which tiers of a ladder members can reach: every one that says how has to be such a tier."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Final

from chalicelib.domain.pointer import join
from chalicelib.domain.programme.document import Programme, Qualification, Threshold
from chalicelib.domain.violations import Violation

#: How many lists of thresholds a tier may take, and in how many ways they can then be reached.
LISTS_MAX: Final = 3
_WAYS_MAX: Final = 5**LISTS_MAX


def problems(programme: Programme) -> Iterator[Violation]:
    """Yield what keeps members from ever reaching a tier."""
    tiers = programme.tiers
    if tiers is None:
        return
    if tiers.window == "lifetime" and tiers.upgrade == "at_review" and len(tiers.levels) > 1:
        yield Violation("/tiers/upgrade", "nobody climbs: a lifetime tier is never reviewed")
    for place, level in enumerate(tiers.levels):
        if place == 0 or level.qualify is None:
            continue
        at = join("/tiers/levels", place, "qualify")
        yield from _counted(programme, level.qualify, at)
        for higher in tiers.levels[place + 1 :]:
            if higher.qualify is not None and implies(level.qualify, higher.qualify):
                detail = (
                    f"a member who reaches `{level.id}` reaches `{higher.id}` too, so nobody is "
                    "ever in it: raise what the higher tier takes, or leave `qualify` out for a "
                    "tier that is only given"
                )
                yield Violation(at, detail)
                break


def _counted(programme: Programme, need: Qualification, at: str) -> Iterator[Violation]:
    """
    Check that what a tier takes is counted: all of it, or some of what is enough.

    What is earned may come to be: rules come and go, and tiers stay.
    """
    missing = {
        threshold: f"nothing counts towards `{threshold.metric}`: {why}"
        for part in need.parts
        for threshold in part
        if threshold.metric != "points_earned" and (why := uncounted(programme, threshold))
    }
    if missing and not need.met(lambda each: each not in missing):
        yield Violation(at, f"nobody can reach it: {'; '.join(dict.fromkeys(missing.values()))}")


def uncounted(programme: Programme, threshold: Threshold) -> str | None:
    """Return why nothing counts towards a threshold, or ``None`` where something does."""
    if threshold.metric == "visits":
        return None if programme.metrics.visits_on else "`metrics.visits_on` is empty"
    if threshold.metric == "spend":
        return None if programme.metrics.spend_on else "`metrics.spend_on` is empty"
    if threshold.metric == "referrals":
        return None if programme.metrics.referrals_on else "`metrics.referrals_on` is empty"
    if threshold.metric == "events":
        return None
    earned = {rule.currency for rule in programme.earning}
    return None if threshold.currency in earned else f"no rule gives {threshold.currency}"


def implies(held: Qualification, need: Qualification) -> bool:
    """Tell whether every way to reach what is ``held`` reaches what is needed as well."""
    ways = product(*held.parts) if held.all else held.parts
    # Of a document that is refused for them, there may be too many to go through.
    few = prod(map(len, held.parts)) <= _WAYS_MAX
    return bool(held.parts) and few and all(_reaches(way, need) for way in ways)


def _reaches(held: tuple[Threshold, ...], need: Qualification) -> bool:
    best: dict[tuple[str, str | None], int] = {}
    for each in held:
        key = (each.metric, each.currency or each.on)
        best[key] = max(each.at_least, best.get(key, 0))

    def met(threshold: Threshold) -> bool:
        return (
            best.get((threshold.metric, threshold.currency or threshold.on), 0)
            >= threshold.at_least
        )

    return need.met(met)
