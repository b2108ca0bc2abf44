"""Tokens of entitlements, each good for one use until its time is over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from chalicelib.domain.errors import LoyaltyError, Unavailable
from chalicelib.domain.ledger.events import EntitlementUsed, Event
from chalicelib.domain.mechanics.entitlement_uses import UseEntitlement, check_left
from chalicelib.domain.programme.versions import resolve_programme
from chalicelib.usecases.execution import change_account
from chalicelib.usecases.reading import read_account
from chalicelib.usecases.services import Caller, Services
from tests.faults.benefits import note_use
from tests.faults.ending import Ending, TenantEnding
from tests.faults.play import Play, Token
from tests.faults.programmes import PROGRAMME
from tests.faults.reading import reads
from tests.faults.record import Claim, Delivery, Outcome, Part, Request
from tests.faults.telling import accepted, answer_of, draw_identity
from tests.faults.world import MINUTE


def make(play: Play, tenant: str) -> Request:
    """Draw a token that a member lets make, of what they have without end or of what is scarce."""
    member = play.member(tenant)
    entitlement = play.chance.weighted((("wifi", 3), ("parking", 2), ("coffee", 1)))
    minutes = play.chance.pick((1, 15, 600))

    def run(services: Services, caller: Caller) -> Token:
        reading = read_account(services, caller, member)
        programme = resolve_programme(reading.account, reading.programmes, PROGRAMME, reading.now)
        check_left(reading.account, programme, entitlement, 1, reading.now)
        ends = reading.now + minutes * MINUTE
        token = Token(member, entitlement, services.new_id("once"), ends)
        play.tokens[tenant].append(token)
        return token

    def nothing(_token: Token, _ending: Ending, _delivery: Delivery) -> Iterable[str]:
        return ()

    return Request(reads(run, nothing), f"{entitlement} of {member[-1]} for {minutes} min")


def use(play: Play, tenant: str) -> Request:
    """Draw one of the last tokens to be used, again perhaps, by another request."""
    token = play.chance.pick(play.tokens[tenant][-3:])
    identity = draw_identity(play, tenant, "token", token)
    command = UseEntitlement(
        member=token.member,
        programme=PROGRAMME,
        entitlement=token.entitlement,
        reference=_reference(token),
        token=token.number,
        token_expires_at=token.expires_at,
    )

    def send(services: Services, caller: Caller) -> tuple[Outcome]:
        try:
            done = change_account(services, caller, command, answer_of, identity)
        except Unavailable as fault:
            return (Outcome("open", fault.code),)
        except LoyaltyError as refusal:
            claim = _was_used(tenant, token) if refusal.code == "token_used" else None
            return (Outcome("refused", refusal.code, claim=claim),)
        return (accepted(note_use(play, tenant, done)),)

    return Request(send, f"{token.number[-3:]} of {token.member[-1]}", (Part(identity),))


def _was_used(tenant: str, token: Token) -> Claim:
    """Return the claim that a token which is refused as used was used by somebody."""

    def claim(ending: Ending, delivery: Delivery) -> Iterable[str]:
        journal = ending.tenants[tenant].journals[token.member]
        there = journal.events[: delivery.after.get(token.member, 0)]
        if _reference(token) not in map(_shown, there):
            yield f"{token.number} was refused as used, and nobody had used it"

    return claim


def check_tokens(tenant: TenantEnding) -> Iterator[str]:
    """No token was used twice, nor after its end, nor for what it is not for."""
    used: Counter[str] = Counter()
    for member, journal in tenant.journals.items():
        for event in journal.events:
            reference = _shown(event)
            if not reference or not isinstance(event.data, EntitlementUsed):
                continue
            used[reference] += 1
            owner, entitlement, ends, _ = reference.split("/")
            taken = event.data.use
            if (owner, entitlement, 1) != (member, taken.entitlement, taken.units):
                yield f"{tenant.id} {member[-1]}: {event.version} used {taken} by {reference}"
            if event.effective_at >= int(ends):
                yield f"{tenant.id} {member[-1]}: {event.version} used {reference}, which was over"
    yield from (f"{tenant.id}: {each} was used {n} times" for each, n in used.items() if n > 1)


def _reference(token: Token) -> str:
    """Return what the journal keeps of a use by a token, whatever the account knows of it."""
    return f"{token.member}/{token.entitlement}/{token.expires_at}/{token.number}"


def _shown(event: Event) -> str:
    """Return the token by which something was used, if it was."""
    by_token = isinstance(event.data, EntitlementUsed) and event.detail is not None
    return event.detail.note if by_token and event.detail else ""
