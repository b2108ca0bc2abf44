"""
Whole numbers of the smallest unit, and divisions that name their rounding.

Points are counted in points and money in minor units (pence, cents), so an amount is always an
``int``; a float has no place here.  How many decimals a minor unit stands for is the *exponent*
of ISO 4217.  How a country shows or tenders money (TWD without cents, toman for rial) is
configuration and presentation, and is not decided here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeVar

import msgspec

from chalicelib.domain.errors import Invalid

Key = TypeVar("Key", str, int)

Rounding = Literal["floor", "ceiling", "half_up", "half_even"]

MAX_AMOUNT: Final = 10**15
"""
The largest amount that a request, a document or an award may state, of money or of value.

One for all, and wide enough for the currency of least worth: ten trillion rials, some millions of
dollars.  JavaScript still counts to nine times as much.
"""

MAX_TOTAL: Final = 2**53 - 1
"""
The largest sum over a life that is told: what JavaScript, and many readers of JSON, count to.
"""

_DEFAULT_EXPONENT: Final = 2

# ISO 4217 as published on 2026-01-01: money and funds.  Metals, test and bond-unit codes (XAU,
# XTS, XXX …) have no minor unit and are left out.  Bulgaria has used EUR since that day.
_CODES_BY_EXPONENT: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """
       AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD
       CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS
       GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD
       LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB
       PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP
       SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW
       ZWG
       """,
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_EXPONENTS: Final = {
    code: exponent for exponent, codes in _CODES_BY_EXPONENT.items() for code in codes.split()
}
# Codes that programmes may still carry, each with what took its place.
_SUCCESSORS: Final = {
    "ANG": "XCG",
    "BGN": "EUR",
    "CUC": "CUP",
    "HRK": "EUR",
    "RMB": "CNY",
    "NTD": "TWD",
    "SLL": "SLE",
    "ZWL": "ZWG",
}


class Money(msgspec.Struct, frozen=True):
    """
    An amount of money: minor units of an ISO 4217 ``currency``, such as 8000 of GBP for £80.

    It is only a pair: `exponent` says whether the currency is known.
    """

    amount: int
    currency: str


def exponent(currency: str) -> int:
    """
    Return how many decimals the minor unit of an ISO 4217 code has: 2 for EUR, 0 for JPY.

    Raises `Invalid` ``unknown_currency`` for a code that is not active, naming its successor or
    the nearest active code when there is one.
    """
    found = _EXPONENTS.get(currency)
    if found is None:
        raise Invalid("unknown_currency", _unknown_currency(currency[:20]))
    return found


def written(amount: int, currency: str) -> str:
    """
    Return minor units as a sum is written in English, with the code of its currency: `12.50 EUR`.

    Raises `Invalid` as `exponent` does; the sum is not below zero.
    """
    decimals = exponent(currency)
    whole, part = divmod(amount, 10**decimals)
    number = f"{whole}.{part:0{decimals}d}" if decimals else f"{whole}"
    return f"{number} {currency}"


def divide(numerator: int, denominator: int, rounding: Rounding) -> int:
    """
    Divide exactly and round as named; only the true quotient counts, not the signs that made it.

    ``floor`` rounds towards minus infinity and ``ceiling`` towards plus infinity.  ``half_up`` and
    ``half_even`` take the nearest integer; from exactly halfway, ``half_up`` moves away from zero
    (−2.5 becomes −3) and ``half_even`` to the even neighbour.  Raises ``ZeroDivisionError``.
    """
    below, remainder = divmod(numerator, denominator)
    match rounding:
        case "floor":
            return below
        case "ceiling":
            return below + (remainder != 0)
        case "half_up" | "half_even":
            # The remainder has the sign of the denominator, so twice their ratio is 0 up to 2.
            twice, whole = abs(remainder) * 2, abs(denominator)
            if twice != whole:
                return below + (twice > whole)
            return below + (below >= 0 if rounding == "half_up" else below % 2)


def apportion(total: int, weights: Mapping[Key, int], unit: int | None = None) -> dict[Key, int]:
    """
    Spread a total in proportion to weights, none of them negative, so that the parts sum to it.

    Each part is its exact share rounded down or up: the largest remainders are rounded up, of
    equal ones those of the lesser keys, so the order of the weights does not matter.  Where all
    weights are 0 so is every part.  Where weights are in parts of one, of which ``unit`` are one,
    none is rounded up beyond itself: where a total was rounded up, what is whole stays as it is.
    """
    whole = sum(weights.values())
    if not whole:
        return dict.fromkeys(weights, 0)
    parts, remainders = {}, {}
    for key, weight in weights.items():
        parts[key], remainders[key] = divmod(total * weight, whole)
    left = total - sum(parts.values())
    # Sorting is stable, also in reverse.
    for key in sorted(sorted(weights), key=remainders.__getitem__, reverse=True) if left else ():
        if unit is None or parts[key] * unit < weights[key]:
            parts[key] += 1
            left -= 1
            if not left:
                break
    return parts


def _unknown_currency(currency: str) -> str:
    violation = f"{currency!r} is not an active ISO 4217 currency"
    upper = currency.strip().upper()
    if upper in _EXPONENTS:
        return f"{violation}: write {upper!r}."
    if upper in _SUCCESSORS:
        return f"{violation}: use {_SUCCESSORS[upper]!r} in its place."
    from chalicelib.domain.spelling import nearest  # only refusals need it

    near = nearest(upper, _EXPONENTS)
    if near:
        return f"{violation}: did you mean {near!r}?"
    return f"{violation}: use a code of three capital letters, such as 'EUR' or 'GBP'."
