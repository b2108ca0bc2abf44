"""Read an account as it is, or as it was."""

from __future__ import annotations

from chalicelib.domain.errors import Invalid, MemberNotFound
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant, format_instant
from chalicelib.usecases.attempt import account_key
from chalicelib.usecases.reading import Reading, read_account
from chalicelib.usecases.services import Caller, Services, now_of, programmes_of
from chalicelib.usecases.stored import CHECKPOINT_EVENTS, TRANSACTION_MAX


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
