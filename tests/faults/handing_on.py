"""Value that one member gives to another: what must hold of both journals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from msgspec.structs import replace

from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger import effects as fx
from chalicelib.domain.ledger.events import Event, TransferReceived, TransferSent
from chalicelib.domain.ledger.lots import LotKey
from chalicelib.domain.mechanics.transfers import SendTransfer
from chalicelib.usecases.execution import Done, change_account
from chalicelib.usecases.services import Caller, Services
from tests.faults.ending import TenantEnding
from tests.faults.play import Play
from tests.faults.programmes import POINTS, PROGRAMME, SENT_DAILY
from tests.faults.record import Request
from tests.faults.telling import answer_of, draw_identity, request


class _Participant(NamedTuple):
    """One journal's part of a transfer."""

    member: str
    event: Event
    other: str

    def mirrored(self) -> tuple[str, str, int]:
        """Return what the other side must say of it."""
        return self.other, self.member, self.event.effective_at


def give(play: Play, tenant: str) -> Request:
    """Draw a transfer between two members: of points, or of what is prepaid."""
    sender = play.member(tenant)
    others = [member for member in play.members[tenant] if member != sender]
    receiver = play.chance.pick(others)
    currency = play.chance.pick(("points", "points", "prepaid"))
    amount = play.chance.pick((3, 15, 40, 75))
    content = (sender, receiver, currency, amount)
    identity = draw_identity(play, tenant, "transfer", content)

    def run(services: Services, caller: Caller) -> Done:
        command = SendTransfer(
            member=sender,
            to=receiver,
            programme=PROGRAMME,
            currency=currency,
            amount=amount,
            transfer_id=services.new_id("transfer"),
        )
        return change_account(services, caller, command, answer_of, identity)

    about = f"{amount} {currency} from {sender[-1]} to {receiver[-1]}"
    return request(about, identity, run)


def check_transfers(tenant: TenantEnding) -> Iterator[str]:
    """What one gave the other got, once, at the same instant, from the same lots."""
    sides: dict[str, dict[str, list[_Participant]]] = {"transfer.sent": {}, "transfer.received": {}}
    for member, journal in tenant.journals.items():
        for event in journal.events:
            data = event.data
            if isinstance(data, TransferSent | TransferReceived):
                other = data.recipient if isinstance(data, TransferSent) else data.sender
                found = sides[event.kind].setdefault(data.transfer, [])
                found.append(_Participant(member, event, other))
    outs, ins = sides["transfer.sent"], sides["transfer.received"]
    for name in outs.keys() | ins.keys():
        gone, come = outs.get(name, []), ins.get(name, [])
        if len(gone) != 1 or len(come) != 1:
            yield f"{tenant.id}: {name} was given {len(gone)} times and got {len(come)} times"
            continue
        for fault in _pair(gone[0], come[0]):
            yield f"{tenant.id}: {name} {fault}"
    yield from _limits(tenant, [side for found in outs.values() for side in found])


def _pair(gone: _Participant, come: _Participant) -> Iterator[str]:
    sender, receiver, at = come.mirrored()
    if (gone.member, gone.other, gone.event.effective_at) != (sender, receiver, at):
        yield f"went from {gone.mirrored()} and came as {come.mirrored()}"
    taken, given = _lots(gone.event), _lots(come.event)
    owed = sum(-e.delta for e in come.event.effects if isinstance(e, fx.DeficitChange))
    if -taken.total() != given.total() + owed:
        yield f"took {-taken.total()} and brought {given.total()}, {owed} of it for a debt"
    if any(e.lot.paid for e in come.event.effects if isinstance(e, fx.LotChange)):
        yield "brought money that whoever received it could be refunded"
    for lot, amount in given.items():
        if amount > -taken[lot]:
            yield f"brought {amount} of {lot}, of which it took {-taken[lot]}"


def _lots(event: Event) -> Counter[tuple[str, LotKey]]:
    """Return how much of each lot of a currency an event moves; what comes is a gift."""
    moved: Counter[tuple[str, LotKey]] = Counter()
    for effect in event.effects:
        if isinstance(effect, fx.LotChange):
            moved[effect.currency, replace(effect.lot, paid=False)] += effect.delta
    return moved


def _limits(tenant: TenantEnding, gone: list[_Participant]) -> Iterator[str]:
    """Nobody gives more points in a day than they may."""
    version = tenant.programmes.version(PROGRAMME, 1)
    zone = version.document.time_zone if version else "UTC"
    sent: Counter[tuple[str, str]] = Counter()
    for member, event, _ in gone:
        day = calendar.local_date(event.effective_at, zone).isoformat()
        moved = _lots(event).items()
        sent[member, day] -= sum(amount for (currency, _), amount in moved if currency == POINTS)
    for (member, day), points in sent.items():
        if points > SENT_DAILY:
            yield f"{tenant.id}: {member[-1]} gave {points} of {SENT_DAILY} on {day}"
