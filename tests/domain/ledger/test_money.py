"""Amounts are integers, and every division rounds the way it is told to."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.domain.errors import Invalid
from chalicelib.domain.ledger import money

AMOUNTS = st.integers(-(money.MAX_AMOUNT**2), money.MAX_AMOUNT**2)
DIVISORS = st.integers(-1_000_000, 1_000_000).filter(bool)
SMALL = st.integers(-50, 50)


class TestDivide:
    """Quotients are rounded as named, for every combination of signs."""

    @pytest.mark.parametrize(
        ("numerator", "denominator", "floor", "ceiling", "half_up", "half_even"),
        [
            (0, 7, 0, 0, 0, 0),
            (14, 7, 2, 2, 2, 2),
            (1, 3, 0, 1, 0, 0),
            (2, 3, 0, 1, 1, 1),
            (1, 2, 0, 1, 1, 0),
            (3, 2, 1, 2, 2, 2),
            (5, 2, 2, 3, 3, 2),
            (-1, 3, -1, 0, 0, 0),
            (-2, 3, -1, 0, -1, -1),
            (-1, 2, -1, 0, -1, 0),
            (-3, 2, -2, -1, -2, -2),
            (-5, 2, -3, -2, -3, -2),
            (5, -2, -3, -2, -3, -2),
            (-5, -2, 2, 3, 3, 2),
            (-14, 7, -2, -2, -2, -2),
            (1050, 100, 10, 11, 11, 10),
            (10**30 + 1, 2, 5 * 10**29, 5 * 10**29 + 1, 5 * 10**29 + 1, 5 * 10**29),
        ],
    )
    def test_table(
        self,
        numerator: int,
        denominator: int,
        floor: int,
        ceiling: int,
        half_up: int,
        half_even: int,
    ) -> None:
        """Each rounding gives the answer that its name promises."""
        assert money.divide(numerator, denominator, "floor") == floor
        assert money.divide(numerator, denominator, "ceiling") == ceiling
        assert money.divide(numerator, denominator, "half_up") == half_up
        assert money.divide(numerator, denominator, "half_even") == half_even

    @given(AMOUNTS | SMALL, DIVISORS | SMALL.filter(bool))
    @example(numerator=-5, denominator=-2)
    def test_floor_and_ceiling_are_exact(self, numerator: int, denominator: int) -> None:
        """Floor and ceiling equal those of the exact fraction."""
        exact = Fraction(numerator, denominator)
        assert money.divide(numerator, denominator, "floor") == math.floor(exact)
        assert money.divide(numerator, denominator, "ceiling") == math.ceil(exact)

    @given(AMOUNTS | SMALL, DIVISORS | SMALL.filter(bool))
    def test_half_even_is_the_fraction_s(self, numerator: int, denominator: int) -> None:
        """Half-even equals the rounding of the exact fraction."""
        exact = Fraction(numerator, denominator)
        assert money.divide(numerator, denominator, "half_even") == round(exact)

    @given(AMOUNTS | SMALL, st.sampled_from([1, 2, 4, 5, 8, 10, 100, -2, -10, 10_000]))
    def test_halves_are_decimal_s(self, numerator: int, denominator: int) -> None:
        """Where the quotient is a finite decimal, both halves equal those of ``decimal``."""
        with localcontext(prec=60):
            exact = Decimal(numerator) / Decimal(denominator)
            up = exact.quantize(Decimal(1), ROUND_HALF_UP)
            even = exact.quantize(Decimal(1), ROUND_HALF_EVEN)
        assert money.divide(numerator, denominator, "half_up") == up
        assert money.divide(numerator, denominator, "half_even") == even

    @given(AMOUNTS | SMALL, DIVISORS | SMALL.filter(bool))
    def test_symmetry(self, numerator: int, denominator: int) -> None:
        """A refund mirrors its payment: halves ignore the sign, floor and ceiling swap."""
        for rounding in ("half_up", "half_even"):
            there = money.divide(numerator, denominator, rounding)
            assert money.divide(-numerator, denominator, rounding) == -there
        floor = money.divide(numerator, denominator, "floor")
        assert money.divide(-numerator, denominator, "ceiling") == -floor

    def test_by_zero(self) -> None:
        """Division by zero is the arithmetic error that it is."""
        with pytest.raises(ZeroDivisionError):
            money.divide(1, 0, "half_up")


class TestExponent:
    """Exponents are those of ISO 4217."""

    @pytest.mark.parametrize(
        ("currency", "expected"),
        [
            ("GBP", 2),
            ("EUR", 2),
            ("CAD", 2),
            ("CNY", 2),
            ("TWD", 2),
            ("IRR", 2),
            ("JPY", 0),
            ("KRW", 0),
            ("VND", 0),
            ("KWD", 3),
            ("TND", 3),
            ("CLF", 4),
            ("XCG", 2),
            ("ZWG", 2),
        ],
    )
    def test_known(self, currency: str, expected: int) -> None:
        """An active code has one exponent."""
        assert money.exponent(currency) == expected

    def test_table_is_whole(self) -> None:
        """The table holds each code of the list of January 2026 that has a minor unit, once."""
        assert len(money._EXPONENTS) == 165
        assert sum(len(codes.split()) for codes in money._CODES_BY_EXPONENT.values()) == 165

    @pytest.mark.parametrize(
        ("currency", "fix"),
        [
            ("BGN", "use 'EUR' in its place"),
            ("HRK", "use 'EUR' in its place"),
            ("ANG", "use 'XCG' in its place"),
            ("gbp", "write 'GBP'"),
            (" EUR", "write 'EUR'"),
            ("GPB", "did you mean 'GBP'"),
            ("EURO", "did you mean 'EUR'"),
            ("", "three capital letters"),
            ("٣٤٥", "three capital letters"),
            ("XXX", "is not an active ISO 4217 currency"),
            ("XAU", "is not an active ISO 4217 currency"),
            ("clinic/points" * 1000, "is not an active ISO 4217 currency"),
        ],
    )
    def test_unknown(self, currency: str, fix: str) -> None:
        """Another code is refused with what to write in its place."""
        with pytest.raises(Invalid, match="unknown_currency") as caught:
            money.exponent(currency)
        assert fix in caught.value.message
        assert len(caught.value.message) < 200


class TestMoney:
    """Money is an immutable pair that reads and writes as the API shows it."""

    def test_wire_form(self) -> None:
        """Its JSON is the amount in minor units and the code."""
        eighty = money.Money(amount=8000, currency="GBP")
        assert msgspec.json.encode(eighty) == b'{"amount":8000,"currency":"GBP"}'
        assert msgspec.convert({"amount": 8000, "currency": "GBP"}, money.Money) == eighty

    @pytest.mark.parametrize("amount", [80.0, "8000", None, True])
    def test_only_integers(self, amount: object) -> None:
        """A float, a text or a truth value is not an amount."""
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"amount": amount, "currency": "GBP"}, money.Money)


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (10_000, {"b": 1000, "a": 100_000}, {"b": 99, "a": 9901}),
        (1, {"b": 5, "a": 5}, {"b": 0, "a": 1}),
        (2, {"a": 1, "b": 1, "c": 1}, {"a": 1, "b": 1, "c": 0}),
        (7, {"a": 0, "b": 3}, {"a": 0, "b": 7}),
        (7, {"a": 0}, {"a": 0}),
        (7, {}, {}),
    ],
)
def test_apportion(total: int, weights: dict[str, int], parts: dict[str, int]) -> None:
    """The largest remainders are rounded up, of equal ones those of the lesser keys."""
    assert money.apportion(total, weights) == parts


@given(
    st.integers(0, 10**6), st.dictionaries(st.integers(0, 99), st.integers(0, 10**6), min_size=1)
)
def test_apportioned_parts_sum_to_the_whole(total: int, weights: dict[int, int]) -> None:
    """Each part is its exact share, rounded down or up, in whatever order the weights come."""
    parts = money.apportion(total, weights)
    whole = sum(weights.values())

    assert sum(parts.values()) == (total if whole else 0)
    for key, weight in weights.items():
        assert not whole or 0 <= parts[key] - total * weight // whole <= 1
    assert parts == money.apportion(total, dict(reversed(weights.items())))


@given(st.dictionaries(st.integers(0, 9), st.integers(0, 10_000), min_size=1), st.integers(1, 100))
def test_what_is_whole_is_not_rounded_up_beside_others(parts: dict[int, int], unit: int) -> None:
    """Of a sum that is rounded up each part is no more than it alone would be, rounded up."""
    most = {key: -(-part // unit) for key, part in parts.items()}
    total = -(-sum(parts.values()) // unit)

    found = money.apportion(total, parts, unit)

    assert sum(found.values()) == total
    assert all(found[key] <= most[key] for key in parts)


def test_a_whole_part_stays_as_it_is() -> None:
    """10 and six tenths of one, rounded up to 11, leave the 10 alone."""
    tenths = {"a": 100, **{f"b{n}": 1 for n in range(6)}}

    assert money.apportion(11, tenths)["a"] == 11
    assert money.apportion(11, tenths, 10)["a"] == 10
