"""
What tests need beyond the environment, fetched before the first of them, so that none downloads.

    python -m tests.set_up

keeps under ``build/`` what the package is tried out with, and Amazon's DynamoDB Local where there
is a JDK.  `make` runs it once, after it made the environment.  What cannot be had is said, and is
no reason to stop: the tests that want it say so, too.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from infra.distributions import PackagingError, native_target
from infra.packaging import kept_distributions
from tests.engine import dynamodb_local

BUILD: Final = Path(__file__).parents[1] / "build"


def main() -> None:
    """Fetch all of it, unless it is here."""
    BUILD.mkdir(exist_ok=True)
    try:
        kept_distributions(native_target(), BUILD)
    except PackagingError as missing:
        sys.stderr.write(f"{missing}\n")
    try:
        dynamodb_local.fetch()
    except dynamodb_local.MissingError as missing:
        sys.stderr.write(f"Tests on DynamoDB Local will be left out: {missing}\n")


if __name__ == "__main__":
    main()
