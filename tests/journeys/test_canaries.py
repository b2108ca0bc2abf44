"""
What could reveal a person or their health stays where it belongs.

A canary is put into every free field of every operation, through right requests, refused ones and
failures of our own.  Afterwards none is in a log line, in a key or an index of a table, in any
attribute that is stored in the clear, or in a problem document.
"""

from __future__ import annotations

import dataclasses
import io
import logging
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Never

import pytest

from chalicelib import observability
from chalicelib.routes.http.credentials import PUBLIC
from chalicelib.store import keys
from tests.catalogue.catalogue import EXAMPLES, declared, meanings
from tests.catalogue.example import Example
from tests.catalogue.stage import Stage, Things, send
from tests.journeys.client import Answer
from tests.journeys.world import Clinic, Document, LocalWorld, example, local_contract

# Attributes that hold documents and bytes; everything else is in the clear.
PACKED = {"body", "detail", "answer"}
# Of those, what holds documents of the ledger that stay open; `detail` is sealed.
OPEN = {"body", "answer"}
MEANINGS = meanings()


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
        "metadata": {"crm": canary("metadata")},
        "consents": [
            {"purpose": "programme", "granted": True, "text_version": canary("text version")}
        ],
        "birthday": "02-29",
    }


def activity(clinic: Clinic, member: str | Document, canary: Aviary) -> Document:
    """Return an activity with a canary in each free field."""
    line = {
        "id": canary("line id"),
        "sku": canary("sku"),
        "category": canary("line category"),
        "amount": 1000,
    }
    return clinic.activity(
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
    world: LocalWorld,
    clinic: Clinic,
    canary: Aviary,
    log: io.StringIO,
    subtests: pytest.Subtests,
) -> None:
    """
    A9: right requests of every operation leave canaries in sealed attributes only.

    What staff call a key or a tenant is in the clear.  In the part of the ledger that stays open,
    accounts, events, records and remembered answers, is nothing of what was sent in free text: not
    who did it, nor what kind of thing it was, where and for which line.
    """
    examples = with_canaries(canary)
    stage = Stage(clinic, examples)
    staff = clinic.api.as_(
        world.token(clinic.tenant, roles=("admin", "manager"), subject=canary("subject"))
    )
    for operation, each in examples.items():
        if declared()[operation].scope == PUBLIC or each.needs_clock:
            continue
        with subtests.test(operation):
            asked = stage.request(each, stage.prepared(each))
            key = canary("key") if declared()[operation].idempotent else None
            answer = send(staff, asked, key=key)
            assert answer.status == declared()[operation].status, answer.body
    known = {"external_id": {"system": "emr", "value": canary("external id of an activity")}}
    clinic.record(known).expect(201)

    assert canary.found_in(log.getvalue()) == set()
    items = [*_items(world)]
    clear = [
        str({name: value for name, value in item.items() if name not in PACKED})
        for _, item in items
    ]
    bodies = [
        zlib.decompress(item[field]["B"]).decode()
        for table, item in items
        for field in OPEN & item.keys()
        if table in {world.dynamo.ledger, world.dynamo.work}
        # Other tests of this engine damage journals, each of a clinic of its own.
        if item["pk"]["S"].startswith(f"T#{clinic.tenant}#")
    ]
    assert canary.found_in("".join(clear)) == {"name"}
    assert canary.found_in("".join(bodies)) == set()
    events = [
        zlib.decompress(item["body"]["B"]).decode()
        for _, item in items
        if item["pk"]["S"].startswith(keys.members_prefix(clinic.tenant)) and "hash" in item
    ]
    assert not re.search("purchase.completed|checkup.completed", "".join(events))
    assert len(bodies) > 200
    assert {"note", "proof", "reference", "sku", "provider", "receipt", "record"} <= set(
        canary.names
    )


def test_a_voucher_is_nowhere_in_the_clear(
    world: LocalWorld, clinic: Clinic, log: io.StringIO
) -> None:
    """Of a code only its hash is kept."""
    stage, things = Stage(clinic), Things()
    for operation in ("POST /v1/vouchers/lookup", "POST /v1/vouchers/use"):
        stage.carry_out(EXAMPLES[operation], things)

    assert things["code"] not in log.getvalue()
    for _, item in _items(world):
        assert things["code"].replace("-", "") not in str(item).replace("-", "")


def test_a_gift_cards_code_is_nowhere_in_the_clear(
    world: LocalWorld, clinic: Clinic, log: io.StringIO
) -> None:
    """Neither of a card that pays, nor of a code that is nobody's."""
    stage, things = Stage(clinic), Things()
    for operation in (
        "POST /v1/gift-cards/lookup",
        "POST /v1/gift-cards/use",
        "POST /v1/members/{member_id}/gift-cards",
    ):
        stage.carry_out(EXAMPLES[operation], things)

    assert things["gift_code"] not in log.getvalue()
    for _, item in _items(world):
        assert things["gift_code"].replace("-", "") not in str(item).replace("-", "")


def test_where_requests_are_refused(
    clinic: Clinic, member: str, canary: Aviary, log: io.StringIO
) -> None:
    """A refusal does not repeat what was sent: it may be a name that slipped into a field."""
    api = clinic.api
    path = f"/v1/members/{member}"
    late = activity(clinic, member, canary) | {"occurred_at": clinic.now(days=-90)}
    twice = activity(clinic, member, canary)
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
        api.post("/v1/activities", activity(clinic, "mem_none", canary)),
        api.post("/v1/activities", activity(clinic, canary("member in a body"), canary)),
        api.post("/v1/activities", {**activity(clinic, member, canary), "lines": lines}),
        api.post("/v1/activities", clinic.activity(member, occurred_at=canary("instant"))),
        api.post("/v1/activities", clinic.activity(member, canary("type"))),
        api.post("/v1/activities", clinic.activity(member, amount=_money(canary("money")))),
        api.post("/v1/activities", clinic.activity(member, category=canary("long") * 40)),
        api.post("/v1/activities", clinic.activity(member, quantity=canary("quantity"))),
        api.post("/v1/activities", clinic.activity(member, attributes={"a": [canary("a")]})),
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
        api.post("/v1/gift-cards/lookup", {"code": canary("code")}),
        api.post("/v1/gift-cards", _sale("clinic", canary("gift card").lower())),
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
        clinic.api.post("/v1/activities", activity(clinic, member, canary)),
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


def with_canaries(canary: Aviary) -> dict[str, Example]:
    """Return all examples with a canary in each free field, the same in fields of one name."""
    known: dict[str, str] = {}

    def bird(name: str) -> str:
        known[name] = known.get(name) or canary(name)
        return known[name]

    found = {}
    for operation, each in sorted(EXAMPLES.items(), key=lambda item: item[1].ends):
        documented = local_contract().find(each.method, each.path)
        body = each.body
        if documented is not None and body is not None:
            schema = documented.entry["requestBody"]["content"]["application/json"]["schema"]
            body = _freed(body, schema, "", bird)
        mints = {name: f"{bird(name)}-{{}}" for name in each.mints}
        found[operation] = dataclasses.replace(each, body=body, mints=mints)
    return found


def _freed(value: Any, schema: Mapping[str, Any], name: str, bird: Callable[[str], str]) -> Any:
    """Return a part of a body with a canary wherever its schema lets any text stand."""
    schema = _resolved(schema)
    if name in MEANINGS:
        return value
    if isinstance(value, dict):
        parts = schema.get("properties", {})
        left_out = parts.keys() - value.keys() - MEANINGS.keys()
        more = {field: "" for field in parts if field in left_out and _is_free(parts[field])}
        rest = schema.get("additionalProperties") or {}
        return {
            field: _freed(part, parts.get(field, rest), field, bird)
            for field, part in {**value, **more}.items()
        }
    if isinstance(value, list):
        return [_freed(part, schema["items"], name, bird) for part in value]
    # What stands for a thing stays: its name is made by another example.
    return bird(name) if _is_free(schema) and not str(value).startswith("{") else value


def _is_free(schema: Mapping[str, Any]) -> bool:
    schema = _resolved(schema)
    text = "Kanarie000Vogel"
    return (
        schema.get("type") == "string"
        and "enum" not in schema
        and len(text) <= schema.get("maxLength", len(text))
        and re.search(schema.get("pattern", ""), text) is not None
    )


def _resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    if reference := schema.get("$ref"):
        return _resolved(local_contract().schemas[reference.rpartition("/")[2]])
    options = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    text = [each for each in options if _resolved(each).get("type") == "string"]
    return _resolved((text or options)[0]) if options else schema


def _money(currency: str) -> Document:
    return {"amount": 1, "currency": currency}


def _reward(programme: str, reward: str) -> Document:
    return {"programme": programme, "reward": reward}


def _sale(programme: str, gift_card: str) -> Document:
    return {"programme": programme, "gift_card": gift_card, "amount": 1_000}


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
