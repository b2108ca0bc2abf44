"""Delegates: added, revoked and ended by themselves, while they redeem and look for a member."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.actor import Actor
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.mechanics import delegates
from chalicelib.domain.mechanics.delegates import AddDelegate, Matter, RevokeDelegate
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.execution import Done
from chalicelib.usecases.redeem_reward import Wish, redeem_reward, redemption_in, sealed_code
from chalicelib.usecases.services import Acting, Caller, Services
from chalicelib.usecases.stored import Answer, IdempotencyKey
from tests.faults.ending import TenantEnding
from tests.faults.play import Play
from tests.faults.programmes import PROGRAMME
from tests.faults.record import Answered, Request
from tests.faults.telling import answer_of, commanded, draw_identity, request

#: The matter in which a delegate redeems.
_REDEEM: Final[Matter] = "redeem"


def change(play: Play, tenant: str) -> Request:
    """Draw somebody who is added, with an end soon perhaps, or revoked."""
    member, delegate = _two(play, tenant)
    chance = play.chance
    command: AddDelegate | RevokeDelegate
    if chance.percent(30):
        command = RevokeDelegate(member=member, delegate=delegate, reason="asked")
    else:
        zone = play.scenario.time_zone
        today = calendar.local_date(play.clock(tenant), zone)
        of_age = calendar.add_days(today, chance.pick((1, 2, 31, 40, 40)))
        command = AddDelegate(
            member=member,
            delegate=delegate,
            capacity="guardian",
            scopes=chance.pick(((_REDEEM,), ("balance", _REDEEM), ("balance",))),
            time_zone=zone,
            of_age_on=of_age.isoformat(),
            proof="shown",
        )
    identity = draw_identity(play, tenant, "delegate", command)
    about = f"{type(command).__name__} {delegate[-1]} for {member[-1]}"
    return commanded(about, identity, command)


def redeem(play: Play, tenant: str) -> Request:
    """Draw a redemption by another member, who may or may not."""
    member, delegate = _two(play, tenant)
    identity = draw_identity(play, tenant, "redeem for another", (member, delegate))
    return redeeming(f"by {delegate[-1]} for {member[-1]}", identity, (member, delegate), "tea")


def redeeming(about: str, identity: IdempotencyKey, both: tuple[str, str], reward: str) -> Request:
    """Return the redemption of a reward for the first of two members, by the other."""
    member, delegate = both

    def present(decided: Decided) -> Answer:
        return answer_of(decided, sealed_code(redemption_in(decided).id))

    def run(services: Services, caller: Caller) -> Done:
        # The journal has the delivery beside who acts, as of a desk.
        actor = Actor("delegate", delegate, partner=caller.actor.id, on_behalf_of=member)
        asking = replace(caller, actor=actor, access=Acting(delegate, _REDEEM))
        return redeem_reward(services, asking, member, Wish(PROGRAMME, reward), present, identity)

    return request(about, identity, run)


def _two(play: Play, tenant: str) -> tuple[str, str]:
    """Return a member, and another one who acts for them: mostly the same two."""
    known = play.members[tenant][:3]
    member = play.member(tenant)
    others = [each for each in known if each != member]
    return member, others[0] if play.chance.percent(85) else play.chance.pick(others)


def nothing_changed(answer: Answered) -> bool:
    """Tell whether all was so already."""
    return answer.result["changed"] is False


def check_delegates(tenant: TenantEnding) -> Iterator[str]:
    """Who acted might when it was decided; and both sides say the same of who acts for whom."""
    for owner, journal in tenant.journals.items():
        for event in journal.events:
            who = event.actor.id
            before = journal.accounts[event.version - 1]
            may = delegates.may_act(before, who, _REDEEM, event.effective_at)
            if event.actor.kind == "delegate" and not may:
                yield f"{tenant.id}: {who} might not make event {event.version} of {owner}"
    for owner, account in tenant.accounts.items():
        for delegate, each in delegates.delegates(account).items():
            theirs = tenant.accounts[delegate]
            if not _is_over(each.ends_at, theirs) and owner not in delegates.delegators(theirs):
                yield f"{tenant.id}: only {owner} says that {delegate} acts for them"
        for member, known in delegates.DELEGATORS.all(account).items():
            theirs = tenant.accounts[member]
            gone = theirs.status == "closed" or _is_over(known.ends_at, theirs)
            if not gone and owner not in delegates.delegates(theirs):
                yield f"{tenant.id}: only {owner} says that they act for {member}"


def _is_over(ends_at: Instant | None, account: Account) -> bool:
    """Tell whether what ends then has ended, as far as an account has come."""
    return ends_at is not None and ends_at <= account.effective_at
