"""W: whatever a document says that concerns members is in the words, in every example."""

from __future__ import annotations

import copy
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final, NamedTuple, get_type_hints

import msgspec
import pytest

from chalicelib.domain.authoring.validation import validate
from chalicelib.domain.authoring.words import describe
from chalicelib.domain.pointer import join
from chalicelib.domain.programme.document import MoneyUnit
from chalicelib.domain.programme.fields import text_in
from chalicelib.domain.programme.wording import Description
from chalicelib.programmes.rendering import catalogue
from tests.examples import SHARE
from tests.programmes.test_examples import EXAMPLES, full_name, programme
from tests.programmes.test_messages import words_of

#: Fields of which members are told nothing, and why.
UNTOLD: Final = {
    "Currency.expiry_warning_days": "announced in the journal, for systems that send messages",
    "Tiers.notice_days": "announced in the journal, for systems that send messages",
    "Discounts.rounding": "moves one minor unit, and the quote shows it",
    "Entitlement.kind": "a word for those who honour it",
    "Reward.kind": "a word for those who hand it out",
    "Goodwill.daily": "a budget of staff",
    "Goodwill.daily_together": "a budget of staff",
    "Enrolment.optional_consents": "what may be consented to; nothing depends on it",
    "Goodwill.max_each": "a budget of staff",
    "Goodwill.reasons": "words for staff",
    "Reward.retail_value": "what policy packs count, whose rules are told",
    "Reward.cash_equivalent": "what policy packs go by, whose rules are told",
    "Reward.exception": "what policy packs go by, whose rules are told",
    "LegalException.code": "what policy packs go by, whose rules are told",
    "LegalException.evidence": "for who checks it",
    "Entitlement.retail_value": "what policy packs count, whose rules are told",
    "Entitlement.cash_equivalent": "what policy packs go by, whose rules are told",
    "Entitlement.exception": "what policy packs go by, whose rules are told",
    "Discount.exception": "what policy packs go by, whose rules are told",
    "Part.metadata": "the tenant's own, which nothing here reads",
}
#: Places of examples where a change changes nothing for members, and why.
IDLE: Final = {
    ("canadian-pharmacy", "/wallets/0/kind"): "points pay as cashback does",
    ("clinic", "/enrolment"): "holds nothing but consents on which nothing depends",
    ("clinic-discounts", "/rewards/2/price/currency"): "it costs nothing, in any currency",
    ("clinic-discounts", "/wallets/0/counts_as_spend"): "prepaid value counts unless it says not",
    ("clinic-discounts", "/wallets/1/kind"): "cashback pays as points do",
    ("clinic-discounts", "/wallets/2/kind"): "points pay as cashback does",
    ("cumulative-care", "/money/currency"): "nothing in it is a sum of money",
    ("hospital-levels", "/wallets/1/kind"): "points pay as cashback does",
    ("healthy-behaviour", "/metrics"): "nothing in it asks for visits",
    ("healthy-behaviour", "/metrics/visits_on"): "nothing in it asks for visits",
    ("healthy-behaviour", "/metrics/visits_on/0"): "nothing in it asks for visits",
    ("healthy-behaviour", "/money/currency"): "nothing in it is a sum of money",
    ("persian-clinic", "/money/currency"): "nothing in it is a sum of money",
    ("pharmacy", "/currencies/2/forms"): "no rule gives one cent",
    ("pharmacy", "/currencies/2/forms/bg"): "no rule gives one cent",
    ("pharmacy", "/currencies/2/forms/bg/one"): "no rule gives one cent",
    ("pharmacy", "/currencies/2/forms/en"): "no rule gives one cent",
    ("pharmacy", "/currencies/2/forms/en/one"): "no rule gives one cent",
    ("pharmacy", "/earning/0/priority"): "only their order counts",
    ("pharmacy", "/earning/1/priority"): "only their order counts",
    ("pharmacy", "/metrics/spend_on"): "nothing in it asks for what is spent",
    ("pharmacy", "/metrics/spend_on/0"): "nothing in it asks for what is spent",
    ("pharmacy", "/tiers/downgrade"): "a tier for life is never reviewed",
}
#: Fields that no example can be without or have another value in, and why.
UNTRIED: Final = {
    "ProgrammeDocument.attributes": "declares what expressions read, which are told",
    "LegalException.public_terms": "the exception of its example takes it",
    "GivesValue.currency": "its example has one currency",
    "GiftCardKind.currency": "in its example one wallet is prepaid",
    "Wallet.currency": "in its example each currency is a wallet",
}
#: In which part of a document those things are that a field names by their id.
NAMED_BY: Final = {
    "currency": ("currencies",),
    "entitlement": ("entitlements",),
    "tier": ("tiers", "levels"),
    "reward": ("rewards",),
}
#: In how many places of an example CI changes a field.
OF_EACH: Final = 2
#: The languages that the examples have names in.
LOCALES: Final = ("en", "bg", "fa", "zh-CN")


class Place(NamedTuple):
    """A place of a document: the field that it belongs to, and what is there."""

    path: tuple[str | int, ...]
    owner: type
    name: str
    value: Any

    @property
    def field(self) -> str:
        """The field as the lists above have it."""
        return full_name(self.owner, self.name)


class Change(NamedTuple):
    """A place of an example that was changed to another valid programme."""

    example: str
    pointer: str
    field: str
    told: bool


def places(raw: Any, part: Any, above: Place | None = None) -> Iterator[Place]:
    """Every place of a document: its fields, and what is in lists and dictionaries."""
    path = above.path if above else ()
    if isinstance(part, msgspec.Struct):
        for name in (each for each in part.__struct_fields__ if each in raw):
            here = Place((*path, name), type(part), name, raw[name])
            yield here
            yield from places(raw[name], getattr(part, name), here)
    elif above and isinstance(part, tuple | dict):
        for key in range(len(part)) if isinstance(part, tuple) else part:
            here = above._replace(path=(*path, key), value=raw[key])
            yield here
            yield from places(raw[key], part[key], here)


@cache
def seen() -> dict[str, list[Any]]:
    """What the examples have in each field."""
    found: dict[str, list[Any]] = defaultdict(list)
    for name, raw in EXAMPLES.items():
        for place in places(raw, programme(name)):
            if place.value not in found[place.field]:
                found[place.field].append(place.value)
    return found


def others(raw: dict[str, Any], place: Place) -> list[Any]:
    """Something else to put in a place: near it, or what examples have there."""
    value = place.value
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1]
    if not isinstance(value, str):
        return []
    words = words_of(get_type_hints(place.owner)[place.name])
    if words:
        return sorted(words - {value})
    if place.name in NAMED_BY and place.owner is not MoneyUnit:
        named: Any = raw
        for key in NAMED_BY[place.name]:
            named = named.get(key, {})
        return [each["id"] for each in named if each["id"] != value]
    later = re.sub(r"\d(?=\D*$)", lambda digit: str(int(digit[0]) % 8 + 1), value)
    known = [each for each in seen()[place.field] if isinstance(each, str) and each != value]
    return [later if later != value else f"{value}x", *known[:2]]


def variants(raw: dict[str, Any], place: Place) -> Iterator[dict[str, Any]]:
    """The document without what is in a place, and with something else there."""
    for new in (None, *others(raw, place)):
        made: Any = copy.deepcopy(raw)
        *path, last = place.path
        at = made
        for key in path:
            at = at[key]
        if new is None:
            del at[last]
        else:
            at[last] = new
        yield made


def text(part: Description | None) -> list[Any]:
    """A part as readers of each language get it."""
    if part is None:
        return []
    return [
        (
            text_in(part.name, locale),
            catalogue().render(part.sentences, locale).text,
            part.expressions,
        )
        for locale in LOCALES
    ]


def differs(before: Sequence[Description], after: Sequence[Description]) -> bool:
    """Tell whether readers of any language get another text."""
    if [part.kind for part in before] != [part.kind for part in after]:
        return True
    pairs = zip(before, after, strict=True)
    return any(text(one) != text(other) for one, other in pairs if one != other)


def tried(name: str) -> Iterator[Place]:
    """The places of an example to change: all, or in CI some of each field."""
    seen: Counter[str] = Counter()
    for place in places(EXAMPLES[name], programme(name)):
        seen[place.field] += 1
        known = (name, join("", *place.path)) in IDLE
        # The id of a part is a name for systems.
        if place.name != "id" and (SHARE == 1 or seen[place.field] <= OF_EACH or known):
            yield place


@cache
def changes(name: str) -> list[Change]:
    """Every change to an example that makes it another valid programme."""
    before, raw = programme(name), EXAMPLES[name]
    words = tuple(describe(before))
    found = []
    for place in tried(name):
        for variant in variants(raw, place):
            after = validate(variant).programme
            if after is not None and after != before:
                told = after.name != before.name or differs(words, tuple(describe(after)))
                found.append(Change(name, join("", *place.path), place.field, told))
    return found


def untold(name: str) -> list[Change]:
    """The changes to an example that no reader can see."""
    return [change for change in changes(name) if not change.told]


@pytest.mark.parametrize("name", EXAMPLES)
def test_w_every_change_is_told(name: str) -> None:
    """Without a field, or with another value in it, members read another text."""
    silent = [
        f"{change.pointer} ({change.field})"
        for change in untold(name)
        if change.field not in UNTOLD and (name, change.pointer) not in IDLE
    ]

    assert silent == []


def test_w_no_exception_is_idle() -> None:
    """What the lists excuse is really untold."""
    silent = [change for name in EXAMPLES for change in untold(name)]

    assert UNTOLD.keys() - {change.field for change in silent} == set()
    assert IDLE.keys() - {(change.example, change.pointer) for change in silent} == set()


def test_w_every_field_was_tried() -> None:
    """Each field that holds a value, not a part with fields of its own, was changed somewhere."""
    tried = {change.field for name in EXAMPLES for change in changes(name)}
    values = {
        place.field
        for name, raw in EXAMPLES.items()
        for place in places(raw, programme(name))
        if place.name != "id" and not isinstance(place.value, dict | list)
    }

    assert values - tried == UNTRIED.keys()
