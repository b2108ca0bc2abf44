"""An account is what its journal says, and whatever is not so is found and named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from chalicelib.domain import verification
from chalicelib.domain.ledger import journal as journaling
from chalicelib.domain.ledger.account import Account, evolve
from chalicelib.domain.ledger.actor import Actor
from chalicelib.domain.ledger.effects import DeficitChange, LotChange, PendingChange
from chalicelib.domain.ledger.events import BalanceAdjusted, Event
from chalicelib.domain.ledger.journal import StoredEvent
from chalicelib.domain.ledger.lots import PendingKey
from chalicelib.domain.ledger.postings import Posting
from chalicelib.domain.mechanics.membership import Open
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.verification import IntegrityError
from tests.domain.building import (
    KEY,
    PURCHASE,
    Member,
    at,
    fixed,
    ladder,
    per_amount,
    points,
    programme,
    reward,
    rule,
    visits,
)

POINTS = "clinic/points"


def story() -> Member:
    """Return a member with an event of most kinds."""
    member = Member(
        programme(
            rule("visit", fixed(50), caps=[{"window": "day", "max": 80}]),
            rule("spend", per_amount(1, 100), on=PURCHASE, activation_delay_days=2),
            currencies=[points({"type": "rolling", "days": 20})],
            tiers=ladder(("gold", visits(2))),
            rewards=[reward("tea", 60)],
        )
    )
    member.visit("2026-02-01", name="first")
    member.visit("2026-02-01")
    member.buy(4_000, "2026-02-02")
    redemption = member.redeem("tea", "2026-02-03")
    member.reverse("first", "2026-02-05")
    member.cancel(redemption, "2026-02-06")
    member.tick("2026-03-10")
    return member


Tampering = Callable[[list[StoredEvent]], list[StoredEvent]]


def changed(place: int, **fields: Any) -> Tampering:
    """Return the change of one stored event."""

    def tamper(events: list[StoredEvent]) -> list[StoredEvent]:
        return [replace(e, **fields) if i == place else e for i, e in enumerate(events)]

    return tamper


class TestVerify:
    """The chain, the versions, the postings, and the account itself."""

    def test_a_true_account_holds(self) -> None:
        """Account and journal agree."""
        member = story()

        assert member.verdict() == verification.Verdict(len(member.journal), ())
        assert len(member.journal) == 10

    def test_every_changed_byte_is_found_and_named(self) -> None:
        """One bit of any byte of any stored event, in body, detail and hash."""
        member = story()
        missed = []
        for place, stored in enumerate(member.journal):
            for field in ("body", "detail", "hash"):
                content = getattr(stored, field)
                for byte in range(len(content)):
                    broken = bytearray(content)
                    broken[byte] ^= 1 << byte % 8
                    event = replace(stored, **{field: bytes(broken)})
                    verdict = verification.verify(
                        member.account, [*member.journal[:place], event], KEY
                    )
                    if [error.version for error in verdict.errors] != [stored.version]:
                        missed.append((stored.version, field, byte))

        assert missed == []

    @pytest.mark.parametrize(
        ("what", "tamper", "version", "detail"),
        [
            ("one removed", lambda e: [*e[:3], *e[4:]], 4, "event 4 is missing"),
            ("the first removed", lambda e: e[1:], 1, "event 1 is missing"),
            ("two swapped", lambda e: [*e[:3], e[4], e[3], *e[5:]], 4, "event 4 is missing"),
            ("one doubled", lambda e: [*e[:3], e[2], *e[3:]], 4, "event 4 is missing"),
            ("the last doubled", lambda e: [*e, e[-1]], 11, "event 11 is missing"),
            ("the last removed", lambda e: e[:-1], 0, "the stored account differs"),
            ("all removed", lambda e: e[:0], 0, "the stored account differs"),
            ("re-dated", changed(4, effective_at=1), 5, "event 5 is filed under another instant"),
            ("re-numbered", changed(4, version=6), 5, "event 5 is missing"),
            ("detail erased", changed(3, detail=b""), 4, "the bytes of event 4 are not those"),
        ],
    )
    def test_tampering(self, what: str, tamper: Tampering, version: int, detail: str) -> None:
        """What is missing, moved, doubled or cut off is named."""
        member = story()
        verdict = verification.verify(member.account, tamper(member.journal), KEY)

        assert not verdict.holds, what
        assert [error.version for error in verdict.errors] == [version]
        assert verdict.errors[0].detail.startswith(detail)

    def test_another_account(self) -> None:
        """The journal of one account is none of another's, from its first event on."""
        member = story()
        verdict = verification.verify(member.account, member.journal, "T#tenant#M#mem_2")

        assert verdict.errors == (
            IntegrityError(1, "the bytes of event 1 are not those that were written"),
        )

    def test_an_event_of_another_account(self) -> None:
        """Nor can a single event be moved from one account to another."""
        member, other = story(), Member(programme(rule("visit", fixed(50))), key="T#tenant#M#x")
        other.visit("2026-02-01")
        mixed = [member.journal[0], other.journal[1], *member.journal[2:]]

        assert verification.verify(member.account, mixed, KEY).errors[0].version == 2

    def test_a_rewritten_event(self) -> None:
        """An event that is written anew, hash and all, breaks the link to the one that follows."""
        member = story()
        event = journaling.decode(member.journal[3])
        forged = journaling.encode(
            replace(event, actor=Actor("server", "forger")),
            previous=member.journal[2].hash,
            key=KEY,
        )
        events = [*member.journal[:3], forged, *member.journal[4:]]

        assert verification.verify(member.account, events, KEY).errors[0].version == 5
        last = journaling.encode(
            replace(journaling.decode(member.journal[-1]), actor=Actor("server", "forger")),
            previous=member.journal[-2].hash,
            key=KEY,
        )
        verdict = verification.verify(member.account, [*member.journal[:-1], last], KEY)
        assert verdict.errors == (
            IntegrityError(0, "the stored account differs from its journal in: head"),
        )

    @pytest.mark.parametrize(
        ("fields", "named"),
        [
            ({"balances": {}}, "balances"),
            ({"counters": {"x": 1}}, "counters"),
            ({"metrics": {}}, "metrics"),
            ({"enrolments": {}}, "enrolments"),
            ({"status": "closed"}, "status"),
            ({"consents": {"programme": True}}, "consents"),
            ({"version": 99, "head": b""}, "version, head"),
            ({"effective_at": 5}, "effective_at"),
        ],
    )
    def test_a_changed_account(self, fields: dict[str, Any], named: str) -> None:
        """The account itself is not believed; what differs is named."""
        member = story()
        member.adjust(7, "2026-03-10")
        verdict = verification.verify(replace(member.account, **fields), member.journal, KEY)

        assert verdict.errors == (
            IntegrityError(0, f"the stored account differs from its journal in: {named}"),
        )

    @pytest.mark.parametrize(
        ("effects", "postings", "detail"),
        [
            ([LotChange(POINTS, 5)], [], "posts 0 clinic/points to member/available but changes"),
            (
                [],
                [Posting("issued/tenant", "member/available", POINTS, 5)],
                "posts 5 clinic/points to member/available but changes it by 0",
            ),
            (
                [LotChange(POINTS, 5)],
                [Posting("issued/tenant", "member/available", "clinic/stamps", 5)],
                "posts 0 clinic/points to member/available but changes it by 5",
            ),
            (
                [PendingChange(POINTS, 5, PendingKey(9, "x"))],
                [Posting("issued/tenant", "member/available", POINTS, 5)],
                "posts 5 clinic/points to member/available but changes it by 0",
            ),
            (
                [LotChange(POINTS, 5), DeficitChange(POINTS, 1)],
                [Posting("issued/tenant", "member/available", POINTS, 5)],
                "posts 5 clinic/points to member/available but changes it by 4",
            ),
            ([LotChange(POINTS, -5)], [], "lot None of clinic/points would hold -5"),
        ],
    )
    def test_postings_that_contradict_effects(
        self, effects: list[Any], postings: list[Posting], detail: str
    ) -> None:
        """Both say what moved, and they must say the same."""
        event = Event(
            1, 5, 5, BalanceAdjusted(POINTS, 5, "wait"),
            effects=tuple(effects), postings=tuple(postings),
        )  # fmt: skip
        stored = journaling.encode(event, previous=b"", key=KEY)
        verifier = verification.Verifier(KEY)
        verifier.take(stored)
        (error,) = verifier.verdict(Account()).errors

        assert error.version == 1
        assert detail in error.detail

    def test_unreadable_bytes(self) -> None:
        """Bytes that nobody can read are an error even where the hash is right."""
        stored = StoredEvent(1, 5, b"junk", b"", journaling.link(b"", KEY, 1, b"junk", b""))
        verdict = verification.verify(Account(), [stored], KEY)

        assert verdict.errors[0].version == 1
        assert "cannot be read" in verdict.errors[0].detail

    def test_a_fixed_rule_breaks_nothing(self) -> None:
        """Rules that are fixed under the same version leave old accounts as they are."""
        member = story()
        balance = member.available("2026-02-06")
        member.programmes = Member(
            programme(rule("visit", fixed(1)), tiers=ladder(("gold", visits(50)))), joined=None
        ).programmes

        assert member.verdict().holds
        assert member.available("2026-02-06") == balance
        assert member.as_of("2026-02-06").balances == story().as_of("2026-02-06").balances


def yearly() -> Programme:
    """Return a programme in which time does much by itself."""
    return programme(
        rule("visit", fixed(50)),
        rule("slow", fixed(7), activation_delay_days=30),
        currencies=[points({"type": "rolling", "days": 60}, expiry_warning_days=10)],
        tiers=ladder(("gold", visits(1)), grace_days=20),
    )


class TestAsOf:
    """The account as of a past instant is what was seen at that instant."""

    INSTANTS = (
        "2026-01-04",
        "2026-01-05T12:00:00Z",
        "2026-02-01T11:59:59.999Z",
        "2026-02-01T12:00:00Z",
        "2026-02-25",
        "2026-03-03T00:00:00Z",
        "2026-04-02T23:59:59.999Z",
        "2026-04-03T00:00:00Z",
        "2026-08-01",
        "2027-01-01T00:00:00Z",
        "2028-01-10",
        "2028-01-21T00:00:00Z",
    )

    def test_what_was_seen(self) -> None:
        """Whether or not the tick had run by then, and whatever came after."""
        member = Member(yearly(), joined=None)
        seen: dict[str, Account] = {}
        events: dict[str, Callable[[], object]] = {
            "2026-01-05T12:00:00Z": lambda: member.do(
                Open(member="mem_1", programmes=("clinic",)), "2026-01-05"
            ),
            "2026-02-01T12:00:00Z": lambda: member.visit("2026-02-01"),
            "2026-08-01": lambda: member.visit("2026-07-20", now="2026-08-01"),
        }
        for instant in self.INSTANTS:
            if instant in events:
                events[instant]()
            seen[instant] = member.seen(instant)
        member.visit("2028-02-01")

        assert {instant: member.as_of(instant) for instant in self.INSTANTS} == seen

    def test_a_late_activity_counts_from_its_report(self) -> None:
        """A balance of the past is what was known then, not what is known now."""
        member = Member(yearly())
        member.visit("2026-02-01", now="2026-02-20")

        assert member.as_of("2026-02-19").balance(POINTS).available == 0
        assert member.as_of("2026-02-20").balance(POINTS).available == 50

    def test_is_the_fold_to_the_instant(self) -> None:
        """Entries that took effect by then, settled to then."""
        member = story()
        for stored in member.journal:
            account = Account()
            for each in member.journal:
                if each.effective_at <= stored.effective_at:
                    account = evolve(account, journaling.decode(each), each.hash)

            assert member.as_of(stored.effective_at) == account


def test_accounts_are_compared_by_value() -> None:
    """A stored account that was written and read again is the same account."""
    member = story()
    read = msgspec.json.decode(msgspec.json.encode(member.account), type=Account)

    assert verification.verify(read, member.journal, KEY).holds
    assert at("2026-02-01") < read.effective_at
