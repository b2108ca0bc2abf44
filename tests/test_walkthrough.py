"""
The capability that `chalicelib/README.md` adds works, made of nothing but the page's blocks.

A copy of the code gets them, where they say: a new file, or lines beside those that are there.  A
server runs that copy.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from infra.local.program import Program
from tests.journeys.client import Answer, Api, OverHttp
from tests.journeys.contract import Contract
from tests.readme import ROOT, Block, blocks

BLOCKS: Final = blocks(ROOT / "chalicelib" / "README.md")
NEW_FILES: Final = [block for block in BLOCKS if block.place and block.language != "diff"]
CHANGES: Final = [block for block in BLOCKS if block.place and block.language == "diff"]
SECTION: Final[dict[str, Any]] = json.loads(
    next(block.text for block in BLOCKS if block.language == "json")
)
CLINIC: Final = {
    "id": "clinic",
    "name": "Clinic",
    "time_zone": "Europe/London",
    "money": {"currency": "GBP"},
    "currencies": [{"id": "points", "name": "points", "expiry": {"type": "never"}}],
}

pytestmark = pytest.mark.http


class Clinic(NamedTuple):
    """A tenant of the server that has the capability, and two members, one in a household."""

    api: Api
    tenant: str
    member: str
    buddy: str

    def train(self, check_in: str, *, key: str | None = None, buddy: str = "") -> Answer:
        """Record that the two trained together."""
        body = {"programme": "clinic", "buddy": buddy or self.buddy, "check_in": check_in}
        given = {} if key is None else {"key": key}
        return self.api.post(f"/v1/members/{self.member}/buddy-sessions", body, **given)

    def available(self, member: str) -> int:
        """Return how many points a member has."""
        (held,) = self.api.get(f"/v1/members/{member}/balance").expect(200)["balances"]
        return int(held["available"])


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the code with the blocks in it."""
    copy = tmp_path_factory.mktemp("copy")
    shutil.copytree(
        ROOT / "chalicelib", copy / "chalicelib", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("app.py", "infra"):
        (copy / name).symlink_to(ROOT / name)
    for block in NEW_FILES:
        file = copy / block.place
        assert not file.exists(), f"{block.place} is there already"
        file.write_text(block.text, "utf-8")
    for block in CHANGES:
        file = copy / block.place
        file.write_text(_changed(file.read_text("utf-8"), block), "utf-8")
    return copy


@pytest.fixture(scope="module")
def served(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Serve the copy."""
    directory = tmp_path_factory.mktemp("state")
    with Program(directory, keeps_state=False, more=_only(built)) as program:
        yield program


@pytest.fixture(scope="module")
def api(served: Program) -> Api:
    """Return the API of the copy as its administrator sees it."""
    transport = OverHttp(served.base_url)
    document = json.loads(transport("GET", "/openapi.json", {}, b"").body)
    return Api(transport, Contract(document), served.credentials["api_key"])


@pytest.fixture
def clinic(api: Api) -> Clinic:
    """Return a new tenant whose programme uses the capability."""
    made = api.post("/v1/sandboxes", {"now": "2026-03-02T10:00:00Z"}).expect(201)
    tenant = api.as_(made["api_key"])
    tenant.post("/v1/programmes", {"document": CLINIC | SECTION}).expect(201)
    tenant.post("/v1/programmes/clinic/versions/1/publication", {}).expect(200)
    member, buddy = (tenant.post("/v1/members", {}).expect(201)["id"] for _ in "ab")
    founding = {"member_id": member, "role": "adult", "max_members": 2}
    tenant.post("/v1/households", founding).expect(201)
    return Clinic(tenant, made["tenant"], str(member), str(buddy))


def test_both_earn_and_the_record_counts(clinic: Clinic) -> None:
    """Each session gives both members the award, and counts in the record of the pair."""
    counts = [clinic.train(f"door-{number}").expect(201)["sessions"] for number in (1, 2)]

    assert counts == [1, 2]
    assert [clinic.available(each) for each in (clinic.member, clinic.buddy)] == [40, 40]


def test_the_journals_of_three_accounts_say_so(
    clinic: Clinic, built: Path, served: Program
) -> None:
    """All of them have the event, and every account is what its journal says."""
    before = _verified(built, served, clinic.tenant)
    clinic.train("door").expect(201)

    for member in (clinic.member, clinic.buddy):
        (newest,) = clinic.api.get(f"/v1/members/{member}/ledger?limit=1").expect(200)["events"]
        assert newest["kind"] == "buddies.trained"
    assert _verified(built, served, clinic.tenant) == (3, before[1] + 3, 0)


def test_a_retry_has_one_effect(clinic: Clinic) -> None:
    """The first answer comes again, and nothing is given twice."""
    first, second = (clinic.train("door", key="once") for _ in "ab")

    assert first.body == second.body
    assert clinic.available(clinic.buddy) == 20


def test_a_key_is_good_once(clinic: Clinic) -> None:
    """A check-in that was used refuses all of it: no account changes."""
    clinic.train("door").expect(201)
    clinic.train("door").expect(409, "checked_in")

    assert clinic.available(clinic.member) == 20


def test_who_cannot_take_part_is_refused(clinic: Clinic) -> None:
    """Nobody trains alone, nor with a member who is not there."""
    clinic.train("door", buddy=clinic.member).expect(409, "no_buddies")
    clinic.train("door", buddy="mem_" + "0" * 26).expect(409, "no_buddies")


def test_the_section_is_judged_and_told(clinic: Clinic) -> None:
    """Validation looks at it, and members read it in the words of its file."""
    wrong = {"document": CLINIC | {"buddies": {"currency": "pints", "award": 20}}}
    refusal = clinic.api.post("/v1/programmes/validation", wrong).expect(422, "invalid_programme")
    rules = clinic.api.get("/v1/programmes/clinic/rules").expect(200)["rules"]

    assert [error["pointer"] for error in refusal["errors"]] == ["/buddies/currency"]
    assert "Two members who train together get 20 points each." in str(rules)


@pytest.mark.parametrize(
    "block",
    [block for block in NEW_FILES if block.language == "python"],
    ids=lambda block: str(block.place),
)
def test_blocks_are_in_style(block: Block) -> None:
    """What a page shows is held to the rules of all code."""
    for command in (["check"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--stdin-filename", block.place, "-"]
        said = subprocess.run(
            ruff, input=block.text, text=True, cwd=ROOT, capture_output=True, check=False
        )
        assert said.returncode == 0, said.stdout + said.stderr


def _only(built: Path) -> dict[str, str]:
    """Return the environment in which the copy is imported, and not the code that it is of."""
    # A safe path leaves out the directory in which a program starts.
    return {"PYTHONPATH": str(built), "PYTHONSAFEPATH": "1"}


def _verified(built: Path, served: Program, tenant: str) -> tuple[int, ...]:
    """Return how many accounts and events were verified, and how many accounts do not hold."""
    verify = [sys.executable, "-m", "chalicelib.cli", "verify", "--tenant", tenant]
    place = {"TESSERA_LOCAL_DIR": str(served.directory)}
    said = subprocess.run(
        verify, env=os.environ | _only(built) | place, text=True, capture_output=True, check=True
    )
    last = said.stdout.strip().splitlines()[-1]
    return tuple(int(number.replace(",", "")) for number in re.findall(r"[\d,]+", last))


def _changed(source: str, block: Block) -> str:
    """Add the lines of a diff beside those that it shows around them, each of which is unique."""
    for part in block.text.split("@@\n"):
        lines = part.splitlines()
        before = [line[1:] for line in lines if line.startswith(" ")]
        after = [line[1:] for line in lines]
        old, new = "\n".join(before) + "\n", "\n".join(after) + "\n"
        assert source.count(old) == 1, f"{block.place} has no, or more than one, {old!r}"
        source = source.replace(old, new)
    return source
