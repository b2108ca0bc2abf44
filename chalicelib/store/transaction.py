"""
One transaction, and the one meaning of each way in which it can fail.

DynamoDB gives its reasons in the order of what was sent.  Botocore gives every call a token of its
own, so an attempt that was carried out but not heard of is not carried out again by the SDK's next
attempt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any, Final, NamedTuple

from botocore.exceptions import ClientError

from chalicelib.store import metering
from chalicelib.store.dynamo import BUSY, Dynamo, code_of
from chalicelib.store.metering import Item
from chalicelib.usecases.stored import (
    TRANSACTION_MAX,
    AlreadyDone,
    ClaimRefused,
    Conflicted,
    OutcomeUnknown,
)

ABSENT: Final = "attribute_not_exists(pk)"

_CONDITION: Final = "ConditionalCheckFailed"
# Reasons for which the same transaction may go through a moment later.
_IN_THE_WAY: Final = frozenset(
    {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
)
# Refusals of the whole request: had an earlier attempt been carried out, they would not come.
_REFUSED: Final = frozenset(
    {
        "AccessDeniedException",
        "ResourceNotFoundException",
        "SerializationException",
        "UnrecognizedClientException",
        "ValidationException",
    }
)


class Rank(IntEnum):
    """Where several conditions fail, the one of the lowest rank is what is reported."""

    REPLAY = 0
    KEY = 1
    VERSION = 2
    CLAIM = 3


class Write(NamedTuple):
    """
    One conditional write, and what it means where its condition does not hold.

    ``request`` is DynamoDB's Put or Update, or its Delete where it ``deletes``; ``refused`` makes
    the error out of the item that was in the way, which is given where the request asks for it.
    """

    rank: Rank
    request: dict[str, Any]
    refused: Callable[[Item | None], Exception]
    deletes: bool = False


def put(
    table: str,
    item: Item,
    *,
    condition: str = ABSENT,
    values: Item | None = None,
    tell: bool = False,
) -> dict[str, Any]:
    """Return a conditional Put; ``tell`` asks for the item in the way."""
    request: dict[str, Any] = {
        "TableName": table,
        "Item": item,
        "ConditionExpression": condition,
    }
    if values:
        request["ExpressionAttributeValues"] = values
    if tell:
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    return request


def put_over(table: str, item: Item, counter: str, before: int) -> dict[str, Any]:
    """Return a Put over the item whose ``counter`` is ``before``; 0 is where there is none yet."""
    if before == 0:
        return put(table, item)
    return put(
        table, item, condition=f"{counter} = :before", values={":before": {"N": str(before)}}
    )


def check(table: str, pk: str, sk: str, counter: str, before: int) -> dict[str, Any]:
    """Return a check that an item's ``counter`` is ``before``; 0 is where there is none."""
    request: dict[str, Any] = {
        "TableName": table,
        "Key": {"pk": {"S": pk}, "sk": {"S": sk}},
        "ConditionExpression": ABSENT,
    }
    if before:
        request["ConditionExpression"] = f"{counter} = :before"
        request["ExpressionAttributeValues"] = {":before": {"N": str(before)}}
    return request


def transact(dynamo: Dynamo, writes: Sequence[Write]) -> None:
    """
    Carry out all the writes or none.

    Raises what the failed write of the lowest rank means; `Conflicted` where another transaction
    or the load was in the way; `OutcomeUnknown` where the writes may have been carried out, and
    only then; botocore's ``ClientError`` where DynamoDB refuses for good.
    """
    if len(writes) > TRANSACTION_MAX:
        raise ValueError(
            f"a transaction has {TRANSACTION_MAX} items at most, this one {len(writes)}"
        )
    if cost := metering.active():
        for write in writes:
            cost.wrote(write.request, transactional=True)
    try:
        request = {"TransactItems": [{_action(write): write.request} for write in writes]}
        dynamo.call(
            "TransactWriteItems",
            lambda: dynamo.connection.dispatch("TransactWriteItems", request),
        )
    except ClientError as failure:
        raise _meaning(failure, writes, dynamo) from failure
    except Exception as error:
        # Whatever goes wrong once the request is out, be it an answer that no parser foresaw,
        # leaves open whether it was carried out.  Before that it is a mistake in the program.
        if not dynamo.connection.attempts.sent:
            raise
        raise OutcomeUnknown("the answer could not be read") from error


def _action(write: Write) -> str:
    """Return what DynamoDB calls a write in a transaction."""
    if write.deletes:
        return "Delete"
    if "Item" in write.request:
        return "Put"
    return "Update" if "UpdateExpression" in write.request else "ConditionCheck"


def _meaning(failed: ClientError, sent: Sequence[Write], dynamo: Dynamo) -> Exception:
    """Return what a refusal means; reasons of cancellation follow the order of ``sent``."""
    refusal: Exception = failed
    attempts = dynamo.connection.attempts
    code = code_of(failed)
    reasons = failed.response.get("CancellationReasons") or ()
    # Reasons that do not fit what was sent say nothing of it.
    fits = len(reasons) == len(sent) and all("Code" in reason for reason in reasons)
    if code == "TransactionCanceledException" and fits:
        meaning = _cancelled(sent, reasons)
        # DynamoDB answers a token that was carried out with success: so this one was not.  But
        # an attempt before it of which nothing was heard may be under way, and come too late.
        final = attempts.all_refused or meaning is None
        if final or isinstance(meaning, AlreadyDone) or _names_holder(meaning):
            return meaning or refusal
    if code in _REFUSED and attempts.all_refused:
        return refusal
    # A transaction in progress is ours: an earlier attempt with the same token.
    if code in BUSY and code != "TransactionInProgressException" and attempts.all_refused:
        return Conflicted(f"DynamoDB refused for now: {code}")
    return OutcomeUnknown(f"no usable answer after {attempts.sent} attempts")


def _names_holder(meaning: Exception | None) -> bool:
    return isinstance(meaning, ClaimRefused) and meaning.holder is not None


def _cancelled(sent: Sequence[Write], reasons: Sequence[dict[str, Any]]) -> Exception | None:
    """Return what a cancelled transaction means, or ``None`` where it is for the operator."""
    codes = {reason["Code"] for reason in reasons} - {"None"}
    failed = [
        (write, reason.get("Item"))
        for write, reason in zip(sent, reasons, strict=True)
        if reason["Code"] == _CONDITION
    ]
    first = min(failed, key=lambda each: each[0].rank, default=None)
    if first is not None and first[0].rank < Rank.CLAIM:
        return first[0].refused(first[1])
    if codes & _IN_THE_WAY:
        return Conflicted("another transaction or the load was in the way")
    if first is not None and codes == {_CONDITION}:
        return first[0].refused(first[1])
    return None
