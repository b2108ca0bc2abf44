"""
Prescriptions in the European Union: no bonus for a medicine that takes one.

The Union forbids to advertise such medicines to the public and lets member states go further, which
the Court of Justice allowed (C-190/20, C-517/23).  What a state allows is for its own law to say.
"""

from __future__ import annotations

from typing import Final

from chalicelib.domain.policies.pack import NoEarning, NoMoneyOff, Pack

_SOURCE: Final = "Directive 2001/83/EC, Article 88; national law"
_SINCE: Final = "2001-12-18"
_PRESCRIPTIONS: Final = frozenset({"prescription"})

PACK: Final = Pack(
    id="eu-rx",
    name={
        "en": "Prescriptions in the European Union",
        "bg": "Рецепти в Европейския съюз",
        "fa": "نسخه‌ها در اتحادیهٔ اروپا",
        "zh-Hans": "欧盟对处方的规定",
        "zh-Hant": "歐盟對處方的規定",
    },
    jurisdiction="EU",
    rules=(
        NoEarning(
            id="EU-RX-EARN",
            says="Nothing is earned by a medicine that takes a prescription.",
            source=_SOURCE,
            from_on=_SINCE,
            categories=_PRESCRIPTIONS,
        ),
        NoMoneyOff(
            id="EU-RX-PRICE",
            says="Nothing is taken off a medicine that takes a prescription.",
            source=_SOURCE,
            from_on=_SINCE,
            categories=_PRESCRIPTIONS,
        ),
    ),
)
