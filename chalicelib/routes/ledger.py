"""The ledger: every event of an account, what made it and what moved; and whether it verifies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from msgspec import Struct

from chalicelib import observability
from chalicelib.domain.errors import MemberNotFound
from chalicelib.domain.ledger.events import Event
from chalicelib.routes.http.calls import caller_of, services_of
from chalicelib.routes.http.operation import Call, Reply
from chalicelib.routes.http.periods import BAD_PERIOD, PeriodPage, period_of
from chalicelib.routes.http.resource import Resource
from chalicelib.routes.ledger_events import EventView, event_view, for_delegates, for_members
from chalicelib.usecases.read_ledger import read_ledger, verify_account
from chalicelib.usecases.services import Acting

api = Resource("ledger")


class LedgerView(Struct, frozen=True):
    """A page of the ledger, newest first; it may be short.  ``next_cursor`` is null at the end."""

    events: list[EventView]
    next_cursor: str | None


class IntegrityErrorView(Struct, frozen=True):
    """What does not hold, and the event that it is about (0: the account itself)."""

    version: int
    detail: str


class VerificationView(Struct, frozen=True):
    """Whether the account is what its journal says: so many ``events`` after a version."""

    member_id: str
    verified: bool
    since_version: int
    events: int
    errors: list[IntegrityErrorView]


class GiftCardVerificationView(Struct, frozen=True):
    """Whether a gift card is what its journal says: so many ``events`` after a version."""

    gift_card_id: str
    verified: bool
    since_version: int
    events: int
    errors: list[IntegrityErrorView]


@api.get(
    "/members/{member_id}/ledger",
    name="read_ledger",
    scope="ledger:read",
    summary="Page through the ledger, newest first",
    description=(
        "Every event of the account, with what moved between which accounts of the ledger, and "
        "what made it. `from` and `to` are about when it changed the account: a visit that was "
        "reported late is found on the day of the report."
    ),
    query=PeriodPage,
    answer=LedgerView,
    member_may=True,
    delegates="balance",
    errors=("member_not_found", *BAD_PERIOD),
)
def ledger(call: Call[None, PeriodPage]) -> Reply:
    """Read a page of the journal."""
    return _page(call, call.path["member_id"])


@api.get(
    "/gift-cards/{gift_card_id}/ledger",
    name="read_gift_card_ledger",
    scope="gift_cards:read",
    summary="Page through the ledger of a gift card, newest first",
    description="Its sale, every use with its id, and what became of them.",
    query=PeriodPage,
    answer=LedgerView,
    errors=("gift_card_not_found", *BAD_PERIOD),
)
def ledger_of_card(call: Call[None, PeriodPage]) -> Reply:
    """Read a page of a gift card's journal."""
    with _of_card():
        return _page(call, call.path["gift_card_id"])


@api.get(
    "/members/{member_id}/verification",
    name="verify_account",
    scope="ledger:read",
    summary="Check the account against its journal",
    description=(
        "Folds the events since the last checkpoint, one every 64 events, anew from their stored "
        "bytes. `tessera verify` checks all of it."
    ),
    answer=VerificationView,
    member_may=True,
    errors=("member_not_found",),
)
def verification(call: Call) -> Reply:
    """Verify an account."""
    member = call.path["member_id"]
    return Reply(VerificationView(member, *_verified(call, member)))


@api.get(
    "/gift-cards/{gift_card_id}/verification",
    name="verify_gift_card",
    scope="ledger:read",
    summary="Check a gift card against its journal",
    description="As a member's account is checked.",
    answer=GiftCardVerificationView,
    errors=("gift_card_not_found",),
)
def verification_of_card(call: Call) -> Reply:
    """Verify a gift card."""
    card = call.path["gift_card_id"]
    with _of_card():
        return Reply(GiftCardVerificationView(card, *_verified(call, card)))


def _page(call: Call[None, PeriodPage], owner: str) -> Reply:
    page = read_ledger(
        services_of(call),
        caller_of(call),
        owner,
        limit=call.query.limit,
        before=call.position(),
        period=period_of(call),
    )
    shown = _as_seen(call)
    return Reply(
        LedgerView(
            [shown(event) for event in page.events],
            None if page.before is None else call.next_cursor(page.before),
        )
    )


def _as_seen(call: Call[None, PeriodPage]) -> Callable[[Event], EventView]:
    if isinstance(call.access, Acting):
        return for_delegates
    return for_members if call.caller.kind == "member" else event_view


def _verified(call: Call, owner: str) -> tuple[bool, int, int, list[IntegrityErrorView]]:
    caller = caller_of(call)
    verdict = verify_account(services_of(call), caller, owner)
    if not verdict.holds:
        # An alarm counts these lines.
        observability.warning(
            "an account does not verify",
            tenant=caller.tenant,
            member_id=owner,
            count=len(verdict.errors),
        )
    errors = [IntegrityErrorView(error.version, error.detail) for error in verdict.errors]
    return verdict.holds, verdict.since, verdict.events, errors


@contextmanager
def _of_card() -> Iterator[None]:
    """Say of an account that is not there that the gift card is not."""
    try:
        yield
    except MemberNotFound:
        from chalicelib.domain.mechanics import gift_cards

        raise gift_cards.unknown() from None
