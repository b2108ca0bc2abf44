"""What a voucher would take off a cart, before anything is bought with it."""

from __future__ import annotations

from msgspec import Struct

from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.bill import PricedLine
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.mechanics import discount_terms, entitlements, pricing, redemptions
from chalicelib.domain.mechanics.discount_offers import Purchase
from chalicelib.domain.mechanics.redemptions import Redemption
from chalicelib.domain.programme.versions import Programmes, resolve_programme


class Tried(Struct, frozen=True):
    """
    What a voucher would take off a cart, alone: minor units of ``money``, in all and by line.

    ``reason`` says why nothing, and is empty where it takes something off.
    """

    money: str
    amount: int
    lines: tuple[PricedLine, ...]
    reason: str = ""


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
    purchase = Purchase(
        activity.lines,
        calendar.local_date(now, programme.time_zone),
        vouchers=(redemption,),
        excluded=frozenset(others),
    )
    priced = pricing.price(account, programme, purchase, (), now)
    amount = priced.price - priced.net
    why_not = [each.reason for each in priced.considered if each.redemption == redemption.id]
    return Tried(programme.money.currency, amount, priced.lines, "" if amount else why_not[0])
