"""Money and value are neither made nor lost, over the API: bills, refunds, statements, closings."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.test_story_4_receptionist import PROGRAMME, confirm, quote
from tests.journeys.test_story_5_prepay import prepaid, reverse, top_up
from tests.journeys.world import Clinic, LocalWorld, example


def opened(
    world: LocalWorld,
    *offers: dict[str, Any],
    wallets: dict[str, dict[str, Any]] | None = None,
    currencies: dict[str, dict[str, Any]] | None = None,
) -> Clinic:
    """Return a sandbox with these discounts alone, and parts of wallets and currencies changed."""
    desk = world.sandbox("2026-03-02T10:00:00Z")
    document = example(PROGRAMME, enrolment={})
    document["discounts"]["offers"] = list(offers)
    for wallet in document["wallets"]:
        wallet.update((wallets or {}).get(wallet["currency"], {}))
    for currency in document["currencies"]:
        currency.update((currencies or {}).get(currency["id"], {}))
    document["rewards"] = [each for each in document["rewards"] if each["id"] == "medal"]
    desk.publish(document)
    return desk


def refunds(desk: Clinic, patient: str) -> list[Any]:
    """Return what the statement says came back, the first refund first."""
    page = desk.member(patient).get(f"/v1/members/{patient}/statement").expect(200)
    return [each for each in page["entries"] if each["kind"] == "refund"][::-1]


def bought(desk: Clinic, patient: str, *lines: dict[str, Any], **more: Any) -> str:
    """Buy lines and return the id of the quote."""
    made = quote(desk, patient, *lines, **more)
    confirm(desk, patient, made["quote_id"]).expect(201)
    return str(made["quote_id"])


def test_m1_a_discount_beside_prepaid_money(world: LocalWorld) -> None:
    """M1: 10 % of £100 are £10, and £50 that were paid in pay £50."""
    tier = {"id": "ten", "name": "Ten", "terms": {"type": "tier", "percent": {"base": 10}}}
    desk = opened(world, tier, wallets={"prepaid": {"bands": []}})
    patient = desk.enrolled()
    top_up(desk, patient, 5_000)

    made = quote(desk, patient, {"amount": 10_000, "category": "consult"})

    assert (made["discount"]["amount"], made["net"]["amount"]) == (1_000, 9_000)
    assert [each["amount"] for each in made["draws"]] == [5_000]
    assert made["due"]["amount"] == 4_000
    confirm(desk, patient, made["quote_id"]).expect(201)
    assert prepaid(desk, patient) == []
    desk.check(patient)


def test_m2_no_refund_asks_for_money(world: LocalWorld) -> None:
    """M2: what two points paid comes back in points, line by line, and never as money."""
    wallet = {"units": 1, "money": 50, "max_percent": 100}
    desk = opened(world, wallets={"points": wallet})
    patient = desk.enrolled()
    desk.give(patient, 2, programme=PROGRAMME)
    lines = [{"id": "a", "amount": 36}, {"id": "b", "amount": 64}]
    purchase = bought(desk, patient, *lines, payments=[{"currency": "points"}])

    for each in ("a", "b"):
        reverse(desk, purchase, lines=[{"id": each}])

    first, second = refunds(desk, patient)
    assert [each["due"]["amount"] for each in (first, second)] == [0, 0]
    assert [each["returned"]["amount"] for each in (first, second)] == [36, 64]
    assert [each["draws"] for each in (first, second)] == [
        [{"currency": "points", "amount": 0, "money": 36}],
        [{"currency": "points", "amount": 2, "money": 64}],
    ]
    assert desk.available(patient) == 2
    desk.check(patient)


@pytest.mark.parametrize("order", [("package", "use"), ("use", "package")])
def test_m4_a_package_and_its_use(world: LocalWorld, order: tuple[str, str]) -> None:
    """M4: both refunded, in either order, no scaling is left, and the answer says so."""
    desk = opened(world)
    patient = desk.enrolled()
    scaling = {"amount": 7_000, "sku": "SCALING", "category": "dental"}
    purchases = {
        "package": bought(desk, patient, {"amount": 20_000, "sku": "SCALING-X4"}),
        "use": bought(desk, patient, scaling),
    }

    answers = {each: reverse(desk, purchases[each]) for each in order}

    said = {each["mechanic"]: each["outcome"] for each in answers["use"]["outcomes"]}["quotes"]
    there_again = int(order[0] == "use")
    assert (said["free_units"], said["free_units_returned"]) == (0, there_again)
    assert quote(desk, patient, scaling)["due"]["amount"] == 7_000
    held = desk.api.get(f"/v1/members/{patient}/entitlements").expect(200)["entitlements"]
    assert [each["entitlement"] for each in held if each["entitlement"] == "scaling"] == []
    desk.check(patient)


@pytest.mark.parametrize(("least_life", "left"), [(0, 0), (14, 8_500)])
def test_m5_a_refund_says_what_became_of_it(world: LocalWorld, least_life: int, left: int) -> None:
    """M5: on day 48 what lasted 30 days is lost, and says so; or it comes back for two weeks."""
    policy = {"expiry": {"type": "rolling", "days": 30}, "restored_life_days": least_life}
    wallets: dict[str, Any] = {"prepaid": {"bands": []}}
    desk = opened(world, wallets=wallets, currencies={"prepaid": policy})
    patient = desk.enrolled()
    top_up(desk, patient, 8_500)
    purchase = bought(desk, patient, {"amount": 8_500, "category": "consult"})
    desk.move_to("2026-04-19T10:00:00Z")

    answer = reverse(desk, purchase)

    said = {each["mechanic"]: each["outcome"] for each in answer["outcomes"]}["quotes"]
    (drawn,) = said["draws"]
    assert (drawn["returned"], drawn["expired"]) == (8_500, 8_500 - left)
    (refund,) = refunds(desk, patient)
    expired = {} if left else {"expired": 8_500}
    assert refund["draws"] == [{"currency": "prepaid", "amount": 8_500, "money": 8_500, **expired}]
    assert desk.available(patient, "prepaid") == left
    desk.check(patient)


def test_m7_spent_before_it_expired(world: LocalWorld) -> None:
    """M7: cashback that was earned, spent, and whose day has passed is owed when it is refunded."""
    policy = {"expiry": {"type": "rolling", "days": 10}}
    desk = opened(
        world, wallets={"cashback": {"max_percent": 100}}, currencies={"cashback": policy}
    )
    patient = desk.enrolled()
    earned = bought(desk, patient, {"amount": 5_000}, payments=[])
    other = bought(desk, patient, {"amount": 2_500}, payments=[])
    assert desk.available(patient, "cashback") == 150
    bought(desk, patient, {"amount": 100}, payments=[{"currency": "cashback"}])
    desk.move_to("2026-03-20T10:00:00Z")
    assert desk.available(patient, "cashback") == 0

    answer = reverse(desk, earned)

    # Of 150 that were earned 100 were spent; 50 expired, which nobody owes.
    assert [(each["amount"], each["deficit"]) for each in answer["returned"]] == [(50, 50)]
    answer = reverse(desk, other)
    assert [(each["amount"], each["deficit"]) for each in answer["returned"]] == [(50, 50)]
    assert desk.available(patient, "cashback") == -100
    desk.check(patient)
