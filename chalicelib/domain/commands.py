"""What can be asked of an account, and what a decision about it consists of."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from chalicelib.domain.account import Taken
from chalicelib.domain.activity import Activity
from chalicelib.domain.calendar import Instant
from chalicelib.domain.entry import Entry, StoredEntry
from chalicelib.domain.quote import Quote


class Command(Struct, frozen=True, kw_only=True):
    """Something to be done, and who asks (an opaque id, never a name)."""

    actor: str = ""


class Open(Command, frozen=True):
    """Begin an account; ``programmes`` to join at once, none for a prospect."""

    programmes: tuple[str, ...] = ()
    consents: dict[str, bool] = {}


class Enrol(Command, frozen=True):
    """Join programmes; those already joined stay as they are."""

    programmes: tuple[str, ...]
    consents: dict[str, bool] = {}


class Close(Command, frozen=True):
    """End a member's account: whatever value is left is forfeited."""

    member: str
    reason: str


class RecordActivity(Command, frozen=True):
    """Judge a fact and journal it."""

    activity: Activity


class Redeem(Command, frozen=True):
    """
    Pay for a reward and issue its voucher; the ids are made by the caller.

    ``by_member`` where the member asks, and nobody hands anything out.
    """

    member: str
    programme: str
    reward: str
    redemption_id: str
    voucher_hash: str
    by_member: bool = False


class Redemption(Struct, frozen=True, omit_defaults=True):
    """
    A reward that was paid for, and its voucher.

    ``revision`` counts its changes; ``taken`` is what its price came from, and ``payee`` whom it
    went to, if anybody; ``counters`` are the limits that it used, with the instant at which each
    may be forgotten.
    """

    id: str
    member: str
    programme: str
    reward: str
    currency: str
    price: int
    state: Literal["issued", "used", "cancelled"]
    issued_at: Instant
    voucher_hash: str
    expires_at: Instant | None = None
    expires_on: str | None = None
    taken: tuple[Taken, ...] = ()
    counters: tuple[tuple[str, Instant | None], ...] = ()
    stocked: bool = False
    changed_at: Instant | None = None
    revision: int = 1
    payee: str = ""


class CancelRedemption(Command, frozen=True):
    """Take back a redemption whose voucher is unused: its value returns to its expiry."""

    redemption: Redemption
    reason: str = ""


class UseVoucher(Command, frozen=True):
    """Hand over what the voucher stands for."""

    redemption: Redemption


class LineReversal(Struct, frozen=True):
    """How much of one line comes back; all that is left of it where nothing is said."""

    id: str
    amount: int | None = None
    quantity: int | None = None


class Remaining(Struct, frozen=True, omit_defaults=True):
    """
    What of a recorded activity is not yet reversed.

    ``granted`` follows the order of the entry's awards; ``noted`` is what the entry's notes have
    become; ``revision`` counts the reversals.
    """

    amount: int | None
    quantity: int | None
    lines: dict[str, tuple[int, int]] = {}
    granted: tuple[int, ...] = ()
    whole: bool = True
    revision: int = 0
    noted: dict[str, Any] = {}


class ReverseActivity(Command, frozen=True):
    """
    Take back an activity: whole, by lines, or by an amount of money.

    ``recorded`` is its journal entry, ``remaining`` what earlier reversals left of it.
    """

    recorded: Entry
    remaining: Remaining | None = None
    lines: tuple[LineReversal, ...] = ()
    amount: int | None = None
    reason: str = ""


class Adjust(Command, frozen=True):
    """Correct a balance by hand: above zero gives, below zero takes."""

    programme: str
    currency: str
    amount: int
    reason: str
    note: str = ""


# ── What is written beside the account, in the same transaction ──


class SaveRedemption(Struct, frozen=True):
    """Write a redemption: new (``revision`` 1), or over the revision before it."""

    redemption: Redemption


class TakeStock(Struct, frozen=True):
    """One of a reward that has only so many; refused with `out_of_stock`."""

    programme: str
    reward: str
    limit: int


class ReturnStock(Struct, frozen=True):
    """One of a reward goes back on the shelf."""

    programme: str
    reward: str


class SaveRemaining(Struct, frozen=True):
    """What is left of an activity after one more reversal, over the revision before it."""

    source: str
    external_id: str
    remaining: Remaining


class SaveQuote(Struct, frozen=True):
    """Write a quote over the revision before it."""

    quote: Quote


class TakeBudget(Struct, frozen=True):
    """So much of a budget of one local day, which many accounts share."""

    name: str
    amount: int
    limit: int


Claim = SaveRedemption | TakeStock | ReturnStock | SaveRemaining | SaveQuote | TakeBudget


class Decision(Struct, frozen=True):
    """
    What follows from a command: entries, other conditional writes, and what to tell the caller.

    No entries means that nothing changes and nothing is written.  ``passed`` is what the other
    account is asked then, where a decision spans two: both say yes, or nothing happens.
    """

    entries: tuple[Entry, ...] = ()
    claims: tuple[Claim, ...] = ()
    result: Any = None
    passed: Command | None = None


class Appended(Struct, frozen=True):
    """Entries with their bytes and hashes, ready to be stored."""

    entries: tuple[Entry, ...] = ()
    stored: tuple[StoredEntry, ...] = ()
