"""Goodwill: who may give how much, from which budget, and how long it lasts."""

from __future__ import annotations

from typing import Any, Final

import pytest

from chalicelib.domain.authoring.validation import validate
from chalicelib.domain.decide.claims import TakeFrom
from chalicelib.domain.ledger.actor import Actor
from chalicelib.domain.ledger.events import GoodwillGiven
from chalicelib.domain.mechanics.goodwill import Credited, GiveGoodwill
from tests.domain.building import Member, points, posted, programme, rolling
from tests.domain.shop import taken

DAY: Final = "2026-03-02"
DAILY: Final = {"desk": 100, "lead": 500, "server": 50}


def member(time_zone: str = "UTC", expiry: dict[str, Any] | None = None, **terms: Any) -> Member:
    """Return a member of a programme with goodwill."""
    goodwill = {"currency": "points", "daily": DAILY, **terms}
    document = programme(currencies=[points(expiry)], goodwill=goodwill, time_zone=time_zone)
    return Member(document)


def giving(amount: int, reason: str = "late") -> GiveGoodwill:
    """Return the command to give so much."""
    return GiveGoodwill(member="mem_1", programme="clinic", points=amount, reason=reason)


def staff(*roles: str) -> Actor:
    """Return a person with these roles."""
    return Actor("staff", "ann", roles=roles)


@pytest.mark.parametrize(
    ("roles", "limit"),
    [
        (("desk",), 100),
        (("lead",), 500),
        (("desk", "lead"), 500),
        (("lead", "desk"), 500),
        (("porter", "desk"), 100),
    ],
)
def test_up_to_the_largest_allowance(roles: tuple[str, ...], limit: int) -> None:
    """Of several roles the one that may give most counts: the budget is exactly so much."""
    who = member()
    given = who.do(giving(limit), DAY, actor=staff(*roles))

    assert given.result == Credited("points", limit, limit, None)
    assert [taken(claim) for claim in given.claims] == [
        ("clinic/goodwill/staff:ann/2026-03-02", limit, limit)
    ]
    assert given.events[-1].data == GoodwillGiven("clinic/points", limit, "late")
    assert posted(given.events[-1]) == [("issued/tenant", "member/available", limit)]
    assert who.verdict().holds


@pytest.mark.parametrize("roles", [(), ("porter",)])
def test_who_may_give_nothing(roles: tuple[str, ...]) -> None:
    """A role that is not named gives nothing; who has no role gives as those with keys do."""
    quiet = member(daily={"desk": 100})

    assert quiet.refused(giving(1), DAY, actor=staff(*roles)).code == "goodwill_not_allowed"


def test_all_keys_are_one_giver() -> None:
    """Whoever may make keys would else make budgets."""
    keys = [Actor("server", name, roles=("server",)) for name in ("key_1", "key_2")]
    claims = [member().do(giving(50), DAY, actor=key).claims for key in keys]

    assert [taken(each) for (each,) in claims] == [
        ("clinic/goodwill/server/2026-03-02", 50, 50)
    ] * 2


def test_a_role_has_a_budget_together() -> None:
    """It is taken beside that of the giver; each says in its refusal whose it is."""
    who = member(daily_together={"desk": 150})
    own, together = who.do(giving(60), DAY, actor=staff("desk")).claims

    assert taken(own) == ("clinic/goodwill/staff:ann/2026-03-02", 60, 100)
    assert taken(together) == ("clinic/goodwill/role:desk/2026-03-02", 60, 150)
    for claim, limit, whose in ((own, 100, "Your role may"), (together, 150, "All of your role")):
        assert isinstance(claim, TakeFrom)
        assert claim.refused is not None
        refusal = claim.refused(41)
        assert (refusal.code, refusal.extensions) == (
            "goodwill_limit",
            {"limit": limit, "left": 41},
        )
        assert whose in str(refusal)
        assert "41 are left" in str(refusal)
        assert "1 is left" in str(claim.refused(1))
        assert claim.kept_days == 3
    assert len(who.do(giving(60), DAY, actor=staff("lead")).claims) == 1


@pytest.mark.parametrize(
    ("now", "day"),
    [("2026-03-02T19:59:59Z", "2026-03-02"), ("2026-03-02T20:00:00Z", "2026-03-03")],
)
def test_a_day_is_that_of_the_programme(now: str, day: str) -> None:
    """Budgets begin anew at its midnight."""
    (claim,) = member(time_zone="Asia/Dubai").do(giving(1), now, actor=staff("desk")).claims

    assert taken(claim)[0] == f"clinic/goodwill/staff:ann/{day}"


@pytest.mark.parametrize(
    ("amount", "reason", "code"),
    [
        (40, "late", None),
        (41, "late", "too_much_goodwill"),
        (40, "other", "unknown_reason"),
    ],
)
def test_what_may_be_given_at_once(amount: int, reason: str, code: str | None) -> None:
    """At most so much, for one of the reasons, whatever the role may give in a day."""
    who = member(reasons=["late"], max_each=40)
    if code is None:
        who.do(giving(amount, reason), DAY, actor=staff("desk"))
        assert who.balance.available == amount
    else:
        assert who.refused(giving(amount, reason), DAY, actor=staff("desk")).code == code
        assert who.balance.available == 0


def test_it_lasts_as_what_is_earned() -> None:
    """From the day on which it is given, and the giver is told."""
    who = member(expiry=rolling(days=10))

    assert who.do(giving(30), DAY, actor=staff("desk")).result.expires_on == "2026-03-12"
    assert who.available("2026-03-12T23:59:59Z") == 30
    assert who.available("2026-03-13T00:00:00Z") == 0


@pytest.mark.parametrize(
    ("terms", "pointers"),
    [
        ({"currency": "pounds"}, ["/goodwill/currency"]),
        ({"daily_together": {"desk": 1, "chief": 1}}, ["/goodwill/daily_together/chief"]),
        ({"daily": {"desk": 0}}, ["/goodwill/daily/desk"]),
        ({"max_each": 0}, ["/goodwill/max_each"]),
    ],
)
def test_violations_name_their_place(terms: dict[str, Any], pointers: list[str]) -> None:
    """What leads nowhere, or gives nothing, is refused where it stands."""
    document = {
        "id": "clinic",
        "name": "Clinic",
        "time_zone": "UTC",
        "money": {"currency": "GBP"},
        "currencies": [points()],
        "goodwill": {"currency": "points", "daily": DAILY, **terms},
    }

    assert [problem.pointer for problem in validate(document).problems] == pointers
