"""Payments that are reported by a reference, and go back: what must hold of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from chalicelib.domain.ledger.events import (
    Event,
    GiftCardSold,
    MemberClosed,
    PaymentReversed,
    PlanFeePaid,
    PlanSubscribed,
    WalletToppedUp,
)
from chalicelib.domain.ledger.postings import AVAILABLE, kind_of
from chalicelib.domain.mechanics import payments
from chalicelib.usecases.reverse_payment import reverse_payment
from chalicelib.usecases.stored import KeyHolder
from tests.faults.ending import Journal, TenantEnding
from tests.faults.play import Play
from tests.faults.programmes import PREPAID, PROGRAMME
from tests.faults.record import Answered, Request
from tests.faults.telling import answer_of, draw_identity, request
from tests.faults.world import SECRETS


def draw_reference(play: Play, tenant: str) -> str:
    """Draw what a payment is called; now and then as another one was."""
    known = play.payments[tenant]
    if known and play.chance.percent(10):
        return play.chance.pick(known)
    known.append(f"pay{play.number(tenant)}")
    return known[-1]


def hash_of(tenant: str, reference: str) -> str:
    """Return the look-up hash of a payment's reference."""
    return SECRETS.payment(tenant, reference)


def reverse(play: Play, tenant: str) -> Request | None:
    """Draw a payment that goes back, mostly one of the last."""
    if not play.payments[tenant]:
        return None
    reference = play.chance.pick(play.payments[tenant][-3:])
    identity = draw_identity(play, tenant, "chargeback", reference)
    return request(
        reference, identity, lambda s, c: reverse_payment(s, c, reference, answer_of, identity)
    )


def nothing_reversed(answer: Answered) -> bool:
    """Tell whether a payment had gone back before."""
    return answer.result["changed"] is False


def check_payments(tenant: TenantEnding) -> Iterator[str]:
    """A reference names one payment, which goes back once; a wallet holds what was paid in."""
    named: Counter[str] = Counter()
    for member, journal in tenant.journals.items():
        name = f"{tenant.id} {member[-1]}"
        for event in journal.events:
            reference = event.detail.note if event.detail else ""
            if not _paid(event) or not reference:
                continue
            named[reference] += 1
            holder = tenant.holder(payments.key_of(hash_of(tenant.id, reference)))
            if holder != KeyHolder(member, f"{PROGRAMME}/{event.version}"):
                yield f"{name}: {reference} of {event.version} leads to {holder}"
        yield from (f"{name}: {fault}" for fault in _reversed(journal))
        yield from (f"{name}: {fault}" for fault in _paid_out(journal))
        account = tenant.accounts.get(member)
        if account is not None and account.status != "closed":
            held = account.balance(PREPAID).available
            if held != (expected := _paid_in(journal)):
                yield f"{name} has {held} prepaid, of what was paid in {expected} are left"
    yield from (f"{tenant.id}: {each} names {n} payments" for each, n in named.items() if n > 1)


def _paid(event: Event) -> int:
    """Return how much money an event reports, in minor units."""
    match event.data:
        case WalletToppedUp(amount=amount) | GiftCardSold(amount=amount):
            return amount
        case PlanSubscribed(fee=fee) | PlanFeePaid(fee=fee):
            return fee
        case _:
            return 0


def _reversed(journal: Journal) -> Iterator[str]:
    back: Counter[int] = Counter()
    for event in journal.events:
        if isinstance(event.data, PaymentReversed):
            back[event.data.reverses] += 1
            if (paid := _paid(journal.events[event.data.reverses - 1])) != event.data.amount:
                yield f"{event.version} takes back {event.data.amount} of a payment of {paid}"
    yield from (f"the payment of {each} went back {n} times" for each, n in back.items() if n > 1)


def _paid_out(journal: Journal) -> Iterator[str]:
    """Whoever leaves is paid back no more than they topped up, less what went back before."""
    most = 0
    for event in journal.events:
        match event.data:
            case WalletToppedUp(currency=currency, amount=amount) if currency == PREPAID:
                most += amount
            case PaymentReversed(section="wallets", amount=amount):
                most -= amount
            case MemberClosed():
                back = sum(
                    posting.amount
                    for posting in event.postings
                    if (posting.currency, kind_of(posting.destination)) == (PREPAID, "paid_in")
                )
                if back > max(most, 0):
                    yield f"is paid {back} back, where {most} were paid in"
            case _:
                pass


def _paid_in(journal: Journal) -> int:
    """Return what of the payments for the wallet is not spent, given away or gone back."""
    left = 0
    for event in journal.events:
        match event.data:
            case WalletToppedUp(currency=currency, amount=amount) if currency == PREPAID:
                left += amount
            case PaymentReversed(section="wallets", amount=amount):
                left -= amount
            case _:
                left -= sum(
                    posting.amount
                    * ((posting.source == AVAILABLE) - (posting.destination == AVAILABLE))
                    for posting in event.postings
                    if posting.currency == PREPAID
                )
    return left
