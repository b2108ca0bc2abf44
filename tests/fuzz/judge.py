"""
What is held against every answer, whatever was asked.

No 5xx.  Where the path and method are an operation's, the answer is one that the document gives it,
to the letter; elsewhere it is a 404 or 405 of the API's own kind.  A replay is the first answer.
No success tells of somebody else's members.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from chalicelib.routes.http.operation import JSON_TYPE
from infra.local.gateway import BODY_LIMIT_B
from infra.local.routing import Router
from tests.fuzz.requests import Credential, Request
from tests.journeys.client import Answer
from tests.journeys.contract import PROBLEM, Contract, Operation

_MEMBER: Final = re.compile(rb"mem_[0-9A-Z]{26}")
# Who else a transfer names, as it is told and in the ledger of either side.
_COUNTERPARTY: Final = re.compile(
    rb'"(?:to|recipient_id|sender_id|counterparty_id)":"(mem_[0-9A-Z]{26})"'
)
# Who acts for whom, as both are told of each other.
_DELEGATE: Final = re.compile(rb'"delegate_id":"(mem_[0-9A-Z]{26})"')
_DELEGATIONS: Final = re.compile(r"^/v1/members/[^/?]+/delegat(?:es|ors)\b")
_HEADERS: Final = ("content-type", "content-length", "x-request-id", "x-amzn-requestid")


class Judge:
    """Holds answers against a document, and remembers first answers to compare replays with."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._router = Router({each.path for each in contract.operations})
        self._served = {(each.method, each.path): each for each in contract.operations}
        self._first: dict[tuple[str, str, str], bytes] = {}
        self._owners: dict[bytes, str] = {}
        # Who is told of whom since one may act for the other, in either order.
        self._related: set[tuple[bytes, bytes]] = set()

    def operation(self, request: Request) -> Operation | None:
        """Return the operation that a request is for, by API Gateway's rules."""
        path = request.target.partition("?")[0].partition("#")[0]
        if "://" in path and not path.startswith("/"):
            path = "/" + path.partition("://")[2].partition("/")[2]
        found = self._router.match(path or "/")
        return None if found is None else self._served.get((request.method, found[0]))

    def check(self, operation: Operation | None, request: Request, answer: Answer) -> None:
        """Raise ``AssertionError`` where an answer is not one that may be given."""
        assert answer.status < 500, f"{answer.status}: {answer.body[:500]!r}"
        if request.method == "OPTIONS" and answer.status == 200:
            _check_preflight(answer)
            return
        for name in _HEADERS:
            assert answer.headers.get(name), f"{answer.status} without {name}"
        assert answer.headers["x-request-id"] == answer.headers["x-amzn-requestid"]
        assert int(answer.headers["content-length"]) == len(answer.body) or (
            request.method == "HEAD" and not answer.body
        )
        if request.method == "HEAD":
            assert answer.status in (404, 405), answer.status
            return
        if len(request.body) > BODY_LIMIT_B:
            assert answer.status in (404, 405, 413), answer.status
            return
        if answer.status == 405:
            assert answer.headers.get("allow"), "405 without Allow"
        self._contract.check(operation, request.method, request.target, answer)
        self._check_replay(request, answer)

    def check_told(self, credential: Credential, request: Request, answer: Answer) -> None:
        """
        Raise ``AssertionError`` where a success tells of members that are not the caller's.

        A member belongs to the first tenant that was told of it; told to two, it is a leak.  A
        member is told of another one only where a transfer names the two, or one may act for the
        other: which of them may read what is the business of other tests.
        """
        if answer.status >= 300 or request.headers.get("Authorization") != credential.header:
            return
        operation = self.operation(request)
        if operation is not None and operation.scope is None:
            # What everybody may read has examples in it, of nobody.
            return
        self._learn_of_delegates(request, answer)
        own = (credential.member or "").encode()
        others = {own, *_COUNTERPARTY.findall(answer.body)}
        for member in _MEMBER.findall(answer.body):
            owner = self._owners.setdefault(member, credential.tenant)
            known = not own or member in others or (own, member) in self._related
            sound = owner == credential.tenant and known
            assert sound, f"told of {member!r}: {answer.body[:500]!r}"

    def _learn_of_delegates(self, request: Request, answer: Answer) -> None:
        """Remember who is said to act for whom; of who asks, the answer says one of the two."""
        if _DELEGATIONS.match(request.target):
            delegates = set(_DELEGATE.findall(answer.body))
            for member in set(_MEMBER.findall(answer.body)) - delegates:
                for delegate in delegates:
                    self._related |= {(member, delegate), (delegate, member)}

    def _check_replay(self, request: Request, answer: Answer) -> None:
        key = request.headers.get("Idempotency-Key")
        if key is None or answer.status >= 400:
            return
        who = request.headers.get("Authorization", "")
        identity = (who, f"{request.method} {request.target}", key)
        if answer.replayed:
            first = self._first.get(identity, answer.body)
            assert answer.body == first, f"a replay differs: {answer.body!r}, first {first!r}"
        else:
            self._first[identity] = answer.body


def _check_preflight(answer: Answer) -> None:
    """A browser is told what it may send from elsewhere, and nothing more."""
    assert not answer.body
    assert answer.headers.get("access-control-allow-methods"), "a preflight that allows nothing"
    assert "access-control-allow-credentials" not in answer.headers


def decoded(answer: Answer) -> Any:
    """Return the body of an answer as JSON; nothing for another kind or none."""
    kind = answer.headers.get("content-type")
    return json.loads(answer.body) if answer.body and kind == JSON_TYPE else None


def code_of(answer: Answer) -> str:
    """Return the code of a refusal, and nothing for a success."""
    problem: Mapping[str, str] = (
        json.loads(answer.body)
        if answer.headers.get("content-type") == PROBLEM and answer.body
        else {}
    )
    return problem.get("code", "")
