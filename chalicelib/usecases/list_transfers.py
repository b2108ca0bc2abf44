"""List what a member transferred to others, and they to them."""

from __future__ import annotations

from itertools import chain
from typing import Final, Literal

from chalicelib.domain.ledger.events import Event, TransferReceived, TransferSent
from chalicelib.domain.ledger.journal import decode
from chalicelib.usecases.journal_search import check_member, newest_first
from chalicelib.usecases.searching import Found, Wanted, first_of
from chalicelib.usecases.services import Caller, Services

#: How many events are looked through for one page.
EVENTS_MAX: Final = 1_000

#: Which way value went: what one is called, and what the event is then.
Direction = Literal["sent", "received"]
_KINDS: Final[dict[str, type]] = {"sent": TransferSent, "received": TransferReceived}


def list_transfers(
    services: Services,
    caller: Caller,
    member: str,
    wanted: Wanted,
    *,
    limit: int,
    before: int | None,
) -> Found[Event]:
    """
    Return a page of what a member sent and received, the latest first; ``state`` is the direction.

    It is found in the journal, so a transfer has no record that would cost it anything.  Raises
    `MemberNotFound`.
    """
    kinds = tuple(kind for name, kind in _KINDS.items() if wanted.state in {None, name})

    def shown(event: Event) -> Event | None:
        data = event.data
        if not isinstance(data, kinds) or not isinstance(data, TransferSent | TransferReceived):
            return None
        fits = wanted.programme in {None, data.currency.partition("/")[0]}
        return event if fits else None

    journal = newest_first(services, caller, member, before=before, period=wanted.period)
    latest = next(journal, None)
    if latest is None:
        if before is None:
            check_member(services, caller, member, wanted.period)
        return Found([], None)
    rows = ((stored.version, shown(decode(stored))) for stored in chain([latest], journal))
    return first_of(rows, limit, EVENTS_MAX)
