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
from chalicelib.usecases.fan_out import SHORT, fan_out, settle_range
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.stored import Due
from chalicelib.usecases.tick import Settle, Settled, settler

#: What the log calls it.
TICK: Final = "tick"


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

    What there was no time for is no failure: it is in the index, for the next run.
    """
    caller = _caller(context)
    settle = _sparing(services, caller)
    failed = [
        record["messageId"]
        for record in event["Records"]
        if not _settled(services, caller, record["body"], settle)
    ]
    metrics.flush()
    # What SQS learns of a batch: these messages come again, the others are done.
    return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}


def _settled(services: Services, caller: Caller, body: str, settle: Settle) -> bool:
    """Settle what one message names; return whether nothing of it has to come again."""
    try:
        ticked = settle_range(services, caller, tick_queue.decode(body), settle)
    except Exception as error:  # noqa: BLE001 - logged with its trace
        # Whatever one message holds, or however its part of the index fails, the others are done.
        message = "a message of the tick cannot be read"
        if not isinstance(error, msgspec.MsgspecError):
            message = "a part of the index cannot be settled"
        observability.failure(message, error, job="settle")
        return False
    observability.outcome("settle", job="settle", count=ticked.accounts)
    metrics.count("AccountsSettled", ticked.accounts)
    return not ticked.failed


def _caller(context: Any) -> Caller:
    return Caller("", CLOCK, context.get_remaining_time_in_millis)


def _sparing(services: Services, caller: Caller) -> Settle:
    """Return how one account is settled without an end to the run where it cannot be."""
    settle = settler(services, caller)

    def spare(place: Due) -> Settled:
        try:
            return settle(place)
        except Exception as error:  # noqa: BLE001 - logged with its trace
            # The edge of the job: whatever one account holds, its neighbours are settled.
            observability.failure(
                "an account cannot be settled",
                error,
                job=TICK,
                tenant=place.tenant,
                member_id=place.member,
            )
            return Settled(outcome="failed")

    return spare
