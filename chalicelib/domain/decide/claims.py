"""
What a decision writes beside the accounts, in the same transaction: three kinds of claim.

`SaveRecord` writes a record over the revision that was read, `TakeFrom` takes from a counter that
many accounts share, `ClaimKey` takes a key that nobody has.  Each carries the refusal that it means
where it cannot be granted, of a counter by how much is left; without one the record moved on, and
the decision is made anew.

A new stored thing is a `RecordKind` in the mechanic that owns it, and nothing else: store, fake and
backup know only these three.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

import msgspec
from msgspec import Struct

from chalicelib.domain.errors import LoyaltyError
from chalicelib.domain.ledger.calendar import Instant

T = TypeVar("T", bound=Struct)


class RecordKind(Generic[T]):
    """
    Records of one shape, each under the account that owns it.

    ``name`` stands in keys for ever.  A record's fields may be added to with a default, never
    renamed, removed or given another meaning.  With ``kept_days`` they are transient: the store may
    delete them so long after they were last written, and no backup has them.  ``sealed`` are those
    that say what was served, or to whom: they lie where the details of events do.
    """

    def __init__(
        self, name: str, shape: type[T], *, kept_days: int | None = None, sealed: bool = False
    ) -> None:
        if "#" in name:
            raise ValueError("a kind of record has no # in its name: keys are cut there")
        self.name: Final = name
        self.kept_days: Final = kept_days
        self.sealed: Final = sealed
        self._decoder: Final = msgspec.json.Decoder(shape)

    def list_of(self, state: str) -> str:
        """Return the name of the tenant's list of those in a state."""
        return f"{self.name}/{state}"

    def in_list(self, listed: str) -> Ref:
        """Return the place of a record from what its list has of it."""
        return self.ref(*listed.split("#"))

    def ref(self, owner: str, record_id: str) -> Ref:
        """Return the place of a record."""
        return Ref(self, owner, record_id)

    def decode(self, body: bytes) -> T:
        """Return the record of its JSON."""
        return self._decoder.decode(body)


class Ref(Struct, frozen=True):
    """The place of a record: its kind, the member or household that owns it, its id."""

    kind: RecordKind[Any]
    owner: str
    id: str

    @property
    def listed(self) -> str:
        """Return what a list has of the record."""
        return f"{self.owner}#{self.id}"


class EventRef(Struct, frozen=True):
    """The place of an event in the journal of an account."""

    owner: str
    version: int


class SaveRecord(Struct, frozen=True):
    """
    Write a record: new (``revision`` 1), or over the revision before it.

    ``takes`` is how much of which counters it accounts for as it now is, so that a backup can count
    them anew.  ``listed`` is the list of the tenant's in which it now is, if any, by its state and
    since when: a list costs a unit to write to come into, and two to change.
    """

    ref: Ref
    record: Struct
    revision: int
    takes: dict[str, int] = {}
    refusal: LoyaltyError | None = None
    listed: tuple[str, Instant] | None = None


class TakeFrom(Struct, frozen=True):
    """
    Take an amount from a counter of which ``limit`` may be taken in all.

    A negative amount gives back, as far as so much was taken.  With ``kept_days`` the counter is
    transient, as a record may be.  ``refused`` returns the refusal by how much is left.
    """

    counter: str
    amount: int
    limit: int
    refused: Callable[[int], LoyaltyError] | None = None
    kept_days: int | None = None


class ClaimKey(Struct, frozen=True):
    """
    Take a key for a member, with a value for who finds it; refused where anybody has it.

    ``owner`` is a member whose account changes in the same decision, unless the key is personal.
    The key is a keyed hash wherever the plain one could be guessed.  What could tell who somebody
    is, such as an external id, is ``personal``: it lies with the personal data.  A personal key may
    pass on: it is then taken ``instead_of`` the member who has it, and of nobody else.
    """

    key: str
    owner: str
    value: str = ""
    personal: bool = False
    instead_of: str = ""
    refusal: LoyaltyError | None = None


Claim = SaveRecord | TakeFrom | ClaimKey
