"""Every door holds against mutations of what it lets in, and lets that in."""

from __future__ import annotations

import random
from typing import Final

import pytest

from chalicelib.domain import voucher_code
from chalicelib.domain.errors import Malformed
from chalicelib.domain.ledger import calendar
from chalicelib.routes.http import cursors, parsing
from tests.fuzz.doors import DOORS, SEEDS

SEED: Final = 20_261_126
MUTATIONS: Final = 4_000
_ODD: Final = (b"\x00", b"\xff", b"\xed\xa0\x80", b"[" * 40, b"{", b'"', b"-", b"9" * 30, b"\xc2")


def mutated(text: bytes, rng: random.Random) -> bytes:
    """Return a text with a few bytes taken away, doubled, changed or put in."""
    for _ in range(rng.randint(1, 4)):
        first, last = sorted(rng.randint(0, len(text)) for _ in range(2))
        part = rng.choice((b"", text[first:last] * 2, rng.randbytes(2), rng.choice(_ODD)))
        text = text[:first] + part + text[last:]
    return text


@pytest.mark.parametrize("door", DOORS)
def test_a_door_holds(door: str) -> None:
    """Nothing leaves a door but a value or a refusal; ``make fuzz-doors`` goes on from here."""
    rng = random.Random(f"{SEED}/{door}")  # noqa: S311 - it has to be the same again
    for number in range(MUTATIONS):
        text = mutated(rng.choice(SEEDS[door]), rng)
        try:
            DOORS[door](text)
        except Exception as fault:
            raise AssertionError(f"mutation {number} of seed {SEED}: {text!r}") from fault


def test_doors_are_tried_with_what_they_let_in() -> None:
    """The seeds reach what is behind a door, so that mutations of them nearly do."""
    assert parsing.parse_object(SEEDS["body"][0]) == {"a": [1, -2, None, "é"]}
    assert voucher_code.read(SEEDS["code"][0].decode())
    assert calendar.parse_instant(SEEDS["instant"][1].decode()) == 0
    assert calendar.parse_date(SEEDS["day"][0].decode()).day == 29
    sealed = SEEDS["cursor"][0].decode()
    assert cursors.unseal(sealed, key=b"k" * 32, bound_to="rewards") == [1, "a"]
    with pytest.raises(Malformed):
        cursors.unseal(sealed, key=b"k" * 32, bound_to="ledger")


def test_a_door_that_lets_something_else_out_is_noticed() -> None:
    """The check itself fails where a door is broken."""
    with pytest.raises(AssertionError, match="a forged cursor"):
        DOORS["cursor"](cursors.seal([1], key=b"k" * 32, bound_to="ledger").encode())
