"""What Lambda gives to a job: contexts with so much time left, and events of a queue."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

from chalicelib.integrations.tick_queue import encode
from chalicelib.usecases.stored import IndexRange


class Time:
    """
    The context of an invocation that has time for so many looks at the clock.

    Before each account a job looks once, so ``looks`` bounds how many it settles.
    """

    def __init__(self, looks: int | None = None) -> None:
        self._left = itertools.repeat(60_000, looks) if looks is not None else None

    def get_remaining_time_in_millis(self) -> int:
        """Return a minute, and after the last look next to nothing."""
        return 60_000 if self._left is None else next(self._left, 100)


def sqs_event(bodies: Iterable[str]) -> dict[str, Any]:
    """Return the event of a batch; the ids of its messages are m0, m1 and so on."""
    return {
        "Records": [
            {"messageId": f"m{n}", "body": body, "eventSource": "aws:sqs", "attributes": {}}
            for n, body in enumerate(bodies)
        ]
    }


def batch(index_ranges: Iterable[IndexRange]) -> dict[str, Any]:
    """Return the event of a batch of index_ranges."""
    return sqs_event(map(encode, index_ranges))


def failed(answer: dict[str, Any]) -> list[str]:
    """Return the ids of the messages that a worker reports as failed."""
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]
