"""The largest quotes that are permitted: the processor's time of each whole request."""

from __future__ import annotations

from tests import pace
from tests.bench.tables import Table
from tests.fuzz import largest
from tests.fuzz.largest import CARTS, LargestCart
from tests.journeys.client import Answer
from tests.journeys.world import Ground, LocalWorld

ROUNDS = 9
QUICK_ROUNDS = 2


def table(ground: Ground, rounds: int = ROUNDS) -> Table:
    """Return what pricing the largest carts takes."""
    return Table(
        f"6. The largest quotes, 100 lines by 100 discounts each, the least of {rounds} rounds",
        ("discounts", "ms", "calls"),
        [(cart.name, *_measured(ground, cart, rounds)) for cart in CARTS],
    )


def _measured(ground: Ground, cart: LargestCart, rounds: int) -> tuple[float, int]:
    clinic = LocalWorld(ground.renewed()).clinic()
    clinic.publish(cart.programme())
    path, body = f"/v1/members/{clinic.enrolled()}/quotes", cart.body()

    def quote() -> Answer:
        return largest.sent(clinic.api, "POST", path, body)

    quote().expect(201)
    least_s = min(largest.cpu_of(quote)[1] for _ in range(rounds))
    return 1000 * least_s, pace.calls_of(quote)[1]
