"""Activities: what members did, recorded one by one."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType, field

from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.calendar import format_instant
from chalicelib.domain.ledger.events import Line
from chalicelib.domain.mechanics.activities import Recorded, Verdict
from chalicelib.domain.programme.fields import ActivityType, CurrencyCode, Id, whole
from chalicelib.domain.spelling import tidy
from chalicelib.domain.violations import Violation
from chalicelib.routes.http.calls import (
    answer,
    caller_of,
    identity_of,
    instant_in,
    invalid_body,
    reply,
    services_of,
)
from chalicelib.routes.http.fields import (
    AT_LOCATION,
    Amount,
    DryRun,
    ExternalId,
    ExternalRef,
    InstantText,
    Label,
    LineId,
    Quantity,
    ShortText,
    SignedAmount,
    Source,
)
from chalicelib.routes.http.operation import Body, Call, Reply
from chalicelib.routes.http.resource import Resource
from chalicelib.routes.views import (
    AwardView,
    BalanceView,
    ProgrammeOutcomeView,
    TierChangeView,
    award_view,
    balances,
    outcome_views,
    tier_change,
)
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.execution import Present
from chalicelib.usecases.record_activity import Reported, record_activity
from chalicelib.usecases.stored import Answer

api = Resource("activities")

# JavaScript's integers, beyond which no body may hold a number.
Whole = Annotated[int, Meta(ge=-(2**53), le=2**53)]
Scalar = ShortText | Whole | bool


_NO_RETURN = {"remedy": "a sale that comes back is a reversal, POST /v1/activities/reversals"}


class MoneyBody(Body):
    """What a sale came to; one that comes back is a reversal, and no sale below nothing."""

    amount: Annotated[Amount, Meta(extra=_NO_RETURN)]
    currency: CurrencyCode


class LineBody(Body):
    """One line of a basket or bill; its money is in the currency of the activity."""

    amount: SignedAmount = 0
    quantity: Quantity = 1
    category: Label = ""
    sku: Label = ""
    id: LineId = ""


class MemberRef(Body):
    """The member: by Tessera's id, or by an id of another system."""

    # An id that was never made is a member who is not there, which refuses one activity of many.
    id: Annotated[str, Meta(pattern=whole(r"mem_[0-9A-Za-z]{1,60}"))] | UnsetType = UNSET
    external_id: ExternalId | UnsetType = UNSET


class ActivityBody(Body):
    """
    One activity.  ``(source, external_id)`` is its identity, for ever.

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


class RuleResultView(Struct, frozen=True, omit_defaults=True):
    """What a rule made of the activity: ``granted`` of ``raw``, or why not."""

    rule: str
    currency: str
    matched: bool
    raw: int = 0
    granted: int = 0
    reason: str = ""


class BarredLineView(Struct, frozen=True):
    """A line that a law lets earn nothing, and by which rule; no line where it is all of it."""

    line_id: str | None
    rule: str


class ExplanationView(Struct, frozen=True, omit_defaults=True):
    """
    What one programme made of the activity, by which version and in which tier.

    A ``note`` says why it made nothing of it, or of its money; ``barred`` are the lines that a
    policy pack lets earn nothing.
    """

    programme: str
    version: int | None = None
    tier: str = ""
    note: str = ""
    rules: list[RuleResultView] = []
    barred: list[BarredLineView] = []


class ActivityView(Struct, frozen=True):
    """What followed from an activity."""

    member_id: str
    member_created: bool
    version: int
    occurred_at: str
    effective_at: str
    awards: list[AwardView]
    tier_changes: list[TierChangeView]
    outcomes: list[ProgrammeOutcomeView]
    balances: list[BalanceView]
    explanation: list[ExplanationView]


_RECORDING = (
    "member_not_found",
    "account_closed",
    "amount_mismatch",
    "amount_too_large",
    "negative_amount",
    "currency_required",
    "unknown_currency",
    "duplicate_line",
    "occurred_in_future",
    "backdate_limit",
    "invalid_instant",
    "reserved_source",
    "source_not_allowed",
    *AT_LOCATION,
)


@api.post(
    "/activities",
    name="record_activity",
    scope="activities:write",
    summary="Record an activity",
    description=(
        "The identity `(source, external_id)` makes it unrepeatable: the same activity again, with "
        "whichever key, is answered as the first time. An `Idempotency-Key` holds beside "
        "it. An unknown external id makes a prospect. With `dry_run` nothing is written and the "
        "status is 200."
    ),
    body=ActivityBody,
    query=DryRun,
    answer=ActivityView,
    status=201,
    also=(200,),
    idempotent="optional",
    limited="asked",
    errors=_RECORDING,
)
def record(call: Call[ActivityBody, DryRun]) -> Reply:
    """Evaluate an activity and journal it."""
    present = presenter(200 if call.query.dry_run else 201)
    reported = reported_of(call.body)
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


def reported_of(body: ActivityBody) -> Reported:
    """Return what a body reports; raises `Invalid` for what contradicts itself."""
    reference = body.member
    external = reference.external_id
    if (reference.id is UNSET) == (external is UNSET):
        raise invalid_body([Violation("/member", "needs either `id` or `external_id`")])
    occurred_at = instant_in(body.occurred_at, pointer="/occurred_at")
    money = body.amount.currency if body.amount else body.currency
    if body.amount and body.currency and body.currency != body.amount.currency:
        differs = Violation("/currency", "must be that of `amount`, or be left out")
        raise invalid_body([differs])
    return Reported(
        activity=Activity(
            type=body.type,
            source=body.source,
            external_id=body.external_id,
            occurred_at=occurred_at,
            amount=body.amount.amount if body.amount else None,
            money=money,
            quantity=body.quantity,
            category=tidy(body.category),
            channel=tidy(body.channel),
            location=tidy(body.location),
            provider=tidy(body.provider),
            lines=tuple(
                Line(tidy(line.id), line.amount, line.quantity, tidy(line.category), tidy(line.sku))
                for line in body.lines
            ),
            attributes=body.attributes,
        ),
        member=None if reference.id is UNSET else reference.id,
        external_id=None if external is UNSET else (external.system, external.value),
    )


def presenter(status: int) -> Present:
    """Return what answers with what followed from an activity, under a status."""

    def present(decided: Decided) -> Answer:
        recorded: Recorded = decided.results[-1]
        return answer(
            status,
            ActivityView(
                member_id=decided.member,
                member_created=decided.is_new,
                version=decided.version,
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
            RuleResultView(r.rule, r.currency, r.matched, r.raw, r.granted, r.reason)
            for r in verdict.rules
        ],
        [BarredLineView(each.line or None, each.rule) for each in verdict.barred],
    )
