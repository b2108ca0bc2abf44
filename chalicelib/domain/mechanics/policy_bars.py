"""
Policy bars: lines that a law lets earn nothing, and those that it keeps at their full price.

A pack names what it bars by categories in its own words, and the programme says what it calls them.
A pack's own word is matched too, so that it bars more rather than less.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.events import Line
from chalicelib.domain.mechanics import coverages
from chalicelib.domain.mechanics.policy_terms import SECTION, Policy, pack_of
from chalicelib.domain.mechanics.purchases import Purchase
from chalicelib.domain.policies.pack import NoEarning, NoMoneyOff
from chalicelib.domain.programme.document import Programme, in_season, is_at

#: A rule that bars something.
Bar = NoEarning | NoMoneyOff


def from_earning(account: Account, programme: Programme, activity: Activity) -> dict[str, str]:
    """
    Return the lines of an activity that may earn nothing on its day, by their id, with the rule.

    An activity without lines is one whose id is empty.
    """
    found: dict[str, str] = {}
    day = activity.local_day(programme.time_zone)
    lines = activity.lines or (Line("", 0, 1, activity.category),)
    for policy, rule in _in_force(account, programme, day, NoEarning, activity.within):
        found = _matched(policy, rule, activity.type, activity.category, lines) | found
    return found


def from_money_off(account: Account, programme: Programme, purchase: Purchase) -> dict[str, str]:
    """Return the lines of a bill off which nothing may be taken, by their id, with the rule."""
    found: dict[str, str] = {}
    in_force = _in_force(account, programme, purchase.day, NoMoneyOff, purchase.within)
    for policy, rule in in_force:
        lines = _matched(policy, rule, purchase.kind, purchase.category, purchase.lines)
        found = lines | found
    return found


def _matched(
    policy: Policy, rule: Bar, kind: str, category: str, lines: tuple[Line, ...]
) -> dict[str, str]:
    """Return which lines a rule bars: all, where the activity is of such a kind or category."""
    names = called(policy, rule)
    whole = category.casefold() in names or is_named(kind, names)
    return {line.id: rule.id for line in lines if whole or line.category.casefold() in names}


def called(policy: Policy, rule: Bar) -> frozenset[str]:
    """Return what a programme calls all that a rule bars, in small letters: case is no way out."""
    mapped = (name for each in rule.categories for name in policy.categories.get(each, ()))
    return rule.categories.union(name.casefold() for name in mapped)


def is_named(activity_type: str, names: frozenset[str]) -> bool:
    """Tell whether a type of activities is among names, or what it begins with is."""
    return activity_type in names or activity_type.partition(".")[0] in names


def _in_force(
    account: Account,
    programme: Programme,
    day: date,
    kind: type[NoEarning | NoMoneyOff],
    within: tuple[str, ...],
) -> Iterator[tuple[Policy, Bar]]:
    """Yield the rules of a kind that hold on a local day at a location, each with its policy."""
    payers = coverages.payers_on(account, day)
    for policy in SECTION.of(programme):
        followed = pack_of(programme, policy)
        if followed.is_for(payers) and (not within or is_at(policy.locations, within)):
            for rule in followed.rules:
                if isinstance(rule, kind) and in_season(rule.from_on, rule.until_on, day):
                    yield policy, rule
