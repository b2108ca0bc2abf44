"""The composition root of what AWS calls: the API, and a two-line entry point for every job."""

from __future__ import annotations

import functools
from typing import Any

from chalice.app import Chalice, CloudWatchEvent, Rate, SQSEvent

from chalicelib import wiring
from chalicelib.jobs import ticking
from chalicelib.routes import cors, http
from chalicelib.routes.resources import RESOURCES

app = Chalice(app_name="tessera")
app.api.cors = cors.allowing(wiring.cors_origin())
app.register_middleware(http.problem_middleware, "http")
for resource in RESOURCES:
    app.register_blueprint(resource.blueprint)

runtime = functools.cache(wiring.runtime)
http.provide(runtime)


@app.schedule(Rate(1, unit=Rate.MINUTES))
def tick(event: CloudWatchEvent) -> dict[str, Any]:
    """Settle what fell due."""
    return ticking.run(runtime().use_cases, event.context)


@app.on_sqs_message(
    queue=wiring.queue_name("tick"),
    batch_size=ticking.BATCH_SIZE,
    maximum_concurrency=ticking.CONCURRENCY_MAX,
)
def settle(event: SQSEvent) -> dict[str, Any]:
    """Settle a part of a long list of what fell due."""
    return ticking.work(runtime().use_cases, event.to_dict(), event.context)
