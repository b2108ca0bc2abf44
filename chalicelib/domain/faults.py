"""A fault of a document or a body: where it is, and what to do about it."""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """One fault: the JSON pointer of the value (empty: the whole) and what is wrong with it."""

    pointer: str
    detail: str
