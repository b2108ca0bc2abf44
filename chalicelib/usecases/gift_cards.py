"""
Sell gift cards, find them by their codes, and read them.

Codes are as those of vouchers: derived from the root key and the card's id, never stored, and found
by a keyed hash.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from chalicelib.domain import voucher_code
from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.settling import clock_of, settle
from chalicelib.domain.errors import MemberNotFound
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.mechanics import gift_cards
from chalicelib.domain.mechanics.gift_cards import SellGiftCard, Sold, State
from chalicelib.domain.programme.versions import Programmes
from chalicelib.usecases.attempt import account_key
from chalicelib.usecases.execution import Done, Present, change_account
from chalicelib.usecases.reading import read_account
from chalicelib.usecases.redeem_reward import code_of, unsealed
from chalicelib.usecases.reverse_payment import payment_hash
from chalicelib.usecases.searching import AT_ONCE, Found, Wanted, first_of, in_batches
from chalicelib.usecases.services import Caller, Services, now_of, programmes_of
from chalicelib.usecases.stored import GIFT_CARDS, Entry, IdempotencyKey


class CardRead(NamedTuple):
    """A gift card as it is at an instant, and the programmes of then."""

    id: str
    account: Account
    sold: Sold
    programmes: Programmes
    now: Instant

    @property
    def state(self) -> State:
        """Return what has become of it."""
        return gift_cards.state_of(self.account, self.sold)


class Ordered(NamedTuple):
    """What is sold: which gift card of a programme, for how much, by which payment."""

    programme: str
    gift_card: str
    amount: int
    reference: str = ""


def sell_gift_card(
    services: Services,
    caller: Caller,
    ordered: Ordered,
    present: Present,
    identity: IdempotencyKey | None,
) -> Done:
    """Sell a gift card; the answer has its code."""
    card = services.new_id("card")
    command = SellGiftCard(
        member=card,
        programme=ordered.programme,
        gift_card=ordered.gift_card,
        amount=ordered.amount,
        code=services.secrets.gift_card(caller.tenant, code_of(services, caller, card)),
        reference=ordered.reference,
        payment=payment_hash(services, caller, ordered.reference),
    )
    done = change_account(services, caller, command, present, identity)
    return done._replace(answer=unsealed(services, caller, done.answer))


def with_code(
    services: Services,
    caller: Caller,
    code: str,
    command_of: Callable[[str], Command],
    present: Present,
    identity: IdempotencyKey | None,
    *,
    dry_run: bool = False,
) -> Done:
    """Carry out what is asked of the gift card that has a code, by its id."""
    command = command_of(card_with(services, caller, code))
    return change_account(services, caller, command, present, identity, dry_run=dry_run)


def card_with(services: Services, caller: Caller, code: str) -> str:
    """Return the id of the gift card that has a code; raises `NotFound` where none has."""
    plain = voucher_code.plain(code)
    if plain is None:
        raise gift_cards.unknown()
    key = gift_cards.key_of(services.secrets.gift_card(caller.tenant, plain))
    holder = services.ledger.holder(caller.tenant, key)
    if holder is None:
        raise gift_cards.unclaimed()
    return holder.member


def lookup_gift_card(services: Services, caller: Caller, code: str) -> CardRead:
    """Return the gift card that has a code: two calls; raises `NotFound` where none has."""
    return read_gift_card(services, caller, card_with(services, caller, code))


def read_gift_card(services: Services, caller: Caller, card: str) -> CardRead:
    """Return a gift card as it is now: one call; raises `NotFound` ``gift_card_not_found``."""
    try:
        account, _, programmes, now = read_account(services, caller, card)
    except MemberNotFound:
        raise gift_cards.unknown() from None
    return CardRead(card, account, gift_cards.sold_in(account), programmes, now)


def list_gift_cards(
    services: Services, caller: Caller, wanted: Wanted, *, limit: int, before: Entry | None
) -> Found[CardRead]:
    """
    Return a page of a tenant's gift cards, the latest to be sold first.

    For each hundred that are looked at, one call for the list and one for the accounts in it.
    """
    now = now_of(services, caller.tenant)
    programmes = programmes_of(services, caller.tenant)
    batches = in_batches(
        lambda after, count: services.ledger.listed(
            caller.tenant, GIFT_CARDS, limit=count, before=after, period=wanted.period
        ),
        lambda entry: entry,
        before,
        min(limit + 1, AT_ONCE) if wanted == Wanted(period=wanted.period) else AT_ONCE,
    )

    def read(card: str, stored: Account) -> CardRead:
        at = clock_of(stored, now)
        account, _ = settle(stored, programmes, at, account_key(caller.tenant, card))
        return CardRead(card, account, gift_cards.sold_in(account), programmes, at)

    def rows() -> Iterator[tuple[Entry, CardRead | None]]:
        for batch in batches:
            loaded = services.ledger.load(caller.tenant, [entry.listed for entry in batch])
            for entry in batch:
                account = loaded.account(entry.listed)
                found = None if account is None else read(entry.listed, account)
                yield entry, found if found is not None and _has(wanted, found) else None

    return first_of(rows(), limit)


def _has(wanted: Wanted, found: CardRead) -> bool:
    return wanted.has(found.state, found.sold.programme, found.sold.gift_card)
