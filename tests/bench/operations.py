"""What each operation asks of DynamoDB: calls and capacity, on a warm container."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from chalicelib.domain.ledger.actor import CLOCK
from chalicelib.store.metering import Cost, measured
from chalicelib.usecases.ports import Due
from chalicelib.usecases.services import Caller
from chalicelib.usecases.tick import settler
from tests.bench.ground import Warm
from tests.bench.tables import Table

_PARKING: Final = {"programme": "clinic", "reward": "parking"}
_PURCHASE: Final = {"programme": "clinic", "currency": "GBP", "lines": [{"amount": 8000}]}
_SET_ASIDE: Final = {"programme": "clinic", "currency": "points", "amount": 10}


class Operation(NamedTuple):
    """One operation and what it cost."""

    name: str
    cost: Cost


def operations(warm: Warm) -> list[Operation]:
    """Do every operation once on a member, in the order of a visit, and measure each."""
    clinic = warm.clinic
    member = clinic.enrolled()
    path = f"/v1/members/{member}"
    done: list[Operation] = []

    def spend(name: str, work: Callable[[], Any]) -> Any:
        with measured() as cost:
            told = work()
        done.append(Operation(name, cost))
        return told

    def post(target: str, body: Any, status: int = 201, *, key: bool = False) -> Callable[[], Any]:
        return lambda: warm.call("POST", target, body, status=status, key=key)

    def get(target: str) -> Callable[[], Any]:
        return lambda: warm.call("GET", target)

    first = clinic.fact(member)
    spend("earn, the first", post("/v1/activities", first))
    fact = clinic.fact(member)
    spend("earn", post("/v1/activities", fact))
    spend("earn, replayed", post("/v1/activities", fact))
    with_key = post("/v1/activities", clinic.fact(member), key=True)
    spend("earn, with an Idempotency-Key too", with_key)
    late = clinic.fact(member, occurred_at=clinic.now(days=-90))
    spend("earn, refused", post("/v1/activities", late, status=422))
    spend("balance", get(f"{path}/balance"))
    spend("ledger, a page", get(f"{path}/ledger?limit=20"))
    redemption = spend("redeem", post(f"{path}/redemptions", _PARKING, key=True))
    spend("redeem, refused", post(f"{path}/redemptions", _PARKING, status=409, key=True))
    back = f"{path}/redemptions/{redemption['redemption_id']}/cancellation"
    spend("cancel", post(back, {}, status=200, key=True))
    hold = spend("hold", post(f"{path}/holds", _SET_ASIDE, key=True))["hold"]["hold_id"]
    spend("capture", post(f"{path}/holds/{hold}/capture", {}, status=200, key=True))
    quote = spend("quote", post(f"{path}/quotes", _PURCHASE))["quote"]["quote_id"]
    spend("confirm a quote", post(f"{path}/quotes/{quote}/confirmation", {}, key=True))
    gift = {**_SET_ASIDE, "to": clinic.enrolled()}
    spend("transfer", post(f"{path}/transfers", gift, key=True))
    adult = {"member_id": member, "role": "adult"}
    home = spend("found a household", post("/v1/households", adult, key=True))["household_id"]
    child = {"member_id": gift["to"], "role": "child"}
    spend("join a household", post(f"/v1/households/{home}/members", child, key=True))
    reversal = {name: fact[name] for name in ("source", "external_id")}
    spend("reverse", post("/v1/activities/reversals", reversal, key=True))
    world = warm.world
    before = world.clock.now
    world.clock.advance(days=366)
    place = Due(before, clinic.tenant, member)
    spend("tick, an account", lambda: settler(world.services, Caller("", CLOCK))(place))
    world.clock.set(before)
    return done


def table(warm: Warm) -> Table:
    """Return the table of all operations."""
    rows = [
        (
            each.name,
            ", ".join(f"{count} {call}" for call, count in sorted(each.cost.calls.items())),
            each.cost.total_calls,
            each.cost.read_units,
            each.cost.write_units,
        )
        for each in operations(warm)
    ]
    return Table(
        "What an operation asks of DynamoDB",
        ("operation", "which", "calls", "read units", "write units"),
        rows,
    )
