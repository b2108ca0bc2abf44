"""The pages, read for tests: sections, blocks, and answers with the omissions that they make."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final, NamedTuple

ROOT: Final = Path(__file__).parents[1]
FILE: Final = ROOT / "README.md"
#: Every page of the repository but what changed, which is of its time.
PAGES: Final = (
    FILE,
    *sorted(
        page
        for folder in ("chalicelib", "infra", "tests", ".ci")
        for page in (ROOT / folder).rglob("*.md")
    ),
)
OMISSION: Final = "…"


class Block(NamedTuple):
    """A fenced block: its language, the file that it is for, if it names one, and its text."""

    language: str
    place: str
    text: str


class Step(NamedTuple):
    """Lines to paste, and the shortened answer to the last of them, where one is shown."""

    lines: tuple[str, ...]
    answer: str = ""


def text(page: Path) -> str:
    """Return a page without its fenced blocks, which have tests of their own."""
    return re.sub(r"(?ms)^```.*?^```$", "", page.read_text("utf-8"))


def section(title: str, page: Path = FILE) -> str:
    """Return the text below a heading of the second level, up to the next one."""
    found = re.search(rf"(?ms)^## {re.escape(title)}\n(.*?)(?=^## |\Z)", page.read_text("utf-8"))
    assert found is not None, f"{page} has no section {title!r}"
    return found[1]


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    found = re.findall(r"(?ms)^```(\w+)(?: (\S+))?\n(.*?)^```$", page.read_text("utf-8"))
    return [Block(*each) for each in found]


def tour() -> list[Step]:
    """Return the tour, step by step."""
    steps: list[Step] = []
    for language, shown in re.findall(r"(?ms)^```(\w+)\n(.*?)^```$", section("Tour")):
        if language == "sh":
            steps.append(Step(tuple(shown.splitlines())))
        else:
            assert language == "json", f"the tour has a block of {language}"
            assert not steps[-1].answer, "an answer follows its command"
            steps[-1] = steps[-1]._replace(answer=shown)
    return steps


def shortened(text: str) -> Any:
    """
    Read a shortened answer: JSON in which `…` stands for what is left out.

    In an object it becomes a member, in a list an item, both named `…`.
    """
    written = []
    containers = []
    place = 0
    while place < len(text):
        if text[place] == '"':
            end = re.compile(r'"(?:[^"\\]|\\.)*"').match(text, place)
            assert end is not None, f"a string does not end: {text[place : place + 40]}"
            written.append(end[0])
            place = end.end()
            continue
        mark = text[place]
        if mark in "{[":
            containers.append(mark)
        elif mark in "}]":
            containers.pop()
        elif mark == OMISSION:
            mark = f'"{OMISSION}": 0' if containers[-1] == "{" else f'"{OMISSION}"'
        written.append(mark)
        place += 1
    return json.loads("".join(written), object_pairs_hook=_omitting)


def differences(shown: Any, result: Any, at: str = "") -> list[str]:
    """Return where an answer is not what the README shows of it; a `…` by itself is anything."""
    if shown == OMISSION:
        return []
    if isinstance(shown, str) and OMISSION in shown and isinstance(result, str):
        pattern = shown.replace("[", "[[]").replace(OMISSION, "*")
        return [] if fnmatchcase(result, pattern) else [f"{at}: {shown} is {result}"]
    if isinstance(shown, dict) and isinstance(result, dict):
        return _of_objects(shown, result, at)
    if isinstance(shown, list) and isinstance(result, list):
        return _of_lists(shown, result, at)
    return [] if shown == result and type(shown) is type(result) else [f"{at}: {shown} is {result}"]


def _of_objects(shown: dict[str, Any], result: dict[str, Any], at: str) -> list[str]:
    named = [name for name in shown if name != OMISSION]
    found = [f"{at}/{name}: is not there" for name in named if name not in result]
    if OMISSION not in shown:
        found += [f"{at}/{name}: is not shown" for name in result if name not in shown]
    for name in named:
        if name in result:
            found += differences(shown[name], result[name], f"{at}/{name}")
    order = [name for name in result if name in shown]
    return found if order == [n for n in named if n in result] else [*found, f"{at}: other order"]


def _of_lists(shown: list[Any], result: list[Any], at: str) -> list[str]:
    """With an omission, the items that are shown are there, in their order; without, no others."""
    if OMISSION not in shown:
        if len(shown) != len(result):
            return [f"{at}: has {len(result)} items, not {len(shown)}"]
        return [
            difference
            for place, (one, other) in enumerate(zip(shown, result, strict=True))
            for difference in differences(one, other, f"{at}/{place}")
        ]
    place = 0
    for item in shown:
        if item == OMISSION:
            continue
        rest = range(place, len(result))
        same = next((i for i in rest if not differences(item, result[i])), None)
        if same is None:
            return [f"{at}: has no {item} from place {place} on, but {result[place:]}"]
        place = same + 1
    return []


def _omitting(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs if name != OMISSION]
    assert len(names) == len(set(names)), f"a name is shown twice: {names}"
    return dict(pairs)
