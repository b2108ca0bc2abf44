"""Record one activity, or up to a hundred in one call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from chalicelib.domain.errors import LoyaltyError, MemberNotFound
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.mechanics.activities import RecordActivity
from chalicelib.usecases.execution import (
    RESERVE_MS,
    Done,
    IdentityReused,
    Present,
    answered,
    change_account,
)
from chalicelib.usecases.identity import activity_identity, check_source
from chalicelib.usecases.services import Caller, Services, is_seen, settings_of
from chalicelib.usecases.stored import IdempotencyKey, KeyTaken, Loaded


class Reported(NamedTuple):
    """An activity about a member, named by our id or by an external one (system, value)."""

    activity: Activity
    member: str | None = None
    external_id: tuple[str, str] | None = None


class Outcome(NamedTuple):
    """What became of one of many: done, refused, or neither where time ran out."""

    done: Done | None = None
    refusal: LoyaltyError | None = None


def record_activity(
    services: Services,
    caller: Caller,
    reported: Reported,
    present: Present,
    *,
    request: IdempotencyKey | None = None,
    dry_run: bool = False,
    loaded: Loaded | None = None,
) -> Done:
    """
    Record an activity about a member, once for each `(source, external_id)`.

    ``request`` is the identity of the request, where the caller gave it one of its own.  Someone
    whom we meet for the first time by an external id becomes a prospect.  A caller who is limited
    to locations sees the member from then on.  Raises `Invalid` for another activity than the one
    that is on record under its identity, with what differs.
    """
    check_source(caller, reported.activity.source)
    member = _known(services, caller, reported)
    try:
        activity, seen_at = placed(services, caller, reported.activity)
    except LoyaltyError:
        # What was accepted is answered as then, whatever became of the location.
        known = _identities(reported.activity, request)
        done = None if dry_run else answered(services, caller, member, *known)
        if done is None:
            raise
        return done
    reported = reported._replace(activity=activity)
    identities = _identities(activity, request)
    # Only who is recorded comes into sight: a dry run tells of nobody.
    seeing = caller if dry_run else caller.unlimited()
    if dry_run and member is not None and reported.external_id is not None:
        member = member if is_seen(services, caller, member) else None
    try:
        if member is None:
            try:
                return _first_contact(
                    services, caller, reported, present, identities, seen_at, dry_run=dry_run
                )
            except KeyTaken as taken:
                member = taken.member
        done = change_account(
            services,
            seeing,
            RecordActivity(member=member, activity=activity, seen_at=seen_at),
            present,
            identities[0],
            also=identities[1],
            loaded=loaded,
            dry_run=dry_run,
        )
    except IdentityReused as reused:
        if reused.identity != identities[0]:
            raise
        from chalicelib.usecases.activity_differences import differs

        raise differs(services, caller, activity, member, reused.known) from None
    if done.replayed and not is_seen(services, caller, done.member):
        # Somebody else reported it before; they are here all the same.
        from chalicelib.domain.mechanics.membership import Enrol

        here = Enrol(member=done.member, programmes=(), seen_at=seen_at)
        change_account(services, seeing, here, lambda _decided: done.answer)
    return done


def placed(
    services: Services, caller: Caller, activity: Activity, *, now: Instant | None = None
) -> tuple[Activity, int]:
    """
    Return an activity with its location, and the number of that; 0 where it is on no list.

    ``now`` is when it is, where it has not happened yet.  Raises what `locations.place_of` does.
    """
    if caller.access is None:
        if not activity.location:
            return activity, 0
        if not settings_of(services, caller.tenant).locations:
            return replace(activity, within=(activity.location,)), 0
    from chalicelib.usecases.locations import place_of  # where a tenant has locations

    at = activity.occurred_at if now is None else now
    place = place_of(services, caller, activity.location, at)
    return replace(activity, location=place.location, within=place.within), place.number


def _identities(
    activity: Activity, request: IdempotencyKey | None
) -> tuple[IdempotencyKey, IdempotencyKey | None]:
    """
    Return the identity of an activity, and that of the request where it has one.

    The same activity in other words, such as without the sum of its lines, is the same request.
    """
    own = activity_identity(activity)
    return own, None if request is None else replace(request, fingerprint=own.fingerprint)


def record_activities(
    services: Services,
    caller: Caller,
    reports: Sequence[Reported],
    present: Present,
    *,
    dry_run: bool = False,
) -> list[Outcome]:
    """
    Record activities, each by itself: those of one member in the order given, read once.

    The order of the outcomes is that of the reports.  When the caller's time runs out the rest is
    not attempted; sending it again is safe.
    """
    outcomes = [Outcome()] * len(reports)
    for places in _by_member(reports):
        loaded: Loaded | None = None
        for place in places:
            if caller.remaining_ms() < RESERVE_MS:
                return outcomes
            try:
                done = record_activity(
                    services, caller, reports[place], present, dry_run=dry_run, loaded=loaded
                )
            except LoyaltyError as refusal:
                outcomes[place] = Outcome(refusal=refusal)
            else:
                outcomes[place] = Outcome(done=done)
                loaded = done.loaded
    return outcomes


def _by_member(reports: Sequence[Reported]) -> Iterable[list[int]]:
    groups: dict[object, list[int]] = {}
    for place, reported in enumerate(reports):
        groups.setdefault(reported.member or reported.external_id, []).append(place)
    return groups.values()


def _known(services: Services, caller: Caller, reported: Reported) -> str | None:
    if reported.member is not None:
        return reported.member
    if reported.external_id is None:
        raise MemberNotFound
    key = services.secrets.external_id(caller.tenant, *reported.external_id)
    return services.directory.find(caller.tenant, key)


def _first_contact(
    services: Services,
    caller: Caller,
    reported: Reported,
    present: Present,
    identities: tuple[IdempotencyKey, IdempotencyKey | None],
    seen_at: int,
    *,
    dry_run: bool,
) -> Done:
    # Most activities are of members who are known.
    from chalicelib.domain.mechanics.membership import Open
    from chalicelib.usecases.create_member import NewMember, first_write

    member = services.new_id("mem")
    new = NewMember(external_id=reported.external_id, programmes=())
    key = services.secrets.external_id(caller.tenant, *(reported.external_id or ("", "")))
    caller = caller.unlimited()
    commands = (
        Open(member=member),
        RecordActivity(member=member, activity=reported.activity, seen_at=seen_at),
    )
    done = change_account(
        services,
        caller,
        commands,
        present,
        identities[0],
        also=identities[1],
        directory=lambda now: first_write(member, new, key, now),
        dry_run=dry_run,
    )
    if done.replayed and services.directory.find(caller.tenant, key) != done.member:
        from chalicelib.usecases.activity_differences import differs_in

        raise differs_in(["/member"])
    return done
