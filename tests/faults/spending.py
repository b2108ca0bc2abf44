"""Value that is spent, given back, and corrected by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from msgspec.structs import replace

from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.actor import Actor
from chalicelib.domain.ledger.postings import kind_of
from chalicelib.domain.mechanics.adjustment import Adjust
from chalicelib.domain.mechanics.goodwill import GiveGoodwill
from chalicelib.domain.mechanics.redemptions import CancelRedemption
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.execution import Done, change_account
from chalicelib.usecases.redeem_reward import (
    Wish,
    redeem_reward,
    redemption_in,
    sealed_code,
    use_voucher,
)
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.stored import Answer
from tests.faults.ending import Ending, TenantEnding
from tests.faults.play import Play, Redeemed
from tests.faults.programmes import GOODS, GOODWILL_DAILY, PROGRAMME
from tests.faults.record import Answered, Request
from tests.faults.revoking import noting
from tests.faults.telling import answer_of, commanded, draw_identity, read_back, request

# Every delivery is of the same desk; it is told from the others by whose key it uses.
_DESK: Final = Actor("staff", "desk", ("receptionist",))


def redeem(play: Play, tenant: str) -> Request:
    """Draw a redemption."""
    member = play.member(tenant)
    reward = play.chance.weighted((("mug", 4), ("tea", 3), (GOODS, 4), ("medal", 1)))
    identity = draw_identity(play, tenant, "redeem", (member, reward))

    def present(decided: Decided) -> Answer:
        return answer_of(decided, sealed_code(redemption_in(decided).id))

    def run(services: Services, caller: Caller) -> Done:
        done = redeem_reward(services, caller, member, Wish(PROGRAMME, reward), present, identity)
        answer = read_back(done.answer.body)
        known = Redeemed(answer.member, answer.result["id"], answer.code)
        if known not in play.redeemed[tenant]:
            play.redeemed[tenant].append(known)
            if reward == GOODS:
                play.goods[tenant].append(known)
        return done

    return request(f"{reward} by {member[-1]}", identity, run)


def redemption_in_state(*states: str) -> Callable[[Ending, str, Answered], Iterable[str]]:
    """Return the check that a redemption is there, in one of these states."""

    def effect(ending: Ending, tenant: str, answer: Answered) -> Iterable[str]:
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
    command = CancelRedemption(member=known.member, redemption_id=known.redemption)
    return commanded(known.redemption[-3:], identity, command)


def use(play: Play, tenant: str) -> Request | None:
    """Draw a voucher to be used."""
    if not play.redeemed[tenant]:
        return None
    known = play.chance.pick(play.redeemed[tenant])
    identity = draw_identity(play, tenant, "use", known)
    return request(
        known.redemption[-3:],
        identity,
        lambda s, c: use_voucher(s, c, known.code, answer_of, identity),
    )


def put_right(play: Play, tenant: str) -> Request:
    """Draw goodwill from a desk's budget of the day, which two of these exhaust."""
    member, points = play.member(tenant), play.chance.pick((10, 25, 40))
    command = GiveGoodwill(member=member, programme=PROGRAMME, points=points, reason="wait")
    identity = draw_identity(play, tenant, "goodwill", (member, points))

    def run(services: Services, caller: Caller) -> Done:
        desk = replace(caller, actor=replace(_DESK, partner=caller.actor.id))
        return noting(play, tenant, change_account(services, desk, command, answer_of, identity))

    return request(f"{points} for {member[-1]}", identity, run)


def check_goodwill(tenant: TenantEnding) -> Iterator[str]:
    """A desk gives no more in a day than its role may, over all members."""
    version = tenant.programmes.version(PROGRAMME, 1)
    zone = version.document.time_zone if version else "UTC"
    given: Counter[str] = Counter()
    for journal in tenant.journals.values():
        for event in journal.events:
            if event.kind == "goodwill.given":
                day = calendar.local_date(event.effective_at, zone).isoformat()
                given[day] += sum(p.amount for p in event.postings if kind_of(p.source) == "issued")
    for day, points in given.items():
        taken = tenant.taken(f"{PROGRAMME}/goodwill/{_DESK.name}/{day}")
        if points > GOODWILL_DAILY or points != taken:
            yield f"{tenant.id}: {points} of {GOODWILL_DAILY} were given on {day}, {taken} taken"


def adjust(play: Play, tenant: str) -> Request:
    """Draw a correction by hand."""
    member, currency = play.member(tenant), play.chance.pick(("points", "coins"))
    amount = play.chance.pick((-60, -25, -5, 10, 30))
    command = Adjust(
        member=member, programme=PROGRAMME, currency=currency, amount=amount, reason="goodwill"
    )
    identity = draw_identity(play, tenant, "adjust", (member, command))

    def run(services: Services, caller: Caller) -> Done:
        done = change_account(services, caller, command, answer_of, identity)
        return noting(play, tenant, done) if amount > 0 else done

    return request(f"{amount} {currency} of {member[-1]}", identity, run)
