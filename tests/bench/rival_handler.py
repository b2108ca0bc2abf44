"""
The same earn as one would write it with FastAPI, Mangum and boto3: the rival of `cold`.

It checks a body, reads an account, and writes account, event and record in one transaction.  It
knows no credential and no rule.
"""

from __future__ import annotations

import json
import os
import time
from typing import Annotated

import boto3
from fastapi import FastAPI, Header, HTTPException
from mangum import Mangum
from pydantic import BaseModel, Field

app = FastAPI()
table = os.environ["TESSERA_TABLE_PREFIX"] + "ledger"
client = boto3.client(
    "dynamodb",
    region_name="eu-west-1",
    aws_access_key_id="local",
    aws_secret_access_key="local",
)


class Line(BaseModel):
    """One line of a basket."""

    amount: int
    category: str = ""


class Activity(BaseModel):
    """An activity."""

    member: str
    type: str
    source: str
    external_id: str
    lines: list[Line] = Field(default_factory=list)


@app.post("/v1/activities", status_code=201)
def earn(activity: Activity, authorization: Annotated[str, Header()]) -> dict[str, int]:
    """Give a point for every whole pound."""
    if not authorization:
        raise HTTPException(401)
    key = {"pk": {"S": f"M#{activity.member}"}, "sk": {"S": "A"}}
    found = client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item", {})
    version = int(found.get("version", {"N": "0"})["N"])
    points = sum(line.amount for line in activity.lines) // 100
    balance = json.loads(found.get("body", {"S": "{}"})["S"]).get("points", 0) + points
    account = {**key, "version": {"N": str(version + 1)}, "body": {"S": json.dumps(balance)}}
    event = {**key, "sk": {"S": f"E#{version + 1:012d}"}, "at": {"N": str(time.time_ns())}}
    record = {"pk": {"S": f"D#{activity.source}/{activity.external_id}"}, "sk": {"S": "D"}}
    client.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": table, "Item": item, **condition}}
            for item, condition in (
                (
                    account,
                    {
                        "ConditionExpression": "attribute_not_exists(pk) OR version = :before",
                        "ExpressionAttributeValues": {":before": {"N": str(version)}},
                    },
                ),
                (event, {"ConditionExpression": "attribute_not_exists(pk)"}),
                (record, {"ConditionExpression": "attribute_not_exists(pk)"}),
            )
        ]
    )
    return {"points": points}


handler = Mangum(app)
