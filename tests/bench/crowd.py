"""
Many accounts at once: the town's, laid into the engine's tables without a call.

Those on whom something falls due have their own journals, and can be checked afterwards.  Quiet
ones, who are due weeks later, differ by their keys only: one life serves them all, and the parts of
their items that are equal are the same objects, so that 200,000 fit into memory.
"""

from __future__ import annotations

from itertools import cycle, islice
from typing import Final

from chalicelib.store import keys
from chalicelib.store.connection import Connection
from chalicelib.store.dynamo import Dynamo
from chalicelib.store.writes import writes_of
from chalicelib.usecases.attempt import account_key
from infra.local import in_process
from infra.local.tables import create_tables
from tests.bench import engine
from tests.domain.midnight import KINDS, life
from tests.jobs.conftest import stores_of
from tests.town import TENANT, Town, commit_of


class Crowd:
    """A town on tables of its own."""

    def __init__(self, connection: Connection) -> None:
        prefix = in_process.fresh_prefix()
        create_tables(connection.client, prefix, streams=False)
        self._dynamo: Final = Dynamo(connection, prefix)
        self.town: Final = Town(stores_of(connection, prefix))
        self._count = 0

    def add_due(self, count: int) -> None:
        """Add members on each of whom something falls due, every kind as often."""
        for kind in islice(cycle(KINDS), count):
            member = self._next()
            lived = life(kind, key=account_key(TENANT, member))
            for write in writes_of(self._dynamo, commit_of(member, lived)):
                engine.put(self._dynamo.ledger, engine.stored(write.request["Item"]))
            self.town.members[member] = (kind,)

    def add_quiet(self, count: int) -> None:
        """Add members on whom nothing falls due now; of their journals nothing is kept."""
        commit = commit_of("any", life(key=account_key(TENANT, "any")))
        account, *_ = writes_of(self._dynamo, commit)
        template = engine.stored(account.request["Item"])
        (begun,) = commit.changes
        assert begun.due_at is not None
        parts = {keys.due_part(n, None): {"S": keys.due_part(n, None)} for n in range(16)}
        for _ in range(count):
            member = self._next()
            item = template | {
                "pk": {"S": keys.member_pk(TENANT, member)},
                "due_pk": parts[keys.due_pk(TENANT, member, on_test_clock=False)],
                "due_sk": {"S": keys.due_sk(begun.due_at, TENANT, member)},
            }
            engine.put(self._dynamo.ledger, item)

    def forget(self) -> None:
        """Give the memory back."""
        engine.drop(self._dynamo.ledger)

    def _next(self) -> str:
        self._count += 1
        return f"mem_{self._count:026d}"


def connect() -> Connection:
    """Return a connection that the engine of this process answers."""
    connection = Connection("eu-west-1", "http://engine.invalid")
    in_process.attach(connection.client)
    return connection
