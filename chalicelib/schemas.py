"""
The JSON Schemas of what leaves us as documents: a programme, for editors, and an event.

``python -m chalicelib.schemas`` writes them anew, each where its Structs or examples are; a test
holds files and Structs equal.  They say what the types say.  What ties the parts together, such as
"every tier that a rule names exists", only `domain.validation` knows.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from chalicelib.domain.authoring.whole_document import ProgrammeDocument
from chalicelib.domain.ledger.events import Event

_HERE: Final = Path(__file__).parent


class Published(NamedTuple):
    """A Struct whose schema lies in a file."""

    file: Path
    shape: type[msgspec.Struct]
    title: str
    description: str

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema (2020-12)."""
        described = msgspec.json.schema(self.shape)
        definitions = described["$defs"]
        for definition in definitions.values():
            _tidy(definition)
        if self.shape is ProgrammeDocument:
            definitions["ProgrammeDocument"]["properties"]["$schema"] = {
                "description": "Where this schema is, for editors; not part of the programme.",
                "type": "string",
            }
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": self.file.name,
            "title": self.title,
            "description": self.description,
            **described,
        }

    def text(self) -> str:
        """Return the schema as the file holds it."""
        return json.dumps(self.schema(), indent=2, ensure_ascii=False) + "\n"


PROGRAMME: Final = Published(
    _HERE.joinpath("programmes", "programme.schema.json"),
    ProgrammeDocument,
    "A loyalty programme",
    "One document that holds every mechanic of a programme.",
)
EVENT: Final = Published(
    _HERE.joinpath("domain", "ledger", "event.schema.json"),
    Event,
    "An event",
    "One record of an account's journal: what happened, its effects, and how value moved.",
)
EVERY: Final = (PROGRAMME, EVENT)


def _tidy(definition: dict[str, Any]) -> None:
    """Make a docstring one that editors show: no reStructuredText, no line breaks inside."""
    paragraphs = definition.get("description", "").replace("``", "`").split("\n\n")
    definition["description"] = "\n\n".join(" ".join(p.split()) for p in paragraphs)


if __name__ == "__main__":
    for published in EVERY:
        published.file.write_text(published.text(), encoding="utf-8")
