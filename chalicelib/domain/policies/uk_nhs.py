"""
Pharmacies of the United Kingdom that serve the National Health Service.

Their terms of service forbid a gift or reward, vouchers, money and points among them, for a
prescription, for nominating the pharmacy, for its further services and for recommending it.  Infant
formula has no promotion, and medicines that take a prescription are not advertised to the public.
"""

from __future__ import annotations

from typing import Final

from chalicelib.domain.policies.pack import NoEarning, NoMoneyOff, Pack

_SERVICE: Final = (
    "S.I. 2013/349, Schedule 4, terms of service of NHS pharmacists",
    "2013-04-01",
    frozenset({"nhs_prescription", "nhs_service", "nomination", "recommendation"}),
)
_FORMULA: Final = (
    "Infant formula regulations: S.I. 2007/3521, since 2020 Regulation (EU) 2016/127",
    "2008-01-11",
    frozenset({"infant_formula"}),
)
_MEDICINE: Final = (
    "The Human Medicines Regulations 2012, S.I. 2012/1916",
    "2012-08-14",
    frozenset({"prescription_medicine"}),
)

PACK: Final = Pack(
    id="uk-nhs",
    name={
        "en": "Rewards of pharmacies in the United Kingdom",
        "bg": "Награди в аптеките в Обединеното кралство",
        "fa": "پاداش داروخانه‌ها در بریتانیا",
        "zh-Hans": "英国药房奖励的规定",
        "zh-Hant": "英國藥房獎勵的規定",
    },
    jurisdiction="GB",
    rules=(
        NoEarning(
            id="UK-NHS-INDUCE",
            says="Nothing is earned by a prescription, a nomination or another service of the NHS, "
            "or by recommending the pharmacy for them.",
            source=_SERVICE[0],
            from_on=_SERVICE[1],
            categories=_SERVICE[2],
        ),
        NoMoneyOff(
            id="UK-NHS-CHARGE",
            says="Nothing is taken off what a service of the NHS costs.",
            source=_SERVICE[0],
            from_on=_SERVICE[1],
            categories=_SERVICE[2],
        ),
        NoEarning(
            id="UK-FORMULA-EARN",
            says="Nothing is earned by infant formula.",
            source=_FORMULA[0],
            from_on=_FORMULA[1],
            categories=_FORMULA[2],
        ),
        NoMoneyOff(
            id="UK-FORMULA-PRICE",
            says="Nothing is taken off infant formula.",
            source=_FORMULA[0],
            from_on=_FORMULA[1],
            categories=_FORMULA[2],
        ),
        NoEarning(
            id="UK-POM-EARN",
            says="Nothing is earned by a medicine that takes a prescription.",
            source=_MEDICINE[0],
            from_on=_MEDICINE[1],
            categories=_MEDICINE[2],
        ),
        NoMoneyOff(
            id="UK-POM-PRICE",
            says="Nothing is taken off a medicine that takes a prescription.",
            source=_MEDICINE[0],
            from_on=_MEDICINE[1],
            categories=_MEDICINE[2],
        ),
    ),
)
