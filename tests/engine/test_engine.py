"""The embedded engine, as a process and inside this one."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ClientError
from ministack.services import dynamodb

from infra.local import in_process
from infra.local.engine import Engine, EngineError, free_port
from infra.local.tables import create_queues, create_tables
from tests.conftest import LocalTables

KEY = {"pk": {"S": "T#clinic#M#mem_1"}, "sk": {"S": "A"}}


def test_state_survives_stop_and_start(tmp_path: Path) -> None:
    """What was written before a clean stop is there after the next start, tables and items."""
    with Engine(tmp_path / "state") as engine:
        create_tables(_client("dynamodb", engine))
        _client("dynamodb", engine).put_item(
            TableName="tessera-ledger", Item=KEY | {"body": {"B": b"\x00\xff"}}
        )

    with Engine(tmp_path / "state") as engine:
        create_tables(_client("dynamodb", engine))
        found = _client("dynamodb", engine).get_item(TableName="tessera-ledger", Key=KEY)

    assert found["Item"]["body"] == {"B": b"\x00\xff"}


def test_state_survives_the_end_of_its_parent(tmp_path: Path) -> None:
    """An engine whose parent is gone without a word saves its state by itself."""
    engine = Engine(tmp_path / "state")
    create_tables(_client("dynamodb", engine))

    # What the operating system does when the parent dies: the other end of the pipe closes.
    assert engine._process.stdin is not None
    engine._process.stdin.close()
    engine._process.wait(60)

    assert (tmp_path / "state" / "dynamodb.json").exists()


def test_u5_a_kill_loses_little(tmp_path: Path) -> None:
    """What was written a while before a kill of the engine is there after the next start."""
    state = tmp_path / "state"
    engine = Engine(state, log=tmp_path / "log", save_every_s=0.2)
    client = _client("dynamodb", engine)
    create_tables(client)
    written = 0
    while written < 50 or "body-30" not in _text_of(state / "dynamodb.json"):
        item = KEY | {"sk": {"S": f"E#{written}"}, "body": {"S": f"body-{written}"}}
        client.put_item(TableName="tessera-ledger", Item=item)
        written += 1
    engine._process.kill()
    engine._process.wait()
    with pytest.raises(EngineError, match="ended by itself"):
        engine.stop()

    with Engine(state) as again:
        found = _client("dynamodb", again).scan(TableName="tessera-ledger")["Items"]

    kept = sorted(int(item["body"]["S"].removeprefix("body-")) for item in found)
    assert kept == list(range(len(kept)))
    assert len(kept) > 30
    assert not (state / "dynamodb.json.tmp").exists()
    assert (tmp_path / "log").read_text() == ""


def test_clean_stop_is_quiet(tmp_path: Path) -> None:
    """An engine that is stopped has nothing to complain about."""
    with Engine(tmp_path / "state", log=tmp_path / "log"):
        pass

    assert (tmp_path / "log").read_text() == ""


def test_queues_redrive(tmp_path: Path) -> None:
    """The engine's queues have the declared redrive policy; creating them again changes nothing."""
    with Engine(log=tmp_path / "log") as engine:
        client = _client("sqs", engine)

        urls = create_queues(client)

        assert sorted(urls) == ["feed-parked", "tick", "tick-dead"]
        assert create_queues(client) == urls
        attributes = client.get_queue_attributes(
            QueueUrl=urls["tick"], AttributeNames=["RedrivePolicy"]
        )["Attributes"]
        assert "tick-dead" in attributes["RedrivePolicy"]


def test_busy_port_is_reported(tmp_path: Path) -> None:
    """An engine that is given a port that another one has says which."""
    port = free_port()
    with (
        Engine(port=port),
        pytest.raises(EngineError, match=f"did not start on 127.0.0.1:{port}"),
    ):
        Engine(port=port, log=tmp_path / "log")


def test_in_process_transaction_is_all_or_nothing(engine: LocalTables) -> None:
    """A transaction whose condition fails writes none of its items and says why, with the item."""
    table = f"{engine.prefix}ledger"
    engine.client.put_item(TableName=table, Item=KEY | {"version": {"N": "7"}})
    other = {"pk": {"S": "T#clinic#M#mem_2"}, "sk": {"S": "A"}}
    guarded = {
        "TableName": table,
        "Item": KEY | {"version": {"N": "9"}},
        "ConditionExpression": "version = :v",
        "ExpressionAttributeValues": {":v": {"N": "8"}},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }

    with pytest.raises(ClientError) as refusal:
        engine.client.transact_write_items(
            TransactItems=[{"Put": {"TableName": table, "Item": other}}, {"Put": guarded}]
        )

    answer: dict[str, Any] = refusal.value.response
    reasons = answer["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "ConditionalCheckFailed"]
    assert reasons[1]["Item"]["version"] == {"N": "7"}
    assert "Item" not in engine.client.get_item(TableName=table, Key=other)


def test_in_process_reads_a_condition_once(engine: LocalTables) -> None:
    """What the engine says of a condition's form is remembered, by the engine's private name."""
    table = f"{engine.prefix}ledger"
    refused = []
    for condition in ("attribute_not_exists(", "attribute_not_exists(pk)") * 2:
        try:
            engine.client.put_item(TableName=table, Item=KEY, ConditionExpression=condition)
        except ClientError as refusal:
            refused.append(refusal.response["Error"]["Code"])

    assert refused == [
        "ValidationException",
        "ValidationException",
        "ConditionalCheckFailedException",
    ]
    read: Any = dynamodb._condition_syntax_error
    assert read.cache_info().hits >= 2


def test_in_process_is_serial_under_threads(engine: LocalTables) -> None:
    """Of many threads that write the same next version, exactly one wins each."""
    table = f"{engine.prefix}ledger"
    engine.client.put_item(TableName=table, Item=KEY | {"version": {"N": "0"}})

    def advance(version: int) -> bool:
        try:
            engine.client.update_item(
                TableName=table,
                Key=KEY,
                UpdateExpression="SET version = :next",
                ConditionExpression="version = :now",
                ExpressionAttributeValues={
                    ":now": {"N": str(version)},
                    ":next": {"N": str(version + 1)},
                },
            )
        except ClientError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        for version in range(5):
            assert sum(pool.map(advance, [version] * 8)) == 1


def test_in_process_transport_can_be_wrapped() -> None:
    """A transport of the test's own sees every request, and decides whether it is carried out."""
    seen: list[str] = []
    lock = threading.Lock()

    def counting(request: AWSPreparedRequest) -> AWSResponse:
        with lock:
            seen.append(request.headers["X-Amz-Target"].decode())
        return in_process.send(request)

    client: Any = in_process.make_client()
    in_process.attach(client, counting)
    client.list_tables()

    assert seen == ["DynamoDB_20120810.ListTables"]


def test_in_process_signs_where_it_is_asked() -> None:
    """What is measured is signed, as on AWS; what is tested is not, for nobody would check it."""
    signatures: list[bool] = []

    def note(request: AWSPreparedRequest) -> AWSResponse:
        signatures.append("Authorization" in request.headers)
        return in_process.send(request)

    client: Any = in_process.make_client()
    for signed in (False, True, False):
        in_process.attach(client, note, signed=signed)
        client.list_tables()

    assert signatures == [False, True, False]


def _client(service: str, engine: Engine) -> Any:
    return botocore.session.Session().create_client(
        service,
        region_name="eu-west-1",
        endpoint_url=engine.endpoint,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


def _text_of(file: Path) -> str:
    return file.read_text() if file.exists() else ""
