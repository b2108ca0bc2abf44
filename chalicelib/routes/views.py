"""What several resources show: balances, movements, tiers.  Instants are RFC 3339, in UTC."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal, cast

from msgspec import Struct

from chalicelib.domain.decide import registry
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant, format_instant
from chalicelib.domain.ledger.events import Outcome, RuleAward, section_of
from chalicelib.domain.ledger.lots import Balance
from chalicelib.domain.ledger.postings import HELD, Posting
from chalicelib.domain.programme.document import qualified
from chalicelib.domain.programme.fields import text_in
from chalicelib.domain.programme.versions import Programmes
from chalicelib.routes.http.localisation import Direction, date_label, direction
from chalicelib.routes.http.operation import Timestamp

if TYPE_CHECKING:
    from chalicelib.domain.mechanics.tiers import TierMoved


#: How the account of a member can stand; households and gift cards have accounts of their own.
MemberStatus = Literal["prospect", "enrolled", "closed"]


def status_of(account: Account) -> MemberStatus:
    """Return how the account of a member stands."""
    return cast("MemberStatus", account.status)


class AwardView(Struct, frozen=True, omit_defaults=True):
    """What a rule gave."""

    programme: str
    rule: str
    currency: str
    amount: int
    expires_on: str | None = None
    active_on: str | None = None


def award_view(award: RuleAward) -> AwardView:
    """Return what a rule gave, as it is shown."""
    return AwardView(
        award.programme,
        award.rule,
        award.currency.partition("/")[2],
        award.granted,
        award.lot.expires_on,
        award.active_on,
    )


class ProgrammeOutcomeView(Struct, frozen=True):
    """What a mechanic beyond earning and tiers made of the activity, such as `stamp_cards`."""

    programme: str
    mechanic: str
    outcome: dict[str, Any]


def outcome_views(outcomes: Iterable[Outcome]) -> list[ProgrammeOutcomeView]:
    """Return what mechanics made of an activity, as the caller gets it."""
    found = []
    for outcome in outcomes:
        reaction = registry.of_outcome(outcome).reaction
        if reaction is not None and reaction.shown is not None:
            result = reaction.shown(outcome)
            found.append(ProgrammeOutcomeView(outcome.programme, section_of(outcome), result))
    return sorted(found, key=lambda view: (view.programme, view.mechanic))


class LotView(Struct, frozen=True, omit_defaults=True):
    """Value with one expiry: usable through ``expires_on``, gone at ``expires_at``."""

    amount: int
    expires_on: str | None = None
    expires_at: str | None = None
    label: str | None = None
    active_on: str | None = None
    active_at: str | None = None


class BalanceView(Struct, frozen=True):
    """
    One currency: ``available`` is below zero by the ``deficit`` that earning repays.

    ``held`` is set aside by open holds, and not in ``available``.
    """

    programme: str
    currency: str
    name: str
    available: int
    pending: int
    held: int
    deficit: int


class BalanceDetailView(Struct, frozen=True):
    """One currency with its lots in the order in which they are spent."""

    programme: str
    currency: str
    name: str
    available: int
    pending: int
    held: int
    deficit: int
    next_expiry: LotView | None
    lots: list[LotView]
    pending_lots: list[LotView]


class MovementView(Struct, frozen=True):
    """What moved between two accounts of the ledger."""

    source: str
    destination: str
    programme: str
    currency: str
    amount: int


class TierChangeView(Struct, frozen=True):
    """A tier that changed, and since when."""

    programme: str
    before: str
    after: str
    since: Timestamp


class Spoken(Struct, frozen=True):
    """The language that texts are in and the direction in which it runs."""

    lang: str
    dir: Direction


def when(instant: Instant | None) -> str | None:
    """Return an instant as text, or ``None``."""
    return None if instant is None else format_instant(instant)


def spoken(locale: str) -> Spoken:
    """Return what a client needs to know to lay texts out."""
    return Spoken(locale, direction(locale))


def balances(
    account: Account, programmes: Programmes, now: Instant, locale: str
) -> list[BalanceView]:
    """Return every currency of the programmes that the member has joined, or that a card has."""
    return [
        BalanceView(
            programme=programme,
            currency=currency,
            name=name,
            available=held.available,
            pending=held.pending_total,
            held=registry.amount_in(account, HELD, qualified(programme, currency)),
            deficit=held.deficit,
        )
        for programme, currency, name, held in _held(account, programmes, now, locale)
    ]


def balance_details(
    account: Account, programmes: Programmes, now: Instant, locale: str
) -> list[BalanceDetailView]:
    """Return every currency with its lots."""
    return [
        BalanceDetailView(
            programme=programme,
            currency=currency,
            name=name,
            available=held.available,
            pending=held.pending_total,
            held=registry.amount_in(account, HELD, qualified(programme, currency)),
            deficit=held.deficit,
            next_expiry=_next_expiry(held, locale),
            lots=[
                _lot(lot.amount, lot.key.expires_on, lot.key.expires_at, locale)
                for lot in held.lots
            ],
            pending_lots=[
                LotView(
                    amount=lot.amount,
                    expires_on=lot.key.lot.expires_on,
                    expires_at=when(lot.key.lot.expires_at),
                    active_on=lot.key.active_on,
                    active_at=when(lot.key.active_at),
                )
                for lot in held.pending
            ],
        )
        for programme, currency, name, held in _held(account, programmes, now, locale)
    ]


def _held(
    account: Account, programmes: Programmes, now: Instant, locale: str
) -> list[tuple[str, str, str, Balance]]:
    found = []
    # A gift card joins no programme; it has what it has.
    joined = account.enrolments or {key.partition("/")[0] for key in account.balances}
    for programme_id in sorted(joined):
        version = programmes.in_force(programme_id, now)
        declared = version.document.currencies if version else ()
        for currency in declared:
            key = qualified(programme_id, currency.id)
            if account.enrolments or key in account.balances:
                name = text_in(currency.name, locale)
                found.append((programme_id, currency.id, name, account.balance(key)))
    return found


def _next_expiry(held: Balance, locale: str) -> LotView | None:
    """Return what is lost next: all lots of the first expiry."""
    if not held.lots or held.lots[0].key.expires_at is None:
        return None
    first = held.lots[0].key
    amount = sum(lot.amount for lot in held.lots if lot.key.expires_at == first.expires_at)
    return _lot(amount, first.expires_on, first.expires_at, locale)


def _lot(amount: int, expires_on: str | None, expires_at: Instant | None, locale: str) -> LotView:
    label = None if expires_on is None else date_label(expires_on, locale)
    return LotView(amount, expires_on, when(expires_at), label)


def movement(posting: Posting) -> MovementView:
    """Return a posting as it is shown."""
    programme, _, currency = posting.currency.partition("/")
    return MovementView(posting.source, posting.destination, programme, currency, posting.amount)


def tier_change(moved: TierMoved) -> TierChangeView:
    """Return a change of tier as it is shown."""
    return TierChangeView(moved.programme, moved.before, moved.after, format_instant(moved.since))
