"""The discounts of a clinic, each at its edge, over the API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.client import Answer, at_once
from tests.journeys.test_story_4_receptionist import (
    PROGRAMME,
    confirm,
    considered,
    consult,
    pay,
    quote,
)
from tests.journeys.test_story_5_prepay import family, opened
from tests.journeys.world import Clinic, LocalWorld, example

SCREENING = {"amount": 9000, "sku": "SCREEN-BASIC", "category": "screening"}


@pytest.fixture
def desk(world: LocalWorld) -> Clinic:
    """Return a sandbox in the spring of 2026 with the clinic's programme."""
    return opened(world)


@pytest.fixture
def patient(desk: Clinic) -> str:
    """Return somebody who has joined."""
    return desk.enrolled()


def show(desk: Clinic, patient: str, status: str, **days: str) -> Any:
    """Verify a status at the desk."""
    body = {"programme": PROGRAMME, "status": status, "proof": "a card", **days}
    return desk.staff("receptionist").post(f"/v1/members/{patient}/statuses", body).expect(201)


def consent(desk: Clinic, patient: str, *, granted: bool) -> None:
    """Record a consent to what goes by the member's health, or its withdrawal."""
    given = {"purpose": "health_personalisation", "granted": granted, "text_version": "1"}
    desk.api.post(f"/v1/members/{patient}/consents", {"consents": [given]}).expect(200)


def applied(quoted: Any) -> dict[str, int]:
    """Return what each discount took off."""
    return {each["id"]: each["amount"] for each in quoted["considered"] if each["applied"]}


def voucher(desk: Clinic, patient: str, reward: str) -> str:
    """Redeem a reward and return its voucher's code."""
    desk.give(patient, 400, programme=PROGRAMME)
    body = {"programme": PROGRAMME, "reward": reward}
    made = desk.api.post(f"/v1/members/{patient}/redemptions", body).expect(201)
    return str(made["voucher"]["code"])


def test_a_medal_for_bravery(desk: Clinic, patient: str) -> None:
    """Staff hand one out at one go, once a day, also to a child who owes points; nobody else."""
    path, body = f"/v1/members/{patient}", {"programme": PROGRAMME, "reward": "medal"}
    child = desk.member(patient)
    (seen,) = [
        each
        for each in child.get(f"{path}/rewards").expect(200)["rewards"]
        if each["reward"] == "medal"
    ]
    assert (seen["price"], seen["by"], seen["affordable"]) == (0, "staff", False)
    assert [reason["code"] for reason in seen["reasons"]] == ["given_by_staff"]
    child.post(f"{path}/redemptions", body).expect(403, "given_by_staff")

    made = desk.staff("receptionist").post(f"{path}/redemptions", body).expect(201)

    assert (made["price"], made["state"]) == (0, "issued")
    desk.staff("receptionist").post(f"{path}/redemptions", body).expect(409, "limit_reached")
    assert desk.check(patient)[-1]["kind"] == "reward.redeemed"


def test_medals_run_out(desk: Clinic) -> None:
    """Of as many children as there are medals and two more, two get none, all at once or not."""
    document = example(PROGRAMME, enrolment={})
    (medal,) = [each for each in document["rewards"] if each["id"] == "medal"]
    medal["stock"] = 3
    desk.publish(document, desk.now(seconds=121))
    desk.move_to(desk.now(seconds=121))
    children = [desk.enrolled() for _ in range(5)]
    body = {"programme": PROGRAMME, "reward": "medal"}

    answers = at_once(5, lambda n: desk.api.post(f"/v1/members/{children[n]}/redemptions", body))

    assert sorted(answer.status for answer in answers) == 3 * [201] + 2 * [409]


def test_a_good_year(desk: Clinic, patient: str) -> None:
    """£1,000 in 365 days give 10 % for 365 days after the payment that reached it."""
    pay(desk, patient, 60_000)
    desk.move_to("2027-03-02T10:00:00Z")  # 365 days later: the first payment is out of the window
    pay(desk, patient, 40_000)
    assert not considered(consult(desk, patient))["good-year"]["applied"]
    last = pay(desk, patient, 60_000)
    assert considered(consult(desk, patient))["good-year"]["percent"] == 10
    result = {each["mechanic"]: each["outcome"] for each in last["outcomes"]}["discounts"]
    assert result["good-year"]["until_on"] == "2028-03-01"

    desk.move_to("2028-03-01T23:00:00Z")
    assert considered(consult(desk, patient))["good-year"]["percent"] == 10
    desk.move_to("2028-03-02T00:00:00Z")
    assert considered(consult(desk, patient))["good-year"]["detail"] == "it held through 2028-03-01"


def test_a_good_year_that_was_refunded(desk: Clinic, patient: str) -> None:
    """O4: a refund of the first payment leaves enough; a penny more, and the discount goes."""
    activity = desk.activity(
        patient, "payment.received", amount={"amount": 60_000, "currency": "GBP"}
    )
    desk.api.post("/v1/activities", activity).expect(201)
    pay(desk, patient, 50_000)

    def refund(amount: int) -> Any:
        back = {"source": activity["source"], "external_id": activity["external_id"]}
        body, path = back | {"amount": amount}, "/v1/activities/reversals"
        follows = desk.api.post(f"{path}?dry_run=true", body).expect(200)["outcomes"]
        assert desk.api.post(path, body).expect(201)["outcomes"] == follows
        return {each["mechanic"]: each["outcome"] for each in follows}["discounts"]["good-year"]

    assert refund(10_000) == {"until_on": "2027-03-02"}
    assert considered(consult(desk, patient))["good-year"]["percent"] == 10

    assert refund(1) == {"until_on": None}
    told = considered(consult(desk, patient))["good-year"]["detail"]
    assert told == "1000.00 GBP was not yet spent in its window"
    desk.check(patient)


@pytest.mark.parametrize(
    ("day", "discount"),
    [
        ("2026-02-24", None),
        ("2026-02-25", "birthday"),
        ("2026-03-03", "birthday"),
        ("2026-03-04", None),
        ("2028-02-25", None),
        ("2028-02-26", "birthday"),
        ("2026-12-26", "holidays"),
        ("2027-05-03", "holidays"),
        ("2028-05-03", None),
    ],
)
def test_birthdays_and_holidays(desk: Clinic, patient: str, day: str, discount: str | None) -> None:
    """Born on 29 February, three days around the 28th in other years; the day of service counts."""
    path = f"/v1/members/{patient}"
    etag = desk.api.send("GET", path, None).headers["etag"]
    change = {"birthday": "02-29"}
    desk.api.send("PATCH", path, change, headers={"If-Match": etag}).expect(200)

    if day > "2027-03-03":  # appointments are made a year ahead
        desk.move_to(f"{int(day[:4]) - 1}-12-01T12:00:00Z")

    found = applied(consult(desk, patient, service_on=day))

    off = {"birthday": 1200, "holidays": 400}
    assert found == ({} if discount is None else {discount: off[discount]})


def keep(desk: Clinic, **lists: list[str]) -> Answer:
    """Replace the lists of days that all programmes share, over those that there are."""
    named = {name.replace("_", "-"): days for name, days in lists.items()}
    manager = desk.staff("manager")
    etag = manager.get("/v1/holidays").headers["etag"]
    return manager.put("/v1/holidays", {"lists": named}, If_Match=etag)


def test_holidays_of_the_tenant(desk: Clinic, patient: str) -> None:
    """Bank holidays are 5 % off and the hospital's own days 12 %, by lists that are kept apart."""
    assert applied(consult(desk, patient, service_on="2026-12-25")) == {}
    days = ["03-02", "12-25", "2026-03-03"]
    kept = keep(desk, bank_holidays=days, hospital_days=["05-12"])
    assert kept.expect(200)["lists"]["bank-holidays"] == days

    def off(day: str) -> dict[str, int]:
        return applied(consult(desk, patient, service_on=day))

    for day in ("2026-12-25", "2027-03-02", "2026-03-03", "2026-12-26"):
        assert off(day) == {"holidays": 400}, day
    assert off("2026-05-12") == {"hospital-days": 960}
    for day in ("2027-03-03", "2026-05-13", "2026-12-24"):
        assert off(day) == {}, day

    keep(desk, hospital_days=["12-25"]).expect(200)
    assert off("2026-12-25") == {"hospital-days": 960}
    assert off("2026-03-03") == {}
    seen = desk.api.get("/v1/holidays").expect(200)
    assert seen == {"lists": {"hospital-days": ["12-25"]}, "revision": 2}


def test_two_managers_with_the_holidays(desk: Clinic) -> None:
    """Who comes second is told so, reads again, and overwrites nothing unseen."""
    manager, other = desk.staff("manager"), desk.staff("manager")
    read = manager.get("/v1/holidays")
    assert (read.expect(200)["revision"], read.headers["etag"]) == (0, '"0"')
    first = {"lists": {"bank-holidays": ["12-25"]}}
    for _ in range(2):
        # Sent again, since no answer came, it is the same.
        done = manager.put("/v1/holidays", first, If_Match='"0"')
        assert (done.expect(200)["revision"], done.headers["etag"]) == (1, '"1"')

    second = {"lists": {"hospital-days": ["05-12"]}}
    other.put("/v1/holidays", second, If_Match='"0"').expect(412, "stale")
    other.put("/v1/holidays", {**second, "revision": 0}).expect(412, "stale")
    other.put("/v1/holidays", second).expect(400, "if_match_required")
    assert other.get("/v1/holidays").expect(200) == {**first, "revision": 1}
    both = {"lists": first["lists"] | second["lists"], "revision": 1}
    assert other.put("/v1/holidays", both).expect(200)["revision"] == 2


def test_holidays_that_are_none(desk: Clinic, patient: str) -> None:
    """A day that no year has is refused with its place, and so is a member."""
    wrong = keep(desk, bank_holidays=["12-25", "02-30", "2026-02-29"]).expect(422, "invalid_date")
    places = [each["pointer"] for each in wrong["errors"]]
    assert places == ["/lists/bank-holidays/1", "/lists/bank-holidays/2"]
    keep(desk, bank_holidays=["02-29"]).expect(200)
    # The 28th stands for the 29th in other years.
    assert applied(consult(desk, patient, service_on="2027-02-28")) == {"holidays": 400}
    desk.move_to("2028-02-27T12:00:00Z")
    assert applied(consult(desk, patient, service_on="2028-02-28")) == {}
    desk.member(patient).put("/v1/holidays", {"lists": {}, "revision": 1}).expect(403)


def test_sick_days_are_the_patients(desk: Clinic, patient: str) -> None:
    """On sick leave it is 9 % off, from its first to its last day, with a consent."""
    path = f"/v1/members/{patient}/statuses"
    leave = {"from_on": "2026-03-10", "until_on": "2026-03-20"}
    body = {"programme": PROGRAMME, "status": "sick-leave", **leave}
    desk.api.post(path, body).expect(422, "consent_required")
    consent(desk, patient, granted=True)
    show(desk, patient, "sick-leave", **leave)

    for day, off in [("03-09", {}), ("03-10", {"sick-days": 720}), ("03-20", {"sick-days": 720})]:
        assert applied(consult(desk, patient, service_on=f"2026-{day}")) == off
    assert applied(consult(desk, patient, service_on="2026-03-21")) == {}


def test_those_who_serve(desk: Clinic, patient: str) -> None:
    """Shown once, it holds for 366 days and is then to be shown again; it can be withdrawn."""
    shown = show(desk, patient, "police")
    assert shown["status"]["until_on"] == "2027-03-02"
    assert applied(consult(desk, patient)) == {"in-service": 640}
    long = {"programme": PROGRAMME, "status": "police", "until_on": "2027-03-03"}
    path = f"/v1/members/{patient}/statuses"
    desk.api.post(path, long).expect(422, "invalid_date")

    desk.move_to("2027-03-03T00:00:00Z")
    assert applied(consult(desk, patient)) == {}
    assert applied(consult(desk, patient, service_on="2027-03-02")) == {"in-service": 640}
    listed = desk.member(patient).get(path).expect(200)["statuses"]
    assert [(each["status"], each["ended"]) for each in listed] == [("police", True)]
    assert [e["kind"] for e in desk.check(patient)][-2:] == ["status.verified", "statuses.expired"]
    gone = {"programme": PROGRAMME, "status": "police", "reason": "left"}
    assert desk.api.post(f"{path}/withdrawal", gone).expect(200)["changed"] is True
    assert desk.api.post(f"{path}/withdrawal", gone).expect(200)["changed"] is False
    assert "a card" not in desk.api.get(path).body.decode()


@pytest.mark.parametrize("day", ["9999-12-31", "1899-12-31", "2027-02-29"])
@pytest.mark.parametrize("field", ["from_on", "until_on", "service_on"])
def test_days_out_of_reach(desk: Clinic, patient: str, field: str, day: str) -> None:
    """A day from which none can be counted is refused, and the field is named."""
    path = f"/v1/members/{patient}/statuses"
    body: dict[str, Any] = {"programme": PROGRAMME, "status": "police"}
    if field == "service_on":
        path = f"/v1/members/{patient}/quotes"
        body = {"programme": PROGRAMME, "currency": "GBP", "lines": [SCREENING]}

    result = desk.api.post(path, {**body, field: day}).expect(422, "invalid_date")

    assert [each["pointer"] for each in result["errors"]] == [f"/{field}"]


def test_while_the_policy_is_in_force(desk: Clinic, patient: str) -> None:
    """From its first to its last day, by the day of service."""
    show(desk, patient, "insured", from_on="2026-03-10", until_on="2026-03-20")

    for day, off in [("03-09", {}), ("03-10", {"insurer": 480}), ("03-20", {"insurer": 480})]:
        assert applied(consult(desk, patient, service_on=f"2026-{day}")) == off
    assert applied(consult(desk, patient, service_on="2026-03-21")) == {}


def test_of_named_insurers(world: LocalWorld) -> None:
    """Each insurer is a status of its own: with another policy, or another's, nothing is off."""
    document = example(PROGRAMME, enrolment={})
    document["statuses"] += [{"id": "axa", "name": "AXA"}, {"id": "vitality", "name": "Vitality"}]
    for offer in document["discounts"]["offers"]:
        if offer["id"] == "insurer":
            offer["terms"]["any"] = ["axa"]
    desk = world.sandbox("2026-03-02T10:00:00Z")
    desk.publish(document)
    insured, other = desk.enrolled(), desk.enrolled()
    show(desk, insured, "axa", from_on="2026-03-02", until_on="2026-03-20")
    show(desk, other, "vitality", from_on="2026-03-02", until_on="2026-03-20")

    assert applied(consult(desk, insured)) == {"insurer": 480}
    assert applied(consult(desk, other)) == {}


def test_a_good_calendar_year(world: LocalWorld) -> None:
    """£1,000 between January and December; what was paid the year before does not count."""
    document = example(PROGRAMME, enrolment={})
    for offer in document["discounts"]["offers"]:
        if offer["id"] == "good-year":
            offer["terms"] = {
                "type": "spend_window",
                "at_least": 100_000,
                "percent": 10,
                "window": "calendar_year",
                "term_days": 90,
            }
    desk = world.sandbox("2026-12-30T10:00:00Z")
    desk.publish(document)
    patient = desk.enrolled()
    pay(desk, patient, 99_999)
    desk.move_to("2027-01-02T10:00:00Z")
    pay(desk, patient, 60_000)
    assert not considered(consult(desk, patient))["good-year"]["applied"]

    desk.move_to("2027-12-31T10:00:00Z")
    last = pay(desk, patient, 40_000)
    result = {each["mechanic"]: each["outcome"] for each in last["outcomes"]}["discounts"]
    assert result["good-year"] == {"until_on": "2028-03-30"}
    assert considered(consult(desk, patient))["good-year"]["percent"] == 10


def test_very_important_after_eight_visits(desk: Clinic, patient: str) -> None:
    """The eighth visit brings 7 % off."""
    for _ in range(7):
        desk.record(patient).expect(201)
    assert considered(consult(desk, patient))["vip"]["detail"] == "it is not for the tier Member"
    desk.record(patient).expect(201)
    assert applied(consult(desk, patient)) == {"vip": 560}


def test_member_prices(desk: Clinic, patient: str) -> None:
    """A screening is £60 instead of £90 for who is in a care plan; another line is not."""
    assert applied(quote(desk, patient, SCREENING)) == {}
    consent(desk, patient, granted=True)
    show(desk, patient, "care-plan")

    made = quote(desk, patient, SCREENING, {"amount": 9000, "category": "consult"})

    assert [line["net"] for line in made["lines"]] == [6000, 9000]


def test_a_care_plan_takes_consent(desk: Clinic, patient: str) -> None:
    """What the health record knows is not taken without consent, and forgotten when it is gone."""
    path = f"/v1/members/{patient}/statuses"
    body = {"programme": PROGRAMME, "status": "care-plan", "until_on": "2026-12-31"}
    refused = desk.api.post(path, body).expect(422, "consent_required")
    assert refused["missing_consents"] == ["health_personalisation"]

    consent(desk, patient, granted=True)
    desk.api.post(path, body).expect(201)
    show(desk, patient, "police")
    assert applied(quote(desk, patient, SCREENING)) == {"care-prices": 3000}
    consent(desk, patient, granted=False)

    shown = desk.api.get(path).expect(200)["statuses"]
    assert [each["status"] for each in shown] == ["police"]
    assert "care-prices" not in applied(quote(desk, patient, SCREENING))
    desk.check(patient)
    consent(desk, patient, granted=True)
    assert "care-prices" not in applied(quote(desk, patient, SCREENING))


def test_a_voucher_for_a_category(desk: Clinic, patient: str) -> None:
    """20 % off vitamins at £20.00 are £4.00, and nothing off the rest; once, also at once."""
    code = voucher(desk, patient, "vitamins-20")
    lines = [{"amount": 2000, "category": "vitamins"}, {"amount": 1050, "category": "cosmetics"}]
    first = quote(desk, patient, *lines, vouchers=[code])
    second = quote(desk, patient, *lines, vouchers=[code])
    assert (first["discount"]["amount"], applied(first)) == (400, {"vitamins": 400})

    ids = (first["quote_id"], second["quote_id"])
    answers = at_once(2, lambda place: confirm(desk, patient, ids[place]))

    assert sorted(each.status for each in answers) == [201, 409]
    assert {each.code for each in answers if each.status == 409} == {"voucher_used"}
    body = {"programme": PROGRAMME, "currency": "GBP", "lines": lines, "vouchers": [code]}
    refused = desk.api.post(f"/v1/members/{patient}/quotes", body).expect(409, "voucher_used")
    assert refused["code"] == "voucher_used"
    other = {**body, "vouchers": [voucher(desk, desk.enrolled(), "vitamins-20")]}
    desk.api.post(f"/v1/members/{patient}/quotes", other).expect(404, "voucher_not_found")


def test_a_cart_with_a_voucher(desk: Clinic, patient: str) -> None:
    """A till that knows the code alone sees what it takes off which line, and why nothing."""
    code = voucher(desk, patient, "vitamins-20")
    show(desk, patient, "police")
    till = desk.key("vouchers:read")

    def tried(*lines: dict[str, Any], code: str = code) -> Any:
        body = {"code": code, "cart": {"currency": "GBP", "lines": list(lines)}}
        return till.post("/v1/vouchers/validation", body).expect(200)["cart"]

    vitamins = {"id": "v", "amount": 2000, "category": "vitamins"}
    other = {"id": "o", "amount": 1050, "category": "cosmetics"}
    assert tried(vitamins, other) == {
        "discount": {"amount": 400, "currency": "GBP"},
        "reason": None,
        "detail": "",
        "lines": [
            {"id": "v", "price": 2000, "off": 400, "net": 1600},
            {"id": "o", "price": 1050, "off": 0, "net": 1050},
        ],
    }
    nothing = tried(other)
    assert (nothing["discount"]["amount"], nothing["reason"]) == (0, "not_in_scope")
    five = voucher(desk, patient, "five-off")
    assert tried({"amount": 300}, other, code=five)["discount"]["amount"] == 500
    medal = {"programme": PROGRAMME, "reward": "medal"}
    made = desk.api.post(f"/v1/members/{patient}/redemptions", medal).expect(201)
    gift = tried(vitamins, code=made["voucher"]["code"])
    assert gift["detail"] == "it takes nothing off: it stands for something else"


def test_a_cart_that_cannot_be_priced(desk: Clinic, patient: str) -> None:
    """Other money, a line twice and a voucher that was used are refused, each with its place."""
    code = voucher(desk, patient, "vitamins-20")
    path, line = "/v1/vouchers/validation", {"id": "v", "amount": 2000, "category": "vitamins"}
    euros = {"code": code, "cart": {"currency": "EUR", "lines": [line]}}
    refused = desk.api.post(path, euros).expect(422, "currency_mismatch")
    assert refused["errors"][0]["pointer"] == "/cart/currency"
    twice = {"code": code, "cart": {"currency": "GBP", "lines": [line, line]}}
    refused = desk.api.post(path, twice).expect(422, "duplicate_line")
    assert refused["errors"][0]["pointer"] == "/cart/lines/1/id"
    desk.api.post("/v1/vouchers/use", {"code": code}).expect(200)
    sound = {"code": code, "cart": {"currency": "GBP", "lines": [line]}}
    desk.api.post(path, sound).expect(409, "voucher_used")


def test_a_voucher_over_an_amount(desk: Clinic, patient: str) -> None:
    """M3: £5 off are spread over the lines; unused where others give more on every one."""
    code = voucher(desk, patient, "five-off")
    made = quote(desk, patient, {"amount": 300}, {"amount": 8000}, vouchers=[code])
    assert [line["net"] for line in made["lines"]] == [282, 7518]
    assert len(made["redemptions"]) == 1

    show(desk, patient, "police")
    better = consult(desk, patient, vouchers=[code])
    assert (applied(better), better["redemptions"]) == ({"in-service": 640}, [])
    assert considered(better)["five-off"]["reason"] == "others_gave_more"


def test_m9_every_voucher_is_answered(desk: Clinic, patient: str) -> None:
    """M9: of two that give the same one counts, a gift takes nothing off; each says why."""
    codes = [voucher(desk, patient, "five-off") for _ in range(2)]
    medal = {"programme": PROGRAMME, "reward": "medal"}
    gift = desk.api.post(f"/v1/members/{patient}/redemptions", medal).expect(201)
    codes.append(gift["voucher"]["code"])

    made = quote(desk, patient, {"amount": 2000}, vouchers=codes)

    told = [each for each in made["considered"] if each["redemption_id"] is not None]
    assert [(each["id"], each["amount"], each["reason"]) for each in told] == [
        ("five-off", 500, None),
        ("five-off", 0, "others_gave_more"),
        ("medal", 0, "goods_only"),
    ]
    assert made["redemptions"] == [told[0]["redemption_id"]]
    assert told[2]["redemption_id"] == gift["redemption_id"]
    confirm(desk, patient, made["quote_id"]).expect(201)
    left = f"/v1/members/{patient}/redemptions/{told[1]['redemption_id']}"
    assert desk.api.get(left).expect(200)["state"] == "issued"
    desk.check(patient)


def test_declined(desk: Clinic, patient: str) -> None:
    """What is excluded is left out, and the next best counts."""
    show(desk, patient, "police")
    family(desk, patient)
    made = consult(desk, patient, exclude=["in-service"])
    assert applied(made) == {"family": 400}
    assert considered(made)["in-service"]["reason"] == "excluded"


def test_a_package_of_four(desk: Clinic, patient: str) -> None:
    """Four scalings are paid at once and used one by one; a refund takes back what is unused."""
    bought = quote(desk, patient, {"amount": 20_000, "sku": "SCALING-X4", "category": "dental"})
    confirm(desk, patient, bought["quote_id"]).expect(201)
    scaling = {"amount": 7000, "sku": "SCALING", "category": "dental"}
    used = quote(desk, patient, scaling)
    assert used["due"]["amount"] == 0
    confirm(desk, patient, used["quote_id"]).expect(201)

    back = {"source": "quote", "external_id": bought["quote_id"]}
    desk.api.post("/v1/activities/reversals", back).expect(201)

    assert quote(desk, patient, scaling)["due"]["amount"] == 7000
    desk.check(patient)


def test_a_package_is_drawn_down(desk: Clinic, patient: str) -> None:
    """Its price is paid once; each visit uses one of four, through 730 days and no longer."""
    bought = quote(desk, patient, {"amount": 20_000, "sku": "SCALING-X4", "category": "dental"})
    assert bought["due"]["amount"] == 20_000
    confirm(desk, patient, bought["quote_id"]).expect(201)
    scaling = {"amount": 7000, "sku": "SCALING", "category": "dental"}

    def left() -> Any:
        found = desk.api.get(f"/v1/members/{patient}/entitlements").expect(200)["entitlements"]
        return [(each["entitlement"], each["left"], each["grants"]) for each in found]

    for units in (4, 3, 2):
        assert left() == [("scaling", units, [{"units": units, "expires_on": "2028-03-01"}])]
        used = quote(desk, patient, scaling)
        assert used["due"]["amount"] == 0
        confirm(desk, patient, used["quote_id"]).expect(201)
    desk.move_to("2028-03-01T23:59:59Z")
    two = quote(desk, patient, {**scaling, "amount": 14_000, "quantity": 2}, exclude=["cumulative"])
    assert two["due"]["amount"] == 7000

    desk.move_to("2028-03-02T00:00:00Z")

    assert left() == []
    desk.check(patient)


def test_cashback_pays_here(desk: Clinic, patient: str) -> None:
    """2 % come back, pay half of a bill at most, count as no spend, and return with a refund."""
    pay(desk, patient, 500_000)
    assert desk.available(patient, "cashback") == 10_000
    made = consult(
        desk,
        patient,
        10_000,
        payments=[{"currency": "cashback"}],
        exclude=["cumulative", "good-year"],
    )
    assert made["draws"] == [{"currency": "cashback", "amount": 5000, "money": 5000}]
    assert made["due"]["amount"] == 5000
    bought = confirm(desk, patient, made["quote_id"]).expect(201)
    # What cashback pays earns no cashback.
    assert [each["amount"] for each in bought["awards"]] == [100]
    assert desk.available(patient, "cashback") == 5100

    back = {"source": "quote", "external_id": made["quote_id"]}
    desk.api.post("/v1/activities/reversals", back).expect(201)
    assert desk.available(patient, "cashback") == 10_000
    desk.check(patient)


def test_points_pay_a_part(desk: Clinic, patient: str) -> None:
    """100 points pay 50p, in whole steps, a fifth of a bill at most, and never more than held."""
    desk.give(patient, 2_550, programme=PROGRAMME)
    made = consult(desk, patient, 8000, payments=[{"currency": "points"}])
    assert made["draws"] == [{"currency": "points", "amount": 2500, "money": 1250}]
    less = consult(desk, patient, 3000, payments=[{"currency": "points"}])
    assert less["draws"] == [{"currency": "points", "amount": 1200, "money": 600}]
    body = {
        "programme": PROGRAMME,
        "currency": "GBP",
        "lines": [{"amount": 8000}],
        "payments": [{"currency": "points", "amount": 2_600}],
    }
    path = f"/v1/members/{patient}/quotes"
    refused = desk.api.post(path, body).expect(409, "insufficient_points")
    assert (refused["available"], refused["missing"]) == (2_550, 50)


@pytest.mark.parametrize("first", [0, 1], ids=["paid first", "free first"])
def test_m4_paid_sessions_and_their_free_one_come_back(
    desk: Clinic, patient: str, first: int
) -> None:
    """M4: in either order nothing of them is left, and the next session is paid for."""
    session = {"id": "1", "category": "physiotherapy"}
    made = []
    for units in (5, 1):
        sessions = {**session, "amount": 4_000 * units, "quantity": units}
        made.append(quote(desk, patient, sessions))
        confirm(desk, patient, made[-1]["quote_id"]).expect(201)
    assert [each["due"]["amount"] for each in made] == [20_000, 0]

    for each in (made[first], made[1 - first]):
        back = {"source": "quote", "external_id": each["quote_id"]}
        desk.api.post("/v1/activities/reversals", back).expect(201)

    assert quote(desk, patient, {**session, "amount": 4_000})["due"]["amount"] == 4_000
