"""`tessera programme`: what there is to know of a programme document before it is published."""

from __future__ import annotations

from pathlib import Path

import click


@click.group("programme")
def command() -> None:
    """Look at a programme document in a file."""


@command.command("lint")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def lint(*, file: Path) -> None:
    """
    Tell what the programme in FILE gives under the policy packs that it follows.

    For who answers for that: each rule with its source, and what it makes of each reward and
    entitlement.  Needs no server; exits with 1 where the document cannot be published.
    """
    from chalicelib.cli.validate import checked_in
    from chalicelib.domain.authoring import policy_report

    for line in policy_report.lines(checked_in(file).programme):
        click.echo(line)
