"""
What tells an activity from the one that is on record under its identity.

Only a refusal asks, so only then is this imported, and the event on record read.
"""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain.decide.claims import EventRef
from chalicelib.domain.errors import Invalid
from chalicelib.domain.ledger import journal
from chalicelib.domain.ledger.activity import Activity, meaning, recorded_in
from chalicelib.domain.ledger.events import ActivityRecorded, Event
from chalicelib.usecases.services import Caller, Services, is_seen
from chalicelib.usecases.stored import Remembered

_PLACES = {
    "type": "/type",
    "occurred_at": "/occurred_at",
    "category": "/category",
    "channel": "/channel",
    "location": "/location",
    "provider": "/provider",
}


def differs(
    services: Services, caller: Caller, activity: Activity, member: str | None, known: Remembered
) -> Invalid:
    """Return the refusal of an activity that is not the one on record, with what differs."""
    if not is_seen(services, caller, known.member):
        return Invalid(
            "idempotency_key_reused",
            "Another activity of this source and external_id is on record. Nothing was changed.",
        )
    place = EventRef(known.member, known.version)
    stored = services.ledger.load(caller.tenant, [], [place]).records[place]
    event = None if stored is None else journal.decode(stored)
    if event is None or not isinstance(event.data, ActivityRecorded):
        raise AssertionError("the record of an activity names its event")
    if event.data.quote:
        return Invalid(
            "idempotency_key_reused",
            "This purchase is on record as the confirmation of a quote: nothing is left to report, "
            "and nothing was changed.",
        )
    places = [] if member == known.member else ["/member"]
    return differs_in(places + list(_differences(activity, event)))


def differs_in(places: list[str]) -> Invalid:
    """Return the refusal of an activity that differs at these pointers from the one on record."""
    return Invalid(
        "idempotency_key_reused",
        "An activity of this source and external_id is on record, and this one differs from it; "
        "see errors. Nothing was changed. What was recorded wrongly is taken back with "
        "POST /v1/activities/reversals.",
        errors=[{"pointer": place, "detail": "is not what is on record"} for place in places],
    )


def _differences(sent: Activity, event: Event) -> Iterator[str]:
    given, known = meaning(sent), meaning(recorded_in(event))
    yield from dict.fromkeys(_sums(sent, given, known))
    for name, place in _PLACES.items():
        if getattr(given, name) != getattr(known, name):
            yield place
    for name in sorted(given.attributes.keys() | known.attributes.keys()):
        if given.attributes.get(name) != known.attributes.get(name):
            yield f"/attributes/{name}"
    if given.lines != known.lines:
        yield "/lines"


def _sums(sent: Activity, given: Activity, known: Activity) -> Iterator[str]:
    """Yield where what lines may add up to differs; one that was not sent is said of the lines."""
    follows = given.lines != known.lines
    if given.amount != known.amount and not (follows and sent.amount is None):
        yield "/amount" if sent.amount is None else "/amount/amount"
    if given.money != known.money:
        if sent.amount is not None:
            yield "/amount/currency"
        else:
            yield "/currency" if sent.money or given.lines or known.lines else "/amount"
    if given.quantity != known.quantity and not (follows and sent.quantity is None):
        yield "/quantity"
