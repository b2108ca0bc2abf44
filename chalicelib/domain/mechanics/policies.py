"""
Policies: what the law lets a programme give to a member, by the packs that it follows.

A benefit counts once, when the member has it: a reward when it is redeemed, a unit of an
entitlement when it is used, so that one which lapses unused was never given, and money off a bill
when that is bought, also what points pay of it (`money_off`).  What counts is what it is worth in a
shop, for members whose payer the pack is for; points and tiers count for nothing, since what they
bring does, and what was paid for is no gift.  The sum of a year is kept in the account, so two
requests never share the room that only one has.

Who pays is asked of the day of service, and the year is that of the day on which it is given, by
the programme's zone.  What is told of payers later changes nothing that was given before.

What is asked for and not allowed is refused, with the rule and what is left, unless two people say
that it is right (`policy_overrides`); of a bill what is not
allowed is left out (`lawful_pricing`).  Nothing that comes by itself counts, so no tick and no
activity is ever refused: units that it brings count when used.  What a law lets earn nothing is
left out of what rules, cards and metrics see, and the answer says so (`policy_bars`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Final, NamedTuple

from chalicelib.domain.decide.benefits import Benefit
from chalicelib.domain.decide.event_builder import OVERRIDES, EventBuilder
from chalicelib.domain.decide.mechanic import Mechanic
from chalicelib.domain.errors import Forbidden
from chalicelib.domain.ledger import calendar, money
from chalicelib.domain.ledger.account import Account, cap_counter
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import CounterChange, ProgressChange
from chalicelib.domain.ledger.events import CapUse
from chalicelib.domain.mechanics import coverages
from chalicelib.domain.mechanics.policy_terms import SECTION, followed_by
from chalicelib.domain.policies.pack import (
    UNKNOWN,
    ItemCap,
    NoCash,
    Pack,
    Rule,
    YearCap,
)
from chalicelib.domain.programme.document import Programme, in_season

if TYPE_CHECKING:
    from chalicelib.domain.programme.wording import Composer, Description
    from chalicelib.domain.violations import Violation

#: The kinds of benefit that count towards what a law allows.
_COUNTED: Final = frozenset({"reward", "unit", "discount"})


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
        today = calendar.local_date(now, programme.time_zone)
        payers = coverages.payers_on(account, _service_day(benefit, today))
        for followed in _applying(programme, payers):
            for rule in _in_force(followed, today):
                left = _left(followed, rule, account, benefit, today)
                if left is not None and _override(account, programme, benefit, rule, now) is None:
                    return _forbidden(followed, rule, left, payer_known=UNKNOWN not in payers)
        return None

    def given(
        self, event: EventBuilder, programme: Programme, benefit: Benefit
    ) -> tuple[CapUse, ...]:
        """Count what a member is given, and return what that took of which cap."""
        refusal = self.refusal(event.account, programme, benefit, event.now)
        if refusal is not None:
            raise refusal
        if benefit.kind not in _COUNTED:
            return ()
        account, amount = event.account, _to_count(benefit)
        today = calendar.local_date(event.now, programme.time_zone)
        payers = coverages.payers_on(account, _service_day(benefit, today))
        uses, used_up = [], set()
        for followed in _applying(programme, payers):
            for rule in _in_force(followed, today):
                if _left(followed, rule, account, benefit, today) is not None:
                    used_up.add(_override(account, programme, benefit, rule, event.now))
                if amount and isinstance(rule, YearCap) and _is_of(rule, followed, benefit):
                    counter = cap_counter(rule.total, today.year)
                    uses.append(CapUse(counter, amount, _kept_until(today, programme.time_zone)))
        for use in uses:
            event.add(CounterChange(use.counter, use.amount, use.kept_until))
        for name in sorted(filter(None, used_up)):
            event.add(ProgressChange(OVERRIDES, name))
        return tuple(uses)

    def taken_back(self, event: EventBuilder, benefit: Benefit) -> None:
        """Do nothing: what is taken back frees what it took."""

    def barred(
        self, account: Account, programme: Programme, activity: Activity
    ) -> Mapping[str, str]:
        """Return the lines of an activity that may earn nothing, by their id, with the rule."""
        from chalicelib.domain.mechanics import policy_bars

        return policy_bars.from_earning(account, programme, activity)


def rooms(account: Account, programme: Programme, now: Instant) -> Iterator[Room]:
    """Yield what each rule that is in force means for a member now, in the document's order."""
    day = calendar.local_date(now, programme.time_zone)
    payers = coverages.payers_on(account, day)
    for followed in followed_by(programme):
        applies = followed.is_for(payers)
        for rule in _in_force(followed, day):
            match rule:
                case ItemCap(amount=amount):
                    yield Room(followed, rule, applies, amount)
                case YearCap(amount=amount):
                    yield Room(followed, rule, applies, amount, _left_of(rule, account, day))
                case _:
                    yield Room(followed, rule, applies)


def _override(
    account: Account, programme: Programme, benefit: Benefit, rule: Rule, now: Instant
) -> str | None:
    """Return the override that is good against a rule; few members have any."""
    if OVERRIDES not in account.progress:
        return None
    from chalicelib.domain.mechanics import policy_overrides

    return policy_overrides.against(account, programme, benefit, rule.id, now)


def _applying(programme: Programme, payers: frozenset[str]) -> Iterator[Pack]:
    """Yield the packs that are for one of a member's payers."""
    return (each for each in followed_by(programme) if each.is_for(payers))


def _service_day(benefit: Benefit, today: date) -> date:
    return calendar.parse_date(benefit.service_on) if benefit.service_on else today


def _in_force(followed: Pack, day: date) -> Iterator[Rule]:
    return (rule for rule in followed.rules if in_season(rule.from_on, rule.until_on, day))


def _left(
    followed: Pack, rule: Rule, account: Account, benefit: Benefit, today: date
) -> int | None:
    """Return how much a rule would allow, where it does not allow a benefit."""
    match rule:
        case NoCash():
            return 0 if benefit.cash_equivalent else None
        case ItemCap(amount=amount) if benefit.exception not in followed.exceptions:
            # Each unit is an item, and a part of a minor unit too much is too much.
            return amount if _worth(benefit) > amount * benefit.amount else None
        case YearCap() if _is_of(rule, followed, benefit):
            left = _left_of(rule, account, today)
            return left if _to_count(benefit) > left else None
    return None


def _is_of(rule: YearCap, followed: Pack, benefit: Benefit) -> bool:
    """Tell whether a benefit is of what a cap sums up."""
    excepted = benefit.exception if benefit.exception in followed.exceptions else ""
    return excepted == rule.exception


def _left_of(rule: YearCap, account: Account, today: date) -> int:
    return max(rule.amount - account.counter(cap_counter(rule.total, today.year)), 0)


def _kept_until(day: date, time_zone: str) -> Instant:
    """Return when the sum of a year may be forgotten: when it is over in every time zone."""
    last = calendar.add_days(date(day.year, 12, 31), 2)
    return calendar.expiry_instant(last, time_zone)


def _worth(benefit: Benefit) -> int:
    return benefit.retail_value or 0


def _to_count(benefit: Benefit) -> int:
    """Return what of a benefit no cap has counted yet."""
    return max(_worth(benefit) - benefit.counted, 0)


def _forbidden(followed: Pack, rule: Rule, left: int, *, payer_known: bool) -> Forbidden:
    sum_left = money.written(left, followed.currency)
    room = {NoCash: "", ItemCap: f" It may be worth {sum_left}."}.get(
        type(rule), f" There is room for {sum_left}."
    )
    if not payer_known:
        room += " No coverage is known for that day, so it is strictest until staff tell who pays."
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
