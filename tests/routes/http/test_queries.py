"""Query strings are as strict as bodies."""

from __future__ import annotations

import msgspec
import pytest

from chalicelib.domain.errors import Invalid
from chalicelib.routes.http.operation import Query
from chalicelib.routes.http.queries import parse_query
from tests.routes.toy import Listing


class Many(Query, frozen=True):
    """A query with a parameter that may be repeated."""

    id: list[str] = msgspec.field(default_factory=list)
    since: int | None = None


def errors(given: dict[str, list[str]], declared: type[Query] | None = Listing) -> list[str]:
    """What is wrong with each parameter."""
    with pytest.raises(Invalid) as refused:
        parse_query(given, declared)
    assert refused.value.code == "invalid_query"
    return [f"{error['parameter']}: {error['detail']}" for error in refused.value.errors]


def test_values_are_of_their_type() -> None:
    """Numbers, booleans and choices are read; the rest keeps its default."""
    query = parse_query({"limit": ["7"], "deep": ["true"], "state": ["used"]}, Listing)

    assert query == Listing(limit=7, deep=True, state="used")
    assert parse_query({}, Listing) == Listing()
    assert parse_query({}, None) is None


def test_a_list_may_be_repeated() -> None:
    """Only a declared list takes several values."""
    assert parse_query({"id": ["a", "b"], "since": ["-5"]}, Many) == Many(id=["a", "b"], since=-5)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"limit": ["0"]}, ["limit: must be at least 1"]),
        ({"limit": ["101"]}, ["limit: must be at most 100"]),
        ({"limit": ["1.0"]}, ["limit: must be a whole number"]),
        ({"limit": ["1e1"]}, ["limit: must be a whole number"]),
        ({"limit": ["٣"]}, ["limit: must be a whole number"]),
        ({"limit": [""]}, ["limit: must be a whole number"]),
        ({"limit": ["9" * 40]}, ["limit: must be a whole number"]),
        ({"limit": ["1", "2"]}, ["limit: must be given once"]),
        ({"deep": ["True"]}, ["deep: must be `true` or `false`"]),
        ({"deep": ["1"]}, ["deep: must be `true` or `false`"]),
        ({"state": ["lost"]}, ["state: must be one of `open`, `used`"]),
        ({"cursor": ["\x00"]}, ["cursor: must be at most 2048 ordinary characters"]),
        ({"cursor": ["x" * 2049]}, ["cursor: must be at most 2048 ordinary characters"]),
    ],
)
def test_bad_values(given: dict[str, list[str]], expected: list[str]) -> None:
    """Each is named by its parameter."""
    assert errors(given) == expected


def test_every_parameter_is_told_at_once() -> None:
    """Unknown and wrong ones come in one answer, by name."""
    result = errors({"limit": ["x"], "state": ["lost"], "page": ["2"]})

    assert [line.partition(":")[0] for line in result] == ["limit", "page", "state"]
    assert "use `state`, `deep`, `limit`, `cursor`" in result[1]


def test_an_operation_without_a_query_takes_none() -> None:
    """Even there an unknown parameter is an error."""
    assert errors({"x": ["1"]}, None) == ["x: is not a known parameter; this operation takes none"]
