"""
A decision as conditional writes: the only shapes in which value ever changes.

Each is refused for one reason, which is said beside it; `transaction` picks among several.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, assert_never

from chalicelib.domain.commands import (
    Claim,
    Redemption,
    ReturnStock,
    SaveQuote,
    SaveRedemption,
    SaveRemaining,
    TakeBudget,
    TakeStock,
)
from chalicelib.store import items, keys
from chalicelib.store.directory import put_profile
from chalicelib.store.dynamo import Dynamo
from chalicelib.store.metering import Item
from chalicelib.store.models import LookUpItem
from chalicelib.store.transaction import Rank, Write, put, put_over
from chalicelib.usecases.identity import activity_key
from chalicelib.usecases.ports import (
    AlreadyDone,
    ClaimRefused,
    Commit,
    Conflicted,
    Growth,
    LookUpTaken,
)


def writes_of(dynamo: Dynamo, commit: Commit) -> list[Write]:
    """
    Return everything that a commit writes.

    Raises `TooLarge` where the account would be.
    """
    return [
        *_growth(dynamo, commit, commit),
        *(() if commit.counterparty is None else _growth(dynamo, commit, commit.counterparty)),
        *_dedupe(dynamo, commit),
        *_member(dynamo, commit),
        *(write for claim in commit.claims for write in _claim(dynamo, commit, claim)),
    ]


def _growth(dynamo: Dynamo, commit: Commit, growth: Growth) -> Iterator[Write]:
    versions = [entry.version for entry in growth.entries]
    if versions != list(range(growth.before + 1, growth.account.version + 1)):
        raise ValueError(f"entries {versions} do not lead from {growth.before} to the account")
    account = items.account_item(commit.tenant, growth, on_test_clock=commit.on_test_clock)
    request = put_over(dynamo.ledger, account, "version", growth.before)
    yield Write(Rank.VERSION, request, _moved_on)
    for entry in growth.entries:
        item = items.entry_item(commit.tenant, growth.member, entry)
        yield Write(Rank.VERSION, put(dynamo.ledger, item), _moved_on)


def _dedupe(dynamo: Dynamo, commit: Commit) -> Iterator[Write]:
    for identity in (commit.identity, commit.also):
        if identity is None:
            continue
        if commit.answer is None:
            raise ValueError("a commit with an identity needs the answer to remember")
        item = items.dedupe_item(
            commit.tenant, commit.member, commit.account.version, identity, commit.answer
        )
        yield Write(Rank.REPLAY, put(dynamo.ledger, item, tell=True), _done_already)


def _member(dynamo: Dynamo, commit: Commit) -> Iterator[Write]:
    if commit.profile is not None:
        request = put_profile(dynamo, commit.tenant, commit.profile)
        yield Write(Rank.VERSION, request, _moved_on)
    if commit.look_up is not None:
        pointer = LookUpItem(
            keys.look_up_pk(commit.tenant, commit.look_up), keys.LOOK_UP, member=commit.member
        )
        request = put(dynamo.directory, pointer.serialize(), tell=True)
        yield Write(Rank.LOOK_UP, request, _taken)


def _claim(dynamo: Dynamo, commit: Commit, claim: Claim) -> Iterator[Write]:
    refused = _refuses(claim)
    match claim:
        case SaveRedemption(redemption):
            for request in _redemption(dynamo, commit.tenant, redemption):
                yield Write(Rank.CLAIM, request, refused)
        case TakeStock():
            yield Write(Rank.CLAIM, _take(dynamo, commit.tenant, claim), refused)
        case ReturnStock():
            yield Write(Rank.CLAIM, _return(dynamo, commit.tenant, claim), refused)
        case SaveRemaining():
            yield Write(Rank.CLAIM, _remaining(dynamo, commit.tenant, claim), refused)
        case TakeBudget():
            yield Write(Rank.CLAIM, _budget(dynamo, commit.tenant, claim), refused)
        case SaveQuote(quote):
            forgotten_at = dynamo.forgotten_in(items.QUOTE_KEPT_S)
            item = items.quote_item(commit.tenant, quote, forgotten_at)
            over = put_over(dynamo.work, item, "revision", quote.revision - 1)
            yield Write(Rank.CLAIM, over, refused)
        case _:
            assert_never(claim)


def _redemption(dynamo: Dynamo, tenant: str, redemption: Redemption) -> Iterator[dict[str, Any]]:
    item = items.redemption_item(tenant, redemption)
    if redemption.revision == 1 and redemption.voucher_hash:
        yield put(dynamo.ledger, items.voucher_item(tenant, redemption))
    yield put_over(dynamo.ledger, item, "revision", redemption.revision - 1)


def _take(dynamo: Dynamo, tenant: str, claim: TakeStock) -> dict[str, Any]:
    return {
        "TableName": dynamo.ledger,
        "Key": _stock_key(tenant, claim.programme, claim.reward),
        "UpdateExpression": "SET used = if_not_exists(used, :zero) + :one",
        # Of none at all none can be taken, yet DynamoDB is asked: an answer on record counts first.
        "ConditionExpression": "attribute_not_exists(used) OR used < :limit"
        if claim.limit > 0
        else "used < :limit",
        "ExpressionAttributeValues": {
            ":zero": {"N": "0"},
            ":one": {"N": "1"},
            ":limit": {"N": str(claim.limit)},
        },
    }


def _return(dynamo: Dynamo, tenant: str, claim: ReturnStock) -> dict[str, Any]:
    return {
        "TableName": dynamo.ledger,
        "Key": _stock_key(tenant, claim.programme, claim.reward),
        "UpdateExpression": "SET used = used - :one",
        "ConditionExpression": "used > :zero",
        "ExpressionAttributeValues": {":zero": {"N": "0"}, ":one": {"N": "1"}},
    }


def _budget(dynamo: Dynamo, tenant: str, claim: TakeBudget) -> dict[str, Any]:
    return {
        "TableName": dynamo.work,
        "Key": {"pk": {"S": keys.budget_pk(tenant, claim.name)}, "sk": {"S": keys.BUDGET}},
        "UpdateExpression": (
            "SET used = if_not_exists(used, :zero) + :amount, expires_at = :expires_at"
        ),
        # The domain has refused what is above the limit by itself.
        "ConditionExpression": "attribute_not_exists(used) OR used <= :room",
        "ExpressionAttributeValues": {
            ":zero": {"N": "0"},
            ":amount": {"N": str(claim.amount)},
            ":room": {"N": str(claim.limit - claim.amount)},
            ":expires_at": {"N": str(dynamo.forgotten_in(items.BUDGET_KEPT_S))},
        },
    }


def _remaining(dynamo: Dynamo, tenant: str, claim: SaveRemaining) -> dict[str, Any]:
    previous = claim.remaining.revision - 1
    key = activity_key(claim.source, claim.external_id)
    values = items.remaining_values(claim.remaining)
    # The record must be there: what was never recorded cannot be reversed.
    condition = "attribute_exists(pk) AND attribute_not_exists(revision)"
    if previous > 0:
        condition = "revision = :previous"
        values[":previous"] = {"N": str(previous)}
    return {
        "TableName": dynamo.ledger,
        "Key": {"pk": {"S": keys.dedupe_pk(tenant, key)}, "sk": {"S": keys.DEDUPE}},
        "UpdateExpression": "SET remaining = :remaining, revision = :revision",
        "ConditionExpression": condition,
        "ExpressionAttributeValues": values,
    }


def _stock_key(tenant: str, programme: str, reward: str) -> Item:
    return {"pk": {"S": keys.stock_pk(tenant, programme, reward)}, "sk": {"S": keys.STOCK}}


def _moved_on(_: Item | None) -> Exception:
    return Conflicted("the account moved on since it was read")


def _done_already(item: Item | None) -> Exception:
    # DynamoDB tells the item as asked; without it, reading again finds the record.
    if item is None:
        return Conflicted("the identity is on record")
    return AlreadyDone(items.remembered_of(item))


def _taken(item: Item | None) -> Exception:
    if item is None:
        return Conflicted("the external id is taken")
    return LookUpTaken(item["member"]["S"])


def _refuses(claim: Claim) -> Callable[[Item | None], Exception]:
    def refused(_: Item | None) -> Exception:
        return ClaimRefused(claim)

    return refused
