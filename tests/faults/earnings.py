"""
Whether facts earned what they should, and reversals took back what they should.

What the product computes from a programme is here computed from the rates alone, and what is left
of an award from what is left of its fact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from chalicelib.domain.activity import Activity, from_entry
from chalicelib.domain.commands import Remaining
from chalicelib.domain.entry import ISSUED, Entry, Line, RuleAward
from chalicelib.usecases.identity import activity_key
from tests.faults.ending import TenantEnding
from tests.faults.programmes import PROGRAMME, VISIT_DAY_CAP, awards


class _Earned(NamedTuple):
    """A fact on record, its entry, and what reversals have left of it."""

    entry: Entry
    activity: Activity
    remaining: Remaining | None

    def held(self, place: int) -> int:
        """Return what is left of an award."""
        whole = self.entry.awards[place].granted
        return whole if self.remaining is None else self.remaining.granted[place]


def check_earnings(tenant: TenantEnding, entries: list[Entry]) -> Iterator[str]:
    """Check every fact of one journal."""
    earned = list(_earned(tenant, entries))
    visits: Counter[str] = Counter()
    for each in earned:
        yield from _awards(each)
        day = each.activity.local_day(_time_zone(tenant)).isoformat()
        for place, award in enumerate(each.entry.awards):
            visits[day] += each.held(place) if award.rule == "visit" else 0
    for day, given in visits.items():
        if given > VISIT_DAY_CAP:
            yield f"visits of {day} earned {given}"
    returned = _returned(entries)
    for each in earned:
        yield from _taken_back(each, entries, returned)


def _earned(tenant: TenantEnding, entries: list[Entry]) -> Iterator[_Earned]:
    for entry in entries:
        if entry.kind == "earn":
            activity = from_entry(entry)
            record = tenant.records.get(activity_key(activity.source, activity.external_id))
            # That there is a record is checked with the identities.
            if record is not None:
                yield _Earned(entry, activity, record.remaining)


def _time_zone(tenant: TenantEnding) -> str:
    version = tenant.programmes.version(PROGRAMME, 1)
    if version is None:
        raise AssertionError("every scenario publishes its programme")
    return version.document.time_zone


def _awards(earned: _Earned) -> Iterator[str]:
    """A fact has what its rules give; a reversal leaves what the rest of the fact earns."""
    entry, remaining = earned.entry, earned.remaining
    for judged in entry.judged:
        raw = {a.rule: a.raw for a in entry.awards if a.programme == judged.programme}
        if raw != awards(earned.activity, judged.version, judged.tier):
            yield f"entry {entry.version} awards {raw}"
        rest = _what_is_left(earned.activity, remaining)
        left = {} if rest is None else awards(rest, judged.version, judged.tier)
        for place, award in enumerate(entry.awards):
            expected = _within(award, left.get(award.rule, 0))
            if earned.held(place) != expected:
                yield (
                    f"of entry {entry.version} {earned.held(place)} {award.rule} are left, "
                    f"not {expected}"
                )


def _within(award: RuleAward, worth: int) -> int:
    return worth if award.room is None else min(worth, award.room)


def _what_is_left(activity: Activity, remaining: Remaining | None) -> Activity | None:
    if remaining is None:
        return activity
    if not remaining.whole:
        return None
    lines = tuple(
        Line(line.id, *remaining.lines[line.id], line.category, line.sku) for line in activity.lines
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


def _returned(entries: list[Entry]) -> Counter[tuple[str, str]]:
    """Return what reversals took back, by the version of what they reverse and by currency."""
    returned: Counter[tuple[str, str]] = Counter()
    for entry in entries:
        if entry.kind == "reverse":
            for posting in entry.postings:
                if posting.destination == ISSUED:
                    returned[entry.subject, posting.currency] += posting.amount
    return returned


def _taken_back(
    earned: _Earned, entries: list[Entry], returned: Counter[tuple[str, str]]
) -> Iterator[str]:
    """Reversals took back what the award lost, no more, and no less where it can be had."""
    entry = earned.entry
    for currency in {award.currency for award in entry.awards}:
        places = [i for i, award in enumerate(entry.awards) if award.currency == currency]
        gone = sum(entry.awards[i].granted - earned.held(i) for i in places)
        had = returned[str(entry.version), currency]
        # Spent coins are let go, and what has expired is not taken from other value.
        all_of_it = not currency.endswith("/coins") and not _expired(entry, currency, entries)
        if had > gone or (all_of_it and had < gone):
            yield f"of entry {entry.version} {had} {currency} came back, not {gone}"


def _expired(entry: Entry, currency: str, entries: list[Entry]) -> bool:
    """Tell whether value of an entry may have expired before it was taken back."""
    ends = [award.lot.expires_at for award in entry.awards if award.currency == currency]
    last = max((e.effective_at for e in entries if e.subject == str(entry.version)), default=0)
    return any(at is not None and at <= last for at in ends)
