"""Transfers: a member gives value to another one."""

from __future__ import annotations

from msgspec import Struct

from chalicelib.domain.ledger.calendar import format_instant
from chalicelib.domain.ledger.events import Event, TransferReceived, TransferSent
from chalicelib.domain.ledger.lots import LotKey
from chalicelib.domain.mechanics.transfers import SendTransfer, Sent
from chalicelib.domain.programme.fields import Id, Points
from chalicelib.routes.http.calls import (
    answer,
    caller_of,
    carry_out,
    cursor_of,
    programme_wanted,
    services_of,
)
from chalicelib.routes.http.fields import MemberId, Token
from chalicelib.routes.http.operation import Body, Call, Reply, Timestamp
from chalicelib.routes.http.periods import BAD_PERIOD, PeriodPage, period_of
from chalicelib.routes.http.resource import Resource
from chalicelib.routes.views import BalanceView, LotView, balances, when
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.list_transfers import Direction, list_transfers
from chalicelib.usecases.searching import Wanted
from chalicelib.usecases.stored import Answer

api = Resource("transfers")


class TransferBody(Body):
    """To whom, and how much; ``reference`` is sealed, and only the sender's ledger shows it."""

    to: MemberId
    programme: Id
    currency: Id
    amount: Points
    reference: Token = ""


class TransferView(Struct, frozen=True):
    """
    What was transferred, and what the sender has left.

    ``lots`` are as they arrived, the first to expire first; ``version`` is that of the sender's
    account.  Both ledgers name the transfer by its id.
    """

    transfer_id: str
    member_id: str
    to: str
    version: int
    programme: str
    currency: str
    amount: int
    lots: list[LotView]
    balances: list[BalanceView]


@api.post(
    "/members/{member_id}/transfers",
    name="create_transfer",
    scope="transfers:write",
    summary="Transfer value to another member",
    description=(
        "Where the programme lets members do so. Value keeps its expiry unless the programme says "
        "otherwise; both accounts are written at once or not at all."
    ),
    body=TransferBody,
    answer=TransferView,
    status=201,
    idempotent=True,
    member_may=True,
    errors=(
        "member_not_found",
        "account_closed",
        "programme_not_found",
        "not_enrolled",
        "unknown_currency",
        "same_member",
        "transfer_amount",
        "transfer_limit",
        "transfer_waits",
        "insufficient_points",
        "recipient_unavailable",
    ),
)
def transfer(call: Call[TransferBody]) -> Reply:
    """Give value away."""
    body = call.body
    services = services_of(call)
    command = SendTransfer(
        member=call.path["member_id"],
        to=body.to,
        programme=body.programme,
        currency=body.currency,
        amount=body.amount,
        transfer_id=services.new_id("transfer"),
        reference=body.reference,
    )
    return carry_out(call, command, _present)


class TransferQuery(PeriodPage, kw_only=True, frozen=True):
    """Which transfers to list, by when they were made."""

    direction: Direction | None = None
    programme: Id | None = None


class TransferSummaryView(Struct, frozen=True):
    """What a member sent to another one, or received; ``version`` is that of their own account."""

    transfer_id: str
    direction: Direction
    counterparty_id: MemberId
    version: int
    at: Timestamp
    programme: str
    currency: str
    amount: int
    reference: str


class MemberTransfersView(Struct, frozen=True):
    """A page of transfers, the latest first; it may be short, or empty, and yet not the last."""

    member_id: str
    transfers: list[TransferSummaryView]
    next_cursor: str | None


@api.get(
    "/members/{member_id}/transfers",
    name="list_transfers",
    scope="balances:read",
    summary="List what a member sent and received, the latest first",
    description="`from` and `to` are about when it moved.",
    query=TransferQuery,
    answer=MemberTransfersView,
    member_may=True,
    errors=("member_not_found", "programme_not_found", *BAD_PERIOD),
)
def listed(call: Call[None, TransferQuery]) -> Reply:
    """Page through the transfers of a member."""
    member, query = call.path["member_id"], call.query
    found = list_transfers(
        services_of(call),
        caller_of(call),
        member,
        Wanted(query.direction, programme_wanted(call), period=period_of(call)),
        limit=query.limit,
        before=call.position(),
    )
    shown = [_summary(each) for each in found.items]
    return Reply(MemberTransfersView(member, shown, cursor_of(call, found.after)))


def _summary(event: Event) -> TransferSummaryView:
    data = event.data
    if not isinstance(data, TransferSent | TransferReceived):
        raise TypeError(f"an event {event.kind} is no transfer")
    programme, _, currency = data.currency.partition("/")
    return TransferSummaryView(
        transfer_id=data.transfer,
        direction="sent" if isinstance(data, TransferSent) else "received",
        counterparty_id=data.recipient if isinstance(data, TransferSent) else data.sender,
        version=event.version,
        at=format_instant(event.effective_at),
        programme=programme,
        currency=currency,
        amount=data.amount,
        reference=event.detail.note if event.detail else "",
    )


def _present(decided: Decided) -> Answer:
    sent: Sent = decided.results[-1]
    view = TransferView(
        transfer_id=sent.transfer_id,
        member_id=decided.member,
        to=sent.to,
        version=decided.version,
        programme=sent.programme,
        currency=sent.currency,
        amount=sent.amount,
        lots=_lots(sent),
        balances=balances(decided.account, decided.programmes, decided.now, "en"),
    )
    return answer(201, view)


def _lots(sent: Sent) -> list[LotView]:
    """Return what arrived by its expiry, whoever funded it."""
    amounts: dict[LotKey, int] = {}
    for part in sent.parts:
        key = LotKey(part.lot.expires_at, part.lot.expires_on)
        amounts[key] = amounts.get(key, 0) + part.amount
    return [LotView(n, key.expires_on, when(key.expires_at)) for key, n in amounts.items()]
