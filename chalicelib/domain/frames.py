"""
The sentences in which programmes are told, one `Frame` a language.

Another language is another frame in ``_FRAMES``.  Until a reader's language has one, the sentences
are in English, with the names in the reader's own language among them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from chalicelib.domain import calendar


class Frame(Struct, frozen=True):
    """
    The patterns of one language, with the names that they take in braces.

    ``forms`` holds counted words by number, and ``plural`` says which form a number takes;
    ``name_of_one`` is what a currency's name becomes after the number one.  ``facts`` are the
    kinds of activity that have a better name than their words reversed.
    """

    facts: dict[str, str]
    month_names: tuple[str, ...]
    forms: dict[str, tuple[str, ...]]
    plural: Callable[[int], int]
    name_of_one: Callable[[str], str]
    windows: dict[str, str]
    tier_windows: dict[str, str]
    rounding: dict[str, str]
    tier_falls: dict[str, str]
    tier_rolls: dict[str, str]
    tier_waits: str
    and_word: str
    or_word: str
    full_date: str
    yearly_date: str
    end_of_february: str
    joining: str
    consent: str
    never_expires: str
    rolling_expiry: str
    rounded_expiry: str
    inactivity_expiry: str
    periods: dict[str, str]
    recurs: str
    hours: str
    dated_expiry: str
    yearly_expiry: str
    distant_expiry: str
    delayed: str
    at_once: str
    each: str
    earns: str
    earns_per: str
    earns_formula: str
    in_tier: str
    always_share: str
    share_when: str
    condition: str
    counted: str
    not_counted: str
    cap_max: str
    cap_times: str
    over_rejected: str
    best_counts: str
    first_counts: str
    between: str
    since: str
    until: str
    first_tier: str
    tier: str
    tier_kept: str
    grace: str
    benefits: str
    other_visits: str
    spent: str
    earned: str
    reward: str
    gift: str
    by_staff: str
    payee: str
    reward_tiers: str
    reward_limit: str
    voucher: str
    gives_tier: str
    gives_entitlement: str
    by_itself: str

    def count(self, word: str, number: int, **more: str) -> str:
        """A number of one of the words in ``forms``: `3 days`."""
        return self.forms[word][self.plural(number)].format(n=f"{number:,}", **more)

    def amount(self, number: int, name: str) -> str:
        """A number of a currency by its name: `50 points`."""
        return f"{number:,} {self.name_of_one(name) if number == 1 else name}"

    def date(self, text: str) -> str:
        """A date that is written as ``2026-11-22``."""
        day = calendar.parse_date(text)
        month = self.month_names[day.month - 1]
        return self.full_date.format(day=day.day, month=month, year=day.year)

    def day_of_year(self, text: str) -> str:
        """A day of every year that is written as ``12-31``."""
        if text == "02-29":
            return self.end_of_february
        month = self.month_names[int(text[:2]) - 1]
        return self.yearly_date.format(day=int(text[3:]), month=month)

    def fact(self, kind: str) -> str:
        """What a kind of activity is called."""
        return self.facts.get(kind) or " ".join(reversed(kind.replace("_", " ").split(".")))

    def both(self, parts: Sequence[str]) -> str:
        """All of these."""
        return _listed(parts, self.and_word)

    def either(self, parts: Sequence[str]) -> str:
        """Any of these."""
        return _listed(parts, self.or_word)


def frame(locale: str | None) -> Frame:
    """The frame of a locale, else of its language, else the English one."""
    wanted = locale or ""
    return _FRAMES.get(wanted) or _FRAMES.get(wanted.split("-")[0]) or _FRAMES["en"]


def _listed(parts: Sequence[str], word: str) -> str:
    *first, last = parts or [""]
    return f"{', '.join(first)} {word} {last}" if first else last


def _english_one(name: str) -> str:
    return name[:-1] if name.endswith("s") and not name.endswith(("ss", "us")) else name


_ENGLISH: Final = Frame(
    facts={
        "visit.completed": "completed visit",
        "payment.received": "payment",
        "purchase.completed": "purchase",
        "checkup.completed": "completed check-up",
        "steps.recorded": "count of steps",
        "referral.completed": "successful referral",
    },
    month_names=(
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    forms={
        "visits": ("{n} completed visit", "{n} completed visits"),
        "other_visits": ("{n} visit", "{n} visits"),
        "days": ("{n} day", "{n} days"),
        "months": ("{n} month", "{n} months"),
        "years": ("{n} year", "{n} years"),
        "times": ("once", "{n} times"),
        "units": ("one that is counted", "{n} that are counted"),
        "left": ("There is {n}.", "There are {n}."),
        "referrals": ("{n} referral", "{n} referrals"),
        "events": ("{n} × {fact}", "{n} × {fact}"),
    },
    plural=lambda number: int(number != 1),
    name_of_one=_english_one,
    windows={
        "fact": "each time",
        "day": "a day",
        "week": "a week",
        "month": "a month",
        "year": "a year",
        "lifetime": "in all",
    },
    tier_windows={
        "calendar_year": "in a calendar year",
        "anniversary": "in a year of membership",
        "rolling": "in {days}",
        "lifetime": "in all",
    },
    rounding={
        "floor": "Fractions are dropped.",
        "ceiling": "Fractions are rounded up.",
        "half_up": "Fractions are rounded to the nearest whole number.",
        "half_even": "Fractions are rounded to the nearest whole number.",
    },
    tier_falls={
        "one_level": "It lasts through the next year; a year that does not reach it again costs "
        "one tier{grace}.",
        "to_earned": "It lasts through the next year; after a year that does not reach it again "
        "comes the tier that the year did reach{grace}.",
    },
    and_word="and",
    or_word="or",
    full_date="{day} {month} {year}",
    yearly_date="{day} {month}",
    end_of_february="last day of February",
    joining="Joining takes {needs}.",
    consent="consent to “{purpose}”",
    never_expires="{name} do not expire.",
    rolling_expiry="{name} can be used until the end of the day {life} after they were earned.",
    rounded_expiry="{name} can be used until the end of the {period} in which {life} have passed "
    "since they were earned.",
    inactivity_expiry="{name} can be used until the end of the day {life} after the last visit, "
    "purchase or other activity.",
    periods={"month": "month", "quarter": "quarter", "half": "half-year", "year": "year"},
    recurs="It counts on days that recur ({rule}){hours}.",
    hours=", from {first} to {last}",
    dated_expiry="{name} can be used until the end of {date}.",
    yearly_expiry="{name} can be used until the end of the next {day} after they were earned.",
    distant_expiry="{name} can be used until the end of the first {day} that is at least {days} "
    "after they were earned.",
    delayed="They become usable {days} after they were earned.",
    at_once="They are usable at once.",
    each="Each {fact}",
    earns="{fact} earns {value}",
    earns_per="{fact} earns {value} for every {per}",
    earns_formula="{fact} earns {name}, worked out each time",
    in_tier="in {tier}, {percent} % of that",
    always_share="in all, {percent} % of that",
    share_when="under a further condition, {percent} % of that",
    condition="A condition applies.",
    counted="Counted: {names}.",
    not_counted="Not counted: {names}.",
    cap_max="At most {amount} {window}.",
    cap_times="At most {times} {window}.",
    over_rejected="What would go over that earns nothing.",
    best_counts="Does not add to {names}: what gives most counts.",
    first_counts="Does not add to {names}: the first of them that applies counts.",
    between="From {first} to {last}.",
    since="From {first} on.",
    until="Until {last}.",
    first_tier="Everyone begins in {tier}.",
    tier="{tier} is reached with {needs} {window}.",
    tier_rolls={
        "one_level": "It lasts {days}; if those do not reach it again it costs one tier{grace}.",
        "to_earned": "It lasts {days}; if those do not reach it again the tier follows that they "
        "did reach{grace}.",
    },
    tier_waits="It begins when the time is over.",
    tier_kept="Once reached it is kept.",
    grace=", {days} later",
    benefits="It brings: {names}.",
    other_visits="{visits} (a {facts} counts as one)",
    spent="{money} spent",
    earned="{value} earned",
    reward="{name} costs {value}.",
    gift="{name} costs nothing.",
    by_staff="Staff hand it out.",
    payee="What it costs goes to {payee}.",
    reward_tiers="For members in {tiers}.",
    reward_limit="At most {times} {window} for each member.",
    voucher="Its voucher is valid for {days}.",
    gives_tier="It gives {tier} for {days}.",
    gives_entitlement="It gives {units} × {name}.",
    by_itself="It is redeemed by itself once there are {value}.",
)
_FRAMES: Final[dict[str, Frame]] = {"en": _ENGLISH}
