"""
The member's account: what one member holds, and the only way in which it comes to hold it.

`evolve` folds one journal event into the account.  It knows no programme and no rule: an event
carries complete deltas, so that a journal written by any earlier release folds to the same
account.  `mechanics` decide which deltas; here they are only applied.  One module because the
account is what the deltas fold to, and each delta has its place in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar, Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.ledger import effects as fx
from chalicelib.domain.ledger.calendar import Instant, local_date, month_of
from chalicelib.domain.ledger.events import Event
from chalicelib.domain.ledger.lots import Balance, Lot, PendingLot

Status = fx.Status
#: Whose an account is.
Holder = Literal["member", fx.NoMember]

# Older buckets of metrics, 942 days at least, serve no window, nor a term or grace after it.
METRIC_MONTHS_KEPT = 31
# Changes of tier older than this serve no late activity any more (the back-date limit is 365 days).
TIMELINE_KEPT_MS = 800 * 86_400_000
LIFETIME = "all"
_DAY = len("2026-11-22")


class Counter(Struct, frozen=True, array_like=True):
    """How much of something is counted, such as of a cap; forgotten after ``keep_until``."""

    value: int
    keep_until: Instant | None


_LIMIT: Final = "limit/"
_LEGAL_CAP: Final = "legal/"


def limit_counter(programme: str, of: str) -> str:
    """
    Return the counter of what a member has used ``of`` a limit of a programme.

    Such counters, and those of legal caps, come along where a member who left comes back.
    """
    return f"{_LIMIT}{programme}/{of}"


def cap_counter(total: str, year: int) -> str:
    """Return the counter of what a member was given in a year, of a sum that the law caps."""
    return f"{_LEGAL_CAP}{total}/{year:04d}"


def comes_along(counter: str) -> bool:
    """Tell whether a counter is of a limit (`limit_counter`) or of a legal cap (`cap_counter`)."""
    return counter.startswith((_LIMIT, _LEGAL_CAP))


class TierStep(Struct, frozen=True, array_like=True):
    """From this instant the member held this tier, for this reason."""

    since: Instant
    tier: str
    reason: str


class Enrolment(Struct, frozen=True, omit_defaults=True):
    """
    A member in a programme.

    ``stepped_to`` is the tier to which a review took what is held beneath an override, at
    ``stepped_at``: of that the timeline does not tell.
    """

    joined_at: Instant
    joined_on: str
    tier: str
    timeline: tuple[TierStep, ...]
    review_at: Instant | None = None
    in_grace: bool = False
    stepped_to: str = ""
    stepped_at: Instant = 0

    def tier_at(self, instant: Instant) -> str:
        """Return the tier held at an instant; before joining, the one that joining gave."""
        held = self.timeline[0].tier
        for step in self.timeline:
            if step.since <= instant:
                held = step.tier
        return held


class Stats(Struct, frozen=True, omit_defaults=True):
    """What is true of the member whatever the programme."""

    visits: int = 0
    activities: int = 0


#: What of an account grows over a life: value, debt, and what is counted by a counter or metric.
SumKind = Literal["held", "owed", "counted", "measured"]


class Account(Struct, frozen=True, omit_defaults=True):
    """
    The aggregate: everything that a decision about one member needs.

    ``version`` counts the events, ``head`` is the hash of the last, ``effective_at`` its instant.
    Keys: ``enrolments`` by programme; ``balances`` by `programme/currency`; ``metrics`` by
    `programme/metric`, then by month `2026-11`, perhaps by day `2026-11-22`, and `all`;
    ``consents`` by purpose; ``progress`` by mechanic, then by a key of its own
    (`progress.ProgressStore`).  ``birthday`` is MM-DD, empty where it is not known;
    ``age_bands`` are the days from which the member is in each.  The directory has both too, and
    all is written in one transaction.
    """

    version: int = 0
    head: bytes = b""
    status: Status = "prospect"
    opened_at: Instant = 0
    effective_at: Instant = 0
    enrolments: dict[str, Enrolment] = {}
    balances: dict[str, Balance] = {}
    counters: dict[str, Counter] = {}
    metrics: dict[str, dict[str, int]] = {}
    stats: Stats = Stats()
    consents: dict[str, bool] = {}
    birthday: str = ""
    age_bands: dict[str, str] = {}
    progress: dict[str, dict[str, Any]] = {}

    @property
    def holder(self) -> Holder:
        """Return whose account it is."""
        match self.status:
            case "prospect" | "enrolled" | "closed":
                return "member"
            case holder:
                return holder

    def balance(self, currency: str) -> Balance:
        """Return the balance of a `programme/currency`, empty where there is none."""
        return self.balances.get(currency, _EMPTY)

    def counter(self, key: str) -> int:
        """Return how much of a cap or limit is used."""
        held = self.counters.get(key)
        return held.value if held else 0

    def sums(self) -> Iterator[tuple[tuple[SumKind, str], int]]:
        """Yield every sum that grows over a life, by its kind and `programme/…` key."""
        for currency, held in self.balances.items():
            yield ("held", currency), held.lots_total + held.pending_total
            yield ("owed", currency), held.deficit
        for key, counter in self.counters.items():
            yield ("counted", key), counter.value
        for metric, buckets in self.metrics.items():
            yield ("measured", metric), max(buckets.values())


_EMPTY = Balance()


class Corrupt(ValueError):
    """An event that cannot follow from the account it claims to continue."""


class Folding:
    """An account being changed: its containers are copies, its values are immutable."""

    def __init__(self, account: Account) -> None:
        self._before = account
        self.status: Status = account.status
        self.opened_at = account.opened_at
        self.enrolments = dict(account.enrolments)
        self.balances = dict(account.balances)
        self.counters = dict(account.counters)
        self.metrics = dict(account.metrics)
        self.stats = account.stats
        self.consents = dict(account.consents)
        self.birthday = account.birthday
        self.age_bands = account.age_bands
        self.progress = dict(account.progress)

    def apply(self, effect: fx.Effect) -> None:
        """Apply one delta."""
        self._EFFECTS[type(effect)](self, effect)

    def apply_all(self, effects: Iterable[fx.Effect]) -> None:
        """Apply deltas in order."""
        for effect in effects:
            self._EFFECTS[type(effect)](self, effect)

    def forget(self, instant: Instant) -> None:
        """Drop what serves no window any more, so that an account does not grow with its age."""
        stale = [
            key
            for key, counter in self.counters.items()
            if counter.value == 0 or (counter.keep_until or instant) < instant
        ]
        for key in stale:
            del self.counters[key]
        oldest = _months_before(month_of(local_date(instant, "UTC")), METRIC_MONTHS_KEPT)
        for metric, buckets in list(self.metrics.items()):
            if min(buckets) < oldest:
                kept = {b: n for b, n in buckets.items() if b == LIFETIME or b >= oldest}
                self._set_metric(metric, kept)
        for programme, enrolment in self.enrolments.items():
            timeline = _recent(enrolment.timeline, instant - TIMELINE_KEPT_MS)
            if len(timeline) != len(enrolment.timeline):
                self.enrolments[programme] = replace(enrolment, timeline=timeline)

    def account(self, *, version: int, head: bytes, effective_at: Instant) -> Account:
        """Return the account as it now is."""
        return Account(
            version=version,
            head=head,
            status=self.status,
            opened_at=self.opened_at,
            effective_at=effective_at,
            enrolments=self.enrolments,
            balances=self.balances,
            counters=self.counters,
            metrics=self.metrics,
            stats=self.stats,
            consents=self.consents,
            birthday=self.birthday,
            age_bands=self.age_bands,
            progress=self.progress,
        )

    def so_far(self) -> Account:
        """Return the account as the deltas so far leave it, still at the version before them."""
        before = self._before
        return self.account(
            version=before.version, head=before.head, effective_at=before.effective_at
        )

    def _balance(self, currency: str) -> Balance:
        return self.balances.get(currency, _EMPTY)

    def _opened(self, effect: fx.Opened) -> None:
        self.opened_at = effect.at

    def _status(self, effect: fx.StatusChange) -> None:
        self.status = effect.status

    def _enrolled(self, effect: fx.Enrolled) -> None:
        step = TierStep(effect.joined_at, effect.tier, "enrolled")
        self.enrolments[effect.programme] = Enrolment(
            joined_at=effect.joined_at,
            joined_on=effect.joined_on,
            tier=effect.tier,
            timeline=(step,),
        )

    def _tier(self, effect: fx.TierChange) -> None:
        enrolment = self.enrolments[effect.programme]
        self.enrolments[effect.programme] = replace(
            enrolment,
            tier=effect.tier,
            timeline=tuple(TierStep(*step) for step in effect.timeline),
        )

    def _review(self, effect: fx.ReviewChange) -> None:
        enrolment = self.enrolments[effect.programme]
        self.enrolments[effect.programme] = replace(
            enrolment,
            review_at=effect.review_at,
            in_grace=effect.in_grace,
            stepped_to=effect.stepped_to or enrolment.stepped_to,
            stepped_at=effect.stepped_at or enrolment.stepped_at,
        )

    def _lot(self, effect: fx.LotChange) -> None:
        balance = self._balance(effect.currency)
        held = balance.lot(effect.lot) or Lot(0, effect.lot, None, effect.since)
        amount = held.amount + effect.delta
        if amount < 0:
            raise Corrupt(f"lot {effect.lot.expires_on} of {effect.currency} would hold {amount}")
        warn_at = effect.warn_at if held.warn_at is None else held.warn_at
        lot = Lot(amount, held.key, warn_at, held.since)
        self._set_balance(effect.currency, balance.with_lot(lot))

    def _warned(self, effect: fx.LotWarned) -> None:
        balance = self._balance(effect.currency)
        lot = balance.lot(effect.lot)
        if lot is None:
            raise Corrupt(f"lot {effect.lot.expires_on} of {effect.currency} is absent")
        self._set_balance(effect.currency, balance.with_lot(replace(lot, warn_at=None)))

    def _pending(self, effect: fx.PendingChange) -> None:
        balance = self._balance(effect.currency)
        held = balance.pending_lot(effect.pending) or PendingLot(0, effect.pending)
        amount = held.amount + effect.delta
        if amount < 0:
            active_on = effect.pending.active_on
            raise Corrupt(f"pending {active_on} of {effect.currency} would hold {amount}")
        warn_at = effect.warn_at if held.warn_at is None else held.warn_at
        lot = PendingLot(amount, held.key, warn_at)
        self._set_balance(effect.currency, balance.with_pending(lot))

    def _deficit(self, effect: fx.DeficitChange) -> None:
        balance = self._balance(effect.currency)
        deficit = balance.deficit + effect.delta
        if deficit < 0:
            raise Corrupt(f"deficit of {effect.currency} would be {deficit}")
        self._set_balance(effect.currency, Balance(balance.lots, balance.pending, deficit))

    def _set_balance(self, currency: str, balance: Balance) -> None:
        if balance == _EMPTY:
            self.balances.pop(currency, None)
        else:
            self.balances[currency] = balance

    def _counter(self, effect: fx.CounterChange) -> None:
        held = self.counters.get(effect.key)
        value = (held.value if held else 0) + effect.delta
        if value:
            self.counters[effect.key] = Counter(value, effect.keep_until)
        else:
            self.counters.pop(effect.key, None)

    def _metric(self, effect: fx.MetricChange) -> None:
        buckets = dict(self.metrics.get(effect.metric, {}))
        for bucket in filter(None, (effect.day, effect.month, LIFETIME)):
            total = buckets.get(bucket, 0) + effect.delta
            if total:
                buckets[bucket] = total
            else:
                buckets.pop(bucket, None)
        if effect.days_from:
            buckets = {b: n for b, n in buckets.items() if not _is_day_before(effect.days_from, b)}
        self._set_metric(effect.metric, buckets)

    def _set_metric(self, metric: str, buckets: dict[str, int]) -> None:
        if buckets:
            self.metrics[metric] = buckets
        else:
            self.metrics.pop(metric, None)

    def _consent(self, effect: fx.ConsentChange) -> None:
        self.consents[effect.purpose] = effect.granted

    def _birthday(self, effect: fx.BirthdayChange) -> None:
        self.birthday = effect.birthday

    def _age_bands(self, effect: fx.AgeBandsChange) -> None:
        self.age_bands = effect.bands

    def _progress(self, effect: fx.ProgressChange) -> None:
        records = dict(self.progress.get(effect.mechanic, {}))
        if effect.record is None:
            records.pop(effect.key, None)
        else:
            records[effect.key] = effect.record
        if records:
            self.progress[effect.mechanic] = records
        else:
            self.progress.pop(effect.mechanic, None)

    def _stat(self, effect: fx.StatChange) -> None:
        self.stats = Stats(
            visits=self.stats.visits + effect.visits,
            activities=self.stats.activities + effect.activities,
        )

    _EFFECTS: ClassVar[dict[type[fx.Effect], Callable[[Folding, Any], None]]] = {
        fx.Opened: _opened,
        fx.StatusChange: _status,
        fx.Enrolled: _enrolled,
        fx.TierChange: _tier,
        fx.ReviewChange: _review,
        fx.LotChange: _lot,
        fx.LotWarned: _warned,
        fx.PendingChange: _pending,
        fx.DeficitChange: _deficit,
        fx.CounterChange: _counter,
        fx.MetricChange: _metric,
        fx.StatChange: _stat,
        fx.ConsentChange: _consent,
        fx.BirthdayChange: _birthday,
        fx.AgeBandsChange: _age_bands,
        fx.ProgressChange: _progress,
    }


def evolve(account: Account, event: Event, head: bytes) -> Account:
    """
    Return the account after one more event; ``head`` is the event's hash in the chain.

    Raises `Corrupt` where the event cannot follow: a gap in versions, a step back in time, or a
    delta that would take more than there is.
    """
    if event.version != account.version + 1:
        raise Corrupt(f"event {event.version} cannot follow version {account.version}")
    if event.effective_at < account.effective_at:
        raise Corrupt(f"event {event.version} takes effect before the one it follows")
    folding = Folding(account)
    folding.apply_all(event.effects)
    folding.forget(event.effective_at)
    return folding.account(version=event.version, head=head, effective_at=event.effective_at)


def _recent(timeline: tuple[TierStep, ...], oldest: Instant) -> tuple[TierStep, ...]:
    """Keep the steps since ``oldest`` and the one that was in force then."""
    first = 0
    for index, step in enumerate(timeline):
        if step.since <= oldest:
            first = index
    return timeline[first:]


def _is_day_before(day: str, bucket: str) -> bool:
    return len(bucket) == _DAY and bucket < day


def _months_before(month: str, count: int) -> str:
    year, number = divmod(int(month[:4]) * 12 + int(month[5:]) - 1 - count, 12)
    return f"{year:04d}-{number + 1:02d}"
