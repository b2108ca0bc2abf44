"""
Notices of losses: each is announced, once and in time, and what is announced is what happens.

That is so where nothing is told between the notice and the loss.
"""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any, Final, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import TierStep
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import ProgressChange, ReviewChange
from chalicelib.domain.ledger.events import TierReviewAnnounced
from chalicelib.domain.mechanics.tier_grants import GrantTier, LiftTier
from tests.domain.building import Member, at, ladder, programme, visits
from tests.examples import examples

_WHO: Final[dict[str, Any]] = {"member": "mem_1", "programme": "clinic"}
JOINED: Final = date(2026, 11, 20)
RANKS: Final = ("base", "silver", "gold")


class Notice(NamedTuple):
    """What was announced: on which day, and that a tier falls to another by a review on a day."""

    told_on: str
    tier: str
    falls_to: str
    day: str


def member(joined: date = JOINED, **parts: Any) -> Member:
    """Return a member of a ladder: two visits are silver, four gold."""
    levels = (("silver", visits(2)), ("gold", visits(4)))
    document = programme(tiers=ladder(*levels, **parts))
    return Member(replace(document, backdate_limit_days=60), joined=f"{joined}T00:00:00Z")


def by_hand(tier: str, days: int | None) -> GrantTier:
    """Return the command to hold a tier by hand."""
    return GrantTier(tier=tier, reason="r", days=days, **_WHO)


def announced(who: Member, since: Instant = 0) -> list[Notice]:
    """Return what was announced after an instant."""
    return [
        Notice(_day(event.effective_at), each.tier, each.falls_to, _day(each.at))
        for event in who.events
        if isinstance(event.data, TierReviewAnnounced) and event.effective_at > since
        for each in event.data.at_risk
    ]


def _day(instant: Instant) -> str:
    """Return an instant's day, which it has to begin."""
    text = calendar.format_instant(instant)
    assert text.endswith("T00:00:00Z"), text
    return text[:10]


class TestByHand:
    """A tier that is held by hand hides a loss where it outlasts it, and no sooner."""

    @pytest.mark.parametrize(
        ("tier", "days", "told"),
        [
            ("silver", 15, [("silver", "base")]),
            # It ends with 3 March.
            ("silver", 26, [("silver", "base")]),
            ("silver", 27, []),
            ("silver", None, []),
            ("gold", 15, [("silver", "base")]),
            ("gold", 26, [("gold", "base")]),
            ("gold", 27, []),
        ],
    )
    def test_t_a_rolling_ladder(
        self, tier: str, days: int | None, told: list[tuple[str, str]]
    ) -> None:
        """Silver of 1 February is lost on 4 March, by 20 days before."""
        who = member(date(2026, 1, 1), window="rolling", rolling_days=30, notice_days=20)
        for _ in range(2):
            who.visit("2026-02-01", name=str(len(who.events)))
        who.do(by_hand(tier, days), "2026-02-05")
        who.tick("2026-12-01")

        assert announced(who) == [Notice("2026-02-12", *falls, "2026-03-04") for falls in told]

    @pytest.mark.parametrize(
        ("window", "days", "told_on", "lost_on"),
        [
            ("calendar_month", 40, "2026-03-12", "2026-04-01"),
            ("calendar_year", 400, "2027-12-12", "2028-01-01"),
            ("anniversary", 400, "2027-12-12", "2028-01-01"),
        ],
    )
    def test_t_other_windows(self, window: str, days: int, told_on: str, lost_on: str) -> None:
        """What ends before the month or the year does hides nothing of its review."""
        who = member(date(2026, 1, 1), window=window, notice_days=20)
        for _ in range(2):
            who.visit("2026-02-01", name=str(len(who.events)))
        who.do(by_hand("gold", days), "2026-02-05")
        who.tick("2028-12-01")

        assert announced(who) == [Notice(told_on, "silver", "base", lost_on)]


class TestDays:
    """A notice is of the day on which the tier is lost, and so many days before that."""

    def test_what_makes_a_tier_last_longer_waits_for_its_notice(self) -> None:
        """Every visit may; what was planned stands until it is due, and is looked at only then."""
        who = member(date(2026, 1, 1), window="rolling", rolling_days=30, notice_days=20)
        for day in ("2026-02-01", "2026-02-02", "2026-02-05"):
            who.visit(day)
        planned = [type(effect) for effect in who.events[-1].effects]
        who.tick("2026-12-01")

        assert not {ReviewChange, ProgressChange} & set(planned)
        assert announced(who) == [Notice("2026-02-16", "silver", "base", "2026-03-08")]

    @pytest.mark.parametrize("notice_days", [1, 20])
    def test_t_a_step_lasts_as_long_as_a_term(self, notice_days: int) -> None:
        """The term that ends on the day before takes nothing, and hides no notice."""
        who = member(
            window="rolling",
            rolling_days=100,
            notice_days=notice_days,
            upgrade="at_review",
            downgrade="one_level",
        )
        for day in ("2026-12-02", "2026-12-08", "2026-12-12", "2026-12-27"):
            who.visit(day)
        who.tick("2028-01-01")

        told = [calendar.add_days(date(2027, *day), -notice_days) for day in ((6, 8), (9, 17))]
        assert announced(who) == [
            Notice(told[0].isoformat(), "gold", "silver", "2027-06-08"),
            Notice(told[1].isoformat(), "silver", "base", "2027-09-17"),
        ]
        assert [since[:10] for since, *_ in who.steps[-2:]] == ["2027-06-08", "2027-09-17"]

    @pytest.mark.parametrize("granted", [None, -5, 2])
    @pytest.mark.parametrize(
        ("parts", "stepped", "lost"),
        [
            ({"window": "rolling", "upgrade": "at_review"}, date(2027, 1, 19), date(2027, 2, 19)),
            ({"window": "rolling"}, date(2026, 12, 22), date(2027, 1, 22)),
            ({"window": "calendar_month"}, date(2027, 1, 1), date(2027, 2, 1)),
        ],
    )
    def test_t_a_step_beneath_what_is_held_by_hand(
        self, parts: dict[str, Any], stepped: date, lost: date, granted: int | None
    ) -> None:
        """It lasts as long as one that is seen, be that held when it is taken or afterwards."""
        who = member(rolling_days=30, downgrade="one_level", notice_days=3, **parts)
        for _ in range(4):
            who.visit("2026-11-21", name=str(len(who.events)))
        if granted is not None:
            who.do(by_hand("gold", 15), calendar.add_days(stepped, granted).isoformat())
        who.tick("2028-01-01")

        told_on = calendar.add_days(lost, -3).isoformat()
        assert announced(who)[-1] == Notice(told_on, "silver", "base", lost.isoformat())
        assert who.steps[-1][0][:10] == lost.isoformat()

    @pytest.mark.parametrize("confirmed", ["2026-02-06", "2026-02-20"])
    def test_t_what_confirms_a_tier_puts_its_notice_off(self, confirmed: str) -> None:
        """Be it before the first notice, or after it: the loss of the later day is announced."""
        who = member(date(2026, 1, 1), window="rolling", rolling_days=30, notice_days=20)
        for day in ("2026-02-01", "2026-02-01", confirmed):
            who.visit(day, name=str(len(who.events)))
        who.tick("2026-12-01")

        lost = calendar.add_days(date.fromisoformat(confirmed), 31)
        last = Notice(calendar.add_days(lost, -20).isoformat(), "silver", "base", lost.isoformat())
        assert announced(who)[-1] == last
        assert len(announced(who)) == 1 + (confirmed == "2026-02-20")
        assert who.steps[-1][0][:10] == lost.isoformat()


_LADDERS: Final = st.fixed_dictionaries(
    {
        "window": st.sampled_from(["rolling", "calendar_month", "calendar_year", "anniversary"]),
        "rolling_days": st.sampled_from([7, 30, 100]),
        "grace_days": st.sampled_from([0, 0, 4, 40]),
        "notice_days": st.sampled_from([1, 3, 20]),
        "upgrade": st.sampled_from(["at_once", "at_review"]),
        "downgrade": st.sampled_from(["to_earned", "one_level"]),
    }
)
#: After so many days, what is told: a visit of so many days before, or something else.
_TOLD: Final = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 1, 3, 9, 20]),
        st.sampled_from(
            [0] * 12
            + [3, 20]
            + [by_hand(tier, days) for tier in RANKS[1:] for days in (3, 20, 60)]
            + [LiftTier(reason="r", **_WHO), "refund"]
        ),
    ),
    min_size=4,
    max_size=12,
)


def lived(who: Member, told: list[tuple[int, Any]], rng: Any) -> Instant:
    """Tell a history, and return when the last of it was told."""
    day = JOINED
    for number, (after, what) in enumerate(told):
        day = calendar.add_days(day, after)
        now = f"{day}T12:30:00Z"
        if isinstance(what, int):
            when = max(calendar.add_days(day, -what), JOINED)
            who.visit(f"{when}T11:30:00Z", now=now, name=str(number))
        elif what == "refund":
            if who.recorded:
                who.reverse(rng.choice(sorted(who.recorded)), now)
        else:
            who.do(what, now)
    return at(f"{day}T12:30:00Z")


def lower(before: TierStep, step: TierStep) -> bool:
    """Tell whether a step is one down."""
    return RANKS.index(step.tier) < RANKS.index(before.tier)


def held_at(who: Member, instant: Instant) -> str:
    """Return the tier that was held at an instant."""
    return who.as_of(instant).enrolments["clinic"].tier


@given(_LADDERS, _TOLD, st.randoms(use_true_random=False))
@settings(max_examples=examples(400), derandomize=True, deadline=None)
def test_t_losses_are_announced_and_come(
    parts: dict[str, Any], told: list[tuple[int, Any]], rng: Any
) -> None:
    """
    T: a loss is announced once, for its day, if that tier, or more, was held on the notice's day.

    What is announced is lost on that day, or when the grace after it is over.
    """
    who = member(**parts)
    silent = lived(who, told, rng)
    who.tick(silent + 700 * 86_400_000)
    notices = announced(who, silent)
    steps = who.enrolment.timeline
    for place, (before, step) in enumerate(itertools.pairwise(steps)):
        if step.reason != "reviewed" or not lower(before, step) or step.since <= silent:
            continue
        day = calendar.add_days(date.fromisoformat(_day(step.since)), -parts["grace_days"])
        notice = calendar.add_days(day, -parts["notice_days"])
        since = at(f"{notice}T00:00:00Z")
        # On the notice's day that tier was held, or one above it.
        later = [pair for pair in itertools.pairwise(steps[: place + 1]) if pair[1].since >= since]
        if since > silent and all(lower(*pair) for pair in later):
            fell = (held_at(who, step.since - 1), held_at(who, step.since))
            wanted = Notice(notice.isoformat(), *fell, day.isoformat())
            assert notices.count(wanted) == 1, (wanted, notices, who.steps)
    for each in notices:
        lost = calendar.add_days(date.fromisoformat(each.day), parts["grace_days"])
        then = at(f"{lost}T00:00:00Z")
        fell = (held_at(who, then - 1), held_at(who, then))
        assert fell == (each.tier, each.falls_to), (each, who.steps)
        notice = calendar.add_days(date.fromisoformat(each.day), -parts["notice_days"])
        assert each.told_on == notice.isoformat()
