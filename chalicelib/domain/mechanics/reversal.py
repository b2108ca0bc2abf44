"""
Reversal: an activity is taken back, whole, by lines or by an amount, and what followed from it.

Its value is taken back by `clawback`, caps and metrics are counted down, a tier that they carried
no more is lost, and each mechanic takes back what it had made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Final

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.decide import registry
from chalicelib.domain.decide.benefits import Returned
from chalicelib.domain.decide.claims import EventRef, Ref, SaveRecord
from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import Decider, Known
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Mechanic
from chalicelib.domain.decide.reaction import ReversalContext
from chalicelib.domain.errors import NotFound
from chalicelib.domain.ledger import journal
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.activity import VISIT, Activity, recorded_in
from chalicelib.domain.ledger.bill import Bill
from chalicelib.domain.ledger.effects import StatChange
from chalicelib.domain.ledger.events import (
    ActivityRecorded,
    ActivityReversed,
    ActivitySummary,
    Detail,
    Event,
    Outcome,
    QuoteBought,
)
from chalicelib.domain.ledger.journal import StoredEvent
from chalicelib.domain.mechanics import caps, clawback, metrics, tier_reversals
from chalicelib.domain.mechanics.clawback import programme_of
from chalicelib.domain.mechanics.remaining import (
    REMAINING,
    LineReversal,
    Remaining,
    reduced,
    returned_lines,
    shares_left,
    untouched,
    what_is_left,
)
from chalicelib.domain.mechanics.tiers import TierMoved
from chalicelib.domain.programme.document import Programme, carries
from chalicelib.domain.programme.scope import evaluated, in_money_of
from chalicelib.domain.programme.versions import Programmes

if TYPE_CHECKING:
    from chalicelib.domain.mechanics.units_changed import UnitsChanged
    from chalicelib.domain.mechanics.voucher_returns import VoucherAfter


class ReverseActivity(Command, frozen=True):
    """
    Take back an activity: whole, by lines, or by an amount of money.

    ``version`` is that of its event in the member's journal.
    """

    when_full: ClassVar[bool] = True

    version: int
    lines: tuple[LineReversal, ...] = ()
    amount: int | None = None
    reason: str = ""
    note: str = ""

    def records(self, known: Known) -> tuple[Ref | EventRef, ...]:
        """Return the event of the activity, what earlier reversals left of it, and its vouchers."""
        event = EventRef(self.member, self.version)
        left = REMAINING.ref(self.member, str(self.version))
        stored: StoredEvent | None = known.records.get(event)
        if stored is None:
            return event, left
        outcomes = journal.decode(stored).outcomes
        if not any(isinstance(each, QuoteBought) and each.vouchers for each in outcomes):
            return event, left
        # Few activities were bought with a voucher.
        from chalicelib.domain.mechanics import voucher_returns

        return event, left, *voucher_returns.needed(self.member, outcomes)


class Reversed(Struct, frozen=True):
    """
    What followed from a reversal; ``changed`` is false where nothing was left to reverse.

    ``event`` says of money and value what came back, ``units`` what else of the member's changed,
    and ``vouchers`` what became of those that were used for the purchase.
    """

    changed: bool
    returned: tuple[Returned, ...]
    remaining: Remaining
    tier_changes: tuple[TierMoved, ...] = ()
    event: Event | None = None
    units: tuple[UnitsChanged, ...] = ()
    vouchers: tuple[VoucherAfter, ...] = ()


def reverse(decider: Decider, command: ReverseActivity) -> Reversed:
    """Take back what is asked for of a recorded activity; twice does nothing."""
    account = decider.member
    programmes = decider.programmes
    original = decider.event_at(command.member, command.version)
    if original is None or not isinstance(original.data, ActivityRecorded):
        raise activity_unknown()
    recorded = original.data
    left_of_it = decider.record(REMAINING, command.member, str(command.version))
    before = left_of_it or untouched(original)
    if not before.whole:
        return Reversed(changed=False, returned=(), remaining=before)
    activity = recorded_in(original)
    lines = command.lines
    unused: dict[tuple[str, str, int], int] = {}
    if any(line.unused for line in lines):
        # Few refunds are of packages.
        from chalicelib.domain.mechanics import package_refunds

        lines, unused = package_refunds.refund(
            account, programmes, recorded, _bill(original), activity, before, lines
        )
    after = reduced(activity, before, lines, command.amount)
    if after == before:
        return Reversed(changed=False, returned=(), remaining=before)
    before, after = clawback.counted_down(programmes, recorded, activity, before, after)
    event = decider.event()
    granted = clawback.granted_anew(
        account, programmes, recorded, activity, before, after, event.now
    )
    returned = clawback.take_back(event, recorded, before, granted)
    moves = _undo_counts(event, programmes, recorded, activity, before, after, granted)
    outcomes = _retract_outcomes(event, programmes, recorded, activity, before, after, unused)
    outcomes, vouchers = _vouchers(decider, command, outcomes, whole=after.whole)
    if not after.whole:
        event.add(StatChange(visits=-int(activity.type == VISIT), activities=-1))
    after = replace(after, granted=granted, outcomes=outcomes, revision=before.revision + 1)
    data = ActivityReversed(
        command.version,
        _returned_summary(activity, before, after),
        command.reason,
        tuple(each.redemption for each in vouchers if each.given_back),
    )
    done = event.record(
        data,
        occurred_at=original.occurred_at,
        detail=replace(_detail(original, activity, before, after), note=command.note),
    )
    ref = REMAINING.ref(command.member, str(command.version))
    decider.claim(SaveRecord(ref, after, after.revision))
    return Reversed(
        changed=True,
        returned=returned,
        remaining=after,
        tier_changes=moves,
        event=done,
        units=_units(decider, recorded, account) if outcomes or moves else (),
        vouchers=vouchers,
    )


def _vouchers(
    decider: Decider, command: ReverseActivity, outcomes: tuple[Outcome, ...], *, whole: bool
) -> tuple[tuple[Outcome, ...], tuple[VoucherAfter, ...]]:
    """Give back the vouchers that are to be good again, and return what became of each."""
    left = list(outcomes)
    vouchers: list[VoucherAfter] = []
    for place, outcome in enumerate(outcomes):
        if isinstance(outcome, QuoteBought) and outcome.vouchers:
            from chalicelib.domain.mechanics import voucher_returns

            left[place], returns = voucher_returns.decided(
                decider, command.member, outcome, whole=whole
            )
            vouchers += returns
    return tuple(left), tuple(vouchers)


def _units(
    decider: Decider, recorded: ActivityRecorded, before: Account
) -> tuple[UnitsChanged, ...]:
    """Return what else changed, in the programmes that evaluated the activity."""
    # What earns value alone changes nothing else.
    from chalicelib.domain.mechanics.units_changed import units_changed

    versions = (
        decider.programmes.in_force(each.programme, decider.now) for each in recorded.evaluations
    )
    current = [version.document for version in versions if version is not None]
    return units_changed(before, decider.member, current, decider.now)


def activity_unknown() -> NotFound:
    """Return the refusal of an activity that is not on record."""
    return NotFound("activity_not_found", "No activity has this source and external id.")


def _returned_summary(activity: Activity, before: Remaining, after: Remaining) -> ActivitySummary:
    """Return the least of what came back: how much money of which kind of activity."""
    back = None if before.amount is None else before.amount - (after.amount or 0)
    return ActivitySummary(activity.type, amount=back, money=activity.money)


def _detail(recorded: Event, activity: Activity, before: Remaining, after: Remaining) -> Detail:
    """Return what the journal keeps sealed: what came back of the bill, or of the lines."""
    named = Detail(source=activity.source, external_id=activity.external_id)
    bill = _bill(recorded)
    if bill is None:
        return replace(named, lines=tuple(returned_lines(activity, before, after)))
    # Few activities were quoted.
    from chalicelib.domain.mechanics import quotes

    back = quotes.refund(
        bill,
        shares_left(activity, before),
        shares_left(activity, after),
        [was - now for (was, _), (now, _) in zip(before.lines, after.lines, strict=True)],
        (_bought(before), _bought(after)),
    )
    return replace(named, bill=back)


def _bill(recorded: Event) -> Bill | None:
    return recorded.detail.bill if recorded.detail else None


def _bought(remaining: Remaining) -> QuoteBought:
    return next(each for each in remaining.outcomes if isinstance(each, QuoteBought))


def _retract_outcomes(
    event: EventBuilder,
    programmes: Programmes,
    recorded: ActivityRecorded,
    activity: Activity,
    before: Remaining,
    after: Remaining,
    unused: Mapping[tuple[str, str, int], int],
) -> tuple[Outcome, ...]:
    """Let every mechanic take back what it made of the activity."""
    outcomes = list(before.outcomes)
    for evaluation in recorded.evaluations:
        programme = programme_of(programmes, evaluation)
        seen = evaluated(activity, evaluation)
        context = ReversalContext(
            programme=programme,
            versions=programmes.up_to(programme.id, event.now),
            recorded=in_money_of(programme, seen)[0],
            before=_left(programme, seen, before),
            after=_left(programme, seen, after) if after.whole else None,
            had=shares_left(activity, before),
            kept=shares_left(activity, after),
            unused={key[1:]: n for key, n in unused.items() if key[0] == programme.id},
        )
        for place, outcome in enumerate(outcomes):
            if outcome.programme == programme.id:
                outcomes[place] = _retracted(event, context, outcome)
    return tuple(outcomes)


def _retracted(event: EventBuilder, context: ReversalContext, outcome: Outcome) -> Outcome:
    reaction = registry.of_outcome(outcome).reaction
    if reaction is None or reaction.retract is None:
        raise AssertionError(f"a mechanic takes back the outcomes that it declares: {outcome}")
    return reaction.retract(event, context, outcome)


def _undo_counts(
    event: EventBuilder,
    programmes: Programmes,
    recorded: ActivityRecorded,
    activity: Activity,
    before: Remaining,
    after: Remaining,
    granted: tuple[int, ...],
) -> tuple[TierMoved, ...]:
    """Give back caps and metrics, and take back a tier that they no longer carry."""
    moves = []
    for evaluation in recorded.evaluations:
        programme = programme_of(programmes, evaluation)
        day = activity.local_day(programme.time_zone)
        rules = {rule.id: rule for rule in programme.earning}
        points: dict[str, int] = {}
        for place, award in enumerate(recorded.awards):
            if award.programme != programme.id:
                continue
            was, now = before.granted[place], granted[place]
            rule = rules[award.rule]
            caps.count(event, programme, rule, day, was, now)
            if carries(rule):
                from chalicelib.domain.mechanics import remainders

                less = after.counted[place] - before.counted[place]
                remainders.count(event, programme, rule, less)
            currency = award.currency.split("/")[1]
            points[currency] = points.get(currency, 0) + now - was
        seen = evaluated(activity, evaluation)
        metrics.count(
            event,
            programme,
            in_money_of(programme, seen)[0],
            activities=_counts(programme, seen, after) - _counts(programme, seen, before),
            spend=(_left(programme, seen, after).amount or 0)
            - (_left(programme, seen, before).amount or 0),
            points=points,
        )
        current = programmes.in_force(evaluation.programme, event.now)
        if current is not None:
            moved = tier_reversals.descend(event, current.document)
            if moved is not None:
                moves.append(moved)
    return tuple(moves)


def _counts(programme: Programme, activity: Activity, remaining: Remaining) -> int:
    """Return 1 where something of an activity is left that may count, else 0."""
    return int(remaining.whole and not _left(programme, activity, remaining).is_barred)


def _left(programme: Programme, activity: Activity, remaining: Remaining) -> Activity:
    """Return what remains of an activity, as a programme counts it."""
    return in_money_of(programme, what_is_left(activity, remaining))[0]


MECHANIC: Final = Mechanic(
    handlers={ReverseActivity: reverse},
)
