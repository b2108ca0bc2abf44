"""Make a tenant, or get back into one: a key with which others are issued."""

from __future__ import annotations

from chalicelib.domain.errors import Conflict, NotFound
from chalicelib.domain.ledger.actor import Actor
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.usecases.keys import ALL, IssuedKey, issue_key, new_key
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.stored import Settings

OPERATOR = Actor("system", "operator")


def open_tenant(
    services: Services, settings: Settings, *, clock: Instant | None = None
) -> IssuedKey:
    """
    Write a new tenant and its administrator's key; ``clock`` is where its test clock starts.

    Raises `Conflict` (``tenant_taken``) where there is one of that id.
    """
    key, issued = new_key(services, settings.tenant, settings.name, frozenset({ALL}))
    if not services.catalogue.create_tenant(settings, clock, key):
        raise Conflict("tenant_taken", f"There is a tenant {settings.tenant!r} already.")
    return issued


def recover_tenant(services: Services, tenant: str) -> IssuedKey:
    """
    Issue another administrator's key, for an operator; the keys that there are stay as they are.

    Raises `NotFound` where there is no tenant of that id.
    """
    settings = services.catalogue.settings(tenant)
    if settings is None:
        raise NotFound("not_found", f"There is no tenant {tenant!r}.")
    return issue_key(services, Caller(tenant, OPERATOR), settings.name, frozenset({ALL}))
