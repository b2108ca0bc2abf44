"""
Redeem a reward, and use its voucher.

A voucher's code is not stored.  It is derived from the deployment's root key and the redemption's
id, so that the first answer can be given again byte for byte while the store holds only a keyed
hash: the remembered answer has the id where the code belongs.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from chalicelib.domain import voucher_code
from chalicelib.domain.errors import LoyaltyError, MemberNotFound
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.mechanics import redemptions, rewards
from chalicelib.domain.mechanics.redemptions import (
    REDEMPTIONS,
    Redemption,
    UseVoucher,
    redemption_unknown,
    stock_counter,
)
from chalicelib.domain.mechanics.rewards import Redeem
from chalicelib.domain.mechanics.voucher_trial import Tried, try_voucher
from chalicelib.domain.programme.versions import Programmes
from chalicelib.usecases.attempt import Decided, now_at
from chalicelib.usecases.execution import Done, Present, answered, change_account
from chalicelib.usecases.reading import read_account
from chalicelib.usecases.services import (
    Caller,
    Services,
    on_test_clock,
    programmes_of,
)
from chalicelib.usecases.stored import Answer, IdempotencyKey

_SEALED = "code-of:"


class Wish(NamedTuple):
    """A reward that a member wants, and the location where they are, if they say so."""

    programme: str
    reward: str
    location: str = ""


class OffersRead(NamedTuple):
    """The rewards of every programme that a member has joined, as the member sees them."""

    offers: tuple[rewards.Offer, ...]
    now: Instant


class RedemptionRead(NamedTuple):
    """A redemption, and the instant at which it was read."""

    redemption: Redemption
    now: Instant


class VoucherRead(NamedTuple):
    """A voucher, whose it is, and why it cannot be used now; what it takes off a cart."""

    redemption: Redemption
    member: str
    refusal: LoyaltyError | None
    programmes: Programmes
    tried: Tried | None = None


def list_rewards(services: Services, caller: Caller, member: str) -> OffersRead:
    """Return what a member can redeem, or staff for them, and why not the rest."""
    reading = read_account(services, caller, member)
    found: list[rewards.Offer] = []
    for programme_id in sorted(reading.account.enrolments):
        version = reading.programmes.in_force(programme_id, reading.now)
        if version is None:
            continue
        programme = version.document
        counters = {
            stock_counter(programme.id, reward.id): reward.id
            for reward in programme.rewards
            if reward.stock is not None
        }
        used = services.ledger.taken(caller.tenant, list(counters)) if counters else {}
        taken = {counters[counter]: count for counter, count in used.items()}
        offers = rewards.offers(
            reading.account, programme, reading.now, taken, by_member=caller.actor.is_member
        )
        found.extend(offers)
    return OffersRead(tuple(found), reading.now)


def redeem_reward(
    services: Services,
    caller: Caller,
    member: str,
    wish: Wish,
    present: Present,
    identity: IdempotencyKey | None,
    *,
    dry_run: bool = False,
) -> Done:
    """
    Pay for a reward; the answer has the voucher's code, that of a dry run has none.

    Raises of the location what `locations.place_of` does.
    """
    within: tuple[str, ...] = ()
    if wish.location or caller.actor.locations:
        from chalicelib.usecases.locations import place_told  # most rewards are there everywhere

        try:
            within = place_told(services, caller, wish.location).within
        except LoyaltyError:
            # What was accepted is answered as then, whatever became of the location.
            done = None if dry_run else answered(services, caller, member, identity)
            if done is None:
                raise
            return done._replace(answer=unsealed(services, caller, done.answer))
    redemption_id = services.new_id("red")
    command = Redeem(
        member=member,
        programme=wish.programme,
        reward=wish.reward,
        redemption_id=redemption_id,
        voucher_hash=_hash_of(services, caller, redemption_id),
        within=within,
    )
    done = change_account(services, caller, command, present, identity, dry_run=dry_run)
    return done if dry_run else done._replace(answer=unsealed(services, caller, done.answer))


def sealed_code(named: str) -> str:
    """Return what stands in a remembered answer where the code of a voucher or card belongs."""
    return _SEALED + named


def code_of(services: Services, caller: Caller, named: str) -> str:
    """Return the plain code of a redemption's voucher, or of a gift card."""
    return voucher_code.make(services.secrets.code_seed(caller.tenant, named))


def read_redemption(
    services: Services, caller: Caller, member: str, redemption_id: str
) -> RedemptionRead:
    """Return a redemption of a member."""
    ref = REDEMPTIONS.ref(member, redemption_id)
    loaded = services.ledger.load(
        caller.tenant, [member], [ref], with_clock=on_test_clock(services, caller.tenant)
    )
    if loaded.account(member) is None:
        raise MemberNotFound
    redemption = loaded.record(REDEMPTIONS, member, redemption_id)
    if redemption is None:
        raise redemption_unknown()
    return RedemptionRead(redemption, now_at(services, loaded))


def lookup_voucher(
    services: Services, caller: Caller, code: str, cart: Activity | None = None
) -> VoucherRead:
    """
    Return the voucher of a code, usable or not; an unknown code is not found.

    With a ``cart`` also what a usable one would take off it; raises what `try_voucher` does.
    """
    member, redemption_id = _voucher(services, caller, code)
    loaded = services.ledger.load(
        caller.tenant,
        [member],
        [REDEMPTIONS.ref(member, redemption_id)],
        with_clock=on_test_clock(services, caller.tenant),
    )
    redemption = loaded.record(REDEMPTIONS, member, redemption_id)
    if redemption is None:
        raise voucher_code.unknown()
    refusal: LoyaltyError | None = None
    now = now_at(services, loaded)
    try:
        redemptions.check_issued(redemption, now)
    except LoyaltyError as found:
        refusal = found
    programmes = programmes_of(services, caller.tenant)
    tried: Tried | None = None
    account = loaded.account(member)
    if cart is not None and refusal is None and account is not None:
        tried = try_voucher(account, programmes, redemption, cart, now)
    return VoucherRead(redemption, member, refusal, programmes, tried)


def use_voucher(
    services: Services,
    caller: Caller,
    code: str,
    present: Present,
    identity: IdempotencyKey | None,
) -> Done:
    """Use a voucher, once."""
    member, redemption_id = _voucher(services, caller, code)
    command = UseVoucher(member=member, redemption_id=redemption_id)
    return change_account(services, caller, command, present, identity)


def redemption_in(decided: Decided) -> Redemption:
    """Return the redemption that a decision made or changed."""
    redemption = decided.results[-1]
    if not isinstance(redemption, Redemption):
        raise TypeError("the decision is about something else")
    return redemption


def _voucher(services: Services, caller: Caller, code: str) -> tuple[str, str]:
    plain = voucher_code.read(code)
    hashed = services.secrets.voucher(caller.tenant, plain)
    holder = services.ledger.holder(caller.tenant, hashed)
    if holder is None:
        raise voucher_code.unclaimed()
    return holder.member, holder.value


def _hash_of(services: Services, caller: Caller, redemption_id: str) -> str:
    return services.secrets.voucher(caller.tenant, code_of(services, caller, redemption_id))


def unsealed(services: Services, caller: Caller, answer: Answer) -> Answer:
    """Return a remembered answer with the code in its place, if it has one."""
    found = re.search(rb'"' + _SEALED.encode() + rb'([a-z]+_[0-9A-Z]+)"', answer.body)
    if found is None:
        return answer
    code = voucher_code.shown(code_of(services, caller, found[1].decode()))
    body = answer.body[: found.start()] + b'"' + code.encode() + b'"' + answer.body[found.end() :]
    return Answer(answer.status, body)
