"""
The examples of the API reference: one story in which every operation is carried out once.

    python -m tests.journeys.reference

writes `chalicelib/routes/examples.json` anew.  Clock, ids and chance are fixed, so the same code
gives the same examples, to the letter.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from chalicelib.domain.ledger.actor import Actor
from chalicelib.routes import operation as operations
from chalicelib.usecases.keys import issue_key
from chalicelib.usecases.ports import Settings
from chalicelib.usecases.services import Caller
from tests import conftest  # noqa: F401 - keeps the machine's credentials out of this process
from tests.journeys.client import Answer, Api
from tests.journeys.contract import Contract
from tests.journeys.world import Clinic, Ground, LocalWorld, example, local_contract

FILE: Final = Path(operations.__file__).with_name("examples.json")
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TENANT: Final = "northside"


class Recorder:
    """Carries requests out and keeps each operation's first success as its example."""

    def __init__(self, api: Api, contract: Contract) -> None:
        self.api = api
        self.contract = contract
        self.examples: dict[str, Any] = {}
        self.last = Answer(0, {}, b"")

    def __call__(
        self, method: str, target: str, body: Any = None, *, api: Api | None = None, **headers: str
    ) -> Any:
        """Send a request that succeeds, and return what was answered."""
        path, _, query = target.partition("?")
        operation = self.contract.find(method, path)
        assert operation is not None, target
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if operation.needs_key:
            named.setdefault("Idempotency-Key", f"intention-{len(self.examples) + 1}")
        answer = (api or self.api).send(method, target, body, key=None, headers=dict(named))
        assert answer.status < 300, answer
        self.last = answer
        parameters = _path_parameters(operation.path, path) | named | _query(query)
        self.examples.setdefault(operation.entry["operationId"], _example(parameters, body, answer))
        return json.loads(answer.body) if answer.body else None


def told(ground: Ground) -> dict[str, Any]:
    """Tell the story on stores of its own, and return the examples by operation."""
    world = LocalWorld(ground)
    clinic = _clinic(world)
    record = Recorder(clinic.api, local_contract())
    _publish(world, record)
    member = _join(world, record)
    _earn(world, record, member)
    _redeem(world, record, member)
    _hold(world, record, member)
    _benefit(record, member)
    _buy(world, record, member)
    _look_back(world, record, member)
    _keys_and_clocks(record)
    record("POST", f"/v1/members/{member}/closure", {"reason": "moved away"})
    return record.examples


def _clinic(world: LocalWorld) -> Clinic:
    numbers = itertools.count(1)
    world.services = world.services._replace(
        new_id=lambda kind: _ulid(kind, world.clock(), next(numbers)),
        random_bytes=lambda count: _bytes(next(numbers), count),
    )
    world.runtime = world.runtime._replace(use_cases=world.services)
    world.provide()
    settings = Settings(tenant=_TENANT, name="Northside Clinic", time_zone="Europe/London")
    assert world.catalogue.create_tenant(settings, None)
    caller = Caller(tenant=_TENANT, actor=Actor("system", "setup"))
    token = issue_key(world.services, caller, "setup", frozenset({"*"})).token
    return Clinic(world, _TENANT, token, world.clock)


def _publish(world: LocalWorld, record: Recorder) -> None:
    record("GET", "/health")
    document = example("purchases") | {"id": "clinic", "name": "Northside rewards"}
    document["earning"][0]["on"] = ["visit.completed", "purchase.completed"]
    document["rewards"][0]["stock"] = 100
    document |= {
        "currencies": [
            *document["currencies"],
            {"id": "prepaid", "name": "Prepaid money", "expiry": {"type": "never"}},
        ],
        "statuses": [{"id": "family", "name": "Family"}],
        "discounts": {
            "stacking": "additive",
            "max_percent": 25,
            "offers": [
                {
                    "id": "family",
                    "name": "Family",
                    "terms": {"type": "status", "any": ["family"], "percent": 5},
                },
                {
                    "id": "gift",
                    "name": "20 % off vitamins",
                    "terms": {"type": "voucher", "reward": "gift", "percent": 20},
                    "scope": {"include": {"categories": ["vitamins"]}},
                },
            ],
        },
        "plans": [
            {"id": "club", "name": "Club", "period": "month", "fee": 1_500},
            {"id": "club-year", "name": "Club, by the year", "period": "year", "fee": 15_000},
        ],
        "goodwill": {"currency": "points", "daily": {"server": 1000, "reception": 200}},
        "transfers": [{"currency": "points", "sending": [{"window": "month", "max": 500}]}],
        "wallets": [
            {
                "currency": "prepaid",
                "kind": "prepaid",
                "bands": [{"at_least": 20_000, "percent": 10}, {"at_least": 50_000, "percent": 20}],
            }
        ],
        "entitlements": [{"id": "parking", "name": "Free parking"}],
        "stamp_cards": [
            {
                "id": "vitamins",
                "name": "Ten vitamins, parking",
                "size": 10,
                "on": ["purchase.completed"],
                "full": {"entitlement": "parking"},
            }
        ],
    }
    del document["$schema"]
    record("POST", "/v1/programmes/validation", {"document": document})
    record("POST", "/v1/programmes", {"document": document})
    record("POST", "/v1/programmes/clinic/versions/1/publication", {})
    record("GET", "/v1/programmes")
    record("GET", "/v1/programmes/clinic")
    record("GET", "/v1/programmes/clinic/rules")
    world.clock.advance(seconds=60)


def _join(world: LocalWorld, record: Recorder) -> str:
    record_id = {"system": "ehr", "value": "4711"}
    consent = {"purpose": "programme", "granted": True, "text_version": "3"}
    joining = {"external_id": record_id, "locale": "en-GB", "consents": [consent], "programmes": []}
    member = str(record("POST", "/v1/members", joining)["id"])
    record("POST", "/v1/members/lookup", record_id)
    record("POST", f"/v1/members/{member}/enrolments", {"programmes": ["clinic"]})
    again = {"consents": [{"purpose": "newsletter", "granted": True, "text_version": "1"}]}
    record("POST", f"/v1/members/{member}/consents", again)
    record("GET", f"/v1/members/{member}")
    change = {"tz": "Europe/London", "birthday": "02-29"}
    record("PATCH", f"/v1/members/{member}", change, If_Match=record.last.headers["etag"])
    world.clock.advance(days=1)
    return member


def _earn(world: LocalWorld, record: Recorder, member: str) -> None:
    def fact(number: int, pence: int) -> dict[str, Any]:
        return {
            "member": {"id": member},
            "type": "purchase.completed",
            "source": "till-2",
            "external_id": f"receipt-{number}",
            "occurred_at": "2026-03-03T10:01:00Z",
            "currency": "USD",
            "lines": [{"id": "1", "amount": pence, "category": "vitamins"}],
        }

    record("POST", "/v1/activities", fact(1, 25_000))
    record("POST", "/v1/activities/batch", {"activities": [fact(2, 4_950), fact(3, 7_500)]})
    world.clock.advance(seconds=300)
    back = {"source": "till-2", "external_id": "receipt-3", "reason": "returned"}
    record("POST", "/v1/activities/reversals", back)
    gift = {"programme": "clinic", "currency": "points", "amount": 100, "reason": "apology"}
    record("POST", f"/v1/members/{member}/adjustments", gift)


def _redeem(world: LocalWorld, record: Recorder, member: str) -> None:
    record("GET", f"/v1/members/{member}/rewards")
    wish = {"programme": "clinic", "reward": "gift"}
    redeemed = record("POST", f"/v1/members/{member}/redemptions", wish)
    path = f"/v1/members/{member}/redemptions/{redeemed['redemption_id']}"
    record("GET", path)
    code = {"code": redeemed["voucher"]["code"]}
    record("POST", "/v1/vouchers/lookup", code)
    cart = {"currency": "USD", "lines": [{"id": "1", "amount": 2_000, "category": "vitamins"}]}
    record("POST", "/v1/vouchers/validation", {**code, "cart": cart})
    world.clock.advance(seconds=600)
    record("POST", "/v1/vouchers/use", code)
    world.clock.advance(days=31)
    again = record("POST", f"/v1/members/{member}/redemptions", wish)
    path = f"/v1/members/{member}/redemptions/{again['redemption_id']}"
    record("POST", f"{path}/cancellation", {"reason": "changed their mind"})


def _hold(world: LocalWorld, record: Recorder, member: str) -> None:
    path = f"/v1/members/{member}/holds"
    wish = {"programme": "clinic", "currency": "points", "amount": 80, "reference": "basket 12"}
    held = record("POST", path, wish)["hold"]["hold_id"]
    record("GET", path)
    record("POST", f"{path}/{held}/extension", {"minutes": 30})
    world.clock.advance(seconds=900)
    record("POST", f"{path}/{held}/capture", {"amount": 60})
    other = record("POST", path, wish | {"amount": 20})["hold"]["hold_id"]
    record("POST", f"{path}/{other}/release", {"reason": "basket was left"})


def _benefit(record: Recorder, member: str) -> None:
    path = f"/v1/members/{member}"
    given = {"programme": "clinic", "entitlement": "parking", "units": 2, "reason": "long wait"}
    record("POST", f"{path}/entitlement-grants", {**given, "valid_days": 90})
    record("GET", f"{path}/entitlements")
    used = record(
        "POST", f"{path}/entitlement-uses", {"programme": "clinic", "entitlement": "parking"}
    )
    record("POST", f"{path}/entitlement-uses/{used['use_id']}/cancellation", {"reason": "no car"})
    record("GET", f"{path}/stamp-cards")


def _buy(world: LocalWorld, record: Recorder, member: str) -> None:
    path, programme = f"/v1/members/{member}", {"programme": "clinic"}
    record("POST", f"{path}/statuses", {**programme, "status": "family", "proof": "card 81"})
    record("GET", f"{path}/statuses")
    paid = {**programme, "currency": "prepaid", "amount": 50_000, "reference": "till 2"}
    record("POST", f"{path}/top-ups", paid)
    lines = [{"amount": 8000, "category": "consult", "sku": "GP-30"}]
    made = record("POST", f"{path}/quotes", {**programme, "currency": "USD", "lines": lines})
    quote = f"{path}/quotes/{made['quote']['quote_id']}"
    record("GET", quote)
    world.clock.advance(seconds=60)
    bill = {"recorded_as": {"source": "till-2", "external_id": "receipt-4"}}
    record("POST", f"{quote}/confirmation", bill)
    record("POST", f"{path}/subscriptions", {**programme, "plan": "club", "reference": "card 7"})
    record("GET", f"{path}/subscriptions")
    record("POST", f"{path}/subscriptions/fees", {**programme, "reference": "card 7"})
    record("POST", f"{path}/subscriptions/change", {**programme, "plan": "club-year"})
    record("POST", f"{path}/subscriptions/cancellation", {**programme, "reason": "moving"})
    sorry = {**programme, "points": 50, "reason": "wait", "note": "55 minutes instead of 20"}
    record("POST", f"{path}/goodwill", sorry)
    friend = record("POST", "/v1/members", {"programmes": ["clinic"]})["id"]
    given = {**programme, "to": friend, "currency": "points", "amount": 40}
    record("POST", f"{path}/transfers", {**given, "reference": "for your walk"})
    _live_together(record, member, friend)
    gone = {**programme, "status": "family", "reason": "moved apart"}
    record("POST", f"{path}/statuses/withdrawal", gone)


def _live_together(record: Recorder, member: str, friend: str) -> None:
    adult = {"member_id": member, "role": "adult", "max_members": 6}
    home = f"/v1/households/{record('POST', '/v1/households', adult)['household_id']}"
    record("POST", f"{home}/members", {"member_id": friend, "role": "child"})
    record("GET", home)
    record("GET", f"/v1/members/{member}/household")
    record("POST", f"{home}/departures", {"member_id": friend, "note": "grown up"})


def _look_back(_world: LocalWorld, record: Recorder, member: str) -> None:
    record("GET", f"/v1/members/{member}/balance")
    record("GET", f"/v1/members/{member}/ledger?limit=2")
    record("GET", f"/v1/members/{member}/statement?limit=2")
    record("GET", f"/v1/members/{member}/verification")
    gift = {"programme": "clinic", "tier": "gold", "reason": "long wait", "days": 30}
    record("POST", f"/v1/members/{member}/tier-grants", gift)
    record("GET", f"/v1/members/{member}/tier")
    lifted = {"programme": "clinic", "reason": "given by mistake"}
    record("POST", f"/v1/members/{member}/tier-grants/removal", lifted)


def _keys_and_clocks(record: Recorder) -> None:
    made = record("POST", "/v1/api-keys", {"name": "till 2", "scopes": ["activities:write"]})
    record("DELETE", f"/v1/api-keys/{made['key_id']}")
    sandbox = record("POST", "/v1/sandboxes", {"now": "2026-03-02T10:00:00Z"})
    there = record.api.as_(sandbox["api_key"])
    record("GET", "/v1/clock", api=there)
    record("PUT", "/v1/clock", {"now": "2026-04-01T00:00:00Z"}, api=there)


def _example(parameters: dict[str, str], body: Any, answer: Answer) -> dict[str, Any]:
    made: dict[str, Any] = {"status": str(answer.status)}
    if parameters:
        made["parameters"] = parameters
    if body is not None:
        made["body"] = body
    if answer.body:
        made["answer"] = json.loads(answer.body)
    return made


def _path_parameters(template: str, path: str) -> dict[str, str]:
    parts = zip(template.split("/"), path.split("/"), strict=True)
    return {name[1:-1]: value for name, value in parts if name.startswith("{")}


def _query(query: str) -> dict[str, Any]:
    pairs: Mapping[str, str] = dict(part.split("=", 1) for part in query.split("&") if part)
    return {name: int(value) if value.isdigit() else value for name, value in pairs.items()}


def _ulid(kind: str, now: int, number: int) -> str:
    value = now << 80 | int.from_bytes(_bytes(number, 10), "big")
    text = "".join(_CROCKFORD[(value >> shift) & 31] for shift in range(125, -1, -5))
    return f"{kind}_{text}"


def _bytes(number: int, count: int) -> bytes:
    return hashlib.shake_128(f"example {number}".encode()).digest(count)


def text(examples: Mapping[str, Any]) -> str:
    """Return the examples as the file holds them."""
    return json.dumps(examples, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        FILE.write_text(text(told(Ground(Path(directory)))), encoding="utf-8")
