"""The examples are programmes, they use everything there is, and they give what they say."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from jsonschema import Draft202012Validator
from msgspec import inspect as shapes

from chalicelib.domain.activity import Activity, checked
from chalicelib.domain.calendar import (
    expiry_instant,
    format_instant,
    parse_date,
    parse_instant,
)
from chalicelib.domain.entry import Line
from chalicelib.domain.mechanics.earning import Standing, evaluate
from chalicelib.domain.mechanics.registry import Document
from chalicelib.domain.programme import FixedExpiry, Programme
from chalicelib.domain.validation import validate
from chalicelib.domain.words import describe
from chalicelib.programmes import schema

FOLDER: Final = schema.FILE.parent
EXAMPLES: Final = {
    path.stem: json.loads(path.read_text("utf-8"))
    for path in sorted(FOLDER.glob("*.json"))
    if path != schema.FILE
}
# A day on which every season of the examples is still to come or running.
TODAY: Final = date(2026, 11, 22)
#: Where publishing an example warns.
WARNED: Final = {
    "clinic": ["/currencies/0/expiry"],
    "purchases": ["/currencies/0/expiry"],
}


def programme(name: str) -> Programme:
    """An example as a programme."""
    validated = validate(EXAMPLES[name], TODAY)
    assert validated.problems == ()
    assert validated.programme is not None
    return validated.programme


def earned(name: str, tier: str = "base", **fact: Any) -> dict[str, int]:
    """What each rule of an example gives for a fact, where nothing is used of its caps."""
    document = programme(name)
    when = fact.pop("occurred_at", "2026-11-18T12:00:00Z")  # a Wednesday
    activity = Activity(
        source="test",
        external_id="1",
        occurred_at=parse_instant(when),
        money=document.money.currency if fact.keys() & {"amount", "lines"} else None,
        **fact,
    )
    outcomes = evaluate(
        document,
        checked(activity),
        Standing(tier=tier, visits=3, days_enrolled=100),
        lambda rule, _: min([cap.max for cap in rule.caps if cap.max is not None], default=None),
    )
    return {outcome.rule: outcome.granted for outcome in outcomes if outcome.granted}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_valid(name: str) -> None:
    """Every example is accepted; those that roll by the day are warned of their lots."""
    validated = validate(EXAMPLES[name], TODAY)

    assert validated.problems == ()
    assert [warning.pointer for warning in validated.warnings] == WARNED.get(name, [])


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_fits_the_schema(name: str) -> None:
    """What validation accepts, an editor accepts."""
    Draft202012Validator(schema.schema()).validate(EXAMPLES[name])


def test_the_schema_file_is_that_of_the_structs() -> None:
    """`python -m chalicelib.programmes.schema` would change nothing."""
    assert schema.FILE.read_text("utf-8") == schema.text()


def test_the_schema_is_a_schema() -> None:
    """The file itself is valid JSON Schema 2020-12."""
    Draft202012Validator.check_schema(schema.schema())


@pytest.mark.parametrize("definition", sorted(schema.schema()["$defs"]))
def test_the_schema_refuses_unknown_fields_and_explains_itself(definition: str) -> None:
    """No part takes a field that it does not declare, and each says what it is."""
    part = schema.schema()["$defs"][definition]

    assert part["additionalProperties"] is False
    assert part["description"].endswith(".")
    assert not Draft202012Validator({**schema.schema(), **part}).is_valid({"unheard_of": 1})


def test_the_schema_wants_a_discriminator() -> None:
    """An award or expiry without its type is refused in the editor too."""
    document = json.loads(json.dumps(EXAMPLES["purchases"]))
    del document["earning"][0]["award"]["type"]

    assert not Draft202012Validator(schema.schema()).is_valid(document)


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("locale", ["en", "fa", "bg-BG", None])
def test_an_example_can_be_told(name: str, locale: str | None) -> None:
    """Every part of every example has words, without a gap left in them."""
    for part in describe(programme(name), locale):
        assert part.text.endswith(".")
        assert "{" not in part.text
        assert "  " not in part.text


# ── Everything is shown at least once ──


def _declared(shape: shapes.Type, found: set[str], seen: set[int]) -> set[str]:
    """Every field, and every choice of a word, that a document may have."""
    while isinstance(shape, shapes.Metadata):
        shape = shape.type
    if isinstance(shape, shapes.StructType) and id(shape.cls) not in seen:
        seen.add(id(shape.cls))
        for field in shape.fields:
            found.add(f"{shape.cls.__name__}.{field.name}")
            _declared(field.type, found, seen)
    elif isinstance(shape, shapes.UnionType):
        for option in shape.types:
            _declared(option, found, seen)
    elif isinstance(shape, shapes.VarTupleType):
        _declared(shape.item_type, found, seen)
    elif isinstance(shape, shapes.DictType):
        _declared(shape.value_type, found, seen)
    elif isinstance(shape, shapes.LiteralType):
        found.update(f"“{word}”" for word in shape.values)
    return found


def _used(raw: Any, part: Any) -> set[str]:
    """The fields that a document names, by the Structs they were read into, and its words."""
    if isinstance(part, msgspec.Struct):
        names = [name for name in part.__struct_fields__ if name in raw]
        below = [_used(raw[name], getattr(part, name)) for name in names]
        return {f"{type(part).__name__}.{name}" for name in names}.union(*below)
    if isinstance(part, tuple):
        return set().union(*map(_used, raw, part))
    if isinstance(part, dict):
        return set().union(*(_used(raw[name], item) for name, item in part.items()))
    return {f"“{part}”"}


def test_every_feature_is_shown() -> None:
    """No field and no choice exists that no example uses."""
    declared = _declared(shapes.type_info(Document), set(), set())
    used = set().union(*(_used(raw, programme(name)) for name, raw in EXAMPLES.items()))

    assert declared - used == set()


# ── What the examples give ──


@pytest.mark.parametrize(
    ("name", "tier", "fact", "expected"),
    [
        ("purchases", "base", {"amount": 3599}, {"spend": 35}),
        ("purchases", "silver", {"amount": 3599}, {"spend": 44}),
        ("purchases", "gold", {"amount": 3599}, {"spend": 53}),
        ("purchases", "base", {"amount": 99}, {}),
        ("purchases", "gold", {"amount": 99_900}, {"spend": 500}),
        ("clinic", "base", {"type": "visit.completed"}, {"visit": 50}),
        ("clinic", "gold", {"type": "visit.completed"}, {"visit": 75}),
        (
            "clinic",
            "silver",
            {"type": "visit.completed", "occurred_at": "2026-11-22T10:00:00Z"},
            {"visit": 125},
        ),
        (
            "clinic",
            "base",
            {
                "type": "visit.completed",
                "occurred_at": "2026-11-18T08:59:59Z",
                "attributes": {"booked_online": True},
            },
            {"visit": 50, "early": 20},
        ),
        (
            "clinic",
            "base",
            {"type": "visit.completed", "attributes": {"booked_online": True}},
            {"visit": 50, "booked-online": 10},
        ),
        (
            "clinic",
            "base",
            {"lines": (Line("1", 1999, 1, "prescription"), Line("2", 850, 1, "vitamins"))},
            {"spend": 8},
        ),
        ("clinic", "base", {"type": "steps.recorded", "quantity": 7999}, {"steps": 7}),
        ("clinic", "base", {"type": "steps.recorded", "quantity": 23_000}, {"steps": 10}),
        ("clinic", "base", {"type": "exercise.recorded", "quantity": 29}, {}),
        ("clinic", "base", {"type": "exercise.recorded", "quantity": 55}, {"exercise": 7}),
        ("clinic", "base", {"type": "vaccination.completed"}, {"winter-vaccination": 100}),
        ("persian-clinic", "base", {"type": "visit.completed"}, {"visit": 500}),
        (
            "persian-clinic",
            "base",
            {"type": "visit.completed", "category": "screening"},
            {"screening": 950},
        ),
        (
            "pharmacy",
            "patron",
            {
                "lines": (
                    Line("1", 1250, 1, "cosmetics", "cream"),
                    Line("2", 850, 1, "vitamins", "trial-pack"),
                )
            },
            {"vitamins": 13, "cashback": 63, "stamp": 1},
        ),
        (
            "pharmacy",
            "friend",
            {"lines": (Line("1", 1250, 1, "vitamins", "own-zinc"),)},
            {"own-brand": 38, "cashback": 25},
        ),
        ("pharmacy", "friend", {"type": "medicine.returned", "quantity": 3},
         {"returned-medicines": 15}),
    ],
)  # fmt: skip
def test_an_example_gives_what_it_says(
    name: str, tier: str, fact: dict[str, Any], expected: dict[str, int]
) -> None:
    """Awards worked out by hand, rule by rule."""
    assert earned(name, tier, **{"type": "purchase.completed", **fact}) == expected


def test_the_persian_year_ends_at_its_own_midnight() -> None:
    """Value of the year 1405 is usable through 2027-03-20 in Tehran, to the millisecond."""
    document = programme("persian-clinic")
    expiry = document.currencies[0].expiry

    assert isinstance(expiry, FixedExpiry)
    assert format_instant(expiry_instant(parse_date(expiry.on), document.time_zone)) == (
        "2027-03-20T20:30:00Z"
    )


def test_the_schema_lies_beside_the_examples() -> None:
    """What the examples name in `$schema` is there."""
    for raw in EXAMPLES.values():
        assert (FOLDER / raw["$schema"]).samefile(Path(schema.FILE))
