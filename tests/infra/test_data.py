"""The declaration of tables, keys and queues, and what local engines make of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra import data
from infra.local import in_process
from infra.local.tables import create_tables

RESOURCES: dict[str, Any] = data.template()["Resources"]
TABLES = {
    name: resource["Properties"]
    for name, resource in RESOURCES.items()
    if resource["Type"] == "AWS::DynamoDB::Table"
}


def test_four_tables() -> None:
    """There are four tables, each named by the prefix and its own name."""
    names = sorted(table["TableName"]["Fn::Sub"] for table in TABLES.values())

    assert names == ["${Prefix}catalogue", "${Prefix}directory", "${Prefix}ledger", "${Prefix}work"]


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_guarded(name: str) -> None:
    """Every table is on demand, recoverable, protected from deletion and encrypted by our key."""
    table = TABLES[name]

    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["DeletionProtectionEnabled"] is True
    assert table["SSESpecification"]["SSEType"] == "KMS"
    assert table["SSESpecification"]["KMSMasterKeyId"]["Fn::GetAtt"][0] in RESOURCES


@pytest.mark.parametrize("name", RESOURCES)
def test_everything_is_retained(name: str) -> None:
    """Nothing that holds or decrypts data goes with the stack."""
    assert RESOURCES[name]["DeletionPolicy"] == "Retain"
    assert RESOURCES[name]["UpdateReplacePolicy"] == "Retain"


def test_personal_data_has_its_own_key() -> None:
    """No other table is encrypted with the directory's key, and every key rotates."""
    keys = {name: table["SSESpecification"]["KMSMasterKeyId"] for name, table in TABLES.items()}

    assert [name for name, key in keys.items() if key == keys["DirectoryTable"]] == [
        "DirectoryTable"
    ]
    rotating = [r["Properties"]["EnableKeyRotation"] for r in RESOURCES.values() if _is_key(r)]
    assert rotating == [True, True]


def test_ledger_has_stream() -> None:
    """The ledger streams new images."""
    assert TABLES["LedgerTable"]["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}


def test_indexes_hold_keys_only() -> None:
    """What is due is in one of the ledger's, what is listed in one of each table but for work."""
    found = {
        name: [index["IndexName"] for index in table.get("GlobalSecondaryIndexes", ())]
        for name, table in TABLES.items()
    }

    assert found == {
        "LedgerTable": ["due", "listed"],
        "DirectoryTable": ["listed"],
        "CatalogueTable": ["listed"],
        "WorkTable": [],
    }
    for table in TABLES.values():
        for index in table.get("GlobalSecondaryIndexes", ()):
            keys = [part["AttributeName"] for part in index["KeySchema"]]
            assert keys == [f"{index['IndexName']}_pk", f"{index['IndexName']}_sk"]
            assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}


def test_queues_redrive_and_are_encrypted() -> None:
    """What cannot be ticked ends in a queue of its own, for the longest time there is."""
    queues = {n: r["Properties"] for n, r in RESOURCES.items() if r["Type"] == "AWS::SQS::Queue"}

    redrive = queues["TickQueue"]["RedrivePolicy"]
    dead = redrive["deadLetterTargetArn"]["Fn::GetAtt"][0]
    assert queues[dead]["MessageRetentionPeriod"] == 1_209_600
    assert queues["FeedParkedQueue"]["MessageRetentionPeriod"] == 1_209_600
    assert queues["TickQueue"]["MessageRetentionPeriod"] < 1_209_600
    assert all("KmsMasterKeyId" in queue for queue in queues.values())


def test_references_resolve() -> None:
    """Whatever a resource or an output refers to is declared."""
    referred = set(_attributes(data.template()))

    assert referred <= set(RESOURCES)


def test_template_is_json() -> None:
    """The template survives the trip through JSON and fits CloudFormation's inline limit."""
    text = json.dumps(data.template())

    assert json.loads(text) == data.template()
    assert len(text) < 51_200


def test_local_tables_have_the_declared_shape() -> None:
    """The engine's tables have the declared keys, index, stream and time to live."""
    client: Any = in_process.make_client()
    prefix = in_process.fresh_prefix()

    names = create_tables(client, prefix)

    assert names == [f"{prefix}{name}" for name in ("ledger", "directory", "catalogue", "work")]
    ledger = client.describe_table(TableName=f"{prefix}ledger")["Table"]
    assert ledger["KeySchema"] == TABLES["LedgerTable"]["KeySchema"]
    assert ledger["StreamSpecification"]["StreamViewType"] == "NEW_IMAGE"
    assert [index["IndexName"] for index in ledger["GlobalSecondaryIndexes"]] == ["due", "listed"]
    ttl = client.describe_time_to_live(TableName=f"{prefix}work")["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}


def test_creating_again_keeps_what_is_there() -> None:
    """A second call neither fails nor empties a table."""
    client: Any = in_process.make_client()
    prefix = in_process.fresh_prefix()
    create_tables(client, prefix)
    key = {"pk": {"S": "a"}, "sk": {"S": "b"}}
    client.put_item(TableName=f"{prefix}ledger", Item=key)

    create_tables(client, prefix)

    assert client.get_item(TableName=f"{prefix}ledger", Key=key)["Item"] == key


def _is_key(resource: dict[str, Any]) -> bool:
    return bool(resource["Type"] == "AWS::KMS::Key")


def _attributes(node: Any) -> list[str]:
    if isinstance(node, list):
        return [name for child in node for name in _attributes(child)]
    if not isinstance(node, dict):
        return []
    own = [node["Fn::GetAtt"][0]] if "Fn::GetAtt" in node else []
    return own + [name for child in node.values() for name in _attributes(child)]
