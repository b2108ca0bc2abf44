"""The schemas that are published are those of the Structs, and say of an event all there is."""

from __future__ import annotations

import json
from typing import Any, Final, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from chalicelib.domain.ledger.events import Data, Event, kind_of
from chalicelib.schemas import EVENT, EVERY, Published
from tests.domain.ledger.test_events import struct
from tests.examples import examples

SCHEMA: Final = EVENT.schema()
READS: Final = Draft202012Validator(SCHEMA)
LEAST: Final = {
    "version": 3, "effective_at": 1, "occurred_at": 2, "data": {"kind": "member.created"},
}  # fmt: skip

of_every_schema: Final = pytest.mark.parametrize(
    "published", EVERY, ids=lambda published: published.file.name
)


@of_every_schema
def test_the_file_is_that_of_the_structs(published: Published) -> None:
    """What was changed is published."""
    assert published.file.read_text("utf-8") == published.text(), (
        "run `python -m chalicelib.schemas`"
    )


@of_every_schema
def test_it_is_a_schema(published: Published) -> None:
    """It is valid JSON Schema 2020-12."""
    Draft202012Validator.check_schema(published.schema())


@pytest.mark.parametrize("data", get_args(Data), ids=kind_of)
@given(drawn=st.data())
@settings(max_examples=examples(10), derandomize=True, deadline=None)
def test_an_event_fits_its_schema(data: type[Any], drawn: st.DataObject) -> None:
    """Whatever an event of that kind says, as it is written."""
    event = Event(3, 1_000, 900, drawn.draw(struct(data)))

    READS.validate(json.loads(msgspec.json.encode(event)))


@pytest.mark.parametrize("data", get_args(Data), ids=kind_of)
def test_a_kind_explains_itself(data: type[Any]) -> None:
    """Each payload is described, and told from others by its kind."""
    definition = SCHEMA["$defs"][data.__name__]

    assert definition["description"].endswith(".")
    assert definition["properties"]["kind"] == {"enum": [kind_of(data)]}
    assert "kind" in definition["required"]


@pytest.mark.parametrize(
    "changed",
    [
        {"version": "3"},
        {"data": {"kind": "member.vanished"}},
        {"data": {}},
        {"data": {"kind": "household.joined", "household": "hh_1"}},
        {"postings": [{"source": "issued/tenant", "amount": 5}]},
    ],
)
def test_what_is_no_event_is_refused(changed: dict[str, Any]) -> None:
    """A wrong type, an unknown kind, none, and what a kind or a posting lacks."""
    assert READS.is_valid(LEAST)
    assert not READS.is_valid({**LEAST, **changed})
