"""What a due account costs the tick does not depend on how many accounts there are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.jobs import ticking
from chalicelib.store.connection import Connection
from chalicelib.store.metering import measured
from chalicelib.usecases.fan_out import SHORT
from chalicelib.usecases.stored import Due, IndexRange
from chalicelib.usecases.tick import SHARDS
from tests.bench import engine, scale
from tests.bench.crowd import Crowd, connect
from tests.domain.midnight import KINDS
from tests.fakes.tick_queue import FakeTickQueue
from tests.jobs.lambdas import Time, batch, failed

# The programmes of a tenant are read once, and remembered.
PROGRAMMES = 1


@pytest.fixture(scope="module")
def connection() -> Connection:
    """Return a connection that the engine of this process answers."""
    return connect()


@pytest.fixture
def seeking() -> Iterator[None]:
    """Let the engine seek in its index."""
    with engine.seeking():
        yield


@pytest.mark.usefixtures("seeking")
def test_calls_are_two_a_due_account(connection: Connection) -> None:
    """Over 500 accounts and over 5,000: a read and a transaction each, beside the walk."""
    small, large = (scale.walk(connection, accounts)[0] for accounts in (500, 5_000))

    for each in (small, large):
        assert each.due == each.accounts // 100
        assert each.cost.calls == {
            "Query": SHARDS + PROGRAMMES,
            "GetItem": each.due,
            "TransactWriteItems": each.due,
        }


@pytest.mark.usefixtures("seeking")
def test_capacity_is_the_same(connection: Connection) -> None:
    """A due account writes as many units whatever surrounds it, and reads one beside the walk."""
    # As many of each kind of life, so that they differ in nothing but their number.
    sizes = (100 * len(KINDS), 1_000 * len(KINDS))
    small, large = (scale.walk(connection, accounts)[0] for accounts in sizes)

    assert (small.due, large.due) == (len(KINDS), 10 * len(KINDS))
    assert small.per_due["write units"] == large.per_due["write units"]
    walked = (SHARDS + PROGRAMMES) / 2, (SHARDS + 2 * PROGRAMMES) / 2
    for each in (small, large):
        beside = each.cost.read_units - each.due
        assert walked[0] <= beside <= walked[1]
    assert large.cost.reported == large.cost.write_units + large.cost.read_units


@pytest.mark.usefixtures("seeking")
@pytest.mark.parametrize("quiet", [0, 3_000])
def test_by_workers(connection: Connection, quiet: int) -> None:
    """By a queue each message adds one look at its range of the index, and nothing else."""
    crowd = Crowd(connection)
    crowd.add_quiet(quiet)
    crowd.add_due(SHORT + 50)
    queue = FakeTickQueue()
    services = crowd.town.services._replace(tick_queue=queue)

    with measured() as sending:
        ticking.run(services, Time())
    with measured() as working:
        assert failed(ticking.work(services, batch(queue.messages), Time())) == []

    assert sending.calls == {"Query": SHARDS}
    assert working.calls == {
        "Query": len(queue.messages) + PROGRAMMES,
        "GetItem": SHORT + 50,
        "TransactWriteItems": SHORT + 50,
    }
    assert crowd.town.due() == set()
    crowd.town.check(list(crowd.town.members)[::10])


@pytest.mark.usefixtures("seeking")
def test_a_crowd_is_a_town(connection: Connection) -> None:
    """What is laid into the tables is what commits would have written; it verifies as it is."""
    crowd = Crowd(connection)
    crowd.add_due(8)
    crowd.add_quiet(2)
    town = crowd.town

    assert town.due() == set(town.members)
    ticking.run(town.services, Time())
    town.check()
    tenth = f"mem_{10:026d}"
    quiet = town.ledger.load("town", [tenth]).account(tenth)
    assert quiet is not None
    assert quiet.balance("clinic/points").available == 50


def test_seeking_finds_the_same(connection: Connection) -> None:
    """The quick search of the index finds what the engine's own finds."""
    crowd = Crowd(connection)
    crowd.add_due(60)
    crowd.add_quiet(60)
    ledger, now = crowd.town.ledger, crowd.town.clock.now

    def walked() -> list[list[Due]]:
        whole = [list(ledger.due(shard, now)) for shard in range(SHARDS)]
        inner = max(whole, key=len)
        index_range = IndexRange(whole.index(inner), inner[1], inner[-2])
        return [*whole, list(ledger.due_within(index_range))]

    slowly = walked()
    with engine.seeking():
        assert walked() == slowly

    assert sum(map(len, slowly[:-1])) == 60
    assert slowly[-1] == max(slowly[:-1], key=len)[1:-1] != []
