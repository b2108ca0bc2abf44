"""The README says what is true: its links, paths, commands, variables and dependencies exist."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Final, get_args

import click
import pytest

from chalicelib.cli import main
from chalicelib.domain.ledger.events import Data, kind_of
from infra.local.serve import DEFAULT_PORT
from tests.readme import FILE, ROOT, section

PAGES: Final = [
    FILE,
    *(ROOT / place / "README.md" for place in ("chalicelib", "infra", "tests")),
    ROOT / "chalicelib" / "programmes" / "README.md",
]
# What of the tree a text can mean by a name in backticks.
PATH: Final = re.compile(r"`((?:app\.py|Makefile|(?:chalicelib|infra|tests|\.ci)/[\w./-]*))`")
CONTEXT: Final = click.Context(main)
VARIABLE: Final = re.compile(r"\b(?:TESSERA_[A-Z_]+[A-Z]|PORT|AWS_[A-Z_]+[A-Z])\b")


@cache
def text(page: Path) -> str:
    """Return a page without its tour and other blocks, which have tests of their own."""
    return re.sub(r"(?ms)^```.*?^```$", "", page.read_text("utf-8"))


@cache
def code(*places: str) -> str:
    """Return the code below these places."""
    files = [file for place in places for file in sorted((ROOT / place).rglob("*.py"))]
    return "\n".join(file.read_text("utf-8") for file in [ROOT / "app.py", *files])


def project() -> dict[str, Any]:
    """Return what pyproject.toml says of the project."""
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Whatever is linked within the repository is there, the heading too where one is named."""
    links = re.findall(r"\]\(([^)\s]+)\)", text(page))
    dead = []
    for link in links:
        if "://" in link:
            continue
        path, _, heading = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists() or (heading and heading not in _anchors(target)):
            dead.append(link)

    assert dead == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_exist(page: Path) -> None:
    """Every file and directory that a page names by its path is there."""
    named = sorted(set(PATH.findall(text(page))))

    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_map_is_complete() -> None:
    """Every package is on the map, so that a new one does not stay unexplained."""
    on_the_map = set(PATH.findall(section("Map")))
    packages = {
        f"{file.parent.relative_to(ROOT)}/"
        for file in ROOT.glob("chalicelib/*/__init__.py")
        if any(other != file for other in file.parent.iterdir() if other.name != "__pycache__")
    }

    assert packages - on_the_map == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_make_knows_every_target(page: Path) -> None:
    """Every `make` command of a page has its target."""
    targets = re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"))
    called = re.findall(r"(?m)(?:`|^)(?:\w+=\S+ )*make ([a-z]+)", page.read_text("utf-8"))

    assert sorted(set(called) - set(targets)) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_tessera_knows_every_command(page: Path) -> None:
    """Every `tessera` command of a page is one."""
    called = re.findall(r"(?:`|/)tessera ([a-z]+)", page.read_text("utf-8"))
    known = main.list_commands(CONTEXT)

    assert sorted(set(called) - set(known)) == []


def test_every_command_is_told() -> None:
    """The table of the command line leaves none out."""
    told = re.findall(r"(?m)^\| `tessera ([a-z]+)` \|", section("The command line"))

    assert sorted(told) == main.list_commands(CONTEXT)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_variables_named_are_read(page: Path) -> None:
    """Every environment variable that a page names is read somewhere in the code."""
    named = set(VARIABLE.findall(text(page)))
    everything = code("chalicelib", "infra", "tests")

    assert sorted(name for name in named if f'"{name}"' not in everything) == []


def test_variables_read_are_named() -> None:
    """Every variable of ours that the code reads is in the table of the configuration."""
    read = set(re.findall(r'"(TESSERA_[A-Z_]+[A-Z])"', code("chalicelib", "infra")))

    assert sorted(read - set(VARIABLE.findall(section("Configuration")))) == []


def test_every_kind_of_event_is_told() -> None:
    """The decisions name each kind of event that a journal can have, once, and no other."""
    (line,) = [line for line in FILE.read_text("utf-8").splitlines() if "Event kinds are" in line]

    assert sorted(re.findall(r"`([a-z_.]+)`", line)) == sorted(map(kind_of, get_args(Data)))


def test_the_port_is_the_one_shown() -> None:
    """The address in the README is that of a server without settings."""
    assert f"http://127.0.0.1:{DEFAULT_PORT}`" in section("Two commands")


@pytest.mark.parametrize("group", ["Runtime", "Development"])
def test_dependencies_are_those_declared(group: str) -> None:
    """The tables list what pyproject.toml declares, no more and no less, with a licence each."""
    declared = project()["dependencies"]
    if group == "Development":
        declared = project()["optional-dependencies"]["dev"]
    table = section("Dependencies").partition(f"| {group} |")[2].partition("\n\n")[0]
    rows = [row.strip("| ").split(" | ") for row in table.splitlines()[2:]]
    listed = [row[0].strip("`") for row in rows]

    assert listed == sorted(listed, key=str.lower)
    assert set(listed) == {re.split(r"[\[<>=~]", each)[0] for each in declared}
    assert [row[0] for row in rows if len(row) < 3 or not all(row[:3])] == []


def test_the_package_shows_this_page() -> None:
    """Whoever looks the package up sees the README."""
    assert project()["readme"] == FILE.name


def test_every_page_is_linked() -> None:
    """From the README one finds every page that is looked at here."""
    linked = set(re.findall(r"\]\(([^)\s]+\.md)\)", text(FILE)))

    assert {str(page.relative_to(ROOT)) for page in PAGES} - {"README.md"} <= linked


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"(?m)^#+ (.*)$", text(page))
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}
