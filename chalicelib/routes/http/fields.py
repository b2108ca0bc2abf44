"""Fields that the bodies of several resources have, so that no resource imports another for one."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

from chalicelib.domain.ledger.events import LINE_ID_LENGTH
from chalicelib.domain.ledger.money import MAX_AMOUNT
from chalicelib.domain.programme.fields import whole
from chalicelib.domain.spelling import NOT_BLANK, VISIBLE, folded
from chalicelib.routes.http.operation import Body, Query, made_id

MemberId = Annotated[
    str, Meta(pattern=whole(made_id("member_id")), description="The id of a member.")
]
#: Texts that must say something: one of blanks alone would pass for a value.
Token = Annotated[str, Meta(pattern=VISIBLE, max_length=200, description=NOT_BLANK)]
#: An amount that may be nothing, and one that may be below nothing.
Amount = Annotated[
    int, Meta(ge=0, le=MAX_AMOUNT, description="Whole minor units: 8000 is 80.00 GBP.")
]
SignedAmount = Annotated[
    int, Meta(ge=-MAX_AMOUNT, le=MAX_AMOUNT, description="Whole minor units: 8000 is 80.00 GBP.")
]
Source = Annotated[
    str,
    Meta(
        pattern=whole(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}"),
        description="The reporting system, such as `ehr` or `pos-3`.",
    ),
]
ExternalRef = Annotated[
    str,
    Meta(
        pattern=VISIBLE,
        max_length=200,
        description=(
            "The activity's id in its source, not blank. Blanks around it, full-width characters, "
            "digits of other scripts and look-alike letters make no difference; capitals do."
        ),
    ),
]
Label = Annotated[str, Meta(max_length=64)]
#: What is refused of a location that somebody names, or does not name.
AT_LOCATION: Final = (
    "unknown_location",
    "location_closed",
    "location_required",
    "location_not_allowed",
)
LocationId = Annotated[str, Meta(pattern=whole(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}"))]
ShortText = Annotated[str, Meta(max_length=200)]
PaymentReference = Annotated[
    str,
    Meta(
        pattern=VISIBLE,
        max_length=200,
        description=(
            "What who collects the money calls this payment, not blank; sealed. Blanks around it, "
            "full-width characters and look-alike letters make no difference; capitals do."
        ),
    ),
]
Note = Annotated[str, Meta(max_length=1000, description="In words; sealed.")]
_CODE: Final = r"[a-z][a-z0-9_-]{0,39}"
_WHY: Final = "A code, such as `long-wait`, that names no person; words go into `note`."
#: Why something is done by hand: nobody may leave it out.
Reason = Annotated[str, Meta(pattern=whole(_CODE), description=_WHY)]
OptionalReason = Annotated[str, Meta(pattern=whole(f"({_CODE})?"), description=_WHY)]
#: What staff call something of theirs.
Title = Annotated[str, Meta(pattern=VISIBLE, max_length=100, description=NOT_BLANK)]
InstantText = Annotated[
    str,
    Meta(
        max_length=40,
        description="RFC 3339, with its offset.",
        extra_json_schema={"format": "date-time"},
    ),
]
LineId = Annotated[str, Meta(max_length=LINE_ID_LENGTH)]
VoucherCode = Annotated[
    str,
    Meta(
        pattern=VISIBLE,
        max_length=64,
        description="As it was typed: capitals, blanks, hyphens and I, L or O make no difference.",
    ),
]
Quantity = Annotated[int, Meta(ge=1, le=10**9)]


ExternalSystem = Annotated[
    str,
    Meta(
        pattern=whole(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}"),
        description="The system that has the id, such as `ehr`.",
    ),
]


class ExternalId(Body):
    """
    An id of this person in another system; only a keyed hash of it is kept.

    ``system`` is read in small letters.  Of ``value``, blanks around it, full-width characters,
    digits of other scripts and look-alike letters make no difference; capitals do.
    """

    system: ExternalSystem
    value: Token

    def __post_init__(self) -> None:
        """Read both in their one spelling."""
        self.system, self.value = self.system.lower(), folded(self.value)


class DryRun(Query, frozen=True):
    """Whether only to look."""

    dry_run: bool = False
