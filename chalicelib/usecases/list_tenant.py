"""List what a tenant has to administer: its API keys, and the sandboxes that it opened."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from chalicelib.domain.ledger.calendar import Instant
from chalicelib.usecases.searching import AT_ONCE, Found, first_of, in_batches
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.stored import Entry, Settings, StoredKey

# Of a sandbox its settings and its clock are read, and a call reads a hundred things.
_SANDBOXES_AT_ONCE: Final = AT_ONCE // 2


KeyState = Literal["active", "ended", "revoked"]


def state_of(key: StoredKey, now: Instant) -> KeyState:
    """Return whether a key works at an instant, and if not why."""
    if key.revoked:
        return "revoked"
    return "ended" if key.has_ended(now) else "active"


class SandboxListed(NamedTuple):
    """A sandbox, and where its clock stands."""

    settings: Settings
    clock: Instant


def list_keys(
    services: Services,
    caller: Caller,
    *,
    state: KeyState | None,
    limit: int,
    before: Entry | None,
) -> Found[StoredKey]:
    """Return a page of API keys, the latest first: two calls for each hundred looked at."""
    batches = in_batches(
        lambda after, count: services.catalogue.list_keys(caller.tenant, limit=count, before=after),
        lambda row: row[0],
        before,
        min(limit + 1, AT_ONCE) if state is None else AT_ONCE,
    )
    now = services.wall_clock()
    rows = (
        (entry, key if state in {None, state_of(key, now)} else None)
        for batch in batches
        for entry, key in batch
    )
    return first_of(rows, limit)


def list_sandboxes(
    services: Services, caller: Caller, *, limit: int, before: Entry | None
) -> Found[SandboxListed]:
    """Return a page of sandboxes, the latest first: two calls for each fifty."""
    batches = in_batches(
        lambda after, count: services.catalogue.list_sandboxes(
            caller.tenant, limit=count, before=after
        ),
        lambda row: row[0],
        before,
        min(limit + 1, _SANDBOXES_AT_ONCE),
    )
    rows = (
        (entry, SandboxListed(settings, clock))
        for batch in batches
        for entry, settings, clock in batch
    )
    return first_of(rows, limit)
