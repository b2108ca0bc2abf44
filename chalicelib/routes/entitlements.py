"""What a member may use, how far stamp cards are, and each use of an entitlement."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

from chalicelib.domain.mechanics.discounts import TierDiscount
from chalicelib.domain.mechanics.entitlement_uses import (
    Returned,
    ReturnEntitlement,
    Used,
    UseEntitlement,
)
from chalicelib.domain.mechanics.entitlements import GrantEntitlement, Held
from chalicelib.domain.mechanics.stamp_cards import CardProgress
from chalicelib.domain.programme.fields import Days, Id, text_in
from chalicelib.routes.http.calls import answer, caller_of, carry_out, page_of, services_of
from chalicelib.routes.http.fields import Note, OptionalReason, Reason, Token
from chalicelib.routes.http.operation import Body, Call, Page, Reply
from chalicelib.routes.http.resource import Resource
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.read_benefits import read_benefits
from chalicelib.usecases.stored import Answer

api = Resource("entitlements")

Units = Annotated[int, Meta(ge=1, le=1000)]


class GrantedUnitsView(Struct, frozen=True, omit_defaults=True):
    """Units that lapse together."""

    units: int
    expires_on: str | None = None


class TierDiscountView(Struct, frozen=True):
    """What a discount takes off: ``percent``, or what is above the ``prices`` of a unit by SKU."""

    percent: int | None
    prices: dict[str, int]


class MemberEntitlementView(Struct, frozen=True):
    """
    One entitlement, or a discount that the tier brings: that has an ``off``, and nobody uses it.

    ``left`` is what remains of quota and grants, null where it is without limit; ``resets_on`` the
    local day on which the quota is renewed.
    """

    programme: str
    entitlement: str
    name: str
    description: str
    kind: str
    left: int | None
    quota_left: int | None
    resets_on: str | None
    grants: list[GrantedUnitsView]
    off: TierDiscountView | None
    metadata: dict[str, str]


class MemberEntitlementsView(Struct, frozen=True):
    """Everything that a member may use, from tiers and grants."""

    member_id: str
    entitlements: list[MemberEntitlementView]
    next_cursor: str | None


class MemberStampCardView(Struct, frozen=True):
    """How far a card is: ``on_card`` of ``size``, below zero where stamps are owed."""

    programme: str
    card: str
    name: str
    on_card: int
    size: int
    full_cards: int
    metadata: dict[str, str]


class MemberStampCardsView(Struct, frozen=True):
    """Every stamp card of the member's programmes."""

    member_id: str
    stamp_cards: list[MemberStampCardView]
    next_cursor: str | None


class EntitlementUseBody(Body):
    """What is used, and for what; ``reference`` is sealed."""

    programme: Id
    entitlement: Id
    units: Units = 1
    reference: Token = ""


class EntitlementUseView(Struct, frozen=True):
    """A use; ``use_id`` is what gives it back."""

    member_id: str
    use_id: str
    units: int
    entitlement: MemberEntitlementView


class EntitlementReturnBody(Body):
    """Why a use is given back."""

    reason: OptionalReason = ""
    note: Note = ""


class EntitlementReturnView(Struct, frozen=True):
    """What came back; ``changed`` is false where it had come back before."""

    member_id: str
    programme: str
    entitlement: str
    changed: bool
    units: int


class EntitlementGrantBody(Body):
    """How many units, usable through so many days after today, and why; ``note`` is sealed."""

    programme: Id
    entitlement: Id
    reason: Reason
    units: Units = 1
    valid_days: Days | None = None
    note: Note = ""


class EntitlementGrantView(Struct, frozen=True):
    """The entitlement as it is after the grant."""

    member_id: str
    version: int
    entitlement: MemberEntitlementView


#: Why nothing can be done with an entitlement at all.
ENTITLEMENT_REFUSALS: Final = (
    "member_not_found",
    "account_closed",
    "programme_not_found",
    "not_enrolled",
    "entitlement_not_found",
)


@api.get(
    "/members/{member_id}/entitlements",
    name="list_entitlements",
    scope="entitlements:read",
    summary="List what a member may use",
    description=(
        "From the tier held and from grants, of every programme that the member joined; then the "
        "discounts that tiers bring, which quotes take off by themselves."
    ),
    query=Page,
    answer=MemberEntitlementsView,
    member_may=True,
    delegates="balance",
)
def listed(call: Call[None, Page]) -> Reply:
    """Return every entitlement that is held now."""
    member = call.path["member_id"]
    found = read_benefits(services_of(call), caller_of(call), member)
    shown = [_view(each, call.locale) for each in found.held]
    shown += [_discount(programme, each, call.locale) for programme, each in found.discounts]
    page, cursor = page_of(call, shown, _key)
    return Reply(MemberEntitlementsView(member, list(page), cursor))


def _key(shown: MemberEntitlementView) -> str:
    """Return the key of what is listed: a discount may have the id of an entitlement."""
    kind = "entitlement" if shown.off is None else "discount"
    return f"{shown.programme}/{kind}/{shown.entitlement}"


@api.get(
    "/members/{member_id}/stamp-cards",
    name="list_stamp_cards",
    scope="entitlements:read",
    summary="Read a member's stamp cards",
    description="Of every programme that the member joined, also those without a stamp.",
    query=Page,
    answer=MemberStampCardsView,
    member_may=True,
    delegates="balance",
)
def stamp_cards(call: Call[None, Page]) -> Reply:
    """Return every card, also one without a stamp."""
    member = call.path["member_id"]
    found = read_benefits(services_of(call), caller_of(call), member).cards
    page, cursor = page_of(call, found, lambda each: f"{each.programme}/{each.card.id}")
    shown = [_card(each, call.locale) for each in page]
    return Reply(MemberStampCardsView(member, shown, cursor))


@api.post(
    "/members/{member_id}/entitlement-uses",
    name="use_entitlement",
    scope="entitlements:write",
    summary="Use an entitlement",
    description="Each unit is used once, also where many ask at the same time.",
    body=EntitlementUseBody,
    answer=EntitlementUseView,
    status=201,
    idempotent=True,
    errors=(*ENTITLEMENT_REFUSALS, "not_entitled", "quota_exhausted", "policy_forbids"),
)
def use(call: Call[EntitlementUseBody]) -> Reply:
    """Take from the quota first, then from grants."""
    body = call.body
    command = UseEntitlement(
        member=call.path["member_id"],
        programme=body.programme,
        entitlement=body.entitlement,
        units=body.units,
        reference=body.reference,
    )
    return carry_out(call, command, present_use)


def present_use(decided: Decided) -> Answer:
    """Answer a use, by itself or by a token."""
    used: Used = decided.results[-1]
    member, version = decided.member, decided.version
    return answer(201, EntitlementUseView(member, str(version), used.units, _view(used.held, "en")))


@api.post(
    "/members/{member_id}/entitlement-uses/{use_id}/cancellation",
    name="return_entitlement",
    scope="entitlements:write",
    summary="Give a use back",
    description="Once, and within a month; giving it back again changes nothing.",
    body=EntitlementReturnBody,
    answer=EntitlementReturnView,
    idempotent=True,
    patterns={"use_id": "[1-9][0-9]{0,11}"},
    errors=("member_not_found", "account_closed", "use_not_found", "too_late_to_return"),
)
def give_back(call: Call[EntitlementReturnBody]) -> Reply:
    """Give units back to where they came from, if that is still there."""

    def present(decided: Decided) -> Answer:
        result: Returned = decided.results[-1]
        view = EntitlementReturnView(
            decided.member, result.programme, result.entitlement, result.changed, result.units
        )
        return answer(200, view)

    command = ReturnEntitlement(
        member=call.path["member_id"],
        use=int(call.path["use_id"]),
        reason=call.body.reason,
        note=call.body.note,
    )
    return carry_out(call, command, present)


@api.post(
    "/members/{member_id}/entitlement-grants",
    name="grant_entitlement",
    scope="entitlements:grant",
    summary="Grant an entitlement by hand, with a reason",
    description="The units are used like any others.",
    body=EntitlementGrantBody,
    answer=EntitlementGrantView,
    status=201,
    idempotent=True,
    errors=(*ENTITLEMENT_REFUSALS, "too_many_grants"),
)
def grant(call: Call[EntitlementGrantBody]) -> Reply:
    """Give units that are used like any others."""
    body = call.body
    command = GrantEntitlement(
        member=call.path["member_id"],
        programme=body.programme,
        entitlement=body.entitlement,
        units=body.units,
        valid_days=body.valid_days,
        reason=body.reason,
        note=body.note,
    )

    def present(decided: Decided) -> Answer:
        held: Held = decided.results[-1]
        return answer(201, EntitlementGrantView(decided.member, decided.version, _view(held, "en")))

    return carry_out(call, command, present)


def _view(held: Held, locale: str) -> MemberEntitlementView:
    entitlement = held.entitlement
    return MemberEntitlementView(
        programme=held.programme,
        entitlement=entitlement.id,
        name=text_in(entitlement.name, locale),
        description=text_in(entitlement.description, locale),
        kind=entitlement.kind,
        left=held.left,
        quota_left=held.quota_left,
        resets_on=held.resets_on,
        grants=[GrantedUnitsView(units, day) for day, units in held.by_day.items()],
        off=None,
        metadata=entitlement.metadata,
    )


def _discount(programme: str, brought: TierDiscount, locale: str) -> MemberEntitlementView:
    discount = brought.discount
    return MemberEntitlementView(
        programme=programme,
        entitlement=discount.id,
        name=text_in(discount.name, locale),
        description="",
        kind="discount",
        left=None,
        quota_left=None,
        resets_on=None,
        grants=[],
        off=TierDiscountView(brought.percent, brought.prices),
        metadata=discount.metadata,
    )


def _card(progress: CardProgress, locale: str) -> MemberStampCardView:
    card = progress.card
    return MemberStampCardView(
        progress.programme,
        card.id,
        text_in(card.name, locale),
        progress.on_card,
        card.size,
        progress.full,
        card.metadata,
    )
