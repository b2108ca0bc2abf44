"""The scheduled tick and its workers: everything that is due happens, once, whatever goes wrong."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from typing import Any

import pytest

from chalicelib.domain.ledger.actor import CLOCK
from chalicelib.jobs import ticking
from chalicelib.store import keys
from chalicelib.store.dynamo import Dynamo
from chalicelib.store.ledger import DynamoLedger
from chalicelib.store.metering import measured
from chalicelib.usecases import fan_out
from chalicelib.usecases.services import Caller
from chalicelib.usecases.stored import Due, IndexRange
from chalicelib.usecases.tick import SHARDS, Settled, settler
from tests.domain.building import at
from tests.domain.midnight import KINDS, MIDNIGHT
from tests.fakes.tick_queue import FakeTickQueue
from tests.jobs.lambdas import Time, batch, failed, sqs_event
from tests.town import TENANT, Town

SHORT = 30
LONG = 70


@pytest.fixture
def queue(village: Town) -> FakeTickQueue:
    """Return a queue between the village's tick and its workers."""
    queue = FakeTickQueue()
    village.services = village.services._replace(tick_queue=queue)
    return queue


def run(town: Town, looks: int | None = None) -> dict[str, Any]:
    """Run the scheduled job."""
    return ticking.run(town.services, Time(looks), short=SHORT)


def work(town: Town, *index_ranges: IndexRange, looks: int | None = None) -> list[str]:
    """Have a worker settle a batch, and return which of its messages failed."""
    return failed(ticking.work(town.services, batch(index_ranges), Time(looks)))


class TestShortList:
    """Few due accounts are settled by the run that finds them."""

    def test_is_settled_at_once(self, village: Town, queue: FakeTickQueue) -> None:
        """Nobody is sent for; quiet members stay as they are."""
        village.add_many(30)
        village.add()

        ticked = run(village)

        assert (ticked["accounts"], ticked["events"], ticked["sent"]) == (30, 30, 0)
        assert ticked["finished"]
        assert queue.messages == []
        assert village.due() == set()
        village.check()

    def test_without_a_queue(self, village: Town) -> None:
        """Where there is no queue a long list is settled like a short one."""
        village.add_many(LONG)

        assert run(village)["accounts"] == LONG
        village.check()

    def test_everything_on_one_account(self, village: Town) -> None:
        """Everything at one midnight is an event each, in one transaction."""
        village.add(*KINDS)

        ticked = run(village)

        assert (ticked["accounts"], ticked["events"]) == (1, len(KINDS))
        village.check()

    def test_again(self, village: Town) -> None:
        """A second run finds nothing to do."""
        village.add_many(8)
        run(village)

        ticked = run(village)

        assert (ticked["accounts"], ticked["events"], ticked["lag_ms"]) == (0, 0, 0)

    def test_nobody(self, village: Town) -> None:
        """An empty index is a run that does nothing."""
        assert run(village) == {
            "accounts": 0,
            "left": 0,
            "events": 0,
            "finished": True,
            "failed": 0,
            "sent": 0,
            "lag_ms": 0,
        }

    def test_lag(self, village: Town) -> None:
        """The run tells how long the account that waits longest has waited."""
        village.add("lots.expired")
        village.add()
        village.clock.now = at("2027-01-01T02:00:00Z")
        assert run(village)["lag_ms"] == 2 * 3_600_000

    def test_stops_in_time(self, village: Town) -> None:
        """A run that has no time left stops between two accounts; the next one goes on."""
        village.add_many(10)

        first = run(village, looks=4)

        assert (first["accounts"], first["finished"]) == (4, False)
        assert len(village.due()) == 6
        assert run(village)["accounts"] == 6
        village.check()


class TestLongList:
    """Many due accounts are handed to workers."""

    def test_is_sent(self, village: Town, queue: FakeTickQueue) -> None:
        """Every due account is in one message, none in two; the run itself settles nobody."""
        village.add_many(LONG)
        village.add()

        ticked = run(village)

        assert (ticked["accounts"], ticked["sent"]) == (0, len(queue.messages))
        named = [
            place.member for each in queue.messages for place in village.ledger.due_within(each)
        ]
        assert sorted(named) == sorted(village.due())
        assert len(named) == LONG
        assert queue.calls == -(-len(queue.messages) // fan_out.SENT_AT_ONCE)

    def test_is_settled_by_workers(self, village: Town, queue: FakeTickQueue) -> None:
        """Whoever receives the messages settles all of it."""
        village.add_many(LONG)
        run(village)

        assert work(village, *queue.messages) == []

        assert village.due() == set()
        village.check()

    def test_messages_are_small(self, town: Town) -> None:
        """A shard of many accounts is cut into messages of 25."""
        queue = FakeTickQueue()
        shard = keys.due_pk(TENANT, "0", on_test_clock=False)
        members = [
            str(n) for n in range(2000) if keys.due_pk(TENANT, str(n), on_test_clock=False) == shard
        ]
        places = [Due(MIDNIGHT, TENANT, member) for member in sorted(members)]
        looked = fan_out._Shard(int(shard[-2:]), places[:60], iter(places[60:]))

        found = list(fan_out._index_ranges(looked))

        assert len(found) == -(-len(places) // 25)
        assert [each.first for each in found] == places[::25]
        assert found[-1].last == places[-1]
        assert town.due() == set()
        assert queue.messages == []

    def test_a_repeated_message(self, town: Town) -> None:
        """A message that comes again costs one look at the index, and writes nothing."""
        queue = FakeTickQueue()
        town.services = town.services._replace(tick_queue=queue)
        town.add_many(LONG)
        run(town)
        work(town, *queue.messages)

        with measured() as cost:
            assert work(town, *queue.messages) == []

        assert cost.calls == {"Query": len(queue.messages)}
        assert cost.write_units == 0
        town.check()

    def test_out_of_time(self, village: Town, queue: FakeTickQueue) -> None:
        """What a worker has no time for is no failure: it is in the index for the next run."""
        village.add_many(LONG)
        run(village)
        messages = queue.messages[:]
        queue.messages.clear()

        assert work(village, *messages, looks=7) == []

        assert len(village.due()) == LONG - 7
        run(village)
        work(village, *queue.messages)
        village.check()

    def test_sending_stops_in_time(self, village: Town, queue: FakeTickQueue) -> None:
        """A run that has no time to send it all says so; the rest stays in the index."""
        village.add_many(LONG)

        ticked = run(village, looks=1)

        assert (ticked["sent"], ticked["finished"]) == (fan_out.SENT_AT_ONCE, False)
        work(village, *queue.messages)
        queue.messages.clear()
        run(village)
        village.check()

    def test_a_worker_behind_its_time(self, village: Town, queue: FakeTickQueue) -> None:
        """A worker whose clock is slow leaves alone what is not yet due to it."""
        village.add_many(LONG)
        run(village)
        village.clock.now = MIDNIGHT - 300_000

        assert work(village, *queue.messages) == []

        assert village.due() == set()
        village.clock.now = MIDNIGHT
        assert len(village.due()) == LONG
        work(village, *queue.messages)
        village.check()


class TestBacklog:
    """The queue never holds more than one list, and nothing waits for it in vain."""

    def test_does_not_grow(self, village: Town, queue: FakeTickQueue) -> None:
        """While messages wait nothing is sent, however often the schedule fires."""
        village.add_many(3 * LONG)
        run(village)
        sent = len(queue.messages)

        for _ in range(3):
            assert run(village, looks=5)["sent"] == 0

        assert len(queue.messages) == sent

    def test_helps_from_the_other_end(self, village: Town, queue: FakeTickQueue) -> None:
        """A run that must not send settles what it can, where the workers come last."""
        assert queue.messages == []
        village.add_many(LONG)
        run(village)
        last = [
            place.member
            for shard in reversed(range(SHARDS))
            for place in village.ledger.due(shard, MIDNIGHT)
        ]

        assert run(village, looks=9)["accounts"] == 9

        assert village.due() == set(last[9:])

    def test_no_workers(self, village: Town, queue: FakeTickQueue) -> None:
        """Where no worker ever comes, time goes on all the same."""
        village.add_many(LONG)
        run(village)
        assert queue.messages != []

        assert run(village)["accounts"] == LONG
        village.check()

    def test_queue_is_down(self, village: Town, queue: FakeTickQueue) -> None:
        """A queue that does not answer is done without."""
        queue.down = True
        village.add_many(LONG)

        ticked = run(village)

        assert (ticked["accounts"], ticked["sent"]) == (LONG, 0)
        village.check()

    def test_queue_goes_down(self, village: Town, queue: FakeTickQueue) -> None:
        """What a failing queue did not take is settled by a later run."""
        queue.room = fan_out.SENT_AT_ONCE
        village.add_many(LONG)

        ticked = run(village)

        assert (ticked["sent"], ticked["finished"]) == (fan_out.SENT_AT_ONCE, False)
        queue.down = True
        run(village)
        work(village, *queue.messages)
        village.check()


class TestPoison:
    """An account that cannot be settled stops nobody else."""

    def test_in_a_run(self, town: Town, caplog: pytest.LogCaptureFixture) -> None:
        """The run settles its neighbours, counts it, and names it in the log."""
        members = town.add_many(12)
        whole = _poison(town, members[5])

        ticked = run(town)

        assert (ticked["accounts"], ticked["failed"]) == (11, 1)
        assert town.due() == {members[5]}
        (line,) = [each for each in caplog.records if each.levelname == "ERROR"]
        result = {"tenant": TENANT, "member_id": members[5], "job": "tick"}
        assert vars(line).items() >= result.items()
        town.check(set(members) - {members[5]})

        _heal(town, whole)
        assert run(town)["accounts"] == 1
        town.check()

    def test_in_a_batch(self, town: Town) -> None:
        """Only the message with it is reported, and comes again with nobody else in it."""
        queue = FakeTickQueue()
        town.services = town.services._replace(tick_queue=queue)
        members = town.add_many(LONG)
        whole = _poison(town, members[7])
        run(town)
        number = next(
            n
            for n, each in enumerate(queue.messages)
            if members[7] in {place.member for place in town.ledger.due_within(each)}
        )

        assert work(town, *queue.messages) == [f"m{number}"]

        assert town.due() == {members[7]}
        again = queue.messages[number]
        assert [place.member for place in town.ledger.due_within(again)] == [members[7]]
        assert work(town, again) == ["m0"]
        _heal(town, whole)
        assert work(town, again) == []
        town.check()

    @pytest.mark.parametrize("body", ["", "{}", "not ours", '{"shard":1,"first":[1],"last":[]}'])
    def test_an_unreadable_message(self, village: Town, body: str) -> None:
        """A message of another release or sender fails alone."""
        village.add_many(8)
        place = Due(MIDNIGHT, TENANT, "")
        end = Due(MIDNIGHT, TENANT, "z")
        good = batch(IndexRange(shard, place, end) for shard in range(SHARDS))
        event = {"Records": sqs_event([body])["Records"] + good["Records"][1:]}
        event["Records"].append({**good["Records"][0], "messageId": "last"})

        assert failed(ticking.work(village.services, event, Time())) == ["m0"]
        village.check()


class TestAtOnce:
    """Runs and workers may overlap in every way."""

    @pytest.mark.parametrize("threads", [2, 5])
    def test_ticks_at_once(self, town: Town, threads: int) -> None:
        """Runs that overlap settle every account once between them."""
        town.add_many(40)
        together = threading.Barrier(threads)
        done: list[dict[str, Any]] = []

        def one() -> None:
            together.wait()
            done.append(run(town))

        _in_threads([one] * threads)

        assert len(done) == threads
        assert sum(each["events"] for each in done) == 40
        assert sum(each["failed"] for each in done) == 0
        assert town.due() == set()
        town.check()

    def test_workers_at_once(self, town: Town) -> None:
        """Two workers with the same messages, and a run that helps, do it all once."""
        queue = FakeTickQueue()
        town.services = town.services._replace(tick_queue=queue)
        town.add_many(LONG)
        run(town)
        failures: list[str] = []

        def worker() -> None:
            failures.extend(work(town, *queue.messages))

        _in_threads([worker, worker, lambda: run(town)])

        assert failures == []
        assert town.due() == set()
        town.check()

    @pytest.mark.parametrize("first", [-300_000, 300_000])
    def test_clocks_that_differ(self, village: Town, first: int) -> None:
        """Runs whose clocks are five minutes apart either way settle everything once, on time."""
        village.add_many(12)
        settled: list[tuple[int, int]] = []
        for true_time in range(MIDNIGHT - 600_000, MIDNIGHT + 660_000, 60_000):
            for skew in (first, -first):
                village.clock.now = true_time + skew
                if events := run(village)["events"]:
                    settled.append((village.clock.now, events))

        assert settled == [(MIDNIGHT, 12)]
        village.check()

    @pytest.mark.parametrize("seed", range(6))
    def test_any_fate_of_messages(self, village: Town, queue: FakeTickQueue, seed: int) -> None:
        """Messages may be lost, repeated, late and out of order, and workers be cut off."""
        chance = random.Random(seed)  # noqa: S311 - a test's
        village.add_many(LONG + 5)
        old: list[IndexRange] = []
        for _ in range(6):
            run(village, looks=chance.choice([1, 3, 60]))
            old += queue.messages
            queue.messages.clear()
            chance.shuffle(old)
            received = chance.choices(old, k=min(len(old), 12)) if old else []
            assert work(village, *received, looks=chance.choice([2, 20, None])) == []

        village.services = village.services._replace(tick_queue=None)
        run(village)

        assert village.due() == set()
        village.check()


def test_correcting_the_index(town: Town) -> None:
    """An account whose place is earlier than what is due on it moves to its right place, once."""
    member = town.add()
    loaded = town.ledger.load(TENANT, [member])
    account = loaded.account(member)
    assert account is not None
    town.ledger.reindex(TENANT, member, account.version, MIDNIGHT - 5, on_test_clock=False)
    assert town.due() == {member}

    with measured() as cost:
        ticked = run(town)

    assert (ticked["accounts"], ticked["events"], ticked["lag_ms"]) == (1, 0, 5)
    assert cost.calls["UpdateItem"] == 1
    assert town.due() == set()
    assert town.ledger.load(TENANT, [member]) == loaded


def test_settled_a_moment_ago(town: Town) -> None:
    """An account that another run settled since the index was read costs one read."""
    member = town.add("lots.expired")
    settle = settler(town.services, Caller("", CLOCK))
    place = Due(MIDNIGHT, TENANT, member)
    assert settle(place).events == 1

    with measured() as cost:
        assert settle(place) == Settled()

    assert cost.calls == {"GetItem": 1}
    town.check()


def test_the_api_does_not_pay_for_the_workers() -> None:
    """Importing the application loads nothing of powertools, batches least of all."""
    code = "import sys, app; sys.exit(any('powertools' in name for name in sys.modules))"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_shards_are_those_of_the_store() -> None:
    """The walk meets every shard into which the store files accounts."""
    assert SHARDS == keys.DUE_SHARDS


def _poison(town: Town, member: str) -> dict[str, Any]:
    """Spoil an account's bytes, and return its item as it was."""
    dynamo = _dynamo(town)
    item = dynamo.get(dynamo.ledger, keys.member_pk(TENANT, member), keys.ACCOUNT)
    assert item is not None
    _heal(town, item | {"body": {"B": b"spoilt"}})
    return item


def _heal(town: Town, item: dict[str, Any]) -> None:
    client: Any = _dynamo(town).connection.client
    client.put_item(TableName=_dynamo(town).ledger, Item=item)


def _dynamo(town: Town) -> Dynamo:
    ledger = town.ledger
    assert isinstance(ledger, DynamoLedger)
    return ledger._dynamo


def _in_threads(calls: list[Any]) -> None:
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
