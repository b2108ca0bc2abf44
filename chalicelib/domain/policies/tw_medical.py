"""
Taiwan's Medical Care Act, Article 61: nobody is won as a patient by improper means.

By the ministry's notice of 17 March 2005 gifts, discounts, lotteries, vouchers and free services
for seeking care are such means.  Education, administration and goods that are not medical are not.
"""

from __future__ import annotations

from typing import Final

from chalicelib.domain.policies.pack import NoEarning, NoMoneyOff, Pack

_SOURCE: Final = "醫療法第61條; 衛署醫字第0940203047號, 2005-03-17"
_SINCE: Final = "2005-03-17"
_CARE: Final = frozenset({"medical_service"})

PACK: Final = Pack(
    id="tw-medical",
    name={
        "en": "Medical care in Taiwan",
        "bg": "Медицинска помощ в Тайван",
        "fa": "مراقبت پزشکی در تایوان",
        "zh-Hans": "台湾医疗法的规定",
        "zh-Hant": "臺灣醫療法的規定",
    },
    jurisdiction="TW",
    rules=(
        NoEarning(
            id="TW-61-EARN",
            says="Nothing is earned by medical care.",
            source=_SOURCE,
            from_on=_SINCE,
            categories=_CARE,
        ),
        NoMoneyOff(
            id="TW-61-PRICE",
            says="Nothing is taken off medical care.",
            source=_SOURCE,
            from_on=_SINCE,
            categories=_CARE,
        ),
        NoEarning(
            id="TW-61-REFERRAL",
            says="Nobody is rewarded for bringing a patient, or for having been brought.",
            source=_SOURCE,
            from_on=_SINCE,
            categories=frozenset({"referral"}),
        ),
    ),
)
