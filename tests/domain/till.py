"""A till: purchases that are priced for a member, bought, and taken back."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.bill import Bill
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.events import Event, Line
from chalicelib.domain.ledger.quote import Quote
from chalicelib.domain.mechanics.quoting import ConfirmQuote, MakeQuote
from chalicelib.domain.mechanics.remaining import LineReversal
from chalicelib.domain.mechanics.reversal import ReverseActivity
from chalicelib.domain.mechanics.statuses import VerifyStatus
from chalicelib.domain.mechanics.wallets import TopUp
from chalicelib.domain.programme.document import Programme
from tests.domain.building import (
    PURCHASE,
    Member,
    at,
    ladder,
    per_amount,
    points,
    programme,
    rolling,
    rule,
)

NOON = at("2026-03-02")
PREPAID, CASHBACK = "clinic/prepaid", "clinic/cashback"


def status(name: str, percent: int, **more: Any) -> dict[str, Any]:
    """Return a discount for a status of the same name."""
    terms = {"type": "status", "any": [name], "percent": percent}
    return {"id": name, "name": name, "terms": terms, **more}


BANDS = [{"at_least": 1000, "percent": 10}, {"at_least": 5000, "percent": 20}]


def clinic(
    *offers: dict[str, Any],
    bands: list[dict[str, int]] = BANDS,
    prepaid_days: int | None = None,
    rewards: list[dict[str, Any]] | None = None,
    least_life: int = 0,
    **how: Any,
) -> Programme:
    """
    Return a programme with discounts, every wallet, a free service, stamps and a package.

    What is prepaid lasts ``prepaid_days``, for ever unless told; what comes back ``least_life``.
    """
    wallet = {"name": "Money", "expiry": {"type": "never"}}
    lasting = wallet if prepaid_days is None else {**wallet, "expiry": rolling(days=prepaid_days)}
    return programme(
        rule("spend", per_amount(1, 100), on=PURCHASE),
        currencies=[
            points(),
            {"id": "prepaid", **lasting, "restored_life_days": least_life},
            {"id": "cashback", **wallet},
        ],
        tiers=ladder(("silver", {"all": [{"metric": "spend", "at_least": 20_000}]})),
        statuses=[{"id": name, "name": name} for name in ("one", "two", "three")],
        discounts={"offers": list(offers), **how},
        rewards=rewards or [],
        entitlements=[{"id": "tea", "name": "Tea", "waives": {"include": {"categories": ["tea"]}}}],
        packages=[
            {"id": "four", "name": "Four teas", "sku": "TEA-4", "entitlement": "tea", "units": 4}
        ],
        stamp_cards=[
            {
                "id": "card",
                "name": "Card",
                "size": 3,
                "on": [PURCHASE],
                "full": {"entitlement": "tea"},
            }
        ],
        wallets=[
            {"currency": "prepaid", "kind": "prepaid", "bands": bands},
            {"currency": "cashback", "kind": "cashback", "max_percent": 50},
        ],
    )


def quoted(
    member: Member, *lines: Line, now: str | Instant = NOON, name: str = "quote_1", **more: Any
) -> Quote:
    """Price lines for a member."""
    activity = Activity(PURCHASE, "quote", "", 0, money="GBP", lines=lines)
    command = MakeQuote(
        member="mem_1", programme="clinic", quote_id=name, activity=activity, **more
    )
    quote: Quote = member.do(command, now).result.quote
    return quote


def bought(
    member: Member, *lines: Line, now: str | Instant = NOON, name: str = "quote_1", **more: Any
) -> Event:
    """Price lines and buy them, and return the event of the purchase."""
    quoted(member, *lines, now=now, name=name, **more)
    return member.do(ConfirmQuote(member="mem_1", quote_id=name), now).events[-1]


def refunded(member: Member, purchase: Event, *lines: str, now: str | Instant = NOON) -> Bill:
    """Take a purchase back, whole or by the ids of lines, and return what came back."""
    taken_back = tuple(LineReversal(each) for each in lines)
    command = ReverseActivity(member="mem_1", version=purchase.version, lines=taken_back)
    event = member.do(command, now).events[-1]
    assert event.detail is not None
    assert event.detail.bill is not None
    return event.detail.bill


def topped_up(member: Member, *amounts: int, now: str | Instant = NOON) -> None:
    """Pay money in, once for each amount."""
    for amount in amounts:
        command = TopUp(member="mem_1", programme="clinic", currency="prepaid", amount=amount)
        member.do(command, now)


def shown(member: Member, *names: str, now: str | Instant = NOON) -> None:
    """Verify statuses."""
    for name in names:
        member.do(VerifyStatus(member="mem_1", programme="clinic", status=name), now)
