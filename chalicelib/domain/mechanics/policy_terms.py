"""The policy packs that a programme follows, as its document names them."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

from chalicelib.domain.policies.pack import Pack, pack
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.fields import Id, Model
from chalicelib.domain.programme.section import Section


class Policy(Model, frozen=True):
    """A policy pack that the programme follows, such as `us-cmp`."""

    pack: Id


Policies = Annotated[tuple[Policy, ...], Meta(max_length=10)]
SECTION: Final[Section[tuple[Policy, ...]]] = Section("policies", Policies, ())


def followed_by(programme: Programme) -> tuple[Pack, ...]:
    """Return the packs that a programme follows, in the document's order."""
    return tuple(pack(each.pack) for each in SECTION.of(programme))
