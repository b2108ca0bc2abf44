"""What is mutated, and which tests are asked, the nearest first."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from itertools import islice, zip_longest
from pathlib import Path
from random import Random
from typing import Final

import msgspec
from msgspec import Struct

from tests.mutants.operators import Mutant, mutants_of

ROOT: Final = Path(__file__).parents[2]

#: Where a mistake costs money or time: all that keeps, decides and commits value.
CRITICAL: Final = (
    "chalicelib/domain/ledger/*.py",
    "chalicelib/domain/decide/*.py",
    "chalicelib/domain/mechanics/*.py",
    "chalicelib/domain/programme/recurrence.py",
    "chalicelib/usecases/attempt.py",
    "chalicelib/usecases/execution.py",
)

#: What checks or tells a document stands beside mechanics, and moves nothing.
_OF_DOCUMENTS: Final = re.compile(r"/(\w+_rules|\w+_words|tier_reach|declared_names)\.py$")

#: Each is asked about what the one before it let live.  The first two stand beside the code: files
#: that share a word of their name with the module or import it, then all others without the API.
NEAR: Final = "near"
TIERS: Final = {
    NEAR: ("tests/domain", "tests/usecases"),
    "domain": ("tests/domain", "tests/usecases"),
    "journeys": ("tests/journeys", "tests/jobs"),
}
BESIDE: Final = (NEAR, "domain")
#: These ask a server or a shell, which is about something else and takes long.
_APART: Final = re.compile(r"test_(story_|readme_tour|transports|reference)")


class Equivalent(Struct, frozen=True, forbid_unknown_fields=True):
    """A mutant that behaves as the code does, and why."""

    key: str
    where: str
    change: str
    why: str


def modules(root: Path) -> list[str]:
    """Return the paths of what is mutated, in order."""
    found = {file for pattern in CRITICAL for file in root.glob(pattern)}
    paths = sorted(str(file.relative_to(root)) for file in found)
    return [path for path in paths if not _OF_DOCUMENTS.search(path)]


def all_mutants(root: Path) -> list[Mutant]:
    """Return every mutant of every such module, in order."""
    paths = modules(root)
    return [each for path in paths for each in mutants_of(path, (root / path).read_text("utf-8"))]


def sample(mutants: list[Mutant], count: int, seed: int) -> list[Mutant]:
    """
    Draw so many, of each operator alike: for the same seed and the same code the same ones.

    Arguments to swap are most of what there is to mistake, and seldom what is mistaken.
    """
    chance = Random(seed)  # noqa: S311 - a sample is no secret
    by_operator: dict[str, list[Mutant]] = {}
    for mutant in mutants:
        by_operator.setdefault(mutant.operator, []).append(mutant)
    shuffled = [chance.sample(each, len(each)) for each in by_operator.values()]
    rounds = (mutant for each in zip_longest(*shuffled) for mutant in each if mutant is not None)
    return list(islice(rounds, count))


def equivalents(file: Path = ROOT / "tests/mutants/equivalents.toml") -> dict[str, Equivalent]:
    """Return the mutants that no test can kill, by key."""
    listed = tomllib.loads(file.read_text("utf-8")).get("equivalent", [])
    return {each.key: each for each in msgspec.convert(listed, list[Equivalent])}


def files_for(root: Path, path: str, tier: str) -> list[str]:
    """Return the files of tests that a tier asks about a module, those most like it first."""
    module = Path(path)
    files = [
        file
        for directory in TIERS[tier]
        for file in sorted((root / directory).rglob("test_*.py"))
        if not _APART.match(file.name)
    ]
    if tier in BESIDE:
        near = {file for file in files if _is_near(file, module)}
        if not any(_likeness(file, module) for file in near):
            # A module without tests of its own has those of its room.
            near |= {file for file in files if file.parent.name == module.parent.name}
        files = [file for file in files if (file in near) is (tier == NEAR)]
    # Of the rest, those of the same room come first: they are likelier to kill it.
    files.sort(key=lambda file: (-_likeness(file, module), file.parent.name != module.parent.name))
    return [str(file.relative_to(root)) for file in files]


def asked(root: Path, mutants: Iterable[Mutant], tier: str) -> list[str]:
    """Return all files that a tier asks about any of these."""
    paths = {mutant.path for mutant in mutants}
    return sorted({file for path in paths for file in files_for(root, path, tier)})


def _is_near(file: Path, module: Path) -> bool:
    imports = rf"(?m)^from \S+\.{module.stem} import|^from \S+ import .*\b{module.stem}\b"
    return _likeness(file, module) > 0 or re.search(imports, file.read_text("utf-8")) is not None


def _likeness(file: Path, module: Path) -> int:
    return len(_words(module.stem) & _words(file.stem))


def _words(name: str) -> set[str]:
    # `stamp_cards` is like `test_stamps`.
    return {word.rstrip("s") for word in name.split("_")} - {"test"}
