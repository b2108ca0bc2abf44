"""
What is taken out of the installed distributions, because no function ever reads it.

Most of it is the descriptions of the AWS services that are never called.  Everything here is
named: what is not named stays.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from infra.distributions import PackagingError

#: The services of which botocore keeps its description.
SERVICES: Final = frozenset({"dynamodb", "secretsmanager", "sqs", "sts"})
#: What the clients of these must find in it, to know when data moved.
_DESCRIPTION: Final = "service-2.json*"

#: Chalice ships these two of its own modules to Lambda, and no others.
_CHALICE: Final = frozenset({"__init__.py", "app.py"})

#: What the API reference is made of, with its licences, and no more of what the sidecar brings.
_REFERENCE: Final = Path("drf_spectacular_sidecar", "static", "drf_spectacular_sidecar")
_SHOWN: Final = {
    ".": {"redoc", "swagger-ui-dist"},
    "redoc": {"LICENSE", "bundles"},
    "redoc/bundles": {"redoc.standalone.js", "redoc.standalone.js.LICENSE.txt"},
    "swagger-ui-dist": {"LICENSE", "swagger-ui-bundle.js", "swagger-ui.css"},
}

#: The rules of languages that `chalicelib.programmes.language` goes by, with those that they build
#: on: 1 MB of 32.
LANGUAGES: Final = frozenset({"bg", "en", "en_001", "fa", "root", "zh", "zh_Hans", "zh_Hant"})

# Paths in the package; each must be there, so that a new release does not bring it back unseen.
_UNUSED: Final = (
    "babel/messages",  # the tools for gettext's files
    "cel_expr_python/ext",  # extension libraries that conditions do not load: half of all bytes
    "cffi",  # its extension module is what cryptography loads
    "google/protobuf/compiler",
    "google/protobuf/testdata",
    "google/protobuf/util",
    "aws_lambda_powertools/event_handler",  # Chalice routes
    "pytz/zoneinfo",  # tzdata's are read; fluent.runtime only imports the module
    "aws_lambda_powertools/utilities/batch",  # it reads every kind of event for the sake of one
    "aws_lambda_powertools/utilities/data_classes",
    "urllib3/contrib/emscripten",
)
# Wherever they are.  Metadata and licences stay: they say what is shipped, and on which terms.
_JUNK: Final = (
    "**/__pycache__",
    "**/bazel-project",
    "**/test",
    "**/tests",
    "**/*.pyi",
    "**/py.typed",
    "**/*.c",
    "**/*.h",
    "**/*.pxd",
    "*.dist-info/INSTALLER",
    "*.dist-info/RECORD",
    "*.dist-info/REQUESTED",
    "*.dist-info/WHEEL",
    "*.dist-info/event_points.txt",
    "*.dist-info/top_level.txt",
    "*.dist-info/direct_url.json",
    "*.dist-info/sboms",
    "bin",
)


def prune(root: Path) -> None:
    """
    Take everything out of a directory of installed distributions that is named here.

    Raises `PackagingError` where something that is to go, or must stay, is not there.
    """
    _keep_only(root / "chalice", _CHALICE)
    _keep_only(root / "babel" / "locale-data", {f"{name}.dat" for name in LANGUAGES})
    _prune_botocore(root / "botocore" / "data")
    for directory, names in _SHOWN.items():
        _keep_only(root / _REFERENCE / directory, names)
    for name in _UNUSED:
        if not (root / name).exists():
            raise PackagingError(f"no longer part of what is installed: {name}")
        _remove(root / name)
    for pattern in _JUNK:
        for path in list(root.glob(pattern)):
            _remove(path)


def _prune_botocore(data: Path) -> None:
    # Files stand beside the services: endpoints, partitions, how often to try again.
    kept = {path.name for path in data.iterdir() if path.is_file()} | SERVICES
    _keep_only(data, kept)
    for service in SERVICES:
        if not list(data.glob(f"{service}/*/{_DESCRIPTION}")):
            raise PackagingError(f"botocore no longer describes {service} where it did")
        for example in data.glob(f"{service}/*/examples-1.json*"):
            _remove(example)


def _keep_only(directory: Path, names: frozenset[str] | set[str]) -> None:
    missing = names - {path.name for path in directory.iterdir()}
    if missing:
        raise PackagingError(f"not in {directory.name}: {', '.join(sorted(missing))}")
    for path in _others(directory, names):
        _remove(path)


def _others(directory: Path, names: frozenset[str] | set[str]) -> Iterator[Path]:
    return (path for path in list(directory.iterdir()) if path.name not in names)


def _remove(path: Path) -> None:
    # A pattern may match inside what went before.
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
