"""
Age bands: which of a programme's a member is in on a local day.

No age and no year of birth is kept: for each band that a member reaches, the caller gives the day
from which the member is in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from chalicelib.domain.programme.document import AgeBand


def band_on(bands: Iterable[AgeBand], since: Mapping[str, str], day: date) -> str:
    """
    Return the id of the band that was reached last by a day, empty where none was.

    ``since`` are the first days by band; of two that begin on one day it is the later in the
    document.
    """
    reached = [band.id for band in bands if since.get(band.id, "~") <= day.isoformat()]
    return max(reversed(reached), key=lambda band: since[band], default="")
