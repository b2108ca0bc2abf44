"""Let the storm rage at length: ``make storm``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.engine import storm


def main() -> int:
    """Run the command line; an AssertionError says what does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.engine", description=storm.__doc__)
    parser.add_argument("--operations", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as directory,
        storm.raging(Path(directory), options.operations, options.seed) as raged,
    ):
        print(storm.report(raged))
        storm.check(raged)
        print("The journal says the same: each accepted write once, none of the refused.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
