"""Locations that a document names and its tenant does not have."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain.authoring.validation import Problem
from chalicelib.domain.locations import Locations
from chalicelib.domain.pointer import join
from chalicelib.domain.spelling import nearest


def unknown_locations(document: object, known: Locations, at: str = "") -> Iterator[Problem]:
    """Yield a warning of each one, in a document as it was sent, with the one that was meant."""
    if isinstance(document, list):
        for place, each in enumerate(document):
            yield from unknown_locations(each, known, join(at, place))
        return
    if not isinstance(document, dict):
        return
    for name, part in document.items():
        here = join(at, name)
        if name != "locations" or not isinstance(part, list):
            yield from unknown_locations(part, known, here)
            continue
        for place, each in enumerate(part):
            if isinstance(each, str) and known.get(each) is None:
                near = nearest(each, [one.id for one in known])
                hint = f"did you mean `{near}`?" if near else "nothing happens there."
                yield Problem(join(here, place), f"is no location of the tenant: {hint}")
