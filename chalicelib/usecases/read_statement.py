"""Read what a member bought, what it came to and why, and what came back."""

from __future__ import annotations

from typing import Final, NamedTuple

from chalicelib.domain.entry import Entry, decode
from chalicelib.domain.errors import MemberNotFound
from chalicelib.domain.programme import Programmes
from chalicelib.usecases.services import Caller, Services, programmes_of

#: How many entries are looked through for one page, whatever is found among them.
SEARCHED_MAX: Final = 1000
_KINDS: Final = frozenset({"earn", "reverse"})


class StatementPage(NamedTuple):
    """
    Entries about money, newest first, and the version to go on before; ``None`` at the end.

    ``programmes`` are those that have a say in them.
    """

    entries: tuple[Entry, ...]
    before: int | None
    programmes: Programmes


def read_statement(
    services: Services, caller: Caller, member: str, *, limit: int, before: int | None
) -> StatementPage:
    """
    Read a page of purchases and what came back of them; raises `MemberNotFound`.

    A page may be short, or empty, and yet not the last: what is not about money is passed over.
    """
    up_to = None if before is None else before - 1
    found: list[Entry] = []
    searched, last = 0, None
    for stored in services.ledger.entries(
        caller.tenant, member, up_to=up_to, newest_first=True, limit=SEARCHED_MAX + 1
    ):
        if searched == SEARCHED_MAX or len(found) == limit:
            break
        searched, last = searched + 1, stored.version
        entry = decode(stored)
        if entry.kind in _KINDS and entry.fact is not None and entry.fact.money is not None:
            found.append(entry)
    else:
        if last is None and before is None:
            # Nothing at all: the journal of a member is never empty.
            raise MemberNotFound
        last = None
    return StatementPage(tuple(found), last, programmes_of(services, caller.tenant))
