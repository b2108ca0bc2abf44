"""The command line, `tessera`; each command is a module that is imported when it is called."""

from __future__ import annotations

import importlib
from typing import Final, NamedTuple

import click


class _Entry(NamedTuple):
    module: str
    summary: str


# A command's module has it as `command`.
_COMMANDS: Final = {
    "backup": _Entry("chalicelib.cli.backup", "Copy everything that must last into files."),
    "programme": _Entry("chalicelib.cli.programme", "Tell what laws make of a programme."),
    "redrive": _Entry("chalicelib.cli.redrive", "Try again what the tick could not settle."),
    "replay": _Entry("chalicelib.cli.replay", "Play recorded purchases over HTTP and compare."),
    "restore": _Entry("chalicelib.cli.restore", "Write a backup into empty tables, and verify."),
    "serve": _Entry("chalicelib.cli.serve", "Run the API on this machine."),
    "tenant": _Entry("chalicelib.cli.tenant", "Make a tenant, or get back into one."),
    "token": _Entry("chalicelib.cli.token", "Issue a token of the local issuer."),
    "validate": _Entry("chalicelib.cli.validate", "Check a programme document in a file."),
    "verify": _Entry("chalicelib.cli.verify", "Check accounts against their journals."),
}


class LazyGroup(click.Group):
    """A group whose commands cost nothing until they are called, not even for the help."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names in alphabetical order."""
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return the command, or None if there is none of that name."""
        if (entry := _COMMANDS.get(cmd_name)) is None:
            return None
        command = importlib.import_module(entry.module).command
        if not isinstance(command, click.Command):
            raise TypeError(f"{entry.module}.command is not a command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from their summaries."""
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, _COMMANDS[name].summary) for name in self.list_commands(ctx)]
            )


@click.group(cls=LazyGroup)
@click.version_option(package_name="tessera-loyalty")
def main() -> None:
    """Tessera: the patient-loyalty API."""
