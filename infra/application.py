"""
The application's stack: what is laid over the template that Chalice writes, in one piece.

Chalice declares the functions, their roles and the routes; `infra.functions`, `infra.api` and
`infra.alarms` say what it cannot.  Tables, keys, queues and secrets are imported from the data
stack, which is deployed before and outlives it.
"""

from __future__ import annotations

from typing import Any, Final

from infra import alarms, api, functions

Resource = dict[str, Any]

_PRODUCTION: Final = "prod"


def template(stage: str, origin: str) -> Resource:
    """Return what is laid over the template of a stage, whose API pages of ``origin`` may call."""
    return {
        "Description": f"Tessera ({stage}): API, jobs, alarms. Holds no data.",
        "Parameters": _parameters(stage),
        "Conditions": {
            "ReservesConcurrency": {"Fn::Equals": [{"Ref": "ReserveConcurrency"}, "yes"]},
            "TellsSomebody": {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmTopic"}, ""]}]},
        },
        "Resources": {
            **functions.template()["Resources"],
            **api.resources(stage, origin),
            **alarms.resources(stage),
        },
    }


def _parameters(stage: str) -> Resource:
    production = stage == _PRODUCTION
    return {
        "DataStack": {
            "Type": "String",
            "Default": f"tessera-{stage}-data",
            "AllowedPattern": "[a-zA-Z][a-zA-Z0-9-]{0,127}",
            "Description": "The stack whose tables, keys and queues this one uses.",
        },
        "Oidc": {
            "Type": "String",
            "Default": "",
            "Description": "TESSERA_OIDC: the issuer of members' and staff's tokens, as JSON.",
        },
        "AlarmTopic": {
            "Type": "String",
            "Default": "",
            "Description": "The ARN of the SNS topic that alarms tell; none when empty.",
        },
        "ReserveConcurrency": {
            "Type": "String",
            "AllowedValues": ["yes", "no"],
            # An account that is new may have no concurrency to reserve.
            "Default": "yes" if production else "no",
            "Description": "Whether the tick has concurrency of its own, and no more than that.",
        },
        "ThrottleRate": {
            "Type": "Number",
            "MinValue": 1,
            "Default": 200 if production else 20,
            "Description": "Requests a second, all callers together, beyond which 429 is answered.",
        },
        "ThrottleBurst": {
            "Type": "Number",
            "MinValue": 1,
            "Default": 400 if production else 40,
            "Description": "Requests at once, all callers together.",
        },
    }
