"""
Everything that Tessera refuses, as one tree.

::

    LoyaltyError
    ├── Invalid           422  the request can never succeed as it stands
    │   └── Malformed     400  the body cannot be read as JSON, or a header or parameter is unusable
    ├── Unauthorised      401  no credential, or one that does not verify
    ├── Forbidden         403  the credential lacks the scope, or a guard refuses
    ├── NotFound          404  absent, or not the caller's to see: the two look alike
    ├── Conflict          409  the state of the account or resource refuses
    ├── Stale             412  the resource changed since the caller read it
    ├── TooLarge          413  the body is over the limit
    ├── Unsupported       415  the content type is not JSON
    ├── Throttled         429  too many requests
    └── Unavailable       503  not decided; safe to send again with the same identity

The domain raises these and knows nothing of HTTP: `routes/http.py` maps each family to its
status in one table.  ``code`` is stable and documented; ``message`` tells the caller what to do.
"""

from __future__ import annotations

from typing import Any


class LoyaltyError(Exception):
    """A refusal with a stable ``code``, a message to act on, and ``extensions`` for programs."""

    def __init__(self, code: str, message: str, **extensions: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.extensions = extensions

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class Invalid(LoyaltyError):
    """The request can never succeed as it stands; ``errors`` lists ``{pointer, detail}``."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        errors: list[dict[str, str]] | None = None,
        **extensions: Any,
    ) -> None:
        super().__init__(code, message, **extensions)
        self.errors = errors or []

    def under(self, pointer: str) -> Invalid:
        """Return the same refusal of what stands under a pointer of the request."""
        errors = [{**each, "pointer": pointer + each.get("pointer", "")} for each in self.errors]
        return Invalid(self.code, self.message, errors=errors, **self.extensions)


class Malformed(Invalid):
    """The request cannot be read at all: broken JSON, a bad header, a bad parameter."""


class Unauthorised(LoyaltyError):
    """No credential, or one that does not verify."""


class Forbidden(LoyaltyError):
    """The credential is good but does not allow this."""


class NotFound(LoyaltyError):
    """Absent, or not the caller's to see."""


class UnknownCode(NotFound):
    """What is formed like a code, and nobody has: who names many of them is guessing."""


class Conflict(LoyaltyError):
    """The present state refuses; another state might not."""


class Stale(LoyaltyError):
    """The resource changed since the caller read it."""


class TooLarge(LoyaltyError):
    """The request, or what it would store, is over a documented limit."""


class Unsupported(LoyaltyError):
    """The content type is not one that this resource reads."""


class Throttled(LoyaltyError):
    """Too many requests; ``retry_after`` is in seconds."""


class Unavailable(LoyaltyError):
    """Nothing was decided that is not on record; the same request may be sent again."""


class AccountClosed(Conflict):
    """A member's account has ended: nothing more is done with it."""

    def __init__(self) -> None:
        super().__init__("account_closed", "This member's account is closed.")


class MemberNotFound(NotFound):
    """
    No such member, or another's: one wording, so that a refusal never tells the two apart.

    Use cases raise it for an absent member, the HTTP layer for one that is not the caller's.
    """

    def __init__(self) -> None:
        super().__init__("member_not_found", "There is no such member.")
