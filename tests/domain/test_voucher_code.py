"""Codes can be read aloud, forgive what looks alike, and catch every single slip."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import voucher_code
from chalicelib.domain.errors import NotFound
from chalicelib.domain.voucher_code import ALPHABET

RANDOM = st.binary(min_size=voucher_code.RANDOM_BYTES, max_size=voucher_code.RANDOM_BYTES)
SOME = (bytes(12), b"\xff" * 12, bytes(range(12)), bytes.fromhex("c0ffee5eed1234567890abcd"))


def accepted(text: str) -> bool:
    """Tell whether a text can be a code."""
    try:
        voucher_code.read(text)
    except NotFound:
        return False
    return True


@pytest.mark.parametrize(
    ("random", "code"),
    [
        (bytes(12), "0000000000000000000"),
        (b"\xff" * 12, "ZZZZZZZZZZZZZZZZZZJ"),
        (bytes(11) + b"\x01", "100000000000000000Z"),
    ],
)
def test_make(random: bytes, code: str) -> None:
    """Eighteen characters of five bits each, lowest first, and one to check them."""
    assert voucher_code.make(random) == code


@pytest.mark.parametrize("length", [0, 11, 13])
def test_needs_its_random_bytes(length: int) -> None:
    """Less randomness makes no code."""
    with pytest.raises(ValueError, match="12 random bytes"):
        voucher_code.make(bytes(length))


@given(RANDOM)
def test_round_trip(random: bytes) -> None:
    """What is printed reads back, in any case and however it is spaced."""
    code = voucher_code.make(random)
    printed = voucher_code.shown(code)

    assert len(printed) == 22
    assert [len(group) for group in printed.split("-")] == [5, 5, 5, 4]
    for typed in (code, printed, printed.lower(), f"  {printed.replace('-', ' ')} "):
        assert voucher_code.read(typed) == code


@given(RANDOM)
def test_forgives_lookalikes(random: bytes) -> None:
    """I and L are read as 1, O as 0, in either case."""
    code = voucher_code.make(random)
    for seen, typed in (("1", "I"), ("1", "l"), ("0", "O"), ("0", "o")):
        assert voucher_code.read(code.replace(seen, typed)) == code


@pytest.mark.parametrize("random", SOME)
def test_every_single_slip_is_caught(random: bytes) -> None:
    """Whichever character is mistyped for whichever other, the code is refused."""
    code = voucher_code.make(random)
    slips = [
        code[:place] + other + code[place + 1 :]
        for place in range(len(code))
        for other in ALPHABET
        if other != code[place]
    ]

    assert len(slips) == 19 * 31
    assert [slip for slip in slips if accepted(slip)] == []


@given(RANDOM, st.integers(0, 17))
def test_swapped_neighbours(random: bytes, place: int) -> None:
    """Two swapped neighbours are caught, unless they are 0 and Z."""
    code = voucher_code.make(random)
    first, second = code[place], code[place + 1]
    swapped = code[:place] + second + first + code[place + 2 :]

    assert accepted(swapped) is (first == second or {first, second} == {"0", "Z"})


@pytest.mark.parametrize(
    "text",
    ["", "0", "0" * 18, "0" * 20, "U" * 19, "0" * 18 + "!", "0" * 18 + "É", "É" * 19, "0" * 400],
)
def test_what_cannot_be_a_code(text: str) -> None:
    """Anything else is refused exactly as an unknown code is."""
    with pytest.raises(NotFound) as refusal:
        voucher_code.read(text)

    assert str(refusal.value) == str(voucher_code.unknown())


@given(RANDOM, st.data())
def test_v7_as_it_is_typed(random: bytes, data: st.DataObject) -> None:
    """V7: small letters, blanks, hyphens, full-width and other digits: it is the same code."""
    code = voucher_code.make(random)
    typed = []
    for character in code:
        ways = [character, character.lower(), chr(ord(character) + 0xFEE0), f"\u200b{character}"]
        if character.isdecimal():
            ways += [chr(0x06F0 + int(character)), chr(0x0660 + int(character))]
        typed.append(data.draw(st.sampled_from(ways)))
        typed.append(data.draw(st.sampled_from(["", "", " ", "-", "\u2011", "–", "\u00a0"])))

    assert voucher_code.read("".join(typed)) == code


def test_all_characters_are_used() -> None:
    """Each of 90 bits reaches the code."""
    codes = {voucher_code.make((1 << bit).to_bytes(12, "big")) for bit in range(90)}

    assert len(codes) == 90
    assert set("".join(voucher_code.make(bytes([n] * 12)) for n in range(256))) == set(ALPHABET)
