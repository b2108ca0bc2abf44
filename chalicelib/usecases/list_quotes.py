"""List a member's quotes."""

from __future__ import annotations

from msgspec.structs import replace

from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.quote import Quote
from chalicelib.domain.mechanics.quoting import QUOTES
from chalicelib.usecases.searching import Listed, Wanted, of_member
from chalicelib.usecases.services import Caller, Services


def list_quotes(
    services: Services,
    caller: Caller,
    member: str,
    wanted: Wanted,
    *,
    limit: int,
    before: str | None,
) -> Listed[Quote]:
    """Return a page of a member's quotes, the latest first; raises `MemberNotFound`."""

    def fits(each: Quote, now: Instant) -> bool:
        within = wanted.period.has(each.made_at)
        return within and wanted.has(each.state_at(now), each.programme)

    records = QUOTES, lambda each: each.id
    return of_member(
        services,
        caller,
        member,
        records,
        None if wanted == Wanted() else fits,
        limit=limit,
        before=before,
        shown=_summed_up,
    )


def _summed_up(quote: Quote) -> Quote:
    """Return a quote without what it is made up of, which is read with the quote itself."""
    activity = replace(quote.activity, lines=())
    return replace(quote, activity=activity, lines=(), considered=(), offers=())
