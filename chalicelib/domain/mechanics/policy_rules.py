"""The policy packs of a document: what is wrong with them, what they forbid, and their words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from chalicelib.domain.ledger.money import Money
from chalicelib.domain.mechanics import entitlements
from chalicelib.domain.mechanics.policy_terms import SECTION, followed_by
from chalicelib.domain.pointer import join
from chalicelib.domain.policies.pack import MostEach, MostYearly, NoCash, Pack, Rule, names
from chalicelib.domain.programme.document import LegalException, Programme, Reward
from chalicelib.domain.programme.references import reference
from chalicelib.domain.violations import Violation

if TYPE_CHECKING:
    from chalicelib.domain.programme.wording import Composer, Description, Message

#: The kind of what is worth nothing in money, such as a place in the queue.
PRIVILEGE: Final = "privilege"


def problems(programme: Programme) -> Iterator[Violation]:
    """Yield what is wrong with the packs of a document, and what they have to know of it."""
    named = [each.pack for each in SECTION.of(programme)]
    for place, name in enumerate(named):
        at = join("/policies", place, "pack")
        if name in named[:place]:
            yield Violation(at, f"is followed already: name `{name}` once")
        yield from reference(name, names(), "policy pack", at)
    followed = followed_by(programme) if {*named} <= {*names()} else ()
    for place, each in enumerate(followed):
        if programme.money.currency != each.currency:
            at, unit = join("/policies", place, "pack"), programme.money.currency
            yield Violation(at, f"counts in {each.currency}, and the programme in {unit}")
    for place, reward in enumerate(programme.rewards):
        at = join("/rewards", place)
        if reward.gives is None:
            yield from _worth(followed, reward.kind, reward.retail_value, at)
        elif reward.retail_value is not None:
            detail = "leave it out: what is given counts when it is used"
            yield Violation(join(at, "retail_value"), detail)
        yield from _exception(followed, reward, join(at, "exception"))
    for place, entitlement in enumerate(entitlements.SECTION.of(programme)):
        at = join("/entitlements", place)
        yield from _worth(followed, entitlement.kind, entitlement.retail_value, at)


def _worth(
    followed: Iterable[Pack], kind: str, retail_value: int | None, at: str
) -> Iterator[Violation]:
    if kind == PRIVILEGE:
        if retail_value:
            detail = "is that of a privilege, which is worth nothing: give it another `kind`"
            yield Violation(join(at, "retail_value"), detail)
    elif retail_value is None:
        for each in followed:
            detail = f"is missing, and {each.id} counts it: say what it is worth in a shop"
            yield Violation(join(at, "retail_value"), detail)


def _exception(followed: tuple[Pack, ...], reward: Reward, at: str) -> Iterator[Violation]:
    if reward.exception is None:
        return
    if not followed:
        yield Violation(at, "is of a policy pack, and none is followed: name one in `policies`")
        return
    known = {code: terms for each in followed for code, terms in each.exceptions.items()}
    yield from reference(reward.exception.code, tuple(known), "exception", join(at, "code"))
    terms = known.get(reward.exception.code)
    if terms is not None and terms.public_terms and not reward.exception.public_terms:
        yield Violation(join(at, "public_terms"), "must be true: this exception takes equal terms")


def warnings(programme: Programme) -> Iterator[Violation]:
    """Yield what a valid document offers that a pack forbids to some members."""
    for followed in followed_by(programme):
        whom = ", ".join(sorted(followed.payers))
        for each in offered(programme):
            for rule in against(followed, each):
                field = "cash_equivalent" if isinstance(rule, NoCash) else "retail_value"
                at = join("", each.section, each.place, field)
                yield Violation(at, f"{rule.id} forbids it to members of {whom}")


class Offered(NamedTuple):
    """A reward or an entitlement as a pack sees it, at its ``place`` in a section."""

    section: str
    place: int
    id: str
    kind: str
    worth: int
    is_cash: bool = False
    exception: LegalException | None = None
    counts_later: bool = False


def offered(programme: Programme) -> Iterator[Offered]:
    """Yield all that packs look at; what a reward gives counts later, when it is used."""
    for place, reward in enumerate(programme.rewards):
        yield Offered(
            "rewards",
            place,
            reward.id,
            reward.kind,
            reward.retail_value or 0,
            reward.cash_equivalent,
            reward.exception,
            counts_later=reward.gives is not None,
        )
    for place, each in enumerate(entitlements.SECTION.of(programme)):
        yield Offered("entitlements", place, each.id, each.kind, each.retail_value or 0)


def against(followed: Pack, each: Offered) -> Iterator[Rule]:
    """Yield the rules by which nobody whom a pack protects can have what is offered."""
    for rule in followed.rules:
        match rule:
            case NoCash() if each.is_cash and each.worth:
                yield rule
            case MostEach(amount=most) | MostYearly(amount=most):
                if each.worth > most and each.exception is None:
                    yield rule


def words(compose: Composer) -> Iterator[Description]:
    """Tell members of the laws that limit what they are given."""
    for followed in followed_by(compose.programme):
        yield compose.describe(
            "policy", followed.id, dict(followed.name), *_said(compose, followed)
        )


def _said(compose: Composer, followed: Pack) -> Iterator[Message]:
    yield compose.message("policies-whom")
    for rule in followed.rules:
        match rule:
            case NoCash():
                yield compose.message("policies-cash")
            case MostEach(amount=amount):
                value = Money(amount, followed.currency)
                yield compose.message("policies-each", value=value)
            case MostYearly(amount=amount):
                value = Money(amount, followed.currency)
                yield compose.message("policies-year", value=value)
