"""
Remainders that are carried: what a purchase has beyond its last full ``per`` counts for the next.

All that was counted by one rule is worth the same however it was cut into purchases.  So the order
in which purchases are reported and refunded makes no difference: an activity gives what the sum is
worth with it and not without it, and a refund takes back what the sum is worth no more, also where
that was given for another purchase.  The account keeps what is beyond the last full ``per``, apart
for each pair of terms: where a version changes them, counting begins anew.
"""

from __future__ import annotations

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.effects import CounterChange
from chalicelib.domain.mechanics.remaining import Remaining, what_is_left
from chalicelib.domain.programme.document import AmountAward, EarningRule, Programme
from chalicelib.domain.programme.scope import basis, in_money_of


def carried(account: Account, programme: Programme) -> dict[str, int]:
    """Return what is carried for each rule that carries, in minor units."""
    return {
        rule.id: account.counter(_key(programme, rule, rule.award))
        for rule in programme.earning
        if isinstance(rule.award, AmountAward) and rule.award.carry
    }


def worth(award: AmountAward, beyond: int, amount: int) -> int:
    """Return what so much more, or below zero less, is worth where so much is ``beyond``."""
    return _of_sum(award, beyond + amount) - _of_sum(award, beyond)


def _of_sum(award: AmountAward, amount: int) -> int:
    return amount * award.amount // award.per


def counted(programme: Programme, rule: EarningRule, activity: Activity) -> int:
    """Return what of an activity that meets a rule counts, in the programme's minor units."""
    found = basis(in_money_of(programme, activity)[0], rule.scope)
    return 0 if found is None else max(found.amount, 0)


def explained(rule: EarningRule, amount: int) -> str:
    """Return what is said of a sum of so much: what of it is carried."""
    per = _award(rule).per
    return f"{amount % per} of {per} is carried to the next" if amount % per else ""


def returned(
    programme: Programme,
    rule: EarningRule,
    activity: Activity,
    before: Remaining,
    after: Remaining,
) -> int:
    """Return how much less of an activity counts after a reversal; never below zero."""
    had, has = (counted(programme, rule, what_is_left(activity, left)) for left in (before, after))
    return max(had - has, 0)


def lost(account: Account, programme: Programme, rule: EarningRule, back: int) -> int:
    """Return what the sum of a rule is worth no more without so much of it."""
    award = _award(rule)
    return -worth(award, account.counter(_key(programme, rule, award)), -back)


def count(event: EventBuilder, programme: Programme, rule: EarningRule, amount: int) -> None:
    """Count so much more, or below zero less, and keep what is beyond the last full ``per``."""
    award = _award(rule)
    key = _key(programme, rule, award)
    before = event.account.counter(key)
    delta = (before + amount) % award.per - before
    if delta:
        event.add(CounterChange(key, delta))


def _award(rule: EarningRule) -> AmountAward:
    if not isinstance(rule.award, AmountAward):
        raise TypeError(f"{rule.id} counts no money")
    return rule.award


def _key(programme: Programme, rule: EarningRule, award: AmountAward) -> str:
    # It is no limit that was used, so who comes back after closing does not bring it along.
    return f"carried/{programme.id}/{rule.id}/{award.amount}:{award.per}"
