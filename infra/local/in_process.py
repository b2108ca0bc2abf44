"""
The engine inside the process: DynamoDB calls answered by ministack's code without a socket.

Botocore offers each prepared request to its ``before-send`` hook and takes an answer returned from
there for the network's.  So clients and everything above them run unchanged, at several
times the speed of HTTP.  ministack's handler expects the order that an event loop gives it: a lock
stands in for that, so threads see serial transactions, exactly as over its HTTP port.

The state is the process's, whatever the client: separate tests by table prefix or by `reset()`.
"""

from __future__ import annotations

import functools
import io
import itertools
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Protocol
from urllib.parse import urlsplit

import botocore.session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.client import BaseClient
from botocore.config import Config

# What `send` is, and what may stand around it: a test that injects faults passes its own.
Transport = Callable[[AWSPreparedRequest], AWSResponse]

_REGION = "eu-west-1"
_HOOK = "before-send.dynamodb"
_HOOK_ID = "tessera-engine"
_SIGNER = "choose-signer.dynamodb"
_turn = threading.Lock()
_numbers = itertools.count(1)


class _HasEvents(Protocol):
    @property
    def meta(self) -> Any: ...


def send(request: AWSPreparedRequest) -> AWSResponse:
    """Answer one DynamoDB request from this process's engine; safe from any thread."""
    url = urlsplit(request.url)
    headers = {name.lower(): _text(value) for name, value in request.headers.items()}
    body = request.body if isinstance(request.body, bytes) else (request.body or "").encode()
    with _turn:
        status, answer_headers, answer = _run(
            _engine().handle_request(request.method, url.path or "/", headers, body, {})
        )
    raw = answer if isinstance(answer, bytes) else answer.encode()
    return respond(request.url, status, answer_headers, raw)


def respond(url: str, status: int, headers: dict[str, str], body: bytes) -> AWSResponse:
    """Return an answer as botocore takes it from a transport."""
    return AWSResponse(url, status, headers, _Body(body))


def attach(client: _HasEvents, transport: Transport = send, *, signed: bool = False) -> None:
    """
    Let ``transport`` answer every DynamoDB request of ``client`` from now on.

    Takes any botocore client, as that of ``connection.client``.  A second call replaces the
    first one's transport.  Nobody would check a signature: ``signed`` is for those who measure
    what a request costs where somebody does.
    """

    def answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        return transport(request)

    # Only one may answer: botocore asks every hook, and each would carry the request out.
    client.meta.events.unregister(_HOOK, unique_id=_HOOK_ID)
    client.meta.events.unregister(_SIGNER, unique_id=_SIGNER)
    if not signed:
        client.meta.events.register(_SIGNER, _unsigned, unique_id=_SIGNER)
    client.meta.events.register_first(_HOOK, answer, unique_id=_HOOK_ID)


def make_client(transport: Transport = send, *, retries: int = 1) -> BaseClient:
    """Return a botocore DynamoDB client that this process's engine answers."""
    client = botocore.session.Session().create_client(
        "dynamodb",
        region_name=_REGION,
        endpoint_url="http://engine.invalid",  # never resolved: a lost hook must not find a server
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - opens nothing # nosec B106
        config=Config(retries={"total_max_attempts": retries}),
    )
    attach(client, transport)
    return client


def fresh_prefix() -> str:
    """Return a table prefix that nothing in this process has used."""
    return f"t{next(_numbers)}-"


def reset() -> None:
    """Forget every table."""
    with _turn:
        _engine().reset()


@functools.cache
def _engine() -> Any:
    from ministack.services import dynamodb

    # It reads each condition anew for each request, which takes as long as the rest of a write.
    grammar = "_condition_syntax_error"
    setattr(dynamodb, grammar, functools.lru_cache(1024)(getattr(dynamodb, grammar)))
    return dynamodb


def _run(answer: Coroutine[Any, Any, tuple[int, dict[str, str], bytes | str]]) -> Any:
    # The handler is declared async and awaits nothing, so one step finishes it.
    try:
        answer.send(None)
    except StopIteration as finished:
        return finished.value
    answer.close()
    raise RuntimeError("the engine's DynamoDB handler waits; it can no longer run without a loop")


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


class _Body(io.BytesIO):
    """The answer's bytes in the shape in which botocore reads them from urllib3."""

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self.read()


def _unsigned(**_: Any) -> object:
    return botocore.UNSIGNED
