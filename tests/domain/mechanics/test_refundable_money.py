"""What can be refunded where an account ends: money that was topped up, and no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.events import MemberClosed, PrepaidMoney
from chalicelib.domain.ledger.postings import AVAILABLE, PAID_IN
from chalicelib.domain.mechanics.closing import Close
from chalicelib.domain.mechanics.goodwill import GiveGoodwill
from chalicelib.domain.mechanics.quoting import ConfirmQuote, MakeQuote
from chalicelib.domain.mechanics.reversal import ReverseActivity
from chalicelib.domain.mechanics.wallets import TopUp
from chalicelib.domain.programme.document import Programme
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
from tests.domain.gift import PREPAID, SOLD_ON, Card, kind

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


def test_it_stays_what_it_was_where_it_is_transferred() -> None:
    """With a life anew too: who receives a gift that was given on cannot cash it either."""
    document = prepaying(fresh=True)
    sender, receiver = Member(document), Member(document, key=OTHER_KEY)
    by_hand(sender)
    top_up(sender, 2_000)
    transfer(sender, receiver, 7_000, "2026-03-05", "prepaid")

    assert refunded(receiver) == 2_000


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


STEPS: Final = st.lists(
    st.tuples(st.sampled_from(["top_up", "adjust", "spend", "send"]), st.integers(1, 40)),
    max_size=12,
)


@given(STEPS, st.booleans())
def test_nobody_is_paid_back_more_than_was_paid_in(
    steps: list[tuple[str, int]],
    fresh: bool,  # noqa: FBT001 - drawn
) -> None:
    """
    Whatever was topped up, given, spent and sent on, in any order.

    Both are paid back at most what both topped up, and with nothing spent exactly that.
    """
    document = prepaying(fresh=fresh)
    one, other = Member(document), Member(document, key=OTHER_KEY)
    paid = spent = 0
    for way, amount in steps:
        if way == "top_up":
            top_up(one, amount)
            paid += amount
        elif way == "adjust":
            one.adjust(amount, SOLD_ON, "prepaid")
        elif one.available(SOLD_ON, PREPAID) >= amount:
            if way == "send":
                transfer(one, other, amount, SOLD_ON, "prepaid")
            else:
                one.adjust(-amount, SOLD_ON, "prepaid")
                spent += amount
    left = one.available(SOLD_ON, PREPAID) + other.available(SOLD_ON, PREPAID)
    back = sum(refunded(each) for each in (one, other) if each.account.balances)

    assert max(paid - spent, 0) <= back <= min(paid, left)
