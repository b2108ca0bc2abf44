"""
`make package`: the package that Lambda runs, and the template that deploys it.

A clean copy of what the functions import is staged with its pinned distributions and with compiled
modules, `chalice package` writes the template from that copy with the resources of `infra` laid
over it, and a zip that is the same bytes for the same sources goes beside the template.

Chalice is given no requirements to install: where a wheel does not fit it says so and goes on, and
it ships no compiled modules, which every cold start would pay for.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final, NamedTuple

from chalicelib import loading, wiring
from chalicelib.routes import resources
from infra import application, archive
from infra.distributions import (
    ARCHITECTURES,
    PackagingError,
    Target,
    check,
    install,
    native_target,
    shipped,
)
from infra.pruning import prune

ROOT: Final = Path(__file__).resolve().parents[1]
STAGES: Final = ("dev", "prod")
#: Lambda's limit for the unzipped package.
UNZIPPED_MAX: Final = 250 * 1024 * 1024

# Nobody on Lambda types commands, and pages are for readers of the sources.
_NOT_STAGED: Final = ("cli", "__pycache__", "*.md")
# What Chalice says, ending well, when a distribution is not in the package.
_CHALICE_WARNS: Final = "Could not install"
_TOP: Final = 10


class Package(NamedTuple):
    """What was made: the zip, the template that refers to it, and the unpacked files."""

    zip: Path
    template: Path
    unpacked: Path


def build(stage: str, target: Target, out: Path, *, cache: Path | None = None) -> Package:
    """
    Make the package and its template in ``out``, which is emptied first.

    ``cache`` keeps the installed distributions from one call to the next.  Raises `PackagingError`
    where anything that is pinned is missing or foreign, or Chalice could not do its part.
    """
    shutil.rmtree(out, ignore_errors=True)
    unpacked = out / "unpacked"
    vendor = kept_distributions(target, cache or out)
    shutil.copytree(vendor, unpacked)
    stage_sources(unpacked)
    write_paths(unpacked)
    template = write_template(stage, target, out)
    archive.compile_modules(unpacked)
    size = sum(path.stat().st_size for path in archive.files(unpacked))
    if size > UNZIPPED_MAX:
        raise PackagingError(f"{size:,} bytes unzipped; Lambda takes {UNZIPPED_MAX:,}")
    archive.pack(unpacked, out / "deployment.zip")
    return Package(out / "deployment.zip", template, unpacked)


def stage_sources(destination: Path) -> None:
    """Copy what the functions import of this project to a directory that may have other files."""
    shutil.copy(ROOT / "app.py", destination)
    shutil.copytree(
        ROOT / "chalicelib", destination / "chalicelib", ignore=shutil.ignore_patterns(*_NOT_STAGED)
    )


def write_paths(destination: Path) -> None:
    """Write the map of the API's paths, by which a request there loads the one that it names."""
    file = destination / loading.PATHS_FILE.relative_to(ROOT)
    file.write_text(json.dumps(resources.paths(), indent=1) + "\n", "utf-8")


def report(package: Package) -> str:
    """Return the sizes as a text: zipped, unzipped, and the largest parts."""
    parts: dict[str, int] = {}
    for path in archive.files(package.unpacked):
        part = path.relative_to(package.unpacked).parts[0]
        parts[part] = parts.get(part, 0) + path.stat().st_size
    largest = sorted(parts.items(), key=lambda item: -item[1])[:_TOP]
    digest = hashlib.sha256(package.zip.read_bytes()).hexdigest()
    lines = [
        f"{'zip':<28}{_megabytes(package.zip.stat().st_size)}  sha256 {digest[:16]}",
        f"{'unzipped':<28}{_megabytes(sum(parts.values()))}",
        *(f"  {name:<26}{_megabytes(size)}" for name, size in largest),
        f"{'template':<28}{package.template.stat().st_size / 1000:6.1f} kB",
        str(package.zip),
        str(package.template),
    ]
    return "\n".join(lines)


def kept_distributions(target: Target, cache: Path) -> Path:
    """Return a directory of the pruned distributions, made where it is not there yet."""
    requirements = shipped((ROOT / "requirements.txt").read_text("utf-8"))
    recipe = (ROOT / "infra" / "pruning.py").read_bytes()
    key = hashlib.sha256(repr((target, target.runtime, requirements, recipe)).encode())
    vendor = cache / f"distributions-{key.hexdigest()[:16]}"
    cache.mkdir(parents=True, exist_ok=True)
    # Of several processes that package at once one makes them, and the others wait.
    with vendor.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not vendor.is_dir():
            _make_distributions(vendor, requirements, target)
    return vendor


def _make_distributions(vendor: Path, requirements: str, target: Target) -> None:
    with tempfile.TemporaryDirectory(dir=vendor.parent) as scratch:
        listed = Path(scratch, "requirements.txt")
        listed.write_text(requirements, "utf-8")
        made = Path(scratch, "distributions")
        install(listed, made, target)
        check(made, requirements, target)
        prune(made)
        made.rename(vendor)


def write_template(
    stage: str, target: Target, out: Path, *, settings: Path = ROOT / ".chalice"
) -> Path:
    """
    Let Chalice write the template, from a clean copy, into ``out``; return where it is.

    ``settings`` are those of Chalice.
    """
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch, "project")
        project.mkdir()
        stage_sources(project)
        shutil.copytree(settings, project / ".chalice")
        (project / "requirements.txt").touch()
        environment = _prepare(project / ".chalice" / "config.json", stage, target.architecture)
        overlay = project / "overlay.json"
        laid_over = application.template(stage, wiring.cors_origin(environment))
        overlay.write_text(json.dumps(laid_over), "utf-8")
        said = _chalice(project, stage, environment)
        if _CHALICE_WARNS in said:
            raise PackagingError(f"Chalice left something out:\n{said}")
        template = out / "sam.json"
        made = json.loads((project / "out" / "sam.json").read_text("utf-8"))
        template.write_text(json.dumps(made, indent=1, sort_keys=True) + "\n", "utf-8")
    return template


def _chalice(project: Path, stage: str, environment: dict[str, str]) -> str:
    # The application is imported with the distributions of the tools: those of the package may be
    # for another machine.
    command = [sys.executable, "-c", "from chalice.cli import main; main()"]
    command += ["package", "--stage", stage, "--merge-template", "overlay.json", "out"]
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    # Any region does: the template names none.
    settings = {"AWS_DEFAULT_REGION": "eu-west-1", "PYTHONDONTWRITEBYTECODE": "1"} | environment
    done = subprocess.run(  # noqa: S603 - our own interpreter and arguments
        command,
        cwd=project,
        env=kept | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    if done.returncode:
        raise PackagingError(f"chalice package failed:\n{said}")
    return said


def _prepare(path: Path, stage: str, architecture: str) -> dict[str, str]:
    """Set the architecture in a configuration, and return the functions' environment."""
    config: dict[str, Any] = json.loads(path.read_text("utf-8"))
    config["lambda_architecture"] = architecture
    path.write_text(json.dumps(config), "utf-8")
    environment: dict[str, str] = config["stages"][stage]["environment_variables"]
    return environment


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:6.1f} MB"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.packaging", description=__doc__)
    parser.add_argument("--stage", choices=STAGES, default="dev")
    parser.add_argument("--runtime", default=Target().runtime, help="the Python that runs this")
    parser.add_argument(
        "--architecture", choices=[*ARCHITECTURES, "native"], default="arm64", help="of Lambda"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "package")
    parser.add_argument("--template-only", action="store_true", help="leave the zip out")
    return parser.parse_args()


def main() -> None:
    """Make the package of one stage and print its sizes."""
    chosen = _arguments()
    native = chosen.architecture == "native"
    target = native_target() if native else Target(chosen.architecture)
    if chosen.runtime != target.runtime:
        # Modules compiled by one Python are not read by another.
        sys.exit(f"This is {target.runtime}: make the package for {chosen.runtime} with that one.")
    try:
        if chosen.template_only:
            chosen.out.mkdir(parents=True, exist_ok=True)
            print(write_template(chosen.stage, target, chosen.out))  # noqa: T201 - the same
            return
        package = build(chosen.stage, target, chosen.out, cache=ROOT / "build")
    except PackagingError as error:
        sys.exit(str(error))
    print(report(package))  # noqa: T201 - what the command is for


if __name__ == "__main__":
    main()
