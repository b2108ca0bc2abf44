"""What a release wrote is read by every later one, and means what it meant."""

from __future__ import annotations

from typing import Final

import pytest
from msgspec.structs import replace

from chalicelib.domain import verification
from chalicelib.domain.ledger import compact
from tests.release.journals import EVERYTHING, HERE, Kept, file_of_this_release, read, said

FILES: Final = sorted(HERE.glob("*.jsonl"))
KEPT: Final = [
    pytest.param(each, id=f"{file.stem} {number}")
    for file in FILES
    for number, each in enumerate(read(file), 1)
]


@pytest.mark.parametrize("kept", KEPT)
def test_a_journal_folds_to_the_same_account(kept: Kept) -> None:
    """To the letter, its chain of hashes unbroken; and as it lies in the store."""
    verdict = verification.verify(kept.account, kept.events, kept.key)

    assert verdict.errors == ()
    assert verdict.events == kept.account.version == len(kept.events) > 0
    body = compact.encode(kept.account)
    again = compact.decode(body, version=kept.account.version, head=kept.account.head)
    assert again == kept.account


@pytest.mark.parametrize("kept", KEPT)
def test_a_byte_that_is_another_is_noticed(kept: Kept) -> None:
    """Else the journals would prove nothing."""
    *before, last = kept.events
    changed = replace(last, body=last.body[:-1] + bytes([last.body[-1] ^ 1]))

    assert not verification.verify(kept.account, [*before, changed], kept.key).holds


def test_everything_is_said() -> None:
    """
    Every kind of event and effect is in the journals of the release that is being made.

    A new kind is of the next one: it has the next version in `pyproject.toml`, and journals once it
    is made.
    """
    file = file_of_this_release()
    kept = read(file) if file.exists() else []

    assert not kept or EVERYTHING - {kind for each in kept for kind in said(each.events)} == set()


def test_there_is_a_release() -> None:
    """Without a file nothing would be held."""
    assert FILES
