"""What grows over a life is told up to 2^53 - 1, as far as readers of JSON count; then refused."""

from __future__ import annotations

from typing import Any, Final

import pytest

from chalicelib.domain.decide.appending import check_sums
from chalicelib.domain.errors import TooLarge
from chalicelib.domain.ledger.account import Account, Counter
from chalicelib.domain.ledger.lots import Balance, Lot, LotKey, PendingKey, PendingLot
from chalicelib.domain.ledger.money import MAX_AMOUNT, MAX_TOTAL
from tests.journeys.test_story_4_receptionist import PROGRAMME
from tests.journeys.test_story_5_prepay import opened
from tests.journeys.world import Clinic, LocalWorld

KEY: Final = LotKey(None)
WHOLE: Final = MAX_TOTAL // MAX_AMOUNT


@pytest.fixture
def desk(world: LocalWorld) -> Clinic:
    """Return a sandbox with the clinic's programme."""
    return opened(world)


def test_what_is_paid_in(desk: Clinic) -> None:
    """Nine of the largest top-ups fit; what goes beyond is refused, and what fits still comes."""
    patient = desk.enrolled()
    path = f"/v1/members/{patient}/top-ups"
    paid: dict[str, Any] = {"programme": PROGRAMME, "currency": "prepaid", "amount": MAX_AMOUNT}
    for _ in range(WHOLE):
        desk.api.post(path, paid).expect(201)
    room = MAX_TOTAL - WHOLE * MAX_AMOUNT

    refused = desk.api.post(path, paid).expect(413, "total_too_large")
    desk.api.post(path, paid | {"amount": room + 1}).expect(413, "total_too_large")
    desk.api.post(path, paid | {"amount": room}).expect(201)

    told = {each: refused[each] for each in ("limit", "left", "programme", "currency")}
    assert told == {
        "limit": MAX_TOTAL,
        "left": room,
        "programme": PROGRAMME,
        "currency": "prepaid",
    }
    assert refused["detail"] == (
        f"What the account holds of `prepaid` in {PROGRAMME} is told up to {MAX_TOTAL}: "
        f"there is room for {room} more."
    )
    assert desk.available(patient, "prepaid") == MAX_TOTAL
    desk.check(patient)


def test_what_is_given_and_taken(desk: Clinic) -> None:
    """Points as well; at the bound a member can still spend, and then has room again."""
    patient = desk.enrolled()
    path = f"/v1/members/{patient}/adjustments"
    given: dict[str, Any] = {"programme": PROGRAMME, "currency": "points", "reason": "test"}
    for _ in range(WHOLE):
        desk.api.post(path, given | {"amount": MAX_AMOUNT}).expect(201)

    desk.api.post(path, given | {"amount": MAX_AMOUNT}).expect(413, "total_too_large")
    desk.api.post(path, given | {"amount": -MAX_AMOUNT}).expect(201)
    desk.api.post(path, given | {"amount": MAX_AMOUNT}).expect(201)

    desk.check(patient)


def test_what_comes_back(desk: Clinic) -> None:
    """Whoever is at the bound gets back what is theirs, and can end the account."""
    patient = desk.enrolled()
    member = f"/v1/members/{patient}"
    given: dict[str, Any] = {"programme": PROGRAMME, "currency": "points", "reason": "test"}

    def fill() -> None:
        """Give as much as there is room for."""
        while room := MAX_TOTAL - desk.available(patient, "points"):
            body = given | {"amount": min(room, MAX_AMOUNT)}
            desk.api.post(f"{member}/adjustments", body).expect(201)

    fill()
    held = {"programme": PROGRAMME, "currency": "points", "amount": 500, "minutes": 60}
    hold = desk.api.post(f"{member}/holds", held).expect(201)["hold"]["hold_id"]
    fill()

    desk.api.post(f"{member}/holds/{hold}/release", {}).expect(200)

    assert desk.available(patient, "points") == MAX_TOTAL + 500
    desk.api.post(f"{member}/adjustments", given | {"amount": 1}).expect(413, "total_too_large")
    desk.api.post(f"{member}/closure", {"reason": "test"}).expect(200)
    desk.check(patient)


@pytest.mark.parametrize(
    ("grown", "said"),
    [
        (
            Account(balances={"c/p": Balance((Lot(MAX_TOTAL + 1, KEY),))}),
            "What the account holds of `p` in c is",
        ),
        (
            Account(
                balances={
                    "c/p": Balance(
                        (Lot(MAX_TOTAL, KEY),), (PendingLot(1, PendingKey(5, "2026-11-02", KEY)),)
                    ),
                }
            ),
            "What the account holds of `p` in c is",
        ),
        (
            Account(balances={"c/p": Balance(deficit=MAX_TOTAL + 1)}),
            "What the account owes of `p` in c is",
        ),
        (
            Account(counters={"c/top_ups:p/lifetime/all": Counter(MAX_TOTAL + 1, None)}),
            "What c counts of it for this account is",
        ),
        (
            Account(metrics={"c/points_earned/p": {"2026-11": 1, "all": MAX_TOTAL + 1}}),
            "What c measures as `points_earned of p` is",
        ),
    ],
    ids=["held", "pending", "owed", "counted", "measured"],
)
def test_every_sum_of_an_account(grown: Account, said: str) -> None:
    """One bound holds all that grows: value held and pending, debt, counters and metrics."""
    with pytest.raises(TooLarge, match="total_too_large") as refusal:
        check_sums(Account(), grown)
    assert refusal.value.message == (
        f"{said} told up to {MAX_TOTAL}: there is room for {MAX_TOTAL} more."
    )

    # What was beyond already, by what fell due, stands in the way of nothing else.
    check_sums(grown, grown)
