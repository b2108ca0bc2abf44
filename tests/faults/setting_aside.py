"""Value that is set aside, and then spent or given up: what must hold of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from chalicelib.domain.ledger.events import HoldPlaced
from chalicelib.domain.ledger.postings import AVAILABLE, HELD
from chalicelib.domain.mechanics.holds import (
    HOLDS,
    CaptureHold,
    ExtendHold,
    PlaceHold,
    ReleaseHold,
)
from chalicelib.usecases.execution import Done, change_account
from chalicelib.usecases.services import Caller, Services
from tests.faults.ending import Journal, TenantEnding
from tests.faults.play import Play
from tests.faults.programmes import PROGRAMME
from tests.faults.record import Answered, Request
from tests.faults.telling import answer_of, commanded, draw_identity, read_back, request

_ENDS = ("hold.captured", "hold.released", "holds.expired")


def place(play: Play, tenant: str) -> Request:
    """Draw a hold, mostly over more than half of what there is."""
    member, currency = play.member(tenant), play.chance.pick(("points", "points", "coins"))
    amount, minutes = play.chance.pick((5, 20, 45, 70)), play.chance.pick((None, 1, 10_000))
    identity = draw_identity(play, tenant, "hold", (member, currency, amount, minutes))

    def run(services: Services, caller: Caller) -> Done:
        command = PlaceHold(
            member=member,
            programme=PROGRAMME,
            currency=currency,
            amount=amount,
            hold_id=services.new_id("hold"),
            minutes=minutes,
        )
        done = change_account(services, caller, command, answer_of, identity)
        known = (member, str(read_back(done.answer.body).result["hold_id"]))
        if known not in play.holds[tenant]:
            play.holds[tenant].append(known)
        return done

    return request(f"{amount} {currency} of {member[-1]}", identity, run)


def end(play: Play, tenant: str) -> Request | None:
    """Draw a hold to be captured, in part perhaps, released or extended; again perhaps."""
    if not play.holds[tenant]:
        return None
    member, hold = play.chance.pick(play.holds[tenant])
    ways: tuple[CaptureHold | ReleaseHold | ExtendHold, ...] = (
        CaptureHold(member=member, hold_id=hold),
        CaptureHold(member=member, hold_id=hold, amount=4),
        ReleaseHold(member=member, hold_id=hold),
        ExtendHold(member=member, hold_id=hold, minutes=30),
    )
    command = play.chance.pick(ways)
    identity = draw_identity(play, tenant, "end hold", command)
    return commanded(f"{type(command).__name__} {hold[-3:]}", identity, command)


def nothing_extended(answer: Answered) -> bool:
    """Tell whether an extension found a later end."""
    return "hold" in answer.result


def check_holds(tenant: TenantEnding) -> Iterator[str]:
    """A hold lowers what is available by itself, and ends once."""
    for member, journal in tenant.journals.items():
        yield from (f"{tenant.id} {member[-1]}: {fault}" for fault in _holds(journal))


def _holds(journal: Journal) -> Iterator[str]:
    ends = Counter[str]()
    for event in journal.events:
        before, after = journal.accounts[event.version - 1], journal.accounts[event.version]
        if isinstance(event.data, HoldPlaced):
            hold = HOLDS.get(after, event.data.hold)
            if hold is None:
                yield f"hold {event.data.hold} was placed and is not there"
                continue
            lowered = before.balance(hold.currency).available
            lowered -= after.balance(hold.currency).available
            posted = sum(
                posting.amount
                for posting in event.postings
                if (posting.source, posting.destination) == (AVAILABLE, HELD)
            )
            if not hold.amount == lowered == posted == sum(part.amount for part in hold.taken):
                yield f"a hold of {hold.amount} lowers what is available by {lowered}"
        if event.kind in _ENDS:
            ends.update(HOLDS.all(before).keys() - HOLDS.all(after).keys())
            spent = sum(p.amount for p in event.postings if p.source == HELD)
            gone = sum(
                hold.amount
                for name, hold in HOLDS.all(before).items()
                if name not in HOLDS.all(after)
            )
            if spent != gone:
                yield f"holds of {gone} ended, {spent} were spent or came back"
    yield from (f"hold {name} ended {n} times" for name, n in ends.items() if n > 1)
