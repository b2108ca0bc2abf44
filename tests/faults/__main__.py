"""
Run histories by hand: one, to see what happens in it, or as many as there is time for.

    python -m tests.faults --seed 1234 [--mutant name]     one history, step by step
    python -m tests.faults 10000 [--first 0]               so many, on all cores; then every run of
                                                           two workers; 1 on a violation
    python -m tests.faults --hunt all                      catch every planted bug, and keep the
                                                           seeds in caught.json
"""

from __future__ import annotations

import os
import sys

import click
import msgspec

from tests import conftest  # noqa: F401 - keeps the machine's credentials out of this process
from tests.faults import campaign
from tests.faults.mutants import MUTANTS
from tests.faults.scripts import PAIRS


@click.command()
@click.argument("histories", type=int, default=500)
@click.option("--first", type=int, default=0, help="The first seed.")
@click.option("--seed", type=int, help="Play this one, and tell every step.")
@click.option("--mutant", type=click.Choice(sorted(MUTANTS)), help="With this bug planted.")
@click.option("--seeds", help="first:end:step, in this process.")
@click.option("--hunt", help="Planted bugs to catch, in this process; or all.")
@click.option("--walk", help="Numbers of pairs of scripts to walk, in this process.")
@click.option("--limit", type=int, default=1000, help="How many seeds a planted bug may survive.")
def main(
    histories: int,
    first: int,
    seed: int | None,
    mutant: str | None,
    seeds: str | None,
    hunt: str | None,
    walk: str | None,
    limit: int,
) -> None:
    """Play histories, and exit with 1 where one of them goes wrong."""
    if seed is not None:
        sys.exit(_replay(seed, mutant))
    if hunt == "all":
        caught = campaign.hunt(MUTANTS, limit, os.cpu_count() or 1)
        campaign.keep_caught(caught)
        _tell(caught)
    elif hunt is not None:
        _tell(campaign.hunt_here(hunt.split(","), limit))
    elif walk is not None:
        _tell(campaign.walk_here(map(int, walk.split(","))))
    elif seeds is not None:
        _tell(campaign.play_all(_range(seeds)))
    else:
        sys.exit(_campaign(first, histories))


def _replay(seed: int, mutant: str | None) -> int:
    history = campaign.play(seed, MUTANTS[mutant] if mutant else None, keep_trace=True)
    click.echo("\n".join(history.trace))
    click.echo(f"digest {history.digest.hex()}")
    for violation in history.violations:
        click.echo(f"VIOLATION {violation}")
    return bool(history.violations)


def _campaign(first: int, histories: int) -> int:
    processes = os.cpu_count() or 1
    click.echo(f"seeds {first} to {first + histories - 1}, {processes} processes")
    tally, seconds = campaign.timed(first, histories, processes)
    for line in campaign.lines(tally, seconds):
        click.echo(line)
    walked = campaign.walk(PAIRS, processes)
    click.echo(
        f"{walked.runs:,} runs of two workers with two requests each, killed or not: "
        f"{walked.states:,} states, {walked.calls:,} calls, {len(walked.found)} violations"
    )
    for found in walked.found:
        click.echo(found)
    return bool(tally.violations or walked.found)


def _range(text: str) -> range:
    first, end, step = map(int, text.split(":"))
    return range(first, end, step)


def _tell(value: object) -> None:
    click.echo(msgspec.json.encode(value))


if __name__ == "__main__":
    main()
