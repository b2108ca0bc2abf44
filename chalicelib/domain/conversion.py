"""
Parsed values to declared Structs, with every problem named, not only the first.

msgspec converts strictly and decides alone what is acceptable; it stops at the first violation.
Only when it refuses are the value and the type walked side by side (`shapes`) to collect every
violation with its JSON pointer and what to do about it.
"""

from __future__ import annotations

from itertools import islice
from typing import Any, Final, TypeVar

import msgspec

from chalicelib.domain.violations import Violation

VIOLATIONS_MAX: Final = 100

T = TypeVar("T")


class Refused(Exception):
    """The value does not fit the type; ``violations`` is never empty."""

    def __init__(self, violations: list[Violation]) -> None:
        super().__init__(f"{len(violations)} problem(s)")
        self.violations = violations


def convert(value: Any, declared: type[T]) -> T:
    """
    Return ``value`` as ``declared``, strictly.

    Raises `Refused` where it does not fit; every violation that can be found is listed, at most
    100.
    """
    kind: Any = declared  # mypy takes `type[T]` for something that cannot be hashed
    try:
        return msgspec.convert(value, declared)
    except msgspec.ValidationError as error:
        from chalicelib.domain import shapes

        found = list(islice(shapes.walk(value, shapes.shape_of(kind)), VIOLATIONS_MAX))
        raise Refused(found or [shapes.from_msgspec(error)]) from None
