"""What a member has."""

from __future__ import annotations

from tests.catalogue.example import Example

_EARNED = "POST /v1/activities"
_SPENT = "POST /v1/members/{member_id}/redemptions"

EXAMPLES = (Example("GET /v1/members/{member_id}/balance", after=(_EARNED, _SPENT), calls=1),)
