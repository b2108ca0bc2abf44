"""List redemptions of a member, and vouchers of a tenant."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.mechanics.redemptions import REDEMPTIONS, Redemption, redemption_state
from chalicelib.usecases.reading import members_seen
from chalicelib.usecases.searching import AT_ONCE, Listed, Wanted, first_of, in_batches, of_member
from chalicelib.usecases.services import Caller, Services, now_of
from chalicelib.usecases.stored import Entry


def list_redemptions(
    services: Services,
    caller: Caller,
    member: str,
    wanted: Wanted,
    *,
    limit: int,
    before: str | None,
) -> Listed[Redemption]:
    """Return a page of what a member redeemed, the latest first; raises `MemberNotFound`."""

    def fits(each: Redemption, now: Instant) -> bool:
        return wanted.period.has(each.issued_at) and _has(wanted, each, now)

    records = REDEMPTIONS, lambda each: each.id
    return of_member(
        services,
        caller,
        member,
        records,
        None if wanted == Wanted() else fits,
        limit=limit,
        before=before,
    )


def list_vouchers(
    services: Services,
    caller: Caller,
    wanted: Wanted,
    *,
    limit: int,
    before: Entry | None,
) -> Listed[Redemption]:
    """
    Return a page of a tenant's vouchers in a state, the latest to come to it first.

    For each hundred that are looked at, one call for the list and one for what is in it, and one
    for whose they are where the caller is limited to locations.
    """
    now = now_of(services, caller.tenant)
    # Nothing is written when one expires.
    listed_as = "issued" if wanted.state == "expired" else wanted.state or "issued"
    plain = (
        wanted == Wanted(wanted.state, period=wanted.period)
        and wanted.state != "expired"
        and caller.access is None
    )
    batches = in_batches(
        lambda after, count: services.ledger.listed(
            caller.tenant,
            REDEMPTIONS.list_of(listed_as),
            limit=count,
            before=after,
            period=wanted.period,
        ),
        lambda entry: entry,
        before,
        min(limit + 1, AT_ONCE) if plain else AT_ONCE,
    )

    def rows() -> Iterator[tuple[Entry, Redemption | None]]:
        for batch in batches:
            places = [REDEMPTIONS.in_list(entry.listed) for entry in batch]
            records = services.ledger.load(caller.tenant, [], places).records
            found: list[Redemption] = [records[place] for place in places]
            fitting = [each.member for each in found if _has(wanted, each, now)]
            seen = members_seen(services, caller, fitting, now)
            for entry, each in zip(batch, found, strict=True):
                # The list may be a moment behind what is there.
                has = each.member in seen and _has(wanted, each, now)
                yield entry, each if has else None

    return Listed(first_of(rows(), limit), now)


def _has(wanted: Wanted, redemption: Redemption, now: Instant) -> bool:
    state = redemption_state(redemption, now)
    return wanted.has(state, redemption.programme, redemption.reward, redemption.fulfilment)
