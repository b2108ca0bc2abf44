"""Holds: value that is set aside, what of it is spent, and what comes back."""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.authoring.validation import validate
from chalicelib.domain.ledger.calendar import format_instant
from chalicelib.domain.mechanics import holds
from chalicelib.domain.mechanics.holds import (
    HOLDS,
    CaptureHold,
    Ended,
    ExtendHold,
    PlaceHold,
    ReleaseHold,
)
from tests.domain.building import Member, at, fixed, points, posted, programme, rule

POINTS: Final = "clinic/points"
NOON: Final = "2026-03-02T12:00:00Z"
EXPIRY: Final = {"type": "rolling", "days": 10}


def member(**parts: Any) -> Member:
    """Return somebody with 50 points through 12 March and 50 through 13 March."""
    document = programme(rule("visit", fixed(50)), currencies=[points(EXPIRY)], **parts)
    who = Member(document)
    who.visit("2026-03-02")
    who.visit("2026-03-03")
    return who


def place(
    who: Member, amount: int, when: str, *, name: str = "h", minutes: int | None = None
) -> None:
    """Set points aside."""
    command = PlaceHold(
        member="mem_1",
        programme="clinic",
        currency="points",
        amount=amount,
        hold_id=name,
        minutes=minutes,
    )
    who.do(command, when)


def capture(who: Member, when: str, amount: int | None = None, name: str = "h") -> Ended:
    """Spend a hold."""
    result: Ended = who.do(CaptureHold(member="mem_1", hold_id=name, amount=amount), when).result
    return result


def lots(who: Member) -> list[tuple[int, str | None]]:
    """Return the lots that are available."""
    return [(lot.amount, lot.key.expires_on) for lot in who.balance.lots]


def test_it_lowers_what_is_available() -> None:
    """Seventy of a hundred are set aside, of the lot that would be spent first and the next."""
    who = member()
    place(who, 70, "2026-03-04")

    assert who.available("2026-03-04") == 30
    assert holds.held(who.account, POINTS) == 70
    assert lots(who) == [(30, "2026-03-13")]
    assert posted(who.events[-1]) == [("member/available", "member/held", 70)]
    assert who.verdict().holds


def test_captured_whole() -> None:
    """What was held is spent."""
    who = member()
    place(who, 70, "2026-03-04")
    result = capture(who, "2026-03-04T12:14:59Z")

    assert (result.captured, result.released) == (70, 0)
    assert posted(who.events[-1]) == [("member/held", "redeemed/tenant/tenant", 70)]
    assert (holds.held(who.account, POINTS), who.available("2026-03-04T12:14:59Z")) == (0, 30)
    assert who.verdict().holds


def test_captured_in_part() -> None:
    """Twenty are spent out of the first lot; the rest goes back to where it came from."""
    who = member()
    place(who, 70, "2026-03-04")
    result = capture(who, "2026-03-04T12:10:00Z", 20)

    assert (result.captured, result.released) == (20, 50)
    assert lots(who) == [(30, "2026-03-12"), (50, "2026-03-13")]
    assert who.verdict().holds


def test_released() -> None:
    """Every part goes back to its own expiry."""
    who = member()
    before = lots(who)
    place(who, 70, "2026-03-04")
    ended = who.do(ReleaseHold(member="mem_1", hold_id="h"), "2026-03-04T12:10:00Z").result

    assert lots(who) == before
    assert (ended.programme, ended.currency) == ("clinic", "clinic/points")
    assert (ended.captured, ended.released) == (0, 70)
    assert who.verdict().holds


class TestTime:
    """Holds that end by themselves."""

    def test_after_a_quarter_of_an_hour(self) -> None:
        """To the millisecond: the last is the hold's, the next is everybody's."""
        who = member()
        place(who, 70, "2026-03-04T12:00:00Z")

        assert who.available("2026-03-04T12:14:59.999Z") == 30
        assert who.available("2026-03-04T12:15:00Z") == 100
        late = who.refused(CaptureHold(member="mem_1", hold_id="h"), "2026-03-04T12:15:00Z")
        assert (late.code, late.extensions["state"]) == ("hold_ended", "expired")
        (event,) = who.tick("2026-03-04T13:00:00Z")
        assert (event.kind, format_instant(event.effective_at)) == (
            "holds.expired",
            "2026-03-04T12:15:00Z",
        )
        assert who.verdict().holds

    def test_a_lot_that_expires_meanwhile(self) -> None:
        """It stays spendable by the hold alone."""
        who = member()
        place(who, 50, "2026-03-12T23:55:00Z")
        assert who.available("2026-03-13T00:05:00Z") == 50

        assert capture(who, "2026-03-13T00:05:00Z").captured == 50
        assert who.verdict().holds

    def test_a_lot_that_expired_meanwhile_does_not_come_back(self) -> None:
        """Released after its midnight it expires in the same event."""
        who = member()
        place(who, 70, "2026-03-12T23:55:00Z")
        who.do(ReleaseHold(member="mem_1", hold_id="h"), "2026-03-13T00:05:00Z")

        assert posted(who.events[-1]) == [
            ("member/held", "member/available", 50),
            ("member/available", "expired/tenant", 50),
            ("member/held", "member/available", 20),
        ]
        assert lots(who) == [(50, "2026-03-13")]

    def test_extended(self) -> None:
        """From now on so many minutes more, seven days after placing at most."""
        who = member()
        place(who, 70, "2026-03-04T12:00:00Z")
        who.do(ExtendHold(member="mem_1", hold_id="h", minutes=60), "2026-03-04T12:10:00Z")
        assert who.available("2026-03-04T13:09:59Z") == 30
        assert who.available("2026-03-04T13:10:00Z") == 100

        week = 7 * 24 * 60
        refused = who.refused(
            ExtendHold(member="mem_1", hold_id="h", minutes=week), "2026-03-04T12:20:00Z"
        )
        assert (refused.code, refused.extensions["latest"]) == (
            "hold_too_long",
            "2026-03-11T12:00:00Z",
        )

    def test_extended_to_its_latest(self) -> None:
        """T: to the minute a week after placing it can last, and no minute more."""
        who = member()
        place(who, 70, "2026-03-04T12:00:00Z")
        latest = 7 * 24 * 60 - 10
        beyond = ExtendHold(member="mem_1", hold_id="h", minutes=latest + 1)
        assert who.refused(beyond, "2026-03-04T12:10:00Z").code == "hold_too_long"

        who.do(ExtendHold(member="mem_1", hold_id="h", minutes=latest), "2026-03-04T12:10:00Z")

        assert who.available("2026-03-11T11:59:59Z") == 30
        assert who.available("2026-03-11T12:00:00Z") == 100

    @pytest.mark.parametrize(
        ("minutes", "ends", "written"), [(5, "14:00", 0), (110, "14:00", 0), (111, "14:01", 1)]
    )
    def test_an_extension_to_no_later_end_changes_nothing(
        self, minutes: int, ends: str, written: int
    ) -> None:
        """Nobody's hold is cut short by asking for more, and the same end is written once."""
        who = member()
        place(who, 70, "2026-03-04T12:00:00Z", minutes=120)
        before = who.account.version
        extended = ExtendHold(member="mem_1", hold_id="h", minutes=minutes)
        result = who.do(extended, "2026-03-04T12:10:00Z").result

        assert who.account.version - before == written
        assert HOLDS.all(who.account)["h"].expires_at == at(f"2026-03-04T{ends}:00Z")
        assert result == holds.Placed("h", HOLDS.all(who.account)["h"])

    def test_the_programme_may_say_otherwise(self) -> None:
        """Five minutes unless asked, thirty at most."""
        who = member(holds={"minutes": 5, "max_minutes": 30})
        place(who, 10, "2026-03-04T12:00:00Z")
        assert HOLDS.all(who.account)["h"].expires_at == at("2026-03-04T12:05:00Z")
        command = PlaceHold(
            member="mem_1", programme="clinic", currency="points", amount=1, hold_id="i", minutes=31
        )
        assert who.refused(command, "2026-03-04T12:01:00Z").code == "hold_too_long"


class TestRefusals:
    """What cannot be held, or not any more."""

    def test_too_little(self) -> None:
        """What is held already is not available."""
        who = member()
        place(who, 70, "2026-03-04")
        command = PlaceHold(
            member="mem_1", programme="clinic", currency="points", amount=31, hold_id="i"
        )

        refusal = who.refused(command, "2026-03-04")
        assert (refusal.code, refusal.extensions["available"]) == ("insufficient_points", 30)

    def test_too_many(self) -> None:
        """Twenty at once."""
        who = member()
        for number in range(holds.OPEN_MAX):
            place(who, 1, "2026-03-04", name=f"h{number}")
        command = PlaceHold(
            member="mem_1", programme="clinic", currency="points", amount=1, hold_id="i"
        )

        assert who.refused(command, "2026-03-04").code == "too_many_holds"

    @pytest.mark.parametrize("how", ["captured", "released"])
    def test_ended(self, how: str) -> None:
        """Who comes second is told what became of it, for a week."""
        who = member()
        place(who, 10, "2026-03-04")
        end = (
            CaptureHold(member="mem_1", hold_id="h")
            if how == "captured"
            else ReleaseHold(member="mem_1", hold_id="h")
        )
        who.do(end, "2026-03-04T12:01:00Z")

        for command in (
            CaptureHold(member="mem_1", hold_id="h"),
            ReleaseHold(member="mem_1", hold_id="h"),
        ):
            refusal = who.refused(command, "2026-03-04T12:02:00Z")
            assert (refusal.code, refusal.extensions["state"]) == ("hold_ended", how)
        who.visit("2026-03-12")
        assert who.refused(
            CaptureHold(member="mem_1", hold_id="h"), "2026-03-12T13:00:00Z"
        ).code == ("hold_not_found")

    @pytest.mark.parametrize(
        ("now", "code"),
        [
            ("2026-03-11T12:00:59.999Z", "hold_ended"),
            ("2026-03-11T12:01:00.001Z", "hold_not_found"),
        ],
    )
    def test_ended_a_week_ago(self, now: str, code: str) -> None:
        """To the millisecond; the next event forgets it."""
        who = member()
        place(who, 10, "2026-03-04")
        who.do(ReleaseHold(member="mem_1", hold_id="h"), "2026-03-04T12:01:00Z")
        who.visit(now)

        assert who.refused(CaptureHold(member="mem_1", hold_id="h"), now).code == code

    def test_more_than_is_held(self) -> None:
        """A capture is never over more than the hold."""
        who = member()
        place(who, 10, "2026-03-04")

        assert (
            who.refused(
                CaptureHold(member="mem_1", hold_id="h", amount=11), "2026-03-04"
            ).extensions["held"]
            == 10
        )


def test_closing_forfeits_what_is_held() -> None:
    """It comes back, and goes with the rest."""
    who = member()
    place(who, 70, "2026-03-04")
    who.close("2026-03-04")

    assert holds.held(who.account, POINTS) == 0
    assert ("member/available", "forfeited/tenant", 100) in posted(who.events[-1])
    assert who.verdict().holds


STEPS: Final = st.lists(
    st.tuples(
        st.sampled_from(("place", "capture", "part", "release", "wait", "visit")),
        st.integers(1, 60),
    ),
    max_size=25,
)


@given(STEPS)
def test_nothing_is_lost(steps: list[tuple[str, int]]) -> None:
    """Whatever is done, what was issued is available, held, spent or expired; postings agree."""
    who = member()
    now, names = at("2026-03-04"), iter(range(100))
    opened: list[str] = []
    spent = 0
    for step, size in steps:
        now += size * 60_000
        who.tick(now)
        opened = [name for name in opened if name in HOLDS.all(who.account)]
        if step == "place" and who.available(now) >= size:
            name = f"h{next(names)}"
            command = PlaceHold(
                member="mem_1", programme="clinic", currency="points", amount=size, hold_id=name
            )
            who.do(command, now)
            opened.append(name)
        elif step == "visit":
            who.tick(now + 20 * 60 * 60_000)
        elif step in ("capture", "part") and opened:
            name = opened.pop()
            whole = HOLDS.all(who.account)[name].amount
            amount = whole if step == "capture" else max(whole // 2, 1)
            spent += who.do(
                CaptureHold(member="mem_1", hold_id=name, amount=amount), now
            ).result.captured
        elif step == "release" and opened:
            who.do(ReleaseHold(member="mem_1", hold_id=opened.pop()), now)
    moved = [
        (p.amount * ((p.destination == "expired") - (p.source == "expired")))
        for event in who.events
        for p in event.postings
    ]

    now = max(now, who.account.effective_at)
    assert (
        who.account.balance(POINTS).available + holds.held(who.account, POINTS) + spent + sum(moved)
        == 100
    )
    assert who.verdict().holds


@pytest.mark.parametrize(("minutes", "pointers"), [(11, ["/holds/minutes"]), (10, []), (9, [])])
def test_a_policy_that_could_not_begin(minutes: int, pointers: list[str]) -> None:
    """The usual time is not above the longest."""
    document = {
        "id": "clinic",
        "name": "Clinic",
        "time_zone": "UTC",
        "money": {"currency": "GBP"},
        "currencies": [points()],
        "holds": {"minutes": minutes, "max_minutes": 10},
    }

    assert [problem.pointer for problem in validate(document).problems] == pointers
