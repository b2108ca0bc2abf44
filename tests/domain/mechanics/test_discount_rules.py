"""What is wrong with the discounts of a document: where, and what to do about it."""

from __future__ import annotations

from typing import Any, Final

import pytest

from chalicelib.domain.authoring.validation import validate
from tests.domain.building import ladder, points, reward, visits

TIER: Final = {"type": "tier", "percent": {"base": 5}}
BANDS: Final = {"type": "spend_bands", "at_least": 100, "percent": 5}
MANY: Final = [{"money": number} for number in range(1, 6)]


def found(*offers: dict[str, Any], **parts: Any) -> list[tuple[str, str]]:
    """Return what is wrong, by its place within the discounts."""
    named = [{"id": f"o{number}", "name": "O", **each} for number, each in enumerate(offers)]
    gives = {"type": "tier", "tier": "gold", "days": 1}
    document = {
        "id": "clinic",
        "name": "Clinic",
        "time_zone": "UTC",
        "money": {"currency": "GBP"},
        "currencies": [points()],
        "tiers": ladder(("gold", visits(2))),
        "statuses": [{"id": "vip", "name": "Vip"}],
        "rewards": [
            reward("off", 5),
            reward("status", 5, gives=gives),
            reward("mug", 5, ordered=True),
        ],
        "discounts": {"offers": named},
        **parts,
    }
    prefix = "/discounts/offers/"
    problems = validate(document).problems
    assert all(each.pointer.startswith(prefix) for each in problems)
    return [(each.pointer.removeprefix(prefix), each.detail) for each in problems]


@pytest.mark.parametrize(
    ("terms", "pointer", "detail"),
    [
        (BANDS, None, ""),
        ({**BANDS, "max_percent": 5}, None, ""),
        ({**BANDS, "percent": 0.1}, "0/terms/percent", "Whole per cent: 10 is ten per cent"),
        ({**BANDS, "max_percent": 4}, "0/terms/percent", "is more than `max_percent`, 4"),
        ({**BANDS, "shared": True}, None, ""),
        ({**BANDS, "basis": "after"}, None, ""),
        (
            {**BANDS, "shared": True, "basis": "after"},
            "0/terms/basis",
            "must be `before` with `shared`",
        ),
        ({"type": "dates", "percent": 5}, "0/terms", "is for no day"),
        ({"type": "dates", "percent": 5, "lists": ["bank"]}, None, ""),
        ({"type": "dates", "percent": 5, "days": ["birthday", "02-29", "2028-02-29"]}, None, ""),
        ({"type": "dates", "percent": 5, "days": ["01-01", "02-30"]}, "0/terms/days/1", ""),
        ({"type": "dates", "percent": 5, "days": ["2027-02-29"]}, "0/terms/days/0", ""),
        ({"type": "status", "any": ["vip"], "percent": 5}, None, ""),
        ({"type": "status", "any": ["vip", "vop"], "percent": 5}, "0/terms/any/1", "`vop`"),
        (TIER, None, ""),
        ({"type": "tier", "percent": {"base": 5, "god": 9}}, "0/terms/percent/god", "`god`"),
        ({"type": "prices", "prices": {"A": 0}, "tiers": ["gold"], "statuses": ["vip"]}, None, ""),
        ({"type": "prices", "prices": {"A": 1}, "tiers": ["gold", "x"]}, "0/terms/tiers/1", "`x`"),
        ({"type": "prices", "prices": {"A": 1}, "statuses": ["x"]}, "0/terms/statuses/0", "`x`"),
        ({"type": "voucher", "reward": "off", "percent": 5}, None, ""),
        ({"type": "voucher", "reward": "off", "amount": 5}, None, ""),
        (
            {"type": "voucher", "reward": "off", "amount": 5, "percent": 5},
            "0/terms",
            "needs exactly one of `percent` and `amount`",
        ),
        ({"type": "voucher", "reward": "off"}, "0/terms", "needs exactly one of"),
        # What gives its thing at once has no voucher.
        ({"type": "voucher", "reward": "status", "amount": 5}, "0/terms/reward", "`status`"),
        # Its goods would stay where the purchase comes back and gives the voucher back.
        ({"type": "voucher", "reward": "mug", "amount": 5}, "0/terms/reward", "is `ordered`"),
    ],
)
def test_terms(terms: dict[str, Any], pointer: str | None, detail: str) -> None:
    """Each kind by its own rules."""
    problems = found({"terms": terms})

    assert [where for where, _ in problems] == ([] if pointer is None else [pointer])
    assert all(detail in said for _, said in problems)


def test_what_is_not_there_at_all() -> None:
    """Statuses and rewards that no document declares are told so."""
    by_status = {"terms": {"type": "status", "any": ["vip"], "percent": 5}}
    by_voucher = {"terms": {"type": "voucher", "reward": "off", "amount": 5}}

    ((status, why), *_) = found(by_status, statuses=[])
    assert (status, "declare `statuses`" in why) == ("0/terms/any/0", True)
    ((voucher, why), *_) = found(by_voucher, rewards=[])
    assert (voucher, "declare `rewards`" in why) == ("0/terms/reward", True)


@pytest.mark.parametrize(
    ("limit", "pointer"),
    [
        ({"money": 1}, None),
        ({"units": 1}, None),
        ({"orders": 1, "window": "day"}, None),
        ({}, "0/limits/0"),
        ({"money": 1, "units": 1}, "0/limits/0"),
        ({"units": 1, "orders": 1, "window": "day"}, "0/limits/0"),
        ({"orders": 1}, "0/limits/0/window"),
        ({"orders": 1, "window": "order"}, "0/limits/0/window"),
    ],
)
def test_a_limit(limit: dict[str, Any], pointer: str | None) -> None:
    """It is one of three, and orders are counted over time."""
    problems = found({"terms": TIER, "limits": [limit]})

    assert [where for where, _ in problems] == ([] if pointer is None else [pointer])


@pytest.mark.parametrize(
    ("offers", "pointers"), [(20, []), (21, ["20/limits"]), (23, ["20/limits"])]
)
def test_limits_of_all_together(offers: int, pointers: list[str]) -> None:
    """A hundred, and the first that is beyond them is named, once."""
    problems = found(*({"terms": TIER, "limits": MANY} for _ in range(offers)))

    assert [where for where, _ in problems] == pointers


def test_each_with_its_own_id() -> None:
    """The second of two is one too many."""
    problems = found({"terms": TIER, "id": "a"}, {"terms": TIER}, {"terms": TIER, "id": "a"})

    assert [where for where, _ in problems] == ["2/id"]
