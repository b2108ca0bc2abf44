"""Change sets: what is asked of CloudFormation, and what is made of its refusals."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.stacks import Plan, StackError, Stacks

_BODY = {"TemplateBody": "{}"}


class CloudFormation:
    """A stack in some state, and a change set that ends in some way."""

    def __init__(self, stack: dict[str, Any] | None = None, **change_set: Any) -> None:
        self.stack = stack
        self.change_set = {"Status": "CREATE_COMPLETE", "Changes": [], **change_set}
        self.asked: dict[str, Any] = {}
        self.dropped: list[str] = []

    def describe_stacks(self, **_: Any) -> dict[str, Any]:
        """Return the stack, or refuse as AWS does where there is none."""
        if self.stack is None:
            error = {"Code": "ValidationError", "Message": "Stack with id x does not exist"}
            raise ClientError({"Error": error}, "DescribeStacks")
        return {"Stacks": [self.stack]}

    def create_change_set(self, **asked: Any) -> None:
        """Remember what was asked."""
        self.asked = asked

    def describe_change_set(self, **_: Any) -> dict[str, Any]:
        """Return how the change set ended."""
        return self.change_set

    def delete_change_set(self, **_: Any) -> None:
        """Remember that it was given up."""
        self.dropped.append("change set")

    def delete_stack(self, **_: Any) -> None:
        """Remember that the stack was given up."""
        self.dropped.append("stack")

    def execute_change_set(self, **_: Any) -> None:
        """Change nothing: the stack is in its last state already."""

    def describe_stack_events(self, **_: Any) -> dict[str, Any]:
        """Return events, the newest first."""
        now = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1)
        failed = [("Api", "Resource creation cancelled"), ("Tick", "no such bucket")]
        return {
            "StackEvents": [
                {
                    "LogicalResourceId": name,
                    "ResourceStatus": "CREATE_FAILED",
                    "ResourceStatusReason": reason,
                    "Timestamp": now,
                }
                for name, reason in failed
            ]
        }


def test_first_deployment_creates() -> None:
    """Where there is no stack, one is made, with the parameters that are given."""
    cloud = CloudFormation()

    plan = Stacks(cloud).plan("x", _BODY, {"A": "1"}, declared=["A", "B"])

    assert plan is not None
    assert plan.creates
    assert cloud.asked["ChangeSetType"] == "CREATE"
    assert cloud.asked["Parameters"] == [{"ParameterKey": "A", "ParameterValue": "1"}]


def test_update_keeps_what_is_not_given() -> None:
    """A parameter keeps its value, unless it is given anew or is no longer declared."""
    before = [{"ParameterKey": name, "ParameterValue": "old"} for name in ("A", "B", "C")]
    cloud = CloudFormation({"StackStatus": "UPDATE_COMPLETE", "Parameters": before})

    Stacks(cloud).plan("x", _BODY, {"A": "1"}, declared=["A", "B"])

    assert cloud.asked["ChangeSetType"] == "UPDATE"
    assert cloud.asked["Parameters"] == [
        {"ParameterKey": "A", "ParameterValue": "1"},
        {"ParameterKey": "B", "UsePreviousValue": True},
    ]


def test_nothing_to_change_is_no_plan() -> None:
    """A template that changes nothing is not a failure."""
    cloud = CloudFormation(
        {"StackStatus": "CREATE_COMPLETE"},
        Status="FAILED",
        StatusReason="The submitted information didn't contain changes.",
    )

    assert Stacks(cloud).plan("x", _BODY, {}, declared=[]) is None
    assert cloud.dropped == ["change set"]


def test_unusable_template_is_refused_with_its_reason() -> None:
    """What CloudFormation has against a template is told."""
    cloud = CloudFormation(Status="FAILED", StatusReason="Transform failed")

    with pytest.raises(StackError, match="Transform failed"):
        Stacks(cloud).plan("x", _BODY, {}, declared=[])


def test_replacement_is_told() -> None:
    """A resource that would begin anew is marked in the preview."""
    change = {
        "Action": "Modify",
        "LogicalResourceId": "LedgerTable",
        "ResourceType": "AWS::DynamoDB::Table",
        "Replacement": "True",
    }
    cloud = CloudFormation(Changes=[{"ResourceChange": change}])

    plan = Stacks(cloud).plan("x", _BODY, {}, declared=[])

    assert plan is not None
    assert plan.changes[0].begins_anew
    assert str(plan.changes[0]).endswith("AWS::DynamoDB::Table  REPLACED")


def test_failure_tells_the_first_cause() -> None:
    """A deployment that was taken back says what failed first, before what that cancelled."""
    cloud = CloudFormation({"StackStatus": "UPDATE_ROLLBACK_COMPLETE"})

    with pytest.raises(StackError, match=r"ROLLBACK_COMPLETE:\n  Tick: no such bucket\n  Api:"):
        Stacks(cloud).execute(Plan("x", "y", creates=False, changes=()))


def test_what_is_given_up_leaves_nothing() -> None:
    """With the change set of a stack that was never made goes the stack."""
    cloud = CloudFormation()

    Stacks(cloud).drop(Plan("x", "y", creates=True, changes=()))

    assert cloud.dropped == ["change set", "stack"]


def test_waiting_ends() -> None:
    """What never comes to an end is given up at the deadline."""
    cloud = CloudFormation({"StackStatus": "UPDATE_IN_PROGRESS"})

    with pytest.raises(StackError, match="not done after 0 s"):
        Stacks(cloud, wait_s=0, poll_s=0).execute(Plan("x", "y", creates=False, changes=()))
