"""Tables of figures, as text in columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

Cell = str | int | float


class Table(NamedTuple):
    """Figures under headings; ``notes`` say how they were got."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    notes: Sequence[str] = ()

    def __str__(self) -> str:
        """Lay it out: words to the left, numbers to the right."""
        cells = [list(self.headings), *([_text(cell) for cell in row] for row in self.rows)]
        widths = [max(len(row[n]) for row in cells) for n in range(len(self.headings))]
        words = [all(isinstance(row[n], str) for row in self.rows) for n in range(len(widths))]
        lines = [
            "  ".join(
                text.ljust(width) if word else text.rjust(width)
                for text, width, word in zip(row, widths, words, strict=True)
            ).rstrip()
            for row in cells
        ]
        rule = "-" * max(map(len, lines))
        return "\n".join([self.title, rule, lines[0], rule, *lines[1:], rule, *self.notes, ""])


def _text(cell: Cell) -> str:
    match cell:
        case str():
            return cell
        case int():
            return f"{cell:,}"
        case _:
            return f"{cell:,.2f}"
