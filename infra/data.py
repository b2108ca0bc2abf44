"""
The data stack: every table, key, queue and secret, declared once.

`template()` is the CloudFormation template that is deployed on its own, before and apart from the
application's stack, and whose resources outlive both.  The local engine and the tests create their
tables and queues from the same declaration (`infra.local.tables`), so that none of them can
disagree about a key or an index.  `python -m infra.data` prints the template.
"""

from __future__ import annotations

import json
import string
import sys
from typing import Any, Final

from infra import api_logs
from infra.exceptions import excused

Resource = dict[str, Any]

DEFAULT_PREFIX: Final = "tessera-"

#: The longest run of the tick and of its workers.
TICK_TIMEOUT_S: Final = 60
# A message is hidden for six times the longest run of the function that reads it, as AWS advises.
TICK_VISIBILITY_S: Final = 6 * TICK_TIMEOUT_S
# Due accounts of which one fails this often are not going to be settled by themselves.
TICK_ATTEMPTS: Final = 5
# The due index remembers what is due, so an old message says nothing.  What was put aside keeps
# the age that it had, and is kept the longer.
TICK_RETENTION_S: Final = 24 * 60 * 60
QUEUE_RETENTION_S: Final = 14 * 24 * 60 * 60  # the longest that SQS allows


def template() -> Resource:
    """Return the data stack as a CloudFormation template, for any prefix of names."""
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Tessera: tables, keys, queues, secrets. Retained when deleted.",
        "Parameters": {
            "Prefix": {
                "Type": "String",
                "Default": DEFAULT_PREFIX,
                "AllowedPattern": "[a-zA-Z][a-zA-Z0-9-]{0,40}-",
                "Description": "Begins every table's and queue's name; ends in a hyphen.",
            },
            api_logs.PARAMETER: api_logs.parameter(),
        },
        "Conditions": {api_logs.CONDITION: api_logs.condition()},
        "Resources": {
            **_keys(),
            **_tables(),
            **_queues(),
            **_secrets(),
            **_artifacts(),
            **api_logs.resources(),
        },
        "Outputs": _outputs(),
    }


def _keys() -> Resource:
    return {
        "DataKey": _key(
            "Tessera: accounts, journal, catalogue, work, queues and logs", _LOGS_USE_IT
        ),
        # Personal data has a key of its own, so that access to it is granted, logged and
        # withdrawn apart from everything else.
        "DirectoryKey": _key("Tessera: directory of personal data"),
    }


def _tables() -> Resource:
    return {
        # The account, its journal and its claims, side by side under the member's key.
        "LedgerTable": _table(
            "ledger",
            key="DataKey",
            # Sparse: in the one are only accounts on which something will change by itself, in the
            # other only what a tenant lists, which is never written by an activity.
            indexes=[_index("due"), _index("listed")],
            StreamSpecification={"StreamViewType": "NEW_IMAGE"},
        ),
        "DirectoryTable": _table("directory", key="DirectoryKey", indexes=[_index("listed")]),
        "CatalogueTable": _table("catalogue", key="DataKey", indexes=[_index("listed")]),
        "WorkTable": _table(
            "work",
            key="DataKey",
            TimeToLiveSpecification={"AttributeName": "expires_at", "Enabled": True},
        ),
    }


def _queues() -> Resource:
    return {
        "TickQueue": _queue(
            "tick",
            retention_s=TICK_RETENTION_S,
            VisibilityTimeout=TICK_VISIBILITY_S,
            RedrivePolicy={
                "deadLetterTargetArn": {"Fn::GetAtt": ["TickDeadQueue", "Arn"]},
                "maxReceiveCount": TICK_ATTEMPTS,
            },
        ),
        "TickDeadQueue": _queue("tick-dead", metadata=_LAST),
        # Stream records that failed, with their payload: the stream itself forgets in 24 hours.
        "FeedParkedQueue": _queue("feed-parked", metadata=_LAST),
    }


_LAST: Resource = excused(ES6000="Messages end here, and an alarm rings.")


def _secrets() -> Resource:
    return {
        # Made by AWS, so that nobody ever sees it: 44 letters and digits read as base64 are the 33
        # bytes from which every keyed hash and signature is derived.  Losing it loses every look-up
        # by an external id, so it is neither rotated nor deleted.
        "RootKey": _retained(
            "AWS::SecretsManager::Secret",
            Name=_named("root-key"),
            Description="The root key of Tessera: never rotate, never delete.",
            KmsKeyId={"Fn::GetAtt": ["DataKey", "Arn"]},
            # Never to be changed: AWS would make another one.
            GenerateSecretString={
                "PasswordLength": 44,
                "ExcludePunctuation": True,
                "ExcludeCharacters": string.punctuation,
            },
        )
    }


def _artifacts() -> Resource:
    """Return the bucket of what was deployed: packages and templates, kept for rolling back."""
    bucket = {"Fn::GetAtt": ["Artifacts", "Arn"]}
    return {
        "Artifacts": _retained(
            "AWS::S3::Bucket",
            metadata=excused(
                CKV_AWS_18="It holds code, no data; CloudTrail says who deployed what."
            ),
            BucketEncryption={
                "ServerSideEncryptionConfiguration": [
                    {
                        "BucketKeyEnabled": True,
                        "ServerSideEncryptionByDefault": {
                            "SSEAlgorithm": "aws:kms",
                            "KMSMasterKeyID": {"Fn::GetAtt": ["DataKey", "Arn"]},
                        },
                    }
                ]
            },
            PublicAccessBlockConfiguration=dict.fromkeys(
                (
                    "BlockPublicAcls",
                    "BlockPublicPolicy",
                    "IgnorePublicAcls",
                    "RestrictPublicBuckets",
                ),
                True,
            ),
            OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            VersioningConfiguration={"Status": "Enabled"},
            LifecycleConfiguration={
                "Rules": [
                    {
                        "Id": "Leftovers",
                        "Status": "Enabled",
                        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
                        "NoncurrentVersionExpiration": {"NoncurrentDays": 90},
                    }
                ]
            },
        ),
        "ArtifactsPolicy": _retained(
            "AWS::S3::BucketPolicy",
            Bucket={"Ref": "Artifacts"},
            PolicyDocument={
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "EncryptedOnTheWay",
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "s3:*",
                        "Resource": [bucket, {"Fn::Sub": ["${Bucket}/*", {"Bucket": bucket}]}],
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    }
                ],
            },
        ),
    }


_LOGS_USE_IT: Resource = {
    "Sid": "LogsUseIt",
    "Effect": "Allow",
    "Principal": {"Service": {"Fn::Sub": "logs.${AWS::Region}.${AWS::URLSuffix}"}},
    "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*"],
    "Resource": "*",
    "Condition": {
        "ArnLike": {
            "kms:EncryptionContext:aws:logs:arn": {
                "Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:*"
            }
        }
    },
}


def _key(description: str, *more: Resource) -> Resource:
    return _retained(
        "AWS::KMS::Key",
        Description=description,
        EnableKeyRotation=True,
        PendingWindowInDays=30,
        # The account decides through IAM who may use it; AWS refuses a key without a policy.
        KeyPolicy={
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "AccountDecides",
                    "Effect": "Allow",
                    "Principal": {
                        "AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}
                    },
                    "Action": "kms:*",
                    "Resource": "*",
                },
                *more,
            ],
        },
    )


def _table(name: str, *, key: str, indexes: list[Resource] | None = None, **more: Any) -> Resource:
    schemas = [_key_schema("pk", "sk"), *(index["KeySchema"] for index in indexes or [])]
    if indexes:
        more["GlobalSecondaryIndexes"] = indexes
    return _retained(
        "AWS::DynamoDB::Table",
        TableName=_named(name),
        BillingMode="PAY_PER_REQUEST",
        KeySchema=schemas[0],
        AttributeDefinitions=[
            {"AttributeName": part["AttributeName"], "AttributeType": "S"}
            for schema in schemas
            for part in schema
        ],
        SSESpecification={
            "SSEEnabled": True,
            "SSEType": "KMS",
            "KMSMasterKeyId": {"Fn::GetAtt": [key, "Arn"]},
        },
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
        DeletionProtectionEnabled=True,
        **more,
    )


def _index(name: str) -> Resource:
    """Return an index of the keys alone, by attributes that only some items have."""
    return {
        "IndexName": name,
        "KeySchema": _key_schema(f"{name}_pk", f"{name}_sk"),
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }


def _queue(
    name: str,
    *,
    retention_s: int = QUEUE_RETENTION_S,
    metadata: Resource | None = None,
    **more: Any,
) -> Resource:
    return _retained(
        "AWS::SQS::Queue",
        metadata=metadata,
        QueueName=_named(name),
        MessageRetentionPeriod=retention_s,
        KmsMasterKeyId={"Fn::GetAtt": ["DataKey", "Arn"]},
        **more,
    )


def _key_schema(partition: str, sort: str) -> list[Resource]:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]


def _named(name: str) -> Resource:
    return {"Fn::Sub": "${Prefix}" + name}


def _retained(kind: str, *, metadata: Resource | None = None, **properties: Any) -> Resource:
    # Whatever happens to the stack, what members own stays.
    return {
        "Type": kind,
        **({"Metadata": metadata} if metadata else {}),
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": properties,
    }


def _outputs() -> Resource:
    attributes = {
        **{key: [key, "Arn"] for key in _keys()},
        **{table: [table, "Arn"] for table in _tables()},
        **{queue: [queue, "Arn"] for queue in _queues()},
        **{f"{queue}Name": [queue, "QueueName"] for queue in _queues()},
        **{f"{queue}Url": [queue, "QueueUrl"] for queue in _queues()},
        "LedgerStream": ["LedgerTable", "StreamArn"],
    }
    values: Resource = {name: {"Fn::GetAtt": attribute} for name, attribute in attributes.items()}
    values |= {name: {"Ref": name} for name in ("Artifacts", "Prefix", "RootKey")}
    return {
        name: {"Value": value, "Export": {"Name": {"Fn::Sub": "${AWS::StackName}-" + name}}}
        for name, value in values.items()
    }


if __name__ == "__main__":
    json.dump(template(), sys.stdout, indent=2)
    sys.stdout.write("\n")
