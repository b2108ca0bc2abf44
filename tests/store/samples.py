"""Commits as use cases make them: entries chained and folded by the domain, nothing invented."""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import replace

from chalicelib.domain import effects as fx
from chalicelib.domain import entry as journal
from chalicelib.domain.account import Account, evolve
from chalicelib.domain.activity import Activity
from chalicelib.domain.bill import Considered, PricedLine
from chalicelib.domain.commands import Redemption
from chalicelib.domain.entry import AVAILABLE, ISSUED, Detail, Entry, Fact, Line, Posting
from chalicelib.domain.lots import LotKey, Taken
from chalicelib.domain.quote import Draw, Freed, Quote
from chalicelib.usecases.ports import Answer, Commit, Growth, Identity, Profile

TENANT: Final = "clinic"
MEMBER: Final = "mem_01JABCDEFGHJKMNPQRSTVWXYZ0"
NOW: Final = 1_790_000_000_000
DAY: Final = 86_400_000
POINTS: Final = "clinic/points"
ANSWER: Final = Answer(201, b'{"earned":100}')


def identity(name: str, fingerprint: bytes = b"f" * 32) -> Identity:
    """Return an identity; equal names are equal identities."""
    return Identity(key=f"{name:0>64}", fingerprint=fingerprint)


def opened(member: str = MEMBER, *, tenant: str = TENANT, **more: Any) -> Commit:
    """Return the commit that begins an account, with its profile."""
    entry = Entry(
        version=1,
        kind="open",
        effective_at=NOW,
        occurred_at=NOW,
        effects=(
            fx.Opened(NOW),
            fx.StatusChange("enrolled"),
            fx.Enrolled("clinic", "base", NOW, "2026-09-21"),
        ),
        actor="server:k1",
    )
    profile = Profile(member=member, revision=1, created_at=NOW, locale="de")
    return _commit(tenant, member, Account(), entry, {"profile": profile} | more)


def earned(before: Commit, amount: int = 100, **more: Any) -> Commit:
    """Return the commit of an earn that follows another commit, with an identity of its own."""
    version = before.account.version + 1
    expires_at = NOW + 365 * DAY
    entry = Entry(
        version=version,
        kind="earn",
        effective_at=NOW + version,
        occurred_at=NOW,
        effects=(
            fx.LotChange(POINTS, amount, LotKey(expires_at, "2027-09-20")),
            fx.MetricChange("clinic/points_earned/points", "2026-09", amount),
            fx.CounterChange(f"clinic/visit/{version}", 1, NOW + 60 * DAY),
            fx.StatChange(visits=1, activities=1),
        ),
        postings=(Posting(ISSUED, AVAILABLE, POINTS, amount),),
        actor="server:k1",
        fact=Fact(type="visit.completed", amount=8000, money="EUR"),
        detail=Detail(source="emr", external_id=f"visit-{version}"),
    )
    given: dict[str, Any] = {
        "identity": identity(f"{before.member}{version}"[-64:]),
        "answer": ANSWER,
        "due_at": expires_at,
        "indexed_due": before.indexed_due or expires_at,
        "on_test_clock": before.on_test_clock,
    }
    return _commit(before.tenant, before.member, before.account, entry, given | more)


def growth(commit: Commit) -> Growth:
    """Return what of a commit another one can write as its counterparty."""
    return Growth(**{name: getattr(commit, name) for name in Growth.__struct_fields__})


def redemption(member: str = MEMBER, number: int = 1, **more: Any) -> Redemption:
    """Return a new redemption."""
    made = Redemption(
        id=f"red_{number}",
        member=member,
        programme="clinic",
        reward="mug",
        currency=POINTS,
        price=50,
        state="issued",
        issued_at=NOW,
        voucher_hash=f"{number:0>64x}",
        stocked=True,
    )
    return replace(made, **more)


def quote(**more: Any) -> Quote:
    """Return an open quote over one line."""
    bought = Activity(
        "purchase.completed",
        "quote",
        "",
        NOW,
        amount=900,
        money="GBP",
        lines=(Line("1", 900, 1, "tea"),),
    )
    made = Quote(
        id="quote_1",
        member=MEMBER,
        programme="clinic",
        version=1,
        made_at=NOW,
        expires_at=NOW + DAY,
        activity=bought,
        lines=(PricedLine("1", 1, 1000, 900, 900, off=(("discount", "family", 100),)),),
        considered=(Considered("discount", "family", 100, 10),),
        price=1000,
        net=900,
        due=400,
        draws=(Draw("clinic/prepaid", 500, 500, (Taken(500, LotKey(rate=20), None, NOW),)),),
        freed=(Freed("2", "tea", 1),),
    )
    return replace(made, **more)


def _commit(
    tenant: str, member: str, before: Account, entry: Entry, more: dict[str, Any]
) -> Commit:
    stored = journal.encode(entry, previous=before.head, key=f"T#{tenant}#M#{member}")
    made = Commit(
        tenant=tenant,
        member=member,
        before=before.version,
        account=evolve(before, entry, stored.hash),
        due_at=None,
        indexed_due=None,
        entries=(stored,),
    )
    return replace(made, **more)
