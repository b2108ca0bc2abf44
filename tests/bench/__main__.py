"""
Measure, without judging: `python -m tests.bench` prints every table.

`--quick` makes do with fewer rounds and accounts, `--only warm` prints some of the tables.

What must hold is held by tests; these figures are to be read.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

# Before anything makes a client: no measurement reads the machine's credentials or reaches AWS.
os.environ.update(
    {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
)

from chalicelib import observability
from infra.distributions import native_target
from infra.packaging import ROOT, Package, build, report
from tests.bench import carts, cold, crowd, growth, online, operations, scale, speed, units
from tests.bench.ground import Warm
from tests.bench.tables import Table
from tests.journeys.world import Ground

PARTS: Final = ("cold", "warm", "units", "growth", "scale", "http", "package", "carts")


def main() -> None:
    """Print the tables as they come."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer accounts and rounds")
    parser.add_argument("--only", choices=PARTS, action="append", help="some of the tables")
    options = parser.parse_args()
    # A line of log for every request would be most of what is printed.
    observability.logger().setLevel("ERROR")
    begun = time.perf_counter()
    print(f"{_today()}, {_machine()}\n")
    for table in _tables(set(options.only or PARTS), quick=options.quick):
        print(table)
        sys.stdout.flush()
    print(f"All of it took {time.perf_counter() - begun:.0f} s.")


def _tables(wanted: set[str], *, quick: bool) -> Iterator[Table | str]:
    if wanted & {"cold", "package"}:
        package = build("dev", native_target(), ROOT / "build" / "bench", cache=ROOT / "build")
        if "cold" in wanted:
            yield from cold.tables(package, cold.QUICK_ROUNDS if quick else cold.ROUNDS)
        if "package" in wanted:
            yield _sizes(package)
    if wanted & {"warm", "units", "growth"}:
        with tempfile.TemporaryDirectory() as directory:
            warm = Warm(Ground(Path(directory)))
            yield operations.table(warm)
            result, processor_ms = speed.table(warm, speed.QUICK_ROUNDS if quick else speed.ROUNDS)
            yield result
            if "units" in wanted:
                yield from units.tables(warm, processor_ms)
            if "growth" in wanted:
                yield growth.table(warm)
    if "carts" in wanted:
        with tempfile.TemporaryDirectory() as directory:
            rounds = carts.QUICK_ROUNDS if quick else carts.ROUNDS
            yield carts.table(Ground(Path(directory)), rounds)
    if "scale" in wanted:
        yield scale.table(crowd.connect(), scale.QUICK_SIZES if quick else scale.SIZES)
    if "http" in wanted:
        yield from online.tables(online.QUICK_REQUESTS if quick else online.REQUESTS)


def _sizes(package: Package) -> str:
    return f"5. Package, for this machine's processor\n{report(package)}\n"


def _today() -> str:
    return time.strftime("%Y-%m-%d", time.gmtime())


def _machine() -> str:
    models = re.findall(r"(?m)^model name\s*: (.*)$", _text("/proc/cpuinfo"))
    memory = re.search(r"MemTotal:\s*(\d+) kB", _text("/proc/meminfo"))
    gigabytes = f", {int(memory[1]) / 1024**2:.0f} GiB" if memory else ""
    model = f" of {models[0]}" if models else ""
    return f"{os.cpu_count()} cores{model}{gigabytes}, Python {platform.python_version()}"


def _text(path: str) -> str:
    file = Path(path)
    return file.read_text() if file.exists() else ""


if __name__ == "__main__":
    main()
