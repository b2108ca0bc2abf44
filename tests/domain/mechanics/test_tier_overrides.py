"""A tier that is held whatever the metrics say."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from chalicelib.domain.errors import Invalid
from chalicelib.domain.mechanics import tiers
from chalicelib.domain.mechanics.tier_grants import Granted, GrantTier, LiftTier
from tests.domain.building import Member, at, ladder, programme, reward, visits
from tests.domain.hearing import listened
from tests.domain.ladders import visit_times, yearly


class TestOverrides:
    """A tier that is held whatever the metrics say."""

    GOLD = GrantTier(member="mem_1", programme="clinic", tier="gold", reason="long-wait", days=10)

    def test_until_the_end_of_a_day(self) -> None:
        """Gold for ten days after 1 March; what was there before is there again."""
        member = yearly()
        visit_times(member, 2, "2026-02")
        member.do(self.GOLD, "2026-03-01")
        assert member.enrolment.tier == "gold"

        member.tick("2026-03-11T23:59:59Z")
        assert member.enrolment.tier == "gold"
        member.tick("2026-03-12T00:00:00Z")

        assert member.enrolment.tier == "silver"
        assert [step.tier for step in member.enrolment.timeline] == [
            "base",
            "silver",
            "gold",
            "silver",
        ]
        assert member.verdict().holds

    def test_what_is_answered(self) -> None:
        """The tier that is then held, and through which day; and whether anything changed."""
        member = yearly()
        visit_times(member, 2, "2026-02")
        lift = LiftTier(member="mem_1", programme="clinic", reason="a slip")
        granted = [
            member.do(replace(self.GOLD, tier=tier, days=days), "2026-03-01").result
            for tier, days in (("gold", 10), ("base", 0), ("gold", None))
        ]
        lifted = [member.do(lift, "2026-03-02").result for _ in range(2)]

        assert granted == [
            Granted("clinic", "gold", changed=True, expires_on="2026-03-11"),
            Granted("clinic", "silver", changed=True, expires_on="2026-03-01"),
            Granted("clinic", "gold", changed=True, expires_on=None),
        ]
        assert lifted == [
            Granted("clinic", "silver", changed=True),
            Granted("clinic", "silver", changed=False),
        ]

    def test_a_tier_that_is_not_there(self) -> None:
        """The refusal names those that are; without a ladder there is none."""
        for member, names in (
            (yearly(), "base, silver, gold, platinum"),
            (Member(programme()), "none"),
        ):
            refusal = member.refused(replace(self.GOLD, tier="tin"), "2026-03-01")
            assert isinstance(refusal, Invalid)
            assert refusal.code == "unknown_tier"
            assert refusal.errors == [{"pointer": "/tier", "detail": f"must be one of: {names}"}]

    def test_what_is_lost_meanwhile_stays_lost(self) -> None:
        """A review under an override takes the silver that nobody sees."""
        member = yearly()
        visit_times(member, 2, "2026-02")
        member.do(replace(self.GOLD, days=400), "2026-12-01")
        member.tick("2027-12-31")
        assert member.enrolment.tier == "gold"

        member.tick("2028-01-06")

        assert member.enrolment.tier == "base"

    def test_a_reversal_under_an_override(self) -> None:
        """What is reversed is gone when the override is; no sooner is anything seen of it."""
        member = yearly()
        member.visit("2026-02-01", name="one")
        member.visit("2026-02-02")
        member.do(self.GOLD, "2026-03-01")
        steps = member.steps
        member.reverse("one", "2026-03-02")
        assert (member.enrolment.tier, member.steps) == ("gold", steps)

        member.tick("2026-03-12")

        assert member.enrolment.tier == "base"

    def test_climbing_above_an_override(self) -> None:
        """Who earns more than the override has it, and keeps it."""
        member = yearly()
        member.do(self.GOLD, "2026-03-01")
        visit_times(member, 6, "2026-03")
        assert member.enrolment.tier == "platinum"

        member.tick("2026-03-12")

        assert member.enrolment.tier == "platinum"

    def test_earned_under_an_override(self) -> None:
        """T: what was earned beneath is there when the override is lifted, reviewed as ever."""
        member = yearly()
        member.do(replace(self.GOLD, days=None), "2026-02-01")
        visit_times(member, 2, "2026-03")
        member.do(LiftTier(member="mem_1", programme="clinic", reason="a slip"), "2026-04-01")
        assert member.enrolment.tier == "silver"
        assert member.seen("2027-12-31").enrolments["clinic"].tier == "silver"

        member.tick("2028-01-01")

        assert member.enrolment.tier == "base"

    def test_closing(self) -> None:
        """An account that ends has no override, and nothing falls due on it."""
        member = yearly()
        member.do(self.GOLD, "2026-03-01")
        member.close("2026-03-02")
        assert member.tick("2026-04-01") == ()

    def test_two_that_end_on_their_own_days(self) -> None:
        """A tier that was granted and a higher one that was bought, whichever ends first."""
        gives = {"type": "tier", "tier": "platinum", "days": 4}
        levels = ladder(("gold", visits(8)), ("platinum", visits(9)))
        member = Member(programme(tiers=levels, rewards=[reward("status", 5, gives=gives)]))
        member.adjust(5, "2026-03-01")
        member.do(self.GOLD, "2026-03-01")
        member.redeem("status", "2026-03-02")
        assert member.enrolment.tier == "platinum"

        events = member.tick("2026-04-01")

        assert [(event.kind, event.effective_at) for event in events] == [
            ("tier.overrides_ended", at("2026-03-07T00:00:00Z")),
            ("tier.overrides_ended", at("2026-03-12T00:00:00Z")),
        ]
        assert [tier for _, tier, _ in member.steps] == ["base", "gold", "platinum", "gold", "base"]


@pytest.mark.parametrize(
    ("tier", "rank", "heard"),
    [
        ("gold", 3, [("tier", "platinum", 1)]),
        ("gold", 1, [("tier", "gold", -1)]),
        ("gold", 0, [("tier", "gold", -1)]),
    ],
)
def test_a_tier_is_given_and_taken_back(
    tier: str, rank: int, heard: list[tuple[str, str, int]]
) -> None:
    """A guard hears of the tier that is new, and of the one that is lost."""
    member = yearly()
    visit_times(member, 4, "2026-02")
    assert member.enrolment.tier == tier
    event, guard = listened(member, "2026-03-01")
    version = member.programmes.in_force("clinic", event.now)
    assert version is not None
    terms = version.document.tiers
    assert terms is not None

    move = tiers.raise_to if rank > 2 else tiers.lower_to
    move(event, version.document, terms, rank, "r")

    assert guard.benefits == heard
    assert event.account.enrolments["clinic"].tier == terms.levels[rank].id
