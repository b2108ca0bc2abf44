"""
Let time pass: write what fell due on accounts that nobody touched.

Balances do not wait for this, since every read and write settles first; what waits is only what
is derived from the journal.  The work is proportional to what is due.  It can stop anywhere, run
again, or run twice at once: an account is settled from what it then is, and leaves its place in
the due index in the same transaction.  `fan_out` shares the work of a long list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from chalicelib.domain.decide.settling import SETTLE_MAX, due_at
from chalicelib.domain.ledger.actor import CLOCK
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.usecases.attempt import commit_due
from chalicelib.usecases.execution import RESERVE_MS
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.stored import Conflicted, Due, Loaded, OutcomeUnknown

SHARDS = 16


class Settled(NamedTuple):
    """
    What became of one account, in so many events.

    `left`: someone else was at it, who settles it too, or time ran out.  `failed`: it cannot be
    settled, and somebody has to look at it.
    """

    events: int = 0
    outcome: Literal["done", "left", "failed"] = "done"


class Ticked(NamedTuple):
    """
    How many accounts were brought up to date, and in how many events.

    ``left`` are for the next run, ``failed`` for an operator; ``sent`` counts the messages for
    others to go on from; ``finished`` is false where time ran out; ``lag_ms`` is how long the
    account that waits longest had waited when the run began.
    """

    accounts: int = 0
    left: int = 0
    events: int = 0
    finished: bool = True
    failed: int = 0
    sent: int = 0
    lag_ms: int = 0


# How one account is settled; where failures are not to stop the run, it catches them.
Settle = Callable[[Due], Settled]


def tick(
    services: Services,
    caller: Caller,
    until: Instant,
    *,
    test_tenant: str | None = None,
    shards: Iterable[int] = range(SHARDS),
) -> Ticked:
    """
    Settle every account that is due by an instant, while there is time.

    ``test_tenant`` settles the accounts of a tenant with a test clock, which has a part of the
    index to itself.  An account that cannot be settled raises what its settling raised.
    """
    found = (
        place
        for shard in shards
        for place in services.ledger.due(shard, until, test_tenant=test_tenant)
    )
    settle = settler(services, caller, on_test_clock=test_tenant is not None)
    return settle_all(caller, found, settle)


def settler(services: Services, caller: Caller, *, on_test_clock: bool = False) -> Settle:
    """Return how one account is settled; ``caller`` says how much time there is."""

    def settle(place: Due) -> Settled:
        return _settle(services, caller, place, on_test_clock=on_test_clock)

    return settle


def settle_all(caller: Caller, found: Iterable[Due], settle: Settle) -> Ticked:
    """Settle accounts in the given order, while there is time."""
    done = Ticked()
    for place in found:
        if caller.remaining_ms() < RESERVE_MS:
            return done._replace(finished=False)
        settled = settle(place)
        done = done._replace(
            accounts=done.accounts + (settled.outcome == "done"),
            left=done.left + (settled.outcome == "left"),
            failed=done.failed + (settled.outcome == "failed"),
            events=done.events + settled.events,
        )
    return done


def _settle(services: Services, caller: Caller, place: Due, *, on_test_clock: bool) -> Settled:
    owner = Caller(tenant=place.tenant, actor=CLOCK, remaining_ms=caller.remaining_ms)
    written = 0
    try:
        while True:
            loaded = services.ledger.load(place.tenant, [place.member], with_clock=on_test_clock)
            events = commit_due(services, owner, place.member, loaded, test_clock=on_test_clock)
            written += events
            if events < SETTLE_MAX:
                break
            if caller.remaining_ms() < RESERVE_MS:
                return Settled(written, "left")
    except (Conflicted, OutcomeUnknown):
        return Settled(written, "left")
    if events == 0:
        _correct(services, place, loaded, on_test_clock=on_test_clock)
    return Settled(written)


def _correct(services: Services, place: Due, loaded: Loaded, *, on_test_clock: bool) -> None:
    """
    Move an account to its right place in the index, where nothing fell due at its place.

    The index is only a lower bound: what it announced may have been spent in the meantime.  Where
    the place is right, somebody settled the account just now.
    """
    read = loaded.accounts[place.member]
    account = read.account
    if account is None or read.indexed_due in (None, due_at(account)):
        return
    services.ledger.reindex(
        place.tenant,
        place.member,
        account.version,
        due_at(account),
        on_test_clock=on_test_clock,
    )
