"""A body gives back exactly what went in, and is small."""

from __future__ import annotations

import json
import random
import zlib
from datetime import date, timedelta
from typing import Any, Final, TypeVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.domain.ledger import calendar, compact
from chalicelib.domain.ledger.account import Account, Counter, Enrolment, Stats, TierStep
from chalicelib.domain.ledger.lots import Balance, Lot, LotKey, PendingKey, PendingLot
from chalicelib.domain.mechanics import expiry
from tests.examples import examples

T = TypeVar("T")

POINTS: Final = "clinic/points"
DAY_MS: Final = 86_400_000


def read(body: bytes, account: Account) -> Account:
    """Return what a body gives back, with what lies beside it."""
    return compact.decode(body, version=account.version, head=account.head)


# Any account, likely or not


def lists(of: st.SearchStrategy[T]) -> st.SearchStrategy[list[T]]:
    """Return few or many of something, on both sides of where columns begin."""
    return st.integers(0, 20).flatmap(lambda count: st.lists(of, min_size=count, max_size=count))


ANY_INTEGER: Final = st.integers(-(2**70), 2**70)
NUMBERS: Final = st.integers(0, 500) | ANY_INTEGER
DATES: Final = st.dates().map(date.isoformat)
NEAR_DATES: Final = st.dates(date(2026, 1, 1), date(2026, 2, 1)).map(date.isoformat)
DAY_TEXTS: Final = (
    NEAR_DATES | DATES | st.sampled_from(["", "2026-W38-1", "20260920", "2026-9-2", "2026-02-30"])
)
MONTHS: Final = st.dates().map(lambda day: day.isoformat()[:7]) | st.just("2026-13")
NAMES: Final = st.text(max_size=4) | DAY_TEXTS | MONTHS


@st.composite
def lot_keys(draw: st.DrawFn) -> LotKey:
    """Return a key: mostly of a day of a zone, at times of anything."""
    funder, rate = draw(st.sampled_from(["", "", "a"])), draw(st.sampled_from([0, 0, 20, -1]))
    first, paid = draw(st.none() | st.none() | ANY_INTEGER), draw(st.booleans())
    if draw(st.integers(0, 9)) == 0:
        at = draw(st.none() | ANY_INTEGER)
        return LotKey(at, draw(st.none() | DAY_TEXTS | st.text()), funder, rate, first, paid)
    if draw(st.booleans()):
        return LotKey(None, None, funder, rate, first, paid)
    last = draw(st.dates(date(1900, 1, 1), date(2100, 1, 1)))
    term = expiry.until(last, draw(st.sampled_from(["UTC", "Europe/London", "Asia/Tehran"])))
    return term.lot(LotKey(None, None, funder, rate, first, paid))


@st.composite
def lots(draw: st.DrawFn) -> Lot:
    """Return a lot, announced or not."""
    key = draw(lot_keys())
    warn_at = None if key.expires_at is None else key.expires_at - 7 * DAY_MS
    warn_at = draw(st.sampled_from([None, warn_at, warn_at]) | st.none() | ANY_INTEGER)
    return Lot(draw(NUMBERS), key, warn_at, draw(st.just(0) | ANY_INTEGER))


@st.composite
def pending_lots(draw: st.DrawFn) -> PendingLot:
    """Return a pending lot."""
    lot = draw(lots())
    key = PendingKey(draw(ANY_INTEGER), draw(DAY_TEXTS), lot.key)
    return PendingLot(lot.amount, key, lot.warn_at)


BALANCES: Final = st.builds(
    Balance,
    lists(lots()).map(tuple),
    lists(pending_lots()).map(tuple),
    st.just(0) | NUMBERS,
)
COUNTERS: Final = lists(
    st.tuples(
        st.builds("{}/{}".format, st.sampled_from(["", "a", "clinic/visit"]), NAMES) | NAMES,
        st.builds(Counter, NUMBERS, st.none() | ANY_INTEGER),
    )
).map(dict)
METRICS: Final = st.dictionaries(NAMES, lists(st.tuples(NAMES, NUMBERS)).map(dict), max_size=3)
JSON: Final = st.recursive(
    st.none() | st.booleans() | ANY_INTEGER | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
ENROLMENTS: Final = st.builds(
    Enrolment,
    ANY_INTEGER,
    DAY_TEXTS,
    NAMES,
    st.lists(st.builds(TierStep, ANY_INTEGER, NAMES, NAMES), max_size=3).map(tuple),
    st.none() | ANY_INTEGER,
    st.booleans(),
)
ACCOUNTS: Final = st.builds(
    Account,
    version=st.integers(0, 2**40),
    head=st.binary(max_size=32),
    status=st.sampled_from(["prospect", "enrolled", "closed", "household"]),
    opened_at=ANY_INTEGER,
    effective_at=ANY_INTEGER,
    enrolments=st.dictionaries(NAMES, ENROLMENTS, max_size=2),
    balances=st.dictionaries(NAMES, BALANCES, max_size=2),
    counters=COUNTERS,
    metrics=METRICS,
    stats=st.builds(Stats, NUMBERS, NUMBERS),
    consents=st.dictionaries(NAMES, st.booleans(), max_size=2),
    progress=st.dictionaries(
        NAMES, st.dictionaries(NAMES, st.dictionaries(NAMES, JSON, max_size=2), max_size=2),
        max_size=2,
    ),
)  # fmt: skip


class TestRoundTrip:
    """Nothing is lost, whatever it is."""

    @given(ACCOUNTS)
    @settings(max_examples=examples(40))
    def test_any_account(self, account: Account) -> None:
        """What is read equals what was written, and is written again as it was."""
        body = compact.encode(account)

        assert read(body, account) == account
        assert compact.encode(read(body, account)) == body

    @given(lists(lots()), lists(pending_lots()))
    @settings(max_examples=examples(40))
    def test_order(self, usable: list[Lot], waiting: list[PendingLot]) -> None:
        """Lots come back in the order in which they lay, those that fit no column too."""
        account = Account(balances={POINTS: Balance(tuple(usable), tuple(waiting))})

        balance = read(compact.encode(account), account).balance(POINTS)

        assert balance.lots == tuple(usable)
        assert balance.pending == tuple(waiting)

    def test_what_fits_no_column(self) -> None:
        """One odd lot among many: what comes before it lies in columns, what follows does not."""
        these = list(daily(40))
        these[30] = replace(these[30], key=LotKey(these[30].key.expires_at, "a day"))
        account = Account(balances={POINTS: Balance(tuple(these))})

        body = compact.encode(account)

        stored = json.loads(zlib.decompress(body))
        assert len(stored["lots"][POINTS][0]) == 30
        assert len(stored["account"]["balances"][POINTS]["lots"]) == 10
        assert read(body, account) == account

    def test_what_lies_beside_the_body(self) -> None:
        """Version and head are in no body: two truths could differ."""
        account = Account(version=7, head=b"head", opened_at=1)

        body = compact.encode(account)

        assert body == compact.encode(replace(account, version=8, head=b""))
        assert compact.decode(body, version=9, head=b"h") == replace(account, version=9, head=b"h")


class TestUnreadable:
    """What is no body is refused, and never half read."""

    LOTS: Final[list[Any]] = [
        [5, 6], [20_000, 1], [[0, 2]], [[None, 2]], [["", 2]], [[0, 2]], [[None, 2]], [[0, 2]],
    ]  # fmt: skip

    @staticmethod
    def refused(body: bytes) -> None:
        """Expect a refusal."""
        with pytest.raises(compact.Unreadable, match="the body of an account cannot be read"):
            compact.decode(body, version=1, head=b"")

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"not compressed",
            compact.encode(Account(opened_at=5))[:-3],
            zlib.compress(b""),
            zlib.compress(b"not json"),
            zlib.compress(b'{"account":{"status":"\xff"}}'),
            zlib.compress(b"[]"),
            zlib.compress(b'{"account":{"status":"gone"}}'),
            # As the releases before wrote it.
            zlib.compress(b'{"status":"enrolled","opened_at":5}'),
        ],
    )
    def test_bytes(self, body: bytes) -> None:
        """Bytes that nobody wrote, or an earlier release."""
        self.refused(body)

    def test_columns(self) -> None:
        """Columns of one length are read."""
        document = {"account": {}, "lots": {POINTS: self.LOTS}}

        account = compact.decode(zlib.compress(json.dumps(document).encode()), version=0, head=b"")

        assert [lot.amount for lot in account.balance(POINTS).lots] == [5, 6]

    @pytest.mark.parametrize(
        ("place", "column"),
        [
            (0, [5]),
            (0, [5, "6"]),
            (1, [20_000]),
            (1, [20_000, 10**9]),
            (1, [20_000, 10**30]),
            (2, [[0, 1]]),
            (2, [[0, 3]]),
            (2, [[0]]),
            (3, [[None, 2], [5, 1]]),
            (4, [["", 2, 0]]),
            (5, []),
            (6, [[None, 1]]),
            (7, [[None, 2]]),
        ],
    )
    def test_columns_that_disagree(self, place: int, column: list[Any]) -> None:
        """Columns of several lengths, values of another type, days beyond the calendar."""
        columns = [*self.LOTS[:place], column, *self.LOTS[place + 1 :]]
        document = {"account": {}, "lots": {POINTS: columns}}

        self.refused(zlib.compress(json.dumps(document).encode()))

    @pytest.mark.parametrize(
        ("name", "columns"),
        [
            ("pending", [[20_000], [[0, 2]], LOTS]),
            ("pending", [[20_000, 1], [[0, 1]], LOTS]),
            ("counters", [[20_000, 1], [3], [[0, 2]]]),
            ("counters", [[20_000, 1], [3, 4], [[0, 1]]]),
            ("metrics", [[600, 1], [3], [], []]),
            ("metrics", [[], [], [20_000], [3, 4]]),
        ],
    )
    def test_other_columns_that_disagree(self, name: str, columns: list[Any]) -> None:
        """Columns of several lengths, wherever they are."""
        document = {"account": {}, name: {POINTS: columns}}

        self.refused(zlib.compress(json.dumps(document).encode()))


# What an account takes


def daily(count: int, zone: str = "Europe/London", *, every: int = 1) -> tuple[Lot, ...]:
    """Return varied lots of one day after another; the first few were announced already."""
    chance = random.Random(count)  # noqa: S311 - only has to be varied
    found = []
    for number in range(count):
        last = date(2027, 1, 1) + timedelta(days=number * every)
        term = expiry.until(last, zone, 14)
        warn_at = term.warn_at if number >= 14 else None
        found.append(Lot(chance.randrange(1, 500), term.lot(), warn_at))
    return tuple(found)


def waiting(count: int) -> tuple[PendingLot, ...]:
    """Return varied value of one day after another that waits for a fortnight."""
    found = []
    for number, lot in enumerate(daily(count)):
        day = date(2026, 1, 15) + timedelta(days=number)
        start = calendar.day_start(day, "Europe/London")
        found.append(PendingLot(lot.amount, PendingKey(start, day.isoformat(), lot.key), None))
    return tuple(found)


def member(usable: tuple[Lot, ...], pending: tuple[PendingLot, ...] = ()) -> Account:
    """Return an account in its second year, with lots: three metrics, a cap by the day."""
    chance = random.Random(1)  # noqa: S311 - only has to be varied
    joined = calendar.day_start(date(2026, 1, 1), "Europe/London")
    steps = (TierStep(joined, "base", "enrolled"), TierStep(joined + 9_876_543, "gold", "reached"))
    months = [f"{2026 + n // 12}-{n % 12 + 1:02d}" for n in range(14)]
    metrics = {}
    for name in ("points_earned/points", "visits", "spend"):
        values = {month: chance.randrange(1, 5_000) for month in months}
        metrics[f"clinic/{name}"] = values | {"all": sum(values.values())}
    counters = {}
    for number in range(30):
        day = date(2027, 1, 20) + timedelta(days=number)
        until = calendar.day_start(day + timedelta(days=31), "Europe/London")
        counters[f"limit/clinic/visit/max/day/{day}"] = Counter(chance.randrange(1, 150), until)
    return Account(
        version=400,
        head=bytes(32),
        status="enrolled",
        opened_at=joined,
        effective_at=joined + 400 * DAY_MS,
        enrolments={"clinic": Enrolment(joined, "2026-01-01", "gold", steps)},
        balances={POINTS: Balance(usable, pending)},
        counters=counters,
        metrics=metrics,
        stats=Stats(280, 400),
        consents={"programme": True},
    )


class TestSize:
    """The bytes of bodies, all else that an account in its second year has included."""

    @pytest.mark.parametrize(
        ("count", "zone", "every", "most"),
        [
            (0, "UTC", 1, 560),
            (3, "Europe/London", 1, 625),
            (15, "Europe/London", 1, 760),
            (16, "Europe/London", 1, 640),
            (100, "UTC", 1, 810),
            (100, "Europe/London", 1, 825),
            (100, "Asia/Tehran", 7, 815),
            (366, "UTC", 1, 1_300),
            (366, "Europe/London", 1, 1_330),
            (366, "America/Santiago", 3, 1_350),
            (2_000, "Europe/London", 1, 4_100),
        ],
    )
    def test_bytes(self, count: int, zone: str, every: int, most: int) -> None:
        """Varied lots take a little more than two bytes each, whatever the zone."""
        account = member(daily(count, zone, every=every))

        body = compact.encode(account)

        assert len(body) <= most
        assert read(body, account) == account

    def test_pending(self) -> None:
        """Value that waits beside a year of lots takes little more."""
        account = member(daily(366), waiting(30))

        body = compact.encode(account)

        assert len(body) <= 1_425
        assert read(body, account) == account

    def test_few_are_objects(self) -> None:
        """An ordinary account is written as it is, so that it is as quick as it can be."""
        account = member(daily(3))

        stored = json.loads(zlib.decompress(compact.encode(replace(account, counters={}))))

        assert stored.keys() == {"account"}
        plain = msgspec.to_builtins(replace(account, version=0, head=b"", counters={}))
        assert stored["account"] == json.loads(json.dumps(plain))

    def test_columns(self) -> None:
        """The layout, value by value: a change of it is a new schema."""
        chance = iter(range(100, 120))
        these = tuple(replace(lot, amount=next(chance)) for lot in daily(20, every=7))
        account = Account(balances={POINTS: Balance(these)})

        stored = json.loads(zlib.decompress(compact.encode(account)))

        hour = 3_600_000
        assert stored == {
            "account": {"balances": {POINTS: {}}},
            "lots": {
                POINTS: [
                    list(range(100, 120)),
                    [20_819, *[7] * 19],
                    [[24 * hour, 13], [23 * hour, 7]],
                    [[None, 14], [359 * hour, 1], [360 * hour, 5]],
                    [["tenant", 20]],
                    [[0, 20]],
                    [[None, 20]],
                    [[0, 20]],
                ]
            },
        }
