"""
The deltas that an event carries: complete in themselves, so that folding needs no rule.

Each is immutable, small, and written once into the journal: a field may be added with a default,
never renamed, removed or given another meaning.  A change of meaning is a new effect and a
higher ``schema`` of the event.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.lots import NEVER_EXPIRES, LotKey, PendingKey

#: The kinds of account that belong to no member: a household's belongs to those who live in it, and
#: a gift card's to the bearer of its code.
NoMember = Literal["household", "gift_card"]
#: How far a member is; any other account says whose it is.
Status = Literal["prospect", "enrolled", "closed", NoMember]


class _Effect(Struct, frozen=True, omit_defaults=True, tag_field="t"):
    """What every effect shares."""


class Opened(_Effect, frozen=True, tag="open"):
    """The account begins."""

    at: Instant


class StatusChange(_Effect, frozen=True, tag="status"):
    """The member becomes a prospect, enrolled or closed; or it is a household's or gift card's."""

    status: Status


class Enrolled(_Effect, frozen=True, tag="enrol"):
    """The member joins a programme with the lowest tier."""

    programme: str
    tier: str
    joined_at: Instant
    joined_on: str


class TierChange(_Effect, frozen=True, tag="tier"):
    """The tier now held, and the whole timeline of (since, tier, reason) with it."""

    programme: str
    tier: str
    timeline: tuple[tuple[Instant, str, str], ...]


class ReviewChange(_Effect, frozen=True, tag="review"):
    """
    When the tier is looked at next; ``in_grace`` when that is the end of a grace.

    ``stepped_to`` is the tier to which this review took what is held beneath an override.
    """

    programme: str
    review_at: Instant | None = None
    in_grace: bool = False
    stepped_to: str = ""
    stepped_at: Instant = 0


class LotChange(_Effect, frozen=True, tag="lot"):
    """
    Value of a lot comes (above zero) or goes.

    ``warn_at`` and ``since`` are those of a lot that it opens (`lots.Lot`).
    """

    currency: str
    delta: int
    lot: LotKey = NEVER_EXPIRES
    warn_at: Instant | None = None
    since: Instant = 0


class LotWarned(_Effect, frozen=True, tag="warned"):
    """The member is to be warned that so much of a lot is about to expire."""

    currency: str
    amount: int
    lot: LotKey


class PendingChange(_Effect, frozen=True, tag="pend"):
    """Value that waits for its activation comes or goes."""

    currency: str
    delta: int
    pending: PendingKey
    warn_at: Instant | None = None


class DeficitChange(_Effect, frozen=True, tag="debt"):
    """Spent value that was taken back becomes debt, or later earning repays it."""

    currency: str
    delta: int


class CounterChange(_Effect, frozen=True, tag="count"):
    """A cap or limit is used up by so much; the counter may be forgotten after ``keep_until``."""

    key: str
    delta: int
    keep_until: Instant | None = None


class MetricChange(_Effect, frozen=True, tag="metric"):
    """
    A qualifying metric (`programme/metric`) moves in the month of the activity.

    ``day`` is its local day too, where something goes by days; those before ``days_from`` are
    forgotten, and only months and sums know of them.  Of a month that is forgotten only the sum of
    all moves, and ``month`` is empty.
    """

    metric: str
    month: str
    delta: int
    day: str = ""
    days_from: str = ""


class StatChange(_Effect, frozen=True, tag="stat"):
    """Activities and completed visits, whatever the programme."""

    visits: int = 0
    activities: int = 0


class ConsentChange(_Effect, frozen=True, tag="consent"):
    """A consent is given or withdrawn; its evidence is in the directory."""

    purpose: str
    granted: bool


class BirthdayChange(_Effect, frozen=True, tag="birthday"):
    """The member's birthday is this, as MM-DD; not known any more where it is empty."""

    birthday: str


class AgeBandsChange(_Effect, frozen=True, tag="age_bands"):
    """From these local days on the member is in these age bands, by band; all that is known."""

    bands: dict[str, str]


class ProgressChange(_Effect, frozen=True, tag="progress"):
    """A mechanic's record is now this, as a JSON value; none any more where ``record`` is None."""

    mechanic: str
    key: str
    record: dict[str, Any] | None = None


Effect = (
    Opened
    | StatusChange
    | Enrolled
    | TierChange
    | ReviewChange
    | LotChange
    | LotWarned
    | PendingChange
    | DeficitChange
    | CounterChange
    | MetricChange
    | StatChange
    | ConsentChange
    | BirthdayChange
    | AgeBandsChange
    | ProgressChange
)
