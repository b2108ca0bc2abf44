"""Coverages: who pays for a member's care, as far as a law asks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

from chalicelib.domain.ledger.calendar import local_date
from chalicelib.domain.mechanics.coverages import (
    COVERAGES_MAX,
    Coverage,
    UpdateCoverages,
    coverages_of,
)
from chalicelib.domain.policies.pack import PayerClass
from chalicelib.domain.programme.fields import LocalDate
from chalicelib.routes.http.calls import answer, caller_of, carry_out, services_of
from chalicelib.routes.http.fields import MemberId
from chalicelib.routes.http.operation import Body, Call, Reply
from chalicelib.routes.http.resource import Resource
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.read_policies import read_coverages
from chalicelib.usecases.services import settings_of
from chalicelib.usecases.stored import Answer

api = Resource("coverages")


class CoverageBody(Body):
    """A payer of the member's care, on which local days: both included, either may be open."""

    payer_class: PayerClass
    from_on: LocalDate | None = None
    until_on: LocalDate | None = None


class CoverageListBody(Body):
    """Every coverage that is known; who has no insurance is `self_pay`."""

    coverages: Annotated[list[CoverageBody], Meta(max_length=COVERAGES_MAX)]


class CoverageView(Struct, frozen=True):
    """A payer of the member's care; ``active`` where today is one of its days."""

    payer_class: PayerClass
    from_on: str | None
    until_on: str | None
    active: bool


class CoverageListView(Struct, frozen=True):
    """Every coverage of a member, in the order in which they were told."""

    member_id: MemberId
    coverages: list[CoverageView]


@api.get(
    "/members/{member_id}/coverages",
    name="read_coverages",
    scope="members:read",
    summary="Read who pays for a member's care",
    description="Where none is active today, policy packs are strictest.",
    answer=CoverageListView,
    member_may=True,
    delegates="profile",
    errors=("member_not_found",),
)
def read(call: Call) -> Reply:
    """Return every coverage of a member."""
    member = call.path["member_id"]
    read = read_coverages(services_of(call), caller_of(call), member)
    return Reply(_view(member, read.coverages, read.today))


@api.put(
    "/members/{member_id}/coverages",
    name="update_coverages",
    scope="members:write",
    summary="Tell who pays for a member's care",
    description="In place of what was known.",
    body=CoverageListBody,
    answer=CoverageListView,
    idempotent=True,
    errors=("member_not_found", "account_closed", "not_for_members", "invalid_date"),
)
def update(call: Call[CoverageListBody]) -> Reply:
    """Replace the coverages of a member."""
    coverages = tuple(
        Coverage(each.payer_class, each.from_on, each.until_on) for each in call.body.coverages
    )
    zone = settings_of(services_of(call), call.tenant).time_zone

    def present(decided: Decided) -> Answer:
        today = local_date(decided.now, zone)
        return answer(200, _view(decided.member, coverages_of(decided.account), today))

    return carry_out(
        call, UpdateCoverages(member=call.path["member_id"], coverages=coverages), present
    )


def _view(member: str, coverages: Iterable[Coverage], today: date) -> CoverageListView:
    shown = [
        CoverageView(each.payer_class, each.from_on, each.until_on, each.is_active(today))
        for each in coverages
    ]
    return CoverageListView(member, shown)
