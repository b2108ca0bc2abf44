"""Lots are told apart by their keys, kept in burn order, and found wherever they lie."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.domain.ledger import effects as fx
from chalicelib.domain.ledger.account import Account, Corrupt, Folding
from chalicelib.domain.ledger.lots import Balance, Lot, LotKey, PendingKey, PendingLot

POINTS: Final = "clinic/points"

Day = tuple[int, str]

#: Few of each, so that keys that differ in one field only meet often.
EXPIRIES: Final[list[Day | tuple[None, None]]] = [
    (None, None), (0, "1970-01-01"), (100, "1970-01-01"), (100, "1970-01-02"), (300, "day 300"),
]  # fmt: skip
ACTIVATIONS: Final[list[Day]] = [(50, "1970-01-01"), (60, "1970-01-01"), (60, "1970-01-02")]


@st.composite
def keys(draw: st.DrawFn) -> LotKey:
    """Return the key of a lot."""
    expires_at, expires_on = draw(st.sampled_from(EXPIRIES))
    funder, rate = draw(st.sampled_from(["", "a", "b"])), draw(st.sampled_from([0, 10]))
    return LotKey(expires_at, expires_on, funder, rate, paid=draw(st.booleans()))


@st.composite
def pending_keys(draw: st.DrawFn) -> PendingKey:
    """Return the key of a pending lot, which is earned: nobody paid for it."""
    active_at, active_on = draw(st.sampled_from(ACTIVATIONS))
    return PendingKey(active_at, active_on, replace(draw(keys()), paid=False))


KEYS: Final = keys()
PENDING_KEYS: Final = pending_keys()
WARNINGS: Final = st.sampled_from([None, 0, 20])
AMOUNTS: Final = st.integers(1, 9)
LOT_CHANGES: Final = st.builds(
    fx.LotChange, st.just(POINTS), AMOUNTS, KEYS, WARNINGS, st.integers(0, 3)
)
PENDING_CHANGES: Final = st.builds(
    fx.PendingChange, st.just(POINTS), AMOUNTS, PENDING_KEYS, WARNINGS
)


def folded(effects: Iterable[fx.Effect]) -> Balance:
    """Return what effects make of nothing."""
    folding = Folding(Account())
    folding.apply_all(effects)
    return folding.so_far().balance(POINTS)


class TestKeys:
    """Lots of one key are one lot, and those of two keys are two."""

    @pytest.mark.parametrize(
        "other",
        [
            LotKey(200, "1970-01-01", "a", 10),
            LotKey(100, "1970-01-02", "a", 10),
            LotKey(100, "1970-01-01", "b", 10),
            LotKey(100, "1970-01-01", "a", 20),
            LotKey(100, "1970-01-01", "a", 10, first_expires_at=50),
            LotKey(100, "1970-01-01", "a", 10, paid=True),
        ],
    )
    def test_every_field_tells_apart(self, other: LotKey) -> None:
        """A lot that differs in any field is another: it is added to and announced by itself."""
        key = LotKey(100, "1970-01-01", "a", 10)
        opening = [fx.LotChange(POINTS, 5, each, warn_at=50) for each in (key, other)]
        balance = folded([*opening, fx.LotChange(POINTS, 2, key), fx.LotWarned(POINTS, 7, key)])

        assert balance.lot(key) == Lot(7, key)
        assert balance.lot(other) == Lot(5, other, warn_at=50)

    def test_what_joins_a_lot(self) -> None:
        """It changes neither when the lot was opened nor when it is announced."""
        key = LotKey(100, "1970-01-01")
        opening = fx.LotChange(POINTS, 5, key, warn_at=50, since=3)

        joined = folded([opening, fx.LotChange(POINTS, 5, key, warn_at=60, since=2)])

        assert joined.lots == (Lot(10, key, warn_at=50, since=3),)

    def test_what_is_absent_cannot_be_announced(self) -> None:
        """An announcement of a lot that is not there does not follow from the account."""
        key = LotKey(100, "1970-01-01", rate=10)

        with pytest.raises(Corrupt, match="lot 1970-01-01 of clinic/points is absent"):
            folded([fx.LotChange(POINTS, 5, key), fx.LotWarned(POINTS, 5, replace(key, rate=20))])


class TestOrder:
    """Whatever comes in whatever order, lots lie as they burn, and each is found."""

    @given(st.lists(LOT_CHANGES))
    def test_lots(self, changes: list[fx.LotChange]) -> None:
        """Never-expiring goes last; of one expiry what was opened first, then by funder."""
        expected: dict[LotKey, Lot] = {}
        for change in changes:
            opened = Lot(0, change.lot, None, change.since)
            held = expected.get(change.lot, opened)
            warn_at = change.warn_at if held.warn_at is None else held.warn_at
            expected[change.lot] = replace(held, amount=held.amount + change.delta, warn_at=warn_at)

        balance = folded(changes)

        assert balance.lots == tuple(sorted(expected.values(), key=_burns))
        assert {key: balance.lot(key) for key in expected} == expected
        assert balance.lots_total == sum(change.delta for change in changes)
        emptied = [replace(change, delta=-change.delta) for change in reversed(changes)]
        assert folded([*changes, *emptied]) == Balance()

    @given(st.lists(PENDING_CHANGES))
    def test_pending(self, changes: list[fx.PendingChange]) -> None:
        """What is usable first comes first."""
        expected: dict[PendingKey, PendingLot] = {}
        for change in changes:
            held = expected.get(change.pending, PendingLot(0, change.pending))
            warn_at = change.warn_at if held.warn_at is None else held.warn_at
            amount = held.amount + change.delta
            expected[change.pending] = replace(held, amount=amount, warn_at=warn_at)

        balance = folded(changes)

        instants = [lot.key.active_at for lot in balance.pending]
        assert instants == sorted(instants)
        assert {lot.key: lot for lot in balance.pending} == expected
        assert {key: balance.pending_lot(key) for key in expected} == expected
        emptied = [replace(change, delta=-change.delta) for change in reversed(changes)]
        assert folded([*changes, *emptied]) == Balance()

    @given(st.lists(LOT_CHANGES | PENDING_CHANGES))
    def test_next_change(self, changes: list[fx.LotChange | fx.PendingChange]) -> None:
        """The earliest of all expiries, announcements and activations."""
        balance = folded(changes)

        instants = [
            *(lot.key.expires_at for lot in balance.lots),
            *(lot.warn_at for lot in balance.lots),
            *(lot.key.active_at for lot in balance.pending),
        ]

        assert balance.next_change() == min(
            (instant for instant in instants if instant is not None), default=None
        )

    @given(st.lists(LOT_CHANGES), KEYS, PENDING_KEYS)
    def test_absent(
        self, changes: list[fx.LotChange], key: LotKey, pending_key: PendingKey
    ) -> None:
        """What is not there is not found."""
        balance = folded(change for change in changes if change.lot != key)

        assert balance.lot(key) is None
        assert balance.pending_lot(pending_key) is None


def _burns(lot: Lot) -> tuple[float, int, str, int, str, bool]:
    expiry = float("inf") if lot.key.expires_at is None else lot.key.expires_at
    key = lot.key
    return (expiry, lot.since, key.funder, key.rate, key.expires_on or "", key.paid)
