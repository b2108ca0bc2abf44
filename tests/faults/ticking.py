"""Time that passes: the tick, the sharing of its work, and test clocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from chalicelib.domain.errors import LoyaltyError, Unavailable
from chalicelib.domain.ledger.actor import CLOCK
from chalicelib.store import keys
from chalicelib.usecases.fan_out import fan_out, settle_range
from chalicelib.usecases.move_clock import move_clock
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.stored import Due, IndexRange
from chalicelib.usecases.tick import SHARDS, settler, tick
from tests.faults.ending import Ending
from tests.faults.play import Play
from tests.faults.record import Outcome, Request


class Messages:
    """A queue to workers, which chance empties: messages come late, twice, or not at all."""

    def __init__(self, play: Play) -> None:
        self._play = play

    def waiting(self) -> int:
        """Answer that nothing waits."""
        return 0

    def send(self, index_ranges: Sequence[IndexRange]) -> int:
        """Keep messages for whoever draws them."""
        self._play.index_ranges.extend(index_ranges)
        return len(index_ranges)


def draw_tick(play: Play, tenant: str) -> Request:
    """Draw a run of the tick over the shards in which anyone is, and one more."""
    clocked = _is_clocked(play, tenant)
    shards = {
        int(keys.due_pk(tenant, member, on_test_clock=False)[-2:])
        for member in (*play.members[tenant], *(card for card, _ in play.cards[tenant]))
    } | {play.chance.below(SHARDS)}

    def run(services: Services, job: Caller) -> None:
        owner = tenant if clocked else None
        tick(services, job, play.clock(tenant), test_tenant=owner, shards=sorted(shards))

    return Request(_job(run), f"{len(shards)} shards")


def draw_move_clock(play: Play, tenant: str) -> Request | None:
    """Draw a move of a test clock, forward or not."""
    if not _is_clocked(play, tenant):
        return None
    to = play.later(tenant)

    def send(services: Services, caller: Caller) -> tuple[Outcome]:
        try:
            move_clock(services, caller, to)
        except Unavailable as fault:
            return (Outcome("open", fault.code),)
        except LoyaltyError as refusal:
            return (Outcome("refused", refusal.code),)
        return (Outcome("read", claim=lambda ending, _: _clock_stands(ending, tenant, to)),)

    return Request(send, f"to {to}")


def _clock_stands(ending: Ending, tenant: str, to: int) -> Iterable[str]:
    clock = ending.tenants[tenant].clock
    if clock is None or clock < to:
        yield f"the clock was moved to {to} and shows {clock}"


def draw_fan_out(play: Play, tenant: str) -> Request | None:
    """Draw a run of the scheduled tick that hands all that is due to workers."""
    if _is_clocked(play, tenant):
        return None

    def run(services: Services, job: Caller) -> None:
        shared = services._replace(tick_queue=Messages(play))
        fan_out(shared, job, play.now, settler(services, job), short=0)

    return Request(_job(run), "all")


def draw_range(play: Play, tenant: str) -> Request | None:
    """Draw a message of the tick for a worker, new or seen before."""
    if _is_clocked(play, tenant):
        return None
    if not play.index_ranges or play.chance.percent(30):
        # As a run cuts one that finds a whole shard due.
        member = play.member(tenant)
        shard = int(keys.due_pk(tenant, member, on_test_clock=False)[-2:])
        whole = IndexRange(shard, Due(0, tenant, ""), Due(play.now, tenant, member))
        play.index_ranges.append(whole)
    index_range = play.chance.pick(play.index_ranges)

    def run(services: Services, job: Caller) -> None:
        settle_range(services, job, index_range, settler(services, job))

    return Request(_job(run), f"shard {index_range.shard}")


def _job(run: Callable[[Services, Caller], None]) -> Callable[[Services, Caller], tuple[Outcome]]:
    def send(services: Services, caller: Caller) -> tuple[Outcome]:
        try:
            run(services, Caller("", CLOCK, caller.remaining_ms))
        except Unavailable as fault:
            return (Outcome("open", fault.code),)
        return (Outcome("read"),)

    return send


def _is_clocked(play: Play, tenant: str) -> bool:
    return next(t.clocked for t in play.scenario.tenants if t.id == tenant)
