"""
Policies: what the law lets a programme give to a member, by the packs that it follows.

A benefit counts once, when the member has it: a reward when it is redeemed, a unit of an
entitlement when it is used, so that one which lapses unused was never given.  What counts is what
it is worth in a shop, for members whose payer on that day the pack is for; points and tiers count
for nothing, and money off a bill is not counted yet.  The sum of a year is kept in the account, so
two requests never share the room that only one has.

What is asked for and not allowed is refused, with the rule and what is left.  Nothing that comes by
itself counts, so no tick and no activity is ever refused: units that it brings count when used.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Final, NamedTuple

from chalicelib.domain.decide.benefits import Benefit
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Mechanic
from chalicelib.domain.errors import Forbidden
from chalicelib.domain.ledger import calendar, money
from chalicelib.domain.ledger.account import Account, cap_counter
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import CounterChange
from chalicelib.domain.ledger.events import CapUse
from chalicelib.domain.mechanics import coverages
from chalicelib.domain.mechanics.policy_terms import SECTION, followed_by
from chalicelib.domain.policies.pack import (
    UNKNOWN,
    MostEach,
    MostYearly,
    NoCash,
    Pack,
    Rule,
)
from chalicelib.domain.programme.document import Programme, in_season

if TYPE_CHECKING:
    from chalicelib.domain.programme.wording import Composer, Description
    from chalicelib.domain.violations import Violation

#: The kinds of benefit that count towards what a law allows.
_COUNTED: Final = frozenset({"reward", "unit"})


class Room(NamedTuple):
    """
    What a rule of a pack means for a member now.

    It ``applies`` where one of their payers is one of the pack's; of a cap, ``limit`` is all that
    is allowed, in minor units, and ``left`` what is left of it.
    """

    pack: Pack
    rule: Rule
    applies: bool
    limit: int | None = None
    left: int | None = None


class _Guard:
    """Refuses what a pack does not allow, and counts what it does."""

    def refusal(
        self, account: Account, programme: Programme, benefit: Benefit, now: Instant
    ) -> Forbidden | None:
        """Return why a member may not be given something now, by the first rule against it."""
        if benefit.kind not in _COUNTED:
            return None
        day = calendar.local_date(now, programme.time_zone)
        for followed in _applying(account, programme, day):
            for rule in _in_force(followed, day):
                left = _left(rule, account, benefit, day)
                if left is not None:
                    known = UNKNOWN not in coverages.payers_on(account, day)
                    return _forbidden(followed, rule, left, payer_known=known)
        return None

    def given(
        self, event: EventBuilder, programme: Programme, benefit: Benefit
    ) -> tuple[CapUse, ...]:
        """Count what a member is given, and return what that took of which cap."""
        refusal = self.refusal(event.account, programme, benefit, event.now)
        if refusal is not None:
            raise refusal
        worth = _worth(benefit)
        if benefit.kind not in _COUNTED or not worth or benefit.exception:
            return ()
        day = calendar.local_date(event.now, programme.time_zone)
        uses = []
        for followed in _applying(event.account, programme, day):
            for rule in _in_force(followed, day):
                if isinstance(rule, MostYearly):
                    counter = cap_counter(rule.id, day.year)
                    use = CapUse(counter, worth, _kept_until(day, programme.time_zone))
                    event.add(CounterChange(use.counter, use.amount, use.kept_until))
                    uses.append(use)
        return tuple(uses)

    def taken_back(self, event: EventBuilder, benefit: Benefit) -> None:
        """Do nothing: what is taken back frees what it took."""


def rooms(account: Account, programme: Programme, now: Instant) -> Iterator[Room]:
    """Yield what each rule that is in force means for a member now, in the document's order."""
    day = calendar.local_date(now, programme.time_zone)
    payers = coverages.payers_on(account, day)
    for followed in followed_by(programme):
        applies = not followed.payers.isdisjoint(payers)
        for rule in _in_force(followed, day):
            match rule:
                case MostEach(amount=amount):
                    yield Room(followed, rule, applies, amount)
                case MostYearly(amount=amount):
                    left = max(amount - account.counter(cap_counter(rule.id, day.year)), 0)
                    yield Room(followed, rule, applies, amount, left)
                case _:
                    yield Room(followed, rule, applies)


def _applying(account: Account, programme: Programme, day: date) -> Iterator[Pack]:
    """Yield the packs that are for one of a member's payers on a local day."""
    payers = coverages.payers_on(account, day)
    return (each for each in followed_by(programme) if not each.payers.isdisjoint(payers))


def _in_force(followed: Pack, day: date) -> Iterator[Rule]:
    return (rule for rule in followed.rules if in_season(rule.from_on, rule.until_on, day))


def _left(rule: Rule, account: Account, benefit: Benefit, day: date) -> int | None:
    """Return how much a rule would allow, where it does not allow a benefit."""
    worth = _worth(benefit)
    match rule:
        case NoCash():
            return 0 if benefit.cash_equivalent and worth else None
        case MostEach(amount=amount) if not benefit.exception:
            # A part of a minor unit too much is too much.
            return amount if worth > amount * benefit.amount else None
        case MostYearly(amount=amount) if not benefit.exception:
            left = max(amount - account.counter(cap_counter(rule.id, day.year)), 0)
            return left if worth > left else None
    return None


def _kept_until(day: date, time_zone: str) -> Instant:
    """Return when the sum of a year may be forgotten: when it is over in every time zone."""
    last = calendar.add_days(date(day.year, 12, 31), 2)
    return calendar.expiry_instant(last, time_zone)


def _worth(benefit: Benefit) -> int:
    return benefit.retail_value or 0


def _forbidden(followed: Pack, rule: Rule, left: int, *, payer_known: bool) -> Forbidden:
    sum_left = money.written(left, followed.currency)
    room = "" if isinstance(rule, NoCash) else f" There is room for {sum_left}."
    if not payer_known:
        room += " No coverage is known for today: tell who pays for the member's care."
    return Forbidden(
        "policy_forbids",
        f"{rule.id} does not allow it: {rule.says}{room}",
        rule=rule.id,
        pack=followed.id,
        left=left,
        currency=followed.currency,
    )


def problems(programme: Programme) -> Iterator[Violation]:
    """Yield what is wrong with the packs that a document names, and what they have to know."""
    from chalicelib.domain.mechanics import policy_rules

    yield from policy_rules.problems(programme)


def words(compose: Composer) -> Iterator[Description]:
    """Tell members of the laws that limit what they are given."""
    from chalicelib.domain.mechanics import policy_rules

    yield from policy_rules.words(compose)


MECHANIC: Final = Mechanic(section=SECTION, guard=_Guard(), problems=problems, words=words)
