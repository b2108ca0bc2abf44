"""Batches: many activities in one request, each with an outcome of its own."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from chalicelib.domain.conversion import Refused, convert
from chalicelib.domain.errors import Invalid
from chalicelib.routes.activities import ActivityBody, ActivityView, presenter, reported_of
from chalicelib.routes.http.calls import caller_of, invalid_body, services_of
from chalicelib.routes.http.fields import DryRun
from chalicelib.routes.http.operation import Body, Call, Reply
from chalicelib.routes.http.problems import problem_of
from chalicelib.routes.http.refusals import Problem
from chalicelib.routes.http.resource import Resource
from chalicelib.usecases.record_activity import Outcome, Reported, record_activities

api = Resource("batches")


#: So many of the largest activities, by the largest programme, take less than a second.
BATCH_MAX: Final = 20

#: Read one by one, so that one which cannot be read refuses itself and none of the others.
Unread = Annotated[Any, Meta(extra_json_schema={"$ref": "#/components/schemas/ActivityBody"})]


class BatchBody(Body):
    """Up to 20 activities; those of one member are taken in the order given."""

    activities: Annotated[list[Unread], Meta(min_length=1, max_length=BATCH_MAX)]


class BatchResult(Struct, frozen=True, omit_defaults=True):
    """As `BatchResultView`, with bodies that are encoded already."""

    index: int
    result: Literal["recorded", "refused", "not_attempted"]
    replayed: bool = False
    activity: msgspec.Raw = msgspec.Raw(b"null")
    problem: msgspec.Raw = msgspec.Raw(b"null")


class BatchResultView(Struct, frozen=True, omit_defaults=True):
    """What became of one activity: `recorded`, `refused` with a problem, or `not_attempted`."""

    index: int
    result: Literal["recorded", "refused", "not_attempted"]
    replayed: bool = False
    activity: ActivityView | None = None
    problem: Problem | None = None


class BatchView(Struct, frozen=True):
    """The outcomes, in the order of the activities."""

    results: list[BatchResultView]


@api.post(
    "/activities/batch",
    name="record_activities",
    scope="activities:write",
    summary=f"Record up to {BATCH_MAX} activities",
    description=(
        "Each is recorded or refused on its own, also where its fields are wrong: the pointers of "
        "its problem lead into this body. What was not attempted in time can be sent again, as can "
        "the whole batch."
    ),
    body=BatchBody,
    query=DryRun,
    answer=BatchView,
    idempotent="optional",
    limited="asked",
)
def record_batch(call: Call[BatchBody, DryRun]) -> Reply:
    """Record activities, each with its own outcome."""
    reports: list[tuple[int, Reported]] = []
    outcomes = [Outcome()] * len(call.body.activities)
    for place, unread in enumerate(call.body.activities):
        try:
            reports.append((place, _reported(unread)))
        except Invalid as unreadable:
            outcomes[place] = Outcome(refusal=unreadable)
    recorded = record_activities(
        services_of(call),
        caller_of(call),
        [reported for _, reported in reports],
        presenter(201),
        dry_run=call.query.dry_run,
    )
    for (place, _), outcome in zip(reports, recorded, strict=True):
        outcomes[place] = outcome
    results = []
    for place, outcome in enumerate(outcomes):
        if outcome.done is not None:
            results.append(
                BatchResult(
                    place,
                    "recorded",
                    outcome.done.replayed,
                    activity=msgspec.Raw(outcome.done.answer.body),
                )
            )
        elif outcome.refusal is not None:
            refusal = outcome.refusal
            if isinstance(refusal, Invalid):
                refusal = refusal.under(f"/activities/{place}")
            problem = problem_of(refusal, call.correlation_id)
            results.append(BatchResult(place, "refused", problem=msgspec.Raw(problem.body)))
        else:
            results.append(BatchResult(place, "not_attempted"))
    return Reply({"results": results})


def _reported(unread: object) -> Reported:
    """Return what one activity reports; raises `Invalid` where it cannot be read."""
    try:
        return reported_of(convert(unread, ActivityBody))
    except Refused as refused:
        raise invalid_body(refused.violations) from None
