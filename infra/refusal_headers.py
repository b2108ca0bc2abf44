"""The headers of what API Gateway refuses by itself, deployed and on one machine."""

from __future__ import annotations

from chalicelib.routes.http.headers import ANSWER_HEADERS
from chalicelib.routes.http.problems import PROBLEM_TYPE


def refusal_headers(origin: str) -> dict[str, str]:
    """Return the headers where pages of this origin may call the API, or of none where empty."""
    allowed = {"Access-Control-Allow-Origin": origin} if origin else {}
    return {"Content-Type": PROBLEM_TYPE} | ANSWER_HEADERS | allowed
