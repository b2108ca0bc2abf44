"""
A decision as conditional writes: the only shapes in which value ever changes.

Each is refused for one reason, which is said beside it; `transaction` picks among several.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, assert_never

from chalicelib.domain.decide.claims import Claim, ClaimKey, SaveRecord, TakeFrom
from chalicelib.store import items, keys
from chalicelib.store.directory import delete_lookup, put_lookup, put_profile
from chalicelib.store.dynamo import Dynamo
from chalicelib.store.metering import Item
from chalicelib.store.transaction import Rank, Write, check, put, put_over
from chalicelib.usecases.stored import AccountChange, AlreadyDone, ClaimRefused, Commit, Conflicted

_DAY_S: Final = 86_400


def writes_of(dynamo: Dynamo, commit: Commit) -> list[Write]:
    """
    Return everything that a commit writes.

    Raises `TooLarge` where the account would be.
    """
    writes = [
        *(write for change in commit.changes for write in _change(dynamo, commit, change)),
        *_dedupe(dynamo, commit),
        *_profile(dynamo, commit),
        *(_claim(dynamo, commit, claim) for claim in commit.claims),
    ]
    targets = [_target(write.request) for write in writes]
    if len(set(targets)) < len(targets):
        raise ValueError("a decision writes each thing once")
    return writes


def _target(request: dict[str, Any]) -> tuple[str, str, str]:
    key: Item = request.get("Item") or request["Key"]
    return request["TableName"], key["pk"]["S"], key["sk"]["S"]


def _change(dynamo: Dynamo, commit: Commit, change: AccountChange) -> Iterator[Write]:
    versions = [event.version for event in change.events]
    if versions != list(range(change.before + 1, change.account.version + 1)):
        raise ValueError(f"events {versions} do not lead from {change.before} to the account")
    if not change.events:
        # What was decided holds only while it is so: reads of several items are no snapshot.
        pk = keys.member_pk(commit.tenant, change.member)
        request = check(dynamo.ledger, pk, keys.ACCOUNT, "version", change.before)
        yield Write(Rank.VERSION, request, _moved_on)
        return
    account = items.account_item(
        commit.tenant,
        change,
        on_test_clock=commit.on_test_clock,
        into_reserve=commit.into_reserve,
    )
    request = put_over(dynamo.ledger, account, "version", change.before)
    yield Write(Rank.VERSION, request, _moved_on)
    for event in change.events:
        item = items.event_item(commit.tenant, change.member, event)
        yield Write(Rank.VERSION, put(dynamo.ledger, item), _moved_on)
    if change.is_checkpoint:
        checkpoint = items.checkpoint_item(commit.tenant, change, account)
        yield Write(Rank.VERSION, put(dynamo.ledger, checkpoint), _moved_on)


def _dedupe(dynamo: Dynamo, commit: Commit) -> Iterator[Write]:
    for identity in (commit.identity, commit.also):
        if identity is None:
            continue
        if commit.answer is None:
            raise ValueError("a commit with an identity needs the answer to remember")
        item = items.dedupe_item(
            commit.tenant, commit.member, commit.version, identity, commit.answer
        )
        yield Write(Rank.REPLAY, put(dynamo.ledger, item, tell=True), _done_already)


def _profile(dynamo: Dynamo, commit: Commit) -> Iterator[Write]:
    if commit.profile is not None:
        request = put_profile(dynamo, commit.tenant, commit.profile)
        yield Write(Rank.VERSION, request, _moved_on)
    if commit.freed is not None:
        request = delete_lookup(dynamo, commit.tenant, commit.freed, commit.member)
        yield Write(Rank.VERSION, request, _moved_on, deletes=True)


def _claim(dynamo: Dynamo, commit: Commit, claim: Claim) -> Write:
    match claim:
        case SaveRecord():
            return Write(Rank.CLAIM, _record(dynamo, commit.tenant, claim), _refuses(claim))
        case TakeFrom():
            return Write(Rank.CLAIM, _take(dynamo, commit.tenant, claim), _refuses(claim))
        case ClaimKey():
            return Write(Rank.KEY, _key(dynamo, commit, claim), _refuses(claim))
        case _:
            assert_never(claim)


def _record(dynamo: Dynamo, tenant: str, claim: SaveRecord) -> dict[str, Any]:
    table, expires_at = lifetime(dynamo, claim.ref.kind.kept_days)
    item = items.record_item(tenant, claim, expires_at)
    return put_over(table, item, "revision", claim.revision - 1)


def _take(dynamo: Dynamo, tenant: str, claim: TakeFrom) -> dict[str, Any]:
    table, expires_at = lifetime(dynamo, claim.kept_days)
    values: Item = {":amount": {"N": str(claim.amount)}}
    if claim.amount < 0:
        change, condition = "used = used + :amount", "used >= :given"
        values[":given"] = {"N": str(-claim.amount)}
    else:
        room = claim.limit - claim.amount
        change, condition = "used = if_not_exists(used, :zero) + :amount", "used <= :room"
        values |= {":zero": {"N": "0"}, ":room": {"N": str(room)}}
        if room >= 0:
            # Otherwise DynamoDB is asked all the same: an answer on record counts first.
            condition = f"attribute_not_exists(used) OR {condition}"
    if expires_at is not None:
        change += ", expires_at = :expires_at"
        values[":expires_at"] = {"N": str(expires_at)}
    return {
        "TableName": table,
        "Key": {"pk": {"S": keys.counter_pk(tenant, claim.counter)}, "sk": {"S": keys.COUNTER}},
        "UpdateExpression": f"SET {change}",
        "ConditionExpression": condition,
        "ExpressionAttributeValues": values,
        # How much is left is told in the answer that refuses it, for no call more.
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def _key(dynamo: Dynamo, commit: Commit, claim: ClaimKey) -> dict[str, Any]:
    if claim.personal:
        return put_lookup(dynamo, commit.tenant, claim.key, claim.owner, claim.instead_of)
    versions = {change.member: change.account.version for change in commit.changes}
    if claim.owner not in versions:
        raise ValueError("a key is claimed for an account that changes with it")
    item = items.claimed_item(commit.tenant, claim, versions[claim.owner])
    return put(dynamo.ledger, item, tell=True)


def lifetime(dynamo: Dynamo, kept_days: int | None) -> tuple[str, int | None]:
    """Return the table of what is kept for so long, and when it may be deleted, in seconds."""
    if kept_days is None:
        return dynamo.ledger, None
    return dynamo.work, dynamo.forgotten_in(kept_days * _DAY_S)


def _moved_on(_: Item | None) -> Exception:
    return Conflicted("the account moved on since it was read")


def _done_already(item: Item | None) -> Exception:
    # DynamoDB tells the item as asked; without it, reading again finds the record.
    if item is None:
        return Conflicted("the identity is on record")
    return AlreadyDone(items.remembered_of(item))


def _refuses(claim: Claim) -> Callable[[Item | None], Exception]:
    def refused(item: Item | None) -> Exception:
        if isinstance(claim, TakeFrom):
            used = 0 if item is None else int(item["used"]["N"])
            return ClaimRefused(claim, left=max(claim.limit - used, 0))
        if not isinstance(claim, ClaimKey):
            return ClaimRefused(claim)
        if item is None:
            # DynamoDB tells the item as asked; without it, reading again finds the holder.
            return Conflicted("the key is taken")
        return ClaimRefused(claim, item["member"]["S"])

    return refused
