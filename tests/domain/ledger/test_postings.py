"""Value moves between ledger accounts by whose it is, from its first posting to its last."""

from __future__ import annotations

from typing import Any, Final

import pytest

from chalicelib.domain.ledger import postings
from chalicelib.domain.ledger.lots import LotKey
from chalicelib.domain.ledger.postings import (
    ADJUSTED,
    EXPIRED,
    FORFEITED,
    ISSUED,
    PAID_IN,
    REDEEMED,
    SET_ASIDE,
    WAITING,
    LedgerAccount,
)
from chalicelib.domain.mechanics.holds import CaptureHold, PlaceHold, ReleaseHold
from tests.domain.building import (
    Member,
    at,
    fixed,
    points,
    posted,
    programme,
    reward,
    rule,
    transfer,
)
from tests.domain.funding import held_of

POINTS: Final = "clinic/points"
OTHER_KEY: Final = "T#tenant#M#mem_2"


@pytest.mark.parametrize(
    ("account", "path"),
    [
        (ISSUED, "issued/acme"),
        (PAID_IN, "paid_in/acme"),
        (ADJUSTED, "adjusted/acme"),
        (REDEEMED, "redeemed/acme/tenant"),
        (postings.payee("hospice"), "payee/acme/hospice"),
        (EXPIRED, "expired/acme"),
        (FORFEITED, "forfeited/acme"),
        (postings.transfer("tr_1"), "transfer/tr_1"),
        (WAITING, "member/pending"),
        (SET_ASIDE, "member/held"),
    ],
)
def test_paths(account: LedgerAccount, path: str) -> None:
    """A path says what kind of account it is, and whose value is there."""
    assert account.of("acme") == path
    assert postings.kind_of(path) == account.kind


def test_the_members_own() -> None:
    """What waits and what is set aside are the member's own accounts, of whomever it is."""
    assert (WAITING.of("acme"), SET_ASIDE.of("acme")) == (postings.PENDING, postings.HELD)


def sponsored(**parts: Any) -> Member:
    """Return somebody with 30 points of Acme through 12 March and 50 of the clinic for ever."""
    member = Member(
        programme(
            rule("visit", fixed(50)),
            rewards=[reward("tea", 60), reward("gift", 60, payee="hospice")],
            **{
                "currencies": [points(refund_days=0)],
                "transfers": [{"currency": "points"}],
                **parts,
            },
        )
    )
    member.visit("2026-03-02")
    member.sponsor(30, "acme", "2026-03-03", until="2026-03-12")
    return member


class TestTwoFunders:
    """Where two funders paid for a balance, each part is posted to the one who paid it."""

    def test_given(self) -> None:
        """What is given is posted to the funder who pays for it."""
        member = sponsored()

        assert posted(member.events[-2]) == [("issued/tenant", "member/available", 50)]
        assert posted(member.events[-1]) == [("issued/acme", "member/available", 30)]
        assert held_of(member.account) == {(POINTS, "tenant"): 50, (POINTS, "acme"): 30}

    def test_given_too_late(self) -> None:
        """What is over when it comes goes at once, as value of the same funder."""
        member = sponsored()
        member.sponsor(20, "maker", "2026-03-05", until="2026-03-04")

        assert posted(member.events[-1]) == [
            ("issued/maker", "member/available", 20),
            ("member/available", "expired/maker", 20),
        ]

    def test_redeemed_and_cancelled(self) -> None:
        """The price is that of both, in burn order, and returns to both."""
        member = sponsored()
        before = member.balance
        redemption = member.redeem("tea", "2026-03-04")

        assert posted(member.events[-1]) == [
            ("member/available", "redeemed/acme/tenant", 30),
            ("member/available", "redeemed/tenant/tenant", 30),
        ]
        member.cancel(redemption, "2026-03-05")
        assert posted(member.events[-1]) == [
            ("redeemed/acme/tenant", "member/available", 30),
            ("redeemed/tenant/tenant", "member/available", 30),
        ]
        assert member.balance == before

    def test_cancelled_too_late(self) -> None:
        """What comes back after its last day expires as its funder's."""
        member = sponsored()
        redemption = member.redeem("tea", "2026-03-04")
        member.cancel(redemption, "2026-03-13")

        assert posted(member.events[-1]) == [
            ("redeemed/acme/tenant", "member/available", 30),
            ("member/available", "expired/acme", 30),
            ("redeemed/tenant/tenant", "member/available", 30),
        ]

    def test_cancelled_too_late_but_restored(self) -> None:
        """Where the currency gives restored value a new term, it is still its funder's."""
        member = sponsored(currencies=[points(restored_life_days=10)])
        redemption = member.redeem("tea", "2026-03-04")
        member.cancel(redemption, "2026-03-13")

        assert held_of(member.account) == {(POINTS, "tenant"): 50, (POINTS, "acme"): 30}
        assert member.balance.lots[0].key == LotKey(
            at("2026-03-24T00:00:00Z"),
            "2026-03-23",
            "acme",
            first_expires_at=at("2026-03-13T00:00:00Z"),
        )

    def test_for_a_payee(self) -> None:
        """Who gets it is told as well as who paid for it."""
        member = sponsored()
        member.redeem("gift", "2026-03-04")

        assert posted(member.events[-1]) == [
            ("member/available", "payee/acme/hospice", 30),
            ("member/available", "payee/tenant/hospice", 30),
        ]

    def test_adjusted(self) -> None:
        """A correction takes from each funder's value what is taken of it."""
        member = sponsored()
        member.adjust(-40, "2026-03-04")

        assert posted(member.events[-1]) == [
            ("member/available", "adjusted/acme", 30),
            ("member/available", "adjusted/tenant", 10),
        ]

    def test_expired(self) -> None:
        """Two lots of one day are posted apart."""
        member = sponsored()
        member.sponsor(7, "maker", "2026-03-04", until="2026-03-12")
        (expired,) = member.tick("2026-03-13")

        assert posted(expired) == [
            ("member/available", "expired/acme", 30),
            ("member/available", "expired/maker", 7),
        ]
        assert held_of(member.account) == {(POINTS, "tenant"): 50}

    def test_expired_of_inactivity(self) -> None:
        """So are those that last as long as the member is there: through 11 March."""
        member = sponsored(currencies=[points({"type": "inactivity", "days": 9})])
        member.sponsor(20, "acme", "2026-03-04", until="2026-03-05")
        member.tick("2026-03-11")
        (expired,) = member.tick("2026-03-12")

        assert posted(expired) == [
            ("member/available", "expired/acme", 20),
            ("member/available", "expired/tenant", 50),
        ]

    def test_forfeited(self) -> None:
        """What is left at the end was that of both."""
        member = sponsored()
        member.close("2026-03-04")

        assert posted(member.events[-1]) == [
            ("member/available", "forfeited/acme", 30),
            ("member/available", "forfeited/tenant", 50),
        ]

    def test_held(self) -> None:
        """A hold is one account of the member; what is spent of it is posted by whose it was."""
        member = sponsored()
        hold(member, 60, "2026-03-04")
        assert posted(member.events[-1]) == [("member/available", "member/held", 60)]
        assert held_of(member.account) == {(POINTS, "tenant"): 50, (POINTS, "acme"): 30}

        member.do(CaptureHold(member="mem_1", hold_id="hold_1", amount=40), "2026-03-04")
        assert posted(member.events[-1]) == [
            ("member/held", "redeemed/acme/tenant", 30),
            ("member/held", "redeemed/tenant/tenant", 10),
            ("member/held", "member/available", 20),
        ]
        assert held_of(member.account) == {(POINTS, "tenant"): 40}

    def test_released_too_late(self) -> None:
        """What is released after its last day expires as its funder's."""
        member = sponsored()
        hold(member, 60, "2026-03-12T23:50:00Z")
        member.do(ReleaseHold(member="mem_1", hold_id="hold_1"), "2026-03-13T00:01:00Z")

        assert posted(member.events[-1]) == [
            ("member/held", "member/available", 30),
            ("member/available", "expired/acme", 30),
            ("member/held", "member/available", 30),
        ]

    def test_transferred(self) -> None:
        """On its way value is nobody's in particular; with the other member it is as it was."""
        member = sponsored(currencies=[points(refund_days=0)])
        other = Member(member.programmes, key=OTHER_KEY)
        transfer(member, other, 60, "2026-03-04")

        assert posted(member.events[-1]) == [("member/available", "transfer/transfer_1", 60)]
        assert posted(other.events[-1]) == [
            ("transfer/transfer_1", "member/available", 30),
            ("transfer/transfer_1", "member/available", 30),
        ]
        assert held_of(member.account) == {(POINTS, "tenant"): 20}
        assert held_of(other.account) == {(POINTS, "acme"): 30, (POINTS, "tenant"): 30}

    def test_transferred_anew(self) -> None:
        """What begins anew with the other member is still its funder's."""
        member = sponsored(
            currencies=[points({"type": "rolling", "days": 9}, refund_days=0)],
            transfers=[{"currency": "points", "expiry": "fresh"}],
        )
        other = Member(member.programmes, key=OTHER_KEY)
        transfer(member, other, 60, "2026-03-04")

        assert held_of(other.account) == {(POINTS, "acme"): 10, (POINTS, "tenant"): 50}
        assert {lot.key.expires_on for lot in other.balance.lots} == {"2026-03-13"}

    def test_a_debt_is_nobodys(self) -> None:
        """The value that comes first repays it, whoever funds it, and was taken back instead."""
        member = sponsored()
        member.adjust(-80, "2026-03-04")
        member.reverse("1", "2026-03-05")
        assert posted(member.events[-1]) == [("member/available", "issued/tenant", 50)]
        assert member.balance.deficit == 50

        member.sponsor(60, "maker", "2026-03-06")
        assert posted(member.events[-1]) == [
            ("issued/maker", "member/available", 60),
            ("issued/tenant", "issued/maker", 50),
        ]
        assert held_of(member.account) == {(POINTS, "maker"): 10}
        assert member.verdict().holds


def hold(member: Member, amount: int, now: str) -> None:
    """Set value aside for a quarter of an hour."""
    member.do(PlaceHold("clinic", "points", amount, "hold_1", member="mem_1"), now)
