"""What a Struct leaves out is nothing, so that what is forgotten gives and allows nothing."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any, Final

from msgspec import NODEFAULT, Struct

from chalicelib import domain
from chalicelib.domain.ledger.account import Stats
from chalicelib.domain.ledger.postings import TENANT
from chalicelib.schemas import EVERY

#: Where leaving it out means something.  What is stored is read by these, so they stay.
MEANS: Final[dict[str, Any]] = {
    "Account.stats": Stats(),
    "Account.status": "prospect",
    "Advanced.changed": True,
    "Benefit.amount": 1,
    "Benefit.funder": TENANT,
    "CancelPlan.when": "period_end",
    "ChangePlan.when": "now",
    "ConfirmQuote.source": "quote",
    "LedgerAccount.by_funder": True,
    "Quote.revision": 1,
    "Quote.state": "open",
    "Redemption.revision": 1,
    "Remaining.whole": True,
    "RequestOverride.days": 30,
    "StatusResult.changed": True,
    "Subscribed.changed": True,
    "TakenBack.revision": 1,
    "Use.revision": 1,
    "UseEntitlement.units": 1,
}


def test_what_is_left_out_is_nothing() -> None:
    """False, zero, empty or none: of commands, of results, and of what is stored."""
    found = {
        f"{kind.__name__}.{name}": default
        for kind in _structs()
        for name, default in _defaults(kind)
        if default
    }

    assert found == MEANS


def _structs() -> Iterator[type[Struct]]:
    """Yield the Structs of the domain, but for those whose schema is published."""
    for module in pkgutil.walk_packages(domain.__path__, f"{domain.__name__}."):
        importlib.import_module(module.name)
    published = {name for each in EVERY for name in each.schema()["$defs"]}
    for kind in _beneath(Struct):
        names = {each.__name__ for each in (kind, *_beneath(kind))}
        if kind.__module__.startswith(domain.__name__) and not names & published:
            yield kind


def _beneath(kind: type[Struct]) -> Iterator[type[Struct]]:
    for each in kind.__subclasses__():
        yield each
        yield from _beneath(each)


def _defaults(kind: type[Struct]) -> Iterator[tuple[str, Any]]:
    """Yield what a Struct itself says of its fields; the last of them have defaults."""
    fields, defaults = kind.__struct_fields__, kind.__struct_defaults__
    for name, default in zip(reversed(fields), reversed(defaults), strict=False):
        if name in kind.__annotations__ and default is not NODEFAULT:
            # Of what can change there is a new one each time.
            yield name, default.factory() if hasattr(default, "factory") else default
