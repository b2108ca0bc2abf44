"""What mechanics keep in an account: written, read back, folded and taken off."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from chalicelib.domain.decide.progress import ProgressStore
from chalicelib.domain.ledger import journal
from chalicelib.domain.ledger.account import Account, evolve
from chalicelib.domain.ledger.effects import ProgressChange
from chalicelib.domain.ledger.events import LotsExpired
from tests.domain.building import event_on


class Card(Struct, frozen=True, omit_defaults=True):
    """A record such as a mechanic keeps."""

    stamps: int
    days: tuple[str, ...] = ()


CARDS: Final = ProgressStore("cards", Card)
ACCOUNT: Final = Account(version=3, effective_at=500)


def test_a_record_is_read_as_it_was_written() -> None:
    """Records have their type again, under their keys, in the order of these."""
    event = event_on(ACCOUNT, 1_000)
    CARDS.put(event, "physio", Card(2, ("2026-11-02",)))
    CARDS.put(event, "dental", Card(1))

    assert CARDS.get(event.account, "physio") == Card(2, ("2026-11-02",))
    assert CARDS.all(event.account) == {"dental": Card(1), "physio": Card(2, ("2026-11-02",))}
    assert CARDS.get(event.account, "eye") is None
    assert CARDS.all(ACCOUNT) == {}


def test_the_journal_carries_the_whole_record() -> None:
    """The delta is complete, so that it folds without the mechanic, and exactly as drafted."""
    event = event_on(ACCOUNT, 1_000)
    CARDS.put(event, "physio", Card(2, ("2026-11-02",)))
    followed = event.build(LotsExpired())
    stored = journal.encode(followed, previous=b"", key="T#t#M#m")
    folded = evolve(ACCOUNT, journal.decode(stored), stored.hash)

    assert followed.effects == (
        ProgressChange("cards", "physio", {"stamps": 2, "days": ["2026-11-02"]}),
    )
    assert folded == evolve(ACCOUNT, followed, stored.hash)
    assert msgspec.json.decode(msgspec.json.encode(folded), type=Account) == folded
    assert CARDS.get(folded, "physio") == Card(2, ("2026-11-02",))


def test_what_is_the_same_is_no_change() -> None:
    """A record written over itself leaves nothing in the journal."""
    event = event_on(ACCOUNT, 1_000)
    CARDS.put(event, "physio", Card(2))
    CARDS.put(event, "physio", Card(2))
    CARDS.drop(event, "dental")

    assert event.build(LotsExpired()).effects == (ProgressChange("cards", "physio", {"stamps": 2}),)


def test_an_empty_shelf_leaves_no_trace() -> None:
    """An account from which all records went is as if there had been none."""
    event = event_on(ACCOUNT, 1_000)
    CARDS.put(event, "physio", Card(2))
    CARDS.put(event, "dental", Card(2))
    CARDS.drop(event, "physio")
    assert CARDS.all(event.account) == {"dental": Card(2)}

    CARDS.drop(event, "dental")
    assert event.account == ACCOUNT
