"""Value that is spent, given back, and corrected by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from chalicelib.domain.commands import Adjust
from chalicelib.usecases.adjust_balance import adjust_balance
from chalicelib.usecases.execution import Decided, Done
from chalicelib.usecases.ports import Answer
from chalicelib.usecases.redeem_reward import (
    cancel_redemption,
    redeem_reward,
    redemption_in,
    sealed_code,
    use_voucher,
)
from chalicelib.usecases.services import Caller, Services
from tests.faults.ending import Ending
from tests.faults.play import Play, Redeemed
from tests.faults.programmes import PROGRAMME
from tests.faults.record import Request, Told
from tests.faults.telling import draw_identity, read_back, request, told


def redeem(play: Play, tenant: str) -> Request:
    """Draw a redemption."""
    member = play.member(tenant)
    reward = play.chance.weighted((("mug", 4), ("tea", 3), ("keyring", 4), ("medal", 1)))
    identity = draw_identity(play, tenant, "redeem", (member, reward))

    def present(decided: Decided) -> Answer:
        return told(decided, sealed_code(redemption_in(decided).id))

    def run(services: Services, caller: Caller) -> Done:
        done = redeem_reward(services, caller, member, PROGRAMME, reward, present, identity)
        answer = read_back(done.answer.body)
        known = Redeemed(answer.member, answer.result["id"], answer.code)
        if known not in play.redeemed[tenant]:
            play.redeemed[tenant].append(known)
        return done

    return request(f"{reward} by {member[-1]}", identity, run)


def redemption_in_state(*states: str) -> Callable[[Ending, str, Told], Iterable[str]]:
    """Return the check that a redemption is there, in one of these states."""

    def effect(ending: Ending, tenant: str, answer: Told) -> Iterable[str]:
        redemption = ending.tenants[tenant].redemptions.get(answer.result["id"])
        if redemption is None or redemption.state not in states:
            yield f"redemption {answer.result['id']} is {redemption and redemption.state}"

    return effect


def cancel(play: Play, tenant: str) -> Request | None:
    """Draw a redemption to be taken back."""
    if not play.redeemed[tenant]:
        return None
    known = play.chance.pick(play.redeemed[tenant])
    identity = draw_identity(play, tenant, "cancel", known)
    return request(
        known.redemption[-3:],
        identity,
        lambda s, c: cancel_redemption(s, c, known.member, known.redemption, "", told, identity),
    )


def use(play: Play, tenant: str) -> Request | None:
    """Draw a voucher to be used."""
    if not play.redeemed[tenant]:
        return None
    known = play.chance.pick(play.redeemed[tenant])
    identity = draw_identity(play, tenant, "use", known)
    return request(
        known.redemption[-3:],
        identity,
        lambda s, c: use_voucher(s, c, known.code, told, identity),
    )


def adjust(play: Play, tenant: str) -> Request:
    """Draw a correction by hand."""
    member, currency = play.member(tenant), play.chance.pick(("points", "coins"))
    amount = play.chance.pick((-60, -25, -5, 10, 30))
    command = Adjust(programme=PROGRAMME, currency=currency, amount=amount, reason="goodwill")
    identity = draw_identity(play, tenant, "adjust", (member, command))

    def run(services: Services, caller: Caller) -> Done:
        owned = msgspec.structs.replace(command, actor=caller.actor)
        return adjust_balance(services, caller, member, owned, told, identity)

    return request(f"{amount} {currency} of {member[-1]}", identity, run)
