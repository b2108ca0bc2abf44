"""List a tenant's households."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain.ledger.account import Account
from chalicelib.usecases.searching import AT_ONCE, Found, first_of, in_batches
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.stored import HOUSEHOLDS, Entry, Period


def list_households(
    services: Services, caller: Caller, period: Period, *, limit: int, before: Entry | None
) -> Found[tuple[str, Account]]:
    """
    Return a page of households that somebody belongs to, the latest to be founded first.

    One call for the list and one for the accounts in it.
    """
    batches = in_batches(
        lambda after, count: services.ledger.listed(
            caller.tenant, HOUSEHOLDS, limit=count, before=after, period=period
        ),
        lambda entry: entry,
        before,
        min(limit + 1, AT_ONCE),
    )

    def rows() -> Iterator[tuple[Entry, tuple[str, Account] | None]]:
        for batch in batches:
            loaded = services.ledger.load(caller.tenant, [entry.listed for entry in batch])
            for entry in batch:
                account = loaded.account(entry.listed)
                # It may have ended a moment ago.
                there = account is not None and account.status == "household"
                yield entry, (entry.listed, account) if account and there else None

    return first_of(rows(), limit)
