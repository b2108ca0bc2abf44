"""Look at a journal: pages, the account as of a past instant, and whether all of it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from chalicelib.domain.errors import Invalid, MemberNotFound
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant, format_instant
from chalicelib.domain.ledger.events import Event
from chalicelib.domain.ledger.journal import decode
from chalicelib.usecases.attempt import account_key
from chalicelib.usecases.reading import Reading, read_account
from chalicelib.usecases.services import Caller, Services, now_of, programmes_of
from chalicelib.usecases.stored import CHECKPOINT_EVENTS, TRANSACTION_MAX

if TYPE_CHECKING:
    from chalicelib.domain.verification import Verdict


class LedgerPage(NamedTuple):
    """Events, newest first, and the version to go on before; ``None`` at the end."""

    events: tuple[Event, ...]
    before: int | None


def read_ledger(
    services: Services, caller: Caller, member: str, *, limit: int, before: int | None
) -> LedgerPage:
    """Read a page of a journal; events that come meanwhile neither repeat nor hide any."""
    up_to = None if before is None else before - 1
    page = list(
        services.ledger.events(
            caller.tenant, member, up_to=up_to, newest_first=True, limit=limit + 1
        )
    )
    if not page and before is None:
        # Nothing at all: the journal of a member is never empty.
        raise MemberNotFound
    more = len(page) > limit
    shown = tuple(decode(stored) for stored in page[:limit])
    return LedgerPage(shown, shown[-1].version if more else None)


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


def read_as_of(services: Services, caller: Caller, member: str, instant: Instant | None) -> Reading:
    """
    Read an account as it is, or as it was at a past instant.

    Raises `MemberNotFound`, also where the member was not there yet.
    """
    if instant is None:
        return read_account(services, caller, member)
    now = now_of(services, caller.tenant)
    if instant > now:
        raise Invalid(
            "as_of_in_future",
            f"It is {format_instant(now)}: a balance can be read as of now or earlier.",
            errors=[{"pointer": "/as_of", "detail": "must not be in the future"}],
        )
    from chalicelib.domain import verification

    programmes = programmes_of(services, caller.tenant)
    kept = services.ledger.checkpoints(
        caller.tenant, member, by=instant, newest_first=True, limit=1
    )
    start = next(kept, Account())
    # The next checkpoint is later than the instant, and no further than this.
    up_to = start.version + CHECKPOINT_EVENTS + TRANSACTION_MAX
    account: Account = verification.as_of(
        services.ledger.events(caller.tenant, member, after=start.version, up_to=up_to),
        programmes,
        instant,
        account_key(caller.tenant, member),
        start=start,
    )
    if account.version == 0:
        raise MemberNotFound
    return Reading(account, account, programmes, instant)
