"""U6: age bands are readable in conditions, by the local day, on the least of personal data."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import pytest

from chalicelib.domain.authoring.validation import validate
from chalicelib.domain.authoring.words import describe
from chalicelib.domain.mechanics.age_bands import band_on
from chalicelib.domain.mechanics.membership import ChangeProfile, Enrol, Open
from chalicelib.domain.programme.document import AgeBand
from chalicelib.programmes.rendering import catalogue
from tests.domain.building import Member, fixed, granted, points, programme, rule

BANDS: Final = (AgeBand("child", "Children"), AgeBand("adult", "Adults"), AgeBand("senior", "65+"))
SENIOR: Final = {
    "percent": 200,
    "when": "member.age_band == 'senior'",
    "describe": "for members of 65 or more",
}


@pytest.mark.parametrize(
    ("since", "day", "band"),
    [
        ({}, "2026-06-15", ""),
        ({"senior": "2026-06-15"}, "2026-06-14", ""),
        ({"senior": "2026-06-15"}, "2026-06-15", "senior"),
        ({"adult": "1979-06-15", "senior": "2026-06-15"}, "2026-06-14", "adult"),
        ({"adult": "1979-06-15", "senior": "2026-06-15"}, "2026-06-15", "senior"),
        # In whichever order they are given.
        ({"senior": "2026-06-15", "adult": "1979-06-15"}, "2026-06-15", "senior"),
        # Of two that begin together, the later in the document.
        ({"senior": "2026-01-01", "adult": "2026-01-01"}, "2026-06-15", "senior"),
        # What the programme does not declare is nothing to it.
        ({"ancient": "1999-01-01"}, "2026-06-15", ""),
        # Born on 29 February: the caller, who gives the day, decides which it is.
        ({"adult": "2026-03-01"}, "2026-02-28", ""),
        ({"adult": "2026-02-28"}, "2026-02-28", "adult"),
        ({"adult": "2028-02-29"}, "2028-02-28", ""),
        ({"adult": "2028-02-29"}, "2028-02-29", "adult"),
    ],
)
def test_u6_the_band_of_a_day(since: dict[str, str], day: str, band: str) -> None:
    """The one that was reached last."""
    assert band_on(BANDS, since, date.fromisoformat(day)) == band


def clinic(**parts: Any) -> Any:
    """Return a programme where seniors earn double."""
    return programme(
        rule("visit", fixed(50), multipliers=[SENIOR]),
        age_bands=[{"id": band.id, "name": band.name} for band in BANDS],
        currencies=[points()],
        **parts,
    )


@pytest.mark.parametrize(
    ("when", "points"),
    [("2026-06-14T21:59:00Z", 50), ("2026-06-14T22:00:00Z", 100)],
)
def test_u6_by_the_local_day(when: str, points: int) -> None:
    """Midnight of the 15th in Prague, where clocks are two hours ahead."""
    member = Member(clinic(time_zone="Europe/Prague"))
    member.do(ChangeProfile(member=member.id, age_bands={"senior": "2026-06-15"}), "2026-03-02")

    assert granted(member.visit(when)) == {"visit": points}


def test_u6_a_late_visit_goes_by_its_own_day() -> None:
    """The day before the birthday, told a week after it."""
    member = Member(clinic())
    member.do(ChangeProfile(member=member.id, age_bands={"senior": "2026-06-15"}), "2026-03-02")

    assert granted(member.visit("2026-06-14", now="2026-06-21")) == {"visit": 50}
    assert granted(member.visit("2026-06-15", now="2026-06-21")) == {"visit": 100}


def test_u6_unknown() -> None:
    """Who says nothing is in no band, and the rule gives what it gives to everyone."""
    member = Member(clinic())

    assert granted(member.visit("2026-06-15")) == {"visit": 50}
    member.do(ChangeProfile(member=member.id, age_bands={"senior": "2015-06-15"}), "2026-06-16")
    assert granted(member.visit("2026-06-16")) == {"visit": 100}
    member.do(ChangeProfile(member=member.id, age_bands={}), "2026-06-17")
    assert granted(member.visit("2026-06-17")) == {"visit": 50}
    assert member.verdict().holds


def test_u6_what_is_known_stays() -> None:
    """Joining completes what is blank; a change leaves what it does not name."""
    member = Member(clinic(), joined=None)
    first, more = {"adult": "2020-01-18"}, {"adult": "2021-01-18", "senior": "2027-01-18"}
    member.do(Open(member=member.id, age_bands=first), "2026-03-02")
    member.do(Enrol(member=member.id, programmes=("clinic",), age_bands=more), "2026-03-03")
    member.do(ChangeProfile(member=member.id, birthday="02-03"), "2026-03-04")

    assert (member.account.birthday, member.account.age_bands) == ("02-03", more | first)
    assert member.verdict().holds


@pytest.mark.parametrize(
    ("locale", "bands"),
    [
        ("en", "Age groups: Children, Adults and 65+."),
        ("bg", "Възрастови групи: Children, Adults и 65+."),
        ("fa", "گروه‌های سنی: Children"),
        ("zh-CN", "年龄组：Children、Adults 和 65+。"),
    ],
)
def test_u6_it_has_words(locale: str, bands: str) -> None:
    """The bands are told, and the multiplier in its author's words."""
    parts = {(part.kind, part.id): part for part in describe(clinic())}
    said = [
        catalogue()
        .render(parts[key].sentences, locale)
        .text.translate({0x2068: None, 0x2069: None})
        for key in (("reporting", "clinic"), ("earning", "visit"))
    ]

    assert bands in said[0], said[0]
    assert "for members of 65 or more" in said[1]


@pytest.mark.parametrize(
    ("bands", "pointer"),
    [
        ([], "/earning/0/multipliers/0/when"),
        ([{"id": "a", "name": "A"}, {"id": "a", "name": "B"}], "/age_bands/1/id"),
        ([{"id": "a", "name": {}}], "/age_bands/0/name"),
        ([{"id": "a", "name": "A", "from_age": 65}], "/age_bands/0/from_age"),
    ],
)
def test_u6_what_is_refused(bands: list[dict[str, Any]], pointer: str) -> None:
    """Bands that are read and not declared, two of one id, one without a name or with an age."""
    raw = {
        "id": "clinic",
        "name": "Clinic",
        "time_zone": "UTC",
        "money": {"currency": "GBP"},
        "currencies": [points()],
        "earning": [rule("visit", fixed(50), multipliers=[SENIOR])],
        "age_bands": bands,
    }

    assert [each.pointer for each in validate(raw).problems] == [pointer]
