"""Where examples are carried out: a tenant, and the things that were made in it."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from tests.catalogue.catalogue import EXAMPLES, GIVERS, declared, plain, programme
from tests.catalogue.example import TIMES, Example
from tests.journeys.client import AUTOMATIC, Answer, Api
from tests.journeys.world import START, Clinic

_ULID_LENGTH: Final = 26
_NAME: Final = re.compile(r"\{(\w+)\}")


class Things(dict[str, str]):
    """Names of things that belong together, with their values, and what was done with them."""

    def __init__(self) -> None:
        super().__init__()
        self.done: set[str] = set()


class Request(NamedTuple):
    """What an example sends, but for who sends it and the key."""

    method: str
    target: str
    body: Any
    headers: Mapping[str, str]


class Absent(dict[str, str]):
    """Names of things that are nowhere, each as its kind is written."""

    def __missing__(self, name: str) -> str:
        """Return such a name."""
        if name in TIMES:
            return START[: TIMES[name][1]]
        kind = plain(name)
        pattern = next(
            (each.pattern(kind) for each in declared().values() if kind in each.path_names), ""
        )
        own = pattern.partition("[")[0] + ("0" if name == kind else "1") * _ULID_LENGTH
        return next(each for each in ("none", "1", own) if re.fullmatch(pattern or ".*", each))


class Stage:
    """A tenant with the programme of the examples."""

    def __init__(self, clinic: Clinic, examples: Mapping[str, Example] = EXAMPLES) -> None:
        self.clinic = clinic
        self._examples = examples
        self._numbers = itertools.count(1)
        clinic.publish(programme())

    def prepared(self, example: Example, things: Things | None = None) -> Things:
        """Make what an example needs, unless it was made or done before, and return all of it."""
        things = Things() if things is None else things
        for step in example.steps:
            if step.operation not in things.done:
                self.carry_out(self._examples[step.operation], things, step.changes)
        for name in needed(example):
            if name not in things and name in GIVERS:
                self.carry_out(self._examples[GIVERS[name]], things)
            elif name not in things and plain(name) in GIVERS:
                others = Things()
                self.carry_out(self._examples[GIVERS[plain(name)]], others)
                things[name] = others[plain(name)]
        return things

    def carry_out(
        self, example: Example, things: Things, changes: Mapping[str, Any] | None = None
    ) -> Answer:
        """Carry an example out and learn the names that it gives."""
        self.prepared(example, things)
        answer = send(self.clinic.api, self.request(example, things, changes))
        assert answer.status < 300, f"{example.operation}: {answer.status} {answer.body!r}"
        things.update(given(example, answer))
        things.done.add(example.operation)
        return answer

    def request(
        self, example: Example, things: Things, changes: Mapping[str, Any] | None = None
    ) -> Request:
        """Return a new request of an example whose things are there, and mint its names."""
        for name, text in example.mints.items():
            things[name] = text.format(next(self._numbers))
        times = {
            name: self.clinic.now(days=days)[:length]
            for name, (days, length) in TIMES.items()
            if name in named(example)
        }
        return request_of(example, {**times, **things}, changes)


def send(api: Api, asked: Request, *, key: str | None = AUTOMATIC) -> Answer:
    """Send a request as somebody."""
    return api.send(asked.method, asked.target, asked.body, key=key, headers=asked.headers)


def request_of(
    example: Example, names: Mapping[str, str], changes: Mapping[str, Any] | None = None
) -> Request:
    """Return what an example sends, with the names filled in."""
    known = {name: example.names.get(name) or names[name] for name in named(example)}
    body = example.body if changes is None else {**example.body, **changes}
    path = _NAME.sub(lambda found: known[found[1]], example.path)
    target = f"{path}?{example.query}" if example.query else path
    return Request(example.method, target, filled(body, known), example.headers)


def needed(example: Example) -> list[str]:
    """Return the names that an example needs, those of its path first."""
    own = {*example.names, *example.mints, *TIMES}
    return [name for name in named(example) if name not in own]


def named(example: Example) -> list[str]:
    """Return every name in an example, those of its path first."""
    found = _NAME.findall(example.path) + _NAME.findall(json.dumps(example.body))
    return list(dict.fromkeys(found))


def given(example: Example, answer: Answer) -> dict[str, str]:
    """Return the names that an answer gives."""
    return {name: str(at(answer.json, place)) for name, place in example.gives.items()}


def at(document: Any, place: str) -> Any:
    """Return what stands at a place, such as ``hold/hold_id``."""
    for part in place.split("/"):
        document = document[part]
    return document


def filled(value: Any, names: Mapping[str, str]) -> Any:
    """Return a body with the names in it filled in."""
    if isinstance(value, dict):
        return {name: filled(item, names) for name, item in value.items()}
    if isinstance(value, list):
        return [filled(item, names) for item in value]
    if isinstance(value, str) and (found := _NAME.fullmatch(value)):
        return names[found[1]]
    return value
