"""What a first `tessera serve` finds: a clinic with its programme, an API key and a few members."""

from __future__ import annotations

import json
from importlib import resources
from typing import Final

import app
from chalicelib.cli.local import found_on_file, local_directory
from chalicelib.cli.token import mint_token
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.actor import Actor
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.events import Line
from chalicelib.routes.openapi import example_of
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.create_member import NewMember, create_member
from chalicelib.usecases.open_tenant import open_tenant
from chalicelib.usecases.publish_programme import draft_programme, publish_programme
from chalicelib.usecases.record_activity import Reported, record_activity
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.stored import Answer, Settings

TENANT: Final = "clinic"
_CALLER: Final = Caller(tenant=TENANT, actor=Actor("system", "seed"))
_MONTH_MS: Final = 30 * 86_400_000
_TOKEN_TTL_S: Final = 30 * 24 * 60 * 60


def seed(base_url: str) -> dict[str, str]:
    """
    Load the example on the first start, and return what a caller needs.

    The API key is shown only when it is made; a later start leaves it out.
    """
    services = app.services()
    # A copy that was restored has tenants of its own.
    tenant = found_on_file("tenant") or TENANT
    token = _admin_token(services, tenant)
    credentials = {"base_url": base_url, "tenant": tenant, "admin_token": token}
    settings = Settings(tenant=TENANT, name="Example clinic", time_zone="Europe/London")
    if tenant == TENANT and services.catalogue.settings(TENANT) is None:
        credentials["api_key"] = open_tenant(services, settings).token
        _publish(services)
        _members(services)
    return credentials


def _publish(services: Services) -> None:
    text = resources.files("chalicelib.programmes").joinpath("clinic.json").read_text("utf-8")
    draft = draft_programme(services, _CALLER, json.loads(text)).version
    # The past month can still be reported: activities are evaluated by the version of their day.
    since = services.wall_clock() - _MONTH_MS
    publish_programme(services, _CALLER, draft.programme_id, draft.number, since)


def _members(services: Services) -> None:
    """
    Make three members: one who only joined, one with a visit, one who also bought things.

    The last has the id that the examples of the reference name, so that these can be sent here.
    """
    now = services.wall_clock()
    known = services._replace(new_id=lambda _kind: example_of("create_member")["answer"]["id"])
    history = {
        "1001": (),
        "1002": (_visit("1002-visit", now),),
        "1003": (_visit("1003-visit", now), _purchase("1003-basket", now)),
    }
    for record_number, activities in history.items():
        new = NewMember(external_id=("ehr", record_number))
        making = known if record_number == "1003" else services
        created = create_member(making, _CALLER, new, _nothing, None)
        for activity in activities:
            record_activity(services, _CALLER, Reported(activity, created.member), _nothing)


def _visit(external_id: str, at: Instant) -> Activity:
    return Activity("visit.completed", "seed", external_id, at)


def _purchase(external_id: str, at: Instant) -> Activity:
    lines = (
        Line("1", 4550, 1, "vitamins", "VIT-D3"),
        Line("2", 1250, 1, "prescription", "RX-1"),
    )
    return Activity("purchase.completed", "seed", external_id, at, money="GBP", lines=lines)


def _nothing(_decided: Decided) -> Answer:
    return Answer(200, b"{}")


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
