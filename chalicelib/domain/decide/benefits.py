"""What of value a member is given: points, a free unit, a discount, a tier, a reward."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

from chalicelib.domain.ledger.postings import TENANT


class Benefit(Struct, frozen=True):
    """
    Something of value that a member of a programme is given.

    ``what`` is the id of the currency, entitlement, discount, tier or reward; ``amount`` how much
    of it, in the currency's units or in units of the entitlement.  ``retail_value`` is what it is
    worth in minor units of the programme's money, where that is known.  ``funder`` pays for it,
    ``category`` is that of the service or product, and ``cause`` what gives it: a rule, a card, a
    package, or a kind of event.
    """

    kind: Literal["value", "prepaid", "entitlement", "discount", "tier", "reward", "transfer"]
    programme: str
    what: str
    cause: str
    amount: int = 1
    retail_value: int | None = None
    funder: str = TENANT
    category: str = ""


#: What brings units of a currency, which something else may follow from.
OF_VALUE: Final = frozenset({"value", "prepaid", "transfer"})
