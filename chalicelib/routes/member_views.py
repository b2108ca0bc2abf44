"""Members as they are shown, and the consents that come with them."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from chalicelib.domain.errors import LoyaltyError
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import format_instant
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.fields import language_of, whole
from chalicelib.routes.http.fields import MemberId, Token
from chalicelib.routes.http.headers import DEFAULT_LOCALE
from chalicelib.routes.http.localisation import worded
from chalicelib.routes.http.operation import Body
from chalicelib.routes.views import MemberStatus, status_of, when
from chalicelib.usecases.create_member import ConsentGiven
from chalicelib.usecases.stored import Profile

Locale = Annotated[
    str,
    Meta(pattern=whole(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*"), max_length=35, description="BCP 47."),
]
Purpose = Annotated[str, Meta(pattern=whole(r"[a-z][a-z0-9_:-]{0,63}"))]


class ConsentBody(Body):
    """A consent that the person gives or withdraws."""

    purpose: Purpose
    granted: bool
    text_version: Token
    locale: Locale | None = None
    channel: Purpose | None = None


class JoinedProgrammeView(Struct, frozen=True):
    """A programme that the member has joined."""

    programme: str
    tier: str
    joined_at: str


class AccountView(Struct, frozen=True):
    """What the ledger knows of the member; ``tier`` is that of the first programme joined."""

    id: MemberId
    status: MemberStatus
    tier: str | None
    enrolments: list[JoinedProgrammeView]
    consents: dict[str, bool]
    completed_visits: int


class ObstacleView(Struct, frozen=True, omit_defaults=True):
    """Why a programme cannot be joined, and what would help; `code` is that of the refusal."""

    programme: str
    code: str
    detail: str
    missing_consents: list[str] = []
    needed: int | None = None


class JoinedView(AccountView, frozen=True):
    """A member after joining; ``not_joined`` are the other programmes in force."""

    not_joined: list[ObstacleView]


class MemberView(Struct, frozen=True, omit_defaults=True):
    """
    A member; ``revision`` is that of the profile, and the ETag.

    ``former_id`` is the closed account that somebody had before who came back.
    """

    id: MemberId
    status: MemberStatus
    tier: str | None
    enrolments: list[JoinedProgrammeView]
    consents: dict[str, bool]
    completed_visits: int
    revision: int
    created_at: str
    locale: str
    tz: str | None = None
    display_name: str = ""
    birthday: str | None = None
    age_bands: dict[str, str] = {}
    contact: str = ""
    acquisition_source: str = ""
    external_systems: list[str] = []
    former_id: MemberId | None = None
    metadata: dict[str, str] = {}


class MemberSummaryView(Struct, frozen=True):
    """A member as lists show them; what else there is, is read with the member."""

    id: MemberId
    status: MemberStatus
    enrolments: list[JoinedProgrammeView]
    display_name: str
    external_systems: list[str]
    created_at: str


def member_summary(profile: Profile, account: Account) -> MemberSummaryView:
    """Return a member as lists show them."""
    return MemberSummaryView(
        id=profile.member,
        status=status_of(account),
        enrolments=_enrolments(account),
        display_name=profile.display_name,
        external_systems=sorted(profile.external_ids),
        created_at=format_instant(profile.created_at),
    )


def _enrolments(account: Account) -> list[JoinedProgrammeView]:
    joined = sorted(account.enrolments.items(), key=lambda item: item[1].joined_at)
    return [JoinedProgrammeView(p, e.tier, format_instant(e.joined_at)) for p, e in joined]


def account_view(member: str, account: Account) -> AccountView:
    """Return what the ledger knows of a member."""
    enrolments = _enrolments(account)
    return AccountView(
        id=member,
        status=status_of(account),
        tier=enrolments[0].tier if enrolments else None,
        enrolments=enrolments,
        consents=account.consents,
        completed_visits=account.stats.visits,
    )


def obstacle_view(programme: Programme, refusal: LoyaltyError, locale: str) -> ObstacleView:
    """Return what stands in the way of joining a programme, in the reader's language."""
    more = refusal.extensions
    stands = ObstacleView(
        programme.id,
        refusal.code,
        refusal.message,
        more.get("missing_consents", []),
        more.get("needed"),
    )
    if language_of(locale) == DEFAULT_LOCALE:
        return stands
    # Only readers of other languages pay for words.
    from chalicelib.domain.authoring import why_not

    said = why_not.of_joining(programme, refusal)
    return replace(stands, detail=worded(said, locale, stands.detail))


def member_view(profile: Profile, account: Account) -> MemberView:
    """Return a member as shown to who may read the profile."""
    known = account_view(profile.member, account)
    return MemberView(
        id=known.id,
        status=known.status,
        tier=known.tier,
        enrolments=known.enrolments,
        consents=known.consents,
        completed_visits=known.completed_visits,
        revision=profile.revision,
        created_at=when(profile.created_at) or "",
        locale=profile.locale or DEFAULT_LOCALE,
        tz=profile.time_zone or None,
        display_name=profile.display_name,
        birthday=profile.birthday or None,
        age_bands=profile.age_bands,
        contact=profile.contact,
        acquisition_source=profile.acquisition_source,
        external_systems=sorted(profile.external_ids),
        former_id=profile.former or None,
        metadata=profile.metadata,
    )


def consents_given(consents: list[ConsentBody]) -> tuple[ConsentGiven, ...]:
    """Return consents as use cases take them."""
    return tuple(
        ConsentGiven(c.purpose, c.granted, c.text_version, c.locale or "", c.channel or "")
        for c in consents
    )


#: Why joining a programme is refused.
ENROLLING = ("consent_required", "not_eligible", "unknown_programme", "unknown_purpose")
