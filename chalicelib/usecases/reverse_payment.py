"""Undo what a payment was for, found by the payment's reference."""

from __future__ import annotations

from chalicelib.domain.errors import MemberNotFound
from chalicelib.domain.mechanics import payments
from chalicelib.domain.mechanics.payment_reversals import ReversePayment
from chalicelib.domain.spelling import folded
from chalicelib.usecases.execution import Done, Present, change_account
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.stored import IdempotencyKey


def reverse_payment(
    services: Services,
    caller: Caller,
    reference: str,
    present: Present,
    identity: IdempotencyKey | None,
    *,
    reason: str = "",
    note: str = "",
    dry_run: bool = False,
) -> Done:
    """Reverse a payment by its reference: three calls, or two for a ``dry_run``."""
    key = payments.key_of(payment_hash(services, caller, reference))
    holder = services.ledger.holder(caller.tenant, key)
    if holder is None:
        raise payments.payment_unknown()
    paid = payments.read(holder.value)
    command = ReversePayment(
        member=holder.member,
        programme=paid.programme,
        version=paid.version,
        reason=reason,
        note=note,
    )
    try:
        return change_account(services, caller, command, present, identity, dry_run=dry_run)
    except MemberNotFound:
        # Of somebody whom the caller may not see: as if nobody had paid.
        raise payments.payment_unknown() from None


def payment_hash(services: Services, caller: Caller, reference: str) -> str:
    """Return the look-up hash of a payment's reference; empty where it has none."""
    plain = folded(reference)
    return services.secrets.payment(caller.tenant, plain) if plain else ""
