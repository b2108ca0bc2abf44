"""
Transfers: a member gives value to another member of the programme.

Lots move as they are, in burn order: with their expiry, unless the programme says that they begin
anew, and always with their funder and rate.  So nobody prolongs value by passing it round, and who
paid for it still does.  What is pending or set aside stays where it is, and so does what a refund
may still take back; tiers and their metrics do not move at all.  Both accounts are written in one
transaction, each with an event of its own.

A refusal does not tell the sender whether the other member never was there, left or has not
joined, nor what they hold or have received.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

from chalicelib.domain.decide.benefits import Benefit
from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import MEMBER, Decider, Known
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Counted, Mechanic
from chalicelib.domain.errors import Conflict, Invalid
from chalicelib.domain.ledger import calendar, postings
from chalicelib.domain.ledger.account import Account, limit_counter
from chalicelib.domain.ledger.calendar import Instant, Window
from chalicelib.domain.ledger.effects import CounterChange
from chalicelib.domain.ledger.events import TransferReceived, TransferSent, noted
from chalicelib.domain.ledger.lots import Taken, by_funder
from chalicelib.domain.mechanics import caps, expiry, value
from chalicelib.domain.mechanics.expiry import Term
from chalicelib.domain.pointer import join
from chalicelib.domain.programme.document import Currency, Programme, qualified
from chalicelib.domain.programme.fields import Count, Id, Model, NeverExpires, Points
from chalicelib.domain.programme.references import known_currency, limits_of_windows
from chalicelib.domain.programme.section import Section
from chalicelib.domain.programme.versions import currency_in
from chalicelib.domain.violations import Violation

if TYPE_CHECKING:
    from chalicelib.domain.programme.wording import Composer, Description, Message

#: The role of the member who receives.
RECIPIENT: Final = "recipient"


class TransferLimit(Model, frozen=True):
    """A limit in a window: on the value that is transferred (``max``) or how often (``times``)."""

    window: Window
    max: Points | None = None
    times: Count | None = None


Limits = Annotated[tuple[TransferLimit, ...], Meta(max_length=5)]


class TransferRule(Model, frozen=True):
    """
    A currency that members may transfer to one another, from ``min_each`` to ``max_each`` at once.

    ``sending`` and ``receiving`` limit what one member may send and receive.  Value keeps its
    expiry, or with ``fresh`` lasts as if it were earned on the day of the transfer.
    """

    currency: Id
    min_each: Points = 1
    max_each: Points | None = None
    sending: Limits = ()
    receiving: Limits = ()
    expiry: Literal["keep", "fresh"] = "keep"


TransferRules = Annotated[tuple[TransferRule, ...], Meta(max_length=20)]
SECTION: Final[Section[tuple[TransferRule, ...]]] = Section("transfers", TransferRules, ())


class SendTransfer(Command, frozen=True):
    """Give value away; ``member`` sends, ``to`` receives; the id is made by the caller."""

    in_sight: ClassVar[tuple[str, ...]] = (RECIPIENT,)

    to: str
    programme: str
    currency: str
    amount: int
    transfer_id: str
    reference: str = ""

    def parties(self, known: Known) -> dict[str, str]:  # noqa: ARG002 - both are named
        """Return the member who gives and the one who receives."""
        return {MEMBER: self.member, RECIPIENT: self.to}


class Sent(Struct, frozen=True):
    """What was transferred, by lots as they arrive, the first to expire first."""

    transfer_id: str
    to: str
    programme: str
    currency: str
    amount: int
    parts: tuple[Taken, ...]


def send(decider: Decider, command: SendTransfer) -> Sent:
    """Take value in burn order from the one, and credit it to the other."""
    if command.to == command.member:
        raise Invalid(
            "same_member",
            "A member cannot transfer value to themselves.",
            errors=[{"pointer": "/to", "detail": "must be another member"}],
        )
    programme = decider.programme(command.programme)
    rule, currency = _transferable(programme, command.currency)
    _check_amount(rule, command.amount)
    key = qualified(programme.id, rule.currency)
    today = calendar.local_date(decider.now, programme.time_zone)
    event = decider.event()
    _count_towards_limits(event, programme, rule, command.amount, "sending")
    value.check_available(decider.member, key, command.amount)
    _check_refundable(decider.member, key, currency, command.amount, decider.now, today)
    parts = value.debit(
        event, key, command.amount, destination=postings.transfer(command.transfer_id)
    )
    # What is transferred is a gift: its receiver can spend it, but not have it refunded.
    parts = tuple(replace(part, lot=replace(part.lot, paid=False)) for part in parts)
    if rule.expiry == "fresh":
        term = expiry.today(programme, currency, decider.account(RECIPIENT), decider.now)
        parts = _with_fresh_expiry(parts, term)
    event.record(
        TransferSent(command.transfer_id, command.to, key, command.amount),
        detail=noted(command.reference),
    )
    _receive(decider, programme, rule, parts, command)
    return Sent(command.transfer_id, command.to, programme.id, rule.currency, command.amount, parts)


def _receive(
    decider: Decider,
    programme: Programme,
    rule: TransferRule,
    parts: tuple[Taken, ...],
    command: SendTransfer,
) -> None:
    """Credit what was sent; a deficit is repaid first, as by whatever comes."""
    recipient = decider.account(RECIPIENT)
    if recipient.status == "closed" or programme.id not in recipient.enrolments:
        raise Conflict(
            "recipient_unavailable",
            f"No member of {programme.id} under the id in `to` can receive: check the id.",
            programme=programme.id,
        )
    key = qualified(programme.id, rule.currency)
    event = decider.event(RECIPIENT)
    _count_towards_limits(event, programme, rule, command.amount, "receiving")
    cause = command.transfer_id
    for funder, amount in by_funder((part.lot, part.amount) for part in parts).items():
        event.give(Benefit("transfer", programme.id, rule.currency, cause, amount, funder=funder))
    value.credit_parts(event, key, parts, source=postings.transfer(command.transfer_id))
    event.record(TransferReceived(command.transfer_id, command.member, key, command.amount))


def _transferable(programme: Programme, currency_id: str) -> tuple[TransferRule, Currency]:
    rules = {rule.currency: rule for rule in SECTION.of(programme)}
    currency = currency_in(programme, currency_id, tuple(rules))
    return rules[currency_id], currency


def _check_refundable(
    account: Account, key: str, currency: Currency, amount: int, now: Instant, today: date
) -> None:
    """Refuse what would leave less than a refund may still take back."""
    if not currency.refund_days:
        return
    available = account.balance(key).available
    free = max(available - caps.refundable(account, key, now, today), 0)
    if amount > free:
        raise Conflict(
            "transfer_waits",
            f"{free} of {available} can be transferred now: what was earned in the last "
            f"{currency.refund_days} days may still be refunded.",
            available=available,
            transferable=free,
            refund_days=currency.refund_days,
        )


def _check_amount(rule: TransferRule, amount: int) -> None:
    detail = None
    if amount < rule.min_each:
        detail = f"must be at least {rule.min_each}"
    elif rule.max_each is not None and amount > rule.max_each:
        detail = f"must be at most {rule.max_each}"
    if detail is not None:
        raise Invalid(
            "transfer_amount",
            f"The amount of one transfer {detail}.",
            errors=[{"pointer": "/amount", "detail": detail}],
        )


def _count_towards_limits(
    event: EventBuilder,
    programme: Programme,
    rule: TransferRule,
    amount: int,
    direction: Literal["sending", "receiving"],
) -> None:
    """Count a transfer towards the limits of one side; refused above any of them."""
    day = calendar.local_date(event.now, programme.time_zone)
    for limit in rule.sending if direction == "sending" else rule.receiving:
        measure, most, more = "times", limit.times or 0, 1
        if limit.max is not None:
            measure, most, more = "max", limit.max, amount
        bucket = calendar.window_key(day, limit.window)
        of = f"{direction}:{rule.currency}/{measure}/{limit.window}/{bucket}"
        key = limit_counter(programme.id, of)
        used = event.account.counter(key)
        if used + more > most:
            raise _limit_refusal(limit, direction, most - used)
        over = calendar.window_over(day, limit.window, programme.time_zone)
        event.add(CounterChange(key, more, over))


def _limit_refusal(limit: TransferLimit, direction: str, left: int) -> Conflict:
    most = "once" if limit.times == 1 else f"{limit.times} times"
    if limit.max is not None:
        most = f"{limit.max}"
    often = "in all" if limit.window == "lifetime" else f"a {limit.window}"
    extensions = {"direction": direction, "window": limit.window, "limit": limit.max or limit.times}
    if direction == "receiving":
        # How much the other one has received is not the sender's to know.
        text = f"A member may receive {most} {often}, and this would be more."
        return Conflict("transfer_limit", text, **extensions)
    text = f"A member may send {most} {often}; {left} {'are' if left != 1 else 'is'} left."
    return Conflict("transfer_limit", text, left=left, **extensions)


def _with_fresh_expiry(parts: Sequence[Taken], term: Term) -> tuple[Taken, ...]:
    """Return parts with the expiry of what the recipient earns today."""
    return tuple(
        replace(
            part,
            lot=term.lot(part.lot),
            warn_at=term.warn_at,
        )
        for part in parts
    )


def problems(programme: Programme) -> Iterator[Violation]:
    """Yield what is wrong with the transfers of a document."""
    seen: set[str] = set()
    for place, rule in enumerate(SECTION.of(programme)):
        at = join("", SECTION.name, place)
        here = join(at, "currency")
        yield from known_currency(programme, rule.currency, here)
        if rule.currency in seen:
            yield Violation(here, f"`{rule.currency}` has a rule already: leave one of them out")
        seen.add(rule.currency)
        too_little = f"is less than `min_each` ({rule.min_each}): nothing could be transferred"
        if rule.max_each is not None and rule.max_each < rule.min_each:
            yield Violation(join(at, "max_each"), too_little)
        currency = programme.currency(rule.currency)
        timeless = currency and isinstance(currency.expiry, NeverExpires)
        if rule.expiry == "fresh" and timeless:
            detail = f"must be left out: lots of `{rule.currency}` have no day of their own"
            yield Violation(join(at, "expiry"), detail)
        for side, limits in (("sending", rule.sending), ("receiving", rule.receiving)):
            yield from limits_of_windows(limits, join(at, side))
            for number, limit in enumerate(limits):
                if limit.max is not None and limit.max < rule.min_each:
                    yield Violation(join(at, side, number, "max"), too_little)


def counters(programme: Programme) -> Iterator[Counted]:
    """Yield what is counted of limits, and of what a refund may still take back, by the day."""
    rules = SECTION.of(programme)
    for place, rule in enumerate(rules):
        limits = len(rule.sending) + len(rule.receiving)
        yield Counted(join("", SECTION.name, place), limits, "limit fewer transfers")
    for place, currency in enumerate(programme.currencies if rules else ()):
        if currency.refund_days:
            earned = [each for each in programme.earning if each.currency == currency.id]
            delays = {expiry.delay_of(currency, each) for each in earned}
            waiting = (currency.refund_days + 1) * len(delays)
            fewer = "shorten it, or let fewer delays differ (`activation_delay_days`)"
            yield Counted(join("/currencies", place, "refund_days"), waiting, fewer)


def words(compose: Composer) -> Iterator[Description]:
    """Tell what members may give to one another."""
    for rule in SECTION.of(compose.programme):
        name = compose.currency_name(rule.currency)
        yield compose.describe("transfer", rule.currency, name, *_rule_in_words(compose, rule))


def _rule_in_words(compose: Composer, rule: TransferRule) -> Iterator[Message]:
    name, currency = compose.currency_name(rule.currency), rule.currency
    if rule.max_each is not None:
        most = compose.amount(rule.max_each, currency)
        yield compose.message("transfers-between", name=name, least=rule.min_each, most=most)
    elif rule.min_each > 1:
        least = compose.amount(rule.min_each, currency)
        yield compose.message("transfers-from", name=name, least=least)
    else:
        yield compose.message("transfers-any", name=name)
    yield compose.message("transfers-expiry", expiry=rule.expiry)
    known = compose.programme.currency(currency)
    if known is not None and known.refund_days:
        yield compose.message("transfers-wait", days=known.refund_days)
    for side, limits in (("sending", rule.sending), ("receiving", rule.receiving)):
        for limit in limits:
            yield _limit_in_words(compose, rule, side, limit)


def _limit_in_words(
    compose: Composer, rule: TransferRule, side: str, limit: TransferLimit
) -> Message:
    if limit.max is None:
        times = limit.times or 0
        return compose.message("transfers-times", side=side, times=times, window=limit.window)
    most = compose.amount(limit.max, rule.currency)
    return compose.message("transfers-most", side=side, most=most, window=limit.window)


MECHANIC: Final = Mechanic(
    section=SECTION,
    handlers={SendTransfer: send},
    problems=problems,
    words=words,
    counters=counters,
)
