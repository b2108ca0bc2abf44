"""
Send any number of requests that no client should send, and see every answer hold: ``make fuzz``.

    python -m tests.fuzz --requests 1000000
    python -m tests.fuzz --seed 7 --index 41207     # one request again, with all that led to it
"""

from __future__ import annotations

import argparse
import logging
import os
import secrets
import sys

from tests.fuzz import campaign, chapter
from tests.fuzz.campaign import Summary
from tests.fuzz.chapter import Violation


def main() -> int:
    """Run the command line; 1 where an answer was not one that may be given."""
    options = _options()
    if options.index is not None:
        return _replay(options.seed, options.index)
    print(f"{options.requests:,} requests, seed {options.seed}, {options.workers} processes")
    summary = campaign.run(options.seed, options.requests, options.workers, _tell)
    print()
    _report(summary)
    if summary.fault is not None:
        print(f"\n{described(summary.seed, summary.fault)}")
    return summary.fault is not None


def described(seed: int, fault: Violation) -> str:
    """Return all that it takes to understand a fault, and to have it again."""
    method, target, headers, body = fault.request
    answer = fault.answer
    lines = [
        f"request {fault.number:,} of seed {seed}, on the stores of kind {fault.store!r}:",
        f"  {method} {target!r}",
        *(f"  {name}: {value!r}" for name, value in headers.items()),
        f"  {body!r}",
        "no answer" if answer is None else f"answer {answer.status} {answer.headers}",
        "" if answer is None else f"  {answer.body!r}",
        fault.reason,
        f"Replay: python -m tests.fuzz --seed {seed} --index {fault.number}",
    ]
    return "\n".join(lines)


def _replay(seed: int, index: int) -> int:
    step = chapter.replayed(seed, index)
    if isinstance(step, Violation):
        print(described(seed, step))
        return 1
    print(described(seed, Violation(index, chapter.store_of(index), step.request, step.answer, "")))
    return 0


def _tell(done: int, seconds: float) -> None:
    end = "\r" if sys.stdout.isatty() else "\n"
    print(f"{done:>12,} requests {done / seconds:>8,.0f}/s", end=end, flush=True)


def _report(summary: Summary) -> None:
    rate = summary.requests / summary.seconds
    print(f"{summary.requests:,} requests in {summary.seconds:,.0f} s, {rate:,.0f}/s")
    for status, count in sorted(summary.statuses.items()):
        print(f"  {status}  {count:>10,}")
    print(f"  5xx  {summary.server_faults:>10,}")
    print(f"{len(summary.codes)} codes of refusal were told:")
    for code, count in summary.codes.most_common():
        print(f"  {count:>10,}  {code}")
    if missed := summary.never_accepted:
        print(f"never accepted: {', '.join(missed)}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 32))
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--index", type=int, help="replay the request with this index")
    return parser.parse_args()


if __name__ == "__main__":
    logging.captureWarnings(capture=True)
    sys.exit(main())
