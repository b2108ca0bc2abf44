"""
Clawback: what a reversal takes back of the value that an activity had brought.

The award is computed anew on what remains of the activity, by the version and the snapshot that
evaluated it, within the room that its caps left then and others have left since: a reversal never
reopens a cap that clipped another activity, nor gives a rule more than its caps.  The difference is
taken back from where it went: from the award's own lot, then in burn order; what was spent already
becomes a deficit, is written off (`clamp`) or refuses the reversal (`reject`).  What expired
unspent is not taken from other value; what was spent before its lot expired is.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.decide.benefits import Benefit
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.errors import Conflict
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import DeficitChange, PendingChange
from chalicelib.domain.ledger.events import ActivityRecorded, Evaluation, RuleAward
from chalicelib.domain.ledger.lots import PendingKey
from chalicelib.domain.ledger.postings import AVAILABLE, ISSUED, PENDING
from chalicelib.domain.mechanics import caps, earning, restoring, value
from chalicelib.domain.mechanics.caps import Room
from chalicelib.domain.mechanics.remaining import Remaining, what_is_left
from chalicelib.domain.programme.document import EarningRule, Programme, carries
from chalicelib.domain.programme.scope import in_money_of
from chalicelib.domain.programme.versions import Programmes


class Returned(Struct, frozen=True, omit_defaults=True):
    """
    What a reversal took back of one currency, and from where.

    Of ``amount``, ``deficit`` had been spent and is owed, and ``pending`` was not usable yet; the
    rest was in the balance.  Beside it, ``written_off`` had been spent and is let go, and
    ``expired`` had expired unspent.
    """

    currency: str
    amount: int
    deficit: int = 0
    written_off: int = 0
    pending: int = 0
    expired: int = 0


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
    for place, award in enumerate(recorded.awards):
        programme = programme_of(programmes, _evaluation(recorded, award))
        rule = next(each for each in programme.earning if each.id == award.rule)
        if carries(rule):
            # Few rules carry.
            from chalicelib.domain.mechanics import remainders

            back = remainders.returned(programme, rule, activity, before, left)
            lost = remainders.lost(account, programme, rule, back)
            after[place] = before.granted[place] - lost
    return tuple(after)


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
        counted, _ = in_money_of(programme, what_is_left(activity, left))
        snapshot = earning.snapshot_of(account, evaluation, counted, programme.time_zone)
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
    after = [anew.get((award.programme, award.rule), 0) for award in recorded.awards]
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
    event: EventBuilder,
    programmes: Programmes,
    recorded: ActivityRecorded,
    before: tuple[int, ...],
    after: tuple[int, ...],
) -> tuple[Returned, ...]:
    """
    Take back what awards lost, from ``before`` to ``after``, and return what of each currency.

    Raises `Conflict` ``already_spent`` where the programme does not take back spent value.
    """
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
            taken.append(_take_back_currency(event, programmes, currency, amount, shares))
    return tuple(taken)


def _take_back_currency(
    event: EventBuilder,
    programmes: Programmes,
    currency: str,
    amount: int,
    shares: list[tuple[RuleAward, int]],
) -> Returned:
    """Take back an amount; a share is what an award lost, below zero what it gained instead."""
    left = amount
    expired = 0
    waiting = event.account.balance(currency).pending_total
    programme, _, currency_id = currency.partition("/")
    event.take_back(Benefit("value", programme, currency_id, "reversal", amount))
    for award, share in shares:
        part = min(max(share, 0), left)
        left -= part
        unspent = value.exempt_unspent(event, currency, award.lot, part)
        expired += unspent
        left += part - unspent - _from_own_lot(event, award, part - unspent)
    for award, share in shares:
        if share <= 0:
            # Where another rule has become the best, its value lies where the first put it.
            left -= _from_own_lot(event, award, left)
    held = event.account.balance(currency).available
    from_lots = min(max(held, 0), left)
    value.debit(event, currency, from_lots, destination=ISSUED)
    left -= from_lots
    pending = waiting - event.account.balance(currency).pending_total
    returned = Returned(currency, amount - expired, pending=pending, expired=expired)
    if left == 0:
        return returned
    policy = _negative_balance_policy(programmes, currency, event.now, shares[0][0])
    if policy == "reject":
        raise Conflict(
            "already_spent",
            f"{left} of what this activity earned is spent, and the programme does not take "
            "back spent value.",
            currency=currency,
            spent=left,
        )
    if policy == "clamp":
        restoring.write_off(event, currency, left)
        return replace(returned, amount=returned.amount - left, written_off=left)
    event.add(DeficitChange(currency, left))
    # Whose value is missing is not said by the lots: it is that of the award.
    funder = shares[0][0].lot.funder
    event.post(AVAILABLE, ISSUED.of(funder), currency, left)
    return replace(returned, deficit=left)


def _from_own_lot(event: EventBuilder, award: RuleAward, amount: int) -> int:
    """Take from where the award went, as far as it is still there, and return how much."""
    if amount == 0:
        return 0
    pending = award.pending
    if pending is not None and pending.active_at > event.now:
        return _from_pending(event, award.currency, pending, amount)
    return value.debit_lot(event, award.currency, award.lot, amount, destination=ISSUED)


def _from_pending(event: EventBuilder, currency: str, key: PendingKey, amount: int) -> int:
    lot = event.account.balance(currency).pending_lot(key)
    if lot is None:
        return 0
    part = min(lot.amount, amount)
    event.add(PendingChange(currency, -part, key))
    event.post(PENDING, ISSUED.of(key.lot.funder), currency, part)
    return part


def _negative_balance_policy(
    programmes: Programmes, currency: str, now: Instant, award: RuleAward
) -> str:
    """Return the policy in force now: it is today's decision how to treat spent value."""
    version = programmes.in_force(award.programme, now)
    found = version.document.currency(currency.split("/")[1]) if version else None
    return found.negative_balance if found else "deficit"
