"""The composition root of what AWS calls: the API, and a short entry point for every job."""

from __future__ import annotations

import functools
from typing import Any

from chalice.app import Chalice, CloudWatchEvent, Rate, SQSEvent

from chalicelib import jobs, loading, wiring

services = functools.cache(wiring.services)


def prepare(api: Chalice) -> None:
    """Declare what holds for every route; a job never comes here, and so loads none."""
    from chalicelib.routes.http import cors, resource

    if origin := wiring.cors_origin():
        api.api.cors = cors.allowing(origin)
    # All is text.  Every answer would be compared with each binary type, twice.
    api.api.binary_types = []
    api.register_middleware(resource.problem_middleware, "http")
    resource.provide(lambda: wiring.runtime(services()))


app = loading.OnDemand("tessera", prepare, loading.packaged_paths())


@app.schedule(Rate(1, unit=Rate.MINUTES))
def tick(event: CloudWatchEvent) -> dict[str, Any]:
    """Settle what fell due."""
    from chalicelib.jobs import ticking

    try:
        return ticking.run(services(), event.context)
    finally:
        loading.started()


@app.on_sqs_message(
    queue=wiring.queue_name("tick"),
    batch_size=jobs.BATCH_SIZE,
    maximum_concurrency=jobs.CONCURRENCY_MAX,
)
def settle(event: SQSEvent) -> dict[str, Any]:
    """Settle a part of a long list of what fell due."""
    from chalicelib.jobs import ticking

    try:
        return ticking.work(services(), event.to_dict(), event.context)
    finally:
        loading.started()
