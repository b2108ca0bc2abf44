"""
Whether a document is a programme: every problem at once, each with its place and its remedy.

Problems refuse the document, warnings do not.  Both name a place by JSON pointer.  Shape comes
first (`conversion`), then meaning (`consistency`), then advice; a document with violations of shape
is salvaged, so that the rest of it is checked at the same time, and what only follows from a
violation already reported is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

import msgspec
from msgspec import Struct

from chalicelib.domain.authoring import advice, consistency
from chalicelib.domain.authoring.whole_document import ProgrammeDocument
from chalicelib.domain.conversion import Refused, convert
from chalicelib.domain.decide import registry
from chalicelib.domain.pointer import has_place, join
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.references import tier_ids
from chalicelib.domain.programme.section import encode
from chalicelib.domain.salvage import salvage
from chalicelib.domain.violations import Violation

# An editor's own note of where the schema is; no part of the programme.
_EDITOR_FIELD = "$schema"


class Problem(Struct, frozen=True):
    """Something wrong with a document: where, and what to do about it."""

    pointer: str
    detail: str


class Validated(Struct, frozen=True):
    """A document that was validated: ``programme`` is there exactly where ``problems`` is empty."""

    programme: ProgrammeDocument | None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def validate(document: object, today: date | None = None) -> Validated:
    """
    Validate a parsed JSON value as a programme.  Never raises.

    Of violations of shape at most 100 are reported.  Warnings come with a document that is
    accepted; ``today``, in the programme's zone, adds those about dates that are over.
    """
    if isinstance(document, dict):
        document = {name: part for name, part in document.items() if name != _EDITOR_FIELD}
    try:
        programme: ProgrammeDocument = convert(document, ProgrammeDocument)
        violations: list[Violation] = []
    except Refused as refused:
        programme = salvage(document, ProgrammeDocument)
        violations = refused.violations
    violations += _news(_edges(document, ""), violations, document)
    violations += _news(consistency.problems(programme), violations, document)
    if violations:
        return Validated(None, _as_problems(violations))
    return Validated(programme, (), _as_problems(advice.warnings(programme, today)))


def check_succession(previous: Programme, following: Programme) -> tuple[Problem, ...]:
    """
    Return what forbids ``following`` as the next version of ``previous``.

    Accounts hold amounts in minor units, so the money stays; each mechanic says what else accounts
    and vouchers refer to.  Rules, caps, groups and rewards are free.
    """
    found = []
    if following.id != previous.id:
        found.append(Problem("/id", f"must stay `{previous.id}`: it names the programme for ever"))
    if following.money.currency != previous.money.currency:
        detail = f"must stay {previous.money.currency}: what is counted is in its minor units"
        found.append(Problem("/money/currency", detail))
    found.extend(_dropped(previous, following))
    return tuple(found)


def _dropped(previous: Programme, following: Programme) -> Iterator[Problem]:
    """Yield the ids that accounts may refer to and that are gone, and what else is not allowed."""
    document = msgspec.json.decode(encode(following))
    for mechanic in registry.in_document_order():
        if mechanic.succession is not None:
            found = mechanic.succession(previous, following)
            yield from (Problem(each.pointer, each.detail) for each in found)
        if mechanic.permanent is None:
            continue
        kept = {each.pointer: each.ids for each in mechanic.permanent(following)}
        for pointer, ids, hint in mechanic.permanent(previous):
            for gone in ids:
                if gone not in kept.get(pointer, ()):
                    yield Problem(_nearest(document, pointer), f"`{gone}` is gone: {hint}")


def _nearest(document: object, pointer: str) -> str:
    """Return a pointer without what of its end a document has no place for."""
    while not has_place(document, pointer):
        pointer = pointer.rpartition("/")[0]
    return pointer


def succession_warnings(previous: Programme, following: Programme) -> tuple[Problem, ...]:
    """Return what a next version may do but changes for members who are in the programme."""
    found = []
    if following.time_zone != previous.time_zone:
        detail = f"was {previous.time_zone}: value given before keeps the instant at which it ends"
        found.append(Problem("/time_zone", detail))
    before, after = tier_ids(previous), tier_ids(following)
    if before and [tier for tier in after if tier in before] != before:
        detail = f"the order was {', '.join(before)}: members keep their tier, and its rank changes"
        found.append(Problem("/tiers/levels", detail))
    known = {currency.id: currency for currency in previous.currencies}
    for place, currency in enumerate(following.currencies):
        for name in ("expiry", "tier_expiry"):
            was = known.get(currency.id, currency)
            if getattr(currency, name) != getattr(was, name):
                detail = "was another: it holds for what is earned from now on"
                found.append(Problem(join("/currencies", place, name), detail))
    return tuple(found)


def _edges(document: Any, at: str) -> Iterator[Violation]:
    """Yield texts with white space around them: they look like others and are not equal."""
    below: Iterable[tuple[str | int, Any]] = ()
    if isinstance(document, list):
        below = enumerate(document)
    elif isinstance(document, dict):
        below = document.items()
        for name in document:
            if name != name.strip():
                detail = "is a name that begins or ends with white space: take it away"
                yield Violation(join(at, name), detail)
    for token, item in below:
        # Most of a document is texts in order and numbers, and has no need of a pointer.
        if isinstance(item, str):
            if item != item.strip():
                detail = "begins or ends with white space: take it away"
                yield Violation(join(at, token), detail)
        elif isinstance(item, list | dict):
            yield from _edges(item, join(at, token))


def _news(
    found: Iterable[Violation], reported: list[Violation], document: object
) -> list[Violation]:
    """
    Leave out what most likely follows from a violation that is reported.

    That is what stands at or above the violation, and what stands below something
    that is not there.
    """
    pointers = [violation.pointer for violation in reported]
    return [
        violation
        for violation in found
        if not any(
            p == violation.pointer or p.startswith(f"{violation.pointer}/") for p in pointers
        )
        and has_place(document, violation.pointer)
    ]


def _as_problems(violations: Iterable[Violation]) -> tuple[Problem, ...]:
    return tuple(Problem(violation.pointer, violation.detail) for violation in violations)
