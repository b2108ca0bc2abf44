"""One award is taken back, and nothing else with it."""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.decide.benefits import Returned
from chalicelib.domain.decide.claims import SaveRecord
from chalicelib.domain.ledger.events import AwardRevoked
from chalicelib.domain.mechanics.goodwill import GiveGoodwill
from chalicelib.domain.mechanics.membership import Open
from chalicelib.domain.mechanics.remaining import LineReversal
from chalicelib.domain.mechanics.revocations import RevokeAward, Revoked
from chalicelib.domain.mechanics.taking_back import TakenBack
from tests.domain.building import (
    PURCHASE,
    Member,
    fixed,
    ladder,
    line,
    per_amount,
    points,
    posted,
    programme,
    rolling,
    rule,
    visits,
)
from tests.examples import examples

POINTS: Final = "clinic/points"
NOW: Final = "2026-02-03"


def revoking(version: int, **which: Any) -> RevokeAward:
    """Return the command to take back what an event gave."""
    return RevokeAward(member="mem_1", version=version, reason="by-mistake", **which)


def revoked(member: Member, version: int, when: str = NOW, **which: Any) -> Revoked:
    """Take back what an event gave."""
    result = member.do(revoking(version, **which), when).result
    assert isinstance(result, Revoked)
    assert member.verdict().holds
    return result


def last(member: Member) -> int:
    """Return the version of the last event."""
    return member.events[-1].version


class TestWhatCanBeRevoked:
    """Each way in which value is given, and nothing else that the event did."""

    def test_f_told_again(self) -> None:
        """The first says what changed, the second that nothing did."""
        member = Member(programme())
        member.adjust(40, NOW)
        given = last(member)

        first, again = revoked(member, given), revoked(member, given)

        assert (first.changed, first.currency, first.award) == (True, POINTS, "")
        assert first.returned == (Returned(POINTS, 40),)
        assert first.event == member.events[-1]
        assert again == Revoked(changed=False, award="", currency=POINTS)

    def test_f_an_adjustment(self) -> None:
        """It goes to where it came from; other value stays, of the same lot as well."""
        member = Member(programme())
        member.adjust(30, "2026-02-01")
        version = last(member)
        member.adjust(50, "2026-02-02")

        result = revoked(member, version)

        assert result.returned == (Returned(POINTS, 30),)
        assert result.event is not None
        assert posted(result.event) == [("member/available", "adjusted/tenant", 30)]
        assert result.event.data == AwardRevoked(version, POINTS, 30, "", "by-mistake")
        assert member.balance.available == 50

    def test_f_goodwill(self) -> None:
        """Its budget stays used: it was given that day."""
        member = Member(programme(goodwill={"currency": "points", "daily": {"server": 50}}))
        member.do(GiveGoodwill(member="", programme="clinic", points=20, reason="wait"), NOW)

        done = member.do(revoking(last(member)), NOW)

        assert member.balance.available == 0
        (claim,) = done.claims
        assert isinstance(claim, SaveRecord)
        # Which event took it back is told to whoever asks what became of it.
        assert claim.record == TakenBack(last(member), ("",))

    def test_f_a_gift(self) -> None:
        """Of two that come on one day, the one that is named; in the next year it comes again."""
        gift = {"on": "birthday", "gives": {"type": "value", "currency": "points", "amount": 10}}
        document = programme(
            date_gifts=[
                {"id": "cake", "name": "Cake", **gift},
                {"id": "tea", "name": "Tea", **gift},
            ]
        )
        member = Member(document, joined=None)
        member.do(Open(member="mem_1", programmes=("clinic",), birthday="02-02"), "2026-01-05")
        member.tick("2026-02-02")
        version = last(member)

        assert member.refused(revoking(version), NOW).code == "award_required"
        assert member.refused(revoking(version, award="mug"), NOW).code == "award_required"
        assert revoked(member, version, award="cake").returned == (Returned(POINTS, 10),)
        assert revoked(member, version, award="cake").changed is False
        (claim,) = member.do(revoking(version, award="tea"), NOW).claims
        assert isinstance(claim, SaveRecord)
        assert claim.record == TakenBack(last(member), ("cake", "tea"), revision=2)
        assert claim.revision == 2
        assert member.balance.available == 0
        member.tick("2027-02-02")
        assert member.balance.available == 20

    def test_f_what_gives_nothing(self) -> None:
        """No such event, one that takes, one that only counts."""
        member = Member(programme())
        member.adjust(30, "2026-02-01")
        member.adjust(-10, "2026-02-01")
        taken = last(member)
        member.visit("2026-02-01")

        for version in (1, taken, last(member), 99):
            assert member.refused(revoking(version), NOW).code == "grant_not_found"

    def test_f_one_of_two_awards(self) -> None:
        """The other stays, and so do visit, tier and cap."""
        member = Member(
            programme(
                rule("visit", fixed(10), caps=[{"window": "day", "max": 10}]),
                rule("more", fixed(5)),
                tiers=ladder(("silver", visits(1))),
            )
        )
        member.visit("2026-02-01", name="v")
        counters = member.account.counters

        revoked(member, last(member), award="visit")

        assert member.balance.available == 5
        assert (member.enrolment.tier, member.account.counters) == ("silver", counters)
        assert member.account.stats.visits == 1
        member.visit("2026-02-01", name="w")
        assert member.balance.available == 10

    def test_f_a_rule_that_carries(self) -> None:
        """What it gives is of no single purchase."""
        carrying = {**per_amount(1, 5_000), "carry": True}
        member = Member(programme(rule("sum", carrying, on=PURCHASE)))
        member.buy(3_000, "2026-02-01")
        member.buy(2_000, "2026-02-01")

        assert member.refused(revoking(last(member)), NOW).code == "rule_carries"


class TestSpent:
    """What is spent follows the rule of reversals."""

    @pytest.mark.parametrize(
        ("policy", "returned", "balance"),
        [
            ("deficit", Returned(POINTS, 30, deficit=20), -20),
            ("clamp", Returned(POINTS, 10, written_off=20), 0),
        ],
    )
    def test_f_by_policy(self, policy: str, returned: Returned, balance: int) -> None:
        """It is owed, or written off."""
        member = Member(programme(currencies=[points(negative_balance=policy)]))
        member.adjust(30, "2026-02-01")
        version = last(member)
        member.adjust(-20, "2026-02-02")

        assert revoked(member, version).returned == (returned,)
        assert member.balance.available == balance

    def test_f_refused(self) -> None:
        """Or it refuses, and nothing changes."""
        member = Member(programme(currencies=[points(negative_balance="reject")]))
        member.adjust(30, "2026-02-01")
        version = last(member)
        member.adjust(-20, "2026-02-02")

        assert member.refused(revoking(version), NOW).code == "already_spent"
        assert member.balance.available == 10

    def test_f_what_waits_and_what_expired(self) -> None:
        """Pending value goes before it is usable; what expired unspent is not taken again."""
        member = Member(
            programme(
                rule("late", fixed(10), activation_delay_days=5),
                currencies=[points(rolling(days=20))],
            )
        )
        member.visit("2026-02-01")
        waiting = last(member)
        member.adjust(7, "2026-02-01")
        gone = last(member)

        assert revoked(member, waiting).returned == (Returned(POINTS, 10, pending=10),)
        assert revoked(member, gone, "2026-03-20").returned == (Returned(POINTS, 0, expired=7),)


class TestAndReversals:
    """A revocation and reversals of the same activity, in every order."""

    @pytest.mark.parametrize("first", ["revocation", "reversal"])
    def test_f_half_of_a_purchase(self, first: str) -> None:
        """Of what one rule gave nothing is left; of the other, half."""
        member = Member(
            programme(
                rule("one", per_amount(1, 100), on=PURCHASE),
                rule("two", per_amount(2, 100), on=PURCHASE),
            )
        )
        member.buy(10_000, "2026-02-01", name="sale")
        version = last(member)

        if first == "reversal":
            member.reverse("sale", NOW, amount=5_000)
        revoked(member, version, award="one")
        if first == "revocation":
            member.reverse("sale", NOW, amount=5_000)

        assert member.balance.available == 100
        member.reverse("sale", NOW)
        assert member.balance.available == 0
        assert revoked(member, version, award="one").changed is False
        assert member.account.metrics == {}

    def test_f_rules_that_compete(self) -> None:
        """The winner's award is revoked: no rival that a refund lets win gives anything."""
        member = Member(
            programme(
                rule("amount", per_amount(1, 100), on=PURCHASE, group="best"),
                rule("flat", fixed(60), on=PURCHASE, group="best"),
                groups=[{"id": "best", "mode": "best"}],
            )
        )
        member.buy(10_000, "2026-02-01", name="sale")

        revoked(member, last(member))
        member.reverse("sale", NOW, amount=5_000)

        assert member.balance.available == 0
        member.reverse("sale", NOW)
        assert member.balance.available == 0


_step = st.sampled_from(["one", "two", "a", "b", "amount", "spend"])


@given(st.lists(_step, min_size=1, max_size=7))
@settings(max_examples=examples(80), derandomize=True, deadline=None)
def test_f_the_order_makes_no_value(steps: list[str]) -> None:
    """Whatever was revoked, refunded and spent, and in which order: what stays is the same."""

    def lived(order: list[str]) -> int:
        member = Member(
            programme(
                rule("one", per_amount(1, 10), on=PURCHASE),
                rule("two", per_amount(3, 100), on=PURCHASE),
            )
        )
        member.basket("2026-02-01", line("a", 3_300), line("b", 1_700), name="sale")
        version = last(member)
        member.adjust(500, NOW)
        for step in order:
            if step in ("one", "two"):
                revoked(member, version, award=step)
            elif step in ("a", "b"):
                member.reverse("sale", NOW, LineReversal(step))
            elif step == "amount":
                left = member.left_of("sale")
                if left is None or left.amount:
                    member.reverse("sale", NOW, amount=min(100, (left and left.amount) or 100))
            elif member.balance.available > 0:
                member.adjust(-1, NOW)
        return member.balance.available + order.count("spend")

    # Amounts come off what is left of lines, so they have their place among them.
    taken = [each for each in steps if each not in ("one", "two")]
    revocations = [each for each in steps if each in ("one", "two")]
    assert lived(steps) == lived(taken + revocations) == lived(revocations + taken)
