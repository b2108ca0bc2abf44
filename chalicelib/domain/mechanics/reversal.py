"""
Reversal: an activity is taken back, whole, by lines or by an amount.

The award is computed anew on what remains of the fact, by the version and the standing that
judged it, within the room that its caps left then: a reversal never reopens a cap that clipped
another fact.  The difference is taken back from where it went: from the award's own lot, then in
burn order; what was spent already becomes a deficit, is let go (`clamp`) or refuses the reversal
(`reject`).  An award whose lot has expired is not taken from other value.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain import money
from chalicelib.domain.account import Account
from chalicelib.domain.activity import VISIT, Activity, recorded_in
from chalicelib.domain.calendar import Instant
from chalicelib.domain.commands import Command
from chalicelib.domain.decide.benefits import Benefit
from chalicelib.domain.decide.claims import EventRef, RecordKind, Ref, SaveRecord
from chalicelib.domain.decide.decider import Decider, Known
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.effects import DeficitChange, PendingChange, StatChange
from chalicelib.domain.errors import Conflict, Invalid, NotFound
from chalicelib.domain.ledger.events import (
    ActivityRecorded,
    ActivityReversed,
    ActivitySummary,
    Detail,
    Evaluation,
    Event,
    Line,
    Outcome,
    QuoteBought,
    RuleAward,
)
from chalicelib.domain.ledger.postings import AVAILABLE, ISSUED, PENDING
from chalicelib.domain.lots import PendingKey
from chalicelib.domain.mechanics import earning, quotes, registry, tiers, value
from chalicelib.domain.mechanics.mechanic import Mechanic
from chalicelib.domain.programme import EarningRule, Programme, Programmes
from chalicelib.domain.reaction import ReversalContext


class LineReversal(Struct, frozen=True):
    """How much of one line comes back; all that is left of it where nothing is said."""

    id: str
    amount: int | None = None
    quantity: int | None = None


class Remaining(Struct, frozen=True, omit_defaults=True):
    """
    What of a recorded activity is not yet reversed.

    ``granted`` follows the order of the event's awards; ``outcomes`` are what its outcomes have
    become; ``revision`` counts the reversals.
    """

    amount: int | None
    quantity: int | None
    lines: dict[str, tuple[int, int]] = {}
    granted: tuple[int, ...] = ()
    whole: bool = True
    revision: int = 0
    outcomes: tuple[Outcome, ...] = ()


#: By the version of the activity's event.
REMAINING: Final = RecordKind("remaining", Remaining)


class ReverseActivity(Command, frozen=True):
    """
    Take back an activity: whole, by lines, or by an amount of money.

    ``version`` is that of its event in the member's journal.
    """

    version: int
    lines: tuple[LineReversal, ...] = ()
    amount: int | None = None
    reason: str = ""

    def records(self, known: Known) -> tuple[Ref | EventRef, ...]:  # noqa: ARG002 - known at once
        """Return the event of the activity, and what earlier reversals left of it."""
        left = REMAINING.ref(self.member, str(self.version))
        return EventRef(self.member, self.version), left


class Returned(Struct, frozen=True, omit_defaults=True):
    """What a reversal took back of one currency, and how much of it had been spent."""

    currency: str
    amount: int
    deficit: int = 0
    written_off: int = 0


class Reversed(Struct, frozen=True):
    """What followed from a reversal; ``changed`` is false where nothing was left to reverse."""

    changed: bool
    returned: tuple[Returned, ...]
    remaining: Remaining
    tier_changes: tuple[tiers.TierMoved, ...] = ()


def untouched(event: Event) -> Remaining:
    """Return what of an activity can be reversed before any reversal: all of it."""
    activity = recorded_in(event)
    return Remaining(
        amount=activity.amount,
        quantity=activity.quantity,
        lines={line.id: (line.amount, line.quantity) for line in activity.lines},
        granted=tuple(award.granted for award in _recorded(event).awards),
        outcomes=event.outcomes,
    )


def _recorded(event: Event) -> ActivityRecorded:
    if not isinstance(event.data, ActivityRecorded):
        raise TypeError(f"an event {event.kind} records no activity")
    return event.data


def reverse(decider: Decider, command: ReverseActivity) -> Reversed:
    """Take back what is asked for of a recorded activity; twice does nothing."""
    account = decider.member
    programmes = decider.programmes
    event = decider.event_at(command.member, command.version)
    if event is None or not isinstance(event.data, ActivityRecorded):
        raise activity_unknown()
    recorded = event.data
    left_of_it = decider.record(REMAINING, command.member, str(command.version))
    before = left_of_it or untouched(event)
    if not before.whole:
        return Reversed(changed=False, returned=(), remaining=before)
    activity = recorded_in(event)
    after = _reduced(activity, before, command)
    if after == before:
        return Reversed(changed=False, returned=(), remaining=before)
    left = _what_is_left(activity, after)
    draft = decider.event()
    granted = _granted_anew(account, programmes, recorded, left, before, whole=after.whole)
    returned = _take_back(draft, programmes, recorded, before.granted, granted)
    moves = _uncount(draft, programmes, recorded, activity, before, after, granted)
    outcomes = _retract(draft, programmes, recorded, activity, before, after)
    if not after.whole:
        draft.add(StatChange(visits=-int(activity.type == VISIT), activities=-1))
    after = replace(after, granted=granted, outcomes=outcomes, revision=before.revision + 1)
    data = ActivityReversed(command.version, _returned(activity, before, after), command.reason)
    draft.record(
        data,
        occurred_at=event.occurred_at,
        detail=_detail(event, activity, before, after),
    )
    ref = REMAINING.ref(command.member, str(command.version))
    decider.claim(SaveRecord(ref, after, after.revision))
    return Reversed(changed=True, returned=returned, remaining=after, tier_changes=moves)


def activity_unknown() -> NotFound:
    """Return the refusal of an activity that is not on record."""
    return NotFound("activity_not_found", "No activity has this source and external id.")


def _returned(activity: Activity, before: Remaining, after: Remaining) -> ActivitySummary:
    """Return the least of what came back: how much money of which kind of fact."""
    back = None if before.amount is None else before.amount - (after.amount or 0)
    return ActivitySummary(activity.type, amount=back, money=activity.money)


def _detail(recorded: Event, activity: Activity, before: Remaining, after: Remaining) -> Detail:
    """Return what the journal keeps sealed: what came back of the bill, or of the lines."""
    named = Detail(source=activity.source, external_id=activity.external_id)
    bill = recorded.detail.bill if recorded.detail else None
    if bill is None:
        return replace(named, lines=tuple(_returned_lines(activity, before, after)))
    back = quotes.refund(
        bill,
        activity,
        _what_is_left(activity, before),
        _what_is_left(activity, after) if after.whole else None,
        (_bought(before), _bought(after)),
    )
    return replace(named, bill=back)


def _bought(remaining: Remaining) -> QuoteBought:
    return next(each for each in remaining.outcomes if isinstance(each, QuoteBought))


def _returned_lines(activity: Activity, before: Remaining, after: Remaining) -> Iterator[Line]:
    """Yield what of each line came back."""
    for line in activity.lines:
        (amount, quantity), (left, units) = before.lines[line.id], after.lines[line.id]
        if (amount, quantity) != (left, units):
            yield Line(line.id, amount - left, quantity - units, line.category, line.sku)


def _reduced(activity: Activity, before: Remaining, command: ReverseActivity) -> Remaining:
    """Return what of the fact remains after the command, not yet what of its award."""
    if command.lines:
        return _without_lines(before, command.lines)
    if command.amount is None:
        return _nothing(before)
    if activity.lines:
        raise Invalid(
            "lines_required",
            "This activity has lines: say which of them come back.",
            errors=[{"pointer": "/lines", "detail": "is required for an activity with lines"}],
        )
    if before.amount is None:
        raise Invalid(
            "no_amount",
            "This activity has no amount: reverse it whole.",
            errors=[{"pointer": "/amount", "detail": "must be left out: the fact has none"}],
        )
    _check_left("/amount", before.amount, command.amount)
    if command.amount == before.amount:
        return _nothing(before)
    return replace(before, amount=before.amount - command.amount)


def _without_lines(before: Remaining, reversals: tuple[LineReversal, ...]) -> Remaining:
    lines = dict(before.lines)
    for place, reversal in enumerate(reversals):
        pointer = f"/lines/{place}"
        if reversal.id not in lines:
            raise Invalid(
                "unknown_line",
                f"This activity has {len(lines)} lines, and none of this id.",
                errors=[
                    {"pointer": f"{pointer}/id", "detail": "must be the id of one of its lines"}
                ],
            )
        amount, quantity = lines[reversal.id]
        less_quantity = quantity if reversal.quantity is None else reversal.quantity
        _check_left(f"{pointer}/quantity", quantity, less_quantity)
        less_amount = reversal.amount
        if less_amount is None:
            whole = reversal.quantity is None or reversal.quantity == quantity
            less_amount = (
                amount if whole else money.divide(amount * less_quantity, quantity, "half_up")
            )
        elif reversal.quantity is None and less_amount < amount:
            # Part of the money of a line comes back, as a price reduction does: its units stay.
            less_quantity = 0
        _check_left(f"{pointer}/amount", amount, less_amount)
        lines[reversal.id] = (amount - less_amount, quantity - less_quantity)
    if not any(amount or quantity for amount, quantity in lines.values()):
        return _nothing(before)
    units = before.quantity
    if units is not None:
        # A fact may state its units and have lines too: what comes back of them is the same.
        back = sum(was - lines[line][1] for line, (_, was) in before.lines.items())
        units = max(units - back, 0)
    return replace(before, amount=sum(a for a, _ in lines.values()), quantity=units, lines=lines)


def _check_left(pointer: str, left: int, asked: int) -> None:
    if asked > left:
        raise Conflict(
            "exceeds_remaining",
            f"Only {left} of this is left to reverse, not {asked}.",
            pointer=pointer,
            remaining=left,
        )


def _nothing(before: Remaining) -> Remaining:
    return replace(
        before,
        amount=None if before.amount is None else 0,
        quantity=None if before.quantity is None else 0,
        lines=dict.fromkeys(before.lines, (0, 0)),
        whole=False,
    )


def _what_is_left(activity: Activity, remaining: Remaining) -> Activity:
    lines = tuple(
        Line(line.id, *remaining.lines[line.id], line.category, line.sku)
        for line in activity.lines
        if any(remaining.lines[line.id])
    )
    return replace(activity, amount=remaining.amount, quantity=remaining.quantity, lines=lines)


def _retract(
    draft: EventBuilder,
    programmes: Programmes,
    recorded: ActivityRecorded,
    activity: Activity,
    before: Remaining,
    after: Remaining,
) -> tuple[Outcome, ...]:
    """Let every mechanic take back what it made of the activity."""
    outcomes = list(before.outcomes)
    for evaluation in recorded.evaluations:
        programme = _evaluating(programmes, evaluation)
        context = ReversalContext(
            programme=programme,
            recorded=activity,
            before=_what_is_left(activity, before),
            after=_what_is_left(activity, after) if after.whole else None,
        )
        for place, outcome in enumerate(outcomes):
            if outcome.programme == programme.id:
                outcomes[place] = _retracted(draft, context, outcome)
    return tuple(outcomes)


def _retracted(draft: EventBuilder, context: ReversalContext, outcome: Outcome) -> Outcome:
    reaction = registry.of_outcome(outcome).reaction
    if reaction is None or reaction.retract is None:
        raise AssertionError(f"a mechanic takes back the outcomes that it declares: {outcome}")
    return reaction.retract(draft, context, outcome)


def _granted_anew(
    account: Account,
    programmes: Programmes,
    recorded: ActivityRecorded,
    left: Activity,
    before: Remaining,
    *,
    whole: bool,
) -> tuple[int, ...]:
    """Return what each award of the entry comes to on what is left, never more than before."""
    if not whole:
        return (0,) * len(recorded.awards)
    anew: dict[tuple[str, str], int] = {}
    for evaluation in recorded.evaluations:
        programme = _evaluating(programmes, evaluation)
        rooms = {a.rule: a.room for a in recorded.awards if a.programme == programme.id}
        # A rule that the whole fact did not meet gives nothing for a part of it, nor competes.
        met = tuple(rule for rule in programme.earning if rule.id in rooms)
        programme = replace(programme, earning=met)
        standing = earning.standing_of(account, evaluation, left, programme.time_zone)
        for outcome in earning.evaluate(programme, left, standing, _room_then(rooms)):
            anew[programme.id, outcome.rule] = outcome.granted
    granted = [anew.get((award.programme, award.rule), 0) for award in recorded.awards]
    for currency in {award.currency for award in recorded.awards}:
        places = [i for i, award in enumerate(recorded.awards) if award.currency == currency]
        if sum(granted[i] for i in places) > sum(before.granted[i] for i in places):
            # A condition that only the smaller fact meets must not turn a refund into a gain.
            for i in places:
                granted[i] = before.granted[i]
    return tuple(granted)


def _room_then(rooms: dict[str, int | None]) -> earning.Room:
    def room(rule: EarningRule, _raw: int) -> int | None:
        return rooms[rule.id]

    return room


def _evaluating(programmes: Programmes, evaluation: Evaluation) -> Programme:
    version = programmes.version(evaluation.programme, evaluation.version)
    if version is None:
        raise AssertionError(f"{evaluation.programme} version {evaluation.version} was published")
    return version.document


def _take_back(
    draft: EventBuilder,
    programmes: Programmes,
    recorded: ActivityRecorded,
    before: tuple[int, ...],
    after: tuple[int, ...],
) -> tuple[Returned, ...]:
    owed: dict[str, int] = {}
    for award, was, now in zip(recorded.awards, before, after, strict=True):
        owed[award.currency] = owed.get(award.currency, 0) + was - now
    taken = []
    for currency, amount in sorted(owed.items()):
        if amount > 0:
            shares = [
                (award, was - now)
                for award, was, now in zip(recorded.awards, before, after, strict=True)
                if award.currency == currency
            ]
            taken.append(_take_back_currency(draft, programmes, currency, amount, shares))
    return tuple(taken)


def _take_back_currency(
    draft: EventBuilder,
    programmes: Programmes,
    currency: str,
    amount: int,
    shares: list[tuple[RuleAward, int]],
) -> Returned:
    """Take back an amount; a share is what an award lost, below zero what it gained instead."""
    left = amount
    expired = 0
    programme, _, currency_id = currency.partition("/")
    draft.take_back(Benefit("value", programme, currency_id, "reversal", amount))
    for award, share in shares:
        part = min(max(share, 0), left)
        left -= part
        part -= _from_own_lot(draft, award, part)
        if award.lot.expires_at is not None and award.lot.expires_at <= draft.now:
            expired += part
        else:
            left += part
    for award, share in shares:
        if share <= 0:
            # Where another rule has become the best, its value lies where the first put it.
            left -= _from_own_lot(draft, award, left)
    held = draft.account.balance(currency).available
    from_lots = min(max(held, 0), left)
    value.debit(draft, currency, from_lots, destination=ISSUED)
    left -= from_lots
    if left == 0:
        return Returned(currency, amount - expired)
    policy = _overdraw(programmes, currency, draft.now, shares[0][0])
    if policy == "reject":
        raise Conflict(
            "already_spent",
            f"{left} of what this activity earned is spent, and the programme does not take "
            "back spent value.",
            currency=currency,
            spent=left,
        )
    if policy == "clamp":
        return Returned(currency, amount - expired - left, written_off=left)
    draft.add(DeficitChange(currency, left))
    # Whose value is missing is not told by the lots: it is that of the award.
    funder = shares[0][0].lot.funder
    draft.post(AVAILABLE, ISSUED.of(funder), currency, left)
    return Returned(currency, amount - expired, deficit=left)


def _from_own_lot(draft: EventBuilder, award: RuleAward, amount: int) -> int:
    """Take from where the award went, as far as it is still there, and return how much."""
    if amount == 0:
        return 0
    pending = award.pending
    if pending is not None and pending.active_at > draft.now:
        return _from_pending(draft, award.currency, pending, amount)
    return value.debit_lot(draft, award.currency, award.lot, amount, destination=ISSUED)


def _from_pending(draft: EventBuilder, currency: str, key: PendingKey, amount: int) -> int:
    lot = draft.account.balance(currency).pending_lot(key)
    if lot is None:
        return 0
    part = min(lot.amount, amount)
    draft.add(PendingChange(currency, -part, key))
    draft.post(PENDING, ISSUED.of(key.lot.funder), currency, part)
    return part


def _overdraw(programmes: Programmes, currency: str, now: Instant, award: RuleAward) -> str:
    """Return the policy in force now: it is today's decision how to treat spent value."""
    version = programmes.in_force(award.programme, now)
    found = version.document.currency(currency.split("/")[1]) if version else None
    return found.negative_balance if found else "deficit"


def _uncount(
    draft: EventBuilder,
    programmes: Programmes,
    recorded: ActivityRecorded,
    activity: Activity,
    before: Remaining,
    after: Remaining,
    granted: tuple[int, ...],
) -> tuple[tiers.TierMoved, ...]:
    """Give back caps and metrics, and take back a tier that they no longer carry."""
    moves = []
    for evaluation in recorded.evaluations:
        programme = _evaluating(programmes, evaluation)
        day = activity.local_day(programme.time_zone)
        rules = {rule.id: rule for rule in programme.earning}
        points: dict[str, int] = {}
        for place, award in enumerate(recorded.awards):
            if award.programme != programme.id:
                continue
            was, now = before.granted[place], granted[place]
            earning.count_caps(draft, programme, rules[award.rule], day, was, now)
            currency = award.currency.split("/")[1]
            points[currency] = points.get(currency, 0) + now - was
        earning.count_metrics(
            draft,
            programme,
            activity,
            facts=-int(not after.whole),
            spend=(after.amount or 0) - (before.amount or 0),
            points=points,
        )
        ruling = programmes.in_force(evaluation.programme, draft.now)
        if ruling is not None:
            moved = tiers.descend_after_reversal(draft, ruling.document, day)
            if moved is not None:
                moves.append(moved)
    return tuple(moves)


MECHANIC: Final = Mechanic(
    handlers={ReverseActivity: reverse},
)
