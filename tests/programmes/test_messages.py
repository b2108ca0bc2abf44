"""Code and message files agree: every message is there, is used, and gets its variables."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, Final, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import pytest
from babel import Locale
from fluent.runtime import FluentResource
from fluent.syntax import ast as ftl
from fluent.syntax.visitor import Visitor

from chalicelib.domain.ledger.money import Rounding
from chalicelib.domain.mechanics.discount_terms import (
    Discounts,
    OfferLimit,
    SpendBands,
    SpendWindow,
)
from chalicelib.domain.mechanics.households import Role
from chalicelib.domain.mechanics.plans import Plan
from chalicelib.domain.mechanics.stamp_card_terms import StampCard
from chalicelib.domain.mechanics.transfers import TransferRule
from chalicelib.domain.mechanics.wallets import Wallet
from chalicelib.domain.programme.document import Cap, Currency, Reward, Tiers
from chalicelib.domain.programme.fields import RollingExpiry
from chalicelib.programmes import language, rendering
from chalicelib.schemas import PROGRAMME

ROOT: Final = PROGRAMME.file.parents[2]
MESSAGES: Final = PROGRAMME.file.with_name("messages")
LOCALES: Final = sorted(folder.name for folder in MESSAGES.iterdir())
ENGLISH: Final = language.FALLBACK
#: What the renderer itself asks for; everything else is asked for by the domain.
RENDERER: Final = tuple(Path(each.__file__ or "") for each in (language, rendering))


class Call(NamedTuple):
    """Where code names a message, and the variables that it gives."""

    where: str
    message: str
    variables: frozenset[str]


class Entry(NamedTuple):
    """A message of a file: what it takes itself, what it refers to, and by what it selects."""

    file: str
    variables: frozenset[str]
    references: frozenset[str]
    selectors: tuple[tuple[str, frozenset[str]], ...]


# ── What code names ──


def calls() -> list[Call]:
    """Every call in code that names a message."""
    found = []
    for path in [*sorted((ROOT / "chalicelib" / "domain").rglob("*.py")), *RENDERER]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                found += _named(path, node, node.func.attr)
    return found


def _named(path: Path, node: ast.Call, method: str) -> list[Call]:
    if method != ("format" if path in RENDERER else "message"):
        return []
    where = f"{path.relative_to(ROOT)}:{node.lineno}"
    match node.args:
        case [ast.Constant(value=str(message))]:
            names = [keyword.arg for keyword in node.keywords]
            assert None not in names, f"{where}: variables are spelled out"
            return [Call(where, message, frozenset(map(str, names)))]
        case _:
            # The renderer passes on what the domain named; the domain names in plain sight.
            assert path in RENDERER, f"{where}: the id is a plain string"
            return []


CALLS: Final = calls()


# ── What the files have ──


class _Reading(Visitor):
    """Reads one message."""

    def __init__(self) -> None:
        self.variables: set[str] = set()
        self.references: set[str] = set()
        self.selectors: list[tuple[str, frozenset[str]]] = []

    def visit_VariableReference(self, node: ftl.VariableReference) -> None:  # noqa: N802 - theirs
        self.variables.add(node.id.name)

    def visit_MessageReference(self, node: ftl.MessageReference) -> None:  # noqa: N802
        self.references.add(node.id.name)

    def visit_SelectExpression(self, node: ftl.SelectExpression) -> None:  # noqa: N802
        assert isinstance(node.selector, ftl.VariableReference)
        keys = frozenset(
            each.key.name if isinstance(each.key, ftl.Identifier) else each.key.value
            for each in node.variants
        )
        self.selectors.append((node.selector.id.name, keys))
        self.generic_visit(node)


@cache
def entries(locale: str) -> dict[str, Entry]:
    """Every message of a locale by its id."""
    found = {}
    for path in sorted((MESSAGES / locale).iterdir()):
        for each in FluentResource(path.read_text("utf-8")).body:
            if isinstance(each, ftl.Message):
                reading = _Reading()
                reading.visit(each)
                found[each.id.name] = Entry(
                    path.name,
                    frozenset(reading.variables),
                    frozenset(reading.references),
                    tuple(reading.selectors),
                )
    return found


def variables(locale: str, message: str) -> frozenset[str]:
    """What a message takes, itself and through those that it refers to."""
    entry = entries(locale)[message]
    return entry.variables.union(*(variables(locale, other) for other in entry.references))


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.where} {call.message}")
def test_code_names_a_message_and_its_variables(call: Call) -> None:
    """English has every message that code names, with the variables that code gives, no others."""
    assert call.message in entries(ENGLISH)
    assert variables(ENGLISH, call.message) == call.variables


def test_every_message_is_used() -> None:
    """No message waits for code that does not name it."""
    english = entries(ENGLISH)
    referred = {other for entry in english.values() for other in entry.references}

    assert english.keys() - {call.message for call in CALLS} - referred == set()


@pytest.mark.parametrize("locale", LOCALES)
def test_a_file_is_one_capability(locale: str) -> None:
    """An id begins with the name of its file, but for those that all files share."""
    for message, entry in entries(locale).items():
        capability = entry.file.removesuffix(".ftl")
        assert capability == "common" or message.startswith(f"{capability}-"), message


def test_w_every_language_is_there() -> None:
    """Each language whose rules are shipped has its folder."""
    assert set(LOCALES) == language.LOCALES.keys()


@pytest.mark.parametrize("locale", LOCALES)
def test_w_a_translation_says_what_english_says(locale: str) -> None:
    """A locale has the messages of English, in the same files and with the same variables."""
    assert entries(locale).keys() == entries(ENGLISH).keys()
    for message, entry in entries(locale).items():
        assert entry.file == entries(ENGLISH)[message].file
        assert entry.references <= entries(locale).keys(), message
        assert variables(locale, message) == variables(ENGLISH, message)


# ── What messages select by ──


def words_of(annotation: Any) -> set[str]:
    """The words of a `Literal`, wherever it stands in an annotation."""
    if get_origin(annotation) is Literal:
        return set(get_args(annotation))
    if get_origin(annotation) in {Union, UnionType}:
        return set().union(*map(words_of, get_args(annotation)))
    return set()


def choices(struct: type, field: str) -> set[str]:
    """The words that a field of a document may have."""
    return words_of(get_type_hints(struct)[field])


WORDS: Final = {
    ("window", "window"): choices(Cap, "window"),
    ("currencies-rounded", "period"): choices(RollingExpiry, "round_up"),
    ("currencies-taken-back", "policy"): choices(Currency, "negative_balance"),
    ("discounts-basis", "basis"): choices(SpendBands, "basis"),
    ("discounts-role", "role"): words_of(Role),
    ("discounts-stacking", "stacking"): choices(Discounts, "stacking"),
    ("discounts-spend", "window"): choices(SpendBands, "window"),
    ("discounts-window", "window"): choices(SpendWindow, "window"),
    ("discounts-limit-money", "window"): choices(OfferLimit, "window"),
    ("discounts-limit-units", "window"): choices(OfferLimit, "window"),
    ("discounts-limit-orders", "window"): choices(OfferLimit, "window"),
    ("earning-rounding", "rounding"): words_of(Rounding),
    ("gift_cards-rounded", "period"): choices(RollingExpiry, "round_up"),
    ("plans-fee", "period"): choices(Plan, "period"),
    ("rewards-on-return", "policy"): choices(Reward, "voucher_on_return") - {"keep"},
    ("stamps-earned", "per"): choices(StampCard, "per"),
    ("tiers-reached", "window"): choices(Tiers, "window"),
    ("tiers-rolling", "downgrade"): choices(Tiers, "downgrade") - {"none"},
    ("tiers-monthly", "downgrade"): choices(Tiers, "downgrade") - {"none"},
    ("tiers-yearly", "downgrade"): choices(Tiers, "downgrade") - {"none"},
    ("transfers-expiry", "expiry"): choices(TransferRule, "expiry"),
    ("transfers-most", "side"): {"sending", "receiving"},
    ("transfers-times", "side"): {"sending", "receiving"},
    ("wallets-band", "by"): choices(Wallet, "bands_by"),
}
#: Programmes have kinds of their own; the messages name the usual ones.
OPEN: Final = {("activity", "kind")}


@pytest.mark.parametrize("locale", LOCALES)
def test_no_word_falls_to_the_default(locale: str) -> None:
    """What selects by a word has each of its words; what selects by a number, its plurals."""
    plurals = Locale.parse(language.LOCALES[locale]).plural_form.tags | {"other"}
    for message, entry in entries(locale).items():
        for variable, keys in entry.selectors:
            if (message, variable) in WORDS:
                assert keys == WORDS[message, variable], message
            elif (message, variable) not in OPEN:
                numbers = {key for key in keys if key.isdecimal()}
                assert keys - numbers <= plurals, message
                assert plurals <= keys or keys == numbers | {"other"}, message


# ── Code has no sentence ──


def composing() -> list[tuple[Path, ast.FunctionDef]]:
    """Every function that composes messages."""
    return [
        (path, node)
        for path in sorted((ROOT / "chalicelib" / "domain").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(of := arg.annotation, ast.Name) and of.id == "Composer"
                for arg in node.args.args)
    ]  # fmt: skip


def test_code_has_no_sentence() -> None:
    """What composes messages has neither a text with a space in it nor one put together."""
    functions = composing()
    for path, function in functions:
        documented = ast.get_docstring(function, clean=False)
        for node in ast.walk(function):
            where = f"{path.name}:{getattr(node, 'lineno', '')}"
            assert not isinstance(node, ast.JoinedStr), where
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert node.value == documented or " " not in node.value, where

    per_file = Counter(path.stem for path, _ in functions)
    assert sum(per_file[each] for each in ("words", "earning_words", "tier_words")) > 15
    assert per_file["stamp_cards"] == 2


# ── Blanks between Chinese and other writing ──

CHINESE: Final = [locale for locale in LOCALES if locale.startswith("zh")]
HAN: Final = r"[\u4e00-\u9fff]"
#: Han and what is not, side by side.  A day is written by CLDR, without blanks: 2月29日.
TOGETHER: Final = re.compile(rf"{HAN}(?<!月)[A-Za-z0-9]|[A-Za-z0-9%]{HAN}(?<![0-9][月日])")
#: Han of the message beside that of a variable, with a blank between them.
APART: Final = re.compile(rf"(?!金){HAN} +金|金 +(?!金){HAN}")


def sayings(locale: str) -> Iterator[tuple[str, str]]:
    """Every message of a locale with every word that it selects by, and values of every kind."""
    spoken = language.Language(locale, MESSAGES / locale)
    for message in sorted(entries(locale)):
        taken = variables(locale, message)
        parts = [message, *entries(locale)[message].references]
        selected = {
            name: sorted(keys) for part in parts for name, keys in entries(locale)[part].selectors
        }
        most = max(map(len, selected.values()), default=1)
        for value in ("Gold", "金", "5 金", "5 Gold", "1月2日", language.Number(3)):
            for turn in range(most):
                args: dict[str, Any] = dict.fromkeys(taken, value)
                # What an author says is no number.
                args |= dict.fromkeys(taken & {"text", "when", "sentence"}, str(value))
                for name, keys in selected.items():
                    key = keys[turn % len(keys)]
                    args[name] = language.Number(int(key)) if key.isdecimal() else key
                    if key in {"other", "one"}:
                        args[name] = language.Number(7)
                yield message, spoken.format(message, **args)


@pytest.mark.parametrize("locale", CHINESE)
def test_w_blanks_are_even(locale: str) -> None:
    """One blank where Han meets letters or figures of other scripts, none between Han."""
    said = list(sayings(locale))

    assert len({message for message, _ in said}) == len(entries(locale))
    assert [each for each in said if TOGETHER.search(each[1])] == []
    assert [each for each in said if APART.search(each[1])] == []


@pytest.mark.parametrize("locale", CHINESE)
def test_w_lists_are_even(locale: str) -> None:
    """What joins a list is Han, too."""
    spoken = language.Language(locale, MESSAGES / locale)

    assert spoken.listed(["Gold", "金", "VIP"], "standard") == "Gold、金和 VIP"
    assert spoken.listed(["金", "金"], "or") == "金或金"
    assert spoken.listed(["Gold", "VIP"], "or") == "Gold 或 VIP"
    assert spoken.listed(["Gold"], "or") == "Gold"
