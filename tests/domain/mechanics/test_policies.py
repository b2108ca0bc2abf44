"""What a policy pack allows a member to receive, to the cent."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.authoring.validation import validate
from chalicelib.domain.decide import registry
from chalicelib.domain.errors import LoyaltyError
from chalicelib.domain.ledger.events import CoveragesChanged
from chalicelib.domain.mechanics import coverages, policies, rewards
from chalicelib.domain.mechanics.coverages import Coverage, UpdateCoverages
from chalicelib.domain.mechanics.entitlement_uses import ReturnEntitlement, UseEntitlement
from chalicelib.domain.mechanics.entitlements import GrantEntitlement
from chalicelib.domain.policies.pack import (
    UNKNOWN,
    ItemCap,
    NoCash,
    NoEarning,
    NoMoneyOff,
    YearCap,
    names,
    pack,
)
from chalicelib.programmes.language import LOCALES
from tests.domain.building import Member, adjustment, at, line, programme, published, reward
from tests.domain.documents import DOCUMENT
from tests.examples import examples

USD = {"currency": "USD"}
US: dict[str, Any] = {"policies": [{"pack": "us-cmp"}], "money": USD}
YEAR = "legal/us-cmp"
TEA: dict[str, Any] = {"id": "tea", "name": "Tea", "kind": "drink", "retail_value": 400}


def gift(worth: int, **parts: Any) -> dict[str, Any]:
    """Return a reward that is worth so many cents and is named after that."""
    return reward(f"g{worth}", 0, retail_value=worth, **parts)


def patient(*offered: dict[str, Any], payer: str | None = None, **parts: Any) -> Member:
    """Return a member of a programme under the pack, with a payer who is known or not."""
    who = Member(programme(rewards=list(offered), **{**US, **parts}))
    if payer is not None:
        cover(who, Coverage(payer))  # type: ignore[arg-type]
    return who


def cover(who: Member, *known: Coverage, now: str = "2026-01-02") -> bool:
    """Tell who pays for a member's care."""
    changed: bool = who.do(UpdateCoverages(member=who.id, coverages=known), now).result
    return changed


def redeem(who: Member, name: str, now: str = "2026-02-01") -> LoyaltyError | None:
    """Redeem a reward, and return why it was refused, if it was."""
    try:
        who.redeem(name, now)
    except LoyaltyError as refusal:
        return refusal
    return None


def ruled(refusal: LoyaltyError | None) -> tuple[str, int] | None:
    """Return the rule that a refusal names, and how much it leaves."""
    if refusal is None:
        return None
    assert refusal.code == "policy_forbids"
    return refusal.extensions["rule"], refusal.extensions["left"]


@pytest.mark.parametrize(
    ("spent", "offered", "expected"),
    [
        (0, gift(1500), None),
        (0, gift(1501), ("US-CMP-ITEM-15", 1500)),
        (0, gift(0), None),
        (0, gift(7600), ("US-CMP-ITEM-15", 1500)),
        (6800, gift(700), None),
        (6800, gift(701), ("US-CMP-YEAR-75", 700)),
        (6800, gift(1000), ("US-CMP-YEAR-75", 700)),
        (6800, gift(1600), ("US-CMP-ITEM-15", 1500)),
        (7500, gift(1), ("US-CMP-YEAR-75", 0)),
        (7500, gift(0), None),
        (0, gift(500, cash_equivalent=True), ("US-CASH-EQ", 0)),
        (7500, gift(500, cash_equivalent=True), ("US-CASH-EQ", 0)),
        (7500, reward("g", 0, kind="privilege"), None),
        (
            7500,
            gift(9000, exception={"code": "preventive_care", "evidence": "the plan"}),
            None,
        ),
        (
            0,
            gift(
                500,
                cash_equivalent=True,
                exception={"code": "preventive_care", "evidence": "the plan"},
            ),
            ("US-CASH-EQ", 0),
        ),
    ],
)
def test_s11_the_caps(
    spent: int, offered: dict[str, Any], expected: tuple[str, int] | None
) -> None:
    """Story 11: 15 dollars each, 75 a year, never cash; what the law does not count counts not."""
    who = patient(offered, payer="medicare")
    spend(who, spent)

    assert ruled(redeem(who, offered["id"])) == expected
    worth = offered.get("retail_value", 0)
    counted = worth if expected is None and "exception" not in offered else 0
    assert who.account.counter(f"{YEAR}/2026") == spent + counted


def spend(who: Member, cents: int) -> None:
    """Let so much have been given this year, by a unit for each cent."""
    document = programme(
        entitlements=[{"id": "cent", "name": "C", "kind": "coin", "retail_value": 1}], **US
    )
    before, who.programmes = who.programmes, published(("2020-01-01", document))
    for units in [1_000] * (cents // 1_000) + [cents % 1_000] * bool(cents % 1_000):
        who.do(granting("cent", units), "2026-01-02")
        who.do(using("cent", units), "2026-01-02")
    who.programmes = before


def granting(entitlement: str, units: int) -> GrantEntitlement:
    """Return the command that gives units by hand."""
    return GrantEntitlement(
        member="mem_1", programme="clinic", entitlement=entitlement, units=units, reason="r"
    )


def using(entitlement: str, units: int = 1) -> UseEntitlement:
    """Return the command that uses units."""
    return UseEntitlement(member="mem_1", programme="clinic", entitlement=entitlement, units=units)


@pytest.mark.parametrize(
    ("known", "now", "allowed"),
    [
        ((), "2026-02-01", False),
        ((Coverage("commercial"),), "2026-02-01", True),
        ((Coverage("self_pay"),), "2026-02-01", True),
        ((Coverage("medicare"),), "2026-02-01", False),
        ((Coverage("commercial"), Coverage("medicaid")), "2026-02-01", False),
        ((Coverage("commercial", until_on="2026-01-31"),), "2026-01-31", True),
        ((Coverage("commercial", until_on="2026-01-31"),), "2026-02-01", False),
        ((Coverage("commercial", from_on="2026-02-02"),), "2026-02-01", False),
        ((Coverage("commercial", from_on="2026-02-02"),), "2026-02-02", True),
        ((Coverage("medicare", until_on="2026-01-31"), Coverage("commercial")), "2026-02-01", True),
    ],
)
def test_s11_who_pays(known: tuple[Coverage, ...], now: str, *, allowed: bool) -> None:
    """On a day on which no payer is known the strictest rules hold."""
    who = patient(gift(1600))
    cover(who, *known)
    active = any(each.is_active(date.fromisoformat(now)) for each in known)

    refusal = redeem(who, "g1600", now)
    assert ruled(refusal) == (None if allowed else ("US-CMP-ITEM-15", 1500))
    assert ("No coverage is known" in str(refusal)) is not active
    assert who.account.counter(f"{YEAR}/2026") == 0


def test_a_day_is_that_of_the_programme() -> None:
    """At midnight, UTC, it is still last year in Chicago, for six hours more."""
    who = patient(gift(1500), payer="medicare", time_zone="America/Chicago")
    for now in ("2026-12-31T23:59:59Z", "2027-01-01T05:59:59Z", "2027-01-01T06:00:00Z"):
        assert redeem(who, "g1500", now) is None

    # Kept for a day longer, since the year is not over in every time zone.
    assert who.account.counter(f"{YEAR}/2026") == 3000
    assert who.account.counter(f"{YEAR}/2027") == 1500


def test_s11_a_new_year_and_a_cancellation() -> None:
    """The sum begins anew on 1 January, and what is cancelled frees the year that it counted in."""
    who = patient(gift(1500), payer="tricare")
    for _ in range(4):
        assert redeem(who, "g1500", "2026-12-30") is None
    late = who.redeem("g1500", "2026-12-31T23:59:59Z")
    assert ruled(redeem(who, "g1500", "2026-12-31T23:59:59Z")) == ("US-CMP-YEAR-75", 0)
    assert redeem(who, "g1500", "2027-01-01T00:00:00Z") is None
    who.cancel(late, "2027-01-01T00:00:00Z")

    assert who.account.counter(f"{YEAR}/2026") == 6000
    assert who.account.counter(f"{YEAR}/2027") == 1500
    assert who.verdict().holds


def test_what_was_counted_is_freed_whatever_is_followed_now() -> None:
    """A pack that is followed no more leaves no sum behind, and one payer no other's."""
    who = patient(gift(1500))
    done = who.redeem("g1500", "2026-02-01")
    cover(who, Coverage("commercial"))
    who.programmes = published(("2020-01-01", programme(rewards=[gift(1500)], money=USD)))
    who.cancel(done, "2026-02-02")

    assert not any(key.startswith("legal/") for key in who.account.counters)


class TestUnits:
    """A unit of an entitlement counts when it is used, however it came."""

    def test_by_hand_and_given_back(self) -> None:
        """What is granted counts for nothing yet; each of several units is an item."""
        who = patient(entitlements=[TEA])
        who.do(granting("tea", 30), "2026-02-01")
        assert who.account.counter(f"{YEAR}/2026") == 0
        who.do(using("tea", 18), "2026-02-01")
        assert who.account.counter(f"{YEAR}/2026") == 7200
        refused = who.refused(using("tea"), "2026-02-01")
        assert ruled(refused) == ("US-CMP-YEAR-75", 300)
        who.do(ReturnEntitlement(member="mem_1", use=who.account.version), "2026-02-01")
        assert who.account.counter(f"{YEAR}/2026") == 0

    def test_one_that_is_worth_too_much(self) -> None:
        """A unit above the cap of an item is used by nobody who is protected."""
        who = patient(entitlements=[{**TEA, "retail_value": 1501}])
        who.do(granting("tea", 1), "2026-02-01")
        assert ruled(who.refused(using("tea"), "2026-02-01")) == ("US-CMP-ITEM-15", 1500)
        cover(who, Coverage("commercial"))
        who.do(using("tea"), "2026-02-01")

    def test_what_a_reward_gives(self) -> None:
        """Units that a reward gives count once, when they are used."""
        gives = {"type": "entitlement", "entitlement": "tea", "units": 2}
        who = patient(reward("cup", 0, gives=gives), entitlements=[TEA])
        assert redeem(who, "cup") is None
        assert who.account.counter(f"{YEAR}/2026") == 0
        who.do(using("tea", 2), "2026-02-01")
        assert who.account.counter(f"{YEAR}/2026") == 800

    def test_what_was_paid_for_is_no_gift(self) -> None:
        """Units of a package were bought, so they count for nothing."""
        package = {"id": "p", "name": "P", "sku": "TEAS", "entitlement": "tea", "units": 3}
        who = patient(entitlements=[TEA], packages=[package])
        who.basket("2026-02-01", line("t", 1_000, sku="TEAS"))
        who.do(granting("tea", 1), "2026-02-01")
        who.do(using("tea", 4), "2026-02-01")
        assert who.account.counter(f"{YEAR}/2026") == 400


def test_what_comes_by_itself_is_never_refused() -> None:
    """A reward that redeems itself brings units, which count when they are used."""
    tea = {"id": "tea", "name": "Tea", "kind": "drink", "retail_value": 1600}
    offered = reward("cup", 10, gives={"type": "entitlement", "entitlement": "tea"}, auto_at=10)
    who = patient(offered, entitlements=[tea])
    who.do(adjustment(10), "2026-02-01")
    assert who.balance.available == 0
    assert ruled(who.refused(using("tea"), "2026-02-01")) == ("US-CMP-ITEM-15", 1500)


def test_offers_say_why() -> None:
    """Who looks at rewards sees which rule is against one, and what it leaves."""
    who = patient(gift(1500), gift(1501))
    version = who.programmes.in_force("clinic", at("2026-02-01"))
    assert version is not None
    found = rewards.offers(who.account, version.document, at("2026-02-01"), {}, by_member=True)
    assert [[why.get("rule") for why in each.reasons] for each in found] == [[], ["US-CMP-ITEM-15"]]


def test_the_room_that_is_left() -> None:
    """Each rule is told with what it means for a member."""
    who = patient(gift(1500))
    who.redeem("g1500", "2026-02-01")
    version = who.programmes.in_force("clinic", at("2026-02-01"))
    assert version is not None
    found = policies.rooms(who.account, version.document, at("2026-02-01"))
    assert [(each.rule.id, each.applies, each.limit, each.left) for each in found] == [
        ("US-CASH-EQ", True, None, None),
        ("US-CMP-ITEM-15", True, 1500, None),
        ("US-CMP-YEAR-75", True, 7500, 6000),
        ("US-VBE-YEAR-591", True, 59_100, 59_100),
        ("US-AKS-REFERRAL", True, None, None),
    ]
    cover(who, Coverage("commercial"))
    found = policies.rooms(who.account, version.document, at("2026-02-01"))
    assert not any(each.applies for each in found)


@settings(max_examples=examples(200), derandomize=True, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["redeem", "cancel", "use", "return"]), st.integers(0, 9)),
        max_size=30,
    )
)
def test_m_the_sum_is_that_of_what_the_member_has(steps: list[tuple[str, int]]) -> None:
    """Whatever is redeemed, used, cancelled and given back in any order, never above 75 dollars."""
    tea = {"id": "tea", "name": "Tea", "kind": "drink", "retail_value": 700}
    who = patient(gift(1500), gift(499), entitlements=[tea], payer="medicaid")
    who.do(granting("tea", 30), "2026-01-02")
    had: list[tuple[int, Any]] = []
    for number, (what, place) in enumerate(steps):
        now = f"2026-02-01T10:00:{number:02d}Z"
        with suppress(LoyaltyError):  # such as of the rules, which the sum below holds
            if what == "redeem":
                worth = (1500, 499)[place % 2]
                had.append((worth, who.redeem(f"g{worth}", now)))
            elif what == "use":
                who.do(using("tea", place % 3 + 1), now)
                had.append((700 * (place % 3 + 1), who.account.version))
            elif had:
                worth, done = had.pop(place % len(had))
                if isinstance(done, int):
                    who.do(ReturnEntitlement(member="mem_1", use=done), now)
                else:
                    who.cancel(done, now)
        counted = who.account.counter(f"{YEAR}/2026")
        assert counted == sum(worth for worth, _ in had) <= 7500
    assert who.verdict().holds


class TestCoverages:
    """Who pays is told as a whole."""

    def test_so_many_are_kept(self) -> None:
        """An account has room for twenty, and forgets none of them."""
        assert coverages.COVERAGES_MAX == 20
        who = patient()
        known = [Coverage("commercial", f"20{n:02d}-01-01") for n in range(20)]
        assert cover(who, *known)
        assert coverages.coverages_of(who.account) == tuple(known)

    def test_the_same_is_no_change(self) -> None:
        """Told again nothing is written; an empty list forgets all."""
        who = patient()
        assert cover(who, Coverage("medicare"), Coverage("commercial"))
        assert who.events[-1].data == CoveragesChanged(2)
        version = who.account.version
        assert not cover(who, Coverage("medicare"), Coverage("commercial"))
        assert who.account.version == version
        assert cover(who)
        assert coverages.coverages_of(who.account) == ()
        assert not cover(who)

    @pytest.mark.parametrize(
        ("coverage", "pointer"),
        [
            (Coverage("medicare", from_on="2026-02-30"), "/coverages/0/from_on"),
            (Coverage("medicare", until_on="2026-02-30"), "/coverages/0/until_on"),
            (Coverage("medicare", "2026-02-02", "2026-02-01"), "/coverages/0/until_on"),
        ],
    )
    def test_unfit_days(self, coverage: Coverage, pointer: str) -> None:
        """Days that do not exist, or end before they begin, are refused where they stand."""
        who = patient()
        command = UpdateCoverages(member=who.id, coverages=(coverage,))
        refused: Any = who.refused(command, "2026-02-01")
        assert (refused.code, refused.errors[0]["pointer"]) == ("invalid_date", pointer)


class TestPacks:
    """A pack is data that can be checked."""

    @pytest.mark.parametrize("name", names())
    def test_it_is_whole(self, name: str) -> None:
        """Each rule has its own id, a source and days; an unknown payer is protected too."""
        found = pack(name)
        assert found.id == name
        assert found.payers is None or UNKNOWN in found.payers
        assert set(found.name) == set(LOCALES)
        for rule in found.rules:
            assert rule.says.endswith(".")
            assert rule.source
            assert rule.from_on < (rule.until_on or "9999")
            assert isinstance(rule, NoCash | ItemCap | YearCap | NoEarning | NoMoneyOff)
            assert found.currency or not isinstance(rule, ItemCap | YearCap)
            assert getattr(rule, "exception", "") in {"", *found.exceptions}
        assert all(each.says.endswith(".") and each.source for each in found.exceptions.values())

    def test_no_two_rules_are_called_alike(self) -> None:
        """A rule is found by its id alone."""
        rules = [rule for name in names() for rule in pack(name).rules]
        assert len({rule.id for rule in rules}) == len(rules)

    @pytest.mark.parametrize("total", ["us-cmp", "us-vbe"])
    def test_a_cap_has_one_amount_on_a_day(self, total: str) -> None:
        """Those of one sum follow one another without a gap or two on one day."""
        rules = [rule for name in names() for rule in pack(name).rules]
        caps = [each for each in rules if isinstance(each, YearCap) and each.total == total]
        assert caps
        for cap, following in pairwise(sorted(caps, key=lambda each: each.from_on)):
            assert cap.until_on is not None
            after = date.fromisoformat(cap.until_on) + timedelta(days=1)
            assert following.from_on == after.isoformat()

    def test_who_stands_guard_is_named(self) -> None:
        """The registry names every mechanic with a guard, since it imports none to find out."""
        guarding = [each.section for each in registry.every() if each.guard is not None]
        assert [each.name for each in guarding if each is not None] == list(registry._GUARDING)


_TEN = {"id": "d", "name": "D", "terms": {"type": "dates", "days": ["05-04"], "percent": 10}}
_GIFT = {"id": "tea", "name": "Tea", "price": {"currency": "points", "amount": 1}}


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"rewards": [{**_GIFT, "retail_value": 1500}]}, {}),
        ({"rewards": [_GIFT]}, {"/rewards/0/retail_value": "is missing"}),
        ({"rewards": [{**_GIFT, "kind": "privilege"}]}, {}),
        (
            {"rewards": [{**_GIFT, "kind": "privilege", "retail_value": 1}]},
            {"/rewards/0/retail_value": "worth nothing"},
        ),
        ({"policies": [{"pack": "us-cpm"}]}, {"/policies/0/pack": "did you mean `us-cmp`"}),
        (
            {"policies": [{"pack": "us-cmp"}, {"pack": "us-cmp"}]},
            {"/policies/1/pack": "is followed already"},
        ),
        (
            {"money": {"currency": "EUR"}},
            {"/policies/0/pack": "counts in USD, and the programme in"},
        ),
        ({"policies": [{"pack": "ca-bc-rx"}], "rewards": [_GIFT]}, {}),
        (
            {"policies": [{"pack": "us-cmp", "locations": ["bc"]}]},
            {"/policies/0/locations": "holds everywhere"},
        ),
        (
            {"policies": [{"pack": "us-cmp", "item_cap": 5}]},
            {"/policies/0/item_cap": "is of the pack `house`"},
        ),
        ({"policies": [{"pack": "house"}]}, {"/policies/0": "has no limit"}),
        ({"policies": [{"pack": "house", "year_cap": 5}]}, {}),
        (
            {"policies": [{"pack": "house", "year_cap": 5}], "rewards": [_GIFT]},
            {"/rewards/0/retail_value": "house counts it"},
        ),
        (
            {"policies": [{"pack": "ca-bc-rx", "categories": {"prescriptions": ["rx"]}}]},
            {"/policies/0/categories/prescriptions": "did you mean `prescription`"},
        ),
        (
            {"rewards": [{**_GIFT, "kind": "privilege", "cash_equivalent": True}]},
            {"/rewards/0/cash_equivalent": "is no cash"},
        ),
        (
            {
                "rewards": [
                    {
                        **_GIFT,
                        "cash_equivalent": True,
                        "exception": {"code": "financial_need", "evidence": "e"},
                        "gives": {"type": "entitlement", "entitlement": "e"},
                    }
                ],
                "entitlements": [{"id": "e", "name": "E"}],
            },
            {
                "/rewards/0/cash_equivalent": "leave it out",
                "/rewards/0/exception": "leave it out",
            },
        ),
        (
            {
                "entitlements": [
                    {
                        "id": "e",
                        "name": "E",
                        "kind": "card",
                        "retail_value": 1,
                        "exception": {"code": "x", "evidence": "e"},
                    }
                ],
                "discounts": {"offers": [_TEN | {"exception": {"code": "y", "evidence": "e"}}]},
            },
            {
                "/entitlements/0/exception/code": "exception",
                "/discounts/offers/0/exception/code": "exception",
            },
        ),
        (
            {
                "rewards": [{**_GIFT, "gives": {"type": "entitlement", "entitlement": "e"}}],
                "entitlements": [{"id": "e", "name": "E", "kind": "drink"}],
            },
            {"/entitlements/0/retail_value": "is missing"},
        ),
        (
            {
                "rewards": [
                    {
                        **_GIFT,
                        "retail_value": 1,
                        "gives": {"type": "entitlement", "entitlement": "e"},
                    }
                ],
                "entitlements": [{"id": "e", "name": "E"}],
            },
            {"/rewards/0/retail_value": "leave it out"},
        ),
        (
            {
                "rewards": [
                    {**_GIFT, "retail_value": 1, "exception": {"code": "x", "evidence": "e"}}
                ]
            },
            {"/rewards/0/exception/code": "exception"},
        ),
        (
            {
                "rewards": [
                    {
                        **_GIFT,
                        "retail_value": 1,
                        "exception": {"code": "retailer_reward", "evidence": "e"},
                    }
                ]
            },
            {"/rewards/0/exception/public_terms": "must be true"},
        ),
        (
            {
                "policies": [],
                "rewards": [{**_GIFT, "exception": {"code": "retailer_reward", "evidence": "e"}}],
            },
            {"/rewards/0/exception": "none is followed"},
        ),
    ],
)
def test_what_a_document_must_say(parts: dict[str, Any], expected: dict[str, str]) -> None:
    """What a pack has to know is asked for where it is missing."""
    document = {**DOCUMENT, **US, "rewards": [], **parts}
    found = {each.pointer: each.detail for each in validate(document).problems}
    assert found.keys() == expected.keys()
    assert all(text in found[pointer] for pointer, text in expected.items())


def test_what_counts_money_needs_some() -> None:
    """A programme that has no money cannot follow a law that counts it."""
    document = {**DOCUMENT, **US, "rewards": []}
    del document["money"]
    assert "the programme has no `money`" in str(validate(document).problems)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"retail_value": 1500}, []),
        ({"retail_value": 1501}, ["retail_value"]),
        ({"retail_value": 7501}, ["retail_value", "retail_value"]),
        ({"retail_value": 1, "cash_equivalent": True}, ["cash_equivalent"]),
        (
            {
                "retail_value": 59_100,
                "exception": {"code": "patient_engagement", "evidence": "e"},
            },
            [],
        ),
        (
            {
                "retail_value": 59_101,
                "exception": {"code": "patient_engagement", "evidence": "e"},
            },
            ["retail_value"],
        ),
        (
            {"retail_value": 9000, "exception": {"code": "financial_need", "evidence": "e"}},
            [],
        ),
        (
            {
                "retail_value": 9000,
                "cash_equivalent": True,
                "exception": {"code": "financial_need", "evidence": "e"},
            },
            ["cash_equivalent"],
        ),
    ],
)
def test_what_is_offered_in_vain_is_warned_of(parts: dict[str, Any], expected: list[str]) -> None:
    """An author hears of what the law keeps from some members before they do."""
    document = {**DOCUMENT, **US, "rewards": [{**_GIFT, **parts}]}
    found = [each for each in validate(document).warnings if "US-" in each.detail]
    assert [each.pointer.rpartition("/")[2] for each in found] == expected
