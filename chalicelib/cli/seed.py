"""
What a first `tessera serve` finds: a clinic with a programme, an API key, and what examples name.

`clinic.json` beside this module is made with the examples of the reference: the programme, and the
requests that make members and what they have, with the ids that the examples know them by.
"""

from __future__ import annotations

import base64
import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec
from msgspec import Struct, field

import app
from chalicelib.cli.local import found_on_file, local_directory
from chalicelib.cli.token import mint_token
from chalicelib.domain.api_key import ID_BYTES
from chalicelib.domain.ledger.actor import Actor
from chalicelib.domain.ledger.calendar import format_instant
from chalicelib.usecases.open_tenant import open_tenant
from chalicelib.usecases.publish_programme import draft_programme, publish_programme
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.stored import Settings

if TYPE_CHECKING:
    from chalicelib.wiring import Runtime

SETTINGS: Final = Settings(tenant="clinic", name="Example clinic", time_zone="Europe/London")
_CALLER: Final = Caller(tenant=SETTINGS.tenant, actor=Actor("system", "seed"))
_MONTH_MS: Final = 30 * 86_400_000
_TOKEN_TTL_S: Final = 30 * 24 * 60 * 60
#: Begins the names of what later requests need, and nobody else.
UNTOLD: Final = "@"


class _Request(Struct, frozen=True):
    """
    One request, and the ids that are made for it, in order.

    ``gives`` are credentials that its answer holds, each with its place: ``voucher/code``.  In the
    body of a later one ``{voucher_code}`` stands for it.
    """

    method: str
    target: str
    body: dict[str, Any]
    ids: list[str]
    has_key: bool
    gives: dict[str, str] = field(default_factory=dict)


class _Clinic(Struct, frozen=True):
    programme: dict[str, Any]
    requests: list[_Request]


def seed(base_url: str) -> dict[str, str]:
    """
    Load the example on the first start, and return what a caller needs.

    What is shown only when it is made, such as the API key, a later start leaves out.
    """
    services = app.services()
    # A copy that was restored has tenants of its own.
    tenant = found_on_file("tenant") or SETTINGS.tenant
    token = _admin_token(services, tenant)
    credentials = {"base_url": base_url, "tenant": tenant, "admin_token": token}
    if tenant == SETTINGS.tenant and services.catalogue.settings(tenant) is None:
        credentials["api_key"] = open_tenant(services, SETTINGS).token
        text = resources.files("chalicelib.cli").joinpath("clinic.json").read_bytes()
        clinic = msgspec.json.decode(text, type=_Clinic)
        _publish(services, clinic.programme)
        credentials |= _sent(services, clinic.requests, base_url, credentials["api_key"])
    return credentials


def _publish(services: Services, document: dict[str, Any]) -> None:
    draft = draft_programme(services, _CALLER, document).version
    # The past month can still be reported: activities are evaluated by the version of their day.
    since = services.wall_clock() - _MONTH_MS
    publish_programme(services, _CALLER, draft.programme_id, draft.number, since)


def _sent(
    services: Services, requests: list[_Request], base_url: str, api_key: str
) -> dict[str, str]:
    """Send the requests as a client does, and return the credentials that they give."""
    from chalicelib.cli.replay.client import Client

    given, ids = dict[str, str](), list[str]()
    with _known(ids), Client(base_url, api_key) as client:
        send = {"POST": client.post, "PUT": client.put}
        for number, each in enumerate(requests):
            ids[:] = each.ids
            now = {"occurred_at": format_instant(services.wall_clock())}
            body = _with(each.body | (now if each.body.keys() & now.keys() else {}), given)
            key = f"seed-{number}" if each.has_key else None
            answer = send[each.method](each.target, body, key)
            if answer.is_refusal:
                raise LookupError(f"{each.target}: {answer.problem()}")
            for name, place in each.gives.items():
                given[name] = _at(msgspec.json.decode(answer.body), place)
    return {name: value for name, value in given.items() if not name.startswith(UNTOLD)}


def _with(body: dict[str, Any], given: dict[str, str]) -> dict[str, Any]:
    """Return a body with what earlier answers gave in its place."""
    named = {f"{{{name}}}": value for name, value in given.items()}
    return {
        name: named.get(each, each) if isinstance(each, str) else each
        for name, each in body.items()
    }


@contextmanager
def _known(ids: list[str]) -> Iterator[None]:
    """Let what is made have these ids, one after another, and write no line of log about it."""
    from chalicelib.routes.http.services import provide, provided

    def random_bytes(count: int) -> bytes:
        # Only what names a key is known.
        return base64.b32decode(ids.pop(0)) + secrets.token_bytes(count - ID_BYTES)

    runtime = cast("Runtime", provided())
    known = runtime.use_cases._replace(new_id=lambda _kind: ids.pop(0), random_bytes=random_bytes)
    provide(lambda: runtime._replace(use_cases=known))
    logging.disable(logging.INFO)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
        provide(lambda: runtime)


def _at(document: Any, place: str) -> str:
    for part in place.split("/"):
        document = document[part]
    return str(document)


def _admin_token(services: Services, tenant: str) -> str:
    from infra.local.keys import local_issuer

    issuer = local_issuer(local_directory())
    return mint_token(
        issuer.private_pem,
        issuer=issuer.issuer,
        audience=issuer.audience,
        key_id=issuer.key_id,
        subject="local-admin",
        tenant=tenant,
        roles=("admin",),
        ttl_s=_TOKEN_TTL_S,
        now=services.wall_clock(),
    )
