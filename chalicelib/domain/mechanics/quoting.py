"""
Quotes: a purchase is priced, shown, and then confirmed at exactly that price.

Making one changes nothing.  Confirming it takes everything that it uses, free units, vouchers,
prepaid value, cashback and points, and records the purchase with what it earns, in one event.  The
price stands until the quote expires, whatever happens to tiers and dates meanwhile; but what it
uses must still be there, else it is refused and nothing is taken.

What a refund gives back is in `quotes`.

A quote is refused in this order: not this member's programme, confirmed already, expired, a unit
that is gone, what the law does not allow any more, a voucher that is gone, value that is gone.
"""

from __future__ import annotations

from typing import ClassVar, Final

from msgspec import Struct, field
from msgspec.structs import replace

from chalicelib.domain import voucher_code
from chalicelib.domain.decide import registry
from chalicelib.domain.decide.claims import EventRef, RecordKind, Ref, SaveRecord
from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import MEMBER, Decider, Known
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Mechanic
from chalicelib.domain.errors import Conflict, Invalid, NotFound
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.events import (
    QUOTED,
    FreedLine,
    Line,
    QuoteBought,
    WalletDraw,
)
from chalicelib.domain.ledger.postings import REDEEMED
from chalicelib.domain.ledger.quote import Draw, Quote
from chalicelib.domain.mechanics import (
    activities,
    discount_terms,
    entitlement_uses,
    entitlements,
    households,
    money_off,
    pricing,
    redemptions,
    value,
)
from chalicelib.domain.mechanics.activities import Recorded
from chalicelib.domain.mechanics.households import Household
from chalicelib.domain.mechanics.purchases import Purchase
from chalicelib.domain.mechanics.quotes import SECTION
from chalicelib.domain.mechanics.redemptions import Redemption
from chalicelib.domain.mechanics.service_days import service_day
from chalicelib.domain.mechanics.wallet_payments import Payment
from chalicelib.domain.programme.document import Programme

_MINUTE_MS: Final = 60_000
#: A quote can still be read a week beyond the longest that one stands.
QUOTES: Final = RecordKind("quote", Quote, kept_days=14, sealed=True)


class MakeQuote(Command, frozen=True):
    """
    Price a purchase.

    ``activity`` is the activity as it would be recorded, with what the member pays before any
    discount on its lines; ``covered`` is what somebody else pays besides of each, as insurers do;
    ``service_on`` the local day by which discounts go, today where it is not said, and for members
    always; ``vouchers`` the ids of the redemptions whose vouchers are presented; ``holidays`` the
    tenant's lists of days; ``seen_at`` the number of the location, where that is on a list.
    """

    programme: str
    quote_id: str
    activity: Activity
    covered: tuple[int, ...] = ()
    service_on: str | None = None
    payments: tuple[Payment, ...] | None = None
    vouchers: tuple[str, ...] = ()
    excluded: frozenset[str] = frozenset()
    holidays: dict[str, frozenset[str]] = field(default_factory=dict)
    seen_at: int = 0

    def parties(self, known: Known) -> dict[str, str]:
        """Return the member, and where a discount asks for them their household and relatives."""
        version = known.programmes.in_force(self.programme, known.now)
        needs = version is not None and discount_terms.needs_household(version.document)
        found = {MEMBER: self.member, **(households.household_of(known) if needs else {})}
        home = known.accounts.get(households.HOUSEHOLD)
        if version is not None and home and discount_terms.shares_spend(version.document):
            others = [each for each in households.relatives(home) if each != self.member]
            found |= {_relative(place): each for place, each in enumerate(others)}
        return found

    def records(self, known: Known) -> tuple[Ref | EventRef, ...]:  # noqa: ARG002 - known at once
        """Return the redemptions of the vouchers."""
        return tuple(redemptions.REDEMPTIONS.ref(self.member, each) for each in self.vouchers)


class ConfirmQuote(Command, frozen=True):
    """Buy what was quoted; ``source`` and ``external_id`` identify the activity it becomes."""

    when_full: ClassVar[bool] = True

    quote_id: str
    source: str = QUOTED
    external_id: str = ""

    def records(self, known: Known) -> tuple[Ref | EventRef, ...]:
        """Return the quote, and then the redemptions whose vouchers it uses."""
        quote = known.record(QUOTES, self.member, self.quote_id)
        used = quote.redemptions if quote else ()
        vouchers = (redemptions.REDEMPTIONS.ref(self.member, each) for each in used)
        return QUOTES.ref(self.member, self.quote_id), *vouchers


class Quoted(Struct, frozen=True):
    """A quote, and what it would earn if it were confirmed now."""

    quote: Quote
    recorded: Recorded


class Confirmed(Struct, frozen=True):
    """A quote that was confirmed, and what followed from the purchase."""

    quote: Quote
    recorded: Recorded


def make(decider: Decider, command: MakeQuote) -> Quoted:
    """Price a purchase for a member as things stand; nothing is written but the quote."""
    account, now = decider.member, decider.now
    programme = decider.programme(command.programme)
    version = decider.programmes.in_force(programme.id, now)
    activity = pricing.in_its_money(programme, command.activity, now)
    today = calendar.local_date(now, programme.time_zone)
    day = service_day(decider, programme, activity.type, command.service_on, today)
    vouchers = tuple(_presented(decider, command.member, each) for each in command.vouchers)
    _check_excluded(programme, command.excluded)
    purchase = Purchase(
        activity.lines,
        day,
        today,
        _household(decider),
        vouchers,
        command.excluded,
        decider.programmes.up_to(programme.id, now),
        command.holidays,
        command.covered,
        activity.within,
        kind=activity.type,
        category=activity.category,
    )
    if registry.guards(programme):
        from chalicelib.domain.mechanics import lawful_pricing  # where a law is followed

        priced = lawful_pricing.price(decider, programme, purchase, command.payments)
    else:
        priced = pricing.price(account, programme, purchase, command.payments, now)
    counted = tuple(
        Line(line.id, line.counted, line.quantity, line.category, line.sku) for line in priced.lines
    )
    quote = Quote(
        id=command.quote_id,
        member=command.member,
        programme=programme.id,
        version=version.number if version else 0,
        made_at=now,
        expires_at=now + SECTION.of(programme).minutes * _MINUTE_MS,
        activity=replace(activity, lines=counted, amount=sum(each.amount for each in counted)),
        lines=priced.lines,
        considered=priced.considered,
        price=priced.price,
        net=priced.net,
        due=priced.due,
        draws=priced.draws,
        freed=priced.freed,
        redemptions=priced.redemptions,
        offers=priced.taken,
        covered=sum(line.covered for line in priced.lines),
        service_on=day.isoformat(),
        made_by=decider.actor.kind,
        seen_at=command.seen_at,
    )
    followed = _buy(decider.trial(), quote, QUOTED, quote.id)
    decider.claim(_saving(quote))
    return Quoted(quote, followed.recorded)


def _presented(decider: Decider, member: str, redemption_id: str) -> Redemption:
    redemption = decider.record(redemptions.REDEMPTIONS, member, redemption_id)
    if redemption is None:
        raise voucher_code.unknown()
    redemptions.check_issued(redemption, decider.now)
    return redemption


def _household(decider: Decider) -> Household | None:
    """Return what discounts have to know of the member's household, where one asks for it."""
    if not decider.has(households.HOUSEHOLD):
        return None
    known = households.relatives(decider.account(households.HOUSEHOLD))
    roles = (_relative(place) for place in range(len(known)))
    others = [decider.account(role) for role in roles if decider.has(role)]
    return Household(len(known), tuple(each for each in others if each.version))


def _relative(place: int) -> str:
    """Return the role of one of the others in the household."""
    return f"relative {place}"


def _check_excluded(programme: Programme, excluded: frozenset[str]) -> None:
    offered = [each.id for each in discount_terms.SECTION.of(programme).offers]
    freeing = [each.id for each in entitlements.SECTION.of(programme) if each.waives is not None]
    unknown = sorted(excluded.difference(offered, freeing))
    if unknown:
        known = ", ".join((*offered, *freeing)) or "none"
        raise Invalid(
            "unknown_discount",
            f"{programme.id} can leave out these: {known}.",
            errors=[{"pointer": "/exclude", "detail": f"names of: {known}"}],
        )


def confirm(decider: Decider, command: ConfirmQuote) -> Confirmed:
    """Take what the quote uses, and record the purchase."""
    quote = decider.record(QUOTES, command.member, command.quote_id)
    if quote is None:
        raise quote_unknown()
    return _buy(decider, quote, command.source, command.external_id or quote.id)


def quote_unknown() -> NotFound:
    """Return the refusal of a quote that is not this member's."""
    return NotFound("quote_not_found", "This member has no such quote.")


def _buy(decider: Decider, quote: Quote, source: str, external_id: str) -> Confirmed:
    now = decider.now
    programme = decider.programme(quote.programme)
    if quote.state != "open":
        raise Conflict("quote_confirmed", "This quote was confirmed already.", quote=quote.id)
    if quote.expires_at <= now:
        at = calendar.format_instant(quote.expires_at)
        raise Conflict("quote_expired", f"This quote stood until {at}.", expired_at=at)
    event = decider.event()
    # A line by its place: what its caller calls it might tell what was served.
    places = {line.id: place for place, line in enumerate(quote.activity.lines)}
    freed = tuple(
        FreedLine(
            places[each.line],
            entitlement_uses.consume(
                event,
                programme,
                each.entitlement,
                each.units,
                waived=quote.lines[places[each.line]].price,
                service_on=quote.service_on,
                bought=each.bought,
            ),
        )
        for each in quote.freed
    )
    presented = {
        each: found
        for each in quote.redemptions
        if (found := decider.record(redemptions.REDEMPTIONS, quote.member, each)) is not None
    }
    counted = money_off.give(event, programme, quote, presented)
    confirmed = replace(quote, state="confirmed", revision=quote.revision + 1)
    decider.claim(_saving(confirmed))
    vouchers = tuple(
        redemptions.use_for(decider, programme, quote.member, each) for each in quote.redemptions
    )
    if quote.offers:
        from chalicelib.domain.mechanics import offer_limits

        offer_limits.use(event, quote.offers)
    event.outcome(
        QuoteBought(
            programme.id,
            quote.id,
            tuple(line.net for line in quote.lines),
            freed,
            vouchers,
            tuple(_draw(event, draw) for draw in quote.draws),
            quote.offers,
            counted,
            event.overrides_used,
        )
    )
    if quote.seen_at:
        from chalicelib.domain.mechanics import seen_at  # where a tenant has locations

        seen_at.note(event, quote.seen_at)
    activity = replace(
        quote.activity,
        source=source,
        external_id=external_id,
        occurred_at=now,
    )
    recorded = activities.record_in(
        event,
        decider.programmes,
        activity,
        quote=quote.id,
        bill=quote.bill(),
    )
    return Confirmed(confirmed, recorded)


def _saving(quote: Quote) -> SaveRecord:
    return SaveRecord(QUOTES.ref(quote.member, quote.id), quote, quote.revision)


def _draw(event: EventBuilder, draw: Draw) -> WalletDraw:
    """Take what a wallet pays, and return what a refund needs."""
    balance = event.account.balance(draw.currency)
    taken = None
    if draw.taken:
        taken = value.debit_parts(event, draw.currency, draw.taken, destination=REDEEMED)
    elif balance.available >= draw.amount:
        taken = value.debit(event, draw.currency, draw.amount, destination=REDEEMED)
    if taken is None:
        raise Conflict(
            "quote_stale",
            f"The {draw.amount} of {draw.currency.partition('/')[2]} that this quote uses are not "
            "there any more: ask for a new one.",
            currency=draw.currency.partition("/")[2],
            available=balance.available,
        )
    return WalletDraw(draw.currency, draw.amount, draw.money, taken)


MECHANIC: Final = Mechanic(
    handlers={MakeQuote: make, ConfirmQuote: confirm},
)
