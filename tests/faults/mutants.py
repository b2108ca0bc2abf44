"""
Planted bugs: each a wrong turn that someone could take, which the simulation must notice.

A mutant is the real product with one part of it wrapped: its store, a step of its execution or the
handler of one command.  What is wrapped is put back afterwards.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from chalicelib.domain import calendar, conditions
from chalicelib.domain.account import Account
from chalicelib.domain.activity import from_entry
from chalicelib.domain.calendar import Instant
from chalicelib.domain.commands import (
    Appended,
    CancelRedemption,
    Close,
    Command,
    Decision,
    ReverseActivity,
    SaveQuote,
)
from chalicelib.domain.decide import HANDLERS
from chalicelib.domain.draft import Draft
from chalicelib.domain.effects import ProgressChange
from chalicelib.domain.errors import LoyaltyError
from chalicelib.domain.mechanics import (
    entitlements,
    holds,
    households,
    membership,
    plans,
    quoted,
    quotes,
    reversal,
    rewards,
    transfers,
)
from chalicelib.domain.mechanics.entitlements import UseEntitlement
from chalicelib.domain.mechanics.holds import PlaceHold
from chalicelib.domain.mechanics.households import AdmitMember
from chalicelib.domain.mechanics.plans import PayFee
from chalicelib.domain.mechanics.quotes import ConfirmQuote
from chalicelib.domain.mechanics.registry import REACTIONS, Handler
from chalicelib.domain.mechanics.transfers import ReceiveTransfer
from chalicelib.domain.programme import Programmes
from chalicelib.domain.reaction import Note, Retraction
from chalicelib.store.ledger import DynamoLedger
from chalicelib.usecases import execution
from chalicelib.usecases.ports import (
    Loaded,
)
from tests.faults import broken_stores
from tests.faults.world import MINUTE, LedgerOver


class Mutant(NamedTuple):
    """A planted bug: the ``ledger`` that has it, or what plants it elsewhere."""

    ledger: LedgerOver = DynamoLedger
    plant: Callable[[], AbstractContextManager[None]] = nullcontext

    def planted(self) -> AbstractContextManager[None]:
        """Plant it for the length of a block."""
        return self.plant()


# ── Steps of the execution ──


class _Hasty(execution._Write):
    """Refuses without asking the record."""

    def first_answer(self, *asked: Any) -> execution.Done | None:
        """Look nowhere while a refusal is on its way."""
        refusing = isinstance(sys.exception(), LoyaltyError)
        return None if refusing else super().first_answer(*asked)


class _Unsettled(execution._Write):
    """Decides on the account as it lies in the store."""

    def _decide(self, loaded: Loaded, *rest: Any, **more: Any) -> execution._Work:
        with _swapped(execution, "settle", _no_settling):
            return super()._decide(loaded, *rest, **more)


def _no_settling(account: Account, *_: Any, **__: Any) -> tuple[Account, Any]:
    return account, Appended()


# ── Handlers ──


def _restore_to_new_expiry(
    account: Account, programmes: Programmes, command: CancelRedemption, now: Instant
) -> Decision:
    """Give value back as if it were earned today."""
    later = now + 5 * 86_400_000
    day = calendar.local_date(later, "UTC").isoformat()
    redemption = command.redemption
    taken = tuple(replace(part, expires_at=later, expires_on=day) for part in redemption.taken)
    renewed = replace(command, redemption=replace(redemption, taken=taken))
    return rewards.cancel(account, programmes, renewed, now)


def _reverse_by_rate(
    account: Account, programmes: Programmes, command: ReverseActivity, now: Instant
) -> Decision:
    """Take back the share of the award that the money's share of the fact has."""
    recorded = command.recorded
    whole = from_entry(recorded).amount
    if command.amount is None or not whole:
        return reversal.reverse(account, programmes, command, now)
    before = command.remaining or reversal.untouched(recorded)
    granted = tuple(
        max(was - award.raw * command.amount // whole, 0)
        for award, was in zip(recorded.awards, before.granted, strict=True)
    )
    with _swapped(reversal, "_granted_anew", lambda *_, **__: granted):
        return reversal.reverse(account, programmes, command, now)


def _quota_outside(
    account: Account, programmes: Programmes, command: UseEntitlement, now: Instant
) -> Decision:
    """Count uses beside the account, in a place that is read a minute late."""
    if now - account.effective_at < MINUTE:
        late = {k: n for k, n in account.counters.items() if "/entitlement:" not in k}
        account = replace(account, counters=late)
    return entitlements.use(account, programmes, command, now)


def _hold_beside(
    account: Account, programmes: Programmes, command: PlaceHold, now: Instant
) -> Decision:
    """Note a hold and leave its value where everybody can spend it."""
    decision = holds.place(account, programmes, command, now)
    (entry,) = decision.entries
    effects = tuple(each for each in entry.effects if isinstance(each, ProgressChange))
    return replace(decision, entries=(replace(entry, effects=effects, postings=()),))


def _stamp_again(draft: Draft, retraction: Retraction) -> Note:
    """Leave the stamps of what came back on the card."""
    del draft
    return dict(retraction.note)


def _paid_twice(
    account: Account, programmes: Programmes, command: PayFee, now: Instant
) -> Decision:
    """Count a fee for as many periods as there are attempts to report it."""
    with _swapped(plans, "replace", _two_periods):
        return plans.pay(account, programmes, command, now)


def _two_periods(held: Any, **changes: Any) -> Any:
    if "periods" in changes:
        changes["periods"] += 1
    return replace(held, **changes)


def _refund_elsewhere(draft: Draft, retraction: Retraction) -> Note:
    """Return what a wallet paid as if it had been paid in without a rate."""
    draws = [
        {**draw, "taken": [[*part[:5], 0, *part[6:]] for part in draw["taken"]]}
        for draw in retraction.note["draws"]
    ]
    swapped = replace(retraction, note={**retraction.note, "draws": draws})
    return {**quoted.retract(draft, swapped), "draws": retraction.note["draws"]}


def _confirm_again(
    account: Account, programmes: Programmes, command: ConfirmQuote, now: Instant
) -> Decision:
    """Buy what was bought before, under another identity."""
    opened = replace(command, quote=replace(command.quote, state="open"))
    decision = quotes.confirm(account, programmes, opened, now)
    if command.quote.state == "open":
        return decision
    claims = tuple(claim for claim in decision.claims if not isinstance(claim, SaveQuote))
    return replace(decision, claims=claims)


def _free_for_ever(
    account: Account, programmes: Programmes, command: ConfirmQuote, now: Instant
) -> Decision:
    """Make lines free without using what makes them so."""
    with _swapped(entitlements, "consume", lambda *_: {}):
        return quotes.confirm(account, programmes, command, now)


def _begins_anew(
    account: Account, programmes: Programmes, command: ReceiveTransfer, now: Instant
) -> Decision:
    """Credit what another member sent as if it were earned today."""
    later = now + 5 * 86_400_000
    day = calendar.local_date(later, "UTC").isoformat()
    parts = tuple(replace(part, expires_at=later, expires_on=day) for part in command.parts)
    return transfers.receive(account, programmes, replace(command, parts=parts), now)


def _left_behind(
    account: Account, programmes: Programmes, command: Close, now: Instant
) -> Decision:
    """End an account, and tell its household nothing."""
    return replace(membership.close(account, programmes, command, now), passed=None)


def _room_for_all(
    account: Account, programmes: Programmes, command: AdmitMember, now: Instant
) -> Decision:
    """Admit whoever comes, whatever the household is for."""
    with _swapped(households, "max_members", lambda _: 99):
        return households.admit(account, programmes, command, now)


def _retracting(section: str, retract: Callable[[Draft, Retraction], Note]) -> Mutant:
    changed = tuple(
        each._replace(retract=retract) if each.section == section else each for each in REACTIONS
    )
    return Mutant(plant=lambda: _swapped(reversal, "REACTIONS", changed))


def _truthy(compiled: conditions.Compiled, values: Any) -> conditions.Outcome:
    """Take whatever an expression yields for its answer."""
    found = compiled.program.eval(data=values).plain_value()
    return conditions.Outcome(bool(found) if compiled.kind == "condition" else found)


# ── Planting ──


@contextmanager
def _swapped(owner: Any, name: str, replacement: Any) -> Iterator[None]:
    original = getattr(owner, name)
    setattr(owner, name, replacement)
    try:
        yield
    finally:
        setattr(owner, name, original)


@contextmanager
def _handled(command: type[Command], handler: Handler) -> Iterator[None]:
    original = HANDLERS[command]
    HANDLERS[command] = handler
    try:
        yield
    finally:
        HANDLERS[command] = original


MUTANTS: Final[dict[str, Mutant]] = {
    "naive-two-writes": Mutant(broken_stores.NaiveTwoWrites),
    "no-version-guard": Mutant(broken_stores.NoVersionGuard),
    "no-dedupe-record": Mutant(broken_stores.NoDedupeRecord),
    "unconditional-expiry": Mutant(broken_stores.UnconditionalExpiry),
    "conflict-after-success": Mutant(broken_stores.ConflictAfterSuccess),
    "unknown-is-failure": Mutant(broken_stores.UnknownIsFailure),
    "new-identity-on-retry": Mutant(broken_stores.NewIdentityOnRetry),
    "stock-outside": Mutant(broken_stores.StockOutside),
    "budget-outside": Mutant(broken_stores.BudgetOutside),
    "remaining-unguarded": Mutant(broken_stores.RemainingUnguarded),
    "index-moves-later": Mutant(broken_stores.IndexMovesLater),
    "index-forgotten": Mutant(broken_stores.IndexForgotten),
    "one-record-for-all": Mutant(broken_stores.OneRecordForAll),
    "receiver-afterwards": Mutant(broken_stores.ReceiverAfterwards),
    "receiver-unguarded": Mutant(broken_stores.ReceiverUnguarded),
    "transfer-begins-anew": Mutant(plant=lambda: _handled(ReceiveTransfer, _begins_anew)),
    "left-behind": Mutant(plant=lambda: _handled(Close, _left_behind)),
    "room-for-all": Mutant(plant=lambda: _handled(AdmitMember, _room_for_all)),
    "look-up-unclaimed": Mutant(broken_stores.LookUpUnclaimed),
    "refusal-before-record": Mutant(plant=lambda: _swapped(execution, "_Write", _Hasty)),
    "unsettled": Mutant(plant=lambda: _swapped(execution, "_Write", _Unsettled)),
    "restore-to-new-expiry": Mutant(
        plant=lambda: _handled(CancelRedemption, _restore_to_new_expiry)
    ),
    "reversal-by-rate": Mutant(plant=lambda: _handled(ReverseActivity, _reverse_by_rate)),
    "quota-outside": Mutant(plant=lambda: _handled(UseEntitlement, _quota_outside)),
    "hold-lowers-nothing": Mutant(plant=lambda: _handled(PlaceHold, _hold_beside)),
    "stamps-stay": _retracting("stamp_cards", _stamp_again),
    "refund-to-another-lot": _retracting("quotes", _refund_elsewhere),
    "one-fee-two-periods": Mutant(plant=lambda: _handled(PayFee, _paid_twice)),
    "confirmed-again": Mutant(plant=lambda: _handled(ConfirmQuote, _confirm_again)),
    "free-for-ever": Mutant(plant=lambda: _handled(ConfirmQuote, _free_for_ever)),
    "truthy-conditions": Mutant(plant=lambda: _swapped(conditions.Compiled, "evaluate", _truthy)),
}
