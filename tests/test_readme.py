"""The pages say what is true: what they link, name and list exists, and nothing is left out."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import click
import pytest

from chalicelib.cli import main
from infra.local.settings import DEFAULT_PORT
from tests.readme import FILE, PAGES, ROOT, blocks, section, text

ARCHITECTURE: Final = ROOT / "chalicelib" / "README.md"
RUNNING: Final = ROOT / "infra" / "README.md"
PROGRAMMES: Final = ROOT / "chalicelib" / "programmes" / "README.md"
# What of the tree a text can mean by a name in backticks.
PATH: Final = re.compile(r"`((?:app\.py|Makefile|(?:chalicelib|infra|tests|\.ci)/[\w./-]*))`")
# A file of source that is named without its folder.
BARE: Final = re.compile(r"`(\w+\.(?:py|ftl|csv|toml))`")
CONTEXT: Final = click.Context(main)
VARIABLE: Final = re.compile(r"\b(?:TESSERA_[A-Z_]+[A-Z]|PORT|AWS_[A-Z_]+[A-Z])\b")
# Each begins the comment above a pin, unless two are joined.
LICENCES: Final = {
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "MIT",
    "MPL-2.0",
    "PSF-2.0",
    "ZPL-2.1",
}

of_every_page: Final = pytest.mark.parametrize(
    "page", PAGES, ids=lambda page: str(page.relative_to(ROOT))
)


@cache
def code(*places: str) -> str:
    """Return the code below these places."""
    files = [file for place in places for file in sorted((ROOT / place).rglob("*.py"))]
    return "\n".join(file.read_text("utf-8") for file in [ROOT / "app.py", *files])


@cache
def tree() -> frozenset[str]:
    """Return the names of the files of the repository's own folders."""
    folders = [ROOT / name for name in ("chalicelib", "infra", "tests")]
    inner = {file.name for folder in folders for file in folder.rglob("*")}
    return frozenset(inner | {file.name for file in ROOT.iterdir()})


def project() -> dict[str, Any]:
    """Return what pyproject.toml says of the project."""
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"])


def links(page: Path) -> list[str]:
    """Return where a page links to."""
    return re.findall(r"\]\(([^)\s]+)\)", text(page))


@of_every_page
def test_links_lead_somewhere(page: Path) -> None:
    """Every link within the repository leads to a file, and to a heading where it names one."""
    dead = []
    for link in links(page):
        if "://" in link:
            continue
        path, _, heading = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists() or (heading and heading not in _anchors(target)):
            dead.append(link)

    assert dead == []


@of_every_page
def test_other_sections_are_linked(page: Path) -> None:
    """A reference to another section is a link, which `test_links_lead_somewhere` follows."""
    assert re.findall(r"(?i)\bsee (?:also )?\*[^*]+\*", text(page)) == []


def test_headings_that_are_linked_are_told_apart() -> None:
    """A link to a heading means one: no page has two of that name."""
    for page in PAGES:
        twice = {name for name, count in Counter(_headings(page)).items() if count > 1}
        named = {link.partition("#")[2] for other in PAGES for link in links(other)}

        assert {_anchor(name) for name in twice} & named == set()


@of_every_page
def test_paths_exist(page: Path) -> None:
    """Every file and directory that a page names is there."""
    named = sorted(set(PATH.findall(text(page))))
    bare = sorted(set(BARE.findall(text(page))) - _added(page))

    assert [path for path in named if not (ROOT / path).exists()] == []
    assert [name for name in bare if name not in tree()] == []


def test_the_map_is_complete() -> None:
    """Every package is on the map, so that a new one does not stay unexplained."""
    on_the_map = set(PATH.findall(section("Map")))
    packages = {
        f"{file.parent.relative_to(ROOT)}/"
        for file in ROOT.glob("chalicelib/*/__init__.py")
        if any(other != file for other in file.parent.iterdir() if other.name != "__pycache__")
    }

    assert packages - on_the_map == set()


@of_every_page
def test_make_knows_every_target(page: Path) -> None:
    """Every `make` command of a page has its target."""
    targets = re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"))
    called = re.findall(r"(?m)(?:`|^)(?:\w+=\S+ )*make ([a-z-]+)", page.read_text("utf-8"))

    assert sorted(set(called) - set(targets)) == []


@of_every_page
def test_tessera_knows_every_command(page: Path) -> None:
    """Every `tessera` command of a page is one."""
    called = re.findall(r"(?:`|/)tessera ([a-z]+)", page.read_text("utf-8"))
    known = main.list_commands(CONTEXT)

    assert sorted(set(called) - set(known)) == []


def test_every_command_is_told() -> None:
    """The table of the command line leaves none out."""
    result = re.findall(r"(?m)^\| `tessera ([a-z]+)` \|", section("The command line", RUNNING))

    assert sorted(result) == main.list_commands(CONTEXT)


@of_every_page
def test_variables_named_are_read(page: Path) -> None:
    """Every environment variable that a page names is read somewhere in the code."""
    named = set(VARIABLE.findall(text(page)))
    everything = code("chalicelib", "infra", "tests")

    assert sorted(name for name in named if f'"{name}"' not in everything) == []


def test_variables_read_are_named() -> None:
    """Every variable of ours that the code reads is in the table of the configuration."""
    read = set(re.findall(r'"(TESSERA_[A-Z_]+[A-Z])"', code("chalicelib", "infra")))

    assert sorted(read - set(VARIABLE.findall(section("Configuration", RUNNING)))) == []


def test_every_example_is_listed() -> None:
    """The table of example programmes has each of them once, and no other."""
    listed = re.findall(r"(?m)^\| \[`([\w-]+\.json)`\]", section("Examples", PROGRAMMES))
    examples = {file.name for file in PROGRAMMES.parent.glob("*.json")}

    assert Counter(listed) == Counter(examples - {"programme.schema.json"})


def test_the_port_is_the_one_shown() -> None:
    """The address in the README is that of a server without settings."""
    assert f"http://127.0.0.1:{DEFAULT_PORT}`" in section("Two commands")


@pytest.mark.parametrize("group", ["dependencies", "dev"])
def test_every_dependency_has_its_reason(group: str) -> None:
    """Above each pin stand its licence and a reason; the pins are in order."""
    declared = project()["dependencies"]
    if group == "dev":
        declared = project()["optional-dependencies"]["dev"]
    reasons = _reasons(group)
    names = [re.split(r"[\[<>=~]", pin)[0] for pin in declared]

    assert names == sorted(names, key=str.lower)
    assert list(reasons) == declared
    for name, reason in zip(names, reasons.values(), strict=True):
        licence, _, why = reason.partition(". ")
        licence = licence.partition(";")[0]
        assert set(re.split(r" (?:AND|OR) ", licence)) <= LICENCES, f"{name}: {licence}"
        assert why, f"{name} has no reason"
        installed = metadata.metadata(name)
        if "License-Expression" in installed:
            assert installed["License-Expression"] == licence, name


def test_the_package_shows_this_page() -> None:
    """A package index shows the README."""
    assert project()["readme"] == FILE.name


def test_the_front_page_is_short() -> None:
    """What is not for everyone stands on another page."""
    assert len(FILE.read_text("utf-8").splitlines()) <= 220


def test_every_page_is_linked() -> None:
    """From the README one finds every page that is looked at here."""
    linked = {link.partition("#")[0] for link in links(FILE)}

    assert {str(page.relative_to(ROOT)) for page in PAGES} - {"README.md"} <= linked


def test_nothing_is_said_twice() -> None:
    """No sentence, row or item of some length stands on two pages, or twice on one."""
    said = Counter(
        sentence
        for page in PAGES
        for line in text(page).splitlines()
        for sentence in re.split(r"(?<=[.:]) |^- | \| ", line.strip())
        if len(sentence.split()) >= 8
    )

    assert [sentence for sentence, count in said.items() if count > 1] == []


def _reasons(group: str) -> dict[str, str]:
    """Return the comment above each pin of a list in pyproject.toml."""
    source = (ROOT / "pyproject.toml").read_text("utf-8")
    found = re.search(rf"(?ms)^{group} = \[\n(.*?)^\]", source)
    assert found is not None
    reasons: dict[str, str] = {}
    comment: list[str] = []
    for line in map(str.strip, found[1].splitlines()):
        if line.startswith("#"):
            comment.append(line.lstrip("# "))
        else:
            reasons[line.strip('",')] = " ".join(comment)
            comment = []
    return reasons


def _added(page: Path) -> set[str]:
    """Return the names of files that blocks of a page would add to the code."""
    return {Path(block.place).name for block in blocks(page) if block.place}


def _headings(page: Path) -> list[str]:
    return re.findall(r"(?m)^#+ (.*)$", text(page))


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    return {_anchor(heading) for heading in _headings(page)}


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
