"""A copy of the tables holds together, whatever is written while it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
from msgspec import Struct

from chalicelib.domain.decide.claims import Claim, ClaimKey, RecordKind
from chalicelib.domain.ledger import journal
from chalicelib.domain.ledger.actor import CLOCK
from chalicelib.domain.mechanics.redemptions import REDEMPTIONS
from chalicelib.domain.mechanics.remaining import REMAINING
from chalicelib.store import archive, items, keys
from chalicelib.store.dynamo import Dynamo
from chalicelib.store.ledger import DynamoLedger
from chalicelib.store.metering import Item
from chalicelib.usecases.read_ledger import check_account
from chalicelib.usecases.services import Caller
from infra.local import in_process
from infra.local.tables import create_tables
from tests.examples import SHARE
from tests.journeys.world import Clinic, Ground, LocalWorld, example
from tests.store.conftest import Wired
from tests.store.samples import (
    MEMBER,
    SLIPS,
    TENANT,
    Note,
    earned,
    noted,
    opened,
    taking,
    together,
)

Items = dict[tuple[str, str, str], Any]
T = TypeVar("T", bound=Struct)


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
        self.activities: list[str] = []
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
        activity = self.clinic.activity(member, "purchase.completed")
        activity |= {"currency": "USD", "lines": [{"id": "1", "amount": 30_000}]}
        self.clinic.api.post("/v1/activities", activity).expect(201)
        self.activities.append(activity["external_id"])

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
        back = {"source": "emr", "external_id": self.activities[-1]}
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


def fresh(beside: Dynamo) -> Dynamo:
    """Return empty tables on the same engine."""
    prefix = in_process.fresh_prefix()
    client: Any = beside.connection.client
    create_tables(client, prefix, streams=False)
    return Dynamo(beside.connection, prefix)


@pytest.fixture
def restored(tenant: Tenant) -> Callable[[Items], Dynamo]:
    """Return what fills new tables with a copy."""

    def fill(copy: Items) -> Dynamo:
        dynamo = fresh(tenant.world.dynamo)
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
    for at in range(which % SHARE, undisturbed.calls, SHARE):
        meddled = Meddled(dynamo, at, tenant.steps[which])
        copy = copied(meddled)
        assert meddled.calls > at
        check(tenant, copy, restored(copy))
        if which == 2:
            tenant.redeem(tenant.members[0])


def check(tenant: Tenant, copy: Items, dynamo: Dynamo) -> None:
    """Hold accounts, journals, identities, records, keys and counters against each other."""
    services = tenant.world.services._replace(ledger=DynamoLedger(dynamo))
    caller = Caller(tenant.clinic.tenant, CLOCK)
    ledger = {(pk, sk): item for (table, pk, sk), item in copy.items() if table == "ledger"}
    accounts = {pk: int(i["version"]["N"]) for (pk, sk), i in ledger.items() if sk == keys.ACCOUNT}
    assert len(accounts) >= 3
    for pk in accounts:
        verdict = check_account(services, caller, pk.rpartition("#")[2]).verdict
        assert verdict.errors == ()
    identified = {
        (keys.member_pk(caller.tenant, item["member"]["S"]), int(item["version"]["N"]))
        for (_, sk), item in ledger.items()
        if sk == keys.DEDUPE
    }
    assert all(version <= accounts[pk] for pk, version in identified)
    earned: set[tuple[str, int]] = set()
    reversals = 0
    for (pk, sk), item in ledger.items():
        if sk.startswith("E#"):
            event = journal.decode(items.event_of(item))
            reversals += event.kind == "activity.reversed"
            if event.kind == "activity.recorded":
                earned.add((pk, event.version))
    assert earned
    assert earned <= identified
    assert sum(int(each["revision"]["N"]) for each in of_kind(ledger, REMAINING)) == reversals
    redemptions = [read(REDEMPTIONS, item) for item in of_kind(ledger, REDEMPTIONS)]
    vouchers = {pk: item for (pk, sk), item in ledger.items() if sk == keys.CLAIMED}
    assert {pk: (item["member"]["S"], item["value"]["S"]) for pk, item in vouchers.items()} == {
        keys.claimed_pk(caller.tenant, each.voucher_hash): (each.member, each.id)
        for each in redemptions
    }
    used = sum(int(item["used"]["N"]) for (_, sk), item in ledger.items() if sk == keys.COUNTER)
    assert used == sum(redemption.state != "cancelled" for redemption in redemptions)
    for (table, pk, _), item in copy.items():
        if table == "directory":
            member = item.get("member", {}).get("S") or pk.rpartition("#")[2]
            assert keys.member_pk(caller.tenant, member) in accounts


def of_kind(ledger: dict[tuple[str, str], Item], kind: RecordKind[Any]) -> list[Item]:
    """Return the stored records of a kind."""
    prefix = keys.record_sk(kind.name, "")
    return [item for (_, sk), item in ledger.items() if sk.startswith(prefix)]


def read(kind: RecordKind[T], item: Item) -> T:
    """Return the record of an item."""
    record: T = items.record_of(kind.ref("", ""), item)
    return record


class TestClaims:
    """What was claimed beside the accounts, whatever for."""

    def test_a_key_is_as_old_as_the_account_that_has_it(self, wired: Wired) -> None:
        """It stays though its owner's journal is shorter than that of the decision's member."""
        long = opened()
        wired.ledger.commit(long)
        for _ in range(4):
            long = earned(long)
            wired.ledger.commit(long)
        short = opened("mem_2")
        wired.ledger.commit(short)
        claims = (ClaimKey("k1", "mem_2"), ClaimKey("k2", MEMBER))
        wired.ledger.commit(together(earned(long), earned(short), claims=claims))

        assert copied(wired.dynamo) == stored(wired.dynamo)

    @pytest.mark.parametrize("owner", [MEMBER, "mem_2"])
    def test_written_meanwhile(self, wired: Wired, owner: str) -> None:
        """What was claimed is there exactly where the account was copied that it belongs to."""
        begun = [opened(), opened("mem_2")]
        claims = (noted(takes={"mugs": 1}), ClaimKey("k", owner), taking())
        late = together(*map(earned, begun), claims=claims)
        assert late.identity
        outcomes = set()
        for at in range(8):
            dynamo = fresh(wired.dynamo)
            ledger = DynamoLedger(dynamo)
            for commit in begun:
                ledger.commit(commit)

            copy = copied(Meddled(dynamo, at, partial(ledger.commit, late)))

            copied_late = {
                member: copy["ledger", keys.member_pk(TENANT, member), "A"]["version"]["N"] == "2"
                for member in (MEMBER, "mem_2")
            }
            places = {
                (keys.claimed_pk(TENANT, "k"), keys.CLAIMED): owner,
                (keys.dedupe_pk(TENANT, late.identity.key), keys.DEDUPE): MEMBER,
                (keys.member_pk(TENANT, MEMBER), "R#note#n1"): MEMBER,
                (keys.counter_pk(TENANT, "mugs"), keys.COUNTER): MEMBER,
            }
            there = {place: ("ledger", *place) in copy for place in places}
            assert there == {place: copied_late[of] for place, of in places.items()}, at
            outcomes.add(tuple(copied_late.values()))
        # Before both, after both, and in between.
        assert {(False, False), (True, True)} < outcomes

    @pytest.mark.parametrize("key", ["#M#", "T#clinic#M#mem_9", "a/b#C#c"])
    def test_a_key_may_be_any_text(self, wired: Wired, key: str) -> None:
        """No key is taken for a part of a member."""
        first = opened()
        wired.ledger.commit(first)
        wired.ledger.commit(earned(first, claims=(ClaimKey(key, MEMBER), taking(1, 2, key))))

        copy = copied(wired.dynamo)

        assert ("ledger", keys.claimed_pk(TENANT, key), keys.CLAIMED) in copy

    def test_counters_are_counted_anew(self, wired: Wired) -> None:
        """What records account for as they now are, over all members; no more, and no less."""
        last, other = opened(), opened("mem_2")
        for commit in (last, other):
            wired.ledger.commit(commit)
        course: list[tuple[Claim, ...]] = [
            (noted(id="a", takes={"mugs": 2, "pens": 1}), taking(2, 9), taking(1, 9, "pens")),
            (noted(id="b", takes={"mugs": 3}), taking(3, 9)),
            # Given back in part, and wholly.
            (noted(id="a", revision=2, takes={"mugs": 1}), taking(-1), taking(-1, 0, "pens")),
        ]
        for claims in course:
            last = earned(last, claims=claims)
            wired.ledger.commit(last)
        theirs = noted(owner="mem_2", takes={"mugs": 4})
        # Of what no record accounts for, and of what is transient, nothing is brought back.
        passing = (taking(1, 9, "passing", kept_days=3), noted(kind=SLIPS, takes={"mugs": 50}))
        wired.ledger.commit(
            earned(other, claims=(theirs, taking(4, 9), taking(1, 9, "nobody"), *passing))
        )
        held = {name: wired.ledger.taken(TENANT, [name])[name] for name in ("mugs", "pens")}
        dynamo = fresh(wired.dynamo)
        list(archive.fill(dynamo, archive.Copy(wired.dynamo).items()))

        taken = DynamoLedger(dynamo).taken(TENANT, ["mugs", "pens", "nobody"])

        assert held == {"mugs": 8, "pens": 0}
        assert taken == {"mugs": 8, "pens": 0, "nobody": 0}
        ref = noted(id="a").ref
        assert DynamoLedger(dynamo).load(TENANT, [], [ref]).records == {ref: Note("first", (1, 2))}
        assert not list(dynamo.scan({"TableName": dynamo.work}))


def test_events_beyond_the_account_are_noticed(tenant: Tenant) -> None:
    """The check itself would fail for a plain scan into which an activity fell."""
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
