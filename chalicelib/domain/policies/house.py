"""
A provider's own limits on what it gives to one patient, where no pack of a law is for it.

Many bodies have such limits in their rules against bribery.  The amounts are the programme's to say
(``item_cap`` and ``year_cap`` of a policy), in its own money, and hold for everybody.
"""

from __future__ import annotations

from typing import Final

from chalicelib.domain.policies.pack import ItemCap, Pack, Rule, YearCap

PACK: Final = Pack(
    id="house",
    name={
        "en": "Our own limits on gifts",
        "bg": "Нашите собствени граници за подаръци",
        "fa": "سقف‌های خود ما برای هدیه",
        "zh-Hans": "我们自己的礼品上限",
        "zh-Hant": "我們自己的禮品上限",
    },
    jurisdiction="",
    rules=(),
)
_SOURCE: Final = "The provider's own rules"
_SINCE: Final = "0001-01-01"


def rules(programme: str, item: int | None, year: int | None) -> tuple[Rule, ...]:
    """Return the rules of a programme's own limits, in minor units of its money."""
    found: list[Rule] = []
    if item is not None:
        says = "One gift is worth no more than the provider says."
        found.append(
            ItemCap(id="HOUSE-ITEM", says=says, source=_SOURCE, from_on=_SINCE, amount=item)
        )
    if year is not None:
        says = "All gifts to one patient in a calendar year are worth no more than it says."
        total = f"house/{programme}"
        found.append(
            YearCap(
                id="HOUSE-YEAR",
                says=says,
                source=_SOURCE,
                from_on=_SINCE,
                amount=year,
                total=total,
            )
        )
    return tuple(found)
