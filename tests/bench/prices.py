"""
What an operation costs on AWS, by list prices of one day and what it was measured to take.

Prices are of us-east-1 in US dollars.  They change: correct them here, and the date with them.
"""

from __future__ import annotations

from typing import Final, NamedTuple

DATE: Final = "2026-11-01"
MILLION: Final = 1_000_000

WRITE_UNITS: Final = 0.625  # a million write request units, on demand
READ_UNITS: Final = 0.125  # a million read request units, on demand
LAMBDA_REQUESTS: Final = 0.20  # a million
LAMBDA_GB_SECOND: Final = 0.0000133334  # arm64
REST_API: Final = 3.50  # a million requests

#: Lambda's memory, of which the share of a core follows: 1,769 MB is one.
MEMORY_MB: Final = 1024
CORE_MB: Final = 1769
#: What DynamoDB takes for a call within a region: an assumption, not a measurement.
READ_MS: Final = 3.0
WRITE_MS: Final = 8.0


class Price(NamedTuple):
    """Dollars for a million operations, by what is paid for."""

    database: float
    function: float
    gateway: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.database + self.function + self.gateway


def price(
    *, read_units: float, write_units: float, reads: int, writes: int, processor_ms: float
) -> Price:
    """
    Return what a million operations cost.

    ``processor_ms`` is measured on a whole core; the function has its share of one, and waits for
    each call.  API Gateway counts a request whatever it asks for.
    """
    waiting = reads * READ_MS + writes * WRITE_MS
    seconds = (processor_ms * CORE_MB / MEMORY_MB + waiting) / 1000
    gigabyte_seconds = seconds * MEMORY_MB / 1024
    return Price(
        database=read_units * READ_UNITS + write_units * WRITE_UNITS,
        function=LAMBDA_REQUESTS + gigabyte_seconds * LAMBDA_GB_SECOND * MILLION,
        gateway=REST_API,
    )


#: What peers publish of prices and limits; most give a price on request only.
PEERS: Final = (
    ("Smile", "REST API on the plan for $999 a month only"),
    ("Voucherify", "price by quota, and over it calls are refused at once"),
    ("Talon.One", "price on request; 3 management requests a second, 3 at once a profile"),
    ("Open Loyalty, Antavo", "price on request"),
    ("Salesforce Loyalty", "1,000 journals a request; limits are up to 30 minutes late"),
)
