"""
Wallets: currencies that pay for purchases, unit by unit, here and nowhere else.

A prepaid wallet holds money that was paid in; a top-up opens a lot with the percentage off that
its amount earned, and whatever is paid from that lot, and from no other, is so much cheaper.  A
refund returns to the lot that it came from.  Cashback and points pay too, at a fixed rate, up to a
share of the bill.  There is no way to pay any of that out: value that was given stays with who gave
it.  Money that was topped up goes back where the account ends and it is said to be refunded; where
its payment is reversed elsewhere, the top-up is taken out again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Annotated, Final, Literal

from msgspec import Meta, Struct

from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import Decider
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Counted, Mechanic, Permanent, UndonePayment
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant, Window
from chalicelib.domain.ledger.effects import CounterChange
from chalicelib.domain.ledger.events import Event, PaidIn, PrepaidMoney, WalletToppedUp, noted
from chalicelib.domain.ledger.lots import LotKey, Taken
from chalicelib.domain.ledger.postings import PAID_IN
from chalicelib.domain.mechanics import expiry, payments, value
from chalicelib.domain.pointer import join
from chalicelib.domain.programme.document import Programme, qualified
from chalicelib.domain.programme.fields import Id, MinorUnits, Model, Part, Points, Share
from chalicelib.domain.programme.references import known_currency
from chalicelib.domain.programme.section import Section
from chalicelib.domain.programme.versions import currency_in
from chalicelib.domain.violations import Violation

if TYPE_CHECKING:
    from chalicelib.domain.programme.wording import Composer, Description, Message


class Band(Model, frozen=True):
    """Money paid in of ``at_least`` so many minor units earns ``percent`` off what it pays for."""

    at_least: MinorUnits
    percent: Share


class Wallet(Part, frozen=True):
    """
    A currency that pays: ``money`` minor units for each ``units`` of it.

    A ``prepaid`` one is topped up, in minor units, and pays before all else unless a quote says
    otherwise; the others pay where a quote asks for it, ``max_percent`` of a bill at most.  Where
    it ``counts_as_spend``, what it pays counts towards tiers, discounts and points as money does.

    A ``top_up`` earns by the highest of its ``bands`` that it reaches itself, or that all top-ups
    of the running ``month`` or ``year``, or of a ``lifetime``, reach with it.  By ``every`` it is
    divided: each whole ``at_least`` of a band earns its percentage, the highest first, and what is
    left earns none.
    """

    currency: Id
    kind: Literal["prepaid", "cashback", "points"]
    units: Points = 1
    money: MinorUnits = 1
    max_percent: Share = 100
    counts_as_spend: bool | None = None
    bands: Annotated[tuple[Band, ...], Meta(max_length=20)] = ()
    bands_by: Literal["top_up", "every", "month", "year", "lifetime"] = "top_up"


Wallets = Annotated[tuple[Wallet, ...], Meta(max_length=10)]
SECTION: Final[Section[tuple[Wallet, ...]]] = Section("wallets", Wallets, ())


class TopUp(Command, frozen=True):
    """
    Pay money in; ``amount`` in minor units.

    ``payment`` is the look-up hash of the ``reference``, if it has one.
    """

    programme: str
    currency: str
    amount: int
    reference: str = ""
    payment: str = ""


class ToppedUp(Struct, frozen=True):
    """
    What a top-up opened, or added to: its parts by percentage, and its last day.

    Of ``amount``, ``settled`` made good what the wallet owed, and opened no lot.
    """

    currency: str
    amount: int
    settled: int
    parts: tuple[PaidIn, ...]
    expires_on: str | None


def top_up(decider: Decider, command: TopUp) -> ToppedUp:
    """Open lots with the percentages that the amount earns, mostly one."""
    now = decider.now
    programme = decider.programme(command.programme)
    prepaid = {each.currency: each for each in SECTION.of(programme) if each.kind == "prepaid"}
    currency = currency_in(programme, command.currency, tuple(prepaid))
    wallet = prepaid[currency.id]
    key = qualified(programme.id, currency.id)
    term = expiry.today(programme, currency, decider.member, now)
    event = decider.event()
    counter, before = "", 0
    day = calendar.local_date(now, programme.time_zone)
    if (window := _summed_over(wallet)) is not None:
        counter = _sums(programme, wallet, window, day)
        before = event.account.counter(counter)
        over = calendar.window_over(day, window, programme.time_zone)
        event.add(CounterChange(counter, command.amount, over))
    owed = event.account.balance(key).deficit
    parts = []
    for amount, percent in earned(wallet, command.amount, before):
        lot = value.as_it_lasts(
            event, key, term.opens(amount, LotKey(rate=percent, paid=True), since=now)
        )
        value.credit(event, key, lot, source=PAID_IN, cause="top_up", kind="prepaid")
        parts.append(PaidIn(amount, percent, lot.key))
    payments.claim(decider, event, command.member, programme.id, command.payment)
    event.record(
        WalletToppedUp(key, command.amount, tuple(parts), counter), detail=noted(command.reference)
    )
    settled = owed - event.account.balance(key).deficit
    last = parts[0].lot.expires_on
    return ToppedUp(currency.id, command.amount, settled, tuple(parts), last)


def _summed_over(wallet: Wallet) -> Window | None:
    """Return the window over which top-ups of a wallet add up, if they do."""
    match wallet.bands_by:
        case "month" | "year" | "lifetime" as window:
            return window
        case _:
            return None


def _sums(programme: Programme, wallet: Wallet, window: Window, day: date) -> str:
    """Return the counter of what is topped up in the window that a local day is in."""
    bucket = calendar.window_key(day, window)
    return f"{programme.id}/top_ups:{wallet.currency}/{window}/{bucket}"


def undo_top_up(event: EventBuilder, _programme: Programme, original: Event) -> UndonePayment:
    """Take a top-up out of its wallet, since the money went back."""
    # Few are.
    from chalicelib.domain.mechanics import taking_back

    data = original.data
    if not isinstance(data, WalletToppedUp):
        raise TypeError(f"an event {original.kind} is no top-up")
    parts = [taking_back.Part(part.lot, part.amount) for part in data.parts]
    returned = taking_back.take(event, data.currency, parts, to=PAID_IN)
    # Of a window that is over nothing is counted any more.
    if (counted := event.account.counters.get(data.sums)) is not None:
        event.add(CounterChange(data.sums, -data.amount, counted.keep_until))
    wallet = data.currency.partition("/")[2]
    return UndonePayment("top_up", SECTION.name, wallet, data.amount, (returned,))


def prepaid_in(account: Account, programme: Programme, _now: Instant) -> Iterator[PrepaidMoney]:
    """Yield the money that is left in prepaid wallets, apart what was not paid in there."""
    for wallet in SECTION.of(programme):
        if wallet.kind != "prepaid":
            continue
        key = qualified(programme.id, wallet.currency)
        balance = account.balance(key)
        paid = sum(lot.amount for lot in balance.lots if lot.key.paid)
        for amount, refundable in ((paid, True), (balance.lots_total - paid, False)):
            if amount:
                yield PrepaidMoney(
                    programme.id, SECTION.name, wallet.currency, amount, refundable=refundable
                )


def pay_back(event: EventBuilder, left: PrepaidMoney) -> None:
    """Take money that is refunded out of its wallet, to where it was paid in."""
    key = qualified(left.programme, left.id)
    lots = event.account.balance(key).lots
    paid = tuple(Taken(lot.amount, lot.key) for lot in lots if lot.key.paid)
    value.debit_parts(event, key, paid, destination=PAID_IN)


def earned(wallet: Wallet, amount: int, before: int) -> Iterator[tuple[int, int]]:
    """
    Yield the parts of a top-up, each with the percentage off that it earns.

    ``before`` is what was topped up already in the window over which top-ups add up.
    """
    highest_first = sorted(wallet.bands, key=lambda band: -band.at_least)
    if wallet.bands_by != "every":
        reached = (band.percent for band in highest_first if band.at_least <= before + amount)
        yield amount, next(reached, 0)
        return
    left = amount
    for band in highest_first:
        whole = left - left % band.at_least
        left -= whole
        if whole:
            yield whole, band.percent
    if left:
        yield left, 0


def wallet_of(programme: Programme, currency_id: str) -> Wallet | None:
    """Return the wallet that a currency is, or ``None``."""
    found = (each for each in SECTION.of(programme) if each.currency == currency_id)
    return next(found, None)


def counts(wallet: Wallet) -> bool:
    """Tell whether what a wallet pays counts as spend: prepaid value does by default."""
    if wallet.counts_as_spend is None:
        return wallet.kind == "prepaid"
    return wallet.counts_as_spend


def problems(programme: Programme) -> Iterator[Violation]:
    """Yield what is wrong with the wallets of a document."""
    seen: set[str] = set()
    for place, wallet in enumerate(SECTION.of(programme)):
        at = join("", SECTION.name, place)
        here = join(at, "currency")
        yield from known_currency(programme, wallet.currency, here)
        if wallet.currency in seen:
            yield Violation(here, f"`{wallet.currency}` is a wallet already: leave one of them out")
        seen.add(wallet.currency)
        if wallet.kind != "prepaid" and wallet.bands:
            yield Violation(join(at, "bands"), f"must be left out: nobody tops up {wallet.kind}")
        if wallet.bands_by != "top_up" and not wallet.bands:
            yield Violation(join(at, "bands_by"), "says how `bands` are reached: declare them")
        if wallet.kind == "prepaid" and (wallet.units, wallet.money) != (1, 1):
            yield Violation(at, "must leave out `units` and `money`: prepaid value is money")
        if wallet.kind == "prepaid" and wallet.max_percent != 100:  # noqa: PLR2004 - the whole
            yield Violation(
                join(at, "max_percent"), "must be left out: prepaid value pays all it can"
            )
        steps = [band.at_least for band in wallet.bands]
        for number, step in enumerate(steps):
            if step in steps[:number]:
                detail = f"there is a band from {step} already: leave one of them out"
                yield Violation(join(at, "bands", number, "at_least"), detail)


def permanent(programme: Programme) -> Iterator[Permanent]:
    """Yield the prepaid wallets, in which accounts may have money."""
    prepaid = [each.currency for each in SECTION.of(programme) if each.kind == "prepaid"]
    yield Permanent(f"/{SECTION.name}", prepaid)


def counters(programme: Programme) -> Iterator[Counted]:
    """Yield the one that sums what is topped up, in the window that runs."""
    for place, wallet in enumerate(SECTION.of(programme)):
        if _summed_over(wallet) is not None:
            yield Counted(join("", SECTION.name, place, "bands_by"), 1, "sum fewer top-ups")


def words(compose: Composer) -> Iterator[Description]:
    """Tell what each wallet pays, and what a top-up earns."""
    for wallet in SECTION.of(compose.programme):
        name = compose.currency_name(wallet.currency)
        yield compose.describe(
            "wallet", wallet.currency, name, *_wallet_in_words(compose, wallet), of=wallet
        )


def _wallet_in_words(compose: Composer, wallet: Wallet) -> Iterator[Message]:
    if wallet.kind == "prepaid":
        name = compose.currency_name(wallet.currency)
        yield compose.message("wallets-prepaid", name=name)
        for band in wallet.bands:
            top_up = compose.money(band.at_least)
            yield compose.message(
                "wallets-band", money=top_up, percent=band.percent, by=wallet.bands_by
            )
        if wallet.bands_by == "every":
            yield compose.message("wallets-rest")
    else:
        yield from _paying(compose, wallet)
    if counts(wallet):
        yield compose.message("wallets-counts")
    else:
        yield compose.message("wallets-apart")


def _paying(compose: Composer, wallet: Wallet) -> Iterator[Message]:
    paid = compose.amount(wallet.units, wallet.currency)
    yield compose.message("wallets-rate", value=paid, money=compose.money(wallet.money))
    if wallet.max_percent < 100:  # noqa: PLR2004 - the whole
        yield compose.message("wallets-most", percent=wallet.max_percent)


MECHANIC: Final = Mechanic(
    section=SECTION,
    handlers={TopUp: top_up},
    prepaid=prepaid_in,
    pay_back=pay_back,
    payments={WalletToppedUp: undo_top_up},
    problems=problems,
    permanent=permanent,
    words=words,
    counters=counters,
)
