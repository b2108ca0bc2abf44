"""
The zip that Lambda unpacks: compiled modules beside their sources, and the same bytes every time.

A module is compiled as ``unchecked-hash``: Python loads it without a look at its source, whose
time means nothing in a zip.  Sources stay: the zip is an eighth larger with them, and tracebacks
show them.
"""

from __future__ import annotations

import compileall
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Final

#: Where Lambda unpacks: the paths in tracebacks.
TASK_ROOT: Final = "/var/task"

# Zip files can tell no earlier time.
_TIME: Final = (1980, 1, 1, 0, 0, 0)
_FILE_MODE: Final = 0o644 << 16
_UNIX: Final = 3
_LEVEL: Final = 6


def compile_modules(root: Path) -> None:
    """
    Compile every module under a directory for this Python; raises `RuntimeError` where one fails.

    It is done in a process of its own, where the order of sets is fixed: so the bytes depend on
    the sources and on this Python only.
    """
    done = subprocess.run(  # noqa: S603 - our own interpreter and arguments
        [sys.executable, "-s", "-P", str(Path(__file__).resolve()), str(root)],
        env={"PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"not everything compiles:\n{done.stdout}{done.stderr}")


def pack(root: Path, destination: Path) -> None:
    """Pack a directory so that equal files make equal bytes: in order, without their times."""
    with zipfile.ZipFile(destination, "w") as packed:
        for path in files(root):
            entry = zipfile.ZipInfo(path.relative_to(root).as_posix(), _TIME)
            entry.external_attr = _FILE_MODE
            entry.create_system = _UNIX
            packed.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, _LEVEL)


def files(root: Path) -> Iterator[Path]:
    """Return every file under a directory, in order."""
    return (path for path in sorted(root.rglob("*")) if path.is_file())


def _compile(root: Path) -> bool:
    modules = [path for path in files(root) if path.suffix == ".py"]
    return all(_compile_one(path, root) for path in modules)


def _compile_one(path: Path, root: Path) -> bool:
    return bool(
        compileall.compile_file(
            path,
            quiet=1,
            stripdir=str(root),
            prependdir=TASK_ROOT,
            invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
        )
    )


if __name__ == "__main__":
    sys.exit(not _compile(Path(sys.argv[1])))
