"""How many examples a property looks for."""

from __future__ import annotations

import os
from typing import Final

#: Of so many that a property asks for CI looks for one: it runs for each change.
SHARE: Final = 8 if os.environ.get("CI") else 1


def examples(asked: int) -> int:
    """Return how many examples to look for where so many are asked for, five at least."""
    return max(asked // SHARE, min(asked, 5))
