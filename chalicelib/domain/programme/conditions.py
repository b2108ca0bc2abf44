"""
Conditions and formulas of rules: CEL over one activity, its member and its lines.

One module because no other may know the CEL engine (``cel-expr-python``, Google's cel-cpp).  A
*condition* answers true or false, a *formula* a whole number; which names they may use is a
`Scope`.  Both are checked when the programme is validated: names, fields, types and the small
grammar of `condition_grammar`.  At the till only the data can be at fault, and then `evaluate`
answers with the reason and never raises, so the rule does not match and says why.

What must not get past this module: the engine returns a failed evaluation, or a missing variable,
as a value of type ERROR whose content is a non-empty, hence truthy, text, and raises
``RuntimeError`` when its budget of 10,000 iterations is spent.  So a result counts only if its
type is the one that was declared.

The engine and protobuf are imported on first use: they cost 60 ms that most calls never need.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from threading import Lock
from typing import Any, Final, Literal, NamedTuple

import msgspec
from msgspec.structs import astuple

from chalicelib.domain.errors import Invalid
from chalicelib.domain.programme.condition_errors import (
    explain,
    explain_violation,
    failure,
    mistyped,
    reason,
)
from chalicelib.domain.programme.condition_grammar import (
    LINE,
    LINE_FIELDS,
    Grammar,
    declare_messages,
)

Kind = Literal["condition", "formula"]
Scalar = str | int | bool

MAX_LENGTH: Final = 2_000
VARIABLES: Final = {
    "activity.type": "string",
    "activity.source": "string",
    "activity.channel": "string",
    "activity.location": "string",
    "activity.provider": "string",
    "activity.category": "string",
    "activity.currency": "string",
    "activity.amount": "int",
    "activity.quantity": "int",
    "activity.date": "string",
    "activity.time": "string",
    "activity.weekday": "int",
    "activity.month": "int",
    "activity.day": "int",
    "counted.amount": "int",
    "counted.quantity": "int",
    "member.tier": "string",
    "member.status": "string",
    "member.visits": "int",
    "member.days_enrolled": "int",
    "member.birthday_month": "int",
    "member.age_band": "string",
}

_TYPE_OF: Final = {"string": "STRING", "int": "INT", "bool": "BOOL"}
_ANSWER: Final = {"condition": "BOOL", "formula": "INT"}
_PLAIN: Final[dict[str, type]] = {"condition": bool, "formula": int}
_WORD: Final = re.compile(r"\w+")
_ATTRIBUTE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
# Words of CEL's grammar, which cannot be the name of a field.
_RESERVED: Final = frozenset(
    {"as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in"}
    | {"let", "loop", "namespace", "null", "package", "return", "true", "var", "void", "while"}
)


class ConditionError(Invalid):
    """An expression that can never be evaluated; the message names the error and the fix."""

    def __init__(self, message: str) -> None:
        super().__init__("invalid_expression", message)


class Outcome(msgspec.Struct, frozen=True):
    """
    The answer of an evaluation, or why there is none.

    ``value`` is that of a condition or formula, ``None`` where ``failure`` says what went wrong.
    """

    value: bool | int | None
    failure: str | None = None


class Scope(msgspec.Struct, frozen=True, eq=False):
    """The names that expressions of one programme may use; made by `scope`."""

    attributes: tuple[tuple[str, str], ...]
    names: tuple[str, ...]
    environment: Any


class ActivityInputs(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a condition may know of an activity.

    ``date`` and ``time`` (``HH:MM``) are those of the programme's zone.  Texts that are unknown
    are empty, numbers zero; amounts are in minor units of ``currency``.
    """

    type: str
    date: date
    time: str
    source: str = ""
    channel: str = ""
    location: str = ""
    provider: str = ""
    category: str = ""
    currency: str = ""
    amount: int = 0
    quantity: int = 0


class MemberInputs(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a condition may know of the member when the activity happened.

    ``visits`` counts completed visits before it, ``days_enrolled`` local days since enrolment;
    ``birthday_month`` is 1 to 12, and 0 where it is not known; ``age_band`` is one of the
    programme's, empty where there is none for the age, or that is not known.
    """

    tier: str = ""
    status: str = ""
    visits: int = 0
    days_enrolled: int = 0
    birthday_month: int = 0
    age_band: str = ""


_OF_ACTIVITY: Final = tuple(f"activity.{name}" for name in ActivityInputs.__struct_fields__)
_OF_MEMBER: Final = tuple(f"member.{name}" for name in MemberInputs.__struct_fields__)


class Readings:
    """
    What `activity_values` built, for any number of expressions of a scope; one thread's own.

    The engine reads what an expression names, since reading takes longer than evaluating.
    """

    def __init__(self, values: Mapping[str, Any], scope: Scope) -> None:
        self._values = values
        self._scope = scope
        self._held: dict[tuple[str, ...], Any] = {}

    def mistyped(self, names: tuple[str, ...]) -> str | None:
        """Return which attribute of those named is of another type than is declared, and how."""
        for name, kind in self._scope.attributes:
            held = f"attributes.{name}"
            if held in names and held in self._values:
                wrong = mistyped(name, kind, self._values[held])
                if wrong is not None:
                    return wrong
        return None

    def activation(self, names: tuple[str, ...]) -> Any:
        """Return values as the engine holds them; raises where it cannot hold one."""
        held = self._held.get(names)
        if held is None:
            values = {name: self._values[name] for name in names if name in self._values}
            held = self._held[names] = self._scope.environment.Activation(values)
        return held


class Compiled(msgspec.Struct, frozen=True, eq=False):
    """A checked expression, safe to share between threads; it reads no other than ``names``."""

    source: str
    kind: Kind
    program: Any
    names: tuple[str, ...]

    def evaluate(self, readings: Readings) -> Outcome:
        """
        Evaluate over what an activity has.  Never raises, and ends within its bounds.

        A missing or mistyped value, an overflow, a division by zero, an absent line and a spent
        iteration budget all come back as a failure.
        """
        try:
            wrong = readings.mistyped(self.names)
            if wrong is not None:
                return Outcome(None, wrong)
            value = self.program.eval(readings.activation(self.names))
            answer = value.plain_value()
            # What the engine calls its type is a text that takes as long to make as all of this.
            of_type: type = type(answer)
            if of_type is _PLAIN[self.kind]:
                return Outcome(answer)
            answered = str(value.type())
        except RuntimeError as error:
            return Outcome(None, failure(reason(str(error))))
        except (TypeError, ValueError, OverflowError, LookupError):
            return Outcome(None, failure("the values are not such as an activity has"))
        if answered == "ERROR":
            return Outcome(None, failure(reason(str(answer))))
        return Outcome(None, failure(f"the result was of type {answered}"))


@lru_cache(maxsize=64)
def scope(attributes: tuple[tuple[str, str], ...] = ()) -> Scope:
    """Return the scope of a stored programme, kept for the next time; else as `new_scope`."""
    return new_scope(attributes)


def new_scope(attributes: tuple[tuple[str, str], ...] = ()) -> Scope:
    """
    Return the scope of a programme that declares these ``attributes``.

    Each is a name and a type, ``string``, ``int`` or ``bool``; expressions see it as
    ``attributes.<name>``.  Raises `Invalid` ``invalid_attribute``.
    """
    variables = dict(VARIABLES)
    for name, kind in attributes:
        check_attribute(name, kind)
        if f"attributes.{name}" in variables:
            raise Invalid("invalid_attribute", f"Attribute {name!r} is declared twice: keep one.")
        variables[f"attributes.{name}"] = kind
    engine = _engine()
    types = {name: getattr(engine.cel.Type, _TYPE_OF[kind]) for name, kind in variables.items()}
    types["lines"] = engine.cel.Type.List(engine.cel.Type(LINE))
    environment = engine.cel.NewEnv(descriptor_pool=engine.pool, variables=types)
    return Scope(attributes=attributes, names=tuple(types), environment=environment)


def check_attribute(name: str, kind: str) -> None:
    """Raise `Invalid` ``invalid_attribute`` for what no attribute can be called, or be of."""
    if not _ATTRIBUTE.fullmatch(name) or name in _RESERVED:
        raise Invalid(
            "invalid_attribute",
            f"{name[:64]!r} cannot name an attribute: use up to 64 small letters, digits and _,"
            " beginning with a letter, and no word of the expression language.",
        )
    if kind not in _TYPE_OF:
        raise Invalid(
            "invalid_attribute",
            f"Attribute {name!r} cannot be of type {kind[:20]!r}: use string, int or bool.",
        )


def compile_condition(source: str, scope: Scope) -> Compiled:
    """
    Check an expression that answers true or false.

    Raises `ConditionError` when it is too long, cannot be read, names what does not exist, steps
    outside the grammar, or has another type.
    """
    return _compiled(source, "condition", scope.attributes)


def compile_formula(source: str, scope: Scope) -> Compiled:
    """Check an expression that answers a whole number; as `compile_condition` otherwise."""
    return _compiled(source, "formula", scope.attributes)


def activity_values(
    activity: ActivityInputs,
    member: MemberInputs,
    lines: Sequence[tuple[str, str, int, int]] = (),
    attributes: Mapping[str, Scalar] | None = None,
) -> dict[str, Any]:
    """
    Build what `Readings` are made of, once an activity.

    A line is (SKU, category, amount, quantity).  ``counted.amount`` and ``counted.quantity`` are
    those of the activity, until a rule that counts only some lines lays its own over them.
    ``attributes`` that the programme does not declare are ignored; a declared one that is absent
    fails the rules that need it.  Raises `Invalid` ``unusable_line`` for what no line can hold.
    """
    line = _engine().line
    values: dict[str, Any] = dict(zip(_OF_ACTIVITY, astuple(activity), strict=True))
    values["activity.date"] = activity.date.isoformat()
    values["activity.weekday"] = activity.date.isoweekday()
    values["activity.month"] = activity.date.month
    values["activity.day"] = activity.date.day
    values |= {"counted.amount": activity.amount, "counted.quantity": activity.quantity}
    values.update(zip(_OF_MEMBER, astuple(member), strict=True))
    values |= {f"attributes.{name}": value for name, value in (attributes or {}).items()}
    try:
        values["lines"] = [line(**dict(zip(LINE_FIELDS, each, strict=True))) for each in lines]
    except (TypeError, ValueError):
        raise Invalid(
            "unusable_line",
            "A line is (SKU, category, amount, quantity): two texts and two 64-bit integers.",
        ) from None
    return values


class _Engine(NamedTuple):
    cel: Any
    pool: Any
    line: type[Any]
    grammar: Grammar


_loading = Lock()


def _engine() -> _Engine:
    # Under a lock, so that two threads never make two pools: a line of one is foreign to the other.
    with _loading:
        return _load_engine()


@lru_cache(maxsize=1)
def _load_engine() -> _Engine:
    from cel_expr_python import cel
    from google.protobuf.descriptor_pool import DescriptorPool

    pool = DescriptorPool()
    fields = "sku=1:string category=2:string amount=3:int64 quantity=4:int64"
    line = declare_messages(pool, "tessera", {"Line": fields})["Line"]
    return _Engine(cel, pool, line, Grammar(pool))


@lru_cache(maxsize=1_024)
def _compiled(source: str, kind: Kind, attributes: tuple[tuple[str, str], ...]) -> Compiled:
    return _compile(source, kind, scope(attributes))


def check(source: str, kind: Kind, within: Scope) -> None:
    """
    Check an expression of a document that may never be stored; as `compile_condition` otherwise.

    Nothing is kept of it, so that ever new documents take no memory.
    """
    _compile(source, kind, within)


def _compile(source: str, kind: Kind, within: Scope) -> Compiled:
    _require_readable(source, kind)
    try:
        program = within.environment.compile(source)
    except (RuntimeError, ValueError) as error:
        raise ConditionError(explain(str(error), kind, source, within.names)) from None
    violation = _engine().grammar.violation(program.serialize())
    if violation is not None:
        raise ConditionError(explain_violation(violation, kind, source))
    answers = str(program.return_type())
    if answers != _ANSWER[kind]:
        fix = "it must compute a whole number"
        if kind == "condition":
            fix = "compare it with something, for true or false"
        raise ConditionError(f"The {kind} answers {answers}: {fix}.")
    # A name is written with its dots, perhaps with blanks around them: its end is never missed.
    words = frozenset(_WORD.findall(source))
    names = tuple(name for name in within.names if name.rpartition(".")[2] in words)
    return Compiled(source=source, kind=kind, program=program, names=names)


def _require_readable(source: str, kind: Kind) -> None:
    if len(source) > MAX_LENGTH:
        raise ConditionError(
            f"The {kind} has {len(source):,} characters: shorten it to {MAX_LENGTH:,}."
        )
    if not source.strip():
        raise ConditionError(f"The {kind} is empty: write an expression, or leave the field out.")
    try:
        source.encode()
    except UnicodeEncodeError as error:
        raise ConditionError(
            f"The {kind} holds half a character (a lone surrogate) at character "
            f"{error.start + 1}: write it again."
        ) from None
