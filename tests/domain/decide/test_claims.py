"""Records beside accounts: where they lie, and what may become of them."""

from __future__ import annotations

import pytest

from chalicelib.domain.decide.claims import ClaimKey, RecordKind
from chalicelib.domain.ledger.quote import Quote
from chalicelib.domain.mechanics.quoting import QUOTES
from chalicelib.domain.mechanics.redemptions import REDEMPTIONS
from chalicelib.domain.mechanics.remaining import REMAINING
from chalicelib.domain.mechanics.taking_back import TAKEN_BACK


def test_which_are_sealed_and_which_pass() -> None:
    """A quote says what was to be served, and is forgotten; all else stays and says none of it."""
    kinds = (QUOTES, REDEMPTIONS, REMAINING, TAKEN_BACK)

    assert {each.name: (each.sealed, each.kept_days) for each in kinds} == {
        "quote": (True, 14),
        "redemption": (False, None),
        "remaining": (False, None),
        "taken_back": (False, None),
    }


def test_what_lies_with_the_personal_data() -> None:
    """A key, such as that of a voucher, tells nobody who somebody is, unless it is said to."""
    assert not ClaimKey("voucher", "mem_1").personal


def test_where_one_lies() -> None:
    """A list has of a record what leads back to it."""
    ref = REDEMPTIONS.ref("mem_1", "red_1")

    assert REDEMPTIONS.in_list(ref.listed) == ref
    assert REDEMPTIONS.list_of("used") == "redemption/used"
    with pytest.raises(ValueError, match="#"):
        RecordKind("a#b", Quote)
