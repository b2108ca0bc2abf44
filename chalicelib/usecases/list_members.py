"""List a tenant's members: those who fit, the latest to come first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from chalicelib.domain.decide.settling import clock_of, settle
from chalicelib.domain.ledger.account import Account, Status
from chalicelib.domain.spelling import searched
from chalicelib.usecases.attempt import account_key, now_at
from chalicelib.usecases.searching import AT_ONCE, Found, first_of, in_batches
from chalicelib.usecases.services import Caller, Services, on_test_clock, programmes_of
from chalicelib.usecases.stored import ALWAYS, Entry, Period, Profile


class WantedMembers(NamedTuple):
    """Whom to list: everybody, but for what is said; ``name`` is a part of what they are called."""

    status: Status | None = None
    programme: str | None = None
    tier: str | None = None
    name: str = ""
    period: Period = ALWAYS

    @property
    def anybody(self) -> bool:
        """Tell whether nobody is left out, but for when they came."""
        return self == WantedMembers(period=self.period)


class MemberListed(NamedTuple):
    """A member as of now."""

    profile: Profile
    account: Account


def list_members(
    services: Services, caller: Caller, wanted: WantedMembers, *, limit: int, before: Entry | None
) -> Found[MemberListed]:
    """
    Return a page of members, after an entry of the list.

    For each hundred that are looked at, one call each for the list, their profiles and the accounts
    of those whose name fits.
    """
    everybody = wanted.anybody and caller.access is None
    at_once = min(limit + 1, AT_ONCE) if everybody else AT_ONCE
    batches = in_batches(
        lambda after, count: services.directory.members(
            caller.tenant, limit=count, before=after, period=wanted.period
        ),
        lambda entry: entry,
        before,
        at_once,
    )
    rows = (row for batch in batches for row in _rows(services, caller, wanted, batch))
    return first_of(rows, limit)


def _rows(
    services: Services, caller: Caller, wanted: WantedMembers, batch: Sequence[Entry]
) -> Iterator[tuple[Entry, MemberListed | None]]:
    profiles = services.directory.profiles(caller.tenant, [each.listed for each in batch])
    name = searched(wanted.name)
    named = {
        member: each for member, each in profiles.items() if name in searched(each.display_name)
    }
    accounts = _accounts(services, caller, list(named))
    for entry in batch:
        account = accounts.get(entry.listed)
        fits = account is not None and _fits(account, wanted)
        yield entry, MemberListed(named[entry.listed], account) if account and fits else None


def _accounts(services: Services, caller: Caller, members: list[str]) -> dict[str, Account]:
    """Return accounts that the caller may see, settled to now, by member."""
    if not members:
        return {}
    loaded = services.ledger.load(
        caller.tenant, members, with_clock=on_test_clock(services, caller.tenant)
    )
    programmes = programmes_of(services, caller.tenant)
    found = {}
    for member in members:
        stored = loaded.account(member)
        if stored is not None:
            now = clock_of(stored, now_at(services, loaded))
            if caller.may_see(stored, now):
                account, _due = settle(stored, programmes, now, account_key(caller.tenant, member))
                found[member] = account
    return found


def _fits(account: Account, wanted: WantedMembers) -> bool:
    if wanted.status is not None and account.status != wanted.status:
        return False
    joined = account.enrolments
    if wanted.programme is not None:
        joined = {name: each for name, each in joined.items() if name == wanted.programme}
    if wanted.tier is not None:
        joined = {name: each for name, each in joined.items() if each.tier == wanted.tier}
    return bool(joined) or (wanted.programme is None and wanted.tier is None)
