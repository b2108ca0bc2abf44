"""A purchase that is about to be priced, as everything that takes something off it sees it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from chalicelib.domain.ledger.events import Line

if TYPE_CHECKING:
    from chalicelib.domain.mechanics.households import Household
    from chalicelib.domain.mechanics.redemptions import Redemption
    from chalicelib.domain.programme.versions import ProgrammeVersion


class Purchase(NamedTuple):
    """
    What is about to be bought: the day of service, and all that discounts go by.

    ``today`` is the day on which it is priced, where the day of service is one to come.
    ``household`` is nothing where the member has none, or no discount asks; ``excluded`` are the
    ids to be left out, ``forbidden`` discounts that a law leaves out, by their id and that of a
    voucher's redemption or nothing, each with its rule, and ``barred`` lines off which it lets
    nothing be taken, by their id with the rule; ``kind`` and ``category`` are of the activity;
    ``versions`` are those of the programme that have taken effect by now; ``holidays`` the tenant's
    lists of days; ``covered`` is what of each line somebody else pays beside what the line says, in
    their order, and nothing where that pays for none; ``within`` are the location where it is, and
    those that it belongs to.
    """

    lines: tuple[Line, ...]
    day: date
    today: date
    household: Household | None = None
    vouchers: tuple[Redemption, ...] = ()
    excluded: frozenset[str] = frozenset()
    versions: tuple[ProgrammeVersion, ...] = ()
    holidays: Mapping[str, frozenset[str]] = {}
    covered: tuple[int, ...] = ()
    within: tuple[str, ...] = ()
    forbidden: Mapping[tuple[str, str], str] = {}
    barred: Mapping[str, str] = {}
    kind: str = ""
    category: str = ""

    @property
    def counted_on(self) -> date:
        """Return the day in whose windows limits count: today at the latest."""
        return min(self.day, self.today)
