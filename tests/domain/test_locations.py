"""A tree of locations: what belongs to which, and what may replace it."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.errors import Invalid
from chalicelib.domain.locations import DEPTH_MAX, Facility, Locations, decode, encode
from tests.examples import examples


def made(*parents: tuple[str, str]) -> Locations:
    """Return locations of (id, parent), in that order."""
    return Locations().replaced(facilities(parents))


def facilities(parents: Iterable[tuple[str, str]]) -> list[Facility]:
    """Return facilities of (id, parent), named as their ids."""
    return [Facility(name, name, parent) for name, parent in parents]


def numbers(locations: Locations) -> dict[str, int]:
    """Return the numbers by the ids."""
    return {each.id: each.number for each in locations}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ([], set()),
        (["a"], {"a", "b", "c", "d"}),
        (["b"], {"b", "c"}),
        (["c", "e"], {"c", "e"}),
        (["a", "c"], {"a", "b", "c", "d"}),
        (["nowhere"], set()),
        (["nowhere", "e"], {"e"}),
    ],
)
def test_what_belongs_to_them(wanted: list[str], found: set[str]) -> None:
    """Each, and whatever is below it."""
    tree = made(("a", ""), ("b", "a"), ("c", "b"), ("d", "a"), ("e", ""))

    assert tree.within(wanted) == {numbers(tree)[each] for each in found}


@pytest.mark.parametrize(
    ("parents", "pointer", "said"),
    [
        ([("a", ""), ("a", "")], "/locations/1/id", "there already"),
        ([("a", "b")], "/locations/0/parent", "none of these"),
        ([("a", "a")], "/locations/0/parent", "belong to itself"),
        ([("a", "b"), ("b", "a")], "/locations/0/parent", "belong to itself"),
        ([("a", ""), ("b", "c"), ("c", "d"), ("d", "b")], "/locations/1/parent", "to itself"),
        (
            [("l0", ""), *((f"l{n}", f"l{n - 1}") for n in range(1, DEPTH_MAX + 1))],
            f"/locations/{DEPTH_MAX}/parent",
            f"at most {DEPTH_MAX}",
        ),
    ],
)
def test_no_tree(parents: list[tuple[str, str]], pointer: str, said: str) -> None:
    """Each refusal says where it is."""
    with pytest.raises(Invalid) as refused:
        made(*parents)

    assert refused.value.code == "invalid_locations"
    first = refused.value.errors[0]
    assert first["pointer"] == pointer
    assert said in first["detail"]


def test_the_deepest_tree() -> None:
    """So many above one another are taken."""
    tree = made(("l0", ""), *((f"l{n}", f"l{n - 1}") for n in range(1, DEPTH_MAX)))

    assert len(tree.within(["l0"])) == DEPTH_MAX


def test_numbers_stay() -> None:
    """A number is of one location for ever, in whatever order they come and wherever they move."""
    first = made(("a", ""), ("b", "a"))
    second = first.replaced(facilities([("c", ""), ("b", "c"), ("a", "")]))
    third = second.replaced(facilities([("d", ""), ("c", ""), ("b", ""), ("a", "")]))

    assert numbers(first) == {"a": 1, "b": 2}
    assert numbers(second) == {"a": 1, "b": 2, "c": 3}
    assert numbers(third) == {"a": 1, "b": 2, "c": 3, "d": 4}
    with pytest.raises(Invalid) as refused:
        third.replaced(facilities([("d", ""), ("e", "")]))
    assert "`c`, `b`, `a`" in refused.value.errors[0]["detail"]


@settings(max_examples=examples(200))
@given(st.lists(st.integers(0, 30), min_size=1, max_size=30))
def test_any_tree(above: list[int]) -> None:
    """What is stored is read again; a location is within those above it, and within no other."""
    parents = [(f"l{n}", f"l{up}" if up < n else "") for n, up in enumerate(above)]
    try:
        tree = made(*parents)
    except Invalid as refused:
        assert "at most" in refused.errors[0]["detail"]  # noqa: PT017 - what else is drawn is a tree
        return

    assert list(decode(encode(tree))) == list(tree)
    up = dict(parents)
    for name, number in numbers(tree).items():
        chain = {name}
        while up[name]:
            name = up[name]  # noqa: PLW2901 - the next one above
            chain.add(name)
        assert {each.id for each in tree if number in tree.within([each.id])} == chain


def test_nothing_stored() -> None:
    """A tenant without locations has none."""
    assert not decode(b"")
    assert decode(b"").within(["a"]) == frozenset()
