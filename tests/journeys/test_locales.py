"""What stands in a member's way, in the member's language."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.test_values import POINTS, VISIT, programme
from tests.journeys.world import Clinic

COSTLY = {"id": "tea", "name": {"en": "Tea", "bg": "Чай"}, "kind": "drink"} | {
    "price": {"currency": "points", "amount": 60}
}
FREE = {"id": "gift", "name": "Gift", "kind": "gift", "price": {"currency": "points", "amount": 0}}
LEVELS: list[dict[str, Any]] = [
    {"id": "base", "name": "Base"},
    {"id": "gold", "name": {"en": "Gold", "bg": "Злато"}},
]
GOLD = LEVELS[1] | {"qualify": {"all": [{"metric": "visits", "at_least": 1}]}}
TIERS = {"window": "lifetime", "levels": [LEVELS[0], GOLD]}


@pytest.mark.parametrize(
    ("reward", "code", "said"),
    [
        (COSTLY, "insufficient_points", "Не достигат 60 точки."),
        (FREE | {"by": "staff"}, "given_by_staff", "Връчва се от служителите."),
        (FREE | {"stock": 0}, "out_of_stock", "Няма останали бройки."),
        (FREE | {"tiers": ["gold"]}, "tier_required", "За членове с ниво Злато."),
        (
            FREE | {"valid_until": "2020-01-31"},
            "reward_not_available",
            "Сега не се предлага. До 31 януари 2020\u202fг.",
        ),
        (
            FREE | {"gives": {"type": "tier", "tier": "gold", "days": 3}},
            "tier_held",
            "Сегашното ниво Злато не е по-ниско.",
        ),
    ],
)
def test_why_a_reward_is_out_of_reach(
    clinic: Clinic, reward: dict[str, Any], code: str, said: str
) -> None:
    """Each reason is in the reader's words, beside what a program needs; in English without."""
    points = POINTS | {"name": {"en": "Points", "bg": "точки"}}
    clinic.publish(programme(currencies=[points], rewards=[reward], tiers=TIERS))
    member = clinic.enrolled()
    if code == "tier_held":
        clinic.record(member).expect(201)
    path, api = f"/v1/members/{member}/rewards", clinic.member(member)

    (bulgarian,) = api.get(path, Accept_Language="bg").expect(200)["rewards"][0]["reasons"]
    (english,) = api.get(path).expect(200)["rewards"][0]["reasons"]
    (other,) = api.get(path, Accept_Language="de").expect(200)["rewards"][0]["reasons"]

    assert (bulgarian["code"], bulgarian["detail"]) == (code, said)
    assert english == other
    assert {**bulgarian, "detail": ""} == {**english, "detail": ""}


def test_how_often_it_was_had(clinic: Clinic) -> None:
    """A limit that is used up says what it is."""
    limited = FREE | {"limits": [{"window": "month", "count": 1}]}
    clinic.publish(programme(rewards=[limited]))
    member = clinic.enrolled()
    body = {"programme": "clinic", "reward": "gift"}
    clinic.api.post(f"/v1/members/{member}/redemptions", body).expect(201)

    read = clinic.member(member).get(f"/v1/members/{member}/rewards", Accept_Language="zh-TW")

    (reason,) = read.expect(200)["rewards"][0]["reasons"]
    assert (reason["code"], reason["detail"]) == ("limit_reached", "每位會員每月最多 1 次。")


@pytest.mark.parametrize(
    ("enrolment", "code", "said"),
    [
        ({"min_completed_visits": 2}, "not_eligible", "За включване са нужни: 2 "),
        ({"required_consents": ["news"]}, "consent_required", "За включване са нужни: съгласие за"),
    ],
)
def test_why_a_programme_cannot_be_joined(
    clinic: Clinic, enrolment: dict[str, Any], code: str, said: str
) -> None:
    """What joining takes is said in the reader's words."""
    clinic.publish(programme(earning=[VISIT], enrolment=enrolment))
    member = clinic.enrolled(programmes=[])

    read = clinic.member(member).get(f"/v1/members/{member}/programmes", Accept_Language="bg")

    (found,) = read.expect(200)["programmes"]
    assert found["obstacle"]["code"] == code
    assert found["obstacle"]["detail"].startswith(said)
