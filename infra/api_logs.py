"""
That API Gateway may log: a setting of an account's region, which all of its APIs share.

It is deployed with the data stack, since a stage cannot log before it is there, and stays, since
other APIs may rely on it.
"""

from __future__ import annotations

from typing import Any, Final

Resource = dict[str, Any]

PARAMETER: Final = "ApiLogs"
CONDITION: Final = "SetsUpApiLogs"
_POLICY: Final = "service-role/AmazonAPIGatewayPushToCloudWatchLogs"


def parameter() -> Resource:
    """Return the parameter that says whether the setting is to be made."""
    return {
        "Type": "String",
        "AllowedValues": ["create", "exists"],
        "Default": "create",
        "Description": "Whether API Gateway of this account and region may log already.",
    }


def condition() -> Resource:
    """Return the condition under which the setting is made."""
    return {"Fn::Equals": [{"Ref": PARAMETER}, "create"]}


def resources() -> Resource:
    """Return the role and the setting."""
    kept = {"Condition": CONDITION, "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    return {
        "ApiLogsRole": {
            "Type": "AWS::IAM::Role",
            **kept,
            "Properties": {
                "AssumeRolePolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "apigateway.amazonaws.com"},
                            "Action": "sts:AssumeRole",
                        }
                    ],
                },
                "ManagedPolicyArns": [
                    {"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/" + _POLICY}
                ],
            },
        },
        "ApiLogsAccount": {
            "Type": "AWS::ApiGateway::Account",
            **kept,
            "Properties": {"CloudWatchRoleArn": {"Fn::GetAtt": ["ApiLogsRole", "Arn"]}},
        },
    }
