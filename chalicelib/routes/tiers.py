"""Tiers: where a member stands, and tiers that are held by hand."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from chalicelib.domain.ledger.calendar import format_instant
from chalicelib.domain.mechanics.tier_grants import Granted, GrantTier, LiftTier
from chalicelib.domain.mechanics.tier_progress import LevelProgress, TierProgress, tier_progress
from chalicelib.domain.mechanics.tiers import OverrideKind
from chalicelib.domain.programme.fields import Days, Id, text_in
from chalicelib.routes.http.calls import answer, caller_of, carry_out, services_of
from chalicelib.routes.http.fields import Note, Reason
from chalicelib.routes.http.operation import Body, Call, Reply, Timestamp
from chalicelib.routes.http.resource import Resource
from chalicelib.routes.views import when
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.reading import read_account
from chalicelib.usecases.stored import Answer

api = Resource("tiers")

Need = Annotated[str, Meta(extra_json_schema={"enum": ["all", "any"]})]
CountedMetric = Annotated[
    str,
    Meta(extra_json_schema={"enum": ["points_earned", "spend", "visits", "referrals", "events"]}),
]
MetricWindow = Annotated[
    str,
    Meta(
        extra_json_schema={
            "enum": ["calendar_year", "anniversary", "calendar_month", "rolling", "lifetime"]
        }
    ),
]


class TierOverrideView(Struct, frozen=True):
    """A tier that is held until the end of a day: by hand, by a plan, or bought."""

    kind: OverrideKind
    tier: str
    expires_on: str | None


class TierStepView(Struct, frozen=True):
    """A tier and since when it was held."""

    tier: str
    since: Timestamp
    reason: str


class MetricProgressView(Struct, frozen=True, omit_defaults=True):
    """A metric, what it must reach, and what is missing."""

    metric: CountedMetric
    value: int
    at_least: int
    missing: int
    currency: str | None = None
    on: str | None = None
    group: int | None = None


class TierRequirementView(Struct, frozen=True):
    """
    What a tier takes: `all` or `any` of the metrics.

    Those of one ``group`` count as one: where it takes `all`, any of them is enough; where `any` is
    enough, it takes all of them.
    """

    tier: str
    name: str
    need: Need
    reached: bool
    metrics: list[MetricProgressView]


class HeldTierView(Struct, frozen=True):
    """
    Where the member stands in one programme.

    ``to_next`` is what the next tier takes, ``to_keep`` what keeping this one takes, ``review_at``
    the instant of the next review, ``overrides`` what is held whatever the metrics say.
    """

    programme: str
    tier: str
    name: str
    since: Timestamp
    window: MetricWindow
    in_grace: bool
    to_next: TierRequirementView | None
    to_keep: TierRequirementView | None
    review_at: Timestamp | None
    timeline: list[TierStepView]
    overrides: list[TierOverrideView]
    metadata: dict[str, str]


class MemberTiersView(Struct, frozen=True):
    """Where the member stands in every programme with tiers."""

    member_id: str
    tiers: list[HeldTierView]


class TierGrantBody(Body):
    """Which tier, why, and for how many ``days`` after today, until it is lifted where left out."""

    programme: Id
    tier: Id
    reason: Reason
    days: Days | None = None
    note: Note = ""


class TierGrantRemovalBody(Body):
    """Whose grant is lifted, and why."""

    programme: Id
    reason: Reason
    note: Note = ""


class TierGrantView(Struct, frozen=True):
    """The tier that is held now; ``changed`` is false where there was nothing to lift."""

    member_id: str
    programme: str
    tier: str
    changed: bool
    expires_on: str | None


_REFUSALS = ("member_not_found", "account_closed", "programme_not_found", "not_enrolled")


@api.get(
    "/members/{member_id}/tier",
    name="read_tier",
    scope="balances:read",
    summary="Read the tier and the progress to the next",
    description="With what the next tier takes, what keeping this one takes, and by when.",
    answer=MemberTiersView,
    member_may=True,
    delegates="balance",
    errors=("member_not_found",),
)
def tier(call: Call) -> Reply:
    """Read where a member stands."""
    member = call.path["member_id"]
    reading = read_account(services_of(call), caller_of(call), member)
    shown = []
    for programme_id in sorted(reading.account.enrolments):
        version = reading.programmes.in_force(programme_id, reading.now)
        if version is None:
            continue
        progress = tier_progress(reading.account, version.document, reading.now)
        if progress is not None:
            shown.append(_tier(programme_id, progress, call.locale))
    return Reply(MemberTiersView(member, shown))


@api.post(
    "/members/{member_id}/tier-grants",
    name="grant_tier",
    scope="tiers:grant",
    summary="Grant a tier by hand",
    description=(
        "Whatever the metrics say, the member falls no lower until it ends or is lifted. There is "
        "one at a time in a programme: another takes its place."
    ),
    body=TierGrantBody,
    answer=TierGrantView,
    status=201,
    idempotent=True,
    errors=(*_REFUSALS, "unknown_tier"),
)
def grant(call: Call[TierGrantBody]) -> Reply:
    """Grant a tier by hand."""
    body = call.body
    command = GrantTier(
        member=call.path["member_id"],
        programme=body.programme,
        tier=body.tier,
        reason=body.reason,
        days=body.days,
        note=body.note,
    )
    return _change(call, command, 201)


@api.post(
    "/members/{member_id}/tier-grants/removal",
    name="lift_tier",
    scope="tiers:grant",
    summary="Take back a tier that was granted by hand",
    description="The member falls to what the metrics, a plan or a purchase give.",
    body=TierGrantRemovalBody,
    answer=TierGrantView,
    idempotent=True,
    errors=_REFUSALS,
)
def lift(call: Call[TierGrantRemovalBody]) -> Reply:
    """Take back a tier that was granted by hand."""
    body = call.body
    command = LiftTier(
        member=call.path["member_id"], programme=body.programme, reason=body.reason, note=body.note
    )
    return _change(call, command, 200)


def _change(call: Call[Any, Any], command: GrantTier | LiftTier, status: int) -> Reply:
    def present(decided: Decided) -> Answer:
        result: Granted = decided.results[-1]
        view = TierGrantView(
            decided.member, result.programme, result.tier, result.changed, result.expires_on
        )
        return answer(status, view)

    return carry_out(call, command, present)


def _tier(programme: str, progress: TierProgress, locale: str) -> HeldTierView:
    return HeldTierView(
        programme=programme,
        tier=progress.tier,
        name=text_in(progress.name, locale),
        since=format_instant(progress.since),
        window=progress.window,
        in_grace=progress.in_grace,
        to_next=_level(progress.to_next, locale),
        to_keep=_level(progress.to_keep, locale),
        review_at=when(progress.review_at),
        timeline=[
            TierStepView(step.tier, format_instant(step.since), step.reason)
            for step in progress.timeline
        ],
        overrides=[
            TierOverrideView(each.kind, each.tier, each.expires_on) for each in progress.overrides
        ],
        metadata=progress.metadata,
    )


def _level(level: LevelProgress | None, locale: str) -> TierRequirementView | None:
    if level is None:
        return None
    metrics = [
        MetricProgressView(m.metric, m.value, m.at_least, m.missing, m.currency, m.on, m.group)
        for m in level.metrics
    ]
    return TierRequirementView(
        level.tier, text_in(level.name, locale), level.need, level.reached, metrics
    )
