"""The registry: which mechanics are asked for what, and that none which has a part is left out."""

from __future__ import annotations

import json
from typing import Any, Final, get_args

from chalicelib.domain.authoring.whole_document import ProgrammeDocument
from chalicelib.domain.decide import registry
from chalicelib.domain.decide.mechanic import Mechanic
from chalicelib.domain.ledger.events import Data
from chalicelib.domain.ledger.postings import AVAILABLE, HELD
from chalicelib.domain.mechanics.holds import PlaceHold
from chalicelib.domain.programme.section import read
from tests.domain.building import Member, fixed, points, programme, reward, rule

POINTS: Final = "clinic/points"
GIVES: Final = {"type": "entitlement", "entitlement": "massage"}


def stored(**parts: Any) -> Any:
    """Return a programme as it is read from the store: with the sections that it has."""
    document = {
        "id": "clinic",
        "name": "Clinic",
        "time_zone": "UTC",
        "money": {"currency": "GBP"},
        "currencies": [points()],
        **parts,
    }
    return read(json.dumps(document).encode())


def acts(mechanic: Mechanic) -> bool:
    """Tell whether a mechanic answers activities, or value that has come."""
    reacts = mechanic.reaction is not None and mechanic.reaction.apply is not None
    return reacts or mechanic.follower is not None


def test_whatever_acts_is_asked() -> None:
    """A mechanic that acts without an outcome, and is not known of the core, never would be."""
    # A document that was not stored has every section.
    everything = programme(
        currencies=[points({"type": "inactivity", "days": 30}, reinstated_within_days=5)],
        rewards=[reward("massage", 50, gives=GIVES, auto_at=100)],
    )
    assert isinstance(everything, ProgrammeDocument)
    asked = registry.answering(everything)

    assert [each for each in registry.every() if acts(each) and each not in asked] == []


def test_what_can_be_taken_back_names_its_mechanic() -> None:
    """A kind of event that another mechanic answered for, or none, would never be taken back."""
    answered = {data: each for each in registry.every() for data in {**each.payments, **each.gave}}
    named = {data: registry.mechanic(data.mechanic) for data in get_args(Data) if data.mechanic}

    assert named == answered


def test_what_has_no_part_in_an_activity_is_not_asked() -> None:
    """Neither sections without outcomes, nor rewards that somebody has to ask for."""
    assert registry.answering(stored(transfers=[{"currency": "points"}])) == ()
    assert registry.answering(stored(rewards=[reward("massage", 50)])) == ()


def test_what_the_core_asks_for() -> None:
    """Value that ends by inactivity, and rewards that redeem themselves."""
    lasting = stored(currencies=[points({"type": "inactivity", "days": 30})])
    automatic = stored(rewards=[reward("massage", 50, gives=GIVES, auto_at=100)])

    assert registry.answering(lasting) == (registry.mechanic("inactivity"),)
    assert len(tuple(registry.followers(automatic))) == 1
    assert not tuple(registry.followers(lasting))
    assert not tuple(registry.followers(stored()))


def test_the_order_of_a_document() -> None:
    """What is of a field of the core comes first, as the fields do; each mechanic comes once."""
    core = ("currencies", "earning", "tiers", "rewards")
    ordered = registry.in_document_order()

    assert ordered[: len(core)] == tuple(map(registry.mechanic, core))
    assert sorted(map(id, ordered)) == sorted(map(id, registry.every()))


def test_what_is_in_a_ledger_account() -> None:
    """Whichever mechanic keeps it; nothing is set aside where no hold is open."""
    who = Member(programme(rule("visit", fixed(50))))
    who.visit("2026-03-02")
    assert registry.amount_in(who.account, HELD, POINTS) == 0

    hold = PlaceHold(member="mem_1", programme="clinic", currency="points", amount=20, hold_id="h")
    who.do(hold, "2026-03-03")

    assert registry.amount_in(who.account, HELD, POINTS) == 20
    assert registry.amount_in(who.account, AVAILABLE, POINTS) == 30
