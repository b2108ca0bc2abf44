"""What clients read in a history, and what must be true of it: then, and for ever after."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from chalicelib.domain import verification
from chalicelib.domain.decide.settling import settle
from chalicelib.domain.errors import LoyaltyError, Unavailable
from chalicelib.usecases.read_as_of import read_as_of
from chalicelib.usecases.read_ledger import LedgerPage, read_ledger, verify_account
from chalicelib.usecases.reading import Reading, read_account
from chalicelib.usecases.redeem_reward import (
    VoucherRead,
    list_rewards,
    lookup_voucher,
)
from chalicelib.usecases.services import Caller, Services
from tests.faults.ending import Ending
from tests.faults.play import Play
from tests.faults.record import Delivery, Outcome, Request, Send

T = TypeVar("T")


def reads(
    run: Callable[[Services, Caller], T], claim: Callable[[T, Ending, Delivery], Iterable[str]]
) -> Send:
    """Return a request that reads, with the claim to hold at the end."""

    def send(services: Services, caller: Caller) -> tuple[Outcome]:
        try:
            value = run(services, caller)
        except Unavailable as fault:
            return (Outcome("open", fault.code),)
        except LoyaltyError as refusal:
            return (Outcome("refused", refusal.code),)
        return (Outcome("read", claim=lambda ending, delivery: claim(value, ending, delivery)),)

    return send


def balance(play: Play, tenant: str) -> Request:
    """Draw a reading of a balance."""
    member = play.member(tenant)

    def claim(value: Reading, ending: Ending, delivery: Delivery) -> Iterable[str]:
        version = value.stored.version
        if not delivery.before.get(member, 0) <= version <= delivery.after[member]:
            yield f"read version {version}, not one that was there meanwhile"
        whole = ending.tenants[tenant]
        folded = whole.journals[member].accounts[version]
        if value.stored != folded:
            yield f"the account read at version {version} is not what its journal folds to"
        now = settle(folded, whole.programmes, value.now, whole.key(member))[0]
        if value.account != now:
            yield f"the account read at version {version} is not what it settles to"

    return Request(reads(lambda s, c: read_account(s, c, member), claim), member[-1])


def as_of(play: Play, tenant: str) -> Request:
    """Draw a reading of a balance as it was."""
    member = play.member(tenant)
    instant = play.earlier(tenant) - 1

    def claim(value: Reading, ending: Ending, delivery: Delivery) -> Iterable[str]:
        whole = ending.tenants[tenant]
        stored = whole.journals[member].stored
        # What was decided before the instant and written after it was read was not there yet.
        first, last = delivery.before.get(member, 0), delivery.after[member]
        if not any(
            value.account
            == verification.as_of(stored[:version], whole.programmes, instant, whole.key(member))
            for version in range(first, last + 1)
        ):
            yield f"the account as of {instant} is not what it was told to be"

    return Request(
        reads(lambda s, c: read_as_of(s, c, member, instant), claim), f"{member[-1]} at {instant}"
    )


def page(play: Play, tenant: str) -> Request:
    """Draw a reading of a page of a journal."""
    member, limit = play.member(tenant), 1 + play.chance.below(6)

    def claim(value: LedgerPage, ending: Ending, delivery: Delivery) -> Iterable[str]:
        events = ending.tenants[tenant].journals[member].events
        page = list(value.events)
        newest = page[0].version
        if newest < delivery.before.get(member, 0):
            yield f"the page begins at {newest}, behind what was there"
        if page != events[newest - len(page) : newest][::-1]:
            yield f"the page from {newest} on is not what the journal holds"

    return Request(
        reads(lambda s, c: read_ledger(s, c, member, limit=limit, before=None), claim),
        f"{limit} of {member[-1]}",
    )


def check_journal(play: Play, tenant: str) -> Request:
    """Draw a verification of an account."""
    member = play.member(tenant)

    def claim(value: verification.Verdict, _ending: Ending, _delivery: Delivery) -> Iterable[str]:
        yield from (f"verification found: {fault.detail}" for fault in value.errors)

    return Request(reads(lambda s, c: verify_account(s, c, member), claim), member[-1])


def rewards(play: Play, tenant: str) -> Request:
    """Draw a reading of what can be redeemed."""
    member = play.member(tenant)
    return Request(reads(lambda s, c: list_rewards(s, c, member), _nothing_to_claim), member[-1])


def lookup(play: Play, tenant: str) -> Request | None:
    """Draw the looking up of a voucher."""
    if not play.redeemed[tenant]:
        return None
    known = play.chance.pick(play.redeemed[tenant])

    def claim(value: VoucherRead, _ending: Ending, _delivery: Delivery) -> Iterable[str]:
        if (value.member, value.redemption.id) != (known.member, known.redemption):
            yield f"the code of {known.redemption} leads to {value.redemption.id}"

    return Request(reads(lambda s, c: lookup_voucher(s, c, known.code), claim), known.redemption)


def _nothing_to_claim(_value: object, _ending: Ending, _delivery: Delivery) -> Iterable[str]:
    return ()
