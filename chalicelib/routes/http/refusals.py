"""
What a refusal says, as the document describes it; `problems` makes it.

Every member beside the usual ones is here, with its one meaning, and `problems.CODES` says which a
code has.  A member stands where it is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from msgspec import UNSET, Meta, Struct, UnsetType, defstruct

from chalicelib.routes.http.operation import Day, Timestamp

#: The members that a code may have beside the usual ones: what each holds, and what it is.
EXTENSIONS: Final[dict[str, tuple[Any, str]]] = {
    "available": (int, "What of it is available."),
    "bytes": (int, "How many bytes it would take."),
    "clock": (Timestamp, "What the clock shows."),
    "column": (int, "The column in the body, from 1."),
    "completed_visits": (int, "How many visits the member has completed."),
    "count": (int, "How often it is allowed within the window."),
    "currency": (str, "The currency that it is about."),
    "direction": (str, "Whose limit it is: `sending` or `receiving`."),
    "ends_on": (Day, "The last day on which it worked."),
    "entitlement": (str, "The entitlement that it is about."),
    "expired_at": (Timestamp, "When it expired."),
    "expires_on": (Day | None, "The last day on which it could be used."),
    "from_on": (Day, "The first day of the period whose fee is due."),
    "held": (int, "How much is set aside."),
    "latest": (Timestamp, "Until when it can last."),
    "left": (int | None, "How much is left."),
    "limit": (int, "How much is allowed."),
    "limit_bytes": (int, "How many bytes are allowed."),
    "limit_days": (int, "How many days are allowed."),
    "line": (int, "The line in the body, from 1."),
    "locations": (list[str], "The locations that it is limited to."),
    "max_members": (int, "How many may belong to the household."),
    "missing": (int, "How much is lacking."),
    "missing_consents": (list[str], "The purposes that need a consent."),
    "needed": (int, "How many are needed."),
    "pack": (str, "The policy pack that the rule is of."),
    "plan": (str, "The plan that the member has."),
    "pointer": (str, "A JSON pointer into the body."),
    "position": (int, "The place in the body, from 0."),
    "prepaid": (list[dict[str, Any]], "The money that is left, by what it was paid in for."),
    "price": (int, "What it costs."),
    "programme": (str, "The programme that it is about."),
    "quote": (str, "The id of the quote."),
    "redemption": (str, "The id of the redemption."),
    "refund_days": (int, "For how many days what was earned waits."),
    "remaining": (int, "What of it is left to take back."),
    "resets_on": (Day | None, "The day on which it is renewed."),
    "retry_after": (int, "How many seconds to wait before it is sent again."),
    "reward": (str, "The reward that it is about."),
    "roles": (list[str], "The roles of the caller."),
    "rule": (str, "The rule that does not allow it."),
    "scope": (str, "The scope that it takes."),
    "scopes": (list[str], "The scopes that the caller lacks."),
    "sources": (list[str], "The sources that the key may report under."),
    "spent": (int, "How much of it was spent."),
    "state": (str, "The state that it is in."),
    "tier": (str, "The tier that the member holds."),
    "transferable": (int, "What of it can be transferred now."),
    "until": (str, "The last day on which it was possible."),
    "valid_from": (Day | None, "The first day on which it is offered."),
    "valid_until": (Day | None, "The last day on which it is offered."),
    "window": (str, "The window of time over which the limit counts."),
}


class InvalidPlace(Struct, frozen=True, omit_defaults=True):
    """One place of the request, and what is wrong with it."""

    detail: Annotated[str, Meta(description="What is wrong, and what would be right.")]
    pointer: Annotated[str, Meta(description="A JSON pointer into the body.")] | UnsetType = UNSET
    parameter: Annotated[str, Meta(description="The query parameter.")] | UnsetType = UNSET


class _Coded(Struct, frozen=True, kw_only=True, omit_defaults=True):
    code: Annotated[
        str,
        Meta(
            description="Stable. Codes may be added: where you do not know one, go by the status."
        ),
    ]
    detail: Annotated[str, Meta(description="What is the matter, and what to do about it.")]


if TYPE_CHECKING:

    class Refusal(_Coded, frozen=True):
        """Why something is refused."""

        def __init__(self, **members: Any) -> None: ...

else:
    Refusal = defstruct(
        "Refusal",
        [
            (name, Annotated[kind, Meta(description=text)] | UnsetType, UNSET)
            for name, (kind, text) in EXTENSIONS.items()
        ],
        bases=(_Coded,),
        frozen=True,
        kw_only=True,
        omit_defaults=True,
        module=__name__,
        namespace={"__doc__": "Why something is refused, with what helps a program to go on."},
    )


class Problem(Refusal, frozen=True, kw_only=True, omit_defaults=True):
    """A request that was refused: a problem document of RFC 9457."""

    type: Annotated[
        str,
        Meta(
            description="The page about the code: `/problems/<code>`.",
            extra_json_schema={"format": "uri-reference"},
        ),
    ]
    title: Annotated[str, Meta(description="What the code means, always in the same words.")]
    status: Annotated[int, Meta(ge=400, le=599, description="The status of the answer.")]
    instance: Annotated[
        str,
        Meta(
            description="The request, by the id that `X-Request-Id` has, too.",
            extra_json_schema={"format": "uri-reference"},
        ),
    ]
    errors: (
        Annotated[list[InvalidPlace], Meta(description="What is wrong with the request, by place.")]
        | UnsetType
    ) = UNSET
