"""Look at a journal: pages, and whether all of it holds."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Final, NamedTuple

from chalicelib.domain.errors import MemberNotFound
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.events import Event
from chalicelib.domain.ledger.journal import decode
from chalicelib.usecases.attempt import account_key
from chalicelib.usecases.journal_search import check_member, newest_first
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.stored import ALWAYS, Period

if TYPE_CHECKING:
    from chalicelib.domain.verification import Verdict


#: How many bytes of events a page has, as they are stored, before it ends: that is some hundreds of
#: usual ones, and of the largest purchases a third of a second.
PAGE_BYTES: Final = 1 << 18


class LedgerPage(NamedTuple):
    """
    Events, newest first, and the version to go on before; ``None`` at the end.

    Each is decoded when it is asked for: of a large purchase it takes megabytes.
    """

    events: Iterator[Event]
    before: int | None


def read_ledger(
    services: Services,
    caller: Caller,
    member: str,
    *,
    limit: int,
    before: int | None,
    period: Period = ALWAYS,
) -> LedgerPage:
    """
    Read a page of what changed an account within a period.

    Events that come meanwhile neither repeat nor hide any.  A page of large ones may be short.
    """
    found = newest_first(services, caller, member, before=before, period=period, at_once=limit + 1)
    page = list(islice(found, limit + 1))
    if not page and before is None:
        check_member(services, caller, member, period)
    read = accumulate(len(stored.body) + len(stored.detail) for stored in page[:limit])
    length = next((n for n, size in enumerate(read, start=1) if size >= PAGE_BYTES), limit)
    more = len(page) > length
    return LedgerPage(map(decode, page[:length]), page[length - 1].version if more else None)


class Checked(NamedTuple):
    """What checking an account found, and to which household it says to belong."""

    verdict: Verdict
    household: str | None


def check_account(services: Services, caller: Caller, member: str) -> Checked:
    """
    Fold the whole journal anew and compare it with the account, a member's or a household's.

    Its checkpoints are compared too.  Raises `MemberNotFound`, also where there is no such
    household.
    """
    # A balance as it is, which is what most ask for, folds no journal.
    from chalicelib.domain import verification
    from chalicelib.domain.mechanics import households

    account = services.ledger.load(caller.tenant, [member]).account(member)
    if account is None:
        raise MemberNotFound
    # What is written after the account was read belongs to the next check.
    events = services.ledger.events(caller.tenant, member, up_to=account.version)
    checkpoints = services.ledger.checkpoints(caller.tenant, member)
    key = account_key(caller.tenant, member)
    verdict = verification.verify(account, events, key, checkpoints=checkpoints)
    belongs = households.belonging(account)
    return Checked(verdict, belongs.household if belongs else None)


def verify_account(services: Services, caller: Caller, member: str) -> Verdict:
    """
    Check an account against its journal from its last checkpoint on.

    So it costs what happened since, however long the journal; what lies before is checked by
    `check_account`.  Raises `MemberNotFound`.
    """
    from chalicelib.domain import verification

    account = services.ledger.load(caller.tenant, [member]).account(member)
    if account is None:
        raise MemberNotFound
    # One that came after the account was read is no start for it.
    last = services.ledger.checkpoints(caller.tenant, member, newest_first=True, limit=2)
    start = next((each for each in last if each.version <= account.version), Account())
    events = services.ledger.events(
        caller.tenant, member, after=start.version, up_to=account.version
    )
    return verification.verify(account, events, account_key(caller.tenant, member), start=start)
