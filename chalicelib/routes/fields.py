"""Fields that the bodies of several resources have, so that no resource imports another for one."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chalicelib.domain.ledger.money import MAX_AMOUNT
from chalicelib.domain.programme.fields import whole
from chalicelib.routes.operation import Body, Query

MemberId = Annotated[
    str, Meta(pattern=whole(r"mem_[0-9A-Z]{26}"), description="The id of a member.")
]
Token = Annotated[str, Meta(min_length=1, max_length=200)]
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
ExternalRef = Annotated[str, Meta(min_length=1, max_length=200)]
Label = Annotated[str, Meta(max_length=64)]
ShortText = Annotated[str, Meta(max_length=200)]
Note = Annotated[str, Meta(max_length=1000)]
#: Why something is done by hand: nobody may leave it out.
Reason = Annotated[str, Meta(min_length=1, max_length=200)]
InstantText = Annotated[str, Meta(max_length=40, description="RFC 3339, with its offset.")]
LineId = Annotated[str, Meta(max_length=40)]
VoucherCode = Annotated[str, Meta(min_length=1, max_length=64)]
CurrencyCode = Annotated[str, Meta(pattern=whole(r"[A-Z]{3}"), description="An ISO 4217 code.")]
Quantity = Annotated[int, Meta(ge=1, le=10**9)]


class ExternalId(Body):
    """An id of this person in another system; only a keyed hash of it is kept."""

    system: Annotated[str, Meta(pattern=whole(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}"))]
    value: Token


class DryRun(Query, frozen=True):
    """Whether only to look."""

    dry_run: bool = False
