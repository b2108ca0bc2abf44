"""
China's medical security fund: nothing is given for what the fund pays.

State Council Order 735, in force since 1 May 2021, punishes who has people seek care for gain or
gives back what the fund paid.  So only what a patient pays themselves earns and is reduced.
"""

from __future__ import annotations

from typing import Final

from chalicelib.domain.policies.pack import NoEarning, NoMoneyOff, Pack

_SOURCE: Final = "国务院令第735号, 医疗保障基金使用监督管理条例"
_SINCE: Final = "2021-05-01"
_INSURED: Final = frozenset({"insured"})

PACK: Final = Pack(
    id="cn-insured",
    name={
        "en": "Care that China's medical security fund pays",
        "bg": "Лечение, платено от фонда за медицинско осигуряване на Китай",
        "fa": "درمان با هزینهٔ صندوق تأمین درمان چین",
        "zh-Hans": "医保基金支付项目的规定",
        "zh-Hant": "中國醫保基金支付項目的規定",
    },
    jurisdiction="CN",
    rules=(
        NoEarning(
            id="CN-735-EARN",
            says="Nothing is earned by what the medical security fund pays.",
            source=_SOURCE,
            from_on=_SINCE,
            categories=_INSURED,
        ),
        NoMoneyOff(
            id="CN-735-PRICE",
            says="Nothing is taken off what the medical security fund pays.",
            source=_SOURCE,
            from_on=_SINCE,
            categories=_INSURED,
        ),
    ),
)
