"""
What else follows from an activity: how mechanics beyond earning and tiers answer it.

A mechanic that answers activities declares a `Reaction` in the registry.  For each programme that
evaluates an activity, `apply` adds its effects to the activity's own event and returns an outcome,
which the event keeps and the caller gets; when the activity is reversed, `retract` gets that
outcome again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from msgspec import Struct

from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.ledger import money
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.events import Outcome, RuleAward
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.versions import ProgrammeVersion


class EarnContext(Struct, frozen=True):
    """
    An activity as one programme evaluated it, in which tier, and what it earned there.

    ``versions`` are those of the programme that have taken effect by now.
    """

    programme: Programme
    activity: Activity
    tier: str
    versions: tuple[ProgrammeVersion, ...]
    awards: tuple[RuleAward, ...] = ()


class Kept(NamedTuple):
    """
    The share of a line that has not come back: ``part`` of ``whole``.

    Of what was ``bought`` so many ``units`` are kept.
    """

    part: int
    whole: int
    units: int
    bought: int

    def of(self, amount: int) -> int:
        """Return the share of an amount, halves up."""
        return money.divide(amount * self.part, self.whole, "half_up")


class ReversalContext(Struct, frozen=True):
    """
    An activity of which something is taken back.

    ``programme`` is the version that evaluated it, ``versions`` are all that have taken effect by
    now, and ``recorded`` is the activity as it was; ``before`` and ``after`` are what is left of it
    without and with this reversal, ``after`` ``None`` where that is nothing; ``had`` and ``kept``
    say it of each line.  ``unused`` are units of packages that go though their lines stay, by the
    package's id and the line's place.
    """

    programme: Programme
    versions: tuple[ProgrammeVersion, ...]
    recorded: Activity
    before: Activity
    after: Activity | None
    had: tuple[Kept, ...]
    kept: tuple[Kept, ...]
    unused: Mapping[tuple[str, int], int] = {}


class Reaction(NamedTuple):
    """
    How one mechanic answers activities.

    ``apply`` returns ``None`` where nothing followed that a reversal or the caller has to know; it
    is left out where outcomes come about in another way.  A mechanic with outcomes has both others:
    ``retract`` gets an outcome as the last reversal left it, and returns it as it now is, and
    ``shown`` is what the caller gets of one, as JSON.  `apply` and `retract` may refuse the
    whole command by raising a `LoyaltyError`.
    """

    apply: Callable[[EventBuilder, EarnContext], Outcome | None] | None = None
    retract: Callable[[EventBuilder, ReversalContext, Any], Outcome] | None = None
    shown: Callable[[Any], dict[str, Any]] | None = None
