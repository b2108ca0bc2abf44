"""
The programme of the simulated clinics, and beside it, by other means, what its rules must give.

It has one of everything that can go wrong: caps, a condition on what an activity may lack, a
formula, value that waits and value that never expires, every policy for spent value, scarce
rewards, tiers with a grace.  Its second version has other rates, so whoever evaluates by the wrong
one is found out.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from chalicelib.domain.ledger.activity import Activity

PROGRAMME: Final = "care"
POINTS: Final = "care/points"
COINS: Final = "care/coins"
STARS: Final = "care/stars"
PREPAID: Final = "care/prepaid"
HEARTS: Final = "care/hearts"
# How long points last, by the tier in which they are earned.
POINTS_DAYS: Final = 5
POINTS_DAYS_IN_SILVER: Final = 8
# How long hearts last after they were earned, and after each visit.
HEARTS_FIRST_DAYS: Final = 3
HEARTS_DAYS: Final = 2
# Within how many days after their last one a visit brings them back.
HEARTS_BACK_DAYS: Final = 1
VISIT_DAY_CAP: Final = 100
# What a payment earns at least, once a day: it competes with what its amount brings.
FLAT: Final = 40
#: Rules that compete, so that a payment has one of them.
RIVALS: Final = frozenset({"spend", "flat"})
STOCK: Final = {"mug": 3, "keyring": 2}
#: The reward that is handed over some time after it was redeemed.
GOODS: Final = "keyring"
#: The list of days that the tenant keeps, by which a discount goes.
HOLIDAYS: Final = "bank"
HOLIDAY_PERCENT: Final = 1
PARKING_QUOTA: Final = 2
GOODWILL_DAILY: Final = 50
SENT_DAILY: Final = 90
# What a birthday brings, in coins, and what stands for the one of 29 February.
CAKE: Final = 4
LEAP_DAY: Final = "03-01"
# How many a household is for: so few that there is often one too many.
MAX_MEMBERS: Final = 2
TIERS: Final = ("base", "silver", "gold")
CARD: Final[dict[str, Any]] = {
    "id": "two-paid",
    "name": "Two paid, a coffee",
    "size": 2,
    "on": ["payment.received"],
    "per": "activity",
    "min_amount": 1000,
    "full": {"entitlement": "coffee"},
}
#: Coffees that are paid for at once; a used one is worth more than its share.
PACKAGE: Final[dict[str, Any]] = {
    "id": "coffees",
    "name": "Three coffees",
    "sku": "COFFEE-X3",
    "entitlement": "coffee",
    "units": 3,
    "valid_days": 400,
    "price": 800,
    "unit_price": 300,
    "on": ["payment.received"],
}
#: A gift card that lasts so many days, and how long what comes back of it lasts at least.
GIFT: Final = "gift"
GIFT_DAYS: Final = 3
GIFT_AGAIN_DAYS: Final = 2
CARD_KEY: Final = f"{PROGRAMME}/{CARD['id']}"


class GoodWeek(NamedTuple):
    """So much spent in so many days brings a discount for so many days more."""

    at_least: int
    days: int
    term_days: int


#: What all that reduces a price may take off together.
MAX_PERCENT: Final = 25
GOOD_WEEK: Final = GoodWeek(at_least=30_000, days=7, term_days=2)
# From which bill on the voucher of a tea takes something off, and how much.
LEAST_BILL: Final = 4000
TEA_OFF: Final = 900
# How much less the second of two consultations costs.
PAIR_PERCENT: Final = 10
# How much that takes off one member in all.
PAIR_MOST: Final = 1000
# The house's own limits on what a member is given, and what everything is worth in a shop.
HOUSE_ITEM: Final = 1000
HOUSE_YEAR: Final = 3600
WORTH: Final = {
    "mug": 700,
    "keyring": 300,
    "tea": 900,
    "medal": 0,
    "parking": 200,
    "coffee": 300,
    "wifi": 0,
}


class Rates(NamedTuple):
    """What the versions differ in."""

    visit: int
    spend: int


VERSIONS: Final = {1: Rates(visit=40, spend=3), 2: Rates(visit=70, spend=5)}


def document(rates: Rates, time_zone: str) -> dict[str, Any]:
    """Return the programme's document."""
    return {
        "id": PROGRAMME,
        "name": "Care",
        "time_zone": time_zone,
        "money": {"currency": "USD"},
        "enrolment": {"optional_consents": ["messages"]},
        "backdate_limit_days": 6,
        "currencies": [
            {
                "id": "points",
                "name": "points",
                "expiry": {"type": "rolling", "days": POINTS_DAYS},
                "tier_expiry": {"silver": {"type": "rolling", "days": POINTS_DAYS_IN_SILVER}},
                "refund_days": 1,
            },
            {
                "id": "coins",
                "name": "coins",
                "expiry": {"type": "fixed", "on": "12-31"},
                "negative_balance": "clamp",
            },
            {
                "id": "prepaid",
                "name": "prepaid",
                "expiry": {"type": "never"},
                "restored_life_days": GIFT_AGAIN_DAYS,
            },
            {
                "id": "stars",
                "name": "stars",
                "expiry": {"type": "never"},
                "negative_balance": "reject",
            },
            {
                "id": "hearts",
                "name": "hearts",
                "expiry": {
                    "type": "inactivity",
                    "days": HEARTS_DAYS,
                    "first_life": {"type": "rolling", "days": HEARTS_FIRST_DAYS},
                    "on": ["visit.completed"],
                },
                "expiry_warning_days": 1,
                "reinstated_within_days": HEARTS_BACK_DAYS,
            },
        ],
        "attributes": {"online": "bool"},
        "groups": [{"id": "payment", "mode": "best"}],
        "earning": [
            {
                "id": "visit",
                "on": ["visit.completed"],
                "currency": "points",
                "award": {"type": "fixed", "amount": rates.visit},
                "tier_percent": {"silver": 150},
                "caps": [{"window": "day", "max": VISIT_DAY_CAP}],
            },
            {
                "id": "online",
                "on": ["visit.completed", "payment.received"],
                "currency": "coins",
                "award": {"type": "fixed", "amount": 15},
                "when": "attributes.online",
            },
            {
                "id": "spend",
                "on": ["payment.received"],
                "currency": "points",
                "award": {"type": "per_amount", "amount": rates.spend, "per": 700},
                "scope": {"exclude": {"categories": ["prescription"]}},
                "caps": [{"window": "activity", "max": 90}],
                "group": "payment",
            },
            {
                "id": "flat",
                "on": ["payment.received"],
                "currency": "points",
                "award": {"type": "fixed", "amount": FLAT},
                "caps": [{"window": "day", "max": FLAT}],
                "group": "payment",
            },
            {
                "id": "steps",
                "on": ["steps.recorded"],
                "currency": "points",
                "award": {"type": "per_unit", "amount": 1, "per": 1000},
                "activation_delay_days": 2,
            },
            {
                "id": "exercise",
                "on": ["exercise.recorded"],
                "currency": "coins",
                "award": {
                    "type": "formula",
                    "expression": "activity.quantity < 30 ? 0 : 5 + (activity.quantity - 30) / 10",
                },
            },
            {
                "id": "checkup",
                "on": ["checkup.completed"],
                "currency": "stars",
                "award": {"type": "fixed", "amount": 2},
            },
            {
                "id": "hearts",
                "on": ["visit.completed", "payment.received"],
                "currency": "hearts",
                "award": {"type": "fixed", "amount": 5},
            },
        ],
        "tiers": {
            "levels": [
                {"id": "base", "name": "Base"},
                {
                    "id": "silver",
                    "name": "Silver",
                    "qualify": {
                        "any": [
                            {"metric": "visits", "at_least": 3},
                            [
                                {"metric": "visits", "at_least": 2},
                                {"metric": "spend", "at_least": 20000},
                            ],
                        ]
                    },
                },
                {
                    "id": "gold",
                    "name": "Gold",
                    "qualify": {"all": [{"metric": "spend", "at_least": 40000}]},
                },
            ],
            "window": "calendar_year",
            "downgrade": "one_level",
            "grace_days": 2,
        },
        "entitlements": [
            {
                "id": "parking",
                "name": "Parking",
                "tiers": ["base", "silver", "gold"],
                "plans": ["club"],
                "quota": {"count": PARKING_QUOTA, "window": "month"},
                "kind": "service",
                "retail_value": WORTH["parking"],
            },
            {
                "id": "coffee",
                "name": "Coffee",
                "kind": "drink",
                "retail_value": WORTH["coffee"],
                "waives": {"include": {"categories": ["coffee"]}},
            },
            {"id": "wifi", "name": "Wifi", "tiers": ["base", "silver", "gold"]},
        ],
        "plans": [
            {
                "id": "club",
                "name": "Club",
                "period": "month",
                "fee": 900,
                "trial_days": 2,
                "grace_days": 1,
                "tier": "silver",
            },
            {"id": "light", "name": "Light", "period": "month", "fee": 300, "grace_days": 0},
        ],
        "date_gifts": [
            {
                "id": "cake",
                "name": "Cake",
                "on": "birthday",
                "gives": {"type": "value", "currency": "coins", "amount": CAKE},
                "leap_day": LEAP_DAY,
            }
        ],
        "quotes": {"minutes": 10_000},
        "policies": [
            {"pack": "us-cmp"},
            {"pack": "house", "item_cap": HOUSE_ITEM, "year_cap": HOUSE_YEAR},
        ],
        "goodwill": {"currency": "points", "daily": {"receptionist": GOODWILL_DAILY}},
        "transfers": [
            {"currency": "points", "sending": [{"window": "day", "max": SENT_DAILY}]},
            {"currency": "prepaid"},
        ],
        "statuses": [{"id": "family", "name": "Family"}],
        "discounts": {
            "stacking": "additive",
            "max_percent": MAX_PERCENT,
            "offers": [
                {
                    "id": "family",
                    "name": "Family",
                    "terms": {"type": "status", "any": ["family"], "percent": 5},
                },
                {
                    "id": "together",
                    "name": "Together",
                    "terms": {
                        "type": "spend_bands",
                        "at_least": 20000,
                        "percent": 2,
                        "shared": True,
                    },
                },
                {
                    "id": "holiday",
                    "name": "Holiday",
                    "terms": {"type": "dates", "lists": [HOLIDAYS], "percent": HOLIDAY_PERCENT},
                },
                {"id": "home", "name": "Home", "terms": {"type": "household", "percent": 4}},
                {
                    "id": "good-week",
                    "name": "Good week",
                    "terms": {"type": "spend_window", "percent": 3, **GOOD_WEEK._asdict()},
                },
                {
                    "id": "pair",
                    "name": "Pair",
                    "terms": {"type": "buy_get", "buy": 1, "get": 1, "percent": PAIR_PERCENT},
                    "scope": {"include": {"categories": ["consult"]}},
                    "limits": [{"window": "lifetime", "money": PAIR_MOST}],
                },
                {
                    "id": "tea-off",
                    "name": "Tea off",
                    "terms": {"type": "voucher", "reward": "tea", "amount": TEA_OFF},
                    "min_bill": LEAST_BILL,
                },
            ],
        },
        "wallets": [
            {
                "currency": "prepaid",
                "kind": "prepaid",
                "bands": [{"at_least": 2000, "percent": 10}, {"at_least": 5000, "percent": 20}],
                "bands_by": "every",
            }
        ],
        "gift_cards": [
            {
                "id": GIFT,
                "name": "Gift",
                "currency": "prepaid",
                "min_amount": 1000,
                "max_amount": 2500,
                "expiry": {"type": "rolling", "days": GIFT_DAYS},
            }
        ],
        "stamp_cards": [CARD],
        "packages": [PACKAGE],
        "rewards": [
            _reward("mug", "points", 50, stock=STOCK["mug"]),
            _reward(GOODS, "coins", 10, stock=STOCK["keyring"], payee="hospice", ordered=True),
            _reward(
                "tea",
                "points",
                20,
                limits=[{"window": "month", "count": 2}],
                voucher_valid_days=3,
                voucher_on_return="give_back",
            ),
            _reward("medal", "stars", 2),
        ],
    }


def awards(activity: Activity, version: int, tier: str) -> dict[str, int]:
    """Return what each rule must give for an activity before its caps, where it gives anything."""
    rates, kind = VERSIONS[version], activity.type
    found: dict[str, int] = {}
    if kind == "visit.completed":
        found["visit"] = rates.visit * (150 if tier == "silver" else 100) // 100
    if kind in ("visit.completed", "payment.received") and activity.attributes.get("online"):
        found["online"] = 15
    if kind == "payment.received":
        found["spend"] = _counted(activity) * rates.spend // 700
        found["flat"] = FLAT
    if kind == "steps.recorded":
        found["steps"] = (activity.quantity or 1) // 1000
    if kind == "exercise.recorded" and (activity.quantity or 1) >= 30:
        found["exercise"] = 5 + ((activity.quantity or 1) - 30) // 10
    if kind == "checkup.completed":
        found["checkup"] = 2
    if kind in ("visit.completed", "payment.received"):
        found["hearts"] = 5
    return {rule: amount for rule, amount in found.items() if amount > 0}


def _counted(activity: Activity) -> int:
    if not activity.lines:
        return 0 if activity.category == "prescription" else activity.amount or 0
    return sum(line.amount for line in activity.lines if line.category != "prescription")


def _reward(reward: str, currency: str, amount: int, **more: Any) -> dict[str, Any]:
    price = {"currency": currency, "amount": amount}
    worth = WORTH[reward]
    return {"id": reward, "name": reward, "price": price, "retail_value": worth, **more}
