"""
What a mechanic says of itself: everything that the core has to know of it, beside its own code.

Each module of this folder that declares a ``MECHANIC`` is one; `registry` names them.  Dispatch,
validation, words, what falls due, what ends with an account: all of it is derived from here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import IntEnum, auto
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from chalicelib.domain.decide.benefits import Returned
from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import Decider
from chalicelib.domain.decide.event_builder import EventBuilder, Follower, Guard, Planner
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.events import Data, Event, PrepaidMoney
from chalicelib.domain.ledger.lots import LotKey
from chalicelib.domain.ledger.postings import LedgerAccount
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.section import Section
from chalicelib.domain.programme.versions import Programmes

if TYPE_CHECKING:
    from chalicelib.domain.decide.reaction import Reaction
    from chalicelib.domain.programme.wording import Composer, Description
    from chalicelib.domain.violations import Violation


class Phase(IntEnum):
    """
    The order of what happens by itself at one instant.

    Value that is usable from midnight on can pay for what renews then, a tier is reviewed before
    anything expires, what is given on a day does not end with the day before, and what expires is
    not announced any more.
    """

    ACTIVATE = auto()
    END_HOLDS = auto()
    RENEW = auto()
    REVIEW = auto()
    EXPIRE = auto()
    GIVE = auto()
    WARN = auto()


#: Decides a command: collects what follows, and returns what the caller gets.
Handler = Callable[[Decider, Any], Any]
#: Adds what happens by itself at the event's instant, and says what it is; ``None`` for nothing.
Tick = Callable[[EventBuilder, Programmes], Data | None]


class Turn(IntEnum):
    """When a mechanic acts where several do at the same moment; within a turn, by name."""

    #: What sets value aside, so that it comes back before value ends.
    PINS = auto()
    #: What brings benefits for as long as it lasts.
    BRINGS = auto()
    #: Value itself.
    VALUE = auto()
    #: Everything else.
    REST = auto()


class Owned(NamedTuple):
    """How many ``units`` of something other than value a member has, such as `stamps` of a card."""

    kind: str
    id: str
    units: int


#: What payments are for, as the API calls it.
PaymentKind = Literal["top_up", "plan_fee", "gift_card"]


class UndonePayment(NamedTuple):
    """
    What follows where a payment has gone back to who made it.

    It was of a ``kind``, for ``id`` of a section, such as a plan: ``amount`` in minor units.
    ``returned`` is value that went with it; ``prorated`` is owed for it besides, or below zero left
    over.
    """

    kind: PaymentKind
    section: str
    id: str
    amount: int
    returned: tuple[Returned, ...] = ()
    prorated: int = 0


#: Undoes what the payment of an event was for.
UndoPayment = Callable[[EventBuilder, Programme, Event], UndonePayment]


class Permanent(NamedTuple):
    """
    The ids of a list, at a ``pointer``, that accounts may hold, so that no later version drops one.

    ``hint`` says why, and what to do instead.
    """

    pointer: str
    ids: Sequence[str]
    hint: str = "accounts may refer to it; keep it"


class Counted(NamedTuple):
    """
    How many counters an account may keep for what stands at a ``pointer`` in a document.

    ``fewer`` tells its author what makes them fewer.
    """

    pointer: str
    counters: int
    fewer: str


class Given(NamedTuple):
    """
    Value of a currency, as `programme/currency`, that an event gave from a ledger account to a lot.

    ``award`` is the rule or the gift by which it was given, empty where there is none.
    """

    currency: str
    amount: int
    lot: LotKey
    source: LedgerAccount
    award: str = ""


class Mechanic(NamedTuple):
    """
    One mechanic.

    ``section`` is its part of a programme's document, and ``turn`` its place among others; what it
    keeps in accounts is named after its module (`progress`).  ``handlers`` decide its commands;
    ``reaction`` answers activities; ``follower`` acts where value has come; a section with either
    has outcomes, by which the registry knows whom to ask.  ``guard`` watches what is given in a
    programme that has its section.  ``due`` returns when something on an
    account next changes by itself, and ``ticks`` change it, each in its phase.  ``plan`` is called
    once for an event before it is finished, and adds effects where what is to come has changed
    (`registry.planning`).  ``closing`` gives up what it keeps where an account ends; ``prepaid``
    returns the money that was paid in by then, which ``pay_back`` takes out of the books where it
    is refunded.  ``payments`` are the events by which a payment is reported, each with what undoes
    it where that goes back; ``gave`` are those that give value which staff may take back, each with
    what yields it.  ``returning`` takes over, from the account that a member had before, what keeps
    anything from being given twice.  ``withdrawn`` gives up what goes with a consent; ``consents``
    are the purposes that its section asks for.  ``accounts`` are ledger accounts of the member's
    own, with what the account says is there; ``owned`` yields what a member of a programme has at
    an instant that is counted and is no value.  ``problems`` finds violations of its section,
    ``permanent`` all ids of it that accounts may hold, ``succession`` what else a next version may
    not do to one, and ``words`` tells it to members; those of a mechanic
    that has the name of a field of the document's core are about that.  ``counters`` yields how
    many it keeps in the account of a member who does everything once a day: those that a document
    makes many, by windows, days or parts.
    """

    section: Section[Any] | None = None
    turn: Turn = Turn.REST
    handlers: Mapping[type[Command], Handler] = {}
    reaction: Reaction | None = None
    follower: Follower | None = None
    guard: Guard | None = None
    due: Callable[[Account], Instant | None] | None = None
    ticks: tuple[tuple[Phase, Tick], ...] = ()
    plan: Planner | None = None
    closing: Callable[[EventBuilder], None] | None = None
    prepaid: Callable[[Account, Programme, Instant], Iterator[PrepaidMoney]] | None = None
    pay_back: Callable[[EventBuilder, PrepaidMoney], None] | None = None
    payments: Mapping[type[Data], UndoPayment] = {}
    gave: Mapping[type[Data], Callable[[Event], Iterator[Given]]] = {}
    returning: Callable[[EventBuilder, Account], None] | None = None
    consents: Callable[[Programme], Iterable[str]] | None = None
    withdrawn: Callable[[EventBuilder, Programmes, str], None] | None = None
    accounts: Mapping[str, Callable[[Account, str], int]] = {}
    owned: Callable[[Account, Programme, Instant], Iterator[Owned]] | None = None
    problems: Callable[[Programme], Iterator[Violation]] | None = None
    permanent: Callable[[Programme], Iterator[Permanent]] | None = None
    succession: Callable[[Programme, Programme], Iterator[Violation]] | None = None
    words: Callable[[Composer], Iterator[Description]] | None = None
    counters: Callable[[Programme], Iterator[Counted]] | None = None
