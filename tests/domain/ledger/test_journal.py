"""Events are bytes with a place in a chain, and say which release wrote them."""

from __future__ import annotations

import hashlib
import json
import zlib
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.domain.decide.event_builder import Door, EventBuilder
from chalicelib.domain.ledger import events, journal
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.actor import Actor
from chalicelib.domain.ledger.effects import LotChange
from chalicelib.domain.ledger.events import (
    ActivityRecorded,
    ActivitySummary,
    Detail,
    Event,
    Line,
    MemberClosed,
    MemberCreated,
    RewardsRedeemed,
)
from chalicelib.domain.ledger.journal import StoredEvent
from chalicelib.domain.ledger.postings import Posting
from chalicelib.domain.programme.versions import Programmes
from tests.domain.building import KEY

ENTRY: Final = Event(
    version=3,
    effective_at=1_000,
    occurred_at=900,
    data=ActivityRecorded(ActivitySummary("purchase.completed", amount=500, money="GBP")),
    effects=(LotChange("clinic/points", 5),),
    postings=(Posting("issued/tenant", "member/available", "clinic/points", 5),),
    detail=Detail(source="till", external_id="7", lines=(Line("1", 500, 1, "rx", "SKU-9"),)),
)


#: The least that bytes of an event say.
LEAST: Final = {
    "version": 3, "effective_at": 1, "occurred_at": 2, "data": {"kind": "member.created"},
}  # fmt: skip


def stored(body: bytes, detail: bytes = b"") -> StoredEvent:
    """Return bytes as they would lie in the store."""
    return StoredEvent(3, 1_000, body, detail, b"")


def packed(document: Any) -> bytes:
    """Return a document as it is stored."""
    return zlib.compress(json.dumps(document).encode())


class TestBytes:
    """What is written reads back."""

    @pytest.mark.parametrize("event", [ENTRY, replace(ENTRY, detail=None)])
    def test_round_trip(self, event: Event) -> None:
        """An event reads back as it was, with and without detail."""
        link = journal.encode(event, previous=b"before", key=KEY)

        assert journal.decode(link) == event
        assert (link.version, link.effective_at) == (3, 1_000)
        assert link.hash == journal.link(b"before", KEY, 3, link.body, link.detail)

    def test_the_detail_is_apart(self) -> None:
        """A9: what could reveal health, or a person, is in the detail and nowhere in the body."""
        activity = ActivitySummary("oncology.visited", 500, "GBP", None, "scan", "phone", "ward-7")
        ann = Actor("staff", "ann@clinic.example")
        entry = replace(ENTRY, data=ActivityRecorded(activity), actor=ann)
        link = journal.encode(entry, previous=b"", key=KEY)
        body = zlib.decompress(link.body)

        assert journal.decode(link) == entry
        words = b"till '7' rx SKU-9 oncology.visited scan phone ward-7 ann@clinic.example"
        for secret in words.replace(b"'", b'"').split():
            assert secret not in body
            assert secret in zlib.decompress(link.detail)

    @pytest.mark.parametrize("lines", [0, 1, 2, 100])
    def test_a_short_detail_is_not_packed(self, lines: int) -> None:
        """A short one is stored as it is, a long one packed; both read back."""
        line = Line("", 100, 1, "rx", "SKU-9")
        detail = Detail(source="till", external_id="7", lines=(line,) * lines)
        link = journal.encode(replace(ENTRY, detail=detail), previous=b"", key=KEY)

        assert link.detail.startswith(b"{") is (lines <= 1)
        assert len(link.detail) < 250
        assert journal.decode(link).detail == detail

    def test_a_sealed_detail_leaves_the_event_readable(self) -> None:
        """Without its detail an event still folds."""
        link = journal.encode(ENTRY, previous=b"", key=KEY)
        event = journal.decode(replace(link, detail=b""))

        amount = ActivityRecorded(ActivitySummary(amount=500, money="GBP"))
        assert event == replace(ENTRY, data=amount, detail=None)

    def test_a_body_alone(self) -> None:
        """Where there is nothing to seal, there is no detail."""
        written = replace(ENTRY, data=MemberCreated(), detail=None)

        assert journal.encode(written, previous=b"", key=KEY).detail == b""

    @pytest.mark.parametrize(
        ("body", "detail"),
        [
            (b"", b""),
            (b"not compressed", b""),
            (packed({})[:-3], b""),
            (zlib.compress(b"not json"), b""),
            (zlib.compress(b"\xff\xfe"), b""),
            (packed([]), b""),
            (packed({"version": 3}), b""),
            (packed(LEAST | {"version": "3"}), b""),
            (packed(LEAST | {"effects": [{"t": "magic"}]}), b""),
            (packed(LEAST | {"outcomes": [{"section": "magic", "programme": "clinic"}]}), b""),
            (packed(LEAST | {"data": {"kind": "magic.happened"}}), b""),
            (packed(LEAST | {"data": {"kind": "member.enrolled"}}), b""),
            (packed(LEAST | {"data": {}}), b""),
            (journal.encode(ENTRY, previous=b"", key=KEY).body, b"broken"),
            (journal.encode(ENTRY, previous=b"", key=KEY).body, packed({"detail": {"lines": 3}})),
        ],
    )
    def test_what_cannot_be_read(self, body: bytes, detail: bytes) -> None:
        """Whatever is wrong with the bytes, it is a ValueError that names the event."""
        with pytest.raises(ValueError, match="event 3 cannot be read"):
            journal.decode(stored(body, detail))

    @pytest.mark.parametrize("schema", [1, 2, 3, 5])
    def test_another_schema(self, schema: int) -> None:
        """What another release wrote is not guessed at."""
        with pytest.raises(ValueError, match=f"schema {schema}, not 4"):
            journal.decode(stored(packed(LEAST | {"schema": schema})))

    def test_bytes_without_a_schema_are_of_the_fourth(self) -> None:
        """It is left out of what this release writes, and means the same to every later one."""
        written = EventBuilder(Account(), 1, Door(Programmes(()))).build(MemberCreated())
        link = journal.encode(written, previous=b"", key=KEY)

        assert "schema" not in json.loads(zlib.decompress(link.body))
        assert journal.decode(link).schema == 4
        assert events.SCHEMA == 4


class TestLink:
    """The hash covers the event before, the account, the place and the stored bytes."""

    PARTS = (b"previous", "T#a#M#1", 7, b"body", b"detail")

    def test_is_fixed(self) -> None:
        """The hash of given bytes never changes, or every chain would break."""
        assert journal.link(*self.PARTS).hex() == (
            "5008d48aa9442beb4c441a1ed8066cd9631a2c68acf5765edf698671ce1abbe0"
        )

    @pytest.mark.parametrize(
        "parts",
        [
            (b"previouz", "T#a#M#1", 7, b"body", b"detail"),
            (b"previous", "T#a#M#2", 7, b"body", b"detail"),
            (b"previous", "T#a#M#1", 8, b"body", b"detail"),
            (b"previous", "T#a#M#1", 7, b"bodz", b"detail"),
            (b"previous", "T#a#M#1", 7, b"body", b"detaim"),
            (b"previous", "T#a#M#1", 7, b"bodyd", b"etail"),
            (b"previou", "sT#a#M#1", 7, b"body", b"detail"),
            (b"previous", "T#a#M#17", 7, b"body", b"detail"),
            (b"previous", "T#a#M#1", 7, b"bodydetail", b""),
        ],
    )
    def test_covers_every_part(self, parts: tuple[bytes, str, int, bytes, bytes]) -> None:
        """No part can change, and no byte can move from one part to the next."""
        assert journal.link(*parts) != journal.link(*self.PARTS)

    @given(st.binary(max_size=8), st.binary(max_size=8), st.binary(max_size=8))
    def test_cannot_be_split_otherwise(self, first: bytes, second: bytes, third: bytes) -> None:
        """However the same bytes are split, the hash is another."""
        whole = first + second + third
        seen = {
            (whole[:i], whole[i:j], whole[j:]): journal.link(
                whole[:i], KEY, 1, whole[i:j], whole[j:]
            )
            for i in range(len(whole) + 1)
            for j in range(i, len(whole) + 1)
        }

        assert len(set(seen.values())) == len(seen)


class TestOtherReleases:
    """What other releases wrote is read as far as it is known."""

    def test_reads_the_least_there_is(self) -> None:
        """What was left out has its default; what a sister release added is passed over."""
        document = LEAST | {
            "hue": "blue",
            "data": {"kind": "member.closed", "mood": 1},
            "effects": [{"t": "lot", "currency": "clinic/points", "delta": 5, "mood": 1}],
            "outcomes": [{"section": "rewards", "programme": "clinic", "rewards": {}, "mood": 1}],
        }

        assert journal.decode(stored(packed(document))) == Event(
            version=3,
            effective_at=1,
            occurred_at=2,
            data=MemberClosed(),
            effects=(LotChange("clinic/points", 5),),
            outcomes=(RewardsRedeemed("clinic", {}),),
        )


def test_what_repeats_itself_far_apart_is_stored_once() -> None:
    """What is large finds itself again 30 KB before: a short body is not looked through so far."""
    part = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(950))

    stored = journal.deflate(part + part)

    assert len(stored) < 31_000
    assert zlib.decompress(stored) == part + part


def test_b3_what_is_large_and_alike_is_stored_small() -> None:
    """B3: a row for each of 100 discounts on each of 100 lines takes a byte or two to store."""
    lines = [[("discount", f"discount-{n}", 10**10 - n) for n in range(100)] for _ in range(100)]

    stored = journal.deflate(json.dumps(lines).encode())

    assert len(stored) < 20_000
    assert json.loads(zlib.decompress(stored)) == [[list(row) for row in line] for line in lines]
