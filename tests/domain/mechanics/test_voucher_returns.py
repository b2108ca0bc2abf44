"""F: what becomes of a voucher when the purchase comes back that it was used for."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.domain.authoring.validation import validate
from chalicelib.domain.errors import Conflict
from chalicelib.domain.ledger.events import ActivityReversed, Event, VoucherOnReturn
from chalicelib.domain.mechanics import redemptions
from chalicelib.domain.mechanics.redemptions import Redemption, State
from chalicelib.domain.mechanics.remaining import LineReversal
from chalicelib.domain.mechanics.reversal import ReverseActivity, Reversed
from tests.domain.building import Member, line, reward
from tests.domain.till import NOON, bought, clinic, quoted
from tests.examples import examples

PROPERTY = settings(max_examples=examples(80), derandomize=True, deadline=None, print_blob=True)
LINES = (line("a", 2000), line("b", 1000))


def holding(policy: str | None, days: int | None = 10) -> Member:
    """Return a member who has a voucher of 5.00 off since 2 March, good for so many days."""
    more: dict[str, Any] = {"voucher_on_return": policy} if policy else {}
    if days is not None:
        more["voucher_valid_days"] = days
    terms = {"type": "voucher", "reward": "off", "amount": 500}
    offer = {"id": "off", "name": "Off", "terms": terms}
    member = Member(clinic(offer, rewards=[reward("off", 10, **more)]))
    member.adjust(10, NOON)
    member.redeem("off", NOON)
    return member


def buying(member: Member, now: str, name: str = "quote_1") -> Event:
    """Buy with the voucher."""
    return bought(member, *LINES, now=now, name=name, vouchers=("red_1",))


def back(member: Member, purchase: Event, now: str, *lines: str) -> Reversed:
    """Take a purchase back, whole or by lines."""
    parts = tuple(LineReversal(each) for each in lines)
    command = ReverseActivity(member="mem_1", version=purchase.version, lines=parts)
    result: Reversed = member.do(command, now).result
    return result


def voucher(member: Member) -> Redemption:
    """Return the voucher as it stands."""
    return member.redemptions["red_1"]


@pytest.mark.parametrize(
    ("policy", "returned_on", "state", "good_through", "reason"),
    [
        (None, "2026-03-05", "used", "2026-03-12", "it stays used"),
        ("keep", "2026-03-05", "used", "2026-03-12", "it stays used"),
        ("until_last_day", "2026-03-04", "issued", "2026-03-12", ""),
        ("until_last_day", "2026-03-12", "issued", "2026-03-12", ""),
        ("until_last_day", "2026-03-13", "used", "2026-03-12", "it was good through 2026-03-12"),
        # It was used on 4 March, with 8 days left.
        ("give_back", "2026-03-04", "issued", "2026-03-12", ""),
        ("give_back", "2026-03-05", "issued", "2026-03-13", ""),
        ("give_back", "2026-04-20", "issued", "2026-04-28", ""),
    ],
)
def test_f_a_whole_return(
    policy: str | None, returned_on: str, state: str, good_through: str, reason: str
) -> None:
    """F: it stays used, or is good again until its last day, or for the days that it had left."""
    member = holding(policy)
    purchase = buying(member, "2026-03-04")

    (told,) = back(member, purchase, returned_on).vouchers

    assert (voucher(member).state, voucher(member).expires_on) == (state, good_through)
    assert (told.given_back, told.reason) == (state == "issued", reason)
    assert told.expires_on == (good_through if told.given_back else None)
    told_in_journal = member.events[-1].data
    assert isinstance(told_in_journal, ActivityReversed)
    assert told_in_journal.vouchers == (("red_1",) if told.given_back else ())
    assert member.verdict().holds


@pytest.mark.parametrize("policy", ["until_last_day", "give_back"])
def test_f_a_voucher_without_a_last_day(policy: str) -> None:
    """F: one that is good for ever is good for ever again."""
    member = holding(policy, days=None)
    purchase = buying(member, "2026-03-04")

    (told,) = back(member, purchase, "2027-03-03").vouchers

    assert (told.given_back, told.expires_on, voucher(member).expires_at) == (True, None, None)


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_f_by_its_last_part(order: str) -> None:
    """F: as long as something of the purchase is kept the voucher stays used."""
    member = holding("give_back")
    purchase = buying(member, "2026-03-02")

    (first,) = back(member, purchase, "2026-03-05", order[0]).vouchers
    assert (first.given_back, voucher(member).state) == (False, "used")
    assert first.reason == "some of what it was used for is kept"
    (second,) = back(member, purchase, "2026-03-06", order[1]).vouchers

    assert (second.given_back, voucher(member).state) == (True, "issued")
    assert not back(member, purchase, "2026-03-07").changed


def test_f_it_can_be_used_again() -> None:
    """F: what is good again takes off what it took off, once, and comes back once more."""
    member = holding("until_last_day")
    back(member, buying(member, "2026-03-03"), "2026-03-04")

    again = buying(member, "2026-03-05", "quote_2")

    assert voucher(member).state == "used"
    assert back(member, again, "2026-03-06").vouchers[0].given_back
    with pytest.raises(Conflict, match="valid through 2026-03-12"):
        quoted(member, *LINES, now="2026-03-13", name="quote_3", vouchers=("red_1",))


def test_f_no_value_is_made_by_a_return() -> None:
    """F: redeem, buy, return and cancel leave what was there, and the voucher is gone."""
    member = holding("give_back")
    back(member, buying(member, "2026-03-03"), "2026-03-04")

    member.cancel(voucher(member), "2026-03-05")

    assert member.balance.available == 10
    assert voucher(member).state == "cancelled"
    assert member.verdict().holds


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 9)), min_size=1, max_size=6))
@PROPERTY
def test_f_a_voucher_lasts_no_longer_than_it_was_away(stays: list[tuple[int, int]]) -> None:
    """F: used and returned again and again, its days in hand are what it had, and no more."""
    member = holding("give_back")
    day, in_hand = 2, 0
    for number, (held, away) in enumerate(stays):
        day, in_hand = day + held, in_hand + held
        if in_hand > 10:
            break
        purchase = buying(member, on(day), f"quote_{number}")
        day += away
        back(member, purchase, on(day))
        assert voucher(member).expires_on == on(day + 10 - in_hand)


def on(day: int) -> str:
    """Return the day so many days after the end of February."""
    return (date(2026, 2, 28) + timedelta(days=day)).isoformat()


def test_f_what_gives_something_at_once_has_no_voucher() -> None:
    """F: a policy for a voucher that there is not is refused."""
    gift = reward("tea", 5, gives={"type": "entitlement", "entitlement": "tea"})
    document = {
        "id": "clinic",
        "name": "Clinic",
        "time_zone": "UTC",
        "money": {"currency": "GBP"},
        "currencies": [{"id": "points", "name": "points", "expiry": {"type": "never"}}],
        "entitlements": [{"id": "tea", "name": "Tea"}],
        "rewards": [gift | {"voucher_on_return": "give_back"}],
    }

    (problem,) = validate(document).problems

    assert problem.pointer == "/rewards/0/gives"
    assert "voucher_on_return" in problem.detail


@pytest.mark.parametrize("policy", ["keep", "until_last_day", "give_back"])
@pytest.mark.parametrize("state", ["issued", "used", "cancelled"])
def test_f_only_what_is_used_is_given_back(state: State, policy: VoucherOnReturn) -> None:
    """F: and only where the programme gives it back."""
    held = replace(voucher(holding(policy)), state=state)

    given = redemptions.given_back(held, policy, "UTC", NOON)

    assert (given is not None) == (state == "used" and policy != "keep")
