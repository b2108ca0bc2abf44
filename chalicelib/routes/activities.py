"""Activities: facts that happened, recorded one by one or together."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, field

from chalicelib.domain.activity import Activity
from chalicelib.domain.calendar import format_instant
from chalicelib.domain.errors import Invalid
from chalicelib.domain.ledger.events import Line
from chalicelib.domain.mechanics.activities import Recorded, Verdict
from chalicelib.domain.programme import ActivityType, Id
from chalicelib.routes.calls import (
    answer,
    caller_of,
    identity_of,
    instant_in,
    reply,
    services_of,
)
from chalicelib.routes.fields import (
    CurrencyCode,
    DryRun,
    ExternalId,
    ExternalRef,
    Label,
    MinorUnits,
    Quantity,
    Source,
)
from chalicelib.routes.http import Body, Call, Reply, Resource
from chalicelib.routes.problems import problem_of
from chalicelib.routes.views import (
    AwardView,
    BalanceView,
    OutcomeView,
    TierChangeView,
    award_view,
    balances,
    outcome_views,
    tier_change,
)
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.ports import Answer
from chalicelib.usecases.record_activity import Reported, record_activities, record_activity

api = Resource("activities")

InstantText = Annotated[str, Meta(max_length=40, description="RFC 3339, with its offset.")]
# JavaScript's integers, beyond which no body may hold a number.
Whole = Annotated[int, Meta(ge=-(2**53), le=2**53)]
Scalar = Annotated[str, Meta(max_length=200)] | Whole | bool


class MoneyBody(Body):
    """An amount of money."""

    amount: MinorUnits
    currency: CurrencyCode


class LineBody(Body):
    """One line of a basket or bill; its money is in the currency of the activity."""

    amount: MinorUnits = 0
    quantity: Quantity = 1
    category: Label = ""
    sku: Label = ""
    id: Annotated[str, Meta(max_length=40)] = ""


class MemberRef(Body):
    """Who did it: our id, or one of another system."""

    # An id that was never made is a member who is not there, which refuses one fact of many.
    id: Annotated[str, Meta(max_length=64, pattern=r"^mem_")] | None = None
    external_id: ExternalId | None = None


class ActivityBody(Body):
    """
    One fact.  ``(source, external_id)`` is its identity, for ever.

    With lines, ``amount`` is their sum and may be left out; then ``currency`` says what they
    are in.
    """

    member: MemberRef
    type: ActivityType
    source: Source
    external_id: ExternalRef
    occurred_at: InstantText
    amount: MoneyBody | None = None
    currency: CurrencyCode | None = None
    quantity: Quantity | None = None
    category: Label = ""
    channel: Label = ""
    location: Label = ""
    provider: Label = ""
    lines: Annotated[list[LineBody], Meta(max_length=100)] = field(default_factory=list)
    attributes: Annotated[dict[Id, Scalar], Meta(max_length=20)] = field(default_factory=dict)


class BatchBody(Body):
    """Up to 100 facts; those of one member are taken in the order given."""

    activities: Annotated[list[ActivityBody], Meta(min_length=1, max_length=100)]


class RuleView(Struct, frozen=True, omit_defaults=True):
    """What a rule made of the fact: ``granted`` of ``raw``, or why not."""

    rule: str
    currency: str
    matched: bool
    raw: int = 0
    granted: int = 0
    reason: str = ""


class ExplanationView(Struct, frozen=True, omit_defaults=True):
    """What one programme made of the fact, by which version and in which tier."""

    programme: str
    version: int | None = None
    tier: str = ""
    note: str = ""
    rules: list[RuleView] = []


class ActivityView(Struct, frozen=True):
    """What followed from a fact."""

    member_id: str
    version: int
    occurred_at: str
    effective_at: str
    awards: list[AwardView]
    tier_changes: list[TierChangeView]
    outcomes: list[OutcomeView]
    balances: list[BalanceView]
    explanation: list[ExplanationView]


class BatchResult(Struct, frozen=True, omit_defaults=True):
    """What became of one fact: `recorded`, `refused` with a problem, or `not_attempted`."""

    index: int
    result: str
    replayed: bool = False
    activity: msgspec.Raw = msgspec.Raw(b"null")
    problem: msgspec.Raw = msgspec.Raw(b"null")


class BatchResultView(Struct, frozen=True, omit_defaults=True):
    """What became of one fact: `recorded`, `refused` with a problem, or `not_attempted`."""

    index: int
    result: str
    replayed: bool = False
    activity: ActivityView | None = None
    problem: dict[str, Any] | None = None


class BatchView(Struct, frozen=True):
    """The outcomes, in the order of the facts."""

    results: list[BatchResultView]


_RECORDING = (
    "member_not_found",
    "account_closed",
    "amount_mismatch",
    "currency_required",
    "currency_mismatch",
    "duplicate_line",
    "occurred_in_future",
    "backdate_limit",
    "invalid_instant",
)


@api.post(
    "/activities",
    scope="activities:write",
    summary="Record an activity",
    description=(
        "The identity `(source, external_id)` makes it unrepeatable: the same fact again is "
        "answered as the first time. An `Idempotency-Key` of the request, where there is one, "
        "holds beside it. With `dry_run` nothing is written and the status is 200."
    ),
    body=ActivityBody,
    query=DryRun,
    answer=ActivityView,
    status=201,
    also=(200,),
    idempotent="body",
    errors=_RECORDING,
)
def record(call: Call[ActivityBody, DryRun]) -> Reply:
    """Judge a fact and journal it."""
    present = _presenter(200 if call.query.dry_run else 201)
    reported = _reported(call.body, "")
    return reply(
        record_activity(
            services_of(call),
            caller_of(call),
            reported,
            present,
            request=identity_of(call),
            dry_run=call.query.dry_run,
        )
    )


@api.post(
    "/activities/batch",
    scope="activities:write",
    summary="Record up to 100 activities",
    description=(
        "Each is recorded or refused by itself. What was not attempted for want of time can be "
        "sent again, as can the whole batch."
    ),
    body=BatchBody,
    query=DryRun,
    answer=BatchView,
    idempotent="body",
    errors=("invalid_instant",),
)
def record_batch(call: Call[BatchBody, DryRun]) -> Reply:
    """Record facts, each with its own outcome."""
    reports = [
        _reported(body, f"/activities/{place}") for place, body in enumerate(call.body.activities)
    ]
    outcomes = record_activities(
        services_of(call),
        caller_of(call),
        reports,
        _presenter(201),
        dry_run=call.query.dry_run,
    )
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
            problem = problem_of(outcome.refusal, call.correlation_id)
            results.append(BatchResult(place, "refused", problem=msgspec.Raw(problem.body)))
        else:
            results.append(BatchResult(place, "not_attempted"))
    return Reply({"results": results})


def _reported(body: ActivityBody, pointer: str) -> Reported:
    reference = body.member
    if (reference.id is None) == (reference.external_id is None):
        raise Invalid(
            "invalid_body",
            "The body breaks the schema; see errors.",
            errors=[
                {
                    "pointer": f"{pointer}/member",
                    "detail": "needs either `id` or `external_id`",
                }
            ],
        )
    occurred_at = instant_in(body.occurred_at, pointer=f"{pointer}/occurred_at")
    money = body.amount.currency if body.amount else body.currency
    if body.amount and body.currency and body.currency != body.amount.currency:
        raise Invalid(
            "invalid_body",
            "The body breaks the schema; see errors.",
            errors=[
                {
                    "pointer": f"{pointer}/currency",
                    "detail": "must be that of `amount`, or be left out",
                }
            ],
        )
    external = reference.external_id
    return Reported(
        activity=Activity(
            type=body.type,
            source=body.source,
            external_id=body.external_id,
            occurred_at=occurred_at,
            amount=body.amount.amount if body.amount else None,
            money=money,
            quantity=body.quantity,
            category=body.category,
            channel=body.channel,
            location=body.location,
            provider=body.provider,
            lines=tuple(
                Line(line.id, line.amount, line.quantity, line.category, line.sku)
                for line in body.lines
            ),
            attributes=body.attributes,
        ),
        member=reference.id,
        external_id=None if external is None else (external.system, external.value),
    )


def _presenter(status: int) -> Any:
    def present(decided: Decided) -> Answer:
        recorded: Recorded = decided.results[-1]
        return answer(
            status,
            ActivityView(
                member_id=decided.member,
                version=decided.account.version,
                occurred_at=format_instant(recorded.occurred_at),
                effective_at=format_instant(decided.now),
                awards=[award_view(award) for award in recorded.awards if award.granted],
                tier_changes=[tier_change(moved) for moved in recorded.tier_changes],
                outcomes=outcome_views(recorded.outcomes),
                balances=balances(decided.account, decided.programmes, decided.now, "en"),
                explanation=[_explanation(verdict) for verdict in recorded.verdicts],
            ),
        )

    return present


def _explanation(verdict: Verdict) -> ExplanationView:
    return ExplanationView(
        verdict.programme,
        verdict.version,
        verdict.tier,
        verdict.note,
        [
            RuleView(r.rule, r.currency, r.matched, r.raw, r.granted, r.reason)
            for r in verdict.rules
        ],
    )
