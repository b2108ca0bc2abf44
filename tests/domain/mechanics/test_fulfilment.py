"""How far goods are that a redemption stands for: forward only, to the member's hands."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.decide.claims import SaveRecord
from chalicelib.domain.ledger.events import FulfilmentAdvanced
from chalicelib.domain.mechanics.fulfilment import Advanced, AdvanceFulfilment, Step
from chalicelib.domain.mechanics.redemptions import (
    CancelRedemption,
    Redemption,
    UseVoucher,
    redemption_state,
)
from tests.domain.building import Member, at, reward
from tests.domain.shop import rich

NOW = "2026-02-02"


def ordering(**more: Any) -> Member:
    """Return a member who ordered a mug for 60 of 1000 points on 1 February."""
    member = rich(reward("mug", 60, ordered=True, **more))
    member.redeem("mug", "2026-02-01")
    return member


def moving(to: Step, **more: Any) -> AdvanceFulfilment:
    """Return the command to move the goods on."""
    return AdvanceFulfilment(member="mem_1", redemption_id="red_1", to=to, **more)


def moved(member: Member, *steps: Step, now: str = NOW) -> Redemption:
    """Move the goods on step by step, and return the redemption as it then is."""
    for step in steps:
        member.do(moving(step), now)
    return member.redemptions["red_1"]


@pytest.mark.parametrize(
    ("steps", "state", "fulfilment"),
    [
        ((), "issued", "ordered"),
        (("ready",), "issued", "ready"),
        (("ready", "sent"), "issued", "sent"),
        (("sent",), "issued", "sent"),
        (("ready", "sent", "delivered"), "used", "delivered"),
        (("delivered",), "used", "delivered"),
    ],
)
def test_forward(steps: tuple[Step, ...], state: str, fulfilment: str) -> None:
    """Steps may be left out; what is delivered is used."""
    after = moved(ordering(), *steps)

    assert (after.state, after.fulfilment) == (state, fulfilment)
    assert after.revision == 1 + len(steps)
    assert after.moved_at == (at(NOW) if steps else None)
    assert after.changed_at == (at(NOW) if state == "used" else None)


def test_what_is_written() -> None:
    """The event says which goods and how far, the note is sealed, and nothing of value moves."""
    member = ordering()
    done = member.do(moving("sent", note="RM123"), NOW)

    (event,) = done.events
    assert event.data == FulfilmentAdvanced("red_1", "clinic", "mug", "sent")
    assert (event.postings, event.effects) == ((), ())
    assert event.detail is not None
    assert event.detail.note == "RM123"
    assert done.result == Advanced(member.redemptions["red_1"], changed=True)
    (claim,) = done.claims
    assert isinstance(claim, SaveRecord)
    assert (claim.record, claim.revision) == (member.redemptions["red_1"], 2)


def test_the_list_is_by_the_state() -> None:
    """Goods that are moved on stay where they were in the list of vouchers, until they are used."""
    member = ordering()
    steps: tuple[tuple[str, Step], ...] = (("02", "ready"), ("03", "sent"), ("04", "delivered"))
    listed = [
        claim.listed
        for day, step in steps
        for claim in member.do(moving(step), f"2026-02-{day}").claims
        if isinstance(claim, SaveRecord)
    ]

    issued = ("issued", at("2026-02-01"))
    assert listed == [issued, issued, ("used", at("2026-02-04"))]


@pytest.mark.parametrize("step", ["ready", "sent", "delivered"])
def test_where_they_are_already(step: Step) -> None:
    """Told again, nothing is changed and nothing is written."""
    member = ordering()
    before = moved(member, step)

    again = member.do(moving(step), "2026-02-03")

    assert again.result == Advanced(before, changed=False)
    assert (again.events, again.claims) == ((), ())


@pytest.mark.parametrize(
    ("there", "to"), [("sent", "ready"), ("delivered", "ready"), ("delivered", "sent")]
)
def test_never_back(there: Step, to: Step) -> None:
    """What is further stays there, and the refusal says where."""
    member = ordering()
    moved(member, there)

    refusal = member.refused(moving(to), NOW)

    assert (refusal.code, refusal.extensions["state"]) == ("fulfilled_further", there)


@pytest.mark.parametrize(
    ("steps", "code"),
    [((), None), (("ready",), None), (("sent",), "goods_sent"), (("delivered",), "voucher_used")],
)
def test_cancelling(steps: tuple[Step, ...], code: str | None) -> None:
    """Until the goods are sent the points come back, and then the goods go no further."""
    member = ordering()
    moved(member, *steps)
    cancelling = CancelRedemption(member="mem_1", redemption_id="red_1")

    if code is not None:
        assert member.refused(cancelling, NOW).code == code
        assert member.balance.available == 940
        return
    member.do(cancelling, NOW)
    assert member.balance.available == 1_000
    for step in (*steps, "sent"):
        assert member.refused(moving(step), NOW).code == "voucher_cancelled"


def test_at_the_desk() -> None:
    """Where the voucher is used, the goods are in the member's hands."""
    member = ordering()
    member.use(member.redemptions["red_1"], NOW)

    after = member.redemptions["red_1"]
    assert (after.state, after.fulfilment) == ("used", "delivered")
    assert member.refused(moving("sent"), NOW).code == "fulfilled_further"


def test_after_the_account_has_ended() -> None:
    """What was paid for is still sent."""
    member = ordering()
    member.close(NOW)

    assert moved(member, "delivered", now="2026-02-03").state == "used"


@pytest.mark.parametrize("there", ["ready", "sent"])
@pytest.mark.parametrize("at_the_desk", [False, True])
def test_goods_that_are_on_their_way_are_owed(there: Step, at_the_desk: bool) -> None:  # noqa: FBT001
    """Once they are ready or sent the last day of the voucher is no more, at either door."""
    member = ordering(voucher_valid_days=5)
    before = moved(member, there)
    assert (before.expires_at, before.expires_on) == (None, None)
    later = "2026-03-20"
    assert redemption_state(before, at(later)) == "issued"

    if at_the_desk:
        member.use(before, later)
    else:
        moved(member, "delivered", now=later)

    after = member.redemptions["red_1"]
    assert (after.state, after.fulfilment) == ("used", "delivered")
    assert after.moved_at == after.changed_at == at(later)


@pytest.mark.parametrize("to", ["ready", "sent", "delivered"])
def test_what_is_only_ordered_expires(to: Step) -> None:
    """Not made ready by the last day of the voucher, goods go no further, at either door."""
    member = ordering(voucher_valid_days=5)
    ordered = member.redemptions["red_1"]
    last, over = "2026-02-06T23:59:59Z", "2026-02-07"
    assert redemption_state(ordered, at(last)) == "issued"
    assert redemption_state(ordered, at(over)) == "expired"

    assert member.refused(moving(to), over).code == "voucher_expired"
    using = UseVoucher(member="mem_1", redemption_id="red_1")
    assert member.refused(using, over).code == "voucher_expired"
    moved(member, to, now=last)
    assert member.redemptions["red_1"].fulfilment == to


def test_what_is_not_ordered() -> None:
    """A voucher that stands for itself has no goods on the way, and another's is not known."""
    member = rich(reward("tea", 60))
    member.redeem("tea", "2026-02-01")

    assert member.refused(moving("sent"), NOW).code == "nothing_to_fulfil"
    unknown = AdvanceFulfilment(member="mem_1", redemption_id="red_9", to="sent")
    assert member.refused(unknown, NOW).code == "redemption_not_found"
