"""
The JSON Schema of a programme document, for editors.

``python -m chalicelib.programmes.schema`` writes it anew beside the examples; a test holds file
and Structs equal.  It says what the types say.  What ties the parts together, such as "every tier
that a rule names exists", only `domain.validation` knows.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import msgspec

from chalicelib.domain.document import Document

FILE: Final = Path(__file__).with_name("programme.schema.json")


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a programme document."""
    described = msgspec.json.schema(Document)
    definitions = described["$defs"]
    for definition in definitions.values():
        _tidy(definition)
    definitions["Document"]["properties"]["$schema"] = {
        "description": "Where this schema is, for editors; not part of the programme.",
        "type": "string",
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": FILE.name,
        "title": "A loyalty programme",
        "description": "One document that holds every mechanic of a programme.",
        **described,
    }


def text() -> str:
    """Return the schema as the file holds it."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _tidy(definition: dict[str, Any]) -> None:
    """Make a docstring one that editors show: no reStructuredText, no line breaks inside."""
    paragraphs = definition.get("description", "").replace("``", "`").split("\n\n")
    definition["description"] = "\n\n".join(" ".join(p.split()) for p in paragraphs)


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
