"""Stamp cards: what fills them, what a full one gives, and what a refund takes back."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.domain.authoring.validation import check_succession, validate
from chalicelib.domain.errors import Conflict
from chalicelib.domain.ledger.events import CardsStamped, CardStamp
from chalicelib.domain.mechanics import entitlement_grants, stamp_cards, stamp_days
from chalicelib.domain.mechanics.entitlement_uses import ReturnEntitlement, UseEntitlement
from chalicelib.domain.mechanics.entitlements import GrantEntitlement
from chalicelib.domain.mechanics.remaining import LineReversal
from chalicelib.domain.mechanics.stamp_cards import Stamps
from tests.domain.building import Member, line, points, programme
from tests.domain.hearing import listened

CARD: Final = {
    "id": "five",
    "name": "Five paid, one free",
    "size": 5,
    "on": ["purchase.completed"],
    "scope": {"include": {"categories": ["physio"]}},
    "full": {"entitlement": "free", "valid_days": 30},
}
FREE: Final = [{"id": "free", "name": "Free session"}]
DAY: Final = "2026-03-02"


def member(**parts: Any) -> Member:
    """Return a member of a programme with one card."""
    return Member(programme(entitlements=FREE, stamp_cards=[CARD | parts]))


def sessions(who: Member, count: int, *, day: str = DAY) -> str:
    """Pay for sessions, one basket each, and return the name of the last."""
    for _ in range(count):
        name = f"basket {len(who.events)}"
        who.basket(day, line("1", 4000, "physio"), name=name)
    return name


def card(who: Member) -> tuple[int, int, int]:
    """Return (stamps on the card, cards that were full, free sessions that are left)."""
    held = stamp_cards.CARDS.get(who.account, "clinic/five") or Stamps()
    left = sum(grant.units for grant in entitlement_grants.GRANTS.all(who.account).values())
    return held.on_card, held.full, left


def lapses(who: Member) -> dict[str | None, int]:
    """Return how many free sessions lapse with which day."""
    grants = entitlement_grants.GRANTS.all(who.account).values()
    return {grant.expires_on: grant.units for grant in grants}


def give(who: Member, valid_days: int | None) -> None:
    """Give a free session by hand."""
    command = GrantEntitlement(
        member="mem_1",
        programme="clinic",
        entitlement="free",
        units=1,
        reason="r",
        valid_days=valid_days,
    )
    who.do(command, DAY)


def use(who: Member, units: int = 1, *, now: str = DAY) -> None:
    """Use free sessions."""
    who.do(UseEntitlement(member="mem_1", programme="clinic", entitlement="free", units=units), now)


def give_back(who: Member, use: int) -> int:
    """Give a use back, and return how many units are there again by it."""
    done = who.do(ReturnEntitlement(member="mem_1", use=use), DAY).result
    assert done.changed
    units: int = done.units
    return units


@pytest.mark.parametrize(
    ("paid", "expected"),
    [(1, (1, 0, 0)), (4, (4, 0, 0)), (5, (0, 1, 1)), (6, (1, 1, 1)), (10, (0, 2, 2))],
)
def test_five_paid_one_free(paid: int, expected: tuple[int, int, int]) -> None:
    """The fifth stamp turns the card into a free session, and a new card begins."""
    who = member()
    sessions(who, paid)

    assert card(who) == expected
    assert who.verdict().holds


def test_a_full_card_may_give_several() -> None:
    """Each gives all its units; a refund takes those of one card, a late stamp dates them anew."""
    who = member(full={"entitlement": "free", "units": 3, "valid_days": 30})
    last = sessions(who, 10)
    assert card(who) == (0, 2, 6)

    who.reverse(last, DAY)
    assert card(who) == (4, 1, 3)
    who.basket("2026-02-20", line("1", 4000, "physio"), now="2026-03-05", name="late")
    assert card(who) == (0, 2, 6)
    assert who.verdict().holds


def test_what_a_full_card_gives_may_be_for_ever() -> None:
    """Without a last day each card gives its units too, one card or several at once."""
    who = member(full={"entitlement": "free", "units": 2}, per="unit")
    sessions(who, 4)
    assert card(who) == (4, 0, 0)
    last = sessions(who, 1)
    assert card(who) == (0, 1, 2)
    who.basket(DAY, line("1", 4000, "physio", quantity=11), name="many")
    assert card(who) == (1, 3, 6)

    who.reverse("many", DAY)
    assert card(who) == (0, 1, 2)
    who.reverse(last, DAY)
    assert card(who) == (4, 0, 0)
    assert who.verdict().holds


def test_a_stamp_that_fills_no_card() -> None:
    """It needs no room for another grant, and the fifth has none."""
    who = member(full={"entitlement": "free"})
    for days in range(entitlement_grants.GRANTS_MAX):
        give(who, days)
    sessions(who, 4)

    assert card(who) == (4, 0, entitlement_grants.GRANTS_MAX)
    with pytest.raises(Conflict, match="too_many_grants"):
        sessions(who, 1)


def test_as_many_as_a_line_can_hold() -> None:
    """A thousand million units fill and empty two hundred million cards, all at once."""
    who = member(per="unit")
    who.basket(DAY, line("1", 4000, "physio", quantity=10**9), name="b")

    assert card(who) == (0, 2 * 10**8, 2 * 10**8)

    who.reverse("b", DAY)
    assert card(who) == (0, 0, 0)
    assert who.verdict().holds


@pytest.mark.parametrize(
    ("parts", "lines", "expected"),
    [
        ({}, [line("1", 4000, "physio", quantity=3)], 3),
        ({"per": "line"}, [line("1", 4000, "physio", quantity=3), line("2", 100, "physio")], 2),
        ({"per": "activity"}, [line("1", 4000, "physio", quantity=3), line("2", 100, "physio")], 1),
        ({}, [line("1", 4000, "dental")], 0),
        ({}, [line("1", 0, "physio")], 0),
        ({}, [line("1", 0, "physio"), line("2", 4000, "physio")], 1),
        ({"min_amount": 4001}, [line("1", 4000, "physio")], 0),
        ({"min_amount": 4000}, [line("1", 4000, "physio")], 1),
        ({"min_amount": 4000}, [line("1", 3000, "physio"), line("2", 9000, "dental")], 0),
        ({"daily_max": 2}, [line("1", 4000, "physio", quantity=3)], 2),
    ],
)
def test_what_earns_a_stamp(parts: Any, lines: Any, expected: int) -> None:
    """Units, lines or activities that are paid for and in scope; what is free earns none."""
    who = member(**parts)
    who.basket(DAY, *lines)

    assert card(who)[0] == expected


def test_a_day_has_a_maximum() -> None:
    """What a day no longer takes is lost; the next day takes its own."""
    who = member(daily_max=2)
    sessions(who, 3)
    assert card(who)[0] == 2

    sessions(who, 1, day="2026-03-03")
    assert card(who)[0] == 3


def test_a_day_keeps_its_maximum_where_clocks_go_forward() -> None:
    """Thirty days later it is an hour past the local day that is thirty days later."""
    document = programme(entitlements=FREE, stamp_cards=[CARD | {"daily_max": 1}])
    who = Member(replace(document, time_zone="Europe/London"))
    paid, then = "2026-03-20T23:30:00Z", "2026-04-19T23:30:00Z"
    who.basket(paid, line("1", 4_000, "physio"), name="in time")
    who.adjust(1, "2026-04-19T23:15:00Z")
    who.basket(paid, line("1", 4_000, "physio"), now=then, name="late")

    assert card(who)[0] == 1


def test_the_outcome_says_what_became_of_it() -> None:
    """Whoever reports the activity is told how the card stands."""
    who = member(daily_max=4)
    recorded = who.basket(DAY, line("1", 9000, "physio", quantity=5), name="b")

    assert recorded.outcomes == (
        CardsStamped("clinic", (CardStamp("five", stamps=4, worth=5, on_card=4, size=5),)),
    )


class TestDays:
    """A free session is usable for 30 days after the day of the stamp that filled its card."""

    def test_o2_a_late_stamp(self) -> None:
        """The fifth by date fills the card, whichever was reported last."""
        who = member()
        sessions(who, 4, day="2026-03-02")
        who.basket("2026-02-20", line("1", 4000, "physio"), now="2026-03-05", name="late")

        assert card(who) == (0, 1, 1)
        assert lapses(who) == {"2026-04-01": 1}
        # Days of one programme's card are apart from those of another's.
        assert [key for key in who.account.metrics if "stamps" in key] == ["clinic/stamps/five"]

    def test_o2_a_late_stamp_moves_all_that_a_card_gives(self) -> None:
        """Three a card: those of the card that was full earlier, and what is used stays used."""
        for used in (0, 2):
            who = member(full={"entitlement": "free", "units": 3, "valid_days": 30})
            sessions(who, 4, day="2026-03-02")
            sessions(who, 1, day="2026-03-04")
            assert lapses(who) == {"2026-04-03": 3}
            if used:
                use(who, used, now="2026-03-04")
            who.basket("2026-02-20", line("1", 4000, "physio"), now="2026-03-05", name="late")

            assert card(who) == (1, 1, 3 - used)
            assert lapses(who) == {"2026-04-01": 3 - used}

    def test_o3_what_was_full_before(self) -> None:
        """A late stamp fills the card that it would have filled in time, and the later ones."""
        who = member()
        sessions(who, 5, day="2026-03-02")
        sessions(who, 4, day="2026-03-03")
        sessions(who, 1, day="2026-03-09")
        assert lapses(who) == {"2026-04-01": 1, "2026-04-08": 1}
        who.basket("2026-02-20", line("1", 4000, "physio"), now="2026-03-10", name="late")

        assert card(who) == (1, 2, 2)
        assert lapses(who) == {"2026-04-01": 1, "2026-04-02": 1}
        who.reverse("late", "2026-03-11")
        assert lapses(who) == {"2026-04-01": 1, "2026-04-08": 1}
        assert who.verdict().holds

    def test_o3_full_and_lapsed_before_it_was_told(self) -> None:
        """What was usable in time alone is not given later."""
        who = Member(
            programme(
                entitlements=FREE,
                stamp_cards=[CARD | {"full": {"entitlement": "free", "valid_days": 5}}],
            )
        )
        sessions(who, 4, day="2026-03-02")
        who.basket("2026-03-02", line("1", 4000, "physio"), now="2026-03-20", name="late")

        assert card(who) == (0, 1, 0)
        assert who.verdict().holds

    @pytest.mark.parametrize("then", ["before", "after"])
    def test_a_refund_of_an_early_stamp(self, then: str) -> None:
        """The card is full since the 9th, whether it was before the refund or is after it."""
        who = member(full={"entitlement": "free", "units": 2, "valid_days": 30})
        sessions(who, 4, day="2026-03-02")
        back = sessions(who, 1, day="2026-03-02")
        if then == "before":
            sessions(who, 5, day="2026-03-09")
        who.reverse(back, "2026-03-09")
        if then == "after":
            sessions(who, 5, day="2026-03-09")

        assert card(who) == (4, 1, 2)
        assert lapses(who) == {"2026-04-08": 2}
        assert who.verdict().holds

    @pytest.mark.parametrize(
        ("stamps", "late", "left"),
        [
            # Both cards were full earlier, and one unit is used.
            ([("02", 4), ("03", 1), ("04", 4), ("09", 1)], ("01", 1), {"2026-04-03": 1}),
            # One card was full earlier, and one is new.
            ([("05", 4), ("06", 4)], ("01", 6), {"2026-04-04": 1}),
        ],
    )
    def test_what_was_used_is_that_of_the_earliest(
        self, stamps: list[tuple[str, int]], late: tuple[str, int], left: dict[str, int]
    ) -> None:
        """However many cards are dated anew, what is unused lapses with the latest of them."""
        who = member()
        for day, count in stamps:
            who.basket(f"2026-03-{day}", line("1", 4000, "physio", quantity=count), name=day)
        use(who, now="2026-03-09")
        day, count = late
        basket = line("1", 4000, "physio", quantity=count)
        who.basket(f"2026-03-{day}", basket, name="late", now="2026-03-10")

        assert lapses(who) == left
        assert who.verdict().holds

    def test_what_was_used_stays_used(self) -> None:
        """Of a card that is dated anew only what is unused moves."""
        who = member()
        sessions(who, 5, day="2026-03-02")
        sessions(who, 5, day="2026-03-09")
        use(who, now="2026-03-10")
        who.basket("2026-02-20", line("1", 4000, "physio"), now="2026-03-11", name="late")

        assert card(who) == (1, 2, 1)
        assert lapses(who) == {"2026-04-08": 1}


class TestRefunds:
    """What comes back takes its stamps along."""

    def test_a_stamp(self) -> None:
        """From the running card."""
        who = member()
        who.reverse(sessions(who, 3), DAY)

        assert card(who) == (2, 0, 0)

    def test_an_unused_entitlement(self) -> None:
        """The full card is opened again."""
        who = member()
        who.reverse(sessions(who, 5), DAY)

        assert card(who) == (4, 0, 0)
        sessions(who, 1)
        assert card(who) == (0, 1, 1)

    def test_a_used_entitlement(self) -> None:
        """It stays used, and the next stamps make up for it."""
        who = member()
        last = sessions(who, 5)
        use(who)
        who.reverse(last, DAY)
        assert card(who) == (-1, 1, 0)

        sessions(who, 1)
        assert card(who) == (0, 1, 0)
        sessions(who, 5)
        assert card(who) == (0, 2, 1)

    @pytest.mark.parametrize("valid_days", [None, 5])
    def test_its_own_unit_goes(self, valid_days: int | None) -> None:
        """Other units of the same entitlement stay, whether they lapse sooner or later."""
        who = member(full={"entitlement": "free", "valid_days": valid_days})
        for days in (3, 20):
            give(who, days)
        who.reverse(sessions(who, 5), DAY)

        assert card(who)[:2] == (4, 0)
        assert lapses(who) == {"2026-03-05": 1, "2026-03-22": 1}

    def test_another_goes_where_that_was_used(self) -> None:
        """Of those that are left the last to lapse, one a card; what lapses first stays."""
        who = member(full={"entitlement": "free", "valid_days": 1})
        for days in (5, None, 20):
            give(who, days)
        sessions(who, 4)
        left = []
        for _ in range(2):
            last = sessions(who, 1)
            use(who)
            who.reverse(last, DAY)
            left.append(lapses(who))

        assert card(who)[:2] == (4, 0)
        assert left == [{"2026-03-07": 1, "2026-03-22": 1}, {"2026-03-07": 1}]

    @pytest.mark.parametrize("valid_days", [None, 30])
    @pytest.mark.parametrize("refunded", [1, 3, 5])
    def test_m4_a_use_that_comes_back(self, valid_days: int | None, refunded: int) -> None:
        """M4: what a card owes is taken when it comes back, so the order makes nothing free."""
        left = set()
        for order in ("use first", "stamps first"):
            who = member(full={"entitlement": "free", "valid_days": valid_days})
            baskets = [sessions(who, 1) for _ in range(5)]
            use(who)
            used = who.account.version
            if order == "use first":
                give_back(who, used)
            for basket in baskets[:refunded]:
                who.reverse(basket, DAY)
            if order == "stamps first":
                assert give_back(who, used) == 0
            left.add(card(who))
            assert who.verdict().holds

        assert left == {(5 - refunded, 0, 0)}

    def test_a_unit_of_several_was_used(self) -> None:
        """A card of which one is used stays full; of two the one that was full first."""
        who = member(full={"entitlement": "free", "units": 3, "valid_days": 30})
        who.basket(DAY, line("1", 4000, "physio", quantity=9), name="nine")
        sessions(who, 1, day="2026-03-09")
        use(who, now="2026-03-09")
        assert (card(who), lapses(who)) == ((0, 2, 5), {"2026-04-01": 2, "2026-04-08": 3})
        who.reverse("nine", "2026-03-10")

        assert (card(who), lapses(who)) == ((-4, 1, 2), {"2026-04-01": 2})

    @pytest.mark.parametrize(
        ("cards", "there", "back", "heard"), [(0, 3, 0, []), (-1, 0, 0, [-3]), (-2, 0, 3, [-3])]
    )
    def test_what_is_taken_back_is_said(
        self, cards: int, there: int, back: int, heard: list[int]
    ) -> None:
        """A guard hears of the units that are taken, and the caller which are not there."""
        who = member(full={"entitlement": "free", "units": 3, "valid_days": 30})
        sessions(who, 5)
        event, guard = listened(who, DAY)

        def gives(day: date, units: int) -> entitlement_grants.Grant:
            return entitlement_grants.usable(programme(), "free", units, 30, day)

        full = stamp_days.Card("clinic", "five", 5, 3, gives)
        left = stamp_days.move(event, full, -1, date(2026, 3, 2), cards)

        grants = entitlement_grants.GRANTS.all(event.account).values()
        assert (sum(grant.units for grant in grants), left) == (there, back)
        assert guard.benefits == [("entitlement", "free", units) for units in heard]

    def test_part_of_a_activity(self) -> None:
        """Two of three units are still paid for."""
        who = member()
        who.basket(DAY, line("1", 9000, "physio", quantity=3), name="b")
        who.reverse("b", DAY, LineReversal("1", 3000, 1))
        assert card(who)[0] == 2

        who.reverse("b", DAY)
        assert card(who) == (0, 0, 0)
        assert "stamp_cards" not in who.account.progress

    def test_a_clipped_activity_opens_nothing(self) -> None:
        """The day's maximum that clipped this activity is not given back twice."""
        who = member(daily_max=2)
        who.basket(DAY, line("1", 9000, "physio", quantity=3), name="b")
        who.reverse("b", DAY, LineReversal("1", 3000, 1))

        assert card(who)[0] == 2

    @pytest.mark.parametrize(("told", "left"), [("xy", (1, 0, 0)), ("yx", (0, 1, 1))])
    def test_m8_a_clipped_activity_is_not_stamped_afterwards(
        self, told: str, left: tuple[int, int, int]
    ) -> None:
        """M8: of a full day the first that is told is stamped; its refund opens it for new ones."""
        who = member(size=2, daily_max=1)
        who.basket("2026-03-01", line("1", 4000, "physio"), name="w")
        for name in told:
            who.basket(DAY, line("1", 4000, "physio"), name=name)
        who.reverse("x", DAY)
        assert card(who) == left
        who.basket(DAY, line("1", 4000, "physio"), name="z")

        assert card(who) == (0, 1, 1)


@given(st.lists(st.tuples(st.integers(1, 4), st.booleans()), min_size=1, max_size=8), st.data())
def test_reversing_everything_returns_everything(
    baskets: list[tuple[int, bool]], data: st.DataObject
) -> None:
    """Whatever the order, when all activities are taken back no stamp, card or grant is left."""
    who = member(daily_max=6)
    names = [f"b{number}" for number in range(len(baskets))]
    for name, (units, other_day) in zip(names, baskets, strict=True):
        day = "2026-03-03" if other_day else DAY
        paid = line("1", 4000, "physio", quantity=units)
        who.basket(day, paid, now="2026-03-04", name=name)
    for name in data.draw(st.permutations(names)):
        who.reverse(name, "2026-03-05")

    assert card(who) == (0, 0, 0)
    assert who.account.progress == {}
    assert {key: n.value for key, n in who.account.counters.items()} == {}
    assert who.verdict().holds


def test_closing_gives_cards_up() -> None:
    """A closed account has no card."""
    who = member()
    sessions(who, 6)
    who.close(DAY)

    assert who.account.progress == {}
    assert who.verdict().holds


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"full": {"entitlement": "fre"}}, "/stamp_cards/0/full/entitlement"),
        ({"size": 1}, "/stamp_cards/0/size"),
        ({"on": []}, "/stamp_cards/0/on"),
        ({"per": "visit"}, "/stamp_cards/0/per"),
        ({"id": "six"}, "/stamp_cards/1/id"),
    ],
)
def test_violations_name_their_place(change: Any, pointer: str) -> None:
    """A card that leads nowhere is refused where it does."""
    document = {
        "id": "clinic",
        "name": "Clinic",
        "time_zone": "UTC",
        "money": {"currency": "GBP"},
        "currencies": [points()],
        "entitlements": FREE,
        "stamp_cards": [CARD | change, CARD | {"id": "six"}],
    }

    assert [problem.pointer for problem in validate(document).problems] == [pointer]


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({}, []),
        ({"size": 4}, ["/stamp_cards/0/size"]),
        (
            {"size": 6, "full": {"entitlement": "free"}},
            ["/stamp_cards/0/size", "/stamp_cards/0/full"],
        ),
        ({"full": {"entitlement": "other", "valid_days": 30}}, ["/stamp_cards/0/full"]),
        ({"full": {"entitlement": "free", "valid_days": 31}}, ["/stamp_cards/0/full"]),
        ({"full": {"entitlement": "free", "valid_days": 30, "units": 2}}, ["/stamp_cards/0/full"]),
        # What a purchase is worth in stamps goes by its own day, so that is free.
        ({"name": "Five", "on": ["visit.completed"], "scope": {}, "per": "line"}, []),
        ({"min_amount": 500, "daily_max": 2}, []),
        ({"id": "six", "size": 6}, ["/stamp_cards"]),
    ],
)
def test_m4_a_next_version(changes: dict[str, Any], pointers: list[str]) -> None:
    """M4: stamps of all versions are on one card, so how many fill it and what it gives stay."""
    before = programme(entitlements=FREE, stamp_cards=[CARD])
    free = [*FREE, {"id": "other", "name": "Other"}]
    after = programme(entitlements=free, stamp_cards=[CARD | changes])

    assert [each.pointer for each in check_succession(before, after)] == pointers


def test_m4_another_card_in_its_place() -> None:
    """It has its own id, and the old one may stay without being stamped any more."""
    before = programme(entitlements=FREE, stamp_cards=[CARD])
    ended = CARD | {"on": ["card.ended"]}
    after = programme(entitlements=FREE, stamp_cards=[ended, CARD | {"id": "six", "size": 6}])

    assert check_succession(before, after) == ()
    (problem,) = check_succession(
        before, programme(entitlements=FREE, stamp_cards=[CARD | {"size": 6}])
    )
    assert problem.detail == (
        "must stay 5: members have stamps on `five`; give the card that is to be another a new id"
    )
