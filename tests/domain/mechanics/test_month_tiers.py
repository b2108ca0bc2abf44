"""F: tiers whose period is a calendar month."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.domain.decide.settling import due_at
from chalicelib.domain.ledger import calendar
from chalicelib.domain.mechanics.tier_progress import tier_progress
from tests.domain.building import Member, at, visits
from tests.domain.ladders import clinic


def monthly(zone: str = "UTC", **parts: Any) -> Member:
    """Return a member of a ladder by visits a month: 2 silver, 4 gold."""
    levels = (("silver", visits(2)), ("gold", visits(4)))
    return Member(clinic(*levels, zone=zone, window="calendar_month", **parts))


def come(member: Member, *days: str) -> None:
    """Record a visit on each of these days of 2026."""
    for day in days:
        member.visit(f"2026-{day}")


@pytest.mark.parametrize(
    ("days", "tier"),
    [
        (["03-31", "04-01"], "base"),
        (["03-01", "03-31"], "silver"),
        (["02-27", "02-28", "03-01", "03-02"], "silver"),
        (["03-01", "03-02", "03-03", "03-31"], "gold"),
    ],
)
def test_what_counts(days: list[str], tier: str) -> None:
    """The visits of one month, its first and its last day among them."""
    member = monthly()
    come(member, *days)

    assert member.enrolment.tier == tier


def test_it_lasts_through_the_next_month() -> None:
    """Silver of January is reviewed at the end of February, by the days of the clinic."""
    member = monthly(zone="Europe/Sofia")
    come(member, "01-10", "01-20")
    assert member.enrolment.review_at == at("2026-02-28T22:00:00Z")
    come(member, "02-10", "02-20")
    member.tick("2026-02-28T23:00:00Z")
    assert member.enrolment.tier == "silver"
    assert member.enrolment.review_at == at("2026-03-31T21:00:00Z")
    member.tick("2026-04-01")

    assert member.steps[-1] == ("2026-03-31T21:00:00Z", "base", "reviewed")
    assert due_at(member.account) is None
    assert member.verdict().holds


@pytest.mark.parametrize(
    ("downgrade", "steps"),
    [
        ("to_earned", [("2026-03-01", "silver"), ("2026-04-01", "base")]),
        ("one_level", [("2026-03-01", "silver"), ("2026-04-01", "base")]),
        ("none", []),
    ],
)
def test_how_it_falls(downgrade: str, steps: list[tuple[str, str]]) -> None:
    """Gold of January, silver of February, nothing in March: a step at each end of a month."""
    member = monthly(downgrade=downgrade)
    come(member, "01-10", "01-11", "01-12", "01-13", "02-10", "02-11")
    member.tick("2026-06-02")

    assert [(since[:10], tier) for since, tier, reason in member.steps if reason == "reviewed"] == (
        steps
    )


def test_one_level_a_month() -> None:
    """Each month that does not reach it again costs one tier."""
    member = monthly(downgrade="one_level")
    come(member, "01-10", "01-11", "01-12", "01-13")
    member.tick("2026-06-02")

    assert [(since[:10], tier) for since, tier, _ in member.steps[-2:]] == [
        ("2026-03-01", "silver"),
        ("2026-04-01", "base"),
    ]


@pytest.mark.parametrize(("again", "tier"), [([], "base"), (["03-10"], "silver")])
def test_a_grace(again: list[str], tier: str) -> None:
    """Ten days more, in which the new month may reach it."""
    member = monthly(grace_days=10)
    come(member, "01-10", "01-20", "03-02")
    assert member.seen("2026-03-02").enrolments["clinic"].in_grace
    come(member, *again)
    member.tick("2026-03-11")

    assert member.enrolment.tier == tier


def test_at_review() -> None:
    """Who waits climbs when the month is over, and keeps it through that month."""
    member = monthly(upgrade="at_review")
    come(member, "02-10", "02-20")
    assert member.enrolment.tier == "base"
    member.tick("2026-03-01")
    assert member.enrolment.tier == "silver"
    assert member.enrolment.review_at == at("2026-04-01T00:00:00Z")
    member.tick("2026-04-01")

    assert member.enrolment.tier == "base"


def test_a_late_visit_counts_in_its_own_month() -> None:
    """Silver of January is held through February, and is over when it is told after that."""
    levels = (("silver", visits(2)), ("gold", visits(4)))
    ladder = clinic(*levels, window="calendar_month")
    for told, tier in (("2026-02-28", "silver"), ("2026-03-01", "base")):
        member = Member(replace(ladder, backdate_limit_days=60))
        come(member, "01-10")
        member.visit("2026-01-20", now=told)

        assert member.enrolment.tier == tier


def test_a_refund_takes_it_back() -> None:
    """What the days do not reach any more is lost at once."""
    member = monthly()
    member.visit("2026-01-10", name="first")
    member.visit("2026-01-20")
    member.reverse("first", "2026-02-03")

    assert member.enrolment.tier == "base"


def test_the_progress() -> None:
    """What this month has, and until when the tier is held."""
    member = monthly()
    come(member, "01-10", "01-20", "02-03")
    now = at("2026-02-05")
    version = member.programmes.in_force("clinic", now)
    assert version is not None
    progress = tier_progress(member.account, version.document, now)
    assert progress is not None
    assert progress.to_keep is not None
    assert progress.review_at is not None

    assert progress.window == "calendar_month"
    assert calendar.format_instant(progress.review_at) == "2026-03-01T00:00:00Z"
    assert [(each.value, each.missing) for each in progress.to_keep.metrics] == [(1, 1)]


def test_a_loss_is_announced() -> None:
    """Five days before the month ends in which it was not reached again."""
    member = monthly(notice_days=5)
    come(member, "01-10", "01-20")
    events = member.tick("2026-03-02")

    assert [(event.kind, calendar.format_instant(event.effective_at)) for event in events] == [
        ("tier.review_announced", "2026-02-24T00:00:00Z"),
        ("tiers.reviewed", "2026-03-01T00:00:00Z"),
    ]
