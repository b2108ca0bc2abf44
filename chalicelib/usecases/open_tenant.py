"""Make a tenant: its settings, and the first key, with which others are issued."""

from __future__ import annotations

from chalicelib.domain.errors import Conflict
from chalicelib.domain.ledger.actor import Actor
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.usecases.keys import IssuedKey, issue_key
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.stored import Settings

OPERATOR = Actor("system", "operator")


def open_tenant(
    services: Services,
    settings: Settings,
    scopes: frozenset[str],
    *,
    clock: Instant | None = None,
) -> IssuedKey:
    """
    Write a new tenant and issue its first key; ``clock`` is where its test clock starts.

    Raises `Conflict` (``tenant_taken``) where there is one of that id.
    """
    if not services.catalogue.create_tenant(settings, clock):
        raise Conflict("tenant_taken", f"There is a tenant {settings.tenant!r} already.")
    return issue_key(services, Caller(settings.tenant, OPERATOR), settings.name, scopes)
