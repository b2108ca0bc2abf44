"""Which requests are the same."""

from __future__ import annotations

from msgspec.structs import replace

from chalicelib.domain.ledger.activity import Activity
from chalicelib.usecases.identity import activity_identity, activity_key, request_identity

ACTIVITY = Activity(
    type="visit.completed",
    source="emr",
    external_id="v1",
    occurred_at=1_790_000_000_000,
    attributes={"a": 1, "b": True},
)


def test_the_same_activity() -> None:
    """An activity is itself however its parts are ordered."""
    again = replace(ACTIVITY, attributes={"b": True, "a": 1})

    assert activity_identity(ACTIVITY) == activity_identity(again)
    assert activity_identity(ACTIVITY).key == activity_key("emr", "v1")


def test_another_activity_under_the_same_name() -> None:
    """An activity that differs in anything has the same key and another fingerprint."""
    first, other = activity_identity(ACTIVITY), activity_identity(replace(ACTIVITY, quantity=2))

    assert first.key == other.key
    assert first.fingerprint != other.fingerprint


def test_kinds_and_parts_are_kept_apart() -> None:
    """No activity has the key of a request, and no letter moves between parts."""
    made = {
        activity_key("emr", "v1"),
        activity_key("em", "rv1"),
        request_identity("emr", "v1", b"").key,
        request_identity("em", "rv1", b"").key,
    }

    assert len(made) == 4
    assert all(len(key) == 64 for key in made)
