"""What browsers may do with the API from pages of other origins: the same for every route."""

from __future__ import annotations

from typing import Final

from chalice.app import CORSConfig

_REQUEST_HEADERS: Final = (
    "Accept-Language",
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "X-Request-Id",
)
_ANSWER_HEADERS: Final = (
    "Deprecation",
    "ETag",
    "Idempotency-Replayed",
    "Location",
    "RateLimit-Limit",
    "RateLimit-Policy",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
    "X-Request-Id",
)
_PREFLIGHT_KEPT_S: Final = 600


def allowing(origin: str) -> CORSConfig:
    """
    Return the one policy, for one origin or ``*``.

    There are no cookies, so a page can do nothing without a token that it was given, and
    ``allow_credentials`` stays off.
    """
    return CORSConfig(
        allow_origin=origin,
        allow_headers=list(_REQUEST_HEADERS),
        expose_headers=list(_ANSWER_HEADERS),
        max_age=_PREFLIGHT_KEPT_S,
    )
