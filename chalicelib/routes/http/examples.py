"""What was sent and answered when the example of each operation was carried out."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import msgspec
from msgspec import Struct, field


class Example(Struct, frozen=True):
    """
    One operation, carried out.

    ``minted`` are the values of its body that each request makes anew.  ``drawn`` are those that
    each installation draws itself, and ``bearer`` is what it is sent with where that is no key of
    the clinic: both name what `tessera serve` prints, as `sandbox_api_key`.
    """

    status: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    answer: Any = None
    also: dict[str, Any] = field(default_factory=dict)
    minted: tuple[str, ...] = ()
    drawn: dict[str, str] = field(default_factory=dict)
    bearer: str = "api_key"


def example_of(operation: str) -> Example:
    """Return the example of an operation by its name; an empty one where there is none yet."""
    return _examples().get(operation, Example())


@cache
def _examples() -> dict[str, Example]:
    text = resources.files("chalicelib.routes.http").joinpath("examples.json").read_bytes()
    return msgspec.json.decode(text, type=dict[str, Example])
