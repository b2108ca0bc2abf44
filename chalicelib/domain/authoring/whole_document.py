"""
The whole programme document, with the sections of every mechanic.

Only what validates, describes or shows whole documents needs it.  A decision reads single sections,
when they are asked for (`section`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from chalicelib.domain.decide import registry
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.section import StoredProgramme

if TYPE_CHECKING:

    class ProgrammeDocument(Programme, frozen=True):
        """The whole document."""

else:
    ProgrammeDocument = msgspec.defstruct(
        "ProgrammeDocument",
        [
            (each.section.name, each.section.shape, each.section.empty)
            for each in registry.every()
            if each.section is not None
        ],
        bases=(Programme,),
        frozen=True,
        module=__name__,
        namespace={"__doc__": "The whole document."},
    )


def whole(programme: Programme) -> ProgrammeDocument:
    """Return a document with all of its sections read."""
    if isinstance(programme, StoredProgramme):
        return msgspec.json.decode(programme.document, type=ProgrammeDocument)
    return msgspec.convert(msgspec.to_builtins(programme), ProgrammeDocument)
