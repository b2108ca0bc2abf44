"""What the sentences about a programme are made of: amounts, money, dates and names."""

from __future__ import annotations

from msgspec import Struct

from chalicelib.domain import money
from chalicelib.domain.frames import Frame, frame
from chalicelib.domain.programme import (
    Currency,
    EarningRule,
    Programme,
    Reward,
    Text,
    TierLevel,
    text_in,
)


class Described(Struct, frozen=True, omit_defaults=True):
    """
    One part of a programme in words; ``kind`` is `joining`, `expiry`, or a mechanic's own word.

    ``expressions`` are the conditions and formulas that the words only mention, as written.
    """

    kind: str
    id: str
    name: str
    text: str
    expressions: tuple[str, ...] = ()


def money_in_words(amount: int, currency: str) -> str:
    """Return money as digits and code: ``1,450.00 GBP``, ``1,450 JPY``."""
    exponent = money.exponent(currency)
    whole, part = divmod(abs(amount), 10**exponent)
    decimals = f".{part:0{exponent}d}" if exponent else ""
    return f"{'-' if amount < 0 else ''}{whole:,}{decimals} {currency}"


def capitalised(text: str) -> str:
    """A text as it begins a sentence."""
    return text[:1].upper() + text[1:]


def joined(*sentences: str) -> str:
    """Sentences one after another, those that are empty left out."""
    return " ".join(sentence for sentence in sentences if sentence)


class Speaker:
    """One programme and one reader: how things are called between the two."""

    def __init__(self, programme: Programme, locale: str | None) -> None:
        self.programme = programme
        self.locale = locale
        self.words: Frame = frame(locale)

    def season(self, first: str | None, last: str | None) -> str:
        """The days between which something is offered, either open."""
        words = self.words
        if first and last:
            return words.between.format(first=words.date(first), last=words.date(last))
        if first:
            return words.since.format(first=words.date(first))
        return words.until.format(last=words.date(last)) if last else ""

    def value(self, amount: int, currency_id: str) -> str:
        """An amount of a currency: `50 points`."""
        return self.words.amount(amount, self.currency_name(currency_id))

    def money(self, amount: int) -> str:
        """An amount of the programme's money."""
        return money_in_words(amount, self.programme.money.currency)

    def currency_name(self, currency_id: str) -> str:
        """A currency's name, its id where it is not known."""
        currency = self.programme.currency(currency_id)
        return currency_id if currency is None else self.name(currency)

    def tier_name(self, tier_id: str) -> str:
        """A tier's name, its id where it is not known."""
        levels = self.programme.tiers.levels if self.programme.tiers else ()
        return next((self.name(level) for level in levels if level.id == tier_id), tier_id)

    def name(self, part: Programme | Currency | EarningRule | TierLevel | Reward) -> str:
        """The name of a part in the reader's locale."""
        return self.text(part.name)

    def text(self, text: Text) -> str:
        """A text in the reader's locale."""
        return text_in(text, self.locale)
