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
from chalicelib.domain.decide.claims import SaveRecord
from chalicelib.domain.errors import Invalid, LoyaltyError, MemberNotFound
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.events import QUOTED
from chalicelib.domain.ledger.quote import Quote
from chalicelib.domain.mechanics.quoting import (
    QUOTES,
    ConfirmQuote,
    MakeQuote,
    Quoted,
    quote_unknown,
)
from chalicelib.domain.programme.versions import Programmes
from chalicelib.usecases.attempt import Attempt, load_for, now_at, weigh
from chalicelib.usecases.execution import Done, IdentityReused, Present, change_account
from chalicelib.usecases.identity import activity_identity, check_source
from chalicelib.usecases.record_activity import placed
from chalicelib.usecases.services import Caller, Services, on_test_clock, settings_of
from chalicelib.usecases.stored import IdempotencyKey


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
    command: MakeQuote,
    codes: Sequence[str] = (),
    *,
    dry_run: bool = False,
) -> QuoteMade:
    """
    Price a purchase as things stand; what the command needs of the outside is filled in here.

    Raises `MemberNotFound`, and `NotFound` ``voucher_not_found`` for a code that is no voucher of
    this member; of its location what `placed` does.
    """
    settings = settings_of(services, caller.tenant)
    test_clock = settings.test_clock
    attempt = Attempt(services, caller, (command,), test_clock)
    read = load_for(attempt)
    account = read.loaded.account(command.member)
    if account is None:
        raise MemberNotFound
    caller.check(account, read.now)
    activity, seen_at = placed(services, caller, command.activity, now=read.now)
    filled = replace(
        command,
        quote_id=services.new_id("quote"),
        holidays=settings.holidays,
        activity=activity,
        seen_at=seen_at,
        vouchers=tuple(
            _presented(services, caller, command.member, code, place)
            for place, code in enumerate(codes)
        ),
    )
    attempt = attempt._replace(commands=(filled,))
    decided = weigh(attempt, load_for(attempt, read.loaded)).decided
    quoted: Quoted = decided.results[-1]
    if not dry_run:
        # Nobody knows the quote's id yet, so it needs no transaction.
        for claim in decided.claims:
            if isinstance(claim, SaveRecord):
                services.ledger.save(caller.tenant, claim)
    return QuoteMade(quoted, decided.programmes)


def read_quote(services: Services, caller: Caller, member: str, quote_id: str) -> QuoteRead:
    """Return a quote of a member, confirmed, expired or neither."""
    loaded = services.ledger.load(
        caller.tenant,
        [member],
        [QUOTES.ref(member, quote_id)],
        with_clock=on_test_clock(services, caller.tenant),
    )
    if loaded.account(member) is None:
        raise MemberNotFound
    quote = loaded.record(QUOTES, member, quote_id)
    if quote is None:
        raise quote_unknown()
    return QuoteRead(quote, now_at(services, loaded))


def confirm_quote(
    services: Services,
    caller: Caller,
    member: str,
    quote_id: str,
    identity: tuple[str, str] | None,
    present: Present,
    request: IdempotencyKey | None,
) -> Done:
    """
    Buy what was quoted, once.

    ``identity`` is the activity's (source, external id) where the caller names one, else it is that
    of the quote.
    """
    source, external_id = identity or (QUOTED, quote_id)
    if identity is not None:
        check_source(caller, source, "/recorded_as/source")
    command = ConfirmQuote(member=member, quote_id=quote_id, source=source, external_id=external_id)
    recorded_as = confirmation_identity(member, quote_id, (source, external_id))
    try:
        return change_account(services, caller, command, present, recorded_as, also=request)
    except IdentityReused as reused:
        if reused.identity != recorded_as:
            raise
        raise Invalid(
            "idempotency_key_reused",
            "Another purchase is on record under this source and external_id. Nothing was changed.",
            errors=[{"pointer": "/recorded_as", "detail": "is that of another purchase"}],
        ) from None


def confirmation_identity(member: str, quote_id: str, activity: tuple[str, str]) -> IdempotencyKey:
    """Return the identity of a confirmation: that of the activity (source, id) that it records."""
    return activity_identity(Activity(f"quote:{quote_id}:{member}", *activity, 0))


def _presented(services: Services, caller: Caller, member: str, code: str, place: int) -> str:
    """Return the redemption of a voucher that is presented."""
    try:
        plain = voucher_code.read(code)
        hashed = services.secrets.voucher(caller.tenant, plain)
        holder = services.ledger.holder(caller.tenant, hashed)
        if holder is None or holder.member != member:
            raise voucher_code.unclaimed()
    except LoyaltyError as refusal:
        raise _at(refusal, place) from None
    return holder.value


def _at(refusal: LoyaltyError, place: int) -> LoyaltyError:
    """Say which of several vouchers is refused."""
    if isinstance(refusal, Invalid):
        return refusal
    refusal.extensions.setdefault("pointer", f"/vouchers/{place}")
    return refusal
