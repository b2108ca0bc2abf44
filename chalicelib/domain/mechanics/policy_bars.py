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
from chalicelib.domain.mechanics.policy_terms import SECTION, Policy
from chalicelib.domain.policies.pack import NoEarning, NoMoneyOff, pack
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
        names = called(policy, rule)
        whole = activity.category in names or is_named(activity.type, names)
        for line in lines:
            if whole or line.category in names:
                found.setdefault(line.id, rule.id)
    return found


def from_money_off(
    account: Account,
    programme: Programme,
    lines: tuple[Line, ...],
    day: date,
    within: tuple[str, ...],
) -> dict[str, str]:
    """Return the lines of a bill off which nothing may be taken, by their id, with the rule."""
    found: dict[str, str] = {}
    for policy, rule in _in_force(account, programme, day, NoMoneyOff, within):
        names = called(policy, rule)
        for line in lines:
            if line.category in names:
                found.setdefault(line.id, rule.id)
    return found


def called(policy: Policy, rule: Bar) -> frozenset[str]:
    """Return what a programme calls all that a rule bars."""
    return rule.categories.union(*(policy.categories.get(each, ()) for each in rule.categories))


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
        followed = pack(policy.pack)
        if followed.is_for(payers) and (not within or is_at(policy.locations, within)):
            for rule in followed.rules:
                if isinstance(rule, kind) and in_season(rule.from_on, rule.until_on, day):
                    yield policy, rule
