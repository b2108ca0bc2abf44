"""V7: what looks the same is the same, whatever key it was typed with."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.spelling import VISIBLE, folded, tidy

# What gets between people and what they type: pasted from a page, a mail, another keyboard.
STRANGE = "\u00a0\u3000\u2009\t\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u202e\u2011–—−’"
STRANGE += "АВЕСОРΑΟ０９Ａｚ۱۲٣४يكى"
TYPED = st.text(st.sampled_from("AB12-' é" + STRANGE) | st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    "typed",
    [
        "AB-12 3",
        " AB-12 3 ",
        "AB-12\u00a03",
        "AB-12  3",
        "AB\u201112 3",
        "AB–12 3",
        "ＡＢ－１２　３",
        "AB-۱۲ ۳",
        "AB-١٢ ٣",
        "АВ-12 3",
        "ΑΒ-12 3",
        "A\u200bB-\ufeff12 3",
        "\u202aAB-12 3\u202c",
    ],
)
def test_v7_the_same_id(typed: str) -> None:
    """V7: blanks, full-width and other digits, hyphens and look-alikes make no difference."""
    assert folded(typed) == "AB-12 3"


@pytest.mark.parametrize("other", ["ab-12 3", "AB123", "AB-12 8", "A8-12 3", "AB-12-3", "AB_12 3"])
def test_v7_another_id(other: str) -> None:
    """V7: what looks different is different; capitals do, and so does an O for a 0."""
    assert folded(other) != "AB-12 3"
    assert folded("AO") != folded("A0")


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        (" tea ", "tea"),
        ("green\u00a0 tea", "green tea"),
        ("tea\u200b", "tea"),
        ("\u200e\u202b", ""),
        ("می\u200cشود", "می\u200cشود"),
        ("ｔｅａ", "ｔｅａ"),
        ("Tea", "Tea"),
    ],
)
def test_v7_words(typed: str, shown: str) -> None:
    """V7: words lose only what nobody sees, since they are shown again."""
    assert tidy(typed) == shown


@given(TYPED)
def test_v7_one_form(typed: str) -> None:
    """V7: reading a second time changes nothing, and what is tidied is the same id."""
    assert folded(folded(typed)) == folded(typed)
    assert tidy(tidy(typed)) == tidy(typed)
    assert folded(tidy(typed)) == folded(typed)


@given(st.text(st.sampled_from(" \t\u00a0\u3000\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u202ex")))
def test_v7_blank(typed: str) -> None:
    """V7: what shows nothing is blank, to the pattern as to whoever reads it."""
    assert bool(re.search(VISIBLE, typed)) == bool(folded(typed)) == ("x" in typed)
