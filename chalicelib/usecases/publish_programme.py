"""Programmes: validate, draft, publish, read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from chalicelib.domain import locations
from chalicelib.domain.authoring.unknown_locations import unknown_locations
from chalicelib.domain.authoring.validation import (
    Problem,
    check_succession,
    succession_warnings,
    validate,
)
from chalicelib.domain.errors import Conflict, Invalid, NotFound
from chalicelib.domain.ledger.calendar import Instant, format_instant
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.versions import ProgrammeVersion
from chalicelib.usecases.services import Caller, Services, now_of, settings_of

# Twice the time for which containers keep a programme: every one of them knows a version before
# it takes effect, so that no two evaluate the same instant by different versions.
NOTICE_MS = 2 * 60_000
#: How many drafts a tenant may have, of all programmes.
DRAFTS_MAX = 20


class Checked(NamedTuple):
    """A document that can be published, and what its author should know."""

    programme: Programme
    warnings: tuple[Problem, ...]


def check_document(document: object) -> Checked:
    """Validate a document; raises `Invalid` with every problem, its path and its fix."""
    validated = validate(document)
    if validated.programme is None or validated.problems:
        problems = validated.problems
        raise Invalid(
            "invalid_programme",
            f"The programme has {len(problems)} problem{'s'[: len(problems) != 1]}.",
            errors=[{"pointer": p.pointer, "detail": p.detail} for p in problems],
        )
    return Checked(validated.programme, validated.warnings)


def validate_programme(services: Services, caller: Caller, document: object) -> tuple[Problem, ...]:
    """
    Return what the author of a document should know; raises `Invalid` where it has problems.

    Those are also of what it would follow: the last version of its programme that is published,
    in force or not.
    """
    checked = check_document(document)
    warnings = checked.warnings + _of_locations(services, caller, document)
    latest = _latest(_versions(services, caller, checked.programme.id))
    if latest is None:
        return warnings
    _check_that_it_follows(latest, checked.programme, "The document")
    return warnings + succession_warnings(latest.document, checked.programme)


def _of_locations(services: Services, caller: Caller, document: object) -> tuple[Problem, ...]:
    known = locations.decode(settings_of(services, caller.tenant).locations)
    return tuple(unknown_locations(document, known)) if known else ()


def _check_that_it_follows(latest: ProgrammeVersion, document: Programme, what: str) -> None:
    problems = check_succession(latest.document, document)
    if problems:
        raise Invalid(
            "invalid_succession",
            f"{what} cannot follow version {latest.number}.",
            errors=[{"pointer": p.pointer, "detail": p.detail} for p in problems],
        )


class Drafted(NamedTuple):
    """A new draft, and what its author should know."""

    version: ProgrammeVersion
    warnings: tuple[Problem, ...]


def draft_programme(
    services: Services, caller: Caller, document: object, replaces: int | None = None
) -> Drafted:
    """
    Keep a valid document as the next version of its programme, or in the place of a draft.

    What forbids to publish it after the last published version is among the warnings.
    Raises `Conflict` ``too_many_drafts`` where a tenant has so many already: every server reads all
    versions of a tenant.
    """
    checked = check_document(document)
    warnings = checked.warnings + _of_locations(services, caller, document)
    known = services.catalogue.versions(caller.tenant, fresh=True)
    versions = [version for version in known if version.programme_id == checked.programme.id]
    if replaces is None:
        draft = _next_draft(services, caller, known, versions, checked.programme)
    else:
        before = _numbered(versions, checked.programme.id, replaces)
        draft = replace(before, document=checked.programme)
        if before.state != "draft" or not services.catalogue.change_draft(caller.tenant, draft):
            raise Conflict("not_a_draft", f"Version {replaces} is no draft: draft the next one.")
    latest = _latest(versions)
    if latest is None:
        return Drafted(draft, warnings)
    forbidden = tuple(
        Problem(each.pointer, f"cannot be published: {each.detail}")
        for each in check_succession(latest.document, draft.document)
    )
    changed = succession_warnings(latest.document, draft.document)
    return Drafted(draft, forbidden + warnings + changed)


def _next_draft(
    services: Services,
    caller: Caller,
    known: Sequence[ProgrammeVersion],
    versions: Sequence[ProgrammeVersion],
    document: Programme,
) -> ProgrammeVersion:
    drafts = [f"{each.programme_id} {each.number}" for each in known if each.state == "draft"]
    if len(drafts) >= DRAFTS_MAX:
        raise Conflict(
            "too_many_drafts",
            f"There are {len(drafts)} drafts, {DRAFTS_MAX} at most: publish one, or name one of "
            f"this programme in `replaces`. They are: {', '.join(drafts[:DRAFTS_MAX])}.",
            limit=DRAFTS_MAX,
        )
    following = max((version.number for version in versions), default=0) + 1
    draft = ProgrammeVersion(number=following, state="draft", document=document)
    if not services.catalogue.save_draft(caller.tenant, draft):
        raise Conflict(
            "version_taken", "Someone else drafted a version at the same moment: try again."
        )
    return draft


def publish_programme(
    services: Services,
    caller: Caller,
    programme_id: str,
    number: int,
    effective_from: Instant | None,
) -> ProgrammeVersion:
    """
    Publish a draft; from then on it never changes.

    The first version of a programme may take effect at once, since nobody can have joined yet; a
    later one two minutes ahead, or later.
    """
    versions = _versions(services, caller, programme_id)
    draft = _numbered(versions, programme_id, number)
    latest = _latest(versions)
    now = now_of(services, caller.tenant)
    if draft.state != "draft":
        return _already(draft, effective_from)
    earliest = now
    if latest is not None:
        earliest = max(now + NOTICE_MS, _effective(latest) + 1)
        _check_that_it_follows(latest, draft.document, f"Version {number}")
    if effective_from is None:
        effective_from = earliest
    elif latest is not None and effective_from < earliest:
        raise Invalid(
            "effective_too_early",
            f"A version that follows another takes effect at {format_instant(earliest)} or later.",
            errors=[
                {
                    "pointer": "/effective_from",
                    "detail": f"must be at or after {format_instant(earliest)}",
                }
            ],
        )
    version = replace(draft, state="published", effective_from=effective_from)
    if not services.catalogue.change_draft(caller.tenant, version):
        raise Conflict("not_a_draft", f"Version {number} is no draft any more: read it again.")
    return version


def read_programmes(services: Services, caller: Caller) -> Sequence[ProgrammeVersion]:
    """Return every version of every programme, by id and number."""
    return sorted(services.catalogue.versions(caller.tenant), key=_by_id_and_number)


def read_version(
    services: Services, caller: Caller, programme_id: str, number: int | None
) -> ProgrammeVersion:
    """Return one version; without a number the one in force, else the newest."""
    versions = _versions(services, caller, programme_id)
    if not versions:
        raise _unknown()
    if number is not None:
        return _numbered(versions, programme_id, number)
    now = now_of(services, caller.tenant)
    in_force = [v for v in versions if v.effective_from is not None and v.effective_from <= now]
    return max(in_force or versions, key=_effective if in_force else _number)


def _already(version: ProgrammeVersion, effective_from: Instant | None) -> ProgrammeVersion:
    """Answer a repeated publication as the first one."""
    if effective_from in (None, version.effective_from):
        return version
    raise Conflict(
        "not_a_draft",
        f"Version {version.number} is published already, and a published version never changes: "
        "draft the next one.",
    )


def _versions(services: Services, caller: Caller, programme_id: str) -> list[ProgrammeVersion]:
    known = services.catalogue.versions(caller.tenant, fresh=True)
    return [version for version in known if version.programme_id == programme_id]


def _latest(versions: Sequence[ProgrammeVersion]) -> ProgrammeVersion | None:
    published = [v for v in versions if v.state != "draft" and v.effective_from is not None]
    return max(published, key=_effective, default=None)


def _numbered(
    versions: Sequence[ProgrammeVersion], programme_id: str, number: int
) -> ProgrammeVersion:
    for version in versions:
        if version.number == number:
            return version
    raise (
        _unknown()
        if not versions
        else NotFound("version_not_found", f"{programme_id} has no version {number}.")
    )


def _unknown() -> NotFound:
    return NotFound("programme_not_found", "There is no programme of this id.")


def _effective(version: ProgrammeVersion) -> Instant:
    return version.effective_from or 0


def _number(version: ProgrammeVersion) -> int:
    return version.number


def _by_id_and_number(version: ProgrammeVersion) -> tuple[str, int]:
    return (version.programme_id, version.number)
