"""Lockout of credentials that guess codes, around the operations that take a code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from chalicelib.domain.errors import UnknownCode
from chalicelib.routes.http.operation import Call, Reply
from chalicelib.usecases.guessing import Guesses

Handler = Callable[[Call[Any, Any]], Reply]

#: The fields of bodies in which codes are named.
CODE_FIELDS: Final = ("code", "vouchers")


def guarded(handler: Handler) -> Handler:
    """Return a handler that counts the codes that nobody has, and refuses after too many."""

    def counting(call: Call[Any, Any]) -> Reply:
        if not any(getattr(call.body, name, None) for name in CODE_FIELDS):
            return handler(call)
        guesses: Guesses = call.services.guesses()
        caller = call.caller
        guesses.check(caller.tenant, caller.actor)
        try:
            return handler(call)
        except UnknownCode:
            guesses.missed(caller.tenant, caller.kind, caller.actor)
            raise

    return counting
