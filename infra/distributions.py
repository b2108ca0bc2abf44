"""
What is installed into the package: every pinned distribution that the functions import.

`requirements.txt` pins more than that: Chalice brings its own command line, with the installers and
the dialogue that it needs on a developer's machine.  Those are named here one by one, with the
reason, so that a new pin ships unless somebody decides that it need not.
"""

from __future__ import annotations

import importlib.metadata
import platform
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

_CHALICE_CLI: Final = "Chalice's command line"
_SIDECAR: Final = "the sidecar's own code; only its copy of Swagger UI is read"

#: Pinned, and left out of the package: the name, and what would import it.
NOT_SHIPPED: Final = {
    "asgiref": _SIDECAR,
    "blessed": _CHALICE_CLI,
    "click": "the command lines of Chalice and Tessera",
    "django": _SIDECAR,
    "editor": _CHALICE_CLI,
    "inquirer": _CHALICE_CLI,
    "jinxed": _CHALICE_CLI,
    "packaging": "wheel",
    "pip": "chalice package",
    "pycparser": "cffi, when it compiles; what is compiled does not read C",
    "pyyaml": "chalice package",
    "readchar": _CHALICE_CLI,
    "runs": _CHALICE_CLI,
    "setuptools": "chalice package",
    "sqlparse": _SIDECAR,
    "wcwidth": _CHALICE_CLI,
    "wheel": "chalice package",
    "xmod": _CHALICE_CLI,
}

ARCHITECTURES: Final = {"arm64": "aarch64", "x86_64": "x86_64"}

# Lambda's image has this glibc: Amazon Linux 2 up to Python 3.11, Amazon Linux 2023 from 3.12 on.
_GLIBC_MINOR: Final = {11: 26}
_GLIBC_MINOR_SINCE_312: Final = 34
# manylinux2014 is glibc 2.17; older wheels are tagged as that too.
_GLIBC_MINOR_MIN: Final = 17

_PIN: Final = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)", re.MULTILINE)
_MACHINE_AT: Final = slice(18, 20)
_MACHINES: Final = {b"\xb7\x00": "arm64", b"\x3e\x00": "x86_64"}


class PackagingError(Exception):
    """The package cannot be made as it must be; the message says what is wrong."""


class Target(NamedTuple):
    """
    What the package runs on.

    ``native`` takes the wheels of this machine, for a package that is only tried out here.
    """

    architecture: str = "arm64"
    native: bool = False

    @property
    def runtime(self) -> str:
        """Lambda's name of the Python that makes the package, which is the one that runs it."""
        return f"python{_python()}"

    @property
    def platforms(self) -> list[str]:
        """The wheels that run there, newest first, by pip's names."""
        machine = ARCHITECTURES[self.architecture]
        newest = _GLIBC_MINOR.get(sys.version_info.minor, _GLIBC_MINOR_SINCE_312)
        minors = range(newest, _GLIBC_MINOR_MIN - 1, -1)
        return [*(f"manylinux_2_{minor}_{machine}" for minor in minors), f"manylinux2014_{machine}"]


def native_target() -> Target:
    """Return the target that is this machine."""
    machine = platform.machine()
    names = {name: name for name in ARCHITECTURES} | {"aarch64": "arm64"}
    if machine not in names:
        raise PackagingError(f"Lambda has no machines like this one ({machine})")
    return Target(names[machine], native=True)


def pins(requirements: str) -> dict[str, str]:
    """Return the versions by normalised name that a compiled list of requirements pins."""
    return {_normal(match["name"]): match["version"] for match in _PIN.finditer(requirements)}


def shipped(requirements: str) -> str:
    """
    Return a compiled list, with its hashes, without what is not shipped.

    Raises `PackagingError` where something is to be left out that is not pinned at all.
    """
    strangers = NOT_SHIPPED.keys() - pins(requirements).keys()
    if strangers:
        raise PackagingError(f"left out, but not pinned: {', '.join(sorted(strangers))}")
    blocks = re.split(r"(?m)^(?=[A-Za-z0-9])", requirements)
    return "".join(block for block in blocks if not pins(block).keys() & NOT_SHIPPED.keys())


def install(requirements: Path, destination: Path, target: Target) -> None:
    """
    Install a list that `shipped` made into a directory; raises `PackagingError` where pip fails.

    Only wheels, only those whose hash is pinned, and nothing that is not listed.
    """
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--require-hashes", "--no-deps", "--no-compile", "--only-binary=:all:"]
    command += ["--target", str(destination), "--requirement", str(requirements)]
    if not target.native:
        command += ["--implementation", "cp", "--python-version", _python()]
        command += [f"--platform={name}" for name in target.platforms]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise PackagingError(
            f"pip found no wheels for {target.runtime} on {target.architecture}:\n"
            + "\n".join(lines or [done.stderr])
        )


def check(destination: Path, requirements: str, target: Target) -> None:
    """Raise `PackagingError` unless each distribution is there, in its version, for the machine."""
    found = {
        _normal(each.name): each.version
        for each in importlib.metadata.distributions(path=[str(destination)])
    }
    wanted = pins(requirements)
    if found != wanted:
        wrong = sorted(wanted.items() ^ found.items())
        raise PackagingError(
            "the package differs from what is pinned: "
            + ", ".join(f"{name} {version}" for name, version in wrong)
        )
    foreign = sorted(_foreign(destination.rglob("*.so*"), target.architecture))
    if foreign:
        raise PackagingError(f"not for {target.architecture}: {', '.join(foreign)}")


def _foreign(libraries: Iterable[Path], architecture: str) -> Iterable[str]:
    for library in libraries:
        with library.open("rb") as file:
            machine = _MACHINES.get(file.read(_MACHINE_AT.stop)[_MACHINE_AT])
        if machine != architecture:
            yield library.name


def _python() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
