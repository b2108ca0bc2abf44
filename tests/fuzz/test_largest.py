"""B: what the largest permitted request costs, so that cost never follows a number in a body."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

import pytest

from chalicelib.store.metering import measured
from tests import pace
from tests.fuzz import largest
from tests.fuzz.ground import Ground as Fuzzed
from tests.fuzz.ground import ground_on
from tests.fuzz.largest import (
    ANSWER_MAX_B,
    CARTS,
    CPU_MAX_S,
    LARGEST,
    MEMORY_MAX_B,
    QUOTE_CALLS_MAX,
    Largest,
    LargestCart,
)
from tests.fuzz.requests import Generator
from tests.journeys.client import Answer
from tests.journeys.contract import Operation
from tests.journeys.world import Clinic, Ground, LocalWorld, local_contract


@pytest.fixture(scope="module")
def clinic(ground: Ground) -> Clinic:
    """Return a clinic with the largest programme."""
    made = LocalWorld(ground.renewed()).clinic()
    made.publish(largest.programme())
    return made


@pytest.fixture(scope="module")
def catalogue() -> Iterator[Fuzzed]:
    """Return an API on the engine in which every operation has been called once."""
    with ground_on("engine", random.Random(1)) as made:  # noqa: S311 - to be had again
        yield made


@pytest.mark.parametrize("request_", LARGEST, ids=lambda each: each.operation)
def test_the_largest_request(clinic: Clinic, request_: Largest) -> None:
    """It is answered within a second of CPU and 100 MB, the engine's own included."""
    member = clinic.enrolled()
    numbers = [f"{request_.operation}-{place}" for place in range(3)]
    if request_.operation == "reverse_activity":
        sale = next(each for each in LARGEST if each.operation == "record_activity")
        for number in numbers:
            largest.send(clinic, sale, member, number).expect(201)
    # The first imports what it needs, which no later one does.
    first = largest.send(clinic, request_, member, numbers[0])

    with measured() as cost:
        second, cpu_s = largest.cpu_of(lambda: largest.send(clinic, request_, member, numbers[1]))
    third, memory_b = largest.memory_of(lambda: largest.send(clinic, request_, member, numbers[2]))

    print(  # noqa: T201 - pytest shows it with -s
        f"\n{request_.operation}: {cpu_s:.3f} s, {memory_b / 1e6:.1f} MB, {cost.write_units} units"
    )
    assert {first.status, second.status, third.status} <= {200, 201}, second.body[:300]
    assert pace.within(cpu_s, CPU_MAX_S)
    assert memory_b < MEMORY_MAX_B
    if request_.write_units_max:
        assert cost.write_units <= request_.write_units_max
        assert cost.calls["TransactWriteItems"] == 1


@pytest.mark.parametrize(
    "operation",
    [each for each in local_contract().operations if "requestBody" in each.entry],
    ids=lambda each: str(each.entry["operationId"]),
)
def test_the_largest_body_of_every_operation(catalogue: Fuzzed, operation: Operation) -> None:
    """Whatever its schema lets a body be, accepted or refused, takes no more than the largest."""
    credential = catalogue.credentials[0]
    rng = random.Random(str(operation.entry["operationId"]))  # noqa: S311 - to be had again
    contract = local_contract()
    generator = Generator([operation], contract.schemas, [credential], rng)
    # The first imports what it needs, which no later one does.
    catalogue.transport(*generator.largest(operation, credential))
    for number in range(2):
        request = generator.largest(operation, credential)
        measure = largest.memory_of if number % 2 else largest.cpu_of
        answer, taken = measure(lambda: catalogue.transport(*request))  # noqa: B023 - called now
        size = len(request.body)
        print(f"\n{answer.status}, {size} bytes: {taken:.3f}")  # noqa: T201 - as above
        assert answer.status < 500, (answer.status, request.target, answer.body[:300])
        small = taken < MEMORY_MAX_B if number % 2 else pace.within(taken, CPU_MAX_S)
        assert small, (answer.status, request.target)


@pytest.mark.parametrize("cart", CARTS, ids=lambda each: each.name)
def test_the_largest_quote(ground: Ground, cart: LargestCart) -> None:
    """
    100 lines, off each of which 100 discounts take something, call so many functions and no more.

    So does all that follows of them: buying them, reading them, and giving them back.
    """
    clinic = LocalWorld(ground.renewed()).clinic()
    clinic.publish(cart.programme())
    member = clinic.enrolled()
    path, body = f"/v1/members/{member}/quotes", cart.body()

    def quote() -> Answer:
        return largest.sent(clinic.api, "POST", path, body)

    # The first imports what it needs, which no later one does.
    quote()
    answer, calls = pace.calls_of(quote)
    made = answer.expect(201)["quote"]
    assert sum(len(line["off"]) for line in made["lines"]) == 100 * 100
    _, memory_b = largest.memory_of(quote)
    confirmation = f"{path}/{made['quote_id']}/confirmation"
    reversal = {"source": "quote", "external_id": made["quote_id"], "reason": "returned"}
    follow = {
        "confirm_quote": ("POST", confirmation, {}, 130),
        "read_statement": ("GET", f"/v1/members/{member}/statement", None, 0),
        "read_quote": ("GET", f"{path}/{made['quote_id']}", None, 0),
        "reverse_activity": ("POST", "/v1/activities/reversals", reversal, 70),
    }

    print(f"\ncreate_quote: {calls} calls, {memory_b / 1e6:.1f} MB")  # noqa: T201 - as above
    assert calls < QUOTE_CALLS_MAX
    assert memory_b < MEMORY_MAX_B
    for operation, (method, target, sent, write_units_max) in follow.items():
        with measured() as cost:
            answer, cpu_s = largest.cpu_of(
                lambda: largest.sent(clinic.api, method, target, sent)  # noqa: B023 - called now
            )
        print(f"{operation}: {cpu_s:.3f} s, {cost.write_units} units")  # noqa: T201 - as above
        assert answer.status in {200, 201}, answer.body[:300]
        assert pace.within(cpu_s, CPU_MAX_S)
        assert cost.write_units <= write_units_max
        assert cost.calls["TransactWriteItems"] == bool(write_units_max)


#: How many of the largest quotes a member has for the lists, and of how many a page of what was
#: bought ends early.
QUOTES: Final = 50
PURCHASES: Final = 40


def test_the_largest_lists(ground: Ground) -> None:
    """A page of the largest that a member may have is within the bounds."""
    cart = next(each for each in CARTS if each.name == "covered percentages")
    clinic = LocalWorld(ground.renewed()).clinic()
    document = cart.programme()
    for offer in document["discounts"]["offers"]:
        offer["limits"] = [{"window": "order", "money": 10**15}]
    clinic.publish(document)
    member = clinic.enrolled()
    path, body = f"/v1/members/{member}/quotes", cart.body()
    # In a life no more money is counted than JavaScript counts to.
    body["lines"] = [
        {**line, "amount": 2 * 10**9 + place, "covered": 10**9}
        for place, line in enumerate(body["lines"])
    ]
    for number in range(QUOTES):
        made = largest.sent(clinic.api, "POST", path, body).expect(201)["quote"]
        if number < PURCHASES:
            confirmation = f"{path}/{made['quote_id']}/confirmation"
            largest.sent(clinic.api, "POST", confirmation, {}).expect(201)

    for what, found in (("quotes", "quotes"), ("ledger", "events"), ("statement", "entries")):
        whole = what == "quotes"

        def read() -> Answer:
            target = f"/v1/members/{member}/{what}?limit=100"  # noqa: B023 - called now
            return largest.sent(clinic.api, "GET", target)

        answer, cpu_s = largest.cpu_of(read)
        _, memory_b = largest.memory_of(read)
        print(  # noqa: T201 - as above
            f"\n{what}: {cpu_s:.3f} s, {memory_b / 1e6:.1f} MB, {len(answer.body)} bytes"
        )
        page = answer.expect(200)
        assert len(page[found]) == QUOTES if whole else 0 < len(page[found]) < PURCHASES
        assert whole == (page["next_cursor"] is None)
        assert pace.within(cpu_s, CPU_MAX_S)
        # Half a page takes less than half of what a request may.
        assert memory_b < MEMORY_MAX_B * QUOTES / 100
        assert len(answer.body) < ANSWER_MAX_B
