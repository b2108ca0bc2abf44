"""`tessera replay`: recorded purchases, played over HTTP, and compared with our own reckoning."""

from __future__ import annotations

from pathlib import Path

import click


@click.group("replay")
def command() -> None:
    """Play recorded purchases over HTTP."""


@command.command("cdnow")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first rows of the file.")
@click.option("--check", is_flag=True, help="Compare every total with our own reckoning.")
@click.option(
    "--verify/--no-verify",
    default=None,
    help="Check every account against its journal afterwards (on with --check).",
)
@click.option("--clients", type=click.IntRange(1, 64), default=8, show_default=True)
@click.option("--base-url", help="Play against this running server, not one of our own.")
@click.option("--token", help="A credential of that server that may open a sandbox.")
@click.option(
    "--data",
    "data_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The purchases, in the format of CDNOW_master.txt.",
)
@click.option(
    "--programme",
    "programme_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Another programme to publish; --check still expects purchases.json.",
)
def cdnow(
    *,
    limit: int | None,
    check: bool,
    verify: bool | None,
    clients: int,
    base_url: str | None,
    token: str | None,
    data_file: Path | None,
    programme_file: Path | None,
) -> None:
    """
    Play the CDNOW purchases: 69,659 of 23,570 customers, from January 1997 to June 1998.

    Opens a sandbox on the server, publishes the programme `purchases`, and moves the sandbox's
    clock from day to day; every purchase is an activity, everyone's first one makes a member, and
    of those who can pay for a gift at the end of a day every third asks for one.

    Without --base-url it starts a server on a state of its own, which is thrown away afterwards.
    With it, the credential is --token, or that of the last `tessera serve` in this directory.

    The data is downloaded by pip into .local/data on first use; --data names a file instead.
    """
    from chalicelib.cli.replay.run import Request, run

    run(
        Request(
            limit=limit,
            check=check,
            verify=check if verify is None else verify,
            clients=clients,
            base_url=base_url,
            token=token,
            data_file=data_file,
            programme_file=programme_file,
        )
    )
