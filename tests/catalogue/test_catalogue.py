"""The catalogue is whole: every operation that is declared, and nothing else."""

from __future__ import annotations

import pytest

from tests.catalogue.catalogue import EXAMPLES, GIVERS, MODULES, declared, plain
from tests.catalogue.example import Example
from tests.catalogue.stage import needed


def test_every_operation_has_its_example() -> None:
    """Each that is declared has one, in the file of its resource, and none is left over."""
    found = [(resource, each.operation) for resource, m in MODULES.items() for each in m.EXAMPLES]

    assert sorted(found) == sorted((each.resource, name) for name, each in declared().items())


def test_every_name_is_given_once() -> None:
    """What a path or a body names, one example makes, and no two do."""
    names = [name for each in EXAMPLES.values() for name in (*each.gives, *each.mints)]

    assert len(names) == len(set(names))
    assert {plain(name) for each in EXAMPLES.values() for name in needed(each)} <= GIVERS.keys()


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=lambda each: each.operation)
def test_an_example_fits_its_operation(example: Example) -> None:
    """It has a body where one is declared, and only what comes before it can be a step."""
    assert (example.body is None) == (declared()[example.operation].body is None)
    assert {step.operation for step in example.steps} <= EXAMPLES.keys() - {example.operation}
