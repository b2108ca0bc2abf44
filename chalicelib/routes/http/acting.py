"""Members who ask for what is another member's, around the operations that delegates may call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalicelib.routes.http.calls import caller_of, services_of
from chalicelib.routes.http.operation import Call, Reply
from chalicelib.usecases.reading import read_account

Handler = Callable[[Call[Any, Any]], Reply]


def checked(handler: Handler) -> Handler:
    """
    Return a handler that answers nobody whom the account was not asked about.

    Where the account is read anyway it is asked then, and in a decision whenever it is made anew.
    What reads something else is asked for here, whatever came of it, before it is answered.
    """

    def checking(call: Call[Any, Any]) -> Reply:
        try:
            return handler(call)
        finally:
            if call.acting is not None and not call.acting.checked:
                read_account(services_of(call), caller_of(call), call.path["member_id"])

    return checking
