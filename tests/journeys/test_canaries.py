"""
What could reveal a person or their health stays where it belongs.

A canary is put into every free field of every operation, through right requests, refused ones and
failures of our own.  Afterwards none is in a log line, in a key or an index of a table, in any
attribute that is stored in the clear, or in a problem document.
"""

from __future__ import annotations

import io
import logging
import zlib
from collections.abc import Iterator
from typing import Any, Never

import pytest

from chalicelib import observability
from tests.furnished import furnished
from tests.journeys.client import Answer
from tests.journeys.world import Clinic, Document, LocalWorld, example

# Attributes that hold documents and bytes; everything else is in the clear.
SEALED = {"body", "detail", "answer", "remaining"}


class Aviary:
    """Canaries, each with the name of the field that it was put into."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __call__(self, field: str) -> str:
        """Return a new canary, which can stand in any text."""
        self.names.append(field)
        return f"Kanarie{len(self.names):03d}Vogel"

    def found_in(self, text: str) -> set[str]:
        """Return the fields whose canaries are in a text, however they are written."""
        lowered = text.lower()
        return {
            name
            for number, name in enumerate(self.names, start=1)
            if f"kanarie{number:03d}vogel" in lowered
        }


@pytest.fixture
def canary() -> Aviary:
    """Return a source of canaries."""
    return Aviary()


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Return what all loggers write meanwhile: ours with every field, others as they are."""
    written = io.StringIO()
    logger = observability.logger()
    ours = logging.StreamHandler(written)
    ours.setFormatter(logger.registered_formatter)
    logger.addHandler(ours)
    others = logging.StreamHandler(written)
    others.setFormatter(logging.Formatter("%(name)s %(message)s %(exc_text)s %(stack_info)s"))
    root = logging.getLogger()
    root.addHandler(others)
    yield written
    root.removeHandler(others)
    logging.getLogger(logger.service).removeHandler(ours)


@pytest.fixture
def member(clinic: Clinic) -> str:
    """Return a member with points of the clinic's programme."""
    document = example("clinic")
    document["attributes"]["remark"] = "string"
    clinic.publish(document)
    member = clinic.enrolled()
    clinic.give(member, 1000)
    return member


def person(canary: Aviary) -> Document:
    """Return a new member's body with a canary in each free field."""
    return {
        "external_id": {"system": "emr", "value": canary("external id")},
        "display_name": canary("name"),
        "contact": canary("contact"),
        "acquisition_source": canary("acquisition source"),
        "consents": [
            {"purpose": "programme", "granted": True, "text_version": canary("text version")}
        ],
        "birthday": "02-29",
    }


def fact(clinic: Clinic, member: str | Document, canary: Aviary) -> Document:
    """Return an activity with a canary in each free field."""
    line = {
        "id": canary("line id"),
        "sku": canary("sku"),
        "category": canary("line category"),
        "amount": 1000,
    }
    return clinic.fact(
        member,
        "purchase.completed",
        external_id=canary("activity id"),
        source=canary("source"),
        category=canary("category"),
        channel=canary("channel"),
        location=canary("location"),
        provider=canary("provider"),
        lines=[line],
        currency="GBP",
        attributes={"remark": canary("attribute")},
    )


def test_where_all_goes_well(
    world: LocalWorld, clinic: Clinic, member: str, canary: Aviary, log: io.StringIO
) -> None:
    """Right requests leave canaries in sealed attributes only."""
    api = clinic.api
    path = f"/v1/members/{member}"
    who = person(canary)
    new = api.post("/v1/members", who, key=canary("key")).expect(201)["id"]
    api.post("/v1/members/lookup", who["external_id"]).expect(200)
    known = {"external_id": {"system": "emr", "value": canary("external id of a fact")}}
    recorded = fact(clinic, known, canary)
    api.post("/v1/activities", recorded, key=canary("key of a fact")).expect(201)
    api.post("/v1/activities/batch", {"activities": [fact(clinic, new, canary)]}).expect(200)
    back = {
        "source": recorded["source"],
        "external_id": recorded["external_id"],
        "lines": [{"id": recorded["lines"][0]["id"]}],
        "reason": canary("reason of a reversal"),
    }
    api.post("/v1/activities/reversals", back).expect(201)
    tag = api.get(path).headers["etag"]
    changes = {"display_name": canary("new name"), "contact": canary("new contact")}
    api.patch(path, changes, If_Match=tag).expect(200)
    adjustment = {"programme": "clinic", "currency": "points", "amount": 5}
    texts = {"reason": canary("reason"), "note": canary("note")}
    api.post(f"{path}/adjustments", adjustment | texts).expect(201)
    redeem = {"programme": "clinic", "reward": "parking"}
    made = api.post(f"{path}/redemptions", redeem).expect(201)
    cancelling = {"reason": canary("reason of a cancellation")}
    api.post(f"{path}/redemptions/{made['redemption_id']}/cancellation", cancelling).expect(200)
    given = {"purpose": "newsletter", "granted": True, "text_version": canary("version")}
    api.post(f"{path}/consents", {"consents": [given]}).expect(200)
    api.post(f"{path}/closure", {"reason": canary("reason of a closure")}).expect(200)
    api.post("/v1/api-keys", {"name": "till", "scopes": ["members:read"]}).expect(201)
    staff = api.as_(world.token(clinic.tenant, roles=("admin",), subject=canary("subject")))
    staff.post(f"/v1/members/{new}/adjustments", adjustment | {"reason": "x"}).expect(201)

    assert canary.found_in(log.getvalue()) == set()
    assert made["voucher"]["code"] not in log.getvalue()
    for table, item in _items(world):
        clear = str({name: value for name, value in item.items() if name not in SEALED})
        assert canary.found_in(clear) == set(), (table, item)
        assert made["voucher"]["code"].replace("-", "") not in str(item)
    assert len(list(_items(world))) > 10


def test_what_is_bought_is_sealed(
    world: LocalWorld, clinic: Clinic, canary: Aviary, log: io.StringIO
) -> None:
    """Of a purchase, a proof and a note nothing is in the open part of the journal, or in a log."""
    clinic.publish(furnished())
    member, api = clinic.enrolled(), clinic.api
    path, programme = f"/v1/members/{member}", {"programme": "clinic"}
    names = ("proof", "reference", "fee", "note", "use", "gift")
    proof, reference, fee, note, use, gift = map(canary, names)
    api.post(f"{path}/statuses", {**programme, "status": "family", "proof": proof}).expect(201)
    paid = {**programme, "currency": "prepaid", "amount": 500, "reference": reference}
    api.post(f"{path}/top-ups", paid).expect(201)
    plan = {**programme, "plan": "club", "reference": fee}
    api.post(f"{path}/subscriptions", plan).expect(201)
    sorry = {**programme, "points": 5, "reason": "wait", "note": note}
    api.post(f"{path}/goodwill", sorry).expect(201)
    wish = {**programme, "currency": "points", "amount": 5, "reference": gift}
    api.post(f"{path}/transfers", {**wish, "to": clinic.enrolled()}).expect(201)
    here = api.post("/v1/households", {"member_id": member, "role": "adult"}).expect(201)
    away = {"member_id": member, "note": canary("note of a departure")}
    api.post(f"/v1/households/{here['household_id']}/departures", away).expect(200)
    coffee = {**programme, "entitlement": "coffee"}
    given = {**coffee, "units": 3, "reason": "kindness", "note": note}
    api.post(f"{path}/entitlement-grants", given).expect(201)
    api.post(f"{path}/entitlement-uses", {**coffee, "reference": use}).expect(201)
    gold = {**programme, "tier": "gold", "reason": "kindness", "note": note}
    api.post(f"{path}/tier-grants", gold).expect(201)
    line = {name: canary(name) for name in ("id", "sku")}
    lines = [{**line, "category": "coffee", "amount": 300}]
    bill = {**programme, "currency": "GBP", "lines": lines, "provider": canary("provider")}
    made = api.post(f"{path}/quotes", bill).expect(201)["quote"]
    known = {"source": canary("source"), "external_id": canary("receipt")}
    confirmation = f"{path}/quotes/{made['quote_id']}/confirmation"
    api.post(confirmation, {"recorded_as": known}).expect(201)
    back = {**known, "lines": [{"id": line["id"]}]}
    api.post("/v1/activities/reversals", back).expect(201)

    assert canary.found_in(log.getvalue()) == set()
    bodies = [
        zlib.decompress(item["body"]["B"]).decode()
        for table, item in _items(world)
        if table == world.dynamo.ledger and item["sk"]["S"].startswith(("E#", "A"))
        if item["pk"]["S"].endswith(member)
    ]
    assert len(bodies) > 10
    assert [canary.found_in(body) for body in bodies if canary.found_in(body)] == []


def test_where_requests_are_refused(
    clinic: Clinic, member: str, canary: Aviary, log: io.StringIO
) -> None:
    """A refusal does not repeat what was sent: it may be a name that slipped into a field."""
    api = clinic.api
    path = f"/v1/members/{member}"
    late = fact(clinic, member, canary) | {"occurred_at": clinic.now(days=-90)}
    twice = fact(clinic, member, canary)
    api.post("/v1/activities", twice).expect(201)
    taken = {**twice, "provider": canary("another provider")}
    lines = [twice["lines"][0], twice["lines"][0]]
    unknown_line = {
        "source": twice["source"],
        "external_id": twice["external_id"],
        "lines": [{"id": canary("unknown line")}],
    }
    answers = [
        api.post("/v1/activities", late),
        api.post("/v1/activities", taken),
        api.post("/v1/activities", fact(clinic, "mem_none", canary)),
        api.post("/v1/activities", fact(clinic, canary("member in a body"), canary)),
        api.post("/v1/activities", {**fact(clinic, member, canary), "lines": lines}),
        api.post("/v1/activities", clinic.fact(member, occurred_at=canary("instant"))),
        api.post("/v1/activities", clinic.fact(member, canary("type"))),
        api.post("/v1/activities", clinic.fact(member, amount=_money(canary("money")))),
        api.post("/v1/activities", clinic.fact(member, category=canary("long") * 40)),
        api.post("/v1/activities", clinic.fact(member, quantity=canary("quantity"))),
        api.post("/v1/activities", clinic.fact(member, attributes={"a": [canary("a")]})),
        api.post("/v1/activities/reversals", unknown_line),
        api.post("/v1/activities/reversals", {"source": "emr", "external_id": canary("none")}),
        api.post("/v1/members", person(canary) | {"tz": canary("zone")}),
        api.post("/v1/members", person(canary) | {"locale": canary("locale") + "!"}),
        api.post("/v1/members", person(canary) | {"birthday": canary("birthday")}),
        api.post("/v1/members", person(canary) | {"programmes": [canary("programme").lower()]}),
        api.patch(path, {"display_name": canary("name")}, If_Match='"99"'),
        api.patch(path, {"display_name": canary("name")}, If_Match=f'"{canary("tag")}"'),
        api.post(f"{path}/redemptions", _reward("clinic", canary("reward").lower())),
        api.post(f"{path}/redemptions", _reward(canary("programme").lower(), "parking")),
        api.post(f"{path}/redemptions", {}, key=canary("key") + " "),
        api.post(f"{path}/closure", {"reason": canary("closure") * 30}),
        api.post("/v1/vouchers/lookup", {"code": canary("code")}),
        api.post("/v1/vouchers/use", {"code": canary("code")}),
        api.post("/v1/api-keys", {"name": canary("key name"), "scopes": [canary("scope")]}),
        api.post("/v1/programmes/clinic/versions/1/publication", {"effective_from": canary("t")}),
        api.post("/v1/members/lookup", {"system": "emr", "value": canary("external id")}),
        api.get(f"/v1/members/{canary('member')}/balance"),
        api.get(f"{path}/balance?as_of={canary('as of')}"),
        api.get(f"{path}/ledger?cursor={canary('cursor')}"),
        api.get(f"{path}/ledger?limit={canary('limit')}"),
        api.get(f"{path}/redemptions/{canary('redemption')}"),
        api.get(f"/v1/programmes/{canary('programme')}"),
        api.get(f"/v1/{canary('path')}"),
        api.delete(f"/v1/api-keys/{canary('key id')}"),
        api.post("/v1/members", f'{{"display_name": "{canary("half")}'.encode()),
        api.post("/v1/members", f'{{"a": 1, "a": "{canary("double")}"}}'.encode()),
        api.post("/v1/members", f'{{"a": "\\u0000{canary("control")}"}}'.encode()),
        api.as_(canary("token")).get(path),
        api.as_(f"tsk_{canary('key')}_x").get(path),
        api.as_(_token(clinic, canary("another's id"))).get(path),
    ]

    leaks = [answer.body for answer in answers if canary.found_in(answer.body.decode())]
    assert leaks == []
    for answer in answers:
        assert answer.status >= 400, answer.body
        assert canary.found_in(str(answer.headers)) == set()
    assert canary.found_in(log.getvalue()) == set()


def test_where_we_fail(
    world: LocalWorld, clinic: Clinic, member: str, canary: Aviary, log: io.StringIO
) -> None:
    """An unexpected exception is logged by type and place: its message may quote anything."""

    class Broken:
        """A ledger of which every call fails, quoting what it was given."""

        def __getattr__(self, name: str) -> Any:
            def fail(*arguments: object, **named: object) -> Never:
                raise RuntimeError(
                    f"{name} {arguments} {named} {canary('exception')}"
                ) from KeyError(canary("cause"))

            return fail

    broken = world.services._replace(ledger=Broken())
    world.runtime = world.runtime._replace(use_cases=broken)
    world.provide()

    answers: list[Answer] = [
        clinic.api.post("/v1/members", person(canary) | {"external_id": None}),
        clinic.api.post("/v1/activities", fact(clinic, member, canary)),
        clinic.api.get(f"/v1/members/{member}/balance"),
    ]

    for answer in answers:
        answer.expect(500, "internal_error")
        assert canary.found_in(answer.body.decode()) == set()
    written = log.getvalue()
    assert canary.found_in(written) == set()
    assert "RuntimeError < KeyError" in written
    assert "test_canaries.py" in written


def test_canaries_are_found(canary: Aviary, log: io.StringIO) -> None:
    """The search itself works: what is written is seen, in whatever case."""
    logging.getLogger("some.library").warning("visited by %s", canary("name").upper())
    observability.outcome("http", code=canary("code"))

    assert canary.found_in(log.getvalue()) == {"name", "code"}


def _money(currency: str) -> Document:
    return {"amount": 1, "currency": currency}


def _reward(programme: str, reward: str) -> Document:
    return {"programme": programme, "reward": reward}


def _token(clinic: Clinic, member_id: str) -> str:
    return clinic.member(member_id).token or ""


def _items(world: LocalWorld) -> Iterator[tuple[str, dict[str, Any]]]:
    """Walk every item of every table that the application writes."""
    client: Any = world.dynamo.connection.client
    dynamo = world.dynamo
    for table in (dynamo.ledger, dynamo.directory, dynamo.catalogue, dynamo.work):
        for page in client.get_paginator("scan").paginate(TableName=table):
            for item in page["Items"]:
                yield table, item
