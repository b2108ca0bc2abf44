"""
Hold the rules in `.ci/semgrep/` to their examples, then the code to the rules.

An exception is marked in the code, on its line or above it: ``# nosemgrep: rule - reason``.  A mark
that excuses nothing fails like a finding without a mark: it is stale, or the rule has gone blind.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
RULES: Final = Path(__file__).with_name("semgrep")
MARK: Final = re.compile(r"nosemgrep(?:: ([\w-]+) - \w.*)?")
SPACE: Final = ROOT / "build" / "semgrep"


def main(targets: list[str]) -> int:
    """Judge the Python files of these directories and files; return the exit status."""
    SPACE.mkdir(parents=True, exist_ok=True)
    problems = [*examples(), *exceptions(targets)]
    print("\n".join(problems or [f"{', '.join(targets)}: every rule holds."]))
    return 1 if problems else 0


def examples() -> Iterator[str]:
    """Yield where a rule does not do what its examples say, or has none of one kind."""
    result = semgrep("test", "--json", str(RULES))
    for name in result["config_missing_tests"]:
        yield f"{name}: has no examples"
    for problem in result["config_with_errors"]:
        yield f"{problem}: cannot be read"
    for config, tested in result["results"].items():
        text = (RULES / Path(config).name).with_suffix(".py").read_text("utf-8")
        for rule, check in tested["checks"].items():
            yield from (f"{config}: {rule}: {error}" for error in check["errors"])
            if not {f"# ruleid: {rule}\n", f"# ok: {rule}\n"} <= set(
                text.splitlines(keepends=True)
            ):
                yield f"{config}: {rule}: has no example that is found, or none that is not"
            for file, lines in check["matches"].items():
                if lines["expected_lines"] != lines["reported_lines"]:
                    yield f"{file}: {rule}: {lines}"


def exceptions(targets: list[str]) -> Iterator[str]:
    """Yield the findings that have no mark, and the marks that have no finding."""
    quiet = ("--metrics", "off", "--disable-version-check", "--quiet", "--disable-nosem")
    result = semgrep("scan", "--json", *quiet, "--config", str(RULES), *targets)
    for error in result["errors"]:
        yield str(error["message"])
    marks = dict(marked(targets))
    used = set()
    for each in result["results"]:
        path, line = each["path"], each["start"]["line"]
        rule = each["check_id"].rpartition(".")[2]
        at = next((n for n in (line, line - 1) if marks.get((path, n)) == rule), None)
        if at is None:
            yield f"{path}:{line}: {rule}: {each['extra']['message']}"
        used.add((path, at))
    for path, line in sorted(marks.keys() - used):
        yield f"{path}:{line}: the mark names no rule, gives no reason, or excuses nothing"


def marked(targets: list[str]) -> Iterator[tuple[tuple[str, int], str | None]]:
    """Yield file, line and rule of every mark; no rule where it is not formed as it must be."""
    for target in targets:
        for file in (
            [Path(target)] if target.endswith(".py") else sorted(Path(target).rglob("*.py"))
        ):
            for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
                if mark := MARK.search(line):
                    yield (str(file), number), mark[1]


def semgrep(*arguments: str) -> dict[str, Any]:
    """Run semgrep, without a network and without writing to the home directory."""
    done = subprocess.run(  # noqa: S603 - our own arguments
        [Path(sys.executable).with_name("semgrep"), *arguments],
        env=os.environ
        | {
            "SEMGREP_SETTINGS_FILE": str(SPACE / "settings.yml"),
            "SEMGREP_LOG_FILE": str(SPACE / "log"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        result: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise SystemExit(f"semgrep did not run:\n{done.stdout}\n{done.stderr}") from None
    return result


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
