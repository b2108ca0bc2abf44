"""
The United States' civil monetary penalty for inducing beneficiaries, 42 U.S.C. 1320a-7a(a)(5).

What a provider gives to a patient of Medicare or a state's health programme must not be likely to
influence whom they choose.  Gifts of nominal value are not: since 7 December 2016 the inspector
general takes 15 dollars for each, and 75 dollars a year for all, at their price in a shop.  Cash
and what is like cash is never nominal.
"""

from __future__ import annotations

from typing import Final

from chalicelib.domain.policies.pack import UNKNOWN, MostEach, MostYearly, NoCash, Pack, Uncounted

_STATUTE: Final = "42 U.S.C. 1320a-7a(a)(5)"
_NOMINAL: Final = f"{_STATUTE}; OIG policy statement on gifts of nominal value, 2016-12-07"
_EXCEPTIONS: Final = "42 CFR 1003.110"

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
        MostEach(
            id="US-CMP-ITEM-15",
            says="One gift is worth 15 dollars in a shop at most.",
            source=_NOMINAL,
            from_on="2016-12-07",
            amount=15_00,
        ),
        MostYearly(
            id="US-CMP-YEAR-75",
            says="All gifts to one patient in a calendar year are worth 75 dollars at most.",
            source=_NOMINAL,
            from_on="2016-12-07",
            amount=75_00,
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
    },
)
