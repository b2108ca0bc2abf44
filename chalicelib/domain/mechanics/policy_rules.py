"""The policy packs of a document: what is wrong with them, what they forbid, and their words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from chalicelib.domain.ledger.money import Money
from chalicelib.domain.mechanics import discount_terms, entitlements, policy_bars
from chalicelib.domain.mechanics.discount_terms import ByVoucher, Terms
from chalicelib.domain.mechanics.entitlements import Entitlement
from chalicelib.domain.mechanics.policy_bars import Bar
from chalicelib.domain.mechanics.policy_terms import SECTION, Policy, pack_of
from chalicelib.domain.pointer import join
from chalicelib.domain.policies import house
from chalicelib.domain.policies.pack import (
    ItemCap,
    NoCash,
    NoEarning,
    NoMoneyOff,
    Pack,
    Rule,
    YearCap,
    names,
)
from chalicelib.domain.programme.document import LegalException, Programme, Reward
from chalicelib.domain.programme.fields import LineScope
from chalicelib.domain.programme.references import reference
from chalicelib.domain.violations import Violation

if TYPE_CHECKING:
    from chalicelib.domain.programme.wording import AllOf, Composer, Description, Message

#: The kind of what is worth nothing in money, such as a place in the queue.
PRIVILEGE: Final = "privilege"


def problems(programme: Programme) -> Iterator[Violation]:
    """Yield what is wrong with the packs of a document, and what they have to know of it."""
    yield from _policies(programme)
    known = {*names()}
    policies = [each for each in SECTION.of(programme) if each.pack in known]
    followed = tuple(pack_of(programme, each) for each in policies)
    counting = tuple(each for each in followed if each.currency)
    for place, reward in enumerate(programme.rewards):
        at = join("/rewards", place)
        if reward.gives is None:
            yield from _worth(counting, reward, at)
        else:
            yield from _counted_later(reward, at)
        yield from _exception(followed, reward.exception, join(at, "exception"))
    for place, entitlement in enumerate(entitlements.SECTION.of(programme)):
        at = join("/entitlements", place)
        yield from _worth(counting, entitlement, at)
        yield from _exception(followed, entitlement.exception, join(at, "exception"))
    for place, discount in enumerate(discount_terms.SECTION.of(programme).offers):
        at = join("/discounts/offers", place, "exception")
        yield from _exception(followed, discount.exception, at)


def _policies(programme: Programme) -> Iterator[Violation]:
    """Yield what is wrong with the policies themselves."""
    policies = SECTION.of(programme)
    named = [each.pack for each in policies]
    for place, policy in enumerate(policies):
        at = join("/policies", place)
        if policy.pack in named[:place]:
            yield Violation(join(at, "pack"), f"is followed already: name `{policy.pack}` once")
        if policy.pack in names():
            yield from _policy(programme, policy, at)
        else:
            yield from reference(policy.pack, names(), "policy pack", join(at, "pack"))


def _policy(programme: Programme, policy: Policy, at: str) -> Iterator[Violation]:
    """Yield what a policy says that its pack cannot use."""
    followed, unit = pack_of(programme, policy), programme.money.currency
    if followed.currency not in ("", unit):
        has = f"the programme in {unit}" if unit else "the programme has no `money`"
        yield Violation(join(at, "pack"), f"counts in {followed.currency}, and {has}")
    yield from _own_caps(programme, policy, at)
    known = sorted({word for rule in _bars(followed) for word in rule.categories})
    if policy.locations and any(not isinstance(rule, Bar) for rule in followed.rules):
        detail = f"leave it out: what {followed.id} allows holds everywhere"
        yield Violation(join(at, "locations"), detail)
    for word in policy.categories:
        where = join(at, "categories", word)
        yield from reference(word, known, f"category of {followed.id}", where)


def _own_caps(programme: Programme, policy: Policy, at: str) -> Iterator[Violation]:
    """Yield what is wrong with the amounts of a programme's own limits."""
    said = [name for name in ("item_cap", "year_cap") if getattr(policy, name) is not None]
    if policy.pack != house.PACK.id:
        for name in said:
            detail = f"is of the pack `house`: {policy.pack} has its own amounts"
            yield Violation(join(at, name), detail)
        return
    if not said:
        yield Violation(at, "has no limit: say `item_cap`, `year_cap` or both")
    if not programme.money.currency:
        yield Violation(join(at, "pack"), "counts money, and the programme has no `money`")


def _worth(followed: Iterable[Pack], part: Reward | Entitlement, at: str) -> Iterator[Violation]:
    if part.kind == PRIVILEGE:
        if part.retail_value:
            detail = "is that of a privilege, which is worth nothing: give it another `kind`"
            yield Violation(join(at, "retail_value"), detail)
        if part.cash_equivalent:
            detail = "a privilege is no cash: give it another `kind`"
            yield Violation(join(at, "cash_equivalent"), detail)
    elif part.retail_value is None:
        for each in followed:
            detail = f"is missing, and {each.id} counts it: say what it is worth in a shop"
            yield Violation(join(at, "retail_value"), detail)


def _counted_later(reward: Reward, at: str) -> Iterator[Violation]:
    for field in ("retail_value", "cash_equivalent", "exception"):
        if getattr(reward, field) not in (None, False):
            detail = "leave it out: what a reward gives counts when it is used, as that says"
            yield Violation(join(at, field), detail)


def _exception(
    followed: tuple[Pack, ...], exception: LegalException | None, at: str
) -> Iterator[Violation]:
    if exception is None:
        return
    if not followed:
        yield Violation(at, "is of a policy pack, and none is followed: name one in `policies`")
        return
    known = {code: terms for each in followed for code, terms in each.exceptions.items()}
    yield from reference(exception.code, tuple(known), "exception", join(at, "code"))
    terms = known.get(exception.code)
    if terms is not None and terms.public_terms and not exception.public_terms:
        yield Violation(join(at, "public_terms"), "must be true: this exception takes equal terms")


def warnings(programme: Programme) -> Iterator[Violation]:
    """Yield what a valid document offers that a pack forbids to some members."""
    for policy in SECTION.of(programme):
        followed = pack_of(programme, policy)
        for each in offered(programme):
            for rule in against(followed, each):
                field = "cash_equivalent" if isinstance(rule, NoCash) else each.field
                at = join(f"/{each.section}", each.place, *field.split("/"))
                yield Violation(at, f"{rule.id} forbids it to {whom(followed)}")
        for bar in _bars(followed):
            for at in _barred(programme, policy, bar):
                yield Violation(at, f"{bar.id} keeps it from {whom(followed)}")


def whom(followed: Pack) -> str:
    """Return for whom a pack is, in English."""
    payers = followed.payers
    return "everybody" if payers is None else f"members of {', '.join(sorted(payers))}"


def _bars(followed: Pack) -> Iterator[Bar]:
    return (each for each in followed.rules if isinstance(each, Bar))


def _barred(programme: Programme, policy: Policy, bar: Bar) -> Iterator[str]:
    """Yield where a document has what is for nothing else than a rule bars."""
    names = policy_bars.called(policy, bar)
    if isinstance(bar, NoMoneyOff):
        for place, discount in enumerate(discount_terms.SECTION.of(programme).offers):
            if _is_of(discount.scope, names):
                yield join("/discounts/offers", place, "scope")
        for place, each in enumerate(entitlements.SECTION.of(programme)):
            if each.waives is not None and _is_of(each.waives, names):
                yield join("/entitlements", place, "waives")
        return
    for place, rule in enumerate(programme.earning):
        if all(policy_bars.is_named(kind, names) for kind in rule.on):
            yield join("/earning", place, "on")
        elif _is_of(rule.scope, names):
            yield join("/earning", place, "scope")


def _is_of(scope: LineScope, names: frozenset[str]) -> bool:
    """Tell whether a scope names lines, all of them by these categories."""
    include = scope.include
    named = [each.casefold() for each in include.categories]
    return bool(named) and not include.skus and names.issuperset(named)


class Offered(NamedTuple):
    """
    What a pack looks at, at its ``place`` in a ``section``.

    It is ``worth`` what its ``field`` says, nothing where that depends, as a percentage does.
    """

    section: str
    place: int
    id: str
    kind: str
    worth: int | None
    is_cash: bool = False
    exception: LegalException | None = None
    counts_later: bool = False
    field: str = "retail_value"


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
        worth = each.retail_value or 0
        yield Offered(
            "entitlements", place, each.id, each.kind, worth, each.cash_equivalent, each.exception
        )
    for place, discount in enumerate(discount_terms.SECTION.of(programme).offers):
        terms = discount.terms
        fixed = terms.amount if isinstance(terms, ByVoucher) else None
        yield Offered(
            "discounts/offers",
            place,
            discount.id,
            "discount",
            fixed,
            exception=discount.exception or _of_reward(programme, terms),
            field="terms/amount",
        )


def _of_reward(programme: Programme, terms: Terms) -> LegalException | None:
    """Return the exception of the reward whose voucher a discount takes."""
    reward = programme.reward(terms.reward) if isinstance(terms, ByVoucher) else None
    return None if reward is None else reward.exception


def against(followed: Pack, each: Offered) -> Iterator[Rule]:
    """
    Yield the rules by which nobody whom a pack protects can have what is offered.

    Those that have a last day are history, whenever it is.
    """
    code = each.exception.code if each.exception else ""
    code = code if code in followed.exceptions else ""
    for rule in followed.rules:
        if rule.until_on is not None:
            continue
        match rule:
            case NoCash() if each.is_cash:
                yield rule
            case ItemCap(amount=most) if not code and (each.worth or 0) > most:
                yield rule
            case YearCap(amount=most) if rule.exception == code and (each.worth or 0) > most:
                yield rule


def words(compose: Composer) -> Iterator[Description]:
    """Tell members of the laws that limit what they are given."""
    for policy in SECTION.of(compose.programme):
        followed = pack_of(compose.programme, policy)
        said, places = _said(compose, policy, followed), compose.places(policy.locations)
        yield compose.describe("policy", followed.id, dict(followed.name), *said, places)


def _said(compose: Composer, policy: Policy, followed: Pack) -> Iterator[Message | None]:
    """Yield what rules mean for members; a cap of one exception is for who declares that."""
    if followed.payers is None:
        for rule in followed.rules:
            yield _for_all(compose, policy, followed, rule)
        return
    yield compose.message("policies-whom")
    for rule in followed.rules:
        yield _for_those(compose, policy, followed, rule)


def _for_all(compose: Composer, policy: Policy, followed: Pack, rule: Rule) -> Message | None:
    """Return what a rule of a pack for everybody means."""
    match rule:
        case ItemCap(amount=amount):
            value = Money(amount, followed.currency)
            return compose.message("policies-always-each", value=value)
        case YearCap(amount=amount, exception=""):
            value = Money(amount, followed.currency)
            return compose.message("policies-always-year", value=value)
        case NoEarning():
            names = _names(compose, policy, rule)
            return compose.message("policies-no-earning", names=names)
        case NoMoneyOff():
            names = _names(compose, policy, rule)
            return compose.message("policies-no-money-off", names=names)
    return None


def _for_those(compose: Composer, policy: Policy, followed: Pack, rule: Rule) -> Message | None:
    """Return what a rule means for those whom the sentence before has named."""
    match rule:
        case NoCash():
            return compose.message("policies-cash")
        case ItemCap(amount=amount):
            return compose.message("policies-each", value=Money(amount, followed.currency))
        case YearCap(amount=amount, exception=""):
            return compose.message("policies-year", value=Money(amount, followed.currency))
        case NoEarning():
            names = _names(compose, policy, rule)
            return compose.message("policies-then-no-earning", names=names)
    return None


def _names(compose: Composer, policy: Policy, bar: Bar) -> AllOf:
    """Return what the programme calls what a rule bars; the pack's word where it does not say."""
    return compose.all_of(
        name for word in sorted(bar.categories) for name in policy.categories.get(word, (word,))
    )
