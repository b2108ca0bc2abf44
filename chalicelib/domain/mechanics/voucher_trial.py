"""What a voucher would take off a cart, before anything is bought with it."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.decide import registry
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.bill import Considered, PricedLine
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.mechanics import discount_terms, entitlements, pricing, redemptions
from chalicelib.domain.mechanics.purchases import Purchase
from chalicelib.domain.mechanics.redemptions import Redemption
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.versions import Programmes, resolve_programme


class Tried(Struct, frozen=True):
    """
    What a voucher would take off a cart, alone: minor units of a programme's money.

    ``considered`` is all of it, or says why nothing; ``lines`` have it line by line.
    """

    programme: Programme
    considered: Considered
    lines: tuple[PricedLine, ...]


def try_voucher(
    account: Account,
    programmes: Programmes,
    redemption: Redemption,
    cart: Activity,
    now: Instant,
) -> Tried:
    """
    Tell what the voucher of a redemption would take off a cart today, if nothing else did.

    Raises `LoyaltyError` ``voucher_used`` and the like where it cannot be used, and `Invalid`
    ``currency_mismatch`` or ``duplicate_line`` for a cart that cannot be priced.
    """
    redemptions.check_issued(redemption, now)
    programme = resolve_programme(account, programmes, redemption.programme, now)
    activity = pricing.in_its_money(programme, cart, now)
    offers = discount_terms.SECTION.of(programme).offers
    others = {
        each.id for each in offers if not discount_terms.takes_voucher(each, redemption.reward)
    }
    others |= {each.id for each in entitlements.SECTION.of(programme)}
    today = calendar.local_date(now, programme.time_zone)
    purchase = Purchase(
        activity.lines,
        today,
        today,
        vouchers=(redemption,),
        excluded=frozenset(others),
        within=activity.within,
        kind=activity.type,
        category=activity.category,
    )
    if registry.guards(programme):
        from chalicelib.domain.mechanics import lawful_pricing  # where a law is followed

        purchase = lawful_pricing.of_one(account, programme, purchase, now)
    priced = pricing.price(account, programme, purchase, (), now)
    by_discount = [each for each in priced.considered if each.redemption == redemption.id]
    best = max(by_discount, key=lambda each: each.amount)
    return Tried(programme, replace(best, amount=priced.price - priced.net), priced.lines)
