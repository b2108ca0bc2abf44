"""
Keyed hashes: what identifies a person or a voucher is stored only as an HMAC.

Every purpose of every tenant has a key of its own, derived from the deployment's root key, so
that equal values of two tenants, or of two purposes, do not look alike.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable

ROOT_KEY_BYTES = 32


class TenantSecrets:
    """
    Derives keys and hashes from a root key of at least 32 bytes.

    ``root_key`` is called whenever the key is needed, and never before: it may have to be fetched.
    """

    def __init__(self, root_key: Callable[[], bytes]) -> None:
        self._root_key = root_key

    @property
    def root_key(self) -> bytes:
        """
        The key from which all others are derived.

        Raises `ValueError` where it is too short to be one.
        """
        key = self._root_key()
        if len(key) < ROOT_KEY_BYTES:
            raise ValueError("the root key needs at least 32 bytes")
        return key

    def check(self) -> str:
        """Return what tells one root key from another and does not tell the key."""
        return hmac.digest(self.root_key, b"backup", "sha256")[:8].hex()

    def external_id(self, tenant: str, system: str, value: str) -> str:
        """Return the look-up hash of an external id."""
        return self._hash(tenant, "external-id", system, value)

    def voucher(self, tenant: str, code: str) -> str:
        """Return the look-up hash of a voucher's code, given in its plain form."""
        return self._hash(tenant, "voucher", code)

    def gift_card(self, tenant: str, code: str) -> str:
        """Return the look-up hash of a gift card's code, given in its plain form."""
        return self._hash(tenant, "gift-card", code)

    def payment(self, tenant: str, reference: str) -> str:
        """Return the look-up hash of a payment's reference, given in its one spelling."""
        return self._hash(tenant, "payment", reference)

    def actor(self, tenant: str, actor: str) -> str:
        """Return the hash of who acts, for keys: the subject of a token may be an address."""
        return self._hash(tenant, "actor", actor)

    def code_seed(self, tenant: str, named: str) -> bytes:
        """Return the 12 secret bytes that the code of a redemption or gift card is made of."""
        return bytes.fromhex(self._hash(tenant, "voucher-code", named))[:12]

    def _hash(self, tenant: str, purpose: str, *parts: str) -> str:
        key = hmac.digest(self.root_key, f"{purpose}\x00{tenant}".encode(), "sha256")
        message = b"".join(len(p.encode()).to_bytes(4, "big") + p.encode() for p in parts)
        return hmac.new(key, message, "sha256").hexdigest()
