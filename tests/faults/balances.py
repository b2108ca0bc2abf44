"""Whether one journal is right: its bytes, each of its steps, and what they add up to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from chalicelib.domain.decide.settling import due_at
from chalicelib.domain.ledger import effects as fx
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.actor import CLOCK
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.events import Event
from chalicelib.domain.ledger.lots import Balance
from chalicelib.domain.ledger.postings import AVAILABLE, HELD, PENDING, kind_of
from chalicelib.domain.verification import verify
from tests.faults.earnings import check_earnings
from tests.faults.ending import TenantEnding
from tests.faults.weather import SKEW_MAX

_KINDS: Final = frozenset(
    {
        *("member", "transfer"),
        *("issued", "paid_in", "adjusted"),
        *("redeemed", "payee", "expired", "forfeited"),
    }
)
#: Events that may leave a debt.
_TAKING_BACK: Final = frozenset({"activity.reversed", "payment.reversed", "award.revoked"})


def check_journal(
    tenant: TenantEnding, member: str, written_at: Mapping[tuple[str, str, int], Instant]
) -> Iterator[str]:
    """Check one member: the stored bytes, each step of the journal, and what it adds up to."""
    account, journal = tenant.accounts[member], tenant.journals[member]
    name = f"{tenant.id} {member[-1]}"
    verdict = verify(account, journal.stored, tenant.key(member))
    yield from (f"{name}: {fault.detail}" for fault in verdict.errors)
    if not verdict.holds:
        return
    indexed, due = tenant.indexed[member], due_at(account)
    if due is not None and (indexed is None or indexed > due):
        yield f"{name} is due at {due} and filed under {indexed}"
    for before, event in zip(journal.accounts, journal.events, strict=False):
        after = journal.accounts[event.version]
        for fault in _step(before, event, after):
            yield f"{name} event {event.version} ({event.kind}): {fault}"
        at = written_at[tenant.id, member, event.version]
        if at and event.effective_at > at + SKEW_MAX:
            yield f"{name} event {event.version} takes effect after it was written"
    yield from (f"{name}: {fault}" for fault in _flows(journal.events, account))
    yield from (f"{name}: {fault}" for fault in check_earnings(tenant, member, journal.events))


# ── One event ──


def _step(before: Account, event: Event, after: Account) -> Iterator[str]:
    due = due_at(before)
    if event.actor == CLOCK:
        if due != event.effective_at:
            yield f"it was due at {due} and happened at {event.effective_at}"
    elif due is not None and due <= event.effective_at:
        yield f"what was due at {due} had not happened"
    for effect in event.effects:
        if isinstance(effect, fx.LotChange) and effect.delta < 0:
            yield from _taken(event, effect)
    for currency, balance in after.balances.items():
        if balance.deficit and balance.lots:
            yield f"there are lots and a deficit of {currency}"
        was = before.balance(currency).available
        takes_back = event.kind in _TAKING_BACK
        if balance.available < min(was, 0) and not takes_back:
            yield f"it takes {currency} from {was} to {balance.available}"
        amounts = [lot.amount for lot in balance.lots] + [lot.amount for lot in balance.pending]
        if any(amount <= 0 for amount in amounts):
            yield f"there is a lot of nothing in {currency}"


def _taken(event: Event, effect: fx.LotChange) -> Iterator[str]:
    if event.kind == "lots.expired":
        if effect.lot.expires_at != event.effective_at:
            yield f"value of {effect.lot.expires_at} expires"
    elif effect.lot.expires_at is not None and effect.lot.expires_at <= event.effective_at:
        yield f"value is taken that expired at {effect.lot.expires_at}"


# ── One journal ──


def _flows(events: list[Event], account: Account) -> Iterator[str]:
    """Whatever was issued, paid in or adjusted is redeemed, expired, forfeited or still there."""
    nets: Counter[tuple[str, str]] = Counter()
    for event in events:
        for posting in event.postings:
            if posting.amount <= 0:
                yield f"event {event.version} posts {posting.amount}"
            nets[posting.currency, posting.source] -= posting.amount
            nets[posting.currency, posting.destination] += posting.amount
    for currency in {currency for currency, _ in nets} | account.balances.keys():
        balance = account.balance(currency)
        yield from (f"{currency} {fault}" for fault in _flow(currency, balance, nets))
        yield from (f"{currency} {fault}" for fault in _funders(currency, balance, nets))


def _flow(currency: str, balance: Balance, nets: Counter[tuple[str, str]]) -> Iterator[str]:
    if nets[currency, AVAILABLE] != balance.available:
        yield f"is {balance.available}, posted {nets[currency, AVAILABLE]}"
    if nets[currency, PENDING] != balance.pending_total:
        yield f"pending is {balance.pending_total}"
    for end in (end for held, end in nets if held == currency):
        if kind_of(end) not in _KINDS:
            yield f"goes to {end}"
        if kind_of(end) in ("redeemed", "payee", "expired") and nets[currency, end] < 0:
            yield f"of {end} is {nets[currency, end]}"


def _funder_of(path: str) -> str | None:
    """Return whose value a ledger account holds, ``None`` where it is not divided by funder."""
    kind, _, rest = path.partition("/")
    return None if kind in ("member", "transfer") else rest.partition("/")[0]


def _funders(currency: str, balance: Balance, nets: Counter[tuple[str, str]]) -> Iterator[str]:
    """What each funder owes is what its lots hold; debts and transfers are told by the whole."""
    if any(kind_of(end) == "transfer" for held, end in nets if held == currency):
        return
    owed: Counter[str | None] = Counter()
    for (held, end), net in nets.items():
        if held == currency:
            owed[_funder_of(end)] -= net
    held_now = balance.available + balance.pending_total + nets[currency, HELD]
    if sum(n for funder, n in owed.items() if funder is not None) != held_now:
        yield f"is owed {dict(owed)}, held are {held_now}"
