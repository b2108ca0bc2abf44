"""Transfers: a member gives value to another one."""

from __future__ import annotations

from msgspec import Struct

from chalicelib.domain.ledger.lots import LotKey
from chalicelib.domain.mechanics.transfers import SendTransfer, Sent
from chalicelib.domain.programme.fields import Id, Points
from chalicelib.routes.calls import answer, carry_out, services_of
from chalicelib.routes.fields import MemberId, ShortText
from chalicelib.routes.http import Resource
from chalicelib.routes.operation import Body, Call, Reply
from chalicelib.routes.views import BalanceView, LotView, balances, when
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.stored import Answer

api = Resource("transfers")


class TransferBody(Body):
    """To whom, and how much; ``reference`` is sealed, and only the sender's ledger shows it."""

    to: MemberId
    programme: Id
    currency: Id
    amount: Points
    reference: ShortText = ""


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


def _present(decided: Decided) -> Answer:
    sent: Sent = decided.results[-1]
    view = TransferView(
        transfer_id=sent.transfer_id,
        member_id=decided.member,
        to=sent.to,
        version=decided.account.version,
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
