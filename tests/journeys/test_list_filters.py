"""U8: what cannot be in any list is refused, where an empty one would pass for an answer."""

from __future__ import annotations

import pytest

from chalicelib.routes.http.operation import Query
from tests.catalogue.catalogue import EXAMPLES, declared
from tests.catalogue.stage import Request, Stage, Things, send
from tests.journeys.client import Answer
from tests.journeys.world import Clinic


def with_parameter(name: str) -> list[str]:
    """Return the operations that take a parameter of their query."""
    return sorted(
        operation.name
        for operation in declared().values()
        if name in getattr(operation.query or Query, "__struct_encode_fields__", ())
        and operation.method in {"GET", "POST"}
    )


def request_of(clinic: Clinic, name: str) -> Request:
    """Return the example of an operation, after all that it needs."""
    example = next(each for each in EXAMPLES.values() if declared()[each.operation].name == name)
    stage = Stage(clinic)
    return stage.request(example, stage.prepared(example, Things()))


def asked(clinic: Clinic, request: Request, query: str) -> Answer:
    """Send a request with another query."""
    target = f"{request.target.partition('?')[0]}?{query}"
    return send(clinic.api, request._replace(target=target), key=None)


def test_u8_there_are_such_lists() -> None:
    """Periods and programmes are parameters of many lists."""
    assert len(with_parameter("from")) >= 10
    assert len(with_parameter("programme")) >= 7


@pytest.mark.parametrize("name", with_parameter("from"))
def test_u8_a_period_begins_before_it_ends(
    clinic: Clinic, name: str, subtests: pytest.Subtests
) -> None:
    """By days or instants; one day is a period, and so is an instant, in which nothing is."""
    request = request_of(clinic, name)
    for since, to in (
        ("2026-03-05", "2026-03-04"),
        ("2026-03-05T10:00:00Z", "2026-03-05T09:59:59Z"),
        ("2026-03-06", "2026-03-05T09:00:00Z"),
        ("2026-03-06T00:00:00Z", "2026-03-05"),
    ):
        with subtests.test(since=since, to=to):
            refused = asked(clinic, request, f"from={since}&to={to}").expect(422, "invalid_query")
            assert refused["errors"] == [
                {"parameter": "to", "detail": f"must not be before `from`, which is {since}"}
            ]
    for since, to in (
        ("2026-03-05", "2026-03-05"),
        ("2026-03-05T10:00:00Z", "2026-03-05T10:00:00Z"),
        ("2026-03-05", "2026-03-05T00:00:00Z"),
    ):
        with subtests.test(since=since, to=to):
            asked(clinic, request, f"from={since}&to={to}").expect(200)


@pytest.mark.parametrize("name", with_parameter("programme"))
def test_u8_a_programme_that_is_not_there(clinic: Clinic, name: str) -> None:
    """It is refused as elsewhere, and those that there are are named."""
    request = request_of(clinic, name)

    refused = asked(clinic, request, "programme=nope").expect(404, "programme_not_found")

    assert refused["detail"] == (
        "`programme` is no published programme; these are published: clinic."
    )
    asked(clinic, request, "programme=clinic").expect(200)
