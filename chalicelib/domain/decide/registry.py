"""
The mechanics by name; each is imported when something asks for it, and no list has all of them.

An account uses the mechanics that keep something in it, a command the one that declares it, and an
activity those of its programme that answer activities.  So a capability costs nothing where nobody
uses it, nor where it has no part in what is asked.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Final

from chalicelib.domain.decide.benefits import Benefit
from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.event_builder import EventBuilder, Follower, Guard
from chalicelib.domain.decide.mechanic import Given, Handler, Mechanic, UndoPayment
from chalicelib.domain.errors import LoyaltyError
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.events import SECTIONS_WITH_OUTCOMES, Event, Outcome, section_of
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.fields import InactivityExpiry
from chalicelib.domain.programme.section import derived, has_section, sections_of
from chalicelib.domain.programme.versions import Programmes

if TYPE_CHECKING:
    from chalicelib.domain.ledger.activity import Activity

_PACKAGE: Final = "chalicelib.domain.mechanics"


def _redeems_automatically(programme: Programme) -> bool:
    return any(reward.auto_at is not None for reward in programme.rewards)


def _ends_by_inactivity(programme: Programme) -> bool:
    return any(isinstance(each.expiry, InactivityExpiry) for each in programme.currencies)


def _reinstates(programme: Programme) -> bool:
    return any(each.reinstated_within_days is not None for each in programme.currencies)


#: Those that answer what happens and have no section of their own, by what of the core asks for it.
#: Named here, since every earn asks: a mechanic that said so itself would have to be imported for
#: it, and to read the types of two Structs takes 5 ms.  A test finds one that is left out.
_OF_CORE: Final[Mapping[str, Callable[[Programme], bool]]] = {
    "auto_redemption": _redeems_automatically,
    "inactivity": _ends_by_inactivity,
    "reinstatement": _reinstates,
}


#: The sections whose mechanic stands guard over what is given, named for the same reason.
_GUARDING: Final = ("policies",)


@lru_cache(maxsize=1024)
def mechanic(name: str) -> Mechanic | None:
    """Return the mechanic of a name, importing it; ``None`` where nothing is called that."""
    if find_spec(f"{_PACKAGE}.{name}") is None:
        return None
    found: Mechanic | None = getattr(import_module(f"{_PACKAGE}.{name}"), "MECHANIC", None)
    return found


def every() -> tuple[Mechanic, ...]:
    """Return every mechanic there is: each module of this folder that declares one."""
    return _named(_modules())


@cache
def _modules() -> tuple[str, ...]:
    folder = import_module(_PACKAGE).__path__
    return tuple(sorted(module.name for module in iter_modules(folder)))


@cache
def in_document_order() -> tuple[Mechanic, ...]:
    """
    Return every mechanic in the order in which a document is checked, compared and told.

    First come those that are named after a field of its core, in the order of the fields, then the
    others, which are named after a section or have none.
    """
    named = map(mechanic, Programme.__struct_fields__)
    of_fields = tuple(each for each in named if each is not None)
    return (*of_fields, *(each for each in every() if each not in of_fields))


@derived
def answering(programme: Programme) -> tuple[Mechanic, ...]:
    """
    Return the mechanics of a programme that answer activities, or value that has come.

    They are those with outcomes: the others are not imported where something happens.
    """
    named = {name for name, asked_for in _OF_CORE.items() if asked_for(programme)}
    return _named(tuple(sorted(named | (sections_of(programme) & SECTIONS_WITH_OUTCOMES))))


def of_programme(programme: Programme) -> tuple[Mechanic, ...]:
    """Return the mechanics of a programme's sections."""
    return _named(tuple(sorted(sections_of(programme))))


def in_account(account: Account) -> tuple[Mechanic, ...]:
    """Return the mechanics that keep something in an account, or review a tier of it."""
    return _named(tuple(sorted(_used(account))))


def planning(event: EventBuilder, programmes: Programmes) -> tuple[Mechanic, ...]:
    """
    Return the mechanics that may have to plan anew when an event is finished.

    They are those of `in_account`; where the event changes the birthday, also the others of the
    member's programmes; where it joins a programme, or is the account's first under a version, the
    others of that programme.
    """
    account, before = event.account, event.before
    names = _used(account)
    for programme_id in account.enrolments:
        version = programmes.in_force(programme_id, event.now)
        if version is not None and (
            account.birthday != before.birthday
            or programme_id not in before.enrolments
            or (version.effective_from or 0) > before.effective_at
        ):
            names |= sections_of(version.document)
    return _named(tuple(sorted(names)))


@derived
def guards(programme: Programme) -> tuple[Guard, ...]:
    """Return who stands guard over what members of a programme are given."""
    names = tuple(name for name in _GUARDING if has_section(programme, name))
    return tuple(each.guard for each in _named(names) if each.guard is not None)


def refusals(
    account: Account, programme: Programme, benefit: Benefit, now: Instant
) -> Iterator[LoyaltyError]:
    """Yield why guards would not let a member be given something now."""
    for guard in guards(programme):
        refusal = guard.refusal(account, programme, benefit, now)
        if refusal is not None:
            yield refusal


def barred(account: Account, programme: Programme, activity: Activity) -> Mapping[str, str]:
    """
    Return the lines of an activity that guards let earn nothing, by their id, each with the rule.

    An activity without lines is one whose id is empty.
    """
    found: dict[str, str] = {}
    for guard in guards(programme):
        found |= guard.barred(account, programme, activity)
    return found


def consents_of(programme: Programme) -> set[str]:
    """Return the purposes that members of a programme may consent to."""
    declared = {*programme.enrolment.required_consents, *programme.enrolment.optional_consents}
    for each in _named(tuple(sorted(sections_of(programme)))):
        if each.consents is not None:
            declared.update(each.consents(programme))
    return declared


def _used(account: Account) -> set[str]:
    """
    Return the names of the mechanics that have something in an account.

    That is in what is named after them; but balances and the instants of reviews are fields of
    every account, and so the mechanics that change these are named here: to find that out from
    what mechanics say would import all of them.
    """
    used = {"value", *(key.partition("/")[0] for key in account.progress)}
    if any(each.review_at is not None for each in account.enrolments.values()):
        used.add("tier_reviews")
    return used


def amount_in(account: Account, path: str, currency: str) -> int:
    """Return how much of a currency is in a ledger account of the member's own."""
    holders = (each.accounts.get(path) for each in in_account(account))
    return sum(amount(account, currency) for amount in holders if amount is not None)


@lru_cache(maxsize=1024)
def _named(names: tuple[str, ...]) -> tuple[Mechanic, ...]:
    """Return mechanics in the order in which they act."""
    found = [each for each in map(mechanic, names) if each is not None]
    return tuple(sorted(found, key=lambda each: each.turn))


def handler_of(command: Command) -> Handler:
    """Return who decides a command: the mechanic in whose module it is declared."""
    declared: Any = sys.modules[type(command).__module__]
    handler: Handler = declared.MECHANIC.handlers[type(command)]
    return handler


def of_outcome(outcome: Outcome) -> Mechanic:
    """Return the mechanic that an outcome is of."""
    found = mechanic(section_of(outcome))
    if found is None:
        raise LookupError(f"no mechanic is called {section_of(outcome)}")
    return found


def undoing(payment: Event) -> UndoPayment:
    """
    Return what undoes that a payment was made.

    Raises `LookupError` where an event is no payment.
    """
    found = _answering_for(payment)
    undo = None if found is None else found.payments.get(type(payment.data))
    if undo is None:
        raise LookupError(f"an event {payment.kind} is no payment")
    return undo


def given(event: Event) -> Iterator[Given]:
    """Yield the value that an event gave and that can be taken back by itself."""
    found = _answering_for(event)
    gave = None if found is None else found.gave.get(type(event.data))
    if gave is not None:
        yield from gave(event)


def _answering_for(event: Event) -> Mechanic | None:
    name = event.data.mechanic
    return mechanic(name) if name else None


def followers(programme: Programme) -> Iterator[Follower]:
    """Yield who acts in a programme in which value has come."""
    for each in answering(programme):
        if each.follower is not None:
            yield each.follower
