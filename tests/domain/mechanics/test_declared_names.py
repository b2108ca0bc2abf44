"""B5: validating ever new documents keeps nothing of them."""

from __future__ import annotations

import gc

import pytest

from chalicelib.domain.authoring.validation import validate
from chalicelib.domain.programme import conditions
from chalicelib.domain.programme.conditions import Compiled, Scope
from tests.domain.documents import changed


def _kept() -> tuple[int, int]:
    gc.collect()
    alive = gc.get_objects()
    # Structs without cycles are not tracked: what the caches hold is counted by them.
    scopes, compiled = (sum(isinstance(each, kind) for each in alive) for kind in (Scope, Compiled))
    return conditions.scope.cache_info().currsize + scopes, compiled


@pytest.mark.parametrize("kind", ["int", "string", "bool"])
def test_b5_documents_that_are_never_stored(kind: str) -> None:
    """B5: each with attributes and expressions of its own; no scope and no program stays."""
    before = _kept()
    for number in range(20):
        name = f"{kind}_{number}"
        validated = validate(
            changed(
                {
                    "/attributes": {name: kind, "wait": "int"},
                    "/earning/1/when": f"attributes.{name} == attributes.{name}",
                }
            )
        )
        assert validated.problems == ()

    assert _kept() == before


def test_b5_attributes_are_bounded() -> None:
    """B5: a document declares 100 attributes at most."""
    many = {f"a{number}": "int" for number in range(101)}
    (problem,) = validate(changed({"/attributes": many | {"wait": "int"}})).problems

    assert (problem.pointer, "at most 100" in problem.detail) == ("/attributes", True)
