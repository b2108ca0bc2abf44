"""A campaign on a small tree of its own: what is killed, what survives, and what is drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
import pytest

from tests.mutants import campaign, reach
from tests.mutants.campaign import (
    BrokenGroundError,
    Outcome,
    Score,
    ask,
    chosen,
    copy,
    planted,
    run,
    told,
)
from tests.mutants.ground import (
    ROOT,
    all_mutants,
    files_for,
    modules,
    sample,
)
from tests.mutants.operators import Mutant
from tests.mutants.reach import Chosen, Reached

PATH: Final = "chalicelib/domain/ledger/lots.py"
CODE: Final = """\
def is_due(at, now):
    return at <= now


def waits(left):
    while left > 0:
        left -= 1
    return left
"""
PLUGINS: Final = ("tests/mutants/hurry.py", "tests/mutants/reach.py")
TESTS: Final = """\
from chalicelib.domain.ledger.lots import is_due, waits

def test_is_due():
    assert is_due(1, 2) and not is_due(3, 2)

def test_waits():
    assert waits(3) == 0
"""
AT_THE_LIMIT: Final = """\
from chalicelib.domain.ledger.lots import is_due

def test_journey():
    assert is_due(2, 2)
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a tree with one module, and a test near it that forgets the limit."""
    files = {
        "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n',
        PATH: CODE,
        "tests/domain/ledger/test_lots.py": TESTS,
        "chalicelib/domain/__init__.py": "",
        **{each: (ROOT / each).read_text("utf-8") for each in PLUGINS},
    }
    for name, text in files.items():
        (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / name).write_text(text, "utf-8")
    return tmp_path / "tree"


def mutant(tree: Path, operator: str, line: int) -> Mutant:
    """Return the mutant of that operator in that line."""
    found = [each for each in all_mutants(tree) if (each.operator, each.line) == (operator, line)]
    return found[0]


def test_a_planted_survivor_is_reported(tree: Path) -> None:
    """With its file, line, function, operator and key, as a diff; the tree itself is as it was."""
    survivor = mutant(tree, "boundary", 2)

    outcomes = list(run(tree, [survivor, mutant(tree, "nothing", 2)], ["near"], 1))

    assert sorted(str(each.tier) for each in outcomes) == ["None", "near"]
    assert list(told(outcomes, tree)) == [
        "killed 1 of 2 (50.0%), 0 of these by time",
        "beside the code 1 of 2 (50.0%)",
        "  near: 1",
        "survived: 1",
        f"\n{PATH}:2 is_due (boundary, {survivor.key})",
        "-     return at <= now\n+     return at < now",
    ]
    assert (tree / PATH).read_text("utf-8") == CODE


def test_the_next_tier_is_asked_about_what_lives(tree: Path) -> None:
    """A journey kills what the tests near the code let live, and the outcome names it."""
    (tree / "tests/journeys").mkdir()
    (tree / "tests/journeys/test_limits.py").write_text(AT_THE_LIMIT, "utf-8")

    (outcome,) = run(tree, [mutant(tree, "boundary", 2)], ["near", "journeys"], 1)

    assert outcome.tier == "journeys"
    assert outcome.by == "tests/journeys/test_limits.py::test_journey"


def test_only_tests_that_call_it_are_asked(tree: Path) -> None:
    """By what each calls, itself or where its file is imported; a constant concerns all of them."""
    (tree / PATH).write_text(f"LIMIT = 0 < 1\n\n\n{CODE}", "utf-8")
    late = "from chalicelib.domain.ledger import lots\n\nDUE = lots.is_due(1, 2)\n\n"
    test = "tests/domain/ledger/test_lots_due.py"
    (tree / test).write_text(f"{late}def test_constant():\n    assert DUE\n", "utf-8")
    files = files_for(tree, PATH, "near")
    note = tree / "reached.json"
    ask(tree, files, None, **{reach.NOTE: str(note)})
    reached = msgspec.json.decode(note.read_bytes(), type=Reached)
    constant, due, waits = (mutant(tree, "boundary", line) for line in (1, 5, 9))

    def run(of: Mutant) -> set[str]:
        return {test.partition("::")[2] for test in chosen(reached, of, files).run}

    assert (constant.function, due.function, waits.function) == ("", "is_due", "waits")
    assert run(constant) == {"test_constant", "test_is_due", "test_waits"}
    assert run(due) == {"test_constant", "test_is_due"}
    assert run(waits) == {"test_waits"}


SHARED: Final = """\
import functools

import pytest

from chalicelib.domain.ledger import lots

@pytest.fixture(scope="module")
def due():
    return lots.is_due(1, 2)

ONE = lots.Kept()

def test_first(due):
    assert due and ONE.left == 0

def test_second(due):
    assert due

def test_third():
    assert ONE.left == 0

def test_other():
    pass
"""
KEPT: Final = """

class Kept:
    @functools.cached_property
    def left(self):
        return waits(3)
"""


def test_what_tests_share_is_called_by_each_of_them(tree: Path) -> None:
    """A fixture of a module, by all that use it; what an object keeps, by all of their file."""
    (tree / PATH).write_text(f"import functools\n\n{CODE}{KEPT}", "utf-8")
    (tree / "tests/domain/ledger/test_lots.py").write_text(SHARED, "utf-8")
    files = files_for(tree, PATH, "near")
    note = tree / "reached.json"
    ask(tree, files, None, **{reach.NOTE: str(note)})
    reached = msgspec.json.decode(note.read_bytes(), type=Reached)

    def calling(function: str) -> set[str]:
        place = reached.functions.index(f"{PATH}|{function}")
        return {
            test.partition("::")[2] for test, called in reached.by_test.items() if place in called
        }

    assert calling("is_due") == {"test_first", "test_second"}
    assert calling("Kept.left") == {"test_first", "test_second", "test_third", "test_other"}


def test_the_plugin_leaves_out_what_is_known_not_to_matter(tree: Path) -> None:
    """What it does not know is run: a mistake may have given a test its name."""
    (tree / PATH).write_text(CODE.replace("<=", ">"), "utf-8")
    files = files_for(tree, PATH, "near")
    choice = tree / "chosen.json"
    ends = []
    for leave in ([f"{files[0]}::test_is_due"], [f"{files[0]}::test_waits"]):
        choice.write_bytes(msgspec.json.encode(Chosen([], leave)))
        ends.append(ask(tree, files, None, **{reach.RUN: str(choice)})[0])

    assert ends == [None, f"{files[0]}::test_is_due"]


def test_what_hangs_is_ended(tree: Path, tmp_path: Path) -> None:
    """And told apart from what a test found."""
    working = copy(tree, tmp_path / "copy")
    near = files_for(working, PATH, "near")

    with planted(mutant(tree, "arithmetic", 7), working):
        assert ask(working, near, 5)[0] == "timeout"
    assert ask(working, near, None)[0] is None


def test_what_cannot_be_imported_is_killed(tree: Path, tmp_path: Path) -> None:
    """Whoever would run it once would see it."""
    working = copy(tree, tmp_path / "copy")
    (working / PATH).write_text("1 // 0\n", "utf-8")

    failed, _ = ask(working, files_for(working, PATH, "near"), None)
    assert failed == "tests/domain/ledger/test_lots.py"


def test_broken_ground_teaches_nothing(tree: Path) -> None:
    """Where tests fail on the code as it is, there is no score."""
    (tree / PATH).write_text(CODE.replace("<=", ">"), "utf-8")

    with pytest.raises(BrokenGroundError, match="test_is_due fails without any mutant"):
        list(run(tree, [mutant(tree, "nothing", 2)], ["near"], 1))


def test_counts_add_up() -> None:
    """What took too long counts as killed; what journeys kill is not killed beside the code."""
    one = all_mutants(ROOT)[0]
    ends = [("near", "a"), ("domain", "timeout"), ("journeys", "b"), (None, "")]
    counted = campaign.score([Outcome(one, tier, by) for tier, by in ends])

    assert counted == Score(mutants=4, killed=3, beside=2, timed_out=1)
    assert counted.of(3) == "3 of 4 (75.0%)"


def test_a_seed_draws_the_same_again() -> None:
    """Each operator has its share; another seed draws others; no more than there are."""
    every = all_mutants(ROOT)
    drawn = sample(every, 55, 7)

    assert drawn == sample(every, 55, 7)
    assert drawn != sample(every, 55, 8)
    assert {each.operator for each in drawn} == {each.operator for each in every}
    assert len(set(drawn)) == 55
    assert sorted(sample(every[:9], 99, 7), key=every.index) == every[:9]


def test_modules_and_their_tests_are_found() -> None:
    """Those that move value and time, and first the tests that are like them."""
    found = set(modules(ROOT))
    assert {"chalicelib/domain/mechanics/holds.py", PATH} <= found
    assert found.isdisjoint(
        f"chalicelib/domain/mechanics/{each}.py" for each in ("tier_rules", "tier_words")
    )
    near = files_for(ROOT, "chalicelib/domain/mechanics/stamp_cards.py", "near")
    others = files_for(ROOT, "chalicelib/domain/mechanics/stamp_cards.py", "domain")

    like = [file for file in near if "stamp" in file or "card" in file]
    assert "tests/domain/mechanics/test_stamps.py" in like
    assert near[: len(like)] == like
    assert "tests/domain/test_late_reports.py" in near  # it imports the module
    assert "tests/domain/ledger/test_lots.py" in others
    assert not set(near) & set(others)
