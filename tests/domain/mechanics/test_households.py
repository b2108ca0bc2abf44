"""Who belongs to a household, told on both sides, and what discounts make of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
import pytest

from chalicelib.domain import decide as deciding
from chalicelib.domain import verification
from chalicelib.domain.account import Account
from chalicelib.domain.commands import Close, Command, Enrol, RecordActivity
from chalicelib.domain.entry import Line, StoredEntry
from chalicelib.domain.errors import LoyaltyError, MemberNotFound
from chalicelib.domain.mechanics import discounts, households
from chalicelib.domain.mechanics.discounts import Purchase
from chalicelib.domain.mechanics.households import (
    AdmitMember,
    DismissMember,
    Household,
    JoinHousehold,
    LeaveHousehold,
    Together,
)
from chalicelib.domain.programme import Programmes
from chalicelib.domain.validation import validate
from tests.domain.building import PURCHASE, VISIT, Member, at, fact, programme

HOME = "hh_1"
NOW = "2026-03-02"
BILL = (Line("1", 10_000),)


class Home:
    """A household's account, with its journal."""

    def __init__(self) -> None:
        self.account = Account()
        self.journal: list[StoredEntry] = []

    def do(self, command: AdmitMember | DismissMember, now: str = NOW) -> Together:
        """Decide and keep what follows."""
        decision = deciding.decide(self.account, Programmes(()), command, at(now))
        self.account, appended = deciding.append(self.account, decision.entries, HOME)
        self.journal.extend(appended.stored)
        together: Together = decision.result
        return together

    def refused(self, command: AdmitMember | DismissMember) -> str:
        """Return the code of a refusal."""
        with pytest.raises(LoyaltyError) as refusal:
            self.do(command)
        return refusal.value.code


def admit(number: int, *, founding: int | None = None) -> AdmitMember:
    """Return the command by which a member is noted in the household."""
    return AdmitMember(f"mem_{number}", "adult", at(NOW), founding, actor="server:1")


def founded(most: int = 3) -> Home:
    """Return a household with its first member."""
    home = Home()
    home.do(admit(1, founding=most))
    return home


def joining(role: households.Role = "adult", home: str = HOME) -> JoinHousehold:
    """Return the command by which a member joins."""
    return JoinHousehold("mem_1", home, role)


class TestMember:
    """The member's side."""

    def test_join_and_leave(self) -> None:
        """One entry each, which says what is passed on; then nothing is left of it."""
        member = Member(programme())
        joined = member.do(joining("child"), NOW)

        assert joined.passed == AdmitMember("mem_1", "child", at(NOW))
        belongs = households.belonging(member.account)
        assert belongs is not None
        assert (belongs.household, belongs.role, belongs.since) == (HOME, "child", at(NOW))
        assert member.entries[-1].subject == HOME
        left = member.do(LeaveHousehold("mem_1", HOME, "moved"), "2026-04-01")
        assert left.passed == DismissMember("mem_1")
        assert households.belonging(member.account) is None
        assert member.account.progress == {}
        assert member.verdict().holds

    def test_only_what_changes_is_written(self) -> None:
        """The same role again writes nothing; another keeps the day of joining."""
        member = Member(programme())
        member.do(joining(), NOW)
        assert member.do(joining(), "2026-04-01").entries == ()
        changed = member.do(joining("dependant"), "2026-04-01")

        assert isinstance(changed.passed, AdmitMember)
        assert (changed.passed.role, changed.passed.since) == ("dependant", at(NOW))
        assert len(changed.entries) == 1

    def test_refusals(self) -> None:
        """One household at a time, and only the own one is left."""
        member = Member(programme())
        leaving = LeaveHousehold("mem_1", HOME)
        assert member.refused(leaving, NOW).code == "not_in_household"
        member.do(joining(), NOW)
        assert member.refused(joining(home="hh_2"), NOW).code == "in_another_household"
        other = LeaveHousehold("mem_1", "hh_2")
        assert member.refused(other, NOW).code == "not_in_household"

    def test_closing(self) -> None:
        """Closing an account leaves the household; without one nothing is passed on."""
        member, alone = Member(programme()), Member(programme())
        member.do(joining(), NOW)
        closing = Close(member="mem_1", reason="asked")

        assert member.do(closing, NOW).passed == DismissMember("mem_1")
        assert alone.do(closing, NOW).passed is None
        assert households.belonging(member.account) is None


class TestHousehold:
    """The household's side."""

    def test_who_belongs_to_it(self) -> None:
        """It knows who came when, up to as many as it is for, and its journal holds."""
        home = founded(most=2)
        together = home.do(admit(2), "2026-03-03")

        assert list(together.members) == ["mem_1", "mem_2"]
        assert home.refused(admit(3)) == "household_full"
        assert home.do(admit(2)).changed is False
        gone = home.do(DismissMember("mem_1"), "2026-03-04")
        assert list(gone.members) == ["mem_2"]
        assert list(home.do(admit(3), "2026-03-05").members) == ["mem_2", "mem_3"]
        assert verification.verify(home.account, home.journal, HOME).holds
        assert deciding.due_at(home.account) is None

    def test_the_last_ends_it(self) -> None:
        """An ended one is as one that never was, also to who founded it."""
        home = founded()
        home.do(DismissMember("mem_1"))

        assert (home.account.status, home.account.progress) == ("closed", {})
        assert home.refused(admit(2)) == "household_not_found"
        assert home.refused(admit(2, founding=2)) == "household_not_found"
        assert Home().refused(admit(2)) == "household_not_found"

    def test_it_is_asked_nothing_else(self) -> None:
        """To everything that members are asked there is no such member."""
        home = founded()
        visit = RecordActivity(activity=fact(VISIT, NOW))
        commands: list[Command] = [visit, Enrol(programmes=()), Close("hh_1", "x")]
        for command in commands:
            with pytest.raises(MemberNotFound):
                deciding.decide(home.account, Programmes(()), command, at(NOW))

    def test_a_member_is_none(self) -> None:
        """Nobody joins what is a member's account."""
        home = Home()
        home.account = Member(programme()).account
        assert home.refused(admit(2)) == "household_not_found"


def offered(terms: Mapping[str, Any], member: Member, household: Household | None) -> Any:
    """Return what one discount offers for a bill of £100: a percentage, or why none."""
    document = priced(terms)
    purchase = Purchase(BILL, date(2026, 3, 2), household=household)
    (offer,) = discounts.offers(member.account, document, purchase)
    return offer.reason or offer.percent


def priced(terms: Mapping[str, Any]) -> Any:
    """Return a programme with one discount."""
    offer = {"id": "home", "name": "Home", "terms": dict(terms)}
    return programme(discounts={"offers": [offer]})


class TestDiscounts:
    """What discounts make of it."""

    @pytest.mark.parametrize(
        ("terms", "size", "expected"),
        [
            ({}, 2, 5),
            ({}, 1, "the household is of 1, and 2 are needed"),
            ({"at_least": 3}, 2, "the household is of 2, and 3 are needed"),
            ({"at_least": 3}, 3, 5),
            ({"roles": ["adult"]}, 2, 5),
            ({"roles": ["child", "dependant"]}, 2, "it is not for the role adult"),
            ({}, None, "the member belongs to no household"),
        ],
    )
    def test_size_and_role(self, terms: dict[str, Any], size: int | None, expected: Any) -> None:
        """So many, in a role that it is for."""
        member = Member(programme())
        if size is not None:
            member.do(joining("adult"), NOW)
        home = None if size is None else Household(size)

        assert offered({"type": "household", "percent": 5, **terms}, member, home) == expected

    @pytest.mark.parametrize(
        ("own", "others", "window", "basis", "expected"),
        [
            (4_000, (3_000, 3_000), "lifetime", "before", 2),
            (4_000, (3_000, 2_999), "lifetime", "before", "the household has not spent 10000 yet"),
            (0, (10_000,), "calendar_year", "before", 2),
            (10_000, (), "lifetime", "before", 2),
            (10_000, (15_000, 5_000), "lifetime", "before", 4),
        ],
    )
    def test_what_all_spent(
        self, own: int, others: tuple[int, ...], window: str, basis: str, expected: Any
    ) -> None:
        """£100 → 2 %, 1 % more for each further £100, by what everyone paid."""
        terms = {
            "type": "spend_bands",
            "at_least": 10_000,
            "percent": 2,
            "every": 10_000,
            "shared": True,
            "window": window,
            "basis": basis,
        }
        member, *rest = (spender(terms, amount) for amount in (own, *others))
        home = Household(1 + len(rest), tuple(each.account for each in rest))

        assert offered(terms, member, home) == expected

    def test_bills_do_not_tell_what_the_others_spent(self) -> None:
        """What all spent and the bill itself never count together: validation says so."""
        terms = {"type": "spend_bands", "at_least": 1, "percent": 2, "shared": True}
        for basis, faults in (("before", 0), ("after", 1)):
            document = json.loads(msgspec.json.encode(priced({**terms, "basis": basis})))
            problems = validate(document).problems
            assert len(problems) == faults
            assert all(p.pointer == "/discounts/offers/0/terms/basis" for p in problems)

    def test_only_where_it_is_shared(self) -> None:
        """A discount that says nothing of it goes by the member alone."""
        terms = {"type": "spend_bands", "at_least": 10_000, "percent": 2}
        home = Household(2, (spender(terms, 50_000).account,))

        assert offered(terms, spender(terms, 1), home) == "1 of 10000 is spent"
        assert not discounts.needs_household(priced(terms))
        assert discounts.shares_spend(priced({**terms, "shared": True}))


def spender(terms: Mapping[str, Any], amount: int) -> Member:
    """Return a member who has spent so much this year."""
    document = priced(terms)
    member = Member(document)
    if amount:
        member.record(PURCHASE, "2026-02-01", amount=amount, money="GBP")
    return member
