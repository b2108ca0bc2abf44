"""What a reversal takes back of an award, from where, and what it leaves alone."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.decide.benefits import Returned
from chalicelib.domain.mechanics.remaining import LineReversal
from tests.domain.building import (
    PURCHASE,
    Member,
    fixed,
    formula,
    granted,
    per_amount,
    points,
    posted,
    programme,
    published,
    reward,
    rule,
)
from tests.domain.sale import LINES, SPEND, basket, returned


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
        """What was spent becomes a debt, or is written off."""
        member = self.spent(100, 80, negative_balance=policy)
        result = member.reverse("sale", "2026-02-06")

        assert result.returned == (expected,)
        assert member.balance.available == available
        assert posted(member.events[-1]) == postings

    def test_refused(self) -> None:
        """Or it refuses the whole reversal, and nothing changes."""
        member = self.spent(100, 80, negative_balance="reject")
        before = member.account
        refusal = member.refused(member.reversing("sale"), "2026-02-06")

        assert (refusal.code, refusal.extensions) == (
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
        assert member.refused(member.redeeming("item"), "2026-02-07").extensions["available"] == -80
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
            ("2026-05-13T00:00:00Z", Returned("clinic/points", 0, expired=100), 50),
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
        part = member.reverse("sale", "2026-02-02", amount=40)
        assert part.returned == (Returned("clinic/points", 40, pending=40),)
        assert (member.balance.available, member.balance.pending_total) == (30, 60)
        assert posted(member.events[-1]) == [("member/pending", "issued/tenant", 40)]
        member.reverse("sale", "2026-02-03")

        assert (member.balance.available, member.balance.pending_total) == (30, 0)

    def test_value_that_was_pending(self) -> None:
        """Once it is active it comes from its lot."""
        member = Member(
            programme(rule("penny", per_amount(1, 1), on=PURCHASE, activation_delay_days=14))
        )
        member.buy(100, "2026-02-01", name="sale")
        member.reverse("sale", "2026-02-15T00:00:00Z", amount=40)

        assert [event.kind for event in member.events[-2:]] == [
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
        """A clipped B; without A, B stays as it was; but a later activity finds the room."""
        member = self.member(max=100)
        member.buy(80, "2026-02-01", name="a")
        assert granted(member.buy(80, "2026-02-01", name="b")) == {"penny": 20}
        member.reverse("a", "2026-02-01T13:00:00Z")

        assert member.balance.available == 20
        assert {key: c.value for key, c in member.account.counters.items()} == {
            "limit/clinic/penny/max/day/2026-02-01": 20
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
    """Rules evaluate what is left as if it had been the activity, but a refund is never a gain."""

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
        """A rule that the activity did not meet gives nothing for a part of it."""
        member = basket(
            SPEND, rule("small", fixed(500), on=PURCHASE, when="activity.amount < 5000")
        )
        member.reverse("sale", "2026-02-02", LineReversal("a"))

        assert member.balance.available == 30

    @pytest.mark.parametrize("mode", ["first", "best"])
    def test_a_rule_that_only_the_rest_meets_wins_nothing(self, mode: str) -> None:
        """Nor does it push aside the rule that the activity did meet."""
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

    def test_another_that_gives_as_much(self) -> None:
        """What is left is of the rule that it meets, though the member keeps all of it."""
        member = basket(
            rule("spend", per_amount(2, 100), on=PURCHASE),  # 121
            rule("flat", fixed(121), on=PURCHASE),
            stacking="best",
        )
        first = member.reverse("sale", "2026-02-02", LineReversal("a"))

        assert first.remaining.granted == (0, 121)
        assert (returned(first), member.balance.available) == ({}, 121)

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
        """Conditions on the member see the visits and the day of the activity."""
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
