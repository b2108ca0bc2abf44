"""
Play purchases over the API: a tenant with a test clock, moved along day by day.

Every day at noon its customers come, many at once and each in the order of the file: who is new
joins, every row is an activity, and of those who can pay for a gift at the end of the day every
third asks for one: whose last row of the day has a number that three divides.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from chalicelib.cli.replay.client import Answer, Client
from chalicelib.cli.replay.purchases import Purchase, by_day
from chalicelib.loading import ready_for_threads

#: Long enough after the last purchase that reviews and graces of the year are over.
END: Final = dt.date(1999, 2, 1)
_NOON: Final = dt.timedelta(hours=12)
_IN_FORCE_FROM: Final = dt.datetime(1996, 12, 1, tzinfo=dt.UTC)
_SOURCE: Final = "cdnow"
_ASKS: Final = 3

K = TypeVar("K", bound=msgspec.Struct)


class ReplayError(Exception):
    """The replay cannot go on; the message says at what the server refused, and why."""


class Programme(NamedTuple):
    """What the replay needs to know of the programme that it publishes."""

    id: str
    currency: str
    gift: str
    price: int
    document: dict[str, Any]


class Kind(NamedTuple):
    """What of one kind of request is kept: how long each took and what it cost."""

    seconds: list[float]
    calls: list[int]
    write_units: list[int]

    def add(self, answer: Answer) -> None:
        """Keep one answer; safe from many threads."""
        self.seconds.append(answer.seconds)
        if answer.calls is not None and answer.write_units is not None:
            self.calls.append(answer.calls)
            self.write_units.append(answer.write_units)


@dataclass
class Played:
    """What was sent: the ids of members by customer, refusals, and what it took."""

    members: dict[str, str] = field(default_factory=dict)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    earns: Kind = field(default_factory=lambda: Kind([], [], []))
    others: Kind = field(default_factory=lambda: Kind([], [], []))
    events_due: int = 0
    elapsed_s: float = 0.0
    settling_s: float = 0.0

    @property
    def requests(self) -> int:
        """Return how many requests were answered."""
        return len(self.earns.seconds) + len(self.others.seconds)


def programme_of(document: dict[str, Any]) -> Programme:
    """Return what the replay needs of a document: its first currency and its first reward."""
    reward = document["rewards"][0]
    return Programme(
        id=document["id"],
        currency=reward["price"]["currency"],
        gift=reward["id"],
        price=reward["price"]["amount"],
        document=document,
    )


class _Sandbox(msgspec.Struct):
    tenant: str
    api_key: str


class _Drafted(msgspec.Struct):
    version: int


class _Moved(msgspec.Struct):
    settled: int
    events: int
    finished: bool


class _Member(msgspec.Struct):
    id: str


class _Balance(msgspec.Struct):
    currency: str
    available: int


class _Recorded(msgspec.Struct):
    balances: list[_Balance]


def read_answer(answer: Answer, kind: type[K], what: str) -> K:
    """Return the body of an answer; raises `ReplayError` where what was asked was refused."""
    if answer.is_refusal:
        problem = answer.problem()
        raise ReplayError(f"cannot {what}: {answer.status} {problem.code}: {problem.detail}")
    return msgspec.json.decode(answer.body, type=kind)


def open_sandbox(client: Client, start: dt.date) -> tuple[str, str]:
    """Open a tenant whose clock shows the start of a day; return its id and its API key."""
    now = _text(_midnight(start))
    answer = client.post("/v1/sandboxes", {"now": now, "name": "CDNOW"})
    sandbox = read_answer(answer, _Sandbox, "open a sandbox")
    return sandbox.tenant, sandbox.api_key


def publish(client: Client, programme: Programme) -> None:
    """Publish the programme's first version, in force since before the first purchase."""
    body = {"document": programme.document}
    drafted = read_answer(client.post("/v1/programmes", body), _Drafted, "draft the programme")
    path = f"/v1/programmes/{programme.id}/versions/{drafted.version}/publication"
    answer = client.post(path, {"effective_from": _text(_IN_FORCE_FROM)})
    read_answer(answer, _Drafted, "publish the programme")


class Player:
    """Plays purchases into a tenant; ``client`` has the tenant's own key."""

    def __init__(self, client: Client, programme: Programme, clients: int) -> None:
        self.played = Played()
        self._client = client
        self._programme = programme
        self._clients = clients

    def play(
        self,
        purchases: Sequence[Purchase],
        on_rows: Callable[[int], None],
        say: Callable[[str], None],
    ) -> Played:
        """
        Play purchases in the order of days, then move the clock to noon of `END`.

        ``on_rows`` hears of each number of rows that were answered.  Raises `ReplayError`, or
        `Unreachable` where the server gives no answer any more.
        """
        ready_for_threads()
        started = time.perf_counter()
        # Not a `with`: leaving one would wait for all that is still to be sent.
        pool = ThreadPoolExecutor(self._clients, thread_name_prefix="client")
        try:
            for day, baskets in by_day(purchases):
                self._move_clock(day)
                for rows in pool.map(self._shop, baskets):
                    on_rows(rows)
            say(f"Moving the clock to {END}: what is due by then is written.")
            self._settle(END, pool)
        except BaseException:
            self._client.stop()
            raise
        finally:
            pool.shutdown(cancel_futures=True)
        self.played.elapsed_s = time.perf_counter() - started
        return self.played

    def _move_clock(self, day: dt.date) -> None:
        # As if the scheduled tick never ran: every request settles its own account first.
        answer = self._client.put("/v1/clock", {"now": _text(_noon(day)), "settle": False})
        read_answer(answer, _Moved, f"move the clock to {day}")
        self.played.others.add(answer)

    def _settle(self, day: dt.date, pool: ThreadPoolExecutor) -> None:
        """Move the clock to a day and have written what fell due on anyone, many at once."""
        started = time.perf_counter()
        body = {"now": _text(_noon(day))}
        crowd = self._clients
        while crowd:
            answers = list(pool.map(lambda _: self._client.put("/v1/clock", body), range(crowd)))
            moved = [read_answer(answer, _Moved, f"settle until {day}") for answer in answers]
            settled = sum(each.settled for each in moved)
            self.played.events_due += sum(each.events for each in moved)
            if all(each.finished for each in moved):
                # What one left to another may have been left: the last walk meets nothing.
                crowd = 1 if settled else 0
        self.played.settling_s += time.perf_counter() - started

    def _shop(self, basket: Sequence[Purchase]) -> int:
        """Let one customer have one day, and return how many rows that was."""
        member = self._member(basket[0].customer)
        available = 0
        for purchase in basket:
            available = self._buy(member, purchase, available)
        if available >= self._programme.price and basket[-1].number % _ASKS == 0:
            self._redeem(member, basket[-1])
        return len(basket)

    def _member(self, customer: str) -> str:
        known = self.played.members.get(customer)
        if known is not None:
            return known
        body = {"external_id": {"system": _SOURCE, "value": customer}}
        answer = self._client.post("/v1/members", body, key=f"join-{customer}")
        self.played.others.add(answer)
        member = read_answer(answer, _Member, f"create customer {customer}").id
        self.played.members[customer] = member
        return member

    def _buy(self, member: str, purchase: Purchase, available: int) -> int:
        """Record one row, and return what the member can spend after it."""
        body = {
            "member": {"id": member},
            "type": "purchase.completed",
            "source": _SOURCE,
            "external_id": str(purchase.number),
            "occurred_at": _text(_noon(purchase.day)),
            "amount": {"amount": purchase.cents, "currency": "USD"},
            "quantity": purchase.quantity,
        }
        answer = self._client.post("/v1/activities", body)
        self.played.earns.add(answer)
        if answer.is_refusal:
            self.played.refused["activity", answer.problem().code] += 1
            return available
        recorded = read_answer(answer, _Recorded, f"record row {purchase.number}")
        return sum(b.available for b in recorded.balances if b.currency == self._programme.currency)

    def _redeem(self, member: str, purchase: Purchase) -> None:
        body = {"programme": self._programme.id, "reward": self._programme.gift}
        path = f"/v1/members/{member}/redemptions"
        answer = self._client.post(path, body, key=f"gift-{purchase.day}")
        self.played.others.add(answer)
        if answer.is_refusal:
            self.played.refused["redemption", answer.problem().code] += 1


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)


def _noon(day: dt.date) -> dt.datetime:
    return _midnight(day) + _NOON


def _text(instant: dt.datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
