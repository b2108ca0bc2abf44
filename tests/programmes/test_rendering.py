"""Messages become text by the rules of the reader's language, or of English, which says so."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest

from chalicelib.domain.ledger.chosen_days import FIRST, LAST
from chalicelib.domain.ledger.money import Money
from chalicelib.domain.programme.fields import Plural, Text
from chalicelib.domain.programme.wording import (
    AllOf,
    Amount,
    AnyOf,
    DayOfYear,
    Item,
    Message,
    TimeOfDay,
    Weekday,
)
from chalicelib.programmes.language import LOCALES, MissingMessageError
from chalicelib.programmes.rendering import Catalogue, catalogue, rules_of

ENGLISH: Final = """
sentence-gap = { " " }
amount = { $number } { $name }
money = { $number } { $currency }
one = It is { $it }.
days =
    { $days ->
        [one] { $days } day
       *[other] { $days } days
    }
only = In English only: { $it }.
"""
BULGARIAN: Final = """
sentence-gap = { " " }
amount = { $number } { $name }
money = { $number } { $currency }
one = Това е { $it }.
days =
    { $days ->
        [one] { $days } ден
       *[other] { $days } дни
    }
"""
CHINESE: Final = """
sentence-gap = { "" }
one = 這是{ $it }。
"""
PERSIAN: Final = """
sentence-gap = { " " }
amount = { $number } { $name }
money = { $number } { $currency }
one = این { $it } است.
"""


def files(folder: Path, **locales: str) -> Catalogue:
    """A catalogue of one file a locale; an underscore stands for the hyphen."""
    for name, text in locales.items():
        place = folder / name.replace("_", "-")
        place.mkdir()
        (place / "some.ftl").write_text(text, "utf-8")
    return Catalogue(folder)


@pytest.fixture
def some(tmp_path: Path) -> Catalogue:
    """A complete English and three translations that lack something."""
    return files(tmp_path, en=ENGLISH, bg=BULGARIAN, zh_Hant=CHINESE, fa=PERSIAN)


def one(it: Any) -> Message:
    """A sentence about one thing."""
    return Message("one", {"it": it})


def english(it: Any) -> str:
    """A thing in English, in the package's own messages."""
    return catalogue().render([Message("season-until", {"last": it})], "en").text[6:-1]


# ── Which language ──


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("bg", ("Това е x. Това е x.", "bg", True)),
        ("bg-BG", ("Това е x. Това е x.", "bg", True)),
        ("BG", ("Това е x. Това е x.", "bg", True)),
        ("en-GB", ("It is x. It is x.", "en", True)),
        ("en-US", ("It is x. It is x.", "en", True)),
        ("zh-TW", ("這是 x。這是 x。", "zh-Hant", True)),
        ("zh-CN", ("It is x. It is x.", "en", False)),
        ("de", ("It is x. It is x.", "en", False)),
        ("xx-nonsense", ("It is x. It is x.", "en", False)),
        (None, ("It is x. It is x.", "en", True)),
    ],
)
def test_the_reader_gets_the_language_or_english(
    some: Catalogue, locale: str | None, expected: tuple[str, str, bool]
) -> None:
    """The exact script counts, the region does not; where there is nothing, English says so."""
    assert some.render([one("x"), one("x")], locale)[:3] == expected


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("zh", "zh-Hans"),
        ("zh-CN", "zh-Hans"),
        ("zh-SG", "zh-Hans"),
        ("zh-TW", "zh-Hant"),
        ("zh-HK", "zh-Hant"),
        ("zh-Hant", "zh-Hant"),
        ("zh-Hant-CN", "zh-Hant"),
        ("zh-hans-TW", "zh-Hans"),
        ("fa-AF", "fa"),
        ("en-Shaw", None),
        ("de-CH", None),
    ],
)
def test_the_script_tells_chinese_apart(locale: str, expected: str | None) -> None:
    """Where a tag names no script, it is the one that is usual there."""
    assert rules_of(locale) == expected


def test_a_text_is_in_one_language(some: Catalogue) -> None:
    """One sentence without a translation, and the whole text is in English, names aside."""
    name = {"en": "points", "bg": "точки"}

    text = some.render([one(name), Message("only", {"it": name})], "bg")

    assert text[:3] == ("It is точки. In English only: точки.", "en", False)
    assert some.render([one(name)], "bg")[:3] == ("Това е точки.", "bg", True)


@pytest.mark.parametrize(
    ("name", "locale", "text", "borrowed"),
    [
        ({"en": "points", "bg": "точки"}, "bg-BG", "Това е точки.", set()),
        ({"en": "points"}, "bg", "Това е points.", {"en"}),
        ({"de": "Punkte", "fr": "points"}, "bg", "Това е Punkte.", {"de"}),
        # Nobody knows in which language a text without a locale is.
        ("points", "bg", "Това е points.", set()),
        ({"zh-CN": "积分", "en": "points"}, "zh-TW", "這是 points。", {"en"}),
        ({"zh-CN": "积分", "zh-HK": "積分"}, "zh-TW", "這是積分。", set()),
        ({"zh": "积分", "en": "points"}, "zh-SG", "It is 积分.", set()),
    ],
)
def test_w_what_is_borrowed_is_named(
    some: Catalogue, name: Text, locale: str, text: str, borrowed: set[str]
) -> None:
    """A programme's word that is not there in the reader's language says in which it is."""
    rendered = some.render([one(name)], locale)

    assert rendered.text == text
    assert rendered.borrowed == borrowed


def test_what_is_nested_must_be_translated_too(some: Catalogue) -> None:
    """A sentence that holds a message without a translation has none."""
    days = Message("days", {"days": 2})

    assert some.render([one(days)], "bg").text == "Това е 2 дни."
    assert some.render([one(days)], "zh-TW")[:3] == ("It is 2 days.", "en", False)


# ── What is in sentences ──


@pytest.mark.parametrize(
    ("items", "all_of", "any_of"),
    [
        (["a"], "a", "a"),
        (["a", "b"], "a and b", "a or b"),
        (["a", "b", "c"], "a, b and c", "a, b or c"),
        ([DayOfYear(12, 31), date(2027, 5, 3)], "31 December and 3 May 2027", None),
    ],
)
def test_lists(items: list[Item], all_of: str, any_of: str | None) -> None:
    """Lists are joined as the language does it."""
    assert english(AllOf(tuple(items))) == all_of
    if any_of is not None:
        assert english(AnyOf(tuple(items))) == any_of


def test_lists_in_another_language(some: Catalogue) -> None:
    """The word between the last two is CLDR's, and so is the order of a date."""
    assert some.render([one(AnyOf(("a", "b", "c")))], "bg").text == "Това е a, b или c."
    assert some.render([one(AllOf(("a", "b", "c")))], "zh-TW").text == "這是 a、b 和 c。"
    assert some.render([one(date(2027, 1, 31))], "zh-TW").text == "這是 2027年1月31日。"


def test_a_list_may_be_long() -> None:
    """As many names as a document can have are a text."""
    names = tuple("n" * 200 for _ in range(200))

    assert len(english(AllOf(names))) > 200 * 200


def test_persian_readers_get_their_calendar(some: Catalogue) -> None:
    """Dates are those of Iran, and what is put into a sentence cannot turn it round."""
    text = some.render([one(date(2027, 3, 20))], "fa-IR")

    assert text[:3] == ("این \u2068۲۹ اسفند ۱۴۰۵\u2069 است.", "fa", True)


@pytest.mark.parametrize(
    ("it", "expected"),
    [
        (1450, "۱٬۴۵۰"),
        (DayOfYear(12, 31), "۳۱ دسامبر"),
        (TimeOfDay("09:30"), "۰۹:۳۰"),
        (Money(145050, "GBP"), "\u2068۱٬۴۵۰٫۵۰\u2069 \u2068پوند بریتانیا\u2069"),
        (Money(145000, "IRR"), "\u2068۱٬۴۵۰\u2069 \u2068ریال ایران\u2069"),
        (Amount(20, "امتیاز", {}), "\u2068۲۰\u2069 \u2068امتیاز\u2069"),
        (Weekday(5), "شنبه"),
    ],
)
def test_w_persian_readers_get_their_digits(some: Catalogue, it: Any, expected: str) -> None:
    """Numbers, money, days and times are in Persian digits."""
    assert some.render([one(it)], "fa").text == f"این \u2068{expected}\u2069 است."


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("day", [FIRST, LAST])
def test_v_every_day_that_may_be_chosen_can_be_written(locale: str, day: date) -> None:
    """V: Iran's calendar has no day after 20 March 9999, which a document could name."""
    said = Message("season-until", {"last": day})

    assert catalogue().render([said], locale).text


def test_w_names_of_the_other_direction_stand_apart(some: Catalogue) -> None:
    """What runs the other way is isolated, also from its neighbours in a list, and nothing else."""
    listed = some.render([one(AllOf(("own-zinc", "روی")))], "fa").text

    assert listed == "این \u2068\u2068own-zinc\u2069 و روی\u2069 است."
    assert some.render([one(AllOf(("zinc", "روی")))], "en").text == (
        "It is zinc and \u2068روی\u2069."
    )
    assert some.render([one({"fa": "روی"})], "fa").text == "این \u2068روی\u2069 است."


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        (0, "GBP", "0.00 GBP"),
        (5, "GBP", "0.05 GBP"),
        (145000, "GBP", "1,450.00 GBP"),
        (-145005, "GBP", "-1,450.05 GBP"),
        (10**14 + 1, "GBP", "1,000,000,000,000.01 GBP"),
        (1450, "JPY", "1,450 JPY"),
        (1450, "KWD", "1.450 KWD"),
    ],
)
def test_money_has_the_decimals_of_its_currency(amount: int, currency: str, expected: str) -> None:
    """Minor units become digits by the exponent of ISO 4217, without floats."""
    assert english(Money(amount, currency)) == expected


def test_money_in_another_language(some: Catalogue) -> None:
    """The comma is the decimal sign where it is one."""
    assert some.render([one(Money(5050, "EUR"))], "bg").text == "Това е 50,50 евро."
    assert some.render([one(Money(200, "GBP"))], "bg").text == "Това е 2,00 британски лири."


@pytest.mark.parametrize(
    ("number", "name", "forms", "locale", "expected"),
    [
        (1, "points", {}, "en", "1 points"),
        (1, "points", {"en": {"one": "point"}}, "en-GB", "1 point"),
        (2, "points", {"en": {"one": "point"}}, "en", "2 points"),
        (1500, "points", {"en": {"one": "point"}}, "en", "1,500 points"),
        # The only name there is has the forms of its own language, whoever reads it.
        (1, "points", {"en": {"one": "point"}}, "fa", "1 point"),
        # A name of another language never takes the forms of English.
        (
            1,
            {"en": "points", "fa": "امتیاز"},
            {"en": {"one": "point"}},
            "fa",
            "1 \u2068امتیاز\u2069",
        ),
        (1, {"en": "points", "bg": "точки"}, {"bg": {"one": "точка"}}, "bg-BG", "1 точка"),
        (1, {"en": "points", "bg": "точки"}, {"bg": {"one": "точка"}}, "en", "1 points"),
        # Nobody knows how a language of no rules counts.
        (1, "Punkte", {"de": {"one": "Punkt"}}, "de", "1 Punkte"),
    ],
)
def test_amounts(
    some: Catalogue,
    number: int,
    name: Text,
    forms: dict[str, dict[Plural, str]],
    locale: str,
    expected: str,
) -> None:
    """A number has the form that the document gives for it in that language, else the name."""
    sentence = Message("only", {"it": Amount(number, name, forms)})

    assert some.render([sentence], locale).text == f"In English only: {expected}."


# ── What is wrong ──


def test_english_must_have_it(some: Catalogue) -> None:
    """A message that is nowhere is an error, not a gap."""
    with pytest.raises(MissingMessageError, match="nowhere"):
        some.render([Message("nowhere", {})], "bg")


def test_a_variable_must_be_given(some: Catalogue) -> None:
    """A message without one of its variables is an error, not a gap."""
    with pytest.raises(ValueError, match=r"'one' in en_001.*it"):
        some.render([Message("one", {})], "en")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("no message", "this is no message"),
        ("one = 1\none = 2", "'one' is there already"),
        ("one =\n    .attribute = 1", "'one' in en_001 has no text"),
    ],
)
def test_a_file_must_be_sound(tmp_path: Path, text: str, why: str) -> None:
    """What the syntax would pass over in silence is an error."""
    broken = files(tmp_path, en=f'sentence-gap = {{ " " }}\n{text}\n')

    with pytest.raises(ValueError, match=why):
        broken.render([Message("one", {})], "en")


def test_nobody_else_pays_for_it() -> None:
    """The application and its jobs load neither the messages nor the rules of languages."""
    loaded = (
        "import sys, app\n"
        "names = {'babel', 'fluent', 'jdatetime', 'pytz', 'chalicelib.domain.programme.wording',\n"
        "    'chalicelib.domain.authoring.words', 'chalicelib.programmes.rendering'}\n"
        "sys.exit(repr(sorted(names & set(sys.modules))))"
    )

    done = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=False
    )

    assert done.stderr.strip() == "[]"
