"""
Codes of vouchers and gift cards: 90 random bits, with a check, that a person can read aloud.

The alphabet is Crockford's base 32 (no I, L, O, U); a code is 18 such characters and one more by
Luhn's rule modulo 32, which catches every single mistyped character.
"""

from __future__ import annotations

from chalicelib.domain.errors import NotFound, UnknownCode
from chalicelib.domain.spelling import folded

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 18
RANDOM_BYTES = 12
_GROUP = 5
_UNKNOWN = ("voucher_not_found", "No voucher has this code: check it character by character.")
_LOOKALIKES = str.maketrans({"I": "1", "L": "1", "O": "0"})


def make(random: bytes) -> str:
    """Return the plain code of 12 random bytes: 19 characters, the last one the check."""
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"a voucher code is made of {RANDOM_BYTES} random bytes")
    number = int.from_bytes(random, "big")
    body = "".join(ALPHABET[(number >> (5 * place)) & 31] for place in range(LENGTH))
    return body + _check(body)


def shown(code: str) -> str:
    """Return a plain code as it is printed: `ABCDE-FGHJK-MNPQR-STVW`."""
    return "-".join(code[place : place + _GROUP] for place in range(0, len(code), _GROUP))


def masked(code: str) -> str:
    """Return a plain code as it is shown to those who may not use it: only its end can be read."""
    whole = shown(code)
    hidden = len(whole) - len(code) % _GROUP
    return "".join("-" if mark == "-" else "*" for mark in whole[:hidden]) + whole[hidden:]


def read(text: str) -> str:
    """
    Return the plain code of what someone typed.

    Anything that cannot be a code is refused exactly as an unknown one, so that guessing teaches
    nothing.
    """
    code = plain(text)
    if code is None:
        raise unknown()
    return code


def plain(text: str) -> str | None:
    """
    Return the plain code of what someone typed, ``None`` where it cannot be one.

    Case, blanks, hyphens and the look-alikes I, L and O are forgiven, and so is another keyboard
    (`spelling`).
    """
    code = "".join(folded(text).upper().split()).replace("-", "").translate(_LOOKALIKES)
    if len(code) != LENGTH + 1 or any(c not in ALPHABET for c in code):
        return None
    return code if _check(code[:LENGTH]) == code[LENGTH] else None


def unknown() -> NotFound:
    """Return the refusal of what cannot be a code."""
    return NotFound(*_UNKNOWN)


def unclaimed() -> UnknownCode:
    """Return the refusal of a code that stands for nothing: to its reader it is the same."""
    return UnknownCode(*_UNKNOWN)


def _check(body: str) -> str:
    total = 0
    for place, character in enumerate(reversed(body)):
        doubled = ALPHABET.index(character) * (2 if place % 2 == 0 else 1)
        total += doubled // 32 + doubled % 32
    return ALPHABET[-total % 32]
