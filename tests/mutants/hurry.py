"""A plugin of pytest: a property that fails is not made small, for nobody reads the example."""

from __future__ import annotations

import hypothesis
from hypothesis import Phase

hypothesis.settings.register_profile(
    "hurry", deadline=None, database=None, phases=(Phase.explicit, Phase.generate)
)
