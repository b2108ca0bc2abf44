"""
The scheduled tick and its workers: what fell due is written, here or by many at once.

An account that cannot be settled is logged and left to an operator; its neighbours pass.  In a run
of its own that is all, since the next run tries it again.  A message with such an account is
reported as failed, alone of its batch: the queue gives it out again, and after some attempts
puts it aside, from where `tessera redrive` sends it once more.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from chalicelib import metrics, observability
from chalicelib.domain.ledger.actor import CLOCK
from chalicelib.integrations import tick_queue
from chalicelib.usecases.fan_out import SHORT, fan_out, settle_stretch
from chalicelib.usecases.ports import Due
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.tick import Settle, Settled, settler

#: How many messages a worker is given at once, and how many workers there are at most: all that
#: falls due at one midnight is written at a rate that leaves the tables to their members.
BATCH_SIZE: Final = 10
CONCURRENCY_MAX: Final = 10

#: What the log calls it.
TICK: Final = "tick"


class NotSettled(Exception):
    """Some accounts of a message could not be settled."""


def run(services: Services, context: Any, *, short: int = SHORT) -> dict[str, Any]:
    """
    Settle what is due by now while the function has time left, or hand a long list to workers.

    Returns what `Ticked` holds, by name.
    """
    caller = _caller(context)
    settle = _sparing(services, caller)
    ticked = fan_out(services, caller, services.wall_clock(), settle, short=short)
    observability.outcome("tick", job=TICK, count=ticked.accounts, lag_ms=ticked.lag_ms)
    metrics.count("TickLagMs", ticked.lag_ms)
    metrics.count("AccountsSettled", ticked.accounts)
    metrics.flush()
    return ticked._asdict()


def work(services: Services, event: dict[str, Any], context: Any) -> dict[str, Any]:
    """
    Settle what the messages of one SQS event name, and return which of them failed.

    What was left for want of time is no failure: it is in the index, for the next run.
    """
    # The API shares this package, and its cold start has no use for batches.
    from aws_lambda_powertools.utilities.batch import (
        BatchProcessor,
        EventType,
        process_partial_response,
    )
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

    caller = _caller(context)
    settle = _sparing(services, caller)

    def handle(record: SQSRecord) -> None:
        try:
            stretch = tick_queue.decode(record.body)
        except msgspec.MsgspecError as fault:
            observability.failure("a message of the tick cannot be read", fault, job="settle")
            raise
        ticked = settle_stretch(services, caller, stretch, settle)
        observability.outcome("settle", job="settle", count=ticked.accounts)
        metrics.count("AccountsSettled", ticked.accounts)
        if ticked.failed:
            raise NotSettled(f"{ticked.failed} accounts could not be settled")

    # All of a batch may fail, and is then reported like a part of it.
    processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
    failed = process_partial_response(
        event=event, record_handler=handle, processor=processor, context=context
    )
    metrics.flush()
    return dict(failed)


def _caller(context: Any) -> Caller:
    return Caller("", CLOCK, context.get_remaining_time_in_millis)


def _sparing(services: Services, caller: Caller) -> Settle:
    """Return how one account is settled without an end to the run where it cannot be."""
    settle = settler(services, caller)

    def spare(place: Due) -> Settled:
        try:
            return settle(place)
        except Exception as fault:  # noqa: BLE001 - logged with its trace
            # The edge of the job: whatever one account holds, its neighbours are settled.
            observability.failure(
                "an account cannot be settled",
                fault,
                job=TICK,
                tenant=place.tenant,
                member_id=place.member,
            )
            return Settled(outcome="failed")

    return spare
