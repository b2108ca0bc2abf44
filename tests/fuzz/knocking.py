"""
Coverage-guided fuzzing of every door with atheris: ``make fuzz-doors N=10000000``.

    python -m tests.fuzz.knocking --executions 10000000
    python -m tests.fuzz.knocking --door body --runs 1000000     # one door, in this process

libFuzzer ends the process that it runs in, so each door has a process of its own; those share the
executions equally.  What breaks a door is left in a file that the failure names.
"""

from __future__ import annotations

import argparse
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
_DONE: Final = re.compile(r"Done (\d+) runs")


def main() -> int:
    """Run the command line; 1 where a door let out what no door may."""
    options = _options()
    if options.door is not None:
        _knock(options.door, options.runs, options.seed)
        return 1  # not reached: libFuzzer ends the process
    return _all(options.executions, options.seed)


def _all(executions: int, seed: int) -> int:
    from tests.fuzz.doors import DOORS

    runs = -(-executions // len(DOORS))
    print(f"{executions:,} executions at {len(DOORS)} doors, seed {seed}")
    began = time.monotonic()
    with ThreadPoolExecutor(os.cpu_count() or 1) as processes:
        results = list(processes.map(lambda door: _apart(door, runs, seed), DOORS))
    seconds = time.monotonic() - began
    total = sum(done for _, done, _ in results)
    for door, done, output in results:
        print(f"  {door}: {done:,} executions")
        if done < runs:
            print(output)
    print(f"{total:,} executions in {seconds:.0f} s ({total / seconds:,.0f}/s)")
    return int(any(done < runs for _, done, _ in results))


def _apart(door: str, runs: int, seed: int) -> tuple[str, int, str]:
    command = [sys.executable, "-m", "tests.fuzz.knocking"]
    # The process that knocks ends without cleaning up.
    with tempfile.TemporaryDirectory(prefix="tessera-door-") as corpus:
        result = subprocess.run(
            [*command, "--door", door, "--runs", str(runs), "--seed", str(seed)],
            cwd=ROOT,
            env=os.environ | {"TMPDIR": corpus},
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    output = result.stdout + result.stderr
    done = _DONE.search(output)
    return door, int(done[1]) if done and result.returncode == 0 else 0, output[-4000:]


def _knock(door: str, runs: int, seed: int) -> None:
    import atheris

    with atheris.instrument_imports(include=["chalicelib", "json"]):
        from tests.fuzz.doors import DOORS, SEEDS

    corpus = Path(tempfile.mkdtemp(prefix="tessera-door-"))
    for number, text in enumerate(SEEDS[door]):
        (corpus / str(number)).write_bytes(text)
    arguments = [f"-runs={runs}", f"-seed={seed}", "-max_len=4096", "-rss_limit_mb=4096"]
    found = ROOT / "build" / f"door-{door}-"
    found.parent.mkdir(exist_ok=True)
    atheris.Setup([sys.argv[0], *arguments, f"-artifact_prefix={found}", str(corpus)], DOORS[door])
    atheris.Fuzz()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.knocking")
    parser.add_argument("--executions", type=int, default=10_000_000, help="At all doors together.")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31), help="Of libFuzzer.")
    parser.add_argument("--door", help="One door, in this process.")
    parser.add_argument("--runs", type=int, default=1_000_000, help="At that door.")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
