"""
Delegates: who may act for a member, in which matters, and until when.

A patient lets a relative see their balance; a guardian acts for a child, who needs no credential; a
carer acts for an adult.  The account of the member says who may, so that it is asked of what a
decision has read anyway, and a revocation that comes in between makes it be decided again; the
account of the delegate says for whom, so that both find one another.

A guardian's part ends by itself on the day on which the child is of age, which is announced a month
before.  That day is told by who names the guardian: it depends on where they live, and nobody's
year of birth is kept here.
"""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Final, Literal, get_args

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import MEMBER, Decider, Known
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Mechanic, Phase
from chalicelib.domain.decide.progress import ProgressStore
from chalicelib.domain.errors import Conflict, Forbidden, Invalid, NotFound
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.chosen_days import parse_chosen_date
from chalicelib.domain.ledger.events import (
    Data,
    DelegateAdded,
    DelegateRevoked,
    DelegationEndAnnounced,
    DelegationsEnded,
    DelegatorAdded,
    DelegatorRemoved,
    noted,
)
from chalicelib.domain.programme.versions import Programmes

#: How many may act for one member, and for how many members one may act.
DELEGATES_MAX: Final = 10
MEMBERS_MAX: Final = 20
#: So many days before a guardian's part ends, it is announced.
NOTICE_DAYS: Final = 30

#: In which capacity somebody acts for a member; staff alone name the first two, who prove it.
Capacity = Literal["guardian", "carer", "relative"]
_PROVEN: Final = frozenset({"guardian", "carer"})
#: The matters in which a delegate may act.
Matter = Literal["balance", "earn", "redeem", "messages", "profile"]
MATTERS: Final[tuple[Matter, ...]] = get_args(Matter)

#: The role of a delegate in a decision.
DELEGATE: Final = "delegate"


class Delegation(Struct, frozen=True, omit_defaults=True):
    """
    In a member's account: what a delegate may do, from one local day to another, both included.

    ``announce_at`` is when its end is announced, if it is and was not yet.
    """

    capacity: Capacity
    scopes: tuple[Matter, ...]
    from_on: str
    starts_at: Instant
    until_on: str | None = None
    ends_at: Instant | None = None
    announce_at: Instant | None = None

    def has_ended(self, now: Instant) -> bool:
        """Tell whether its last day is over."""
        return _is_over(self.ends_at, now)

    def is_active(self, now: Instant) -> bool:
        """Tell whether this is one of its days."""
        return self.starts_at <= now and not self.has_ended(now)


class Delegator(Struct, frozen=True, omit_defaults=True):
    """In a delegate's account: that they act for somebody, until when."""

    ends_at: Instant | None = None


#: Those who act for a member, by their own ids.
DELEGATES: Final = ProgressStore("delegates", Delegation)
#: Those for whom a member acts, by their ids.
DELEGATORS: Final = ProgressStore("delegates/delegators", Delegator)


class AddDelegate(Command, frozen=True):
    """
    Let another member act for this one, or change in what.

    ``of_age_on`` is the day on which somebody with a guardian is of age.  Days are local days of
    ``time_zone``; ``proof`` says by what it was shown that they may, and is sealed.
    """

    in_sight: ClassVar[tuple[str, ...]] = (DELEGATE,)

    delegate: str
    capacity: Capacity
    scopes: tuple[Matter, ...]
    time_zone: str
    from_on: str | None = None
    until_on: str | None = None
    of_age_on: str | None = None
    proof: str = ""

    def parties(self, known: Known) -> dict[str, str]:  # noqa: ARG002 - both are named
        """Return the member and the delegate."""
        return {MEMBER: self.member, DELEGATE: self.delegate}


class RevokeDelegate(Command, frozen=True):
    """Let a delegate not act for this member any more; ``note`` is sealed."""

    when_full: ClassVar[bool] = True

    delegate: str
    reason: str
    note: str = ""

    def parties(self, known: Known) -> dict[str, str]:  # noqa: ARG002 - both are named
        """Return the member and the delegate."""
        return {MEMBER: self.member, DELEGATE: self.delegate}


class Delegated(Struct, frozen=True):
    """A delegate as they are now; ``delegation`` is None where they are none."""

    delegate: str
    delegation: Delegation | None
    changed: bool


def add(decider: Decider, command: AddDelegate) -> Delegated:
    """Say in both accounts who may act for whom."""
    _check(decider, command)
    delegation = _delegation(decider.now, command)
    own = decider.event()
    DELEGATES.put(own, command.delegate, delegation)
    theirs = decider.event(DELEGATE)
    DELEGATORS.put(theirs, command.member, Delegator(delegation.ends_at))
    _check_counts(own, theirs)
    changed = not own.is_empty
    if changed:
        added = DelegateAdded(command.delegate, command.capacity, delegation.scopes)
        own.record(added, detail=noted(command.proof))
    if not theirs.is_empty:
        theirs.record(DelegatorAdded(command.member, command.capacity))
    return Delegated(command.delegate, delegation, changed)


def _check(decider: Decider, command: AddDelegate) -> None:
    if command.delegate == command.member:
        raise _unfit("/delegate_id", "must be another member: nobody is their own delegate")
    delegate = decider.account(DELEGATE)
    if not delegate.version or delegate.holder != "member" or delegate.status == "closed":
        raise NotFound(
            "delegate_not_found", "The delegate is no member here: create them as one first."
        )
    _check_guardian(decider, command.delegate)
    if command.capacity not in _PROVEN:
        return
    if decider.actor.is_member:
        raise Forbidden(
            "not_for_members",
            f"A {command.capacity} is named by staff, who see the proof; members name a relative.",
        )
    if not command.proof:
        raise _unfit("/proof", f"must say what shows that they are the {command.capacity}")
    if command.capacity == "guardian" and command.of_age_on is None:
        raise _unfit("/of_age_on", "must be the day on which the member is of age")


def _check_guardian(decider: Decider, delegate: str) -> None:
    """Refuse a member who would change what a guardian may, or revoke one."""
    known = DELEGATES.get(decider.member, delegate)
    if known is not None and known.capacity == "guardian" and decider.actor.is_member:
        raise Forbidden("not_for_members", "What a guardian may is changed by staff.")


def _delegation(now: Instant, command: AddDelegate) -> Delegation:
    zone = command.time_zone
    today = calendar.local_date(now, zone)
    first, ends = today, []
    if command.from_on is not None:
        first = parse_chosen_date(command.from_on, "/from_on")
    if command.until_on is not None:
        ends.append(("/until_on", parse_chosen_date(command.until_on, "/until_on")))
    if command.capacity == "guardian" and command.of_age_on is not None:
        of_age = parse_chosen_date(command.of_age_on, "/of_age_on")
        ends.append(("/of_age_on", calendar.add_days(of_age, -1)))
    delegation = Delegation(
        command.capacity,
        tuple(each for each in MATTERS if each in command.scopes),
        first.isoformat(),
        calendar.day_start(first, zone),
    )
    if not ends:
        return delegation
    pointer, last = min(ends, key=lambda each: each[1])
    if last < max(first, today):
        raise _unfit(pointer, f"leaves no day from {max(first, today)} on")
    return replace(
        delegation,
        until_on=last.isoformat(),
        ends_at=calendar.expiry_instant(last, zone),
        announce_at=_notice(now, last, zone) if command.capacity == "guardian" else None,
    )


def _notice(now: Instant, last: date, zone: str) -> Instant | None:
    """Return when an end is announced; never where that is less than the notice away."""
    at = calendar.day_start(calendar.add_days(last, 1 - NOTICE_DAYS), zone)
    return at if at > now else None


def _check_counts(own: EventBuilder, theirs: EventBuilder) -> None:
    for event, kept, most in ((own, DELEGATES, DELEGATES_MAX), (theirs, DELEGATORS, MEMBERS_MAX)):
        if len(event.account.progress[kept.mechanic]) > most:
            who = "for this member" if event is own else "for the delegate"
            raise Conflict(
                "too_many_delegates",
                f"There are {most} already {who}, and no more may be: revoke one first.",
                limit=most,
            )


def revoke(decider: Decider, command: RevokeDelegate) -> Delegated:
    """Forget in both accounts that one may act for the other."""
    _check_guardian(decider, command.delegate)
    own, theirs = decider.event(), decider.event(DELEGATE)
    DELEGATES.drop(own, command.delegate)
    DELEGATORS.drop(theirs, command.member)
    changed = not own.is_empty
    if changed:
        revoked = DelegateRevoked(command.delegate, command.reason)
        own.record(revoked, detail=noted(command.note))
    if not theirs.is_empty:
        theirs.record(DelegatorRemoved(command.member))
    return Delegated(command.delegate, None, changed)


def may_act(account: Account, delegate: str, matter: str, now: Instant) -> bool:
    """Tell whether somebody may act for a member in a matter, as the member's account says it."""
    delegation = DELEGATES.get(account, delegate)
    return delegation is not None and matter in delegation.scopes and delegation.is_active(now)


def delegates(account: Account) -> dict[str, Delegation]:
    """Return who may act for a member, now or later, by their ids."""
    return DELEGATES.all(account)


def delegators(account: Account) -> tuple[str, ...]:
    """Return the ids of those for whom a member may act, as far as their own account knows."""
    return tuple(DELEGATORS.all(account))


def due(account: Account) -> Instant | None:
    """Return when a delegation next ends, or its end is announced."""
    own = DELEGATES.all(account).values()
    instants = [at for each in own for at in (each.ends_at, each.announce_at)]
    instants += [each.ends_at for each in DELEGATORS.all(account).values()]
    return min((at for at in instants if at is not None), default=None)


def end(event: EventBuilder, _programmes: Programmes) -> Data | None:
    """Forget the delegations whose last day is over."""
    before, now = event.before, event.now
    over = [key for key, each in DELEGATES.all(before).items() if _is_over(each.ends_at, now)]
    theirs = [key for key, each in DELEGATORS.all(before).items() if _is_over(each.ends_at, now)]
    for key in over:
        DELEGATES.drop(event, key)
    for key in theirs:
        DELEGATORS.drop(event, key)
    return DelegationsEnded(tuple(over), tuple(theirs)) if over or theirs else None


def announce(event: EventBuilder, _programmes: Programmes) -> Data | None:
    """Say which guardians will not act any more from the next day on that is announced."""
    soon = {
        key: each
        for key, each in DELEGATES.all(event.before).items()
        if each.announce_at is not None and each.announce_at <= event.now
    }
    if not soon:
        return None
    for key, each in soon.items():
        DELEGATES.put(event, key, replace(each, announce_at=None))
    lasts = min(each.until_on for each in soon.values() if each.until_on is not None)
    return DelegationEndAnnounced(tuple(soon), _day_after(lasts))


def close(event: EventBuilder) -> None:
    """Forget who may act, where an account ends; for whom its member acts is for those to say."""
    for key in DELEGATES.all(event.account):
        DELEGATES.drop(event, key)


def _is_over(ends_at: Instant | None, now: Instant) -> bool:
    return ends_at is not None and ends_at <= now


def _day_after(day: str) -> str:
    return calendar.add_days(date.fromisoformat(day), 1).isoformat()


def _unfit(pointer: str, detail: str) -> Invalid:
    return Invalid(
        "unfit_delegation",
        f"Nobody can act for a member like this: {pointer[1:]} {detail}.",
        errors=[{"pointer": pointer, "detail": detail}],
    )


MECHANIC: Final = Mechanic(
    handlers={AddDelegate: add, RevokeDelegate: revoke},
    due=due,
    ticks=((Phase.EXPIRE, end), (Phase.WARN, announce)),
    closing=close,
)
