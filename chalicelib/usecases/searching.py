"""
Pages of what is filtered: each looks at so much and no more, whatever is found there.

So a page may be short, or empty, and yet not the last.  A page goes on after the last thing that
was looked at, in an order in which nothing that is there already ever moves: what comes meanwhile
neither repeats nor hides any of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Final, Generic, NamedTuple, TypeVar

from msgspec import Struct

from chalicelib.domain.decide.claims import RecordKind
from chalicelib.domain.errors import MemberNotFound
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.usecases.attempt import now_at
from chalicelib.usecases.services import Caller, Services, on_test_clock
from chalicelib.usecases.stored import ALWAYS, Period

#: How many things are looked at for one page.
SEARCHED_MAX: Final = 500
#: How many are read at once, where more may have to be looked at than a page has.
AT_ONCE: Final = 100

T = TypeVar("T")
P = TypeVar("P")
R = TypeVar("R", bound=Struct)


class Wanted(NamedTuple):
    """Which things to list: all, but for what is said."""

    state: str | None = None
    programme: str | None = None
    reward: str | None = None
    period: Period = ALWAYS
    fulfilment: str | None = None

    def has(
        self, state: str, programme: str, reward: str = "", fulfilment: str | None = None
    ) -> bool:
        """Tell whether something is wanted, but for when it was."""
        wanted = (
            (self.state, state),
            (self.programme, programme),
            (self.reward, reward),
            (self.fulfilment, fulfilment),
        )
        return all(one in {None, other} for one, other in wanted)


class Found(NamedTuple, Generic[T]):
    """What is on a page, and the position to go on after; ``None`` at the end."""

    items: list[T]
    after: Any


def first_of(
    rows: Iterable[tuple[P, T | None]], limit: int, searched_max: int = SEARCHED_MAX
) -> Found[T]:
    """Return the first things among rows of (position, thing); one that is left out is ``None``."""
    found: list[T] = []
    last: P | None = None
    for searched, (position, thing) in enumerate(rows, start=1):
        if len(found) == limit:
            return Found(found, last)
        last = position
        if thing is not None:
            found.append(thing)
        if searched == searched_max:
            # Whether there is more is for the next page to see: looking would cost a batch.
            return Found(found, last)
    return Found(found, None)


def in_batches(
    read: Callable[[P | None, int], Iterable[T]],
    position: Callable[[T], P],
    before: P | None,
    at_once: int,
) -> Iterator[list[T]]:
    """Yield all there is, so many at once: ``read`` returns what follows a position."""
    while True:
        batch = list(islice(read(before, at_once), at_once))
        if batch:
            yield batch
        if len(batch) < at_once:
            return
        before = position(batch[-1])


class Listed(NamedTuple, Generic[T]):
    """A page, and the instant at which it was read."""

    found: Found[T]
    now: Instant


def of_member(
    services: Services,
    caller: Caller,
    member: str,
    records: tuple[RecordKind[R], Callable[[R], str]],
    fits: Callable[[R, Instant], bool] | None,
    *,
    limit: int,
    before: str | None,
    shown: Callable[[R], R] | None = None,
) -> Listed[R]:
    """
    Return a page of a member's records of a kind, of which the ids are given, the latest first.

    ``shown`` returns what of one is kept for the page, where it may be large.  One call for the
    account and one for what is read at once.  Raises `MemberNotFound`.
    """
    kind, id_of = records
    tenant = caller.tenant
    loaded = services.ledger.load(tenant, [member], with_clock=on_test_clock(services, tenant))
    if loaded.account(member) is None:
        raise MemberNotFound
    now = now_at(services, loaded)

    def read(after: str | None, count: int) -> Iterator[R]:
        found = services.ledger.records(tenant, kind, member, limit=count, before=after)
        return found if shown is None else map(shown, found)

    batches = in_batches(
        read,
        id_of,
        before,
        limit + 1 if fits is None else AT_ONCE,
    )
    rows = (
        (id_of(each), each if fits is None or fits(each, now) else None)
        for batch in batches
        for each in batch
    )
    return Listed(first_of(rows, limit), now)
