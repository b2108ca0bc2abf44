"""
Whether activities earned what they should, and reversals took back what they should.

What the product computes from a programme is here computed from the rates alone, and what is left
of an award from what is left of its activity.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

from chalicelib.domain.ledger.activity import Activity, recorded_in
from chalicelib.domain.ledger.events import (
    ActivityRecorded,
    ActivityReversed,
    AwardRevoked,
    Event,
    Line,
    PackagesSold,
    RuleAward,
)
from chalicelib.domain.ledger.postings import kind_of
from chalicelib.domain.mechanics.remaining import Remaining
from tests.faults.ending import TenantEnding
from tests.faults.programmes import FLAT, PACKAGE, PROGRAMME, RIVALS, VISIT_DAY_CAP, awards

_DAY_CAPS: Final = {"visit": VISIT_DAY_CAP, "flat": FLAT}


class _Earned(NamedTuple):
    """An activity on record, its event, and what reversals have left of it."""

    event: Event
    data: ActivityRecorded
    activity: Activity
    remaining: Remaining | None

    def held(self, place: int) -> int:
        """Return what is left of an award."""
        whole = self.data.awards[place].granted
        return whole if self.remaining is None else self.remaining.granted[place]


def check_earnings(tenant: TenantEnding, member: str, events: list[Event]) -> Iterator[str]:
    """Check every activity of one journal."""
    earned = list(_earned(tenant, member, events))
    given: Counter[tuple[str, str]] = Counter()
    for each in earned:
        yield from _awards(each)
        day = each.activity.local_day(_time_zone(tenant)).isoformat()
        for place, award in enumerate(each.data.awards):
            given[award.rule, day] += each.held(place)
    for (rule, day), amount in given.items():
        if amount > _DAY_CAPS.get(rule, amount):
            yield f"{rule} gave {amount} on {day}"
    returned = _returned(events)
    for each in earned:
        yield from _taken_back(each, events, returned)


def _earned(tenant: TenantEnding, member: str, events: list[Event]) -> Iterator[_Earned]:
    for event in events:
        if isinstance(event.data, ActivityRecorded):
            remaining = tenant.remaining.get((member, event.version))
            yield _Earned(event, event.data, recorded_in(event), remaining)


def _time_zone(tenant: TenantEnding) -> str:
    version = tenant.programmes.version(PROGRAMME, 1)
    if version is None:
        raise AssertionError("every scenario publishes its programme")
    return version.document.time_zone


def _awards(earned: _Earned) -> Iterator[str]:
    """An activity has what its rules give; a reversal leaves what the rest of it earns."""
    event, data, remaining = earned.event, earned.data, earned.remaining
    if remaining and remaining.lines:
        total = sum(amount for amount, _ in remaining.lines)
        if total != remaining.amount:
            yield f"of event {event.version} {remaining.amount} are left, of its lines {total}"
    for evaluated in data.evaluations:
        raw = {a.rule: a.raw for a in data.awards if a.programme == evaluated.programme}
        if raw != awards(earned.activity, evaluated.version, evaluated.tier):
            yield f"event {event.version} awards {raw}"
        rest = _what_is_left(earned.activity, remaining)
        left = {} if rest is None else awards(rest, evaluated.version, evaluated.tier)
        worth = [_within(award, left.get(award.rule, 0)) for award in data.awards]
        for place, award in enumerate(data.awards):
            held, expected = earned.held(place), worth[place]
            if award.rule not in RIVALS and held != expected:
                yield (f"of event {event.version} {held} {award.rule} are left, not {expected}")
        rivals = [place for place, award in enumerate(data.awards) if award.rule in RIVALS]
        yield from _best(earned, rivals, worth)
    yield from _packages(earned)


def _packages(earned: _Earned) -> Iterator[str]:
    """Of a package so much is kept as the units that stay sold are worth, and no less."""
    if earned.remaining is None:
        return
    for outcome in earned.remaining.outcomes:
        for sale in outcome.packages if isinstance(outcome, PackagesSold) else ():
            kept, _ = earned.remaining.lines[sale.line]
            if kept != min(PACKAGE["price"], sale.units * PACKAGE["unit_price"]):
                yield f"of event {earned.event.version} {kept} are kept for {sale.units} units"


def _best(earned: _Earned, rivals: list[int], worth: list[int]) -> Iterator[str]:
    """Of rules that compete the best has won; after a reversal others may have used its room."""
    held = {earned.data.awards[place].rule: earned.held(place) for place in rivals}
    best = max((worth[place] for place in rivals), default=0)
    least = sum(worth[place] for place in rivals if earned.data.awards[place].rule == "spend")
    name = f"event {earned.event.version} of {worth}"
    if sum(map(bool, held.values())) > 1:
        yield f"{name} has all of {held}"
    if earned.remaining is None and sum(held.values()) != best:
        yield f"{name} has {held}, not {best}"
    if sum(held.values()) < least or held.get("flat", 0) > FLAT:
        yield f"{name} has {held}"
    # Nothing limits what its amount brings, so that is whole wherever it has won; but where another
    # would bring more again, a refund leaves what was there before.
    if held.get("spend", 0) not in (0, least) and not least < held["spend"] <= best:
        yield f"{name} has {held}, and not {least} of spend"


def _within(award: RuleAward, worth: int) -> int:
    return worth if award.room is None else min(worth, award.room)


def _what_is_left(activity: Activity, remaining: Remaining | None) -> Activity | None:
    if remaining is None:
        return activity
    if not remaining.whole:
        return None
    lines = tuple(
        Line(line.id, *left, line.category, line.sku)
        for line, left in zip(activity.lines, remaining.lines, strict=True)
    )
    return Activity(
        type=activity.type,
        source=activity.source,
        external_id=activity.external_id,
        occurred_at=activity.occurred_at,
        amount=remaining.amount,
        quantity=remaining.quantity,
        category=activity.category,
        lines=lines,
        attributes=activity.attributes,
    )


def _returned(events: list[Event]) -> Counter[tuple[int, str]]:
    """Return what was taken back, by the version of what they reverse and by currency."""
    returned: Counter[tuple[int, str]] = Counter()
    for event in events:
        if isinstance(event.data, ActivityReversed | AwardRevoked):
            for posting in event.postings:
                if kind_of(posting.destination) == "issued":
                    returned[event.data.reverses, posting.currency] += posting.amount
    return returned


def _taken_back(
    earned: _Earned, events: list[Event], returned: Counter[tuple[int, str]]
) -> Iterator[str]:
    """Reversals took back what the award lost, no more, and no less where it can be had."""
    event, given = earned.event, earned.data.awards
    for currency in {award.currency for award in given}:
        places = [i for i, award in enumerate(given) if award.currency == currency]
        # Of what was revoked nothing is left, whatever it still counts for.
        revoked = earned.remaining.revoked if earned.remaining else ()
        gone = sum(given[i].granted - (i not in revoked and earned.held(i)) for i in places)
        had = returned[event.version, currency]
        # Spent coins are written off, and what has expired is not taken from other value.
        all_of_it = not currency.endswith("/coins") and not _expired(earned, currency, events)
        if had > gone or (all_of_it and had < gone):
            yield f"of event {event.version} {had} {currency} came back, not {gone}"


def _expired(earned: _Earned, currency: str, events: list[Event]) -> bool:
    """Tell whether value of an event may have expired before it was taken back."""
    ends = [award.lot.expires_at for award in earned.data.awards if award.currency == currency]
    of_it = (
        e.effective_at
        for e in events
        if isinstance(e.data, ActivityReversed | AwardRevoked)
        and e.data.reverses == earned.event.version
    )
    last = max(of_it, default=0)
    return any(at is not None and at <= last for at in ends)
