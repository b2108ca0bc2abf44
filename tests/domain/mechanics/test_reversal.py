"""An activity is taken back whole, with everything that followed from it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from chalicelib.domain.decide.benefits import Returned
from chalicelib.domain.decide.claims import SaveRecord
from chalicelib.domain.ledger.events import ActivityReversed, ActivitySummary
from chalicelib.domain.mechanics.remaining import REMAINING, LineReversal, Remaining
from chalicelib.domain.mechanics.reversal import ReverseActivity, Reversed
from chalicelib.domain.mechanics.units_changed import UnitsChanged
from tests.domain.building import (
    PURCHASE,
    Member,
    at,
    fixed,
    ladder,
    per_amount,
    points,
    posted,
    programme,
    rule,
    visits,
)
from tests.domain.sale import LINES, SPEND, basket, returned


class TestWhole:
    """Everything that an activity did is undone."""

    def test_everything(self) -> None:
        """Value, caps, metrics and counts are as if it had not been."""
        member = basket(
            rule("spend", per_amount(1, 100), on=PURCHASE, caps=[{"window": "day", "max": 50}])
        )
        before = member.account.stats
        result = member.reverse("sale", "2026-02-02")

        assert result.event == member.events[-1]
        assert replace(result, event=None) == Reversed(
            changed=True,
            returned=(Returned("clinic/points", 50),),
            remaining=Remaining(
                amount=0,
                quantity=None,
                lines=((0, 0), (0, 0), (0, 0)),
                granted=(0,),
                whole=False,
                revision=1,
                shares=((0, 1), (0, 1), (0, 1)),
            ),
        )
        assert (before.activities, member.account.stats.activities) == (1, 0)
        assert (member.account.balances, member.account.counters, member.account.metrics) == (
            {},
            {},
            {},
        )

    def test_what_is_journaled(self) -> None:
        """The event names the one it takes back, and dates from the activity."""
        member = basket()
        decision = member.do(member.reversing("sale"), "2026-02-02")
        event = member.events[-1]

        assert event.data == ActivityReversed(
            2, ActivitySummary(PURCHASE, amount=6_050, money="GBP")
        )
        assert (event.occurred_at, event.effective_at) == (at("2026-02-01"), at("2026-02-02"))
        assert posted(event) == [("member/available", "issued/tenant", 60)]
        assert event.detail is not None
        assert (event.detail.source, event.detail.external_id) == ("till", "sale")
        assert decision.claims == (
            SaveRecord(
                REMAINING.ref("mem_1", str(member.recorded["sale"].version)),
                decision.result.remaining,
                revision=1,
            ),
        )

    def test_twice(self) -> None:
        """The second time nothing is left, and nothing is written."""
        member = basket()
        first = member.reverse("sale", "2026-02-02")
        decision = member.do(member.reversing("sale"), "2026-02-03")

        assert decision.events == ()
        assert decision.claims == ()
        assert decision.result == Reversed(changed=False, returned=(), remaining=first.remaining)

    @pytest.mark.parametrize("version", [1, 2, 99])
    def test_what_is_no_activity(self, version: int) -> None:
        """Neither joining nor a correction can be reversed, nor what never was."""
        member = Member(programme())
        member.adjust(10, "2026-02-01")
        assert [event.version for event in member.events] == [1, 2]

        refusal = member.refused(ReverseActivity(member="mem_1", version=version), "2026-02-02")

        assert refusal.code == "activity_not_found"

    def test_an_activity_that_earned_nothing(self) -> None:
        """It is taken back all the same: it counted as a visit."""
        member = Member(programme())
        member.visit("2026-02-01", name="only")
        result = member.reverse("only", "2026-02-02")

        assert (result.changed, result.returned) == (True, ())
        assert member.account.stats.visits == 0
        assert member.account.metrics == {}

    def test_two_currencies(self) -> None:
        """Each currency comes back by itself."""
        member = basket(
            SPEND,
            {**rule("stamp", fixed(1), on=PURCHASE), "currency": "stamps"},
            currencies=[points(), {**points(), "id": "stamps"}],
        )
        result = member.reverse("sale", "2026-02-02")

        assert returned(result) == {"clinic/points": 60, "clinic/stamps": 1}
        assert member.account.balances == {}

    def test_two_programmes(self) -> None:
        """Each programme that evaluated the activity takes its award back."""
        member = Member(programme(SPEND), programme(SPEND, id="spa"))
        member.basket("2026-02-01", *LINES, name="sale")
        result = member.reverse("sale", "2026-02-02", LineReversal("a"))

        assert returned(result) == {"clinic/points": 30, "spa/points": 30}
        assert member.account.metrics["spa/spend"]["all"] == 3_050

    @pytest.mark.parametrize("order", [("sale", "2"), ("2", "sale")])
    def test_after_years(self, order: tuple[str, str]) -> None:
        """What is reversed when its month is forgotten leaves nothing behind."""
        member = basket(
            rule("spend", per_amount(1, 100), on=PURCHASE, caps=[{"window": "day", "max": 50}])
        )
        member.buy(1_000, "2029-02-01")
        for day, name in enumerate(order, start=2):
            member.reverse(name, f"2029-02-0{day}")

        assert member.account.metrics == {}
        assert member.account.counters == {}
        assert member.account.balances == {}


def test_f_what_a_tier_brought_goes_with_it() -> None:
    """A visit that carried the tier takes the units with it that the tier had by right."""
    quota = {"count": 2, "window": "month"}
    tea = {"id": "tea", "name": "Tea", "tiers": ["silver"], "quota": quota}
    document = programme(tiers=ladder(("silver", visits(1))), entitlements=[tea])
    member = Member(document)
    member.visit("2026-02-01", name="visit")

    result = member.reverse("visit", "2026-02-02")

    assert result.units == (UnitsChanged("clinic", "entitlement_units", "tea", 2, 0),)
