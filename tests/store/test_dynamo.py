"""The calls that are made, and reads when the line is bad."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import botocore
import botocore.session
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ClientError, ConnectionClosedError, NoCredentialsError

from chalicelib.domain.decide.claims import ClaimKey, EventRef, Ref
from chalicelib.domain.errors import Unavailable
from chalicelib.store import keys
from chalicelib.store.connection import ATTEMPTS_MAX, POOL_SIZE, TIMEOUT_S, Connection
from chalicelib.store.dynamo import Dynamo
from chalicelib.store.ledger import DynamoLedger
from chalicelib.usecases.stored import Conflicted
from infra.local import in_process
from infra.local.tables import create_tables
from tests.store.conftest import (
    InjectedFault,
    Line,
    Wired,
    answer,
    carried_out_but,
    never_arrives,
    refusal,
    unanswered,
)
from tests.store.samples import (
    DAY,
    MEMBER,
    NOTES,
    NOW,
    SLIPS,
    TENANT,
    change,
    changed,
    earned,
    identity,
    noted,
    opened,
    taking,
)

LOST = unanswered(ConnectionClosedError(endpoint_url="http://engine.invalid"))


class TestForgetting:
    """What DynamoDB deletes by itself, it deletes by its own clock."""

    def test_by_the_clock_on_the_wall(self, connection: Connection) -> None:
        """A record or counter of a tenant whose time is long past stays for its whole time."""
        prefix = in_process.fresh_prefix()
        client = in_process.make_client()
        create_tables(client, prefix, streams=False)
        in_process.attach(connection.client)
        wall = [5_000_000_000.9]
        dynamo = Dynamo(connection, prefix, clock=lambda: wall[0])
        ledger = DynamoLedger(dynamo)

        def kept_until() -> dict[str, int]:
            items = client.scan(TableName=dynamo.work)["Items"]
            return {item["sk"]["S"][:1]: int(item["expires_at"]["N"]) for item in items}

        slip, desk = noted(kind=SLIPS), taking(1, 10, kept_days=3)
        ledger.save(TENANT, slip)
        first = opened()
        ledger.commit(first)
        again = noted("again", kind=SLIPS, revision=2)
        second = earned(first, claims=(again, desk, noted(), taking(1, 10), ClaimKey("k", MEMBER)))
        ledger.commit(second)
        day_s = DAY // 1000
        # Only what is transient is ever deleted.
        assert kept_until() == {"R": 5_000_000_000 + 14 * day_s, "C": 5_000_000_000 + 3 * day_s}

        wall[0] += day_s
        back = taking(-1, kept_days=3)
        ledger.commit(earned(second, claims=(noted("3rd", kind=SLIPS, revision=3), back)))

        assert kept_until() == {"R": 5_000_000_000 + 15 * day_s, "C": 5_000_000_000 + 4 * day_s}
        kept = client.scan(TableName=dynamo.ledger)["Items"]
        assert not any("expires_at" in item for item in kept)


class TestConnection:
    """`Connection`: one client, made late, with bounded waits."""

    def test_nothing_is_made_before_it_is_needed(self) -> None:
        """Composing a store makes no client, so it neither calls nor needs anything."""
        sessions: list[botocore.session.Session] = []
        botocore.register_initializer(sessions.append)
        try:
            connection = Connection("eu-west-1")
            DynamoLedger(Dynamo(connection, "any-"))
            assert sessions == []
            assert connection.client is connection.client
        finally:
            botocore.unregister_initializer(sessions.append)
        assert len(sessions) == 1

    def test_bounds(self, connection: Connection) -> None:
        """Waits, attempts and the pool are what the module says."""
        config: Any = connection.client.meta.config

        assert (config.connect_timeout, config.read_timeout) == (TIMEOUT_S, TIMEOUT_S)
        assert config.max_pool_connections == POOL_SIZE
        assert config.retries == {"mode": "standard", "total_max_attempts": ATTEMPTS_MAX}

    @pytest.mark.parametrize("region", ["eu-west-1", "cn-north-1", "us-gov-west-1", "xx-new-1"])
    def test_endpoint(self, region: str) -> None:
        """Without botocore's rules of endpoints a call goes where it goes by them."""
        by_rules = botocore.session.Session().create_client("dynamodb", region_name=region)
        asked: list[object] = []
        sent_to: list[tuple[str, object]] = []

        def note(request: AWSPreparedRequest) -> AWSResponse:
            # What is not told comes from the address, when it is sent.
            host = request.headers.get("Host", urlsplit(request.url).netloc.encode())
            sent_to.append((request.url, host))
            return in_process.respond(request.url, 200, {}, b"{}")

        for client in (by_rules, Connection(region).client):
            client.meta.events.register("before-endpoint-resolution", lambda **_: asked.append(1))
            in_process.attach(client, note)
            client.get_item(TableName="any", Key={"pk": {"S": "any"}})

        assert sent_to[0] == sent_to[1]
        assert len(asked) == 1

    def test_one_client_for_all_threads(self) -> None:
        """Sixteen threads that ask at once for the first time share one client."""
        connection = Connection("eu-west-1", "http://engine.invalid")
        with ThreadPoolExecutor(16) as pool:
            clients = list(pool.map(lambda _: connection.client, range(16)))

        assert len({id(client) for client in clients}) == 1

    def test_credentials_may_come_later(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without credentials nothing is sent and that is said; with them it goes on."""
        line, prefix = Line(), in_process.fresh_prefix()
        create_tables(in_process.make_client(), prefix, streams=False)
        connection = Connection("eu-west-1", "http://engine.invalid")
        ledger = DynamoLedger(Dynamo(connection, prefix))
        with monkeypatch.context() as bare:
            for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
                bare.delenv(name)
            in_process.attach(connection.client, line)
            with pytest.raises(NoCredentialsError):
                ledger.load(TENANT, MEMBER)
            with pytest.raises(NoCredentialsError):
                ledger.commit(opened())
        assert line.sent == []

        in_process.attach(connection.client, line)
        ledger.commit(opened())
        assert line.sent == ["TransactWriteItems"]


class TestCalls:
    """How many requests leave the process, and no table is ever described."""

    def test_each_is_one(self, wired: Wired) -> None:
        """Reading, writing and looking beside are one request each, whatever they are about."""
        first = opened(claims=(ClaimKey("x1", MEMBER, personal=True),))
        claims = (noted(), noted(kind=SLIPS), ClaimKey("v", MEMBER), taking())
        second = earned(first, claims=claims)
        event = EventRef(MEMBER, 1)
        records: list[Ref | EventRef] = [NOTES.ref(MEMBER, "n1"), SLIPS.ref(MEMBER, "n1"), event]
        wired.ledger.commit(first)
        wired.ledger.commit(second)
        wired.ledger.save(TENANT, noted(kind=SLIPS, id="n2"))
        wired.ledger.load(TENANT, [MEMBER])
        wired.ledger.load(TENANT, [MEMBER, MEMBER])
        wired.ledger.load(TENANT, [], [event])
        wired.ledger.load(TENANT, [MEMBER], with_clock=True)
        wired.ledger.load(TENANT, [MEMBER], [event])
        wired.ledger.load(TENANT, [MEMBER, "mem_2", "mem_3"], records, with_clock=True)
        wired.ledger.remembered(TENANT, ["k"])
        wired.ledger.remembered(TENANT, ["k", "l"])
        wired.ledger.holder(TENANT, "v")
        list(wired.ledger.events(TENANT, MEMBER))
        wired.ledger.reindex(TENANT, MEMBER, 2, None, on_test_clock=False)
        wired.ledger.taken(TENANT, ["mugs"])
        wired.directory.find(TENANT, "x1")
        wired.catalogue.settings(TENANT)
        wired.catalogue.versions(TENANT)

        assert wired.line.sent == [
            *["TransactWriteItems"] * 2,
            "PutItem",
            *["GetItem"] * 3,
            *["BatchGetItem"] * 3,
            "GetItem",
            "BatchGetItem",
            "GetItem",
            "Query",
            "UpdateItem",
            "BatchGetItem",
            *["GetItem"] * 2,
            "Query",
        ]

    def test_nothing_to_look_at(self, wired: Wired) -> None:
        """Who asks for nothing is answered without a request."""
        assert wired.ledger.taken(TENANT, []) == {}
        assert wired.ledger.remembered(TENANT, []) == ()

        assert wired.line.sent == []

    def test_threads_share_a_connection(self, wired: Wired) -> None:
        """Sixteen threads on one member lose nothing and get no answer of another's."""
        wired.ledger.commit(opened())

        def earn(number: int) -> None:
            while True:
                account = wired.ledger.load(TENANT, [MEMBER]).account(MEMBER)
                assert account
                before = opened()
                if account.version > 1:
                    before = changed(earned(before), account=account)
                try:
                    return wired.ledger.commit(earned(before, identity=identity(str(number))))
                except Conflicted:
                    continue

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(earn, range(48)))

        account = wired.ledger.load(TENANT, [MEMBER]).account(MEMBER)
        assert account
        assert account.version == 49
        assert account.balance("clinic/points").available == 4800
        assert account.stats.visits == 48


class TestReads:
    """A read is answered, or says that it was not: absence is never guessed."""

    @pytest.mark.parametrize(
        "fault",
        [
            never_arrives(ConnectionClosedError(endpoint_url="http://engine.invalid")),
            refusal("InternalServerError", 500),
            refusal("ThrottlingException"),
            refusal("ProvisionedThroughputExceededException"),
            answer(200, b"{}"),
            answer(200, b'{"Item": {"ver'),
            answer(200, b"\xff\xfe"),
        ],
        ids=["closed", "fault", "throttled", "exceeded", "empty", "cut short", "not text"],
    )
    def test_unavailable(self, wired: Wired, fault: InjectedFault) -> None:
        """What keeps failing, or cannot be read, is unavailable; the SDK tried again before."""
        wired.ledger.commit(opened())
        reads = (
            lambda: wired.ledger.load(TENANT, [MEMBER]),
            lambda: wired.ledger.load(TENANT, [MEMBER], with_clock=True),
            lambda: list(wired.ledger.events(TENANT, MEMBER)),
            lambda: list(wired.ledger.members(TENANT)),
        )
        for read in reads:
            wired.line.next(*[fault] * ATTEMPTS_MAX)
            with pytest.raises(Unavailable):
                read()

    def test_recovers(self, wired: Wired) -> None:
        """A read that fails once is answered all the same."""
        wired.ledger.commit(opened())
        wired.line.next(refusal("InternalServerError", 503))

        assert wired.ledger.load(TENANT, [MEMBER]).account(MEMBER)

    @pytest.mark.parametrize("code", ["ValidationException", "AccessDeniedException"])
    def test_refused_for_good(self, wired: Wired, code: str) -> None:
        """What whoever runs the system has to put right comes out as it is."""
        wired.line.next(refusal(code))

        with pytest.raises(ClientError, match=code):
            wired.ledger.load(TENANT, [MEMBER])

    def test_keys_left_out_are_asked_for_again(self, wired: Wired) -> None:
        """A batch of which DynamoDB answers a part is completed, more slowly each time."""
        wired.catalogue.move_clock(TENANT, NOW)
        commit = opened()
        wired.ledger.commit(commit)
        nothing = _left_out(wired)
        wired.line.next(nothing, nothing)

        loaded = wired.ledger.load(TENANT, [MEMBER], [EventRef(MEMBER, 1)])

        assert loaded.account(MEMBER) == change(commit).account
        assert loaded.records == {EventRef(MEMBER, 1): change(commit).events[0]}
        assert wired.line.sent == ["BatchGetItem"] * 3
        assert wired.pauses == sorted(wired.pauses)
        assert len(wired.pauses) == 2

    def test_keys_left_out_for_ever(self, wired: Wired) -> None:
        """A batch that is never completed is unavailable, and nothing looks absent."""
        wired.line.next(*[_left_out(wired)] * 5)

        with pytest.raises(Unavailable):
            wired.ledger.load(TENANT, [MEMBER], [EventRef(MEMBER, 1)])

    def test_pages(self, wired: Wired) -> None:
        """A journal and a shard of the index are walked over all their pages."""
        last = opened()
        wired.ledger.commit(last)
        for _ in range(4):
            last = earned(last)
            wired.ledger.commit(last)
        members = [f"mem_{number}" for number in range(8)]
        for member in members:
            wired.ledger.commit(opened(member, due_at=NOW, indexed_due=NOW))

        def small(request: AWSPreparedRequest) -> AWSResponse:
            body = request.body
            assert isinstance(body, bytes)
            if b'"Limit"' not in body:
                request.body = body[:-1] + b', "Limit": 2}'
            return in_process.send(request)

        wired.line.next(*[small] * 100)
        versions = [event.version for event in wired.ledger.events(TENANT, MEMBER)]
        newest = [e.version for e in wired.ledger.events(TENANT, MEMBER, newest_first=True)]
        few = [event.version for event in wired.ledger.events(TENANT, MEMBER, limit=3)]
        due = [each for shard in range(keys.DUE_SHARDS) for each in wired.ledger.due(shard, NOW)]

        assert versions == [1, 2, 3, 4, 5]
        assert newest == [5, 4, 3, 2, 1]
        assert few == [1, 2, 3]
        assert sorted(each.member for each in due) == sorted(members)
        assert wired.line.sent.count("Query") > keys.DUE_SHARDS
        assert sorted(wired.ledger.members(TENANT)) == sorted([MEMBER, *members])


class TestReindex:
    """`reindex`, the one write outside a transaction."""

    def test_unheard(self, wired: Wired) -> None:
        """Done twice because the first was not heard of, it is done once."""
        wired.ledger.commit(opened(due_at=NOW, indexed_due=NOW))
        wired.line.next(LOST, LOST)

        wired.ledger.reindex(TENANT, MEMBER, 1, NOW + 1, on_test_clock=False)

        assert wired.ledger.load(TENANT, [MEMBER]).accounts[MEMBER].indexed_due == NOW + 1

    def test_transaction_in_the_way(self, wired: Wired) -> None:
        """Whoever is at the account moves it on and files it: there is nothing left to do."""
        wired.ledger.commit(opened(due_at=NOW, indexed_due=NOW))
        wired.line.next(refusal("TransactionConflictException"))

        wired.ledger.reindex(TENANT, MEMBER, 1, None, on_test_clock=False)

        assert wired.ledger.load(TENANT, [MEMBER]).accounts[MEMBER].indexed_due == NOW

    def test_unavailable(self, wired: Wired) -> None:
        """A database that does not answer is unavailable."""
        wired.line.next(*[carried_out_but(500, b"")] * ATTEMPTS_MAX)

        with pytest.raises(Unavailable):
            wired.ledger.reindex(TENANT, MEMBER, 1, None, on_test_clock=False)


def _left_out(wired: Wired) -> InjectedFault:
    """Return DynamoDB's answer where it had no room for any key."""
    pk = {"S": keys.member_pk(TENANT, MEMBER)}
    wanted = [{"pk": pk, "sk": {"S": sk}} for sk in (keys.ACCOUNT, keys.event_sk(1))]
    unprocessed = {wired.dynamo.ledger: {"Keys": wanted, "ConsistentRead": True}}
    return answer(200, {"Responses": {}, "UnprocessedKeys": unprocessed})
