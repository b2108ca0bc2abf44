"""
What Chalice cannot say of its functions: laid over the template that `chalice package` writes.

Resources and events have the names that Chalice gives them; a test holds that there are such.
"""

from __future__ import annotations

from typing import Any, Final

from infra import data
from infra.exceptions import excused
from infra.references import NAMESPACE, imported

Resource = dict[str, Any]

#: The functions by their logical id, and the role and the log group that Chalice makes for each.
FUNCTIONS: Final = ("APIHandler", "Tick", "Settle")
_CHALICE_NAMES: Final = {"APIHandler": "ApiHandler"}

#: Nothing may call the tick but its schedule, and a second run beside the first finds little to do.
TICK_CONCURRENCY: Final = 1
# Lambda tries a run that failed again and again; the next minute's run does the same work.
_ONCE: Final = {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 0}


def template() -> Resource:
    """Return what is laid over the functions, their log groups and their events."""
    queue = {"Fn::Sub": ["${Queue}", {"Queue": imported("TickQueue")}]}
    return {
        "Resources": {
            "APIHandler": {
                "Metadata": _excused(
                    CKV_AWS_115="The API's throttling bounds it.",
                    CKV_AWS_116="It is called synchronously: who calls hears of the error.",
                ),
                "Properties": {"Environment": _environment()},
            },
            "Tick": {
                "Metadata": _excused(
                    CKV_AWS_116=_NEXT_MINUTE, ES1007=_NEXT_MINUTE, ES4000=_NEXT_MINUTE
                ),
                "Properties": {
                    "Timeout": data.TICK_TIMEOUT_S,
                    "Environment": _environment(TESSERA_TICK_QUEUE_URL=imported("TickQueueUrl")),
                    "ReservedConcurrentExecutions": _reserved(TICK_CONCURRENCY),
                    "EventInvokeConfig": _ONCE,
                },
            },
            "Settle": {
                "Metadata": _excused(
                    CKV_AWS_115="MaximumConcurrency of its queue bounds it.",
                    CKV_AWS_116="Its queue has one.",
                ),
                "Properties": {
                    "Timeout": data.TICK_TIMEOUT_S,
                    "Environment": _environment(),
                    "Events": {
                        "SettleSqsEventSource": {"Properties": {"Queue": queue, **_REPORTS}}
                    },
                },
            },
            **{f"{_CHALICE_NAMES.get(name, name)}LogGroup": _log(name) for name in FUNCTIONS},
        }
    }


_NEXT_MINUTE: Final = "What a run leaves, the next minute's run does; an alarm tells if none runs."


def _excused(**reasons: str) -> Resource:
    return excused(
        CKV_AWS_117="All that it calls are AWS's public endpoints; a VPC is an option.",
        CKV_AWS_173="No variable is a secret: the root key is fetched.",
        **reasons,
    )


# Of a batch only the messages that failed come again.
_REPORTS: Resource = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}


def _environment(**more: Any) -> Resource:
    variables = {
        "TESSERA_TABLE_PREFIX": imported("Prefix"),
        # The key itself stays in Secrets Manager; it is fetched at the first request.
        "TESSERA_ROOT_KEY_SECRET": imported("RootKey"),
        "TESSERA_METRICS": {"Fn::Sub": NAMESPACE},
        "TESSERA_OIDC": {"Ref": "Oidc"},
        "POWERTOOLS_LOG_LEVEL": "INFO",
        # Time zones come from the package; without a path, Python looks for one in its build.
        "PYTHONTZPATH": "/var/task/tzdata/zoneinfo",
    }
    return {"Variables": variables | more}


def _reserved(count: int) -> Resource:
    return {"Fn::If": ["ReservesConcurrency", count, {"Ref": "AWS::NoValue"}]}


def _log(function: str) -> Resource:
    # Chalice names the API's log group after a function that its template does not have.
    return {
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "LogGroupName": {"Fn::Sub": "/aws/lambda/${" + function + "}"},
            "KmsKeyId": imported("DataKey"),
        },
    }
