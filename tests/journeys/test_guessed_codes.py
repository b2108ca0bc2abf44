"""Somebody tries codes: at a till, in the app, with a server's key."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain import voucher_code
from chalicelib.usecases.guessing import MISSES_MAX, WINDOW_MS
from tests.journeys.client import Api
from tests.journeys.world import Clinic, LocalWorld


def guess(number: int) -> str:
    """Return a code that is formed like one, and that nobody has."""
    return voucher_code.shown(voucher_code.make(number.to_bytes(12, "big")))


@pytest.fixture
def member(clinic: Clinic) -> str:
    """Return a member with points."""
    clinic.publish("clinic")
    member = clinic.enrolled()
    clinic.give(member, 600)
    return member


def quote(api: Api, member: str, *codes: str) -> Any:
    """Price a purchase, with vouchers."""
    line = {"id": "a", "amount": 4000, "category": "vitamins"}
    body = {"programme": "clinic", "currency": "GBP", "lines": [line]}
    return api.post(f"/v1/members/{member}/quotes", body | {"vouchers": list(codes)})


def test_who_guesses_is_stopped_and_nobody_else(clinic: Clinic, member: str) -> None:
    """Ten of a member's codes that nobody has: the eleventh is not looked up, one that is good."""
    mine = clinic.member(member)
    wanted = {"programme": "clinic", "reward": "parking"}
    made = clinic.api.post(f"/v1/members/{member}/redemptions", wanted).expect(201)
    for number in range(MISSES_MAX["member"]):
        quote(mine, member, guess(number)).expect(404, "voucher_not_found")

    stopped = quote(mine, member, made["voucher"]["code"])
    refusal = stopped.expect(429, "too_many_guesses")
    assert stopped.headers["retry-after"] == str(refusal["retry_after"])
    assert 0 < refusal["retry_after"] <= WINDOW_MS / 1000

    # What names no code goes on, and so do all others.
    quote(mine, member).expect(201)
    quote(clinic.api, member, made["voucher"]["code"]).expect(201)
    quote(clinic.member(clinic.enrolled()), member, guess(99)).expect(404, "member_not_found")


@pytest.mark.usefixtures("member")
def test_it_ends_by_itself(world: LocalWorld, clinic: Clinic) -> None:
    """Ten minutes later at the latest codes are looked up again."""
    desk = clinic.staff("receptionist")
    for number in range(MISSES_MAX["staff"]):
        desk.post("/v1/vouchers/lookup", {"code": guess(number)}, key=None).expect(404)
    body = {"code": guess(0)}
    wait = desk.post("/v1/vouchers/lookup", body, key=None).expect(429)["retry_after"]
    desk.post("/v1/gift-cards/lookup", body, key=None).expect(429, "too_many_guesses")

    world.clock.advance(seconds=wait)

    desk.post("/v1/vouchers/lookup", body, key=None).expect(404, "voucher_not_found")


def test_a_slip_of_the_hand_is_no_guess(clinic: Clinic, member: str) -> None:
    """What cannot be a code is refused in the same words, however often."""
    mine = clinic.member(member)
    good = guess(7)
    typo = good[:-1] + ("A" if good[-1] != "A" else "B")
    answers = [quote(mine, member, typo) for _ in range(2 * MISSES_MAX["member"])]

    told = [answer.expect(404, "voucher_not_found")["detail"] for answer in answers]
    assert set(told) == {quote(mine, member, good).expect(404)["detail"]}
