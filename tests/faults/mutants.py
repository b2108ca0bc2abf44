"""
Planted bugs: each a wrong turn that someone could take, which the simulation must notice.

A mutant is the real product with one part of it wrapped: its store, a step of its execution or the
handler of one command.  What is wrapped is put back afterwards.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import date
from fractions import Fraction
from itertools import count
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from chalicelib.domain.decide import registry
from chalicelib.domain.decide.appending import Appended
from chalicelib.domain.decide.benefits import Benefit
from chalicelib.domain.decide.claims import Claim, Ref, SaveRecord
from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import MEMBER, Decider, Participant
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Handler
from chalicelib.domain.decide.reaction import ReversalContext
from chalicelib.domain.errors import LoyaltyError
from chalicelib.domain.ledger import calendar, money
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.activity import recorded_in
from chalicelib.domain.ledger.bill import PricedLine
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import ProgressChange
from chalicelib.domain.ledger.events import (
    ActivityRecorded,
    CardsStamped,
    EntitlementUse,
    Event,
    Line,
    Outcome,
    QuoteBought,
    section_of,
)
from chalicelib.domain.ledger.lots import Taken
from chalicelib.domain.mechanics import (
    caps,
    clawback,
    closing,
    date_gifts,
    discounts,
    earning,
    entitlement_uses,
    fulfilment,
    gift_card_uses,
    holds,
    households,
    inactivity,
    last_days,
    metrics,
    money_off,
    offer_limits,
    payment_reversals,
    plans,
    policy_overrides,
    quotes,
    quoting,
    reclaim,
    redemptions,
    remaining,
    restoring,
    reversal,
    revocations,
    rewards,
    subscriptions,
    tier_windows,
    transfers,
    unspent,
)
from chalicelib.domain.mechanics.closing import Close
from chalicelib.domain.mechanics.entitlement_uses import UseEntitlement
from chalicelib.domain.mechanics.fulfilment import AdvanceFulfilment
from chalicelib.domain.mechanics.holds import PlaceHold
from chalicelib.domain.mechanics.households import JoinHousehold
from chalicelib.domain.mechanics.last_days import LastDay
from chalicelib.domain.mechanics.payment_reversals import ReversePayment
from chalicelib.domain.mechanics.quoting import QUOTES, ConfirmQuote, MakeQuote
from chalicelib.domain.mechanics.redemptions import REDEMPTIONS, CancelRedemption
from chalicelib.domain.mechanics.reducing import Reducing
from chalicelib.domain.mechanics.remaining import REMAINING
from chalicelib.domain.mechanics.reversal import ReverseActivity
from chalicelib.domain.mechanics.revocations import RevokeAward
from chalicelib.domain.mechanics.rewards import Redeem
from chalicelib.domain.mechanics.stacking import Stack
from chalicelib.domain.mechanics.subscriptions import PayFee
from chalicelib.domain.mechanics.taking_back import TAKEN_BACK
from chalicelib.domain.mechanics.transfers import SendTransfer
from chalicelib.domain.mechanics.wallet_payments import Share
from chalicelib.domain.programme import conditions
from chalicelib.domain.programme.document import Programme, Reward
from chalicelib.domain.programme.versions import ProgrammeVersion
from chalicelib.routes import pricing as carts
from chalicelib.store import tenant_lists
from chalicelib.store.catalogue import CachedCatalogue
from chalicelib.store.ledger import DynamoLedger
from chalicelib.usecases import attempt, execution
from chalicelib.usecases.services import Acting
from tests.faults import broken_stores
from tests.faults.programmes import GOOD_WEEK
from tests.faults.world import DAY, MINUTE, LedgerOver

_LINE: Final = Reducing._line
_NUMBERS: Final = count()
_BENEFIT: Final = rewards._benefit
_CART: Final = carts.activity_of
_CHECK: Final = Acting.check
_SETTLED: Final = attempt._settled
_GRANT: Final[Callable[..., Any]] = earning._grant
_VOUCHERS: Final = reversal._vouchers
_REPLACEMENT: Final = tenant_lists.replacement
_CACHED: Final = CachedCatalogue.__init__
_NEXT: Final[Callable[..., Any]] = date_gifts._next


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


def _checked_once(acting: Acting, account: Account | None, now: Instant) -> None:
    """Ask whether a delegate may by what was read first, and never again."""
    if not acting.checked:
        _CHECK(acting, account, now)


def _delegates_remembered() -> AbstractContextManager[None]:
    """Ask at the door whether a delegate may, which remembers who might."""
    known = set[tuple[str, str]]()

    def check(acting: Acting, account: Account | None, now: Instant) -> None:
        if (acting.delegate, acting.matter) not in known:
            _CHECK(acting, account, now)
            known.add((acting.delegate, acting.matter))
        acting.checked = True

    return _swapped(Acting, "check", check)


def _weigh_unsettled(*asked: Any, **more: Any) -> attempt.Weighed:
    """Decide on accounts as they lie in the store."""
    with _swapped(attempt, "settle", _no_settling):
        return attempt.weigh(*asked, **more)


def _settled_alone(
    about: attempt.Attempt, read: attempt.Read, *, limit: int | None
) -> tuple[dict[str, Participant], Instant, bool]:
    """Settle the member's account, and leave the others as they lie in the store."""
    settled, now, unfinished = _SETTLED(about, read, limit=limit)
    others = {
        role: attempt._participant(about, each.id, read.loaded)
        for role, each in settled.items()
        if role != MEMBER
    }
    return settled | others, now, unfinished


def _no_settling(account: Account, *_: Any, **__: Any) -> tuple[Account, Appended]:
    return account, Appended()


# ── Handlers ──


def _restore_to_new_expiry(decider: Decider, command: CancelRedemption) -> Any:
    """Give value back as if it were earned today."""
    ref = REDEMPTIONS.ref(command.member, command.redemption_id)
    redemption = decider.record(REDEMPTIONS, command.member, command.redemption_id)
    if redemption is None:
        return redemptions.cancel(decider, command)
    with _read_as(decider, ref, replace(redemption, taken=_anew(redemption.taken, decider.now))):
        return redemptions.cancel(decider, command)


def _anew(parts: tuple[Taken, ...], now: Instant) -> tuple[Taken, ...]:
    later = now + 5 * DAY
    day = calendar.local_date(later, "UTC").isoformat()
    return tuple(
        replace(part, lot=replace(part.lot, expires_at=later, expires_on=day)) for part in parts
    )


def _reverse_by_rate(decider: Decider, command: ReverseActivity) -> Any:
    """Take back the share of the award that the money's share of the activity has."""
    recorded = decider.event_at(command.member, command.version)
    if recorded is None or not isinstance(recorded.data, ActivityRecorded):
        return reversal.reverse(decider, command)
    whole = recorded_in(recorded).amount
    if command.amount is None or not whole:
        return reversal.reverse(decider, command)
    left = decider.record(REMAINING, command.member, str(command.version))
    before = left or remaining.untouched(recorded)
    granted = tuple(
        max(was - award.raw * command.amount // whole, 0)
        for award, was in zip(recorded.data.awards, before.granted, strict=True)
    )
    with _swapped(clawback, "granted_anew", lambda *_, **__: granted):
        return reversal.reverse(decider, command)


def _rounded_line_by_line(
    lines: tuple[tuple[int, int], ...], amount: int
) -> tuple[tuple[int, int], ...]:
    """Round what of an amount comes off each line by itself."""
    total = sum(left for left, _ in lines)
    return tuple((left - left * amount // total, units) for left, units in lines)


def _read_late(handler: Handler, of: str) -> Handler:
    """Count beside the account, in a place that is read a minute late: such counters of it."""

    def handled(decider: Decider, command: Any) -> Any:
        account = decider.member
        if decider.now - account.effective_at >= MINUTE:
            return handler(decider, command)
        late = {k: n for k, n in account.counters.items() if of not in k}
        seen = replace(account, counters=late)

        def event(role: str = MEMBER) -> EventBuilder:
            builder = Decider.event(decider, role)
            recorder, door = builder._recorder, builder._door
            return EventBuilder(seen, decider.now, door, actor=decider.actor, recorder=recorder)

        with _swapped(decider, "event", event), _swapped(registry, "refusals", lambda *_: ()):
            return handler(decider, command)

    return handled


def _worth_its_price(programme: Programme, reward: Reward) -> Benefit:
    """Count what a reward costs in points, and not what it is worth."""
    return replace(_BENEFIT(programme, reward), retail_value=reward.price.amount)


def _used_again(decider: Decider, command: UseEntitlement) -> Any:
    """Take a token for what it says, and remember nothing of its use."""
    with _swapped(entitlement_uses, "_use_up", lambda *_: None):
        return entitlement_uses.use(decider, command)


def _handed_out_again(decider: Decider, command: AdvanceFulfilment) -> Any:
    """Hand goods out whatever became of them before."""
    redemption = decider.record(REDEMPTIONS, command.member, command.redemption_id)
    if redemption is None or not redemption.fulfilment:
        return fulfilment.advance(decider, command)
    ref = REDEMPTIONS.ref(command.member, command.redemption_id)
    with _read_as(decider, ref, replace(redemption, fulfilment="ordered")):
        return fulfilment.advance(decider, command)


def _handed_out_after_all(decider: Decider, command: AdvanceFulfilment) -> Any:
    """Hand goods out that were paid back."""
    redemption = decider.record(REDEMPTIONS, command.member, command.redemption_id)
    if redemption is None or redemption.state != "cancelled":
        return fulfilment.advance(decider, command)
    ref = REDEMPTIONS.ref(command.member, command.redemption_id)
    with _read_as(decider, ref, replace(redemption, state="issued")):
        return fulfilment.advance(decider, command)


def _whole_bill(money: str, lines: Sequence[carts.QuotedLineBody]) -> Any:
    """Price a bill as if all of it were the member's to pay."""
    return _CART(money, [replace(line, covered=0) for line in lines])


def _hold_beside(decider: Decider, command: PlaceHold) -> Any:
    """Note a hold and leave its value where everybody can spend it."""

    def noted(event: Event) -> Event:
        effects = tuple(each for each in event.effects if isinstance(each, ProgressChange))
        return replace(event, effects=effects, postings=())

    with _recorded_as(decider, noted):
        return holds.place(decider, command)


def _stamp_again(
    builder: EventBuilder, context: ReversalContext, outcome: CardsStamped
) -> CardsStamped:
    """Leave the stamps of what came back on the card."""
    del builder, context
    return outcome


def _paid_twice(decider: Decider, command: PayFee) -> Any:
    """Count a fee for as many periods as there are attempts to report it."""
    with _swapped(subscriptions, "with_period", _two_periods):
        return subscriptions.pay_fee(decider, command)


def _two_periods(programme: Any, held: Any, plan: Any, paid: plans.PaidFee) -> Any:
    once = plans.with_period(programme, held, plan, paid)
    return plans.with_period(programme, once, plan, plans.PaidFee(0))


def _refund_elsewhere(
    builder: EventBuilder, context: ReversalContext, outcome: QuoteBought
) -> QuoteBought:
    """Return what a wallet paid as if it had been paid in without a rate."""
    draws = tuple(
        replace(draw, taken=tuple(replace(p, lot=replace(p.lot, rate=0)) for p in draw.taken))
        for draw in outcome.draws
    )
    after = quotes.retract(builder, context, replace(outcome, draws=draws))
    return replace(after, draws=outcome.draws)


def _refund_by_share(
    builder: EventBuilder, context: ReversalContext, outcome: QuoteBought
) -> QuoteBought:
    """Return to each wallet its share of what comes back now, whatever came back before."""
    net = sum(outcome.nets)

    def share(back: int, paid: dict[int, int]) -> dict[int, int]:
        shares = {n: draw.money * back // net for n, draw in enumerate(outcome.draws)}
        return {**dict.fromkeys(paid, 0), **shares}

    with _swapped(money, "apportion", share):
        return quotes.retract(builder, context, outcome)


def _rounded_by_lot(
    reducing: Any, line: Line, stack: Stack, shares: Sequence[tuple[Share, int]], bill: int
) -> PricedLine:
    """Round what comes off a line once for each rate at which it is paid."""
    taken = sum(
        money.divide(of_bill * stack.at(share.rate).together, bill * stack.unit, "half_up")
        for share, of_bill in shares
    )
    priced: PricedLine = _LINE(reducing, line, stack, shares, bill)
    return replace(priced, net=line.amount - taken)


def _rounded_in_turn(
    reducing: Any, line: Line, stack: Stack, shares: Sequence[tuple[Share, int]], bill: int
) -> PricedLine:
    """Round the sum of what comes off so far, so that each line has what the ones before leave."""
    together = sum(of_bill * stack.at(share.rate).together for share, of_bill in shares)
    before = getattr(reducing, "so_far", Fraction())
    reducing.so_far = before + Fraction(together, bill * stack.unit)
    taken = round(reducing.so_far) - round(before)
    priced: PricedLine = _LINE(reducing, line, stack, shares, bill)
    return replace(priced, net=line.amount - taken)


def _confirm_again(decider: Decider, command: ConfirmQuote) -> Any:
    """Buy what was bought before, under another identity."""
    quote = decider.record(QUOTES, command.member, command.quote_id)
    if quote is None or quote.state == "open":
        return quoting.confirm(decider, command)
    ref = QUOTES.ref(command.member, command.quote_id)
    with _read_as(decider, ref, replace(quote, state="open")):
        result = quoting.confirm(decider, command)
    decider.claims = [claim for claim in decider.claims if not _saves(claim, ref)]
    return result


def _goes_back_again(decider: Decider, command: ReversePayment) -> Any:
    """Undo a payment as often as it is asked for."""
    ref = TAKEN_BACK.ref(command.member, str(command.version))
    if decider.record(TAKEN_BACK, command.member, str(command.version)) is None:
        return payment_reversals.reverse_payment(decider, command)
    with _read_as(decider, ref, None):
        result = payment_reversals.reverse_payment(decider, command)
    decider.claims = [claim for claim in decider.claims if not _saves(claim, ref)]
    return result


def _revoked_is_forgotten(decider: Decider, command: RevokeAward) -> Any:
    """Take an award back, and let later reversals take it back again."""
    result = revocations.revoke(decider, command)
    decider.claims = [
        replace(claim, record=replace(claim.record, revoked=()))
        if isinstance(claim, SaveRecord) and claim.ref.kind is REMAINING
        else claim
        for claim in decider.claims
    ]
    return result


def _saves(claim: Claim, ref: Ref) -> bool:
    return isinstance(claim, SaveRecord) and claim.ref == ref


def _free_for_ever(decider: Decider, command: ConfirmQuote) -> Any:
    """Make lines free without using what makes them so."""
    with _swapped(entitlement_uses, "consume", _used_nothing):
        return quoting.confirm(decider, command)


def _by_day_of_utc(
    decider: Decider, _programme: Programme, _type: str, service_on: str | None, _today: date
) -> date:
    """Take the day of a purchase by UTC, not where the programme is."""
    return date.fromisoformat(service_on or f"{calendar.local_date(decider.now, 'UTC')}")


def _by_whole_dates(decider: Decider, command: MakeQuote) -> Any:
    """Find a day on lists as a date, and not as one of every year."""
    dated = {
        name: frozenset(day for day in days if len(day) > len("12-31"))
        for name, days in command.holidays.items()
    }
    return quoting.make(decider, replace(command, holidays=dated))


def _first_lists_stay(*asked: Any) -> dict[str, Any]:
    """Write lists of days where there are none, and otherwise leave what is there."""
    replacement = _REPLACEMENT(*asked)
    kept = "SET holidays = if_not_exists(holidays, :list), holidays_revision = :next"
    return {**replacement, "UpdateExpression": kept}


def _remembered_for_ever(remembered: CachedCatalogue, behind: Any, *_: Any) -> None:
    """Keep what was read by a clock that stands still."""
    _CACHED(remembered, behind, lambda: 0)


def _used_nothing(
    _draft: EventBuilder, programme: Programme, entitlement: str, units: int
) -> EntitlementUse:
    return EntitlementUse(programme.id, entitlement, units)


def _begins_anew(decider: Decider, command: SendTransfer) -> Any:
    """Credit what another member sent as if it were earned today."""
    receive = transfers._receive

    def anew(there: Decider, programme: Any, rule: Any, parts: Any, sent: SendTransfer) -> None:
        receive(there, programme, rule, _anew(parts, there.now), sent)

    with _swapped(transfers, "_receive", anew):
        return transfers.send(decider, command)


def _left_behind(decider: Decider, command: Close) -> Any:
    """End an account, and tell its household nothing."""
    with _swapped(households, "dismiss", lambda *_: None):
        return closing.close(decider, command)


def _room_for_all(decider: Decider, command: JoinHousehold) -> Any:
    """Admit whoever comes, whatever the household is for."""
    with _swapped(households, "max_members", lambda _: 99):
        return households.join(decider, command)


def _next_at_all(*asked: Any) -> Any:
    """Plan by the birthday alone, whatever it has brought on another day of the year."""
    *about, held, now = asked
    planned = _NEXT(*about, held, now)
    anew = _NEXT(*about, date_gifts.Planned(), now)
    is_over = anew is not None and anew[0].isoformat() == held.last_on
    return planned if is_over else anew


def _noticed_at_crossing(
    account: Account, versions: tuple[ProgrammeVersion, ...], discount: str, day: date
) -> date | None:
    """Let a term begin with a day that crosses the threshold, and not with what follows it."""
    del discount
    name = metrics.metric_key(versions[-1].programme_id, "spend")
    totals = metrics.DayTotals(account.metrics.get(name, {}))
    found, was_there = None, False
    for each in map(date.fromisoformat, totals.days):
        first = calendar.add_days(each, 1 - GOOD_WEEK.days)
        is_there = totals.between(first, each) >= GOOD_WEEK.at_least
        if is_there and not was_there and each <= day:
            found = calendar.add_days(each, GOOD_WEEK.term_days)
        was_there = is_there
    return found


def _moved_alone(event: EventBuilder, currency: str, last: LastDay) -> None:
    """Note the last day that a visit brings, and let what was there end as before."""
    last_days.LAST_DAYS.put(event, currency, last)


def _by_tier_of_today(event: EventBuilder, programme: Programme, *asked: Any) -> Any:
    """Let what is told late last by the tier that is held when it is told."""
    *about, _ = asked
    return _GRANT(event, programme, *about, event.account.enrolments[programme.id].tier)


def _nothing_kept_back(offers: Any, *_: Any) -> Any:
    """Leave a discount on what is kept, whatever its least bill."""
    return tuple(offers)


def _vouchers_of_a_part(*asked: Any, whole: bool) -> Any:
    """Let vouchers be good again when any part of their purchase comes back."""
    del whole
    return _VOUCHERS(*asked, whole=False)


def _room_as_then(*_: Any) -> Callable[..., None]:
    """See no use of caps but what was known when an activity was recorded."""
    return lambda *_: None


@contextmanager
def _read_as(decider: Decider, ref: Ref, record: Any) -> Iterator[None]:
    """Let a record be another than was read."""
    with _swapped(decider, "_records", {**decider._records, ref: record}):
        yield


@contextmanager
def _recorded_as(decider: Decider, changed: Callable[[Event], Event]) -> Iterator[None]:
    """Let events be recorded otherwise than they were decided."""

    def event(role: str = MEMBER) -> EventBuilder:
        builder = Decider.event(decider, role)
        record = builder._recorder
        builder._recorder = record and (lambda decided: record(changed(decided)))
        return builder

    with _swapped(decider, "event", event):
        yield


def _retracting(section: str, retract: Callable[..., Outcome]) -> Mutant:
    rightly = reversal._retracted

    def wrongly(builder: EventBuilder, context: ReversalContext, outcome: Outcome) -> Outcome:
        changed = retract if section_of(outcome) == section else rightly
        return changed(builder, context, outcome)

    return Mutant(plant=lambda: _swapped(reversal, "_retracted", wrongly))


def _truthy(compiled: conditions.Compiled, readings: conditions.Readings) -> conditions.Outcome:
    """Take whatever an expression yields for its answer."""
    found = compiled.program.eval(readings.activation).plain_value()
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
def _comes_back_again() -> Iterator[None]:
    """Cancel a whole use of a gift card, whatever of it came back before."""
    rightly = restoring.last_taken

    def wrongly(taken: tuple[Taken, ...], _back: int, amount: int) -> Iterator[Taken]:
        return rightly(taken, 0, amount)

    whole = property(lambda use: use.amount)
    with (
        _swapped(restoring, "last_taken", wrongly),
        _swapped(gift_card_uses.Use, "left", whole),
    ):
        yield


@contextmanager
def _handled(command: type[Command], handler: Handler) -> Iterator[None]:
    handlers = sys.modules[command.__module__].MECHANIC.handlers
    original = handlers[command]
    handlers[command] = handler
    try:
        yield
    finally:
        handlers[command] = original


#: A wrong turn that takes two requests at the very same moment: the exhaustive walk finds it.
CHECKED_ONCE: Final = Mutant(plant=lambda: _swapped(Acting, "check", _checked_once))
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
    "redemption-unguarded": Mutant(broken_stores.RedemptionUnguarded),
    "quote-unguarded": Mutant(broken_stores.QuoteUnguarded),
    "index-moves-later": Mutant(broken_stores.IndexMovesLater),
    "index-forgotten": Mutant(broken_stores.IndexForgotten),
    "one-record-for-all": Mutant(broken_stores.OneRecordForAll),
    "profile-afterwards": Mutant(broken_stores.ProfileAfterwards),
    "gift-of-another-day": Mutant(plant=lambda: _swapped(date_gifts, "_next", _next_at_all)),
    "receiver-afterwards": Mutant(broken_stores.ReceiverAfterwards),
    "receiver-unguarded": Mutant(broken_stores.ReceiverUnguarded),
    "transfer-begins-anew": Mutant(plant=lambda: _handled(SendTransfer, _begins_anew)),
    "left-behind": Mutant(plant=lambda: _handled(Close, _left_behind)),
    "room-for-all": Mutant(plant=lambda: _handled(JoinHousehold, _room_for_all)),
    "lookup-unclaimed": Mutant(broken_stores.LookupUnclaimed),
    "refusal-before-record": Mutant(plant=lambda: _swapped(execution, "_Write", _Hasty)),
    "others-unsettled": Mutant(plant=lambda: _swapped(attempt, "_settled", _settled_alone)),
    "delegate-remembered": Mutant(plant=_delegates_remembered),
    "unsettled": Mutant(plant=lambda: _swapped(execution, "weigh", _weigh_unsettled)),
    "restore-to-new-expiry": Mutant(
        plant=lambda: _handled(CancelRedemption, _restore_to_new_expiry)
    ),
    "reversal-by-rate": Mutant(plant=lambda: _handled(ReverseActivity, _reverse_by_rate)),
    "rounded-line-by-line": Mutant(
        plant=lambda: _swapped(remaining, "_spread", _rounded_line_by_line)
    ),
    "quota-outside": Mutant(
        plant=lambda: _handled(UseEntitlement, _read_late(entitlement_uses.use, "/entitlement:"))
    ),
    "cap-outside": Mutant(plant=lambda: _handled(Redeem, _read_late(rewards.redeem, "legal/"))),
    "cap-by-points": Mutant(plant=lambda: _swapped(rewards, "_benefit", _worth_its_price)),
    "cap-stays": Mutant(plant=lambda: _swapped(money_off, "give_back", lambda *_: None)),
    "approved-alone": Mutant(
        plant=lambda: _swapped(policy_overrides, "_digest", lambda *_: str(next(_NUMBERS)))
    ),
    "token-used-again": Mutant(plant=lambda: _handled(UseEntitlement, _used_again)),
    "handed-out-again": Mutant(plant=lambda: _handled(AdvanceFulfilment, _handed_out_again)),
    "handed-out-after-all": Mutant(
        plant=lambda: _handled(AdvanceFulfilment, _handed_out_after_all)
    ),
    "offset-of-the-whole-bill": Mutant(plant=lambda: _swapped(carts, "activity_of", _whole_bill)),
    "hold-lowers-nothing": Mutant(plant=lambda: _handled(PlaceHold, _hold_beside)),
    "stamps-stay": _retracting("stamp_cards", _stamp_again),
    "refund-to-another-lot": _retracting("quotes", _refund_elsewhere),
    "refund-by-share": _retracting("quotes", _refund_by_share),
    "rounded-by-lot": Mutant(plant=lambda: _swapped(Reducing, "_line", _rounded_by_lot)),
    "rounded-in-turn": Mutant(plant=lambda: _swapped(Reducing, "_line", _rounded_in_turn)),
    "one-fee-two-periods": Mutant(plant=lambda: _handled(PayFee, _paid_twice)),
    "goes-back-again": Mutant(plant=lambda: _handled(ReversePayment, _goes_back_again)),
    "revoked-is-forgotten": Mutant(plant=lambda: _handled(RevokeAward, _revoked_is_forgotten)),
    "card-pays-back-again": Mutant(plant=_comes_back_again),
    "confirmed-again": Mutant(plant=lambda: _handled(ConfirmQuote, _confirm_again)),
    "noticed-at-crossing": Mutant(
        plant=lambda: _swapped(discounts, "held_through", _noticed_at_crossing)
    ),
    "reached-when-told": Mutant(plant=lambda: _swapped(tier_windows, "brought", lambda *_: [])),
    "moved-alone": Mutant(plant=lambda: _swapped(inactivity, "_move", _moved_alone)),
    "tier-of-today": Mutant(plant=lambda: _swapped(earning, "_grant", _by_tier_of_today)),
    "back-again": Mutant(plant=lambda: _swapped(unspent, "take", lambda *_: None)),
    "room-as-then": Mutant(plant=lambda: _swapped(caps, "room_again", _room_as_then)),
    "free-for-ever": Mutant(plant=lambda: _handled(ConfirmQuote, _free_for_ever)),
    "discount-stays": Mutant(plant=lambda: _swapped(reclaim, "reclaimed", _nothing_kept_back)),
    "limit-not-counted": Mutant(plant=lambda: _swapped(offer_limits, "use", lambda *_: None)),
    "voucher-back-at-once": Mutant(
        plant=lambda: _swapped(reversal, "_vouchers", _vouchers_of_a_part)
    ),
    "day-of-utc": Mutant(plant=lambda: _swapped(quoting, "service_day", _by_day_of_utc)),
    "whole-dates-only": Mutant(plant=lambda: _handled(MakeQuote, _by_whole_dates)),
    "first-lists-stay": Mutant(
        plant=lambda: _swapped(tenant_lists, "replacement", _first_lists_stay)
    ),
    "remembered-for-ever": Mutant(
        plant=lambda: _swapped(CachedCatalogue, "__init__", _remembered_for_ever)
    ),
    "truthy-conditions": Mutant(plant=lambda: _swapped(conditions.Compiled, "evaluate", _truthy)),
}
