"""How a request is sent, and what its client is answered: the same for every write."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec

from chalicelib.domain.decide.commands import Command
from chalicelib.domain.errors import LoyaltyError, Unavailable
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.execution import Done, change_account
from chalicelib.usecases.identity import request_identity
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.stored import Answer, IdempotencyKey
from tests.faults.play import Play
from tests.faults.record import Answered, Outcome, Part, Request, Send


def answer_of(decided: Decided, code: str = "") -> Answer:
    """Return what a client is told: where the account stands, and what was decided."""
    balances = {
        currency: (balance.available, balance.pending_total, balance.deficit)
        for currency, balance in sorted(decided.account.balances.items())
    }
    result = decided.results[-1] if decided.results else None
    body = Answered(decided.member, decided.version, decided.now, balances, result, code)
    return Answer(201, msgspec.json.encode(body, order="sorted"))


def read_back(body: bytes) -> Answered:
    """Return an accepted answer as it was told."""
    return msgspec.json.decode(body, type=Answered)


def accepted(done: Done) -> Outcome:
    """Return what an accepted write is to its client."""
    return Outcome("accepted", "", done.member, done.answer.body, done.replayed)


def once(run: Callable[[Services, Caller], Done]) -> Send:
    """Return a request for one thing."""

    def send(services: Services, caller: Caller) -> tuple[Outcome]:
        try:
            return (accepted(run(services, caller)),)
        except Unavailable as fault:
            return (Outcome("open", fault.code),)
        except LoyaltyError as refusal:
            return (Outcome("refused", refusal.code),)

    return send


def request(
    about: str, identity: IdempotencyKey, run: Callable[[Services, Caller], Done]
) -> Request:
    """Return a request that is recognised by one identity."""
    return Request(once(run), about, (Part(identity),))


def commanded(about: str, identity: IdempotencyKey, command: Command) -> Request:
    """Return a request that is one command about a member, recognised by one identity."""
    return request(about, identity, lambda s, c: change_account(s, c, command, answer_of, identity))


def draw_identity(play: Play, tenant: str, kind: str, content: Any) -> IdempotencyKey:
    """Draw the identity of a request: its own key, or at times one that was used before."""
    fingerprint = hashlib.sha256(repr(content).encode()).digest()
    used = play.used_keys[tenant, kind]
    if used and play.chance.percent(8):
        return IdempotencyKey(play.chance.pick(used).key, fingerprint)
    identity = request_identity(f"/{kind}", f"k{play.number(tenant)}", fingerprint)
    used.append(identity)
    return identity
