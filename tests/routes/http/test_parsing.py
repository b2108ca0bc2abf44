"""What a body must be before any schema looks at it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chalicelib.domain.errors import LoyaltyError, Malformed, TooLarge
from chalicelib.routes.http.parsing import BODY_BYTES_MAX, canonical, parse_object
from tests.examples import examples

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs", "Cc")))
)
KEYS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
#: Pieces that break parsers when they meet.
SHARDS = st.sampled_from(
    [
        *(b'"', b"\\", b"\\u", b"d800", b"{", b"}", b"[", b"]", b":", b",", b"1e999", b"NaN", b"-"),
        *(
            b"0",
            b"9" * 40,
            b"null",
            b"\xff",
            b"\xef\xbb\xbf",
            b"\x00",
            b" ",
            b'"a":',
            b"true",
            b"/",
        ),
    ]
)


def refusal(raw: bytes) -> Malformed:
    """The refusal of that body."""
    with pytest.raises(Malformed) as refused:
        parse_object(raw)
    assert refused.value.code == "malformed_json"
    return refused.value


@pytest.mark.parametrize(
    ("raw", "result"),
    [
        (b"", "needs a JSON object"),
        (b" \n", "needs a JSON object"),
        (b"[]", "must be a JSON object"),
        (b'"text"', "must be a JSON object"),
        (b"7", "must be a JSON object"),
        (b"null", "must be a JSON object"),
        (b"{", "Expecting property name"),
        (b'{"a":1,}', "line 1"),
        (b'{"a":"', "Unterminated string starting at line 1, column 6."),
        (b"{'a':1}", "Expecting property name"),
        (b'{"a":01}', "delimiter"),
        (b'{"a":1} x', "Extra data"),
        (b'{"a":"\n"}', "control character"),
        (b'\xef\xbb\xbf{"a":1}', "byte order mark"),
        (b'{"a":"\xff"}', "not UTF-8 at byte 6"),
        (b'{"a":"\xed\xa0\x80"}', "not UTF-8"),
        ('{"a":1}'.encode("utf-16"), "not UTF-8"),
        (b'{"a":' * 17 + b"1" + b"}" * 17, "deeper than 16"),
        (b"[" * 20_000, "deeper than 16"),
        (b'{"a":' + b"[" * 16 + b"]" * 16 + b"}", "deeper than 16"),
    ],
)
def test_unreadable_bodies(raw: bytes, result: str) -> None:
    """Each is refused, and the detail says what is wrong with it."""
    assert result in refusal(raw).message


@pytest.mark.parametrize(
    ("raw", "pointer", "result"),
    [
        (b'{"a":NaN}', "/a", "out of range"),
        (b'{"a":-Infinity}', "/a", "out of range"),
        (b'{"a":1e999}', "/a", "out of range"),
        (b'{"a":9007199254740993}', "/a", "out of range"),
        (b'{"a":-9007199254740993}', "/a", "out of range"),
        (b'{"a":' + b"9" * 5000 + b"}", "/a", "out of range"),
        (b'{"a":[{"b/c":"\\u0000"}]}', "/a/0/b~1c", "control character"),
        (b'{"a":["x","\\u0085"]}', "/a/1", "control character"),
        (b'{"a":"\\r"}', "/a", "control character"),
        (b'{"a":"\\ud800"}', "/a", "surrogate"),
        (b'{"\\udfff":1}', "", "surrogate"),
        (b'{"a":{"b":1,"b":2}}', "/a", "names a key twice: `b`"),
        (b'{"e\\u0301":1,"\\u00e9":2}', "", "names a key twice"),
    ],
)
def test_unfit_values(raw: bytes, pointer: str, result: str) -> None:
    """Each is refused at the pointer of the value."""
    (error,) = refusal(raw).errors

    assert error["pointer"] == pointer
    assert result in error["detail"]


def test_every_unfit_value_is_told() -> None:
    """One refusal names them all."""
    errors = refusal(b'{"a":NaN,"b":["\\u0000",{"c":1e999}]}').errors

    assert [error["pointer"] for error in errors] == ["/a", "/b/0", "/b/1/c"]


def test_limits_are_inclusive() -> None:
    """The greatest integer, the deepest nesting and the longest body still pass."""
    deepest = b'{"a":' + b"[" * 15 + b"]" * 15 + b"}"
    longest = b'{"a":"' + b"x" * (BODY_BYTES_MAX - 8) + b'"}'

    assert parse_object(b'{"a":9007199254740992}') == {"a": 2**53}
    assert parse_object(deepest)
    assert len(longest) == BODY_BYTES_MAX
    assert parse_object(longest)
    with pytest.raises(TooLarge) as refused:
        parse_object(longest + b" ")
    assert refused.value.code == "body_too_large"


def test_strings_are_normalised() -> None:
    """A composed and a decomposed spelling are one name, as key and as value."""
    decomposed = '{"cafe\u0301":["e\u0301",{"n":"A\u030a"}],"line":"a\\n\\tb"}'.encode()

    assert parse_object(decomposed) == {
        "caf\u00e9": ["\u00e9", {"n": "\u00c5"}],
        "line": "a\n\tb",
    }


def test_brackets_in_strings_are_text() -> None:
    """Only structure counts as depth."""
    assert parse_object(b'{"a":"' + b"[{" * 100 + b'\\"["}')


@pytest.mark.parametrize("raw", [b'"\\"' * 21_000, b'{"a":"' + b'\\"' * 32_000, b'"' * 65_536])
def test_scanning_is_linear(raw: bytes) -> None:
    """Unterminated strings full of escapes are refused without backtracking."""
    # A quadratic scan would take minutes here.
    assert refusal(raw).code == "malformed_json"


@settings(max_examples=examples(150), deadline=None, print_blob=True)
@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_what_is_json_is_read(value: dict[str, Any]) -> None:
    """Every clean object is read as Python's own parser reads it, up to normalisation."""
    raw = json.dumps(value).encode()
    parsed = parse_object(raw)

    assert parse_object(canonical(parsed)) == parsed
    if raw.isascii() and b"\\u" not in raw:
        assert parsed == json.loads(raw)


@settings(max_examples=examples(400), deadline=None, print_blob=True)
@given(st.lists(SHARDS, max_size=40).map(b"".join) | st.binary(max_size=200))
@example(b'{"a":"\\')
@example(b'{"":{"":')
def test_garbage_is_refused_not_crashed_on(raw: bytes) -> None:
    """Whatever comes in, the answer is an object or a refusal of the API's own."""
    try:
        answer: object = parse_object(raw)
    except LoyaltyError as refused:
        answer = refused.code

    assert isinstance(answer, dict) or answer == "malformed_json"


@pytest.mark.parametrize(
    ("digits", "value"),
    [("5.0", 5), ("-0.0", 0), ("1e2", 100), ("5.5", 5.5), ("1e300", 1e300)],
)
def test_d10_whole_numbers_are_integers_however_they_are_written(digits: str, value: float) -> None:
    """To JSON Schema 5.0 is an integer; a fraction, and what no integer field holds, stays one."""
    read = parse_object(f'{{"a": {digits}}}'.encode())["a"]

    assert (read, type(read)) == (value, type(value))
