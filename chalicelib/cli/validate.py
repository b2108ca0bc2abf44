"""`tessera validate`: a programme document in a file, checked as the API would."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from chalicelib.domain.errors import Invalid, Malformed, TooLarge

if TYPE_CHECKING:
    from chalicelib.usecases.publish_programme import Checked


@click.command("validate")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def command(*, file: Path) -> None:
    """
    Check the programme document in FILE: its shape, its meaning, and what its author should know.

    Needs no server.  Prints each problem with its place in the document and the fix, then the
    warnings, and exits with 1 where there is a problem.
    """
    checked = checked_in(file)
    for warning in checked.warnings:
        click.echo(f"warning: {warning.pointer or '/'}: {warning.detail}")
    click.echo(f"{checked.programme.id} can be published.")


def checked_in(file: Path) -> Checked:
    """Return the programme in a file; prints what is wrong with it, and ends the command."""
    from chalicelib.routes.http.parsing import parse_object
    from chalicelib.usecases.publish_programme import check_document

    try:
        document = parse_object(file.read_bytes())
    except (Malformed, TooLarge) as refusal:
        for each in refusal.errors if isinstance(refusal, Malformed) else ():
            click.echo(f"{each['pointer'] or '/'}: {each['detail']}")
        raise click.ClickException(f"{file} is no JSON for the API: {refusal.message}") from None
    try:
        return check_document(document)
    except Invalid as refusal:
        for each in refusal.errors:
            click.echo(f"{each['pointer'] or '/'}: {each['detail']}")
        raise click.ClickException(refusal.message) from None
