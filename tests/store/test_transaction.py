"""What a commit means when the line, DynamoDB or another transaction is in its way."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from msgspec.structs import replace

from chalicelib.domain.decide.claims import ClaimKey
from chalicelib.domain.errors import Unavailable
from chalicelib.store import items
from chalicelib.store.dynamo import Dynamo, code_of
from chalicelib.store.ledger import DynamoLedger
from chalicelib.usecases.stored import (
    TRANSACTION_MAX,
    AlreadyDone,
    ClaimRefused,
    Commit,
    Conflicted,
    OutcomeUnknown,
    Settings,
)
from tests.store.conftest import (
    InjectedFault,
    Wired,
    cancellation,
    carried_out_but,
    never_arrives,
    refusal,
    unanswered,
)
from tests.store.samples import (
    MEMBER,
    TENANT,
    change,
    changed,
    earned,
    noted,
    opened,
    taking,
)

URL = "http://engine.invalid"
LOST = unanswered(ConnectionClosedError(endpoint_url=URL))
TIMED_OUT = unanswered(ReadTimeoutError(endpoint_url=URL))
NO_WAY = never_arrives(ConnectTimeoutError(endpoint_url=URL))
NOBODY = never_arrives(EndpointConnectionError(endpoint_url=URL))
THROTTLED = refusal("ThrottlingException")
BROKEN = refusal("InternalServerError", 500)
STARTED = refusal("TransactionInProgressException")

ATTEMPT = "TransactWriteItems"
MUG = taking(1, 5)
KEY = ClaimKey("k", MEMBER)
CLINIC = Settings(TENANT, "Clinic")


@pytest.fixture
def commit(wired: Wired) -> Commit:
    """Return an earn that takes a mug, on an account that was opened."""
    first = opened()
    wired.ledger.commit(first)
    return earned(first, claims=(MUG,))


class TestUnheard:
    """The answer is lost, late, or cannot be read."""

    @pytest.mark.parametrize("fault", [LOST, TIMED_OUT], ids=["lost", "late"])
    def test_once_is_applied_once(self, wired: Wired, commit: Commit, fault: InjectedFault) -> None:
        """The SDK tries again with the same token, so the write happens once and succeeds."""
        wired.line.next(fault)

        wired.ledger.commit(commit)

        assert wired.line.sent == [ATTEMPT] * 2
        assert _applied(wired, commit) == 1

    @pytest.mark.parametrize(
        "faults",
        [
            (LOST, LOST, LOST),
            (TIMED_OUT, NO_WAY, NOBODY),
            (LOST, THROTTLED, THROTTLED),
            (LOST, BROKEN, THROTTLED),
            (LOST, STARTED, STARTED),
            (LOST, refusal("AccessDeniedException")),
            (carried_out_but(500, b""),) * 3,
            (carried_out_but(200, b"\xff\xfe\x00"),),
            (carried_out_but(200, b'{"Consu'),),
            (carried_out_but(200, b""),),
            (carried_out_but(400, b"<html>"),),
        ],
        ids=[
            "lost",
            "silence",
            "lost, then throttled",
            "lost, then broken",
            "lost, then in progress",
            "lost, then denied",
            "server fault",
            "not text",
            "cut short",
            "empty",
            "not DynamoDB",
        ],
    )
    def test_unknown_though_applied(
        self, wired: Wired, commit: Commit, faults: tuple[InjectedFault, ...]
    ) -> None:
        """It is said to be unknown; the record tells, and the same commit is answered from it."""
        wired.line.next(*faults)

        with pytest.raises(OutcomeUnknown):
            wired.ledger.commit(commit)

        assert _applied(wired, commit) == 1
        with pytest.raises(AlreadyDone):
            wired.ledger.commit(commit)
        assert _applied(wired, commit) == 1

    @pytest.mark.parametrize(
        "faults", [(NO_WAY,) * 3, (BROKEN,) * 3, (STARTED,) * 3], ids=["silence", "fault", "begun"]
    )
    def test_unknown_and_not_applied(
        self, wired: Wired, commit: Commit, faults: tuple[InjectedFault, ...]
    ) -> None:
        """From here that looks the same; the same commit then goes through."""
        wired.line.next(*faults)

        with pytest.raises(OutcomeUnknown):
            wired.ledger.commit(commit)

        assert _applied(wired, commit) == 0
        wired.ledger.commit(commit)
        assert _applied(wired, commit) == 1


class TestInTheWay:
    """Someone was faster, or there is too much to do: try again."""

    @pytest.mark.parametrize(
        "reason", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]
    )
    def test_reason(self, wired: Wired, commit: Commit, reason: str) -> None:
        """The SDK does not try again by itself, and the caller is told to."""
        wired.line.next(cancellation("None", reason, "None", "None"))

        with pytest.raises(Conflicted):
            wired.ledger.commit(commit)

        assert wired.line.sent == [ATTEMPT]
        assert _applied(wired, commit) == 0

    def test_throttled(self, wired: Wired, commit: Commit) -> None:
        """Throttling is tried again by the SDK, then by the caller: nothing was done for sure."""
        wired.line.next(THROTTLED, THROTTLED)
        wired.ledger.commit(commit)
        assert wired.line.sent == [ATTEMPT] * 3

        wired.line.next(*[THROTTLED] * 3)
        with pytest.raises(Conflicted):
            wired.ledger.commit(earned(commit))

    def test_replay_counts_before_a_conflict(self, wired: Wired, commit: Commit) -> None:
        """A record on file answers, though another transaction is at the account as well."""
        assert commit.identity
        assert commit.answer
        record = items.dedupe_item(TENANT, MEMBER, 2, commit.identity, commit.answer)
        found = {"Code": "ConditionalCheckFailed", "Item": _as_sent(record)}
        wired.line.next(cancellation("TransactionConflict", "None", found, "None"))

        with pytest.raises(AlreadyDone) as done:
            wired.ledger.commit(commit)

        assert done.value.remembered.answer == commit.answer

    def test_a_conflict_counts_before_a_claim(self, wired: Wired, commit: Commit) -> None:
        """A claim may only look refused because of the other transaction."""
        wired.line.next(
            cancellation("TransactionConflict", "None", "None", "ConditionalCheckFailed")
        )

        with pytest.raises(Conflicted):
            wired.ledger.commit(commit)

    def test_first_refused_claim(self, wired: Wired, commit: Commit) -> None:
        """What is refused is named by its place among the writes, whatever kind of write it is."""
        saved = noted()
        both = replace(commit, claims=(MUG, saved))
        passed = ["None"] * 3
        wired.line.next(cancellation(*passed, "ConditionalCheckFailed", "None"))
        with pytest.raises(ClaimRefused) as refused:
            wired.ledger.commit(both)
        assert refused.value.claim == MUG

        wired.line.next(cancellation(*passed, "None", "ConditionalCheckFailed"))
        with pytest.raises(ClaimRefused) as refused:
            wired.ledger.commit(both)
        assert refused.value.claim == saved


class TestAfterSilence:
    """An attempt of which nothing was heard may still be under way when the next is refused."""

    @pytest.fixture
    def commit(self, wired: Wired) -> Commit:
        """Return an earn that writes a record, claims a key and takes a mug."""
        first = opened()
        wired.ledger.commit(first)
        return earned(first, claims=(noted(), KEY, MUG))

    @pytest.mark.parametrize("failed", [0, 1, 3, 5], ids=["account", "event", "record", "counter"])
    def test_may_have_been_ours(self, wired: Wired, commit: Commit, failed: int) -> None:
        """What it wrote, or will write, may be what is in the way: the outcome is unknown."""
        result = ["None"] * 6
        result[failed] = "ConditionalCheckFailed"
        wired.line.next(NO_WAY, cancellation(*result))

        with pytest.raises(OutcomeUnknown):
            wired.ledger.commit(commit)

    def test_a_record_answers(self, wired: Wired, commit: Commit) -> None:
        """The dedupe record says what became of it."""
        assert commit.identity
        assert commit.answer
        record = items.dedupe_item(TENANT, MEMBER, 2, commit.identity, commit.answer)
        result = _in_the_way(2, record)
        wired.line.next(NO_WAY, cancellation(*result))

        with pytest.raises(AlreadyDone):
            wired.ledger.commit(commit)

    def test_a_key_is_never_given_back(self, wired: Wired, commit: Commit) -> None:
        """Whoever has a key keeps it, so no attempt of ours can come through any more."""
        result = _in_the_way(4, items.claimed_item(TENANT, replace(KEY, owner="mem_2"), 7))
        wired.line.next(NO_WAY, cancellation(*result))

        with pytest.raises(ClaimRefused) as refused:
            wired.ledger.commit(commit)

        assert (refused.value.claim, refused.value.holder) == (KEY, "mem_2")


@pytest.mark.parametrize(
    "reasons", [None, [], [{"Code": "None"}], [{}] * 4, [{"Code": "None"}] * 3 + [{}]]
)
def test_reasons_that_do_not_fit(wired: Wired, commit: Commit, reasons: Any) -> None:
    """What cannot be read says nothing of what was carried out."""
    wired.line.next(refusal("TransactionCanceledException", CancellationReasons=reasons))

    with pytest.raises(OutcomeUnknown):
        wired.ledger.commit(commit)


def test_a_holder_who_is_not_told(wired: Wired, commit: Commit) -> None:
    """Where DynamoDB does not say who has a key, reading again finds out."""
    wired.line.next(cancellation("None", "None", "None", "ConditionalCheckFailed", "None"))

    with pytest.raises(Conflicted):
        wired.ledger.commit(replace(commit, claims=(KEY, MUG)))


class TestRefusedForGood:
    """What whoever runs the system has to put right comes out as it is."""

    @pytest.mark.parametrize(
        "code", ["ValidationException", "AccessDeniedException", "UnrecognizedClientException"]
    )
    def test_request(self, wired: Wired, commit: Commit, code: str) -> None:
        """A request that DynamoDB will not take is not taken for an open question."""
        wired.line.next(refusal(code))

        with pytest.raises(ClientError) as failure:
            wired.ledger.commit(commit)

        assert code_of(failure.value) == code

    def test_item(self, wired: Wired, commit: Commit) -> None:
        """Nor is an item that it will not take."""
        wired.line.next(cancellation("None", "ValidationError", "None", "None"))

        with pytest.raises(ClientError):
            wired.ledger.commit(commit)

    def test_no_table(self, wired: Wired, commit: Commit) -> None:
        """Nor are tables that are not there."""
        ledger = DynamoLedger(Dynamo(wired.dynamo.connection, "nowhere-"))

        with pytest.raises(ClientError) as failure:
            ledger.commit(commit)

        assert code_of(failure.value) == "ResourceNotFoundException"

    def test_too_many_items(self, wired: Wired) -> None:
        """A hundred items, a checkpoint among them, go in one transaction; more are not sent."""
        most = _grown(TRANSACTION_MAX - 2)
        wired.line.next()
        wired.ledger.commit(most)
        assert wired.line.sent == [ATTEMPT]

        with pytest.raises(ValueError, match="100 items at most"):
            wired.ledger.commit(_grown(TRANSACTION_MAX - 1))
        assert wired.line.sent == [ATTEMPT]


class TestBesideTheLedger:
    """Conditional writes of the catalogue go the same way."""

    def test_unheard_once(self, wired: Wired) -> None:
        """A write that was carried out but not heard of is not taken for someone else's."""
        wired.line.next(LOST)
        assert wired.catalogue.create_tenant(CLINIC, None)

        wired.line.next()
        assert not wired.catalogue.create_tenant(CLINIC, None)

    @pytest.mark.parametrize(
        "faults", [(LOST,) * 3, (cancellation("TransactionConflict"),)], ids=["lost", "conflict"]
    )
    def test_unknown(self, wired: Wired, faults: tuple[InjectedFault, ...]) -> None:
        """What is not known to be written, or was in the way, may be tried again."""
        wired.line.next(*faults)

        with pytest.raises(Unavailable):
            wired.catalogue.create_tenant(CLINIC, None)


def _applied(wired: Wired, commit: Commit) -> int:
    """Return how often a commit was carried out, by the mugs; it is all there or not at all."""
    wired.line.next()
    assert commit.identity
    times = wired.ledger.taken(TENANT, ["mugs"])["mugs"]
    account = wired.ledger.load(TENANT, [MEMBER]).account(MEMBER)
    assert account
    assert (account.version == commit.version) == bool(times)
    assert len(list(wired.ledger.events(TENANT, MEMBER))) == account.version
    assert (wired.ledger.remembered(TENANT, [commit.identity.key]) != (None,)) == bool(times)
    return times


def _grown(events: int) -> Commit:
    """Return a commit that begins an account with so many events."""
    last = opened(profile=None)
    stored = list(change(last).events)
    while len(stored) < events:
        last = earned(last, identity=None, answer=None)
        stored += change(last).events
    return changed(last, before=0, events=tuple(stored))


def _in_the_way(place: int, item: dict[str, dict[str, Any]]) -> list[str | dict[str, Any]]:
    """Return the reasons of a cancelled transaction of six, of which one says what it met."""
    result: list[str | dict[str, Any]] = ["None"] * 6
    result[place] = {"Code": "ConditionalCheckFailed", "Item": _as_sent(item)}
    return result


def _as_sent(item: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return an item as it is in a JSON answer."""
    return {
        name: {kind: base64.b64encode(held).decode() if kind == "B" else held}
        for name, value in item.items()
        for kind, held in value.items()
    }
