"""
A journal of 100,000 events: true as it is, and false at the event of which one bit is changed.

And random shorter ones: the account as of any instant is what a replay to that instant makes.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Final, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.domain.errors import LoyaltyError
from chalicelib.domain.ledger import effects as fx
from chalicelib.domain.ledger import journal
from chalicelib.domain.ledger.account import Account, Stats
from chalicelib.domain.ledger.actor import Actor
from chalicelib.domain.ledger.calendar import format_instant
from chalicelib.domain.ledger.events import (
    ActivityRecorded,
    ActivitySummary,
    Detail,
    Event,
    RewardRedeemed,
)
from chalicelib.domain.ledger.journal import StoredEvent
from chalicelib.domain.ledger.lots import LotKey
from chalicelib.domain.ledger.postings import AVAILABLE, ISSUED, REDEEMED, TENANT, Posting
from chalicelib.domain.mechanics.membership import Open
from chalicelib.domain.verification import IntegrityError, Verifier
from tests.domain.building import KEY, VISIT, Member, fixed, ladder, reward, rule, visits
from tests.domain.building import points as currency
from tests.domain.building import programme as document
from tests.examples import SHARE, examples

POINTS: Final = "clinic/points"
#: In CI a fourth of it, which is the same walk.
COUNT: Final = 100_000 if SHARE == 1 else 25_000
START: Final = 1_700_000_000_000
MINUTE: Final = 60_000
HOUR: Final = 60 * MINUTE
EXPIRES: Final = LotKey(4_102_444_800_000, "2099-12-31")
#: The events that are tampered with: the ends, both sides of a change of width, and some between.
SAMPLE: Final = (1, 2, 9, 10, 99, 100, 9_999, 10_000, *range(12_345, COUNT, 9_973), COUNT)


def events() -> Iterator[StoredEvent]:
    """Yield the journal of a member who visits and redeems by turns, chained by the real thing."""
    previous = b""
    for version in range(1, COUNT + 1):
        stored = journal.encode(_event(version), previous=previous, key=KEY)
        previous = stored.hash
        yield stored


def _event(version: int) -> Event:
    now = START + version * MINUTE
    if version % 2 == 0:
        return Event(
            version=version,
            effective_at=now,
            occurred_at=now,
            data=RewardRedeemed(f"red_{version}", "clinic", "tea"),
            effects=(fx.LotChange(POINTS, -50, EXPIRES),),
            postings=(Posting(AVAILABLE, REDEEMED.of(TENANT), POINTS, 50),),
        )
    return Event(
        version=version,
        effective_at=now,
        occurred_at=now - MINUTE,
        data=ActivityRecorded(ActivitySummary(type=VISIT, amount=8_000, money="GBP")),
        effects=(fx.LotChange(POINTS, 50, EXPIRES), fx.StatChange(visits=1, activities=1)),
        postings=(Posting(ISSUED.of(TENANT), AVAILABLE, POINTS, 50),),
        actor=Actor("server", "k1"),
        detail=Detail(source="emr", external_id=f"visit-{version}"),
    )


class Walked(NamedTuple):
    """The verifier before each event of the sample, the events around it, and the true account."""

    before: dict[int, Verifier]
    stored: dict[int, StoredEvent]
    account: Account
    verifier: Verifier


@pytest.fixture(scope="module")
def walked() -> Walked:
    """Walk the whole journal once."""
    verifier = Verifier(KEY)
    before: dict[int, Verifier] = {}
    stored: dict[int, StoredEvent] = {}
    head = b""
    for event in events():
        if event.version in SAMPLE:
            before[event.version] = _twin(verifier)
        if {event.version, event.version - 1} & set(SAMPLE):
            stored[event.version] = event
        verifier.take(event)
        head = event.hash
    account = Account(
        version=COUNT,
        head=head,
        effective_at=START + COUNT * MINUTE,
        stats=Stats(visits=COUNT // 2, activities=COUNT // 2),
    )
    return Walked(before, stored, account, verifier)


class TestLongJournal:
    """One member's long journal."""

    def test_holds(self, walked: Walked) -> None:
        """Every link, every posting and the account at the end are right."""
        verdict = _twin(walked.verifier).verdict(walked.account)

        assert (verdict.events, verdict.errors) == (COUNT, ())

    def test_any_bit(self, walked: Walked) -> None:
        """Whichever bit of whichever field is changed, that event is named, and none before it."""
        tried = 0
        for version, verifier in walked.before.items():
            true = walked.stored[version]
            for changed in _one_bit_off(true):
                assert _errors(verifier, changed) == [version]
                tried += 1
            assert _errors(verifier, true) == []
        assert tried > 2_000 * len(SAMPLE)

    def test_order(self, walked: Walked) -> None:
        """An event that is left out, doubled or swapped with the next is named by its place."""
        for version in SAMPLE[:-1]:
            verifier = walked.before[version]
            this, following = walked.stored[version], walked.stored[version + 1]
            missing = [IntegrityError(version, f"event {version} is missing")]
            doubled = [IntegrityError(version + 1, f"event {version + 1} is missing")]
            assert _all_errors(verifier, following) == missing
            assert _all_errors(verifier, following, this) == missing
            assert _all_errors(verifier, this, this, following) == doubled

    def test_insertion(self, walked: Walked) -> None:
        """An event that is slipped in with a hash of its own breaks the link of the next."""
        for version in SAMPLE[:-1]:
            verifier = walked.before[version]
            slipped = journal.encode(
                _event(version), previous=verifier._account.head, key=f"{KEY}x"
            )
            again = journal.encode(
                replace(_event(version), actor=Actor("server", "someone")),
                previous=verifier._account.head,
                key=KEY,
            )
            assert _errors(verifier, slipped) == [version]
            assert _errors(verifier, again) == []
            assert _errors(verifier, again, walked.stored[version + 1]) == [version + 1]

    def test_cut_off(self, walked: Walked) -> None:
        """A journal without its end is told by the account, which knows its version and head."""
        for verifier in walked.before.values():
            verdict = _twin(verifier).verdict(walked.account)
            assert [error.version for error in verdict.errors] == [0]
            assert "version, head" in verdict.errors[0].detail

    def test_another_end(self, walked: Walked) -> None:
        """A last event that is written anew, hash and all, is not the one that the account had."""
        verifier = _twin(walked.before[COUNT])
        other = replace(_event(COUNT), data=RewardRedeemed("red_other", "clinic", "tea"))
        verifier.take(journal.encode(other, previous=verifier._account.head, key=KEY))

        verdict = verifier.verdict(walked.account)

        assert verdict.errors == (
            IntegrityError(0, "the stored account differs from its journal in: head"),
        )


def _twin(verifier: Verifier) -> Verifier:
    """Return a verifier that has seen as much, and goes its own way."""
    twin = copy.copy(verifier)
    twin._errors = list(verifier._errors)
    return twin


def _all_errors(verifier: Verifier, *stored: StoredEvent) -> list[IntegrityError]:
    twin = _twin(verifier)
    for each in stored:
        twin.take(each)
    return twin._errors


def _errors(verifier: Verifier, *stored: StoredEvent) -> list[int]:
    return [error.version for error in _all_errors(verifier, *stored)]


def _one_bit_off(stored: StoredEvent) -> Iterator[StoredEvent]:
    """Yield the event with each bit of each field changed in turn."""
    for bit in range(40):
        yield replace(stored, version=stored.version ^ 1 << bit)
        yield replace(stored, effective_at=stored.effective_at ^ 1 << bit)
    for field in ("body", "detail", "hash"):
        content: bytes = getattr(stored, field)
        for bit in range(8 * len(content)):
            changed = bytearray(content)
            changed[bit // 8] ^= 1 << bit % 8
            yield replace(stored, **{field: bytes(changed)})


# As of any instant

TERMS = document(
    rule("visit", fixed(50), VISIT),
    rule("jab", fixed(20), "vaccination.completed", activation_delay_days=3),
    currencies=[currency({"type": "rolling", "days": 20}, expiry_warning_days=5)],
    tiers=ladder(("silver", visits(3)), downgrade="to_earned", grace_days=10),
    rewards=[reward("tea", 60)],
    time_zone="Europe/London",
)

Step = tuple[int, str]
STEPS = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 3 * HOUR), st.integers(0, 40 * 24 * HOUR), st.just(0)),
        st.sampled_from(["visit", "late visit", "jab", "redeem", "cancel", "adjust", "tick"]),
    ),
    min_size=1,
    max_size=12,
)
BEGUN = 1_791_000_000_000  # 2026-10-03


class TestAsOf:
    """Looking at the past."""

    @settings(max_examples=examples(100))
    @given(STEPS, st.lists(st.integers(0, 10**6), min_size=1, max_size=3))
    def test_is_the_replay_to_that_instant(self, steps: list[Step], chances: list[int]) -> None:
        """Whatever came later and whenever the tick ran: what was done by then, settled to then."""
        whole = _replayed(steps)
        span = sum(wait for wait, _ in steps) + 40 * 24 * HOUR
        for chance in chances:
            written = whole.journal[chance % len(whole.journal)].effective_at
            for instant in (BEGUN + span * chance // 10**6, written, written - 1):
                assert whole.as_of(instant) == _replayed(steps, instant).seen(instant)


def _replayed(steps: list[Step], until: int | None = None) -> Member:
    """Return a member who did these things, or as many of them as came by an instant."""
    member = Member(TERMS, joined=None)
    now = BEGUN
    for wait, act in [(0, "join"), *steps]:
        now += wait
        if until is not None and now > until:
            break
        try:
            _act(member, act, now)
        except LoyaltyError:
            # What is refused changes nothing, in both lives alike.
            continue
    return member


def _act(member: Member, act: str, now: int) -> None:
    when = format_instant(now)
    match act:
        case "join":
            member.do(Open(member="mem_1", programmes=("clinic",)), now)
        case "visit":
            member.visit(when)
        case "late visit":
            member.visit(format_instant(now - 50 * HOUR), now=when)
        case "jab":
            member.record("vaccination.completed", when)
        case "redeem":
            member.redeem("tea", now)
        case "cancel" if member.redemptions:
            member.cancel(list(member.redemptions.values())[-1], now)
        case "adjust":
            member.adjust(-30, now)
        case "tick":
            member.tick(now)
