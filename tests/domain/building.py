"""
What the tests of the core are built from: short programmes, and a member to live through them.

A test says what is particular to it; all else has the plainest value there is.  Instants are
written as RFC 3339, and a bare date means noon in UTC, far from every edge.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import pytest
from msgspec.structs import replace

from chalicelib.domain import verification
from chalicelib.domain.authoring.whole_document import ProgrammeDocument
from chalicelib.domain.decide import registry
from chalicelib.domain.decide.appending import Appended, append
from chalicelib.domain.decide.claims import Claim, EventRef, Ref, SaveRecord
from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import MEMBER, Decider, Known, Participant
from chalicelib.domain.decide.deciding import decide
from chalicelib.domain.decide.event_builder import Door, EventBuilder, Guard
from chalicelib.domain.decide.settling import clock_of, door_of, settle
from chalicelib.domain.errors import LoyaltyError
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account, Enrolment
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.actor import Actor
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.events import ActivityRecorded, Event, GoodwillGiven, Line
from chalicelib.domain.ledger.journal import StoredEvent
from chalicelib.domain.ledger.lots import Balance, Lot, LotKey
from chalicelib.domain.ledger.postings import ISSUED
from chalicelib.domain.mechanics import expiry, value
from chalicelib.domain.mechanics.activities import RecordActivity, Recorded
from chalicelib.domain.mechanics.adjustment import Adjust
from chalicelib.domain.mechanics.closing import Close
from chalicelib.domain.mechanics.earning import Explained
from chalicelib.domain.mechanics.membership import Open
from chalicelib.domain.mechanics.redemptions import (
    REDEMPTIONS,
    CancelRedemption,
    Redemption,
    UseVoucher,
)
from chalicelib.domain.mechanics.remaining import REMAINING, LineReversal, Remaining
from chalicelib.domain.mechanics.reversal import ReverseActivity, Reversed
from chalicelib.domain.mechanics.rewards import Redeem
from chalicelib.domain.mechanics.transfers import SendTransfer, Sent
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.versions import Programmes, ProgrammeVersion

KEY = "T#tenant#M#mem_1"
VISIT = "visit.completed"
PURCHASE = "purchase.completed"
JOINED = "2026-01-05"


def at(when: str) -> Instant:
    """Return an instant: RFC 3339, or a date for its noon in UTC."""
    return calendar.parse_instant(when if "T" in when else f"{when}T12:00:00Z")


def programme(*earning: dict[str, Any], **parts: Any) -> Programme:
    """Return a clinic's programme: one currency that never expires, UTC, pounds."""
    document = {
        "id": "clinic",
        "name": "Clinic",
        "time_zone": "UTC",
        "money": {"currency": "GBP"},
        "enrolment": {"optional_consents": ["health", "news", "other", "post", "programme"]},
        "currencies": [points()],
        "earning": list(earning),
        **parts,
    }
    return msgspec.convert(document, ProgrammeDocument)


def points(expiry: dict[str, Any] | None = None, **parts: Any) -> dict[str, Any]:
    """Return the currency `points`, which never expires unless told."""
    return {"id": "points", "name": "Points", "expiry": expiry or {"type": "never"}, **parts}


def rolling(**unit: int | str) -> dict[str, Any]:
    """Return an expiry so long after an activity."""
    return {"type": "rolling", **unit}


def fixed_day(day: str, **parts: int) -> dict[str, Any]:
    """Return an expiry on a day, of one year or of every one."""
    return {"type": "fixed", "on": day, **parts}


def rule(name: str, award: dict[str, Any], on: str = VISIT, **parts: Any) -> dict[str, Any]:
    """Return an earning rule in `points`."""
    return {"id": name, "on": [on], "currency": "points", "award": award, **parts}


def fixed(amount: int) -> dict[str, Any]:
    """Return an award of so much for each activity."""
    return {"type": "fixed", "amount": amount}


def per_amount(amount: int, per: int) -> dict[str, Any]:
    """Return an award of so much for every ``per`` minor units of money."""
    return {"type": "per_amount", "amount": amount, "per": per}


def per_unit(amount: int, per: int = 1) -> dict[str, Any]:
    """Return an award of so much for every ``per`` units."""
    return {"type": "per_unit", "amount": amount, "per": per}


def formula(expression: str) -> dict[str, Any]:
    """Return an award by formula."""
    return {"type": "formula", "expression": expression}


def ladder(*levels: tuple[str, dict[str, Any]], **parts: Any) -> dict[str, Any]:
    """Return tiers: `base`, then each (id, qualification)."""
    return {
        "levels": [
            {"id": "base", "name": "Base"},
            *({"id": name, "name": name, "qualify": qualify} for name, qualify in levels),
        ],
        **parts,
    }


def visits(count: int) -> dict[str, Any]:
    """Return a qualification by visits alone."""
    return {"all": [{"metric": "visits", "at_least": count}]}


def reward(name: str, amount: int, **parts: Any) -> dict[str, Any]:
    """Return a reward priced in `points`."""
    price = {"currency": "points", "amount": amount}
    return {"id": name, "name": name, "price": price, **parts}


def line(
    line_id: str, amount: int = 0, category: str = "", *, sku: str = "", quantity: int = 1
) -> Line:
    """Return one line of a basket."""
    return Line(line_id, amount, quantity, category, sku)


def published(*versions: tuple[str, Programme]) -> Programmes:
    """Return programmes of which each version took effect at an instant, numbered from 1."""
    numbers: dict[str, int] = {}
    known = []
    for since, document in versions:
        numbers[document.id] = numbers.get(document.id, 0) + 1
        known.append(ProgrammeVersion(numbers[document.id], "published", document, at(since)))
    return Programmes(known)


SERVER = Actor("server", "key_1", roles=("server",))


class Followed(NamedTuple):
    """What followed from a command: what the caller is told, and what is written."""

    result: Any
    events: tuple[Event, ...] = ()
    claims: tuple[Claim, ...] = ()


class Member:
    """
    One account, driven as the use cases drive it: load, settle, decide, keep.

    What a use case would store is kept here: the journal, and the records of the account.
    ``joined=None`` leaves the account unopened.
    """

    def __init__(
        self,
        *documents: Programme | Programmes,
        joined: str | None = JOINED,
        key: str = KEY,
    ) -> None:
        self.key = key
        self.id = key.rpartition("#")[2]
        self.programmes = _programmes(documents)
        self.guards: tuple[Guard, ...] = ()
        self.account = Account()
        self.journal: list[StoredEvent] = []
        self.events: list[Event] = []
        self.records: dict[Ref | EventRef, Any] = {}
        self.recorded: dict[str, Event] = {}
        if joined is not None:
            self.do(Open(member=self.id, programmes=self.programmes.ids()), joined)

    # Time

    def seen(self, now: str | Instant) -> Account:
        """Return the account as a read shows it: settled in memory, nothing kept."""
        return self._settled(now)[0]

    def tick(self, now: str | Instant) -> tuple[Event, ...]:
        """Settle and keep what fell due, as the scheduled tick does."""
        account, appended = self._settled(now)
        self._keep(account, appended)
        return appended.events

    # Commands

    def do(
        self, command: Command, now: str | Instant, *, actor: Actor = SERVER, **others: Member
    ) -> Followed:
        """
        Decide and keep what follows, on every account; a refusal keeps nothing.

        ``others`` are the members and households in the other roles of the command, which is
        about this member, whatever it says.
        """
        command = replace(command, member=self.id)
        decider = self.deciding(command, now, actor=actor, **others)
        parties = {MEMBER: self, **others}
        due = {role: len(decider.participant(role).appended.events) for role in parties}
        result = decide(decider, command)
        kept = {role: decider.participant(role) for role in parties}
        if any(len(kept[role].appended.events) > due[role] for role in parties):
            for role, party in parties.items():
                party._keep(kept[role].account, kept[role].appended)
        events = kept[MEMBER].appended.events[due[MEMBER] :]
        for claim in decider.claims:
            if isinstance(claim, SaveRecord):
                self.records[claim.ref] = claim.record
        if isinstance(command, RecordActivity):
            self.recorded[command.activity.external_id] = events[0]
        return Followed(result, events, tuple(decider.claims))

    def deciding(
        self, command: Command, now: str | Instant, *, actor: Actor = SERVER, **others: Member
    ) -> Decider:
        """Return what decides a command: every party settled, and every record read."""
        parties = {MEMBER: self, **others}
        participants = {}
        for role, party in parties.items():
            account, appended = party._settled(now)
            participants[role] = Participant(party.id, party.key, account, appended)
        there = [role for role, party in parties.items() if party.account.version]
        accounts = {role: parties[role].account for role in there}
        known = Known(self.programmes, _instant(now), accounts, self.records)
        wanted = command.parties(known)
        assert wanted == {role: party.id for role, party in parties.items()}, wanted
        records: dict[Ref | EventRef, Any] = {}
        # Some can be named only once others were read.
        while missing := set(command.records(known)).difference(records):
            records |= {ref: self._record(ref) for ref in missing}
            known = known._replace(records={**self.records, **records})
        instant = _instant(now)
        for each in participants.values():
            instant = clock_of(each.account, instant)
        door = door_of(self.programmes)
        door = door._replace(guards=lambda each: (*self.guards, *registry.guards(each)))
        return Decider(participants, door, instant, actor=actor, records=records)

    def _record(self, place: Ref | EventRef) -> Any:
        if isinstance(place, Ref):
            return self.records.get(place)
        there = 0 < place.version <= len(self.journal)
        return self.journal[place.version - 1] if there else None

    def refused(
        self, command: Command, now: str | Instant, *, actor: Actor = SERVER, **others: Member
    ) -> LoyaltyError:
        """Return the refusal of a command."""
        with pytest.raises(LoyaltyError) as refusal:
            self.do(command, now, actor=actor, **others)
        return refusal.value

    def record(
        self, kind: str, when: str, *, now: str | None = None, name: str = "", **parts: Any
    ) -> Recorded:
        """Record an activity that happened at ``when``, reported at once or at ``now``."""
        reported = activity(kind, when, name=name or f"{len(self.recorded) + 1}", **parts)
        recorded = self.do(RecordActivity(member=self.id, activity=reported), now or when).result
        assert isinstance(recorded, Recorded)
        return recorded

    def visit(self, when: str, *, now: str | None = None, name: str = "", **parts: Any) -> Recorded:
        """Record a completed visit."""
        return self.record(VISIT, when, now=now, name=name, **parts)

    def buy(self, amount: int, when: str, *, now: str | None = None, **parts: Any) -> Recorded:
        """Record a purchase for so many pence."""
        return self.record(PURCHASE, when, now=now, amount=amount, money="GBP", **parts)

    def basket(self, when: str, *lines: Line, name: str = "", **parts: Any) -> Recorded:
        """Record a purchase with lines."""
        return self.record(PURCHASE, when, name=name, money="GBP", lines=lines, **parts)

    def adjust(self, amount: int, now: str | Instant, currency: str = "points") -> Followed:
        """Give or take value by hand."""
        return self.do(adjustment(amount, currency), now)

    def sponsor(
        self,
        amount: int,
        funder: str,
        now: str | Instant,
        currency: str = "points",
        *,
        until: str | None = None,
    ) -> None:
        """Give value that somebody else funds, usable through a day in UTC; no command does yet."""
        account, due = self._settled(now)
        instant = clock_of(account, _instant(now))
        builder = EventBuilder(account, instant, door_of(self.programmes), actor=SERVER)
        last = expiry.NEVER if until is None else expiry.until(calendar.parse_date(until), "UTC")
        key = f"{self.programmes.ids()[0]}/{currency}"
        lot = Lot(amount, last.lot(LotKey(funder=funder)), last.warn_at)
        value.credit(builder, key, lot, source=ISSUED, cause="sponsor")
        event = builder.build(GoodwillGiven(key, amount, funder))
        account, given = append(account, (event,), self.key)
        self._keep(account, due + given)

    def redeem(self, name: str, now: str | Instant) -> Redemption:
        """Redeem a reward and return its redemption."""
        redemption = self.do(self.redeeming(name), now).result
        assert isinstance(redemption, Redemption)
        return redemption

    def redeeming(self, name: str) -> Redeem:
        """Return the command to redeem a reward."""
        return Redeem(
            member=self.id,
            programme=self.programmes.ids()[0],
            reward=name,
            redemption_id=f"red_{len(self.redemptions) + 1}",
            voucher_hash="hash",
        )

    def cancel(self, redemption: Redemption, now: str | Instant) -> Followed:
        """Cancel a redemption as it now stands."""
        return self.do(CancelRedemption(member=self.id, redemption_id=redemption.id), now)

    def use(self, redemption: Redemption, now: str | Instant) -> Followed:
        """Use the voucher of a redemption as it now stands."""
        return self.do(UseVoucher(member=self.id, redemption_id=redemption.id), now)

    def close(self, now: str | Instant) -> Followed:
        """End the account."""
        return self.do(Close(member=self.id, reason="asked-to"), now)

    def reversing(
        self, name: str, *lines: LineReversal, amount: int | None = None
    ) -> ReverseActivity:
        """Return the command to reverse the activity of that external id."""
        return ReverseActivity(
            member=self.id, version=self.recorded[name].version, lines=lines, amount=amount
        )

    def reverse(
        self, name: str, now: str | Instant, *lines: LineReversal, amount: int | None = None
    ) -> Reversed:
        """Reverse an activity: whole, by lines or by an amount."""
        result = self.do(self.reversing(name, *lines, amount=amount), now).result
        assert isinstance(result, Reversed)
        return result

    def left_of(self, name: str) -> Remaining | None:
        """Return what reversals left of the activity of that external id, if there were any."""
        return self.records.get(REMAINING.ref(self.id, str(self.recorded[name].version)))

    @property
    def redemptions(self) -> dict[str, Redemption]:
        """Return every redemption as it now is, by its id."""
        return {
            ref.id: each
            for ref, each in self.records.items()
            if isinstance(ref, Ref) and ref.kind is REDEMPTIONS
        }

    # What came of it

    def available(self, now: str | Instant, currency: str = "clinic/points") -> int:
        """Return what can be spent at an instant."""
        return self.seen(now).balance(currency).available

    @property
    def balance(self) -> Balance:
        """Return the balance of points as it was last kept."""
        return self.account.balance("clinic/points")

    @property
    def enrolment(self) -> Enrolment:
        """Return the membership of the clinic's programme."""
        return self.account.enrolments["clinic"]

    @property
    def steps(self) -> list[tuple[str, str, str]]:
        """Return the timeline of tiers as (since, tier, reason)."""
        return [
            (calendar.format_instant(step.since), step.tier, step.reason)
            for step in self.enrolment.timeline
        ]

    def as_of(self, instant: str | Instant) -> Account:
        """Return the account as of a past instant, from the journal alone."""
        return verification.as_of(self.journal, self.programmes, _instant(instant), self.key)

    def verdict(self) -> verification.Verdict:
        """Check the kept account against the journal."""
        return verification.verify(self.account, self.journal, self.key)

    def _settled(self, now: str | Instant) -> tuple[Account, Appended]:
        return settle(self.account, self.programmes, _instant(now), self.key)

    def _keep(self, account: Account, appended: Appended) -> None:
        self.account = account
        self.events.extend(appended.events)
        self.journal.extend(appended.stored)


def event_on(account: Account, now: Instant = 0) -> EventBuilder:
    """Return an event in the making, on an account."""
    return EventBuilder(account, now, Door(Programmes(())))


def transfer(
    sender: Member, receiver: Member, amount: int, now: str | Instant, currency: str = "points"
) -> Sent:
    """Transfer value between two members: a refusal of either changes neither."""
    command = SendTransfer(
        member=sender.id,
        to=receiver.id,
        programme="clinic",
        currency=currency,
        amount=amount,
        transfer_id="transfer_1",
    )
    sent: Sent = sender.do(command, now, recipient=receiver).result
    return sent


def activity(kind: str, when: str, *, name: str = "1", **parts: Any) -> Activity:
    """Return an activity of the source `till`, whose external id is ``name``."""
    return Activity(type=kind, source="till", external_id=name, occurred_at=at(when), **parts)


def adjustment(amount: int, currency: str = "points") -> Adjust:
    """Return the command to correct the clinic's balance by hand."""
    return Adjust(
        member="mem_1", programme="clinic", currency=currency, amount=amount, reason="goodwill"
    )


def granted(recorded: Recorded) -> dict[str, int]:
    """Return what each matched rule gave for an activity."""
    return {award.rule: award.granted for award in recorded.awards}


def explained(recorded: Recorded) -> dict[str, Explained]:
    """Return what the first programme's rules made of an activity, by rule."""
    return {outcome.rule: outcome for outcome in recorded.verdicts[0].rules}


def recorded_by(event: Event) -> ActivityRecorded:
    """Return what an event says of the activity that it recorded."""
    assert isinstance(event.data, ActivityRecorded)
    return event.data


def posted(event: Event) -> list[tuple[str, str, int]]:
    """Return an event's postings as (source, destination, amount)."""
    return [(p.source, p.destination, p.amount) for p in event.postings]


def _instant(when: str | Instant) -> Instant:
    return at(when) if isinstance(when, str) else when


def _programmes(documents: tuple[Programme | Programmes, ...]) -> Programmes:
    if len(documents) == 1 and isinstance(documents[0], Programmes):
        return documents[0]
    return published(*(("2020-01-01", each) for each in documents if isinstance(each, Programme)))
