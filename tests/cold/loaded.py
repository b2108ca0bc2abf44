"""Which of our modules a cold process imports, and what it is expected to."""

from __future__ import annotations

import sysconfig
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from infra.packaging import stage_sources, write_paths
from tests.cold.cases import Case, Cases

FILE: Final = Path(__file__).with_name("loaded.txt")
_OURS: Final = "chalicelib"
_HEAD: Final = """\
# Our modules that a cold process imports for its first event, and for which: as `tests.cold.cases`
# makes them, without expressions.  `python -m tests.cold` writes this; what is new here, every such
# process pays for.
"""


def places(space: Path) -> list[Path]:
    """Stage the sources as the package has them; return the places of all that they import."""
    stage_sources(space)
    write_paths(space)
    return [space, Path(sysconfig.get_path("purelib"))]


def ours(modules: Iterable[str]) -> set[str]:
    """Return the names of our modules, without that of the package they are all in."""
    return {name.partition(".")[2] for name in modules if name.partition(".")[0] == _OURS} - {""}


def cases_of(cases: Cases) -> dict[str, Case]:
    """Return the events that `loaded.txt` has, by what it calls them."""
    return {"earn": cases.earn_by_key, "balance": cases.balance, "tick": cases.tick}


def expected() -> dict[str, set[str]]:
    """Return what `loaded.txt` says."""
    result: dict[str, set[str]] = defaultdict(set)
    for line in FILE.read_text("utf-8").splitlines():
        module, *events = line.partition("#")[0].split() or ("",)
        for event in events:
            result[event].add(module)
    return dict(result)


def written(loaded: Mapping[str, set[str]]) -> str:
    """Return the text of `loaded.txt`: a line for each module, with its events in columns."""
    modules = sorted(set().union(*loaded.values()))
    width = max(map(len, modules))
    lines = [
        f"{module:{width}}  "
        + " ".join(event if module in loaded[event] else " " * len(event) for event in loaded)
        for module in modules
    ]
    return _HEAD + "".join(f"{line.rstrip()}\n" for line in lines)
