"""What of value a member is given: points, a free unit, a discount, a tier, a reward."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

from chalicelib.domain.ledger.postings import TENANT


class Benefit(Struct, frozen=True):
    """
    Something of value that a member of a programme is given.

    ``id`` is that of the currency, entitlement, discount, tier or reward; ``amount`` how much
    of it, in the currency's units or in units of the entitlement.  ``retail_value`` is what all of
    it is worth in a shop, in minor units of the programme's money, where that is known.
    ``funder`` pays for it, and ``cause`` is what gives it: a rule, a card, a package, or a kind of
    event.

    An ``entitlement`` is a right to units, a ``unit`` one that is used.  A ``discount`` takes money
    off a bill, as points do that pay of one; of what it takes off, ``counted`` was counted before,
    with the reward whose voucher it is.  A ``cash_equivalent`` can be spent on anything;
    ``exception`` is the code of what a law does not count, if it is that.  ``service_on`` is the
    local day of the service that it is for, where that is not today.
    """

    kind: Literal[
        "value", "prepaid", "entitlement", "unit", "discount", "tier", "reward", "transfer"
    ]
    programme: str
    id: str
    cause: str
    amount: int = 1
    retail_value: int | None = None
    funder: str = TENANT
    counted: int = 0
    cash_equivalent: bool = False
    exception: str = ""
    service_on: str = ""


class Returned(Struct, frozen=True, omit_defaults=True):
    """
    What was taken back of one currency, and from where.

    Of ``amount``, ``deficit`` had been spent and is owed, and ``pending`` was not usable yet; the
    rest was in the balance.  Beside it, ``written_off`` had been spent and is not owed, and
    ``expired`` had expired unspent.
    """

    currency: str
    amount: int
    deficit: int = 0
    written_off: int = 0
    pending: int = 0
    expired: int = 0


#: What brings units of a currency, which something else may follow from.
OF_VALUE: Final = frozenset({"value", "prepaid", "transfer"})
