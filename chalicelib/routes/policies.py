"""Policies: what laws leave room for, of one member."""

from __future__ import annotations

from msgspec import Struct

from chalicelib.domain.mechanics.policies import Room
from chalicelib.routes.http.calls import caller_of, page_of, services_of
from chalicelib.routes.http.fields import MemberId
from chalicelib.routes.http.operation import Call, Page, Reply
from chalicelib.routes.http.resource import Resource
from chalicelib.usecases.read_policies import read_policies

api = Resource("policies")


class PolicyRuleView(Struct, frozen=True):
    """
    A rule of a policy pack that a programme follows, and whether it ``applies`` to the member now.

    Of a cap, ``limit`` is what is allowed in minor units, for one gift or for all of this calendar
    year; of the latter ``left`` is what is left.
    """

    programme: str
    pack: str
    rule: str
    says: str
    source: str
    applies: bool
    currency: str
    limit: int | None
    left: int | None


class PolicyRuleListView(Struct, frozen=True):
    """The rules of every pack that a programme of the member follows."""

    member_id: MemberId
    rules: list[PolicyRuleView]
    next_cursor: str | None


@api.get(
    "/members/{member_id}/policies",
    name="list_policy_rules",
    scope="members:read",
    summary="List what laws allow a member to be given",
    description="By the policy packs of the programmes, and by who pays for their care.",
    query=Page,
    answer=PolicyRuleListView,
    member_may=True,
    delegates="profile",
    errors=("member_not_found",),
)
def listed(call: Call[None, Page]) -> Reply:
    """Return what each rule means for a member."""
    member = call.path["member_id"]
    found = read_policies(services_of(call), caller_of(call), member)
    page, cursor = page_of(call, found, lambda each: f"{each[0]}/{each[1].rule.id}")
    return Reply(PolicyRuleListView(member, [_view(*each) for each in page], cursor))


def _view(programme: str, room: Room) -> PolicyRuleView:
    return PolicyRuleView(
        programme=programme,
        pack=room.pack.id,
        rule=room.rule.id,
        says=room.rule.says,
        source=room.rule.source,
        applies=room.applies,
        currency=room.pack.currency,
        limit=room.limit,
        left=room.left,
    )
