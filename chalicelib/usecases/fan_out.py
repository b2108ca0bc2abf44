"""
Share the work of the scheduled tick: a short list is settled at once, a long one by many workers.

At one midnight a tenth of all members may fall due.  The run that finds so many cuts the index
into ranges and sends each as a message; the event source bounds how many are worked on at a
time.  The index stays the only truth of what is due, so a message may be lost, repeated, late, or
name what others settled: whoever receives it walks what is still there.

The schedule fires again before a long list is settled.  Nothing is sent while messages wait that
nobody has received, so the queue never holds more than one list; such a run settles what it can
itself, from the other end, so that time moves on even where no worker does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple

from chalicelib.domain.errors import Unavailable
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.usecases.execution import RESERVE_MS
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.stored import Due, IndexRange
from chalicelib.usecases.tick import SHARDS, Settle, Ticked, settle_all

if TYPE_CHECKING:
    from chalicelib.usecases.ports import TickQueue

#: A list of at most so many accounts is short: settling it takes some seconds, and a message more
#: for each part of the index would cost more than it spares.
SHORT = 250
#: So many accounts make a message: a second's work, little to repeat where a worker dies.
MEMBERS_A_MESSAGE = 25
#: So many messages are sent at a time, which is what SQS takes in one call.
SENT_AT_ONCE = 10


class _Shard(NamedTuple):
    """The due accounts of one shard, of which the first few have been looked at."""

    number: int
    first: list[Due]
    rest: Iterator[Due]

    @property
    def due(self) -> Iterable[Due]:
        return chain(self.first, self.rest)


def fan_out(
    services: Services,
    caller: Caller,
    until: Instant,
    settle: Settle,
    *,
    short: int = SHORT,
) -> Ticked:
    """
    Settle what is due by an instant, or have it settled, while there is time.

    ``settle`` settles one account.  Without a queue all is settled here.
    """
    shards = [_look(services, number, until, short) for number in range(SHARDS)]
    found = sum(len(shard.first) for shard in shards)
    oldest = min((shard.first[0].at for shard in shards if shard.first), default=until)
    queue = services.tick_queue
    if found > short and queue is not None and _is_drained(queue):
        ticked = _send(queue, caller, shards)
    else:
        # Workers begin at the first shard: from the last one, they are met as late as can be.
        ticked = settle_all(caller, chain.from_iterable(s.due for s in reversed(shards)), settle)
    return ticked._replace(lag_ms=until - oldest)


def settle_range(
    services: Services, caller: Caller, index_range: IndexRange, settle: Settle
) -> Ticked:
    """Settle what is still there of a range of the index, while there is time."""
    return settle_all(caller, services.ledger.due_within(index_range), settle)


def _look(services: Services, number: int, until: Instant, short: int) -> _Shard:
    walk = services.ledger.due(number, until)
    return _Shard(number, list(islice(walk, short + 1)), walk)


def _is_drained(queue: TickQueue) -> bool:
    try:
        return queue.waiting() == 0
    except Unavailable:
        # Time goes on without the queue.
        return False


def _send(queue: TickQueue, caller: Caller, shards: Iterable[_Shard]) -> Ticked:
    """Send the whole list; what is not sent in time is in the index for the next run."""
    sent = 0
    index_ranges = chain.from_iterable(map(_index_ranges, shards))
    while batch := list(islice(index_ranges, SENT_AT_ONCE)):
        if caller.remaining_ms() < RESERVE_MS:
            return Ticked(sent=sent, finished=False)
        try:
            sent += queue.send(batch)
        except Unavailable:
            return Ticked(sent=sent, finished=False)
    return Ticked(sent=sent)


def _index_ranges(shard: _Shard) -> Iterator[IndexRange]:
    due = iter(shard.due)
    while part := list(islice(due, MEMBERS_A_MESSAGE)):
        yield IndexRange(shard.number, part[0], part[-1])
