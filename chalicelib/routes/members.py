"""Members: created on first contact, found, read, changed, enrolled, closed."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType, field

from chalicelib.domain.account import Account
from chalicelib.domain.calendar import format_instant, zone
from chalicelib.domain.errors import Invalid
from chalicelib.domain.mechanics.membership import Close, Enrol, Joined
from chalicelib.domain.programme import Id
from chalicelib.routes.calls import answer, caller_of, carry_out, identity_of, reply, services_of
from chalicelib.routes.fields import ExternalId, Token
from chalicelib.routes.headers import DEFAULT_LOCALE
from chalicelib.routes.http import Body, Call, Reply, Resource
from chalicelib.routes.views import when
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.change_member import (
    change_member,
    record_consents,
)
from chalicelib.usecases.create_member import ConsentGiven, NewMember, create_member
from chalicelib.usecases.ports import Answer, Profile
from chalicelib.usecases.read_member import find_member, read_member

api = Resource("members")

Locale = Annotated[
    str, Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35, description="BCP 47.")
]
ShortText = Annotated[str, Meta(max_length=200)]
Birthday = Annotated[
    str, Meta(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$", description="MM-DD, no year.")
]
Purpose = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_:-]{0,63}$")]


class ConsentBody(Body):
    """A consent that the person gives or withdraws."""

    purpose: Purpose
    granted: bool
    text_version: Token
    locale: Locale | None = None
    channel: Purpose | None = None


class NewMemberBody(Body):
    """
    Who comes.

    Leave ``programmes`` out to join every programme in force; name them to join those; give
    ``[]`` for a prospect, who collects visits but earns nothing.
    """

    external_id: ExternalId | None = None
    programmes: Annotated[list[Id], Meta(max_length=20)] | None = None
    consents: Annotated[list[ConsentBody], Meta(max_length=20)] = field(default_factory=list)
    locale: Locale | None = None
    tz: Annotated[str, Meta(max_length=64, description="An IANA time zone.")] | None = None
    display_name: ShortText = ""
    birthday: Birthday | None = None
    contact: Annotated[
        str, Meta(max_length=200, description="An opaque token or CRM id, no address.")
    ] = ""
    acquisition_source: ShortText = ""


class MemberChanges(Body):
    """What changes; what is left out stays, ``null`` empties."""

    locale: Locale | UnsetType = UNSET
    tz: Annotated[str, Meta(max_length=64)] | UnsetType | None = UNSET
    display_name: ShortText | UnsetType | None = UNSET
    birthday: Birthday | UnsetType | None = UNSET
    contact: ShortText | UnsetType | None = UNSET


class EnrolmentBody(Body):
    """Which programmes to join."""

    programmes: Annotated[list[Id], Meta(min_length=1, max_length=20)]


class ConsentsBody(Body):
    """Consents given or withdrawn now."""

    consents: Annotated[list[ConsentBody], Meta(min_length=1, max_length=20)]


class ClosureBody(Body):
    """Why the account ends."""

    reason: Annotated[str, Meta(min_length=1, max_length=200)]


class EnrolmentView(Struct, frozen=True):
    """A programme that the member has joined."""

    programme: str
    tier: str
    joined_at: str


class StandingView(Struct, frozen=True):
    """The member's standing in the ledger; ``tier`` is that of the first programme joined."""

    id: str
    status: str
    tier: str | None
    enrolments: list[EnrolmentView]
    consents: dict[str, bool]
    completed_visits: int


class MemberView(Struct, frozen=True, omit_defaults=True):
    """A member; the ETag is the revision of the profile."""

    id: str
    status: str
    tier: str | None
    enrolments: list[EnrolmentView]
    consents: dict[str, bool]
    completed_visits: int
    created_at: str
    locale: str
    tz: str | None = None
    display_name: str = ""
    birthday: str | None = None
    contact: str = ""
    acquisition_source: str = ""
    external_systems: list[str] = []


class MemberFound(Struct, frozen=True):
    """The member with an external id."""

    id: str


def _enrolments(account: Account) -> list[EnrolmentView]:
    joined = sorted(account.enrolments.items(), key=lambda item: item[1].joined_at)
    return [EnrolmentView(p, e.tier, format_instant(e.joined_at)) for p, e in joined]


def standing(member: str, account: Account) -> StandingView:
    """Return what the ledger knows of a member."""
    enrolments = _enrolments(account)
    return StandingView(
        id=member,
        status=account.status,
        tier=enrolments[0].tier if enrolments else None,
        enrolments=enrolments,
        consents=account.consents,
        completed_visits=account.stats.visits,
    )


def member_view(profile: Profile, account: Account) -> MemberView:
    """Return a member as shown to who may read the profile."""
    known = standing(profile.member, account)
    return MemberView(
        id=known.id,
        status=known.status,
        tier=known.tier,
        enrolments=known.enrolments,
        consents=known.consents,
        completed_visits=known.completed_visits,
        created_at=when(profile.created_at) or "",
        locale=profile.locale or DEFAULT_LOCALE,
        tz=profile.time_zone or None,
        display_name=profile.display_name,
        birthday=profile.birthday or None,
        contact=profile.contact,
        acquisition_source=profile.acquisition_source,
        external_systems=list(profile.external_systems),
    )


def _given(consents: list[ConsentBody]) -> tuple[ConsentGiven, ...]:
    return tuple(
        ConsentGiven(c.purpose, c.granted, c.text_version, c.locale or "", c.channel or "")
        for c in consents
    )


def _checked_zone(name: str | None) -> str:
    if name is None:
        return ""
    try:
        return zone(name).key
    except Invalid as fault:
        errors = [{"pointer": "/tz", "detail": fault.message}]
        raise Invalid(fault.code, fault.message, errors=errors) from None


_ENROLLING = ("consent_required", "not_eligible", "unknown_programme")


@api.post(
    "/members",
    scope="members:write",
    summary="Create a member, or find and enrol the one with this external id",
    description=(
        "201 for whoever is new or joins a programme by it, 200 for a member who was all that "
        "before. Details given for someone known by the external id alone complete the profile."
    ),
    body=NewMemberBody,
    answer=StandingView,
    status=201,
    also=(200,),
    idempotent=True,
    errors=(*_ENROLLING, "account_closed", "unknown_time_zone"),
)
def create(call: Call[NewMemberBody]) -> Reply:
    """Create on first contact, idempotent on the external id."""
    body, external = call.body, call.body.external_id
    new = NewMember(
        external_id=None if external is None else (external.system, external.value),
        programmes=None if body.programmes is None else tuple(body.programmes),
        consents=_given(body.consents),
        locale=body.locale or "",
        time_zone=_checked_zone(body.tz),
        display_name=body.display_name,
        birthday=body.birthday or "",
        contact=body.contact,
        acquisition_source=body.acquisition_source,
    )
    created = create_member(
        services_of(call), caller_of(call), new, _present_created, identity_of(call)
    )
    return reply(created.done, Location=f"/v1/members/{created.member}")


def _present_created(decided: Decided) -> Answer:
    joined: Joined = decided.results[-1]
    status = 201 if decided.is_new or joined.programmes else 200
    return answer(status, standing(decided.member, decided.account))


def _present_standing(decided: Decided) -> Answer:
    return answer(200, standing(decided.member, decided.account))


@api.post(
    "/members/lookup",
    scope="members:read",
    summary="Find the member with an external id",
    description="The id travels in the body, since addresses end up in logs.",
    body=ExternalId,
    answer=MemberFound,
    idempotent=False,
    errors=("member_not_found",),
)
def find(call: Call[ExternalId]) -> Reply:
    """Look a member up by an external id."""
    wanted = call.body
    member = find_member(services_of(call), caller_of(call), wanted.system, wanted.value)
    return Reply(MemberFound(member))


@api.get(
    "/members/{member_id}",
    scope="members:read",
    summary="Read a member",
    answer=MemberView,
    member_may=True,
    errors=("member_not_found",),
)
def read(call: Call) -> Reply:
    """Read the profile and the standing."""
    found = read_member(services_of(call), caller_of(call), call.path["member_id"])
    return Reply(member_view(found.profile, found.account), version=found.profile.revision)


@api.patch(
    "/members/{member_id}",
    scope="members:write",
    summary="Change a member's profile",
    body=MemberChanges,
    answer=MemberView,
    idempotent=False,
    if_match="required",
    errors=("member_not_found", "stale", "unknown_time_zone"),
)
def change(call: Call[MemberChanges]) -> Reply:
    """Change the profile that was read with this ETag."""
    member, body = call.path["member_id"], call.body
    changes = {
        name: value or ""
        for name, value in (
            ("locale", body.locale),
            ("display_name", body.display_name),
            ("birthday", body.birthday),
            ("contact", body.contact),
        )
        if value is not UNSET
    }
    if body.tz is not UNSET:
        changes["time_zone"] = _checked_zone(body.tz)
    change_member(services_of(call), caller_of(call), member, changes, call.expected_version() or 0)
    return read_again(call, member)


def read_again(call: Call[MemberChanges], member: str) -> Reply:
    """Answer with the member as it now is."""
    found = read_member(services_of(call), caller_of(call), member)
    return Reply(member_view(found.profile, found.account), version=found.profile.revision)


@api.post(
    "/members/{member_id}/enrolments",
    scope="members:write",
    summary="Let a member join programmes",
    body=EnrolmentBody,
    answer=StandingView,
    idempotent=True,
    errors=("member_not_found", "account_closed", *_ENROLLING),
)
def enrol(call: Call[EnrolmentBody]) -> Reply:
    """Join programmes."""
    command = Enrol(member=call.path["member_id"], programmes=tuple(call.body.programmes))
    return carry_out(call, command, _present_standing)


@api.post(
    "/members/{member_id}/consents",
    scope="members:write",
    summary="Record consents given or withdrawn",
    body=ConsentsBody,
    answer=StandingView,
    idempotent=True,
    errors=("member_not_found", "account_closed"),
)
def consent(call: Call[ConsentsBody]) -> Reply:
    """Record consents with their evidence."""
    return reply(
        record_consents(
            services_of(call),
            caller_of(call),
            call.path["member_id"],
            _given(call.body.consents),
            _present_standing,
            identity_of(call),
        )
    )


@api.post(
    "/members/{member_id}/closure",
    scope="members:write",
    summary="Close a member's account; what value is left is forfeited",
    body=ClosureBody,
    answer=StandingView,
    idempotent=True,
    errors=("member_not_found", "account_closed"),
)
def close(call: Call[ClosureBody]) -> Reply:
    """End the account."""
    command = Close(member=call.path["member_id"], reason=call.body.reason)
    return carry_out(call, command, _present_standing)
