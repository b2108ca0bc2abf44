"""One replay from beginning to end: data, server, play, read back, compare, tell."""

from __future__ import annotations

import contextlib
import json
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Final, NamedTuple

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from chalicelib.cli.local import local_directory, on_file
from chalicelib.cli.replay import dataset, report
from chalicelib.cli.replay.client import Client, Unreachable
from chalicelib.cli.replay.expected import expected
from chalicelib.cli.replay.outcome import Outcome, differences
from chalicelib.cli.replay.play import (
    END,
    Played,
    Player,
    Programme,
    ReplayError,
    open_sandbox,
    programme_of,
    publish,
)
from chalicelib.cli.replay.purchases import Purchase, Unreadable, parse
from chalicelib.cli.replay.readback import Reader
from infra.local.engine import EngineError
from infra.local.program import Program, ProgramError

# A line a request would be a hundred thousand that nobody reads.
_QUIET: Final = {"POWERTOOLS_LOG_LEVEL": "WARNING"}


class Request(NamedTuple):
    """What was asked for on the command line."""

    limit: int | None
    check: bool
    verify: bool
    clients: int
    base_url: str | None
    token: str | None
    data_file: Path | None
    programme_file: Path | None


class _Finding(NamedTuple):
    """What the server has, and what is wrong with it."""

    played: Played
    repeated: int
    server: Outcome
    errors: list[str]


def run(request: Request) -> None:
    """Replay as asked; exits with 1 where it cannot, where anything differs, or on any error."""
    console = Console()
    try:
        purchases = _purchases(request)
        with _stoppable(), _server(request, console) as (base_url, token):
            finding = _replay(request, console, purchases, base_url, token)
    except (
        dataset.DataUnavailable,
        Unreadable,
        ProgramError,
        EngineError,
        ReplayError,
        Unreachable,
    ) as failure:
        raise click.ClickException(str(failure)) from None
    if not _tell(request, console, purchases, finding):
        raise click.exceptions.Exit(1)


def _tell(
    request: Request, console: Console, purchases: Sequence[Purchase], finding: _Finding
) -> bool:
    """Print what was found, and return whether all is well."""
    ours = expected(purchases, END) if request.check else None
    report.show_outcome(console, finding.server, ours)
    report.show_effort(console, finding.played, finding.repeated)
    wrong = list(finding.errors)
    if request.verify and not wrong:
        console.print(f"All {len(finding.server.members):,} accounts agree with their journals.")
    if ours is not None:
        differing = list(differences(finding.server, ours))
        wrong += differing
        if not differing:
            console.print("Every total, and every member's, is as expected.")
    report.show_differences(console, wrong)
    return not wrong


def _purchases(request: Request) -> list[Purchase]:
    if request.data_file is not None:
        purchases = parse(request.data_file.read_text("utf-8"))
    else:
        purchases = parse(dataset.cdnow(local_directory() / "data"))
        rows, customers = len(purchases), len({purchase.customer for purchase in purchases})
        if (rows, customers) != (dataset.ROWS, dataset.CUSTOMERS):
            raise Unreadable(f"read {rows:,} rows of {customers:,} customers, which is not all")
    purchases = purchases[: request.limit]
    if not purchases:
        raise Unreadable(f"{request.data_file} has no purchases")
    return purchases


def _programme(request: Request) -> Programme:
    if request.programme_file is not None:
        text = request.programme_file.read_text("utf-8")
    else:
        text = (
            resources.files("chalicelib.programmes").joinpath("purchases.json").read_text("utf-8")
        )
    document: dict[str, Any] = json.loads(text)
    return programme_of(document)


def _replay(
    request: Request,
    console: Console,
    purchases: Sequence[Purchase],
    base_url: str,
    token: str,
) -> _Finding:
    programme = _programme(request)
    first = min(purchase.day for purchase in purchases)
    with Client(base_url, token) as opener:
        tenant, api_key = open_sandbox(opener, first)
    with Client(base_url, api_key) as client, _progress(console) as progress:
        publish(client, programme)
        progress.console.print(f"Playing {len(purchases):,} rows into {tenant} at {base_url}.")
        player = Player(client, programme, request.clients)
        on_rows = _rows_bar(progress, player.played, len(purchases))
        played = player.play(purchases, on_rows, progress.console.print)
        reader = Reader(client, programme, request.clients)
        bar = _bar(progress, "members read", len(played.members))
        server = Outcome(reader.holdings(played.members, bar), played.refused)
        errors: list[str] = []
        if request.verify:
            bar = _bar(progress, "accounts verified", len(played.members))
            errors = reader.errors(played.members, bar)
        return _Finding(played, client.repeated, server, errors)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
    )


def _bar(progress: Progress, what: str, total: int) -> Callable[[], None]:
    task = progress.add_task(what, total=total, rate="")
    return lambda: progress.advance(task)


def _rows_bar(progress: Progress, played: Played, total: int) -> Callable[[int], None]:
    started = time.perf_counter()
    task = progress.add_task("rows", total=total, rate="")
    done, tenth = 0, 1

    def advance(rows: int) -> None:
        nonlocal done, tenth
        done += rows
        rate = f"{played.requests / (time.perf_counter() - started):,.0f} requests/s"
        progress.update(task, advance=rows, rate=rate)
        # Where nobody watches a bar, a log shows how it goes.
        if not progress.console.is_terminal and done * 10 >= total * tenth:
            progress.console.print(f"{done:,} rows, {rate}")
            tenth = done * 10 // total + 1

    return advance


@contextlib.contextmanager
def _server(request: Request, console: Console) -> Iterator[tuple[str, str]]:
    """Yield the address and a credential of the server to play against."""
    if request.base_url is not None:
        yield request.base_url, request.token or on_file("api_key", "--token")
        return
    with tempfile.TemporaryDirectory(prefix="tessera-replay-") as directory:
        console.print("Starting a server on a state that is thrown away …")
        with Program(Path(directory), keeps_state=False, more=_QUIET) as program:
            yield program.base_url, program.credentials["api_key"]


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    """Let SIGTERM end the replay like Ctrl-C does, so that its server is stopped with it."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
