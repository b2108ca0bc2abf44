"""Who may ask only where an account says so: delegates, and who is limited to locations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalicelib.routes.http.calls import caller_of, services_of
from chalicelib.routes.http.credentials import Principal
from chalicelib.routes.http.operation import Call, Operation, Reply
from chalicelib.usecases.locations import locations_of
from chalicelib.usecases.reading import read_account
from chalicelib.usecases.services import Within

Handler = Callable[[Call[Any, Any]], Reply]


def within(operation: Operation, principal: Principal, services: Any) -> Within | None:
    """Return the locations that a credential is limited to, where the operation asks for them."""
    if not operation.asks_for_locations:
        return None
    known = locations_of(services.use_cases, principal.tenant)
    return Within(known.within(principal.locations or ()))


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
            if call.access is not None and not call.access.checked:
                read_account(services_of(call), caller_of(call), call.path["member_id"])

    return checking
