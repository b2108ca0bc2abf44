"""Entries are bytes with a place in a chain, and old bytes stay readable."""

from __future__ import annotations

import json
import zlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import entry as journal
from chalicelib.domain.account import Account
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.effects import LotChange
from chalicelib.domain.entry import Detail, Entry, Line, Posting, StoredEntry
from tests.domain.building import KEY

#: A journal as the first release wrote it, and the accounts that it folded to on the way.

ENTRY = Entry(
    3,
    "earn",
    effective_at=1_000,
    occurred_at=900,
    effects=(LotChange("clinic/points", 5),),
    postings=(Posting("issued", "member/available", "clinic/points", 5),),
    detail=Detail(source="till", external_id="7", lines=(Line("1", 500, 1, "rx", "SKU-9"),)),
)


def stored(body: bytes, detail: bytes = b"") -> StoredEntry:
    """Return bytes as they would lie in the store."""
    return StoredEntry(3, 1_000, body, detail, b"")


def packed(document: Any) -> bytes:
    """Return a document as it is stored."""
    return zlib.compress(json.dumps(document).encode())


class TestBytes:
    """What is written reads back."""

    @pytest.mark.parametrize("entry", [ENTRY, msgspec.structs.replace(ENTRY, detail=None)])
    def test_round_trip(self, entry: Entry) -> None:
        """An entry reads back as it was, with and without detail."""
        link = journal.encode(entry, previous=b"before", key=KEY)

        assert journal.decode(link) == entry
        assert (link.version, link.effective_at) == (3, 1_000)
        assert (link.detail == b"") is (entry.detail is None)
        assert link.hash == journal.link(b"before", KEY, 3, link.body, link.detail)

    def test_the_detail_is_apart(self) -> None:
        """What could reveal health is in the detail and nowhere in the body."""
        link = journal.encode(ENTRY, previous=b"", key=KEY)
        body = zlib.decompress(link.body)

        for secret in (b"till", b'"7"', b"rx", b"SKU-9"):
            assert secret not in body
            assert secret in zlib.decompress(link.detail)

    def test_a_sealed_detail_leaves_the_entry_readable(self) -> None:
        """Without its detail an entry still folds."""
        link = journal.encode(ENTRY, previous=b"", key=KEY)
        entry = journal.decode(msgspec.structs.replace(link, detail=b""))

        assert entry == msgspec.structs.replace(ENTRY, detail=None)

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
            (packed({"version": "3", "kind": "earn", "effective_at": 1, "occurred_at": 1}), b""),
            (
                packed(
                    {
                        "version": 3,
                        "kind": "earn",
                        "effective_at": 1,
                        "occurred_at": 1,
                        "effects": [{"t": "magic"}],
                    }
                ),
                b"",
            ),
            (journal.encode(ENTRY, previous=b"", key=KEY).body, b"broken"),
            (journal.encode(ENTRY, previous=b"", key=KEY).body, packed({"lines": 3})),
        ],
    )
    def test_what_cannot_be_read(self, body: bytes, detail: bytes) -> None:
        """Whatever is wrong with the bytes, it is a ValueError that names the entry."""
        with pytest.raises(ValueError, match="entry 3 cannot be read"):
            journal.decode(stored(body, detail))

    @pytest.mark.parametrize("schema", [1, 2, 4])
    def test_another_schema(self, schema: int) -> None:
        """What another release wrote is not guessed at."""
        document = {"version": 3, "kind": "earn", "effective_at": 1, "occurred_at": 1}

        with pytest.raises(ValueError, match=f"schema {schema}, not 3"):
            journal.decode(stored(packed(document | {"schema": schema})))

    def test_the_schema_is_written(self) -> None:
        """Bytes say which schema they are of, so that an older release can refuse them."""
        written = EventBuilder(Account(), 1).entry("open")
        link = journal.encode(written, previous=b"", key=KEY)

        assert "schema" not in json.loads(zlib.decompress(link.body))
        assert journal.decode(link).schema == journal.SCHEMA == 3


class TestLink:
    """The hash covers the entry before, the account, the place and the stored bytes."""

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
        document = {
            "version": 3,
            "kind": "open",
            "effective_at": 1,
            "occurred_at": 2,
            "hue": "blue",
            "effects": [{"t": "lot", "currency": "clinic/points", "delta": 5, "mood": 1}],
        }

        assert journal.decode(stored(packed(document))) == Entry(
            3, "open", effective_at=1, occurred_at=2, effects=(LotChange("clinic/points", 5),)
        )
