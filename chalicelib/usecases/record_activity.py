"""Record one activity, or up to a hundred in one call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from chalicelib.domain.errors import LoyaltyError, MemberNotFound
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.mechanics.activities import RecordActivity
from chalicelib.usecases.execution import (
    RESERVE_MS,
    Done,
    Present,
    change_account,
    identity_reused,
)
from chalicelib.usecases.identity import activity_identity
from chalicelib.usecases.services import Caller, Services
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
    whom we meet for the first time by an external id becomes a prospect.
    """
    member = _known(services, caller, reported)
    if member is None:
        try:
            return _first_contact(services, caller, reported, present, request, dry_run=dry_run)
        except KeyTaken as taken:
            member = taken.member
    return change_account(
        services,
        caller,
        RecordActivity(member=member, activity=reported.activity),
        present,
        activity_identity(reported.activity),
        also=request,
        loaded=loaded,
        dry_run=dry_run,
    )


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
    request: IdempotencyKey | None,
    *,
    dry_run: bool,
) -> Done:
    # Most activities are of members who are known.
    from chalicelib.domain.mechanics.membership import Open
    from chalicelib.usecases.create_member import NewMember, first_write

    member = services.new_id("mem")
    new = NewMember(external_id=reported.external_id, programmes=())
    key = services.secrets.external_id(caller.tenant, *(reported.external_id or ("", "")))
    commands = (
        Open(member=member),
        RecordActivity(member=member, activity=reported.activity),
    )
    done = change_account(
        services,
        caller,
        commands,
        present,
        activity_identity(reported.activity),
        also=request,
        directory=lambda now: first_write(member, new, key, now),
        dry_run=dry_run,
    )
    if done.replayed and services.directory.find(caller.tenant, key) != done.member:
        raise identity_reused()
    return done
