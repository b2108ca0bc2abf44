"""
When somebody is to look, and what they see first: alarms and the dashboard.

Every alarm has a section of the same name in the runbook of `infra/README.md`; a test holds that.
Figures that AWS does not have come out of the application's log by metric filters.
"""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from chalicelib.metrics import METRICS
from infra.api import API_STAGE, api_name
from infra.functions import FUNCTIONS
from infra.references import NAMESPACE, imported

Resource = dict[str, Any]

#: The metrics that are read from the log: the log group, the line, and the field that is the value.
FROM_LOGS: Final = {
    "TickLag": ("TickLogGroup", '{ $.message = "tick" && $.lag_ms = * }', "$.lag_ms"),
    "TickUnsettled": ("TickLogGroup", '{ $.message = "an account cannot be settled" }', "1"),
    "SettleUnsettled": ("SettleLogGroup", '{ $.message = "an account cannot be settled" }', "1"),
    "VerifyFailures": ("ApiHandlerLogGroup", '{ $.message = "an account does not verify" }', "1"),
}

_MINUTE: Final = 60
_FIVE_MINUTES: Final = 300


class Alarm(NamedTuple):
    """An alarm: it rings when the statistic reaches the threshold in so many periods."""

    namespace: str
    metric: str
    dimensions: Resource
    says: str
    threshold: int = 1
    statistic: str = "Sum"
    period: int = _FIVE_MINUTES
    periods: int = 1
    missing: str = "notBreaching"
    comparison: str = "GreaterThanOrEqualToThreshold"


def alarms(stage: str) -> dict[str, Alarm]:
    """Return every alarm of a stage by its logical id, without the `Alarm` that ends it."""
    api: Resource = {"ApiName": api_name(stage), "Stage": API_STAGE}
    own: Resource = {}
    found = {
        "ServerErrors": Alarm(
            "AWS/ApiGateway", "5XXError", api, "The API failed to answer.", threshold=5
        ),
        "Latency": Alarm(
            "AWS/ApiGateway",
            "Latency",
            api,
            "One request in a hundred takes longer than three seconds.",
            threshold=3000,
            statistic="p99",
            periods=3,
        ),
        "TickLag": Alarm(
            NAMESPACE,
            "TickLag",
            own,
            "An account has been due for a quarter of an hour.",
            threshold=15 * 60 * 1000,
            statistic="Maximum",
        ),
        "TickStopped": Alarm(
            "AWS/Lambda",
            "Invocations",
            {"FunctionName": {"Ref": "Tick"}},
            "The tick has not run for a quarter of an hour.",
            periods=3,
            missing="breaching",
            comparison="LessThanThreshold",
        ),
        "VerifyFailures": Alarm(
            NAMESPACE, "VerifyFailures", own, "An account differs from its journal."
        ),
    }
    for name in ("TickUnsettled", "SettleUnsettled"):
        found[name] = Alarm(
            NAMESPACE, name, own, "An account cannot be settled.", period=_FIVE_MINUTES, periods=3
        )
    for queue in ("TickDead", "FeedParked"):
        found[f"{queue}Letters"] = Alarm(
            "AWS/SQS",
            "ApproximateNumberOfMessagesVisible",
            {"QueueName": imported(f"{queue}QueueName")},
            "Messages were put aside.",
            statistic="Maximum",
        )
    for function in FUNCTIONS:
        place: Resource = {"FunctionName": {"Ref": function}}
        found[f"{function}Errors"] = Alarm(
            "AWS/Lambda", "Errors", place, f"{function} ended in an error."
        )
        found[f"{function}Throttles"] = Alarm(
            "AWS/Lambda", "Throttles", place, f"{function} was throttled: no concurrency was left."
        )
    return found


def resources(stage: str) -> Resource:
    """Return the alarms, the metrics that they need, and the dashboard."""
    return {
        **{f"{name}Metric": _metric(name) for name in FROM_LOGS},
        **{f"{name}Alarm": _alarm(alarm) for name, alarm in alarms(stage).items()},
        "Dashboard": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {"DashboardBody": {"Fn::Sub": json.dumps({"widgets": _widgets(stage)})}},
        },
    }


def _alarm(alarm: Alarm) -> Resource:
    extended = alarm.statistic.startswith("p")
    notified = {"Fn::If": ["TellsSomebody", [{"Ref": "AlarmTopic"}], {"Ref": "AWS::NoValue"}]}
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmDescription": f"{alarm.says} See the runbook in infra/README.md.",
            "Namespace": {"Fn::Sub": alarm.namespace},
            "MetricName": alarm.metric,
            "Dimensions": [
                {"Name": name, "Value": value} for name, value in alarm.dimensions.items()
            ],
            "ExtendedStatistic" if extended else "Statistic": alarm.statistic,
            "Period": alarm.period,
            "EvaluationPeriods": alarm.periods,
            "Threshold": alarm.threshold,
            "ComparisonOperator": alarm.comparison,
            "TreatMissingData": alarm.missing,
            "AlarmActions": notified,
            "OKActions": notified,
        },
    }


def _metric(name: str) -> Resource:
    log, pattern, value = FROM_LOGS[name]
    return {
        "Type": "AWS::Logs::MetricFilter",
        "Properties": {
            "LogGroupName": {"Ref": log},
            "FilterPattern": pattern,
            "MetricTransformations": [
                {
                    "MetricNamespace": {"Fn::Sub": NAMESPACE},
                    "MetricName": name,
                    "MetricValue": value,
                }
            ],
        },
    }


def _every(metric: str) -> Resource:
    """Return a search for a metric in all values of its dimension."""
    dimension = METRICS[metric][1]
    search = f'{{{NAMESPACE},service,{dimension}}} MetricName="{metric}"'
    return {"expression": f"SEARCH('{search}', 'Sum', {_FIVE_MINUTES})"}


def _widgets(stage: str) -> list[Resource]:
    api = ["ApiName", api_name(stage), "Stage", API_STAGE]
    lambdas = [f"${{{function}}}" for function in FUNCTIONS]
    rows: list[tuple[str, str, list[list[Any]]]] = [
        ("Requests", "Sum", [["AWS/ApiGateway", "Count", *api]]),
        (
            "Refused and failed",
            "Sum",
            [["AWS/ApiGateway", metric, *api] for metric in ("4XXError", "5XXError")],
        ),
        ("Latency, p99", "p99", [["AWS/ApiGateway", "Latency", *api]]),
        ("Runs", "Sum", [["AWS/Lambda", "Invocations", "FunctionName", f] for f in lambdas]),
        ("Errors", "Sum", [["AWS/Lambda", "Errors", "FunctionName", f] for f in lambdas]),
        ("Tick lag", "Maximum", [[NAMESPACE, "TickLag"]]),
        (
            "Conflicts and retries",
            "Sum",
            [
                [NAMESPACE, metric, "service", "api"]
                for metric in ("Conflicts", "UnknownOutcomes", "Retries")
            ],
        ),
        *(
            (title, "Sum", [[_every(metric)]])
            for title, metric in (
                ("Value issued, by currency", "ValueIssued"),
                ("Value redeemed, by currency", "ValueRedeemed"),
                ("Value expired, by currency", "ValueExpired"),
                ("Refusals, by code", "Refusals"),
            )
        ),
    ]
    return [
        {
            "type": "metric",
            "x": 8 * (number % 3),
            "y": 6 * (number // 3),
            "width": 8,
            "height": 6,
            "properties": {
                "title": title,
                "stat": statistic,
                "period": _MINUTE,
                "region": "${AWS::Region}",
                "metrics": metrics,
            },
        }
        for number, (title, statistic, metrics) in enumerate(rows)
    ]
