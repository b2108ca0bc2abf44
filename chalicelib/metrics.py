"""
Figures for CloudWatch, counted where things happen and reported once at the end of each invocation.

They are reported in the embedded metric format: one line of JSON in the log for each set of
dimensions, which CloudWatch reads, so no call is made.  Nothing is reported where `TESSERA_METRICS`
names no namespace, as on a developer's machine.  Dimensions are codes, currencies and names of
operations, never a tenant, a member or anything else of a person: each new value is another metric
to pay for.
"""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from typing import Final

#: What may be counted: the unit, and the dimension that it comes with, if any.
METRICS: Final[dict[str, tuple[str, str]]] = {
    "ValueIssued": ("Count", "currency"),
    "ValueRedeemed": ("Count", "currency"),
    "ValueExpired": ("Count", "currency"),
    "Refusals": ("Count", "code"),
    "Conflicts": ("Count", ""),
    "UnknownOutcomes": ("Count", ""),
    "Retries": ("Count", ""),
    "AccountsSettled": ("Count", ""),
    "TickLagMs": ("Milliseconds", ""),
}
NAMESPACE: Final = "TESSERA_METRICS"


class _Counted(threading.local):
    """What this thread's invocation has counted so far, by dimension and metric."""

    def __init__(self) -> None:
        self.values: dict[str, dict[str, int]] = defaultdict(dict)


_counted: Final = _Counted()


def count(metric: str, amount: int = 1, of: str = "") -> None:
    """
    Add to a metric; ``of`` is the value of its dimension.

    Raises ``ValueError`` for a metric that is not declared, or one without its dimension.
    """
    _, dimension = METRICS.get(metric, ("", ""))
    if metric not in METRICS or bool(dimension) is not bool(of):
        raise ValueError(f"no metric {metric} of {of!r}")
    found = _counted.values[of]
    found[metric] = found.get(metric, 0) + amount


def flush() -> None:
    """Tell what was counted since the last time, and begin anew."""
    if not _counted.values:
        return
    values, _counted.values = _counted.values, defaultdict(dict)
    # nosemgrep: environment - anything anywhere may count, so no wiring hands this on
    namespace = os.environ.get(NAMESPACE)
    if not namespace:
        return
    from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

    for of, found in values.items():
        lines: dict[str, EphemeralMetrics] = {}
        for metric, amount in found.items():
            unit, dimension = METRICS[metric]
            line = lines.setdefault(dimension, EphemeralMetrics(namespace=namespace, service="api"))
            if dimension:
                line.add_dimension(dimension, of)
            line.add_metric(metric, MetricUnit(unit), amount)
        for line in lines.values():
            line.flush_metrics()
