"""F: what changes and cancellations of plans state of fees, and fees that go back after them."""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.decide.commands import Command
from chalicelib.domain.errors import LoyaltyError
from chalicelib.domain.ledger import calendar
from chalicelib.domain.mechanics.payment_reversals import PaymentUndone, ReversePayment
from chalicelib.domain.mechanics.plan_pauses import PausePlan, ResumePlan
from chalicelib.domain.mechanics.plans import SUBSCRIPTIONS, fees_left
from chalicelib.domain.mechanics.subscriptions import (
    CancelPlan,
    ChangePlan,
    PayFee,
    Subscribe,
    Subscribed,
)
from tests.domain.building import Member, at, programme
from tests.examples import examples

_WHO: Final[dict[str, Any]] = {"member": "mem_1", "programme": "clinic"}
NOW: Final = "2026-01-31"
PAY: Final = PayFee(**_WHO)
CANCEL: Final = CancelPlan(**_WHO)
END: Final = CancelPlan(when="now", **_WHO)


def plan(name: str, fee: int, period: str = "month", **parts: Any) -> dict[str, Any]:
    """Return a plan."""
    return {"id": name, "name": name, "period": period, "fee": fee, **parts}


PLANS: Final = programme(
    plans=[
        plan("month", 2_500),
        plan("dear", 3_100),
        plan("try", 31, trial_days=7, grace_days=0),
        plan("year", 9_000, "year", grace_days=0),
        plan("free", 0, "year"),
    ]
)


def begin(name: str) -> Subscribe:
    """Return the command to begin a plan."""
    return Subscribe(plan=name, **_WHO)


def to(name: str, when: Any = "now") -> ChangePlan:
    """Return the command to change to a plan."""
    return ChangePlan(plan=name, when=when, **_WHO)


class Till:
    """Who collects fees of a member: what it has by now, and which fees were paid."""

    def __init__(self) -> None:
        self.member: Final = Member(PLANS)
        self.cash = 0
        #: Versions of the events of the fees that have not gone back, in the order of payment.
        self.fees: list[int] = []

    def do(self, command: Command, when: str = NOW) -> int:
        """Carry out a command, settle as stated, and return what that was."""
        followed = self.member.do(command, when)
        result: Subscribed = followed.result
        self.cash += result.prorated
        if result.fee:
            self.cash += result.fee.amount
            self.fees.append(followed.events[-1].version)
        return result.prorated

    def back(self, version: int, when: str = NOW) -> int:
        """Let a fee go back, settle as stated, and return what that was."""
        result = self.member.do(ReversePayment(version=version, **_WHO), when).result
        assert isinstance(result, PaymentUndone)
        assert result.payment is not None
        self.fees.remove(version)
        self.cash += result.payment.prorated - result.payment.amount
        return result.payment.prorated

    def held(self, when: str = NOW) -> tuple[str, str, str] | None:
        """Return plan, state and last day of what is held."""
        held = SUBSCRIPTIONS.get(self.member.seen(when), "clinic")
        return None if held is None else (held.plan, held.state, held.until_on)

    def worth(self, when: str = NOW) -> int:
        """Return what was paid for days that are still to come."""
        held = SUBSCRIPTIONS.get(self.member.seen(when), "clinic")
        return 0 if held is None else sum(left for _, left in fees_left(PLANS, held, at(when)))


class TestGivenBack:
    """A fee that a change or a cancellation gave back is owed whole, and no other period ends."""

    @pytest.mark.parametrize(
        ("which", "stated", "held"),
        [
            (0, 6_500, ("month", "past_due", "2026-01-30")),
            (1, 9_000, ("month", "active", "2026-02-27")),
            (2, 9_000, ("month", "active", "2026-02-27")),
        ],
    )
    def test_f_by_a_change_to_shorter_periods(
        self, which: int, stated: int, held: tuple[str, str, str]
    ) -> None:
        """Of three years the first pays for the month; the others pay for nothing."""
        till = Till()
        for command in (begin("year"), PAY, PAY):
            till.do(command)
        assert till.do(to("month")) == -24_500

        assert till.back(till.fees[which]) == stated
        assert till.held() == held
        assert till.cash == till.worth()

    def test_f_by_a_cancellation(self) -> None:
        """The month that nobody charged back runs on to its end."""
        till = Till()
        for command in (begin("month"), to("year", "period_end"), PAY):
            till.do(command)
        assert till.do(CANCEL) == -9_000

        assert till.back(till.fees[1]) == 9_000
        assert till.held() == ("month", "active", "2026-02-27")
        assert till.cash == till.worth() == 2_500

    @pytest.mark.parametrize(("when", "left"), [("2026-01-31", 2_500), ("2026-02-14", 1_250)])
    def test_f_by_the_end(self, when: str, left: int) -> None:
        """What was given back when the plan ended is owed, though another has begun since."""
        till = Till()
        till.do(begin("month"))
        assert till.do(END, when) == -left
        till.do(begin("dear"), when)

        assert till.back(till.fees[0], "2027-06-01") == left
        assert till.cash == 3_100

    def test_f_when_its_period_would_be_over(self) -> None:
        """It is not taken for one that was used, however late it goes back."""
        till = Till()
        for command in (begin("month"), PAY, to("year", "period_end"), PAY):
            till.do(command)
        till.do(CANCEL)
        till.do(ResumePlan(**_WHO), "2026-03-01")
        till.do(PAY, "2026-03-01")

        assert till.back(till.fees[2], "2027-05-01") == 9_000

    def test_f_what_was_made_dearer_and_used(self) -> None:
        """All that was stated of it goes the other way, though its period is over."""
        till = Till()
        till.do(begin("month"))
        till.do(PAY, "2026-02-01")
        assert till.do(to("dear"), "2026-02-14") == 900

        assert till.back(till.fees[0], "2026-03-02") == -300
        assert till.back(till.fees[0], "2026-03-02") == -600
        assert till.cash == 0

    def test_f_nothing_is_remembered_of_a_fee_that_went_back(self) -> None:
        """Of one that did not, for two years after what was paid for would be over."""
        till = Till()
        for command in (begin("year"), PAY, to("month")):
            till.do(command)
        assert len(till.member.account.counters) == 2

        till.back(till.fees[1])
        assert len(till.member.account.counters) == 1
        till.member.adjust(1, "2030-01-01")
        assert len(till.member.account.counters) == 1
        till.member.adjust(1, "2031-02-03")
        assert till.member.account.counters == {}


_STEPS: Final = st.sampled_from(
    [begin(name) for name in ("month", "try", "year", "free")]
    + [PAY] * 8
    + [
        to(name, when)
        for name in ("month", "dear", "year", "free")
        for when in ("now", "period_end")
    ]
    + [CANCEL, CANCEL, END, ResumePlan(**_WHO), ResumePlan(**_WHO)]
    + [PausePlan(months=months, **_WHO) for months in (1, 3)]
    + ["back"] * 4
)


def _lived(till: Till, steps: list[tuple[int, Any]], rng: Any) -> str:
    """Carry out what can be, each so many days after the one before; return the last day."""
    today = calendar.parse_date(NOW)
    for days, step in steps:
        today = calendar.add_days(today, days)
        if step != "back":
            try:
                till.do(step, today.isoformat())
            except LoyaltyError:
                continue
        elif till.fees:
            till.back(rng.choice(till.fees), today.isoformat())
        if today.isoformat() == NOW:
            assert till.cash == till.worth()
        assert till.cash >= 0
    return today.isoformat()


def _all_back(till: Till, when: str, rng: Any) -> None:
    rng.shuffle(till.fees)
    for version in tuple(till.fees):
        till.back(version, when)
        assert till.cash >= 0
    assert till.cash == 0


@given(st.lists(_STEPS, max_size=14), st.randoms(use_true_random=False))
@settings(max_examples=examples(400), derandomize=True, deadline=None)
def test_f_within_a_day(steps: list[Any], rng: Any) -> None:
    """
    Who collects has what the periods held are worth, whatever is done in whatever order.

    When every fee has gone back, with what was stated nothing is left and nothing lacks.
    """
    till = Till()
    _lived(till, [(0, each) for each in steps], rng)
    _all_back(till, NOW, rng)
    assert till.member.verdict().holds


@given(
    st.lists(st.tuples(st.integers(0, 25), _STEPS), max_size=14), st.randoms(use_true_random=False)
)
@settings(max_examples=examples(400), derandomize=True, deadline=None)
def test_f_over_months(steps: list[tuple[int, Any]], rng: Any) -> None:
    """Who collects never has less than nothing, and nothing when every fee has gone back."""
    till = Till()
    when = _lived(till, steps, rng)
    _all_back(till, when, rng)
    assert till.member.account.counters.keys() <= {"limit/clinic/trial"}
    assert till.member.verdict().holds
