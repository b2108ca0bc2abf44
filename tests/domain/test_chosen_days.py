"""Days of somebody's choice."""

from __future__ import annotations

from datetime import date

import pytest

from chalicelib.domain.errors import Invalid
from chalicelib.domain.ledger.chosen_days import parse_chosen_date


@pytest.mark.parametrize("text", ["1900-01-01", "8999-12-31"])
def test_chosen(text: str) -> None:
    """A date of somebody's choice leaves room for every term before it and after it."""
    assert parse_chosen_date(text, "/on") == date.fromisoformat(text)


@pytest.mark.parametrize("text", ["1899-12-31", "9000-01-01", "9999-12-31", "2026-02-29"])
def test_chosen_too_far(text: str) -> None:
    """Beyond that it is refused, as what is no date is."""
    with pytest.raises(Invalid, match="invalid_date") as refused:
        parse_chosen_date(text, "/until_on")
    assert [each["pointer"] for each in refused.value.errors] == ["/until_on"]
