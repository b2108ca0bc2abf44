"""A gift against a rule, where two people say that it is right."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.ledger.actor import Actor
from chalicelib.domain.ledger.events import (
    PolicyOverrideApproved,
    PolicyOverrideRequested,
    PolicyOverrideWithdrawn,
    RewardRedeemed,
)
from chalicelib.domain.mechanics import policy_overrides
from chalicelib.domain.mechanics.coverages import Coverage, UpdateCoverages
from chalicelib.domain.mechanics.policy_overrides import (
    OPEN_MAX,
    ApproveOverride,
    RequestOverride,
    WithdrawOverride,
)
from tests.domain.building import SERVER, Member, at, line, programme, reward
from tests.domain.mechanics.test_lawful_pricing import (
    ITEM,
    TEA,
    YEAR,
    always,
    bought,
    confirm,
    counted,
    grant,
    patient,
    quoted,
    spend,
)

CASH = "US-CASH-EQ"
ANN, BEA = (Actor("staff", name, roles=("compliance",)) for name in ("ann", "bea"))


def asking(*rules: str, kind: Any = "reward", of: str = "g", **parts: Any) -> RequestOverride:
    """Return the command that asks for an override."""
    asked: dict[str, Any] = {"override_id": "ovr_1", "reason": "hardship", **parts}
    return RequestOverride(
        member="mem_1", programme="clinic", rules=rules, kind=kind, id=of, **asked
    )


def approving(**parts: Any) -> ApproveOverride:
    """Return the command that approves it."""
    return ApproveOverride(member="mem_1", override_id="ovr_1", **parts)


def allow(who: Member, *rules: str, now: str = "2026-02-01", **parts: Any) -> None:
    """Let two people allow something."""
    who.do(asking(*rules, **parts), now, actor=ANN)
    who.do(approving(), now, actor=BEA)


def rich(worth: int = 2000, **more: Any) -> Member:
    """Return a member of Medicare, and a gift of so many cents."""
    return patient(rewards=[reward("g", 0, retail_value=worth, **more)])


def test_s11_once_and_counted() -> None:
    """Once two people allow it a gift of 20 dollars is had, once, and counts."""
    who = rich()
    assert who.refused(who.redeeming("g"), "2026-02-01").extensions["rule"] == ITEM
    who.do(asking(ITEM), "2026-02-01", actor=ANN)
    assert who.refused(who.redeeming("g"), "2026-02-01").code == "policy_forbids"
    who.do(approving(), "2026-02-01", actor=BEA)
    who.redeem("g", "2026-02-02")
    assert counted(who) == 2000
    assert who.refused(who.redeeming("g"), "2026-02-02").code == "policy_forbids"
    assert [type(each.data) for each in who.events[-3:]] == [
        PolicyOverrideRequested,
        PolicyOverrideApproved,
        RewardRedeemed,
    ]
    redeemed: Any = who.events[-1].data
    assert redeemed.overrides == ("ovr_1",)
    assert who.verdict().holds


@pytest.mark.parametrize(
    ("rules", "allowed"),
    [((ITEM,), False), ((YEAR,), False), ((ITEM, YEAR), True), ((CASH,), False)],
)
def test_it_is_of_the_rules_that_it_names(rules: tuple[str, ...], allowed: object) -> None:
    """A gift that two rules are against takes an override of both, and is not used up before."""
    who = patient(
        rewards=[reward("g", 0, retail_value=2000)],
        entitlements=[{"id": "dollar", "name": "D", "kind": "coin", "retail_value": 100}],
    )
    spend(who, 60)
    allow(who, *rules)
    version = who.account.version
    if allowed:
        who.redeem("g", "2026-02-01")
        assert counted(who) == 8000
    else:
        assert who.refused(who.redeeming("g"), "2026-02-01").code == "policy_forbids"
        assert who.account.version == version
    left = policy_overrides.open_ones(who.account, at("2026-02-01"))
    assert bool(left) is not allowed


def test_what_is_allowed_without_it_leaves_it() -> None:
    """An override is kept for when it is needed."""
    who = rich(1500)
    allow(who, ITEM)
    who.redeem("g", "2026-02-01")
    assert policy_overrides.open_ones(who.account, at("2026-02-01"))


@pytest.mark.parametrize(
    ("asks", "approves", "code"),
    [
        ((ANN, ""), (ANN, ""), "second_person_needed"),
        ((ANN, ""), (BEA, ""), None),
        ((SERVER, "ann"), (SERVER, "ann"), "second_person_needed"),
        ((SERVER, "ann"), (SERVER, "bea"), None),
        ((SERVER, "ann"), (ANN, ""), "second_person_needed"),
        ((SERVER, "ann"), (SERVER, ""), "person_not_told"),
        ((ANN, ""), (ANN, "bea"), "second_person_needed"),
        ((ANN, "bea"), (BEA, ""), None),
        ((ANN, ""), (SERVER, "bea"), None),
    ],
)
def test_s11_a_second_person(
    asks: tuple[Actor, str], approves: tuple[Actor, str], code: str | None
) -> None:
    """Who asks does not approve, with whichever credential; a server says who it is."""
    who = rich()
    who.do(asking(ITEM, by=asks[1]), "2026-02-01", actor=asks[0])
    command = approving(by=approves[1])
    if code:
        assert who.refused(command, "2026-02-01", actor=approves[0]).code == code
        assert who.refused(who.redeeming("g"), "2026-02-01").code == "policy_forbids"
    else:
        who.do(command, "2026-02-01", actor=approves[0])
        who.redeem("g", "2026-02-01")


def test_nobody_is_named_in_the_account() -> None:
    """Who asked is sealed in the journal, and a digest elsewhere."""
    who = rich()
    who.do(asking(ITEM, by="dr-jones", note="a widow"), "2026-02-01")
    event = who.events[-1]
    assert event.detail is not None
    assert (event.detail.by, event.detail.note) == ("dr-jones", "a widow")
    assert "dr-jones" not in str(who.account)
    assert "dr-jones" not in str((event.data, event.effects))


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (asking("US-CMP-ITEM-16"), "unknown_rule"),
        (asking("US-AKS-REFERRAL"), "unknown_rule"),
        (asking(ITEM, of="none"), "unknown_benefit"),
        (asking(ITEM, kind="discount"), "unknown_benefit"),
        (approving(), "override_not_found"),
        (
            WithdrawOverride(member="mem_1", override_id="ovr_1", reason="r"),
            "override_not_found",
        ),
    ],
)
def test_what_cannot_be_asked(command: Any, code: str) -> None:
    """A rule or a benefit that is none, and an override that is none, are refused."""
    assert rich().refused(command, "2026-02-01", actor=ANN).code == code


@pytest.mark.parametrize(
    ("now", "good"),
    [("2026-02-03T23:59:59Z", True), ("2026-02-04T00:00:00Z", False)],
)
def test_until_its_last_day(now: str, good: object) -> None:
    """It can be had on so many days after its approval, to the last second."""
    who = rich()
    allow(who, ITEM, days=2)
    if good:
        who.redeem("g", now)
    else:
        assert who.refused(who.redeeming("g"), now).code == "policy_forbids"
        assert not policy_overrides.open_ones(who.account, at(now))


def test_approved_twice_and_withdrawn() -> None:
    """A second approval is refused; what is withdrawn is good no more, approved or not."""
    who = rich()
    allow(who, ITEM)
    assert who.refused(approving(), "2026-02-01", actor=BEA).code == "override_approved"
    command = WithdrawOverride(member="mem_1", override_id="ovr_1", reason="no")
    who.do(command, "2026-02-01", actor=ANN)
    assert who.events[-1].data == PolicyOverrideWithdrawn("ovr_1", "clinic", "no")
    assert who.refused(who.redeeming("g"), "2026-02-01").code == "policy_forbids"
    who.do(asking(ITEM), "2026-02-01", actor=ANN)
    who.do(command, "2026-02-01", actor=BEA)
    assert not policy_overrides.open_ones(who.account, at("2026-02-01"))


def test_so_many_are_open() -> None:
    """Those that are over make room for others."""
    who = rich()
    for number in range(OPEN_MAX):
        who.do(asking(ITEM, override_id=f"ovr_{number}", days=0), "2026-02-01", actor=ANN)
    late = asking(ITEM, override_id="late")
    refused = who.refused(late, "2026-02-01", actor=ANN)
    assert (refused.code, refused.extensions["limit"]) == ("too_many_overrides", OPEN_MAX)
    who.do(approving(), "2026-02-01", actor=BEA)
    who.do(late, "2026-02-02", actor=ANN)
    assert len(who.account.progress["policy_overrides"]) == OPEN_MAX


def test_of_units_and_discounts() -> None:
    """A unit that is worth too much, and a discount, are had as well, in a quote too."""
    who = patient(always("ten", 10), entitlements=[{**TEA, "retail_value": 9000}])
    grant(who, 2)
    allow(who, ITEM, YEAR, kind="entitlement", of="tea")
    quote = quoted(who, line("t", 9000, category="tea", quantity=1))
    assert quote.due == 0
    who.do(confirm(), "2026-03-02T12:00:00Z")
    assert counted(who) == 9000
    allow(who, ITEM, YEAR, kind="discount", of="ten")
    purchase = bought(who, line("a", 20_000), name="q2")
    outcome: Any = purchase.outcomes[0]
    assert (outcome.nets, outcome.overrides) == ((18_000,), ("ovr_1",))
    assert counted(who) == 11_000
    assert who.verdict().holds


def test_an_account_that_ends() -> None:
    """Nothing of it is left where an account ends."""
    who = rich()
    allow(who, ITEM)
    who.close("2026-02-01")
    assert "policy_overrides" not in who.account.progress


def test_of_no_law_no_rule() -> None:
    """Where no pack is followed there is nothing to override; a house has its own limits."""
    plain = Member(programme(rewards=[reward("g", 0)]))
    assert plain.refused(asking(ITEM), "2026-02-01", actor=ANN).code == "unknown_rule"
    house = {"pack": "house", "item_cap": 1000, "year_cap": 2500}
    own = Member(programme(rewards=[reward("g", 0, retail_value=1001)], policies=[house]))
    own.do(UpdateCoverages(member=own.id, coverages=(Coverage("commercial"),)), "2026-01-02")
    assert own.refused(own.redeeming("g"), "2026-02-01").extensions["rule"] == "HOUSE-ITEM"
    allow(own, "HOUSE-ITEM")
    own.redeem("g", "2026-02-01")
    assert own.account.counter("legal/house/clinic/2026") == 1001
