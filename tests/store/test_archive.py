"""A copy of the tables holds together, whatever is written while it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain import entry as journal
from chalicelib.store import archive, items, keys
from chalicelib.store.dynamo import Dynamo
from chalicelib.store.ledger import DynamoLedger
from chalicelib.store.metering import Item
from chalicelib.usecases.read_ledger import verify_account
from chalicelib.usecases.services import Caller
from infra.local import in_process
from infra.local.tables import create_tables
from tests.journeys.world import Clinic, Ground, LocalWorld, example

Items = dict[tuple[str, str, str], Any]


class Meddled(Dynamo):
    """Tables into which something is written just before one of the copy's calls."""

    def __init__(self, over: Dynamo, at: int, write: Callable[[], None]) -> None:
        super().__init__(over.connection, over.ledger.removesuffix("ledger"))
        self.calls = 0
        self._at = at
        self._write = write

    def call(self, operation: str, send: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Write before the call whose turn it is."""
        if self.calls == self._at:
            self._write()
        self.calls += 1
        return super().call(operation, send)

    def scan(self, arguments: dict[str, Any]) -> Iterator[Item]:
        """Walk in short pages, between which the writes may fall."""
        return super().scan({**arguments, "Limit": 4})


class Tenant:
    """A clinic on tables of its own, and what goes on in it."""

    def __init__(self, directory: Path) -> None:
        self.world = LocalWorld(Ground(directory))
        self.clinic: Clinic = self.world.clinic()
        document = example("purchases")
        document["rewards"][0] |= {"stock": 500, "limits": []}
        self.clinic.publish(document)
        self.members = [self.clinic.enrolled() for _ in range(3)]
        self.redemptions: list[tuple[str, str]] = []
        self.facts: list[str] = []
        for member in self.members:
            self.earn(member)
            self.redeem(member)

    @property
    def steps(self) -> list[Callable[[], None]]:
        """What may go on while a copy is made."""
        return [
            self.earn_first,
            lambda: self.redeem(self.members[0]),
            self.cancel,
            self.reverse,
            self.join,
        ]

    def earn_first(self) -> None:
        """Record a purchase of the first member."""
        self.earn(self.members[0])

    def earn(self, member: str) -> None:
        """Record a purchase of 300.00."""
        fact = self.clinic.fact(member, "purchase.completed")
        fact |= {"currency": "USD", "lines": [{"id": "1", "amount": 30_000}]}
        self.clinic.api.post("/v1/activities", fact).expect(201)
        self.facts.append(fact["external_id"])

    def redeem(self, member: str) -> None:
        """Redeem one of a stock."""
        wish = {"programme": "purchases", "reward": "gift"}
        self.clinic.give(member, 100, programme="purchases")
        made = self.clinic.api.post(f"/v1/members/{member}/redemptions", wish).expect(201)
        self.redemptions.append((member, made["redemption_id"]))

    def cancel(self) -> None:
        """Cancel what was redeemed last."""
        member, redemption = self.redemptions.pop()
        path = f"/v1/members/{member}/redemptions/{redemption}/cancellation"
        self.clinic.api.post(path, {}).expect(200)

    def reverse(self) -> None:
        """Take back part of what was recorded last."""
        back = {"source": "emr", "external_id": self.facts[-1]}
        lines = [{"id": "1", "amount": 100}]
        self.clinic.api.post("/v1/activities/reversals", {**back, "lines": lines}).expect(201)

    def join(self) -> None:
        """Enrol somebody with an external id."""
        record = f"record-{len(self.members)}"
        member = self.clinic.enrolled(external_id={"system": "ehr", "value": record})
        self.members.append(member)


@pytest.fixture
def tenant(tmp_path: Path) -> Tenant:
    """Return a clinic with a few members."""
    return Tenant(tmp_path)


def stored(dynamo: Dynamo) -> Items:
    """Return everything that the tables hold."""
    return {
        (table, item["pk"]["S"], item["sk"]["S"]): item
        for table in archive.TABLES
        for item in dynamo.scan({"TableName": getattr(dynamo, table)})
    }


def copied(dynamo: Dynamo) -> Items:
    """Return what a copy of the tables would be restored to."""
    found = archive.Copy(dynamo).items()
    return {(table, item["pk"]["S"], item["sk"]["S"]): item for table, item in found}


@pytest.fixture
def restored(tenant: Tenant) -> Callable[[Items], Dynamo]:
    """Return what fills new tables with a copy."""

    def fill(copy: Items) -> Dynamo:
        prefix = in_process.fresh_prefix()
        client: Any = tenant.world.dynamo.connection.client
        create_tables(client, prefix, streams=False)
        dynamo = Dynamo(tenant.world.dynamo.connection, prefix)
        for _ in archive.fill(dynamo, ((table, item) for (table, _, _), item in copy.items())):
            pass
        return dynamo

    return fill


def test_what_nobody_writes_to_is_copied_to_the_byte(
    tenant: Tenant, restored: Callable[[Items], Dynamo]
) -> None:
    """Every item of every table, indexes and all, is again as it was."""
    for step in tenant.steps:
        step()
    before = stored(tenant.world.dynamo)

    assert copied(tenant.world.dynamo) == before
    assert stored(restored(before)) == before


@pytest.mark.parametrize("which", range(5))
def test_whatever_is_written_meanwhile(
    tenant: Tenant, restored: Callable[[Items], Dynamo], which: int
) -> None:
    """A write before any call of the copy leaves a copy in which everything agrees."""
    dynamo = tenant.world.dynamo
    undisturbed = Meddled(dynamo, -1, tenant.earn_first)
    copied(undisturbed)
    # What is written makes the copy longer, so these are calls of its beginning, middle and end.
    for at in range(undisturbed.calls):
        meddled = Meddled(dynamo, at, tenant.steps[which])
        copy = copied(meddled)
        assert meddled.calls > at
        check(tenant, copy, restored(copy))
        if which == 2:
            tenant.redeem(tenant.members[0])


def check(tenant: Tenant, copy: Items, dynamo: Dynamo) -> None:
    """Hold accounts, journals, identities, redemptions, vouchers and stock against each other."""
    services = tenant.world.services._replace(ledger=DynamoLedger(dynamo))
    caller = Caller(tenant.clinic.tenant, "test")
    ledger = {(pk, sk): item for (table, pk, sk), item in copy.items() if table == "ledger"}
    accounts = {pk: int(i["version"]["N"]) for (pk, sk), i in ledger.items() if sk == keys.ACCOUNT}
    assert len(accounts) >= 3
    for pk in accounts:
        verdict = verify_account(services, caller, pk.rpartition("#")[2])
        assert verdict.faults == ()
    records = [item for (_, sk), item in ledger.items() if sk == keys.DEDUPE]
    for record in records:
        pk = keys.member_pk(caller.tenant, record["member"]["S"])
        assert int(record["version"]["N"]) <= accounts[pk]
    earned = reversals = 0
    for (_, sk), item in ledger.items():
        if sk.startswith("E#"):
            entry = journal.decode(items.entry_of(item))
            earned += entry.kind == "earn"
            reversals += entry.kind == "reverse"
    assert sum(int(record.get("revision", {"N": "0"})["N"]) for record in records) == reversals
    facts = {(r["member"]["S"], r["version"]["N"]) for r in records}
    assert len(facts) >= earned
    redemptions = [items.redemption_of(i) for (_, sk), i in ledger.items() if sk.startswith("R#")]
    vouchers = {i["redemption"]["S"] for (_, sk), i in ledger.items() if sk == keys.VOUCHER}
    assert vouchers == {redemption.id for redemption in redemptions}
    used = sum(int(item["used"]["N"]) for (_, sk), item in ledger.items() if sk == keys.STOCK)
    assert used == sum(redemption.state != "cancelled" for redemption in redemptions)
    for (table, pk, _), item in copy.items():
        if table == "directory":
            member = item.get("member", {}).get("S") or pk.rpartition("#")[2]
            assert keys.member_pk(caller.tenant, member) in accounts


def test_entries_beyond_the_account_are_noticed(tenant: Tenant) -> None:
    """The check itself would fail for a plain scan into which a fact fell."""
    dynamo = tenant.world.dynamo
    torn = stored(dynamo)
    tenant.earn(tenant.members[0])
    whole = stored(dynamo)
    account = next(key for key in torn if key[2] == keys.ACCOUNT and torn[key] != whole[key])

    with pytest.raises(AssertionError):
        check(tenant, whole | {account: torn[account]}, dynamo)


def test_what_is_left_unwritten_is_written_again(tenant: Tenant) -> None:
    """DynamoDB may take only a part of what it is given at once."""
    dynamo = tenant.world.dynamo
    before = stored(dynamo)
    asked: list[int] = []
    calm = dynamo.connection.dispatch

    def reluctant(operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        ((table, requests),) = arguments["RequestItems"].items()
        asked.append(len(requests))
        calm(operation, {"RequestItems": {table: requests[:10]}})
        return {"UnprocessedItems": {table: requests[10:]} if requests[10:] else {}}

    slow = Dynamo(dynamo.connection, dynamo.ledger.removesuffix("ledger"), pause=lambda _: None)
    some = [("ledger", item) for (table, _, _), item in before.items() if table == "ledger"][:25]
    slow._call = reluctant  # type: ignore[method-assign]
    written = list(archive.fill(slow, some))

    assert (written, asked) == ([25], [25, 15, 5])
    assert stored(dynamo) == before
