"""F: a tier that mixes `all` and `any`; a list among the thresholds counts as one."""

from __future__ import annotations

from itertools import product
from typing import Any, Final

import pytest

from chalicelib.domain.authoring.words import describe
from chalicelib.domain.mechanics.tier_progress import tier_progress
from chalicelib.programmes.rendering import catalogue
from tests.domain.building import Member, at
from tests.domain.ladders import clinic

TWO_VISITS: Final = {"metric": "visits", "at_least": 2}
SPENT: Final = {"metric": "spend", "at_least": 50_000}
REFERRED: Final = {"metric": "referrals", "at_least": 1}
#: Two visits, and one of the others.
ALL: Final = {"all": [TWO_VISITS, [SPENT, REFERRED]]}
#: Two visits, or both of the others.
ANY: Final = {"any": [TWO_VISITS, [SPENT, REFERRED]]}


def lived(need: dict[str, Any], visits: int, spent: int, referrals: int) -> Member:
    """Return a member who has done so much."""
    member = Member(clinic(("silver", need)))
    for _ in range(visits):
        member.visit("2026-03-02")
    if spent:
        member.buy(spent, "2026-03-02")
    for _ in range(referrals):
        member.record("referral.qualified", "2026-03-02")
    return member


@pytest.mark.parametrize(
    ("visits", "spent", "referrals"), list(product((1, 2), (0, 49_999, 50_000), (0, 1)))
)
def test_what_reaches_it(visits: int, spent: int, referrals: int) -> None:
    """Every way to meet it and to miss it."""
    come, paid, told = visits >= 2, spent >= 50_000, referrals >= 1
    silver = {
        "all": come and (paid or told),
        "any": come or (paid and told),
    }

    for name, need in (("all", ALL), ("any", ANY)):
        member = lived(need, visits, spent, referrals)
        assert (member.enrolment.tier == "silver") is silver[name], name


def test_a_refund_takes_it_back() -> None:
    """What keeps none of a list any more is lost; what keeps one is kept."""
    member = lived(ALL, 2, 0, 0)
    member.buy(50_000, "2026-03-03", name="sale")
    member.reverse("sale", "2026-03-04")
    assert member.enrolment.tier == "base"

    member = lived(ALL, 2, 0, 1)
    member.buy(50_000, "2026-03-03", name="sale")
    member.reverse("sale", "2026-03-04")
    assert member.enrolment.tier == "silver"


def test_the_progress_names_the_group() -> None:
    """Which of the thresholds count as one."""
    member = lived(ALL, 1, 20_000, 0)
    progress = tier_progress(
        member.account,
        member.programmes.up_to("clinic", at("2026-03-03"))[-1].document,
        at("2026-03-03"),
    )
    assert progress is not None
    assert progress.to_next is not None

    assert (progress.to_next.need, progress.to_next.reached) == ("all", False)
    assert [(each.metric, each.missing, each.group) for each in progress.to_next.metrics] == [
        ("visits", 1, None),
        ("spend", 30_000, 1),
        ("referrals", 1, 1),
    ]


@pytest.mark.parametrize(
    ("need", "locale", "expected"),
    [
        (ALL, "en", "with 2 completed visits and (500.00 GBP spent or 1 referral)"),
        (ANY, "en", "with 2 completed visits or (500.00 GBP spent and 1 referral)"),
        (ALL, "bg", "при 2 посещения и (похарчени 500,00 британски лири или 1 препоръка)"),
        (ANY, "zh-CN", "2 次或（消费 500.00 英镑和推荐 1 次）"),
    ],
)
def test_the_words_say_it_exactly(need: dict[str, Any], locale: str, expected: str) -> None:
    """What counts as one stands in brackets, whatever joins the rest."""
    parts = {(part.kind, part.id): part for part in describe(clinic(("silver", need)))}
    said = catalogue().render(parts["tier", "silver"].sentences, locale).text

    plain = said.translate({0x2068: None, 0x2069: None})
    assert expected in plain, plain
