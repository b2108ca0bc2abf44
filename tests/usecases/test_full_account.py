"""B4: an account that is full takes nothing in, and nobody is locked out of what is theirs."""

from __future__ import annotations

import random
from typing import Any, ClassVar, Final

import pytest

from chalicelib.domain.decide import registry
from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import Decider
from chalicelib.domain.decide.mechanic import Mechanic
from chalicelib.domain.errors import TooLarge
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.effects import CounterChange
from chalicelib.domain.ledger.events import ProfileChanged
from chalicelib.domain.mechanics.closing import Close
from chalicelib.domain.mechanics.membership import Withdraw
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.create_member import EVIDENCE_KEPT, with_consents
from chalicelib.usecases.execution import change_account
from chalicelib.usecases.record_activity import Reported, record_activity
from chalicelib.usecases.reverse_activity import Reversal, reverse_activity
from chalicelib.usecases.stored import Answer, Consent, IdempotencyKey, Profile
from tests.usecases.test_execution import CALLER, NOW, Clinic

#: What takes value out, gives back or ends something, and so is carried out all the same.
WHEN_FULL: Final = {
    *("AdvanceFulfilment", "CancelGiftCard", "CancelGiftCardUse", "UseGiftCard"),
    *(
        "CancelPlan",
        "CancelRedemption",
        "CaptureHold",
        "Close",
        "ConfirmQuote",
        "LeaveHousehold",
        "RevokeDelegate",
    ),
    *("LiftTier", "Redeem", "ReleaseHold", "ReturnEntitlement", "ReverseActivity"),
    *(
        "ReversePayment",
        "RevokeAward",
        "UseEntitlement",
        "UseVoucher",
        "Withdraw",
        "WithdrawOverride",
        "WithdrawStatus",
    ),
}


class Fill(Command, frozen=True):
    """Put so many bytes into an account that no compression makes smaller."""

    bytes: int
    when_full: ClassVar[bool] = False


def fill(decider: Decider, command: Fill) -> None:
    """Add a counter with a long name."""
    event = decider.event()
    chance = random.Random(decider.now)  # noqa: S311 - only has to be hard to compress
    event.add(CounterChange(chance.randbytes(command.bytes).hex(), 1))
    event.record(ProfileChanged())


MECHANIC: Final = Mechanic(handlers={Fill: fill})


@pytest.fixture
def clinic() -> Clinic:
    """Return a clinic."""
    return Clinic()


def test_b4_which_commands_a_full_account_takes() -> None:
    """B4: of every command it is known whether a full account has room for it."""
    commands = {each for mechanic in registry.every() for each in mechanic.handlers}

    assert {each.__name__ for each in commands if each.when_full} == WHEN_FULL
    assert len(commands) > 2 * len(WHEN_FULL)


def test_b4_a_full_account_goes_on(clinic: Clinic) -> None:
    """B4: it takes no more in, but redeems, takes back, withdraws a consent and closes."""
    member = clinic.create().member
    clinic.adjust(member, 10, None)
    sale = Activity("visit.completed", "till", "r-1", NOW)
    record_activity(clinic.services, CALLER, Reported(sale, member), _told)
    for size in (8000, 4000, 2000, 1000, 500, 200, 100, 50, 20, 10):
        while _fits(clinic, member, size):
            pass

    with pytest.raises(TooLarge, match="go on"):
        change_account(clinic.services, CALLER, Fill(member=member, bytes=10), _told)
    with pytest.raises(TooLarge):
        clinic.adjust(member, 1, None, "miles")
    clinic.redeem(member, IdempotencyKey("r" * 64, b""))
    back = Reversal("till", "r-1")
    reverse_activity(clinic.services, CALLER, back, _told, IdempotencyKey("b" * 64, b""))
    withdrawn = Withdraw(member=member, programmes=(), consents={"news": False})
    change_account(clinic.services, CALLER, withdrawn, _told)
    change_account(clinic.services, CALLER, Close(member=member, reason="moved"), _told)

    account = clinic.line.load("clinic", [member]).account(member)
    assert account is not None
    assert account.status == "closed"


def test_b4_evidence_stays_bounded() -> None:
    """B4: consenting again and again keeps the latest evidence of each purpose."""
    profile = Profile(member="mem_1", revision=1, created_at=NOW)
    profile = with_consents(profile, (Consent("calls", True, "0", NOW),))  # noqa: FBT003
    for version in range(EVIDENCE_KEPT + 5):
        given = Consent("news", True, f"{version}", NOW)  # noqa: FBT003
        profile = with_consents(profile, (given,))

    kept = [each.text_version for each in profile.consents if each.purpose == "news"]
    assert kept == [f"{version}" for version in range(5, EVIDENCE_KEPT + 5)]
    assert [each.purpose for each in profile.consents].count("calls") == 1


def _fits(clinic: Clinic, member: str, size: int) -> bool:
    clinic.now += 1
    try:
        change_account(clinic.services, CALLER, Fill(member=member, bytes=size), _told)
    except TooLarge:
        return False
    return True


def _told(decided: Decided) -> Answer:
    found: Any = decided.version
    return Answer(200, str(found).encode())
