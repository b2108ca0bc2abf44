"""Paid plans as they are shown."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from chalicelib.domain.ledger.calendar import Instant, format_instant
from chalicelib.domain.mechanics.plans import SECTION, State, Subscription
from chalicelib.domain.mechanics.subscriptions import Fee, next_fee
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.fields import metadata_of
from chalicelib.domain.programme.versions import Programmes
from chalicelib.routes.http.operation import Day, Timestamp
from chalicelib.routes.pricing import MoneyView
from chalicelib.routes.views import when as shown_instant


class FeeView(Struct, frozen=True):
    """The fee of one period of a plan, with the period's first and last day."""

    plan: str
    amount: MoneyView
    from_on: Day
    until_on: Day


class SubscriptionView(Struct, frozen=True):
    """
    A plan that runs.

    ``state`` is `trial`, `active`, `past_due` (through its grace), `paused` or `cancelled` (to its
    end).  It is free, or paid for, to the end of ``until_on``.  A trial ends at ``trial_until``, a
    pause at ``resumes_at``, and without a fee all of it at ``grace_until``.  ``following`` is the
    plan that takes its place after ``until_on``; ``next_fee`` is the fee that is due next.
    """

    programme: str
    plan: str
    state: Literal[State, "cancelled"]
    since_on: Day
    until_on: Day
    until: Timestamp
    trial_until: Timestamp | None
    grace_until: Timestamp | None
    resumes_at: Timestamp | None
    following: str | None
    next_fee: FeeView | None
    metadata: dict[str, str]


def subscription_view(
    programme_id: str, held: Subscription, programmes: Programmes, now: Instant
) -> SubscriptionView:
    """Return a plan that runs, as it is shown."""
    programme = in_force(programme_id, programmes, now)
    fee = None
    if programme is not None and not held.cancelled:
        fee = fee_view(next_fee(programme, held), programme.money.currency)
    ends = {held.state: shown_instant(held.state_until)}
    return SubscriptionView(
        programme=programme_id,
        plan=held.plan,
        state="cancelled" if held.cancelled else held.state,
        since_on=held.since_on,
        until_on=held.until_on,
        until=format_instant(held.until),
        trial_until=ends.get("trial"),
        grace_until=ends.get("past_due"),
        resumes_at=ends.get("paused"),
        following=held.following,
        next_fee=fee,
        metadata=metadata_of(SECTION.of(programme), held.plan) if programme else {},
    )


def in_force(programme_id: str, programmes: Programmes, now: Instant) -> Programme | None:
    """Return the document of a programme that is in force, or ``None``."""
    version = programmes.in_force(programme_id, now)
    return None if version is None else version.document


def fee_view(fee: Fee, unit: str) -> FeeView:
    """Return a fee as it is shown, in a currency of money."""
    return FeeView(fee.plan, MoneyView(fee.amount, unit), fee.from_on, fee.until_on)
