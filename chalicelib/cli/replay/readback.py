"""What the server has of every member after a replay, read over its API like anyone would."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar
from urllib.parse import quote

import msgspec

from chalicelib.cli.replay.client import Client
from chalicelib.cli.replay.outcome import Holdings
from chalicelib.cli.replay.play import Programme, read_answer
from chalicelib.domain.ledger.postings import kind_of

_PAGE: Final = 100

T = TypeVar("T")
K = TypeVar("K", bound=msgspec.Struct)


class _Movement(msgspec.Struct):
    source: str
    destination: str
    currency: str
    amount: int


class _Event(msgspec.Struct):
    kind: str
    movements: list[_Movement]


class _Ledger(msgspec.Struct):
    events: list[_Event]
    next_cursor: str | None


class _Held(msgspec.Struct):
    currency: str
    available: int


class _Balances(msgspec.Struct):
    balances: list[_Held]


class _Tier(msgspec.Struct):
    programme: str
    tier: str


class _Tiers(msgspec.Struct):
    tiers: list[_Tier]


class _Error(msgspec.Struct):
    version: int
    detail: str


class _Verification(msgspec.Struct):
    verified: bool
    errors: list[_Error]


class Reader:
    """Reads members of a replay, many at once."""

    def __init__(self, client: Client, programme: Programme, clients: int) -> None:
        self._client = client
        self._programme = programme
        self._clients = clients

    def holdings(
        self, members: dict[str, str], on_member: Callable[[], None]
    ) -> dict[str, Holdings]:
        """Return what members hold, given by customer; ``on_member`` hears of each."""
        found = self._each(self._holdings, members.values(), on_member)
        return dict(zip(members, found, strict=True))

    def errors(self, members: dict[str, str], on_member: Callable[[], None]) -> list[str]:
        """Return what verifying every member found, in words; nothing is well."""
        found = self._each(self._verify, members.values(), on_member)
        return [
            f"customer {customer} ({member}): {error}"
            for (customer, member), errors in zip(members.items(), found, strict=True)
            for error in errors
        ]

    def _each(
        self, read: Callable[[str], T], members: Iterable[str], on_member: Callable[[], None]
    ) -> list[T]:
        pool = ThreadPoolExecutor(self._clients, thread_name_prefix="reader")
        found = []
        try:
            for each in pool.map(read, members):
                found.append(each)
                on_member()
        except BaseException:
            self._client.stop()
            raise
        finally:
            pool.shutdown(cancel_futures=True)
        return found

    def _holdings(self, member: str) -> Holdings:
        moved: Counter[tuple[str, str]] = Counter()
        accepted = 0
        for event in self._journal(member):
            accepted += event.kind == "activity.recorded"
            for movement in event.movements:
                if movement.currency == self._programme.currency:
                    ends = kind_of(movement.source), kind_of(movement.destination)
                    moved[ends] += movement.amount
        return Holdings(
            accepted=accepted,
            issued=moved["issued", "member"],
            redeemed=moved["member", "redeemed"],
            expired=moved["member", "expired"],
            available=self._available(member),
            tier=self._tier(member),
        )

    def _journal(self, member: str) -> Iterator[_Event]:
        cursor = ""
        while True:
            page = self._get(f"{member}/ledger?limit={_PAGE}{cursor}", _Ledger)
            yield from page.events
            if page.next_cursor is None:
                return
            cursor = f"&cursor={quote(page.next_cursor)}"

    def _available(self, member: str) -> int:
        held = self._get(f"{member}/balance", _Balances).balances
        return sum(each.available for each in held if each.currency == self._programme.currency)

    def _tier(self, member: str) -> str:
        tiers = self._get(f"{member}/tier", _Tiers).tiers
        return next((each.tier for each in tiers if each.programme == self._programme.id), "")

    def _verify(self, member: str) -> list[str]:
        result = self._get(f"{member}/verification", _Verification)
        errors = [f"event {error.version}: {error.detail}" for error in result.errors]
        return errors if result.verified else errors or ["not verified"]

    def _get(self, what: str, kind: type[K]) -> K:
        return read_answer(self._client.get(f"/v1/members/{what}"), kind, f"read {what}")
