"""Whether names and dates in a programme lead somewhere: currencies, tiers, days, locales."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Protocol

from chalicelib.domain.errors import Invalid
from chalicelib.domain.ledger.chosen_days import chosen_date
from chalicelib.domain.pointer import join
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.violations import Violation

_LOCALE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def tier_ids(programme: Programme) -> list[str]:
    """Return the ids of the ladder, lowest first."""
    return [level.id for level in programme.tiers.levels] if programme.tiers else []


def refusal_of(check: Callable[..., object], *arguments: object) -> str | None:
    """Return the words in which a check refuses, or ``None``."""
    try:
        check(*arguments)
    except Invalid as refusal:
        return refusal.message
    return None


def known_currency(programme: Programme, currency_id: str, at: str) -> Iterator[Violation]:
    """Check the name of a currency."""
    known = [currency.id for currency in programme.currencies]
    yield from reference(currency_id, known, "currency", at)


def known_tiers(
    programme: Programme, named: Sequence[str], at: str, *, by_place: bool = False
) -> Iterator[Violation]:
    """Check names of tiers that stand in an object, or with ``by_place`` in a list."""
    if programme.tiers is None:
        if named:
            yield Violation(at, "names tiers, but the programme has none: declare them in `tiers`")
        return
    for place, tier in enumerate(named):
        here = join(at, place if by_place else tier)
        yield from reference(tier, tier_ids(programme), "tier", here)


def reference(name: str, known: Sequence[str], what: str, at: str) -> Iterator[Violation]:
    """Check a name by those that there are; an empty one among them could not be read."""
    if name in known or not all(known) or not known:
        return
    # Only a document with a violation in it ever gets here.
    from chalicelib.domain.spelling import nearest

    near = nearest(name, known)
    hint = f"did you mean `{near}`? " if near else ""
    shown = ", ".join(f"`{each}`" for each in known)
    yield Violation(at, f"there is no {what} `{name}`: {hint}known: {shown}")


def locales(translated: Iterable[str], at: str) -> Iterator[Violation]:
    """Check the locales that something is translated into."""
    for locale in translated:
        if not _LOCALE.fullmatch(locale):
            detail = f"{locale!r} is not a locale: write it as `en` or `zh-TW`"
            yield Violation(join(at, locale), detail)


def season(first: str | None, last: str | None, at: str) -> Iterator[Violation]:
    """Check two dates, either open: they exist, and the first is not after the last."""
    invalid = False
    for name, text in (("valid_from", first), ("valid_until", last)):
        refusal = None if text is None else refusal_of(chosen_date, text)
        if refusal:
            invalid = True
            yield Violation(join(at, name), refusal)
    if first and last and not invalid and first > last:
        yield Violation(join(at, "valid_until"), f"is before `valid_from` ({first}): swap them")


class _Limit(Protocol):
    """So much (``max``) or so often (``times``) in a window: one of the two."""

    @property
    def window(self) -> str: ...
    @property
    def max(self) -> int | None: ...
    @property
    def times(self) -> int | None: ...


def limits_of_windows(limits: Sequence[_Limit], at: str) -> Iterator[Violation]:
    """Check limits: each measures one thing, and no two the same thing in the same window."""
    counted: dict[tuple[str, bool], int] = {}
    for place, limit in enumerate(limits):
        here = join(at, place)
        if (limit.max is None) == (limit.times is None):
            yield Violation(here, "needs exactly one of `max` (value) and `times` (how often)")
        first = counted.setdefault((limit.window, limit.times is None), place)
        if first != place:
            measure = "max" if limit.times is None else "times"
            other = join(at, first)
            detail = f"limits `{measure}` of the {limit.window} as {other} does: keep the lower one"
            yield Violation(here, detail)
