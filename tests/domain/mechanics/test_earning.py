"""What each activity earns, to the point, and why every other rule gives nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.errors import Invalid
from chalicelib.domain.ledger.events import Line
from chalicelib.domain.mechanics.membership import Open
from chalicelib.domain.mechanics.remaining import LineReversal
from tests.domain.building import (
    PURCHASE,
    Member,
    at,
    explained,
    fixed,
    formula,
    granted,
    ladder,
    line,
    per_amount,
    per_unit,
    points,
    programme,
    published,
    recorded_by,
    rule,
    visits,
)

BASKET = (
    line("1", 1_200, "rx", sku="RX-1", quantity=2),
    line("2", 2_000, "vitamins", sku="V-20", quantity=3),
    line("3", 1_050, "skin", sku="S-1", quantity=1),
)
RX = {"exclude": {"categories": ["rx"]}}


def earns(award: dict[str, Any], *lines: Line, amount: int | None = None, **parts: Any) -> int:
    """Return what one rule gives for a purchase."""
    member = Member(programme(rule("only", award, on=PURCHASE, **parts)))
    money = "GBP" if lines or amount is not None else None
    recorded = member.record(PURCHASE, "2026-02-01", lines=lines, amount=amount, money=money)
    return granted(recorded).get("only", 0)


FAILED = "The expression could not be evaluated: divide by zero."


class TestAwards:
    """Each kind of award, on what the scope counts."""

    @pytest.mark.parametrize(
        ("award", "amount", "expected"),
        [
            (fixed(50), None, 50),
            (fixed(50), 0, 50),
            (per_amount(1, 100), 99, 0),
            (per_amount(1, 100), 100, 1),
            (per_amount(1, 100), 8_050, 80),
            (per_amount(15, 100), 3_050, 457),  # 457.5: a pharmacy's 15 points a dollar
            (per_amount(3, 7), 8_000, 3_428),  # 3,428.57…
            (per_amount(1, 1), None, 0),
            (per_unit(10), None, 10),
            (formula("activity.amount / 100 + 7"), 250, 9),
            (formula("activity.amount - 1000"), 250, 0),
            (formula("counted.amount * 2"), 250, 500),
        ],
    )
    def test_of_an_activity_without_lines(
        self, award: dict[str, Any], amount: int | None, expected: int
    ) -> None:
        """Without lines the activity itself is counted, a unit of one."""
        assert earns(award, amount=amount) == expected

    @pytest.mark.parametrize(
        ("award", "expected"),
        [
            (fixed(50), 50),
            (per_amount(15, 100), 637),  # 4,250: 637.5
            (per_unit(10), 60),
            (per_unit(10, 4), 15),  # 6 units: 15.0
            (per_unit(10, 7), 8),  # 8.57
            (formula("counted.quantity * 3"), 18),
            (formula("lines.all(l, l.amount > 1000) ? 1 : 2"), 1),
        ],
    )
    def test_of_a_basket(self, award: dict[str, Any], expected: int) -> None:
        """With lines their sums are counted."""
        assert earns(award, *BASKET) == expected

    @pytest.mark.parametrize(
        ("quantity", "award", "expected"),
        [(7, per_unit(2), 14), (9_999, per_unit(1, 1_000), 9), (0, per_unit(2), 0)],
    )
    def test_quantity_of_the_activity_itself(
        self, quantity: int, award: dict[str, Any], expected: int
    ) -> None:
        """An activity that states its quantity, such as steps, earns by it."""
        member = Member(programme(rule("steps", award, on="steps.recorded")))
        recorded = member.record("steps.recorded", "2026-02-01", quantity=quantity)

        assert granted(recorded).get("steps", 0) == expected

    @pytest.mark.parametrize(
        ("rounding", "amounts"),
        [
            # 15 per 100 of: 3,050 → 457.5; 3,010 → 451.5; 3,003 → 450.45
            ("floor", [457, 451, 450]),
            ("ceiling", [458, 452, 451]),
            ("half_up", [458, 452, 450]),
            ("half_even", [458, 452, 450]),
        ],
    )
    def test_rounding(self, rounding: str, amounts: list[int]) -> None:
        """The rule names its rounding, and it is done once, at the end."""
        given = [
            earns(per_amount(15, 100), amount=amount, rounding=rounding)
            for amount in (3_050, 3_010, 3_003)
        ]

        assert given == amounts

    @pytest.mark.parametrize(
        ("rounding", "expected"), [("floor", 0), ("half_up", 1), ("half_even", 0), ("ceiling", 1)]
    )
    def test_half_a_point(self, rounding: str, expected: int) -> None:
        """Half a point is where the four roundings part."""
        assert earns(per_amount(1, 100), amount=50, rounding=rounding) == expected

    def test_m10_a_basket_below_nothing_is_refused(self) -> None:
        """M10: a basket whose lines come to less than nothing is no sale, but a reversal."""
        with pytest.raises(Invalid, match="POST /v1/activities/reversals") as refused:
            earns(per_amount(1, 100), line("1", 100), line("2", -500))
        assert refused.value.code == "negative_amount"

    def test_discount_lines_are_netted(self) -> None:
        """A line below zero lowers what the others earn."""
        assert earns(per_amount(1, 100), line("1", 2_000), line("2", -500)) == 15

    def test_v6_the_largest_award(self) -> None:
        """V6: 10^15 is still an award."""
        assert earns(formula("activity.amount * 1000000"), amount=10**9) == 10**15

    def test_v6_more_than_an_award_may_be(self) -> None:
        """V6: an award above 10^15 is not given, and the reason names the bound."""
        member = Member(programme(rule("slip", per_amount(10, 1), on=PURCHASE)))
        recorded = member.buy(10**15, "2026-02-01")

        assert granted(recorded) == {}
        assert explained(recorded)["slip"].reason == (
            "it comes to 10000000000000000, and one award is at most 1000000000000000"
        )

    @pytest.mark.parametrize("window", ["activity", "day"])
    def test_v6_caps_come_before_the_bound(self, window: str) -> None:
        """V6: what caps leave of an award is given, however large the award would have been."""
        cap = {"window": window, "max": 500}
        largest = {"multipliers": [{"percent": 10_000}] * 20, "caps": [cap]}
        member = Member(programme(rule("slip", per_amount(10, 1), on=PURCHASE, **largest)))
        recorded = member.buy(10**15, "2026-02-01", name="sale")

        assert granted(recorded) == {"slip": 500}
        assert explained(recorded)["slip"].raw == 10**15
        assert member.reverse("sale", "2026-02-02").returned[0].amount == 500

    def test_v6_one_too_large_does_not_compete(self) -> None:
        """V6: of rules of which the best counts, one above the bound stands in nobody's way."""
        document = programme(
            rule("slip", per_amount(10, 1), on=PURCHASE),
            rule("plain", fixed(7), on=PURCHASE),
            stacking="best",
        )

        assert granted(Member(document).buy(10**15, "2026-02-01")) == {"plain": 7}


class TestScope:
    """Which lines a rule counts."""

    @pytest.mark.parametrize(
        ("scope", "expected"),
        [
            ({}, 42),
            (RX, 30),
            ({"include": {"categories": ["vitamins"]}}, 20),
            ({"include": {"categories": ["vitamins", "skin"]}}, 30),
            ({"include": {"skus": ["S-1"]}}, 10),
            ({"include": {"categories": ["vitamins"], "skus": ["S-1"]}}, 30),
            ({"include": {"categories": ["vitamins"]}, "exclude": {"skus": ["V-20"]}}, 0),
            ({"exclude": {"categories": ["rx"], "skus": ["V-20"]}}, 10),
            ({"include": {"categories": ["none"]}}, 0),
        ],
    )
    def test_of_money(self, scope: dict[str, Any], expected: int) -> None:
        """Included lines count unless they are excluded too."""
        assert earns(per_amount(1, 100), *BASKET, scope=scope) == expected

    @pytest.mark.parametrize(("scope", "expected"), [({}, 6), (RX, 4)])
    def test_of_units(self, scope: dict[str, Any], expected: int) -> None:
        """Units out of scope do not count either."""
        assert earns(per_unit(1), *BASKET, scope=scope) == expected

    @pytest.mark.parametrize(
        ("scope", "expected"),
        [(RX, 0), ({"include": {"categories": ["rx"]}}, 12), ({"include": {"skus": ["X"]}}, 0)],
    )
    def test_of_an_activity_without_lines(self, scope: dict[str, Any], expected: int) -> None:
        """An activity without lines is one line of its own category."""
        member = Member(programme(rule("only", per_amount(1, 100), on=PURCHASE, scope=scope)))
        recorded = member.buy(1_200, "2026-02-01", category="rx")

        assert granted(recorded).get("only", 0) == expected

    def test_partner_pharmacy(self) -> None:
        """Of CA$42.50 with CA$12.00 of Rx, 15 points a dollar on 30.50 come to 457."""
        document = programme(
            rule("spend", per_amount(15, 100), on=PURCHASE, scope=RX), money={"currency": "CAD"}
        )
        recorded = Member(document).record(PURCHASE, "2026-02-01", lines=BASKET, money="CAD")

        assert granted(recorded) == {"spend": 457}

    def test_formula_reads_what_the_scope_counts(self) -> None:
        """`counted` is what the scope leaves, `activity` the whole activity."""
        award = formula("activity.amount * 1000 + counted.amount / 10 + counted.quantity")

        assert earns(award, *BASKET, scope=RX) == 4_250_000 + 305 + 4

    @pytest.mark.parametrize(
        ("quantity", "reasons"),
        [
            (10, {"award": "", "when": ""}),
            (50, {"award": "", "when": "its condition does not hold"}),
            (0, dict.fromkeys(("award", "when"), FAILED)),
        ],
    )
    def test_an_expression_that_fails_says_why(
        self, quantity: int, reasons: dict[str, str]
    ) -> None:
        """It gives nothing, and the reason is what could not be evaluated."""
        document = programme(
            rule("award", formula("100 / activity.quantity")),
            rule("when", fixed(5), when="100 / activity.quantity > 3"),
        )
        recorded = Member(document).visit("2026-02-01", quantity=quantity)

        assert {name: each.reason for name, each in explained(recorded).items()} == reasons
        assert granted(recorded).keys() == {name for name, why in reasons.items() if not why}


class TestFactors:
    """Tier rates and multipliers are one product, rounded once."""

    @pytest.mark.parametrize(
        ("multipliers", "expected"),
        [
            ([], 33),
            ([{"percent": 200}], 66),  # 33.33… × 2 = 66.66…, not 33 × 2
            ([{"percent": 150}, {"percent": 150}], 75),  # 75.0
            ([{"percent": 50}], 16),
            ([{"percent": 300, "when": 'activity.channel == "app"'}], 100),  # 33.33… × 3
            ([{"percent": 300, "when": 'activity.channel == "desk"'}], 33),
            ([{"percent": 300, "when": "activity.amount > 9"}, {"percent": 10}], 10),
        ],
    )
    def test_multipliers(self, multipliers: list[dict[str, Any]], expected: int) -> None:
        """A multiplier counts always, or when its condition holds."""
        document = programme(
            rule("spend", per_amount(1, 300), on=PURCHASE, multipliers=multipliers)
        )
        recorded = Member(document).buy(10_000, "2026-02-01", channel="app")

        assert granted(recorded) == {"spend": expected}

    def test_a_multiplier_whose_condition_does_not_hold(self) -> None:
        """The explanation says which one was left out."""
        at_a_desk = {"percent": 200, "when": 'activity.channel == "desk"'}
        document = programme(rule("only", fixed(10), multipliers=[at_a_desk]))
        recorded = Member(document).visit("2026-02-01", channel="app")

        assert granted(recorded) == {"only": 10}
        assert explained(recorded)["only"].reason == (
            "without multipliers/0: its condition does not hold"
        )

    def test_a_multiplier_that_cannot_be_evaluated(self) -> None:
        """It does not hold, the rule gives what it gives, and the explanation says of which."""
        unknown = {"percent": 200, "when": "attributes.kg > 3"}
        document = programme(
            rule("only", fixed(10), multipliers=[{"percent": 150}, unknown], at_most=12),
            attributes={"kg": "int"},
        )
        recorded = Member(document).visit("2026-02-01")

        assert granted(recorded) == {"only": 12}
        assert explained(recorded)["only"].reason == (
            "without multipliers/1: the activity has no attribute kg; "
            "it comes to 15, and it gives 12 at most"
        )

    def test_tier_of_the_day_of_the_activity(self) -> None:
        """A late activity from before the climb earns at the tier that was held then."""
        document = programme(
            rule("spend", per_amount(1, 100), on=PURCHASE, tier_percent={"gold": 150}),
            tiers=ladder(("gold", visits(2))),
        )
        member = Member(document)
        member.visit("2026-02-01")
        climbing = member.visit("2026-02-10")
        before = member.buy(1_000, "2026-02-09", now="2026-02-20")
        after = member.buy(1_000, "2026-02-11", now="2026-02-20")

        assert climbing.verdicts[0].tier == "base"
        assert [granted(before), granted(after)] == [{"spend": 10}, {"spend": 15}]
        assert [before.verdicts[0].tier, after.verdicts[0].tier] == ["base", "gold"]

    def test_the_activity_that_climbs_earns_at_the_tier_before(self) -> None:
        """An activity is evaluated by the tier that it found, not by the one that it brings."""
        document = programme(
            rule("visit", fixed(10), tier_percent={"gold": 200}),
            tiers=ladder(("gold", visits(2))),
        )
        member = Member(document)
        given = [granted(member.visit(f"2026-02-0{day}"))["visit"] for day in (1, 2, 3)]

        assert given == [10, 10, 20]


class TestGates:
    """Every rule is explained: matched, or the first gate that stopped it."""

    @pytest.mark.parametrize(
        ("parts", "reason"),
        [
            ({"on": "steps.recorded"}, "it is for steps.recorded"),
            ({"valid_from": "2026-02-02"}, "2026-02-01 is outside its dates"),
            ({"valid_until": "2026-01-31"}, "2026-02-01 is outside its dates"),
            ({"scope": {"include": {"categories": ["skin"]}}}, "no line is in its scope"),
            ({"when": 'activity.channel == "web"'}, "its condition does not hold"),
            ({"when": "attributes.ward == 'a'"}, "the activity has no attribute ward"),
            ({"award": formula("attributes.count + 1")}, "the activity has no attribute count"),
            ({"award": formula("0 - 5")}, "it comes to nothing"),
            ({"award": per_amount(1, 10_000)}, "it comes to nothing"),
        ],
    )
    def test_reasons(self, parts: dict[str, Any], reason: str) -> None:
        """A rule that gives nothing says why in words."""
        parts = {"award": fixed(5), "on": PURCHASE, **parts}
        document = programme(
            rule("only", parts.pop("award"), **parts),
            attributes={"ward": "string", "count": "int"},
        )
        member = Member(document)
        outcome = explained(member.buy(4_000, "2026-02-01"))["only"]

        assert outcome.matched is False
        assert reason in outcome.reason
        assert (outcome.raw, outcome.granted) == (0, 0)
        assert recorded_by(member.events[-1]).awards == ()

    @pytest.mark.parametrize(
        ("when", "matched"),
        [
            ("2026-01-31T23:59:59.999Z", False),
            ("2026-02-01T00:00:00Z", True),
            ("2026-02-03T23:59:59.999Z", True),
            ("2026-02-04T00:00:00Z", False),
        ],
    )
    def test_dates_include_both_ends(self, when: str, *, matched: bool) -> None:
        """A rule is valid from the start of its first day to the end of its last."""
        dates = {"valid_from": "2026-02-01", "valid_until": "2026-02-03"}
        recorded = Member(programme(rule("only", fixed(5), **dates))).visit(when)

        assert explained(recorded)["only"].matched is matched

    def test_the_money_of_another_programme(self) -> None:
        """Money that this programme does not count is no amount to it."""
        pounds = programme(
            rule("spend", per_amount(1, 100), on=PURCHASE), rule("any", fixed(3), on=PURCHASE)
        )
        euros = programme(id="spa", money={"currency": "EUR"})
        member = Member(pounds, euros)
        recorded = member.record(PURCHASE, "2026-02-01", amount=5_000, money="EUR")

        assert explained(recorded)["spend"].reason == "it counts GBP, the activity is in EUR"
        assert granted(recorded) == {"any": 3}
        assert "clinic/spend" not in member.account.metrics
        assert member.account.metrics["spa/spend"] == {"2026-02": 5_000, "all": 5_000}

    def test_explanations_follow_the_document(self) -> None:
        """Explanations come in the document's order, each with what was given of what."""
        document = programme(
            rule("steps", fixed(1), on="steps.recorded"),
            rule("visit", fixed(50), caps=[{"window": "activity", "max": 20}]),
            rule("extra", fixed(7)),
        )
        outcomes = Member(document).visit("2026-02-01").verdicts[0].rules

        assert [(o.rule, o.matched, o.raw, o.granted, o.reason) for o in outcomes] == [
            ("steps", False, 0, 0, "it is for steps.recorded"),
            ("visit", True, 50, 20, "its caps leave 20"),
            ("extra", True, 7, 7, ""),
        ]

    @pytest.mark.parametrize(
        ("condition", "matched"),
        [
            ('member.tier == "base"', True),
            ("member.visits == 2", True),
            ("member.days_enrolled == 27", True),  # 5 January to 1 February
            ('member.status == "enrolled"', True),
            ('member.status == "prospect"', False),
            ('activity.date == "2026-02-01" && activity.weekday == 7', True),
            ('activity.time == "12:00"', True),
        ],
    )
    def test_what_a_condition_knows_of_the_member(self, condition: str, *, matched: bool) -> None:
        """Conditions see the member as the activity found them."""
        document = programme(
            rule("only", fixed(5), on=PURCHASE, when=condition), tiers=ladder(("gold", visits(9)))
        )
        member = Member(document)
        member.visit("2026-01-10")
        member.visit("2026-01-11")

        assert explained(member.buy(100, "2026-02-01"))["only"].matched is matched

    @pytest.mark.parametrize(
        ("birthday", "matched"), [("02-29", True), ("02-01", True), ("03-01", False), ("", False)]
    )
    def test_u6_the_month_of_the_birthday(self, birthday: str, *, matched: bool) -> None:
        """U6: a rule can be for it, and one whose birthday is not known has none."""
        document = programme(
            rule("only", fixed(5), on=PURCHASE, when="activity.month == member.birthday_month")
        )
        member = Member(document, joined=None)
        opening = Open(member=member.id, programmes=("clinic",), birthday=birthday)
        member.do(opening, "2026-01-05")

        assert explained(member.buy(100, "2026-02-10"))["only"].matched is matched
        assert member.reverse("1", "2026-02-11").remaining.whole is False
        assert member.available("2026-02-12") == 0

    def test_attributes(self) -> None:
        """A declared attribute that is sent can be asked for."""
        document = programme(
            rule("only", formula("attributes.kg * 10"), when="attributes.kg >= 2"),
            attributes={"kg": "int"},
        )
        member = Member(document)
        given = [
            granted(member.visit("2026-02-01", attributes={"kg": kg})).get("only") for kg in (1, 3)
        ]

        assert given == [None, 30]

    def test_rules_without_expressions_do_not_load_the_engine(self) -> None:
        """The expression engine costs 60 ms to import, and most programmes may never need it."""
        script = (
            "import sys\n"
            "from tests.domain.building import Member, fixed, programme, rule\n"
            "Member(programme(rule('visit', fixed(5)))).visit('2026-02-01')\n"
            "print('cel_expr_python' in sys.modules)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=Path(__file__).parents[3],
            capture_output=True,
            text=True,
            check=True,
        )

        assert done.stdout == "False\n"


class TestCompetition:
    """The rules of a group compete; rules without one are the group of the document."""

    @pytest.mark.parametrize(
        ("mode", "expected"),
        [
            ("stack", {"low": 10, "high": 30, "mid": 20}),
            ("best", {"low": 0, "high": 30, "mid": 0}),
            ("first", {"low": 0, "high": 0, "mid": 20}),
        ],
    )
    def test_modes(self, mode: str, expected: dict[str, int]) -> None:
        """All of them, the best, or the first by priority."""
        document = programme(
            rule("low", fixed(10)),
            rule("high", fixed(30)),
            rule("mid", fixed(20), priority=5),
            stacking=mode,
        )

        assert granted(Member(document).visit("2026-02-01")) == expected

    @pytest.mark.parametrize("mode", ["first", "best"])
    def test_ties_go_to_the_document(self, mode: str) -> None:
        """Among equals the first of the document wins."""
        document = programme(
            rule("a", fixed(10)), rule("b", fixed(10)), rule("c", fixed(10)), stacking=mode
        )

        assert granted(Member(document).visit("2026-02-01")) == {"a": 10, "b": 0, "c": 0}

    def test_priority_breaks_a_tie_for_the_best(self) -> None:
        """Equal awards: the higher priority wins."""
        document = programme(
            rule("a", fixed(10)), rule("b", fixed(10), priority=1), stacking="best"
        )

        assert granted(Member(document).visit("2026-02-01")) == {"a": 0, "b": 10}

    def test_losers_name_the_winner(self) -> None:
        """Whoever loses is told to whom."""
        best = programme(rule("a", fixed(10)), rule("b", fixed(20)), stacking="best")
        first = programme(rule("a", fixed(10)), rule("b", fixed(20)), stacking="first")

        assert explained(Member(best).visit("2026-02-01"))["a"].reason == "the rule b gave more"
        assert explained(Member(first).visit("2026-02-01"))["b"].reason == ("the rule a came first")

    def test_a_tie_is_told(self) -> None:
        """Who gives as much as the winner is told that it came first; who has no room, that."""
        tie = programme(rule("a", fixed(10)), rule("b", fixed(10), priority=1), stacking="best")
        once = [{"window": "day", "times": 1}]
        both = programme(
            rule("a", fixed(10), caps=once), rule("b", fixed(10), caps=once), stacking="best"
        )
        member = Member(both)
        told = [explained(member.visit("2026-02-01")) for _ in range(3)]

        reason = explained(Member(tie).visit("2026-02-01"))["a"].reason
        assert reason == "the rule b gave as much and came first"
        assert [each["a"].reason for each in told] == [
            "",
            "the rule b gave more",
            "its caps are used up",
        ]
        assert told[0]["b"].reason == "the rule a gave as much and came first"
        assert told[2]["b"].reason == "its caps are used up"

    def test_groups_are_apart(self) -> None:
        """Each group has its mode, and its rules compete with no other's."""
        document = programme(
            rule("base1", fixed(1)),
            rule("base2", fixed(2)),
            rule("promo1", fixed(10), group="promo"),
            rule("promo2", fixed(20), group="promo"),
            rule("once1", fixed(100), group="once", priority=-1),
            rule("once2", fixed(50), group="once"),
            groups=[{"id": "promo", "mode": "best"}, {"id": "once", "mode": "first"}],
        )

        assert granted(Member(document).visit("2026-02-01")) == {
            "base1": 1,
            "base2": 2,
            "promo1": 0,
            "promo2": 20,
            "once1": 0,
            "once2": 50,
        }

    def test_rules_that_do_not_match_do_not_compete(self) -> None:
        """The first is the first of those that match."""
        document = programme(
            rule("web", fixed(10), when='activity.channel == "web"', priority=9),
            rule("any", fixed(3)),
            stacking="first",
        )

        assert granted(Member(document).visit("2026-02-01")) == {"any": 3}

    def test_the_best_is_the_best_after_caps(self) -> None:
        """What a cap leaves is what counts, and only the winner uses its cap."""
        document = programme(
            rule("high", fixed(30), caps=[{"window": "lifetime", "max": 35}]),
            rule("low", fixed(20), caps=[{"window": "lifetime", "times": 1}]),
            stacking="best",
        )
        member = Member(document)
        given = [granted(member.visit(f"2026-02-0{day}")) for day in (1, 2, 3)]

        assert given == [{"high": 30, "low": 0}, {"high": 0, "low": 20}, {"high": 5, "low": 0}]


class TestActivation:
    """Value may have to wait."""

    @pytest.mark.parametrize(
        ("currency", "own", "active"),
        [
            (0, None, None),
            (14, None, "2026-02-15T00:00:00Z"),
            (14, 3, "2026-02-04T00:00:00Z"),
            (14, 0, None),
            (0, 1, "2026-02-02T00:00:00Z"),
        ],
    )
    def test_delay(self, currency: int, own: int | None, active: str | None) -> None:
        """The rule's own delay goes before the currency's; zero is at once."""
        parts: dict[str, Any] = {} if own is None else {"activation_delay_days": own}
        member = Member(
            programme(
                rule("visit", fixed(50), **parts),
                currencies=[points(activation_delay_days=currency)],
            )
        )
        member.visit("2026-02-01")

        expected = None if active is None else at(active)
        assert [lot.key.active_at for lot in member.balance.pending] == [expected] * (
            expected is not None
        )
        assert member.balance.available == (50 if active is None else 0)

    def test_pending_value_becomes_usable_at_local_midnight(self) -> None:
        """A delay of one day ends with the local day of the activity, whatever its hour."""
        member = Member(
            programme(
                rule("visit", fixed(50)),
                currencies=[points(activation_delay_days=1)],
                time_zone="Asia/Tokyo",
            )
        )
        member.visit("2026-02-01T14:59:59Z")  # 23:59:59 in Tokyo

        assert member.available("2026-02-01T14:59:59.999Z") == 0
        assert member.available("2026-02-01T15:00:00Z") == 50
        assert member.seen("2026-02-01T15:00:00Z").balance("clinic/points").pending == ()

    def test_a_late_activity_may_be_active_at_once(self) -> None:
        """A delay is counted from the day of the activity."""
        member = Member(
            programme(rule("visit", fixed(50)), currencies=[points(activation_delay_days=14)])
        )
        member.visit("2026-02-01", now="2026-02-15T00:00:00Z")

        assert member.balance.available == 50
        assert recorded_by(member.events[-1]).awards[0].active_at is None

    def test_pending_value_repays_a_deficit_when_it_activates(self) -> None:
        """Until it is active it repays nothing."""
        document = programme(
            rule("visit", fixed(50)),
            rule("spend", per_amount(1, 100), on=PURCHASE, activation_delay_days=7),
            rewards=[{"id": "tea", "name": "Tea", "price": {"currency": "points", "amount": 50}}],
        )
        member = Member(document)
        member.visit("2026-02-01", name="spent")
        member.redeem("tea", "2026-02-02")
        member.reverse("spent", "2026-02-03")
        member.buy(8_000, "2026-02-03")

        assert member.available("2026-02-09") == -50
        assert member.available("2026-02-10") == 30
        assert member.seen("2026-02-10").balance("clinic/points").deficit == 0


class TestVersions:
    """Activities are evaluated by the version that was in force when they happened."""

    RULES = published(
        ("2025-01-01", programme(rule("visit", fixed(10)))),
        ("2026-06-15T00:00:00Z", programme(rule("visit", fixed(20)))),
        ("2026-06-20T00:00:00Z", programme(rule("visit", fixed(30)))),
    )

    @pytest.mark.parametrize(
        ("occurred", "version", "expected"),
        [
            ("2026-06-14T23:59:59.999Z", 1, 10),
            ("2026-06-15T00:00:00Z", 2, 20),
            ("2026-06-19T23:59:59.999Z", 2, 20),
            ("2026-06-20T00:00:00Z", 3, 30),
        ],
    )
    def test_late_activities(self, occurred: str, version: int, expected: int) -> None:
        """What counts is the instant of the activity, not of its report."""
        recorded = Member(self.RULES).visit(occurred, now="2026-07-01")

        assert granted(recorded) == {"visit": expected}
        assert recorded.verdicts[0].version == version

    def test_a_reversal_recomputes_by_the_version_that_evaluated(self) -> None:
        """The rules of today do not reprice what an activity earned then."""
        rules = published(
            ("2025-01-01", programme(rule("spend", per_amount(1, 100), on=PURCHASE))),
            ("2026-06-15", programme(rule("spend", per_amount(5, 100), on=PURCHASE))),
        )
        member = Member(rules)
        member.basket("2026-06-01", line("a", 3_000), line("b", 2_000), name="old")
        member.reverse("old", "2026-07-01", LineReversal("a"))

        assert member.balance.available == 20
