"""A balance is corrected by hand, by someone, for a reason."""

from __future__ import annotations

import pytest

from chalicelib.domain.ledger.events import BalanceAdjusted
from chalicelib.domain.ledger.lots import Lot, LotKey
from chalicelib.domain.mechanics.adjustment import Adjust, Adjusted, gave
from tests.domain.building import (
    Member,
    adjustment,
    at,
    fixed,
    points,
    posted,
    programme,
    reward,
    rule,
)


def member() -> Member:
    """Return a member whose visits earn 100 that last 30 days."""
    return Member(
        programme(
            rule("visit", fixed(100)),
            currencies=[
                points({"type": "rolling", "days": 30}, activation_delay_days=0),
                {**points(), "id": "stamps"},
            ],
            rewards=[reward("tea", 100)],
            time_zone="Asia/Tokyo",
        )
    )


def test_giving() -> None:
    """What is given lasts as if it were earned today, in the programme's zone."""
    someone = member()
    decision = someone.adjust(40, "2026-02-01T15:00:00Z")

    assert decision.result == Adjusted("clinic/points", 40, "2026-03-04")
    assert someone.balance.lots == (Lot(40, LotKey(at("2026-03-04T15:00:00Z"), "2026-03-04")),)
    assert posted(someone.events[-1]) == [("adjusted/tenant", "member/available", 40)]


def test_taking() -> None:
    """What is taken goes in burn order."""
    someone = member()
    someone.visit("2026-02-01")
    someone.visit("2026-02-02")
    decision = someone.adjust(-130, "2026-02-03")

    assert decision.result == Adjusted("clinic/points", -130)
    assert [lot.amount for lot in someone.balance.lots] == [70]
    assert posted(someone.events[-1]) == [("member/available", "adjusted/tenant", 130)]


def test_to_the_last_point() -> None:
    """Exactly what is there can be taken."""
    someone = member()
    someone.visit("2026-02-01")
    someone.adjust(-100, "2026-02-02")

    assert someone.account.balances == {}


@pytest.mark.parametrize(("taken", "missing"), [(101, 1), (1_000, 900)])
def test_no_more_than_there_is(taken: int, missing: int) -> None:
    """An adjustment makes no deficit."""
    someone = member()
    someone.visit("2026-02-01")
    refusal = someone.refused(adjustment(-taken), "2026-02-02")

    assert refusal.code == "insufficient_points"
    assert refusal.extensions == {"available": 100, "missing": missing}


@pytest.mark.parametrize(("amount", "given"), [(3, [3]), (1, [1]), (0, []), (-1, [])])
def test_what_it_gave(amount: int, given: list[int]) -> None:
    """What was given can be revoked, and what was taken, or nothing, is no gift."""
    someone = member()
    someone.visit("2026-02-01")
    someone.adjust(amount, "2026-02-02")

    found = list(gave(someone.events[-1]))

    assert [(each.currency, each.amount) for each in found] == [
        ("clinic/points", each) for each in given
    ]
    assert list(gave(someone.events[0])) == []


def test_repays_a_deficit_first() -> None:
    """Goodwill pays what is owed before it can be spent."""
    someone = member()
    someone.visit("2026-02-01", name="gone")
    someone.redeem("tea", "2026-02-02")
    someone.reverse("gone", "2026-02-03")
    someone.adjust(130, "2026-02-04")

    assert someone.balance.deficit == 0
    assert [lot.amount for lot in someone.balance.lots] == [30]


def test_what_is_kept_of_it() -> None:
    """Actor and reason are in the open, the note is sealed with the detail; metrics stay."""
    someone = member()
    command = Adjust(
        member="mem_1",
        programme="clinic",
        currency="stamps",
        amount=3,
        reason="wait",
        note="55 min",
    )
    someone.do(command, "2026-02-01")
    event = someone.events[-1]

    assert event.data == BalanceAdjusted("clinic/stamps", 3, "wait")
    assert event.actor.name == "server:key_1"
    assert event.detail is not None
    assert event.detail.note == "55 min"
    assert b"55 min" not in someone.journal[-1].body
    assert someone.account.metrics == {}


@pytest.mark.parametrize(
    ("programme_id", "currency", "code"),
    [
        ("clinic", "miles", "unknown_currency"),
        ("spa", "points", "programme_not_found"),
    ],
)
def test_unknown(programme_id: str, currency: str, code: str) -> None:
    """There is nothing to correct in what does not exist."""
    command = Adjust(
        member="mem_1", programme=programme_id, currency=currency, amount=1, reason="x"
    )

    assert member().refused(command, "2026-02-01").code == code
