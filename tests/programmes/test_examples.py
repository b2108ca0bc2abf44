"""The examples are programmes, they use everything there is, and they give what they say."""

from __future__ import annotations

import json
from datetime import date
from typing import Any, Final

import msgspec
import pytest
from jsonschema import Draft202012Validator
from msgspec import inspect as shapes

from chalicelib.domain.authoring.validation import validate
from chalicelib.domain.authoring.whole_document import ProgrammeDocument
from chalicelib.domain.authoring.words import describe
from chalicelib.domain.ledger.activity import Activity, checked
from chalicelib.domain.ledger.calendar import (
    expiry_instant,
    format_instant,
    parse_date,
    parse_instant,
)
from chalicelib.domain.ledger.events import Line
from chalicelib.domain.mechanics.earning import EligibilitySnapshot, evaluate
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.fields import FixedExpiry, Part
from chalicelib.programmes.rendering import catalogue
from chalicelib.schemas import PROGRAMME

FOLDER: Final = PROGRAMME.file.parent
EXAMPLES: Final = {
    path.stem: json.loads(path.read_text("utf-8"))
    for path in sorted(FOLDER.glob("*.json"))
    if path != PROGRAMME.file
}
# A day on which every season of the examples is still to come or running.
TODAY: Final = date(2026, 11, 22)
#: Where publishing an example warns.
WARNED: Final = {
    "clinic": ["/currencies/0/expiry"],
    "purchases": ["/currencies/0/expiry"],
    "us-clinic": ["/rewards/2/cash_equivalent", "/entitlements/2/cash_equivalent"],
}


def programme(name: str) -> Programme:
    """An example as a programme."""
    validated = validate(EXAMPLES[name], TODAY)
    assert validated.problems == ()
    assert validated.programme is not None
    return validated.programme


def earned(name: str, tier: str = "base", **parts: Any) -> dict[str, int]:
    """What each rule of an example gives for an activity, where nothing is used of its caps."""
    document = programme(name)
    when = parts.pop("occurred_at", "2026-11-18T12:00:00Z")  # a Wednesday
    activity = Activity(
        source="test",
        external_id="1",
        occurred_at=parse_instant(when),
        money=document.money.currency if parts.keys() & {"amount", "lines"} else None,
        **parts,
    )
    outcomes = evaluate(
        document,
        checked(activity),
        EligibilitySnapshot(tier=tier, visits=3, days_enrolled=100),
        lambda rule, _: min([cap.max for cap in rule.caps if cap.max is not None], default=None),
    )
    return {outcome.rule: outcome.granted for outcome in outcomes if outcome.granted}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_valid(name: str) -> None:
    """Every example is accepted; those that roll by the day are warned of their lots."""
    validated = validate(EXAMPLES[name], TODAY)

    assert validated.problems == ()
    assert [warning.pointer for warning in validated.warnings] == WARNED.get(name, [])


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_fits_the_schema(name: str) -> None:
    """What validation accepts, an editor accepts."""
    Draft202012Validator(PROGRAMME.schema()).validate(EXAMPLES[name])


@pytest.mark.parametrize("definition", sorted(PROGRAMME.schema()["$defs"]))
def test_the_schema_refuses_unknown_fields_and_explains_itself(definition: str) -> None:
    """No part takes a field that it does not declare, and each says what it is."""
    part = PROGRAMME.schema()["$defs"][definition]

    assert part["additionalProperties"] is False
    assert part["description"].endswith(".")
    assert not Draft202012Validator({**PROGRAMME.schema(), **part}).is_valid({"unheard_of": 1})


def test_the_schema_wants_a_discriminator() -> None:
    """An award or expiry without its type is refused in the editor too."""
    document = json.loads(json.dumps(EXAMPLES["purchases"]))
    del document["earning"][0]["award"]["type"]

    assert not Draft202012Validator(PROGRAMME.schema()).is_valid(document)


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("locale", ["en", "fa", "bg-BG", "zh-TW", "zh-CN", None])
def test_w_an_example_can_be_told(name: str, locale: str | None) -> None:
    """Every part of every example has words in every language, without a gap left in them."""
    for part in describe(programme(name)):
        text, _, translated, _ = catalogue().render(part.sentences, locale)
        assert translated
        assert text.rstrip("\u2068\u2069").endswith((".", "。"))
        assert "{" not in text
        assert "  " not in text


@pytest.mark.parametrize(
    ("name", "kind", "part", "expected"),
    [
        (
            "clinic-discounts",
            "wallet",
            "prepaid",
            (
                "Purchases are paid with Prepaid money before all else. Paid in from 200.00 "
                "GBP: 10 % off. Paid in from 500.00 GBP: 20 % off. What it pays counts as "
                "spent."
            ),
        ),
        (
            "clinic-discounts",
            "wallet",
            "cashback",
            (
                "1 Cashback for 0.01 GBP of a bill. At most 50 % of it. What it pays does "
                "not count as spent."
            ),
        ),
        ("clinic-discounts", "quote", "clinic-discounts", "A quote stands for 30 minutes."),
        (
            "clinic-discounts",
            "goodwill",
            "clinic-discounts",
            "Where something went wrong, staff may credit points.",
        ),
        (
            "clinic-discounts",
            "package",
            "four-scalings",
            (
                "Four scalings: 4 × Scaling from a package with each purchase of SCALING-X4. "
                "To be used within 730 days. It costs 200.00 GBP. "
                "Who returns it gets back what they paid, less 70.00 GBP for each use."
            ),
        ),
        (
            "clinic-discounts",
            "status",
            "care-plan",
            (
                "In a care plan: counts once it has been shown. It takes consent to "
                "“health_personalisation”, and is forgotten without it."
            ),
        ),
        (
            "clinic-discounts",
            "status",
            "police",
            (
                "Serves in the police: counts once it has been shown. It is to be shown "
                "again after 366 days."
            ),
        ),
        (
            "clinic-discounts",
            "discount",
            "cumulative",
            (
                "The more, the cheaper: 2 % off from 100.00 GBP spent in all. 1 % more for "
                "each further 100.00 GBP, 10 % at most. The bill itself does not count yet. "
                "Not counted: prescription."
            ),
        ),
        (
            "clinic-discounts",
            "discount",
            "good-year",
            ("£1,000 in a year: 10 % off for 365 days after 1,000.00 GBP spent in 365 days."),
        ),
        (
            "clinic-discounts",
            "discount",
            "birthday",
            (
                "Birthday: 15 % off on the birthday. It begins 3 days before and ends 3 days "
                "after. Where there is no 29 February, 28 February stands for it. Does not "
                "add to Bank holidays and Days of our hospital: what gives most counts."
            ),
        ),
        (
            "clinic-discounts",
            "discount",
            "holidays",
            (
                "Bank holidays: 5 % off on 26 December, 3 May 2027 or a day of the list "
                "“bank-holidays”. Does not add to Birthday and Days of our hospital: what gives "
                "most counts."
            ),
        ),
        (
            "clinic-discounts",
            "discount",
            "in-service",
            (
                "For those who serve: 8 % off with Works for the health service, Serves in "
                "the armed forces, Serves in the police or Serves in the fire service."
            ),
        ),
        ("clinic-discounts", "discount", "family", "Family: 5 % off in a household of 2 or more."),
        (
            "clinic-discounts",
            "discount",
            "care-prices",
            (
                "Screening at the member's price: SCREEN-BASIC for 60.00 GBP each. Only for "
                "VIP or In a care plan."
            ),
        ),
        (
            "clinic-discounts",
            "discount",
            "vitamins",
            (
                "20 % off vitamins: 20 % off for a voucher of “20 % off vitamins”. Counted: "
                "vitamins. For at most 6 units an order, the dearest first. For at most 2 units an "
                "order, the dearest first. That limit is for OMEGA-3. At most 20.00 GBP off a "
                "month."
            ),
        ),
        (
            "clinic-discounts",
            "discount",
            "five-off",
            (
                "£5 off: 5.00 GBP off for a voucher of “£5 off”. From a bill of 10.00 GBP on. "
                "Where a return leaves less, what it took off the rest is kept back from the "
                "refund. In at most 2 orders a year."
            ),
        ),
        (
            "clinic-discounts",
            "stacking",
            "clinic-discounts",
            "Of several discounts a line gets the best.",
        ),
        (
            "clinic-discounts",
            "reward",
            "medal",
            (
                "A medal for bravery costs nothing. For children who had blood taken. Staff "
                "hand it out. At most once a day for each member. There are 100."
            ),
        ),
        (
            "clinic",
            "transfer",
            "points",
            (
                "Members may give points to one another, from 10 to 500 points at once. What is "
                "given keeps its last day. What was earned can be given once 14 days have passed "
                "since. A member may send at most 1,000 points a month. A member may receive at "
                "most 12 times a year."
            ),
        ),
        (
            "cumulative-care",
            "reward",
            "donation",
            (
                "5 dollars to a charity costs 400 points. Paid out by the clinic to the "
                "charity of the season. What it costs goes to season-charity."
            ),
        ),
        (
            "us-clinic",
            "policy",
            "us-cmp",
            (
                "The law limits gifts where Medicare, Medicaid or the like pays for your care, or "
                "where it is not known who pays. Then there is no cash, and nothing that is used "
                "like cash. Then one gift is worth 15.00 USD at most. Then all gifts of a calendar "
                "year are worth 75.00 USD at most. Then nothing is earned by: referral."
            ),
        ),
        (
            "healthy-behaviour",
            "tier",
            "active",
            (
                "Active is reached with 12 × met goal or 3 referrals in a year of "
                "membership. It begins when the time is over. It lasts through the next "
                "year; after a year that does not reach it again comes the tier that the "
                "year did reach. It brings: A coach by video."
            ),
        ),
        (
            "hospital-levels",
            "tier",
            "silver",
            (
                "Silver is reached with 6 completed visits or 5,000.00 CNY spent (a payment "
                "counts) in 365 days. It lasts 365 days; if those do not reach it again it "
                "costs one tier, 30 days later."
            ),
        ),
        (
            "hospital-levels",
            "entitlement",
            "parking",
            "Free parking: 4 a month for Silver and Gold.",
        ),
        (
            "hospital-levels",
            "discount",
            "specialist",
            ("Specialist visits: 10 % off in Silver and 10 % off in Gold. Counted: specialist."),
        ),
        (
            "hospital-levels",
            "stacking",
            "hospital-levels",
            ("Several discounts add up. Several together take off 12 % at most."),
        ),
        (
            "hospital-levels",
            "reward",
            "gold-upgrade",
            ("A year of gold costs 8,000 points. It gives Gold for 365 days."),
        ),
        (
            "paid-membership",
            "expiry",
            "wellbeing",
            (
                "Wellbeing points can be used until the end of the half-year that comes 6 months "
                "after being earned. If an activity is cancelled after what it earned was used, "
                "what is earned next makes up for it."
            ),
        ),
        (
            "paid-membership",
            "expiry",
            "stars",
            (
                "Stars can be used until the end of the half-year that comes 24 months after "
                "being earned. After every visit, purchase or other activity, use is possible "
                "for 180 days at least. If an activity is cancelled after what it earned was "
                "used, what is earned next makes up for it."
            ),
        ),
        (
            "paid-membership",
            "earning",
            "morning-class",
            (
                "Each attended wellness earns 30 wellbeing points. It counts on Tuesday and "
                "Thursday. It counts from 09:00 to 12:00. It begins on 1 January 2027."
            ),
        ),
        (
            "paid-membership",
            "reward",
            "extra-call",
            (
                "One more call costs 90 wellbeing points. It gives 1 × A call with the "
                "clinician. Usable for 90 days. It is redeemed automatically once the balance "
                "reaches 90 wellbeing points."
            ),
        ),
        (
            "paid-membership",
            "entitlement",
            "phone-access",
            ("A call with the clinician: 2 a month for Monthly, Yearly and Light."),
        ),
        (
            "paid-membership",
            "plan",
            "monthly",
            (
                "Monthly: 180.00 USD a month. The first 14 days are free, once. Its members "
                "are in Member. Where it is not paid again, it goes on for 7 days."
            ),
        ),
        (
            "paid-membership",
            "plan",
            "light",
            ("Light: 60.00 USD a month. Where it is not paid again, it goes on for 7 days."),
        ),
        (
            "pharmacy",
            "earning",
            "returned-medicines",
            (
                "Each returned medicine earns 5 thank-you points for every one that is "
                "counted. At most 50 each time. At most 2 times a month."
            ),
        ),
        (
            "pharmacy",
            "transfer",
            "gratitude",
            (
                "Members may give thank-you points to one another. What is given lasts as if it "
                "had been earned that day."
            ),
        ),
        (
            "physiotherapy",
            "hold",
            "physiotherapy",
            "Value can be set aside for 10 minutes, 1,440 at most.",
        ),
        (
            "physiotherapy",
            "entitlement",
            "free-session",
            (
                "Free session: for those to whom it is granted. One session of "
                "physiotherapy, for a full card."
            ),
        ),
        (
            "physiotherapy",
            "stamp_card",
            "courses",
            (
                "Ten courses, parking: 10 stamps give 3 × Free parking. Usable for 90 days. "
                "Each paid line of a purchase brings a stamp. Counted: course."
            ),
        ),
        (
            "physiotherapy",
            "stamp_card",
            "five-paid",
            (
                "Five paid, one free: 5 stamps give 1 × Free session. Usable for 365 days. "
                "Each paid unit in a payment or purchase brings a stamp. Counted: "
                "physiotherapy. Where less than 10.00 GBP is paid for what counts, there is "
                "none. At most 2 a day."
            ),
        ),
        (
            "physiotherapy",
            "discount",
            "birthday",
            (
                "Birthday week: 10 % off on the birthday. It begins on the day and ends 6 "
                "days after. Where there is no 29 February, 1 March stands for it."
            ),
        ),
        (
            "physiotherapy",
            "discount",
            "together",
            (
                "The whole family: 3 % off from 500.00 GBP spent in the calendar year. The "
                "bill itself does not count yet. What everyone in the household spends "
                "counts together."
            ),
        ),
        (
            "physiotherapy",
            "discount",
            "children",
            (
                "Children of the family: 8 % off in a household of 2 or more. For those who "
                "are there as child or dependant."
            ),
        ),
        (
            "physiotherapy",
            "stacking",
            "physiotherapy",
            (
                "Of several discounts each is taken off what the others left. Several "
                "together take off 20 % at most."
            ),
        ),
        (
            "clinic",
            "reporting",
            "clinic",
            (
                "Days begin and end by the clock of Europe/London. What happened before "
                "joining earns nothing, nor what is reported more than 30 days after it "
                "happened."
            ),
        ),
        (
            "cumulative-care",
            "expiry",
            "points",
            (
                "Points can be used without a time limit. If an activity is cancelled after what "
                "it earned was used, what is earned next makes up for it."
            ),
        ),
        (
            "pharmacy",
            "expiry",
            "points",
            (
                "Points can be used until the end of the day 90 days after being earned. What is "
                "earned becomes usable 3 days later. If an activity is cancelled after what it "
                "earned was used, what is earned next makes up for it. What a cancelled "
                "redemption gives back can be used for 14 days at least. What has expired comes "
                "back, once, with a visit, purchase or other activity within 30 days after its "
                "last day. It then lasts as if it had been earned on the day after its last day."
            ),
        ),
        (
            "pharmacy",
            "expiry",
            "stamps",
            (
                "Stamps can be used until the end of the first 31 December that is at least 30 "
                "days after being earned. If an activity is cancelled after what it earned was "
                "used, nothing is owed."
            ),
        ),
        (
            "pharmacy",
            "expiry",
            "cashback",
            (
                "Cents of cashback can be used without a time limit. An activity cannot be "
                "cancelled once what it earned was used."
            ),
        ),
        (
            "paid-membership",
            "expiry",
            "points",
            (
                "Points can be used until the end of the day 18 months after being earned, or "
                "after the last completed visit. If an activity is cancelled after what it "
                "earned was used, what is earned next makes up for it."
            ),
        ),
        (
            "pharmacy",
            "earning",
            "own-brand",
            (
                "Each purchase earns 3 points for every 1.00 EUR. Counted: own-vitamin-c and "
                "own-zinc. Fractions are rounded to the nearest whole number. An article "
                "earns points once. Only the first of these that applies counts: Own brand "
                "and Vitamins and cosmetics."
            ),
        ),
        (
            "hospital-levels",
            "discount",
            "large-bills",
            (
                "CNY 20,000 in a year, this bill among it: 3 % off from 20,000.00 CNY spent "
                "(a payment counts) in the calendar year. The bill itself counts."
            ),
        ),
        (
            "hospital-levels",
            "entitlement",
            "blood-test",
            (
                "A free blood test: 1 a year for Gold. A quote uses one for each unit that "
                "counts, and charges nothing for it. Counted: BLOOD-TEST."
            ),
        ),
        (
            "physiotherapy",
            "date_gift",
            "birthday",
            (
                "Birthday: 100 points on the birthday. Where there is no 29 February, 1 "
                "March stands for it."
            ),
        ),
        (
            "physiotherapy",
            "date_gift",
            "years-together",
            (
                "Years together: 1 × Free session on every anniversary of joining. Usable "
                "for 90 days. For members in Regular. From 1 January 2026 to 31 December "
                "2035. Where there is no 29 February, 28 February stands for it."
            ),
        ),
    ],
)
def test_an_example_is_told_like_this(name: str, kind: str, part: str, expected: str) -> None:
    """What each mechanic says of itself in English, to the letter."""
    said = {(each.kind, each.id): each.sentences for each in describe(programme(name))}

    assert catalogue().render(said[kind, part], "en").text == expected


# ── Everything is shown at least once ──


def _declared(shape: shapes.Type, found: set[str], seen: set[int]) -> set[str]:
    """Every field, and every choice of a word, that a document may have."""
    while isinstance(shape, shapes.Metadata):
        shape = shape.type
    if isinstance(shape, shapes.StructType) and id(shape.cls) not in seen:
        seen.add(id(shape.cls))
        for field in shape.fields:
            found.add(full_name(shape.cls, field.name))
            _declared(field.type, found, seen)
    elif isinstance(shape, shapes.UnionType):
        for option in shape.types:
            _declared(option, found, seen)
    elif isinstance(shape, shapes.VarTupleType):
        _declared(shape.item_type, found, seen)
    elif isinstance(shape, shapes.DictType):
        _declared(shape.value_type, found, seen)
    elif isinstance(shape, shapes.LiteralType):
        found.update(f"“{word}”" for word in shape.values)
    return found


def full_name(owner: type, name: str) -> str:
    """Return the name of a field with that of its Struct; what all parts have is one field."""
    shared = issubclass(owner, Part) and name in Part.__struct_fields__
    return f"{(Part if shared else owner).__name__}.{name}"


def _used(raw: Any, part: Any) -> set[str]:
    """The fields that a document names, by the Structs they were read into, and its words."""
    if isinstance(part, msgspec.Struct):
        names = [name for name in part.__struct_fields__ if name in raw]
        below = [_used(raw[name], getattr(part, name)) for name in names]
        return {full_name(type(part), name) for name in names}.union(*below)
    if isinstance(part, tuple):
        return set().union(*map(_used, raw, part))
    if isinstance(part, dict):
        return set().union(*(_used(raw[name], item) for name, item in part.items()))
    return {f"“{part}”"}


def test_every_feature_is_shown() -> None:
    """No field and no choice exists that no example uses."""
    declared = _declared(shapes.type_info(ProgrammeDocument), set(), set())
    used = set().union(*(_used(raw, programme(name)) for name, raw in EXAMPLES.items()))

    assert declared - used == set()


# ── What the examples give ──


@pytest.mark.parametrize(
    ("name", "tier", "activity", "expected"),
    [
        ("purchases", "base", {"amount": 3599}, {"spend": 35}),
        ("purchases", "silver", {"amount": 3599}, {"spend": 44}),
        ("purchases", "gold", {"amount": 3599}, {"spend": 53}),
        ("purchases", "base", {"amount": 99}, {}),
        ("purchases", "gold", {"amount": 99_900}, {"spend": 500}),
        ("clinic", "base", {"type": "visit.completed"}, {"visit": 50}),
        ("clinic", "gold", {"type": "visit.completed"}, {"visit": 75}),
        (
            "clinic",
            "silver",
            {"type": "visit.completed", "occurred_at": "2026-11-22T10:00:00Z"},
            {"visit": 125},
        ),
        (
            "clinic",
            "base",
            {
                "type": "visit.completed",
                "occurred_at": "2026-11-18T08:59:59Z",
                "attributes": {"booked_online": True},
            },
            {"visit": 50, "early": 20},
        ),
        (
            "clinic",
            "base",
            {"type": "visit.completed", "attributes": {"booked_online": True}},
            {"visit": 50, "booked-online": 10},
        ),
        (
            "clinic",
            "base",
            {"lines": (Line("1", 1999, 1, "prescription"), Line("2", 850, 1, "vitamins"))},
            {"spend": 8},
        ),
        ("clinic", "base", {"type": "steps.recorded", "quantity": 7999}, {"steps": 7}),
        ("clinic", "base", {"type": "steps.recorded", "quantity": 23_000}, {"steps": 10}),
        ("clinic", "base", {"type": "exercise.recorded", "quantity": 29}, {}),
        ("clinic", "base", {"type": "exercise.recorded", "quantity": 55}, {"exercise": 7}),
        ("clinic", "base", {"type": "vaccination.completed"}, {"winter-vaccination": 100}),
        ("persian-clinic", "base", {"type": "visit.completed"}, {"visit": 500}),
        (
            "persian-clinic",
            "base",
            {"type": "visit.completed", "category": "screening"},
            {"screening": 950},
        ),
        (
            "pharmacy",
            "patron",
            {
                "lines": (
                    Line("1", 1250, 1, "cosmetics", "cream"),
                    Line("2", 850, 1, "vitamins", "trial-pack"),
                )
            },
            {"vitamins": 13, "cashback": 63, "stamp": 1},
        ),
        (
            "pharmacy",
            "friend",
            {"lines": (Line("1", 1250, 1, "vitamins", "own-zinc"),)},
            {"own-brand": 38, "cashback": 25},
        ),
        ("pharmacy", "friend", {"type": "medicine.returned", "quantity": 3},
         {"returned-medicines": 15}),
    ],
)  # fmt: skip
def test_an_example_gives_what_it_says(
    name: str, tier: str, activity: dict[str, Any], expected: dict[str, int]
) -> None:
    """Awards worked out by hand, rule by rule."""
    assert earned(name, tier, **{"type": "purchase.completed", **activity}) == expected


def test_the_persian_year_ends_at_its_own_midnight() -> None:
    """Value of the year 1405 is usable through 2027-03-20 in Tehran, to the millisecond."""
    document = programme("persian-clinic")
    expiry = document.currencies[0].expiry

    assert isinstance(expiry, FixedExpiry)
    assert format_instant(expiry_instant(parse_date(expiry.on), document.time_zone)) == (
        "2027-03-20T20:30:00Z"
    )


def test_the_schema_lies_beside_the_examples() -> None:
    """What the examples name in `$schema` is there."""
    for raw in EXAMPLES.values():
        assert (FOLDER / raw["$schema"]).samefile(PROGRAMME.file)
