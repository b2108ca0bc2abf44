"""Awards that staff take back, each by itself: what must hold of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from chalicelib.domain.ledger.events import AwardRevoked, BalanceAdjusted, Event, GoodwillGiven
from chalicelib.domain.mechanics.revocations import RevokeAward
from chalicelib.usecases.execution import Done
from tests.faults.ending import TenantEnding
from tests.faults.play import Play
from tests.faults.record import Answered, Request
from tests.faults.telling import commanded, draw_identity, read_back


def noting(play: Play, tenant: str, done: Done) -> Done:
    """Let clients know an event that may have given something."""
    answer = read_back(done.answer.body)
    known = (answer.member, answer.version)
    if known not in play.given[tenant]:
        play.given[tenant].append(known)
    return done


def revoke(play: Play, tenant: str) -> Request | None:
    """Draw an event whose award is taken back, mostly one of the last."""
    if not play.given[tenant]:
        return None
    member, version = play.chance.pick(play.given[tenant][-4:])
    award = play.chance.weighted((("", 3), ("visit", 2), ("spend", 2), ("online", 1)))
    identity = draw_identity(play, tenant, "revoke", (member, version, award))
    command = RevokeAward(member=member, version=version, award=award, reason="by-mistake")
    return commanded(f"{award or 'all'} of {version} of {member[-1]}", identity, command)


def nothing_revoked(answer: Answered) -> bool:
    """Tell whether nothing was left to take back."""
    return answer.result["changed"] is False


def check_revocations(tenant: TenantEnding) -> Iterator[str]:
    """What was given is revoked once, and no more than was given."""
    for member, journal in tenant.journals.items():
        times: Counter[tuple[int, str]] = Counter()
        for event in journal.events:
            data = event.data
            if not isinstance(data, AwardRevoked):
                continue
            name = f"{tenant.id} {member[-1]} event {event.version}"
            times[data.reverses, data.award] += 1
            given = _given(journal.events[data.reverses - 1])
            if given is not None and given != (data.currency, data.amount):
                yield f"{name} revokes {data.amount} {data.currency} of {given}"
            if sum(posting.amount for posting in event.postings) > data.amount:
                yield f"{name} takes more than {data.amount}: {event.postings}"
        for which, n in times.items():
            if n > 1:
                yield f"{tenant.id} {member[-1]}: {which} was revoked {n} times"


def _given(event: Event) -> tuple[str, int] | None:
    """Return what staff gave by an event, if it is of that kind."""
    data = event.data
    if isinstance(data, GoodwillGiven | BalanceAdjusted):
        return data.currency, data.amount
    return None
