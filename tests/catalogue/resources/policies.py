"""What laws leave room for."""

from __future__ import annotations

from tests.catalogue.example import Example

EXAMPLES = (Example("GET /v1/members/{member_id}/policies", calls=1, bounded=True),)
