"""
What is wrong with an expression, and how to correct it, in words for the author of a programme.

cel-cpp reports errors as ``ERROR: <input>:1:9: undeclared reference to 'activity.channl'``.
The sentences here add what an author needs: the place, the nearest known name, what to write
instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from chalicelib.domain.programme.condition_grammar import FUNCTIONS, LINE_FIELDS, MACROS, Misuse

_ENGINE_VIOLATION: Final = re.compile(r"ERROR: <input>:(\d+):(\d+): ([^\n]*)")
_STATUS: Final = re.compile(r"^[A-Z_]+: | \[[A-Z_]+\]$")
_MISSING: Final = re.compile(r'No value with name "([^"]*)" found')
_NO_ATTRIBUTE: Final = "there is no attributes."
_KINDS: Final[dict[str, tuple[type, str]]] = {
    "string": (str, "a text"),
    "int": (int, "a whole number"),
    "bool": (bool, "true or false"),
}
_ECHO_LENGTH: Final = 60
_REASON_LENGTH: Final = 200


class _At(NamedTuple):
    source: str
    line: int
    column: int
    names: Sequence[str]

    def __str__(self) -> str:
        return f" at line {self.line}, column {self.column}"

    def opens_arguments(self) -> bool:
        """Tell whether it is placed at a bracket, as the engine places unknown functions."""
        return self.source.split("\n")[self.line - 1][self.column - 1 : self.column] == "("


def explain(error: str, kind: str, source: str, names: Sequence[str]) -> str:
    """Turn the engine's refusal to compile ``source`` into a sentence; ``names`` are in scope."""
    violations = [
        (_At(source, int(line), int(column), names), violation)
        for line, column, violation in _ENGINE_VIOLATION.findall(error)
    ]
    if not violations:
        if "recursion" in error:
            return f"The {kind} is nested too deeply: split it, or use in with a list."
        return f"The {kind} cannot be read: {reason(error)}."
    # A misspelt macro comes after the names that it would have introduced: it is the cause.
    at, violation = min(violations, key=lambda each: not each[0].opens_arguments())
    for pattern, words in _EXPLANATIONS:
        if found := pattern.search(violation):
            return f"The {kind} {words(found, at)}"
    return f"The {kind} cannot be read{at}: {reason(violation)}."


def explain_violation(violation: Misuse, kind: str, source: str) -> str:
    """Put what the grammar does not allow into a sentence."""
    before = source[: violation.offset].split("\n")
    at = _At(source, len(before), len(before[-1]) + 1, ())
    return f"The {kind} is not allowed{at}: {violation.message}."


def reason(status: str) -> str:
    """Reduce the engine's report to what it says, in its own words or plainer ones."""
    if missing := _MISSING.search(status):
        return f"there is no {missing[1]}"
    return _STATUS.sub("", status.strip()).rstrip(".")[:_REASON_LENGTH]


def failure(why: str) -> str:
    """Return why an evaluation has no answer, as a sentence for those who read explanations."""
    name = why.removeprefix(_NO_ATTRIBUTE)
    if name != why:
        # No violation: an activity need not carry what a programme declares.
        return f"the activity has no attribute {name}"
    return f"The expression could not be evaluated: {why}."


def mistyped(name: str, kind: str, value: object) -> str | None:
    """Return what is wrong with an attribute that is not of its declared kind, else nothing."""
    # By the type itself: to Python, and to the engine, `true` is the number 1.
    wanted, words = _KINDS[kind]
    if type(value) is wanted:
        return None
    given = next((text for each, text in _KINDS.values() if type(value) is each), "something else")
    return f"the activity's attribute {name} is {given}: the programme declares it {words}"


def _unknown_name(found: re.Match[str], at: _At) -> str:
    if at.opens_arguments():
        return f"calls {_echo(found)}{at}, {_choose(found[1], (*FUNCTIONS, *MACROS), 'functions')}"
    return f"names {_echo(found)}{at}, {_choose(found[1], at.names, 'names')}"


def _unknown_field(found: re.Match[str], at: _At) -> str:
    return f"names the field {_echo(found)}{at}, {_choose(found[1], LINE_FIELDS, 'fields')}"


def _mixed_types(found: re.Match[str], at: _At) -> str:
    hint = "both sides must be of one type"
    if "double" in found[2]:
        hint = "amounts are whole numbers, so write no decimals"
    return f"cannot apply {found[1].strip('_').replace('_', ' ')} to {found[2]}{at}: {hint}."


def _half_operator(found: re.Match[str], at: _At) -> str:
    return f"cannot be read{at}: write {found[1] * 2} for {found[1]}."


_EXPLANATIONS: Final[list[tuple[re.Pattern[str], Callable[[re.Match[str], _At], str]]]] = [
    (re.compile(r"undeclared reference to '([^']*)'"), _unknown_name),
    (re.compile(r"undefined field '([^']*)'"), _unknown_field),
    (re.compile(r"no matching overload for '([^']*)' applied to '(.*)'"), _mixed_types),
    (re.compile(r"token recognition error at: '([=&|])"), _half_operator),
]


def _echo(found: re.Match[str]) -> str:
    return repr(found[1][:_ECHO_LENGTH])


def _choose(unknown: str, known: Sequence[str], what: str) -> str:
    from chalicelib.domain.spelling import nearest  # only refusals need it

    last = unknown.rpartition(".")[2]
    near = [name for name in known if name.rpartition(".")[2] == last]
    meant = near[0] if near else nearest(unknown, known)
    hint = f"Did you mean {meant!r}? " if meant else ""
    if any(name.startswith(f"{unknown}.") for name in known):
        hint = "Name one of its fields. "
    return f"which is not known. {hint}The {what} are {', '.join(known)}."
