"""`tessera tenant`: a tenant's first key, and its last resort; the API can make neither."""

from __future__ import annotations

import re
from typing import Final

import click

from chalicelib.cli.local import services_beside
from chalicelib.domain.errors import LoyaltyError
from chalicelib.domain.ledger.calendar import zone
from chalicelib.usecases.open_tenant import open_tenant, recover_tenant
from chalicelib.usecases.stored import Settings

_ID: Final = re.compile(r"[a-z][a-z0-9-]{1,39}")


@click.group("tenant")
def command() -> None:
    """
    Make a tenant, or get back into one.

    Both print the API key of an administrator, which is shown this once.  They write to the tables
    of the server that runs in this directory, or to those that the environment names, as
    `tessera serve` does.  The key may do everything within the tenant: keep it for issuing keys
    with fewer scopes.
    """


@command.command("create")
@click.argument("tenant")
@click.option("--name", help="What people call it (the id).")
@click.option("--time-zone", default="UTC", show_default=True, help="Where it is, as IANA says.")
def create(tenant: str, *, name: str | None, time_zone: str) -> None:
    """Make TENANT and print the API key of its administrator."""
    if not _ID.fullmatch(tenant):
        raise click.UsageError("an id has 2 to 40 small letters, digits and hyphens")
    try:
        zone(time_zone)
    except LoyaltyError as refusal:
        raise click.UsageError(refusal.message) from None
    settings = Settings(tenant=tenant, name=name or tenant, time_zone=time_zone)
    try:
        key = open_tenant(services_beside(), settings)
    except LoyaltyError as refusal:
        raise click.ClickException(refusal.message) from None
    click.echo(key.token)


@command.command("recover")
@click.argument("tenant")
def recover(tenant: str) -> None:
    """
    Print a new API key of an administrator of TENANT.

    For when its keys are lost, or may be in other hands: revoke those with the new one.
    """
    try:
        key = recover_tenant(services_beside(), tenant)
    except LoyaltyError as refusal:
        raise click.ClickException(refusal.message) from None
    click.echo(key.token)
