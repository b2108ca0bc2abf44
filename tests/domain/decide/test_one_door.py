"""Whatever gives a member something of value, or takes it back, says so at the one door."""

from __future__ import annotations

from typing import Any, Final

import pytest

from chalicelib.domain.decide.commands import Command
from chalicelib.domain.ledger.postings import ISSUED, TENANT
from chalicelib.domain.mechanics import taking_back
from chalicelib.domain.mechanics.activities import RecordActivity
from chalicelib.domain.mechanics.adjustment import Adjust
from chalicelib.domain.mechanics.closing import Close
from chalicelib.domain.mechanics.entitlement_uses import UseEntitlement
from chalicelib.domain.mechanics.entitlements import GrantEntitlement
from chalicelib.domain.mechanics.gift_card_moves import PutIntoWallet
from chalicelib.domain.mechanics.goodwill import GiveGoodwill
from chalicelib.domain.mechanics.holds import PlaceHold
from chalicelib.domain.mechanics.redemptions import CancelRedemption
from chalicelib.domain.mechanics.tier_grants import GrantTier, LiftTier
from chalicelib.domain.mechanics.transfers import SendTransfer
from chalicelib.domain.mechanics.wallets import TopUp
from tests.domain.building import (
    PURCHASE,
    VISIT,
    Member,
    activity,
    fixed,
    ladder,
    points,
    programme,
    reward,
    rule,
    visits,
)
from tests.domain.gift import Card, kind
from tests.domain.hearing import guarding, heard_of, listened

NOW: Final = "2026-03-03"
WHO: Final[dict[str, Any]] = {"member": "mem_1", "programme": "clinic"}
TEA: Final[dict[str, Any]] = {**WHO, "entitlement": "tea"}
DOCUMENT: Final = programme(
    rule("visit", fixed(50)),
    currencies=[points(), points() | {"id": "prepaid"}],
    tiers=ladder(("silver", visits(2)), ("gold", visits(9))),
    entitlements=[
        {"id": "tea", "name": "Tea"},
        {"id": "bath", "name": "Bath", "tiers": ["base"]},
    ],
    rewards=[
        reward("mug", 20),
        reward("tea", 20, gives={"type": "entitlement", "entitlement": "tea"}),
    ],
    goodwill={"currency": "points", "daily": {"server": 100}},
    wallets=[{"currency": "prepaid", "kind": "prepaid"}],
    transfers=[{"currency": "points"}],
    gift_cards=[kind()],
)


def living() -> Member:
    """Return a member with 70 points, two teas, and a voucher for a mug."""
    member = Member(DOCUMENT)
    member.visit("2026-03-02", name="first")
    member.adjust(40, "2026-03-02")
    member.do(GrantEntitlement(units=2, reason="r", **TEA), "2026-03-02")
    member.redeem("mug", "2026-03-02")
    return member


@pytest.mark.parametrize(
    ("command", "heard"),
    [
        (
            RecordActivity(member="mem_1", activity=activity(VISIT, NOW, name="n")),
            [("value", "points", 50), ("tier", "silver", 1)],
        ),
        (RecordActivity(member="mem_1", activity=activity(PURCHASE, NOW, name="n")), []),
        (Adjust(currency="points", amount=7, reason="r", **WHO), [("value", "points", 7)]),
        (GiveGoodwill(points=9, reason="r", **WHO), [("value", "points", 9)]),
        (TopUp(currency="prepaid", amount=500, **WHO), [("prepaid", "prepaid", 500)]),
        (GrantEntitlement(units=3, reason="r", **TEA), [("entitlement", "tea", 3)]),
        (UseEntitlement(units=1, **TEA), []),
        (UseEntitlement(units=1, **{**TEA, "entitlement": "bath"}), [("entitlement", "bath", 1)]),
        (GrantTier(tier="gold", reason="r", **WHO), [("tier", "gold", 1)]),
        (LiftTier(reason="r", **WHO), []),
        (CancelRedemption(member="mem_1", redemption_id="red_1"), [("reward", "mug", -1)]),
        (PlaceHold(currency="points", amount=5, hold_id="h", **WHO), []),
        (Close(member="mem_1", reason="r"), []),
    ],
)
def test_what_is_heard(command: Command, heard: list[tuple[str, str, int]]) -> None:
    """Each thing once, with how much of it; what is the member's already is not said again."""
    assert heard_of(living(), command, NOW) == heard


def test_what_is_heard_of_a_reward() -> None:
    """The reward, and what it gives."""
    member = living()

    assert heard_of(member, member.redeeming("mug"), NOW) == [("reward", "mug", 1)]
    assert set(heard_of(member, member.redeeming("tea"), NOW)) == {
        ("reward", "tea", 1),
        ("entitlement", "tea", 1),
    }


def test_what_is_heard_of_a_reversal() -> None:
    """What the activity gave is taken back."""
    member = living()

    assert heard_of(member, member.reversing("first"), NOW) == [("value", "points", -50)]


@pytest.mark.parametrize("amount", [1_000, 5_000])
def test_what_is_heard_of_a_gift_card(amount: int) -> None:
    """What comes into a member's wallet is given to them, the card itself was bought."""
    member, card = living(), Card(DOCUMENT).sell()
    command = PutIntoWallet(member=member.id, card=card.id, amount=amount)

    assert heard_of(member, command, NOW, gift_card=card) == [("prepaid", "prepaid", amount)]


def test_what_is_heard_of_a_transfer() -> None:
    """It is given to the recipient, once."""
    sender, recipient = living(), Member(DOCUMENT, key="T#tenant#M#mem_2")
    command = SendTransfer(
        to=recipient.id, currency="points", amount=20, transfer_id="transfer_1", **WHO
    )

    assert heard_of(sender, command, NOW, recipient=recipient) == [("transfer", "points", 20)]


def test_who_pays_for_what_is_heard_of() -> None:
    """Of a transfer and of a reversal each funder's part is said apart."""
    sender, recipient = living(), Member(DOCUMENT, key="T#tenant#M#mem_2")
    sender.sponsor(15, "acme", "2026-03-02", until="2026-04-01")
    command = SendTransfer(
        to=recipient.id, currency="points", amount=20, transfer_id="transfer_1", **WHO
    )
    assert guarding(sender, command, NOW, recipient=recipient).funders == {"acme": 15, "tenant": 5}

    event, guard = listened(sender, NOW)
    (sponsored,) = (lot for lot in sender.balance.lots if lot.key.funder == "acme")
    own = next(lot for lot in sender.balance.lots if lot.key.funder == TENANT)
    parts = [taking_back.Part(sponsored.key, 4), taking_back.Part(own.key, 3)]
    taking_back.take(event, "clinic/points", parts, to=ISSUED)

    assert guard.funders == {"acme": -4, "tenant": -3}
