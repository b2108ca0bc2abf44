"""Membership: the account begins, and the member joins programmes and changes."""

from __future__ import annotations

from typing import ClassVar, Final

from msgspec import Struct, field

from chalicelib.domain.decide import registry
from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import MEMBER, Decider, Known
from chalicelib.domain.decide.event_builder import EventBuilder
from chalicelib.domain.decide.mechanic import Mechanic
from chalicelib.domain.errors import Invalid
from chalicelib.domain.ledger import calendar
from chalicelib.domain.ledger.account import Account, comes_along
from chalicelib.domain.ledger.effects import (
    AgeBandsChange,
    BirthdayChange,
    ConsentChange,
    CounterChange,
    Enrolled,
    Opened,
    StatChange,
    StatusChange,
)
from chalicelib.domain.ledger.events import (
    ConsentsChanged,
    MemberCreated,
    MemberEnrolled,
    ProfileChanged,
)
from chalicelib.domain.mechanics.tier_ladder import lowest
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.versions import Programmes

#: The role of the closed account that a member had before.
FORMER: Final = "former"


class Joined(Struct, frozen=True):
    """
    Which programmes a command joined, and with which tier.

    ``refused`` are those that it would have joined, with what stands in the way.
    """

    programmes: dict[str, str]
    refused: dict[str, Invalid] = {}


class Open(Command, frozen=True):
    """
    Begin an account.

    ``programmes`` to join at once, none for a prospect; where it is ``None`` every one in force
    whose conditions are met.  ``former`` is the closed account of a member who comes back, and
    ``seen_at`` the number of the location where they are, if that is known.
    """

    opens: ClassVar[bool] = True

    programmes: tuple[str, ...] | None = ()
    consents: dict[str, bool] = field(default_factory=dict)
    birthday: str = ""
    age_bands: dict[str, str] = field(default_factory=dict)
    former: str = ""
    seen_at: int = 0

    def parties(self, known: Known) -> dict[str, str]:  # noqa: ARG002 - both are named
        """Return the member, and the account that they had before, if they had one."""
        return {MEMBER: self.member, **({FORMER: self.former} if self.former else {})}


class Enrol(Command, frozen=True):
    """
    Join programmes; where it is ``None`` every one in force whose conditions are met.

    Those already joined stay as they are, and so does a ``birthday`` that is known; of
    ``age_bands`` those are added that are not.  ``seen_at`` as with `Open`.
    """

    programmes: tuple[str, ...] | None
    consents: dict[str, bool] = field(default_factory=dict)
    birthday: str = ""
    age_bands: dict[str, str] = field(default_factory=dict)
    seen_at: int = 0


class Withdraw(Enrol, frozen=True):
    """Withdraw consents, and give none."""

    when_full: ClassVar[bool] = True


class ChangeProfile(Command, frozen=True):
    """Change what the account has to know of a profile; what is ``None`` stays."""

    when_closed: ClassVar[bool] = True

    birthday: str | None = None
    age_bands: dict[str, str] | None = None


def open_account(decider: Decider, command: Open) -> Joined:
    """Begin an account, as a prospect or enrolled at once."""
    event = decider.event()
    event.add(Opened(decider.now))
    _see(event, command.seen_at)
    if decider.has(FORMER):
        _take_over(event, decider.account(FORMER))
    _set_birthday(event, command.birthday)
    _set_age_bands(event, command.age_bands)
    consents = _consent(event, decider.programmes, command.consents)
    joined, refused = _join(event, decider.programmes, command.programmes)
    former = command.former
    event.record(
        MemberEnrolled(joined, consents, former) if joined else MemberCreated(consents, former)
    )
    return Joined(joined, refused)


def _take_over(event: EventBuilder, former: Account) -> None:
    """
    Take over what keeps a member who comes back from being welcomed twice, and nothing else.

    It is what they have used of limits that still run, their trials among them, and how often they
    have been here.
    """
    for key, counter in sorted(former.counters.items()):
        if comes_along(key) and (counter.keep_until is None or counter.keep_until > event.now):
            event.add(CounterChange(key, counter.value, counter.keep_until))
    if former.stats.visits:
        event.add(StatChange(visits=former.stats.visits))
    for mechanic in registry.in_account(former):
        if mechanic.returning is not None:
            mechanic.returning(event, former)


def enrol(decider: Decider, command: Enrol) -> Joined:
    """Join programmes; nothing changes for those already joined."""
    event = decider.event()
    _see(event, command.seen_at)
    if not event.account.birthday:
        _set_birthday(event, command.birthday)
    _set_age_bands(event, command.age_bands | event.account.age_bands)
    consents = _consent(event, decider.programmes, command.consents)
    joined, refused = _join(event, decider.programmes, command.programmes)
    if joined:
        event.record(MemberEnrolled(joined, consents))
    elif not event.is_empty:
        event.record(ConsentsChanged(consents) if consents else ProfileChanged())
    return Joined(joined, refused)


def change_profile(decider: Decider, command: ChangeProfile) -> None:
    """Change the birthday and the age bands, where they were others."""
    event = decider.event()
    if command.birthday is not None:
        _set_birthday(event, command.birthday)
    if command.age_bands is not None:
        _set_age_bands(event, command.age_bands)
    if not event.is_empty:
        event.record(ProfileChanged())


def _see(event: EventBuilder, location: int) -> None:
    if location:
        from chalicelib.domain.mechanics import seen_at  # where a tenant has locations

        seen_at.note(event, location)


def _set_birthday(event: EventBuilder, birthday: str) -> None:
    if event.account.birthday != birthday:
        event.add(BirthdayChange(birthday))


def _set_age_bands(event: EventBuilder, bands: dict[str, str]) -> None:
    if event.account.age_bands != bands:
        event.add(AgeBandsChange(bands))


def _join(
    event: EventBuilder,
    programmes: Programmes,
    wanted: tuple[str, ...] | None,
) -> tuple[dict[str, str], dict[str, Invalid]]:
    """
    Join programmes, and return them with their tiers, and those that cannot be joined.

    A refusal of one that was named is the refusal of all.  Where none was named, it is one only if
    there is none that could be joined: who wants no programme says so.
    """
    named = wanted is not None
    ids = wanted if wanted is not None else in_force(programmes, event.now)
    joined: dict[str, str] = {}
    refused: dict[str, Invalid] = {}
    for place, programme_id in enumerate(ids):
        if programme_id in event.account.enrolments:
            continue
        version = programmes.in_force(programme_id, event.now)
        if version is None:
            raise Invalid(
                "unknown_programme",
                "No programme of this id is in force: publish it first, or name another.",
                errors=[{"pointer": f"/programmes/{place}", "detail": "must be in force"}],
            )
        refusal = obstacle(event.account, version.document)
        if refusal is None:
            joined[programme_id] = _join_one(event, version.document)
        elif named:
            raise refusal
        else:
            refused[programme_id] = refusal
    if refused and not event.account.enrolments:
        raise next(iter(refused.values()))
    if joined and event.account.status != "enrolled":
        event.add(StatusChange("enrolled"))
    return joined, refused


def in_force(programmes: Programmes, now: calendar.Instant) -> tuple[str, ...]:
    """Return the programmes that can be joined at an instant, by id."""
    return tuple(each for each in programmes.ids() if programmes.in_force(each, now))


def _consent(
    event: EventBuilder, programmes: Programmes, consents: dict[str, bool]
) -> dict[str, bool]:
    """Give or withdraw consents, and return those that changed."""
    _check_purposes(event, programmes, consents)
    changed = {}
    for purpose, granted in sorted(consents.items()):
        if event.account.consents.get(purpose) is not granted:
            event.add(ConsentChange(purpose, granted))
            changed[purpose] = granted
        if not granted:
            for mechanic in registry.in_account(event.account):
                if mechanic.withdrawn is not None:
                    mechanic.withdrawn(event, programmes, purpose)
    return changed


def _check_purposes(event: EventBuilder, programmes: Programmes, consents: dict[str, bool]) -> None:
    """Refuse what nobody asks for, which would only fill the account; what is there can end."""
    unknown = consents.keys() - event.account.consents.keys()
    if not unknown:
        return
    declared: set[str] = set()
    for programme_id in programmes.ids():
        version = programmes.in_force(programme_id, event.now)
        if version is not None:
            declared |= registry.consents_of(version.document)
    if unknown <= declared:
        return
    known = ", ".join(sorted(declared)) or "none"
    raise Invalid(
        "unknown_purpose",
        f"The programmes in force ask for these consents: {known}. Declare another one in "
        "`enrolment.optional_consents` first.",
        errors=[{"pointer": "/consents", "detail": f"has purposes beside these: {known}"}],
    )


def obstacle(account: Account, programme: Programme) -> Invalid | None:
    """Return why a member cannot join a programme, if anything stands in the way."""
    missing = [
        purpose
        for purpose in programme.enrolment.required_consents
        if not account.consents.get(purpose)
    ]
    if missing:
        return Invalid(
            "consent_required",
            f"Joining {programme.id} needs consent to: {', '.join(missing)}.",
            programme=programme.id,
            missing_consents=missing,
        )
    needed = programme.enrolment.min_completed_visits
    if account.stats.visits < needed:
        return Invalid(
            "not_eligible",
            f"Joining {programme.id} needs {needed} completed visits; "
            f"this person has {account.stats.visits}.",
            programme=programme.id,
            completed_visits=account.stats.visits,
            needed=needed,
        )
    return None


def _join_one(event: EventBuilder, programme: Programme) -> str:
    tier = lowest(programme)
    day = calendar.local_date(event.now, programme.time_zone)
    event.add(Enrolled(programme.id, tier, event.now, day.isoformat()))
    return tier


MECHANIC: Final = Mechanic(
    handlers={Open: open_account, Enrol: enrol, Withdraw: enrol, ChangeProfile: change_profile},
)
