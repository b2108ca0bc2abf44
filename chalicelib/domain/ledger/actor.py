"""Who acts: the one who asks for a change, as decisions see them and events name them."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace


class Actor(Struct, frozen=True, omit_defaults=True):
    """
    Who asks.

    ``id`` is that of an API key, or the subject of a token, which is sealed in the journal.
    ``roles`` are those of staff, ``partner`` is the partner that a key belongs to,
    ``on_behalf_of`` the member for whom a delegate acts, and ``locations`` the places to which the
    actor is limited (none: everywhere).
    """

    kind: Literal["member", "delegate", "staff", "server", "partner", "system"]
    id: str
    roles: tuple[str, ...] = ()
    partner: str = ""
    on_behalf_of: str = ""
    locations: tuple[str, ...] = ()

    @property
    def is_member(self) -> bool:
        """Tell whether members, or their delegates, act for themselves: nobody is at the desk."""
        return self.kind in ("member", "delegate")

    @property
    def name(self) -> str:
        """Return the kind and the id as one text, such as ``server:ldr4``."""
        return f"{self.kind}:{self.id}"

    def recorded(self) -> Actor:
        """Return what an event keeps: ids only, since roles and places change."""
        return replace(self, roles=(), locations=())


#: Actors whose ids are subjects of tokens, which may be names or addresses of people.
PERSONS: Final = frozenset({"member", "delegate", "staff"})
#: What happens because time passes has no other actor.
CLOCK: Final = Actor("system", "clock")
