"""
Items of the ledger: what DynamoDB holds, and what it is in the domain.

====================  ================================================================
item (pk, sk)         attributes
====================  ================================================================
account               ``version`` N · ``status`` S · ``schema`` N · ``head_hash`` B ·
`T#…#M#…`, `A`        ``body`` B · ``due_at`` N, when it is due · ``due_pk`` ``due_sk``
                      S, its place in the due index; both only where it has one
checkpoint            ``version`` N · ``schema`` N · ``head_hash`` B · ``body`` B: an account
`T#…#M#…`, `C#…`      as it was once; its instant and version are in its key
event                 ``effective_at`` N · ``body`` B · ``detail`` B, if any ·
`T#…#M#…`, `E#…`      ``hash`` B; its version is in its key
record                ``revision`` N · ``body`` B, or ``detail`` B where it is sealed ·
`T#…#M#…`, `R#…#…`    ``takes`` M, if any: how much of which counters, by their partitions
dedupe record         ``fingerprint`` B · ``status`` N · ``answer`` B · ``member`` S ·
`T#…#D#…`, `D`        ``version`` N
claimed key           ``member`` S · ``value`` S · ``version`` N, of the account that has
`T#…#U#…`, `U`        it; a personal one lies in the directory, as `T#…#X#…`, `X`
counter               ``used`` N
`T#…#C#…`, `C`
====================  ================================================================

Households, gift cards and records that are listed also have ``listed_pk`` and ``listed_sk`` S:
their place in a list of the tenant's.

Transient records and counters lie in the table of work, with ``expires_at`` N: when DynamoDB may
delete them, in seconds.  ``body`` and ``answer`` are zlib, of JSON and of what was sent; an
account's body and an event's bytes are the domain's.  What is both in an account's body and beside
it would be two truths: so ``version`` and ``head_hash`` are left out of the body; ``status`` is
beside it for the eye only.

These are dictionaries in DynamoDB's own notation, not PynamoDB models: a model takes 130 µs to
write and 60 to read, as much as all else that a commit does; `models` has the items that are
written seldom.  Long names stay: a first earn is far from its next KB, and the stream is read by
others.
"""

from __future__ import annotations

import zlib
from typing import Any, Final

import msgspec

from chalicelib import observability
from chalicelib.domain.decide.claims import ClaimKey, Ref, SaveRecord
from chalicelib.domain.errors import TooLarge, Unavailable
from chalicelib.domain.ledger import compact
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.ledger.journal import StoredEvent, deflate
from chalicelib.store import keys
from chalicelib.store.metering import Item
from chalicelib.usecases.stored import (
    LISTED_ACCOUNTS,
    AccountChange,
    Answer,
    IdempotencyKey,
    KeyHolder,
    Remembered,
)

#: Sizes of the stored body of an account: above the first it is logged, above the second refused.
BODY_WARN_BYTES: Final = 8 * 1024
BODY_MAX_BYTES: Final = 32 * 1024
#: Beyond that, for what takes value out, gives back or ends something: `Command.when_full`.
BODY_RESERVE_BYTES: Final = 16 * 1024

_ENCODER: Final = msgspec.json.Encoder()


def account_item(
    tenant: str, change: AccountChange, *, on_test_clock: bool, into_reserve: bool = False
) -> Item:
    """
    Return an account as an item.

    Raises `TooLarge` (``account_too_large``) where its body is above 32 KB, and the reserve beyond
    that is not for this change, or is full.
    """
    account = change.account
    body = account_body(tenant, change.member, account, into_reserve=into_reserve)
    item = _key(keys.member_pk(tenant, change.member), keys.ACCOUNT) | {
        "version": _number(account.version),
        "status": {"S": account.status},
        "schema": _number(compact.SCHEMA),
        "head_hash": {"B": account.head},
        "body": {"B": body},
    }
    if account.status in LISTED_ACCOUNTS:
        item |= listed_place(tenant, account.status, account.opened_at, change.member)
    return item | due_place(
        tenant, change.member, change.due_at, change.indexed_due, on_test_clock=on_test_clock
    )


def checkpoint_item(tenant: str, change: AccountChange, item: Item) -> Item:
    """Return the checkpoint of an account, of which ``item`` is what `account_item` made."""
    account = change.account
    sk = keys.checkpoint_sk(account.effective_at, account.version)
    kept = {name: item[name] for name in ("version", "schema", "head_hash", "body")}
    return _key(keys.member_pk(tenant, change.member), sk) | kept


def account_body(
    tenant: str, member: str, account: Account, *, into_reserve: bool = False
) -> bytes:
    """Return an account's body as it is stored; raises `TooLarge` as `account_item` does."""
    body = compact.encode(account)
    limit = BODY_MAX_BYTES + (BODY_RESERVE_BYTES if into_reserve else 0)
    if len(body) > limit:
        raise TooLarge(
            "account_too_large",
            f"The account would take {len(body)} bytes of {limit}: the programme makes more lots, "
            "counters or progress records for one member than an account holds. Redeeming, "
            "returning and closing go on.",
            bytes=len(body),
            limit=limit,
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

    Raises `Unavailable` where a later release wrote it: one that reads it is being rolled out; and
    `compact.Unreadable` for what no release reads any more.
    """
    schema = int(item["schema"]["N"])
    if schema > compact.SCHEMA:
        raise Unavailable(
            "newer_schema",
            f"The account has schema {schema}, this release reads {compact.SCHEMA}. "
            "Send the same request again.",
            retry_after=1,
        )
    if schema < compact.SCHEMA:
        raise compact.Unreadable(f"the account has schema {schema}, not {compact.SCHEMA}")
    return compact.decode(
        item["body"]["B"],
        version=int(item["version"]["N"]),
        head=bytes(item["head_hash"]["B"]),
    )


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


def listed_place(tenant: str, name: str, at: Instant, listed: str) -> Item:
    """Return the attributes of an item that put it into one of a tenant's lists."""
    return {
        "listed_pk": {"S": keys.listed_pk(tenant, name)},
        "listed_sk": {"S": keys.listed_sk(at, listed)},
    }


def event_item(tenant: str, member: str, event: StoredEvent) -> Item:
    """Return an event as an item."""
    item = _key(keys.member_pk(tenant, member), keys.event_sk(event.version)) | {
        "effective_at": _number(event.effective_at),
        "body": {"B": event.body},
        "hash": {"B": event.hash},
    }
    if event.detail:
        item["detail"] = {"B": event.detail}
    return item


def event_of(item: Item) -> StoredEvent:
    """Return the event of an item."""
    return StoredEvent(
        version=int(item["sk"]["S"][2:]),
        effective_at=int(item["effective_at"]["N"]),
        body=bytes(item["body"]["B"]),
        detail=bytes(item["detail"]["B"]) if "detail" in item else b"",
        hash=bytes(item["hash"]["B"]),
    )


def dedupe_item(
    tenant: str, member: str, version: int, identity: IdempotencyKey, answer: Answer
) -> Item:
    """Return the dedupe record of a write as an item."""
    return _key(keys.dedupe_pk(tenant, identity.key), keys.DEDUPE) | {
        "fingerprint": {"B": identity.fingerprint},
        "status": _number(answer.status),
        "answer": {"B": deflate(answer.body)},
        "member": {"S": member},
        "version": _number(version),
    }


def remembered_of(item: Item) -> Remembered:
    """Return the dedupe record of an item."""
    return Remembered(
        fingerprint=bytes(item["fingerprint"]["B"]),
        answer=Answer(int(item["status"]["N"]), zlib.decompress(item["answer"]["B"])),
        member=item["member"]["S"],
        version=int(item["version"]["N"]),
    )


def record_item(tenant: str, claim: SaveRecord, expires_at: int | None) -> Item:
    """Return a record as an item, which DynamoDB may delete at an instant in seconds, if any."""
    ref = claim.ref
    item = _key(keys.member_pk(tenant, ref.owner), keys.record_sk(ref.kind.name, ref.id)) | {
        "revision": _number(claim.revision),
        _field_of(ref): {"B": _packed(claim.record)},
    }
    if claim.takes:
        taken = {keys.counter_pk(tenant, name): _number(n) for name, n in claim.takes.items()}
        item["takes"] = {"M": taken}
    if claim.listed is not None:
        state, since = claim.listed
        item |= listed_place(tenant, ref.kind.list_of(state), since, ref.listed)
    if expires_at is not None:
        item["expires_at"] = _number(expires_at)
    return item


def record_of(ref: Ref, item: Item) -> Any:
    """Return the record of an item."""
    return ref.kind.decode(zlib.decompress(item[_field_of(ref)]["B"]))


def _field_of(ref: Ref) -> str:
    return "detail" if ref.kind.sealed else "body"


def claimed_item(tenant: str, claim: ClaimKey, version: int) -> Item:
    """Return a claimed key as an item; ``version`` is that of its owner's account then."""
    return _key(keys.claimed_pk(tenant, claim.key), keys.CLAIMED) | {
        "member": {"S": claim.owner},
        "value": {"S": claim.value},
        "version": _number(version),
    }


def holder_of(item: Item) -> KeyHolder:
    """Return who has a claimed key."""
    return KeyHolder(item["member"]["S"], item["value"]["S"])


def counter_item(pk: str, used: int) -> Item:
    """Return a counter as an item."""
    return _key(pk, keys.COUNTER) | {"used": _number(used)}


def _key(pk: str, sk: str) -> Item:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _number(value: int) -> dict[str, Any]:
    return {"N": str(value)}


def _packed(value: msgspec.Struct) -> bytes:
    return deflate(_ENCODER.encode(value))
