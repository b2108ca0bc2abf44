"""Purchases that are quoted and confirmed, money that is paid in, and statuses that are shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from chalicelib.domain.errors import LoyaltyError, Unavailable
from chalicelib.domain.ledger.effects import LotChange
from chalicelib.domain.ledger.events import (
    QUOTED,
    ActivityRecorded,
    EntitlementUse,
    Event,
    PaymentReversed,
    QuoteBought,
    WalletDraw,
)
from chalicelib.domain.ledger.events import (
    Outcome as JournalOutcome,
)
from chalicelib.domain.ledger.postings import kind_of
from chalicelib.domain.ledger.quote import Quote
from chalicelib.domain.mechanics.statuses import VerifyStatus, WithdrawStatus
from chalicelib.domain.mechanics.wallets import TopUp
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.execution import Done
from chalicelib.usecases.quote_purchase import (
    confirm_quote,
    confirmation_identity,
    quote_purchase,
)
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.stored import Answer
from tests.faults.activities import TILL
from tests.faults.billing import check_bill, check_covered, check_refund
from tests.faults.ending import Ending, Journal, TenantEnding
from tests.faults.holidays import check_holiday
from tests.faults.paying_back import draw_reference, hash_of
from tests.faults.play import Play
from tests.faults.programmes import PREPAID, PROGRAMME
from tests.faults.record import Answered, Delivery, Outcome, Part, Request
from tests.faults.telling import answer_of, commanded, draw_identity, once
from tests.faults.world import priced


def make(play: Play, tenant: str) -> Request:
    """
    Draw a purchase to be priced: often more than what is prepaid, a coffee among it.

    At times a voucher is presented for it, or an insurer pays a part.
    """
    member, amount = play.member(tenant), 500 + play.chance.below(16_000)
    covered = play.chance.pick(((0, 0), (0, 0), (amount // 3, 0), (4 * amount, 150)))
    command = priced(member, amount, covered)
    if amount % 4 < 2:
        # Nothing is free then, so that wallets pay for both lines.
        command = msgspec.structs.replace(command, excluded=frozenset({"coffee"}))
    held = [each.code for each in play.redeemed[tenant] if each.member == member]
    codes = [play.chance.pick(held)] if held and play.chance.percent(50) else []

    def send(services: Services, caller: Caller) -> tuple[Outcome]:
        try:
            made = quote_purchase(services, caller, command, codes)
        except Unavailable as fault:
            return (Outcome("open", fault.code),)
        except LoyaltyError as refusal:
            return (Outcome("refused", refusal.code),)
        quote = made.quoted.quote
        play.quotes[tenant].append(quote)

        def claim(ending: Ending, delivery: Delivery) -> Iterable[str]:
            yield from check_holiday(quote, ending, delivery)
            yield from check_covered(
                ending.tenants[tenant], quote, {"1": amount, "2": 300}, covered
            )

        return (Outcome("read", claim=claim),)

    return Request(send, f"{amount} by {member[-1]}{' for a voucher' if codes else ''}")


def confirm(play: Play, tenant: str) -> Request | None:
    """Draw a quote to be bought, again perhaps, or under the identity of a till's receipt."""
    if not play.quotes[tenant]:
        return None
    quote = play.chance.pick(play.quotes[tenant][-4:])
    own = play.chance.percent(50)
    receipt = (QUOTED, quote.id) if own else (TILL, f"bill{play.chance.below(6)}")
    identity = confirmation_identity(quote.member, quote.id, receipt)

    def run(services: Services, caller: Caller) -> Done:
        named = None if own else receipt
        done = confirm_quote(services, caller, quote.member, quote.id, named, _told, None)
        activity = msgspec.structs.replace(
            quote.activity, source=receipt[0], external_id=receipt[1], occurred_at=quote.made_at
        )
        if activity not in play.reported[tenant]:
            play.reported[tenant].append(activity)
        return done

    about = f"{quote.id[-3:]} as {receipt[1]}"
    return Request(once(run), about, (Part(identity, None, receipt, quote.member),))


def _told(decided: Decided) -> Answer:
    # Of the result what a client needs: the quote alone, since the rest is in the journal.
    quote: Quote = decided.results[-1].quote
    return answer_of(decided._replace(results=(_Bought(quote.id),)))


class _Bought(msgspec.Struct, frozen=True):
    """What is told of a purchase."""

    quote: str


def pay_in(play: Play, tenant: str) -> Request:
    """Draw a top-up of either rate, or of none."""
    member, amount = play.member(tenant), play.chance.pick((1500, 2500, 6000))
    reference = draw_reference(play, tenant)
    command = TopUp(
        member=member,
        programme=PROGRAMME,
        currency="prepaid",
        amount=amount,
        reference=reference,
        payment=hash_of(tenant, reference),
    )
    identity = draw_identity(play, tenant, "top up", (member, amount))
    return commanded(f"{amount} by {member[-1]}", identity, command)


def show(play: Play, tenant: str) -> Request:
    """Draw a status that is shown, for some days perhaps, or withdrawn."""
    member = play.member(tenant)
    until = "2027-01-01" if play.chance.percent(50) else None
    ways: tuple[VerifyStatus | WithdrawStatus, ...] = (
        VerifyStatus(member=member, programme=PROGRAMME, status="family"),
        VerifyStatus(
            member=member,
            programme=PROGRAMME,
            status="family",
            from_on="2020-01-01",
            until_on=until,
        ),
        WithdrawStatus(member=member, programme=PROGRAMME, status="family", reason="by-mistake"),
    )
    command = play.chance.pick(ways)
    identity = draw_identity(play, tenant, "status", (member, command))
    return commanded(f"{type(command).__name__} of {member[-1]}", identity, command)


def nothing_shown(answer: Answered) -> bool:
    """Tell whether a status was so already."""
    return answer.result["changed"] is False


def check_quotes(tenant: TenantEnding) -> Iterator[str]:
    """Quotes cost what they say, once; what is drawn from a lot comes back to no other."""
    bought: Counter[str] = Counter()
    for member, journal in tenant.journals.items():
        name = f"{tenant.id} {member[-1]}"
        for event in journal.events:
            if isinstance(event.data, ActivityRecorded) and event.data.quote:
                bought[event.data.quote] += 1
                yield from (f"{name}: {fault}" for fault in _cost(tenant, event, event.data))
        account = tenant.accounts.get(member)
        if account is not None and account.status in ("prospect", "enrolled"):
            yield from (f"{name}: {fault}" for fault in _rates(tenant, member, journal))
    for (member, version), left in tenant.remaining.items():
        outcome = _bought(left.outcomes)
        if outcome is not None:
            name = f"{tenant.id} {member[-1]} {version}"
            yield from (f"{name}: {fault}" for fault in check_refund(left, outcome))
    for quote_id, quote in tenant.quotes.items():
        yield from (f"{tenant.id}: {fault}" for fault in check_bill(quote))
        if bought[quote_id] != (quote.state == "confirmed"):
            times = bought[quote_id]
            yield f"{tenant.id}: {quote_id} is {quote.state} and was bought {times} times"


def _cost(tenant: TenantEnding, event: Event, data: ActivityRecorded) -> Iterator[str]:
    quote, outcome = tenant.quotes.get(data.quote), _bought(event.outcomes)
    if quote is None or outcome is None:
        yield f"{event.version} bought {data.quote}, which is not there"
        return
    drawn = sum(draw.amount for draw in outcome.draws)
    moved = sum(
        posting.amount
        for posting in event.postings
        if posting.currency == PREPAID and kind_of(posting.destination) == "redeemed"
    )
    if not drawn == moved == sum(draw.amount for draw in quote.draws):
        yield f"{event.version} drew {moved}, quoted were {quote.draws}"
    amount = data.activity.amount
    if quote.net - drawn != quote.due or amount != quote.net:
        yield f"{event.version} cost {amount}, quoted were {quote.net}, due {quote.due}"
    used = [_taken_from(line.use) if line.use else None for line in outcome.freed]
    if used != [freed.units for freed in quote.freed]:
        yield f"{event.version} used {outcome.freed}, quoted were {quote.freed}"


def _taken_from(use: EntitlementUse) -> int:
    """Return for how many units of a use it says where they come from."""
    if use.unlimited:
        return use.units
    return (use.quota.units if use.quota else 0) + sum(part.units for part in use.grants)


def _bought(outcomes: Iterable[JournalOutcome]) -> QuoteBought | None:
    return next((each for each in outcomes if isinstance(each, QuoteBought)), None)


_COMES_OR_GOES: Final = frozenset(
    {
        *("wallet.topped_up", "gift_card.received", "lots.expired"),
        *("transfer.sent", "transfer.received"),
    }
)


def _rates(tenant: TenantEnding, member: str, journal: Journal) -> Iterator[str]:
    """What came in at each rate is there, or was given away, or drawn and did not come back."""
    expected: Counter[int] = Counter()
    for event in journal.events:
        if event.kind in _COMES_OR_GOES:
            for effect in event.effects:
                if isinstance(effect, LotChange) and effect.currency == PREPAID:
                    expected[effect.lot.rate] += effect.delta
        for draw in draws_left(tenant, member, event):
            back = draw.back
            for part in reversed(draw.taken):
                returned = min(part.amount, back)
                back -= returned
                expected[part.lot.rate] -= part.amount - returned
            # What is a gift has a last day.
            expected[0] -= draw.expired
    held: Counter[int] = Counter()
    for lot in tenant.accounts[member].balance(PREPAID).lots:
        held[lot.key.rate] += lot.amount
    # What goes back is taken from other lots where its own is spent, and then owed.
    went_back = any(isinstance(event.data, PaymentReversed) for event in journal.events)
    if +held != +expected and not went_back:
        yield f"prepaid by rate are {dict(held)}, not {dict(expected)}"


def draws_left(tenant: TenantEnding, member: str, event: Event) -> list[WalletDraw]:
    """Return what an event drew from wallets, with what has come back since."""
    left = bought_left(tenant, member, event)
    return [draw for draw in left.draws if draw.currency == PREPAID] if left else []


def bought_left(tenant: TenantEnding, member: str, event: Event) -> QuoteBought | None:
    """Return what came of a purchase that was quoted, as reversals have left it."""
    remaining = tenant.remaining.get((member, event.version))
    return _bought(event.outcomes if remaining is None else remaining.outcomes)
