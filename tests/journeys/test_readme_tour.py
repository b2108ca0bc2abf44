"""The tour of the README, pasted line by line into a shell, against a server of its own."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from infra.local.program import Program
from tests.readme import ROOT, Step, differences, shortened, tour

STEPS: Final = tour()
# What the first part shows for a weekday after nine, and says is higher at other times.
HIGHER_AT_TIMES: Final = re.compile(r"(?<=[ :])(50|110|10)(?=[,}])")


class Pasted(NamedTuple):
    """What the shell said to one line."""

    line: str
    status: int
    output: str
    complaints: str


class Toured(NamedTuple):
    """Every step with what the shell said to its lines."""

    steps: tuple[tuple[Step, tuple[Pasted, ...]], ...]

    def answers(self) -> list[tuple[Step, Any]]:
        """Return the steps whose answer is shown, with the answer to their last line."""
        return [(step, json.loads(said[-1].output)) for step, said in self.steps if step.answer]


@pytest.fixture(scope="module")
def toured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Toured]:
    """Paste the whole tour, as someone does who has just started the server."""
    clone = tmp_path_factory.mktemp("clone")
    (clone / "chalicelib").symlink_to(ROOT / "chalicelib")
    (clone / ".venv").symlink_to(sys.prefix)
    with Program(clone / ".local"):
        yield Toured(tuple(_paste(clone)))


def test_every_line_can_be_pasted(toured: Toured) -> None:
    """No line fails, and none complains."""
    failed = [
        pasted
        for _, said in toured.steps
        for pasted in said
        if pasted.status != 0 or pasted.complaints
    ]

    assert failed == []


def test_answers_are_those_shown(toured: Toured) -> None:
    """Each answer is what the README shows of it, number by number, but for what it leaves out."""
    unusual = _visit_earned(toured) != 50
    found = {}
    for step, told in toured.answers():
        shown = step.answer
        if unusual and not step.part:
            shown = HIGHER_AT_TIMES.sub('"…"', shown)
        if faults := differences(shortened(shown), told):
            found[step.lines[-1]] = faults

    assert found == {}


def test_numbers_hold_at_any_time(toured: Toured) -> None:
    """What the visit earned is what the README says for this hour, and the rest follows from it."""
    earned = _visit_earned(toured)
    balances = [
        told["balances"][0]["available"]
        for step, told in toured.answers()
        if "balances" in told and not step.part
    ]

    assert earned == _announced(toured)
    assert balances == [earned, earned, earned + 60, earned + 60, earned - 40, earned - 40, -40]


def test_a_retry_is_answered_as_the_first_time(toured: Toured) -> None:
    """The redemption that is sent twice in the tour has one answer, to the byte."""
    first, second = (
        said[-1].output for step, said in toured.steps if "/redemptions " in step.lines[-1]
    )

    assert first == second


def _visit_earned(toured: Toured) -> int:
    visit = next(told for _, told in toured.answers() if "awards" in told)
    return sum(award["amount"] for award in visit["awards"])


def _announced(toured: Toured) -> int:
    """Return what the README says that a visit earns at the hour of this one."""
    visit = next(told for _, told in toured.answers() if "awards" in told)
    there = datetime.fromisoformat(visit["occurred_at"]).astimezone(ZoneInfo("Europe/London"))
    return (100 if there.isoweekday() > 5 else 50) + (20 if there.hour < 9 else 0)


def _paste(directory: Path) -> Iterator[tuple[Step, tuple[Pasted, ...]]]:
    """Run every line in one shell, which goes on after a line that fails, as a person's does."""
    lines = [line for step in STEPS for line in step.lines]
    said = directory / "said"
    said.mkdir()
    script = "set -o pipefail\n" + "".join(
        f"eval {shlex.quote(line)} >said/{place} 2>said/{place}.err; echo $? >said/{place}.status\n"
        for place, line in enumerate(lines)
    )
    kept = {name: text for name, text in os.environ.items() if not name.startswith("TESSERA_")}
    subprocess.run(["/bin/bash", "-c", script], cwd=directory, env=kept, check=True)
    pasted = iter(
        Pasted(
            line,
            int((said / f"{place}.status").read_text()),
            (said / str(place)).read_text(),
            (said / f"{place}.err").read_text(),
        )
        for place, line in enumerate(lines)
    )
    for step in STEPS:
        yield step, tuple(next(pasted) for _ in step.lines)
