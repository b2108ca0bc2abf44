"""
Whatever happens to a member, in whatever order: the books balance and the past stays put.

`Life` drives one member of two programmes through random commands, times moving forward, and
after every step holds the account against totals that are counted from the activities alone.
"""

from __future__ import annotations

from collections import Counter as Tally
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
)
from hypothesis.stateful import (
    rule as step,
)
from msgspec.structs import replace

from chalicelib.domain import verification
from chalicelib.domain.decide.appending import append
from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.settling import settle
from chalicelib.domain.errors import LoyaltyError
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account, comes_along
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.events import Event
from chalicelib.domain.ledger.journal import StoredEvent
from chalicelib.domain.ledger.postings import AVAILABLE, PENDING
from chalicelib.domain.mechanics.activities import RecordActivity
from chalicelib.domain.mechanics.membership import Enrol, Open
from chalicelib.domain.mechanics.remaining import LineReversal, Remaining, untouched
from chalicelib.domain.programme.document import Programme
from tests.domain.building import (
    KEY,
    PURCHASE,
    VISIT,
    Member,
    adjustment,
    at,
    fixed,
    formula,
    ladder,
    line,
    per_amount,
    points,
    programme,
    published,
    recorded_by,
    reward,
    rule,
    visits,
)
from tests.domain.funding import check_funders
from tests.examples import examples

HOUR = 3_600_000
DAY = 24 * HOUR
# How late an activity may be, in elapsed time, whatever the clocks do meanwhile.
BACKDATED = 30 * DAY
ZONE = "Europe/London"


def clinic(rate: int) -> Programme:
    """Return a programme with every mechanic in it."""
    stamps = {
        **points({"type": "fixed", "on": "12-31"}),
        "id": "stamps",
        "negative_balance": "clamp",
    }
    return programme(
        rule("visit", fixed(50), caps=[{"window": "day", "max": 80}], tier_percent={"gold": 150}),
        rule(
            "spend",
            per_amount(rate, 100),
            on=PURCHASE,
            scope={"exclude": {"categories": ["rx"]}},
            caps=[
                {"window": "week", "max": 90},
                {"window": "month", "times": 4},
                {"window": "year", "max": 400, "on_exceed": "reject"},
            ],
        ),
        rule("much", per_amount(2, 100), on=PURCHASE, group="bonus", activation_delay_days=5),
        rule("flat", fixed(40), on=PURCHASE, group="bonus", when="activity.amount > 2000"),
        rule("odd", formula("lines.size() * 7"), on=PURCHASE, group="bonus", priority=1),
        {**rule("stamp", fixed(1), activation_delay_days=3), "currency": "stamps"},
        groups=[{"id": "bonus", "mode": "best"}],
        currencies=[points({"type": "rolling", "days": 40}, expiry_warning_days=5), stamps],
        tiers=ladder(
            ("silver", visits(3)),
            ("gold", {"any": [{"metric": "spend", "at_least": 9_000}, *visits(6)["all"]]}),
            grace_days=20,
            downgrade="one_level",
        ),
        rewards=[
            reward("tea", 60, limits=[{"window": "month", "count": 2}], voucher_valid_days=30),
            reward("mug", 150, stock=9),
            {**reward("toy", 2), "price": {"currency": "stamps", "amount": 2}},
        ],
        time_zone=ZONE,
    )


SPA = programme(
    rule("first", fixed(30), on=PURCHASE, priority=1, caps=[{"window": "lifetime", "times": 2}]),
    rule("then", per_amount(1, 50), on=PURCHASE),
    id="spa",
    stacking="first",
    currencies=[points(negative_balance="reject")],
    tiers=ladder(
        ("gold", {"all": [{"metric": "points_earned", "at_least": 100, "currency": "points"}]}),
        window="lifetime",
    ),
)
PROGRAMMES = published(
    ("2025-01-01", clinic(1)), ("2026-10-01T00:00:00Z", clinic(3)), ("2025-01-01", SPA)
)
START = at("2026-08-10T09:00:00Z")

waits = st.one_of(
    st.integers(0, 2 * HOUR),
    st.integers(0, 5).map(lambda days: days * DAY),
    st.integers(0, 60 * DAY),
)
ages = st.one_of(st.just(0), st.integers(0, 30 * DAY), st.sampled_from([30 * DAY, 7 * DAY]))
baskets = st.lists(
    st.tuples(st.integers(0, 4_000), st.sampled_from(["food", "rx"]), st.integers(1, 4)),
    min_size=1,
    max_size=3,
)


class Life(RuleBasedStateMachine):
    """One member, at the mercy of chance."""

    def __init__(self) -> None:
        super().__init__()
        self.member = Member(PROGRAMMES, joined=None)
        self.now = START
        self.seen: list[tuple[int, Account]] = []
        self.verifier = verification.Verifier(KEY)
        self.checked = 0
        self.moved: Tally[tuple[str, str]] = Tally()

    @initialize(programmes=st.sampled_from([("clinic", "spa"), ("clinic",), ()]))
    def begin(self, programmes: tuple[str, ...]) -> None:
        """Begin as a prospect or as a member."""
        self.attempt(Open(member="mem_1", programmes=programmes))

    def attempt(self, command: Command) -> bool:
        """Try a command; a refusal leaves everything as it was."""
        before, events = self.member.account, len(self.member.journal)
        try:
            self.member.do(command, self.now)
        except LoyaltyError:
            assert self.member.account is before
            assert len(self.member.journal) == events
            return False
        return True

    def record(self, kind: str, age: int, **parts: Any) -> None:
        """Record an activity that happened so long ago."""
        name = str(len(self.member.recorded))
        self.attempt(
            RecordActivity(
                member="mem_1", activity=Activity(kind, "till", name, self.now - age, **parts)
            )
        )

    @step(wait=waits)
    def wait(self, wait: int) -> None:
        """Look, and let time pass."""
        self.seen.append((self.now, self.member.seen(self.now)))
        self.now += wait + 1

    @step(days=st.sampled_from([1, 5, 40, 41, 150, 366]))
    def sleep(self, days: int) -> None:
        """Let much time pass, to the start of a day."""
        self.wait(0)
        day = calendar.add_days(calendar.local_date(self.now, ZONE), days)
        self.now = max(self.now, calendar.day_start(day, ZONE))

    @step()
    def tick(self) -> None:
        """Keep what fell due."""
        self.member.tick(self.now)

    @step(age=ages)
    def visit(self, age: int) -> None:
        """A visit, now or a while ago."""
        self.record(VISIT, age)

    @step(age=ages, amount=st.integers(0, 8_000))
    def pay(self, age: int, amount: int) -> None:
        """A purchase without lines."""
        self.record(PURCHASE, age, amount=amount, money="GBP")

    @step(age=ages, lines=baskets)
    def buy(self, age: int, lines: list[tuple[int, str, int]]) -> None:
        """A purchase with lines."""
        basket = tuple(
            line(str(place), amount, category, quantity=quantity)
            for place, (amount, category, quantity) in enumerate(lines)
        )
        self.record(PURCHASE, age, money="GBP", lines=basket)

    @step(name=st.sampled_from(["tea", "mug", "toy"]))
    def redeem(self, name: str) -> None:
        """A reward, if it can be had."""
        self.attempt(replace(self.member.redeeming(name), programme="clinic"))

    @precondition(lambda self: self.member.redemptions)
    @step(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """Any redemption is cancelled, if it can be."""
        name = data.draw(st.sampled_from(sorted(self.member.redemptions)))
        before, now = self.member.account, self.now
        try:
            self.member.cancel(self.member.redemptions[name], now)
        except LoyaltyError:
            assert self.member.account is before

    @precondition(lambda self: self.member.redemptions)
    @step(data=st.data())
    def use(self, data: st.DataObject) -> None:
        """Any voucher is used, if it can be."""
        name = data.draw(st.sampled_from(sorted(self.member.redemptions)))
        before = self.member.account.balances
        try:
            self.member.use(self.member.redemptions[name], self.now)
        except LoyaltyError:
            assert self.member.account.balances is before

    @precondition(lambda self: self.member.recorded)
    @step(data=st.data())
    def reverse(self, data: st.DataObject) -> None:
        """Any activity is reversed: whole, by a line, or by an amount."""
        name = data.draw(st.sampled_from(sorted(self.member.recorded)))
        event = self.member.recorded[name]
        lines = event.detail.lines if event.detail else ()
        how = data.draw(st.sampled_from(["whole", "part"]))
        if how == "whole":
            self.attempt(self.member.reversing(name))
        elif lines:
            chosen = data.draw(st.sampled_from(lines))
            quantity = data.draw(st.none() | st.integers(1, chosen.quantity))
            amount = data.draw(st.none() | st.integers(0, chosen.amount))
            self.attempt(self.member.reversing(name, LineReversal(chosen.id, amount, quantity)))
        else:
            self.attempt(self.member.reversing(name, amount=data.draw(st.integers(1, 4_000))))

    @step(
        amount=st.integers(-200, 200).filter(bool), currency=st.sampled_from(["points", "stamps"])
    )
    def adjust(self, amount: int, currency: str) -> None:
        """A correction by hand."""
        self.attempt(adjustment(amount, currency))

    @precondition(lambda self: self.member.account.enrolments)
    @step(
        amount=st.integers(1, 120),
        funder=st.sampled_from(["insurer", "maker"]),
        currency=st.sampled_from(["points", "stamps"]),
        days=st.none() | st.integers(-3, 60),
    )
    def sponsor(self, amount: int, funder: str, currency: str, days: int | None) -> None:
        """Value that somebody else pays for, some of it too late."""
        until = None
        if days is not None:
            until = calendar.add_days(calendar.local_date(self.now, ZONE), days).isoformat()
        self.member.sponsor(amount, funder, self.now, currency, until=until)

    @step()
    def spend_all(self) -> None:
        """Everything that is there goes, so that a reversal finds nothing."""
        available = self.member.available(self.now)
        if available > 0:
            self.attempt(adjustment(-available))

    @step(programmes=st.sampled_from([("clinic",), ("spa",)]))
    def enrol(self, programmes: tuple[str, ...]) -> None:
        """Join, perhaps again."""
        self.attempt(Enrol(member="mem_1", programmes=programmes))

    # What always holds

    @invariant()
    def books_balance(self) -> None:
        """The journal holds; lots, debts and postings tell one story."""
        self._read_on()
        for currency in {currency for _, currency in self.moved}:
            self._balances(currency)

    def _read_on(self) -> None:
        """The account is what its journal folds to, and every event moves what it says."""
        for stored, event in zip(
            self.member.journal[self.checked :], self.member.events[self.checked :], strict=True
        ):
            before = self.verifier._account
            self.verifier.take(stored)
            check_funders(before, event, self.verifier._account)
            assert all(posting.amount > 0 for posting in event.postings)
            for posting in event.postings:
                self.moved[posting.source, posting.currency] -= posting.amount
                self.moved[posting.destination, posting.currency] += posting.amount
        self.checked = len(self.member.journal)
        assert self.verifier.verdict(self.member.account).errors == ()

    def _balances(self, currency: str) -> None:
        """Hold one balance against what was posted; all ledger accounts sum to zero."""
        account = self.member.account
        balance = account.balance(currency)
        lots = sum(lot.amount for lot in balance.lots)
        assert balance.available == lots - balance.deficit
        assert balance.available == self.moved[AVAILABLE, currency]
        assert balance.pending_total == self.moved[PENDING, currency]
        assert sum(n for (_, moved), n in self.moved.items() if moved == currency) == 0
        assert all(lot.amount > 0 for lot in balance.lots)
        assert all(lot.amount > 0 for lot in balance.pending)
        assert balance.deficit >= 0
        assert not (balance.lots and balance.deficit)
        expiries = [lot.key.expires_at for lot in balance.lots if lot.key.expires_at is not None]
        assert expiries == sorted(expiries)
        assert all(expiry > account.effective_at for expiry in expiries)

    @invariant()
    def totals_follow_from_the_activities(self) -> None:
        """Metrics, counts and caps are those of what is left of every activity."""
        account = self.member.account
        expected = counted(self.member)
        totals = {
            metric: buckets["all"]
            for metric, buckets in account.metrics.items()
            if "all" in buckets
        }
        assert totals == {metric: n for metric, n in expected.metrics.items() if n}
        assert (account.stats.activities, account.stats.visits) == (
            expected.activities,
            expected.visits,
        )
        for key, counter in account.counters.items():
            assert counter.value > 0
            if comes_along(key) and "/reward:" not in key:
                assert counter.value == expected.caps[key]
        for key, used in expected.caps.items():
            kept = account.counters.get(key)
            assert kept is not None or used == 0 or forgotten(key, account.effective_at)

    @invariant()
    def tiers_are_in_order(self) -> None:
        """The timeline is in order, ends with the tier held, and nothing is overdue."""
        for name, enrolment in self.member.account.enrolments.items():
            since = [each.since for each in enrolment.timeline]
            assert since == sorted(since)
            assert enrolment.timeline[-1].tier == enrolment.tier
            if name == "clinic":
                assert (enrolment.review_at is None) is (enrolment.tier == "base")
            else:
                assert enrolment.review_at is None
            if enrolment.review_at is not None:
                assert enrolment.review_at > self.member.account.effective_at

    def teardown(self) -> None:
        """The past is as it was seen, and the future is the same by any road."""
        for instant, account in self.seen:
            assert self.member.as_of(instant) == account
        far = self.now + 900 * DAY
        whole, whole_events = self._settled([far])
        steps = [self.now + days * DAY for days in (1, 17, 60, 61, 400, 555)]
        parts, parts_events = self._settled([*steps, far])
        assert (parts, parts_events) == (whole, whole_events)
        assert whole.effective_at <= far
        assert all(
            e.kind in {"pending.activated", "tiers.reviewed", "lots.expired", "expiry.announced"}
            for e in whole_events
        )

    def _settled(self, instants: list[int]) -> tuple[Account, list[Event]]:
        account = self.member.account
        events: list[Event] = []
        for instant in instants:
            account, appended = settle(account, PROGRAMMES, instant, KEY)
            events.extend(appended.events)
        return account, events


Life.TestCase.settings = settings(
    max_examples=examples(60),
    stateful_step_count=45,
    derandomize=True,
    deadline=None,
    print_blob=True,
)
TestLife = Life.TestCase


class Counted:
    """What the activities come to, counted from their journal events and what is left of them."""

    def __init__(self) -> None:
        self.metrics: Tally[str] = Tally()
        self.caps: Tally[str] = Tally()
        self.activities = 0
        self.visits = 0


def counted(member: Member) -> Counted:
    """Count every activity by what is left of it."""
    totals = Counted()
    for name, event in member.recorded.items():
        left = member.left_of(name) or untouched(event)
        said = recorded_by(event)
        visit = said.activity.type == VISIT
        totals.activities += left.whole
        totals.visits += left.whole and visit
        for evaluation in said.evaluations:
            key = evaluation.programme
            version = PROGRAMMES.version(key, evaluation.version)
            assert version is not None
            if visit:
                totals.metrics[f"{key}/visits"] += left.whole
            elif said.activity.money:
                totals.metrics[f"{key}/spend"] += left.amount or 0
            _count_awards(totals, event, left, version.document)
    return totals


def _count_awards(totals: Counted, event: Event, left: Remaining, document: Programme) -> None:
    day = calendar.local_date(event.occurred_at, document.time_zone)
    rules = {each.id: each for each in document.earning}
    for place, award in enumerate(recorded_by(event).awards):
        if award.programme != document.id:
            continue
        granted = left.granted[place]
        totals.metrics[f"{document.id}/points_earned/{award.currency.split('/')[1]}"] += granted
        for cap in rules[award.rule].caps:
            measure = "max" if cap.times is None else "times"
            window = calendar.window_key(day, cap.window)
            key = f"limit/{document.id}/{award.rule}/{measure}/{cap.window}/{window}"
            totals.caps[key] += granted if cap.times is None else int(granted > 0)
            if cap.max is not None:
                assert totals.caps[key] >= 0


def forgotten(key: str, now: int) -> bool:
    """Tell whether no late activity can meet the window of a counter any more."""
    _, _, _, _, window, bucket = key.split("/")
    if window == "lifetime":
        return False
    oldest = calendar.local_date(now - BACKDATED, ZONE)
    return calendar.window_key(oldest, window) > bucket


# Histories of activities alone

activities = st.lists(
    st.tuples(waits, st.sampled_from([VISIT, PURCHASE]), ages, st.integers(0, 6_000)),
    min_size=1,
    max_size=12,
)


def lived(history: list[tuple[int, str, int, int]]) -> tuple[Member, int]:
    """Return a member of both programmes after a history, and the instant of its end."""
    member, now = Member(PROGRAMMES, joined="2026-08-10T09:00:00Z"), START
    for number, (wait, kind, age, amount) in enumerate(history):
        now += wait
        money: dict[str, Any] = {"amount": amount, "money": "GBP"} if kind == PURCHASE else {}
        activity = Activity(kind, "till", str(number), now - age, **money)
        member.do(RecordActivity(member="mem_1", activity=activity), now)
    return member, now


@settings(max_examples=examples(80), derandomize=True, deadline=None, print_blob=True)
@given(activities, st.randoms(use_true_random=False), waits)
def test_reversing_everything_leaves_nothing(
    history: list[tuple[int, str, int, int]], random: Any, wait: int
) -> None:
    """In any order, at any time: balances, metrics and counters return to zero."""
    member, now = lived(history)
    names = list(member.recorded)
    random.shuffle(names)
    for name in names:
        now += wait // 10
        member.reverse(name, now)

    assert member.account.balances == {}
    assert member.account.metrics == {}
    assert member.account.counters == {}
    assert member.account.stats.activities == 0
    assert [member.reverse(name, now).changed for name in names] == [False] * len(names)


@settings(max_examples=examples(60), derandomize=True, deadline=None, print_blob=True)
@given(activities, st.lists(st.integers(0, 900), max_size=6))
def test_time_passes_by_any_road(
    history: list[tuple[int, str, int, int]], stops: list[int]
) -> None:
    """One settlement and many write the same events, byte for byte."""
    member, now = lived(history)
    far = now + 900 * DAY
    whole, at_once = settle(member.account, PROGRAMMES, far, KEY)
    account = member.account
    stored: list[StoredEvent] = []
    for days in [*sorted(stops), 900]:
        account, appended = settle(account, PROGRAMMES, now + days * DAY, KEY)
        stored.extend(appended.stored)

    assert (account, tuple(stored)) == (whole, at_once.stored)


@settings(max_examples=examples(60), derandomize=True, deadline=None, print_blob=True)
@given(activities, st.data())
def test_the_past_is_what_it_was(
    history: list[tuple[int, str, int, int]], data: st.DataObject
) -> None:
    """As of any instant, the account is the fold of what took effect by then, settled to then."""
    member, now = lived(history)
    instant = data.draw(st.integers(START - DAY, now + 100 * DAY))
    then = [stored for stored in member.journal if stored.effective_at <= instant]
    events = member.events[: len(then)]
    account = Account()
    for event in events:
        account, _ = append(account, (event,), KEY)
    settled, _ = settle(account, PROGRAMMES, instant, KEY)

    assert member.as_of(instant) == settled


@settings(max_examples=examples(60), derandomize=True, deadline=None, print_blob=True)
@given(activities, st.data())
def test_one_changed_bit_is_found_and_named(
    history: list[tuple[int, str, int, int]], data: st.DataObject
) -> None:
    """Wherever in the journal a bit has changed."""
    member, _ = lived(history)
    place = data.draw(st.integers(0, len(member.journal) - 1))
    stored = member.journal[place]
    field = data.draw(
        st.sampled_from([f for f in ("body", "detail", "hash") if getattr(stored, f)])
    )
    broken = bytearray(getattr(stored, field))
    bit = data.draw(st.integers(0, len(broken) * 8 - 1))
    broken[bit // 8] ^= 1 << bit % 8
    journal = [*member.journal]
    journal[place] = replace(stored, **{field: bytes(broken)})
    verdict = verification.verify(member.account, journal, KEY)

    assert [error.version for error in verdict.errors] == [stored.version]
