"""A small valid document, and documents made from it by changing what JSON pointers name."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final

#: What a change says in place of a value to take the field away.
GONE: Final = object()

DOCUMENT: Final[dict[str, Any]] = {
    "id": "clinic",
    "name": {"en": "Clinic rewards", "fa": "باشگاه"},
    "time_zone": "Europe/London",
    "money": {"currency": "GBP"},
    "currencies": [
        {
            "id": "points",
            "name": "points",
            "forms": {"en": {"one": "point"}},
            "expiry": {"type": "fixed", "on": "12-31"},
        },
        {"id": "stamps", "name": "stamps", "expiry": {"type": "rolling", "days": 30}},
    ],
    "attributes": {"wait": "int"},
    "groups": [{"id": "bonus", "mode": "best"}],
    "earning": [
        {
            "id": "visit",
            "on": ["visit.completed"],
            "currency": "points",
            "award": {"type": "fixed", "amount": 50},
            "tier_percent": {"gold": 150},
            "caps": [{"window": "month", "max": 500}],
            "group": "bonus",
        },
        {
            "id": "stamp",
            "on": ["purchase.completed"],
            "currency": "stamps",
            "award": {
                "type": "formula",
                "expression": "activity.quantity / 2",
                "describe": {"en": "one for two", "fa": "یکی برای هر دو تا"},
            },
            "when": "attributes.wait > 10",
            "describe": {"en": "after a long wait", "fa": "پس از انتظار طولانی"},
            "multipliers": [
                {
                    "percent": 200,
                    "when": "activity.weekday == 7",
                    "describe": {"en": "on Sundays", "fa": "یکشنبه‌ها"},
                }
            ],
        },
    ],
    "tiers": {
        "levels": [
            {"id": "base", "name": "Base"},
            {
                "id": "silver",
                "name": "Silver",
                "qualify": {"any": [{"metric": "visits", "at_least": 6}]},
            },
            {
                "id": "gold",
                "name": "Gold",
                "qualify": {
                    "all": [
                        {"metric": "visits", "at_least": 12},
                        {"metric": "points_earned", "at_least": 900, "currency": "points"},
                    ]
                },
                "benefits": ["Parking"],
            },
        ]
    },
    "rewards": [
        {
            "id": "parking",
            "name": "Parking",
            "price": {"currency": "points", "amount": 100},
            "limits": [{"window": "month", "count": 1}],
            "tiers": ["gold"],
        }
    ],
}


def changed(changes: Mapping[str, Any], document: dict[str, Any] = DOCUMENT) -> dict[str, Any]:
    """A copy of a document in which each pointer names the new value; `GONE` takes it away."""
    made = copy.deepcopy(document)
    for pointer, value in changes.items():
        *path, last = [_key(token) for token in pointer.split("/")[1:]]
        place: Any = made
        for key in path:
            place = place[key]
        if value is GONE:
            del place[last]
        elif isinstance(place, list) and last == len(place):
            place.append(value)
        else:
            place[last] = value
    return made


def _key(token: str) -> str | int:
    return int(token) if token.isdecimal() else token.replace("~1", "/").replace("~0", "~")
