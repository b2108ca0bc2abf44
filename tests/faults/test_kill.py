"""A process that is killed at any of its calls: done again, nothing is lost, nothing double."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

import botocore.session
import msgspec
import pytest
from msgspec.structs import replace

from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.calendar import parse_instant
from chalicelib.store import keys
from chalicelib.store.connection import Connection
from chalicelib.usecases.create_member import NewMember, create_member
from chalicelib.usecases.publish_programme import draft_programme, publish_programme
from chalicelib.usecases.read_ledger import verify_account
from chalicelib.usecases.record_activity import Reported, record_activity
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.stored import Settings
from infra.local.engine import Engine
from infra.local.tables import create_tables
from tests.faults.programmes import PROGRAMME, VERSIONS, document
from tests.faults.telling import answer_of
from tests.faults.worker import TENANT, Ended, Task, When, services
from tests.faults.world import BEFORE, DAY, Ids

PREFIX: Final = "kill-"
TABLES: Final = tuple(f"{PREFIX}{name}" for name in ("ledger", "directory", "catalogue"))
BEGIN: Final = parse_instant("2027-03-01T10:00:00Z")
# What was earned at the beginning expires in five days: by then every account is due.
DUE: Final = BEGIN + 6 * DAY
MEMBERS: Final = 4
_BATCH: Final = 25
_SIGKILL: Final = -9

Items = dict[tuple[str, str, str], dict[str, Any]]

pytestmark = pytest.mark.http


@dataclass
class Mortal:
    """An engine over HTTP with a small clinic, and the process that works on it and dies."""

    client: Any
    worker: subprocess.Popen[bytes]
    connection: Connection
    members: tuple[str, ...]
    begin: Items

    def task(self, name: str) -> Task:
        """Return a task for this clinic, killed nowhere."""
        shards = {
            int(keys.due_pk(TENANT, member, on_test_clock=False)[-2:]) for member in self.members
        }
        # One more, in which nobody is.
        empty = min(set(range(keys.DUE_SHARDS)) - shards)
        return Task(name, DUE, self.members, (*sorted(shards), empty))

    def run(self, task: Task) -> Ended:
        """Let the process do a task, dead or alive."""
        if self.worker.stdin is None or self.worker.stdout is None:
            raise AssertionError("the worker was started with pipes")
        self.worker.stdin.write(msgspec.json.encode(task) + b"\n")
        self.worker.stdin.flush()
        return msgspec.json.decode(self.worker.stdout.readline(), type=Ended)

    def services(self) -> Services:
        """Return services of this process, to look at what the other has done."""
        return services(self.connection, PREFIX, DUE, Ids())

    def items(self) -> Items:
        """Return everything that is stored."""
        return {
            (table, item["pk"]["S"], item["sk"]["S"]): item
            for table in TABLES
            for page in self.client.get_paginator("scan").paginate(TableName=table)
            for item in page["Items"]
        }

    def start_anew(self) -> None:
        """Put everything back as it was in the beginning."""
        now = self.items()
        gone = [key for key in now if key not in self.begin]
        changed = [key for key, item in self.begin.items() if now.get(key) != item]
        for table, pk, sk in gone:
            self.client.delete_item(TableName=table, Key={"pk": {"S": pk}, "sk": {"S": sk}})
        for key in changed:
            self.client.put_item(TableName=key[0], Item=self.begin[key])


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mortal]:
    """Return a clinic whose members have value that is due to expire."""
    log = tmp_path_factory.mktemp("engine") / "log"
    with Engine(log=log) as engine:
        client: Any = botocore.session.Session().create_client(
            "dynamodb", region_name="eu-west-1", endpoint_url=engine.endpoint
        )
        create_tables(client, PREFIX, streams=False)
        connection = Connection("eu-west-1", engine.endpoint)
        members = _clinic(services(connection, PREFIX, BEGIN, Ids()))
        worker = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.worker", engine.endpoint, PREFIX],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        try:
            mortal = Mortal(client, worker, connection, members, {})
            mortal.begin = mortal.items()
            yield mortal
        finally:
            worker.communicate()


def _clinic(made: Services) -> tuple[str, ...]:
    caller = Caller(TENANT, BEFORE)
    made.catalogue.create_tenant(Settings(TENANT, "Mortal", "Europe/London"), None)
    draft_programme(made, caller, document(VERSIONS[1], "Europe/London"))
    publish_programme(made, caller, PROGRAMME, 1, BEGIN)
    members = []
    for number in range(MEMBERS):
        new = NewMember(external_id=("ehr", str(number)))
        members.append(create_member(made, caller, new, answer_of, None).member)
        visit = Activity("visit.completed", "emr", f"visit-{number}", BEGIN)
        record_activity(made, caller, Reported(visit, members[-1]), answer_of)
    return tuple(members)


@pytest.mark.parametrize("name", ["earn", "first contact", "join", "reverse", "tick"])
def test_killed_at_any_call_and_done_again(mortal: Mortal, name: str) -> None:
    """Wherever it is killed, another run leaves what one run leaves, to the byte."""
    _check(mortal, mortal.task(name))


def test_killed_at_any_call_of_a_redemption(mortal: Mortal) -> None:
    """The same for a redemption, at a time when there is something to redeem."""
    _check(mortal, replace(mortal.task("redeem"), now=BEGIN + DAY))


def test_the_dead_leave_no_halves(mortal: Mortal) -> None:
    """Between a death and the next run every journal holds."""
    for call in range(1, 6):
        mortal.start_anew()
        assert mortal.run(replace(mortal.task("tick"), call=call, when="after")).status == _SIGKILL
        for member in mortal.members:
            assert verify_account(mortal.services(), Caller(TENANT, BEFORE), member).holds


def _check(mortal: Mortal, task: Task) -> None:
    mortal.start_anew()
    undisturbed = mortal.run(task)
    assert undisturbed.status == 0
    expected = mortal.items()
    assert expected != mortal.begin
    deaths = 0
    for when in ("before", "after"):
        for call in count(1):
            mortal.start_anew()
            if not _dies(mortal, task, call, when):
                # It made no such call: there are no more places to die at.
                assert call == undisturbed.calls + 1
                break
            deaths += 1
            assert mortal.run(task).status == 0
            assert mortal.items() == expected, f"killed {when} call {call}"
    assert deaths == 2 * undisturbed.calls


def _dies(mortal: Mortal, task: Task, call: int, when: When) -> bool:
    ended = mortal.run(replace(task, call=call, when=when))
    assert ended.status in (0, _SIGKILL)
    return ended.status == _SIGKILL
