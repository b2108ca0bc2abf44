"""
The list of mechanics: a new one joins here, and nothing else of the core knows of it.

`Document` has a field for the part of the programme that each mechanic declares.  ``HANDLERS`` says
who decides a command, ``REACTIONS`` who answers facts, ``DUE`` who knows of something that will
change by itself, ``CLOSING`` who gives up what it keeps when an account ends, ``WITHDRAWN`` who
forgets what it kept by a consent.  ``TICKS`` makes things change, in the order that holds at one
instant: what becomes usable, holds that end, plans that renew, tiers that are reviewed, value that
expires, what is announced.  So value that is usable from midnight on can pay for what renews then,
a tier is judged before anything expires, and what expires is not announced any more.  Each of them
is an event of its own.

``PLACES`` are the member's own ledger accounts, each with what the account says lies there: that is
what postings are held against.  ``PROBLEMS``, ``PERMANENT`` and ``WORDS`` are what validation,
succession and the programme in words ask of each part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from chalicelib.domain.account import Account
from chalicelib.domain.calendar import Instant
from chalicelib.domain.commands import Command
from chalicelib.domain.decide.benefits import Follower
from chalicelib.domain.decide.decider import Decider
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.faults import Fault
from chalicelib.domain.ledger.events import Data
from chalicelib.domain.ledger.postings import AVAILABLE, HELD, PENDING
from chalicelib.domain.mechanics import (
    adjustment,
    discounts,
    entitlements,
    goodwill,
    holds,
    households,
    inactivity,
    packages,
    plans,
    quoted,
    rewards,
    stamps,
    statuses,
    tiers,
    transfers,
    value,
    wallets,
)
from chalicelib.domain.mechanics.discounts import Discounts
from chalicelib.domain.mechanics.entitlements import Entitlements
from chalicelib.domain.mechanics.goodwill import Goodwill
from chalicelib.domain.mechanics.holds import HoldPolicy
from chalicelib.domain.mechanics.packages import Packages
from chalicelib.domain.mechanics.plans import Plans
from chalicelib.domain.mechanics.quoted import QuotePolicy
from chalicelib.domain.mechanics.stamps import StampCards
from chalicelib.domain.mechanics.statuses import Statuses
from chalicelib.domain.mechanics.transfers import TransferRules
from chalicelib.domain.mechanics.wallets import Wallets
from chalicelib.domain.programme import Programme, Programmes
from chalicelib.domain.reaction import Reaction

if TYPE_CHECKING:
    from chalicelib.domain.wording import Composer, Description

Handler = Callable[[Decider, Any], Any]


class Document(Programme, frozen=True):
    """The whole document."""

    entitlements: Entitlements = ()
    holds: HoldPolicy = HoldPolicy()
    stamp_cards: StampCards = ()
    statuses: Statuses = ()
    discounts: Discounts = Discounts()
    wallets: Wallets = ()
    packages: Packages = ()
    quotes: QuotePolicy = QuotePolicy()
    goodwill: Goodwill | None = None
    plans: Plans = ()
    transfers: TransferRules = ()


HANDLERS: Final[dict[type[Command], Handler]] = {
    rewards.Redeem: rewards.redeem,
    rewards.CancelRedemption: rewards.cancel,
    rewards.UseVoucher: rewards.use_voucher,
    adjustment.Adjust: adjustment.adjust,
    holds.PlaceHold: holds.place,
    holds.CaptureHold: holds.capture,
    holds.ReleaseHold: holds.release,
    holds.ExtendHold: holds.extend,
    statuses.ShowStatus: statuses.show,
    statuses.WithdrawStatus: statuses.withdraw,
    wallets.TopUp: wallets.top_up,
    goodwill.GiveGoodwill: goodwill.give,
    transfers.SendTransfer: transfers.send,
    households.JoinHousehold: households.join,
    households.LeaveHousehold: households.leave,
    plans.Subscribe: plans.subscribe,
    plans.PayFee: plans.pay,
    plans.ChangePlan: plans.change,
    plans.CancelPlan: plans.cancel,
    tiers.GrantTier: tiers.grant,
    tiers.LiftTier: tiers.lift,
    entitlements.GrantEntitlement: entitlements.grant_by_hand,
    entitlements.UseEntitlement: entitlements.use,
    entitlements.ReturnEntitlement: entitlements.give_back,
}

REACTIONS: Final[tuple[Reaction, ...]] = (
    stamps.REACTION,
    packages.REACTION,
    discounts.REACTION,
    quoted.REACTION,
    inactivity.REACTION,
    rewards.REACTION,
)

DUE: Final[tuple[Callable[[Account], Instant | None], ...]] = (
    value.due,
    tiers.due,
    holds.due,
    entitlements.due,
    statuses.due,
    plans.due,
    inactivity.due,
)

TICKS: Final[tuple[Callable[[EventBuilder, Programmes], Data | None], ...]] = (
    rewards.activate,
    holds.time_out,
    plans.renew,
    tiers.end_floors,
    tiers.review,
    value.expire,
    inactivity.expire,
    entitlements.lapse,
    statuses.lapse,
    value.warn,
    tiers.announce,
)

#: What follows in a programme in which value has come, however it came.
FOLLOWERS: Final[tuple[Follower, ...]] = (rewards.by_itself,)

CLOSING: Final[tuple[Callable[[EventBuilder], None], ...]] = (
    holds.end,
    plans.end,
    value.forfeit,
    tiers.end,
    entitlements.end,
    stamps.end,
    statuses.end,
    discounts.end,
    inactivity.end,
    households.end,
)

WITHDRAWN: Final[tuple[Callable[[EventBuilder, Programmes, str], None], ...]] = (statuses.forget,)

PLACES: Final[dict[str, Callable[[Account, str], int]]] = {
    AVAILABLE: lambda account, currency: account.balance(currency).available,
    PENDING: lambda account, currency: account.balance(currency).pending_total,
    HELD: holds.held,
}

#: Faults of a mechanic's part of a document, with their pointers.
PROBLEMS: Final[tuple[Callable[[Programme], Iterator[Fault]], ...]] = (
    holds.problems,
    entitlements.problems,
    stamps.problems,
    statuses.problems,
    discounts.problems,
    wallets.problems,
    packages.problems,
    goodwill.problems,
    transfers.problems,
    plans.problems,
)

#: Ids that accounts hold and no later version may drop, by the pointer of their list.
PERMANENT: Final[tuple[Callable[[Programme], dict[str, list[str]]], ...]] = (
    entitlements.permanent,
    stamps.permanent,
    statuses.permanent,
    discounts.permanent,
    plans.permanent,
)

#: A mechanic's part of a programme in words.
WORDS: Final[tuple[Callable[[Composer], Iterator[Description]], ...]] = (
    holds.words,
    entitlements.words,
    stamps.words,
    packages.words,
    statuses.words,
    discounts.words,
    wallets.words,
    quoted.words,
    goodwill.words,
    transfers.words,
    plans.words,
)
