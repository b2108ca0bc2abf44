"""Scheduled and queued work."""

from __future__ import annotations

from typing import Final

#: How many messages a worker is given at once, and how many workers there are at most: all that
#: falls due at one midnight is written at a rate that leaves the tables to their members.
BATCH_SIZE: Final = 10
CONCURRENCY_MAX: Final = 10
