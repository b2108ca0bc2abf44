"""
Where the CDNOW purchases come from: a file inside the wheel of `lifetimes`, which is MIT-licensed.

The wheel is downloaded by pip from wherever this machine's pip looks, kept under the local
directory, and never installed: only the one file is read out of it.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

PACKAGE: Final = "lifetimes==0.11.3"
MEMBER: Final = "lifetimes/datasets/CDNOW_master.txt"
SHA256: Final = "eff6889ed364c5199d6eacbbeb7a6d559971df4406ac876f322c373f00a072ef"
ROWS: Final = 69_659
CUSTOMERS: Final = 23_570

_WHEELS: Final = "[Ll]ifetimes-0.11.3-*.whl"
_BY_HAND: Final = (
    f"run `pip download --no-deps {PACKAGE}` where it works and unpack {MEMBER} from the wheel, "
    "then name that file with --data"
)


class DataUnavailable(Exception):
    """The purchases cannot be had, or are not the published ones; the message says what to do."""


def cdnow(directory: Path) -> str:
    """
    Return the text of the published file, downloaded into ``directory`` where it is not there.

    Raises `DataUnavailable`.
    """
    wheel = _wheel(directory) or _download(directory)
    try:
        with zipfile.ZipFile(wheel) as archive:
            raw = archive.read(MEMBER)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise DataUnavailable(f"{wheel} is no wheel with {MEMBER} ({error}): remove it") from None
    found = hashlib.sha256(raw).hexdigest()
    if found != SHA256:
        raise DataUnavailable(
            f"{MEMBER} of {wheel} is not the published file: SHA-256 {found} instead of {SHA256}"
        )
    return raw.decode("ascii")


def _wheel(directory: Path) -> Path | None:
    return next(iter(sorted(directory.glob(_WHEELS))), None)


def _download(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
        *("--no-deps", "--only-binary=:all:", "--dest", str(directory), PACKAGE),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - pip
    wheel = _wheel(directory)
    if done.returncode or wheel is None:
        last = done.stderr.strip().splitlines()[-1:] or ["pip said nothing"]
        raise DataUnavailable(f"pip cannot download {PACKAGE} ({last[0]}): {_BY_HAND}")
    return wheel
