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

import msgspec

from chalicelib.domain.activity import Activity
from chalicelib.domain.commands import Adjust
from chalicelib.domain.mechanics.households import JoinHousehold, LeaveHousehold
from chalicelib.domain.mechanics.transfers import SendTransfer
from chalicelib.store import keys
from chalicelib.store.ledger import DynamoLedger
from chalicelib.usecases.adjust_balance import adjust_balance
from chalicelib.usecases.change_member import close_member
from chalicelib.usecases.execution import Decided, Done
from chalicelib.usecases.identity import activity_identity, request_identity
from chalicelib.usecases.keep_household import change_household
from chalicelib.usecases.ports import Answer, Identity
from chalicelib.usecases.record_activity import Reported, record_activity
from chalicelib.usecases.redeem_reward import (
    cancel_redemption,
    redeem_reward,
    redemption_in,
    sealed_code,
)
from chalicelib.usecases.reverse_activity import Reversal, reverse_activity
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.tick import tick
from chalicelib.usecases.transfer_value import transfer_value
from tests.faults import storage
from tests.faults.chance import Chance
from tests.faults.programmes import PROGRAMME
from tests.faults.record import Outcome, Part, Request
from tests.faults.telling import once, told
from tests.faults.world import (
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
    caller = Caller(begin.tenants[0].id, "setting")
    redeem_reward(services, caller, begin.members[0], PROGRAMME, "tea", told, None)
    # By then the oldest value has expired, and nobody has written that.
    return Prepared(begin, storage.snapshot(), begin.start + 36 * HOUR)


def _earn(begin: Prepared) -> Request:
    activity = Activity("visit.completed", "emr", "x1", begin.now, attributes={"online": True})
    reported, identity = Reported(activity, begin.member), activity_identity(activity)
    part = Part(identity, None, ("emr", "x1"), begin.member)
    return Request(once(lambda s, c: record_activity(s, c, reported, told)), "earn", (part,))


def _redeem(begin: Prepared) -> Request:
    def present(decided: Decided) -> Answer:
        return told(decided, sealed_code(redemption_in(decided).id))

    def run(services: Services, caller: Caller) -> Done:
        identity = _key("redeem")
        return redeem_reward(services, caller, begin.member, PROGRAMME, "mug", present, identity)

    return _request("redeem", run)


def _cancel(begin: Prepared) -> Request:
    redemption = Ids(_REDEMPTION - 1)("red")

    def run(services: Services, caller: Caller) -> Done:
        identity = _key("cancel")
        return cancel_redemption(services, caller, begin.member, redemption, "", told, identity)

    return _request("cancel", run)


def _reverse(_begin: Prepared) -> Request:
    reversal = Reversal("emr", "before-4", (), 3300)
    return _request("reverse", lambda s, c: reverse_activity(s, c, reversal, told, _key("reverse")))


def _reverse_whole(_begin: Prepared) -> Request:
    whole, name = Reversal("emr", "before-4"), "reverse whole"
    return _request(name, lambda s, c: reverse_activity(s, c, whole, told, _key(name)))


def _adjust(begin: Prepared) -> Request:
    def run(services: Services, caller: Caller) -> Done:
        command = Adjust(
            actor=caller.actor, programme=PROGRAMME, currency="points", amount=-60, reason="x"
        )
        return adjust_balance(services, caller, begin.member, command, told, _key("adjust"))

    return _request("adjust", run)


def _close(begin: Prepared) -> Request:
    def run(services: Services, caller: Caller) -> Done:
        return close_member(services, caller, begin.member, "asked", told, _key("close"))

    return _request("close", run)


def _give(begin: Prepared) -> Request:
    return _transfer("give", *begin.scenario.members[:2])


def _take(begin: Prepared) -> Request:
    return _transfer("take", *reversed(begin.scenario.members[:2]))


def _transfer(name: str, sender: str, receiver: str) -> Request:
    def run(services: Services, caller: Caller) -> Done:
        command = SendTransfer(
            actor=caller.actor,
            member=sender,
            to=receiver,
            programme=PROGRAMME,
            currency="points",
            amount=30,
            transfer_id=services.new_id("transfer"),
        )
        return transfer_value(services, caller, command, told, _key(name))

    return _request(name, run)


def _join(begin: Prepared) -> Request:
    return _household("join", JoinHousehold(begin.member, HOME_BEFORE, "child"))


def _leave(begin: Prepared) -> Request:
    """One of two leaves, and makes room for the first member."""
    return _household("leave", LeaveHousehold(begin.scenario.members[1], HOME_BEFORE))


def _household(name: str, command: JoinHousehold | LeaveHousehold) -> Request:
    def run(services: Services, caller: Caller) -> Done:
        owned = msgspec.structs.replace(command, actor=caller.actor)
        return change_household(services, caller, owned, told, _key(name))

    return _request(name, run)


def _tick(begin: Prepared) -> Request:
    tenant = begin.scenario.tenants[0].id
    shard = int(keys.due_pk(tenant, begin.member, on_test_clock=False)[-2:])

    def send(services: Services, _caller: Caller) -> tuple[Outcome]:
        tick(services, Caller("", "tick"), begin.now, shards=(shard,))
        return (Outcome("read"),)

    return Request(send, "tick")


def _request(name: str, run: Run) -> Request:
    return Request(once(run), name, (Part(_key(name)),))


def _key(name: str) -> Identity:
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
)
PAIRS: Final[tuple[Pair, ...]] = tuple(combinations_with_replacement(SCRIPTS, 2))
#: What every change runs; the rest takes minutes.
FEW: Final[tuple[Pair, ...]] = (
    (("earn", "redeem"), ("earn", "redeem")),
    (("redeem", "reverse"), ("reverse whole", "adjust")),
    (("redeem", "cancel"), ("tick", "redeem")),
    (("adjust", "close"), ("give", "take")),
    (("adjust", "close"), ("join", "leave")),
)
