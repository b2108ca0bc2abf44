"""
Units of one entitlement from cards, packages and staff: refunds and returned uses, in any order.

What is left follows from what has come back, never from the order in which it did.
"""

from __future__ import annotations

import itertools
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.mechanics import stamp_cards
from chalicelib.domain.mechanics.entitlement_grants import GRANTS
from chalicelib.domain.mechanics.entitlement_uses import ReturnEntitlement, UseEntitlement
from chalicelib.domain.mechanics.entitlements import GrantEntitlement
from chalicelib.domain.mechanics.remaining import LineReversal
from tests.domain.building import PURCHASE, Member, line, programme
from tests.domain.hearing import Heard
from tests.examples import examples

_WHO: Final[dict[str, Any]] = {"member": "mem_1", "programme": "clinic"}
NOW: Final = "2026-03-04"


def owner(*, full: dict[str, Any] | None = None, **package: Any) -> Member:
    """Return a member of a programme with a card of two, and a package of three teas."""
    document = programme(
        entitlements=[{"id": "tea", "name": "Tea"}],
        packages=[
            {"id": "p", "name": "P", "sku": "TEAS", "entitlement": "tea", "units": 3, **package}
        ],
        stamp_cards=[
            {
                "id": "card",
                "name": "C",
                "size": 2,
                "on": [PURCHASE],
                "scope": {"include": {"categories": ["food"]}},
                "full": {"entitlement": "tea", **(full or {})},
            }
        ],
    )
    return Member(document)


def use(who: Member, when: str = NOW) -> int:
    """Use a tea, and return the version of the event."""
    return who.do(UseEntitlement(entitlement="tea", **_WHO), when).events[-1].version


def give_back(who: Member, used: int) -> None:
    """Give a use back."""
    assert who.do(ReturnEntitlement(member="mem_1", use=used), NOW).result.changed


def units(who: Member) -> int:
    """Return how many teas are left."""
    return sum(each.units for each in GRANTS.all(who.account).values())


@pytest.mark.parametrize("order", list(itertools.permutations(("stamped", "package", "use"))))
@pytest.mark.parametrize("valid_days", [None, 30])
def test_m4_a_card_and_a_package(order: tuple[str, ...], valid_days: int | None) -> None:
    """M4: the tea of a card was used, and three are bought: all of it comes back."""
    who = owner(valid_days=valid_days)
    who.basket("2026-03-01", line("a", 1_000, "food", quantity=2), name="stamped")
    used = use(who, "2026-03-02")
    who.basket("2026-03-03", line("p", 1_000, sku="TEAS"), name="package")
    for each in order:
        if each == "use":
            give_back(who, used)
        else:
            who.reverse(each, NOW)

    assert (units(who), stamp_cards.CARDS.all(who.account)) == (0, {})
    assert not any(key.startswith("revoked/") for key in who.account.counters)


@pytest.mark.parametrize("full", [{}, {"valid_days": 5}, {"units": 3}])
def test_m4_what_was_paid_for_stays(full: dict[str, Any]) -> None:
    """A card takes no unit of a package for one that was used: it owes stamps, until it is back."""
    who = owner(full=full, valid_days=5)
    who.basket("2026-03-03", line("a", 1_000, "food", quantity=2), name="stamped")
    used = [use(who) for _ in range(full.get("units", 1))]
    who.basket("2026-03-03", line("p", 1_000, sku="TEAS"), name="package")
    who.reverse("stamped", NOW)

    assert (units(who), stamp_cards.CARDS.all(who.account)) == (
        3,
        {"clinic/card": stamp_cards.Stamps(-2, 1)},
    )
    for each in used:
        give_back(who, each)
    assert (units(who), stamp_cards.CARDS.all(who.account)) == (3, {})


def test_of_one_day_what_is_free_goes_first() -> None:
    """Of units that lapse together those of a package are used last: they can be refunded."""
    who = owner(valid_days=5)
    who.basket(NOW, line("p", 1_000, sku="TEAS"), name="package")
    who.do(GrantEntitlement(entitlement="tea", units=1, reason="r", valid_days=5, **_WHO), NOW)
    use(who)
    who.reverse("package", NOW)

    assert (units(who), who.account.counters) == (0, {})


_BEFORE: Final = st.lists(
    st.tuples(
        st.sampled_from(["food", "food", "TEAS", "both", "by hand", "use", "use", "use"]),
        st.integers(1, 3),
    ),
    min_size=2,
    max_size=9,
)


def lived(who: Member, before: list[tuple[str, int]], valid_days: int | None) -> list[Any]:
    """Buy, give and use, and return all that can come back."""
    found: list[Any] = []
    for number, (what, count) in enumerate(before):
        name = f"b{number}"
        if what == "use":
            found += [use(who, "2026-03-03")] if units(who) else []
        elif what == "by hand":
            grant = GrantEntitlement(
                entitlement="tea", units=count, reason="r", valid_days=valid_days, **_WHO
            )
            who.do(grant, "2026-03-03")
        else:
            food = line("f", 900 * count, "food", quantity=count)
            teas = line("t", 1_000, sku="TEAS")
            lines = {"food": (food,), "TEAS": (teas,), "both": (food, teas)}[what]
            who.basket(f"2026-03-0{count}", *lines, now="2026-03-03", name=name)
            found += [(name, "f", 900)] * count if what != "TEAS" else []
            found += [(name, "t", 1_000)] if what != "food" else []
    return found


@settings(max_examples=examples(150), derandomize=True, deadline=None)
@given(
    _BEFORE,
    st.sampled_from([None, 4, 5]),
    st.sampled_from([None, 4, 5]),
    st.sampled_from([None, 5]),
    st.integers(1, 3),
    st.data(),
)
def test_m4_whatever_comes_back_in_whatever_order(
    before: list[tuple[str, int]],
    of_card: int | None,
    of_package: int | None,
    by_hand: int | None,
    each: int,
    data: st.DataObject,
) -> None:
    """
    M4: the same refunds and returned uses leave as many units, and the same cards.

    When all of it has come back what staff gave is left, and nothing else; and guards have heard
    of what is left or used, and of what is owed for it.
    """
    left = []
    some = None
    for _ in range(3):
        who = owner(full={"units": each, "valid_days": of_card}, valid_days=of_package)
        heard = Heard()
        who.guards = (heard,)
        able = lived(who, before, by_hand)
        if some is None:
            some = (
                data.draw(st.lists(st.sampled_from(range(len(able))), unique=True)) if able else []
            )
        for place in data.draw(st.permutations(some)):
            come_back(who, able[place])
        left.append((units(who), stamp_cards.CARDS.all(who.account)))
        for place in data.draw(st.permutations([n for n in range(len(able)) if n not in some])):
            come_back(who, able[place])
        given = sum(count for what, count in before if what == "by hand")
        assert (units(who), stamp_cards.CARDS.all(who.account)) == (given, {})
        assert sum(heard.amounts) == given
        assert not any(key.startswith("revoked/") for key in who.account.counters)
        assert who.verdict().holds
    assert left[0] == left[1] == left[2]


def come_back(who: Member, what: Any) -> None:
    """Give a use back, or refund a unit of a line."""
    if isinstance(what, int):
        give_back(who, what)
    else:
        name, where, amount = what
        who.reverse(name, NOW, LineReversal(where, amount, 1))
