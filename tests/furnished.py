"""The clinic's example with something of every mechanic, for tests of all operations."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any


def furnished() -> dict[str, Any]:
    """
    Return the document: beside the example's, `coffee`, the wallet `prepaid` and `family`.

    A discount goes by the household, another by what all of it spent.
    """
    folder = resources.files("chalicelib.programmes")
    document: dict[str, Any] = json.loads(folder.joinpath("clinic.json").read_text("utf-8"))
    prepaid = {"id": "prepaid", "name": "Prepaid money", "expiry": {"type": "never"}}
    family = {"type": "status", "any": ["family"], "percent": 5}
    together = {"type": "spend_bands", "at_least": 10**6, "percent": 2, "shared": True}
    offers = {
        "family": family,
        "household": {"type": "household", "percent": 1},
        "together": together,
    }
    return document | {
        "currencies": [*document["currencies"], prepaid],
        "entitlements": [
            {
                "id": "coffee",
                "name": "Coffee",
                "frees": {"include": {"categories": ["coffee"]}},
            }
        ],
        "statuses": [{"id": "family", "name": "Family"}],
        "discounts": {
            "offers": [{"id": each, "name": each, "terms": offers[each]} for each in offers]
        },
        "plans": [{"id": "club", "name": "Club", "period": "month", "fee": 900}],
        "goodwill": {"currency": "points", "daily": {"server": 10**9, "manager": 100}},
        "wallets": [{"currency": "prepaid", "kind": "prepaid"}],
        "transfers": [{"currency": "points"}, {"currency": "prepaid"}],
    }
