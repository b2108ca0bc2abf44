"""
Quote a purchase, read a quote, and confirm it.

Making a quote writes nothing but the quote: one read and one write, two reads more for each voucher
that is presented, and for a member of a household one more where a discount goes by it, two where
one goes by what all of them spent.  Confirming is one read and one transaction, and a read of the
vouchers where there are any.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from chalicelib.domain import voucher_code
from chalicelib.domain.account import Account
from chalicelib.domain.activity import Activity
from chalicelib.domain.calendar import Instant
from chalicelib.domain.commands import Command, Redemption
from chalicelib.domain.decide import decide
from chalicelib.domain.errors import Invalid, LoyaltyError, MemberNotFound, NotFound
from chalicelib.domain.mechanics import discounts, households
from chalicelib.domain.mechanics.households import Household
from chalicelib.domain.mechanics.quotes import ConfirmQuote, MakeQuote, Quoted
from chalicelib.domain.programme import Programmes
from chalicelib.domain.quote import Quote
from chalicelib.usecases.execution import Done, Present, execute, now_at
from chalicelib.usecases.identity import activity_identity
from chalicelib.usecases.ports import Identity, Loaded
from chalicelib.usecases.reading import Reading, read_account
from chalicelib.usecases.services import Caller, Services, on_test_clock


class QuoteMade(NamedTuple):
    """A quote, what it would earn, and the programmes by which it was made."""

    quoted: Quoted
    programmes: Programmes


class QuoteRead(NamedTuple):
    """A quote, and the instant at which it was read."""

    quote: Quote
    now: Instant


def quote_purchase(
    services: Services,
    caller: Caller,
    member: str,
    command: MakeQuote,
    codes: Sequence[str] = (),
    *,
    dry_run: bool = False,
) -> QuoteMade:
    """
    Price a purchase as things stand; what the command needs beyond the account is filled in here.

    Raises `MemberNotFound`, and `NotFound` ``voucher_not_found`` for a code that is no voucher of
    this member.
    """
    reading = read_account(services, caller, member)
    presented = tuple(
        _presented(services, caller, member, code, place) for place, code in enumerate(codes)
    )
    filled = replace(
        command,
        member=member,
        quote_id=services.new_id("quote"),
        birthday=_birthday(services, caller, member, command.programme, reading),
        household=_household(services, caller, member, command.programme, reading),
        vouchers=presented,
    )
    quoted: Quoted = decide(reading.account, reading.programmes, filled, reading.now).result
    if not dry_run:
        services.ledger.save_quote(caller.tenant, quoted.quote)
    return QuoteMade(quoted, reading.programmes)


def read_quote(services: Services, caller: Caller, member: str, quote_id: str) -> QuoteRead:
    """Return a quote of a member, confirmed, expired or neither."""
    loaded, quote = services.ledger.load_with_quote(
        caller.tenant, member, quote_id, with_clock=on_test_clock(services, caller.tenant)
    )
    if loaded.account is None:
        raise MemberNotFound
    if quote is None:
        raise _unknown()
    return QuoteRead(quote, now_at(services, loaded))


def confirm_quote(
    services: Services,
    caller: Caller,
    member: str,
    quote_id: str,
    identity: tuple[str, str],
    present: Present,
    request: Identity | None,
) -> Done:
    """Buy what was quoted, once; ``identity`` is (source, external id) of the fact it becomes."""
    test_clock = on_test_clock(services, caller.tenant)
    source, external_id = identity
    held: list[tuple[Quote | None, tuple[Redemption, ...]]] = []

    def load() -> Loaded:
        loaded, quote = services.ledger.load_with_quote(
            caller.tenant, member, quote_id, with_clock=test_clock
        )
        found: tuple[Redemption, ...] = ()
        if quote is not None and quote.redemptions:
            ids = quote.redemptions
            read = services.ledger.redemptions(caller.tenant, member, ids)
            found = tuple(each for each in read if each is not None)
        held[:] = [(quote, found)]
        return loaded

    def commands(_loaded: Loaded) -> tuple[Command, ...]:
        quote, redemptions = held[0]
        if quote is None:
            raise _unknown()
        return (
            ConfirmQuote(
                actor=caller.actor,
                quote=quote,
                redemptions=redemptions,
                source=source,
                external_id=external_id,
            ),
        )

    return execute(
        services,
        caller,
        member,
        commands,
        present,
        identity=confirmation_identity(member, quote_id, identity),
        also=request,
        load=load,
    )


def confirmation_identity(member: str, quote_id: str, fact: tuple[str, str]) -> Identity:
    """Return the identity of a confirmation: that of the fact (source, id) that it records."""
    return activity_identity(Activity(f"quote:{quote_id}:{member}", *fact, 0))


def _presented(
    services: Services, caller: Caller, member: str, code: str, place: int
) -> Redemption:
    try:
        plain = voucher_code.read(code)
        found = services.ledger.redemption_of(
            caller.tenant, services.secrets.voucher(caller.tenant, plain)
        )
        if found is None or found[0] != member:
            raise voucher_code.unknown()
        (redemption,) = services.ledger.redemptions(caller.tenant, member, [found[1]])
        if redemption is None:
            raise voucher_code.unknown()
    except LoyaltyError as refusal:
        raise _at(refusal, place) from None
    return redemption


def _at(refusal: LoyaltyError, place: int) -> LoyaltyError:
    """Say which of several vouchers is refused."""
    if isinstance(refusal, Invalid):
        return refusal
    refusal.facts.setdefault("pointer", f"/vouchers/{place}")
    return refusal


def _birthday(
    services: Services, caller: Caller, member: str, programme: str, reading: Reading
) -> str:
    """Return the member's birthday where a discount goes by it, else nothing: one read less."""
    version = reading.programmes.in_force(programme, reading.now)
    if version is None or not discounts.needs_birthday(version.document):
        return ""
    profile = services.directory.profile(caller.tenant, member)
    return profile.birthday if profile else ""


def _household(
    services: Services, caller: Caller, member: str, programme: str, reading: Reading
) -> Household | None:
    """Return what discounts have to know of the member's household, and nothing where none asks."""
    version = reading.programmes.in_force(programme, reading.now)
    belongs = households.belonging(reading.account)
    if belongs is None or version is None or not discounts.needs_household(version.document):
        return None
    account = services.ledger.load(caller.tenant, belongs.household).account
    known = households.relatives(account) if account else {}
    others: tuple[Account, ...] = ()
    if discounts.shares_spend(version.document):
        ids = [each for each in known if each != member]
        found = services.ledger.accounts(caller.tenant, ids) if ids else ()
        others = tuple(each for each in found if each is not None)
    return Household(len(known), others)


def _unknown() -> NotFound:
    return NotFound("quote_not_found", "This member has no such quote.")
