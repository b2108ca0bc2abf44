"""
The one door for value: whatever a member is given passes here, and whatever is taken back.

A mechanic that gives something, be it points, a free unit, a discount, a tier, a reward or what
another member sends, says so by `EventBuilder.give`; what it takes back, by
`EventBuilder.take_back`.  Guards stand here, so that no mechanic has to know of any: one that does
not allow a benefit raises its refusal.  What follows from value that has come, such as rewards that
redeem themselves, follows once when the event is finished, however the value came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol

from msgspec import Struct

from chalicelib.domain.ledger.events import Outcome
from chalicelib.domain.ledger.postings import TENANT
from chalicelib.domain.programme import Programme, Programmes

if TYPE_CHECKING:
    from chalicelib.domain.decide.event_builder import EventBuilder


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


class Guard(Protocol):
    """
    Who watches what passes: it may keep count of it on the account, by effects of the event.

    A guard that does not allow a benefit raises a `LoyaltyError`, which refuses the whole decision.
    """

    def given(self, event: EventBuilder, benefit: Benefit) -> None:
        """Look at what a member is about to be given."""

    def taken_back(self, event: EventBuilder, benefit: Benefit) -> None:
        """Look at what is taken back from a member."""


#: What brings units of a currency, which something else may follow from.
OF_VALUE: Final = frozenset({"value", "prepaid", "transfer"})

#: What follows in a programme in which value has come.
Follower = Callable[["EventBuilder", Programme], Outcome | None]


class Door(NamedTuple):
    """What stands at the door: the guards, and who acts on value that has come through."""

    programmes: Programmes
    followers: Callable[[Programme], Iterable[Follower]] = lambda _programme: ()
    guards: tuple[Guard, ...] = ()
