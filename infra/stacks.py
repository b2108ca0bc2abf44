"""
CloudFormation stacks by change sets: what would change is shown before anything does.

Everything is polled until a deadline.  A deployment that fails is rolled back by CloudFormation;
the events that say why are in the error.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from botocore.exceptions import ClientError

T = TypeVar("T")

_CAPABILITIES: Final = ("CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND")
_NOTHING: Final = ("didn't contain changes", "No updates are to be performed", "no changes")
_REASONS_MAX: Final = 5
_REPLACED: Final = {"True": "  REPLACED", "Conditional": "  perhaps replaced", "False": ""}


class StackError(Exception):
    """A stack could not be brought into the state that was asked for."""


class Change(NamedTuple):
    """One line of a preview."""

    action: str
    resource: str
    kind: str
    #: ``True``, ``Conditional`` where CloudFormation only finds out on the way, or ``False``.
    replacement: str = "False"

    def __str__(self) -> str:
        """Return the line."""
        return f"{self.action:<8}{self.resource:<42}{self.kind}{_REPLACED[self.replacement]}"

    @property
    def begins_anew(self) -> bool:
        """Tell whether the resource is made again, without what the present one holds."""
        return self.replacement == "True"


class Plan(NamedTuple):
    """A change set that waits to be executed."""

    stack: str
    change_set: str
    creates: bool
    changes: tuple[Change, ...]


class Stacks:
    """The stacks of one account and region; ``wait_s`` bounds every wait."""

    def __init__(self, cloudformation: Any, wait_s: float = 1800, poll_s: float = 2) -> None:
        self._client = cloudformation
        self._poll_s = poll_s
        self._wait_s = wait_s

    def describe(self, name: str) -> dict[str, Any] | None:
        """Return what CloudFormation says of a stack, or nothing where there is none."""
        try:
            found: list[dict[str, Any]] = self._client.describe_stacks(StackName=name)["Stacks"]
        except ClientError as refusal:
            if "does not exist" in str(refusal):
                return None
            raise
        stack = found[0]
        # A stack of which only a change set was ever made is none yet.
        gone = stack["StackStatus"] in {"REVIEW_IN_PROGRESS", "DELETE_COMPLETE"}
        return None if gone else stack

    def outputs(self, name: str) -> dict[str, str]:
        """Return a stack's outputs; raises `StackError` where there is no such stack."""
        stack = self.describe(name)
        if stack is None:
            raise StackError(f"there is no stack {name}")
        return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}

    def plan(
        self,
        name: str,
        template: Mapping[str, str],
        parameters: Mapping[str, str],
        *,
        declared: Collection[str],
        tags: Mapping[str, str] | None = None,
        alarms: Sequence[str] = (),
        minutes: int = 0,
    ) -> Plan | None:
        """
        Return what a template would change, or nothing where it changes nothing.

        ``template`` is ``TemplateBody`` or ``TemplateURL``; of its ``declared`` parameters those
        that are not given keep their values.  Where one of ``alarms`` rings within ``minutes``,
        CloudFormation rolls back.  Raises `StackError` where the change set cannot be made.
        """
        before = self.describe(name)
        change_set = f"deploy-{time.time_ns()}"
        self._client.create_change_set(
            StackName=name,
            ChangeSetName=change_set,
            ChangeSetType="UPDATE" if before else "CREATE",
            Capabilities=list(_CAPABILITIES),
            Parameters=_parameters(parameters, declared, before),
            Tags=[{"Key": key, "Value": value} for key, value in (tags or {}).items()],
            RollbackConfiguration={
                "RollbackTriggers": [
                    {"Arn": arn, "Type": "AWS::CloudWatch::Alarm"} for arn in alarms
                ],
                "MonitoringTimeInMinutes": minutes,
            },
            **template,
        )
        made = self._until(lambda: self._made(name, change_set), f"change set of {name}")
        if made["Status"] == "FAILED":
            reason = made.get("StatusReason", "")
            self._client.delete_change_set(StackName=name, ChangeSetName=change_set)
            if any(phrase in reason for phrase in _NOTHING):
                return None
            raise StackError(f"{name} cannot be changed so: {reason}")
        changes = tuple(_changes(made))
        return Plan(name, change_set, before is None, changes)

    def execute(self, plan: Plan) -> None:
        """Carry a plan out, and wait until it is done; raises `StackError` where it fails."""
        began = time.time()
        self._client.execute_change_set(StackName=plan.stack, ChangeSetName=plan.change_set)
        status = self._settled(plan.stack)
        if status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            reasons = "\n".join(self._reasons(plan.stack, began))
            raise StackError(f"{plan.stack} ended as {status}:\n{reasons}")

    def drop(self, plan: Plan) -> None:
        """Give a plan up; a stack that it would have made goes with it."""
        self._client.delete_change_set(StackName=plan.stack, ChangeSetName=plan.change_set)
        if plan.creates:
            self._client.delete_stack(StackName=plan.stack)

    def alarms(self, name: str, logical_ids: Sequence[str]) -> list[str]:
        """Return the ARNs of those alarms that a stack has already."""
        stack = self.describe(name)
        if stack is None:
            return []
        partition, region, account = (stack["StackId"].split(":")[at] for at in (1, 3, 4))
        pages = self._client.get_paginator("list_stack_resources").paginate(StackName=name)
        return [
            f"arn:{partition}:cloudwatch:{region}:{account}:alarm:{each['PhysicalResourceId']}"
            for page in pages
            for each in page["StackResourceSummaries"]
            if each["LogicalResourceId"] in logical_ids
        ]

    def _made(self, name: str, change_set: str) -> dict[str, Any] | None:
        answer: dict[str, Any] = self._client.describe_change_set(
            StackName=name, ChangeSetName=change_set
        )
        return answer if answer["Status"] in {"CREATE_COMPLETE", "FAILED"} else None

    def _settled(self, name: str) -> str:
        def status() -> str | None:
            stack = self.describe(name)
            now = "DELETE_COMPLETE" if stack is None else str(stack["StackStatus"])
            return None if now.endswith("_IN_PROGRESS") else now

        return self._until(status, name)

    def _until(self, look: Callable[[], T | None], what: str) -> T:
        deadline = time.monotonic() + self._wait_s
        while (seen := look()) is None:
            if time.monotonic() > deadline:
                raise StackError(f"{what}: not done after {self._wait_s:g} s")
            time.sleep(self._poll_s)
        return seen

    def _reasons(self, name: str, since: float) -> Iterator[str]:
        events = self._client.describe_stack_events(StackName=name)["StackEvents"]
        failed = [
            event
            for event in events
            if event["ResourceStatus"].endswith("_FAILED")
            and event["Timestamp"].timestamp() >= since
        ]
        # The first to fail, which comes last, is the cause.
        for event in failed[::-1][:_REASONS_MAX]:
            yield f"  {event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"


def _parameters(
    given: Mapping[str, str], declared: Collection[str], before: dict[str, Any] | None
) -> list[dict[str, str | bool]]:
    known = {each["ParameterKey"] for each in (before or {}).get("Parameters", [])}
    kept = known.intersection(declared) - given.keys()
    return [
        *({"ParameterKey": name, "ParameterValue": value} for name, value in given.items()),
        *({"ParameterKey": name, "UsePreviousValue": True} for name in sorted(kept)),
    ]


def _changes(change_set: dict[str, Any]) -> Iterator[Change]:
    for each in change_set.get("Changes", []):
        found = each.get("ResourceChange", {})
        yield Change(
            found.get("Action", ""),
            found.get("LogicalResourceId", ""),
            found.get("ResourceType", ""),
            found.get("Replacement") or "False",
        )
