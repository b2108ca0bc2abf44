"""Awards that staff take back, each by itself."""

from __future__ import annotations

from msgspec import Struct

from chalicelib.domain.mechanics.revocations import RevokeAward, Revoked
from chalicelib.domain.programme.fields import Id
from chalicelib.routes.http.calls import answer, carry_out
from chalicelib.routes.http.fields import DryRun, Note, Reason
from chalicelib.routes.http.operation import Body, Call, Reply
from chalicelib.routes.http.resource import Resource
from chalicelib.routes.reversal_views import TakenBackView, taken_back
from chalicelib.routes.views import BalanceView, MovementView, balances, movement
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.stored import Answer

api = Resource("revocations")


class RevocationBody(Body):
    """
    Why it is taken back; ``note`` is sealed.

    Where the event gave several things, ``award`` is the rule or the gift, ``programme`` whose.
    """

    reason: Reason
    award: Id | None = None
    programme: Id | None = None
    note: Note = ""


class RevocationView(Struct, frozen=True):
    """
    What was taken back; ``changed`` is false where nothing of it was left.

    ``returned`` says from where, and ``movements`` what moved.
    """

    member_id: str
    changed: bool
    programme: str
    currency: str
    award: str
    returned: list[TakenBackView]
    movements: list[MovementView]
    balances: list[BalanceView]


@api.post(
    "/members/{member_id}/ledger/{event_version}/revocation",
    name="revoke_award",
    scope="adjustments:write",
    summary="Take one award back, and no other value",
    description=(
        "What an activity, a gift, goodwill or an adjustment gave, named by its event in the "
        "ledger. Visits, tiers, caps and stamps stay. What is spent becomes a deficit, is written "
        "off or refuses it, as the currency's `negative_balance` says. With `dry_run` nothing is "
        "written and the status is 200, as it is where nothing was left to take back."
    ),
    body=RevocationBody,
    query=DryRun,
    answer=RevocationView,
    status=201,
    also=(200,),
    idempotent=True,
    patterns={"event_version": "[1-9][0-9]{0,11}"},
    errors=(
        "member_not_found",
        "account_closed",
        "grant_not_found",
        "award_required",
        "rule_carries",
        "already_spent",
    ),
)
def revoke(call: Call[RevocationBody, DryRun]) -> Reply:
    """Take one award back."""
    body, dry_run = call.body, call.query.dry_run
    command = RevokeAward(
        member=call.path["member_id"],
        version=int(call.path["event_version"]),
        reason=body.reason,
        award=body.award or "",
        programme=body.programme or "",
        note=body.note,
    )

    def present(decided: Decided) -> Answer:
        result: Revoked = decided.results[-1]
        programme, _, currency = result.currency.partition("/")
        view = RevocationView(
            member_id=decided.member,
            changed=result.changed,
            programme=programme,
            currency=currency,
            award=result.award,
            returned=taken_back(result.returned),
            movements=[movement(each) for each in result.event.postings] if result.event else [],
            balances=balances(decided.account, decided.programmes, decided.now, "en"),
        )
        return answer(201 if result.changed and not dry_run else 200, view)

    return carry_out(call, command, present, dry_run=dry_run)
