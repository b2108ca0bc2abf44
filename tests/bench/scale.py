"""
The tick's cost against the number of accounts, of which one in a hundred is due.

What a due account costs must not depend on how many accounts there are.
"""

from __future__ import annotations

import resource
import time
from typing import Final, NamedTuple

from chalicelib import jobs
from chalicelib.jobs import ticking
from chalicelib.store.connection import Connection
from chalicelib.store.metering import Cost, measured
from tests.bench import engine
from tests.bench.crowd import Crowd
from tests.bench.tables import Table
from tests.fakes.tick_queue import FakeTickQueue
from tests.jobs.lambdas import Time, batch, failed

SIZES: Final = (20_000, 200_000)
QUICK_SIZES: Final = (20_000, 60_000)
#: Each account costs the same within this, however many there are.
TOLERANCE: Final = 0.05
_CHECKED: Final = 50


class Walk(NamedTuple):
    """What one tick cost over so many accounts, of which so many were due."""

    way: str
    accounts: int
    due: int
    cost: Cost
    load_s: float = 0.0
    run_s: float = 0.0
    rss_mb: int = 0

    @property
    def per_due(self) -> dict[str, float]:
        """Return calls and capacity units for each due account."""
        return {
            "calls": self.cost.total_calls / self.due,
            "write units": self.cost.write_units / self.due,
            "read units": self.cost.read_units / self.due,
            "engine's units": self.cost.reported / self.due,
        }


def walk(connection: Connection, accounts: int) -> list[Walk]:
    """
    Load so many accounts and tick: in one run, then what as many more are due by a queue.

    A sample of those that were due is verified against its journals afterwards.
    """
    due = accounts // 100
    before = time.perf_counter()
    crowd = Crowd(connection)
    crowd.add_quiet(accounts - due)
    crowd.add_due(due)
    load_s = time.perf_counter() - before
    walks = [_in_one_run(crowd, accounts, due)._replace(load_s=load_s)]
    crowd.add_due(due)
    walks.append(_by_queue(crowd, accounts, due))
    members = list(crowd.town.members)
    crowd.town.check(members[:: max(1, len(members) // _CHECKED)])
    assert crowd.town.due() == set()
    crowd.forget()
    return walks


def spread(walks: list[Walk]) -> dict[str, float]:
    """Return by how much the costs of a due account differ between the sizes, as a share."""
    figures = [each.per_due for each in walks]
    return {
        name: max(each[name] for each in figures) / min(each[name] for each in figures) - 1
        for name in figures[0]
    }


def table(connection: Connection, sizes: tuple[int, ...]) -> Table:
    """Return the table of both ways for all sizes, with the spread between the sizes."""
    by_way: dict[str, list[Walk]] = {}
    with engine.seeking():
        for size in sizes:
            for each in walk(connection, size):
                by_way.setdefault(each.way, []).append(each)
    rows: list[tuple[str | int | float, ...]] = []
    for way, walks in by_way.items():
        rows += [_row(each) for each in walks]
        differ = spread(walks)
        shares = (f"{share:.1%}" for share in differ.values())
        rows.append((f"{way}: differ by", "", "", *shares, "", "", ""))
    return Table(
        f"Tick with 1 % of the accounts due (spread allowed: {TOLERANCE:.0%})",
        (
            "way",
            "accounts",
            "due",
            "calls/due",
            "write units/due",
            "read units/due",
            "engine's units/due",
            "load s",
            "tick s",
            "memory MB",
        ),
        rows,
        (
            "Each due account is one read and one transaction.  The walk of the index is 16",
            "queries and one for each message; a list of up to 250 is settled without messages.",
            "Memory is the most that this process had by then.",
        ),
    )


def _in_one_run(crowd: Crowd, accounts: int, due: int) -> Walk:
    before = time.perf_counter()
    with measured() as cost:
        ticked = ticking.run(crowd.town.services, Time())
    assert (ticked["accounts"], ticked["events"]) == (due, due)
    return _walk("one run", accounts, due, cost, before)


def _by_queue(crowd: Crowd, accounts: int, due: int) -> Walk:
    queue = FakeTickQueue()
    services = crowd.town.services._replace(tick_queue=queue)
    before = time.perf_counter()
    with measured() as cost:
        ticked = ticking.run(services, Time())
        for start in range(0, len(queue.messages), jobs.BATCH_SIZE):
            event = batch(queue.messages[start : start + jobs.BATCH_SIZE])
            assert failed(ticking.work(services, event, Time())) == []
    assert ticked["sent"] == len(queue.messages)
    return _walk("by queue", accounts, due, cost, before)


def _walk(way: str, accounts: int, due: int, cost: Cost, before: float) -> Walk:
    run_s = time.perf_counter() - before
    rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return Walk(way, accounts, due, cost, run_s=run_s, rss_mb=rss_mb)


def _row(each: Walk) -> tuple[str | int | float, ...]:
    figures = each.per_due.values()
    return (each.way, each.accounts, each.due, *figures, each.load_s, each.run_s, each.rss_mb)
