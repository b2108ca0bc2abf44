"""
The mechanics by name; each is imported when something asks for it, and none is listed by hand.

A programme uses the mechanics of the sections that it has, an account those that keep something in
it, a command the one that declares it.  So a capability that nobody uses costs nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import Any, Final

from chalicelib.domain.account import Account
from chalicelib.domain.commands import Command
from chalicelib.domain.decide.benefits import Follower
from chalicelib.domain.ledger.events import Outcome, section_of
from chalicelib.domain.mechanics.mechanic import Handler, Mechanic
from chalicelib.domain.programme import Programme
from chalicelib.domain.section import sections_of

_PACKAGE: Final = "chalicelib.domain.mechanics"
#: What every account has.
_ALWAYS: Final = frozenset({"value", "tiers"})


@lru_cache(maxsize=1024)
def mechanic(name: str) -> Mechanic | None:
    """Return the mechanic of a name, importing it; ``None`` where nothing is called that."""
    if find_spec(f"{_PACKAGE}.{name}") is None:
        return None
    found: Mechanic | None = getattr(import_module(f"{_PACKAGE}.{name}"), "MECHANIC", None)
    return found


def every() -> tuple[Mechanic, ...]:
    """Return every mechanic there is: each module of this folder that declares one."""
    folder = import_module(_PACKAGE).__path__
    return _named(tuple(sorted(module.name for module in iter_modules(folder))))


def in_programme(programme: Programme) -> tuple[Mechanic, ...]:
    """Return the mechanics that a programme uses."""
    return _named(tuple(sorted(sections_of(programme))))


def in_account(account: Account) -> tuple[Mechanic, ...]:
    """Return the mechanics that keep something in an account."""
    return _named(tuple(sorted({key.partition("/")[0] for key in account.progress} | _ALWAYS)))


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


def followers(programme: Programme) -> Iterator[Follower]:
    """Yield who acts in a programme in which value has come."""
    for each in in_programme(programme):
        if each.follower is not None:
            yield each.follower
