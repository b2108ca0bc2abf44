"""What a replay prints: what became of the points, and what it took."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import mean

from rich.console import Console
from rich.table import Table

from chalicelib.cli.replay.outcome import Outcome
from chalicelib.cli.replay.play import Kind, Played

_DIFFERENCES_SHOWN = 40


def show_outcome(console: Console, server: Outcome, expected: Outcome | None) -> None:
    """Print the totals, beside those that were expected where they were reckoned."""
    table = Table(title="What became of the purchases", title_justify="left")
    table.add_column("")
    table.add_column("server", justify="right")
    if expected is not None:
        table.add_column("expected", justify="right")
    theirs = _rows(server)
    ours = {} if expected is None else _rows(expected)
    for name in [*theirs, *(name for name in ours if name not in theirs)]:
        cells = [_number(theirs.get(name, 0))]
        if expected is not None:
            cells.append(_number(ours.get(name, 0)))
        table.add_row(name, *cells)
    console.print(table)


def show_effort(console: Console, played: Played, repeated: int) -> None:
    """Print the rate and what an earn cost; costs only where the server tells them."""
    table = Table(title="What it took", title_justify="left", show_header=False)
    table.add_column("")
    table.add_column("", justify="right")
    for name, value in _effort(played, repeated):
        table.add_row(name, value)
    console.print(table)


def show_differences(console: Console, found: Sequence[str]) -> None:
    """Print what does not agree, the first of it where it is much."""
    for line in found[:_DIFFERENCES_SHOWN]:
        console.print(line, style="red", markup=False, highlight=False, soft_wrap=True)
    if len(found) > _DIFFERENCES_SHOWN:
        console.print(f"… and {len(found) - _DIFFERENCES_SHOWN:,} more")


def _rows(outcome: Outcome) -> Mapping[str, int]:
    rows = {
        "members": len(outcome.members),
        "activities accepted": outcome.total("accepted"),
        **_refusals(outcome, "activity", "activities"),
        "points issued": outcome.total("issued"),
        "points redeemed": outcome.total("redeemed"),
        "points expired": outcome.total("expired"),
        "points outstanding": outcome.total("available"),
        **_refusals(outcome, "redemption", "redemptions"),
    }
    return rows | {f"members in {tier}": n for tier, n in sorted(outcome.tiers().items())}


def _refusals(outcome: Outcome, what: str, many: str) -> dict[str, int]:
    refusals = outcome.refusals(what)
    return {f"{many} refused: {code}": n for code, n in refusals.items()} or {f"{many} refused": 0}


def _effort(played: Played, repeated: int) -> Iterator[tuple[str, str]]:
    playing_s = played.elapsed_s - played.settling_s
    yield "rows", f"{len(played.earns.seconds):,} in {playing_s:,.1f} s"
    yield "requests per second", f"{played.requests / playing_s:,.0f}"
    yield "sent again (429, 503, broken)", f"{repeated:,}"
    yield (
        "events that fell due by the end",
        f"{played.events_due:,} in {played.settling_s:,.1f} s",
    )
    yield from _times("an earn", played.earns)
    yield from _cost("an earn", played.earns)


def _times(what: str, kind: Kind) -> Iterator[tuple[str, str]]:
    ordered = sorted(kind.seconds)
    for percent in (50, 95, 99):
        at = ordered[min(len(ordered) * percent // 100, len(ordered) - 1)]
        yield f"{what}: p{percent}", f"{at * 1000:,.1f} ms"


def _cost(what: str, kind: Kind) -> Iterator[tuple[str, str]]:
    if not kind.calls:
        yield f"{what}: DynamoDB", "not reported by this server"
        return
    yield f"{what}: DynamoDB calls", f"{mean(kind.calls):.3f} (at most {max(kind.calls)})"
    units = kind.write_units
    yield f"{what}: write units", f"{mean(units):.2f} (at most {max(units)})"


def _number(value: int) -> str:
    return f"{value:,}"
