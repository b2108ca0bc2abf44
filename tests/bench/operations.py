"""What each operation asks of DynamoDB: calls and capacity, on a warm container."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from chalicelib.domain.ledger.actor import CLOCK
from chalicelib.routes.http.credentials import PUBLIC
from chalicelib.store.metering import Cost, measured
from chalicelib.usecases.services import Caller
from chalicelib.usecases.stored import Due
from chalicelib.usecases.tick import settler
from tests.bench.ground import Warm
from tests.bench.tables import Table
from tests.catalogue.catalogue import EXAMPLES, declared
from tests.catalogue.stage import Stage, send

_PARKING: Final = {"programme": "clinic", "reward": "parking"}


class Operation(NamedTuple):
    """One operation and what it cost."""

    name: str
    cost: Cost


def operations(warm: Warm) -> list[Operation]:
    """Measure earning, reading and redeeming in more ways than one, then every operation once."""
    return [*_at_the_till(warm), *_of_the_catalogue(warm)]


def _of_the_catalogue(warm: Warm) -> list[Operation]:
    """Carry every example out, each on things of its own, on a programme with every mechanic."""
    stages = {False: Stage(warm.world.clinic()), True: Stage(warm.world.sandbox())}
    done = []
    for example in EXAMPLES.values():
        operation = declared()[example.operation]
        if operation.scope == PUBLIC:
            continue
        stage = stages[example.needs_clock]
        asked = stage.request(example, stage.prepared(example))
        with measured() as cost:
            answer = send(stage.clinic.api, asked)
        assert answer.status == operation.status, answer.body
        done.append(Operation(operation.summary, cost))
    return done


def _at_the_till(warm: Warm) -> list[Operation]:
    clinic = warm.clinic
    member = clinic.enrolled()
    done: list[Operation] = []

    def spend(name: str, work: Callable[[], Any]) -> Any:
        with measured() as cost:
            result = work()
        done.append(Operation(name, cost))
        return result

    def post(target: str, body: Any, status: int = 201, *, key: bool = False) -> Callable[[], Any]:
        return lambda: warm.call("POST", target, body, status=status, key=key)

    spend("earn, the first", post("/v1/activities", clinic.activity(member)))
    activity = clinic.activity(member)
    spend("earn", post("/v1/activities", activity))
    spend("earn, replayed", post("/v1/activities", activity))
    with_key = post("/v1/activities", clinic.activity(member), key=True)
    spend("earn, with an Idempotency-Key too", with_key)
    late = clinic.activity(member, occurred_at=clinic.now(days=-90))
    spend("earn, refused", post("/v1/activities", late, status=422))
    spend("balance", lambda: warm.call("GET", f"/v1/members/{member}/balance"))
    redemptions = f"/v1/members/{member}/redemptions"
    spend("redeem", post(redemptions, _PARKING, key=True))
    spend("redeem, refused", post(redemptions, _PARKING, status=409, key=True))
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
