"""From a checked call to what use cases take, and from what they did to a reply."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

import msgspec

from chalicelib.domain.decide.commands import Command
from chalicelib.domain.errors import Invalid, NotFound
from chalicelib.domain.ledger.actor import Actor
from chalicelib.domain.ledger.calendar import Instant, parse_instant
from chalicelib.domain.violations import Violation
from chalicelib.routes.http.operation import Call, Page, Reply
from chalicelib.usecases.execution import Done, Present, change_account
from chalicelib.usecases.identity import request_identity
from chalicelib.usecases.services import Acting, Caller, Services, programmes_of
from chalicelib.usecases.stored import Answer, Entry, IdempotencyKey

T = TypeVar("T")

_ENCODER: Final = msgspec.json.Encoder()


def services_of(call: Call[Any, Any]) -> Services:
    """Return what the use cases work with."""
    services: Services = call.services.use_cases
    return services


def caller_of(call: Call[Any, Any]) -> Caller:
    """Return on whose behalf a call is made."""
    principal = call.caller
    actor = Actor(
        principal.kind, principal.id, principal.roles, locations=principal.locations or ()
    )
    if isinstance(call.access, Acting):
        actor = Actor("delegate", principal.id, on_behalf_of=call.path["member_id"])
    return Caller(call.tenant, actor, call.remaining_ms, principal.sources, call.access)


def identity_of(call: Call[Any, Any]) -> IdempotencyKey | None:
    """Return the identity of a write by its path and Idempotency-Key, if it has one."""
    if call.idempotency_key is None:
        return None
    path = f"{call.operation.method} {call.operation.filled(call.path)}"
    return request_identity(path, call.idempotency_key, call.fingerprint)


def carry_out(
    call: Call[Any, Any], command: Command, present: Present, *, dry_run: bool = False
) -> Reply:
    """Change accounts by a command, once, and return what it led to."""
    services, caller = services_of(call), caller_of(call)
    done = change_account(services, caller, command, present, identity_of(call), dry_run=dry_run)
    return reply(done)


def page_of(
    call: Call[Any, Page], items: Sequence[T], key: Callable[[T], str]
) -> tuple[Sequence[T], str | None]:
    """
    Return the page of a list that is asked for, and the cursor of the next one.

    A page goes on after the item with which the last one ended.  Where that is gone meanwhile it
    goes on at the next key, or at its place if the list is not in the order of its keys.
    """
    keys, start = [key(each) for each in items], 0
    if (position := call.position()) is not None:
        place, last = position
        if last in keys:
            start = keys.index(last) + 1
        else:
            start = bisect_right(keys, last) if keys == sorted(keys) else place
    end = start + call.query.limit
    more = end < len(items)
    return items[start:end], call.next_cursor([end - 1, keys[end - 1]]) if more else None


def programme_wanted(call: Call[Any, Any]) -> str | None:
    """
    Return the programme that a list is cut to, ``None`` where it is not.

    Raises `NotFound` ``programme_not_found`` where none of this id was ever published: nothing is
    of it, and an empty list would say the same of a mistyped one.
    """
    wanted: str | None = call.query.programme
    if wanted is None:
        return None
    known = programmes_of(services_of(call), call.tenant).ids()
    if wanted not in known:
        raise NotFound(
            "programme_not_found",
            f"`programme` is no published programme; these are published: "
            f"{', '.join(known) or 'none'}.",
        )
    return wanted


def entry_of(call: Call[Any, Any]) -> Entry | None:
    """Return the entry of a tenant's list after which it goes on; nothing on the first page."""
    position = call.position()
    return None if position is None else Entry(*position)


def cursor_of(call: Call[Any, Any], after: Any) -> str | None:
    """Return the cursor of what follows a position, which is ``None`` at the end."""
    return None if after is None else call.next_cursor(after)


def instant_in(text: str, **place: str) -> Instant:
    """Return the instant at a place of a request, its ``pointer`` or ``parameter``."""
    try:
        return parse_instant(text)
    except Invalid as error:
        errors = [{**place, "detail": error.message}]
        raise Invalid(error.code, error.message, errors=errors) from None


def invalid_body(violations: Iterable[Violation]) -> Invalid:
    """Return the refusal of a body, or of a part of one, with every violation in it."""
    return Invalid(
        "invalid_body",
        "The body breaks the schema; see errors.",
        errors=[{"pointer": each.pointer, "detail": each.detail} for each in violations],
    )


def answer(status: int, body: msgspec.Struct) -> Answer:
    """Return an answer as it is sent, and remembered byte for byte."""
    return Answer(status, _ENCODER.encode(body))


def reply(done: Done, **headers: str) -> Reply:
    """Return what a use case answered, marked where it is a first answer given again."""
    return Reply(done.answer.body, done.answer.status, headers or None, replayed=done.replayed)
