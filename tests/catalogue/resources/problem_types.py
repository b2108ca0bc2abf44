"""What problem codes mean, a page for people."""

from __future__ import annotations

from tests.catalogue.example import Example

EXAMPLES = (Example("GET /problems/{code}", names={"code": "insufficient_points"}),)
