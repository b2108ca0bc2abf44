"""What a member has, now or as of a past instant."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from chalicelib.domain.ledger.calendar import format_instant
from chalicelib.routes.http.calls import caller_of, instant_in, services_of
from chalicelib.routes.http.localisation import Direction
from chalicelib.routes.http.operation import Call, Query, Reply, Timestamp
from chalicelib.routes.http.resource import Resource
from chalicelib.routes.views import (
    BalanceDetailView,
    MemberStatus,
    balance_details,
    spoken,
    status_of,
)
from chalicelib.usecases.read_as_of import read_as_of

api = Resource("balances")


class AsOf(Query, frozen=True):
    """The instant to look at; now where it is left out."""

    as_of: Annotated[str, Meta(max_length=40, extra_json_schema={"format": "date-time"})] | None = (
        None
    )


class MemberBalancesView(Struct, frozen=True):
    """What a member holds at an instant."""

    member_id: str
    as_of: Timestamp
    status: MemberStatus
    balances: list[BalanceDetailView]
    lang: str
    dir: Direction


@api.get(
    "/members/{member_id}/balance",
    name="read_balance",
    scope="balances:read",
    summary="Read a balance, now or as of a past instant",
    description="By programme and currency, with the lots in the order in which they are spent.",
    query=AsOf,
    answer=MemberBalancesView,
    headers=("Content-Language",),
    member_may=True,
    delegates="balance",
    errors=("member_not_found", "as_of_in_future", "invalid_instant"),
)
def balance(call: Call[None, AsOf]) -> Reply:
    """Read what a member holds."""
    at = None if call.query.as_of is None else instant_in(call.query.as_of, parameter="as_of")
    member = call.path["member_id"]
    reading = read_as_of(services_of(call), caller_of(call), member, at)
    language = spoken(call.locale)
    return Reply(
        MemberBalancesView(
            member_id=member,
            as_of=format_instant(reading.now),
            status=status_of(reading.account),
            balances=balance_details(reading.account, reading.programmes, reading.now, call.locale),
            lang=language.lang,
            dir=language.dir,
        ),
        headers={"Content-Language": language.lang},
    )
