"""What a voucher would take off a cart, before anything is bought with it."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.errors import LoyaltyError
from chalicelib.domain.ledger.bill import WhyNot
from chalicelib.domain.ledger.events import Line
from chalicelib.domain.mechanics.entitlements import GrantEntitlement
from chalicelib.domain.mechanics.voucher_trial import Tried, try_voucher
from tests.domain.building import PURCHASE, Member, activity, at, line, reward
from tests.domain.till import NOON, clinic, shown, status, topped_up

CART = (line("a", 2_000), line("b", 1_000, "tea"))


def holding(**more: Any) -> Member:
    """Return a member who has a voucher of 5.00 off through 4 March, and much else."""
    terms = {"type": "voucher", "reward": "off", "amount": 500}
    offer = {"id": "off", "name": "Off", "terms": terms, **more}
    voucher = reward("off", 1, voucher_valid_days=2)
    member = Member(clinic(offer, status("one", 30), rewards=[voucher, reward("mug", 1)]))
    member.adjust(9, NOON)
    for name in ("off", "mug"):
        member.redeem(name, NOON)
    shown(member, "one")
    topped_up(member, 5_000)
    tea = GrantEntitlement(
        member="mem_1", programme="clinic", entitlement="tea", units=1, reason="r"
    )
    member.do(tea, NOON)
    return member


def tried(
    member: Member,
    *lines: Line,
    name: str = "red_1",
    now: str = "2026-03-03",
    money: str = "GBP",
) -> Tried:
    """Try a voucher on a cart."""
    cart = activity(PURCHASE, now, money=money, lines=lines or CART)
    return try_voucher(member.seen(now), member.programmes, member.redemptions[name], cart, at(now))


@pytest.mark.parametrize("order", [("off", "dear"), ("dear", "off")])
def test_the_discount_that_takes_it(order: tuple[str, str]) -> None:
    """Of several that are for its reward, the one that takes most; the other says nothing."""
    terms = {"type": "voucher", "reward": "off", "amount": 500}
    least = {"off": {}, "dear": {"min_bill": 9_000}}
    offers = [{"id": name, "name": name, "terms": terms, **least[name]} for name in order]
    member = Member(clinic(*offers, rewards=[reward("off", 1)]))
    member.adjust(1, NOON)
    member.redeem("off", NOON)

    found = tried(member).considered

    assert (found.id, found.amount, found.why_not) == ("off", 500, None)


def test_what_it_takes_off() -> None:
    """Its amount alone, spread over the lines; what else the member has changes nothing."""
    found = tried(holding())

    assert (found.considered.amount, found.considered.why_not) == (500, None)
    assert [(each.id, each.price, each.net) for each in found.lines] == [
        ("a", 2_000, 1_667),
        ("b", 1_000, 833),
    ]


@pytest.mark.parametrize(
    ("more", "name", "reason"),
    [
        ({"min_bill": 3_001}, "red_1", WhyNot("below_min_bill", there=3000, needed=3001)),
        ({"scope": {"include": {"categories": ["food"]}}}, "red_1", WhyNot("not_in_scope")),
        ({}, "red_2", WhyNot("goods_only")),
    ],
)
def test_why_it_takes_nothing_off(more: dict[str, Any], name: str, reason: WhyNot) -> None:
    """The answer says so, and is no refusal."""
    found = tried(holding(**more), name=name)

    assert (found.considered.amount, found.considered.why_not) == (0, reason)
    assert [each.net for each in found.lines] == [2_000, 1_000]


def refusal(member: Member, **how: str) -> str:
    """Return why a voucher cannot be tried."""
    with pytest.raises(LoyaltyError) as refused:
        tried(member, **how)
    return refused.value.code


def test_what_cannot_be_used() -> None:
    """A voucher whose days are over, that was used or cancelled, and a cart in other money."""
    member = holding()
    assert tried(member, now="2026-03-04T23:59:59.999Z").considered.amount == 500
    assert refusal(member, now="2026-03-05T00:00:00Z") == "voucher_expired"
    assert refusal(member, money="EUR") == "currency_mismatch"

    member.use(member.redemptions["red_1"], "2026-03-03")
    member.cancel(member.redemptions["red_2"], "2026-03-03")

    assert refusal(member) == "voucher_used"
    assert refusal(member, name="red_2") == "voucher_cancelled"
