"""
Cold starts: what importing the package takes, against the least that such a function must import.

Every figure is from a fresh interpreter that sees the unpacked package and nothing else (`-I -S`).
Rounds are interleaved, so that what else the machine does weighs on all alike; the floor is a bare
botocore client for DynamoDB out of the same package.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from infra import archive
from infra.packaging import Package
from tests.bench.tables import Table

ROUNDS: Final = 15
QUICK_ROUNDS: Final = 3
TOP: Final = 12
_IMPORT_TIME: Final = re.compile(r"import time: +(?P<own>\d+) \| +\d+ \| +(?P<package>\w+)")

_CLIENT: Final = """
import botocore.session
botocore.session.Session().create_client(
    "dynamodb", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
"""
_WIRED: Final = """
import app
from chalicelib import wiring
env = {"AWS_REGION": "eu-west-1", "TESSERA_ROOT_KEY": "a" * 43 + "="}
wiring.runtime(env)
wiring.tables(env).connection.client
"""
_TIMED: Final = """
import os, sys, time
sys.path[:0] = [sys.argv[1]]
os.environ.update(AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", AWS_DEFAULT_REGION="eu-west-1")
began = time.perf_counter()
{work}
took = time.perf_counter() - began
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(took * 1000, int(status["VmHWM"].split()[0]) / 1024)
"""


class Probe(NamedTuple):
    """Something to import: by its name, from where, and whether against compiled modules."""

    name: str
    work: str
    place: Path


class Figures(NamedTuple):
    """Milliseconds and megabytes, medians of all rounds, and the ratio to the floor."""

    milliseconds: float
    ratio: float
    megabytes: float


def probes(package: Package, space: Path) -> Iterator[Probe]:
    """Yield what is timed, the floor first; ``space`` takes a copy without compiled modules."""
    compiled = package.unpacked
    plain = space / "plain"
    for path in archive.files(compiled):
        if path.suffix != ".pyc":
            copy = plain / path.relative_to(compiled)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.symlink_to(path.resolve())
    yield Probe("floor: botocore and a client for DynamoDB", _CLIENT, compiled)
    yield Probe("API: import", "import app; app.app", compiled)
    yield Probe("API: import, wired, with its client", _WIRED, compiled)
    yield Probe("tick: import, wired, with its client", _WIRED + "app.tick", compiled)
    batch = "import aws_lambda_powertools.utilities.batch\n"
    events = "import aws_lambda_powertools.utilities.data_classes.sqs_event\n"
    yield Probe("settle: the same, and a batch", _WIRED + batch + events + "app.settle", compiled)
    yield Probe("floor, without .pyc", _CLIENT, plain)
    yield Probe("API: wired, without .pyc", _WIRED, plain)
    rival = _rival(space)
    if rival is not None:
        yield Probe("FastAPI, Mangum, boto3: the same earn", "import rival_handler", rival)


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


def measure(found: Sequence[Probe], rounds: int) -> list[Figures]:
    """Time every probe in every round; the ratio is the median of those of the rounds."""
    runs = [[_run(probe) for probe in found] for _ in range(rounds)]
    figures = []
    for number, probe in enumerate(found):
        milliseconds = [run[number][0] for run in runs]
        floor = 5 if "without" in probe.name else 0
        ratios = [run[number][0] / run[floor][0] for run in runs]
        memory = median(run[number][1] for run in runs)
        figures.append(Figures(median(milliseconds), median(ratios), memory))
    return figures


def _run(probe: Probe) -> tuple[float, float]:
    command = [sys.executable, "-I", "-S", "-B", "-c", _TIMED.format(work=probe.work)]
    done = subprocess.run(
        [*command, str(probe.place)], env={}, capture_output=True, text=True, check=True
    )
    took, memory = done.stdout.split()[-2:]
    return float(took), float(memory)


def tables(package: Package, rounds: int = ROUNDS) -> Iterator[Table]:
    """Yield the table of cold imports, and that of what the API's import is made of."""
    with tempfile.TemporaryDirectory() as space:
        found = list(probes(package, Path(space)))
        rows = [
            (probe.name, *figures)
            for probe, figures in zip(found, measure(found, rounds), strict=True)
        ]
    notes = ["Functions share one package and one module; ratios without .pyc are to the floor"]
    notes.append("without.  Lambda has a part of a core, so milliseconds there are more.")
    if len(found) == len(rows) < 8:
        notes.append("FastAPI is left out: its packages cannot be had from here.")
    headings = ("import", "ms", "ratio to floor", "MB")
    yield Table(f"1. Cold import, medians of {rounds} rounds", headings, rows, notes)
    yield _modules(package)


def _modules(package: Package) -> Table:
    command = [sys.executable, "-I", "-S", "-B", "-X", "importtime", "-c"]
    done = subprocess.run(
        [*command, _TIMED.format(work=_WIRED), str(package.unpacked)],
        env={},
        capture_output=True,
        text=True,
        check=True,
    )
    spent, modules = _by_package(done.stderr)
    total = sum(spent.values())
    rows = [
        (name, modules[name], microseconds / 1000, 100 * microseconds / total)
        for name, microseconds in spent.most_common(TOP)
    ]
    rest = total - sum(microseconds for _, microseconds in spent.most_common(TOP))
    others = sum(modules.values()) - sum(row[1] for row in rows)
    return Table(
        "1. Of which, by package (one run, its own time without what it imports)",
        ("package", "modules", "ms", "%"),
        [*rows, ("all others", others, rest / 1000, 100 * rest / total)],
    )


def _by_package(told: str) -> tuple[Counter[str], Counter[str]]:
    """Return microseconds and modules by top-level package, of what `-X importtime` prints."""
    spent: Counter[str] = Counter()
    modules: Counter[str] = Counter()
    for line in told.splitlines():
        found = _IMPORT_TIME.match(line)
        if found is not None:
            spent[found["package"]] += int(found["own"])
            modules[found["package"]] += 1
    return spent, modules
