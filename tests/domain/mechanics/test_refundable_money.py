"""What can be refunded where an account ends: money that was topped up, and no other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from itertools import permutations
from random import Random
from typing import Any, Final, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.events import Event, MemberClosed, PrepaidMoney
from chalicelib.domain.ledger.postings import AVAILABLE, PAID_IN
from chalicelib.domain.mechanics.closing import Close
from chalicelib.domain.mechanics.goodwill import GiveGoodwill
from chalicelib.domain.mechanics.holds import HOLDS, PlaceHold, ReleaseHold
from chalicelib.domain.mechanics.payment_reversals import ReversePayment
from chalicelib.domain.mechanics.quoting import ConfirmQuote, MakeQuote
from chalicelib.domain.mechanics.reversal import ReverseActivity
from chalicelib.domain.mechanics.wallets import TopUp
from chalicelib.domain.programme.document import Programme
from tests.domain import till
from tests.domain.building import (
    PURCHASE,
    Member,
    line,
    points,
    posted,
    programme,
    rolling,
    transfer,
)
from tests.domain.gift import PREPAID, SOLD_ON, Card, kind, moved

OTHER_KEY: Final = "T#tenant#M#mem_2"
LATER: Final = "2026-03-20"


def prepaying(*gifts: dict[str, Any], fresh: bool = False, **currency: Any) -> Programme:
    """Return a programme with a wallet of money, which members may transfer and desks may give."""
    return programme(
        currencies=[points(), points(rolling(days=300), **currency) | {"id": "prepaid"}],
        wallets=[{"currency": "prepaid", "kind": "prepaid"}],
        transfers=[{"currency": "prepaid", "expiry": "fresh" if fresh else "keep"}],
        goodwill={"currency": "prepaid", "daily": {"server": 9_000}},
        gift_cards=list(gifts),
    )


def top_up(member: Member, amount: int, when: str = SOLD_ON) -> None:
    """Pay money in."""
    command = TopUp(member=member.id, programme="clinic", currency="prepaid", amount=amount)
    member.do(command, when)


def refunded(member: Member, when: str = LATER) -> int:
    """Close the account, and return how much money is paid back."""
    member.do(Close(member=member.id, reason="moved", prepaid="refund"), when)
    event = member.events[-1]
    assert isinstance(event.data, MemberClosed)
    back = sum(each.amount for each in event.data.prepaid if each.refundable)
    assert event.data.refunded == bool(back)
    moved = sum(
        amount
        for source, destination, amount in posted(event)
        if (source, destination) == (AVAILABLE, PAID_IN.of("tenant"))
    )
    assert moved == back
    assert member.account.balances == {}
    assert member.verdict().holds
    return back


def by_gift(member: Member) -> None:
    """Put a gift card of £50 into a wallet."""
    Card(prepaying(kind())).sell().move(member)


def by_hand(member: Member) -> None:
    """Correct a balance by hand."""
    member.adjust(5_000, SOLD_ON, "prepaid")


def by_goodwill(member: Member) -> None:
    """Give £50 as goodwill."""
    command = GiveGoodwill(member=member.id, programme="clinic", points=5_000, reason="wait")
    member.do(command, SOLD_ON)


@pytest.mark.parametrize("given_by", [by_gift, by_hand, by_goodwill])
def test_what_was_not_topped_up_is_not_refunded(given_by: Callable[[Member], None]) -> None:
    """£50 that came otherwise ends with the account, and is told apart from £20 that was paid."""
    member = Member(prepaying(kind()))
    given_by(member)
    top_up(member, 2_000)

    refusal = member.refused(Close(member="mem_1", reason="moved"), LATER)

    assert refusal.code == "prepaid_left"
    assert [
        (each["amount"]["amount"], each["refundable"]) for each in refusal.extensions["prepaid"]
    ] == [(2_000, True), (5_000, False)]
    assert refunded(member) == 2_000
    assert member.events[-1].data == MemberClosed(
        "moved",
        (
            PrepaidMoney("clinic", "wallets", "prepaid", 2_000),
            PrepaidMoney("clinic", "wallets", "prepaid", 5_000, refundable=False),
        ),
        refunded=True,
    )


def test_nothing_refundable_is_left() -> None:
    """It has to be waived by name all the same; who asks for a refund gets none."""
    member = Member(prepaying(kind()))
    by_gift(member)

    assert member.refused(Close(member="mem_1", reason="moved"), LATER).code == "prepaid_left"
    assert refunded(member) == 0


def test_it_stays_what_it_was_where_it_comes_back() -> None:
    """Spent on one purchase and refunded, what was topped up is refundable and the gift is not."""
    document = prepaying(kind(), restored_life_days=60)
    member = Member(document)
    by_gift(member)
    top_up(member, 2_000)
    bought = Activity(PURCHASE, "quote", "", 0, money="GBP", lines=(line("a", 6_500),))
    asked = MakeQuote(member="mem_1", programme="clinic", quote_id="q", activity=bought)
    member.do(asked, SOLD_ON)
    member.do(ConfirmQuote(member="mem_1", quote_id="q"), SOLD_ON)
    assert member.available(SOLD_ON, PREPAID) == 500

    sale = member.events[-1].version
    member.do(ReverseActivity(member="mem_1", version=sale), "2026-03-19")

    assert member.available("2026-03-19", PREPAID) == 7_000
    assert refunded(member) == 2_000


@pytest.mark.parametrize("fresh", [False, True])
def test_what_was_transferred_is_a_gift(fresh: bool) -> None:  # noqa: FBT001 - both are alike
    """It pays for whoever received it, and nobody is paid it out; what is kept is refunded."""
    document = prepaying(fresh=fresh)
    sender, receiver = Member(document), Member(document, key=OTHER_KEY)
    top_up(sender, 7_000)
    transfer(sender, receiver, 5_000, "2026-03-05", "prepaid")

    assert receiver.available("2026-03-05", PREPAID) == 5_000
    assert (refunded(sender), refunded(receiver)) == (2_000, 0)


def test_it_stays_what_it_was_where_an_activity_prolongs_it() -> None:
    """Value of both kinds lasts by activity, each in a lot of its own."""
    idle = {"type": "inactivity", "days": 30}
    member = Member(
        programme(
            currencies=[points(), points(idle) | {"id": "prepaid"}],
            wallets=[{"currency": "prepaid", "kind": "prepaid"}],
        )
    )
    by_hand(member)
    top_up(member, 2_000)
    member.visit("2026-03-15")

    assert member.available("2026-04-14", PREPAID) == 7_000
    assert refunded(member, "2026-04-14") == 2_000


def test_it_stays_what_it_was_where_it_had_expired() -> None:
    """What a visit brings back after its last day is refundable as it was before."""
    member = Member(
        programme(
            currencies=[
                points(),
                points(rolling(days=30), reinstated_within_days=20) | {"id": "prepaid"},
            ],
            wallets=[{"currency": "prepaid", "kind": "prepaid"}],
        )
    )
    by_hand(member)
    top_up(member, 2_000)
    assert member.available("2026-04-05", PREPAID) == 0
    member.visit("2026-04-06")

    assert member.available("2026-04-06", PREPAID) == 7_000
    assert refunded(member, "2026-04-06") == 2_000


class Two:
    """Two members whose money comes and goes, and what of it was really paid in."""

    def __init__(self, policy: str, *, fresh: bool) -> None:
        document = prepaying(kind(), fresh=fresh, negative_balance=policy)
        self._document = document
        self.one, self.other = Member(document), Member(document, key=OTHER_KEY)
        self.paid = 0
        self._today = date.fromisoformat(SOLD_ON)
        self._number = 0
        self._payments: list[tuple[int, int]] = []
        self._bought: list[Event] = []
        self._held: list[str] = []

    def wait(self, _: int) -> None:
        """Let a day pass, so that what is paid in next has another last day."""
        self._today += timedelta(days=1)

    def top_up(self, amount: int) -> None:
        """Pay money in."""
        top_up(self.one, amount, self._today.isoformat())
        self._payments.append((self.one.account.version, amount))
        self.paid += amount

    def charge_back(self, which: int) -> None:
        """Let a payment go back, if there is one."""
        if self._payments:
            version, amount = self._payments.pop(which % len(self._payments))
            self.one.do(
                ReversePayment(member="mem_1", programme="clinic", version=version), SOLD_ON
            )
            self.paid -= amount

    def gift(self, amount: int) -> None:
        """Put a gift card into the wallet, or a part of it."""
        self._number += 1
        Card(self._document, number=self._number).sell().move(self.one, amount=amount)

    def correct(self, amount: int) -> None:
        """Correct the balance by hand."""
        self.one.adjust(amount, SOLD_ON, "prepaid")

    def buy(self, amount: int) -> None:
        """Buy something: what is prepaid pays, and money the rest."""
        self._bought.append(till.bought(self.one, line("a", amount), now=SOLD_ON))

    def bring_back(self, which: int) -> None:
        """Take a purchase back, if there is one."""
        if self._bought:
            till.refunded(self.one, self._bought.pop(which % len(self._bought)), now=SOLD_ON)

    def hold(self, amount: int) -> None:
        """Set so much aside, if there is so much."""
        if self.one.available(SOLD_ON, PREPAID) >= amount:
            self._number += 1
            self._held.append(f"hold_{self._number}")
            command = PlaceHold(
                member="mem_1",
                programme="clinic",
                currency="prepaid",
                amount=amount,
                hold_id=self._held[-1],
            )
            self.one.do(command, SOLD_ON)

    def release(self, which: int) -> None:
        """Give back what was set aside, if anything was and its time is not over."""
        still = [hold for hold in self._held if hold in HOLDS.all(self.one.account)]
        if still:
            hold = still[which % len(still)]
            self.one.do(ReleaseHold(member="mem_1", hold_id=hold), SOLD_ON)

    def send(self, amount: int) -> None:
        """Transfer so much, if there is so much."""
        if self.one.available(SOLD_ON, PREPAID) >= amount:
            transfer(self.one, self.other, amount, SOLD_ON, "prepaid")


class Purchase(NamedTuple):
    """So many days after the one before money is paid in, and a part of it spent."""

    days: int
    paid: int
    spent: int = 0
    comes_back: bool = False


def paying(document: Programme, purchases: list[Purchase]) -> tuple[Member, list[int], date]:
    """Pay in and spend; return the versions of the payments, and the day on which that ends."""
    member, today, versions, returned = Member(document), date(2026, 3, 2), [], []
    for each in purchases:
        today += timedelta(days=each.days)
        top_up(member, each.paid, today.isoformat())
        versions.append(member.account.version)
        if each.spent:
            sale = till.bought(member, line("a", each.spent), now=today.isoformat())
            returned += [sale] if each.comes_back else []
    for sale in returned:
        till.refunded(member, sale, now=today.isoformat())
    return member, versions, today


@given(
    st.lists(
        st.builds(
            Purchase, st.integers(0, 300), st.integers(20, 40), st.integers(0, 20), st.booleans()
        ),
        max_size=6,
    ),
    st.lists(st.integers(0, 500), min_size=6, max_size=6),
    st.sampled_from([0, 15]),
    st.randoms(use_true_random=False),
)
def test_what_was_spent_is_owed_in_whatever_order_payments_go_back(
    purchases: list[Purchase], waits: list[int], life: int, chance: Random
) -> None:
    """
    However late each of them does: all that expired is told from what was spent, and no more.

    So nothing that went back stays with the tenant, as income or as what was paid in.
    """
    member, versions, today = paying(prepaying(restored_life_days=life), purchases)
    spent = sum(each.spent for each in purchases if not each.comes_back)
    chance.shuffle(versions)
    for version, days in zip(versions, waits, strict=False):
        today += timedelta(days=days)
        command = ReversePayment(member="mem_1", programme="clinic", version=version)
        member.do(command, today.isoformat())
        booked = moved(member)
        assert booked.get("expired/tenant", 0) >= 0
        assert booked.get("paid_in/tenant", 0) <= 0

    assert member.available(today.isoformat(), PREPAID) == -spent
    assert moved(member) == ({"redeemed/tenant/tenant": spent} if spent else {})


@pytest.mark.parametrize(
    ("told", "expired", "owed"),
    [
        # Lots last for 300 days: for a year after it is known of which payment it was.
        (300 + 366, 6, 4),
        # Then it is what of all that expired so long ago did, and not of what expired since.
        (300 + 368, 6, 4),
    ],
)
def test_what_expired_of_two_payments(told: int, expired: int, owed: int) -> None:
    """Of the first 10 four were spent; all of the second 20, half a year later, expired."""
    member, (first, second), _ = paying(prepaying(), [Purchase(0, 10, 4), Purchase(180, 20)])
    today = date(2026, 3, 2) + timedelta(days=told)
    command = ReversePayment(member="mem_1", programme="clinic", version=first)
    (returned,) = member.do(command, today.isoformat()).result.returned
    assert (returned.expired, returned.deficit) == (expired, owed)
    command = ReversePayment(member="mem_1", programme="clinic", version=second)
    (returned,) = member.do(command, today.isoformat()).result.returned

    assert (returned.expired, returned.deficit) == (20, 0)


def test_an_account_does_not_grow_with_what_expires_on_it() -> None:
    """
    Who tops up every day for years and spends nothing has no larger account for it.

    And whichever of the payments goes back, nothing is owed.
    """
    member, versions, today = paying(prepaying(), [Purchase(1, 5)] * 1_100)
    grown = len(member.account.counters)
    for _ in range(500):
        today += timedelta(days=1)
        top_up(member, 5, today.isoformat())

    assert len(member.account.counters) <= grown <= 370
    for version in (versions[0], versions[400], versions[-1]):
        command = ReversePayment(member="mem_1", programme="clinic", version=version)
        (returned,) = member.do(command, today.isoformat()).result.returned
        assert (returned.amount, returned.deficit, returned.expired) == (0, 0, 5)
    assert member.verdict().holds


WAYS: Final = (
    "top_up",
    "charge_back",
    "gift",
    "correct",
    "buy",
    "bring_back",
    "hold",
    "release",
    "send",
    "wait",
)
STEPS: Final = st.lists(st.tuples(st.sampled_from(WAYS), st.integers(1, 40)), max_size=14)


@given(STEPS, st.sampled_from(["deficit", "clamp"]), st.booleans())
def test_nobody_is_paid_back_more_than_was_paid_in(
    steps: list[tuple[str, int]],
    policy: str,
    fresh: bool,  # noqa: FBT001 - drawn
) -> None:
    """
    Whatever was topped up, charged back, given, spent, held and sent on, in any order.

    So no gift becomes money, and no chargeback is paid twice.
    """
    two = Two(policy, fresh=fresh)
    for way, amount in steps:
        getattr(two, way)(amount)
    left = [each for each in (two.one, two.other) if each.account.balances]

    assert sum(refunded(each) for each in left) <= max(two.paid, 0)


def test_what_was_set_aside_too_long_is_there_again() -> None:
    """A hold whose time is over gives all back, and can be given up no more."""
    two = Two("deficit", fresh=False)
    two.top_up(30)
    two.hold(30)
    two.wait(0)
    two.top_up(10)
    two.release(0)

    assert two.one.available(LATER, PREPAID) == 40
    assert refunded(two.one) == 40


def test_a_chargeback_takes_from_a_gift_and_from_another_payment() -> None:
    """
    £1 was topped up and spent, and what pays for its chargeback is a gift of 60p, then 40p of £1.

    So 60p of what comes back are the gift's, and of the second pound 60p are refunded.
    """
    two = Two("deficit", fresh=False)
    two.top_up(100)
    two.buy(100)
    two.gift(60)
    two.wait(0)
    two.top_up(100)
    two.charge_back(0)
    assert two.one.available(LATER, PREPAID) == 60
    two.bring_back(0)

    assert two.one.available(LATER, PREPAID) == 160
    assert refunded(two.one) == 100


@pytest.mark.parametrize("policy", ["deficit", "clamp"])
@pytest.mark.parametrize("away", [("buy", "bring_back"), ("hold", "release")])
@pytest.mark.parametrize("more", ["gift", "correct", "top_up"])
def test_what_was_charged_back_is_paid_for_by_what_is_there(
    policy: str, away: tuple[str, str], more: str
) -> None:
    """
    £50 are topped up, spent or held, charged back and come back; £50 more came in otherwise.

    In each order £50 are left, or what was owed was written off; they are refunded where the
    second £50 were money.
    """
    goes, comes = away
    for middle in permutations((more, "charge_back", comes)):
        two = Two(policy, fresh=False)
        for way in ("top_up", goes, *middle):
            getattr(two, way)(0 if way in ("charge_back", comes) else 50)

        assert two.one.available(SOLD_ON, PREPAID) == 50
        assert refunded(two.one) == (50 if more == "top_up" else 0)
