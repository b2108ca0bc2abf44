"""Programmes: validate a document, draft it, publish it, read it, read it in words."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from chalicelib.domain.authoring.whole_document import ProgrammeDocument, whole
from chalicelib.domain.errors import NotFound
from chalicelib.domain.programme.fields import text_in
from chalicelib.domain.programme.versions import ProgrammeVersion, State
from chalicelib.routes.http.calls import caller_of, instant_in, page_of, services_of
from chalicelib.routes.http.fields import InstantText
from chalicelib.routes.http.operation import Body, Call, Page, Query, Reply, Timestamp
from chalicelib.routes.http.resource import Resource
from chalicelib.routes.rules_in_words import RulesInWordsView, in_words
from chalicelib.routes.views import when
from chalicelib.usecases.publish_programme import (
    draft_programme,
    publish_programme,
    read_programmes,
    read_version,
    validate_programme,
)
from chalicelib.usecases.reading import read_account

api = Resource("programmes")


#: Read as it comes, so that validation names every violation, also those of its shape.
AnyDocument = Annotated[
    dict[str, Any],
    Meta(extra_json_schema={"$ref": f"#/components/schemas/{ProgrammeDocument.__name__}"}),
]


class ProgrammeBody(Body):
    """What is to be a version of a programme."""

    document: AnyDocument


class DraftBody(Body):
    """A programme document, and the number of the draft that it takes the place of, if any."""

    document: AnyDocument
    replaces: Annotated[int, Meta(ge=1, le=999_999)] | None = None


class PublicationBody(Body):
    """When the version takes effect; as soon as it may where it is left out."""

    effective_from: InstantText | None = None


class WhichVersion(Query, frozen=True):
    """Which version; the one in force where it is left out."""

    version: Annotated[int, Meta(ge=1, le=999_999)] | None = None


class WarningView(Struct, frozen=True):
    """What the author of a document should know."""

    pointer: str
    detail: str


class ProgrammeValidationView(Struct, frozen=True):
    """A document that can be published."""

    valid: bool
    warnings: list[WarningView]


class ProgrammeVersionSummary(Struct, frozen=True):
    """One version of a programme."""

    programme: str
    version: int
    name: str
    state: State
    effective_from: Timestamp | None


class ProgrammeVersionView(Struct, frozen=True):
    """One version of a programme with its document."""

    programme: str
    version: int
    state: State
    effective_from: Timestamp | None
    document: ProgrammeDocument
    warnings: list[WarningView] = []


class ProgrammeVersionsView(Struct, frozen=True):
    """A page of versions."""

    programmes: list[ProgrammeVersionSummary]
    next_cursor: str | None


@api.post(
    "/programmes/validation",
    name="validate_programme",
    scope="programmes:read",
    summary="Validate a programme document",
    description="Reports every problem with its path and its fix; nothing is kept.",
    body=ProgrammeBody,
    answer=ProgrammeValidationView,
    idempotent=False,
    limited="open",
    errors=("invalid_programme", "invalid_succession"),
)
def validate(call: Call[ProgrammeBody]) -> Reply:
    """Check a document."""
    warnings = validate_programme(services_of(call), caller_of(call), call.body.document)
    return Reply(ProgrammeValidationView(valid=True, warnings=_warnings(warnings)))


@api.post(
    "/programmes",
    name="create_programme",
    scope="programmes:write",
    summary="Draft the next version of a programme",
    description=(
        "It is validated, and has no effect until it is published. At most 20 drafts are "
        "kept: publish one, or take one's place with `replaces`."
    ),
    body=DraftBody,
    answer=ProgrammeVersionView,
    headers=("Location",),
    status=201,
    idempotent=False,
    errors=(
        "invalid_programme",
        "version_taken",
        "too_many_drafts",
        "programme_not_found",
        "version_not_found",
        "not_a_draft",
    ),
)
def draft(call: Call[DraftBody]) -> Reply:
    """Keep a valid document as a draft."""
    body = call.body
    drafted, warnings = draft_programme(
        services_of(call), caller_of(call), body.document, body.replaces
    )
    location = f"/v1/programmes/{drafted.programme_id}?version={drafted.number}"
    return Reply(_view(drafted, _warnings(warnings)), headers={"Location": location})


@api.post(
    "/programmes/{programme_id}/versions/{version}/publication",
    name="publish_programme",
    scope="programmes:write",
    summary="Publish a draft",
    description=(
        "The first version of a programme may take effect at once; a later one two minutes ahead "
        "or more, so that every server knows it before it counts. A published version never "
        "changes."
    ),
    body=PublicationBody,
    answer=ProgrammeVersionView,
    idempotent=False,
    patterns={"version": "[1-9][0-9]{0,5}"},
    errors=(
        "programme_not_found",
        "version_not_found",
        "invalid_succession",
        "effective_too_early",
        "not_a_draft",
        "invalid_instant",
    ),
)
def publish(call: Call[PublicationBody]) -> Reply:
    """Publish a version."""
    text = call.body.effective_from
    version = publish_programme(
        services_of(call),
        caller_of(call),
        call.path["programme_id"],
        int(call.path["version"]),
        None if text is None else instant_in(text, pointer="/effective_from"),
    )
    return Reply(_view(version))


@api.get(
    "/programmes",
    name="list_programmes",
    scope="programmes:read",
    summary="List the versions of all programmes",
    description="By programme and number; the documents are read one by one.",
    query=Page,
    answer=ProgrammeVersionsView,
    limited="open",
)
def list_versions(call: Call[None, Page]) -> Reply:
    """List versions by programme and number."""
    versions = read_programmes(services_of(call), caller_of(call))
    page, cursor = page_of(call, versions, lambda each: f"{each.programme_id}/{each.number}")
    return Reply(
        ProgrammeVersionsView([_summary(version, call.locale) for version in page], cursor)
    )


@api.get(
    "/programmes/{programme_id}",
    name="read_programme",
    scope="programmes:read",
    summary="Read a programme: the version in force, or the one named",
    description="With its document.",
    query=WhichVersion,
    answer=ProgrammeVersionView,
    limited="open",
    errors=("programme_not_found", "version_not_found"),
)
def read(call: Call[None, WhichVersion]) -> Reply:
    """Read a version."""
    programme_id = call.path["programme_id"]
    version = read_version(services_of(call), caller_of(call), programme_id, call.query.version)
    return Reply(_view(version))


@api.get(
    "/programmes/{programme_id}/rules",
    name="read_programme_rules",
    scope="programmes:read",
    summary="Read the rules in words",
    description="As a member would read them, in the language that is asked for.",
    query=WhichVersion,
    answer=RulesInWordsView,
    headers=("Content-Language",),
    limited="open",
    errors=("programme_not_found", "version_not_found"),
)
def rules(call: Call[None, WhichVersion]) -> Reply:
    """Read a programme as a patient would."""
    programme_id = call.path["programme_id"]
    version = read_version(services_of(call), caller_of(call), programme_id, call.query.version)
    return in_words(version, call.locale)


@api.get(
    "/members/{member_id}/programmes/{programme_id}/rules",
    name="read_member_programme_rules",
    scope="programmes:read",
    summary="Read the rules that are in force in words",
    description="Drafts and versions to come are not shown here.",
    answer=RulesInWordsView,
    headers=("Content-Language",),
    member_may=True,
    delegates="balance",
    errors=("member_not_found", "programme_not_found"),
)
def own_rules(call: Call) -> Reply:
    """Read the programme as the member may."""
    reading = read_account(services_of(call), caller_of(call), call.path["member_id"])
    version = reading.programmes.in_force(call.path["programme_id"], reading.now)
    if version is None:
        raise NotFound("programme_not_found", "No programme of this id is in force.")
    return in_words(version, call.locale)


def _warnings(problems: tuple[Any, ...]) -> list[WarningView]:
    return [WarningView(problem.pointer, problem.detail) for problem in problems]


def _summary(version: ProgrammeVersion, locale: str) -> ProgrammeVersionSummary:
    return ProgrammeVersionSummary(
        version.programme_id,
        version.number,
        text_in(version.document.name, locale),
        version.state,
        when(version.effective_from),
    )


def _view(
    version: ProgrammeVersion, warnings: list[WarningView] | None = None
) -> ProgrammeVersionView:
    return ProgrammeVersionView(
        version.programme_id,
        version.number,
        version.state,
        when(version.effective_from),
        whole(version.document),
        warnings or [],
    )
