"""
Revocations: one award is taken back, and no other value.

It is what an activity, a gift, goodwill or an adjustment gave, named by its event.  Nothing else of
what the event did changes: visits, tiers, caps and stamps stay.  What is spent already becomes a
deficit, is written off or refuses it, as in a reversal.  A later reversal of the activity finds the
award gone; where rules compete, none of them gives anything in its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.decide import registry
from chalicelib.domain.decide.benefits import Returned
from chalicelib.domain.decide.claims import EventRef, Ref, SaveRecord
from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import Decider, Known
from chalicelib.domain.decide.mechanic import Mechanic
from chalicelib.domain.errors import Conflict, Invalid, NotFound
from chalicelib.domain.ledger.events import ActivityRecorded, AwardRevoked, Event, RuleAward, noted
from chalicelib.domain.ledger.postings import ISSUED, LedgerAccount
from chalicelib.domain.mechanics import taking_back
from chalicelib.domain.mechanics.clawback import programme_of
from chalicelib.domain.mechanics.remaining import REMAINING, untouched
from chalicelib.domain.mechanics.taking_back import TAKEN_BACK, Part, TakenBack
from chalicelib.domain.programme.document import EarningRule, Programme, carries
from chalicelib.domain.programme.versions import Programmes


class RevokeAward(Command, frozen=True):
    """
    Take back what the event of a ``version`` gave.

    Where it gave several things, ``award`` names the rule or the gift, and ``programme`` whose.
    """

    when_full: ClassVar[bool] = True

    version: int
    reason: str
    award: str = ""
    programme: str = ""
    note: str = ""

    def records(self, known: Known) -> tuple[Ref | EventRef, ...]:  # noqa: ARG002 - known at once
        """Return the event, and what was taken back of it before."""
        event, version = EventRef(self.member, self.version), str(self.version)
        return event, REMAINING.ref(self.member, version), TAKEN_BACK.ref(self.member, version)


class Revoked(Struct, frozen=True):
    """What was taken back, if anything was left of it; ``event`` says what moved."""

    changed: bool
    award: str
    currency: str
    returned: tuple[Returned, ...] = ()
    event: Event | None = None


class _Award(NamedTuple):
    """Something that an event gave: ``left`` is what reversals and revocations have left of it."""

    name: str
    currency: str
    part: Part
    source: LedgerAccount
    left: int
    claim: SaveRecord
    carries: bool = False

    @property
    def programme(self) -> str:
        return self.currency.partition("/")[0]


def revoke(decider: Decider, command: RevokeAward) -> Revoked:
    """Take one award back; twice does nothing."""
    original = decider.event_at(command.member, command.version)
    event = decider.event()
    by = event.before.version + 1
    given = () if original is None else tuple(_given(decider, command, original, by))
    award = _asked_for(given, command)
    if award.carries:
        raise Conflict(
            "rule_carries",
            f"What {award.name} gives is worth of a sum of many purchases: reverse the activity.",
        )
    if award.left == 0:
        return Revoked(changed=False, award=award.name, currency=award.currency)
    part = award.part._replace(amount=award.left)
    returned = taking_back.take(event, award.currency, [part], to=award.source)
    data = AwardRevoked(command.version, award.currency, award.left, award.name, command.reason)
    done = event.record(data, detail=noted(command.note))
    decider.claim(award.claim)
    return Revoked(
        changed=True,
        award=award.name,
        currency=award.currency,
        returned=(returned,),
        event=done,
    )


def _asked_for(given: Sequence[_Award], command: RevokeAward) -> _Award:
    if not given:
        raise NotFound(
            "grant_not_found",
            "No event of this version gave value that can be revoked: one of an activity, a gift, "
            "goodwill or an adjustment can have.",
        )
    wanted = [
        each
        for each in given
        if command.award in ("", each.name) and command.programme in ("", each.programme)
    ]
    if len(wanted) == 1:
        return wanted[0]
    known = ", ".join(f"{each.name or each.currency} of {each.programme}" for each in given)
    raise Invalid(
        "award_required",
        f"This event gave several things, or not this one: say which of {known}.",
        errors=[{"pointer": "/award", "detail": f"one of: {known}"}],
    )


def _given(decider: Decider, command: RevokeAward, original: Event, by: int) -> list[_Award]:
    if isinstance(original.data, ActivityRecorded):
        return _of_activity(decider, command, original, original.data)
    done = decider.record(TAKEN_BACK, command.member, str(command.version))
    gone = () if done is None else done.awards
    revision = 1 if done is None else done.revision + 1
    ref = TAKEN_BACK.ref(command.member, str(command.version))
    return [
        _Award(
            each.award,
            each.currency,
            Part(each.lot, each.amount),
            each.source,
            0 if each.award in gone else each.amount,
            SaveRecord(ref, TakenBack(by, (*gone, each.award), revision), revision),
        )
        for each in registry.given(original)
    ]


def _of_activity(
    decider: Decider, command: RevokeAward, original: Event, recorded: ActivityRecorded
) -> list[_Award]:
    """Return what rules gave for an activity; of those that compete it is what the winner has."""
    before = decider.record(REMAINING, command.member, str(command.version)) or untouched(original)
    ref = REMAINING.ref(command.member, str(command.version))
    found = []
    for places in _together(decider.programmes, recorded):
        holders = [each for each in places if before.granted[each]]
        given = holders or [each for each in places if recorded.awards[each].granted]
        if not given:
            continue
        place, award = given[0], recorded.awards[given[0]]
        gone = place in before.revoked
        revoked = tuple(sorted({*before.revoked, *places}))
        after = replace(before, revoked=revoked, revision=before.revision + 1)
        found.append(
            _Award(
                award.rule,
                award.currency,
                Part(award.lot, 0, award.pending),
                ISSUED,
                0 if gone else before.granted[place],
                SaveRecord(ref, after, after.revision),
                carries(_rule_of(decider.programmes, recorded, award)),
            )
        )
    return found


def _together(programmes: Programmes, recorded: ActivityRecorded) -> Iterator[list[int]]:
    """Yield the places of awards that compete, and of each other one its own."""
    groups: dict[tuple[str, str, str], list[int]] = {}
    for place, award in enumerate(recorded.awards):
        rule = _rule_of(programmes, recorded, award)
        document = _document(programmes, recorded, award)
        competing = {each.id for each in document.groups if each.mode != "stack"}
        rival = rule.group if rule.group in competing else ""
        name = (award.programme, rival or "", "" if rival else rule.id)
        groups.setdefault(name, []).append(place)
    yield from groups.values()


def _rule_of(programmes: Programmes, recorded: ActivityRecorded, award: RuleAward) -> EarningRule:
    document = _document(programmes, recorded, award)
    return next(each for each in document.earning if each.id == award.rule)


def _document(programmes: Programmes, recorded: ActivityRecorded, award: RuleAward) -> Programme:
    """Return the version that evaluated the activity for an award."""
    evaluated = (each for each in recorded.evaluations if each.programme == award.programme)
    return programme_of(programmes, next(evaluated))


MECHANIC: Final = Mechanic(
    handlers={RevokeAward: revoke},
)
