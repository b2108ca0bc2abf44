"""Let schemathesis take its time over a server on a throwaway state: ``make fuzz-http``."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import app
from chalicelib.routes.http.openapi import encoded
from infra.local.program import Program
from tests.journeys.world import ServerWorld
from tests.openapi import checking


def main() -> int:
    """Run the command line; 1 where a check fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.openapi", description=__doc__)
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        space = Path(directory)
        with Program(space / "server", keeps_state=False) as program:
            world = ServerWorld(program)
            report = checking.check(
                json.loads(encoded(app.app)),
                program.base_url,
                checking.callers_of(world.sandbox(), world.sandbox()),
                space,
                seconds=options.seconds,
                seed=options.seed,
            )
    print(report.output)
    return bool(report.failures)


if __name__ == "__main__":
    sys.exit(main())
