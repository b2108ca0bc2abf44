"""Tiers: where a member stands, and tiers that are held by hand."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from chalicelib.domain.calendar import format_instant
from chalicelib.domain.mechanics import tiers
from chalicelib.domain.mechanics.tiers import Granted, GrantTier, LiftTier
from chalicelib.domain.programme import Id, text_in
from chalicelib.routes.calls import answer, caller_of, carry_out, services_of
from chalicelib.routes.http import Body, Call, Reply, Resource
from chalicelib.routes.views import when
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.ports import Answer
from chalicelib.usecases.reading import read_account

api = Resource("tiers")

Reason = Annotated[str, Meta(min_length=1, max_length=200)]


class FloorView(Struct, frozen=True):
    """A tier that is held until the end of a day: by hand, by a plan, or bought."""

    kind: str
    tier: str
    expires_on: str | None


class TierStepView(Struct, frozen=True):
    """A tier and since when it was held."""

    tier: str
    since: str
    reason: str


class MetricView(Struct, frozen=True, omit_defaults=True):
    """A metric, what it must reach, and what is missing."""

    metric: str
    value: int
    at_least: int
    missing: int
    currency: str | None = None
    on: str | None = None


class LevelView(Struct, frozen=True):
    """What a tier takes: `all` or `any` of the metrics."""

    tier: str
    name: str
    need: str
    reached: bool
    metrics: list[MetricView]


class TierView(Struct, frozen=True):
    """
    Where the member stands in one programme.

    ``to_next`` is what the next tier takes, ``to_keep`` what keeping this one takes, ``by`` the
    instant of the next review, ``floors`` what is held whatever the metrics say.
    """

    programme: str
    tier: str
    name: str
    since: str
    window: str
    in_grace: bool
    to_next: LevelView | None
    to_keep: LevelView | None
    by: str | None
    timeline: list[TierStepView]
    floors: list[FloorView]


class TiersView(Struct, frozen=True):
    """Where the member stands in every programme with tiers."""

    member_id: str
    tiers: list[TierView]


class TierGrantBody(Body):
    """Which tier, why, and through how many days after today; without them until it is lifted."""

    programme: Id
    tier: Id
    reason: Reason
    days: Annotated[int, Meta(ge=0, le=3660)] | None = None
    note: Annotated[str, Meta(max_length=1000)] = ""


class TierLiftBody(Body):
    """Whose grant is lifted, and why."""

    programme: Id
    reason: Reason


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
    scope="balances:read",
    summary="Read the tier and the progress to the next",
    answer=TiersView,
    member_may=True,
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
        progress = tiers.progress(reading.account, version.document, reading.now)
        if progress is not None:
            shown.append(_tier(programme_id, progress, call.locale))
    return Reply(TiersView(member, shown))


@api.post(
    "/members/{member_id}/tier-grants",
    scope="tiers:grant",
    summary="Hold a tier by hand",
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
    """Set a floor."""
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
    scope="tiers:grant",
    summary="Lift a tier that is held by hand",
    description="The member falls to what the metrics, a plan or a purchase give.",
    body=TierLiftBody,
    answer=TierGrantView,
    idempotent=True,
    errors=_REFUSALS,
)
def lift(call: Call[TierLiftBody]) -> Reply:
    """Take a floor away."""
    body = call.body
    command = LiftTier(member=call.path["member_id"], programme=body.programme, reason=body.reason)
    return _change(call, command, 200)


def _change(call: Call[Any, Any], command: GrantTier | LiftTier, status: int) -> Reply:
    def present(decided: Decided) -> Answer:
        told: Granted = decided.results[-1]
        view = TierGrantView(
            decided.member, told.programme, told.tier, told.changed, told.expires_on
        )
        return answer(status, view)

    return carry_out(call, command, present)


def _tier(programme: str, progress: tiers.Progress, locale: str) -> TierView:
    return TierView(
        programme=programme,
        tier=progress.tier,
        name=text_in(progress.name, locale),
        since=format_instant(progress.since),
        window=progress.window,
        in_grace=progress.in_grace,
        to_next=_level(progress.to_next, locale),
        to_keep=_level(progress.to_keep, locale),
        by=when(progress.by),
        timeline=[
            TierStepView(step.tier, format_instant(step.since), step.reason)
            for step in progress.timeline
        ],
        floors=[FloorView(f.kind, f.tier, f.expires_on) for f in progress.floors],
    )


def _level(level: tiers.LevelProgress | None, locale: str) -> LevelView | None:
    if level is None:
        return None
    metrics = [
        MetricView(m.metric, m.value, m.at_least, m.missing, m.currency, m.on)
        for m in level.metrics
    ]
    return LevelView(level.tier, text_in(level.name, locale), level.need, level.reached, metrics)
