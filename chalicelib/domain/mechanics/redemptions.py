"""
Redemptions: rewards that were paid for, and their vouchers, each used or cancelled once.

A voucher is used through its last day.  Until then an unused one can be cancelled: its value
returns to its original expiry, and its limits and stock are free again.  One that was used for a
purchase may be good again when all of that comes back, as its reward says.  Goods that are ready
or sent are owed: they can be handed over for as long as that takes.
"""

from __future__ import annotations

from typing import ClassVar, Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.decide.benefits import Benefit
from chalicelib.domain.decide.claims import EventRef, RecordKind, Ref, SaveRecord, TakeFrom
from chalicelib.domain.decide.commands import Command
from chalicelib.domain.decide.decider import Decider, Known
from chalicelib.domain.decide.mechanic import Mechanic
from chalicelib.domain.errors import Conflict, NotFound
from chalicelib.domain.ledger import calendar, postings
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.effects import CounterChange
from chalicelib.domain.ledger.events import (
    CapUse,
    RedemptionCancelled,
    VoucherOnReturn,
    VoucherUse,
    VoucherUsed,
    noted,
)
from chalicelib.domain.ledger.lots import Taken
from chalicelib.domain.ledger.postings import REDEEMED, LedgerAccount
from chalicelib.domain.mechanics import expiry, restoring
from chalicelib.domain.programme.document import Programme

State = Literal["issued", "used", "cancelled"]
#: How far goods are that are ordered; each after those before it.
Fulfilment = Literal["ordered", "ready", "sent", "delivered"]
#: What has become of one: an issued one expires when its last day is over.
RedemptionState = Literal["issued", "expired", "used", "cancelled"]


class Redemption(Struct, frozen=True, omit_defaults=True):
    """
    A reward that was paid for, and its voucher.

    ``revision`` counts its changes; ``taken`` is what its price came from, and ``payee`` whom it
    went to, if anybody; ``counters`` are the limits that it used, with the instant at which each
    may be forgotten, and ``cap_uses`` what it took of legal caps; ``lapsed`` is what of its price
    expired at once when it was cancelled.  ``changed_at`` is when the state changed last,
    ``fulfilment`` how far its goods are, where it stands for such, and ``moved_at`` since when they
    are there.
    """

    id: str
    member: str
    programme: str
    reward: str
    currency: str
    price: int
    state: State
    issued_at: Instant
    voucher_hash: str
    expires_at: Instant | None = None
    expires_on: str | None = None
    taken: tuple[Taken, ...] = ()
    counters: tuple[tuple[str, Instant | None], ...] = ()
    stocked: bool = False
    changed_at: Instant | None = None
    revision: int = 1
    payee: str = ""
    lapsed: int = 0
    fulfilment: Fulfilment | None = None
    moved_at: Instant | None = None
    cap_uses: tuple[CapUse, ...] = ()


REDEMPTIONS: Final = RecordKind("redemption", Redemption)


class CancelRedemption(Command, frozen=True):
    """Take back a redemption whose voucher is unused: its value returns to its expiry."""

    when_full: ClassVar[bool] = True

    redemption_id: str
    reason: str = ""
    note: str = ""

    def records(self, known: Known) -> tuple[Ref | EventRef, ...]:  # noqa: ARG002 - known at once
        """Return the redemption."""
        return (REDEMPTIONS.ref(self.member, self.redemption_id),)


class UseVoucher(Command, frozen=True):
    """Hand over what the voucher of a redemption stands for; after the account ended as well."""

    when_full: ClassVar[bool] = True
    when_closed: ClassVar[bool] = True

    redemption_id: str

    def records(self, known: Known) -> tuple[Ref | EventRef, ...]:  # noqa: ARG002 - known at once
        """Return the redemption."""
        return (REDEMPTIONS.ref(self.member, self.redemption_id),)


def claim_to_save(redemption: Redemption) -> SaveRecord:
    """Return the claim that writes a redemption over the revision before its own."""
    takes = {}
    if redemption.stocked and redemption.state != "cancelled":
        takes = {stock_counter(redemption.programme, redemption.reward): 1}
    ref = REDEMPTIONS.ref(redemption.member, redemption.id)
    listed = None
    if redemption.voucher_hash:
        listed = redemption.state, redemption.changed_at or redemption.issued_at
    return SaveRecord(ref, redemption, redemption.revision, takes, listed=listed)


def stock_counter(programme_id: str, reward_id: str) -> str:
    """Return the counter of how many of a reward were taken."""
    return f"{programme_id}/stock/{reward_id}"


def paid_to(payee: str) -> LedgerAccount:
    """Return where the price goes: to the payee, if there is one."""
    return postings.payee(payee) if payee else REDEEMED


def cancel(decider: Decider, command: CancelRedemption) -> Redemption:
    """Take back a redemption whose voucher is unused: its value comes back."""
    now = decider.now
    redemption = decider.record(REDEMPTIONS, command.member, command.redemption_id)
    if redemption is None:
        raise redemption_unknown()
    check_issued(redemption, now)
    if redemption.fulfilment in {"sent", "delivered"}:
        raise Conflict("goods_sent", "What it stands for is on its way.", redemption=redemption.id)
    event = decider.event()
    source = paid_to(redemption.payee)
    lapsed = restoring.restore(
        event,
        redemption.currency,
        redemption.taken,
        source=source,
        taken_at=redemption.issued_at,
    )
    for counter, kept_until in redemption.counters:
        if event.account.counter(counter):
            event.add(CounterChange(counter, -1, kept_until))
    benefit = Benefit("reward", redemption.programme, redemption.reward, "cancellation")
    event.take_back(benefit, redemption.cap_uses)
    event.record(
        RedemptionCancelled(redemption.id, redemption.programme, redemption.reward, command.reason),
        detail=noted(command.note),
    )
    after = replace(in_state(redemption, "cancelled", now), lapsed=lapsed)
    decider.claim(claim_to_save(after))
    if redemption.stocked:
        decider.claim(TakeFrom(stock_counter(redemption.programme, redemption.reward), -1, 0))
    return after


def redemption_unknown() -> NotFound:
    """Return the refusal of a redemption that is not this member's."""
    return NotFound("redemption_not_found", "This member has no such redemption.")


def use_voucher(decider: Decider, command: UseVoucher) -> Redemption:
    """Hand over what the voucher stands for, once."""
    redemption = decider.record(REDEMPTIONS, command.member, command.redemption_id)
    if redemption is None:
        raise redemption_unknown()
    check_issued(redemption, decider.now)
    after = in_state(redemption, "used", decider.now)
    decider.event().record(VoucherUsed(after.id, after.programme, after.reward))
    decider.claim(claim_to_save(after))
    return after


def use_for(decider: Decider, programme: Programme, member: str, redemption_id: str) -> VoucherUse:
    """Use a voucher for a purchase, and return what is to become of it if that comes back."""
    redemption = decider.record(REDEMPTIONS, member, redemption_id)
    if redemption is None:
        raise AssertionError(f"a quote names redemptions that were there: {redemption_id}")
    check_issued(redemption, decider.now)
    decider.claim(claim_to_save(in_state(redemption, "used", decider.now)))
    reward = programme.reward(redemption.reward)
    return VoucherUse(redemption_id, reward.voucher_on_return if reward else "keep")


def check_issued(redemption: Redemption, now: Instant) -> None:
    """Refuse a voucher that is used, cancelled or past its last day."""
    if redemption.state != "issued":
        raise Conflict(
            f"voucher_{redemption.state}",
            f"This voucher was {redemption.state} already.",
            redemption=redemption.id,
        )
    if redemption.expires_at is not None and redemption.expires_at <= now:
        raise Conflict(
            "voucher_expired",
            f"This voucher was valid through {redemption.expires_on}.",
            redemption=redemption.id,
            expires_on=redemption.expires_on,
        )


def redemption_state(redemption: Redemption, now: Instant) -> RedemptionState:
    """Return what has become of a redemption by an instant."""
    over = redemption.expires_at is not None and redemption.expires_at <= now
    return "expired" if redemption.state == "issued" and over else redemption.state


def given_back(
    redemption: Redemption, policy: VoucherOnReturn, time_zone: str, now: Instant
) -> Redemption | None:
    """
    Return a redemption whose used voucher is good again, or ``None`` where it stays used.

    With `give_back` it is good for as many days more as it had when it was used, so that no
    purchase and return makes a voucher last longer than it was away.
    """
    if redemption.state != "used" or policy == "keep":
        return None
    after = in_state(redemption, "issued", now)
    if redemption.expires_at is None:
        return after
    if policy == "until_last_day":
        return after if redemption.expires_at > now else None
    used_on = calendar.local_date(redemption.changed_at or now, time_zone)
    left = (calendar.parse_date(redemption.expires_on or "") - used_on).days
    day = calendar.add_days(calendar.local_date(now, time_zone), left)
    term = expiry.until(day, time_zone)
    return replace(after, expires_at=term.expires_at, expires_on=term.expires_on)


def in_state(redemption: Redemption, state: State, now: Instant) -> Redemption:
    """Return a redemption in another state, as its next revision."""
    after = replace(redemption, state=state, changed_at=now, revision=redemption.revision + 1)
    if state == "used" and redemption.fulfilment:
        return replace(after, fulfilment="delivered", moved_at=now)
    return after


def moved_on(redemption: Redemption, to: Fulfilment, now: Instant) -> Redemption:
    """
    Return a redemption whose goods are further, as its next revision; delivered, it is used.

    Goods that were made ready in time are owed, however long they then take: the voucher has no
    last day any more.
    """
    if to == "delivered":
        return in_state(redemption, "used", now)
    return replace(
        redemption,
        fulfilment=to,
        moved_at=now,
        expires_at=None,
        expires_on=None,
        revision=redemption.revision + 1,
    )


MECHANIC: Final = Mechanic(
    handlers={CancelRedemption: cancel, UseVoucher: use_voucher},
)
