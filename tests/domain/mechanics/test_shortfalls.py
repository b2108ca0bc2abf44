"""M4, M7: whatever is taken back while it is away, and however it comes back, nothing is made."""

from __future__ import annotations

from collections import Counter as Counted
from collections.abc import Iterator
from datetime import date
from itertools import permutations
from random import Random
from typing import Any, Final, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.domain.decide.benefits import Returned
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.errors import LoyaltyError
from chalicelib.domain.ledger import calendar, compact
from chalicelib.domain.ledger.account import Account, Counter
from chalicelib.domain.ledger.effects import CounterChange
from chalicelib.domain.ledger.events import Event, LotsExpired
from chalicelib.domain.ledger.lots import Balance, Lot, LotKey, Taken
from chalicelib.domain.ledger.postings import kind_of
from chalicelib.domain.mechanics import expiry, last_days, shortfalls
from chalicelib.domain.mechanics.closing import Close
from chalicelib.domain.mechanics.holds import PlaceHold, ReleaseHold
from chalicelib.domain.mechanics.last_days import LastDay
from chalicelib.domain.mechanics.payment_reversals import ReversePayment
from chalicelib.domain.mechanics.shortfall_names import Shortfall, name_of
from chalicelib.domain.mechanics.wallets import TopUp
from chalicelib.domain.programme.document import Programme
from tests import pace
from tests.domain.building import (
    PURCHASE,
    Member,
    at,
    event_on,
    fixed,
    ladder,
    line,
    per_amount,
    points,
    posted,
    programme,
    recorded_by,
    reward,
    rolling,
    rule,
    visits,
)
from tests.domain.till import PREPAID, bought, clinic, refunded
from tests.examples import examples

POINTS: Final = "clinic/points"
FIRST: Final = date(2026, 3, 1)
PROPERTY: Final = settings(derandomize=True, deadline=None, print_blob=True)
THIRTY_DAYS: Final = rolling(days=30)


def on(day: int, hour: int = 12) -> str:
    """Return an instant so many days after 1 March."""
    return f"{calendar.add_days(FIRST, day)}T{hour:02d}:30:00Z"


def spender(expiry: dict[str, Any] = THIRTY_DAYS, **currency: Any) -> Member:
    """Return a member who earns a point for 10p, and redeems 15 points or 4."""
    return Member(
        programme(
            rule("visit", fixed(10)),
            rule("spend", per_amount(1, 10), PURCHASE),
            currencies=[points(expiry, **currency)],
            rewards=[reward("tea", 15), reward("nut", 4)],
        ),
        joined="2026-03-01",
    )


def lots(member: Member, currency: str = POINTS) -> list[tuple[int, str | None]]:
    """Return how much lasts until when."""
    held = member.account.balance(currency).lots
    return [(lot.amount, lot.key.expires_on) for lot in held]


def short(member: Member, currency: str = POINTS) -> list[Shortfall]:
    """Return what an account remembers."""
    return shortfalls.known(member.account, currency, member.account.effective_at)


# ── What stands in ──


@pytest.mark.parametrize("reversed_on", ["2026-04-01", "2026-04-06"])
@pytest.mark.parametrize("cancelled_on", ["2026-04-01", "2026-04-06"])
@pytest.mark.parametrize("order", list(permutations(["reverse", "cancel"])))
def test_m4_points_that_end_while_they_are_away(
    order: tuple[str, str], reversed_on: str, cancelled_on: str
) -> None:
    """M4: 15 of 17 points are spent, and all 17 reversed; of 6 others none is lost by that."""
    member = spender()
    member.buy(170, "2026-03-05", name="first")
    member.buy(60, "2026-03-22", name="second")
    redemption = member.redeem("tea", "2026-03-31")
    when = {"reverse": reversed_on, "cancel": cancelled_on}
    for each in sorted(order, key=lambda each: when[each]):
        if each == "reverse":
            member.reverse("first", reversed_on)
        else:
            member.cancel(redemption, cancelled_on)

    assert member.available("2026-04-08") == 6
    member.reverse("second", "2026-04-08")
    assert member.available("2026-04-08") == 0
    assert short(member) == []
    assert member.verdict().holds


@pytest.mark.parametrize("order", list(permutations(["chargeback", "refund"])))
def test_m4_money_that_ends_while_it_is_away(order: tuple[str, str]) -> None:
    """M4: £10 that paid go back and what they paid for too; £10 of another payment stay."""
    member = Member(clinic(prepaid_days=30, bands=[]), joined="2026-02-01")
    first = topped(member, 1_000, "2026-03-02")
    purchase = bought(member, line("x", 1_000), now="2026-03-05")
    topped(member, 1_000, "2026-03-20")
    for each in order:
        if each == "chargeback":
            charged_back(member, first, "2026-04-02")
        else:
            refunded(member, purchase, now="2026-04-02")

    assert lots(member, PREPAID) == [(1_000, "2026-04-19")]
    assert closed(member, "2026-04-02") == 1_000


def test_m4_what_stands_in_is_taken_back_too() -> None:
    """M4: then another does, or it is owed; what is spent comes back for whom it is missing."""
    member = spender()
    for day, name in ((2, "first"), (4, "second"), (6, "third")):
        member.buy(150, on(day), name=name)
    redemption = member.redeem("tea", on(7))
    member.reverse("first", on(8))
    assert lots(member) == [(15, "2026-04-06")]
    member.reverse("second", on(9))
    assert lots(member) == []
    (back,) = member.reverse("third", on(10)).returned
    assert back == Returned(POINTS, 15, deficit=15)
    assert [(each.lot.expires_on, each.is_owed) for each in short(member)] == [("2026-04-02", True)]

    member.cancel(redemption, on(11))

    assert member.account.balances == {}
    assert member.account.counters == {}


@pytest.mark.parametrize(
    ("cancelled", "left"),
    [(20, [(2, "2026-04-04"), (15, "2026-04-19")]), (37, [(15, "2026-04-19")])],
)
def test_m4_what_repaid_a_debt_comes_back(cancelled: int, left: list[tuple[int, str]]) -> None:
    """M4: what was earned since stands in for what is owed, until that comes back."""
    member = spender()
    member.buy(150, on(2), name="first")
    redemption = member.redeem("tea", on(2))
    member.reverse("first", on(3))
    for day, amount in ((4, 20), (19, 150)):
        member.buy(amount, on(day))
    assert lots(member) == [(2, "2026-04-19")]

    member.cancel(redemption, on(cancelled))

    assert lots(member) == left
    assert short(member) == []


def test_m4_what_comes_earlier_stands_in_for_what_is_spent_later() -> None:
    """M4: as it would have, had it been there when the other was taken."""
    member = spender()
    member.buy(150, on(2), name="first")
    redemption = member.redeem("tea", on(2))
    member.buy(200, on(9))
    member.reverse("first", on(10))
    assert lots(member) == [(5, "2026-04-09")]
    member.buy(70, on(5), now=on(11))
    assert lots(member) == [(12, "2026-04-09")]

    member.cancel(redemption, on(12))

    assert lots(member) == [(7, "2026-04-05"), (20, "2026-04-09")]
    assert short(member) == []


@pytest.mark.parametrize("order", list(permutations(["reverse", "cancel other"])))
def test_m4_what_was_written_off_while_another_was_away(order: tuple[str, str]) -> None:
    """M4: what comes back pays for it, of whatever lot it is, and returns when that does."""
    member = spender(negative_balance="clamp")
    member.buy(150, on(2), name="first")
    first = member.redeem("tea", on(2))
    member.buy(150, on(4), name="second")
    other = member.redeem("tea", on(4))
    for each in order:
        if each == "reverse":
            member.reverse("first", on(5))
        else:
            member.cancel(other, on(5))
    assert member.balance.available == 0

    # What comes later pays for nothing that was written off.
    member.buy(70, on(6))
    member.cancel(first, on(7))

    assert lots(member) == [(15, "2026-04-04"), (7, "2026-04-06")]
    assert short(member) == []


def test_m4_value_that_was_spent_since_is_nobodys_debt() -> None:
    """M4: what was not away when something was written off makes nothing of it good."""
    member = spender({"type": "never"}, negative_balance="clamp")
    member.buy(150, on(2), name="first")
    first = member.redeem("tea", on(2))
    member.reverse("first", on(3))
    member.buy(150, on(4))
    other = member.redeem("tea", on(4))

    member.cancel(other, on(5))
    assert member.balance.available == 15
    member.cancel(first, on(6))
    assert member.balance.available == 15
    assert short(member) == []


@pytest.mark.parametrize("order", list(permutations(["sponsor", "reverse"])))
def test_m4_whose_value_it_is(order: tuple[str, str]) -> None:
    """M4: what stood in is its funder's again, in the books as in the lots."""
    member = spender()
    member.buy(150, on(2), name="first")
    redemption = member.redeem("tea", on(2))
    for each in order:
        if each == "sponsor":
            member.sponsor(15, "acme", on(3), until="2026-03-30")
        else:
            member.reverse("first", on(3))
    assert member.account.balances == {}
    member.cancel(redemption, on(5))

    assert [(lot.amount, lot.key.funder) for lot in member.balance.lots] == [(15, "acme")]
    assert posted(member.events[-1]) == [
        ("redeemed/tenant/tenant", "member/available", 15),
        ("issued/acme", "issued/tenant", 15),
    ]
    there: Counted[str] = Counted()
    for event in member.events:
        for source, to, amount in posted(event):
            there.update({source: -amount, to: amount})
    assert {path: n for path, n in there.items() if n} == {
        "issued/acme": -15,
        "member/available": 15,
    }


# ── How long it is remembered ──


@pytest.mark.parametrize(("day", "left"), [(46 + 365, 0), (46 + 366, 15)])
def test_m4_what_stood_in_is_remembered_for_a_year(day: int, left: int) -> None:
    """M4: after its end on day 46, and makes what comes back expire then; else that is as ever."""
    member = spender(restored_life_days=3)
    member.buy(150, on(2), name="first")
    redemption = member.redeem("tea", on(2))
    member.buy(150, on(15))
    member.reverse("first", on(16))
    assert len(short(member)) == 1

    member.cancel(redemption, on(day, 0))

    assert member.balance.available == left
    assert short(member) == []


@pytest.mark.parametrize("years", [1, 5])
def test_m4_money_is_remembered_for_ever(years: int) -> None:
    """M4: however late a purchase comes back, another's gift stays one, and money money."""
    member = Member(clinic(bands=[]), joined="2026-02-01")
    first = topped(member, 1_000, "2026-03-02")
    purchase = bought(member, line("x", 1_000), now="2026-03-05")
    member.adjust(300, "2026-03-06", "prepaid")
    topped(member, 900, "2026-03-07")
    charged_back(member, first, "2026-03-08")

    when = f"{2026 + years}-05-01"
    refunded(member, purchase, now=when)

    assert member.available(when, PREPAID) == 1_200
    assert closed(member, when) == 900


def test_m4_an_account_does_not_grow_with_its_years() -> None:
    """M4: of money of lots that ended more than a year ago only the sum is known."""
    member = Member(clinic(bands=[], prepaid_days=30), joined="2026-02-01")
    purchases = []
    for number in range(40):
        day = 30 * number
        first = topped(member, 100, on(day))
        purchases.append(bought(member, line("x", 100), now=on(day), name=f"quote_{number}"))
        topped(member, 100, on(day + 1))
        charged_back(member, first, on(day + 2))

    # Those of a year and of the last days, and one for all before.
    assert len(short(member, PREPAID)) == 15
    when = on(30 * 40)
    for purchase in purchases:
        refunded(member, purchase, now=when)
    assert short(member, PREPAID) == []
    assert member.verdict().holds


def test_m4_many_lots_that_stand_in_take_little() -> None:
    """M4: they lie in columns, as the lots did."""
    member = spender(rolling(days=365), expiry_warning_days=14)
    member.buy(2_500, on(0), name="first")
    for _ in range(16):
        member.redeem("tea", on(1))
    for day in range(2, 302):
        member.buy(10, on(day), name=f"{day}")
    before = len(compact.encode(member.account))
    held = member.account.balances
    member.reverse("first", on(302))
    assert len(short(member)) == 240
    assert len(compact.encode(member.account)) < before + 100

    for redemption in member.redemptions.values():
        member.cancel(redemption, on(303))

    balance = replace(held[POINTS], lots=held[POINTS].lots[1:])
    assert member.account.balances == {POINTS: balance}


@given(
    st.builds(
        Shortfall,
        lot=st.builds(
            LotKey,
            st.none() | st.integers(1, 2**42),
            st.none() | st.dates().map(date.isoformat),
            st.sampled_from(["tenant", "acme"]),
            st.integers(0, 100),
            st.none() | st.integers(1, 2**42),
            st.booleans(),
        ),
        amount=st.integers(1, 99),
        at=st.integers(1, 2**42),
        to=st.sampled_from(["issued", "paid_in"]),
        by=st.none(),
        written_off=st.booleans(),
    ),
    st.none() | st.dates(date(2020, 1, 1), date(2100, 1, 1)),
    st.integers(0, 9),
)
@PROPERTY
def test_a_shortfall_is_read_as_it_was_written(
    each: Shortfall, day: date | None, days: int
) -> None:
    """Whatever it is of, and whatever stands in for it."""
    if not each.written_off:
        term = expiry.NEVER if day is None else expiry.until(day, "Asia/Tehran", days)
        by = term.opens(each.amount, LotKey(funder="acme", rate=3, paid=True), since=days)
        each = each._replace(by=by)
    counter = Counter(each.amount, each.kept_until)
    account = Account(counters={f"{POINTS}/short/{name_of(each)}": counter})

    assert shortfalls.known(account, POINTS, 0) == [each]


ENDS: Final = [None, *(at(on(day, 0)) for day in (3, 5, 9, 20))]
KEYS: Final = st.builds(
    lambda end, funder: (
        LotKey(end, calendar.local_date(end, "UTC").isoformat(), funder)
        if end
        else LotKey(funder=funder)
    ),
    st.sampled_from(ENDS),
    st.sampled_from(["tenant", "acme"]),
)
WAYS: Final = ("owed", "written off", "stands in", "repays", "relieves", "comes", "spell")
DOINGS: Final = st.lists(
    st.tuples(
        st.sampled_from(
            ["owed", "written off", "stands in", "repays", "relieves", "comes", "spell"]
        ),
        KEYS,
        KEYS,
        st.integers(1, 30),
        st.sampled_from([at(on(day)) for day in (1, 2, 4)]),
    ),
    max_size=12,
)


@given(DOINGS)
@settings(PROPERTY, max_examples=examples(300))
def test_what_was_read_is_kept_up_to_date(
    doings: list[tuple[str, LotKey, LotKey, int, int]],
) -> None:
    """Whatever is done with shortfalls within one event, it is as if they were read each time."""
    kept, anew = (event_on(Account(), at(on(6))) for _ in range(2))
    for what, key, other, amount, instant in doings:
        anew.readings.clear()
        done = [done_with(event, what, key, other, amount, instant) for event in (kept, anew)]
        assert done[0] == done[1]
        assert kept.account == anew.account
    effects = kept.build(LotsExpired()).effects
    assert all(each.delta for each in effects if isinstance(each, CounterChange))


def done_with(
    event: EventBuilder, what: str, key: LotKey, other: LotKey, amount: int, instant: int
) -> Any:
    """Do something with the shortfalls of an event, and return what it says."""
    held = shortfalls.of(event, POINTS)
    lot = Lot(amount, key)
    match what:
        case "owed":
            return held.add(Shortfall(key, amount, instant, "issued"))
        case "written off":
            return held.add(Shortfall(key, amount, instant, "issued", written_off=True))
        case "stands in":
            missing = [Shortfall(key, amount, instant, "issued")]
            return held.stand_in(missing, [Taken(7, other), Taken(3, key)])
        case "repays":
            owed = known_owed(event)
            return held.repay(lot, min(amount, owed))
        case "relieves":
            return held.relieve(lot)
        case "comes":
            return (held.make_good(key, amount, instant), held.take_written_off(lot, instant))
        case _:
            end = key.expires_at or 1
            day = calendar.local_date(end, "UTC").isoformat()
            return last_days.join(event, POINTS, LastDay(day, end, since=end - 4 * 86_400_000))


def known_owed(event: EventBuilder) -> int:
    """Return how much is owed."""
    found = shortfalls.known(event.account, POINTS, event.now)
    return sum(each.amount for each in found if each.is_owed)


def test_b_what_comes_back_costs_what_it_is() -> None:
    """B: four times as many lots that come back, all of them short, take four times the work."""
    few, many = (calls_of_a_release(lots_short) for lots_short in (25, 100))

    assert 3 * few < many < 6 * few


def calls_of_a_release(count: int) -> int:
    """Return how many functions are called to release what all is short, of so many lots."""
    member = spender(rolling(days=365))
    for day in range(count):
        member.buy(100, on(day), name=f"{day}")
    member.do(
        PlaceHold(
            member="mem_1",
            programme="clinic",
            currency="points",
            amount=10 * count,
            hold_id="held",
            minutes=60,
        ),
        on(count),
    )
    for day in range(count):
        member.reverse(f"{day}", on(count))
    member.buy(50 * count, on(count))
    assert len(short(member)) >= count
    release = ReleaseHold(member="mem_1", hold_id="held")
    _, calls = pace.calls_of(lambda: member.do(release, on(count)))
    assert short(member) == []
    return calls


# ── Whatever happens ──


def topped(member: Member, amount: int, when: str) -> int:
    """Pay money in, and return the version of the payment."""
    command = TopUp(member="mem_1", programme="clinic", currency="prepaid", amount=amount)
    return member.do(command, when).events[-1].version


def charged_back(member: Member, version: int, when: str) -> None:
    """Let a payment go back."""
    member.do(ReversePayment(member="mem_1", programme="clinic", version=version), when)


def closed(member: Member, when: str) -> int:
    """Close the account, and return how much money is refunded."""
    left = member.do(Close(member="mem_1", reason="moved", prepaid="refund"), when).result.prepaid
    return sum(each.amount for each in left if each.refundable)


class Step(NamedTuple):
    """Something that happens so many days after what happened before, told late perhaps."""

    after: int
    what: str
    amount: int
    late: int


EXPIRIES: Final[list[dict[str, Any]]] = [
    rolling(days=10),
    THIRTY_DAYS,
    {"type": "never"},
    {"type": "inactivity", "days": 8},
    {"type": "inactivity", "days": 8, "first_life": rolling(days=15)},
    {"type": "inactivity", "days": 9, "first_life": rolling(days=4)},
]
PROGRAMMES: Final = st.fixed_dictionaries(
    {
        "expiry": st.sampled_from(EXPIRIES),
        "reinstated_within_days": st.sampled_from([None, 5, 60]),
        "restored_life_days": st.sampled_from([0, 0, 4]),
        "negative_balance": st.sampled_from(["deficit", "deficit", "clamp"]),
        "activation_delay_days": st.sampled_from([0, 0, 3]),
    }
)
WHAT: Final = ["visit"] * 2 + ["buy"] * 3 + ["tea", "nut", "cancel", "hold", "release", "reverse"]
STEPS: Final = st.lists(
    st.builds(
        Step,
        st.sampled_from([0, 0, 1, 2, 4, 9, 20]),
        st.sampled_from(WHAT),
        st.integers(1, 400),
        st.sampled_from([0, 0, 0, 5, 15]),
    ),
    max_size=14,
)


class Life:
    """One member, what they did, and what can be taken back of it."""

    def __init__(self, currency: dict[str, Any]) -> None:
        tiers = {"silver": rolling(days=25)} if currency["expiry"]["type"] != "never" else {}
        document = programme(
            rule("visit", fixed(10)),
            rule("spend", per_amount(1, 10), PURCHASE),
            currencies=[{"id": "points", "name": "Points", "tier_expiry": tiers, **currency}],
            rewards=[reward("tea", 15), reward("nut", 4)],
            tiers=ladder(("silver", visits(3))),
        )
        self.member = Member(replace(document, backdate_limit_days=60), joined=on(0, 0))
        self.day = 0
        self.held: list[str] = []

    def live(self, step: Step) -> None:
        """Do a step; what cannot be done is not."""
        self.day += step.after
        member, now, name = self.member, on(self.day), f"{len(self.member.events)}"
        then = on(max(self.day - step.late, 0), 11)
        try:
            if step.what == "visit":
                member.visit(then, now=now, name=name)
            elif step.what == "buy":
                member.buy(step.amount, then, now=now, name=name)
            elif step.what in ("tea", "nut"):
                member.redeem(step.what, now)
            elif step.what == "hold":
                self._hold(name, step.amount % 20 + 1, now)
            elif places := list(self._of(step.what)):
                self.take_back(*places[step.amount % len(places)], part=step.amount % 3)
        except LoyaltyError:
            pass

    def _hold(self, name: str, amount: int, now: str) -> None:
        command = PlaceHold(
            member="mem_1",
            programme="clinic",
            currency="points",
            amount=amount,
            hold_id=name,
            minutes=10**6,
        )
        self.member.do(command, now)
        self.held.append(name)

    def _of(self, what: str) -> Iterator[tuple[str, str]]:
        return (each for each in self.all() if each[0] == what)

    def all(self) -> Iterator[tuple[str, str]]:
        """Yield all that was done and can be taken back."""
        yield from (("reverse", name) for name in self.member.recorded)
        yield from (("cancel", name) for name in self.member.redemptions)
        yield from (("release", name) for name in self.held)

    def take_back(self, what: str, name: str, *, part: int = 0) -> None:
        """Take back something of it, or a part of a purchase."""
        member, now = self.member, on(self.day)
        try:
            if what == "reverse":
                paid = recorded_by(member.recorded[name]).activity.amount
                member.reverse(name, now, amount=20 if part and paid else None)
            elif what == "cancel":
                member.cancel(member.redemptions[name], now)
            else:
                member.do(ReleaseHold(member="mem_1", hold_id=name), now)
        except LoyaltyError:
            pass
        owed = sum(each.amount for each in short(member) if each.is_owed)
        assert owed == member.balance.deficit


@given(PROGRAMMES, STEPS, st.sampled_from([0, 1, 12, 40]), st.randoms(use_true_random=False))
@settings(PROPERTY, max_examples=examples(250))
def test_m4_m7_when_all_is_taken_back_nothing_is_left(
    currency: dict[str, Any], steps: list[Step], wait: int, chance: Random
) -> None:
    """
    M4, M7: nor owed, nor remembered, whatever was earned, spent, came back and expired before.

    In any order: activities are reversed, redemptions cancelled and holds released.
    """
    life = Life(currency)
    for step in steps:
        life.live(step)
    life.day += wait
    everything = list(life.all())
    chance.shuffle(everything)
    for each in everything:
        life.take_back(*each)
    member = life.member
    member.tick(on(life.day))

    assert member.account.balances == {}
    kept = [key for key in member.account.counters if "unspent" in key or "/short/" in key]
    assert kept == []
    assert member.verdict().holds


@given(
    st.lists(
        st.builds(
            Step,
            st.sampled_from([0, 0, 1, 3, 8, 15]),
            st.sampled_from(["pay in", "pay in", "buy", "correct"]),
            st.sampled_from([100, 300, 500, 1_000]),
            st.just(0),
        ),
        min_size=2,
        max_size=8,
    ),
    st.sampled_from([None, 10, 30]),
    st.sampled_from([0, 0, 5]),
    st.sampled_from(["deficit", "clamp"]),
    st.sampled_from([0, 1, 12, 35]),
    st.data(),
)
@settings(PROPERTY, max_examples=examples(150))
def test_m4_chargebacks_and_refunds_of_one_day(
    steps: list[Step], days: int | None, least_life: int, policy: str, wait: int, data: Any
) -> None:
    """M4: in any order, the same money is in the wallet, and as much of it is refunded."""
    bands = data.draw(st.sampled_from([[], [{"at_least": 500, "percent": 20}]]))
    document = paying(clinic(prepaid_days=days, bands=bands, least_life=least_life), policy)
    back = sorted(data.draw(st.sets(st.integers(0, len(steps) - 1))))
    ends = []
    for _ in range(2):
        member, done, day = lived(document, steps)
        for place in data.draw(st.permutations(back)):
            if steps[place].what == "pay in":
                charged_back(member, done[place].version, on(day + wait))
            elif steps[place].what == "buy":
                refunded(member, done[place], now=on(day + wait))
        available = member.available(on(day + wait), PREPAID)
        ends.append((available, closed(member, on(day + wait))))
        assert member.verdict().holds

    assert ends[0] == ends[1]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0, 0, 1, 3, 8, 40, 200, 400]),
            st.sampled_from(["pay in", "pay in", "buy", "buy", "back"]),
            st.sampled_from([100, 300, 500, 1_000]),
        ),
        max_size=9,
    ),
    st.sampled_from([None, 10, 30, 400]),
    st.sampled_from([0, 0, 5]),
    st.sampled_from(["deficit", "clamp"]),
    st.randoms(use_true_random=False),
)
@settings(PROPERTY, max_examples=examples(150))
def test_m4_money_of_years(
    steps: list[tuple[int, str, int]],
    days: int | None,
    least_life: int,
    policy: str,
    chance: Random,
) -> None:
    """M4: when every payment and every purchase has gone back, nothing is left in any account."""
    member = Member(paying(clinic(prepaid_days=days, bands=[], least_life=least_life), policy))
    day, done = 0, []

    def back(each: Event) -> None:
        if each.kind == "wallet.topped_up":
            charged_back(member, each.version, on(day))
        else:
            refunded(member, each, now=on(day))

    for after, what, amount in steps:
        day += after
        if what == "pay in":
            topped(member, amount, on(day))
            done.append(member.events[-1])
        elif what == "buy":
            name = f"quote_{len(member.events)}"
            done.append(bought(member, line("x", amount), now=on(day), name=name))
        elif done:
            back(done.pop(chance.randrange(len(done))))
    chance.shuffle(done)
    for each in done:
        day += chance.choice([0, 0, 5, 100, 300, 500])
        back(each)

    assert member.seen(on(day)).balance(PREPAID) == Balance()
    assert {path: n for path, n in moved(member).items() if n} == {}
    kept = [key for key in member.account.counters if "unspent" in key or "/short/" in key]
    assert kept == []


def moved(member: Member) -> Counted[str]:
    """Return what of prepaid money lies in which kind of ledger account."""
    there: Counted[str] = Counted()
    for event in member.events:
        for each in event.postings:
            if each.currency == PREPAID:
                there[kind_of(each.source)] -= each.amount
                there[kind_of(each.destination)] += each.amount
    return there


def paying(document: Programme, policy: str) -> Programme:
    """Return a programme that does so with spent value that is taken back."""
    kept = [replace(each, negative_balance=policy) for each in document.currencies]
    return replace(document, currencies=tuple(kept))


def lived(document: Programme, steps: list[Step]) -> tuple[Member, list[Event], int]:
    """Pay in and spend; return the member, the events of it, and the day of the last."""
    member, day = Member(document, joined="2026-02-01"), 0
    done = []
    for number, step in enumerate(steps):
        day += step.after
        if step.what == "pay in":
            topped(member, step.amount, on(day))
        elif step.what == "correct":
            member.adjust(step.amount, on(day), "prepaid")
        else:
            bought(member, line("x", step.amount), now=on(day), name=f"quote_{number}")
        done.append(member.events[-1])
    return member, done, day


def test_lots_are_named_by_what_they_are() -> None:
    """What stands in comes back as it was: announced, and opened when it was."""
    member = spender(expiry_warning_days=5)
    member.buy(150, on(2), name="first")
    redemption = member.redeem("tea", on(2))
    member.buy(150, on(4))
    there = member.balance.lots
    member.reverse("first", on(5))
    member.cancel(redemption, on(6))

    assert there == (
        Lot(15, LotKey(at("2026-04-05T00:00:00Z"), "2026-04-04"), at("2026-03-30T00:00:00Z")),
    )
    assert member.balance.lots == there
