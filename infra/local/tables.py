"""
Tables and queues of an engine without CloudFormation, made from the one declaration.

Only what shapes behaviour is taken over (keys, indexes, streams, time to live, redrive); what
guards production (encryption keys, backups, deletion protection) has no meaning on an engine that
is thrown away.
"""

from __future__ import annotations

import json
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from infra import data

_TABLE = "AWS::DynamoDB::Table"
_QUEUE = "AWS::SQS::Queue"
_QUEUE_ATTRIBUTES: tuple[str, ...] = ("MessageRetentionPeriod", "VisibilityTimeout")


def create_tables(
    client: BaseClient, prefix: str = data.DEFAULT_PREFIX, *, streams: bool = True
) -> list[str]:
    """
    Create each declared table that is missing, and return all their names.

    Calling it again does nothing.  ``streams=False`` leaves the ledger's stream out: every local
    engine keeps a day of records in memory, which only a reader of the stream should pay for.
    """
    names = []
    for properties in _declared(_TABLE):
        arguments = _create_arguments(properties, prefix, streams=streams)
        name = arguments["TableName"]
        names.append(name)
        try:
            client.create_table(**arguments)
        except ClientError as refusal:
            if refusal.response["Error"]["Code"] != "ResourceInUseException":
                raise
            continue
        client.get_waiter("table_exists").wait(
            TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )
        if ttl := properties.get("TimeToLiveSpecification"):
            client.update_time_to_live(TableName=name, TimeToLiveSpecification=ttl)
    return names


def create_queues(client: BaseClient, prefix: str = data.DEFAULT_PREFIX) -> dict[str, str]:
    """
    Create each declared queue that is missing; return their URLs by name without the prefix.

    Calling it again does nothing.
    """
    urls: dict[str, str] = {}
    # Those without a redrive policy first: they are what the others point at.
    for properties in sorted(_declared(_QUEUE), key=lambda queue: "RedrivePolicy" in queue):
        name = _resolve(properties["QueueName"], prefix)
        attributes: dict[str, str] = {
            key: str(properties[key]) for key in _QUEUE_ATTRIBUTES if key in properties
        }
        if redrive := properties.get("RedrivePolicy"):
            target = redrive["deadLetterTargetArn"]["Fn::GetAtt"][0]
            attributes["RedrivePolicy"] = json.dumps(
                {
                    "deadLetterTargetArn": _queue_arn(client, urls, target, prefix),
                    "maxReceiveCount": redrive["maxReceiveCount"],
                }
            )
        created = client.create_queue(QueueName=name, Attributes=attributes)
        urls[name.removeprefix(prefix)] = created["QueueUrl"]
    return urls


def _declared(kind: str) -> list[dict[str, Any]]:
    resources = data.template()["Resources"].values()
    return [resource["Properties"] for resource in resources if resource["Type"] == kind]


def _create_arguments(properties: dict[str, Any], prefix: str, *, streams: bool) -> dict[str, Any]:
    kept = ("KeySchema", "AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes")
    arguments = {key: properties[key] for key in kept if key in properties}
    arguments["TableName"] = _resolve(properties["TableName"], prefix)
    if streams and (stream := properties.get("StreamSpecification")):
        # CloudFormation implies what the API wants spelt out.
        arguments["StreamSpecification"] = {"StreamEnabled": True, **stream}
    return arguments


def _queue_arn(client: BaseClient, urls: dict[str, str], logical_id: str, prefix: str) -> str:
    properties = data.template()["Resources"][logical_id]["Properties"]
    url = urls[_resolve(properties["QueueName"], prefix).removeprefix(prefix)]
    answer = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return str(answer["Attributes"]["QueueArn"])


def _resolve(name: dict[str, str], prefix: str) -> str:
    return name["Fn::Sub"].replace("${Prefix}", prefix)


def known_check(client: Any, prefix: str, check: str) -> str:
    """
    Return what the tables know their root key by; new ones are told, by ``check``.

    It lies in the catalogue, so that backups have it.
    """
    table = f"{prefix}catalogue"
    key = {"pk": {"S": "ROOT_KEY"}, "sk": {"S": "CHECK"}}
    try:
        client.put_item(
            TableName=table,
            Item={**key, "check": {"S": check}},
            ConditionExpression="attribute_not_exists(pk)",
        )
    except client.exceptions.ConditionalCheckFailedException:
        found = client.get_item(TableName=table, Key=key, ConsistentRead=True)
        return str(found["Item"]["check"]["S"])
    return check
