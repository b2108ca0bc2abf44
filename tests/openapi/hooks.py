"""
What schemathesis cannot know of the API from its document.

A schema knows no calendar, no tenant's programmes and no request but its own.  So a request that
fits its schema is given a meaning here before it is sent, and where it is refused all the same, the
refusals that are about meaning are no contradiction.  Those about form still are.
"""

from __future__ import annotations

import itertools
import json
import re
import sys
from pathlib import Path
from typing import Any, Final

import schemathesis
from schemathesis.core.failures import Failure
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode
from schemathesis.hooks import HookContext

# It is loaded by its path, from a directory of its own.
sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.catalogue.catalogue import meanings, programme
from tests.catalogue.example import TIMES
from tests.catalogue.stage import filled

Case = schemathesis.Case[Any]

# Where the test clock stands from the first phase on: the document's examples move it by a day.
_NOW: Final = "2026-03-03T10:00:00Z"
_CODE: Final = re.compile("[A-Z]{3}")
_MONEY: Final = programme()["money"]["currency"]
_numbers: Final = itertools.count(1)

# What a field of a name means, wherever it stands: a time, or what examples say of it.
_TIMES: Final = {name: _NOW[:length] for name, (_, length) in TIMES.items()}
# A draft is one of the programme that is in force: any other would not be found until published.
_MEANINGS: Final = {**filled(meanings(), _TIMES), "document": programme()}

# Refusals of a request that says nothing unknown, but cannot be followed.
_ABOUT_MEANING: Final = frozenset(
    {
        "amount_mismatch",
        "amount_too_large",
        "as_of_in_future",
        "covered_too_much",
        "currency_mismatch",
        "currency_required",
        "date_out_of_range",
        "duplicate_line",
        "effective_too_early",
        "gift_card_amount",
        "idempotency_key_reused",
        # The revision is named in a header or in the body; no schema says "one of both".
        "if_match_required",
        "invalid_cursor",
        # A pattern takes the 30th of February for a day.
        "invalid_date",
        "invalid_instant",
        "invalid_succession",
        "negative_amount",
        "stale",
        "transfer_amount",
        "unknown_currency",
        "unknown_gift_card",
        "unknown_purpose",
        "unknown_tier",
    }
)
# Of two fields both alike, or one of them alone: that is not said in the schema.
_BESIDE: Final = ("/currency", "/unused")


@schemathesis.hook
def map_case(context: HookContext, case: Case) -> Case:  # noqa: ARG001
    """Give a well-formed request a meaning and an identity of its own."""
    if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return case
    if isinstance(case.body, dict):
        case.body = _meant(case.body)
    if "as_of" in case.query:
        case.query["as_of"] = _NOW
    # Left out it is right for a dry run alone, which no schema says.
    dry_run = str(case.query.get("dry_run")).lower() == "true"
    if "Idempotency-Key" in case.headers or (
        "Idempotency-Key" in case.operation.headers and not dry_run
    ):
        case.headers["Idempotency-Key"] = f"key-{next(_numbers)}"
    return case


@schemathesis.hook
def filter_failure(
    context: HookContext,  # noqa: ARG001
    failure: Failure,
    case: Case,
    response: Response,
) -> bool:
    """
    Tell whether a failure is one: not where a well-formed request is refused for its meaning.

    As of an instant before something was created, it is rightly not found; nor is a member whom the
    body alone names.  And what is wrong with one of many is refused within the answer.
    """
    if type(failure).__name__ == "EnsureResourceAvailability":
        return "as_of" not in case.query and not _names_nobody(case, response)
    if type(failure).__name__ == "AcceptedNegativeData":
        return not _refused_one_by_one(response)
    if type(failure).__name__ != "RejectedPositiveData":
        return True
    try:
        problem = json.loads(response.content)
    except ValueError:
        return True
    pointers = [error.get("pointer", "") for error in problem.get("errors", [])]
    beside = pointers and all(pointer.endswith(_BESIDE) for pointer in pointers)
    about_meaning = problem["code"] in _ABOUT_MEANING
    return not (about_meaning or (problem["code"] == "invalid_body" and beside))


def _names_nobody(case: Case, response: Response) -> bool:
    named = case.body.get("member_id") if isinstance(case.body, dict) else None
    return bool(named) and json.loads(response.content).get("code") == "member_not_found"


def _refused_one_by_one(response: Response) -> bool:
    answered = json.loads(response.content)
    return any(each["result"] == "refused" for each in answered.get("results", ()))


def _meant(value: Any, name: str = "") -> Any:
    if name == "currency" and _CODE.fullmatch(str(value)):
        return _MONEY
    # What is null is left out.
    if name in _MEANINGS and value is not None:
        return _MEANINGS[name]
    if isinstance(value, dict):
        return {field: _meant(item, field) for field, item in value.items()}
    if isinstance(value, list):
        return [_meant(item) for item in value]
    return value
