"""
Payments that are collected elsewhere and reported here, each named by its reference once.

A reference is what who collects the money calls the payment.  Two payments have two of them, so one
that is reported again is refused, and one that goes back is found by it.
"""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.domain.decide.claims import ClaimKey
from chalicelib.domain.decide.decider import Decider
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.errors import Conflict, NotFound


class Paid(NamedTuple):
    """A payment that was reported: for something of a programme, by an event of that version."""

    programme: str
    version: int


def claim(decider: Decider, event: EventBuilder, owner: str, programme: str, payment: str) -> None:
    """
    Name the payment that an event of its owner reports, by the look-up hash of its reference.

    Nothing is named by an empty one.
    """
    if payment:
        known = Conflict(
            "payment_known",
            "A payment with this reference was reported before: it counts once. Leave it, give "
            "another payment its own reference, or take back what was reported wrongly with "
            "POST /v1/payments/reversals.",
        )
        value = f"{programme}/{event.before.version + 1}"
        decider.claim(ClaimKey(key_of(payment), owner, value, refusal=known))


def key_of(payment: str) -> str:
    """Return the key that names a payment, by the look-up hash of its reference."""
    return f"payment/{payment}"


def read(value: str) -> Paid:
    """Return the payment that a claimed key's value tells of."""
    programme, _, version = value.partition("/")
    return Paid(programme, int(version))


def payment_unknown() -> NotFound:
    """Return the refusal of a payment that is not on record."""
    return NotFound("payment_not_found", "No payment was reported with this reference.")
