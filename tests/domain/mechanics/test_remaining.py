"""Which part of an activity comes back: lines, units, money, or an amount of it."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.mechanics.remaining import LineReversal, Remaining, returned_lines
from tests.domain.building import (
    PURCHASE,
    Member,
    activity,
    fixed,
    formula,
    line,
    per_amount,
    per_unit,
    programme,
    rule,
)
from tests.domain.sale import LINES, NO_RX, SPEND, basket, returned


class TestByLine:
    """The award is computed anew on the lines that are left."""

    @pytest.mark.parametrize(
        ("lines", "back", "left"),
        [
            ([LineReversal("a")], 30, 30),
            ([LineReversal("b")], 20, 40),  # 40.00 left
            ([LineReversal("c")], 10, 50),  # 50.5
            ([LineReversal("a"), LineReversal("c")], 40, 20),
            ([LineReversal("a"), LineReversal("b"), LineReversal("c")], 60, 0),
            ([LineReversal("a", quantity=1)], 10, 50),  # a third of 30.00
            ([LineReversal("a", quantity=2)], 20, 40),
            ([LineReversal("a", quantity=3)], 30, 30),
            ([LineReversal("b", amount=50)], 0, 60),
            ([LineReversal("b", amount=51)], 1, 59),
            ([LineReversal("b", amount=2_050)], 20, 40),
            ([LineReversal("a", quantity=1, amount=100)], 1, 59),
        ],
    )
    def test_amounts(self, lines: list[LineReversal], back: int, left: int) -> None:
        """Whole lines, some units of a line, or some of its money."""
        member = basket()
        result = member.reverse("sale", "2026-02-02", *lines)

        assert returned(result).get("clinic/points", 0) == back
        assert member.balance.available == left

    @pytest.mark.parametrize(
        ("reversal", "remaining"),
        [
            (LineReversal("a", quantity=1), (2_000, 2)),
            (LineReversal("a", quantity=2), (1_000, 1)),
            (LineReversal("a", amount=500), (2_500, 3)),
            (LineReversal("a", amount=3_000), (0, 0)),
            (LineReversal("a", quantity=1, amount=500), (2_500, 2)),
            (LineReversal("a"), (0, 0)),
        ],
    )
    def test_what_remains(self, reversal: LineReversal, remaining: tuple[int, int]) -> None:
        """Units take their share of money with them; money alone leaves the units."""
        result = basket().reverse("sale", "2026-02-02", reversal)

        assert result.remaining.lines == (remaining, (2_050, 1), (1_000, 2))
        assert result.remaining.amount == 3_050 + remaining[0]

    def test_a_share_is_rounded_half_up(self) -> None:
        """One of three units of 1.00 is 0.33, and the last takes what is left."""
        member = basket(
            rule("penny", per_amount(1, 1), on=PURCHASE), lines=(line("x", 100, quantity=3),)
        )
        back = [
            returned(member.reverse("sale", f"2026-02-0{day}", LineReversal("x", quantity=1)))
            for day in (2, 3, 4)
        ]

        assert [each["clinic/points"] for each in back] == [33, 34, 33]
        assert member.account.balances == {}

    @pytest.mark.parametrize(
        ("award", "left"),
        [(per_unit(5), 15), (fixed(7), 7), (formula("counted.quantity * 2"), 6)],
    )
    def test_units(self, award: dict[str, Any], left: int) -> None:
        """Of 3 + 1 + 2 units, three come back."""
        member = basket(rule("only", award, on=PURCHASE))
        member.reverse("sale", "2026-02-02", LineReversal("b"), LineReversal("c"))

        assert member.balance.available == left

    def test_units_of_the_activity_itself(self) -> None:
        """A quantity that the activity states shrinks with its lines."""
        member = Member(programme(rule("only", per_unit(5), on=PURCHASE)))
        member.basket("2026-02-01", *LINES, name="sale", quantity=6)
        result = member.reverse("sale", "2026-02-02", LineReversal("a"))

        assert result.remaining.quantity == 3
        assert member.balance.available == 15
        assert member.reverse("sale", "2026-02-03").remaining.quantity == 0

    @pytest.mark.parametrize(("stated", "left"), [(6, 2), (5, 1), (4, 0), (3, 0), (1, 0), (0, 0)])
    def test_fewer_units_than_its_lines_have(self, stated: int, left: int) -> None:
        """Of a quantity that the activity states nothing is left below zero."""
        member = Member(programme(rule("only", per_unit(5), on=PURCHASE)))
        member.basket("2026-02-01", *LINES, name="sale", quantity=stated)
        result = member.reverse("sale", "2026-02-02", LineReversal("a"), LineReversal("b"))

        assert result.remaining.quantity == left
        assert member.balance.available == 5 * left

    def test_scope(self) -> None:
        """A line that earned nothing takes nothing back."""
        member = basket(rule("spend", per_amount(1, 100), on=PURCHASE, scope=NO_RX))
        result = member.reverse("sale", "2026-02-02", LineReversal("c"))

        assert (result.changed, result.returned) == (True, ())
        assert member.balance.available == 50
        assert member.account.metrics["clinic/spend"]["all"] == 5_050

    def test_the_last_line_takes_the_visit_with_it(self) -> None:
        """Only an activity of which nothing is left is no activity any more."""
        member = Member(programme(SPEND, metrics={"visits_on": [PURCHASE]}))
        member.basket("2026-02-01", *LINES, name="sale")
        counts = []
        for day, name in enumerate("abc", start=2):
            member.reverse("sale", f"2026-02-0{day}", LineReversal(name))
            counts.append(
                (
                    member.account.stats.activities,
                    member.account.metrics.get("clinic/visits", {}).get("all", 0),
                )
            )

        assert counts == [(1, 1), (1, 1), (0, 0)]
        assert member.account.metrics == {}

    @pytest.mark.parametrize(
        ("lines", "code", "pointer"),
        [
            ([LineReversal("z")], "unknown_line", "/lines/0/id"),
            ([LineReversal("a", amount=3_001)], "exceeds_remaining", "/lines/0/amount"),
            ([LineReversal("a", quantity=4)], "exceeds_remaining", "/lines/0/quantity"),
            ([LineReversal("a"), LineReversal("b", quantity=2)], "exceeds_remaining", "/lines/1/"),
            ([LineReversal("a", quantity=1)] * 2, "duplicate_line", "/lines/1/id"),
            ([LineReversal("a"), LineReversal("b")] * 2, "duplicate_line", "/lines/2/id"),
        ],
    )
    def test_refusals(self, lines: list[LineReversal], code: str, pointer: str) -> None:
        """No more than there is, of lines that there are, each named once."""
        member = basket()
        refusal = member.refused(member.reversing("sale", *lines), "2026-02-02")
        pointers = [error["pointer"] for error in getattr(refusal, "errors", [])]

        assert refusal.code == code
        assert str(refusal.extensions.get("pointer", *pointers)).startswith(pointer)
        assert member.balance.available == 60

    def test_a_line_twice(self) -> None:
        """A line that is all back already gives nothing more."""
        member = basket()
        member.reverse("sale", "2026-02-02", LineReversal("a"))
        decision = member.do(member.reversing("sale", LineReversal("a")), "2026-02-03")

        assert decision.events == ()
        assert decision.result.changed is False


class TestByAmountOfLines:
    """An amount comes back of all lines that are left, in proportion, and their units stay."""

    @pytest.mark.parametrize(
        ("amounts", "left"),
        [
            # Of 30.00, 20.50 and 10.00: the largest remainders are rounded up.
            ([605], [(2_700, 3), (1_845, 1), (900, 2)]),
            ([1], [(2_999, 3), (2_050, 1), (1_000, 2)]),
            ([6_049], [(1, 3), (0, 1), (0, 2)]),
            ([605, 605], [(2_400, 3), (1_640, 1), (800, 2)]),
            ([6_050], [(0, 0), (0, 0), (0, 0)]),
            ([6_000, 50], [(0, 0), (0, 0), (0, 0)]),
        ],
    )
    def test_f_what_remains(self, amounts: list[int], left: list[tuple[int, int]]) -> None:
        """All of it is the whole purchase, in one or in several."""
        member = basket()
        for day, amount in enumerate(amounts, start=2):
            result = member.reverse("sale", f"2026-02-0{day}", amount=amount)

        assert list(result.remaining.lines) == left
        assert result.remaining.amount == 6_050 - sum(amounts)
        assert result.remaining.whole == (sum(amounts) < 6_050)
        assert member.verdict().holds

    def test_f_each_line_earns_by_its_own_rule(self) -> None:
        """What the amount takes of a line that earns nothing takes nothing back."""
        member = basket(rule("spend", per_amount(1, 1), on=PURCHASE, scope=NO_RX))

        result = member.reverse("sale", "2026-02-02", amount=605)

        assert returned(result) == {"clinic/points": 505}

    def test_f_no_more_than_is_left(self) -> None:
        """After a line came back, the amount is of the others."""
        member = basket()
        member.reverse("sale", "2026-02-02", LineReversal("a"))
        refusal = member.refused(member.reversing("sale", amount=3_051), "2026-02-03")

        assert (refusal.code, refusal.extensions["remaining"]) == ("exceeds_remaining", 3_050)
        after = member.reverse("sale", "2026-02-03", amount=305).remaining
        assert after.lines == ((0, 0), (1_845, 1), (900, 2))

    def test_f_lines_and_an_amount(self) -> None:
        """Both at once would be two meanings."""
        member = basket()
        both = member.reversing("sale", LineReversal("a"), amount=5)

        assert member.refused(both, "2026-02-02").code == "lines_or_amount"


def test_what_came_back_of_each_line() -> None:
    """Amount and units less what is left; nothing is said of a line that stays as it was."""
    sold = (line("a", 900, "x", sku="A", quantity=3), line("b", 500, "y"), line("c", 0, quantity=2))
    before = Remaining(None, None, lines=((900, 3), (500, 1), (0, 2)))
    after = Remaining(None, None, lines=((300, 1), (500, 1), (0, 1)))

    back = list(returned_lines(activity(PURCHASE, "2026-02-01", lines=sold), before, after))

    assert back == [
        line("a", 600, "x", sku="A", quantity=2),
        line("c", 0, quantity=1),
    ]


class TestByAmount:
    """An activity without lines shrinks by an amount."""

    @staticmethod
    def member(*rules: dict[str, Any], **parts: Any) -> Member:
        """Return a member who spent 80.50, named `sale`."""
        member = Member(programme(*(rules or (SPEND,)), **parts))
        member.buy(8_050, "2026-02-01", name="sale")
        return member

    @pytest.mark.parametrize(
        ("amounts", "left"),
        [
            ([50], [80]),
            ([51], [79]),
            ([8_050], [0]),
            ([1_000, 1_000, 50], [70, 60, 60]),
            ([4_000, 4_050], [40, 0]),
            ([4_000, None], [40, 0]),
        ],
    )
    def test_repeated(self, amounts: list[int | None], left: list[int]) -> None:
        """Each time the award is that of the money which is left."""
        member = self.member()
        balances = []
        for day, amount in enumerate(amounts, start=2):
            member.reverse("sale", f"2026-02-0{day}", amount=amount)
            balances.append(member.balance.available)

        assert balances == left
        remaining = member.left_of("sale")
        assert remaining is not None
        assert remaining.revision == len(amounts)

    @pytest.mark.parametrize(("first", "second", "left"), [(0, 8_051, 8_050), (8_000, 51, 50)])
    def test_no_more_than_is_left(self, first: int, second: int, left: int) -> None:
        """What was reversed before cannot be reversed again."""
        member = self.member()
        if first:
            member.reverse("sale", "2026-02-02", amount=first)
        refusal = member.refused(member.reversing("sale", amount=second), "2026-02-03")

        assert (refusal.code, refusal.extensions["remaining"]) == ("exceeds_remaining", left)

    def test_activities_without_money(self) -> None:
        """An activity without an amount is reversed whole."""
        member = Member(programme())
        member.visit("2026-02-01", name="v")

        assert member.refused(member.reversing("v", amount=5), "2026-02-02").code == "no_amount"
        assert (
            member.refused(member.reversing("v", LineReversal("1")), "2026-02-02").code
            == "unknown_line"
        )
