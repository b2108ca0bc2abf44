"""What each kind of discount offers for a purchase, or why it offers nothing."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from chalicelib.domain.ledger.bill import WhyNot
from chalicelib.domain.ledger.events import Line
from chalicelib.domain.mechanics import discount_offers
from chalicelib.domain.mechanics.discount_offers import Offer
from chalicelib.domain.mechanics.discount_terms import MemberPrices, SpendBands
from chalicelib.domain.mechanics.member_prices import lower
from chalicelib.domain.mechanics.membership import Open
from chalicelib.domain.mechanics.purchases import Purchase
from chalicelib.domain.mechanics.statuses import VerifyStatus
from chalicelib.domain.mechanics.tier_grants import GrantTier
from chalicelib.domain.programme.document import Programme
from tests.domain.building import Member, ladder, line, programme, reward, visits

DAY = date(2026, 3, 2)
CART = (Line("a", 1_000, 2, "tea", "T"), Line("b", 300, 1, "food", "F"))


def clinic(**terms: Any) -> Programme:
    """Return a programme with one discount."""
    return programme(
        discounts={"offers": [{"id": "off", "name": "Off", "terms": terms}]},
        statuses=[{"id": each, "name": each} for each in ("nurse", "vip")],
        tiers=ladder(("silver", visits(1)), ("gold", visits(99))),
        rewards=[reward(each, 0) for each in ("off", "tea")],
    )


def offered(member: Member, *lines: Line, day: date = DAY, **more: Any) -> Offer:
    """Return what the discount offers for a purchase."""
    version = member.programmes.in_force("clinic", member.account.effective_at)
    assert version is not None
    purchase = Purchase(lines or CART, day, day, **more)
    (found,) = discount_offers.offers(member.account, version.document, purchase, purchase.lines)
    return found


def what(offer: Offer) -> int | WhyNot:
    """Return the percentage off every line, or why there is none."""
    if offer.why_not:
        assert (offer.lines, offer.percent) == ({}, None)
        return offer.why_not
    assert offer.lines == {"a": None, "b": None}
    assert offer.percent is not None
    return offer.percent


# ── By what was spent ──


@pytest.mark.parametrize(
    ("more", "spent", "percent"),
    [
        ({}, 0, 0),
        ({}, 9_999, 0),
        ({}, 10_000, 2),
        ({}, 19_999, 2),
        ({}, 20_000, 3),
        ({}, 30_000, 4),
        ({"max_percent": 10}, 80_000, 9),
        ({"max_percent": 10}, 90_000, 10),
        ({"max_percent": 10}, 900_000, 10),
        ({"add": 7}, 29_999, 9),
        ({"add": 7}, 30_000, 16),
        # Nobody is paid for buying.
        ({"add": 98}, 20_000, 100),
        ({"add": 99}, 20_000, 100),
        ({"every": None}, 900_000, 2),
    ],
)
def test_the_band(more: dict[str, Any], spent: int, percent: int) -> None:
    """£100 → 2 %, so much more per further £100, up to a cap, which is all of it unless told."""
    terms = {"at_least": 10_000, "percent": 2, "every": 10_000, **more}
    bands = msgspec.convert({"type": "spend_bands", **terms}, SpendBands)

    assert discount_offers.band(bands, spent) == percent


@pytest.mark.parametrize(
    ("more", "last_year", "this_year", "expected"),
    [
        ({}, 600, 400, 5),
        ({}, 600, 399, WhyNot("not_spent", there=999, needed=1000)),
        ({"window": "calendar_year"}, 600, 999, WhyNot("not_spent", there=999, needed=1000)),
        ({"window": "calendar_year"}, 600, 1_000, 5),
        ({"window": "calendar_year", "basis": "after"}, 999, 0, 5),
        ({"window": "calendar_year", "basis": "after", "at_least": 1_301}, 9_999, 0, 1_300),
        ({"basis": "after", "at_least": 2_000}, 300, 400, 5),
        ({"basis": "after", "at_least": 2_001}, 300, 400, 2_000),
    ],
)
def test_what_is_spent(
    more: dict[str, Any], last_year: int, this_year: int, expected: int | WhyNot
) -> None:
    """In all or this year, without the bill or with it."""
    terms = {"type": "spend_bands", "at_least": 1_000, "percent": 5, **more}
    member = Member(clinic(**terms), joined="2025-01-05")
    for amount, when in ((last_year, "2025-12-31"), (this_year, "2026-01-01")):
        if amount:
            member.buy(amount, when)

    found = what(offered(member))

    least = terms["at_least"]
    if isinstance(expected, int) and expected > 100:
        expected = WhyNot("not_spent", there=expected, needed=least)
    assert found == expected


# ── By the day ──


@pytest.mark.parametrize(
    ("terms", "days"),
    [
        ({"days": ["03-02"]}, {"2026-03-02": True, "2026-03-01": False, "2027-03-02": True}),
        ({"days": ["2026-03-02"]}, {"2026-03-02": True, "2027-03-02": False}),
        (
            {"days": ["03-02"], "before_days": 2, "after_days": 1},
            {
                "2026-02-27": False,
                "2026-02-28": True,
                "2026-03-02": True,
                "2026-03-03": True,
                "2026-03-04": False,
            },
        ),
        (
            {"days": ["birthday"]},
            {"2026-05-04": True, "2026-05-03": False, "2026-05-05": False},
        ),
        ({"days": ["02-29"]}, {"2026-02-28": True, "2026-03-01": False, "2028-02-28": False}),
        ({"days": ["02-29"]}, {"2028-02-29": True}),
        (
            {"days": ["02-29"], "leap_day": "03-01"},
            {"2026-03-01": True, "2026-02-28": False, "2028-03-01": False},
        ),
        (
            {"lists": ["bank", "none"], "after_days": 1},
            {"2026-12-28": True, "2026-12-29": True, "2026-12-27": False, "2026-12-30": False},
        ),
        ({"lists": ["none"]}, {"2026-12-28": False}),
    ],
)
def test_on_its_days(terms: dict[str, Any], days: dict[str, bool]) -> None:
    """On the days themselves, and so many before and after them."""
    member = Member(clinic(type="dates", percent=10, **terms), joined=None)
    member.do(Open(member="mem_1", programmes=("clinic",), birthday="05-04"), "2026-01-05")
    lists = {"bank": frozenset({"2026-12-28"})}

    found = {
        each: what(offered(member, day=date.fromisoformat(each), holidays=lists)) for each in days
    }

    assert found == {
        each: 10 if on else WhyNot("not_on_day", day=each) for each, on in days.items()
    }


# ── By who somebody is ──


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-03-01", WhyNot("no_status", day="2026-03-01")),
        ("2026-03-02", 15),
        ("2026-03-04", 15),
        ("2026-03-05", WhyNot("no_status", day="2026-03-05")),
    ],
)
def test_by_any_status(day: str, expected: int | WhyNot) -> None:
    """From its first day through its last, whichever of them is true."""
    member = Member(clinic(type="status", any=["nurse", "vip"], percent=15))
    shown = VerifyStatus(member="mem_1", programme="clinic", status="vip", until_on="2026-03-04")
    member.do(shown, "2026-03-02")

    assert what(offered(member, day=date.fromisoformat(day))) == expected


@pytest.mark.parametrize(
    ("tier", "expected"), [("base", WhyNot("tier_not_named", "base")), ("silver", 5), ("gold", 8)]
)
def test_by_tier(tier: str, expected: int | WhyNot) -> None:
    """The percentage of the tier that is held."""
    member = Member(clinic(type="tier", percent={"silver": 5, "gold": 8}))
    if tier != "base":
        member.do(
            GrantTier(member="mem_1", programme="clinic", tier=tier, reason="r", days=9),
            "2026-03-01",
        )

    assert what(offered(member)) == expected


@pytest.mark.parametrize(
    ("who", "tier", "status", "entitled"),
    [
        ({}, "base", None, True),
        ({"tiers": ["silver"]}, "silver", None, True),
        ({"tiers": ["silver"]}, "base", "vip", False),
        ({"statuses": ["vip"]}, "silver", None, False),
        ({"statuses": ["vip"]}, "base", "vip", True),
        ({"tiers": ["silver"], "statuses": ["vip"]}, "base", "vip", True),
        ({"tiers": ["silver"], "statuses": ["vip"]}, "silver", None, True),
        ({"tiers": ["silver"], "statuses": ["vip"]}, "base", "nurse", False),
    ],
)
def test_whose_prices_they_are(
    who: dict[str, Any], tier: str, status: str | None, *, entitled: bool
) -> None:
    """Everybody's, or those in one of the tiers or of one of the statuses."""
    member = Member(clinic(type="prices", prices={"T": 400}, **who))
    if tier == "silver":
        member.visit("2026-03-01")
    if status:
        member.do(VerifyStatus(member="mem_1", programme="clinic", status=status), "2026-03-01")

    found = offered(member)

    assert (found.lines, found.percent) == ({"a": 200} if entitled else {}, None)
    assert found.why_not == (None if entitled else WhyNot("for_others"))


@pytest.mark.parametrize(
    ("price", "off"), [(0, {"a": 1_000}), (499, {"a": 2}), (500, {}), (501, {})]
)
def test_a_lower_price(price: int, off: dict[str, int]) -> None:
    """By the unit, where it is lower."""
    found = offered(Member(clinic(type="prices", prices={"T": price})))

    assert found.lines == off
    assert found.why_not == (None if off else WhyNot("no_lower_price"))


@pytest.mark.parametrize(
    ("price", "own", "covered", "off", "beyond"),
    [
        (400, 1_000, 0, {"a": 200}, {}),
        (500, 1_000, 0, {}, {}),
        (400, 500, 500, {"a": 200}, {}),
        (250, 500, 500, {"a": 500}, {}),  # all that is left is covered
        (249, 500, 500, {"a": 500}, {"a": 2}),
        (0, 500, 500, {"a": 500}, {"a": 500}),
        (250, 0, 500, {}, {}),
        (249, 0, 500, {}, {"a": 2}),
        (500, 500, 500, {}, {}),
        (499, 500, 500, {"a": 2}, {}),
    ],
)
def test_a_lower_price_of_what_is_covered(
    price: int, own: int, covered: int, off: dict[str, int], beyond: dict[str, int]
) -> None:
    """The member's part of two units falls to the price, and what is covered beyond it is said."""
    lines = [Line("a", own, 2, "", "T"), Line("b", own, 2, "", "U")]

    assert lower(MemberPrices({"T": price}), lines, {"a": covered, "b": covered}) == (off, beyond)


# ── By what is bought ──


def test_what_was_excluded_and_what_has_no_line() -> None:
    """Each says why, and the lines that are free are not those of others."""
    member = Member(clinic(type="tier", percent={"base": 5}))

    assert offered(member, excluded=frozenset({"off"})).why_not == WhyNot("excluded")
    assert offered(member, line("a", 10)).lines == {"a": None}
    purchase = Purchase((line("a", 10),), DAY, DAY)
    version = member.programmes.in_force("clinic", member.account.effective_at)
    assert version is not None
    (free,) = discount_offers.offers(member.account, version.document, purchase, ())
    assert (free.lines, free.why_not) == ({}, WhyNot("already_free"))


@pytest.mark.parametrize(
    ("amount", "off"),
    [(500, {"a": 385, "b": 115}), (1_300, {"a": 1_000, "b": 300}), (1_301, {"a": 1_000, "b": 300})],
)
def test_an_amount_for_a_voucher(amount: int, off: dict[str, int]) -> None:
    """Each line bears its share, and no more than all of it comes off."""
    member = Member(clinic(type="voucher", reward="off", amount=amount))
    assert offered(member).why_not == WhyNot("voucher_needed", "off")
    shown, another = (member.redeem(each, "2026-03-01") for each in ("off", "tea"))

    assert offered(member, vouchers=(another,)).why_not == WhyNot("voucher_needed", "off")
    found = offered(member, vouchers=(another, shown))

    assert (found.lines, found.percent, found.why_not) == (off, None, None)
    assert found.redemption == shown.id
