"""Parsed values become Structs, or every reason why not."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.conversion import VIOLATIONS_MAX, Refused, convert
from chalicelib.domain.programme.fields import MinorUnits, Share
from chalicelib.routes.activities import ActivityBody
from chalicelib.routes.adjustments import AdjustmentBody
from chalicelib.routes.gift_card_views import GiftCardCancellationBody
from chalicelib.routes.http.fields import Token
from chalicelib.routes.http.operation import Body
from chalicelib.routes.members import NewMemberBody
from chalicelib.routes.wallets import TopUpBody
from tests.examples import examples
from tests.routes.toy import Basket, ByCash, Line

GOOD: dict[str, Any] = {"reward": "mug", "lines": [{"sku": "a", "amount": 1}]}


Short = Annotated[str, msgspec.Meta(max_length=3)]


class Colour(enum.Enum):
    """A toy enumeration."""

    RED = "red"
    BLUE = "blue"


class Whole(Body):
    """A body whose own check looks at two fields."""

    least: int
    most: int

    def __post_init__(self) -> None:
        """Refuses an empty range."""
        if self.least > self.most:
            raise ValueError("least must not exceed most")


class Odds(Body):
    """The rarer kinds of field."""

    at: Annotated[dt.datetime, msgspec.Meta(tz=True)] | None = None
    day: dt.date | None = None
    colour: Colour | None = None
    either: int | str | None = None
    share: Annotated[float, msgspec.Meta(gt=0, lt=1)] | None = None
    even: Annotated[int, msgspec.Meta(multiple_of=2)] | None = None
    counts: dict[Short, int] = msgspec.field(default_factory=dict)
    on: bool = False
    any: Any = None
    ranges: list[Whole] = msgspec.field(default_factory=list)


class Slips(Body):
    """Money that may be left out, a share, a number of things and a text."""

    least: MinorUnits | None = None
    percent: Share = 100
    cards: int = 1
    token: Token = "x"


def violations(value: Any, declared: Any = Basket) -> dict[str, str]:
    """What is wrong with the value, by pointer."""
    with pytest.raises(Refused) as refused:
        convert(value, declared)
    return dict(refused.value.violations)


def test_a_sound_value_is_the_struct() -> None:
    """A value that fits converts."""
    paid = {"kind": "cash", "drawer": 2}

    assert convert({**GOOD, "paid": paid}, Basket) == Basket(
        reward="mug", lines=[Line(sku="a", amount=1)], paid=ByCash(drawer=2)
    )


def test_every_violation_is_told_at_once() -> None:
    """Missing, unknown, mistyped, out of range, inside lists and unions: all in one answer."""
    value = {
        "lines": [{"sku": "", "amount": 0}, {"amount": 1.0, "sku": 5}, 7],
        "paid": {"kind": "card", "last4": "12x4"},
        "chanel": "desk",
        "channel": "phone",
        "tags": {"a/b": 1},
    }

    assert violations(value) == {
        "/reward": "is required",
        "/lines/0/sku": "must have at least 1 character(s); has 0",
        "/lines/0/amount": "must be at least 1",
        "/lines/1/sku": "must be a string; got a whole number",
        "/lines/1/amount": "must be a whole number; got a decimal number",
        "/lines/2": 'must be an object; got a whole number: {"sku": …, "amount": …}',
        "/paid/last4": "must match the pattern ^[0-9]{4}$",
        "/channel": "must be one of `app`, `desk`",
        "/tags/a~1b": "must be true or false",
        "/chanel": "is not a known field; did you mean `channel`?",
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"paid": {}}, {"/paid/kind": "is required: must be one of `card`, `cash`"}),
        ({"paid": {"kind": "gold"}}, {"/paid/kind": "must be one of `card`, `cash`"}),
        ({"paid": {"kind": ["x"]}}, {"/paid/kind": "must be one of `card`, `cash`"}),
        (
            {"paid": 5},
            {"/paid": 'must be an object or null; got a whole number: {"kind": …}'},
        ),
        ({"lines": {}}, {"/lines": "must be a list; got an object"}),
        ({"notes": []}, {"/notes": "is not a known field"}),
        ({"lnies": []}, {"/lnies": "is not a known field; did you mean `lines`?"}),
        (
            {"lines": [{"sku": "a", "amount": 1}] * 4},
            {"/lines": "must have at most 3 item(s); has 4"},
        ),
        ({"lines": [{"sku": "a", "amount": True}]}, None),
        ({"lines": [{"sku": "a", "amount": "1"}]}, None),
        ({"lines": [{"sku": "a", "amount": None}]}, None),
        ({"reward": None}, {"/reward": "must be a string; got null"}),
    ],
)
def test_one_violation(value: dict[str, Any], expected: dict[str, str] | None) -> None:
    """Each is named at its place; nothing is coerced."""
    found = violations({**GOOD, **value})

    assert found == expected or (expected is None and list(found) == ["/lines/0/amount"])


@pytest.mark.parametrize(
    ("value", "pointer", "result"),
    [
        ({"at": "2026-01-01T00:00:00"}, "/at", "RFC 3339 instant"),
        ({"at": 5}, "/at", "RFC 3339 instant"),
        ({"day": "2026-02-30"}, "/day", "a date such as"),
        ({"colour": "green"}, "/colour", "one of `red`, `blue`"),
        ({"either": 1.5}, "/either", "must be a whole number or a string or null"),
        ({"share": 1}, "/share", "must be less than 1"),
        ({"share": 0}, "/share", "must be more than 0"),
        ({"even": 3}, "/even", "multiple of 2"),
        ({"counts": {"long": 1}}, "/counts/long", "has a key that must have at most 3"),
        ({"counts": []}, "/counts", "must be an object; got a list"),
        ({"on": 0}, "/on", "true or false"),
        ({"ranges": [{"least": 1, "most": 2}, {"least": 3, "most": 2}]}, "/ranges/1", "least must"),
    ],
)
def test_rarer_kinds(value: dict[str, Any], pointer: str, result: str) -> None:
    """Dates, enumerations, plain unions, constraints and a Struct's own checks have places too."""
    found = violations(value, Odds)

    assert list(found) == [pointer]
    assert result in found[pointer]


@pytest.mark.parametrize(
    ("declared", "value", "pointer", "detail"),
    [
        (
            ActivityBody,
            {"amount": 100},
            "/amount",
            'must be an object or null; got a whole number: {"amount": …, "currency": …}',
        ),
        (
            ActivityBody,
            {"lines": [500]},
            "/lines/0",
            (
                "must be an object; got a whole number: any of `amount`, `quantity`, `category`, "
                "`sku`, `id`"
            ),
        ),
        (
            ActivityBody,
            {"member": "mem_1"},
            "/member",
            "must be an object; got a string: any of `id`, `external_id`",
        ),
        (
            NewMemberBody,
            {"external_id": "E-7"},
            "/external_id",
            'must be an object or null; got a string: {"system": …, "value": …}',
        ),
    ],
)
def test_the_shape_of_an_object_is_told(
    declared: Any, value: dict[str, Any], pointer: str, detail: str
) -> None:
    """Who sends a number or a text where an object belongs learns what is in it."""
    assert violations(value, declared)[pointer] == detail


def test_the_list_of_violations_ends() -> None:
    """An answer never lists more than a hundred."""
    value = {f"x{index}": 1 for index in range(500)}

    assert len(violations(value)) == VIOLATIONS_MAX


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["reward", "lines", "sku", "amount", "paid", "kind", "last4", "~/", ""]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@settings(max_examples=examples(500), deadline=None, print_blob=True)
@given(TREES)
def test_refusals_always_have_violations_with_pointers(value: Any) -> None:
    """Whatever the value, it converts or is refused with at least one resolvable pointer."""
    try:
        convert(value, Basket)
    except Refused as refused:
        found = refused.violations
    else:
        return

    assert found
    assert all(violation.pointer == "" or violation.pointer.startswith("/") for violation in found)
    assert all(violation.detail for violation in found)


@pytest.mark.parametrize(
    ("sent", "declared", "told"),
    [
        ({}, GiftCardCancellationBody, "is required: must be one of `forfeit`, `refund`"),
        ({"left": "all"}, GiftCardCancellationBody, "must be one of `forfeit`, `refund`"),
        ({"cards": 1.5}, Slips, "must be a whole number; got a decimal number"),
        (
            {"least": 14.99},
            Slips,
            (
                "must be a whole number or null; got a decimal number: "
                "Whole minor units: 8000 is 80.00 GBP"
            ),
        ),
        (
            {"percent": 0.1},
            Slips,
            "must be a whole number; got a decimal number: Whole per cent: 10 is ten per cent",
        ),
        (
            {"amount": 14.99},
            AdjustmentBody,
            (
                "must be a whole number; got a decimal number: "
                "Whole units of the currency; of money minor units: 8000 is 80.00 GBP"
            ),
        ),
        ({"token": " "}, Slips, "must not be blank"),
        ({"token": "x" * 201}, Slips, "must have at most 200 character(s); has 201"),
    ],
)
def test_common_slips_are_told_what_to_write(
    sent: dict[str, Any], declared: Any, told: str
) -> None:
    """A choice that is missing has values, and a decimal is money or a share; nothing twice."""
    assert told in violations(sent, declared).values()


def test_literals_do_not_mix_types() -> None:
    """1 is not true, nor the other way round."""

    class Switch(Body):
        level: Literal[1, 2]

    assert violations({"level": True}, Switch) == {"/level": "must be one of `1`, `2`"}


@pytest.mark.parametrize(
    ("amount", "told"),
    [
        (
            12.5,
            "must be a whole number; got a decimal number: Whole minor units: 8000 is 80.00 GBP",
        ),
        ("12", "must be a whole number; got a string"),
        (0, "must be at least 1"),
    ],
)
def test_money_with_a_point_is_told_its_units(amount: Any, told: str) -> None:
    """Twelve and a half of a currency is 1250."""
    paid = {"programme": "clinic", "currency": "prepaid", "amount": amount}

    assert violations(paid, TopUpBody) == {"/amount": told}
