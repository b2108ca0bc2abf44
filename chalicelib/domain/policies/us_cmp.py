"""
The United States' civil monetary penalty for inducing beneficiaries, 42 U.S.C. 1320a-7a(a)(5).

What a provider gives to a patient of Medicare or a state's health programme must not be likely to
influence whom they choose.  Gifts of nominal value are not: since 7 December 2016 the inspector
general takes 15 dollars for each, and 75 dollars a year for all, at their price in a shop.  Cash
and what is like cash is never nominal.

Nobody is paid for bringing a patient whose care is paid publicly (42 U.S.C. 1320a-7b(b)).  What a
participant of a value-based enterprise gives so that a patient takes part in their care has a cap
of its own, which the inspector general raises each year with consumer prices; until a later figure
is here the last one holds.
"""

from __future__ import annotations

from typing import Final

from chalicelib.domain.policies.pack import (
    UNKNOWN,
    ItemCap,
    NoCash,
    NoEarning,
    Pack,
    Uncounted,
    YearCap,
)

_STATUTE: Final = "42 U.S.C. 1320a-7a(a)(5)"
_NOMINAL: Final = f"{_STATUTE}; OIG policy statement on gifts of nominal value, 2016-12-07"
_EXCEPTIONS: Final = "42 CFR 1003.110"
_ENGAGEMENT: Final = "42 CFR 1001.952(hh)"
#: The most in a year for patients' part in their care, from which day: as published.
_ENGAGEMENT_CAPS: Final = (("2021-01-19", "2023-12-31", 500_00), ("2024-01-01", None, 591_00))

PACK: Final = Pack(
    id="us-cmp",
    name={
        "en": "Gifts to patients in the United States",
        "bg": "Подаръци за пациенти в САЩ",
        "fa": "هدیه به بیماران در ایالات متحده",
        "zh-Hans": "美国对患者礼品的规定",
        "zh-Hant": "美國對患者禮品的規定",
    },
    jurisdiction="US",
    currency="USD",
    payers=frozenset({"medicare", "medicaid", "tricare", "veterans", UNKNOWN}),
    rules=(
        NoCash(
            id="US-CASH-EQ",
            says="Nobody whose care is paid publicly gets cash, or what is like cash.",
            source=_STATUTE,
            from_on="1997-01-01",
        ),
        ItemCap(
            id="US-CMP-ITEM-15",
            says="One gift is worth 15 dollars in a shop at most.",
            source=_NOMINAL,
            from_on="2016-12-07",
            amount=15_00,
        ),
        YearCap(
            id="US-CMP-YEAR-75",
            says="All gifts to one patient in a calendar year are worth 75 dollars at most.",
            source=_NOMINAL,
            from_on="2016-12-07",
            amount=75_00,
            total="us-cmp",
        ),
        *(
            YearCap(
                id=f"US-VBE-YEAR-{amount // 100}",
                says="All help of a value-based enterprise for one patient in a calendar year is "
                f"worth {amount // 100} dollars at most.",
                source=_ENGAGEMENT,
                from_on=from_on,
                until_on=until_on,
                amount=amount,
                total="us-vbe",
                exception="patient_engagement",
            )
            for from_on, until_on, amount in _ENGAGEMENT_CAPS
        ),
        NoEarning(
            id="US-AKS-REFERRAL",
            says="Nobody is rewarded for bringing a patient, or for having been brought.",
            source="42 U.S.C. 1320a-7b(b)",
            from_on="1977-10-25",
            categories=frozenset({"referral"}),
        ),
    ),
    exceptions={
        "preventive_care": Uncounted("It promotes preventive care.", _EXCEPTIONS),
        "access_to_care": Uncounted(
            "It promotes access to care, at a low risk of harm.", _EXCEPTIONS
        ),
        "retailer_reward": Uncounted(
            "It is a retailer's coupon, rebate or reward, tied to nothing that is reimbursed.",
            _EXCEPTIONS,
            public_terms=True,
        ),
        "financial_need": Uncounted(
            "It is for somebody in financial need, and not advertised.", _EXCEPTIONS
        ),
        "patient_engagement": Uncounted(
            "It is a tool or support of a value-based enterprise, for the patient's part in their "
            "care.",
            _ENGAGEMENT,
        ),
    },
)
