"""
The largest requests that are permitted, and what they cost.

Each is an operation with everything in its body that its schema allows, against the largest
programme that a body holds.  A new operation of any size joins by a `Largest` of its own.
"""

from __future__ import annotations

import itertools
import json
import time
import tracemalloc
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from chalicelib.routes.batches import BATCH_MAX
from chalicelib.routes.http.parsing import BODY_BYTES_MAX
from tests.journeys.client import Answer, Api
from tests.journeys.world import Clinic

#: What one request may take: seconds of our own CPU, and bytes.
CPU_MAX_S: Final = 1.0
#: How many functions pricing the largest cart may call, with all that is around it; that is the
#: same on every machine.  What it takes is measured by `make bench`.
QUOTE_CALLS_MAX: Final = 330_000
MEMORY_MAX_B: Final = 100 * 1024 * 1024
#: What Lambda passes on of an answer.
ANSWER_MAX_B: Final = 6 * 1024 * 1024
_LABEL: Final = "x" * 64
_numbers = itertools.count(1)
_OFFERS: Final = 100


class Largest(NamedTuple):
    """One request: its operation, and its path and body for a member and a number of its own."""

    operation: str
    path: Callable[[str], str]
    body: Callable[[str, str], Mapping[str, Any]]
    #: What is written in one transaction; of a batch each activity has its own.
    write_units_max: int = 0


def programme() -> dict[str, Any]:
    """Return a programme of as many rules as a body holds, each with all that takes time."""
    document: dict[str, Any] = {
        "id": "clinic",
        "name": "Clinic",
        "time_zone": "Europe/London",
        "money": {"currency": "GBP", "rates": {"EUR": {"amount": 87, "per": 100}}},
        "currencies": [{"id": "points", "name": "points", "expiry": {"type": "never"}}],
        "enrolment": {"optional_consents": [f"purpose-{n}" for n in range(20)]},
        "attributes": {f"a{n}": "int" for n in range(20)},
        "entitlements": [{"id": "tea", "name": "Tea"}],
        "stamp_cards": [_card(number) for number in range(50)],
        "earning": [],
    }
    while len(_encoded({"document": document})) < BODY_BYTES_MAX - 600:
        document["earning"].append(_rule(len(document["earning"])))
    return document


def _card(number: int) -> dict[str, Any]:
    return {
        "id": f"card-{number}",
        "name": "Card",
        "size": 2,
        "on": ["purchase.completed"],
        "full": {"entitlement": "tea", "units": 1000},
    }


class LargestCart(NamedTuple):
    """As many lines as a cart has, off each of which 100 discounts take something."""

    name: str
    stacking: str
    terms: Mapping[str, Any]
    amount: int
    covered: int = 0

    def programme(self) -> dict[str, Any]:
        """Return a programme with the discounts, each with all that takes time."""
        names = ("id", "name", "time_zone", "money", "currencies")
        offer = {
            "name": "O",
            "terms": self.terms,
            "min_bill": 100,
            "limits": [{"window": "day", "money": 10**15}],
        }
        return {
            **{name: value for name, value in programme().items() if name in names},
            "discounts": {
                "stacking": self.stacking,
                "offers": [{**offer, "id": f"o{number}"} for number in range(_OFFERS)],
            },
        }

    def body(self) -> dict[str, Any]:
        """Return what is to be quoted."""
        lines = [
            {
                "amount": self.amount + place,
                "covered": self.covered,
                "quantity": 10**9,
                "category": _LABEL,
                "sku": _LABEL,
                "id": f"{place:x<40}",
            }
            for place in range(100)
        ]
        return {"programme": "clinic", "currency": "GBP", "lines": lines, "payments": []}


#: A unit of the largest carts costs as much, and their lines some pennies more.
_PRICE: Final = 1000
_BANDS: Final = {"type": "spend_bands", "at_least": 1, "percent": 1, "basis": "after"}
_PRICES: Final = {"type": "prices", "prices": {_LABEL: _PRICE}}
CARTS: Final = (
    LargestCart("sets", "sequential", {"type": "buy_get", "buy": 2, "percent": 1}, 10**12),
    LargestCart("percentages", "sequential", _BANDS, 10**12),
    LargestCart("covered percentages", "sequential", _BANDS, 2 * 10**12, 10**12),
    LargestCart("prices", "additive", _PRICES, _PRICE * 10**9 + 100),
    # More is covered of each line than its price.
    LargestCart(
        "covered prices", "additive", _PRICES, _PRICE * 10**9 + 10_000, _PRICE * 10**9 + 50
    ),
)


def priced() -> dict[str, Any]:
    """Return a programme of as many discounts as there may be."""
    return CARTS[0].programme()


def _rule(number: int) -> dict[str, Any]:
    return {
        "id": f"r{number}",
        "on": ["purchase.completed"],
        "currency": "points",
        "award": {"type": "formula", "expression": f"counted.amount / {number + 1}"},
        "when": f"lines.exists(l, l.amount > {number})",
        "multipliers": [{"percent": 200, "when": f"attributes.a{number % 20} >= {number}"}],
        "recurs": {
            "rrule": "FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYSETPOS=1,-1",
            "starts_on": f"2001-01-{number % 28 + 1:02d}",
        }
        if number % 4 == 0
        else None,
        "caps": [{"window": "day", "max": 10**6}],
    }


def _sale(member: str, number: str, lines: int) -> dict[str, Any]:
    return {
        "member": {"id": member},
        "type": "purchase.completed",
        "source": "s" * 64,
        "external_id": f"{number:x<200}",
        "occurred_at": "2026-03-02T10:00:00.000Z",
        "currency": "EUR",
        "category": _LABEL,
        "channel": _LABEL,
        "location": _LABEL,
        "provider": _LABEL,
        "attributes": {f"a{n}": 2**53 - 1 for n in range(20)},
        "lines": [
            {
                "amount": 10**13,
                "quantity": 10**9,
                "category": _LABEL,
                "sku": f"{place:x<64}",
                "id": f"{place:x<40}",
            }
            for place in range(lines)
        ],
    }


def _member(_: str, number: str) -> dict[str, Any]:
    text = "x" * 200
    return {
        "external_id": {"system": "s" * 100, "value": f"{number:x<200}"},
        "programmes": ["clinic"],
        "consents": _consents(),
        "locale": "zh-Hant-TW",
        "tz": "America/Argentina/ComodRivadavia",
        "display_name": text,
        "birthday": "02-29",
        "age_bands": {"b" * 39 + str(number): "2027-12-31" for number in range(10)},
        "contact": text,
        "acquisition_source": text,
    }


def _consents() -> list[dict[str, Any]]:
    text = "v" * 200
    return [
        {"purpose": f"purpose-{n}", "granted": True, "text_version": text, "channel": "c" * 64}
        for n in range(20)
    ]


def _batch(member: str, number: str) -> dict[str, Any]:
    plain = _sale(member, "", 0)
    small = {
        **{name: plain[name] for name in ("member", "type", "currency", "occurred_at")},
        "source": "till",
        "lines": [{"amount": 10**13, "quantity": 10**9}] * 30,
        "attributes": {"a0": 1, "a1": 2},
    }
    return {"activities": [small | {"external_id": f"{number}-{n}"} for n in range(BATCH_MAX)]}


def _reversal(member: str, number: str) -> dict[str, Any]:
    sale = _sale(member, number, 100)
    lines = [{"id": line["id"], "amount": 1, "quantity": 1} for line in sale["lines"]]
    named = {name: sale[name] for name in ("source", "external_id")}
    return {**named, "lines": lines, "reason": "r" * 40, "note": "n" * 1000}


LARGEST: Final = (
    Largest("validate_programme", lambda _: "/v1/programmes/validation", lambda *_: _document()),
    Largest("create_programme", lambda _: "/v1/programmes", lambda *_: _document(), 60),
    Largest("create_member", lambda _: "/v1/members", _member, 60),
    Largest(
        "record_consents",
        lambda member: f"/v1/members/{member}/consents",
        lambda *_: {"consents": _consents()},
        80,
    ),
    Largest("record_activity", lambda _: "/v1/activities", lambda m, n: _sale(m, n, 100), 120),
    Largest("reverse_activity", lambda _: "/v1/activities/reversals", _reversal, 160),
    Largest("record_activities", lambda _: "/v1/activities/batch", _batch),
)


def _document() -> dict[str, Any]:
    return {"document": programme()}


def send(clinic: Clinic, largest: Largest, member: str, number: str) -> Answer:
    """Send a request, of as many bytes as it has."""
    body = largest.body(member, number)
    assert len(_encoded(body)) <= BODY_BYTES_MAX, (largest.operation, len(_encoded(body)))
    return clinic.api.post(largest.path(member), body)


def sent(api: Api, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
    """Send a request without holding its answer against the document, which takes long."""
    headers = {"Authorization": f"Bearer {api.token}", "Content-Type": "application/json"}
    headers["Idempotency-Key"] = f"largest-{next(_numbers)}"
    return api.transport(method, path, headers, b"" if body is None else _encoded(body))


def cpu_of(act: Callable[[], Answer]) -> tuple[Answer, float]:
    """Return an answer, and the seconds of this process's CPU that it took."""
    started = time.process_time()
    answer = act()
    return answer, time.process_time() - started


def memory_of(act: Callable[[], Answer]) -> tuple[Answer, int]:
    """Return an answer, and the most memory at once that it took."""
    tracemalloc.start()
    try:
        answer = act()
        return answer, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _encoded(body: Mapping[str, Any]) -> bytes:
    # As the tests' client encodes a body.
    return json.dumps(body).encode()
