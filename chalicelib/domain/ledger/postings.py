"""
Postings: how value moves between ledger accounts, of the member and of others.

What one ledger account loses another gains, so the postings of an event sum to zero in each
currency.  A ledger account is a path, whose segments say who pays for the value and who gets it:
liability, breakage and settlement are sums over postings, and nothing has to be reconstructed.

==============================  ====================================================
``member/available``            what the member can spend
``member/pending``              what they earned and cannot spend yet
``member/held``                 what is set aside for purchases under way
``issued/<funder>``             what was given, by who funds it
``paid_in/<funder>``            what members paid in
``adjusted/<funder>``           what was corrected by hand
``redeemed/<funder>/<partner>``  what was spent, by whose it was and who took it
``payee/<funder>/<payee>``      what was spent for the benefit of somebody else
``expired/<funder>``            what was not spent in time
``forfeited/<funder>``          what was left when an account ended
``transfer/<id>``               what one member gives another; empty once both have it
==============================  ====================================================
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

#: Who funds value, and takes it, where nobody else does: the tenant itself.
TENANT: Final = "tenant"

AVAILABLE: Final = "member/available"
PENDING: Final = "member/pending"
HELD: Final = "member/held"


class Posting(Struct, frozen=True, array_like=True):
    """A movement of one currency between two ledger accounts: what one loses the other gains."""

    source: str
    destination: str
    currency: str
    amount: int


class LedgerAccount(Struct, frozen=True):
    """
    A family of ledger accounts: value of each funder has one of its own.

    ``kind`` is the first segment, and ``party`` the last one, if there is one.  Those that are not
    ``by_funder`` are one account for the value of all funders.
    """

    kind: str
    party: str = ""
    by_funder: bool = True

    def of(self, funder: str) -> str:
        """Return the path of the account of a funder's value."""
        segments = (self.kind, funder if self.by_funder else "", self.party)
        return "/".join(filter(None, segments))


ISSUED: Final = LedgerAccount("issued")
PAID_IN: Final = LedgerAccount("paid_in")
ADJUSTED: Final = LedgerAccount("adjusted")
REDEEMED: Final = LedgerAccount("redeemed", TENANT)
EXPIRED: Final = LedgerAccount("expired")
FORFEITED: Final = LedgerAccount("forfeited")
#: Value that waits keeps its funder in its lot; the member's own accounts are not divided.
WAITING: Final = LedgerAccount("member", "pending", by_funder=False)
SET_ASIDE: Final = LedgerAccount("member", "held", by_funder=False)


def payee(payee_id: str) -> LedgerAccount:
    """Return where value goes that is spent for the benefit of somebody else."""
    return LedgerAccount("payee", payee_id)


def transfer(transfer_id: str) -> LedgerAccount:
    """Return where value is on its way from one member to another."""
    return LedgerAccount("transfer", transfer_id, by_funder=False)


def kind_of(path: str) -> str:
    """Return the first segment of a path, such as `issued`."""
    return path.partition("/")[0]
