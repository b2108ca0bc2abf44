"""How many counters a programme lets an account hold: as mechanics say it, and as it is lived."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final

import pytest

from chalicelib.domain.authoring import growth
from chalicelib.domain.authoring.validation import validate
from chalicelib.domain.mechanics.entitlement_uses import UseEntitlement
from tests.domain.building import (
    PURCHASE,
    Member,
    fixed,
    line,
    per_amount,
    points,
    programme,
    reward,
    rule,
    transfer,
)
from tests.domain.documents import changed
from tests.domain.till import bought, status, topped_up

#: Within it a year ends, and a week and a month end on one day, with the shortest ones to follow.
FIRST: Final = date(2020, 12, 10)
DAYS: Final = 80
LATE: Final = 40
FREE: Final = [{"id": "free", "name": "Free session"}]
LADDER: Final = {"levels": [{"id": "base", "name": "Base"}]}
OTHER: Final = "T#tenant#M#mem_2"

#: What somebody does on a day.
Act = Callable[[Member, str], Any]


def capped(*windows: str, measure: str = "max") -> dict[str, Any]:
    """Return a rule with a cap for each window."""
    return rule("visit", fixed(1), caps=[{"window": each, measure: 999} for each in windows])


def card(**parts: Any) -> dict[str, Any]:
    """Return a card that a purchase stamps."""
    full = {"entitlement": "free"}
    return {"id": "five", "name": "Five", "size": 5, "on": [PURCHASE], "full": full, **parts}


def lapsing(size: int) -> dict[str, Any]:
    """Return a card with room for so many stamps, of which a full one gives what lapses."""
    return card(size=size, full={"entitlement": "free", "valid_days": 3})


def visit(member: Member, day: str) -> None:
    """Visit."""
    member.visit(day)


def purchase(member: Member, day: str) -> None:
    """Buy one thing."""
    member.basket(day, line("1", 4_050), name=day)


def use(member: Member, day: str) -> None:
    """Use a unit of an entitlement."""
    member.do(UseEntitlement(member="mem_1", programme="clinic", entitlement="free"), day)


def redeem(member: Member, day: str) -> None:
    """Redeem a reward that costs nothing."""
    member.redeem("tea", day)


def price_and_buy(member: Member, day: str) -> None:
    """Buy with a discount."""
    bought(member, line("1", 4_000), now=day, name=f"quote {day}")


def top_up(member: Member, day: str) -> None:
    """Pay money in."""
    topped_up(member, 500, now=day)


def send(member: Member, day: str) -> None:
    """Transfer value to a friend who is new to the programme."""
    member.adjust(3, day)
    transfer(member, Member(member.programmes, key=OTHER, joined="2020-01-01"), 1, day)


def receive(member: Member, day: str) -> None:
    """Get value from a friend who is new to the programme."""
    friend = Member(member.programmes, key=OTHER, joined="2020-01-01")
    friend.adjust(3, day)
    transfer(friend, member, 1, day)


SENDING: Final = [{"window": "day", "max": 9}, {"window": "lifetime", "times": 999}]
RECEIVING: Final = [{"window": "week", "times": 9}]
LIMITS: Final = {"sending": SENDING, "receiving": RECEIVING}
PREPAID: Final = {"id": "prepaid", "name": "Money", "expiry": {"type": "never"}}
#: What a document has, which counters that makes, and what brings an account to have as many.
COUNTED: Final[list[tuple[dict[str, Any], dict[str, int], Act]]] = [
    ({"earning": [capped("activity")]}, {"/earning/0/caps": 0}, visit),
    ({"earning": [capped("day")]}, {"/earning/0/caps": LATE + 2}, visit),
    ({"earning": [capped("week")]}, {"/earning/0/caps": 7}, visit),
    ({"earning": [capped("month")]}, {"/earning/0/caps": 3}, visit),
    ({"earning": [capped("year")]}, {"/earning/0/caps": 2}, visit),
    ({"earning": [capped("lifetime", measure="times")]}, {"/earning/0/caps": 1}, visit),
    (
        {"earning": [capped("day"), capped("day", "lifetime") | {"id": "other"}]},
        {"/earning/0/caps": 42, "/earning/1/caps": 43},
        visit,
    ),
    ({"earning": [capped("day")], "backdate_limit_days": 0}, {"/earning/0/caps": 2}, visit),
    (
        {"earning": [rule("spend", {**per_amount(1, 100), "carry": True}, on=PURCHASE)]},
        {"/earning/0/caps": 0, "/earning/0/award/carry": 1},
        purchase,
    ),
    (
        {
            "rewards": [
                reward(
                    "tea",
                    0,
                    limits=[{"window": "day", "count": 9}, {"window": "year", "count": 999}],
                )
            ]
        },
        {"/rewards/0/limits": 2},
        redeem,
    ),
    (
        {"entitlements": [{**FREE[0], "tiers": ["base"], "quota": {"count": 99}}], "tiers": LADDER},
        {"/entitlements/0/quota": 1},
        use,
    ),
    ({"entitlements": [{**FREE[0], "tiers": ["base"]}], "tiers": LADDER}, {}, use),
    (
        {"discounts": {"offers": [{**status("one", 10), "terms": {"type": "buy_get", "buy": 1},
                                   "limits": [{"window": "order", "money": 9}]}]}},
        {"/discounts/offers/0/limits": 0},
        price_and_buy,
    ),
    ({"entitlements": FREE, "stamp_cards": [card()]}, {}, purchase),
    (
        {"entitlements": FREE, "stamp_cards": [card(daily_max=3)]},
        {"/stamp_cards/0/daily_max": LATE + 2},
        purchase,
    ),
    (
        {"transfers": [{"currency": "points", **LIMITS}], "currencies": [points(refund_days=0)]},
        {"/transfers/0": 3},
        lambda member, day: [act(member, day) for act in (send, receive)],
    ),
    (
        {
            "transfers": [{"currency": "points"}],
            "currencies": [points(refund_days=6), {**PREPAID, "refund_days": 50}],
            "earning": [
                rule("now", fixed(1)),
                rule("too", fixed(1)),
                rule("then", fixed(1), activation_delay_days=2),
            ],
        },
        {"/earning/0/caps": 0, "/earning/1/caps": 0, "/earning/2/caps": 0, "/transfers/0": 0,
         "/currencies/0/refund_days": 14, "/currencies/1/refund_days": 0},
        visit,
    ),
    (
        {"earning": [rule("now", fixed(1))], "currencies": [points(refund_days=6)]},
        {"/earning/0/caps": 0},
        visit,
    ),
    (
        {
            "currencies": [points(), PREPAID],
            "wallets": [
                {"currency": "points", "kind": "points"},
                {"currency": "prepaid", "kind": "prepaid", "bands_by": "month",
                 "bands": [{"at_least": 1000, "percent": 10}]},
            ],
        },
        {"/wallets/1/bands_by": 1},
        top_up,
    ),
]  # fmt: skip


def told(document: Any) -> dict[str, int]:
    """Return how many counters there are by what mechanics say, by the place that they are for."""
    return {each.pointer: each.counters for each in growth.counted(document)}


def lived(document: Any, act: Act, first: date = FIRST, days: int = DAYS) -> int:
    """Return the most counters that somebody had who did something on each of so many days."""
    member, most = Member(document, joined="2020-01-01"), 0
    for day in range(days):
        act(member, (first + timedelta(day)).isoformat())
        most = max(most, len(member.account.counters))
    return most


@pytest.mark.parametrize(("parts", "expected", "act"), COUNTED)
def test_counters(parts: dict[str, Any], expected: dict[str, int], act: Act) -> None:
    """Each mechanic says how many there are, and who does everything once a day has as many."""
    document = programme(**{"backdate_limit_days": LATE, **parts})

    assert told(document) == expected
    assert lived(document, act) == sum(expected.values())


@pytest.mark.parametrize(("window", "most"), [("day", 42), ("week", 7), ("month", 3), ("year", 2)])
def test_counters_of_discounts(window: str, most: int) -> None:
    """What is used of a limit is kept for purchases that are told late, as that of a cap is."""
    limits = [{"window": window, "orders": 99}, {"window": "lifetime", "money": 99_999}]
    terms = {"type": "tier", "percent": {"base": 10}}
    offers = [{"id": "one", "name": "One", "terms": terms, "limits": limits}]
    document = programme(discounts={"offers": offers}, tiers=LADDER, backdate_limit_days=LATE)

    assert told(document) == {"/discounts/offers/0/limits": most + 1}
    assert lived(document, price_and_buy) == most + 1


@pytest.mark.parametrize(("size", "most"), [(2, 183), (5, 74), (366, 1), (1000, 1)])
def test_counters_of_what_lapsed(size: int, most: int) -> None:
    """What a full card gave is remembered for a year after it lapsed, in a counter a day."""
    document = programme(entitlements=FREE, stamp_cards=[lapsing(size)])

    assert told(document) == {"/stamp_cards/0/full/valid_days": most}


def test_what_lapsed_is_lived() -> None:
    """Who has a stamp a day, and never uses what full cards give, has one for each in a year."""
    document = programme(entitlements=FREE, stamp_cards=[lapsing(5)])

    assert lived(document, purchase, days=400) == 74


def test_all_of_a_document_is_summed() -> None:
    """The warning is where most of them are, with what makes those fewer, from one too many on."""
    cards = [card(id=f"card-{number}", daily_max=1) for number in range(6)]
    parts = {"/stamp_cards": cards, "/entitlements": FREE, "/earning/0/caps": []}
    parts["/rewards/0/limits"] = []

    def warned(days: int) -> list[tuple[str, str]]:
        found = validate(changed({**parts, "/backdate_limit_days": days})).warnings
        return [(each.pointer, each.detail) for each in found]

    few = validate(changed({**parts, "/stamp_cards": cards[:5], "/backdate_limit_days": 38}))
    assert few.problems == few.warnings == ()
    assert warned(31) == []
    detail = (
        "an account could hold 204 counters, 34 of them for this; above 200 it grows large: "
        "shorten `backdate_limit_days`, or leave `daily_max` out"
    )
    assert warned(32) == [("/stamp_cards/0/daily_max", detail)]


def test_fifty_cards() -> None:
    """A document may make thousands, and is accepted with a warning."""
    cards = [{**lapsing(10), "id": f"card-{number}", "daily_max": 2} for number in range(50)]
    changes = {"/stamp_cards": cards, "/entitlements": FREE, "/backdate_limit_days": 365}

    (warning,) = validate(changed(changes)).warnings

    assert warning.pointer == "/stamp_cards/0/daily_max"
    # And those of the monthly cap, as far as a year back, and of a reward.
    assert f"could hold {50 * (367 + 37) + 14 + 1} counters" in warning.detail
