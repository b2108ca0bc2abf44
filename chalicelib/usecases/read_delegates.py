"""Read who may act for a member, and for whom a member may act."""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.mechanics import delegates
from chalicelib.domain.mechanics.delegates import Delegation
from chalicelib.usecases.reading import read_account
from chalicelib.usecases.services import Caller, Services


class DelegatesRead(NamedTuple):
    """Delegations by the id of the other member, and what time it is."""

    found: dict[str, Delegation]
    now: Instant


def read_delegates(services: Services, caller: Caller, member: str) -> DelegatesRead:
    """Return who may act for a member, now or later: one call; raises `MemberNotFound`."""
    reading = read_account(services, caller, member)
    return DelegatesRead(delegates.delegates(reading.account), reading.now)


def read_delegators(services: Services, caller: Caller, member: str) -> DelegatesRead:
    """
    Return for whom a member may act: two calls, or one where for nobody.

    What counts is what their accounts say, so they are read.
    """
    reading = read_account(services, caller, member)
    known = delegates.delegators(reading.account)
    loaded = services.ledger.load(caller.tenant, known) if known else None
    found = {}
    for each in known:
        account = loaded.account(each) if loaded else None
        delegation = delegates.delegates(account).get(member) if account else None
        if delegation is not None and not delegation.has_ended(reading.now):
            found[each] = delegation
    return DelegatesRead(found, reading.now)
