"""What can be asked of accounts: the base of every command; each mechanic declares its own."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from chalicelib.domain.decide.claims import EventRef, Ref
from chalicelib.domain.decide.decider import MEMBER, Known
from chalicelib.domain.errors import MemberNotFound, NotFound
from chalicelib.domain.ledger.account import Holder


class Command(Struct, frozen=True, kw_only=True):
    """
    Something to be done about a member, and what has to be read to decide it.

    Who asks is known to the decision (`Decider.actor`), so that no command can forget or forge it.
    ``member`` is the id of the account that it is about: a member's, unless it is ``asked_of``
    others.
    """

    member: str
    #: Whose accounts it is asked of; any other is not found.
    asked_of: ClassVar[tuple[Holder, ...]] = ("member",)
    #: Whether it is asked of closed accounts too.
    when_closed: ClassVar[bool] = False
    #: Whether a full account has room for it all the same, in bytes and in sums: what takes value
    #: out of it, gives back, or ends something, since nobody is locked out of what is theirs.
    when_full: ClassVar[bool] = False
    #: The roles of other members whom the caller has to see, or they are as if absent.
    in_sight: ClassVar[tuple[str, ...]] = ()
    #: Whether the account may begin with it.
    opens: ClassVar[bool] = False

    def parties(self, known: Known) -> dict[str, str]:  # noqa: ARG002 - for commands with others
        """
        Return the ids of the accounts that it is about, by role.

        Asked again, with more known, until nothing is missing.
        """
        return {MEMBER: self.member}

    def not_found(self) -> NotFound:
        """Return the refusal where there is no account of which it is asked."""
        return MemberNotFound()

    def records(self, known: Known) -> tuple[Ref | EventRef, ...]:  # noqa: ARG002 - as above
        """Return the records and events that it needs; asked again as `parties` is."""
        return ()
