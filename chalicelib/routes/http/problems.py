"""
Refusals as RFC 9457 problem documents: the stable codes, their titles, and the one mapping to HTTP.

A document is ``{type, title, status, detail, instance, code}``, with ``errors`` (``{pointer |
parameter, detail}``) where the request itself is at fault, and the refusal's own extensions beside
them.  ``type`` is ``/problems/<code>``; ``instance`` names the request, as does ``X-Request-Id``.
Titles are fixed per code; nothing of an unexpected failure reaches the caller.
"""

from __future__ import annotations

from math import ceil
from typing import Any, Final, NamedTuple

import msgspec

from chalicelib.domain.errors import (
    Conflict,
    Forbidden,
    Invalid,
    LoyaltyError,
    Malformed,
    NotFound,
    Stale,
    Throttled,
    TooLarge,
    Unauthorised,
    Unavailable,
    Unsupported,
)

PROBLEM_TYPE: Final = "application/problem+json"

#: Each family of refusal and its status; the first that matches decides, so leaves come first.
STATUSES: Final[tuple[tuple[type[LoyaltyError], int], ...]] = (
    (Malformed, 400),
    (Invalid, 422),
    (Unauthorised, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (Stale, 412),
    (TooLarge, 413),
    (Unsupported, 415),
    (Throttled, 429),
    (Unavailable, 503),
)

#: Seconds that a caller waits when a refusal that may pass does not say how long.
RETRY_AFTER_S: Final = 1


class Code(NamedTuple):
    """
    One stable problem code: the status it comes with, and its fixed title.

    ``extensions`` names, with blanks between, the members that its document has beside the usual
    ones; `refusals.Refusal` says what each is.
    """

    status: int
    title: str
    extensions: str = ""


#: Every code that the API answers with.  Codes are permanent: they are added, never changed.
CODES: Final[dict[str, Code]] = {
    # The request cannot be read.
    "bad_request": Code(400, "The request cannot be read"),
    "malformed_json": Code(400, "The body is not acceptable JSON", "position line column"),
    "idempotency_key_required": Code(400, "An Idempotency-Key header is required"),
    "invalid_idempotency_key": Code(400, "The Idempotency-Key header is unusable"),
    "if_match_required": Code(400, "The revision that was read is required"),
    "invalid_if_match": Code(400, "The If-Match header is unusable"),
    "invalid_cursor": Code(400, "The cursor is not one of this list"),
    # Who is asking.
    "credential_missing": Code(401, "A bearer credential is required"),
    "credential_invalid": Code(401, "The credential does not verify"),
    "key_ended": Code(401, "The last day of the API key is over", "ends_on"),
    "insufficient_scope": Code(403, "The credential lacks the scope", "scope"),
    "not_for_members": Code(403, "Members may not do this", "pointer"),
    "scope_not_held": Code(403, "A key is issued and revoked with scopes that one holds", "scopes"),
    "source_not_allowed": Code(403, "The key may not report under this source", "sources"),
    "location_not_allowed": Code(403, "The location is beyond the credential's", "locations"),
    "limited_to_locations": Code(403, "This is about all locations", "locations"),
    "too_many_drafts": Code(409, "There are too many drafts", "limit"),
    "unknown_purpose": Code(422, "Nobody asks for this consent"),
    "unknown_tenant": Code(403, "The tenant does not exist here"),
    "tenant_taken": Code(409, "The tenant id is taken"),
    "no_test_clock": Code(403, "The tenant has no test clock"),
    "given_by_staff": Code(403, "Staff hand this reward out", "programme reward"),
    "goodwill_not_allowed": Code(403, "The role may give no goodwill", "roles"),
    "goodwill_limit": Code(403, "The role has given what it may in a day", "limit left"),
    "policy_forbids": Code(403, "A law does not allow it", "rule pack left currency"),
    "forbidden": Code(403, "Not allowed"),
    # What is asked for.
    "not_found": Code(404, "Not found"),
    "member_not_found": Code(404, "No such member"),
    "household_not_found": Code(404, "No such household"),
    "not_in_household": Code(404, "The member does not belong to this household"),
    "programme_not_found": Code(404, "No such programme"),
    "version_not_found": Code(404, "No such version of the programme"),
    "reward_not_found": Code(404, "No such reward"),
    "hold_not_found": Code(404, "No such hold"),
    "entitlement_not_found": Code(404, "No such entitlement"),
    "use_not_found": Code(404, "No such use of an entitlement"),
    "plan_not_found": Code(404, "No such plan"),
    "quote_not_found": Code(404, "No such quote"),
    "status_not_found": Code(404, "No such status"),
    "delegate_not_found": Code(404, "No such member to act for another"),
    "redemption_not_found": Code(404, "No such redemption"),
    "voucher_not_found": Code(404, "No such voucher", "pointer"),
    "gift_card_not_found": Code(404, "No such gift card"),
    "gift_card_use_not_found": Code(404, "No such use of a gift card"),
    "activity_not_found": Code(404, "No such activity"),
    "key_not_found": Code(404, "No such API key"),
    "method_not_allowed": Code(405, "The method is not supported here"),
    "stale": Code(412, "The resource has changed"),
    "body_too_large": Code(413, "The body is too large", "limit_bytes"),
    "total_too_large": Code(413, "The total would grow too large", "limit left programme currency"),
    "account_too_large": Code(413, "The account would grow too large", "bytes limit"),
    "programme_too_large": Code(413, "The programme is too large"),
    "unsupported_media_type": Code(415, "The content type is not supported"),
    "invalid_body": Code(422, "The body does not match the schema"),
    "invalid_query": Code(422, "The query does not match the schema"),
    "idempotency_key_reused": Code(422, "The identity was used with another request"),
    "reserved_source": Code(422, "The source is reserved"),
    "invalid_attribute": Code(422, "An attribute cannot be used"),
    "invalid_date": Code(422, "Not a date"),
    "invalid_instant": Code(422, "Not an instant"),
    "date_out_of_range": Code(422, "The date is out of range"),
    "unfit_delegation": Code(422, "Nobody can act like this"),
    "not_at_location": Code(409, "It is not there at this location", "locations programme reward"),
    "invalid_locations": Code(422, "These cannot be the locations"),
    "unknown_location": Code(422, "No such location"),
    "location_closed": Code(422, "The location was closed by then", "until"),
    "location_required": Code(422, "It has to be said at which location", "locations"),
    "unknown_time_zone": Code(422, "No such time zone"),
    "unknown_window": Code(422, "No such window of time"),
    "same_member": Code(422, "Sender and recipient are the same member"),
    "transfer_amount": Code(422, "Too little or too much for one transfer"),
    "unknown_gift_card": Code(422, "No such gift card is sold"),
    "gift_card_amount": Code(422, "Too little or too much for a gift card"),
    "unknown_reason": Code(422, "No such reason for goodwill"),
    "too_much_goodwill": Code(422, "More goodwill than is given at once"),
    "unknown_discount": Code(422, "No such discount to leave out"),
    "unknown_tier": Code(422, "No such tier"),
    "unknown_currency": Code(422, "No such currency"),
    "unknown_programme": Code(422, "No such programme to join"),
    "no_package": Code(409, "The line bought no package with a price"),
    "unknown_line": Code(422, "No such line in the activity"),
    "unusable_line": Code(422, "A line cannot be used"),
    "duplicate_line": Code(422, "A line is given twice"),
    "lines_or_amount": Code(422, "Lines and an amount were named"),
    "no_amount": Code(422, "There is no amount to reverse"),
    "amount_mismatch": Code(422, "The amounts do not add up"),
    "amount_too_large": Code(422, "The amount is too large"),
    "covered_too_much": Code(422, "More is covered than there is"),
    "negative_amount": Code(422, "A sale cannot be below nothing"),
    "currency_mismatch": Code(422, "The currencies differ"),
    "currency_required": Code(422, "A currency is required"),
    "occurred_in_future": Code(422, "It has not happened yet"),
    "backdate_limit": Code(422, "It happened too long ago", "limit_days"),
    "as_of_in_future": Code(422, "That moment has not come yet"),
    "hold_too_long": Code(422, "The hold would last too long", "latest"),
    "consent_required": Code(422, "A consent is required", "programme missing_consents"),
    "not_eligible": Code(422, "The member is not eligible", "programme completed_visits needed"),
    "invalid_programme": Code(422, "The programme does not validate"),
    "invalid_recurrence": Code(422, "The recurrence rule is invalid"),
    "invalid_expression": Code(422, "An expression does not validate"),
    "invalid_succession": Code(422, "The version cannot follow the one before"),
    "effective_too_early": Code(422, "The version would take effect too early"),
    # The moment.
    "too_many_requests": Code(429, "Too many requests", "retry_after"),
    "too_many_guesses": Code(429, "Too many unknown codes", "retry_after"),
    "internal_error": Code(500, "Something failed on our side"),
    "queue_unavailable": Code(503, "The queue did not answer"),
    "unavailable": Code(503, "Not decided; send it again", "retry_after"),
    "store_unavailable": Code(503, "The store is unavailable; send it again", "retry_after"),
    "newer_schema": Code(503, "A newer release wrote this; send it again", "retry_after"),
    # What the state of an account or a resource refuses.
    "conflict": Code(409, "The current state does not allow this"),
    "account_closed": Code(409, "The account is closed"),
    "prepaid_left": Code(409, "Money is left that was paid in", "prepaid"),
    "key_revoked": Code(409, "The key was revoked"),
    "last_administrator": Code(409, "The last key of an administrator"),
    "external_id_taken": Code(409, "Another member has this id"),
    "grant_not_found": Code(404, "No such grant of value"),
    "award_required": Code(422, "Say which award"),
    "rule_carries": Code(409, "The rule counts a sum"),
    "payment_not_found": Code(404, "No such payment"),
    "payment_known": Code(409, "The payment was reported before"),
    "already_spent": Code(409, "The value was spent already", "currency spent"),
    "exceeds_remaining": Code(409, "More than what remains", "pointer remaining"),
    "clock_moves_forward": Code(409, "A test clock only moves forward", "clock"),
    "insufficient_points": Code(
        409, "The balance does not cover this", "programme reward available price missing"
    ),
    "recipient_unavailable": Code(409, "No such member can receive", "programme"),
    "in_another_household": Code(409, "The member belongs to another household"),
    "override_approved": Code(409, "Approved already", "until"),
    "override_not_found": Code(404, "No such override"),
    "person_not_told": Code(422, "Who asks is not told"),
    "second_person_needed": Code(403, "It takes another person"),
    "too_many_overrides": Code(409, "No more overrides", "limit"),
    "unknown_benefit": Code(422, "Nothing of this id is given"),
    "unknown_rule": Code(422, "No rule of this id can be overridden"),
    "too_many_delegates": Code(409, "Nobody more may act", "limit"),
    "household_full": Code(409, "The household is full", "max_members"),
    "transfer_limit": Code(409, "More than may be transferred", "direction window limit left"),
    "limit_reached": Code(409, "The limit is reached", "programme reward window count"),
    "gift_card_not_sold": Code(409, "The gift card is not sold now", "valid_from valid_until"),
    "gift_card_cancelled": Code(409, "The gift card was cancelled"),
    "gift_card_expired": Code(409, "The gift card has expired", "expires_on"),
    "gift_card_used_up": Code(409, "Nothing is left on the gift card", "available"),
    "gift_card_too_little": Code(409, "Too little is left on the gift card", "available missing"),
    "gift_card_use_cancelled": Code(409, "The use was cancelled already"),
    "gift_card_stays": Code(409, "The gift card cannot go into a wallet"),
    "exceeds_hold": Code(409, "The hold is for less", "held"),
    "hold_ended": Code(409, "The hold has ended", "state"),
    "too_many_holds": Code(409, "Too many holds are open", "limit"),
    "already_subscribed": Code(409, "The member has a plan", "programme plan"),
    "not_subscribed": Code(409, "The member has no plan", "programme"),
    "not_entitled": Code(409, "The member does not have this entitlement", "programme entitlement"),
    "token_unknown": Code(404, "No such token"),
    "token_expired": Code(409, "The token ended", "expired_at"),
    "token_used": Code(409, "The token was used"),
    "quota_exhausted": Code(409, "None of it is left", "programme entitlement left resets_on"),
    "too_late_to_return": Code(409, "The use is too old to be given back", "until"),
    "transfer_waits": Code(
        409, "What was earned may still be refunded", "available transferable refund_days"
    ),
    "plan_state": Code(409, "The plan's state does not allow this", "state"),
    "another_fee_due": Code(409, "Another fee is due", "plan from_on"),
    "too_many_fees": Code(409, "Too many periods are paid ahead", "limit"),
    "too_many_grants": Code(409, "The member holds too many grants"),
    "not_a_draft": Code(409, "The version is no draft"),
    "not_enrolled": Code(409, "The member is not enrolled", "programme"),
    "out_of_stock": Code(409, "The reward is out of stock", "programme reward"),
    "quote_confirmed": Code(409, "The quote was confirmed already", "quote"),
    "quote_expired": Code(409, "The quote has expired", "expired_at"),
    "quote_stale": Code(409, "What the quote would use is gone", "currency available"),
    "reward_not_available": Code(
        409, "The reward is not available now", "programme reward valid_from valid_until"
    ),
    "tier_held": Code(409, "The tier is held already", "programme tier"),
    "tier_required": Code(409, "The reward needs another tier", "programme reward tier"),
    "version_taken": Code(409, "The version number is taken"),
    "voucher_cancelled": Code(409, "The voucher was cancelled", "redemption pointer"),
    "voucher_expired": Code(409, "The voucher has expired", "redemption expires_on pointer"),
    "nothing_to_fulfil": Code(409, "There are no goods to fulfil", "redemption"),
    "fulfilled_further": Code(409, "The goods are further already", "redemption state"),
    "goods_sent": Code(409, "The goods are on their way", "redemption"),
    "voucher_used": Code(409, "The voucher was used already", "redemption pointer"),
}

_FAMILY_TITLES: Final = {
    400: CODES["bad_request"].title,
    401: CODES["credential_invalid"].title,
    403: CODES["forbidden"].title,
    404: CODES["not_found"].title,
    409: CODES["conflict"].title,
    412: CODES["stale"].title,
    413: "Over a documented limit",
    415: CODES["unsupported_media_type"].title,
    422: "The request can never succeed as it stands",
    429: CODES["too_many_requests"].title,
    503: CODES["unavailable"].title,
}

#: What the framework's own answers become: the status says all that the caller may know.
FRAMEWORK_PROBLEMS: Final[dict[int, tuple[str, str]]] = {
    400: ("bad_request", "The request cannot be read."),
    401: ("credential_missing", "Send `Authorization: Bearer <token>`."),
    403: ("forbidden", "This request is not allowed."),
    404: ("not_found", "There is nothing at this path."),
    405: ("method_not_allowed", "This path does not support the method; see the Allow header."),
    413: ("body_too_large", "The body is over the limit."),
    415: ("unsupported_media_type", "Send the body as application/json."),
    429: ("too_many_requests", "Slow down and send it again."),
}

_RESERVED: Final = frozenset({"type", "title", "status", "detail", "instance", "code", "errors"})


class Problem(NamedTuple):
    """A refusal ready to send: its status, its code, the encoded document and its own headers."""

    status: int
    code: str
    body: bytes
    headers: dict[str, str]


def status_of(error: LoyaltyError) -> int:
    """Return the HTTP status of a refusal, by its family."""
    return next((status for family, status in STATUSES if isinstance(error, family)), 500)


def problem_of(error: LoyaltyError, correlation_id: str) -> Problem:
    """Return the problem document of a refusal; its extensions become members of the document."""
    status = status_of(error)
    known = CODES.get(error.code)
    document: dict[str, Any] = {
        "type": f"/problems/{error.code}",
        "title": known.title if known else _FAMILY_TITLES.get(status, "Refused"),
        "status": status,
        "detail": error.message,
        "instance": f"urn:tessera:request:{correlation_id}",
        "code": error.code,
    }
    if isinstance(error, Invalid) and error.errors:
        document["errors"] = error.errors
    document.update({k: v for k, v in error.extensions.items() if k not in _RESERVED})
    body = msgspec.json.encode(document, enc_hook=str)
    return Problem(status, error.code, body, _headers(error, status))


def bare_problem(status: int, correlation_id: str) -> Problem:
    """Return the problem document for a status that the framework or the gateway decided."""
    code, detail = FRAMEWORK_PROBLEMS.get(
        status,
        ("internal_error", "Quote the request id when you report this."),
    )
    document = {
        "type": f"/problems/{code}",
        "title": CODES[code].title,
        "status": status,
        "detail": detail,
        "instance": f"urn:tessera:request:{correlation_id}",
        "code": code,
    }
    return Problem(status, code, msgspec.json.encode(document), {})


def _headers(error: LoyaltyError, status: int) -> dict[str, str]:
    if status in {429, 503}:
        return {
            "Retry-After": str(max(1, ceil(error.extensions.get("retry_after", RETRY_AFTER_S))))
        }
    if error.code == "credential_missing":
        return {"WWW-Authenticate": 'Bearer realm="tessera"'}
    if isinstance(error, Unauthorised):
        return {"WWW-Authenticate": 'Bearer realm="tessera", error="invalid_token"'}
    if error.code == "insufficient_scope":
        challenge = f'error="insufficient_scope", scope="{error.extensions["scope"]}"'
        return {"WWW-Authenticate": f'Bearer realm="tessera", {challenge}'}
    return {}
