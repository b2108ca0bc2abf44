"""
Journals that a release wrote, and the accounts that it folded them to.

    python -m tests.release.journals

takes journals of the stories that tests tell of events, and of histories of the simulation, and
writes a few of them, in which every kind of event and every effect comes about, to
`tests/release/<version>.jsonl`, one account a line.  It is done once,
when a release is made: what a file says is what its release did, and no later one may read it
otherwise.
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, get_args

import msgspec
from msgspec import Struct

from chalicelib.domain.ledger import events, journal
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.effects import Effect
from chalicelib.domain.ledger.journal import StoredEvent
from tests import conftest  # noqa: F401 - keeps the machine's credentials out of this process
from tests.domain.ledger.test_payloads import STORIES
from tests.faults import campaign
from tests.faults.ending import Ending, Journal

HERE: Final = Path(__file__).parent
#: All that a journal may say: its kinds of events, and what they do to an account.
EVERYTHING: Final = frozenset(
    each.__struct_config__.tag for each in (*get_args(events.Data), *get_args(Effect))
)
#: Histories in which something never comes about are a fault of the histories.
_MOST: Final = 3_000


class Kept(Struct, frozen=True):
    """A journal by its account's key, as it lay in the store, and the account after it."""

    key: str
    account: Account
    events: list[StoredEvent]


def said(stored: list[StoredEvent]) -> set[object]:
    """Return the kinds of the events of a journal, and of their effects."""
    found: set[object] = set()
    for each in stored:
        event = journal.decode(each)
        found.add(event.data.__struct_config__.tag)
        found.update(effect.__struct_config__.tag for effect in event.effects)
    return found


def read(file: Path) -> list[Kept]:
    """Return the journals of a release."""
    return [msgspec.json.decode(line, type=Kept) for line in file.read_bytes().splitlines()]


def chosen(journals: Iterator[Kept]) -> list[Kept]:
    """Return a few journals that say everything there is to say, the later ones first."""
    lacking = set(EVERYTHING)
    found: list[Kept] = []
    while lacking:
        each = next(journals)
        if new := lacking & said(each.events):
            lacking -= new
            found.append(each)
    few: list[Kept] = []
    covered: set[object] = set()
    for each in reversed(found):
        if said(each.events) - covered:
            covered |= said(each.events)
            few.append(each)
    return few


def lived() -> Iterator[Kept]:
    """Yield the journals of the stories, and then of one history after another."""
    for story in STORIES:
        for someone in story():
            yield Kept(someone.key, someone.account, someone.journal)
    for seed in itertools.islice(itertools.count(), _MOST):
        history = campaign.play(seed)
        for tenant in Ending(history.scenario, history.watch.lists).tenants.values():
            for member, each in tenant.journals.items():
                yield _kept(tenant.key(member), each)


def _kept(key: str, each: Journal) -> Kept:
    return Kept(key, each.accounts[-1], each.stored)


def file_of_this_release() -> Path:
    """Return where the journals of the version in `pyproject.toml` lie, or are to."""
    project = tomllib.loads((HERE.parents[1] / "pyproject.toml").read_text("utf-8"))
    return HERE / f"{project['project']['version']}.jsonl"


def write() -> Path:
    """Write the journals of this release, and return where."""
    file = file_of_this_release()
    lines = [msgspec.json.encode(each) for each in chosen(lived())]
    file.write_bytes(b"".join(line + b"\n" for line in lines))
    return file


if __name__ == "__main__":
    print(write().name)  # noqa: T201 - for who calls it
