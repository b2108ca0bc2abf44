"""Stores with a planted bug each: the real one, whose writes or reads are changed on the way."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, Final

from msgspec.structs import replace

from chalicelib.domain.decide.claims import Claim, RecordKind, TakeFrom
from chalicelib.domain.errors import Conflict
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.domain.mechanics.quoting import QUOTES
from chalicelib.domain.mechanics.redemptions import REDEMPTIONS
from chalicelib.domain.mechanics.remaining import REMAINING
from chalicelib.store import keys
from chalicelib.store.ledger import DynamoLedger
from chalicelib.store.transaction import Rank, Write, transact
from chalicelib.store.writes import writes_of
from chalicelib.usecases.stored import (
    AccountChange,
    AlreadyDone,
    Commit,
    OutcomeUnknown,
    Remembered,
)

_CONDITION: Final = "ConditionExpression"
_VALUES: Final = "ExpressionAttributeValues"


class _Wrapped(DynamoLedger):
    """The real ledger, whose writes a mutant may change before they are sent."""

    def commit(self, commit: Commit) -> None:
        """Write what the mutant makes of a decision."""
        writes = self.writes(commit, writes_of(self._dynamo, commit))
        # A check that checks nothing is none.
        transact(self._dynamo, [write for write in writes if _does_something(write)])

    def writes(self, commit: Commit, writes: list[Write]) -> list[Write]:  # noqa: ARG002 - for mutants
        """Return what is to be written."""
        return writes


class NaiveTwoWrites(_Wrapped):
    """First the account with its events, then the rest: two transactions."""

    def commit(self, commit: Commit) -> None:
        """Write in two steps."""
        writes = writes_of(self._dynamo, commit)
        first = [write for write in writes if write.rank is Rank.VERSION]
        transact(self._dynamo, first)
        if rest := [write for write in writes if write.rank is not Rank.VERSION]:
            transact(self._dynamo, rest)


class NoVersionGuard(_Wrapped):
    """The account is written whatever version it has by now."""

    def writes(self, commit: Commit, writes: list[Write]) -> list[Write]:  # noqa: ARG002
        """Return the writes without the conditions that guard the version."""
        return [_unguarded(write) if write.rank is Rank.VERSION else write for write in writes]


class NoDedupeRecord(_Wrapped):
    """Nothing remembers what was answered."""

    def writes(self, commit: Commit, writes: list[Write]) -> list[Write]:  # noqa: ARG002
        """Return the writes without any record of the answer."""
        return [write for write in writes if write.rank is not Rank.REPLAY]


class UnconditionalExpiry(_Wrapped):
    """What fell due is written over whatever happened in the meantime."""

    def writes(self, commit: Commit, writes: list[Write]) -> list[Write]:
        """Return the writes of a tick without their conditions."""
        return writes if commit.answer else [_unguarded(write) for write in writes]


class ConflictAfterSuccess(_Wrapped):
    """A write that finds its own record says that there is a conflict."""

    def commit(self, commit: Commit) -> None:
        """Write, and refuse what is on record."""
        try:
            super().commit(commit)
        except AlreadyDone:
            raise Conflict("conflict", "This was done already.") from None


class UnknownIsFailure(_Wrapped):
    """A write that was not heard of counts as one that did not happen."""

    def commit(self, commit: Commit) -> None:
        """Write, and refuse what is unknown."""
        try:
            super().commit(commit)
        except OutcomeUnknown:
            raise Conflict("failed", "This could not be done.") from None


class NewIdentityOnRetry(_Wrapped):
    """Each attempt at a write has an identity of its own."""

    _attempts = itertools.count()

    def commit(self, commit: Commit) -> None:
        """Write under another identity."""
        if commit.identity is not None:
            fresh = f"{next(self._attempts):064x}"
            commit = replace(commit, identity=replace(commit.identity, key=fresh), also=None)
        super().commit(commit)


class StockOutside(_Wrapped):
    """Stock is taken and given back beside the transaction."""

    def commit(self, commit: Commit) -> None:
        """Move stock first, then write the rest."""
        stock = [claim for claim in commit.claims if _takes(claim, "stock")]
        if stock:
            alone = replace(commit, claims=stock, identity=None, also=None)
            writes = [w for w in writes_of(self._dynamo, alone) if w.rank is Rank.CLAIM]
            transact(self._dynamo, writes)
        rest = [claim for claim in commit.claims if claim not in stock]
        super().commit(replace(commit, claims=rest))


class BudgetOutside(_Wrapped):
    """What a desk may give is counted by a write of its own, after the credit."""

    def commit(self, commit: Commit) -> None:
        """Write without the budget, then take from it whatever it has."""
        budgets = [claim for claim in commit.claims if _takes(claim, "goodwill")]
        rest = [claim for claim in commit.claims if claim not in budgets]
        super().commit(replace(commit, claims=rest))
        for write in writes_of(self._dynamo, replace(commit, claims=budgets)):
            if write.rank is Rank.CLAIM:
                transact(self._dynamo, [_unguarded(write)])


class RemainingUnguarded(_Wrapped):
    """What is left of an activity is written over whatever another reversal left."""

    def writes(self, commit: Commit, writes: list[Write]) -> list[Write]:  # noqa: ARG002
        """Return the writes without the condition on the revision."""
        return _records_unguarded(REMAINING, writes)


class RedemptionUnguarded(_Wrapped):
    """A redemption is written over whatever else became of it."""

    def writes(self, commit: Commit, writes: list[Write]) -> list[Write]:  # noqa: ARG002
        """Return the writes without the condition on the revision."""
        return _records_unguarded(REDEMPTIONS, writes)


class QuoteUnguarded(_Wrapped):
    """A quote is confirmed whether or not it was meanwhile."""

    def writes(self, commit: Commit, writes: list[Write]) -> list[Write]:  # noqa: ARG002
        """Return the writes without the condition on the revision."""
        return _records_unguarded(QUOTES, writes)


class IndexMovesLater(_Wrapped):
    """Every write files the account where it is due by its own reading."""

    def commit(self, commit: Commit) -> None:
        """Write, and let the index lag behind what is due."""
        if commit.answer:
            commit = replace(commit, changes=[_filed_later(each) for each in commit.changes])
        super().commit(commit)


class IndexForgotten(DynamoLedger):
    """An account of which nothing is due now is taken off the index."""

    def reindex(
        self, tenant: str, member: str, version: int, due_at: Instant | None, *, on_test_clock: bool
    ) -> None:
        """File the account nowhere."""
        del due_at
        super().reindex(tenant, member, version, None, on_test_clock=on_test_clock)


class OneRecordForAll(DynamoLedger):
    """The record of an answer is found under its identity alone, whoever's it is."""

    def commit(self, commit: Commit) -> None:
        """Write the record where every tenant looks."""
        writes = writes_of(self._dynamo, commit)
        for write in writes:
            if write.rank is Rank.REPLAY:
                item = write.request["Item"]
                item["pk"] = {"S": item["pk"]["S"].replace(commit.tenant, "all", 1)}
        transact(self._dynamo, writes)

    def remembered(self, tenant: str, keys_: Sequence[str]) -> tuple[Remembered | None, ...]:  # noqa: ARG002
        """Look where every tenant does."""
        return super().remembered("all", keys_)


class ProfileAfterwards(_Wrapped):
    """What the directory has of a member is written beside the account, after it."""

    def commit(self, commit: Commit) -> None:
        """Write the account and the answer, then the profile."""
        super().commit(replace(commit, profile=None))
        if commit.profile is not None:
            alone = replace(commit, changes=(), claims=(), identity=None, also=None)
            transact(self._dynamo, writes_of(self._dynamo, alone))


class ReceiverAfterwards(_Wrapped):
    """What was sent is credited to the other account in a transaction of its own."""

    def commit(self, commit: Commit) -> None:
        """Write the sender's account and the answer, then the receiver's."""
        own = [change for change in commit.changes if change.member == commit.member]
        super().commit(replace(commit, changes=own))
        for change in commit.changes:
            if change.member != commit.member:
                account = Commit(
                    tenant=commit.tenant,
                    member=change.member,
                    version=change.account.version,
                    changes=[change],
                    on_test_clock=commit.on_test_clock,
                )
                super().commit(account)


class ReceiverUnguarded(_Wrapped):
    """The other account is written whatever version it has by now."""

    def writes(self, commit: Commit, writes: list[Write]) -> list[Write]:
        """Return the writes without the conditions that guard the other account."""
        others = [
            {"S": keys.member_pk(commit.tenant, change.member)}
            for change in commit.changes
            if change.member != commit.member
        ]
        return [
            _unguarded(write) if write.request.get("Item", {}).get("pk") in others else write
            for write in writes
        ]


class UnchangedUnguarded(_Wrapped):
    """An account of the decision that does not change may be another than was read."""

    def commit(self, commit: Commit) -> None:
        """Write what changes, and forget the rest."""
        changes = [change for change in commit.changes if change.events]
        super().commit(replace(commit, changes=changes))


class LookupUnclaimed(_Wrapped):
    """An external id is written over whoever has it."""

    def writes(self, commit: Commit, writes: list[Write]) -> list[Write]:  # noqa: ARG002
        """Return the writes without the condition on the external id."""
        return [
            _unguarded(write)
            if write.rank is Rank.KEY and write.request["TableName"] == self._dynamo.directory
            else write
            for write in writes
        ]


def _takes(claim: Claim, what: str) -> bool:
    return isinstance(claim, TakeFrom) and f"/{what}/" in claim.counter


def _records_unguarded(kind: RecordKind[Any], writes: list[Write]) -> list[Write]:
    prefix = keys.record_sk(kind.name, "")
    return [
        _unguarded(write)
        if write.request.get("Item", {}).get("sk", {}).get("S", "").startswith(prefix)
        else write
        for write in writes
    ]


def _filed_later(change: AccountChange) -> AccountChange:
    return replace(change, indexed_due=change.due_at + 60_000) if change.due_at else change


def _does_something(write: Write) -> bool:
    return not write.request.keys().isdisjoint({"Item", "UpdateExpression", _CONDITION})


def _unguarded(write: Write) -> Write:
    request = dict(write.request)
    request.pop(_CONDITION, None)
    if "UpdateExpression" in request:
        used = request["UpdateExpression"]
        values = {k: v for k, v in request[_VALUES].items() if k in used}
        return write._replace(request=request | {_VALUES: values})
    request.pop(_VALUES, None)
    request.pop("ReturnValuesOnConditionCheckFailure", None)
    return write._replace(request=request)
