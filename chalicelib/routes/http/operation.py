"""
What a route declares, and what its handler is given and gives back.

One `Operation` is the single source of how a request is checked, of its handler's `Call`, and of
its entry in the OpenAPI document.  One module because a call is what its declaration asks for.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Final,
    Generic,
    Literal,
    NamedTuple,
    Required,
    TypedDict,
)

import msgspec
from chalice.app import Chalice

from chalicelib.domain.errors import Malformed, Stale
from chalicelib.routes.http.credentials import MEMBER_SCOPES, PUBLIC, SCOPES, Principal
from chalicelib.routes.http.parsing import canonical
from chalicelib.routes.http.problems import CODES

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    from chalicelib.domain.mechanics.delegates import Matter
    from chalicelib.usecases.services import Acting, Within

    B = TypeVar("B", default=None)
    Q = TypeVar("Q", default=None)
else:
    from typing import TypeVar

    B = TypeVar("B")
    Q = TypeVar("Q")

JSON_TYPE: Final = "application/json"
#: Ids and codes: what may stand in a path unless an operation says otherwise.
PATH_PATTERN: Final = r"[A-Za-z0-9][A-Za-z0-9._~:@+-]{0,127}"
#: What members may say for their own id in a path.
ME: Final = "me"
#: What the ids that are made here begin with, by the name of the parameter or field that holds one:
#: none of one kind is one of another.
ID_PREFIXES: Final = {
    "member_id": "mem",
    "delegate_id": "mem",
    "household_id": "hh",
    "gift_card_id": "card",
    "gift_card_use_id": "use",
    "hold_id": "hold",
    "override_id": "ovr",
    "quote_id": "quote",
    "redemption_id": "red",
    "transfer_id": "transfer",
}
#: Those that may be anything else in a path, which then finds nothing.
_ANY_IN_PATH: Final = frozenset({"hold_id", "quote_id", "redemption_id"})
PATH_NAMES: Final = re.compile(r"\{(\w+)\}")
_VERBS: Final = """
    add adjust advance approve cancel capture change close confirm create enrol extend find give
    grant list lift pause place publish read record redeem release remove resume return reverse
    revoke update use validate verify withdraw
"""
#: What an operation may do: its name is one of these and a noun, such as `redeem_reward`.
VERBS: Final = frozenset(_VERBS.split())
_NAME: Final = re.compile(r"([a-z]+)(?:_[a-z]+)+")
_VERSION_TAG: Final = re.compile(r'"(0|[1-9][0-9]{0,14})"')

Limit = Annotated[int, msgspec.Meta(ge=1, le=100, description="How many to answer with.")]
Cursor = Annotated[
    str,
    msgspec.Meta(
        max_length=2048,
        description="Where to go on: `next_cursor` of the last page.",
        # For the document alone: what is no cursor is refused as that, not as a bad query.
        extra_json_schema={"pattern": "^[A-Za-z0-9_-]+$"},
    ),
]


#: What answers say: an instant in UTC, and a local day of the programme.
Timestamp = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
Day = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date"})]


def made_id(name: str) -> str:
    """Return the regular expression of the ids that are made here, by the name of their field."""
    return f"{ID_PREFIXES[name]}_[0-9A-Z]{{26}}"


class Body(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The base of every request body and of every object inside one: unknown fields refuse."""


class Query(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """The base of every query: unknown parameters refuse."""


class Page(Query, kw_only=True, frozen=True):
    """The query of a list."""

    limit: Limit = 50
    cursor: Cursor | None = None


class Reply(NamedTuple):
    """
    What a handler answers.

    ``body`` is a Struct or JSON-able value to encode, or bytes that pass through untouched.
    ``status`` is the declared one unless given.  ``replayed`` marks a stored first answer.
    ``version`` becomes the ``ETag``.  ``media`` is the first declared type unless given.
    """

    body: Any = None
    status: int | None = None
    headers: dict[str, str] | None = None
    replayed: bool = False
    version: int | None = None
    media: str | None = None


class Call(msgspec.Struct, Generic[B, Q], frozen=True, kw_only=True):
    """One checked request, as its handler sees it; nothing in it needs checking again."""

    operation: Operation
    #: The app that serves it, of which there may be several in a process.
    app: Chalice
    #: Who asks.  On public routes `caller` must not be used: there is nobody.
    principal: Principal | None
    #: Path parameters by name, decoded.
    path: dict[str, str]
    query: Q
    body: B
    raw_body: bytes
    #: Required on writes, but not on dry runs, unless the operation says otherwise; 1–255 visible
    #: ASCII characters.
    idempotency_key: str | None
    #: The entity tag of ``If-Match``, with its quotes, as it came.
    if_match: str | None
    correlation_id: str
    #: Set where an account has to be asked whether the caller may.
    access: Acting | Within | None
    #: The caller's first choice of language, a BCP 47 tag.
    locale: str
    #: Milliseconds that the function may still run.
    remaining_ms: Callable[[], int]
    #: The address below which the caller found the API, without a slash; empty where it is unknown.
    base_url: Callable[[], str]
    #: What `http.provide` was given builds this; handlers narrow it to the Protocol they need.
    services: Any

    @property
    def caller(self) -> Principal:
        """The principal of a route that is not public."""
        if self.principal is None:
            raise LookupError(f"{self.operation.name} is public: nobody is known to call it")
        return self.principal

    @property
    def tenant(self) -> str:
        """The caller's tenant."""
        return self.caller.tenant

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 over method, filled path, body and actor: equal for what means the same."""
        # Of the body as it was read: what may be left out, and how a text was typed, is no
        # difference.
        read = msgspec.json.encode(self.body, order="sorted").decode()
        actor = self.principal.actor if self.principal else ""
        if self.principal and self.principal.locations is not None:
            actor += f" at {','.join(self.principal.locations)}"
        parts = [self.operation.method, self.operation.filled(self.path), read, actor]
        return hashlib.sha256(canonical(parts)).digest()

    def expected_revision(self, in_body: int | None = None) -> int:
        """
        Return the revision that was read: of ``If-Match: "7"``, or as the body has it.

        Raises `Malformed` ``if_match_required``, when neither says it, or ``invalid_if_match``,
        when the header is not one quoted revision; `Stale` where the two differ.
        """
        if self.if_match is None:
            if in_body is None:
                raise Malformed(
                    "if_match_required",
                    "Send the `revision` that was read, in the body or, in quotes, as If-Match.",
                )
            return in_body
        match = _VERSION_TAG.fullmatch(self.if_match)
        if match is None:
            raise Malformed(
                "invalid_if_match",
                'Send the ETag that the resource was read with, such as If-Match: "7".',
            )
        if in_body not in {None, int(match[1])}:
            raise Stale("stale", "If-Match and `revision` differ, so one is old: read it again.")
        return int(match[1])

    def position(self) -> Any:
        """
        Return where the list continues, as `next_cursor` got it; nothing on the first page.

        Raises `Malformed` ``invalid_cursor``, when it is not a cursor of this list for this caller.
        """
        cursor = getattr(self.query, "cursor", None)
        if cursor is None:
            return None
        from chalicelib.routes.http import cursors

        if self.caller.locations is not None:
            cursor = cursors.revealed(cursor, key=self._cursor_key())
        return cursors.unseal(cursor, key=self._cursor_key(), bound_to=self._list_identity())

    def next_cursor(self, position: Any) -> str:
        """Return the cursor for a JSON-able position in this list, for this caller only."""
        from chalicelib.routes.http import cursors

        cursor = cursors.seal(position, key=self._cursor_key(), bound_to=self._list_identity())
        if self.caller.locations is None:
            return cursor
        # It may be the place of somebody whom they do not see.
        return cursors.concealed(cursor, key=self._cursor_key())

    def _cursor_key(self) -> bytes:
        from chalicelib.routes.http import cursors

        return cursors.derived_key(self.services.root_key, "cursor", self.tenant)

    def _list_identity(self) -> str:
        # Another filter makes another list; only how many and where may change between pages.
        filters = msgspec.to_builtins(self.query)
        filters.pop("limit", None)
        filters.pop("cursor", None)
        if self.body is not None:
            filters["body"] = msgspec.to_builtins(self.body)
        operation = f"{self.operation.method} {self.operation.filled(self.path)}"
        return f"{operation}\n{canonical(filters).decode()}\n{self.caller.actor}"


class Declaration(TypedDict, total=False):
    """What a route declares besides its method and path; see `Operation` for each."""

    name: Required[str]
    scope: Required[str]
    summary: Required[str]
    description: str
    body: Any
    query: type[Query]
    answer: Any
    status: int
    also: tuple[int, ...]
    idempotent: bool | Literal["optional"]
    if_match: bool
    member_may: bool
    delegates: Matter
    limited: Literal["asked", "open"]
    errors: tuple[str, ...]
    patterns: dict[str, str]
    media: tuple[str, ...]
    headers: tuple[str, ...]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One declared operation; declaring one that makes no sense fails at import."""

    method: str
    #: With its prefix, as it is served: ``/v1/members/{member_id}``.
    path: str
    resource: str
    #: The OpenAPI operation id: one of `VERBS` and a noun, unique in the API.
    name: str
    #: One of `SCOPES`, or `PUBLIC`.
    scope: str
    summary: str
    description: str = ""
    #: A `Body`, or a union of tagged ones; nothing when the operation takes no body.
    body: Any = None
    query: type[Query] | None = None
    #: The type of the answer, for OpenAPI.
    answer: Any = None
    status: int = 200
    #: Other statuses of success that it may have, with the same answer.
    also: tuple[int, ...] = ()
    #: True: ``Idempotency-Key`` required, but for a dry run.  "optional": the body has an identity.
    idempotent: bool | Literal["optional"] = False
    #: It changes what was read, by the revision that `Call.expected_revision` returns.
    if_match: bool = False
    #: Members may call it, for their own ``{member_id}`` only.
    member_may: bool = False
    #: In what matter delegates act who call it for another member; none may where it says none.
    delegates: Matter | None = None
    #: What who is limited to locations finds who calls it.  "asked": what is of members who were
    #: seen there; every operation of one member is so.  "open": whatever there is, since it is of
    #: no member, or is shown by a code.  They may not call it where it says neither.
    limited: Literal["asked", "open"] | None = None
    #: Codes that this operation answers with beyond those of every operation.
    errors: tuple[str, ...] = ()
    #: Regular expressions of path parameters that differ from the usual ones.
    patterns: dict[str, str] = {}
    #: The content types that its answer may have.
    media: tuple[str, ...] = (JSON_TYPE,)
    #: Headers that its answer has beyond those of every operation, for OpenAPI.
    headers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse declarations that would leave a route open, mute or undocumented."""
        named = _NAME.fullmatch(self.name)
        if named is None or named[1] not in VERBS:
            raise ValueError(f"{self.name}: name it by one of operation.VERBS and a noun")
        if self.scope != PUBLIC and self.scope not in SCOPES:
            raise ValueError(f"{self.name}: `{self.scope}` is not a scope")
        unknown = [code for code in self.errors if code not in CODES]
        if unknown:
            raise ValueError(f"{self.name}: add {unknown} to problems.CODES")
        if self.member_may and "member_id" not in self.path_names:
            raise ValueError(f"{self.name}: member_may needs {{member_id}} in the path")
        if self.member_may and self.scope not in MEMBER_SCOPES:
            raise ValueError(f"{self.name}: members do not hold `{self.scope}`")
        if self.delegates and not self.member_may:
            raise ValueError(f"{self.name}: what delegates may, members may")
        config = getattr(self.body, "__struct_config__", None)
        if config is not None and not config.forbid_unknown_fields:
            raise ValueError(f"{self.name}: the body must refuse unknown fields")

    @property
    def tries(self) -> bool:
        """Whether it has a dry run, which writes nothing."""
        return self.query is not None and "dry_run" in self.query.__struct_fields__

    @property
    def asks_for_locations(self) -> bool:
        """Whether who is limited to locations finds what is of members who were seen there."""
        return self.limited == "asked" or "member_id" in self.path_names

    @property
    def limited_may(self) -> bool:
        """Whether who is limited to locations may call it."""
        return self.asks_for_locations or self.limited == "open"

    @property
    def takes_codes(self) -> bool:
        """Whether it finds things by codes that could be guessed."""
        return "too_many_guesses" in self.errors

    @property
    def path_names(self) -> list[str]:
        """The names of the path's parameters, in order."""
        return PATH_NAMES.findall(self.path)

    def pattern(self, name: str) -> str:
        """Return the regular expression that a parameter of the path has to match as a whole."""
        if name in self.patterns:
            return self.patterns[name]
        if name in _ANY_IN_PATH or name not in ID_PREFIXES:
            return PATH_PATTERN
        return f"{ID_PREFIXES[name]}_[0-9A-Z]{{1,26}}"

    def filled(self, path: dict[str, str]) -> str:
        """Return the path with its parameters in place."""
        return self.path.format_map(path)
