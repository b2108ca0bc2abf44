"""
What else follows from a fact: how mechanics beyond earning and tiers answer it, and take it back.

A mechanic that answers facts declares a `Reaction` in the registry.  For each programme that judges
a fact, `apply` adds its effects to the fact's own entry and returns a note, which the entry keeps
and the caller is told; when the fact is reversed, `retract` gets that note again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from msgspec import Struct

from chalicelib.domain.activity import Activity
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.entry import RuleAward
from chalicelib.domain.programme import Programme

#: A JSON object.  It lies in the open part of an entry: nothing in it may reveal health.
Note = dict[str, Any]


class Occasion(Struct, frozen=True):
    """A fact as one programme judged it, in which tier, and what it earned there."""

    programme: Programme
    activity: Activity
    tier: str
    awards: tuple[RuleAward, ...] = ()


class Retraction(Struct, frozen=True):
    """
    A fact of which something is taken back.

    ``programme`` is the version that judged it and ``recorded`` the fact as it was; ``before`` and
    ``after`` are what is left of it without and with this reversal, ``after`` ``None`` where that
    is nothing.  ``note`` is what the mechanic noted, as the last reversal left it.
    """

    programme: Programme
    recorded: Activity
    before: Activity
    after: Activity | None
    note: Note


def _as_it_is(note: Note) -> Note:
    return note


class Reaction(NamedTuple):
    """
    How one mechanic answers facts; ``section`` names it in notes.

    ``apply`` returns ``None`` where nothing followed; ``retract`` the note as it now is.  Both may
    refuse the whole command by raising a `LoyaltyError`.
    """

    section: str
    apply: Callable[[EventBuilder, Occasion], Note | None]
    retract: Callable[[EventBuilder, Retraction], Note]
    #: What of a note the caller is told.
    shown: Callable[[Note], Note] = _as_it_is
