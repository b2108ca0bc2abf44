"""V8: what is paid in money that a programme does not count."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.ledger.events import Line
from chalicelib.domain.mechanics.activities import Recorded
from chalicelib.domain.mechanics.remaining import LineReversal
from chalicelib.domain.programme.document import Programme
from tests.domain.building import (
    PURCHASE,
    VISIT,
    Member,
    fixed,
    formula,
    granted,
    ladder,
    line,
    per_amount,
    programme,
    recorded_by,
    rule,
)
from tests.examples import examples

#: 87 pence for a euro.
RATES = {"EUR": {"amount": 87, "per": 100}}


def clinic(rates: dict[str, Any] | None = None, **parts: Any) -> Programme:
    """Return a programme in pounds that counts spend in every way there is."""
    window = {"type": "spend_window", "at_least": 8700, "percent": 10}
    card = {"id": "card", "name": "Card", "size": 5, "on": [PURCHASE], "per": "line"}
    standard = {
        "money": {"currency": "GBP", "rates": rates or {}},
        "metrics": {"spend_on": [PURCHASE, VISIT]},
        "tiers": ladder(("gold", {"all": [{"metric": "spend", "at_least": 8700}]})),
        "discounts": {"offers": [{"id": "year", "name": "Year", "terms": window}]},
        "entitlements": [{"id": "tea", "name": "Tea"}],
        "stamp_cards": [card | {"min_amount": 870, "full": {"entitlement": "tea"}}],
    }
    return programme(
        rule("spend", per_amount(1, 100), on=PURCHASE),
        rule("visit", fixed(5)),
        rule("sum", formula("activity.amount"), on=PURCHASE),
        rule("large", fixed(1), on=PURCHASE, when="lines.exists(l, l.amount >= 870)"),
        **standard | parts,
    )


def euros(member: Member, *lines: Line, name: str = "") -> Recorded:
    """Record a purchase in euros."""
    return member.record(PURCHASE, "2026-02-01", name=name, money="EUR", lines=lines)


class TestWithoutARate:
    """What was done counts, and its money does not."""

    def test_v8_the_visit_counts(self) -> None:
        """V8: the visit, its points and its metrics; no spend, and the note says why."""
        member = Member(clinic())
        recorded = member.record(VISIT, "2026-02-01", amount=10_000, money="EUR")

        assert granted(recorded) == {"visit": 5}
        assert member.account.stats.visits == 1
        assert member.account.metrics["clinic/visits"]["2026-02"] == 1
        assert not any("spend" in key for key in member.account.metrics)
        assert recorded.verdicts[0].note == (
            "its money counts for nothing: it is in EUR, and there is no rate to GBP"
        )

    def test_v8_nothing_counts_money_as_other_money(self) -> None:
        """V8: no rule, formula, condition, card, tier or discount takes cents for pence."""
        member = Member(clinic())
        bought = euros(member, line("1", 9000), line("2", 9000))

        assert granted(bought) == {}
        assert (bought.outcomes, bought.tier_changes) == ((), ())
        assert member.account.progress == {}

    def test_v8_each_programme_counts_for_itself(self) -> None:
        """V8: of two programmes, the one in that money counts it."""
        spa = programme(
            rule("spend", per_amount(1, 100), on=PURCHASE), id="spa", money={"currency": "EUR"}
        )
        recorded = Member(clinic(), spa).record(PURCHASE, "2026-02-01", amount=10_000, money="EUR")

        assert [(a.programme, a.granted) for a in recorded.awards] == [("spa", 100)]
        assert [bool(verdict.note) for verdict in recorded.verdicts] == [True, False]


class TestByARate:
    """What was paid counts by the declared rate."""

    def test_v8_spend_counts_by_the_rate(self) -> None:
        """V8: 100.00 EUR are 87.00 GBP to rules, conditions, tiers, discounts and cards."""
        member = Member(clinic(RATES))
        recorded = euros(member, line("1", 4_000), line("2", 6_000))

        assert granted(recorded) == {"spend": 87, "sum": 8700, "large": 1}
        assert member.account.metrics["clinic/spend"]["2026-02"] == 8700
        assert recorded.tier_changes[0].after == "gold"
        assert len(recorded.outcomes) == 2
        assert recorded.verdicts[0].note == ""

    def test_v8_the_journal_keeps_what_was_paid(self) -> None:
        """V8: the activity is on record in its own money."""
        member = Member(clinic(RATES))
        euros(member, line("1", 4_000), name="a")
        activity = recorded_by(member.recorded["a"]).activity

        assert (activity.amount, activity.money) == (4_000, "EUR")

    @given(
        st.lists(st.integers(1, 20_000), min_size=1, max_size=4),
        st.lists(st.integers(1, 20_000), min_size=1, max_size=3),
        st.integers(1, 1000),
        st.integers(1, 1000),
    )
    @settings(max_examples=examples(40), deadline=None)
    def test_v8_returned_in_parts_nothing_is_left(
        self, prices: list[int], parts: list[int], amount: int, per: int
    ) -> None:
        """V8: whatever the rate and the parts, all of it returned leaves no spend and no points."""
        member = Member(clinic({"EUR": {"amount": amount, "per": per}}))
        lines = [line(str(place), price) for place, price in enumerate(prices)]
        euros(member, *lines, name="a")
        for part in parts:
            left = member.left_of("a")
            if part < (prices[0] if left is None else left.lines[0][0]):
                member.reverse("a", "2026-02-02", LineReversal("0", part))

        member.reverse("a", "2026-02-03")

        assert member.account.metrics.get("clinic/spend", {}).get("2026-02", 0) == 0
        assert member.seen("2026-02-04").balance("clinic/points").available == 0

    def test_v8_more_than_money_may_be(self) -> None:
        """V8: what a rate makes too large counts for nothing, and says why."""
        member = Member(clinic({"IRR": {"amount": 10**15, "per": 1}}))
        recorded = member.record(PURCHASE, "2026-02-01", amount=10**15, money="IRR")

        assert granted(recorded) == {}
        assert "in GBP it is more than" in recorded.verdicts[0].note


@pytest.mark.parametrize(("paid", "counted"), [(1, 1), (57, 50), (50, 44), (0, 0), (-50, -44)])
def test_v8_halves_are_rounded_up(paid: int, counted: int) -> None:
    """V8: each line is converted by itself, to the nearest, halves away from nothing."""
    member = Member(clinic(RATES))
    bought = euros(member, line("1", 10_000), line("2", paid))

    assert granted(bought)["sum"] == 8700 + counted
