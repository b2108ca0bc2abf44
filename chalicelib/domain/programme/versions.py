"""Which version of a programme rules, for a member too, and which currency of it is meant."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from chalicelib.domain.errors import Conflict, Invalid, NotFound
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.programme.document import Currency, Programme

State = Literal["draft", "published", "retired"]


class ProgrammeVersion(Struct, frozen=True):
    """One version of a programme: a draft, or published and from then on immutable."""

    number: int
    state: State
    document: Programme
    effective_from: Instant | None = None

    @property
    def programme_id(self) -> str:
        """Return the id of the programme that this is a version of."""
        return self.document.id


class Programmes:
    """Every published version of a tenant's programmes, to be asked for the one in force."""

    def __init__(self, versions: Iterable[ProgrammeVersion]) -> None:
        self._published: dict[str, list[ProgrammeVersion]] = {}
        for version in versions:
            if version.state != "draft" and version.effective_from is not None:
                self._published.setdefault(version.programme_id, []).append(version)
        for known in self._published.values():
            known.sort(key=_in_force_order)

    def in_force(self, programme_id: str, instant: Instant) -> ProgrammeVersion | None:
        """Return the version that rules at an instant: the last to have taken effect by then."""
        current = None
        for version in self._published.get(programme_id, ()):
            if version.effective_from is not None and version.effective_from <= instant:
                current = version
        return current

    def up_to(self, programme_id: str, instant: Instant) -> tuple[ProgrammeVersion, ...]:
        """Return the versions that had taken effect by an instant, the first of them first."""
        known = self._published.get(programme_id, ())
        return tuple(version for version in known if (version.effective_from or 0) <= instant)

    def version(self, programme_id: str, number: int) -> ProgrammeVersion | None:
        """Return the published version of that number, or ``None``."""
        known = self._published.get(programme_id, ())
        return next((version for version in known if version.number == number), None)

    def ids(self) -> tuple[str, ...]:
        """Return the ids of the programmes with a published version, sorted."""
        return tuple(sorted(self._published))


def resolve_programme(
    account: Account, programmes: Programmes, programme_id: str, now: Instant
) -> Programme:
    """Return the document that rules a member's programme now; refuse who is not a member."""
    programme = document_in_force(programmes, programme_id, now)
    # Only members join programmes.
    if account.holder == "member" and programme_id not in account.enrolments:
        raise Conflict(
            "not_enrolled", f"This member has not joined {programme_id}.", programme=programme_id
        )
    return programme


def document_in_force(programmes: Programmes, programme_id: str, now: Instant) -> Programme:
    """Return the document that rules a programme now; raises `NotFound` where none does."""
    version = programmes.in_force(programme_id, now)
    if version is None:
        known = [each for each in programmes.ids() if programmes.in_force(each, now)]
        raise NotFound(
            "programme_not_found",
            f"No programme of this id is in force; these are: {', '.join(known) or 'none'}.",
        )
    return version.document


def none_such(what: str, programme: Programme, ids: Iterable[str]) -> NotFound:
    """Return the refusal of a part of a programme that it does not have: it names those it has."""
    known = ", ".join(ids) or "none"
    return NotFound(f"{what}_not_found", f"{programme.id} has no such {what}; it has: {known}.")


def currency_in(
    programme: Programme, currency_id: str, fit: tuple[str, ...] | None = None
) -> Currency:
    """
    Return the currency that a request names at ``/currency``.

    It is one of those ``fit`` for what is asked, of all of them where nothing is said; raises
    `Invalid` ``unknown_currency`` for any other.
    """
    ids = tuple(each.id for each in programme.currencies) if fit is None else fit
    currency = programme.currency(currency_id)
    if currency is None or currency_id not in ids:
        known = ", ".join(ids) or "none"
        raise Invalid(
            "unknown_currency",
            f"{programme.id} has no such currency for this; it has: {known}.",
            errors=[{"pointer": "/currency", "detail": f"must be one of: {known}"}],
        )
    return currency


def _in_force_order(version: ProgrammeVersion) -> tuple[Instant, int]:
    return (version.effective_from or 0, version.number)
