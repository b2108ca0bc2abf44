from fractions import Fraction

# ruleid: float-money
fee = 0.25
# ruleid: float-money
limit = 1e6
# ruleid: float-money
points = amount * 1.5
# ruleid: float-money
share = total / 3
# ruleid: float-money
total /= 2
# ruleid: float-money
price = float(text)
# ruleid: float-money
points = round(amount * rate)


# ruleid: float-money
def charge(amount: float) -> None:
    # ruleid: float-money
    rates: list[float] = []


# ok: float-money
points = amount * 3 // 2
# ok: float-money
share = Fraction(total, 3)
# ok: float-money
last = 253_402_300_799_999
# ok: float-money
version = "1.5"
# ok: float-money
minor, rest = divmod(amount, 100)


# ok: float-money
def price(amount: int) -> int:
    # ok: float-money
    return money.percentage(amount, 250, rounding="half_up")
