"""A reader gets a text of a document in the nearest language that it has."""

from __future__ import annotations

import pytest

from chalicelib.domain.programme.fields import borrowed_from, locale_in


@pytest.mark.parametrize(
    ("there", "locale", "found", "borrowed"),
    [
        (["en", "fa"], "fa", "fa", ""),
        (["en", "fa"], "fa-IR", "fa", ""),
        (["en", "fa-IR"], "fa", "fa-IR", ""),
        (["en", "pt-BR", "pt"], "pt-PT", "pt", ""),
        (["en-GB", "en"], "en-GB", "en-GB", ""),
        (["en", "fa"], "bg", "en", "en"),
        (["fa", "de"], "bg", "fa", "fa"),
        (["en", "fa"], None, "en", ""),
        (["en", "zh"], "zh-CN", "zh", ""),
        (["en", "zh"], "zh-TW", "en", "en"),
        (["en", "zh-CN"], "zh-TW", "en", "en"),
        (["en", "zh-TW"], "zh-CN", "en", "en"),
        (["en", "zh-TW"], "zh-HK", "zh-TW", ""),
        (["en", "zh-Hant"], "zh-TW", "zh-Hant", ""),
        (["en", "zh-CN"], "zh-Hans-TW", "zh-CN", ""),
    ],
)
def test_w_the_nearest_language(
    there: list[str], locale: str | None, found: str, borrowed: str
) -> None:
    """The locale itself, its language or script, English, the first; Chinese scripts never mix."""
    assert locale_in(there, locale) == found
    assert borrowed_from(dict.fromkeys(there, "x"), locale) == borrowed
