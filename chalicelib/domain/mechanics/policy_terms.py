"""The policy packs that a programme follows, as its document names them."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, field
from msgspec.structs import replace

from chalicelib.domain.policies import house
from chalicelib.domain.policies.pack import Pack, pack
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.fields import Id, LocationNames, MinorUnits, Model, Name
from chalicelib.domain.programme.section import Section, derived


class Policy(Model, frozen=True):
    """
    A policy pack that the programme follows, such as `us-cmp`.

    ``categories`` says what the programme calls each of the pack's: categories of lines and of
    activities, or types of activities.  With ``locations`` the pack's rules of earning and of money
    off hold there, and where no location is known.  ``item_cap`` and ``year_cap`` are the limits of
    the pack `house`, in minor units of the programme's money.
    """

    pack: Id
    categories: Annotated[
        dict[Id, Annotated[tuple[Name, ...], Meta(min_length=1, max_length=50)]],
        Meta(max_length=20),
    ] = field(default_factory=dict)
    locations: LocationNames = ()
    item_cap: MinorUnits | None = None
    year_cap: MinorUnits | None = None


Policies = Annotated[tuple[Policy, ...], Meta(max_length=10)]
SECTION: Final[Section[tuple[Policy, ...]]] = Section("policies", Policies, ())


def pack_of(programme: Programme, policy: Policy) -> Pack:
    """Return the pack that a policy of a programme names, with the amounts that it says."""
    found = pack(policy.pack)
    if policy.pack != house.PACK.id:
        return found
    rules = house.rules(programme.id, policy.item_cap, policy.year_cap)
    return replace(found, currency=programme.money.currency, rules=rules)


@derived
def followed_by(programme: Programme) -> tuple[Pack, ...]:
    """Return the packs that a programme follows, in the document's order."""
    return tuple(pack_of(programme, each) for each in SECTION.of(programme))
