"""The package: what is in it, that it stands alone, and that it is the same every time."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra import archive, packaging
from infra.distributions import (
    NOT_SHIPPED,
    PackagingError,
    Target,
    check,
    native_target,
    pins,
    shipped,
)
from infra.packaging import ROOT, Package, report

_REQUIREMENTS = (ROOT / "requirements.txt").read_text("utf-8")

# Runs with nothing but the package on its path; every way out of the process is shut.
_ALONE = """
import importlib, pkgutil, socket, sys
sys.path[:0] = [sys.argv[1]]

def refuse(*_, **__):
    raise SystemExit("a connection at import")

socket.socket.connect = refuse
socket.getaddrinfo = refuse
import app, chalicelib
for module in pkgutil.walk_packages(chalicelib.__path__, "chalicelib."):
    importlib.import_module(module.name)
# What is imported late, where it is needed.
import aws_lambda_powertools.logging, aws_lambda_powertools.metrics
import botocore.session, cel_expr_python.cel, jdatetime, jwt.algorithms
for service in ("dynamodb", "secretsmanager", "sqs"):
    botocore.session.Session().create_client(
        service, region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
from chalicelib.routes.reference import show, show_asset, show_console
for name in ("swagger-ui.css", "swagger-ui-bundle.js", "redoc.standalone.js"):
    assert len(show_asset(type("Call", (), {"path": {"asset": name}})).body) > 100_000
assert b"<main" in show(None).body and b"<main" in show_console(None).body
from chalicelib.programmes.language import LOCALES, Locale
from chalicelib.programmes.rendering import catalogue, date
from chalicelib.domain.programme.wording import Message
for rules in LOCALES.values():
    assert Locale.parse(rules).plural_form(1) in {"one", "other"}
until = Message("season-until", {"last": date(2027, 1, 31)})
assert catalogue().render([until], "en").text == "Until 31 January 2027."
print(sys.modules["chalice.app"].__file__)
print(len([name for name in sys.modules if name.startswith("chalicelib")]))
"""


def test_stands_alone(package: Package, tmp_path: Path) -> None:
    """Unpacked as Lambda does it, all of it imports without anything else, and calls nobody."""
    with zipfile.ZipFile(package.zip) as packed:
        packed.extractall(tmp_path)
    place = str(tmp_path)

    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _ALONE, place],
        env={},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    chalice, modules = done.stdout.split()
    assert chalice == f"{place}/chalice/app.py"
    assert int(modules) > 50


def test_every_pin_is_there(package: Package) -> None:
    """Each pinned distribution is in the package, but for those that are named as left out."""
    names = {
        re.sub("[_.]", "-", path.name.removesuffix(".dist-info").rpartition("-")[0]).lower()
        for path in package.unpacked.glob("*.dist-info")
    }

    assert names == pins(_REQUIREMENTS).keys() - NOT_SHIPPED.keys()


def test_no_junk(package: Package) -> None:
    """Neither tests, nor command lines, nor descriptions of services that are never called."""
    with zipfile.ZipFile(package.zip) as packed:
        names = packed.namelist()

    services = {name.split("/")[2] for name in names if name.startswith("botocore/data/")}
    assert {name for name in services if "." not in name} == {
        "dynamodb",
        "secretsmanager",
        "sqs",
        "sts",
    }
    sidecar = "drf_spectacular_sidecar/static/drf_spectacular_sidecar/"
    assert {name.removeprefix(sidecar) for name in names if name.startswith(sidecar)} == {
        "redoc/LICENSE",
        "redoc/bundles/redoc.standalone.js",
        "redoc/bundles/redoc.standalone.js.LICENSE.txt",
        "swagger-ui-dist/LICENSE",
        "swagger-ui-dist/swagger-ui-bundle.js",
        "swagger-ui-dist/swagger-ui.css",
    }
    junk = ("/tests/", "bazel-project", "RECORD", "chalicelib/cli/", "chalice/cli/", ".pyi")
    assert not [name for name in names if any(part in name for part in junk)]
    assert sum(path.stat().st_size for path in archive.files(package.unpacked)) < 60_000_000


def test_modules_are_compiled_to_be_loaded_unchecked(package: Package) -> None:
    """Beside each module stands its code for this Python, flagged as not to be checked."""
    for source in package.unpacked.rglob("*.py"):
        compiled = (
            source.parent / "__pycache__" / f"{source.stem}.{sys.implementation.cache_tag}.pyc"
        )
        assert compiled.read_bytes()[4:8] == (1).to_bytes(4, "little"), source
    app = (
        package.unpacked / "__pycache__" / f"app.{sys.implementation.cache_tag}.pyc"
    ).read_bytes()
    assert b"/var/task/app.py" in app


def test_same_sources_same_bytes(package: Package, tmp_path: Path) -> None:
    """Compiled and packed again, somewhere else, the sources make the same zip."""
    names = ("app.py", "chalicelib", "chalice", "msgspec")
    made = []
    for turn in ("one", "another"):
        root = tmp_path / turn / "deep"
        root.mkdir(parents=True)
        for name in names:
            _copy(package.unpacked / name, root / name)
        archive.compile_modules(root)
        archive.pack(root, tmp_path / f"{turn}.zip")
        made.append((tmp_path / f"{turn}.zip").read_bytes())

    assert made[0] == made[1]


def test_u13_report_names_the_largest(package: Package) -> None:
    """The sizes are told: zipped, unzipped, and by part; and where the package is."""
    text = report(package)

    assert "zip " in text
    assert "unzipped" in text
    assert "cryptography" in text
    assert str(package.zip) in text.splitlines()


def test_template_is_for_lambda(package: Package) -> None:
    """The template names this Python and the package beside it."""
    resources = json.loads(package.template.read_text("utf-8"))["Resources"]
    functions = [r for r in resources.values() if r["Type"] == "AWS::Serverless::Function"]

    assert {f["Properties"]["Runtime"] for f in functions} == {Target().runtime}
    assert {f["Properties"]["Handler"] for f in functions} == {"app.app", "app.tick", "app.settle"}
    assert {f["Properties"]["CodeUri"] for f in functions} == {"./deployment.zip"}


def test_missing_distribution_is_refused(tmp_path: Path) -> None:
    """A package that lacks a pin, or has another version of it, is none."""
    (tmp_path / "msgspec-0.1.dist-info").mkdir()
    (tmp_path / "msgspec-0.1.dist-info" / "METADATA").write_text("Name: msgspec\nVersion: 0.1\n")

    with pytest.raises(PackagingError, match=r"msgspec 0\.1, msgspec 0\.2, pyjwt 2\.0"):
        check(tmp_path, "msgspec==0.2\npyjwt==2.0\n", native_target())


def test_foreign_library_is_refused(tmp_path: Path) -> None:
    """A library for another machine does not ship."""
    (tmp_path / "x.so").write_bytes(b"\x7fELF" + bytes(14) + b"\x3e\x00")

    with pytest.raises(PackagingError, match=r"not for arm64: x\.so"):
        check(tmp_path, "", Target("arm64"))


def test_what_is_left_out_must_be_pinned() -> None:
    """A reason to leave something out that is no longer there is noticed."""
    with pytest.raises(PackagingError, match="blessed"):
        shipped("msgspec==0.22.0 --hash=sha256:0\n")


def test_hashes_stay_with_their_pins() -> None:
    """Of the compiled list whole blocks go; what stays, stays with its hashes."""
    kept = shipped(_REQUIREMENTS)

    assert pins(kept).keys() == pins(_REQUIREMENTS).keys() - NOT_SHIPPED.keys()
    assert kept.count("--hash=") > len(pins(kept))


def test_platforms_fit_the_runtime() -> None:
    """No wheel is taken that needs a newer glibc than Lambda has: 2.26 until Python 3.11."""
    newest = "manylinux_2_26_aarch64" if sys.version_info < (3, 12) else "manylinux_2_34_aarch64"

    assert Target("arm64").platforms[0] == newest
    assert Target("x86_64").platforms[-1] == "manylinux2014_x86_64"


def test_another_python_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Code compiled by one Python is not read by another, so none is made."""
    monkeypatch.setattr(sys, "argv", ["packaging", "--runtime", "python3.99"])

    with pytest.raises(SystemExit, match=r"python3\.99"):
        packaging.main()


def test_chalice_that_leaves_out_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where Chalice says that it could not install something, there is no package."""
    monkeypatch.setattr(packaging, "_chalice", lambda *_: "Could not install dependencies: cel")

    with pytest.raises(PackagingError, match="cel"):
        packaging.write_template("dev", native_target(), tmp_path)


def _copy(source: Path, destination: Path) -> None:
    for path in [source] if source.is_file() else source.rglob("*.py"):
        target = destination / path.relative_to(source) if source.is_dir() else destination
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
