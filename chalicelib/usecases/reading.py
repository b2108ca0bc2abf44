"""Reading settles in memory and writes nothing: one call."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from chalicelib.domain.decide.settling import clock_of, settle
from chalicelib.domain.errors import MemberNotFound
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.programme.versions import Programmes
from chalicelib.usecases.attempt import account_key, now_at
from chalicelib.usecases.services import Caller, Services, on_test_clock, programmes_of


class Reading(NamedTuple):
    """
    An account settled to now.

    ``stored`` is the account as it lies in the store, before what fell due since.
    """

    account: Account
    stored: Account
    programmes: Programmes
    now: Instant


def read_account(services: Services, caller: Caller, member: str) -> Reading:
    """Read an account as it is now; raises `MemberNotFound`, also for who may not ask for it."""
    loaded = services.ledger.load(
        caller.tenant, [member], with_clock=on_test_clock(services, caller.tenant)
    )
    stored = loaded.account(member)
    if stored is None:
        raise MemberNotFound
    programmes = programmes_of(services, caller.tenant)
    now = clock_of(stored, now_at(services, loaded))
    caller.check(stored, now)
    account, _due = settle(stored, programmes, now, account_key(caller.tenant, member))
    return Reading(account, stored, programmes, now)


def members_seen(
    services: Services, caller: Caller, members: Iterable[str], now: Instant
) -> Collection[str]:
    """Return those of some members whom the caller may see: one call where they are limited."""
    wanted = dict.fromkeys(members)
    if caller.access is None:
        return wanted
    loaded = services.ledger.load(caller.tenant, list(wanted))
    return [
        member
        for member in wanted
        if (account := loaded.account(member)) is not None and caller.may_see(account, now)
    ]
