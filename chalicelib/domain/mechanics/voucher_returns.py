"""What becomes of the vouchers of a purchase that comes back: they stay used, or are good again."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.decide.claims import Ref
from chalicelib.domain.decide.decider import Decider
from chalicelib.domain.ledger.events import Outcome, QuoteBought, VoucherUse
from chalicelib.domain.mechanics import redemptions


class VoucherAfter(Struct, frozen=True):
    """
    What became of a voucher that was used for a purchase of which something came back.

    ``given_back`` where it is good again, through ``expires_on``; else ``reason`` says why not.
    """

    redemption: str
    given_back: bool
    expires_on: str | None = None
    reason: str = ""


def needed(member: str, outcomes: tuple[Outcome, ...]) -> Iterator[Ref]:
    """Yield the redemptions whose vouchers may be good again when a purchase comes back."""
    for each in _used(outcomes):
        if each.on_return != "keep":
            yield redemptions.REDEMPTIONS.ref(member, each.redemption)


def _used(outcomes: tuple[Outcome, ...]) -> Iterator[VoucherUse]:
    for outcome in outcomes:
        if isinstance(outcome, QuoteBought):
            yield from outcome.vouchers


def decided(
    decider: Decider, member: str, outcome: QuoteBought, *, whole: bool
) -> tuple[QuoteBought, tuple[VoucherAfter, ...]]:
    """
    Give back what vouchers of a purchase are to be good again, and return what became of each.

    ``whole`` is whether something of the purchase is still there.
    """
    vouchers, returns = [], []
    for use in outcome.vouchers:
        after = VoucherAfter(use.redemption, given_back=False, reason="it stays used")
        if use.on_return != "keep":
            after = _after(decider, member, use, whole=whole)
        vouchers.append(replace(use, given_back=after.given_back))
        returns.append(after)
    return replace(outcome, vouchers=tuple(vouchers)), tuple(returns)


def _after(decider: Decider, member: str, use: VoucherUse, *, whole: bool) -> VoucherAfter:
    nothing = VoucherAfter(use.redemption, given_back=False)
    if whole:
        return replace(nothing, reason="some of what it was used for is kept")
    used = decider.record(redemptions.REDEMPTIONS, member, use.redemption)
    if used is None:
        raise AssertionError(f"a voucher that was used was there: {use.redemption}")
    version = decider.programmes.in_force(used.programme, decider.now)
    if version is None:
        raise AssertionError(f"{used.programme} was in force when its voucher was issued")
    zone = version.document.time_zone
    after = redemptions.given_back(used, use.on_return, zone, decider.now)
    if after is None:
        return replace(nothing, reason=f"it was good through {used.expires_on}")
    decider.claim(redemptions.claim_to_save(after))
    return VoucherAfter(use.redemption, given_back=True, expires_on=after.expires_on)
