"""
Every mechanic at once, in whatever order: the books balance, and nothing is negative but a debt.

`Anything` drives one member through random commands of all mechanics, times moving forward; what is
refused must have changed nothing.  In the end all that was recorded is taken back.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant
from hypothesis.stateful import rule as step

from chalicelib.domain import verification
from chalicelib.domain.decide import registry
from chalicelib.domain.decide.claims import Ref
from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.settling import due_at
from chalicelib.domain.errors import LoyaltyError
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.events import Event, Line
from chalicelib.domain.ledger.postings import kind_of
from chalicelib.domain.ledger.quote import Quote
from chalicelib.domain.mechanics import holds
from chalicelib.domain.mechanics.activities import RecordActivity
from chalicelib.domain.mechanics.entitlement_grants import GRANTS
from chalicelib.domain.mechanics.entitlement_uses import ReturnEntitlement, UseEntitlement
from chalicelib.domain.mechanics.entitlements import GrantEntitlement
from chalicelib.domain.mechanics.goodwill import GiveGoodwill
from chalicelib.domain.mechanics.holds import CaptureHold, PlaceHold, ReleaseHold
from chalicelib.domain.mechanics.membership import ChangeProfile
from chalicelib.domain.mechanics.plan_pauses import PausePlan, ResumePlan
from chalicelib.domain.mechanics.quoting import ConfirmQuote, MakeQuote
from chalicelib.domain.mechanics.remaining import REMAINING
from chalicelib.domain.mechanics.reversal import ReverseActivity
from chalicelib.domain.mechanics.statuses import VerifyStatus, WithdrawStatus
from chalicelib.domain.mechanics.subscriptions import CancelPlan, ChangePlan, PayFee, Subscribe
from chalicelib.domain.mechanics.tier_grants import GrantTier, LiftTier
from chalicelib.domain.mechanics.tiers import overrides_of
from chalicelib.domain.mechanics.wallet_payments import Payment
from chalicelib.domain.mechanics.wallets import TopUp
from tests.domain.building import (
    KEY,
    PURCHASE,
    VISIT,
    Member,
    at,
    fixed,
    ladder,
    per_amount,
    points,
    programme,
    reward,
    rule,
    transfer,
    visits,
)
from tests.domain.funding import check_funders
from tests.examples import examples

HOUR = 3_600_000
CLINIC = "clinic"
TIERS = ("base", "silver", "gold")


def everything() -> Any:
    """Return a programme with every mechanic in it, each on terms of days."""
    money = {"name": "Money", "expiry": {"type": "never"}}
    return programme(
        rule("visit", fixed(50), VISIT, caps=[{"window": "day", "max": 120}]),
        rule("spend", per_amount(1, 100), PURCHASE),
        {**rule("back", per_amount(5, 100), PURCHASE), "currency": "cashback"},
        {**rule("stroll", fixed(3), "stroll.taken"), "currency": "strolls"},
        currencies=[
            points(
                {"type": "rolling", "days": 9, "round_up": "month"},
                tier_expiry={"gold": {"type": "rolling", "days": 20}},
                expiry_warning_days=3,
                reinstated_within_days=12,
                refund_days=1,
            ),
            {"id": "prepaid", **money},
            {"id": "cashback", **money},
            {
                "id": "strolls",
                "name": "Strolls",
                "expiry": {
                    "type": "inactivity",
                    "days": 4,
                    "first_life": {"type": "rolling", "days": 6},
                },
                "expiry_warning_days": 2,
                "reinstated_within_days": 5,
            },
        ],
        tiers=ladder(
            ("silver", visits(3)),
            ("gold", {"any": [{"metric": "spend", "at_least": 60_000}]}),
            window="rolling",
            rolling_days=10,
            grace_days=2,
            notice_days=2,
        ),
        entitlements=[
            {"id": "tea", "name": "Tea", "waives": {"include": {"categories": ["tea"]}}},
            {
                "id": "parking",
                "name": "Parking",
                "tiers": ["silver", "gold"],
                "plans": ["club"],
                "quota": {"count": 2, "window": "week"},
            },
        ],
        stamp_cards=[
            {
                "id": "card",
                "name": "Card",
                "size": 3,
                "on": [PURCHASE],
                "full": {"entitlement": "tea", "valid_days": 5},
            }
        ],
        date_gifts=[
            {
                "id": "stroll",
                "name": "Stroll",
                "on": "birthday",
                "gives": {"type": "value", "currency": "strolls", "amount": 8},
            },
            {
                "id": "tea",
                "name": "Tea",
                "on": "birthday",
                "gives": {"type": "entitlement", "entitlement": "tea", "valid_days": 5},
                "tiers": ["silver", "gold"],
            },
        ],
        statuses=[{"id": "family", "name": "Family", "max_days": 6}],
        discounts={
            "stacking": "additive",
            "max_percent": 40,
            "offers": [
                {
                    "id": "family",
                    "name": "Family",
                    "terms": {"type": "status", "any": ["family"], "percent": 7},
                },
                {
                    "id": "week",
                    "name": "Week",
                    "terms": {
                        "type": "spend_window",
                        "at_least": 9_000,
                        "percent": 4,
                        "days": 7,
                        "term_days": 3,
                    },
                },
            ],
        },
        wallets=[
            {
                "currency": "prepaid",
                "kind": "prepaid",
                "bands": [{"at_least": 2_000, "percent": 10}, {"at_least": 5_000, "percent": 20}],
            },
            {"currency": "cashback", "kind": "cashback", "max_percent": 60},
        ],
        packages=[{"id": "teas", "name": "Teas", "sku": "TEAS", "entitlement": "tea", "units": 2}],
        plans=[
            {
                "id": "club",
                "name": "Club",
                "period": "month",
                "fee": 900,
                "trial_days": 3,
                "grace_days": 2,
                "tier": "silver",
            },
            {"id": "year", "name": "Year", "period": "year", "fee": 9_000, "grace_days": 0},
        ],
        goodwill={"currency": "points", "daily": {"server": 100}},
        transfers=[
            {
                "currency": "points",
                "sending": [{"window": "week", "max": 150}],
                "receiving": [{"window": "month", "times": 3}],
            },
            {"currency": "prepaid"},
            {"currency": "strolls"},
        ],
        rewards=[
            reward("gold", 90, gives={"type": "tier", "tier": "gold", "days": 3}),
            reward(
                "tea",
                70,
                gives={"type": "entitlement", "entitlement": "tea", "valid_days": 4},
                auto_at=130,
                limits=[{"window": "week", "count": 2}],
            ),
        ],
    )


DOCUMENT = everything()
purchases = st.lists(
    st.tuples(
        st.integers(0, 20_000),
        st.integers(1, 3),
        st.sampled_from(["tea", "food"]),
        st.sampled_from(["", "TEAS"]),
    ),
    min_size=1,
    max_size=3,
)
whiles = st.one_of(st.integers(0, 3), st.integers(0, 24 * 6), st.integers(0, 24 * 40))

#: The ledger accounts of the member's own.
OWN = {path: held for each in registry.every() for path, held in each.accounts.items()}


class Anything(RuleBasedStateMachine):
    """One member, and whatever can be asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.member = Member(DOCUMENT, joined="2026-03-02")
        self.friend = Member(DOCUMENT, joined="2026-03-02", key="T#tenant#M#mem_2")
        self.now = at("2026-03-02T12:00:00Z")
        self.quotes: list[Quote] = []
        self.held: list[str] = []
        self.moved: Counter[tuple[str, str]] = Counter()
        self.verifier = verification.Verifier(KEY)
        self.seen = 0

    def ask(self, command: Command) -> Any:
        """Ask for something; what is refused has changed nothing."""
        before = self.member.account
        try:
            return self.member.do(command, self.now)
        except LoyaltyError:
            assert self.member.account is before
            return None

    @step(hours=whiles)
    def wait(self, hours: int) -> None:
        """Time goes by, and the tick runs."""
        self.now += hours * HOUR
        self.member.tick(self.now)
        self.friend.tick(self.now)

    @step(kind=st.sampled_from([VISIT, "stroll.taken"]), late=st.integers(0, 72))
    def come(self, kind: str, late: int) -> None:
        """Report an activity, late perhaps."""
        name = f"activity-{len(self.member.events)}"
        when = max(self.now - late * HOUR, self.member.account.opened_at)
        self.ask(RecordActivity(member="mem_1", activity=Activity(kind, "emr", name, when)))

    @step(birthday=st.sampled_from(["", "03-02", "03-06", "03-20", "04-15"]))
    def say(self, birthday: str) -> None:
        """Say when one was born; on the very day there is something at once."""
        self.ask(ChangeProfile(member="mem_1", birthday=birthday))
        self.member.tick(self.now)

    @step(lines=purchases, pays=st.sampled_from([None, (), ("cashback",), ("prepaid", "cashback")]))
    def price(self, lines: list[tuple[int, int, str, str]], pays: tuple[str, ...] | None) -> None:
        """Price a purchase."""
        made = tuple(
            Line(str(n), amount, quantity, category, sku)
            for n, (amount, quantity, category, sku) in enumerate(lines, start=1)
        )
        command = MakeQuote(
            member="mem_1",
            programme=CLINIC,
            quote_id=f"quote-{len(self.quotes)}",
            activity=Activity(PURCHASE, "quote", "", 0, money="GBP", lines=made),
            payments=None if pays is None else tuple(map(Payment, pays)),
        )
        decided = self.ask(command)
        if decided is not None:
            assert decided.events == ()
            self.quotes.append(decided.result.quote)

    @step(place=st.integers(0, 5))
    def buy(self, place: int) -> None:
        """Confirm one of the last quotes, once."""
        if place < len(self.quotes):
            quote = self.quotes[-1 - place]
            if self.ask(ConfirmQuote(member="mem_1", quote_id=quote.id)) is not None:
                self.quotes.remove(quote)

    @step(place=st.integers(0, 8))
    def take_back(self, place: int) -> None:
        """Reverse one of the last activities."""
        activities = [event for event in self.member.events if event.kind == "activity.recorded"]
        if place < len(activities):
            self._reverse(activities[-1 - place])

    def _reverse(self, event: Event) -> None:
        self.ask(ReverseActivity(member="mem_1", version=event.version))

    @step(amount=st.sampled_from([1_500, 2_500, 6_000]))
    def pay_in(self, amount: int) -> None:
        """Top the wallet up."""
        self.ask(TopUp(member="mem_1", programme=CLINIC, currency="prepaid", amount=amount))

    @step(
        amount=st.integers(1, 200),
        currency=st.sampled_from(["points", "prepaid", "cashback", "strolls"]),
        funder=st.sampled_from(["insurer", "maker"]),
        days=st.none() | st.integers(-1, 9),
    )
    def sponsor(self, amount: int, currency: str, funder: str, days: int | None) -> None:
        """Give value that somebody else pays for, some of it too late."""
        until = None
        if days is not None:
            until = calendar.add_days(calendar.local_date(self.now, "UTC"), days).isoformat()
        self.member.sponsor(amount, funder, self.now, currency, until=until)

    @step(
        currency=st.sampled_from(["points", "prepaid", "strolls"]),
        amount=st.integers(1, 3_000),
        minutes=st.sampled_from([None, 1, 5_000]),
    )
    def set_aside(self, currency: str, amount: int, minutes: int | None) -> None:
        """Place a hold."""
        name = f"hold-{len(self.member.events)}"
        command = PlaceHold(
            member="mem_1",
            programme=CLINIC,
            currency=currency,
            amount=amount,
            hold_id=name,
            minutes=minutes,
        )
        if self.ask(command) is not None:
            self.held.append(name)

    @step(
        currency=st.sampled_from(["points", "prepaid", "strolls"]),
        amount=st.integers(1, 200),
        gives=st.booleans(),
    )
    def hand_on(self, currency: str, amount: int, gives: bool) -> None:  # noqa: FBT001
        """Transfer value to a friend, or back from them."""
        pair = (self.member, self.friend) if gives else (self.friend, self.member)
        before = [each.account for each in pair]
        try:
            transfer(*pair, amount, self.now, currency)
        except LoyaltyError:
            assert all(each.account is was for each, was in zip(pair, before, strict=True))

    @step(
        place=st.integers(0, 3),
        amount=st.one_of(st.none(), st.integers(1, 50)),
        spend=st.booleans(),
    )
    def end_hold(self, place: int, amount: int | None, spend: bool) -> None:  # noqa: FBT001
        """Capture or release one of the last holds."""
        if place < len(self.held):
            name = self.held[-1 - place]
            self.ask(
                CaptureHold(member="mem_1", hold_id=name, amount=amount)
                if spend
                else ReleaseHold(member="mem_1", hold_id=name)
            )

    @step(
        command=st.sampled_from(
            [
                GrantEntitlement(
                    member="mem_1",
                    programme=CLINIC,
                    entitlement="tea",
                    units=2,
                    reason="r",
                    valid_days=2,
                ),
                UseEntitlement(member="mem_1", programme=CLINIC, entitlement="tea"),
                UseEntitlement(member="mem_1", programme=CLINIC, entitlement="parking"),
                GrantTier(member="mem_1", programme=CLINIC, tier="gold", reason="r", days=2),
                GrantTier(member="mem_1", programme=CLINIC, tier="silver", reason="r"),
                LiftTier(member="mem_1", programme=CLINIC, reason="r"),
                VerifyStatus(member="mem_1", programme=CLINIC, status="family"),
                WithdrawStatus(member="mem_1", programme=CLINIC, status="family", reason="r"),
                Subscribe(member="mem_1", programme=CLINIC, plan="club"),
                Subscribe(member="mem_1", programme=CLINIC, plan="year"),
                PayFee(member="mem_1", programme=CLINIC),
                ChangePlan(member="mem_1", programme=CLINIC, plan="year"),
                ChangePlan(member="mem_1", programme=CLINIC, plan="club", when="period_end"),
                CancelPlan(member="mem_1", programme=CLINIC),
                CancelPlan(member="mem_1", programme=CLINIC, when="now"),
                PausePlan(member="mem_1", programme=CLINIC, months=1),
                ResumePlan(member="mem_1", programme=CLINIC),
                GiveGoodwill(
                    member="mem_1",
                    programme=CLINIC,
                    points=30,
                    reason="r",
                ),
            ]
        )
    )
    def ask_for(self, command: Command) -> None:
        """Ask for one of the rest."""
        self.ask(command)

    @step(name=st.sampled_from(["gold", "tea"]))
    def redeem(self, name: str) -> None:
        """Redeem a reward that gives something at once."""
        self.ask(self.member.redeeming(name))

    @step(place=st.integers(0, 3))
    def give_back(self, place: int) -> None:
        """Give a use back."""
        uses = [event for event in self.member.events if event.kind == "entitlement.used"]
        if place < len(uses):
            self.ask(ReturnEntitlement(member="mem_1", use=uses[-1 - place].version))

    # What must hold

    @invariant()
    def books_balance(self) -> None:
        """Postings sum to zero and lead to what is held; nothing is negative but a debt."""
        account = self.member.account
        for stored, event in zip(
            self.member.journal[self.seen :], self.member.events[self.seen :], strict=True
        ):
            before = self.verifier._account
            self.verifier.take(stored)
            check_funders(before, event, self.verifier._account)
            for posting in event.postings:
                assert posting.amount > 0
                self.moved[posting.source, posting.currency] -= posting.amount
                self.moved[posting.destination, posting.currency] += posting.amount
        self.seen = len(self.member.events)
        assert self.verifier.verdict(account).errors == ()
        for currency in {currency for _, currency in self.moved}:
            assert sum(n for (_, moved), n in self.moved.items() if moved == currency) == 0
            for place, held in OWN.items():
                assert self.moved[place, currency] == held(account, currency), (place, currency)
            balance = account.balance(currency)
            assert all(lot.amount > 0 for lot in balance.lots)
            assert balance.deficit >= 0
            assert not (balance.lots and balance.deficit)
            handed_on = sum(_handed_on(each, currency) for each in (self.member, self.friend))
            assert handed_on == 0, currency
        assert all(counter.value > 0 for counter in account.counters.values())
        assert all(n >= 0 for buckets in account.metrics.values() for n in buckets.values())
        assert all(grant.units > 0 for grant in GRANTS.all(account).values())
        assert all(hold.amount > 0 for hold in holds.HOLDS.all(account).values())

    @invariant()
    def nothing_is_late(self) -> None:
        """What fell due has happened, and nobody is below an override."""
        account = self.member.account
        due = due_at(account)
        assert due is None or due > account.effective_at
        rank = TIERS.index(account.enrolments[CLINIC].tier)
        assert all(TIERS.index(each.tier) <= rank for each in overrides_of(account, CLINIC))

    def teardown(self) -> None:
        """Take back all that was recorded: nothing of it counts, and the journal verifies."""
        for event in [each for each in self.member.events if each.kind == "activity.recorded"]:
            self._reverse(event)
        account = self.member.account
        left = [
            each
            for ref, each in self.member.records.items()
            if isinstance(ref, Ref) and ref.kind is REMAINING
        ]
        earned = sum(event.kind == "activity.recorded" for event in self.member.events)
        assert all(not each.whole for each in left)
        assert len(left) == earned
        assert account.metrics == {}
        assert (account.stats.visits, account.stats.activities) == (0, 0)
        caps = [key for key in account.counters if "/visit/" in key]
        assert caps == []
        assert verification.verify(account, self.member.journal, KEY).holds
        assert self.friend.verdict().holds


def _handed_on(who: Member, currency: str) -> int:
    """Return how much of a currency lies between members by a member's journal."""
    postings = [each for event in who.events for each in event.postings]
    return sum(
        ((kind_of(each.destination) == "transfer") - (kind_of(each.source) == "transfer"))
        * each.amount
        for each in postings
        if each.currency == currency
    )


TestAnything = Anything.TestCase
TestAnything.settings = settings(
    max_examples=examples(250),
    stateful_step_count=40,
    derandomize=True,
    deadline=None,
    print_blob=True,
)
