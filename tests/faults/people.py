"""Members who come, join, consent and leave."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from chalicelib.domain.mechanics.closing import Close
from chalicelib.domain.mechanics.membership import Enrol
from chalicelib.usecases.change_member import record_consents
from chalicelib.usecases.create_member import ConsentGiven, NewMember, create_member
from tests.faults.activities import draw_person
from tests.faults.birthdays import draw_birthday
from tests.faults.ending import Ending
from tests.faults.play import Play
from tests.faults.programmes import PROGRAMME
from tests.faults.record import Answered, Request
from tests.faults.telling import answer_of, commanded, draw_identity, request


def create(play: Play, tenant: str) -> Request:
    """Draw someone who comes, known or not."""
    person = draw_person(play) if play.chance.percent(80) else None
    programmes = play.chance.pick((None, (), (PROGRAMME,)))
    new = NewMember(external_id=person, programmes=programmes, birthday=draw_birthday(play, tenant))
    identity = draw_identity(play, tenant, "create", new)
    return request(
        f"{person and person[1]} in {programmes}",
        identity,
        lambda s, c: create_member(s, c, new, answer_of, identity).done,
    )


def is_there(ending: Ending, tenant: str, answer: Answered) -> Iterable[str]:
    """The member has a profile."""
    if answer.member not in ending.tenants[tenant].profiles:
        yield f"member {answer.member} has no profile"


def enrol(play: Play, tenant: str) -> Request:
    """Draw a member who joins the programme, again perhaps."""
    # Mostly who came last: the others have joined already.
    known = play.members[tenant]
    member = known[-1] if play.chance.percent(60) else play.chance.pick(known)
    identity = draw_identity(play, tenant, "enrol", member)
    return commanded(member[-1], identity, Enrol(member=member, programmes=(PROGRAMME,)))


def nothing_joined(answer: Answered) -> bool:
    """Tell whether no programme was joined."""
    return not answer.result["programmes"]


def consent(play: Play, tenant: str) -> Request:
    """Draw a consent given or withdrawn."""
    member = play.member(tenant)
    given = (ConsentGiven("messages", play.chance.percent(50), "v1"),)
    identity = draw_identity(play, tenant, "consent", (member, given))
    return request(
        f"{given[0].granted} of {member[-1]}",
        identity,
        lambda s, c: record_consents(s, c, member, given, answer_of, identity),
    )


def close(play: Play, tenant: str) -> Request:
    """Draw a member who leaves."""
    # Not the first member: the rest of the history would be refusals.
    member = play.chance.pick(play.members[tenant][1:])
    ways: tuple[Literal["refund", "waive"] | None, ...] = ("refund", "waive", None)
    prepaid = play.chance.pick(ways)
    identity = draw_identity(play, tenant, "close", (member, prepaid))
    command = Close(member=member, reason="asked", prepaid=prepaid)
    return commanded(f"{member[-1]}, prepaid: {prepaid}", identity, command)


def is_closed(ending: Ending, tenant: str, answer: Answered) -> Iterable[str]:
    """The account stays closed."""
    if ending.tenants[tenant].accounts[answer.member].status != "closed":
        yield f"member {answer.member} is open again"
