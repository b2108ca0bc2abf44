"""
A slice of the fuzzing, and proof that it would find what it looks for.

The slice has a fixed seed, so that it says the same of the same code; ``make fuzz`` takes a new one
each time and goes as far as it is told.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

import pytest
from msgspec.structs import replace

from chalicelib.domain.decide.claims import EventRef, Ref
from chalicelib.usecases.stored import Commit, Loaded
from tests import pace
from tests.fakes.catalogue import FakeCatalogue
from tests.fakes.directory import FakeDirectory
from tests.fakes.ledger import FakeLedger
from tests.fuzz import campaign, chapter
from tests.fuzz.__main__ import described
from tests.fuzz.chapter import LENGTH, Exchange, Violation
from tests.fuzz.ground import Ground, StoreName, Stores
from tests.fuzz.judge import Judge
from tests.fuzz.largest import CPU_MAX_S, MEMORY_MAX_B
from tests.fuzz.memory import Memory
from tests.fuzz.mutation import mutated, written
from tests.fuzz.patterns import fits, matching
from tests.fuzz.requests import Credential, Request
from tests.journeys.client import Answer
from tests.journeys.world import local_contract

SEED = 20_261_141
SLICE = 8_000
#: Some operations need what few requests make: `make fuzz` reaches them all.
MISSED_MAX = 8


def test_slice() -> None:
    """No answer of 8,000 is one that may not be given, and the requests get almost everywhere."""
    summary = campaign.run(SEED, SLICE, workers=2)

    assert summary.fault is None, described(SEED, summary.fault)
    assert summary.requests == SLICE
    assert summary.server_faults == 0
    # Requests that never got past the door would prove nothing.
    assert len(summary.never_accepted) <= MISSED_MAX, summary.never_accepted
    assert len(summary.codes) >= 45
    accepted = sum(count for status, count in summary.statuses.items() if status < 300)
    assert accepted > SLICE // 5


@pytest.mark.parametrize("chapter_number", [0, 1], ids=["fake", "engine"])
def test_same_seed_same_requests(chapter_number: int) -> None:
    """A seed leads to the same requests and answers, on both kinds of store."""
    first = chapter_number * LENGTH

    assert chapter.run(7, first, 60) == chapter.run(7, first, 60)


def test_another_seed_other_requests() -> None:
    """What is sent follows from the seed, and not only from what there is to be asked for."""
    assert chapter.run(7, 0, 60).outcomes != chapter.run(8, 0, 60).outcomes


@pytest.mark.parametrize(
    ("body_b", "index", "takes"), [(10, 1, "CPU"), (40_000, 0, "CPU"), (40_000, 1, "MB")]
)
def test_what_takes_too_much_is_found(
    monkeypatch: pytest.MonkeyPatch, body_b: int, index: int, takes: str
) -> None:
    """A request whose answer takes more than a second of CPU, or a hundred megabytes, is one."""
    monkeypatch.setattr(pace, "slowness", lambda: 1.0)
    answer = Answer(200, {}, b"")

    def greedy(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        assert (method, target, headers, len(body)) == ("POST", "/", {}, body_b)
        if takes == "MB":
            assert bytearray(MEMORY_MAX_B)
        until = time.process_time() + CPU_MAX_S * (takes == "CPU")
        while time.process_time() < until:
            pass
        return answer

    request = Request("POST", "/", {}, b"x" * body_b)
    assert chapter.sent(lambda *_: answer, index, request) == answer
    with pytest.raises(AssertionError, match=takes):
        chapter.sent(greedy, index, request)


def test_planted_fault_is_found_and_replayed() -> None:
    """A store that cannot cope with some accounts is found out, and the index leads back there."""
    frail = partial(_on, FrailLedger)
    result = chapter.run(2, 0, on=frail)

    assert result.fault is not None
    assert result.fault.answer is not None
    assert result.fault.answer.status == 500

    replayed = chapter.replayed(2, result.fault.number, on=frail)
    sound = chapter.replayed(2, result.fault.number)

    assert isinstance(replayed, Violation)
    assert replayed.request == result.fault.request
    assert isinstance(sound, Exchange)
    assert f"--seed 1 --index {result.fault.number}" in described(1, result.fault)


def test_planted_leak_is_found() -> None:
    """A store that forgets to ask for the tenant is found out."""
    result = chapter.run(3, 0, on=partial(_on, LeakyLedger))

    assert result.fault is not None
    assert result.fault.answer is not None
    assert result.fault.answer.status < 300
    assert "told of" in result.fault.reason


class TestJudge:
    """Each way in which an answer can be wrong is noticed."""

    ASKED = Request("GET", "/v1/clock", {"Authorization": "Bearer x"}, b"")
    HEADERS = {  # noqa: RUF012 - a table
        "content-type": "application/problem+json",
        "x-request-id": "r1",
        "x-amzn-requestid": "r1",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
        "www-authenticate": "Bearer",
    }
    PROBLEM = (
        '{"type":"/problems/%s","title":"t","status":%d,"detail":"d",'
        '"instance":"urn:tessera:request:r1","code":"%s"}'
    )

    def test_sound(self) -> None:
        """A documented refusal passes."""
        self._check(401, "credential_invalid")

    @pytest.mark.parametrize(
        ("status", "code"),
        [
            (500, "internal_error"),
            (503, "unavailable"),
            (409, "conflict"),
            (404, "member_not_found"),
            (403, "stale"),
            (418, "teapot"),
        ],
        ids=["5xx", "503", "undocumented status", "undocumented 404", "undocumented code", "odd"],
    )
    def test_refusal(self, status: int, code: str) -> None:
        """A status or code that the operation does not document is a fault; so is every 5xx."""
        with pytest.raises(AssertionError):
            self._check(status, code)

    @pytest.mark.parametrize(
        "name", ["x-request-id", "x-content-type-options", "cache-control", "www-authenticate"]
    )
    def test_header(self, name: str) -> None:
        """A header that each answer, or each 401, must have."""
        with pytest.raises(AssertionError):
            self._check(401, "credential_invalid", **{name: ""})

    @pytest.mark.parametrize(
        "body", ['{"now": 7}', "{}", '{"now": "2026-01-01T00:00:00Z"', "", "null"]
    )
    def test_success(self, body: str) -> None:
        """A success that its schema does not allow."""
        with pytest.raises((AssertionError, ValueError)):
            self._judge(200, body, {"content-type": "application/json"})

    def test_nowhere(self) -> None:
        """Where there is no operation, a success is a fault."""
        asked = self.ASKED._replace(target="/v1/clocks")
        with pytest.raises(AssertionError):
            self._judge(200, "{}", {"content-type": "application/json"}, asked)

    def test_replay(self) -> None:
        """A replay that is not the first answer, byte for byte."""
        judge = Judge(local_contract())
        asked = Request("POST", "/v1/nowhere", {"Idempotency-Key": "k"}, b"")
        judge._check_replay(asked, Answer(201, {}, b"first"))

        judge._check_replay(asked, Answer(201, {"idempotency-replayed": "true"}, b"first"))
        with pytest.raises(AssertionError):
            judge._check_replay(asked, Answer(201, {"idempotency-replayed": "true"}, b"other"))

    def test_strangers(self) -> None:
        """A success that tells of a member of another tenant, or a member of another one."""
        judge = Judge(local_contract())
        one, other = "mem_" + "1" * 26, "mem_" + "2" * 26
        staff = Credential("Bearer x", "a", None, Memory(), lambda: 0)
        result = Answer(200, {}, f'{{"id": "{one}"}}'.encode())

        judge.check_told(staff, self.ASKED, result)
        judge.check_told(staff._replace(member=one), self.ASKED, result)
        judge.check_told(staff._replace(tenant="b"), self.ASKED, result._replace(status=404))
        for stranger in (staff._replace(tenant="b"), staff._replace(member=other)):
            with pytest.raises(AssertionError):
                judge.check_told(stranger, self.ASKED, result)

    def test_counterparties(self) -> None:
        """A member is told of the other member of a transfer, and of nobody in another tenant."""
        judge = Judge(local_contract())
        one, other = "mem_" + "1" * 26, "mem_" + "2" * 26
        member = Credential("Bearer x", "a", one, Memory(), lambda: 0)
        result = Answer(200, {}, f'{{"member_id":"{one}","sender_id":"{other}"}}'.encode())

        judge.check_told(member, self.ASKED, result)
        with pytest.raises(AssertionError):
            judge.check_told(
                member, self.ASKED, result._replace(body=f'{{"id":"{other}"}}'.encode())
            )
        with pytest.raises(AssertionError):
            judge.check_told(member._replace(tenant="b"), self.ASKED, result)

    def test_delegates(self) -> None:
        """Who acts for whom are told of each other, and nobody else of either."""
        judge = Judge(local_contract())
        one, other, third = (f"mem_{number * 26}" for number in "123")
        member = Credential("Bearer x", "a", one, Memory(), lambda: 0)
        asked = Request("GET", f"/v1/members/{one}/delegates?limit=5", self.ASKED.headers, b"")
        told = f'{{"member_id":"{one}","delegates":[{{"delegate_id":"{other}"}}]}}'.encode()
        read = Answer(200, {}, f'{{"member_id":"{one}"}}'.encode())

        with pytest.raises(AssertionError):
            judge.check_told(member._replace(member=other), self.ASKED, read)
        judge.check_told(member, asked, Answer(200, {}, told))
        judge.check_told(member._replace(member=other), self.ASKED, read)
        with pytest.raises(AssertionError):
            judge.check_told(member._replace(member=third), self.ASKED, read)
        with pytest.raises(AssertionError):
            judge.check_told(
                member._replace(member=other),
                self.ASKED,
                read._replace(body=f'{{"id":"{third}"}}'.encode()),
            )

    def _check(self, status: int, code: str, **headers: str) -> None:
        self._judge(status, self.PROBLEM % (code, status, code), headers)

    def _judge(
        self, status: int, body: str, headers: dict[str, str], asked: Request = ASKED
    ) -> None:
        judge, raw = Judge(local_contract()), body.encode()
        result = self.HEADERS | {"content-length": str(len(raw))} | headers
        present = {name: value for name, value in result.items() if value}
        judge.check(judge.operation(asked), asked, Answer(status, present, raw))


class TestJudgedOperation:
    """Which operation a request is for is told as API Gateway tells it."""

    @pytest.mark.parametrize(
        ("method", "target", "path"),
        [
            ("GET", "/v1/members/mem_1", "/v1/members/{member_id}"),
            ("GET", "/v1/members/mem_1?x=/v1/clock", "/v1/members/{member_id}"),
            ("GET", "/v1/%6Dembers/mem_1/", "/v1/members/{member_id}"),
            ("GET", "/v1/members/a%2Fb", "/v1/members/{member_id}"),
            ("GET", "http://elsewhere.example/v1/clock", "/v1/clock"),
            ("PUT", "/v1/clock", "/v1/clock"),
            ("DELETE", "/v1/clock", None),
            ("get", "/v1/clock", None),
            ("GET", "/v1//clock", None),
            ("GET", "/V1/clock", None),
            ("GET", "/v1/members/%ff", None),
        ],
    )
    def test_table(self, method: str, target: str, path: str | None) -> None:
        """One row a way to write an address."""
        found = Judge(local_contract()).operation(Request(method, target, {}, b""))

        assert (found and (found.method, found.path)) == (path and (method, path))


def test_every_pattern_of_the_document_can_be_written() -> None:
    """Texts made from a pattern match it: a value meant to be right is right."""
    rng = random.Random(1)  # noqa: S311 - to be had again
    patterns = sorted(set(_patterns(local_contract().schemas)))

    assert len(patterns) > 8
    for pattern in patterns:
        for _ in range(50):
            assert fits(pattern, matching(pattern, rng)), pattern


def test_every_pattern_of_the_document_is_of_the_whole() -> None:
    """Neither a line feed after it nor another script's digits pass, in Python or elsewhere."""
    for pattern in set(_patterns(local_contract().schemas)):
        assert pattern.startswith("^"), pattern
        # Free texts may end on a line feed, and ids of answers are ours.
        assert "$" not in pattern or pattern.endswith((r"(?!\n)$", "]*$", "{26}$", ")+$")), pattern
        assert not re.search(r"\\[dws]", pattern), pattern


def test_bodies_say_what_json_libraries_would_not() -> None:
    """Repeated keys, numbers beyond floats, NaN and lone surrogates reach the wire."""
    rng = random.Random(1)  # noqa: S311 - to be had again
    bodies = [
        written(mutated({"a": [1, {"b": "text"}], "c": {"d": 2}}, rng), rng, odd=False)
        for _ in range(3000)
    ]

    for sign in (b'"a": [1, {"b": "text"}], "c": {"d": 2}, "a"', b"NaN", b"9" * 400, b"\\ud800"):
        assert any(sign in body for body in bodies), sign
    assert not any(mark in body for body in bodies for mark in ("\ue000".encode(), b"ue000"))


@contextmanager
def _on(ledger_type: type[FakeLedger], _: StoreName, rng: random.Random) -> Iterator[Ground]:
    ledger = ledger_type()
    yield Ground(Stores(ledger, FakeDirectory(ledger), FakeCatalogue(ledger)), rng)


class FrailLedger(FakeLedger):
    """A ledger with a fault of its own: it cannot cope with a longer journal."""

    def load(
        self,
        tenant: str,
        members: Sequence[str],
        records: Sequence[Ref | EventRef] = (),
        *,
        with_clock: bool = False,
    ) -> Loaded:
        """Read accounts, if it is not too much."""
        loaded = super().load(tenant, members, records, with_clock=with_clock)
        for member in members:
            account = loaded.account(member)
            if account is not None and account.version > 20:
                raise KeyError(member)
        return loaded


class LeakyLedger(FakeLedger):
    """A ledger in which all tenants are one."""

    def load(
        self,
        tenant: str,
        members: Sequence[str],
        records: Sequence[Ref | EventRef] = (),
        *,
        with_clock: bool = False,
    ) -> Loaded:
        """Read accounts and what is theirs, whoever they belong to."""
        loaded = super().load(tenant, [], with_clock=with_clock)
        for member in members:
            loaded = loaded.with_more(super().load(self._owner(tenant, member), [member]))
        for place in records:
            owner = self._owner(tenant, place.owner)
            loaded = loaded.with_more(super().load(owner, [], [place]))
        return loaded

    def commit(self, commit: Commit) -> None:
        """Write to an account, whoever it belongs to."""
        super().commit(replace(commit, tenant=self._owner(commit.tenant, commit.member)))

    def _owner(self, tenant: str, member: str) -> str:
        owners = [owner for owner, known in self._accounts if known == member]
        return owners[0] if owners else tenant


def _patterns(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(pattern := schema.get("pattern"), str):
            yield pattern
        for value in schema.values():
            yield from _patterns(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _patterns(value)
