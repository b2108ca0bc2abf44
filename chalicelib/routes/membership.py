"""Membership: programmes joined, consents given and withdrawn, the account closed."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import asdict, astuple

from chalicelib.domain.ledger.calendar import format_instant
from chalicelib.domain.mechanics.closing import Close, Closed
from chalicelib.domain.mechanics.membership import Enrol, in_force, obstacle
from chalicelib.domain.programme.fields import Id, text_in
from chalicelib.routes.http.calls import (
    answer,
    caller_of,
    carry_out,
    identity_of,
    reply,
    services_of,
)
from chalicelib.routes.http.fields import DryRun, Note, Reason
from chalicelib.routes.http.localisation import Direction
from chalicelib.routes.http.operation import Body, Call, Reply
from chalicelib.routes.http.resource import Resource
from chalicelib.routes.member_views import (
    ENROLLING,
    AccountView,
    ConsentBody,
    ObstacleView,
    account_view,
    consents_given,
    obstacle_view,
)
from chalicelib.routes.pricing import MoneyView
from chalicelib.routes.views import spoken
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.change_member import record_consents
from chalicelib.usecases.read_member import read_member
from chalicelib.usecases.reading import read_account
from chalicelib.usecases.stored import Answer

api = Resource("membership")


class EnrolmentBody(Body):
    """Which programmes to join."""

    programmes: Annotated[list[Id], Meta(min_length=1, max_length=20)]


class ConsentsBody(Body):
    """Consents given or withdrawn now."""

    consents: Annotated[list[ConsentBody], Meta(min_length=1, max_length=20)]


class AccountClosureBody(Body):
    """
    Why the account ends.

    ``prepaid`` says what becomes of money that was paid in and is left: you `refund` it, or the
    member `waive`s it. What came from a gift card or was given is waived either way.
    """

    reason: Reason
    prepaid: Literal["refund", "waive"] | None = None
    note: Note = ""


class PrepaidView(Struct, frozen=True):
    """Money that was left: in a wallet (``section`` `wallets`), or paid for a plan (`plans`)."""

    programme: str
    section: str
    id: str
    amount: MoneyView


class ForfeitedView(Struct, frozen=True):
    """Value of a currency that is given up: ``pending`` of it was not usable yet."""

    programme: str
    currency: str
    available: int
    pending: int


class WrittenOffView(Struct, frozen=True):
    """What was owed in a currency (its ``deficit``), and is not owed any more."""

    programme: str
    currency: str
    amount: int


class ClosedView(AccountView, frozen=True):
    """
    The account that has ended, and what was left in it.

    Money is ``refunded`` and to be paid back, or ``waived``.  Other value is ``forfeited``, and
    what was owed is ``written_off``.
    """

    refunded: list[PrepaidView]
    waived: list[PrepaidView]
    forfeited: list[ForfeitedView]
    written_off: list[WrittenOffView]


class EvidenceView(Struct, frozen=True, omit_defaults=True):
    """One consent that was given or withdrawn, to which text and when."""

    purpose: str
    granted: bool
    text_version: str
    at: str
    locale: str = ""
    channel: str = ""


class EvidencesView(Struct, frozen=True):
    """What is in force by purpose, and every consent on record, the oldest first."""

    member_id: str
    consents: dict[str, bool]
    evidence: list[EvidenceView]


class MemberProgrammeView(Struct, frozen=True):
    """A programme in force: whether the member has joined it, and what stands in the way."""

    programme: str
    name: str
    joined: bool
    obstacle: ObstacleView | None


class MemberProgrammesView(Struct, frozen=True):
    """Every programme in force, as one member sees it; names are in the language ``lang``."""

    member_id: str
    programmes: list[MemberProgrammeView]
    lang: str
    dir: Direction


def _present_account(decided: Decided) -> Answer:
    return answer(200, account_view(decided.member, decided.account))


@api.post(
    "/members/{member_id}/enrolments",
    name="enrol_member",
    scope="members:write",
    summary="Let a member join programmes",
    description="All of them or none; a programme that was joined before stays as it is.",
    body=EnrolmentBody,
    answer=AccountView,
    idempotent=True,
    errors=("member_not_found", "account_closed", *ENROLLING),
)
def enrol(call: Call[EnrolmentBody]) -> Reply:
    """Join programmes."""
    command = Enrol(member=call.path["member_id"], programmes=tuple(call.body.programmes))
    return carry_out(call, command, _present_account)


@api.get(
    "/members/{member_id}/programmes",
    name="read_member_programmes",
    scope="programmes:read",
    summary="Read which programmes a member has joined or may join",
    answer=MemberProgrammesView,
    member_may=True,
    delegates="balance",
    errors=("member_not_found",),
)
def programmes(call: Call) -> Reply:
    """List programmes in force."""
    reading = read_account(services_of(call), caller_of(call), call.path["member_id"])
    found = []
    for programme_id in in_force(reading.programmes, reading.now):
        version = reading.programmes.in_force(programme_id, reading.now)
        if version is None:
            raise AssertionError("a programme in force has a version")
        joined = programme_id in reading.account.enrolments
        refusal = None if joined else obstacle(reading.account, version.document)
        found.append(
            MemberProgrammeView(
                programme_id,
                text_in(version.document.name, call.locale),
                joined,
                None if refusal is None else obstacle_view(version.document, refusal, call.locale),
            )
        )
    reader = spoken(call.locale)
    return Reply(MemberProgrammesView(call.path["member_id"], found, reader.lang, reader.dir))


@api.get(
    "/members/{member_id}/consents",
    name="read_consents",
    scope="members:read",
    summary="Read a member's consents, with the evidence of each",
    answer=EvidencesView,
    member_may=True,
    delegates="profile",
    errors=("member_not_found",),
)
def consents(call: Call) -> Reply:
    """List consents given and withdrawn."""
    found = read_member(services_of(call), caller_of(call), call.path["member_id"])
    evidence = [
        EvidenceView(
            each.purpose,
            each.granted,
            each.text_version,
            format_instant(each.at),
            each.locale,
            each.channel,
        )
        for each in found.profile.consents
    ]
    return Reply(EvidencesView(call.path["member_id"], found.account.consents, evidence))


@api.post(
    "/members/{member_id}/consents",
    name="record_consents",
    scope="members:write",
    summary="Record consents given or withdrawn",
    description=(
        "Each with the wording that the person saw, of purposes that a programme in force asks "
        "for. One that is withdrawn takes with it what it allowed."
    ),
    body=ConsentsBody,
    answer=AccountView,
    idempotent=True,
    errors=("member_not_found", "account_closed", "unknown_purpose"),
)
def consent(call: Call[ConsentsBody]) -> Reply:
    """Record consents with their evidence."""
    return reply(
        record_consents(
            services_of(call),
            caller_of(call),
            call.path["member_id"],
            consents_given(call.body.consents),
            _present_account,
            identity_of(call),
        )
    )


@api.post(
    "/members/{member_id}/closure",
    name="close_member",
    scope="members:write",
    summary="Close an account; value is forfeited, debt written off",
    description=(
        "Nothing is earned or spent any more; paid vouchers stay good. Refused while paid-in money "
        "is left, unless `prepaid` says what of it. With `dry_run` nothing is written."
    ),
    body=AccountClosureBody,
    query=DryRun,
    answer=ClosedView,
    idempotent=True,
    errors=("member_not_found", "account_closed", "prepaid_left"),
)
def close(call: Call[AccountClosureBody, DryRun]) -> Reply:
    """End the account."""
    body = call.body
    command = Close(
        member=call.path["member_id"], reason=body.reason, prepaid=body.prepaid, note=body.note
    )
    return carry_out(call, command, _present_closed, dry_run=call.query.dry_run)


def _present_closed(decided: Decided) -> Answer:
    closed: Closed = decided.results[-1]
    refunded: list[PrepaidView] = []
    waived: list[PrepaidView] = []
    for each in closed.prepaid:
        money = MoneyView(each.amount, _unit(decided, each.programme))
        view = PrepaidView(each.programme, each.section, each.id, money)
        (refunded if closed.refunded and each.refundable else waived).append(view)
    account = asdict(account_view(decided.member, decided.account))
    ended = ClosedView(
        **account,
        refunded=refunded,
        waived=waived,
        forfeited=[ForfeitedView(*astuple(each)) for each in closed.forfeited],
        written_off=[WrittenOffView(*astuple(each)) for each in closed.written_off],
    )
    return answer(200, ended)


def _unit(decided: Decided, programme: str) -> str:
    version = decided.programmes.in_force(programme, decided.now)
    return version.document.money.currency if version else ""
