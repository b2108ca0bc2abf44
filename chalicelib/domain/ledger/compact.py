"""
The stored body of an account: few bytes, which give back exactly what went in.

A body is zlib, of JSON; what is empty is left out::

    {"account":  {…},
     "lots":     {currency: [amounts, days, ends*, warnings*, funders*, rates*, firsts*, since*]},
     "pending":  {currency: [days, starts*, [as of lots]]},
     "counters": {prefix: [days, values, ends*]},
     "metrics":  {metric: [months, their values, days, their values]}}

What is few stays in ``account`` as objects: so it is read and written fastest, and takes little.
From `_MANY` on, lots, counters and buckets lie in columns, in their order.  The rest stays, too:
counters and buckets of no day or month, and all lots from the first on that fits no column (its
last day is no date, or it has a day without an instant).

Days and months are counted from 1970, all but the first from the one before.  Starts and ends are
milliseconds since that day began in UTC: alike on most days of a zone.  An end is ``None`` where
value lasts for ever; its day is then the one before.  Warnings are milliseconds before the end,
``None`` where nothing is announced.  Rates are twice the rate, and one more where the lot is paid.
Firsts are milliseconds before the end, ``None`` where the lot was not prolonged.  Columns with a
star are runs: ``[value, how often]``.

``version`` and ``head`` are in no body: they lie beside it, where conditions can be put on them.
One module because each column is read as it was written.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from itertools import accumulate, groupby
from typing import Final, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.ledger.account import Account, Counter
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.journal import deflate
from chalicelib.domain.ledger.lots import Balance, Lot, LotKey, PendingKey, PendingLot

T = TypeVar("T")
Runs = list[tuple[T, int]]

#: The only schema that is written and read.  5: lots named by a key with `first_expires_at`.
SCHEMA: Final = 5

_MANY: Final = 16
_DAY_MS: Final = 86_400_000
_EPOCH: Final = date(1970, 1, 1)


class Unreadable(ValueError):
    """Bytes that are not the body of an account."""


class _Lots(Struct, frozen=True, array_like=True):
    amounts: list[int]
    days: list[int]
    ends: Runs[int | None]
    warnings: Runs[int | None]
    funders: Runs[str]
    rates: Runs[int]
    firsts: Runs[Instant | None]
    since: Runs[Instant]


class _Pending(Struct, frozen=True, array_like=True):
    days: list[int]
    starts: Runs[int]
    lots: _Lots


class _Counters(Struct, frozen=True, array_like=True):
    days: list[int]
    values: list[int]
    ends: Runs[int | None]


class _Buckets(Struct, frozen=True, array_like=True):
    months: list[int]
    of_months: list[int]
    days: list[int]
    of_days: list[int]


class _Body(Struct, frozen=True, omit_defaults=True):
    account: Account
    lots: dict[str, _Lots] = {}
    pending: dict[str, _Pending] = {}
    counters: dict[str, _Counters] = {}
    metrics: dict[str, _Buckets] = {}


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(_Body)


def encode(account: Account) -> bytes:
    """Return the body of an account."""
    lots, pending, balances = _from_balances(account.balances)
    days, counters = _from_counters(account.counters)
    buckets, metrics = _from_metrics(account.metrics)
    rest = replace(
        account, version=0, head=b"", balances=balances, counters=counters, metrics=metrics
    )
    body = _Body(rest, lots, pending, days, buckets)
    return deflate(_ENCODER.encode(body), smallest=True)


def decode(body: bytes, *, version: int, head: bytes) -> Account:
    """
    Return the account of a body and of what lies beside it.

    Raises `Unreadable` where the bytes are not a body.
    """
    try:
        read = _DECODER.decode(zlib.decompress(body))
        return replace(
            read.account,
            version=version,
            head=head,
            balances=_to_balances(read),
            counters=_to_counters(read),
            metrics=_to_metrics(read),
        )
    except (zlib.error, msgspec.MsgspecError, ValueError, OverflowError) as why:
        raise Unreadable(f"the body of an account cannot be read: {why}") from why


def _from_balances(
    balances: dict[str, Balance],
) -> tuple[dict[str, _Lots], dict[str, _Pending], dict[str, Balance]]:
    """Return the columns of lots and of pending lots, and the balances without them."""
    lots: dict[str, _Lots] = {}
    pending: dict[str, _Pending] = {}
    rest = dict(balances)
    for currency, balance in balances.items():
        usable, waiting = balance.lots, balance.pending
        if len(usable) >= _MANY:
            lots[currency] = columns = _lot_columns(usable)
            usable = usable[len(columns.amounts) :]
        if len(waiting) >= _MANY:
            pending[currency] = those = _pending_columns(waiting)
            waiting = waiting[len(those.days) :]
        rest[currency] = Balance(usable, waiting, balance.deficit)
    return lots, pending, rest


def _lot_columns(lots: Sequence[Lot]) -> _Lots:
    """Return columns of all lots before the first that does not fit."""
    days: list[int] = []
    ends: list[int | None] = []
    warnings: list[int | None] = []
    day = 0
    for lot in lots:
        last, gone = lot.key.expires_on, lot.key.expires_at
        on = None if last is None else _day(last)
        end = warning = None
        if on is not None and gone is not None:
            day, end = on, gone - on * _DAY_MS
            warning = None if lot.warn_at is None else gone - lot.warn_at
        elif (last, gone, lot.warn_at) != (None, None, None):
            break
        days.append(day)
        ends.append(end)
        warnings.append(warning)
    fitting = lots[: len(days)]
    return _Lots(
        [lot.amount for lot in fitting],
        _steps(days),
        _runs(ends),
        _runs(warnings),
        _runs(lot.key.funder for lot in fitting),
        _runs(2 * lot.key.rate + lot.key.paid for lot in fitting),
        _runs(_first(lot.key) for lot in fitting),
        _runs(lot.since for lot in fitting),
    )


def _first(key: LotKey) -> int | None:
    """Return how long before its end a prolonged lot was to be gone before."""
    if key.first_expires_at is None:
        return None
    return (key.expires_at or 0) - key.first_expires_at


def _pending_columns(pending: Sequence[PendingLot]) -> _Pending:
    """Return columns of all pending lots before the first that does not fit."""
    days = []
    for lot in pending:
        day = _day(lot.key.active_on)
        if day is None:
            break
        days.append(day)
    lots = _lot_columns([Lot(lot.amount, lot.key.lot, lot.warn_at) for lot in pending[: len(days)]])
    del days[len(lots.amounts) :]
    starts = [lot.key.active_at - day * _DAY_MS for day, lot in zip(days, pending, strict=False)]
    return _Pending(_steps(days), _runs(starts), lots)


def _to_balances(body: _Body) -> dict[str, Balance]:
    balances = body.account.balances
    for currency in {**body.lots, **body.pending}:
        rest = balances.get(currency, Balance())
        lots = _lots(body.lots[currency]) if currency in body.lots else ()
        pending = _pending(body.pending[currency]) if currency in body.pending else ()
        whole = Balance((*lots, *rest.lots), (*pending, *rest.pending), rest.deficit)
        balances = balances | {currency: whole}
    return balances


def _lots(columns: _Lots) -> Iterator[Lot]:
    for amount, day, end, warning, funder, rate, first, since in zip(
        columns.amounts,
        accumulate(columns.days),
        _spread(columns.ends),
        _spread(columns.warnings),
        _spread(columns.funders),
        _spread(columns.rates),
        _spread(columns.firsts),
        _spread(columns.since),
        strict=True,
    ):
        gone = None if end is None else day * _DAY_MS + end
        last = None if end is None else _date(day)
        warn_at = None if gone is None or warning is None else gone - warning
        before = None if first is None else (gone or 0) - first
        key = LotKey(gone, last, funder, rate >> 1, before, bool(rate & 1))
        yield Lot(amount, key, warn_at, since)


def _pending(columns: _Pending) -> Iterator[PendingLot]:
    for day, start, lot in zip(
        accumulate(columns.days), _spread(columns.starts), _lots(columns.lots), strict=True
    ):
        key = PendingKey(day * _DAY_MS + start, _date(day), lot.key)
        yield PendingLot(lot.amount, key, lot.warn_at)


def _from_counters(held: dict[str, Counter]) -> tuple[dict[str, _Counters], dict[str, Counter]]:
    """Return columns of what is counted by day, under what their keys begin with, and the rest."""
    if len(held) < _MANY:
        return {}, held
    counted: dict[str, dict[int, Counter]] = {}
    rest = {}
    for key, counter in held.items():
        prefix, slash, bucket = key.rpartition("/")
        day = _day(bucket) if slash else None
        if day is None:
            rest[key] = counter
        else:
            counted.setdefault(prefix, {})[day] = counter
    columns = {}
    for prefix, of_days in counted.items():
        days = sorted(of_days)
        values = [of_days[day].value for day in days]
        ends = [
            None if (end := of_days[day].keep_until) is None else end - day * _DAY_MS
            for day in days
        ]
        columns[prefix] = _Counters(_steps(days), values, _runs(ends))
    return columns, rest


def _to_counters(body: _Body) -> dict[str, Counter]:
    counters = body.account.counters
    for prefix, columns in body.counters.items():
        rows = zip(accumulate(columns.days), columns.values, _spread(columns.ends), strict=True)
        counters = counters | {
            f"{prefix}/{_date(day)}": Counter(value, None if end is None else day * _DAY_MS + end)
            for day, value, end in rows
        }
    return counters


def _from_metrics(
    metrics: dict[str, dict[str, int]],
) -> tuple[dict[str, _Buckets], dict[str, dict[str, int]]]:
    """Return columns of the months and days of metrics, and the rest of their buckets."""
    columns: dict[str, _Buckets] = {}
    rest = dict(metrics)
    for metric, buckets in metrics.items():
        if len(buckets) < _MANY:
            continue
        months: dict[int, int] = {}
        days: dict[int, int] = {}
        others = {}
        for bucket, value in buckets.items():
            if (month := _month(bucket)) is not None:
                months[month] = value
            elif (day := _day(bucket)) is not None:
                days[day] = value
            else:
                others[bucket] = value
        columns[metric] = _Buckets(*_bucket_columns(months), *_bucket_columns(days))
        rest[metric] = others
    return columns, rest


def _bucket_columns(values: dict[int, int]) -> tuple[list[int], list[int]]:
    places = sorted(values)
    return _steps(places), [values[place] for place in places]


def _to_metrics(body: _Body) -> dict[str, dict[str, int]]:
    metrics = body.account.metrics
    for metric, columns in body.metrics.items():
        months = zip(map(_month_text, accumulate(columns.months)), columns.of_months, strict=True)
        days = zip(map(_date, accumulate(columns.days)), columns.of_days, strict=True)
        metrics = metrics | {metric: metrics.get(metric, {}) | dict(months) | dict(days)}
    return metrics


def _steps(places: list[int]) -> list[int]:
    """Return how far each place is from the one before, and the first from zero."""
    return [place - before for place, before in zip(places, [0, *places], strict=False)]


def _runs(column: Iterable[T]) -> Runs[T]:
    return [(value, len(list(run))) for value, run in groupby(column)]


def _spread(runs: Runs[T]) -> list[T]:
    column: list[T] = []
    for value, count in runs:
        column += [value] * count
    return column


@lru_cache(maxsize=4096)
def _day(text: str) -> int | None:
    """Return a date as days since 1970, or ``None`` for what is not written as one."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return (day - _EPOCH).days if day.isoformat() == text else None


@lru_cache(maxsize=4096)
def _date(day: int) -> str:
    return date.fromordinal(_EPOCH.toordinal() + day).isoformat()


@lru_cache(maxsize=4096)
def _month(text: str) -> int | None:
    """Return a month as months since 1970, or ``None`` for what is not written as one."""
    if _day(f"{text}-01") is None:
        return None
    return (int(text[:4]) - _EPOCH.year) * 12 + int(text[5:]) - 1


@lru_cache(maxsize=4096)
def _month_text(month: int) -> str:
    years, number = divmod(month, 12)
    return f"{_EPOCH.year + years:04d}-{number + 1:02d}"
