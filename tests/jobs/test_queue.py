"""The tick over a queue as AWS has it: sent, worked on, put aside, and sent again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from chalice.app import Chalice
from click.testing import CliRunner

import app
from chalicelib import jobs, wiring
from chalicelib.cli import main
from chalicelib.domain.errors import Unavailable
from chalicelib.integrations import sqs
from chalicelib.integrations.tick_queue import SqsTickQueue, decode, encode, redrive
from chalicelib.jobs import ticking
from chalicelib.store import keys
from chalicelib.store.connection import Connection
from chalicelib.usecases import fan_out
from chalicelib.usecases.stored import Due, IndexRange
from infra import data
from infra.local import in_process
from infra.local.engine import Engine, free_port
from infra.local.tables import create_queues, create_tables
from tests.jobs.conftest import stores_of
from tests.jobs.lambdas import Time, failed, sqs_event
from tests.town import TENANT, Town

pytestmark = pytest.mark.http


class Queues(NamedTuple):
    """The tick's queue and where messages are put aside, and a client for both."""

    client: Any
    tick: str
    dead: str

    def count(self, url: str) -> int:
        """Return how many messages a queue holds, received or not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    def receive(self) -> list[dict[str, Any]]:
        """Receive a batch, which stays hidden from others until its time is over."""
        answer = self.client.receive_message(
            QueueUrl=self.tick, MaxNumberOfMessages=jobs.BATCH_SIZE
        )
        found: list[dict[str, Any]] = answer.get("Messages", [])
        return found


@pytest.fixture(scope="module")
def loopback() -> Iterator[Engine]:
    """Return an engine with tables and queues, over a socket."""
    with Engine() as engine:
        yield engine


@pytest.fixture
def queues(loopback: Engine) -> Queues:
    """Return new queues as they are declared, but for failures that come again at once."""
    client = sqs.client_for(f"{loopback.endpoint}/queue")
    urls = create_queues(client, in_process.fresh_prefix())
    client.set_queue_attributes(QueueUrl=urls["tick"], Attributes={"VisibilityTimeout": "0"})
    return Queues(client, urls["tick"], urls["tick-dead"])


@pytest.fixture
def busy_town(loopback: Engine, queues: Queues) -> Town:
    """Return an empty town on that engine, with that queue."""
    connection = Connection("eu-west-1", loopback.endpoint)
    prefix = in_process.fresh_prefix()
    client: Any = connection.client
    create_tables(client, prefix, streams=False)
    return Town(stores_of(connection, prefix), SqsTickQueue(queues.tick))


def work_off(town: Town, queues: Queues) -> None:
    """Do what the event source does, until nothing is left: only what did not fail is deleted."""
    while messages := queues.receive():
        event = sqs_event(message["Body"] for message in messages)
        again = failed(ticking.work(town.services, event, Time()))
        for number, message in enumerate(messages):
            if f"m{number}" not in again:
                queues.client.delete_message(
                    QueueUrl=queues.tick, ReceiptHandle=message["ReceiptHandle"]
                )


def test_one_in_a_hundred(busy_town: Town, queues: Queues) -> None:
    """Of a hundred, 99 are settled and one is put aside; fixed and sent again it is settled."""
    town = busy_town
    members = town.add_many(100)
    client: Any = town.ledger._dynamo.connection.client  # type: ignore[attr-defined]
    table = town.ledger._dynamo.ledger  # type: ignore[attr-defined]
    key = {"pk": {"S": keys.member_pk(TENANT, members[41])}, "sk": {"S": keys.ACCOUNT}}
    whole = client.get_item(TableName=table, Key=key)["Item"]
    client.put_item(TableName=table, Item=whole | {"body": {"B": b"spoilt"}})
    sent = ticking.run(town.services, Time(), short=50)["sent"]
    assert queues.count(queues.tick) == sent > 0
    work_off(town, queues)

    assert town.due() == {members[41]}
    town.check(set(members) - {members[41]})
    assert (queues.count(queues.tick), queues.count(queues.dead)) == (0, 1)

    client.put_item(TableName=table, Item=whole)
    answer = CliRunner().invoke(main, ["redrive", "--queue-url", queues.tick])
    assert (answer.exit_code, answer.output) == (0, "1 messages sent again.\n")
    work_off(town, queues)

    assert town.due() == set()
    town.check()
    assert (queues.count(queues.tick), queues.count(queues.dead)) == (0, 0)


def test_messages_as_the_job_sends_them(busy_town: Town, queues: Queues) -> None:
    """The scheduled job counts what waits, and sends no second list before the first is taken."""
    busy_town.add_many(60)

    sent = ticking.run(busy_town.services, Time(), short=50)["sent"]
    assert queues.count(queues.tick) == sent > fan_out.SENT_AT_ONCE
    assert ticking.run(busy_town.services, Time(looks=3), short=50)["sent"] == 0
    assert queues.count(queues.tick) == sent

    work_off(busy_town, queues)
    busy_town.check()


def test_what_is_in_flight_does_not_wait(queues: Queues) -> None:
    """A message that somebody received, or that failed, keeps nobody from sending."""
    queue = SqsTickQueue(queues.tick)
    index_range = IndexRange(3, Due(1, "a", "m"), Due(2, "b#c", "n"))
    assert (queue.waiting(), queue.send([index_range] * 10)) == (0, 10)
    assert queue.waiting() == 10
    queues.client.set_queue_attributes(
        QueueUrl=queues.tick, Attributes={"VisibilityTimeout": "600"}
    )

    (body, *_) = [message["Body"] for message in queues.receive()]

    assert decode(body) == index_range
    assert queue.waiting() == 0
    assert queues.count(queues.tick) == 10


def test_redrive_moves_everything(queues: Queues) -> None:
    """Every message that was put aside is sent again, a batch at a time, and none stays."""
    bodies = {encode(IndexRange(n, Due(n, "a", "m"), Due(n, "b", "n"))) for n in range(12)}
    for body in bodies:
        queues.client.send_message(QueueUrl=queues.dead, MessageBody=body)

    assert list(redrive(queues.tick)) == [10, 2]

    assert queues.count(queues.dead) == 0
    received = queues.receive() + queues.receive()
    assert {message["Body"] for message in received} <= bodies
    assert queues.count(queues.tick) == 12


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (lambda queues: queues.dead, "Error: the queue has no dead-letter queue (0 sent before)\n"),
        (lambda queues: f"{queues.tick}-gone", "Error: "),
    ],
    ids=["no dead letters", "no queue"],
)
def test_redrive_says_why_not(queues: Queues, url: Any, said: str) -> None:
    """A queue that is none of these is named in one line."""
    answer = CliRunner().invoke(main, ["redrive", "--queue-url", url(queues)])

    assert answer.exit_code == 1
    assert answer.output.startswith(said)


def test_nobody_answers() -> None:
    """A queue that cannot be reached is unavailable, not an accident."""
    queue = SqsTickQueue(f"http://127.0.0.1:{free_port()}/000000000000/tessera-tick")

    with pytest.raises(Unavailable, match="queue_unavailable"):
        queue.waiting()


def test_wired() -> None:
    """The queue is the one that the environment names; its worker is declared on its name."""
    environment = {"TESSERA_ROOT_KEY": "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="}
    assert wiring.services(environment).tick_queue is None
    environment["TESSERA_TICK_QUEUE_URL"] = "https://sqs.eu-west-1.amazonaws.com/1/x-tick"
    assert isinstance(wiring.services(environment).tick_queue, SqsTickQueue)

    assert isinstance(app.app, Chalice)
    assert app.app.handler_map.keys() >= {"tick", "settle"}
    declared = data.template()["Resources"]["TickQueue"]["Properties"]["QueueName"]["Fn::Sub"]
    prefix = {"TESSERA_TABLE_PREFIX": "dev-"}
    assert wiring.queue_name("tick", prefix) == declared.replace("${Prefix}", "dev-")
