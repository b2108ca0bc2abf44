"""
Fifty clients on one member of a server whose line to the engine is bad.

Of the requests between server and engine 30 % are refused as too many and of 10 % the answer is
lost, though they were carried out.  Each client goes on until it knows what became of each thing
that it wanted; then the journal must say the same.

    python -m tests.engine --operations 2000
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from infra.local.engine import Engine
from infra.local.program import Program
from tests.engine.faulty_line import FaultyLine
from tests.journeys.client import Answer, Api, at_once
from tests.journeys.world import Clinic, Document, ServerWorld, example

CLIENTS: Final = 50
THROTTLED: Final = 0.30
LOST: Final = 0.10
# More than enough for who is told to come again each time with even odds.
TRIES: Final = 60

_UNDECIDED: Final = frozenset({429, 503})
_GIFT: Final = {"programme": "purchases", "reward": "gift"}
_PRICE: Final = 100
_START: Final = "2026-03-02T10:00:00Z"


class Wish(NamedTuple):
    """Something that a client wants done, once: what it is, and the request with its identity."""

    kind: str
    path: str
    body: Document
    key: str | None
    #: What it is about: an activity's external id, or a redemption's id for a cancellation.
    subject: str


class Fate(NamedTuple):
    """What a client was told in the end, and in how many tries."""

    wish: Wish
    answer: Answer
    tries: int


class Storm(NamedTuple):
    """Everything that happened."""

    shop: Clinic
    member: str
    fates: list[Fate]
    seconds: float
    requests: int
    fired: Counter[str]


@contextmanager
def raging(directory: Path, operations: int, seed: int) -> Iterator[Storm]:
    """Yield what ``operations`` wishes of all clients came to, with the line fixed again."""
    with (
        Engine() as engine,
        FaultyLine(engine.endpoint, directory / "line.log") as line,
        Program(directory / "server", more={"TESSERA_DYNAMODB_ENDPOINT": line.endpoint}) as program,
    ):
        shop = _opened(ServerWorld(program))
        member = shop.enrolled()
        before = line.requests
        line.break_down(THROTTLED, LOST)
        started = time.monotonic()
        parts = at_once(CLIENTS, lambda n: _client(shop, member, n, operations // CLIENTS, seed))
        seconds = time.monotonic() - started
        requests = line.requests - before
        fired = line.repair()
        fates = [fate for part in parts for fate in part]
        yield Storm(shop, member, fates, seconds, requests, fired)


def check(storm: Storm) -> None:
    """Raise AssertionError where the journal is not what the clients were told."""
    shop, member = storm.shop, storm.member
    events = shop.check(member)
    accepted = [fate for fate in storm.fates if fate.answer.status < 300]
    _check_once(events, accepted)
    result = sum(_movement(fate) for fate in accepted)
    assert shop.available(member) == result, f"balance {shop.available(member)}, told {result}"
    _check_replays(shop.api, accepted)
    assert len(shop.check(member)) == len(events), "asking again has done something"


def _opened(server: ServerWorld) -> Clinic:
    shop = server.sandbox(_START)
    document = example("purchases")
    gift = {"id": "gift", "name": "Gift", "price": {"currency": "points", "amount": _PRICE}}
    # Without the cap of a day, so that there is always something to spend and to take back.
    earning = [rule | {"caps": []} for rule in document["earning"]]
    shop.publish(document | {"rewards": [gift], "earning": earning})
    return shop


def _client(shop: Clinic, member: str, number: int, wishes: int, seed: int) -> list[Fate]:
    """Return what became of each wish of one client, which knows only what it was told itself."""
    rng = random.Random(f"{seed}/{number}")  # noqa: S311 - to be had again
    fates: list[Fate] = []
    earned: list[str] = []
    redeemed: list[str] = []
    for step in range(wishes):
        wish = _wish(member, f"{number}-{step}", rng, earned, redeemed)
        fate = _insist(shop.api, wish)
        fates.append(fate)
        if fate.answer.status < 300:
            if wish.kind == "earn":
                earned.append(wish.subject)
            elif wish.kind == "redeem":
                redeemed.append(fate.answer.json["redemption_id"])
    return fates


def _wish(
    member: str, name: str, rng: random.Random, earned: list[str], redeemed: list[str]
) -> Wish:
    drawn = rng.random()
    if drawn < 0.15 and earned:
        taken = earned.pop(rng.randrange(len(earned)))
        body = {"source": "till", "external_id": taken}
        return Wish("reverse", "/v1/activities/reversals", body, f"{member}-{name}", taken)
    if drawn < 0.3 and redeemed:
        taken = redeemed.pop(rng.randrange(len(redeemed)))
        path = f"/v1/members/{member}/redemptions/{taken}/cancellation"
        return Wish("cancel", path, {}, f"{member}-{name}", taken)
    if drawn < 0.5:
        path = f"/v1/members/{member}/redemptions"
        return Wish("redeem", path, _GIFT, f"{member}-{name}", name)
    activity = {
        "member": {"id": member},
        "type": "purchase.completed",
        "source": "till",
        "external_id": f"{member}-{name}",
        "occurred_at": _START,
        "amount": {"amount": 100 * rng.randint(1, 200), "currency": "USD"},
    }
    return Wish("earn", "/v1/activities", activity, None, f"{member}-{name}")


def _insist(api: Api, wish: Wish) -> Fate:
    """Send a wish until it is decided: the same request with the same identity."""
    for tries in range(1, TRIES + 1):
        headers = {} if wish.key is None else {"key": wish.key}
        answer = api.post(wish.path, wish.body, **headers)
        if answer.status not in _UNDECIDED:
            assert answer.status in (200, 201, 409), answer.body
            return Fate(wish, answer, tries)
    raise AssertionError(f"not decided in {TRIES} tries: {wish}")


def _check_once(events: list[Document], accepted: list[Fate]) -> None:
    """Every accepted wish is in the journal exactly once, and nothing else is."""
    recorded: Counter[tuple[str, str]] = Counter()
    activities: dict[int, str] = {}
    for event in events:
        if event["kind"] == "activity.recorded":
            activities[event["version"]] = event["activity"]["external_id"]
            recorded["earn", activities[event["version"]]] += 1
        elif event["kind"] == "activity.reversed":
            recorded["reverse", activities[event["about"]["reverses"]]] += 1
        elif event["kind"] == "reward.redeemed":
            recorded["redeem", event["about"]["redemption_id"]] += 1
        elif event["kind"] == "redemption.cancelled":
            recorded["cancel", event["about"]["redemption_id"]] += 1
    result = Counter(
        (
            fate.wish.kind,
            fate.answer.json["redemption_id"] if fate.wish.kind == "redeem" else fate.wish.subject,
        )
        for fate in accepted
    )
    assert recorded == result, (
        f"{recorded - result} were not told, {result - recorded} are not there"
    )


def _movement(fate: Fate) -> int:
    """Return what an accepted wish did to the balance, as its client was told."""
    result = fate.answer.json
    match fate.wish.kind:
        case "earn":
            return sum(int(award["amount"]) for award in result["awards"])
        case "redeem":
            return -int(result["price"])
        case "cancel":
            return int(result["restored"])
    return -sum(int(each["amount"]) for each in result["returned"])


def _check_replays(api: Api, accepted: list[Fate]) -> None:
    """Whoever asks again is told the same, byte for byte."""
    for fate in accepted[:: max(1, len(accepted) // 50)]:
        again = _insist(api, fate.wish).answer
        assert (again.status, again.body) == (fate.answer.status, fate.answer.body)
        assert again.replayed


def report(storm: Storm) -> str:
    """Return the figures."""
    kinds = Counter((fate.wish.kind, fate.answer.status) for fate in storm.fates)
    count, tries = len(storm.fates), [fate.tries for fate in storm.fates]
    rate, average = count / storm.seconds, sum(tries) / count
    lines = [
        f"{count:,} operations of {CLIENTS} clients on one member in {storm.seconds:,.0f} s",
        f"  {rate:,.1f}/s, definite answers after {average:.2f} tries, {max(tries)} at most",
        *(f"  {kind} {status}: {n:,}" for (kind, status), n in sorted(kinds.items())),
        f"{storm.requests:,} requests to the engine",
        *(f"  {name}: {n:,} ({n / storm.requests:.0%})" for name, n in storm.fired.items()),
    ]
    return "\n".join(lines)
