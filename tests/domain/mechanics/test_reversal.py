"""What comes back when an activity is taken back, and from where."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.decide.claims import SaveRecord
from chalicelib.domain.ledger.events import ActivityReversed, ActivitySummary, Line
from chalicelib.domain.mechanics.reversal import (
    REMAINING,
    LineReversal,
    Remaining,
    Returned,
    Reversed,
)
from tests.domain.building import (
    PURCHASE,
    Member,
    at,
    fixed,
    formula,
    granted,
    line,
    per_amount,
    per_unit,
    points,
    posted,
    programme,
    published,
    reward,
    rule,
)

LINES = (
    line("a", 3_000, "food", quantity=3),
    line("b", 2_050, "care", quantity=1),
    line("c", 1_000, "rx", quantity=2),
)
SPEND = rule("spend", per_amount(1, 100), on=PURCHASE)
NO_RX = {"exclude": {"categories": ["rx"]}}


def basket(*rules: dict[str, Any], lines: tuple[Line, ...] = LINES, **parts: Any) -> Member:
    """Return a member who made one purchase, named `sale`, on 1 February."""
    member = Member(programme(*(rules or (SPEND,)), **parts))
    member.basket("2026-02-01", *lines, name="sale")
    return member


def returned(result: Reversed) -> dict[str, int]:
    """Return how much came back, by currency."""
    return {each.currency: each.amount for each in result.returned}


class TestWhole:
    """Everything that a fact did is undone."""

    def test_everything(self) -> None:
        """Value, caps, metrics and counts are as if it had not been."""
        member = basket(
            rule("spend", per_amount(1, 100), on=PURCHASE, caps=[{"window": "day", "max": 50}])
        )
        before = member.account.stats
        result = member.reverse("sale", "2026-02-02")

        assert result == Reversed(
            changed=True,
            returned=(Returned("clinic/points", 50),),
            remaining=Remaining(
                amount=0,
                quantity=None,
                lines={"a": (0, 0), "b": (0, 0), "c": (0, 0)},
                granted=(0,),
                whole=False,
                revision=1,
            ),
        )
        assert (before.activities, member.account.stats.activities) == (1, 0)
        assert (member.account.balances, member.account.counters, member.account.metrics) == (
            {},
            {},
            {},
        )

    def test_what_is_journaled(self) -> None:
        """The entry names the one it takes back, and dates from the fact."""
        member = basket()
        decision = member.do(member.reversing("sale"), "2026-02-02")
        entry = member.entries[-1]

        assert entry.data == ActivityReversed(
            2, ActivitySummary(PURCHASE, amount=6_050, money="GBP")
        )
        assert (entry.occurred_at, entry.effective_at) == (at("2026-02-01"), at("2026-02-02"))
        assert posted(entry) == [("member/available", "issued/tenant", 60)]
        assert entry.detail is not None
        assert (entry.detail.source, entry.detail.external_id) == ("till", "sale")
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

        assert decision.entries == ()
        assert decision.claims == ()
        assert decision.result == Reversed(changed=False, returned=(), remaining=first.remaining)

    def test_a_fact_that_earned_nothing(self) -> None:
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
        """Each programme that judged the fact takes its award back."""
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
            ([LineReversal("a", quantity=1), LineReversal("a", quantity=1)], 20, 40),
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

        assert result.remaining.lines == {"a": remaining, "b": (2_050, 1), "c": (1_000, 2)}
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

    def test_units_of_the_fact_itself(self) -> None:
        """A quantity that the fact states shrinks with its lines."""
        member = Member(programme(rule("only", per_unit(5), on=PURCHASE)))
        member.basket("2026-02-01", *LINES, name="sale", quantity=6)
        result = member.reverse("sale", "2026-02-02", LineReversal("a"))

        assert result.remaining.quantity == 3
        assert member.balance.available == 15
        assert member.reverse("sale", "2026-02-03").remaining.quantity == 0

    def test_scope(self) -> None:
        """A line that earned nothing takes nothing back."""
        member = basket(rule("spend", per_amount(1, 100), on=PURCHASE, scope=NO_RX))
        result = member.reverse("sale", "2026-02-02", LineReversal("c"))

        assert (result.changed, result.returned) == (True, ())
        assert member.balance.available == 50
        assert member.account.metrics["clinic/spend"]["all"] == 5_050

    def test_the_last_line_takes_the_visit_with_it(self) -> None:
        """Only a fact of which nothing is left is no fact any more."""
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
            ([LineReversal("a"), LineReversal("a", amount=1)], "exceeds_remaining", "/lines/1/"),
        ],
    )
    def test_refusals(self, lines: list[LineReversal], code: str, pointer: str) -> None:
        """No more than there is, of lines that there are."""
        member = basket()
        refusal = member.refused(member.reversing("sale", *lines), "2026-02-02")
        pointers = [error["pointer"] for error in getattr(refusal, "errors", [])]

        assert refusal.code == code
        assert str(refusal.facts.get("pointer", *pointers)).startswith(pointer)
        assert member.balance.available == 60

    def test_a_line_twice(self) -> None:
        """A line that is all back already gives nothing more."""
        member = basket()
        member.reverse("sale", "2026-02-02", LineReversal("a"))
        decision = member.do(member.reversing("sale", LineReversal("a")), "2026-02-03")

        assert decision.entries == ()
        assert decision.result.changed is False


class TestByAmount:
    """A fact without lines shrinks by an amount."""

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

        assert (refusal.code, refusal.facts["remaining"]) == ("exceeds_remaining", left)

    def test_facts_with_lines_need_their_lines(self) -> None:
        """Of a basket one must say what comes back: its lines may earn differently."""
        member = basket()

        assert member.refused(member.reversing("sale", amount=5), "2026-02-02").code == (
            "lines_required"
        )

    def test_facts_without_money(self) -> None:
        """A fact without an amount is reversed whole."""
        member = Member(programme())
        member.visit("2026-02-01", name="v")

        assert member.refused(member.reversing("v", amount=5), "2026-02-02").code == "no_amount"
        assert (
            member.refused(member.reversing("v", LineReversal("1")), "2026-02-02").code
            == "unknown_line"
        )


class TestWhereItComesFrom:
    """From the award's own lot, then in burn order, then by policy."""

    @staticmethod
    def spent(earned: int, spent: int, later: int = 0, **policy: Any) -> Member:
        """Return a member who earned with `sale`, then maybe with another, and spent."""
        document = programme(
            rule("penny", per_amount(1, 1), on=PURCHASE),
            currencies=[points({"type": "rolling", "days": 100}, **policy)],
            rewards=[reward("item", spent)] if spent else [],
        )
        member = Member(document)
        member.buy(earned, "2026-02-01", name="sale")
        if later:
            member.buy(later, "2026-02-03", name="later")
        if spent:
            member.redeem("item", "2026-02-05")
        return member

    def test_its_own_lot(self) -> None:
        """What is still there comes from the lot that the award opened."""
        member = self.spent(100, 0, later=40)
        member.reverse("sale", "2026-02-06", amount=30)

        assert [(lot.amount, lot.key.expires_on) for lot in member.balance.lots] == [
            (70, "2026-05-12"),
            (40, "2026-05-14"),
        ]

    def test_then_the_others(self) -> None:
        """What was spent of it comes from other value, earliest expiry first."""
        member = self.spent(100, 80, later=50)
        result = member.reverse("sale", "2026-02-06")

        assert result.returned == (Returned("clinic/points", 100, deficit=30),)
        assert member.balance.available == -30

    def test_without_a_deficit(self) -> None:
        """As long as other value is enough, nothing is owed."""
        member = self.spent(100, 80, later=90)
        result = member.reverse("sale", "2026-02-06")

        assert result.returned == (Returned("clinic/points", 100),)
        assert [(lot.amount, lot.key.expires_on) for lot in member.balance.lots] == [
            (10, "2026-05-14")
        ]

    @pytest.mark.parametrize(
        ("policy", "expected", "available", "postings"),
        [
            (
                "deficit",
                Returned("clinic/points", 100, deficit=80),
                -80,
                [
                    ("member/available", "issued/tenant", 20),
                    ("member/available", "issued/tenant", 80),
                ],
            ),
            (
                "clamp",
                Returned("clinic/points", 20, written_off=80),
                0,
                [("member/available", "issued/tenant", 20)],
            ),
        ],
    )
    def test_policies(
        self,
        policy: str,
        expected: Returned,
        available: int,
        postings: list[tuple[str, str, int]],
    ) -> None:
        """What was spent becomes a debt, or is let go."""
        member = self.spent(100, 80, negative_balance=policy)
        result = member.reverse("sale", "2026-02-06")

        assert result.returned == (expected,)
        assert member.balance.available == available
        assert posted(member.entries[-1]) == postings

    def test_refused(self) -> None:
        """Or it refuses the whole reversal, and nothing changes."""
        member = self.spent(100, 80, negative_balance="reject")
        before = member.account
        refusal = member.refused(member.reversing("sale"), "2026-02-06")

        assert (refusal.code, refusal.facts) == (
            "already_spent",
            {"currency": "clinic/points", "spent": 80},
        )
        assert member.account is before
        assert member.reverse("sale", "2026-02-06", amount=20).changed is True

    def test_the_policy_of_today(self) -> None:
        """How spent value is treated is decided by the version in force now."""
        penny = rule("penny", per_amount(1, 1), on=PURCHASE)
        rules = published(
            ("2026-01-01", programme(penny, rewards=[reward("item", 80)])),
            ("2026-03-01", programme(penny, currencies=[points(negative_balance="clamp")])),
        )
        member = Member(rules)
        member.buy(100, "2026-02-01", name="sale")
        member.redeem("item", "2026-02-02")

        assert member.reverse("sale", "2026-03-02").returned == (
            Returned("clinic/points", 20, written_off=80),
        )

    def test_a_deficit_is_repaid_by_what_comes(self) -> None:
        """Later earning repays first, then opens lots; nothing can be spent meanwhile."""
        member = self.spent(100, 80)
        member.reverse("sale", "2026-02-06")
        assert member.refused(member.redeeming("item"), "2026-02-07").facts["available"] == -80
        member.buy(50, "2026-02-07")
        assert (member.balance.deficit, member.balance.lots) == (30, ())
        member.buy(50, "2026-02-08")
        assert (member.balance.deficit, [lot.amount for lot in member.balance.lots]) == (0, [20])

    def test_deficits_add_up(self) -> None:
        """A second reversal owes more."""
        member = self.spent(100, 150, later=60)
        member.reverse("sale", "2026-02-06")
        member.reverse("later", "2026-02-07")

        assert member.balance.deficit == 150

    @pytest.mark.parametrize(
        ("now", "expected", "available"),
        [
            ("2026-05-12T23:59:59.999Z", Returned("clinic/points", 100), 50),
            ("2026-05-13T00:00:00Z", Returned("clinic/points", 0), 50),
        ],
    )
    def test_expired_value(self, now: str, expected: Returned, available: int) -> None:
        """Value that has expired since is not taken from other value."""
        member = self.spent(100, 0, later=50)
        result = member.reverse("sale", now)

        assert result.returned == (expected,)
        assert member.balance.available == available

    def test_pending_value(self) -> None:
        """What waits for its activation is taken from where it waits."""
        member = Member(
            programme(
                rule("penny", per_amount(1, 1), on=PURCHASE, activation_delay_days=14),
                rule("visit", fixed(30)),
            )
        )
        member.visit("2026-02-01")
        member.buy(100, "2026-02-01", name="sale")
        member.reverse("sale", "2026-02-02", amount=40)
        assert (member.balance.available, member.balance.pending_total) == (30, 60)
        assert posted(member.entries[-1]) == [("member/pending", "issued/tenant", 40)]
        member.reverse("sale", "2026-02-03")

        assert (member.balance.available, member.balance.pending_total) == (30, 0)

    def test_value_that_was_pending(self) -> None:
        """Once it is active it comes from its lot."""
        member = Member(
            programme(rule("penny", per_amount(1, 1), on=PURCHASE, activation_delay_days=14))
        )
        member.buy(100, "2026-02-01", name="sale")
        member.reverse("sale", "2026-02-15T00:00:00Z", amount=40)

        assert [entry.kind for entry in member.entries[-2:]] == [
            "pending.activated",
            "activity.reversed",
        ]
        assert (member.balance.available, member.balance.pending_total) == (60, 0)


class TestCaps:
    """A reversal uses the room that there was, and gives back what it used."""

    @staticmethod
    def member(**cap: Any) -> Member:
        """Return a member of a programme with a point a penny under one cap a day."""
        caps = [{"window": "day", **cap}]
        return Member(programme(rule("penny", per_amount(1, 1), on=PURCHASE, caps=caps)))

    def test_others_are_not_reopened(self) -> None:
        """A clipped B; without A, B stays as it was; but a later fact finds the room."""
        member = self.member(max=100)
        member.buy(80, "2026-02-01", name="a")
        assert granted(member.buy(80, "2026-02-01", name="b")) == {"penny": 20}
        member.reverse("a", "2026-02-01T13:00:00Z")

        assert member.balance.available == 20
        assert {key: c.value for key, c in member.account.counters.items()} == {
            "clinic/penny/max/day/2026-02-01": 20
        }
        assert granted(member.buy(100, "2026-02-01", now="2026-02-02", name="c")) == {"penny": 80}

    def test_a_clipped_award_shrinks_from_what_it_was_worth(self) -> None:
        """Of 150 clipped to 100 the first 50 that come back cost nothing."""
        member = self.member(max=100)
        member.buy(150, "2026-02-01", name="sale")
        balances = []
        for amount in (50, 10, 40):
            member.reverse("sale", "2026-02-02", amount=amount)
            balances.append(member.balance.available)

        assert balances == [100, 90, 50]

    def test_the_room_of_then(self) -> None:
        """Room that another reversal opened since does not count."""
        member = self.member(max=100)
        member.buy(80, "2026-02-01", name="a")
        member.buy(80, "2026-02-01", name="b")
        member.reverse("a", "2026-02-02")
        member.reverse("b", "2026-02-02", amount=10)

        assert member.balance.available == 20

    def test_a_rejected_award_stays_rejected(self) -> None:
        """What is left would have fitted, but nothing was given to take back."""
        member = self.member(max=100, on_exceed="reject")
        member.buy(150, "2026-02-01", name="sale")
        result = member.reverse("sale", "2026-02-02", amount=60)

        assert (result.returned, result.remaining.granted) == ((), (0,))
        assert member.account.balances == {}

    def test_times(self) -> None:
        """A count goes back only when nothing of the award is left."""
        member = self.member(times=1)
        member.buy(80, "2026-02-01", name="a")
        member.reverse("a", "2026-02-01T13:00:00Z", amount=30)
        assert granted(member.buy(80, "2026-02-01", now="2026-02-02")) == {"penny": 0}
        member.reverse("a", "2026-02-02")
        assert granted(member.buy(80, "2026-02-01", now="2026-02-03")) == {"penny": 80}


class TestConditionsOnWhatIsLeft:
    """Rules judge what is left as if it had been the fact, but a refund is never a gain."""

    def test_a_threshold_that_is_no_longer_met(self) -> None:
        """A bonus above 50.00 goes when less is left."""
        member = basket(
            SPEND, rule("bonus", fixed(100), on=PURCHASE, when="activity.amount >= 5000")
        )
        assert member.balance.available == 160
        member.reverse("sale", "2026-02-02", LineReversal("c"))
        assert member.balance.available == 150
        member.reverse("sale", "2026-02-03", LineReversal("b"))
        assert member.balance.available == 30

    def test_a_condition_that_only_the_rest_meets(self) -> None:
        """A rule that the fact did not meet gives nothing for a part of it."""
        member = basket(
            SPEND, rule("small", fixed(500), on=PURCHASE, when="activity.amount < 5000")
        )
        member.reverse("sale", "2026-02-02", LineReversal("a"))

        assert member.balance.available == 30

    @pytest.mark.parametrize("mode", ["first", "best"])
    def test_a_rule_that_only_the_rest_meets_wins_nothing(self, mode: str) -> None:
        """Nor does it push aside the rule that the fact did meet."""
        member = basket(
            rule("small", fixed(500), on=PURCHASE, when="activity.amount < 5000", priority=9),
            SPEND,
            stacking=mode,
        )
        assert member.balance.available == 60
        member.reverse("sale", "2026-02-02", LineReversal("a"))

        assert member.balance.available == 30

    def test_an_award_that_would_grow(self) -> None:
        """A formula that gives more for less gives what it gave."""
        member = basket(rule("odd", formula("10000 - activity.amount"), on=PURCHASE))
        before = member.balance.available
        result = member.reverse("sale", "2026-02-02", LineReversal("a"))

        assert (result.returned, member.balance.available) == ((), before)
        assert member.reverse("sale", "2026-02-03").changed is True
        assert member.account.balances == {}

    def test_the_best_may_be_another(self) -> None:
        """On what is left another rule may be the best: the difference comes back."""
        member = basket(
            rule("spend", per_amount(2, 100), on=PURCHASE),  # 121
            rule("flat", fixed(70), on=PURCHASE),
            stacking="best",
        )
        first = member.reverse("sale", "2026-02-02", LineReversal("a"))  # 61 or 70

        assert first.remaining.granted == (0, 70)
        assert returned(first) == {"clinic/points": 51}
        assert member.balance.available == 70
        second = member.reverse("sale", "2026-02-03")
        assert returned(second) == {"clinic/points": 70}
        assert member.account.balances == {}

    @pytest.mark.parametrize(("spend", "flat"), [(7, 0), (0, 7), (0, 0), (7, 7), (3, 7)])
    def test_the_best_with_another_activation(self, spend: int, flat: int) -> None:
        """Wherever the winner's value would wait, what comes back is what was given."""
        member = basket(
            rule("spend", per_amount(2, 100), on=PURCHASE, activation_delay_days=spend),
            rule("flat", fixed(70), on=PURCHASE, activation_delay_days=flat),
            stacking="best",
        )
        member.reverse("sale", "2026-02-02", LineReversal("a"))
        assert member.balance.available + member.balance.pending_total == 70
        member.reverse("sale", "2026-02-03")

        assert member.account.balances == {}
        assert member.verdict().holds

    def test_by_the_standing_of_then(self) -> None:
        """Conditions on the member see the visits and the day of the fact."""
        member = Member(
            programme(
                rule("spend", per_amount(1, 100), on=PURCHASE, when="member.visits == 0"),
                rule("new", fixed(7), on=PURCHASE, when="member.days_enrolled < 30"),
            )
        )
        member.basket("2026-02-01", *LINES, name="sale")
        member.visit("2026-02-02")
        member.reverse("sale", "2026-06-01", LineReversal("a"))

        assert member.balance.available == 37
