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
# What the tour shows for a weekday after nine, and says is higher at other times.
HIGHER_AT_TIMES: Final = re.compile(r"(?<=[ :])(50|110|10)(?=[,}])")
# From here on the time is that of a sandbox.
SANDBOX: Final = "/v1/sandboxes"


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

    def to(self, part: str) -> list[dict[str, Any]]:
        """Return the answers to every line that has this in it, shown or not."""
        return [
            json.loads(pasted.output)
            for _, said in self.steps
            for pasted in said
            if part in pasted.line and pasted.output
        ]


@pytest.fixture(scope="module")
def toured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Toured]:
    """Paste the whole tour, as someone does who has just started the server."""
    clone = tmp_path_factory.mktemp("clone")
    (clone / "chalicelib").symlink_to(ROOT / "chalicelib")
    (clone / ".venv").symlink_to(sys.prefix)
    with Program(clone / ".local"):
        yield Toured(tuple(_paste(clone)))


def test_every_line_can_be_pasted(toured: Toured) -> None:
    """No line fails, none complains, and no call is refused, whether its answer is shown or not."""
    failed = [
        pasted
        for _, said in toured.steps
        for pasted in said
        if pasted.status != 0 or pasted.complaints or '"/problems/' in pasted.output
    ]

    assert failed == []


def test_answers_are_those_shown(toured: Toured) -> None:
    """Each answer is what the README shows of it, number by number, but for what it leaves out."""
    unusual = _visit_earned(toured) != 50
    found = {}
    for step, result in toured.answers():
        shown = step.answer
        if unusual and not _in_sandbox(step):
            shown = HIGHER_AT_TIMES.sub('"…"', shown)
        if unlike := differences(shortened(shown), result):
            found[step.lines[-1]] = unlike

    assert found == {}


def test_every_step_but_the_first_shows_its_answer(toured: Toured) -> None:
    """Only the step that sets the shell up has nothing to show."""
    assert [bool(step.answer) for step, _ in toured.steps] == [False] + [True] * (len(STEPS) - 1)


def test_numbers_hold_at_any_time(toured: Toured) -> None:
    """What the visit earned is what the README says for this hour, and the rest follows from it."""
    earned = _visit_earned(toured)
    balances = [
        result["balances"][0]["available"]
        for step, result in toured.answers()
        if "balances" in result and not _in_sandbox(step)
    ]

    assert earned == _announced(toured)
    assert balances == [earned, earned + 60, earned - 40, -40]


def test_a_dry_run_answers_the_same(toured: Toured) -> None:
    """The purchase is first tried, and then recorded, with the same awards and balances."""
    tried, recorded = toured.to('"$BASKET"')

    assert [tried[name] for name in ("awards", "balances", "explanation")] == [
        recorded[name] for name in ("awards", "balances", "explanation")
    ]


def test_a_retry_is_answered_as_the_first_time(toured: Toured) -> None:
    """The redemption that is sent twice in the tour has one answer, to the byte."""
    first, second = (
        pasted.output
        for _, said in toured.steps
        for pasted in said
        if "/redemptions " in pasted.line
    )

    assert first == second


def test_the_account_verifies(toured: Toured) -> None:
    """The account is what its journal says, all of it."""
    (verification,) = toured.to("/verification")
    (ledger,) = toured.to("/ledger")

    assert verification["verified"]
    assert verification["events"] == len(ledger["events"])


def test_value_ends_at_midnight(toured: Toured) -> None:
    """In the sandbox the points are gone once the clock shows the next day."""
    after, before = toured.to("/balance")

    assert [each["balances"][0]["available"] for each in (before, after)] == [50, 0]


def _in_sandbox(step: Step) -> bool:
    first = next(place for place, each in enumerate(STEPS) if SANDBOX in "".join(each.lines))
    return STEPS.index(step) >= first


def _visit_earned(toured: Toured) -> int:
    visit = next(result for _, result in toured.answers() if "awards" in result)
    return sum(award["amount"] for award in visit["awards"])


def _announced(toured: Toured) -> int:
    """Return what the README says that a visit earns at the hour of this one."""
    visit = next(result for _, result in toured.answers() if "awards" in result)
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
