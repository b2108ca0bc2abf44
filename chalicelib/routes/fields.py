"""Fields that the bodies of several resources have, so that no resource imports another for one."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chalicelib.routes.http import Body

MemberId = Annotated[str, Meta(pattern=r"^mem_[0-9A-Z]{26}$", description="The id of a member.")]
Token = Annotated[str, Meta(min_length=1, max_length=200)]


class ExternalId(Body):
    """An id of this person in another system; only a keyed hash of it is kept."""

    system: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$")]
    value: Token
