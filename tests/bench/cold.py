"""
Cold starts, as deployed: what a fresh process takes until its first event is answered.

Ours imports the event module and serves one event; the floor makes the same calls from a bare
botocore client out of the same package.  Both see the package and nothing else, and a stand-in for
DynamoDB that answers at once (`tests.cold`).  Times are the processor's, rounds are interleaved,
and a ratio is that of the least times: what else the machine does only ever adds to them.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from infra import archive
from infra.packaging import Package
from tests.bench.tables import Table
from tests.cold.cases import Case, Cases
from tests.cold.process import Started
from tests.cold.stand_in import StandIn
from tests.journeys.world import Ground

ROUNDS: Final = 20
QUICK_ROUNDS: Final = 3
TOP: Final = 12
_IMPORT_TIME: Final = re.compile(r"import time: +(?P<own>\d+) \| +\d+ \| +(?P<package>\w+)")


class Row(NamedTuple):
    """What is timed under one name: a case in one place, against its floor in another."""

    name: str
    case: Case
    place: Path
    floor: Path


class Least(NamedTuple):
    """The least milliseconds of ours and of the floor, and the megabytes that ours needs."""

    ours: float
    floor: float
    megabytes: float


def tables(package: Package, rounds: int = ROUNDS) -> Iterator[Table]:
    """Yield the table of cold starts, and that of what the imports of an earn are made of."""
    with tempfile.TemporaryDirectory() as directory, StandIn().started() as stand_in:
        space = Path(directory)
        cases = Cases(Ground(space), stand_in)
        rows = list(_rows(cases, package.unpacked, space))
        found = _measure(cases, rows, rounds)
        yield _starts(rows, found, rounds)
        yield _modules(cases, package.unpacked)


def _rows(cases: Cases, compiled: Path, space: Path) -> Iterator[Row]:
    """Yield what is timed; ``space`` takes a copy without compiled modules, and the rival."""
    for case in cases.all:
        yield Row(case.name, case, compiled, compiled)
    plain = space / "plain"
    for path in archive.files(compiled):
        if path.suffix != ".pyc":
            copy = plain / path.relative_to(compiled)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.symlink_to(path.resolve())
    yield Row("the earn by API key, without .pyc", cases.earn_by_key, plain, plain)
    rival = _rival(space)
    if rival is not None:
        yield Row("FastAPI, Mangum, boto3: a bare earn", cases.rival, rival, compiled)


def _rival(space: Path) -> Path | None:
    """Install the rival into a directory of its own; ``None`` where it cannot be had."""
    here = Path(__file__).parent
    place = space / "rival"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--require-hashes", "--no-deps", "--target", str(place)]
    command += ["--requirement", str(here / "requirements-rival.txt")]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        return None
    source = here / "rival_handler.py"
    (place / source.name).write_bytes(source.read_bytes())
    archive.compile_modules(place)
    return place


def _measure(cases: Cases, rows: Sequence[Row], rounds: int) -> list[Least]:
    """Time every row and its floor in every round, after one that is not counted."""
    runs = [[_pair(cases, row) for row in rows] for _ in range(rounds + 1)]
    found = []
    for pairs in zip(*runs[1:], strict=True):
        ours, floors = zip(*pairs, strict=True)
        found.append(
            Least(
                min(each.milliseconds for each in ours),
                min(each.milliseconds for each in floors),
                min(each.megabytes for each in ours),
            )
        )
    return found


def _pair(cases: Cases, row: Row) -> tuple[Started, Started]:
    return cases.run(row.case, [row.place]), cases.run_bare(row.case, [row.floor])


def _starts(rows: Sequence[Row], found: Sequence[Least], rounds: int) -> Table:
    notes = ["Processor time, the least of all rounds, with .pyc unless told otherwise; the floor"]
    notes.append("makes the same calls.  Lambda has a part of a core: milliseconds there are more.")
    if all(row.case.module == "app" for row in rows):
        notes.append("FastAPI is left out: its packages cannot be had from here.")
    return Table(
        f"1. Cold: import and first event, {rounds} interleaved rounds",
        ("first event", "floor ms", "ours ms", "ours / floor", "MB"),
        [
            (row.name, least.floor, least.ours, least.ours / least.floor, least.megabytes)
            for row, least in zip(rows, found, strict=True)
        ],
        notes,
    )


def _modules(cases: Cases, place: Path) -> Table:
    started = cases.run(cases.earn_by_key, [place], "-X", "importtime")
    spent, modules = _by_package(started.log)
    total = sum(spent.values())
    rows = [
        (name, modules[name], microseconds / 1000, 100 * microseconds / total)
        for name, microseconds in spent.most_common(TOP)
    ]
    rest = total - sum(microseconds for _, microseconds in spent.most_common(TOP))
    others = sum(modules.values()) - sum(row[1] for row in rows)
    return Table(
        "1. Imports of the earn by API key (one run, its own time without what it imports)",
        ("package", "modules", "ms", "%"),
        [*rows, ("all others", others, rest / 1000, 100 * rest / total)],
    )


def _by_package(import_times: str) -> tuple[Counter[str], Counter[str]]:
    """Return microseconds and modules by top-level package, of what `-X importtime` prints."""
    spent: Counter[str] = Counter()
    modules: Counter[str] = Counter()
    for line in import_times.splitlines():
        found = _IMPORT_TIME.match(line)
        if found is not None:
            spent[found["package"]] += int(found["own"])
            modules[found["package"]] += 1
    return spent, modules
