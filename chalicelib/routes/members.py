"""Members: created on first contact, found, read, changed."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType, field
from msgspec.structs import asdict

from chalicelib.domain.errors import Invalid
from chalicelib.domain.ledger.calendar import parse_date, zone
from chalicelib.domain.mechanics.membership import Joined
from chalicelib.domain.programme.fields import Id, LocalDate, Metadata, whole
from chalicelib.routes.http.calls import (
    answer,
    caller_of,
    cursor_of,
    entry_of,
    identity_of,
    programme_wanted,
    reply,
    services_of,
)
from chalicelib.routes.http.fields import AT_LOCATION, ExternalId, LocationId, MemberId, Token
from chalicelib.routes.http.operation import Body, Call, Reply
from chalicelib.routes.http.periods import BAD_PERIOD, PeriodPage, period_of
from chalicelib.routes.http.resource import Resource
from chalicelib.routes.member_views import (
    ENROLLING,
    ConsentBody,
    JoinedView,
    Locale,
    MemberSummaryView,
    MemberView,
    account_view,
    consents_given,
    member_summary,
    member_view,
    obstacle_view,
)
from chalicelib.routes.views import MemberStatus
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.change_member import change_member
from chalicelib.usecases.create_member import NewMember, create_member
from chalicelib.usecases.list_members import WantedMembers, list_members
from chalicelib.usecases.read_member import find_member, read_member
from chalicelib.usecases.stored import Answer

api = Resource("members")

Birthday = Annotated[
    str,
    Meta(
        pattern=whole(
            r"((0[1-9]|1[0-2])-(0[1-9]|[12][0-9])|(0[13-9]|1[0-2])-30|(0[13578]|1[02])-31)"
        ),
        description="A day of the year as MM-DD, such as 02-29, without the year.",
    ),
]


AgeBands = Annotated[dict[Id, LocalDate], Meta(max_length=10)]


class NewMemberBody(Body):
    """
    A new member.

    Leave ``programmes`` out to join every programme in force whose conditions are met, one at
    least: ``not_joined`` says of the others why not.  Name them to join those or none; give ``[]``
    for a prospect, who collects visits but earns nothing.
    """

    external_id: ExternalId | None = None
    programmes: Annotated[list[Id], Meta(max_length=20)] | None = None
    at_location: LocationId | None = None
    consents: Annotated[list[ConsentBody], Meta(max_length=20)] = field(default_factory=list)
    locale: Locale | None = None
    tz: Annotated[str, Meta(max_length=64, description="An IANA time zone.")] | None = None
    display_name: Token = ""
    birthday: Birthday | None = None
    age_bands: AgeBands = field(default_factory=dict)
    contact: Annotated[
        Token, Meta(description="An opaque token or CRM id, not blank, no address.")
    ] = ""
    acquisition_source: Token = ""
    metadata: Metadata = field(default_factory=dict)


class MemberChanges(Body):
    """What changes; what is left out stays, ``null`` empties all but the locale."""

    revision: Annotated[int, Meta(ge=0, le=10**12)] | UnsetType = UNSET
    locale: Locale | UnsetType = UNSET
    tz: Annotated[str, Meta(max_length=64)] | UnsetType | None = UNSET
    display_name: Token | UnsetType | None = UNSET
    birthday: Birthday | UnsetType | None = UNSET
    age_bands: AgeBands | UnsetType | None = UNSET
    contact: Token | UnsetType | None = UNSET
    metadata: Metadata | UnsetType | None = UNSET


class MemberFound(Struct, frozen=True):
    """The member with an external id."""

    id: MemberId


class MemberQuery(PeriodPage, kw_only=True, frozen=True):
    """Whom to list, by when they came; a ``tier`` is that of the programme that is named."""

    status: MemberStatus | None = None
    programme: Id | None = None
    tier: Id | None = None


class MemberSearchBody(Body):
    """A part of what somebody is called."""

    name: Token


class MemberListView(Struct, frozen=True):
    """A page of members, the latest to come first; it may be short and yet not the last."""

    members: list[MemberSummaryView]
    next_cursor: str | None


def _checked_zone(name: str | None) -> str:
    if name is None:
        return ""
    try:
        return zone(name).key
    except Invalid as error:
        errors = [{"pointer": "/tz", "detail": error.message}]
        raise Invalid(error.code, error.message, errors=errors) from None


def _checked_days(bands: dict[str, str]) -> dict[str, str]:
    for band, day in bands.items():
        try:
            parse_date(day)
        except Invalid as error:
            errors = [{"pointer": f"/age_bands/{band}", "detail": error.message}]
            raise Invalid(error.code, error.message, errors=errors) from None
    return bands


@api.post(
    "/members",
    name="create_member",
    scope="members:write",
    summary="Create a member, or find and enrol the one with this external id",
    description=(
        "201 for a new member or a new enrolment, 200 where nothing changed. "
        "Details given for someone known by the external id alone complete the profile. "
        "Where its account was closed a new one begins from nothing, in which what is given once "
        "has been given; `former_id` leads to the old one."
    ),
    body=NewMemberBody,
    answer=JoinedView,
    status=201,
    also=(200,),
    headers=("Location",),
    idempotent=True,
    limited="asked",
    errors=(*ENROLLING, "account_closed", "unknown_time_zone", "invalid_date", *AT_LOCATION),
)
def create(call: Call[NewMemberBody]) -> Reply:
    """Create on first contact, idempotent on the external id."""
    body, external = call.body, call.body.external_id
    new = NewMember(
        external_id=None if external is None else (external.system, external.value),
        programmes=None if body.programmes is None else tuple(body.programmes),
        location=body.at_location or "",
        consents=consents_given(body.consents),
        locale=body.locale or "",
        time_zone=_checked_zone(body.tz),
        display_name=body.display_name.strip(),
        birthday=body.birthday or "",
        age_bands=_checked_days(body.age_bands),
        contact=body.contact.strip(),
        acquisition_source=body.acquisition_source.strip(),
        metadata=body.metadata,
    )
    created = create_member(
        services_of(call),
        caller_of(call),
        new,
        partial(_present_created, call.locale),
        identity_of(call),
    )
    return reply(created.done, Location=f"/v1/members/{created.member}")


def _present_created(locale: str, decided: Decided) -> Answer:
    joined: Joined = decided.results[-1]
    status = 201 if decided.is_new or joined.programmes else 200
    known = account_view(decided.member, decided.account)
    in_force = {each: decided.programmes.in_force(each, decided.now) for each in joined.refused}
    others = [
        obstacle_view(version.document, joined.refused[each], locale)
        for each, version in in_force.items()
        if version is not None
    ]
    return answer(status, JoinedView(**asdict(known), not_joined=others))


@api.post(
    "/members/lookup",
    name="find_member",
    scope="members:read",
    summary="Find the member with an external id",
    description="The id travels in the body, since addresses end up in logs.",
    body=ExternalId,
    answer=MemberFound,
    idempotent=False,
    limited="asked",
    errors=("member_not_found",),
)
def find(call: Call[ExternalId]) -> Reply:
    """Look a member up by an external id."""
    wanted = call.body
    member = find_member(services_of(call), caller_of(call), wanted.system, wanted.value)
    return Reply(MemberFound(member))


@api.get(
    "/members",
    name="list_members",
    scope="members:read",
    summary="List the members, the latest to come first",
    description=(
        "`from` and `to` are about when they came. Who has an external id is found by "
        "`find_member`, and by a part of the name by `find_members`: names do not belong into "
        "addresses."
    ),
    query=MemberQuery,
    answer=MemberListView,
    limited="asked",
    errors=("programme_not_found", *BAD_PERIOD),
)
def listed(call: Call[None, MemberQuery]) -> Reply:
    """Page through the members of a tenant."""
    return _listed(call, "")


@api.post(
    "/members/search",
    name="find_members",
    scope="members:read",
    summary="Find members by a part of their name, the latest to come first",
    description=(
        "Capitals and accents make no difference. A page looks at 500 members and may be empty: "
        "go on with `next_cursor` and the same body."
    ),
    body=MemberSearchBody,
    query=MemberQuery,
    answer=MemberListView,
    idempotent=False,
    limited="asked",
    errors=("programme_not_found", *BAD_PERIOD),
)
def search(call: Call[MemberSearchBody, MemberQuery]) -> Reply:
    """Page through the members whose name has that in it."""
    return _listed(call, call.body.name)


def _listed(call: Call[Any, MemberQuery], name: str) -> Reply:
    query = call.query
    wanted = WantedMembers(query.status, programme_wanted(call), query.tier, name, period_of(call))
    found = list_members(
        services_of(call), caller_of(call), wanted, limit=query.limit, before=entry_of(call)
    )
    shown = [member_summary(each.profile, each.account) for each in found.items]
    return Reply(MemberListView(shown, cursor_of(call, found.after)))


@api.get(
    "/members/{member_id}",
    name="read_member",
    scope="members:read",
    summary="Read a member",
    description="The profile, the programmes joined and the consents in force.",
    answer=MemberView,
    headers=("ETag",),
    member_may=True,
    delegates="profile",
    errors=("member_not_found",),
)
def read(call: Call) -> Reply:
    """Read the profile and what the ledger knows of the member."""
    found = read_member(services_of(call), caller_of(call), call.path["member_id"])
    return Reply(member_view(found.profile, found.account), version=found.profile.revision)


@api.patch(
    "/members/{member_id}",
    name="update_member",
    scope="members:write",
    summary="Change a member's profile",
    description=(
        "What is left out stays. The revision that was read says which profile is changed: "
        "where it has moved on, nothing is."
    ),
    body=MemberChanges,
    answer=MemberView,
    headers=("ETag",),
    idempotent=False,
    if_match=True,
    errors=("member_not_found", "unknown_time_zone", "invalid_date"),
)
def change(call: Call[MemberChanges]) -> Reply:
    """Change the profile of the revision that was read."""
    member, body = call.path["member_id"], call.body
    changes: dict[str, Any] = {
        name: (value or "").strip()
        for name, value in (
            ("locale", body.locale),
            ("display_name", body.display_name),
            ("birthday", body.birthday),
            ("contact", body.contact),
        )
        if value is not UNSET
    }
    if body.age_bands is not UNSET:
        changes["age_bands"] = _checked_days(body.age_bands or {})
    if body.metadata is not UNSET:
        changes["metadata"] = body.metadata or {}
    if body.tz is not UNSET:
        changes["time_zone"] = _checked_zone(body.tz)
    expected = call.expected_revision(None if body.revision is UNSET else body.revision)
    done = change_member(
        services_of(call), caller_of(call), member, changes, expected, _present_changed
    )
    return reply(done)._replace(version=expected + 1)


def _present_changed(decided: Decided) -> Answer:
    if decided.profile is None:
        raise AssertionError("a profile that changes is written")
    return answer(200, member_view(decided.profile, decided.account))
