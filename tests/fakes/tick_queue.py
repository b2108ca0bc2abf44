"""A queue of the tick in memory."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain.errors import Unavailable
from chalicelib.usecases.stored import IndexRange


class FakeTickQueue:
    """
    Messages in the order in which they were sent; a test receives them by taking them out.

    ``down`` makes every call fail; ``room`` is how many messages it takes before it does.
    """

    def __init__(self) -> None:
        self.messages: list[IndexRange] = []
        self.calls = 0
        self.down = False
        self.room: int | None = None

    def waiting(self) -> int:
        """Return how many messages there are."""
        self._answer()
        return len(self.messages)

    def send(self, index_ranges: Sequence[IndexRange]) -> int:
        """Keep the messages."""
        self._answer()
        if self.room is not None and len(self.messages) + len(index_ranges) > self.room:
            raise _gone()
        self.messages.extend(index_ranges)
        self.calls += 1
        return len(index_ranges)

    def _answer(self) -> None:
        if self.down:
            raise _gone()


def _gone() -> Unavailable:
    return Unavailable("queue_unavailable", "The queue did not answer.")
