"""
The same purchases reckoned by hand: what the replay must lead to, worked out from the raw file.

This knows the rules of `programmes/purchases.json` by heart and nothing of the code that is
checked: it reads no programme, calls no rule and shares no function, so that a mistake there
cannot be repeated here.  Days are enough, since the replay does everything at noon UTC.
"""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby
from operator import attrgetter

from chalicelib.cli.replay.outcome import Holdings, Outcome
from chalicelib.cli.replay.purchases import Purchase

# A point a whole dollar, with the tier's percentage, rounded down; at most so many a day.
PERCENT = {"base": 100, "silver": 125, "gold": 150}
DAY_CAP = 500
# Usable through the same day of the month, so many months later.
LIFE_MONTHS = 9
# What a year must bring for a tier (any for silver, all for gold), in purchases and in cents.
SILVER = (4, 150_00)
GOLD = (6, 300_00)
GRACE = timedelta(days=30)
# One gift at this price at the end of a day of purchases, for those whose last row of the day has
# a number that this divides, and one in a month.
GIFT = 100
ASKS = 3

_LADDER = ("base", "silver", "gold")


@dataclass
class _Customer:
    tier: str = "base"
    review: date | None = None
    in_grace: bool = False
    lots: dict[date, int] = field(default_factory=dict)  # by the last day of use
    visits: Counter[int] = field(default_factory=Counter)  # by year
    spend: Counter[int] = field(default_factory=Counter)
    gift_months: set[tuple[int, int]] = field(default_factory=set)
    accepted: int = 0
    issued: int = 0
    redeemed: int = 0
    expired: int = 0

    def pass_time(self, today: date) -> None:
        """Let everything happen that was due by the start of the day."""
        for last in [last for last in self.lots if last < today]:
            self.expired += self.lots.pop(last)
        while self.review is not None and self.review <= today:
            self._be_reviewed(self.review)

    def buy(self, purchase: Purchase, given_today: int) -> int:
        """Take one purchase, and return what it earned."""
        points = purchase.cents * PERCENT[self.tier] // (100 * 100)
        points = min(points, DAY_CAP - given_today)
        if points:
            last = _months_later(purchase.day, LIFE_MONTHS)
            self.lots[last] = self.lots.get(last, 0) + points
        self.accepted += 1
        self.issued += points
        year = purchase.day.year
        self.visits[year] += 1
        self.spend[year] += purchase.cents
        earned = self._earned(year)
        if _LADDER.index(earned) > _LADDER.index(self.tier):
            self.tier, self.review, self.in_grace = earned, date(year + 1, 1, 1), False
        return points

    def can_pay(self) -> bool:
        """Tell whether the points reach for a gift."""
        return sum(self.lots.values()) >= GIFT

    def take_gift(self, today: date) -> bool:
        """Pay for a gift with what expires first; false where this month had its gift."""
        month = (today.year, today.month)
        if month in self.gift_months:
            return False
        self.gift_months.add(month)
        self.redeemed += GIFT
        owed = GIFT
        for last in sorted(self.lots):
            part = min(owed, self.lots[last])
            self.lots[last] -= part
            owed -= part
        self.lots = {last: points for last, points in self.lots.items() if points}
        return True

    def holdings(self) -> Holdings:
        """Return what became of the customer."""
        return Holdings(
            accepted=self.accepted,
            issued=self.issued,
            redeemed=self.redeemed,
            expired=self.expired,
            available=sum(self.lots.values()),
            tier=self.tier,
        )

    def _be_reviewed(self, on: date) -> None:
        # On 1 January for the year that ended; when a grace ends, the new year may speak too.
        years = [on.year - 1, on.year] if self.in_grace else [on.year - 1]
        earned = max((self._earned(year) for year in years), key=_LADDER.index)
        falls = _LADDER.index(earned) < _LADDER.index(self.tier)
        if falls and not self.in_grace:
            self.review, self.in_grace = on + GRACE, True
            return
        if falls:
            self.tier = earned
        self.in_grace = False
        self.review = None if self.tier == "base" else date(on.year + 1, 1, 1)

    def _earned(self, year: int) -> str:
        visits, cents = self.visits[year], self.spend[year]
        if visits >= GOLD[0] and cents >= GOLD[1]:
            return "gold"
        return "silver" if visits >= SILVER[0] or cents >= SILVER[1] else "base"


def expected(purchases: Iterable[Purchase], end: date) -> Outcome:
    """Return what the purchases lead to by noon of the day ``end``."""
    outcome = Outcome()
    by_customer = sorted(purchases, key=attrgetter("customer", "day", "number"))
    for number, bought in groupby(by_customer, key=attrgetter("customer")):
        customer = _Customer()
        for day, of_the_day in groupby(bought, key=attrgetter("day")):
            customer.pass_time(day)
            given = last = 0
            for purchase in of_the_day:
                given += customer.buy(purchase, given)
                last = purchase.number
            asks = last % ASKS == 0 and customer.can_pay()
            if asks and not customer.take_gift(day):
                outcome.refused["redemption", "limit_reached"] += 1
        customer.pass_time(end)
        outcome.members[number] = customer.holdings()
    return outcome


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
