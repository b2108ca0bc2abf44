"""
Verified statuses: what somebody has shown to be true of a member, from one day to another.

An occupation, an insurer's policy in force, a care plan that the health record knows of: a
programme names those that it asks for, and discounts go by them.  The account knows that it was
shown and for which days, never by what: the proof is sealed in the journal.  The day after its last
a status has ended, and the journal says so; it still counts for what was served before.

One that tells of somebody's health takes their consent: without it nobody shows it, and it is
forgotten when the consent is withdrawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar, Final

from msgspec import Meta, Struct
from msgspec.structs import replace

from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import Decider
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Mechanic, Permanent, Phase
from chalicelib.domain.decide.progress import ProgressStore
from chalicelib.domain.errors import Invalid
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.chosen_days import parse_chosen_date
from chalicelib.domain.ledger.events import (
    Data,
    StatusesExpired,
    StatusVerified,
    StatusWithdrawn,
    noted,
)
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.fields import Id, Part, Text, metadata_of
from chalicelib.domain.programme.references import reference
from chalicelib.domain.programme.section import Section
from chalicelib.domain.programme.versions import Programmes, none_such
from chalicelib.domain.violations import Violation

if TYPE_CHECKING:
    from chalicelib.domain.programme.wording import Composer, Description


class Status(Part, frozen=True):
    """
    Something that can be shown to be true of a member; at most for so many days at a time.

    ``consent`` is the purpose that the member has to consent to first.
    """

    id: Id
    name: Text
    max_days: Annotated[int, Meta(ge=1, le=3660)] | None = None
    consent: Id | None = None


Statuses = Annotated[tuple[Status, ...], Meta(max_length=50)]
SECTION: Final[Section[tuple[Status, ...]]] = Section("statuses", Statuses, ())


class VerifiedStatus(Struct, frozen=True, omit_defaults=True):
    """
    A status of a member: the local days of which it is true, both included, the last open.

    ``consent`` is the purpose that the member had consented to, whatever later versions ask.
    """

    from_on: str
    until_on: str | None = None
    ends_at: Instant | None = None
    ended: bool = False
    consent: str | None = None


#: By programme and status.
VERIFIED: Final = ProgressStore("statuses", VerifiedStatus)


class VerifyStatus(Command, frozen=True):
    """Note that a status was shown; ``proof`` says by what, and is sealed."""

    programme: str
    status: str
    from_on: str | None = None
    until_on: str | None = None
    proof: str = ""


class WithdrawStatus(Command, frozen=True):
    """Take a status back: it was not true, or is no longer."""

    when_full: ClassVar[bool] = True

    programme: str
    status: str
    reason: str
    note: str = ""


class StatusResult(Struct, frozen=True):
    """A status as it is now; ``verified`` is None where it was withdrawn or never there."""

    programme: str
    status: str
    verified: VerifiedStatus | None
    changed: bool = True


def verify(decider: Decider, command: VerifyStatus) -> StatusResult:
    """Note a status, in the place of what was known of it."""
    account, now = decider.member, decider.now
    programme = decider.programme(command.programme)
    status = _status_named(programme, command.status)
    if status.consent is not None and not account.consents.get(status.consent):
        raise Invalid(
            "consent_required",
            f"{status.id} of {programme.id} needs consent to: {status.consent}.",
            programme=programme.id,
            missing_consents=[status.consent],
        )
    today = calendar.local_date(now, programme.time_zone)
    first, last = today, None
    if command.from_on:
        first = parse_chosen_date(command.from_on, "/from_on")
    if command.until_on:
        last = parse_chosen_date(command.until_on, "/until_on")
    if status.max_days is not None:
        longest = calendar.add_days(first, status.max_days - 1)
        last = longest if last is None else last
        if last > longest:
            raise _unfit_days(
                "/until_on", f"must be {longest} at the latest: {status.max_days} days"
            )
    if last is not None and last < first:
        raise _unfit_days("/until_on", f"must not be before {first}")
    ends_at = None if last is None else calendar.expiry_instant(last, programme.time_zone)
    verified = VerifiedStatus(
        first.isoformat(),
        None if last is None else last.isoformat(),
        ends_at,
        ended=ends_at is not None and ends_at <= now,
        consent=status.consent,
    )
    event = decider.event()
    VERIFIED.put(event, _key(programme.id, status.id), verified)
    result = StatusResult(programme.id, status.id, verified)
    if event.is_empty:
        return replace(result, changed=False)
    event.record(
        StatusVerified(programme.id, status.id, verified.from_on, verified.until_on),
        detail=noted(command.proof),
    )
    return result


def withdraw(decider: Decider, command: WithdrawStatus) -> StatusResult:
    """Forget a status."""
    programme = decider.programme(command.programme)
    status = _status_named(programme, command.status)
    result = StatusResult(programme.id, status.id, None)
    event = decider.event()
    VERIFIED.drop(event, _key(programme.id, status.id))
    if event.is_empty:
        return replace(result, changed=False)
    event.record(
        StatusWithdrawn(programme.id, status.id, command.reason), detail=noted(command.note)
    )
    return result


def holds_on(account: Account, programme: Programme, status_id: str, day: date) -> bool:
    """Tell whether a status is true of a member on a local day, with the consent that it takes."""
    verified = verified_statuses(account, programme).get(status_id)
    text = day.isoformat()
    return verified is not None and verified.from_on <= text <= (verified.until_on or text)


def verified_statuses(account: Account, programme: Programme) -> dict[str, VerifiedStatus]:
    """
    Return what was shown of a member, by status, in the document's order.

    Without what takes a consent that is not in force: the one under which it was shown, or that of
    this version.
    """
    found: dict[str, VerifiedStatus] = {}
    for each in _declared(programme):
        verified = VERIFIED.get(account, _key(programme.id, each.id))
        if verified is not None and all(map(account.consents.get, _consents(each, verified))):
            found[each.id] = verified
    return found


def forget_without_consent(event: EventBuilder, programmes: Programmes, purpose: str) -> None:
    """Forget the statuses that took a consent which the member has withdrawn, then or now."""
    for key, verified in VERIFIED.all(event.account).items():
        programme_id, _, status_id = key.partition("/")
        version = programmes.in_force(programme_id, event.now)
        declared = _declared(version.document) if version else ()
        taken = {verified.consent, *(each.consent for each in declared if each.id == status_id)}
        if purpose in taken:
            VERIFIED.drop(event, key)


def consents(programme: Programme) -> set[str]:
    """Return the purposes that statuses take."""
    return {each.consent for each in _declared(programme) if each.consent is not None}


def due(account: Account) -> Instant | None:
    """Return when a status next ends."""
    ends = (each.ends_at for each in VERIFIED.all(account).values() if not each.ended)
    return min((at for at in ends if at is not None), default=None)


def expire(event: EventBuilder, _programmes: Programmes) -> Data | None:
    """Say of the statuses whose last day is over that they have ended."""
    account = event.before
    over = {
        key: verified
        for key, verified in VERIFIED.all(account).items()
        if not verified.ended and verified.ends_at is not None and verified.ends_at <= event.now
    }
    for key, verified in over.items():
        VERIFIED.put(event, key, replace(verified, ended=True))
    return StatusesExpired(tuple(over)) if over else None


def end(event: EventBuilder) -> None:
    """Forget every status, where an account ends."""
    for key in VERIFIED.all(event.account):
        VERIFIED.drop(event, key)


def known_status(programme: Programme, status_id: str, at: str) -> Iterator[Violation]:
    """Yield what is wrong with the name of a status that another part goes by."""
    there = [status.id for status in _declared(programme)]
    if not there:
        yield Violation(at, "names a status, but there is none: declare `statuses`")
    yield from reference(status_id, there, "status", at)


def permanent(programme: Programme) -> Iterator[Permanent]:
    """Yield the ids that accounts may hold."""
    yield Permanent(f"/{SECTION.name}", [status.id for status in _declared(programme)])


def words(compose: Composer) -> Iterator[Description]:
    """Tell which statuses count, and for how long one is taken as shown."""
    for status in _declared(compose.programme):
        days, purpose = status.max_days, status.consent
        yield compose.describe(
            "status",
            status.id,
            status.name,
            compose.message("statuses-shown", name=status.name),
            None if days is None else compose.message("statuses-last", days=days),
            None if purpose is None else compose.message("statuses-consent", purpose=purpose),
            of=status,
        )


def name_of(programme: Programme, status_id: str) -> Text:
    """Return what a status is called, its id where it is not known."""
    return next((each.name for each in _declared(programme) if each.id == status_id), status_id)


def metadata_kept(programme: Programme, status_id: str) -> dict[str, str]:
    """Return what the tenant keeps with a status, nothing where it is not known."""
    return metadata_of(_declared(programme), status_id)


def _declared(programme: Programme) -> tuple[Status, ...]:
    return SECTION.of(programme)


def _status_named(programme: Programme, status_id: str) -> Status:
    for status in _declared(programme):
        if status.id == status_id:
            return status
    raise none_such("status", programme, (each.id for each in _declared(programme)))


def _unfit_days(pointer: str, detail: str) -> Invalid:
    return Invalid(
        "invalid_date",
        f"This status cannot be shown for these days: {pointer[1:]} {detail}.",
        errors=[{"pointer": pointer, "detail": detail}],
    )


def _consents(status: Status, verified: VerifiedStatus) -> set[str]:
    return {each for each in (status.consent, verified.consent) if each is not None}


def _key(programme_id: str, status_id: str) -> str:
    return f"{programme_id}/{status_id}"


MECHANIC: Final = Mechanic(
    section=SECTION,
    handlers={VerifyStatus: verify, WithdrawStatus: withdraw},
    due=due,
    ticks=((Phase.EXPIRE, expire),),
    closing=end,
    consents=consents,
    withdrawn=forget_without_consent,
    permanent=permanent,
    words=words,
)
