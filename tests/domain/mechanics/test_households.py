"""Who belongs to a household, told on both sides, and what discounts make of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import date
from typing import Any

import msgspec
import pytest

from chalicelib.domain.authoring.validation import validate
from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import Known
from chalicelib.domain.decide.settling import due_at
from chalicelib.domain.errors import MemberNotFound
from chalicelib.domain.ledger.bill import WhyNot
from chalicelib.domain.ledger.events import (
    HouseholdJoined,
    HouseholdLeft,
    HouseholdMemberAdded,
    HouseholdMemberRemoved,
    Line,
)
from chalicelib.domain.mechanics import discount_offers, discount_terms, households
from chalicelib.domain.mechanics.activities import RecordActivity
from chalicelib.domain.mechanics.closing import Close
from chalicelib.domain.mechanics.households import Household, JoinHousehold, LeaveHousehold
from chalicelib.domain.mechanics.membership import Enrol
from chalicelib.domain.mechanics.purchases import Purchase
from chalicelib.domain.mechanics.quoting import MakeQuote
from chalicelib.domain.programme.versions import Programmes
from tests.domain.building import (
    PURCHASE,
    VISIT,
    Followed,
    Member,
    activity,
    at,
    programme,
    published,
)

HOME = "hh_1"
NOW = "2026-03-02"
BILL = (Line("1", 10_000),)


def nobody(name: str = HOME) -> Member:
    """Return a household that nobody has founded yet."""
    return Member(Programmes(()), joined=None, key=f"T#tenant#M#{name}")


def someone(number: int = 1) -> Member:
    """Return a member who belongs to no household."""
    return Member(programme(), key=f"T#tenant#M#mem_{number}")


def join(
    member: Member,
    home: Member,
    role: households.Role = "adult",
    now: str = NOW,
    *,
    founding: int | None = None,
) -> Followed:
    """Let a member join a household, or found it."""
    command = JoinHousehold(member=member.id, household=home.id, role=role, max_members=founding)
    return member.do(command, now, household=home)


def leave(member: Member, home: Member, now: str = NOW) -> Followed:
    """Let a member leave a household."""
    command = LeaveHousehold(member=member.id, household=home.id, note="moved")
    return member.do(command, now, household=home)


def refused(
    member: Member, home: Member, *, leaving: bool = False, founding: int | None = None
) -> str:
    """Return the code of a refusal to join, or to leave; neither account has changed."""
    before = member.account, home.account
    command: Command = JoinHousehold(
        member=member.id, household=home.id, role="adult", max_members=founding
    )
    if leaving:
        command = LeaveHousehold(member=member.id, household=home.id)
    code = member.refused(command, NOW, household=home).code
    assert (member.account, home.account) == before
    return code


def founded(most: int = 3) -> tuple[Member, Member]:
    """Return a household and its first member."""
    home, member = nobody(), someone()
    join(member, home, founding=most)
    return home, member


def known(home: Member) -> list[str]:
    """Return who belongs to a household."""
    return list(households.relatives(home.account))


class TestMember:
    """The member's side."""

    def test_join_and_leave(self) -> None:
        """One event on each side; then nothing is left of it."""
        home, first = founded()
        member = someone(2)
        joined = join(member, home, "child")

        belongs = households.belonging(member.account)
        assert belongs is not None
        assert (belongs.household, belongs.role, belongs.since) == (HOME, "child", at(NOW))
        assert (member.events[-1].data, home.events[-1].data) == (
            HouseholdJoined(HOME, "child"),
            HouseholdMemberAdded("mem_2", "child"),
        )
        assert joined.result.members["mem_2"] == households.Relative("child", at(NOW))
        leave(member, home, "2026-04-01")
        assert (member.events[-1].data, home.events[-1].data) == (
            HouseholdLeft(HOME),
            HouseholdMemberRemoved("mem_2"),
        )
        assert households.belonging(member.account) is None
        assert member.account.progress == {}
        assert known(home) == ["mem_1"]
        assert all(each.verdict().holds for each in (member, home, first))

    def test_only_what_changes_is_written(self) -> None:
        """The same role again writes nothing; another keeps the day of joining."""
        home, member = founded()
        lengths = len(member.journal), len(home.journal)
        same = join(member, home, now="2026-04-01")
        assert (same.result.changed, same.events) == (False, ())
        assert (len(member.journal), len(home.journal)) == lengths
        join(member, home, "dependant", "2026-04-01")

        relative = households.relatives(home.account)["mem_1"]
        assert (relative.role, relative.since) == ("dependant", at(NOW))
        assert (len(member.journal), len(home.journal)) == (lengths[0] + 1, lengths[1] + 1)

    def test_refusals(self) -> None:
        """One household at a time, and only the own one is left."""
        (home, _), member, other = founded(), someone(2), nobody("hh_2")
        assert refused(member, home, leaving=True) == "not_in_household"
        join(member, home)
        assert refused(member, other, founding=3) == "in_another_household"
        assert refused(member, other, leaving=True) == "not_in_household"

    def test_closing(self) -> None:
        """Closing an account leaves the household; without one nobody else has a part in it."""
        (home, _), member, alone = founded(), someone(2), someone(3)
        join(member, home)
        member.do(Close(member=member.id, reason="asked"), NOW, household=home)
        alone.do(Close(member=alone.id, reason="asked"), NOW)

        assert known(home) == ["mem_1"]
        assert home.events[-1].data == HouseholdMemberRemoved("mem_2")
        assert households.belonging(member.account) is None


class TestHousehold:
    """The household's side."""

    @pytest.mark.parametrize(
        ("size", "fits"), [(1, False), (2, True), (households.MEMBERS_MAX, True), (11, False)]
    )
    def test_how_many_it_may_be_for(self, size: int, *, fits: bool) -> None:
        """For two at least, since one alone is none, and for ten at most."""
        with nullcontext() if fits else pytest.raises(msgspec.ValidationError):
            assert msgspec.convert(size, households.Size) == size

    def test_who_belongs_to_it(self) -> None:
        """It knows who came when, up to as many as it is for, and its journal holds."""
        home, first = founded(most=2)
        second, third = someone(2), someone(3)
        assert list(join(second, home, now="2026-03-03").result.members) == ["mem_1", "mem_2"]

        assert refused(third, home) == "household_full"
        assert list(leave(first, home, "2026-03-04").result.members) == ["mem_2"]
        assert list(join(third, home, now="2026-03-05").result.members) == ["mem_2", "mem_3"]
        assert home.verdict().holds
        assert due_at(home.account) is None

    def test_the_last_ends_it(self) -> None:
        """An ended one is as one that never was, also to who founded it."""
        home, first = founded()
        leave(first, home)

        assert (home.account.status, home.account.progress) == ("closed", {})
        assert refused(someone(2), home) == "household_not_found"
        assert refused(someone(2), home, founding=2) == "household_not_found"
        assert refused(someone(2), nobody()) == "household_not_found"

    def test_it_is_asked_nothing_else(self) -> None:
        """To everything that members are asked there is no such member."""
        home, _ = founded()
        commands: list[Command] = [
            RecordActivity(member=HOME, activity=activity(VISIT, NOW)),
            Enrol(member=HOME, programmes=()),
            Close(member=HOME, reason="x"),
        ]
        for command in commands:
            assert isinstance(home.refused(command, NOW), MemberNotFound)

    def test_a_member_is_none(self) -> None:
        """Nobody joins what is a member's account."""
        assert refused(someone(2), someone(3)) == "household_not_found"


def offered(terms: Mapping[str, Any], member: Member, household: Household | None) -> Any:
    """Return what one discount offers for a bill of £100: a percentage, or why none."""
    document = priced(terms)
    day = date(2026, 3, 2)
    purchase = Purchase(BILL, day, day, household)
    (offer,) = discount_offers.offers(member.account, document, purchase, purchase.lines)
    return offer.why_not or offer.percent


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
            ({}, 1, WhyNot("household_too_small", there=1, needed=2)),
            ({"at_least": 3}, 2, WhyNot("household_too_small", there=2, needed=3)),
            ({"at_least": 3}, 3, 5),
            ({"roles": ["adult"]}, 2, 5),
            ({"roles": ["child", "dependant"]}, 2, WhyNot("role_not_named", "adult")),
            ({}, None, WhyNot("no_household")),
        ],
    )
    def test_size_and_role(self, terms: dict[str, Any], size: int | None, expected: Any) -> None:
        """So many, in a role that it is for."""
        member = Member(programme())
        if size is not None:
            join(member, nobody(), founding=2)
        home = None if size is None else Household(size)

        assert offered({"type": "household", "percent": 5, **terms}, member, home) == expected

    def test_what_is_not_known_of_a_household(self) -> None:
        """Who belongs to one that was not read, or to none, has no discount by it."""
        terms = {"type": "household", "percent": 5}
        (_, inside), outside = founded(), someone(2)

        for member, home in ((inside, None), (outside, Household(2)), (outside, None)):
            assert offered(terms, member, home) == WhyNot("no_household")

    @pytest.mark.parametrize(
        ("own", "others", "window", "basis", "expected"),
        [
            (4_000, (3_000, 3_000), "lifetime", "before", 2),
            (
                4_000,
                (3_000, 2_999),
                "lifetime",
                "before",
                WhyNot("household_not_spent", needed=10000),
            ),
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
        for basis, violations in (("before", 0), ("after", 1)):
            document = json.loads(msgspec.json.encode(priced({**terms, "basis": basis})))
            problems = validate(document).problems
            assert len(problems) == violations
            assert all(p.pointer == "/discounts/offers/0/terms/basis" for p in problems)

    def test_only_where_it_is_shared(self) -> None:
        """A discount that says nothing of it goes by the member alone."""
        terms = {"type": "spend_bands", "at_least": 10_000, "percent": 2}
        home = Household(2, (spender(terms, 50_000).account,))

        assert offered(terms, spender(terms, 1), home) == WhyNot("not_spent", there=1, needed=10000)
        assert not discount_terms.needs_household(priced(terms))
        assert discount_terms.shares_spend(priced({**terms, "shared": True}))

    @pytest.mark.parametrize(
        ("terms", "programme_id", "parties"),
        [
            ({}, "clinic", {"member": "mem_1"}),
            ({"type": "household"}, "clinic", {"member": "mem_1", "household": "hh_1"}),
            (
                {"shared": True},
                "clinic",
                {"member": "mem_1", "household": "hh_1", "relative 0": "mem_2"},
            ),
            ({"shared": True}, "gym", {"member": "mem_1"}),
        ],
    )
    def test_whom_a_quote_reads(
        self, terms: dict[str, Any], programme_id: str, parties: dict[str, str]
    ) -> None:
        """The household where a discount asks for it, the others where it goes by their spend."""
        home, member = founded()
        join(someone(2), home)
        bands = {"type": "spend_bands", "at_least": 1, "percent": 2}
        asked = terms if "type" in terms else {**bands, **terms}
        document = priced({"percent": 2, **asked})
        command = MakeQuote(
            member="mem_1",
            programme=programme_id,
            quote_id="q",
            activity=activity(PURCHASE, NOW),
        )
        accounts = {"member": member.account, "household": home.account}

        found = command.parties(Known(published((NOW, document)), at(NOW), accounts, {}))

        assert found == parties


def spender(terms: Mapping[str, Any], amount: int) -> Member:
    """Return a member who has spent so much this year."""
    document = priced(terms)
    member = Member(document)
    if amount:
        member.record(PURCHASE, "2026-02-01", amount=amount, money="GBP")
    return member
