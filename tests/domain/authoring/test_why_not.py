"""Why a reward or a programme is out of reach: each refusal has words in every language."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

import pytest

from chalicelib.domain.authoring import why_not
from chalicelib.domain.errors import LoyaltyError
from chalicelib.domain.ledger.account import Account
from chalicelib.domain.mechanics import rewards
from chalicelib.domain.mechanics.entitlement_grants import GRANTS_MAX
from chalicelib.domain.mechanics.entitlements import GrantEntitlement
from chalicelib.domain.mechanics.membership import obstacle
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.wording import Message
from chalicelib.programmes.language import LOCALES
from chalicelib.programmes.rendering import catalogue
from tests.domain.building import Member, at, ladder, points, programme, reward, visits

NOW = "2026-03-02"
GIVES_TEA = {"type": "entitlement", "entitlement": "tea", "valid_days": 30}
OUT_OF_REACH: dict[str, dict[str, Any]] = {
    "given_by_staff": reward("r", 0, by="staff"),
    "reward_not_available": reward("r", 0, valid_from="2026-04-01", valid_until="2026-04-30"),
    "tier_required": reward("r", 0, tiers=["gold"]),
    "limit_reached": reward("r", 0, limits=[{"count": 2, "window": "month"}]),
    "insufficient_points": reward("r", 500),
    "out_of_stock": reward("r", 0, stock=2),
    "tier_held": reward("r", 0, gives={"type": "tier", "tier": "silver"}),
    "too_many_grants": reward("r", 0, gives=GIVES_TEA),
}


def raised_in(module: ModuleType, name: str) -> set[str]:
    """Return the codes that a function of the domain may refuse with, and those it calls."""
    seen: set[FunctionType] = set()
    return set(_raised(getattr(module, name), seen))


def _raised(function: FunctionType, seen: set[FunctionType]) -> Iterator[str]:
    if function in seen:
        return
    seen.add(function)
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))):
        if not isinstance(node, ast.Call):
            continue
        called = _named(node.func, function.__globals__)
        if inspect.isclass(called) and issubclass(called, LoyaltyError):
            assert isinstance(node.args[0], ast.Constant)
            yield str(node.args[0].value)
        elif isinstance(called, FunctionType) and "mechanics" in called.__module__:
            yield from _raised(called, seen)


def _named(node: ast.expr, known: dict[str, Any]) -> Any:
    match node:
        case ast.Name(name):
            return known.get(name)
        case ast.Attribute(ast.Name(module), name):
            return getattr(known.get(module), name, None)
    return None


def in_every_language(said: tuple[Message, ...]) -> dict[str, str]:
    """Return messages in each language, which has words of its own for them."""
    rendered = {locale: catalogue().render(said, locale) for locale in LOCALES}
    assert all(each.translated for each in rendered.values())
    texts = {locale: each.text for locale, each in rendered.items()}
    assert "" not in texts.values()
    assert list(texts.values()).count(texts["en"]) == 1
    return texts


def refusals(offered: dict[str, Any]) -> tuple[Programme, list[LoyaltyError]]:
    """Return what stands between a reward and a member who redeemed two of it, if they could."""
    document = programme(
        currencies=[points()],
        tiers=ladder(("silver", visits(1)), ("gold", visits(90))),
        entitlements=[{"id": "tea", "name": {locale: f"tea {locale}" for locale in LOCALES}}],
        rewards=[offered],
    )
    member = Member(document)
    member.visit(NOW)
    for _ in range(2 if offered.get("limits") else 0):
        member.redeem("r", NOW)
    for days in range(GRANTS_MAX if offered.get("gives") == GIVES_TEA else 0):
        grant = GrantEntitlement(
            member="mem_1",
            programme="clinic",
            entitlement="tea",
            units=1,
            valid_days=100 + days,
            reason="thanks",
        )
        member.do(grant, NOW)
    found = rewards.obstacles(
        member.seen(NOW), document, document.rewards[0], at(NOW), stock_taken=2, by_member=True
    )
    return document, found


def test_every_refusal_of_a_reward_is_tried() -> None:
    """A new one gets words, and a line above."""
    assert raised_in(rewards, "obstacles") == OUT_OF_REACH.keys()


@pytest.mark.parametrize("code", OUT_OF_REACH)
def test_why_a_reward_cannot_be_had(code: str) -> None:
    """Each refusal is said in every language."""
    document, found = refusals(OUT_OF_REACH[code])
    (refusal,) = found
    assert refusal.code == code

    said = why_not.of_reward(
        document, document.rewards[0], {"code": refusal.code, **refusal.extensions}
    )

    in_every_language(said)


CANNOT_JOIN = {
    "consent_required": (
        {"news": False, "programme": True},
        "Joining takes consent to “news”.",
    ),
    "not_eligible": (
        {"news": True, "programme": True},
        "Joining takes 2 completed visits. So far: 0 completed visits.",
    ),
}


def test_every_refusal_of_joining_is_tried() -> None:
    """A new one gets words, and a line above."""
    assert raised_in(sys.modules[obstacle.__module__], "obstacle") == CANNOT_JOIN.keys()


@pytest.mark.parametrize("code", CANNOT_JOIN)
def test_why_a_programme_cannot_be_joined(code: str) -> None:
    """What is lacking is said, and nothing that is there already."""
    consents, english = CANNOT_JOIN[code]
    document = programme(
        enrolment={"min_completed_visits": 2, "required_consents": ["programme", "news"]}
    )
    refusal = obstacle(Account(consents=consents), document)
    assert refusal is not None
    assert refusal.code == code

    texts = in_every_language(why_not.of_joining(document, refusal))

    assert texts["en"] == english
    assert all(("programme" in text) == ("programme" in english) for text in texts.values())
