"""Which resource of the API a path belongs to, by API Gateway's rules."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote


class Router:
    """
    Finds the resource for a path among patterns such as ``/v1/members/{member}``.

    A literal segment beats a parameter, compared from the left; letters count as they are.
    """

    def __init__(self, resources: Iterable[str]) -> None:
        self._root = _Node()
        for resource in resources:
            node = self._root
            for segment in _segments(resource):
                node = node.child(segment)
            node.resource = resource

    def match(self, path: str) -> tuple[str, dict[str, str]] | None:
        """
        Return the resource and its parameters, percent-decoded, or None.

        ``path`` is still encoded, so ``%2F`` is part of a segment and not its end.  One trailing
        slash is ignored.  A segment that is empty, or not UTF-8 once decoded, matches nothing.
        """
        try:
            segments = [unquote(segment, errors="strict") for segment in _segments(path)]
        except UnicodeDecodeError:
            return None
        return self._root.find(segments, [])


class _Node:
    """One segment of the tree of resources."""

    def __init__(self) -> None:
        self.resource: str | None = None
        self._literal: dict[str, _Node] = {}
        self._parameter: _Node | None = None

    def child(self, segment: str) -> _Node:
        if _is_parameter(segment):
            self._parameter = self._parameter or _Node()
            return self._parameter
        return self._literal.setdefault(segment, _Node())

    def find(self, segments: list[str], values: list[str]) -> tuple[str, dict[str, str]] | None:
        if not segments:
            return None if self.resource is None else (self.resource, _named(self.resource, values))
        first, rest = segments[0], segments[1:]
        if first in self._literal and (found := self._literal[first].find(rest, values)):
            return found
        if self._parameter is None or not first:
            return None
        return self._parameter.find(rest, [*values, first])


def _segments(path: str) -> list[str]:
    return path.removeprefix("/").removesuffix("/").split("/") if path.strip("/") else []


def _is_parameter(segment: str) -> bool:
    return segment.startswith("{") and segment.endswith("}")


def _named(resource: str, values: list[str]) -> dict[str, str]:
    names = [segment[1:-1] for segment in _segments(resource) if _is_parameter(segment)]
    return dict(zip(names, values, strict=True))
