"""Stamp cards and entitlements over the API: five paid, one free; four times parking a month."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.client import AUTOMATIC, Answer, at_once
from tests.journeys.world import Clinic, LocalWorld

PROGRAMME = "physiotherapy"


@pytest.fixture
def practice(world: LocalWorld) -> Clinic:
    """Return a sandbox in the spring of 2026 with the practice's programme."""
    made = world.sandbox("2026-03-02T10:00:00Z")
    made.publish(PROGRAMME)
    return made


@pytest.fixture
def patient(practice: Clinic) -> str:
    """Return somebody who has joined."""
    return practice.enrolled()


def pay(practice: Clinic, patient: str, *, amount: int = 4000, units: int = 1) -> Any:
    """Pay for sessions."""
    lines = [{"id": "1", "amount": amount, "quantity": units, "category": "physiotherapy"}]
    activity = practice.activity(patient, "payment.received", currency="GBP", lines=lines)
    return practice.api.post("/v1/activities", activity).expect(201) | {
        "activity": activity["external_id"]
    }


def use(practice: Clinic, patient: str, entitlement: str) -> Answer:
    """Use an entitlement."""
    body = {"programme": PROGRAMME, "entitlement": entitlement}
    return practice.api.post(f"/v1/members/{patient}/entitlement-uses", body)


def entitled(practice: Clinic, patient: str) -> dict[str, Any]:
    """Return what the patient sees, by entitlement."""
    found = practice.member(patient).get(f"/v1/members/{patient}/entitlements").expect(200)
    return {each["entitlement"]: each for each in found["entitlements"]}


def card(practice: Clinic, patient: str) -> tuple[int, int, int]:
    """Return (stamps, size, full cards) of the card of five, as the patient sees it."""
    found = practice.member(patient).get(f"/v1/members/{patient}/stamp-cards").expect(200)
    (five,) = [each for each in found["stamp_cards"] if each["card"] == "five-paid"]
    return five["on_card"], five["size"], five["full_cards"]


def test_five_paid_one_free(practice: Clinic, patient: str) -> None:
    """Five sessions on five days, then one that is free and earns no stamp."""
    for day in range(2, 7):
        practice.move_to(f"2026-03-0{day}T10:00:00Z")
        result = pay(practice, patient)
    (outcome,) = result["outcomes"]
    assert (outcome["programme"], outcome["mechanic"]) == (PROGRAMME, "stamp_cards")
    assert outcome["outcome"]["five-paid"]["full"] == 1
    assert card(practice, patient) == (0, 5, 1)
    free = entitled(practice, patient)["free-session"]
    assert (free["left"], free["grants"]) == (1, [{"units": 1, "expires_on": "2027-03-06"}])

    assert use(practice, patient, "free-session").expect(201)["entitlement"]["left"] == 0
    practice.move_to("2026-03-09T10:00:00Z")
    assert pay(practice, patient, amount=0)["outcomes"] == []
    assert card(practice, patient) == (0, 5, 1)
    refused = use(practice, patient, "free-session")
    assert refused.expect(409, "not_entitled")["entitlement"] == "free-session"
    practice.check(patient)


def test_a_day_takes_two(practice: Clinic, patient: str) -> None:
    """Of three units in a day two are stamped, and the answer says so."""
    result = pay(practice, patient, amount=12_000, units=3)

    given = result["outcomes"][0]["outcome"]["five-paid"]
    assert (given["stamps"], given["worth"]) == (2, 3)
    assert card(practice, patient) == (2, 5, 0)


def test_a_refund_takes_the_stamp(practice: Clinic, patient: str) -> None:
    """Of two sessions one is refunded; then the other."""
    result = pay(practice, patient, amount=8000, units=2)
    back = {"source": "emr", "external_id": result["activity"]}
    lines = [{"id": "1", "amount": 4000, "quantity": 1}]

    part = practice.api.post("/v1/activities/reversals", {**back, "lines": lines}).expect(201)
    assert part["outcomes"][0]["outcome"]["five-paid"]["stamps"] == 1
    assert card(practice, patient) == (1, 5, 0)
    practice.api.post("/v1/activities/reversals", back).expect(201)
    assert card(practice, patient) == (0, 5, 0)
    practice.check(patient)


def test_four_times_a_month(practice: Clinic, patient: str) -> None:
    """A regular parks four times; the fifth waits for the first of the month, in London."""
    for _ in range(6):
        practice.record(patient).expect(201)
    parking = entitled(practice, patient)["parking"]
    assert (parking["left"], parking["resets_on"]) == (4, "2026-04-01")
    assert entitled(practice, patient)["priority-booking"]["left"] is None

    left = [use(practice, patient, "parking").expect(201)["entitlement"]["left"] for _ in range(4)]
    assert left == [3, 2, 1, 0]
    refused = use(practice, patient, "parking").expect(409, "quota_exhausted")
    assert (refused["left"], refused["resets_on"]) == (0, "2026-04-01")
    # British summer time: April begins at eleven in the evening, UTC.
    practice.move_to("2026-03-31T22:59:59Z")
    use(practice, patient, "parking").expect(409, "quota_exhausted")
    practice.move_to("2026-03-31T23:00:00Z")
    assert use(practice, patient, "parking").expect(201)["entitlement"]["left"] == 3
    practice.check(patient)


def test_the_last_one_at_once(practice: Clinic, patient: str) -> None:
    """Twenty ask for the last unit: one has it."""
    given = {"programme": PROGRAMME, "entitlement": "sticker", "reason": "brave"}
    practice.api.post(f"/v1/members/{patient}/entitlement-grants", given).expect(201)

    answers = at_once(20, lambda _: use(practice, patient, "sticker"))

    assert sorted(answer.status for answer in answers) == [201] + 19 * [409]
    kinds = [event["kind"] for event in practice.check(patient)]
    assert kinds.count("entitlement.used") == 1


def token_of(practice: Clinic, patient: str, entitlement: str, **more: Any) -> Answer:
    """Make a token, as the patient does who is to show it."""
    body = {"programme": PROGRAMME, "entitlement": entitlement, **more}
    return practice.member(patient).post(f"/v1/members/{patient}/entitlement-tokens", body)


def show_token(practice: Clinic, token: str, key: str = AUTOMATIC) -> Answer:
    """Use a token, as the gate does that reads it."""
    return practice.api.post("/v1/entitlement-tokens/use", {"token": token}, key=key)


def test_a_token_parks_once(practice: Clinic, patient: str) -> None:
    """A token takes one of four, once, also of twenty at the gate; then there are three."""
    for _ in range(6):
        practice.record(patient).expect(201)
    made = token_of(practice, patient, "parking").expect(201)
    assert made["expires_at"] == "2026-03-02T10:15:00Z"
    assert entitled(practice, patient)["parking"]["left"] == 4

    answers = at_once(20, lambda _: show_token(practice, made["token"]))

    assert sorted(answer.status for answer in answers) == [201] + 19 * [409]
    assert {each.code for each in answers if each.status == 409} == {"token_used"}
    (used,) = [each.json for each in answers if each.status == 201]
    assert (used["member_id"], used["units"], used["entitlement"]["left"]) == (patient, 1, 3)
    assert entitled(practice, patient)["parking"]["left"] == 3
    # It is one of the four: by another way three are left to use.
    for _ in range(3):
        use(practice, patient, "parking").expect(201)
    token_of(practice, patient, "parking").expect(409, "quota_exhausted")
    practice.check(patient)


def test_a_token_ends_and_is_answered_again(practice: Clinic, patient: str) -> None:
    """The same request is answered as the first time; a minute late a token is good no more."""
    given = {"programme": PROGRAMME, "entitlement": "sticker", "units": 3, "reason": "brave"}
    practice.api.post(f"/v1/members/{patient}/entitlement-grants", given).expect(201)
    first, late = (
        token_of(practice, patient, "sticker", units=2, valid_minutes=1).expect(201)["token"]
        for _ in range(2)
    )
    used = show_token(practice, first, key="gate-1")
    assert used.expect(201)["entitlement"]["left"] == 1
    again = show_token(practice, first, key="gate-1")
    assert (again.body, again.replayed) == (used.body, True)
    show_token(practice, late).expect(409, "quota_exhausted")

    practice.move_to("2026-03-02T10:01:00Z")

    ended = show_token(practice, late).expect(409, "token_expired")
    assert ended["expired_at"] == "2026-03-02T10:01:00Z"
    show_token(practice, first).expect(409, "token_expired")
    practice.check(patient)


def test_a_token_that_was_not_made_here(practice: Clinic, patient: str, world: LocalWorld) -> None:
    """Another tenant's, a cursor, a changed one and mere letters are all unknown."""
    given = {"programme": PROGRAMME, "entitlement": "sticker", "reason": "brave"}
    practice.api.post(f"/v1/members/{patient}/entitlement-grants", given).expect(201)
    token = token_of(practice, patient, "sticker").expect(201)["token"]
    other = world.sandbox("2026-03-02T10:00:00Z")
    show_token(other, token).expect(404, "token_unknown")
    page = practice.api.get(f"/v1/members/{patient}/ledger?limit=1").expect(200)
    for wrong in (page["next_cursor"], token[:-1], "x" + token[1:], "abc"):
        show_token(practice, wrong).expect(404, "token_unknown")
    show_token(practice, f" {token} ").expect(201)
    practice.member(patient).post("/v1/entitlement-tokens/use", {"token": token}).expect(403)


def test_one_day_one_entry(practice: Clinic, patient: str) -> None:
    """What lapses together is one entry, be it bought or given by hand."""
    document = practice.api.get(f"/v1/programmes/{PROGRAMME}").expect(200)["document"]
    pack = {"id": "pack", "name": "Pack", "sku": "PACK", "entitlement": "sticker", "units": 3}
    practice.publish(document | {"packages": [pack]})
    practice.move_to("2026-03-02T11:00:00Z")
    given = {"programme": PROGRAMME, "entitlement": "sticker", "reason": "brave"}
    practice.api.post(f"/v1/members/{patient}/entitlement-grants", given).expect(201)
    lines = [{"id": "1", "amount": 900, "sku": "PACK"}]
    practice.record(patient, "payment.received", currency="GBP", lines=lines).expect(201)

    assert entitled(practice, patient)["sticker"]["grants"] == [{"units": 4}]
    practice.check(patient)


def test_given_back_once(practice: Clinic, patient: str) -> None:
    """A use comes back once, however often it is given back, and can be used again."""
    given = {"programme": PROGRAMME, "entitlement": "sticker", "reason": "brave"}
    practice.api.post(f"/v1/members/{patient}/entitlement-grants", given).expect(201)
    used = use(practice, patient, "sticker").expect(201)
    path = f"/v1/members/{patient}/entitlement-uses/{used['use_id']}/cancellation"

    result = [practice.api.post(path, {}).expect(200)["changed"] for _ in range(2)]

    assert result == [True, False]
    use(practice, patient, "sticker").expect(201)
    practice.api.post(f"/v1/members/{patient}/entitlement-uses/1/cancellation", {}).expect(
        404, "use_not_found"
    )
    practice.check(patient)


def test_the_same_key_uses_once(practice: Clinic, patient: str) -> None:
    """A retry is answered as the first time."""
    given = {"programme": PROGRAMME, "entitlement": "sticker", "units": 5, "reason": "brave"}
    practice.api.post(f"/v1/members/{patient}/entitlement-grants", given).expect(201)
    body = {"programme": PROGRAMME, "entitlement": "sticker"}
    target = f"/v1/members/{patient}/entitlement-uses"

    first, again = (practice.api.post(target, body, key="k") for _ in range(2))

    assert (first.body, again.headers["idempotency-replayed"]) == (again.body, "true")
    assert entitled(practice, patient)["sticker"]["left"] == 4


def test_rules_in_words(practice: Clinic) -> None:
    """Members can read what cards and entitlements are about."""
    rules = practice.api.get(f"/v1/programmes/{PROGRAMME}/rules").expect(200)["rules"]
    texts = {(each["kind"], each["id"]): each["text"] for each in rules}

    assert texts["entitlement", "parking"] == "Free parking: 4 a month for Regular."
    assert texts["stamp_card", "five-paid"] == (
        "Five paid, one free: 5 stamps give 1 × Free session. Usable for 365 days. Each paid unit "
        "in a payment or purchase brings a stamp. Counted: physiotherapy. Where less than 10.00 "
        "GBP is paid for what counts, there is none. At most 2 a day."
    )
