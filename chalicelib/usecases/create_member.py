"""Create a member on first contact: as a prospect, or enrolled at once."""

from __future__ import annotations

from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.decide.claims import ClaimKey
from chalicelib.domain.errors import AccountClosed, LoyaltyError
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.mechanics.membership import Enrol, Open
from chalicelib.usecases.execution import Done, IdentityReused, Present, answered, change_account
from chalicelib.usecases.locations import number_of
from chalicelib.usecases.services import Caller, Services, Within
from chalicelib.usecases.stored import Consent, DirectoryWrite, IdempotencyKey, KeyTaken, Profile

#: How often a purpose is on record with its evidence; the journal has every change of it.
EVIDENCE_KEPT: Final = 20


class ConsentGiven(Struct, frozen=True):
    """A consent as it is given or withdrawn now."""

    purpose: str
    granted: bool
    text_version: str
    locale: str = ""
    channel: str = ""


class NewMember(Struct, frozen=True, kw_only=True):
    """
    Who comes: ``external_id`` is (system, value); ``programmes`` to join.

    No ``programmes`` named means every programme in force, an empty tuple none: a prospect.
    ``location`` is where they are, if that is known.
    """

    external_id: tuple[str, str] | None = None
    programmes: tuple[str, ...] | None = None
    location: str = ""
    consents: tuple[ConsentGiven, ...] = ()
    locale: str = ""
    time_zone: str = ""
    display_name: str = ""
    birthday: str = ""
    age_bands: dict[str, str] = {}
    contact: str = ""
    acquisition_source: str = ""
    metadata: dict[str, str] = {}


class Created(NamedTuple):
    """The answer, and whom it is about."""

    done: Done
    member: str


def create_member(
    services: Services,
    caller: Caller,
    new: NewMember,
    present: Present,
    identity: IdempotencyKey | None,
) -> Created:
    """
    Create a member, or return the one with this external id, enrolled as asked.

    Who was known by the external id alone, from an activity, joins with the details given here;
    what a profile says already is changed by `change_member` only.  Who comes back after their
    account was closed begins a new one, to which the external id leads from then on.

    Raises `Invalid` `consent_required`, `not_eligible` or `unknown_programme`, and of a location
    what `locations.number_of` does.
    """
    seen_at = 0
    if new.location or isinstance(caller.access, Within):
        try:
            seen_at = number_of(services, caller, new.location)
        except LoyaltyError:
            # What was accepted is answered as then, whatever became of the location.
            if (done := answered(services, caller, None, identity)) is None:
                raise
            return Created(done, done.member)
        caller = caller.unlimited()
    key, former = None, ""
    if new.external_id is not None:
        key = services.secrets.external_id(caller.tenant, *new.external_id)
        known = services.directory.find(caller.tenant, key)
        if known is not None:
            try:
                return _enrol_known(services, caller, known, new, present, identity, seen_at)
            except AccountClosed:
                former = known
    member = services.new_id("mem")
    granted = {consent.purpose: consent.granted for consent in new.consents}
    try:
        done = change_account(
            services,
            caller,
            Open(
                member=member,
                programmes=new.programmes,
                consents=granted,
                birthday=new.birthday,
                age_bands=new.age_bands,
                former=former,
                seen_at=seen_at,
            ),
            present,
            identity,
            directory=lambda now: first_write(member, new, key, now, former),
        )
    except KeyTaken as taken:
        # Another request created the same person in between.
        return _enrol_known(services, caller, taken.member, new, present, identity, seen_at)
    return Created(done, done.member)


def first_write(
    member: str, new: NewMember, key: str | None, now: Instant, former: str = ""
) -> DirectoryWrite:
    """
    Return what of the directory is written with a new account: the profile, and the key.

    The key passes on from the ``former`` account of somebody who comes back.
    """
    claim = None if key is None else ClaimKey(key, member, personal=True, instead_of=former)
    return DirectoryWrite(replace(profile_of(member, new, key, now), former=former), claim)


def profile_of(member: str, new: NewMember, key: str | None, now: Instant) -> Profile:
    """Return the profile of a new member; ``key`` is the hash of their external id."""
    return Profile(
        member=member,
        revision=1,
        created_at=now,
        locale=new.locale,
        time_zone=new.time_zone,
        display_name=new.display_name,
        birthday=new.birthday,
        age_bands=new.age_bands,
        contact=new.contact,
        acquisition_source=new.acquisition_source,
        external_ids={new.external_id[0]: key} if new.external_id and key else {},
        consents=evidence(new.consents, now),
        metadata=new.metadata,
    )


def evidence(consents: tuple[ConsentGiven, ...], now: Instant) -> tuple[Consent, ...]:
    """Return consents as they are kept, with the instant at which they were given."""
    return tuple(
        Consent(c.purpose, c.granted, c.text_version, now, c.locale, c.channel) for c in consents
    )


def with_consents(profile: Profile, consents: tuple[Consent, ...]) -> Profile:
    """Return the next revision of a profile, with more consents on record, the latest of each."""
    kept: list[Consent] = []
    counted: dict[str, int] = {}
    for consent in reversed(profile.consents + consents):
        counted[consent.purpose] = counted.get(consent.purpose, 0) + 1
        if counted[consent.purpose] <= EVIDENCE_KEPT:
            kept.append(consent)
    return replace(profile, revision=profile.revision + 1, consents=tuple(reversed(kept)))


def _enrol_known(
    services: Services,
    caller: Caller,
    member: str,
    new: NewMember,
    present: Present,
    identity: IdempotencyKey | None,
    seen_at: int,
) -> Created:
    def directory(now: Instant) -> DirectoryWrite | None:
        profile = services.directory.profile(caller.tenant, member)
        if profile is None:
            raise AssertionError("a member with an external id has a profile")
        completed = _completed(profile, profile_of(member, new, None, now))
        return None if completed is None else DirectoryWrite(completed)

    granted = {consent.purpose: consent.granted for consent in new.consents}
    command = Enrol(
        member=member,
        programmes=new.programmes,
        consents=granted,
        birthday=new.birthday,
        age_bands=new.age_bands,
        seen_at=seen_at,
    )
    try:
        done = change_account(services, caller, command, present, identity, directory=directory)
    except IdentityReused as reused:
        known = reused.known
        if identity is None or known.fingerprint != identity.fingerprint:
            raise
        # The same request, of somebody who has come back under another account in between.
        done = Done(known.answer, known.member, replayed=True)
    return Created(done, done.member)


def _completed(profile: Profile, given: Profile) -> Profile | None:
    """Return the next revision of a profile: blanks filled in, consents on record, if any is."""
    details = (
        *("locale", "time_zone", "display_name", "birthday", "contact", "acquisition_source"),
        "metadata",
    )
    known = {name: getattr(profile, name) or getattr(given, name) for name in details}
    known["age_bands"] = given.age_bands | profile.age_bands
    if not given.consents and replace(profile, **known) == profile:
        return None
    return replace(with_consents(profile, given.consents), **known)
