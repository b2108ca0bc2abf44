"""The policy packs that a programme follows, as its document names them."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, field

from chalicelib.domain.policies.pack import Pack, pack
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.fields import Id, LocationNames, Model, Name
from chalicelib.domain.programme.section import Section


class Policy(Model, frozen=True):
    """
    A policy pack that the programme follows, such as `us-cmp`.

    ``categories`` says what the programme calls each of the pack's: categories of lines and of
    activities, or types of activities.  With ``locations`` the pack's rules of earning and of money
    off hold there, and where no location is known.
    """

    pack: Id
    categories: Annotated[
        dict[Id, Annotated[tuple[Name, ...], Meta(min_length=1, max_length=50)]],
        Meta(max_length=20),
    ] = field(default_factory=dict)
    locations: LocationNames = ()


Policies = Annotated[tuple[Policy, ...], Meta(max_length=10)]
SECTION: Final[Section[tuple[Policy, ...]]] = Section("policies", Policies, ())


def followed_by(programme: Programme) -> tuple[Pack, ...]:
    """Return the packs that a programme follows, in the document's order."""
    return tuple(pack(each.pack) for each in SECTION.of(programme))
