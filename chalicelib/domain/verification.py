"""
Checking an account against its journal, and looking at it as of a past instant.

Nothing here trusts the stored account: it is folded anew from the stored bytes, from the first or
from a checkpoint on.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Final

from msgspec import Struct

from chalicelib.domain.decide import registry
from chalicelib.domain.decide.settling import settle
from chalicelib.domain.ledger import journal
from chalicelib.domain.ledger.account import Account, evolve
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.events import Event
from chalicelib.domain.ledger.journal import StoredEvent
from chalicelib.domain.programme.versions import Programmes


class IntegrityError(Struct, frozen=True):
    """Something that does not hold; ``version`` names the event, 0 the account itself."""

    version: int
    detail: str


class Verdict(Struct, frozen=True):
    """The outcome of a check over so many events, those after the version ``since``."""

    events: int
    errors: tuple[IntegrityError, ...]
    since: int = 0

    @property
    def holds(self) -> bool:
        """Tell whether account and journal agree."""
        return not self.errors


_NOTHING: Final = Account()


class Verifier:
    """
    Folds a journal event by event, and stops at the first that cannot be trusted.

    ``start`` is the account before the first of them, and ``checkpoints`` are those after it, in
    order: they are held to what the journal folds to.
    """

    def __init__(
        self, key: str, start: Account = _NOTHING, checkpoints: Iterable[Account] = ()
    ) -> None:
        self._key = key
        self._account = start
        self._since = start.version
        self._checkpoints = iter(checkpoints)
        self._next = next(self._checkpoints, None)
        self._errors: list[IntegrityError] = []
        self._events = 0

    def take(self, stored: StoredEvent) -> None:
        """Check one more event: its place, its link in the chain, its postings, its effects."""
        if self._errors:
            return
        self._events += 1
        expected = self._account.version + 1
        error = self._check(stored, expected)
        if error:
            self._errors.append(IntegrityError(expected, error))

    def _check(self, stored: StoredEvent, expected: int) -> str:
        if stored.version != expected:
            return f"event {expected} is missing"
        link = journal.link(
            self._account.head, self._key, stored.version, stored.body, stored.detail
        )
        if link != stored.hash:  # nosemgrep: digest-compared - nobody can try it from outside
            return f"the bytes of event {stored.version} are not those that were written"
        try:
            event = journal.decode(stored)
            after = evolve(self._account, event, stored.hash)
        except ValueError as error:
            return str(error)
        if stored.effective_at != event.effective_at:
            return f"event {stored.version} is filed under another instant"
        contradiction = _moved(self._account, after, event)
        self._account = after
        return contradiction or self._against_checkpoint()

    def _against_checkpoint(self) -> str:
        kept = self._next
        if kept is None or kept.version > self._account.version:
            return ""
        self._next = next(self._checkpoints, None)
        return "" if kept == self._account else _difference("the checkpoint", self._account, kept)

    def verdict(self, account: Account) -> Verdict:
        """Compare what the journal folds to with the account as it is stored."""
        if not self._errors and self._account != account:
            self._errors.append(
                IntegrityError(0, _difference("the stored account", self._account, account))
            )
        return Verdict(self._events, tuple(self._errors), self._since)


def verify(
    account: Account,
    events: Iterable[StoredEvent],
    key: str,
    *,
    start: Account = _NOTHING,
    checkpoints: Iterable[Account] = (),
) -> Verdict:
    """
    Check a stored account against its journal, in order of version.

    ``start`` is an account from which on it is checked, such as a checkpoint of it, which is
    trusted then; ``checkpoints`` are those after it, which are checked too.
    """
    verifier = Verifier(key, start, checkpoints)
    for stored in events:
        verifier.take(stored)
    return verifier.verdict(account)


def as_of(
    events: Iterable[StoredEvent],
    programmes: Programmes,
    instant: Instant,
    key: str,
    *,
    start: Account = _NOTHING,
) -> Account:
    """
    Return the account as it was at an instant: folded up to it, then settled to it.

    ``events`` are those that follow ``start``, the account at or before that instant.
    """
    account = start
    for stored in events:
        if stored.effective_at > instant:
            break
        account = evolve(account, journal.decode(stored), stored.hash)
    return settle(account, programmes, instant, key)[0]


def _moved(before: Account, after: Account, event: Event) -> str:
    """Return how an event's postings and its effects contradict each other, or nothing."""
    for currency in sorted({*before.balances, *after.balances, *_currencies(event)}):
        for place, held in _member_accounts().items():
            change = held(after, currency) - held(before, currency)
            posted = _net(event, place, currency)
            if posted != change:
                return (
                    f"event {event.version} posts {posted} {currency} to {place} "
                    f"but changes it by {change}"
                )
    return ""


@functools.cache
def _member_accounts() -> dict[str, Callable[[Account, str], int]]:
    return {path: held for each in registry.every() for path, held in each.accounts.items()}


def _currencies(event: Event) -> set[str]:
    return {posting.currency for posting in event.postings}


def _net(event: Event, place: str, currency: str) -> int:
    return sum(
        posting.amount * ((posting.destination == place) - (posting.source == place))
        for posting in event.postings
        if posting.currency == currency
    )


def _difference(what: str, folded: Account, stored: Account) -> str:
    names = [
        name for name in Account.__struct_fields__ if getattr(folded, name) != getattr(stored, name)
    ]
    return f"{what} differs from its journal in: {', '.join(names)}"
