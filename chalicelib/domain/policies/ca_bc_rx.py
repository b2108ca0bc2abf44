"""
British Columbia: pharmacies give no incentives for prescriptions or pharmacy services.

The bylaws of the College of Pharmacists stand since the Court of Appeal's judgment of 27 January
2016 (Sobeys West Inc. v. College of Pharmacists of British Columbia, 2016 BCCA 41).  Alberta's like
rule was struck down that year (2016 ABQB 232), so that there is no pack for it.
"""

from __future__ import annotations

from typing import Final

from chalicelib.domain.policies.pack import NoEarning, NoMoneyOff, Pack

_SOURCE: Final = "Bylaws of the College of Pharmacists of British Columbia; 2016 BCCA 41"
_SINCE: Final = "2016-01-27"
_PHARMACY: Final = frozenset({"prescription", "pharmacy_service"})

PACK: Final = Pack(
    id="ca-bc-rx",
    name={
        "en": "Prescriptions in British Columbia",
        "bg": "Рецепти в Британска Колумбия",
        "fa": "نسخه‌ها در بریتیش کلمبیا",
        "zh-Hans": "不列颠哥伦比亚省对处方的规定",
        "zh-Hant": "卑詩省對處方的規定",
    },
    jurisdiction="CA-BC",
    rules=(
        NoEarning(
            id="CA-BC-RX",
            says="Nothing is earned by a prescription or a pharmacy service.",
            source=_SOURCE,
            from_on=_SINCE,
            categories=_PHARMACY,
        ),
        NoMoneyOff(
            id="CA-BC-RX-PRICE",
            says="Nothing is taken off a prescription or a pharmacy service.",
            source=_SOURCE,
            from_on=_SINCE,
            categories=_PHARMACY,
        ),
    ),
)
