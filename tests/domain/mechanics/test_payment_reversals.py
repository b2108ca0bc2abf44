"""Payments that go back: what follows from a chargeback of a top-up, or of a plan's fee."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.decide.benefits import Returned
from chalicelib.domain.decide.claims import ClaimKey, SaveRecord
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.calendar import add_days, parse_date
from chalicelib.domain.ledger.events import PaymentReversed
from chalicelib.domain.mechanics import payments
from chalicelib.domain.mechanics.payment_reversals import PaymentUndone, ReversePayment
from chalicelib.domain.mechanics.plan_pauses import PausePlan
from chalicelib.domain.mechanics.plans import SUBSCRIPTIONS
from chalicelib.domain.mechanics.quoting import ConfirmQuote, MakeQuote
from chalicelib.domain.mechanics.subscriptions import (
    CancelPlan,
    ChangePlan,
    PayFee,
    Subscribe,
)
from chalicelib.domain.mechanics.taking_back import TAKEN_BACK, TakenBack
from chalicelib.domain.mechanics.wallets import TopUp
from chalicelib.domain.programme.document import Programme
from tests.domain.building import (
    PURCHASE,
    Member,
    ladder,
    line,
    points,
    posted,
    programme,
    rolling,
    transfer,
    visits,
)
from tests.domain.gift import moved
from tests.examples import examples

_WHO: Final[dict[str, Any]] = {"member": "mem_1", "programme": "clinic"}
PREPAID: Final = "clinic/prepaid"
NOW: Final = "2026-02-03"


def prepaid(bands_by: str = "top_up", **parts: Any) -> Programme:
    """Return a programme with a prepaid wallet, which never expires unless told."""
    return programme(
        currencies=[points(), points(**parts) | {"id": "prepaid"}],
        wallets=[
            {
                "currency": "prepaid",
                "kind": "prepaid",
                "bands": [{"at_least": 1_000, "percent": 20}],
                "bands_by": bands_by,
            }
        ],
        transfers=[{"currency": "prepaid"}],
    )


def top_up(member: Member, amount: int, when: str, payment: str = "hash") -> int:
    """Pay money in, and return the version of its event."""
    command = TopUp(currency="prepaid", amount=amount, reference="pay-1", payment=payment, **_WHO)
    return member.do(command, when).events[-1].version


def spend(member: Member, amount: int, when: str, name: str = "q") -> None:
    """Buy something for so much net of what the wallet takes off, paid from the wallet."""
    bought = Activity(PURCHASE, "quote", "", 0, money="GBP", lines=(line("a", amount),))
    member.do(MakeQuote(quote_id=name, activity=bought, **_WHO), when)
    member.do(ConfirmQuote(member="mem_1", quote_id=name, source="quote"), when)
    member.recorded[name] = member.events[-1]


def back(member: Member, version: int, when: str) -> PaymentUndone:
    """Let a payment go back."""
    result = member.do(ReversePayment(version=version, reason="chargeback", **_WHO), when).result
    assert isinstance(result, PaymentUndone)
    return result


def left(member: Member, when: str = NOW) -> int:
    """Return what is in the wallet, below zero what is owed."""
    return member.available(when, PREPAID)


class TestReference:
    """A payment is named by its reference, once."""

    def test_f_the_key_leads_to_the_event(self) -> None:
        """What is claimed says whose payment it is, of which programme, by which event."""
        member = Member(prepaid())

        done = member.do(TopUp(currency="prepaid", amount=5, payment="hash", **_WHO), NOW)

        (claim,) = done.claims
        assert isinstance(claim, ClaimKey)
        assert (claim.key, claim.owner) == ("payment/hash", "mem_1")
        assert payments.read(claim.value) == ("clinic", done.events[-1].version)
        assert claim.refusal is not None
        assert claim.refusal.code == "payment_known"

    def test_f_a_payment_without_one(self) -> None:
        """Nothing is claimed, and nobody can find it."""
        member = Member(prepaid())

        assert member.do(TopUp(currency="prepaid", amount=5, **_WHO), NOW).claims == ()
        assert member.refused(ReversePayment(version=99, **_WHO), NOW).code == "payment_not_found"

    def test_f_a_trial_has_no_fee_that_a_reference_could_name(self) -> None:
        """The reference of a plan that begins with its trial is of no payment."""
        member = Member(PLANS)

        begun = member.do(Subscribe(plan="try", payment="hash", **_WHO), NOW)
        paid = member.do(PayFee(payment="hash", **_WHO), NOW)

        assert (begun.claims, len(paid.claims)) == ((), 1)


class TestTopUps:
    """What was paid in goes, from wherever it is."""

    def test_f_unspent(self) -> None:
        """It leaves the wallet to where it was paid in, and no other top-up with it."""
        member = Member(prepaid())
        first = top_up(member, 1_000, "2026-02-01")
        top_up(member, 500, "2026-02-02", "other")

        result = back(member, first, NOW)

        assert result.returned == (Returned(PREPAID, 1_000),)
        assert result.event is not None
        assert posted(result.event) == [("member/available", "paid_in/tenant", 1_000)]
        assert [(lot.amount, lot.key.rate) for lot in member.account.balance(PREPAID).lots] == [
            (500, 0)
        ]
        assert member.verdict().holds

    @pytest.mark.parametrize("bands_by", ["month", "year", "lifetime"])
    def test_f_what_went_back_leads_to_no_band(self, bands_by: str) -> None:
        """£9 and £5 reach the band of £10 together, but not where the £9 were charged back."""
        kept, returned = Member(prepaid(bands_by)), Member(prepaid(bands_by))
        for member in (kept, returned):
            first = top_up(member, 900, "2026-02-01")
        back(returned, first, "2026-02-02")
        for member in (kept, returned):
            top_up(member, 500, NOW, "other")

        rates = [
            [(lot.amount, lot.key.rate) for lot in member.account.balance(PREPAID).lots]
            for member in (kept, returned)
        ]
        assert rates == [[(900, 0), (500, 20)], [(500, 0)]]

    @pytest.mark.parametrize("when", ["2027-04-01", "2027-04-10", "2030-01-01"])
    @pytest.mark.parametrize(("spent", "owed", "expired"), [(500, 400, 600), (0, 0, 1_000)])
    def test_f_what_was_spent_is_owed_however_late(
        self, when: str, spent: int, owed: int, expired: int
    ) -> None:
        """By its rate £5 cost £4; what expired is told from that for ever, and nobody's income."""
        member = Member(prepaid(expiry=rolling(days=30)))
        version = top_up(member, 1_000, "2026-02-01")
        if spent:
            spend(member, spent, "2026-02-02")
        member.tick(when)

        result = back(member, version, when)

        assert result.returned == (Returned(PREPAID, owed, deficit=owed, expired=expired),)
        booked = moved(member)
        assert (booked.get("paid_in/tenant", 0), booked.get("expired/tenant", 0)) == (0, 0)

    @pytest.mark.parametrize("between", [False, True])
    def test_f_what_was_written_off_is_made_good_however_late(self, *, between: bool) -> None:
        """More than a year later too, whether or not something else has happened meanwhile."""
        member = Member(prepaid(negative_balance="clamp"))
        version = top_up(member, 1_000, "2026-02-01")
        spend(member, 1_000, "2026-02-02")
        back(member, version, "2026-02-03")
        if between:
            member.adjust(1, "2027-04-10")

        member.reverse("q", "2027-04-11")

        assert left(member, "2027-04-11") == 0

    @pytest.mark.parametrize("payments", [1, 5, 30])
    def test_f_an_account_does_not_grow_with_its_chargebacks(self, payments: int) -> None:
        """Of what was written off for them it keeps each, and after a year the sum alone."""
        member = Member(prepaid(negative_balance="clamp"))
        for number in range(payments):
            when = f"2026-02-{number % 28 + 1:02}T{number // 28 + 1:02}:00:00Z"
            version = top_up(member, 100, when)
            spend(member, 100, when, f"q{number}")
            back(member, version, when)
        assert len(member.account.counters) <= payments
        version = top_up(member, 50, "2036-01-01")
        spend(member, 50, "2036-01-01", "another")
        back(member, version, "2036-01-01")

        # What was written off more than a year ago, and what was by now.
        assert [each.value for each in member.account.counters.values()] == [payments * 100, 50]
        for number in range(payments):
            member.reverse(f"q{number}", "2036-01-02")
        member.reverse("another", "2036-01-02")
        assert left(member, "2036-01-02") == 0
        assert member.account.counters == {}
        assert member.verdict().holds

    @given(
        st.lists(st.tuples(st.integers(0, 900), st.integers(0, 900)), min_size=1, max_size=4),
        st.randoms(use_true_random=False),
    )
    @settings(max_examples=examples(60), derandomize=True, deadline=None)
    def test_f_in_whatever_order_purchases_come_back(
        self, days: list[tuple[int, int]], rng: Any
    ) -> None:
        """All that was written off is made good once, be it years ago or of yesterday."""
        member = Member(prepaid(negative_balance="clamp"))
        start = parse_date("2024-01-01")
        steps: list[tuple[int, str, str]] = []
        for number, (bought, waited) in enumerate(days):
            name = f"q{number}"
            steps += [(bought, "1", name), (bought + waited, "2", name)]
        versions: dict[str, int] = {}
        for day, what, name in sorted(steps):
            when = add_days(start, day).isoformat()
            if what == "1":
                versions[name] = top_up(member, 100, when, name)
                spend(member, 100, when, name)
            else:
                back(member, versions[name], when)
        end = add_days(start, 1_900)
        for number, name in enumerate(rng.sample(sorted(versions), len(versions))):
            member.reverse(name, add_days(end, number * 200).isoformat())
            assert left(member, add_days(end, number * 200).isoformat()) == 0
        assert member.account.counters == {}
        assert member.verdict().holds

    def test_f_twice(self) -> None:
        """A payment goes back once: again nothing is written."""
        member = Member(prepaid())
        version = top_up(member, 700, "2026-02-01")
        done = member.do(ReversePayment(version=version, **_WHO), NOW)
        ref = TAKEN_BACK.ref("mem_1", str(version))
        assert done.claims == (SaveRecord(ref, TakenBack(done.events[-1].version), 1),)
        before = member.account

        assert back(member, version, NOW).changed is False
        assert member.account == before

    @pytest.mark.parametrize(
        ("policy", "returned", "balance"),
        [
            ("deficit", Returned(PREPAID, 700, deficit=300), -300),
            ("clamp", Returned(PREPAID, 400, written_off=300), 0),
        ],
    )
    def test_f_spent_in_part(self, policy: str, returned: Returned, balance: int) -> None:
        """What is spent becomes a debt, or is written off; a later top-up repays the debt first."""
        member = Member(prepaid(negative_balance=policy))
        version = top_up(member, 700, "2026-02-01")
        spend(member, 300, "2026-02-02")

        assert back(member, version, NOW).returned == (returned,)
        assert left(member) == balance
        top_up(member, 1_000, NOW, "again")
        assert left(member) == 1_000 + balance
        assert member.verdict().holds

    def test_f_refused_where_it_is_spent(self) -> None:
        """By the programme's policy, with what is spent; nothing is changed by it."""
        member = Member(prepaid(negative_balance="reject"))
        version = top_up(member, 700, "2026-02-01")
        spend(member, 300, "2026-02-02")

        refusal = member.refused(ReversePayment(version=version, **_WHO), NOW)

        assert (refusal.code, refusal.extensions["spent"]) == ("already_spent", 300)
        assert left(member) == 400

    def test_f_other_money_pays_before_there_is_a_debt(self) -> None:
        """A member with another top-up owes nothing: what is missing comes out of that."""
        member = Member(prepaid())
        first = top_up(member, 700, "2026-02-01")
        spend(member, 700, "2026-02-01")
        top_up(member, 2_000, "2026-02-02", "other")

        assert back(member, first, NOW).returned == (Returned(PREPAID, 700),)
        assert left(member) == 1_300

    def test_f_what_expired_unspent(self) -> None:
        """The member has lost it already, and gets the money back: nothing is owed for it."""
        member = Member(prepaid(expiry=rolling(days=10)))
        version = top_up(member, 700, "2026-02-01")
        spend(member, 300, "2026-02-02")

        result = back(member, version, "2026-03-01")

        assert result.returned == (Returned(PREPAID, 300, deficit=300, expired=400),)
        assert left(member, "2026-03-01") == -300

    def test_f_what_repaid_a_debt(self) -> None:
        """What went into a debt and into no lot is owed again."""
        member = Member(prepaid())
        first = top_up(member, 700, "2026-02-01")
        spend(member, 700, "2026-02-01")
        back(member, first, "2026-02-02")
        second = top_up(member, 900, "2026-02-02", "other")
        assert left(member) == 200

        assert back(member, second, NOW).returned == (Returned(PREPAID, 900, deficit=700),)
        assert left(member) == -700

    def test_f_given_to_another(self) -> None:
        """The friend keeps it, and who paid in owes it."""
        member, friend = Member(prepaid()), Member(prepaid(), key="T#tenant#M#mem_2")
        version = top_up(member, 700, "2026-02-01")
        transfer(member, friend, 500, "2026-02-02", "prepaid")

        assert back(member, version, NOW).returned == (Returned(PREPAID, 700, deficit=500),)
        assert (left(member), left(friend)) == (-500, 500)

    @pytest.mark.parametrize("policy", ["deficit", "clamp"])
    def test_f_a_purchase_that_comes_back_later(self, policy: str) -> None:
        """What had paid for it repays the debt, or what was written off: nothing is left over."""
        member = Member(prepaid(negative_balance=policy))
        version = top_up(member, 700, "2026-02-01")
        spend(member, 300, "2026-02-02")
        back(member, version, NOW)

        member.reverse("q", "2026-02-04")

        assert left(member, "2026-02-04") == 0
        paid_in = sum(
            posting.amount * (1 if posting.source == "paid_in/tenant" else -1)
            for event in member.events
            for posting in event.postings
            if "paid_in/tenant" in (posting.source, posting.destination)
        )
        assert paid_in == 0
        assert member.verdict().holds


_steps = st.lists(
    st.sampled_from(["pay 700", "pay 1000", "buy", "refund", "back", "back"]),
    min_size=2,
    max_size=10,
)


@given(_steps, st.randoms(use_true_random=False))
@settings(max_examples=examples(80), derandomize=True, deadline=None)
def test_f_money_is_conserved_in_every_order(steps: list[str], rng: Any) -> None:
    """What is in the wallet is what was paid in and stayed, less what was bought and stayed."""
    member = Member(prepaid())
    paid: dict[int, int] = {}
    bought: dict[str, int] = {}
    total = 0
    for number, step in enumerate(steps):
        when = f"2026-02-{number + 1:02}"
        name, _, amount = step.partition(" ")
        if name == "pay":
            paid[top_up(member, int(amount), when, f"p{number}")] = int(amount)
            total += int(amount)
        elif name == "buy" and left(member, when) > 0:
            before = left(member, when)
            spend(member, 400, when, f"q{number}")
            bought[f"q{number}"] = before - left(member, when)
            total -= bought[f"q{number}"]
        elif name == "refund" and bought:
            which = rng.choice(sorted(bought))
            member.reverse(which, when)
            total += bought.pop(which)
        elif name == "back" and paid:
            version = rng.choice(sorted(paid))
            assert back(member, version, when).changed
            total -= paid.pop(version)
        assert left(member, when) == total
    assert member.verdict().holds


# ── Fees ──


def plan(name: str, fee: int, period: str = "month", **parts: Any) -> dict[str, Any]:
    """Return a plan."""
    return {"id": name, "name": name, "period": period, "fee": fee, **parts}


PLANS: Final = programme(
    tiers=ladder(("gold", visits(99))),
    plans=[
        plan("big", 3_100, tier="gold"),
        plan("try", 3_100, trial_days=10),
        plan("small", 620),
        plan("year", 36_500, "year"),
        plan("strict", 310, grace_days=0, tier="gold"),
    ],
)
PAY: Final = PayFee(**_WHO)


def begin(name: str) -> Subscribe:
    """Return the command to begin a plan."""
    return Subscribe(plan=name, **_WHO)


def state(member: Member, now: str) -> tuple[str, str, str] | None:
    """Return state, plan and last day that is paid for."""
    held = SUBSCRIPTIONS.get(member.seen(now), "clinic")
    return None if held is None else (held.state, held.plan, held.until_on)


def fee(member: Member, command: Any, when: str) -> int:
    """Pay a fee, and return the version of its event."""
    return member.do(command, when).events[-1].version


class TestFees:
    """A fee that goes back leaves its period unpaid, by the plan's own rules."""

    def test_f_the_period_that_runs(self) -> None:
        """It is past due from now on; a fee in the grace pays for it, and no day is gained."""
        member = Member(PLANS)
        version = fee(member, begin("big"), "2026-03-01")

        result = back(member, version, "2026-03-11")

        assert result.payment == PaymentReversed(
            version, "clinic", "plans", "big", 3_100, reason="chargeback"
        )
        assert state(member, "2026-03-17") == ("past_due", "big", "2026-02-28")
        assert state(member, "2026-03-19") is None
        paid = member.do(PAY, "2026-03-12").result
        assert (paid.fee.from_on, paid.fee.until_on) == ("2026-03-01", "2026-03-31")
        assert state(member, "2026-03-20") == ("active", "big", "2026-03-31")
        assert member.verdict().holds

    def test_f_a_plan_without_a_grace(self) -> None:
        """It ends at once, and with it the tier that it brought."""
        member = Member(PLANS)
        version = fee(member, begin("strict"), "2026-03-01")

        result = back(member, version, "2026-03-11")

        assert state(member, "2026-03-11") is None
        assert [(each.before, each.after) for each in result.tier_changes] == [("gold", "base")]

    @pytest.mark.parametrize(
        ("now", "tiers"),
        [("2026-03-31T23:59:59.999Z", []), ("2026-04-01T00:00:00Z", [("gold", "base")])],
    )
    def test_f_to_the_end_of_what_is_paid(self, now: str, tiers: list[tuple[str, str]]) -> None:
        """April is unpaid: the plan ends with March, to the millisecond."""
        member = Member(PLANS)
        fee(member, begin("strict"), "2026-03-01")
        april = fee(member, PAY, "2026-03-02")

        result = back(member, april, now)

        assert [(each.before, each.after) for each in result.tier_changes] == tiers
        assert member.seen("2026-04-01T00:00:00Z").enrolments["clinic"].tier == "base"

    @pytest.mark.parametrize("which", [0, 1, 2])
    def test_f_whichever_fee_it_was(self, which: int) -> None:
        """Of three equal fees one less is paid: the last period is the one that is not."""
        member = Member(PLANS)
        fees = [fee(member, begin("big"), "2026-03-01")]
        fees += [fee(member, PAY, f"2026-03-0{n}") for n in (2, 3)]

        back(member, fees[which], "2026-04-11")

        assert state(member, "2026-04-11") == ("active", "big", "2026-04-30")
        assert member.do(CancelPlan(when="now", **_WHO), "2026-04-11").result.prorated == -2_067

    def test_f_a_period_that_is_over(self) -> None:
        """A fee of March that goes back in April leaves April unpaid."""
        member = Member(PLANS)
        first = fee(member, begin("big"), "2026-03-01")
        fee(member, PAY, "2026-04-01")

        result = back(member, first, "2026-04-11")

        assert state(member, "2026-04-11") == ("past_due", "big", "2026-03-31")
        assert result.payment is not None
        assert result.payment.prorated == 0

    def test_f_which_fees_are_left(self) -> None:
        """Of a period that is over the first fee goes, and the others pay for one earlier each."""
        member = Member(PLANS)
        fees = [fee(member, begin("big"), "2026-03-01")]
        fees += [fee(member, PAY, f"2026-04-0{n}") for n in (1, 2)]

        back(member, fees[0], "2026-04-11")

        held = SUBSCRIPTIONS.get(member.account, "clinic")
        assert held is not None
        assert [(each.last_on, each.fee, each.paid_by) for each in held.paid] == [
            ("2026-04-30", 3_100, fees[2])
        ]

    def test_f_two_that_are_over(self) -> None:
        """Both have to be paid for before the plan runs again."""
        member = Member(PLANS)
        fees = [fee(member, begin("big"), "2026-03-01"), fee(member, PAY, "2026-04-01")]
        for version in fees:
            back(member, version, "2026-04-11")

        assert state(member, "2026-04-11") == ("past_due", "big", "2026-02-28")
        member.do(PAY, "2026-04-12")
        assert state(member, "2026-04-12") == ("past_due", "big", "2026-03-31")
        member.do(PAY, "2026-04-12")
        assert state(member, "2026-04-12") == ("active", "big", "2026-04-30")

    @pytest.mark.parametrize(
        ("new", "stated", "besides", "last"),
        [
            ("small", -1_680, 1_680, "2026-02-28"),
            # The ten days of the month that were had before the change are not paid for any more.
            ("year", 34_400, -34_400, "2026-03-10"),
        ],
    )
    def test_f_after_a_change_of_plan(self, new: str, stated: int, besides: int, last: str) -> None:
        """What the change had made of the fee is stated the other way round."""
        member = Member(PLANS)
        version = fee(member, begin("big"), "2026-03-01")
        changed = member.do(ChangePlan(plan=new, **_WHO), "2026-03-11").result

        result = back(member, version, "2026-03-11")

        assert result.payment is not None
        assert (changed.prorated, result.payment.prorated) == (stated, besides)
        assert state(member, "2026-03-11") == ("past_due", new, last)

    def test_f_of_a_plan_that_is_to_follow(self) -> None:
        """A fee that was paid ahead goes with what changes of plan have made of it since."""
        member = Member(PLANS)
        running = fee(member, begin("big"), "2026-03-01")
        member.do(ChangePlan(plan="small", when="period_end", **_WHO), "2026-03-02")
        ahead = fee(member, PAY, "2026-03-02")
        change = ChangePlan(plan="year", when="period_end", **_WHO)
        assert member.do(change, "2026-03-03").result.prorated == 36_500 - 620

        first, second = (back(member, each, "2026-03-11").payment for each in (ahead, running))

        assert first is not None
        assert second is not None
        assert (first.prorated, second.prorated) == (620 - 36_500, 0)
        # Nothing is paid for, so the plan that was to follow begins where the other would have.
        assert state(member, "2026-03-11") == ("past_due", "year", "2026-02-28")
        assert member.verdict().holds

    def test_f_of_the_period_that_runs_before_another_plan(self) -> None:
        """The plan that follows begins in its place, and what is paid for that goes on."""
        member = Member(PLANS)
        running = fee(member, begin("big"), "2026-03-01")
        member.do(ChangePlan(plan="small", when="period_end", **_WHO), "2026-03-02")
        fee(member, PAY, "2026-03-02")

        undone = back(member, running, "2026-03-11").payment

        assert undone is not None
        assert undone.prorated == 0
        assert state(member, "2026-03-11") == ("active", "small", "2026-03-31")

    def test_f_of_a_plan_that_has_ended(self) -> None:
        """Nothing is left to undo, not of another that has begun since."""
        member = Member(PLANS)
        version = fee(member, begin("big"), "2026-03-01")
        member.do(CancelPlan(when="now", **_WHO), "2026-03-02")
        fee(member, begin("small"), "2026-03-02")

        assert back(member, version, "2026-03-03").changed
        assert state(member, "2026-03-03") == ("active", "small", "2026-04-01")

    def test_f_in_a_pause(self) -> None:
        """It goes on to rest; when it runs again the period is unpaid, and is paid from then."""
        member = Member(PLANS)
        version = fee(member, begin("big"), "2026-03-01")
        member.do(PausePlan(months=1, **_WHO), "2026-03-09")

        back(member, version, "2026-03-11")

        assert state(member, "2026-03-11") == ("paused", "big", "2026-03-31")
        assert state(member, "2026-04-09T00:00:00Z") == ("past_due", "big", "2026-03-31")
        paid = member.do(PAY, "2026-04-10").result
        assert (paid.fee.from_on, paid.fee.until_on) == ("2026-04-01", "2026-04-30")


@pytest.mark.parametrize("now", ["2026-03-11", "2026-05-11"])
@given(order=st.permutations([0, 1, 2]), more=st.integers(0, 2))
@settings(max_examples=examples(20), derandomize=True, deadline=None)
def test_f_the_order_of_fees_that_go_back(now: str, order: list[int], more: int) -> None:
    """Whichever go back, in whatever order, the plan is as with so many fees fewer."""

    def ended(which: Callable[[list[int]], list[int]]) -> Any:
        member = Member(PLANS)
        fees = [fee(member, begin("big"), "2026-03-01")]
        fees += [fee(member, PAY, f"2026-03-0{n}") for n in (2, 3)]
        for place in which(order):
            back(member, fees[place], now)
        assert member.verdict().holds
        return state(member, now)

    assert ended(lambda all_: all_[:more]) == ended(lambda all_: sorted(all_[:more], reverse=True))
    assert ended(lambda all_: all_[:more]) == ended(lambda _: [0, 1, 2][:more])
