"""
Plant small mistakes in the code that moves value and time, and see which the tests let live.

    python -m tests.mutants 600 --seed 7            so many, drawn by that seed
    python -m tests.mutants --only 3f2a91c07b       one again, by the key that was printed
    python -m tests.mutants 40 --through near       only the tests next to each module
"""

from __future__ import annotations

import os
import secrets
import sys
import time

import click

from tests.mutants.campaign import run, told
from tests.mutants.ground import ROOT, TIERS, all_mutants, equivalents, sample


@click.command(help=__doc__)
@click.argument("count", type=int, default=600)
@click.option("--seed", type=int, help="Draws the sample; by chance unless given.")
@click.option("--only", multiple=True, help="Try this one, by its key.")
@click.option("--module", help="Draw from paths that contain this.", default="")
@click.option(
    "--through", type=click.Choice(list(TIERS)), default="journeys", help="The last tier."
)
@click.option("--workers", type=int, default=os.cpu_count() or 1)
def main(
    count: int, seed: int | None, only: tuple[str, ...], module: str, through: str, workers: int
) -> None:
    """Say what was drawn, how each ends, and what survived; exit with 1 where any did."""
    begun = time.monotonic()
    seed = secrets.randbelow(10**6) if seed is None else seed
    known = equivalents()
    every = [each for each in all_mutants(ROOT) if module in each.path]
    if only:
        drawn = [each for each in every if each.key in only]
    else:
        drawn = sample([each for each in every if each.key not in known], count, seed)
    if not drawn:
        raise click.UsageError("There is no such mutant; keys change with the lines they mutate.")
    tiers = list(TIERS)[: list(TIERS).index(through) + 1]
    click.echo(f"seed {seed}: {len(drawn)} of {len(every)} mutants; tiers {', '.join(tiers)}")
    outcomes = []
    for outcome in run(ROOT, drawn, tiers, workers):
        outcomes.append(outcome)
        mutant = outcome.mutant
        end = f"{outcome.tier}: {outcome.by}" if outcome.tier else "SURVIVED"
        click.echo(
            f"{len(outcomes)} {mutant.key} {mutant.path}:{mutant.line} {mutant.operator} {end}"
        )
    for line in told(outcomes, ROOT):
        click.echo(line)
    click.echo(f"{time.monotonic() - begun:.0f} s")
    sys.exit(any(outcome.tier is None for outcome in outcomes))


if __name__ == "__main__":
    main()
