"""The headers of what API Gateway refuses by itself, deployed and on one machine."""

from __future__ import annotations

from typing import Final

from chalicelib.routes.http.problems import PROBLEM_TYPE

REFUSAL_HEADERS: Final = {
    "Content-Type": PROBLEM_TYPE,
    "Access-Control-Allow-Origin": "*",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}
