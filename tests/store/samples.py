"""Commits as use cases make them: events chained and folded by the domain, nothing invented."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.decide.claims import RecordKind, SaveRecord, TakeFrom
from chalicelib.domain.ledger import effects as fx
from chalicelib.domain.ledger import journal
from chalicelib.domain.ledger.account import Account, evolve
from chalicelib.domain.ledger.actor import Actor
from chalicelib.domain.ledger.events import (
    ActivityRecorded,
    ActivitySummary,
    Detail,
    Event,
    MemberEnrolled,
)
from chalicelib.domain.ledger.lots import LotKey
from chalicelib.domain.ledger.postings import AVAILABLE, ISSUED, Posting
from chalicelib.domain.ledger.postings import TENANT as TENANT_FUNDS
from chalicelib.usecases.stored import AccountChange, Answer, Commit, IdempotencyKey, Profile

TENANT: Final = "clinic"
MEMBER: Final = "mem_01JABCDEFGHJKMNPQRSTVWXYZ0"
NOW: Final = 1_790_000_000_000
DAY: Final = 86_400_000
POINTS: Final = "clinic/points"
ANSWER: Final = Answer(201, b'{"earned":100}')

_SERVER: Final = Actor("server", "k1")
_OF_CHANGE: Final = frozenset(AccountChange.__struct_fields__)


class Note(Struct, frozen=True):
    """A record as a mechanic might keep one."""

    text: str
    pages: tuple[int, ...] = ()
    by: str = ""


#: Records that are kept, and such as the store may delete after a fortnight.
NOTES: Final = RecordKind("note", Note)
SLIPS: Final = RecordKind("slip", Note, kept_days=14)


def noted(
    text: str = "first",
    *,
    kind: RecordKind[Note] = NOTES,
    id: str = "n1",  # noqa: A002 - as the record has it
    owner: str = MEMBER,
    revision: int = 1,
    **more: Any,
) -> SaveRecord:
    """Return the claim that writes a record."""
    return SaveRecord(kind.ref(owner, id), Note(text, (1, 2)), revision, **more)


def taking(amount: int = 1, limit: int = 2, counter: str = "mugs", **more: Any) -> TakeFrom:
    """Return the claim that takes from a counter."""
    return TakeFrom(counter, amount, limit, **more)


def identity(name: str, fingerprint: bytes = b"f" * 32) -> IdempotencyKey:
    """Return an identity; equal names are equal identities."""
    return IdempotencyKey(key=f"{name:0>64}", fingerprint=fingerprint)


def opened(member: str = MEMBER, *, tenant: str = TENANT, **more: Any) -> Commit:
    """Return the commit that begins an account, with its profile."""
    event = Event(
        version=1,
        effective_at=NOW,
        occurred_at=NOW,
        data=MemberEnrolled({"clinic": "base"}),
        effects=(
            fx.Opened(NOW),
            fx.StatusChange("enrolled"),
            fx.Enrolled("clinic", "base", NOW, "2026-09-21"),
        ),
        actor=_SERVER,
    )
    profile = Profile(member=member, revision=1, created_at=NOW, locale="de")
    return _commit(tenant, member, Account(), event, {"profile": profile} | more)


def earned(before: Commit, amount: int = 100, **more: Any) -> Commit:
    """Return the commit of an earn that follows another commit, with an identity of its own."""
    last = change(before)
    version = last.account.version + 1
    expires_at = NOW + 365 * DAY
    event = Event(
        version=version,
        effective_at=NOW + version,
        occurred_at=NOW,
        data=ActivityRecorded(ActivitySummary("visit.completed", amount=8000, money="EUR")),
        effects=(
            fx.LotChange(POINTS, amount, LotKey(expires_at, "2027-09-20")),
            fx.MetricChange("clinic/points_earned/points", "2026-09", amount),
            fx.CounterChange(f"clinic/visit/{version}", 1, NOW + 60 * DAY),
            fx.StatChange(visits=1, activities=1),
        ),
        postings=(Posting(ISSUED.of(TENANT_FUNDS), AVAILABLE, POINTS, amount),),
        actor=_SERVER,
        detail=Detail(source="emr", external_id=f"visit-{version}"),
    )
    given: dict[str, Any] = {
        "identity": identity(f"{before.member}{version}"[-64:]),
        "answer": ANSWER,
        "due_at": expires_at,
        "indexed_due": last.indexed_due or expires_at,
        "on_test_clock": before.on_test_clock,
    }
    return _commit(before.tenant, before.member, last.account, event, given | more)


def change(commit: Commit) -> AccountChange:
    """Return what becomes of the only account of a commit."""
    (only,) = commit.changes
    return only


def changed(commit: Commit, **more: Any) -> Commit:
    """Return a commit over one account with something else about the account."""
    return replace(commit, changes=(replace(change(commit), **more),))


def together(first: Commit, *others: Commit, **more: Any) -> Commit:
    """Return one commit over the accounts of several: it is on record as the first is."""
    changes = tuple(each for commit in (first, *others) for each in commit.changes)
    return replace(first, changes=changes, **more)


def _commit(
    tenant: str, member: str, before: Account, event: Event, more: dict[str, Any]
) -> Commit:
    """Return a commit of one event; ``more`` is of the commit, or of what the account becomes."""
    stored = journal.encode(event, previous=before.head, key=f"T#{tenant}#M#{member}")
    becomes = AccountChange(
        member=member,
        before=before.version,
        account=evolve(before, event, stored.hash),
        due_at=None,
        indexed_due=None,
        events=(stored,),
    )
    of_change = {name: value for name, value in more.items() if name in _OF_CHANGE}
    of_commit = {name: value for name, value in more.items() if name not in _OF_CHANGE}
    made = Commit(
        tenant=tenant,
        member=member,
        version=becomes.account.version,
        changes=(replace(becomes, **of_change),),
    )
    return replace(made, **of_commit)
