"""
What the workers of an exhaustive walk ask for, all of it about one member's account.

Two that ask for the same send the same request, as a queue does that delivers twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from itertools import combinations_with_replacement
from typing import Final, NamedTuple

from chalicelib.domain.decide.commands import Command
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.actor import CLOCK
from chalicelib.domain.mechanics.adjustment import Adjust
from chalicelib.domain.mechanics.closing import Close
from chalicelib.domain.mechanics.delegates import RevokeDelegate
from chalicelib.domain.mechanics.households import JoinHousehold, LeaveHousehold
from chalicelib.domain.mechanics.redemptions import CancelRedemption
from chalicelib.domain.mechanics.transfers import SendTransfer
from chalicelib.store import keys
from chalicelib.store.ledger import DynamoLedger
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.execution import Done, change_account
from chalicelib.usecases.identity import activity_identity, request_identity
from chalicelib.usecases.record_activity import Reported, record_activity
from chalicelib.usecases.redeem_reward import (
    Wish,
    redeem_reward,
    redemption_in,
    sealed_code,
)
from chalicelib.usecases.reverse_activity import Reversal, reverse_activity
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.stored import Answer, IdempotencyKey
from chalicelib.usecases.tick import tick
from tests.faults import acting, storage
from tests.faults.chance import Chance
from tests.faults.programmes import PROGRAMME
from tests.faults.record import Outcome, Part, Request
from tests.faults.telling import answer_of, commanded, once
from tests.faults.world import (
    BEFORE,
    HOME_BEFORE,
    HOUR,
    Ids,
    Known,
    Scenario,
    no_pause,
    scenario,
    services_over,
    slots,
)

_SCENARIO: Final = 5
_REDEMPTION: Final = 501

Script = tuple[str, str]
Pair = tuple[Script, Script]
Run = Callable[[Services, Caller], Done]


class Prepared(NamedTuple):
    """Where every run begins: an account with value that is due to expire, and a redemption."""

    scenario: Scenario
    stored: storage.Snapshot
    now: int

    @property
    def member(self) -> str:
        """Whose account it is."""
        return self.scenario.members[0]


@cache
def prepared() -> Prepared:
    """Make the beginning of all runs, once in a process."""
    begin = scenario(_SCENARIO)
    storage.restore(begin.stored)
    dynamo = slots()[0].dynamo
    services = services_over(
        dynamo,
        DynamoLedger(dynamo),
        Known(begin, dynamo),
        lambda: begin.start,
        Ids(_REDEMPTION - 1),
        Chance(0),
        no_pause,
    )
    caller = Caller(begin.tenants[0].id, BEFORE)
    redeem_reward(services, caller, begin.members[0], Wish(PROGRAMME, "tea"), answer_of, None)
    # By then the oldest value has expired, and nobody has written that.
    return Prepared(begin, storage.snapshot(), begin.start + 36 * HOUR)


def _earn(begin: Prepared) -> Request:
    activity = Activity("visit.completed", "emr", "x1", begin.now, attributes={"online": True})
    reported, identity = Reported(activity, begin.member), activity_identity(activity)
    part = Part(identity, None, ("emr", "x1"), begin.member)
    return Request(once(lambda s, c: record_activity(s, c, reported, answer_of)), "earn", (part,))


def _redeem(begin: Prepared) -> Request:
    def present(decided: Decided) -> Answer:
        return answer_of(decided, sealed_code(redemption_in(decided).id))

    def run(services: Services, caller: Caller) -> Done:
        identity = _key("redeem")
        return redeem_reward(
            services, caller, begin.member, Wish(PROGRAMME, "mug"), present, identity
        )

    return _request("redeem", run)


def _cancel(begin: Prepared) -> Request:
    redemption = Ids(_REDEMPTION - 1)("red")
    return _commanded("cancel", CancelRedemption(member=begin.member, redemption_id=redemption))


def _reverse(_begin: Prepared) -> Request:
    reversal = Reversal("emr", "before-4", (), 3300)
    return _request(
        "reverse", lambda s, c: reverse_activity(s, c, reversal, answer_of, _key("reverse"))
    )


def _reverse_whole(_begin: Prepared) -> Request:
    whole, name = Reversal("emr", "before-4"), "reverse whole"
    return _request(name, lambda s, c: reverse_activity(s, c, whole, answer_of, _key(name)))


def _adjust(begin: Prepared) -> Request:
    command = Adjust(
        member=begin.member, programme=PROGRAMME, currency="points", amount=-60, reason="x"
    )
    return _commanded("adjust", command)


def _close(begin: Prepared) -> Request:
    return _commanded("close", Close(member=begin.member, reason="asked", prepaid="waive"))


def _give(begin: Prepared) -> Request:
    return _transfer("give", *begin.scenario.members[:2])


def _take(begin: Prepared) -> Request:
    return _transfer("take", *reversed(begin.scenario.members[:2]))


def _transfer(name: str, sender: str, receiver: str) -> Request:
    def run(services: Services, caller: Caller) -> Done:
        command = SendTransfer(
            member=sender,
            to=receiver,
            programme=PROGRAMME,
            currency="points",
            amount=30,
            transfer_id=services.new_id("transfer"),
        )
        return change_account(services, caller, command, answer_of, _key(name))

    return _request(name, run)


def _join(begin: Prepared) -> Request:
    command = JoinHousehold(member=begin.member, household=HOME_BEFORE, role="child")
    return _commanded("join", command)


def _leave(begin: Prepared) -> Request:
    """One of two leaves, and makes room for the first member."""
    command = LeaveHousehold(member=begin.scenario.members[1], household=HOME_BEFORE)
    return _commanded("leave", command)


def _part(begin: Prepared) -> Request:
    """The first member leaves again."""
    return _commanded("part", LeaveHousehold(member=begin.member, household=HOME_BEFORE))


def _act(begin: Prepared) -> Request:
    """The second member redeems for the first."""
    member, delegate, _ = begin.scenario.members
    return acting.redeeming("act", _key("act"), (member, delegate), "mug")


def _disown(begin: Prepared) -> Request:
    """The second member may not act for the first any more."""
    member, delegate, _ = begin.scenario.members
    command = RevokeDelegate(member=member, delegate=delegate, reason="asked")
    return _commanded("disown", command)


def _tick(begin: Prepared) -> Request:
    tenant = begin.scenario.tenants[0].id
    shard = int(keys.due_pk(tenant, begin.member, on_test_clock=False)[-2:])

    def send(services: Services, _caller: Caller) -> tuple[Outcome]:
        tick(services, Caller("", CLOCK), begin.now, shards=(shard,))
        return (Outcome("read"),)

    return Request(send, "tick")


def _commanded(name: str, command: Command) -> Request:
    return commanded(name, _key(name), command)


def _request(name: str, run: Run) -> Request:
    return Request(once(run), name, (Part(_key(name)),))


def _key(name: str) -> IdempotencyKey:
    return request_identity(f"/{name}", "k", hashlib.sha256(name.encode()).digest())


#: By name: the operation that the checker knows it as, and how it is made.
REQUESTS: Final[dict[str, tuple[str, Callable[[Prepared], Request]]]] = {
    "earn": ("record", _earn),
    "redeem": ("redeem", _redeem),
    "cancel": ("cancel", _cancel),
    "reverse": ("reverse", _reverse),
    "reverse whole": ("reverse", _reverse_whole),
    "adjust": ("adjust", _adjust),
    "close": ("close", _close),
    "give": ("transfer", _give),
    "take": ("transfer", _take),
    "join": ("household", _join),
    "leave": ("household", _leave),
    "part": ("household", _part),
    "act": ("redeem for another", _act),
    "disown": ("delegate", _disown),
    "tick": ("tick", _tick),
}

SCRIPTS: Final[tuple[Script, ...]] = (
    ("earn", "redeem"),
    ("redeem", "cancel"),
    ("redeem", "reverse"),
    ("reverse", "reverse whole"),
    ("reverse whole", "adjust"),
    ("cancel", "earn"),
    ("adjust", "close"),
    ("tick", "redeem"),
    ("give", "take"),
    ("join", "leave"),
    ("leave", "part"),
    ("act", "disown"),
)
#: A pair in which a delegate acts while they are revoked.
DISOWNED: Final[Pair] = (("act", "disown"), ("disown", "act"))
PAIRS: Final[tuple[Pair, ...]] = (*combinations_with_replacement(SCRIPTS, 2), DISOWNED)
#: The pair with the most runs: it takes as long as the next two together.
REVERSED: Final[Pair] = (("redeem", "reverse"), ("reverse whole", "adjust"))
#: A pair in which three leave and join.
PARTED: Final[Pair] = (("join", "leave"), ("leave", "part"))
#: What every change runs; the rest takes minutes.
FEW: Final[tuple[Pair, ...]] = (
    (("earn", "redeem"), ("earn", "redeem")),
    (("adjust", "close"), ("join", "leave")),
)
