"""
Clawback: what a reversal takes back of the value that an activity had brought.

The award is computed anew on what remains of the activity, by the version and the snapshot that
evaluated it, within the room that its caps left then and others have left since: a reversal never
reopens a cap that clipped another activity, nor gives a rule more than its caps.  The difference is
taken back from where it went (`taking_back`).
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from chalicelib.domain.decide.benefits import Returned
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.events import ActivityRecorded, Evaluation, RuleAward
from chalicelib.domain.ledger.postings import ISSUED
from chalicelib.domain.mechanics import caps, earning, taking_back
from chalicelib.domain.mechanics.caps import Room
from chalicelib.domain.mechanics.remaining import Remaining, what_is_left
from chalicelib.domain.mechanics.taking_back import Part
from chalicelib.domain.programme.document import EarningRule, Programme, carries
from chalicelib.domain.programme.scope import evaluated, in_money_of
from chalicelib.domain.programme.versions import Programmes


def granted_anew(
    account: Account,
    programmes: Programmes,
    recorded: ActivityRecorded,
    activity: Activity,
    before: Remaining,
    left: Remaining,
    now: Instant,
) -> tuple[int, ...]:
    """
    Return what each award of the event comes to on what is left, never more than before.

    One that carries falls by what its sum is worth no more, which may have been given for another
    activity: then it is below zero.
    """
    after = _anew(account, programmes, recorded, activity, before, left, now)
    for place, _, programme, rule in _carrying(programmes, recorded):
        from chalicelib.domain.mechanics import remainders

        back = before.counted[place] - left.counted[place]
        after[place] = before.granted[place] - remainders.lost(account, programme, rule, back)
    return tuple(after)


def counted_down(
    programmes: Programmes,
    recorded: ActivityRecorded,
    activity: Activity,
    before: Remaining,
    left: Remaining,
) -> tuple[Remaining, Remaining]:
    """Return what is left before and after with what of it counts for the rules that carry."""
    had, has = {}, {}
    for place, evaluation, programme, rule in _carrying(programmes, recorded):
        from chalicelib.domain.mechanics import remainders

        had[place], has[place] = remainders.counted_down(
            programme, rule, evaluated(activity, evaluation), before, left, place
        )
    return replace(before, counted=had), replace(left, counted=has)


def _carrying(
    programmes: Programmes, recorded: ActivityRecorded
) -> Iterator[tuple[int, Evaluation, Programme, EarningRule]]:
    """Yield the place of every award whose rule carries: few do."""
    for place, award in enumerate(recorded.awards):
        evaluation = _evaluation(recorded, award)
        programme = programme_of(programmes, evaluation)
        rule = next(each for each in programme.earning if each.id == award.rule)
        if carries(rule):
            yield place, evaluation, programme, rule


def _evaluation(recorded: ActivityRecorded, award: RuleAward) -> Evaluation:
    return next(each for each in recorded.evaluations if each.programme == award.programme)


def _anew(
    account: Account,
    programmes: Programmes,
    recorded: ActivityRecorded,
    activity: Activity,
    before: Remaining,
    left: Remaining,
    now: Instant,
) -> list[int]:
    """Return what each award comes to by itself; one that carries as before."""
    if not left.whole:
        return [0] * len(recorded.awards)
    anew: dict[tuple[str, str], int] = {}
    for evaluation in recorded.evaluations:
        programme = programme_of(programmes, evaluation)
        rooms, had = {}, {}
        for award, granted in zip(recorded.awards, before.granted, strict=True):
            if award.programme == programme.id:
                rooms[award.rule], had[award.rule] = award.room, granted
        # A rule that the whole activity did not meet gives nothing for a part of it, nor competes.
        met = tuple(r for r in programme.earning if r.id in rooms and not carries(r))
        document, programme = programme, replace(programme, earning=met)
        counted, _ = in_money_of(programme, what_is_left(evaluated(activity, evaluation), left))
        snapshot = earning.snapshot_of(account, programme, evaluation, counted)
        day = counted.local_day(programme.time_zone)
        room = _room(rooms, caps.room_again(account, programme, day, now, had))
        for outcome in earning.evaluate(programme, counted, snapshot, room):
            anew[programme.id, outcome.rule] = outcome.granted
        # Those that carry stand apart from what the others gain or lose.
        anew |= {
            (programme.id, rule.id): had[rule.id]
            for rule in document.earning
            if rule.id in had and carries(rule)
        }
    after = [anew[award.programme, award.rule] for award in recorded.awards]
    for currency in {award.currency for award in recorded.awards}:
        places = [i for i, award in enumerate(recorded.awards) if award.currency == currency]
        if sum(after[i] for i in places) > sum(before.granted[i] for i in places):
            # A condition that only the smaller activity meets must not turn a refund into a gain.
            for i in places:
                after[i] = before.granted[i]
    return after


def _room(then: dict[str, int | None], now: Room) -> Room:
    """Return the room that was there when an activity was recorded and is there again."""

    def room(rule: EarningRule, raw: int) -> int | None:
        known = [left for left in (then[rule.id], now(rule, raw)) if left is not None]
        return min(known, default=None)

    return room


def programme_of(programmes: Programmes, evaluation: Evaluation) -> Programme:
    """Return the version of a programme that evaluated an activity."""
    version = programmes.version(evaluation.programme, evaluation.version)
    if version is None:
        raise AssertionError(f"{evaluation.programme} version {evaluation.version} was published")
    return version.document


def take_back(
    event: EventBuilder, recorded: ActivityRecorded, before: Remaining, after: tuple[int, ...]
) -> tuple[Returned, ...]:
    """
    Take back what awards lost, to what is granted ``after``, and return what of each currency.

    What was revoked is gone already.

    Raises `Conflict` ``already_spent`` where the programme does not take back spent value.
    """
    lost: dict[str, list[Part]] = {}
    for place, award in enumerate(recorded.awards):
        if place not in before.revoked:
            part = Part(award.lot, before.granted[place] - after[place], award.pending)
            lost.setdefault(award.currency, []).append(part)
    return tuple(
        taking_back.take(event, currency, parts, to=ISSUED)
        for currency, parts in sorted(lost.items())
        if sum(part.amount for part in parts) > 0
    )
