"""What lies in the tables, byte by byte where others rely on it."""

from __future__ import annotations

import json
import random
import zlib

import pytest
from msgspec.structs import replace

from chalicelib.domain.decide.claims import ClaimKey
from chalicelib.domain.errors import TooLarge, Unavailable
from chalicelib.domain.ledger.account import Account, Counter
from chalicelib.domain.ledger.compact import SCHEMA, Unreadable
from chalicelib.store import items, keys, models
from chalicelib.usecases.identity import activity_key
from tests.store.conftest import Wired
from tests.store.contract.test_catalogue import draft
from tests.store.samples import (
    ANSWER,
    DAY,
    MEMBER,
    NOW,
    SLIPS,
    TENANT,
    change,
    earned,
    noted,
    opened,
    taking,
    together,
)

PK = f"T#{TENANT}#M#{MEMBER}"


def test_account() -> None:
    """An account is filed by when it is due; its body leaves out what is beside it."""
    becomes = change(earned(opened()))
    item = items.account_item(TENANT, becomes, on_test_clock=False)
    due = NOW + 365 * DAY

    assert items.account_of(item) == becomes.account
    body = json.loads(zlib.decompress(item.pop("body")["B"]))

    assert item == {
        "pk": {"S": PK},
        "sk": {"S": "A"},
        "version": {"N": "2"},
        "status": {"S": "enrolled"},
        "schema": {"N": str(SCHEMA)},
        "head_hash": {"B": becomes.events[0].hash},
        "due_at": {"N": str(due)},
        "due_pk": {"S": keys.due_pk(TENANT, MEMBER, on_test_clock=False)},
        "due_sk": {"S": f"00{due}#{TENANT}#{MEMBER}"},
    }
    assert not {"version", "head"} & body["account"].keys()
    key = {"expires_at": due, "expires_on": "2027-09-20"}
    assert body["account"]["balances"]["clinic/points"]["lots"] == [[100, key, None, 0]]


def test_event() -> None:
    """An event holds the bytes that were hashed; without a detail it has none."""
    event = change(earned(opened())).events[0]

    assert items.event_item(TENANT, MEMBER, event) == {
        "pk": {"S": PK},
        "sk": {"S": "E#000000000002"},
        "effective_at": {"N": str(NOW + 2)},
        "body": {"B": event.body},
        "detail": {"B": event.detail},
        "hash": {"B": event.hash},
    }
    assert "detail" not in items.event_item(TENANT, MEMBER, change(opened()).events[0])


def test_what_a_commit_writes_lies_under_keys_of_its_own(wired: Wired) -> None:
    """Dedupe record, records, counters and claimed keys are where the layout says."""
    begun, other = opened(), opened("mem_2")
    for commit in (begun, other, ahead := earned(other)):
        wired.ledger.commit(commit)
    note = noted(takes={"mugs": 2})
    claims = (
        note,
        noted("slip", kind=SLIPS, revision=1),
        taking(2),
        taking(3, 3, "desk", kept_days=3),
        ClaimKey("k1", MEMBER, "n1"),
        ClaimKey("k2", "mem_2"),
        ClaimKey("p1", MEMBER, "not kept", personal=True),
    )
    commit = together(earned(begun), earned(ahead), claims=claims)
    wired.ledger.commit(commit)
    assert commit.identity
    dynamo = wired.dynamo
    mugs, desk = keys.counter_pk(TENANT, "mugs"), keys.counter_pk(TENANT, "desk")

    record = dynamo.get(dynamo.ledger, f"T#{TENANT}#D#{commit.identity.key}", "D")
    kept = dynamo.get(dynamo.ledger, PK, "R#note#n1")
    slip = dynamo.get(dynamo.work, PK, "R#slip#n1")
    counter = dynamo.get(dynamo.work, desk, "C")

    assert record
    assert zlib.decompress(record["answer"]["B"]) == ANSWER.body
    assert (record["member"], record["version"]) == ({"S": MEMBER}, {"N": "2"})
    assert kept
    body = json.loads(zlib.decompress(kept.pop("body")["B"]))
    assert body == {"text": "first", "pages": [1, 2], "by": ""}
    assert kept == {
        "pk": {"S": PK},
        "sk": {"S": "R#note#n1"},
        "revision": {"N": "1"},
        "takes": {"M": {mugs: {"N": "2"}}},
    }
    assert slip
    assert slip.keys() == {"pk", "sk", "revision", "body", "expires_at"}
    assert dynamo.get(dynamo.ledger, mugs, "C") == items.counter_item(mugs, 2)
    assert counter
    assert counter.keys() == {"pk", "sk", "used", "expires_at"}
    assert counter["used"] == {"N": "3"}
    # A key is as old as the account that has it, whoever the decision was about.
    for key, holder, value, version in (("k1", MEMBER, "n1", 2), ("k2", "mem_2", "", 3)):
        pk = keys.claimed_pk(TENANT, key)
        assert pk.startswith(f"T#{TENANT}#U#")
        assert dynamo.get(dynamo.ledger, pk, "U") == {
            "pk": {"S": pk},
            "sk": {"S": "U"},
            "member": {"S": holder},
            "value": {"S": value},
            "version": {"N": f"{version}"},
        }
    pk = f"T#{TENANT}#X#p1"
    assert dynamo.get(dynamo.directory, pk, "X") == {
        "pk": {"S": pk},
        "sk": {"S": "X"},
        "member": {"S": MEMBER},
    }
    assert dynamo.get(dynamo.directory, PK, "P")


def test_older_schema() -> None:
    """An account of a schema that is read no more is refused, and not taken for an empty one."""
    item = items.account_item(TENANT, change(opened()), on_test_clock=False)
    item |= {"schema": {"N": str(SCHEMA - 1)}}

    with pytest.raises(Unreadable, match=f"the account has schema {SCHEMA - 1}, not {SCHEMA}"):
        items.account_of(item)


def test_newer_schema(wired: Wired) -> None:
    """An account that a later release wrote is left alone until that release is everywhere."""
    commit = opened()
    wired.ledger.commit(commit)
    client = wired.dynamo.connection.client
    item = items.account_item(TENANT, change(commit), on_test_clock=False)
    item |= {"schema": {"N": str(SCHEMA + 1)}}
    client._make_api_call("PutItem", {"TableName": wired.dynamo.ledger, "Item": item})

    with pytest.raises(Unavailable) as refusal:
        wired.ledger.load(TENANT, [MEMBER])

    assert refusal.value.code == "newer_schema"


class TestSize:
    """The sizes above which an account is logged, and refused."""

    def test_silent(self, caplog: pytest.LogCaptureFixture) -> None:
        """An ordinary account is not worth a line."""
        items.account_body(TENANT, MEMBER, change(opened()).account)

        assert caplog.records == []

    def test_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        """Above 8 KB the account is logged with its size, and written."""
        account = _swollen(600)

        body = items.account_body(TENANT, MEMBER, account)

        assert items.BODY_WARN_BYTES < len(body) < items.BODY_MAX_BYTES
        (line,) = caplog.records
        result = {"tenant": TENANT, "member_id": MEMBER, "version": 1, "body_bytes": len(body)}
        assert vars(line).items() >= result.items()

    def test_refused(self) -> None:
        """Above 32 KB it is refused, with both sizes."""
        with pytest.raises(TooLarge) as refusal:
            items.account_body(TENANT, MEMBER, _swollen(3000))

        assert refusal.value.code == "account_too_large"
        assert refusal.value.extensions["bytes"] > refusal.value.extensions["limit"]

    def test_programme(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A programme that no item holds is refused before it is sent."""
        monkeypatch.setattr(models, "DOCUMENT_MAX_BYTES", 10)

        with pytest.raises(TooLarge) as refusal:
            models.version_item(TENANT, draft())

        assert refusal.value.code == "programme_too_large"


class TestKeys:
    """Keys that must not run into each other."""

    def test_order(self) -> None:
        """Sort keys are in the order of versions and of instants."""
        numbers = [0, 9, 10, 999, 10**12 - 1]

        assert sorted(map(keys.event_sk, numbers)) == [keys.event_sk(n) for n in numbers]
        assert sorted(keys.due_sk(n, "t", "m") for n in numbers) == [
            keys.due_sk(n, "t", "m") for n in numbers
        ]
        assert keys.due_sk(9, "zzz", "zzz") < keys.due_before(9) < keys.due_sk(10, "a", "a")

    def test_due_round_trip(self) -> None:
        """What the index holds is read back as it was written."""
        assert keys.read_due_sk(keys.due_sk(NOW, TENANT, MEMBER)) == (NOW, TENANT, MEMBER)

    def test_names_are_not_told(self) -> None:
        """What a counter or claimed key is of, is not readable in its partition."""
        names = ["clinic/goodwill/server:k1/2026-01-01", "clinic/goodwill/server:k2/2026-01-01"]
        made = {make(TENANT, name) for make in (keys.counter_pk, keys.claimed_pk) for name in names}

        assert len(made) == 4
        assert not any("k1" in pk or "goodwill" in pk for pk in made)
        # No name looks like a part of a member, which a backup copies by itself.
        assert "#M#" not in keys.claimed_pk(TENANT, f"{TENANT}#M#{MEMBER}")

    def test_activity_key(self) -> None:
        """No letter moves from the source to the external id unseen."""
        assert activity_key("a", "bc") != activity_key("ab", "c")


def _swollen(counters: int) -> Account:
    chance = random.Random(1)  # noqa: S311 - only has to be hard to compress
    many = {f"{chance.getrandbits(128):x}": Counter(1, None) for _ in range(counters)}
    return replace(change(opened()).account, counters=many)
