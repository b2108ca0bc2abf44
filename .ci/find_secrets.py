"""
Hold what detect-secrets finds to the baseline: nothing more and nothing less.

The baseline has detect-secrets' own format, and its settings are used.  Unlike its hook this does
not mind when a line moves, and it does mind when something is no longer found: either it is gone
and the baseline must forget it, or the search has gone blind.

The settings leave out hashes of pinned distributions, the examples, which a local engine made,
schemas, which are made of the code, the password ``local``, which opens nothing, and the alphabet
and the ids that are made of it.  Of detectors for one service only, those are there whose service
this project has to do with: each takes its time for every line.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

from detect_secrets.core import baseline
from detect_secrets.core.secrets_collection import SecretsCollection

BASELINE: Final = Path(__file__).with_name("secrets.json")
HELP: Final = f"""\
Take a secret out and replace it with a new one: this one is known. What is none belongs into the
baseline: .venv/bin/detect-secrets scan --baseline .ci/{BASELINE.name}"""


def main() -> int:
    """Search every file of the repository, those not yet added too; return the exit status."""
    known = baseline.load(baseline.load_from_file(str(BASELINE)), str(BASELINE))
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
    )
    files = [name for name in listed.stdout.split("\0") if name and Path(name).is_file()]
    found = SecretsCollection()
    found.scan_files(*files)
    problems = [
        *(f"{name}:{each.line_number}: {each.type}" for name, each in found - known),
        *(f"{name}: {each.type}: no longer found" for name, each in known - found),
    ]
    if not files or problems:
        print("\n".join([f"{len(files)} files searched", *problems, HELP]), file=sys.stderr)
        return 1
    print(f"{len(files)} files searched for secrets: {len(list(known))} known to be none.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
