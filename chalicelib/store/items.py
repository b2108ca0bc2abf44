"""
Items of the ledger: what DynamoDB holds, and what it is in the domain.

====================  ================================================================
item (pk, sk)         attributes
====================  ================================================================
account               ``version`` N · ``status`` S · ``schema`` N · ``head_hash`` B ·
`T#…#M#…`, `A`        ``body`` B · ``due_at`` N, when it is due · ``due_pk`` ``due_sk``
                      S, its place in the due index; both only where it has one
entry                 ``effective_at`` N · ``body`` B · ``detail`` B, if any ·
`T#…#M#…`, `E#…`      ``hash`` B; its version is in its key
redemption            ``state`` S · ``revision`` N · ``body`` B
`T#…#M#…`, `R#…`
dedupe record         ``fingerprint`` B · ``status`` N · ``answer`` B · ``member`` S ·
`T#…#D#…`, `D`        ``version`` N · ``remaining`` B and ``revision`` N once reversed
voucher pointer       ``member`` S · ``redemption`` S
`T#…#V#…`, `V`
stock                 ``used`` N
`T#…#S#…`, `S`
budget                ``used`` N · ``expires_at`` N, as below; in the table of work
`T#…#B#…`, `B`
quote                 ``revision`` N · ``body`` B · ``expires_at`` N, when DynamoDB may
`T#…#M#…`, `Q#…`      delete it, in seconds; in the table of work
====================  ================================================================

``body`` and ``answer`` are zlib, of JSON and of what was sent; an entry's bytes are the domain's.
What is both in an account's body and beside it would be two truths: so ``version`` and
``head_hash`` are left out of the body; ``status`` is beside it for the eye only.

These are dictionaries in DynamoDB's own notation, not PynamoDB models: a model takes 130 µs to
write and 60 to read, as much as all else that a commit does; `models` has the items that are
written seldom.  Long names stay: a first earn is far from its next KB, and the stream is read by
others.
"""

from __future__ import annotations

import zlib
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from chalicelib import observability
from chalicelib.domain import account as accounts
from chalicelib.domain.account import Account
from chalicelib.domain.calendar import Instant
from chalicelib.domain.commands import Redemption, Remaining
from chalicelib.domain.entry import StoredEntry
from chalicelib.domain.errors import TooLarge, Unavailable
from chalicelib.domain.quote import Quote
from chalicelib.store import keys
from chalicelib.store.metering import Item
from chalicelib.usecases.ports import Answer, Growth, Identity, Remembered

#: Sizes of the stored body of an account: above the first it is logged, above the second refused.
BODY_WARN_BYTES: Final = 8 * 1024
BODY_MAX_BYTES: Final = 32 * 1024
#: How long a quote can still be read: a week beyond the longest that one stands.
QUOTE_KEPT_S: Final = 14 * 86_400
#: How long what was taken from a day's budget is kept.
BUDGET_KEPT_S: Final = 3 * 86_400

_LEVEL: Final = 6
_ENCODER: Final = msgspec.json.Encoder()
_ACCOUNT: Final = msgspec.json.Decoder(Account)
_REDEMPTION: Final = msgspec.json.Decoder(Redemption)
_QUOTE: Final = msgspec.json.Decoder(Quote)
_REMAINING: Final = msgspec.json.Decoder(Remaining)


def account_item(tenant: str, growth: Growth, *, on_test_clock: bool) -> Item:
    """
    Return an account as an item.

    Raises `TooLarge` (``account_too_large``) where its body is above 32 KB.
    """
    account = growth.account
    body = account_body(tenant, growth.member, account)
    item = _key(keys.member_pk(tenant, growth.member), keys.ACCOUNT) | {
        "version": _number(account.version),
        "status": {"S": account.status},
        "schema": _number(accounts.SCHEMA),
        "head_hash": {"B": account.head},
        "body": {"B": body},
    }
    return item | due_place(
        tenant, growth.member, growth.due_at, growth.indexed_due, on_test_clock=on_test_clock
    )


def account_body(tenant: str, member: str, account: Account) -> bytes:
    """Return an account's body as it is stored; raises `TooLarge` where that is above 32 KB."""
    body = _packed(replace(account, version=0, head=b""))
    if len(body) > BODY_MAX_BYTES:
        raise TooLarge(
            "account_too_large",
            f"The account would take {len(body)} bytes of {BODY_MAX_BYTES}: the programme makes "
            "more lots, counters or challenges for one member than an account holds.",
            bytes=len(body),
            limit=BODY_MAX_BYTES,
        )
    if len(body) > BODY_WARN_BYTES:
        observability.warning(
            "account is large",
            tenant=tenant,
            member_id=member,
            version=account.version,
            body_bytes=len(body),
        )
    return body


def account_of(item: Item) -> Account:
    """
    Return the account of an item.

    Raises `Unavailable` where a later release wrote it: one that reads it is being rolled out.
    """
    schema = int(item["schema"]["N"])
    if schema > accounts.SCHEMA:
        raise Unavailable(
            "newer_schema",
            f"The account has schema {schema}, this release reads up to {accounts.SCHEMA}. "
            "Send the same request again.",
            retry_after=1,
        )
    account = _ACCOUNT.decode(zlib.decompress(item["body"]["B"]))
    return replace(account, version=int(item["version"]["N"]), head=bytes(item["head_hash"]["B"]))


def due_place(
    tenant: str,
    member: str,
    due_at: Instant | None,
    indexed_due: Instant | None,
    *,
    on_test_clock: bool,
) -> Item:
    """Return the attributes of an account that say when it is due and file it in the index."""
    place: Item = {}
    if due_at is not None:
        place["due_at"] = _number(due_at)
    if indexed_due is not None:
        place["due_pk"] = {"S": keys.due_pk(tenant, member, on_test_clock=on_test_clock)}
        place["due_sk"] = {"S": keys.due_sk(indexed_due, tenant, member)}
    return place


def indexed_due_of(item: Item) -> Instant | None:
    """Return what the due index holds for an account, or ``None``."""
    return keys.read_due_sk(item["due_sk"]["S"])[0] if "due_sk" in item else None


def entry_item(tenant: str, member: str, entry: StoredEntry) -> Item:
    """Return an entry as an item."""
    item = _key(keys.member_pk(tenant, member), keys.entry_sk(entry.version)) | {
        "effective_at": _number(entry.effective_at),
        "body": {"B": entry.body},
        "hash": {"B": entry.hash},
    }
    if entry.detail:
        item["detail"] = {"B": entry.detail}
    return item


def entry_of(item: Item) -> StoredEntry:
    """Return the entry of an item."""
    return StoredEntry(
        version=int(item["sk"]["S"][2:]),
        effective_at=int(item["effective_at"]["N"]),
        body=bytes(item["body"]["B"]),
        detail=bytes(item["detail"]["B"]) if "detail" in item else b"",
        hash=bytes(item["hash"]["B"]),
    )


def dedupe_item(tenant: str, member: str, version: int, identity: Identity, answer: Answer) -> Item:
    """Return the dedupe record of a write as an item."""
    return _key(keys.dedupe_pk(tenant, identity.key), keys.DEDUPE) | {
        "fingerprint": {"B": identity.fingerprint},
        "status": _number(answer.status),
        "answer": {"B": zlib.compress(answer.body, _LEVEL)},
        "member": {"S": member},
        "version": _number(version),
    }


def remembered_of(item: Item) -> Remembered:
    """Return the dedupe record of an item."""
    remaining = None
    if "remaining" in item:
        remaining = _REMAINING.decode(item["remaining"]["B"])
    return Remembered(
        fingerprint=bytes(item["fingerprint"]["B"]),
        answer=Answer(int(item["status"]["N"]), zlib.decompress(item["answer"]["B"])),
        member=item["member"]["S"],
        version=int(item["version"]["N"]),
        remaining=remaining,
    )


def remaining_values(remaining: Remaining) -> Item:
    """Return what of a reversal goes into the dedupe record, as values of an update."""
    return {
        ":remaining": {"B": _ENCODER.encode(remaining)},
        ":revision": _number(remaining.revision),
    }


def redemption_item(tenant: str, redemption: Redemption) -> Item:
    """Return a redemption as an item."""
    pk = keys.member_pk(tenant, redemption.member)
    return _key(pk, keys.redemption_sk(redemption.id)) | {
        "state": {"S": redemption.state},
        "revision": _number(redemption.revision),
        "body": {"B": _packed(redemption)},
    }


def redemption_of(item: Item) -> Redemption:
    """Return the redemption of an item."""
    return _REDEMPTION.decode(zlib.decompress(item["body"]["B"]))


def quote_item(tenant: str, quote: Quote, forgotten_at: int) -> Item:
    """Return a quote as an item, which DynamoDB may delete at an instant in seconds."""
    return _key(keys.member_pk(tenant, quote.member), keys.quote_sk(quote.id)) | {
        "revision": _number(quote.revision),
        "body": {"B": _packed(quote)},
        "expires_at": _number(forgotten_at),
    }


def quote_of(item: Item) -> Quote:
    """Return the quote of an item."""
    return _QUOTE.decode(zlib.decompress(item["body"]["B"]))


def voucher_item(tenant: str, redemption: Redemption) -> Item:
    """Return the pointer from a voucher to its redemption as an item."""
    return _key(keys.voucher_pk(tenant, redemption.voucher_hash), keys.VOUCHER) | {
        "member": {"S": redemption.member},
        "redemption": {"S": redemption.id},
    }


def _key(pk: str, sk: str) -> Item:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _number(value: int) -> dict[str, Any]:
    return {"N": str(value)}


def _packed(value: msgspec.Struct) -> bytes:
    return zlib.compress(_ENCODER.encode(value), _LEVEL)
