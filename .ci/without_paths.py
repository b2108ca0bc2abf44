"""
Copy templates for checkov without the paths of the API: `python .ci/without_paths.py from to`.

It has no rule about them, and parses a grammar anew for each reference in them: nine tenths of its
time, and more with every operation.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def main(source: Path, target: Path) -> None:
    """Copy every template of a directory into another."""
    target.mkdir(parents=True, exist_ok=True)
    for file in source.glob("*.json"):
        template: dict[str, Any] = json.loads(file.read_text("utf-8"))
        for resource in template["Resources"].values():
            resource.get("Properties", {}).get("DefinitionBody", {}).pop("paths", None)
        (target / file.name).write_text(json.dumps(template, indent=2), "utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
