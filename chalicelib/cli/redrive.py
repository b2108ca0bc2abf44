"""`tessera redrive`: try again what the tick's workers could not settle."""

from __future__ import annotations

import click

from chalicelib.integrations.tick_queue import redrive


@click.command("redrive")
@click.option(
    "--queue-url",
    envvar="TESSERA_TICK_QUEUE_URL",
    required=True,
    help="The tick's queue; by default TESSERA_TICK_QUEUE_URL.",
)
def command(queue_url: str) -> None:
    """
    Send the messages that were put aside to the tick's queue again.

    A message is put aside when an account in it could not be settled, time after time; the log
    names the account.  Once that is fixed, this has it settled.  Safe to run twice or to stop.
    """
    # botocore takes long to import, and the help needs none of it.
    from botocore.exceptions import BotoCoreError, ClientError

    sent = 0
    try:
        for some in redrive(queue_url):
            sent += some
    except (BotoCoreError, ClientError, LookupError) as refusal:
        raise click.ClickException(f"{refusal} ({sent} sent before)") from None
    click.echo(f"{sent} messages sent again.")
