"""The model of capacity, against DynamoDB's rules and against what an engine reports."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from chalicelib.domain.decide.claims import ClaimKey, EventRef
from chalicelib.store.metering import Cost, Item, active, measured, size_of
from tests.store.conftest import Wired
from tests.store.samples import (
    DAY,
    MEMBER,
    NOW,
    TENANT,
    changed,
    earned,
    noted,
    opened,
    taking,
    together,
)


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "héllo"}, 6),
        ({"S": ""}, 0),
        ({"B": b"\x00" * 32}, 32),
        ({"N": "0"}, 1),
        ({"N": "7"}, 2),
        ({"N": "1790000000000"}, 3),
        ({"N": "1790000000001"}, 8),
        ({"N": "-12"}, 3),
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"SS": ["ab", "c"]}, 3),
        ({"L": [{"S": "ab"}, {"N": "1"}]}, 9),
        ({"M": {"k": {"S": "v"}}}, 6),
    ],
)
def test_size(value: dict[str, Any], size: int) -> None:
    """A value is as large as DynamoDB's documentation says; its name counts too."""
    assert size_of({"name": value}) == 4 + size


class TestWrites:
    """What writes cost."""

    def test_kilobytes(self) -> None:
        """Each KB begun is a unit, two in a transaction; the larger of before and after counts."""
        cost = Cost()
        cost.wrote(_put(1024), transactional=False)
        assert cost.write_units == 1
        cost.wrote(_put(1025), transactional=False)
        assert cost.write_units == 1 + 2
        cost.wrote(_put(100), transactional=True)
        assert cost.write_units == 1 + 2 + 4

    def test_index(self, wired: Wired) -> None:
        """An event of the index costs one to come or go, two to move, and nothing to stay."""
        with measured() as cost:
            commit = opened(profile=None, due_at=NOW, indexed_due=NOW)
            spent = []
            for indexed in (NOW, NOW, NOW - 1, None, None):
                before = cost.write_units
                wired.ledger.commit(changed(commit, indexed_due=indexed))
                spent.append(cost.write_units - before)
                commit = earned(commit, identity=None, answer=None)

        assert spent == [5, 4, 6, 5, 4]

    def test_unknown_place(self) -> None:
        """Where the index stood is not known without a read, so the dearest is assumed."""
        cost = Cost()
        item: Item = _put(100)["Item"] | {"due_pk": {"S": "due#00"}, "due_sk": {"S": "1"}}

        cost.wrote(_put(100) | {"Item": item}, transactional=True)

        assert cost.write_units == 2 + 2

    def test_reindex(self, wired: Wired) -> None:
        """A correction of the index costs its own KB and the move."""
        wired.ledger.commit(opened(due_at=NOW, indexed_due=NOW))
        for due, units in ((NOW + 1, 3), (None, 2), (None, 1)):
            with measured() as cost:
                wired.ledger.load(TENANT, [MEMBER])
                wired.ledger.reindex(TENANT, MEMBER, 1, due, on_test_clock=False)

            assert cost.write_units == units


class TestReads:
    """What reads cost."""

    def test_blocks(self) -> None:
        """Each 4 KB begun is a unit, half where it need not be consistent; a page is one read."""
        cost = Cost()
        small, large = _put(100)["Item"], _put(4000)["Item"]
        cost.read("t", [small], consistent=True)
        assert cost.read_units == 1
        cost.read("t", [small, large], consistent=True)
        assert cost.read_units == 1 + 2
        cost.read("t", [], consistent=False)
        assert cost.read_units == 1 + 2 + 0.5

    def test_of_the_ledger(self, wired: Wired) -> None:
        """A read of an account is one unit; beside it, one more for each item, found or not."""
        wired.ledger.commit(opened())
        with measured() as cost:
            wired.ledger.load(TENANT, [MEMBER])
        assert (cost.read_units, cost.calls) == (1, {"GetItem": 1})

        with measured() as cost:
            wired.ledger.load(TENANT, [MEMBER], [EventRef(MEMBER, 7)], with_clock=True)
        assert (cost.read_units, cost.calls) == (3, {"BatchGetItem": 1})


class TestAgainstTheEngine:
    """The shapes of design, by the model and by what ministack reports."""

    def test_earning(self, wired: Wired) -> None:
        """A first earn is 7 units, since the account enters the index; a plain one 6."""
        first = opened()
        wired.ledger.commit(first)
        commit = earned(first)
        spent = []
        for _ in range(3):
            with measured() as cost:
                wired.ledger.load(TENANT, [MEMBER])
                wired.ledger.commit(commit)
            spent.append((cost.write_units, cost.reported, cost.total_calls))
            commit = earned(commit)

        # The engine's sum has the unit of the read in it.
        assert spent == [(7, 7 + 1, 2), (6, 6 + 1, 2), (6, 6 + 1, 2)]

    def test_earlier_due(self, wired: Wired) -> None:
        """An earn that makes the account due earlier moves it in the index: 8 units."""
        first = opened()
        wired.ledger.commit(first)
        second = earned(first)
        wired.ledger.commit(second)
        with measured() as cost:
            wired.ledger.load(TENANT, [MEMBER])
            wired.ledger.commit(earned(second, due_at=NOW + DAY, indexed_due=NOW + DAY))

        assert (cost.write_units, cost.reported) == (8, 8 + 1)

    def test_claiming(self, wired: Wired) -> None:
        """A claim is two units: a record, a key and a counter make twelve of an earn's six."""
        first = earned(opened())
        wired.ledger.commit(opened())
        wired.ledger.commit(first)
        claims = (noted(takes={"mugs": 1}), ClaimKey("k" * 64, MEMBER, "n1"), taking(1, 5))
        with measured() as cost:
            wired.ledger.load(TENANT, [MEMBER])
            wired.ledger.commit(earned(first, claims=claims))

        assert (cost.write_units, cost.reported) == (12, 12 + 1)

    def test_several_accounts(self, wired: Wired) -> None:
        """Each account is two units and its event two; the record of the request is there once."""
        begun = [opened(member) for member in (MEMBER, "mem_2", "mem_3")]
        for commit in begun:
            wired.ledger.commit(commit)
        three = [earned(commit, due_at=None, indexed_due=None) for commit in begun]
        with measured() as cost:
            wired.ledger.load(TENANT, [commit.member for commit in begun])
            wired.ledger.commit(together(*three))

        # Of a batch of reads the engine's sum has nothing.
        assert (cost.write_units, cost.read_units, cost.reported) == (14, 3, 14)
        assert cost.calls == {"BatchGetItem": 1, "TransactWriteItems": 1}


class TestScope:
    """Where a block measures."""

    def test_nobody_measures(self) -> None:
        """Outside a block nothing is kept."""
        assert active() is None

    def test_inner_block(self) -> None:
        """An inner block measures for itself, and the outer one goes on after it."""
        with measured() as outer:
            with measured() as inner:
                assert active() is inner
            assert active() is outer
        assert active() is None

    def test_other_threads(self) -> None:
        """A block measures its own thread only."""
        seen: list[Cost | None] = []
        with measured():
            thread = threading.Thread(target=lambda: seen.append(active()))
            thread.start()
            thread.join()

        assert seen == [None]


def _put(size: int) -> dict[str, Any]:
    """Return a Put of an item of that many bytes."""
    key: Item = {"pk": {"S": "p"}, "sk": {"S": "s"}}
    body: Item = {"body": {"B": b"\x00" * (size - size_of(key) - len("body"))}}
    return {"TableName": "t", "Item": key | body}
