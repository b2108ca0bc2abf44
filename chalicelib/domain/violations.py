"""A violation of a document or a body: where it is, and what to do about it."""

from __future__ import annotations

from typing import NamedTuple


class Violation(NamedTuple):
    """One violation: the JSON pointer of the value (empty: the whole) and what is wrong with it."""

    pointer: str
    detail: str
