"""Write `loaded.txt` anew: `python -m tests.cold`.  Its difference belongs in the review."""

from __future__ import annotations

import tempfile
from pathlib import Path

# Before anything makes a client: nothing reads the machine's credentials or reaches AWS.
from tests import conftest  # noqa: F401
from tests.cold import loaded
from tests.cold.cases import Cases
from tests.cold.stand_in import StandIn
from tests.journeys.world import Ground


def main() -> None:
    """Start the processes and write what they import."""
    with tempfile.TemporaryDirectory() as directory, StandIn().started() as stand_in:
        cases = Cases(Ground(Path(directory)), stand_in)
        space = Path(directory, "staged")
        space.mkdir()
        places = loaded.places(space)
        found = {
            event: loaded.ours(cases.run(case, places).modules)
            for event, case in loaded.cases_of(cases).items()
        }
        loaded.FILE.write_text(loaded.written(found), "utf-8")


if __name__ == "__main__":
    main()
