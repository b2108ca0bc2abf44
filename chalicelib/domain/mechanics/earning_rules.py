"""The earning rules of a document: what is wrong with them, and what an account counts of them."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain.decide.mechanic import Counted
from chalicelib.domain.ledger import calendar
from chalicelib.domain.mechanics.currencies import outlived
from chalicelib.domain.mechanics.declared_names import DeclaredNames
from chalicelib.domain.pointer import join
from chalicelib.domain.programme import recurrence, references
from chalicelib.domain.programme.document import EarningRule, Programme, carries
from chalicelib.domain.violations import Violation


def problems(programme: Programme) -> Iterator[Violation]:
    """Yield what is wrong with the earning rules of a document, and with what they name."""
    names = DeclaredNames(programme)
    yield from names.problems()
    yield from _competition(programme)
    for place, rule in enumerate(programme.earning):
        at = join("/earning", place)
        yield from _rule(programme, rule, at)
        yield from names.problems_of(rule, at)


def counters(programme: Programme) -> Iterator[Counted]:
    """Yield what is counted of caps, and carried, for each rule."""
    # Beyond its window each is kept for what comes late, as `caps` says.
    late = programme.backdate_limit_days + 2
    for place, rule in enumerate(programme.earning):
        at = join("/earning", place)
        windows = [cap.window for cap in rule.caps if cap.window != "activity"]
        yield Counted(
            join(at, "caps"),
            sum(calendar.windows_within(late, window) for window in windows),
            "shorten `backdate_limit_days`, widen the window, or cap fewer rules",
        )
        if carries(rule):
            yield Counted(join(at, "award", "carry"), 1, "let fewer rules carry")


def _competition(programme: Programme) -> Iterator[Violation]:
    """Yield where rules of different currencies compete: they cannot be compared."""
    modes = {group.id: group.mode for group in programme.groups}
    places = {group.id: join("/groups", place) for place, group in enumerate(programme.groups)}
    for group, mode in [*modes.items(), (None, programme.stacking)]:
        contenders = [rule for rule in programme.earning if rule.group == group]
        currencies = dict.fromkeys(rule.currency for rule in contenders)
        if mode == "stack" or len(currencies) < 2:  # noqa: PLR2004  (two are a competition)
            continue
        given = ", ".join(f"{rule.id} gives {rule.currency}" for rule in contenders)
        where = "/stacking" if group is None else places[group]
        yield Violation(where, f"rules that compete must give one currency: {given}")


def _rule(programme: Programme, rule: EarningRule, at: str) -> Iterator[Violation]:
    yield from references.known_currency(programme, rule.currency, join(at, "currency"))
    groups = [group.id for group in programme.groups]
    if rule.group is not None:
        missing = f"there is no group `{rule.group}`: declare it in `groups`"
        if groups:
            yield from references.reference(rule.group, groups, "group", join(at, "group"))
        else:
            yield Violation(join(at, "group"), missing)
    yield from references.known_tiers(programme, tuple(rule.tier_percent), join(at, "tier_percent"))
    yield from references.season(rule.valid_from, rule.valid_until, at)
    if rule.recurs is not None:
        refusal = references.refusal_of(recurrence.check, rule.recurs)
        if refusal:
            yield Violation(join(at, "recurs"), refusal)
    if rule.at_least is not None and rule.at_most is not None and rule.at_least > rule.at_most:
        detail = f"is more than `at_most`, which is {rule.at_most}"
        yield Violation(join(at, "at_least"), detail)
    if carries(rule):
        yield from _carrying(programme, rule, at)
    yield from references.limits_of_windows(rule.caps, join(at, "caps"))
    currency = programme.currency(rule.currency)
    if currency is not None and rule.activation_delay_days is not None:
        yield from outlived(currency, rule.activation_delay_days, at)


def _carrying(programme: Programme, rule: EarningRule, at: str) -> Iterator[Violation]:
    """Yield what makes the sum of purchases worth something else than its parts."""
    for name in ("multipliers", "tier_percent", "at_least", "at_most", "caps"):
        if getattr(rule, name):
            detail = "must be left out where the award has `carry`: it is given for a sum"
            yield Violation(join(at, name), detail)
    if rule.rounding != "floor":
        yield Violation(join(at, "rounding"), "must be `floor` where the award has `carry`")
    modes = {group.id: group.mode for group in programme.groups}
    mode = programme.stacking if rule.group is None else modes.get(rule.group, "stack")
    if mode != "stack":
        detail = "must be one whose rules all count (`stack`) where the award has `carry`"
        yield Violation(join(at, "group"), detail)
