"""A document is evaluated in one go: every problem, its place, its remedy; and warnings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect as shapes

from chalicelib.domain.authoring.validation import (
    Problem,
    Validated,
    check_succession,
    succession_warnings,
    validate,
)
from chalicelib.domain.authoring.whole_document import ProgrammeDocument, whole
from chalicelib.domain.decide import registry
from chalicelib.domain.ledger.money import MAX_AMOUNT
from chalicelib.domain.programme.section import encode, read
from chalicelib.domain.salvage import salvage
from chalicelib.domain.shapes import shape_of, unwrap
from chalicelib.schemas import PROGRAMME
from tests.catalogue.catalogue import declared
from tests.domain.documents import DOCUMENT, GONE, changed
from tests.examples import examples

CLINIC: Final = json.loads(PROGRAMME.file.with_name("clinic.json").read_text("utf-8"))

RULE: Final = "/earning/0"
FORMULA: Final = "/earning/1"
GOLD: Final = "/tiers/levels/2/qualify"
REWARD: Final = "/rewards/0"

# What is changed, and the one problem that follows: where, and words of the remedy.  What mechanics
# find is tried beside each of them.
PROBLEMS: Final[list[tuple[dict[str, Any], str, str]]] = [
    # Shape: unknown, missing, mistyped, out of bounds, badly formed.
    ({"/tires": {}}, "/tires", "not a known field; did you mean `tiers`?"),
    ({f"{RULE}/curency": "points"}, f"{RULE}/curency", "did you mean `currency`?"),
    ({"/name": GONE}, "/name", "is required"),
    ({f"{RULE}/award": GONE}, f"{RULE}/award", "is required"),
    ({"/groups/0/mode": GONE}, "/groups/0/mode",
     "is required: must be one of `best`, `first`, `stack`"),
    ({f"{RULE}/tier_percent/gold": 1.5}, f"{RULE}/tier_percent/gold",
     "got a decimal number: Whole per cent: 150 is half as much again"),
    ({"/earning": {}}, "/earning", "must be a list; got an object"),
    ({"/earning/0": "visit"}, "/earning/0", "must be an object; got a string"),
    ({f"{RULE}/award/amount": 0}, f"{RULE}/award/amount", "must be at least 1"),
    ({f"{RULE}/award/amount": 2.5}, f"{RULE}/award/amount",
     "must be a whole number; got a decimal number: Whole units of the currency"),
    ({f"{RULE}/award/amount": True}, f"{RULE}/award/amount", "must be a whole number"),
    ({f"{RULE}/award/type": "fixd"}, f"{RULE}/award/type", "must be one of `fixed`"),
    ({f"{RULE}/award/type": GONE}, f"{RULE}/award/type", "is required"),
    ({f"{RULE}/on": []}, f"{RULE}/on", "at least 1 item"),
    ({f"{RULE}/on/0": "Visit"}, f"{RULE}/on/0", "must match the pattern"),
    ({f"{RULE}/id": "Visit"}, f"{RULE}/id", "must match the pattern"),
    ({f"{RULE}/rounding": "up"}, f"{RULE}/rounding", "must be one of"),
    ({f"{RULE}/tier_percent/gold": 0}, f"{RULE}/tier_percent/gold", "must be at least 1"),
    ({"/currencies": []}, "/currencies", "at least 1 item"),
    ({"/currencies/1/name": 7}, "/currencies/1/name", "must be a string or an object"),
    ({"/currencies/1/expiry/days": "9"}, "/currencies/1/expiry/days", "must be a whole number"),
    ({"/backdate_limit_days": 400}, "/backdate_limit_days", "must be at most 365"),
    ({"/tiers": 3}, "/tiers", "must be an object or null"),
    ({f"{GOLD}/all/0/metric": "days"}, f"{GOLD}/all/0/metric", "must be one of"),
    ({f"{GOLD}/all/1/metric": "point_earned"}, f"{GOLD}/all/1/metric", "must be one of"),
    ({f"{REWARD}/stock": -1}, f"{REWARD}/stock", "must be at least 0"),
    ({f"{RULE}/valid_from": "1 May"}, f"{RULE}/valid_from", "must match the pattern"),
    ({"/id": "clinic\n"}, "/id", "must match the pattern ^[a-z]"),
    ({"/name/en": " Clinic"}, "/name/en", "begins or ends with white space"),
    ({"/name": " "}, "/name", "begins or ends with white space"),
    # The document as a whole.
    ({"/time_zone": "Europe/Londn"}, "/time_zone", "did you mean 'Europe/London'?"),
    ({"/time_zone": "GMT+1"}, "/time_zone", "not an IANA time zone"),
    ({"/money/currency": "GBX"}, "/money/currency", "not an active ISO 4217 currency"),
    ({"/money/currency": "GPB"}, "/money/currency", "did you mean 'GBP'?"),
    ({"/money/currency": "BGN"}, "/money/currency", "use 'EUR'"),
    ({"/name": {}}, "/name", "at least one locale"),
    ({"/name/english": "x"}, "/name/english", "is not a locale"),
    ({"/currencies/0/forms": {"en": {"dual": "x"}}}, "/currencies/0/forms/en/dual", "one of `few`"),
    ({"/tiers/levels/2/benefits/0": {"EN": "x"}}, "/tiers/levels/2/benefits/0/EN", "a locale"),
    ({f"{REWARD}/description": {}}, f"{REWARD}/description", "at least one locale"),
    # Ids.
    ({"/currencies/1/id": "points", f"{FORMULA}/currency": "points"},
     "/currencies/1/id", "`points` is the id of /currencies/0 already"),
    ({f"{FORMULA}/id": "visit"}, f"{FORMULA}/id", "the id of /earning/0 already"),
    ({"/groups/1": {"id": "bonus", "mode": "stack"}}, "/groups/1/id", "of /groups/0 already"),
    ({"/tiers/levels/1/id": "base"}, "/tiers/levels/1/id", "of /tiers/levels/0 already"),
    ({"/rewards/1": DOCUMENT["rewards"][0]}, "/rewards/1/id", "the id of /rewards/0 already"),
]  # fmt: skip

# What is changed, and the one warning that follows.
WARNINGS: Final[list[tuple[dict[str, Any], str, str]]] = [
    ({f"{RULE}/caps/0": {"window": "year", "times": 1, "on_exceed": "reject"}},
     f"{RULE}/caps/0/on_exceed", "changes nothing with `times`"),
    ({f"{RULE}/caps/0": {"window": "activity", "times": 1}}, f"{RULE}/caps/0", "never limits"),
    ({f"{RULE}/at_least": 501}, f"{RULE}/at_least", "never given: a cap leaves 500 at most"),
    ({f"{RULE}/tier_percent": {}, f"{RULE}/at_most": 40}, f"{RULE}/at_most",
     "is needless: each award is 50"),
    ({f"{REWARD}/stock": 0}, f"{REWARD}/stock", "nobody can redeem it"),
    ({f"{REWARD}/valid_until": "2026-11-21"}, f"{REWARD}/valid_until", "2026-11-21 is over"),
    ({f"{RULE}/valid_until": "2026-11-21"}, f"{RULE}/valid_until", "2026-11-21 is over"),
    ({"/currencies/0/expiry/on": "2026-11-21"}, "/currencies/0/expiry/on", "expires at once"),
    ({"/currencies/0/expiry": {"type": "fixed", "on": "2027-03-20", "min_days": 3}},
     "/currencies/0/expiry/min_days", "changes nothing with a full date"),
    ({"/currencies/0/expiry": {"type": "never"}, "/currencies/0/restored_life_days": 3},
     "/currencies/0/restored_life_days", "changes nothing"),
    ({"/currencies/0/expiry": {"type": "never"}, "/currencies/0/expiry_warning_days": 3},
     "/currencies/0/expiry_warning_days", "changes nothing"),
    ({f"{RULE}/group": GONE}, "/groups/0", "no rule is in the group `bonus`"),
    ({f"{RULE}/scope": {"include": {"skus": ["a"]}, "exclude": {"skus": ["a"]}}},
     f"{RULE}/scope", "excluding wins"),
    ({f"{GOLD}/all/0/at_least": 5}, GOLD, "without reaching `silver`"),
    ({GOLD: {"any": [{"metric": "visits", "at_least": 9}, {"metric": "spend", "at_least": 9}]}},
     GOLD, "without reaching `silver`"),
    ({f"{GOLD}/all/1/currency": "gems",
      "/currencies/2": {"id": "gems", "name": "gems", "expiry": {"type": "never"}}},
     GOLD, "nothing counts towards `points_earned`: no rule gives gems"),
    ({f"{GOLD}": GONE}, "/tiers/levels/2", "no metric reaches it: it is given by hand"),
    ({"/metrics": {"spend_on": []},
      "/tiers/levels/1/qualify/any/1": {"metric": "spend", "at_least": 9}},
     "/tiers/levels/1/qualify", "`metrics.spend_on` is empty"),
    # V5: a factor that was meant as `2 ×`.
    ({f"{FORMULA}/multipliers/0/percent": 2}, f"{FORMULA}/multipliers/0/percent",
     "leaves 2 % of the award: 100 is all of it, and 200 doubles it"),
    ({f"{FORMULA}/multipliers/0/percent": 99}, f"{FORMULA}/multipliers/0/percent", "leaves 99 %"),
    ({f"{FORMULA}/multipliers/0/percent": 100}, f"{FORMULA}/multipliers/0/percent",
     "changes nothing"),
    ({f"{RULE}/tier_percent/gold": 2}, f"{RULE}/tier_percent/gold", "leaves 2 % of the award"),
    ({"/tiers/window": "lifetime", "/tiers/grace_days": 3}, "/tiers/grace_days", "never taken"),
    ({"/tiers/downgrade": "none", "/tiers/grace_days": 3}, "/tiers/grace_days", "never taken"),
    ({"/tiers/window": "lifetime", "/tiers/downgrade": "one_level"},
     "/tiers/downgrade", "never reviewed"),
    ({"/currencies/2": {"id": "gems", "name": "gems", "expiry": {"type": "never"}},
      f"{REWARD}/price/currency": "gems"}, f"{REWARD}/price/currency", "no rule gives gems"),
    ({"/currencies/1/expiry/days": 365}, "/currencies/1/expiry", "could hold 366 lots of stamps"),
    ({"/currencies/1/expiry": {"type": "rolling", "months": 6}},
     "/currencies/1/expiry", "could hold 187 lots"),
    ({"/currencies/1/expiry": {"type": "rolling", "years": 1}},
     "/currencies/1/expiry", "could hold 367 lots"),
    ({f"{RULE}/activation_delay_days": 200}, "/currencies/0/expiry", "could hold 202 lots"),
    ({"/backdate_limit_days": 365, f"{RULE}/caps/0": {"window": "day", "max": 5}},
     f"{RULE}/caps", "could hold 368 counters"),
]  # fmt: skip


def pointers(validated: Validated) -> list[str]:
    """Where the problems are."""
    return [problem.pointer for problem in validated.problems]


def test_a_sound_document_is_a_programme_without_a_word() -> None:
    """A valid document converts, and nothing is said against it."""
    validated = validate(DOCUMENT, date(2026, 11, 22))

    assert validated == Validated(msgspec.convert(DOCUMENT, ProgrammeDocument), (), ())


@pytest.mark.parametrize(("changes", "pointer", "words"), PROBLEMS)
def test_one_violation_is_one_problem_with_its_place_and_remedy(
    changes: dict[str, Any], pointer: str, words: str
) -> None:
    """Each violation is told once, where it is, with what to do; nothing else is blamed."""
    validated = validate(changed(changes))

    assert [pointer] == pointers(validated)
    assert words in validated.problems[0].detail
    assert validated.programme is None


@pytest.mark.parametrize(("changes", "pointer", "words"), WARNINGS)
def test_what_is_legal_but_doubtful_is_a_warning(
    changes: dict[str, Any], pointer: str, words: str
) -> None:
    """A warning names its place, and the document is accepted all the same."""
    validated = validate(changed(changes), date(2026, 11, 22))

    assert (pointers(validated), [pointer]) == ([], [w.pointer for w in validated.warnings])
    assert words in validated.warnings[0].detail
    assert validated.programme is not None


def test_violations_of_every_sort_are_told_at_once() -> None:
    """Eight violations of shape and of meaning, some in one rule, make eight problems."""
    validated = validate(
        changed(
            {
                "/time_zone": "Europe/Londn",
                "/tires": {},
                f"{RULE}/curency": "points",
                f"{RULE}/currency": GONE,
                f"{RULE}/caps/0": {"window": "day"},
                f"{FORMULA}/when": "activity.wekday > 1",
                f"{GOLD}/all/1/currency": "gems",
                f"{REWARD}/price/amount": "100",
            }
        )
    )

    assert sorted(pointers(validated)) == [
        f"{RULE}/caps/0",
        f"{RULE}/curency",
        f"{RULE}/currency",
        f"{FORMULA}/when",
        f"{REWARD}/price/amount",
        f"{GOLD}/all/1/currency",
        "/time_zone",
        "/tires",
    ]


def test_what_follows_from_a_violation_is_not_told_again() -> None:
    """A list of currencies that cannot be read does not make every rule name an unknown one."""
    assert pointers(validate(changed({"/currencies": "points"}))) == ["/currencies"]
    assert pointers(validate(changed({"/currencies/0": "points"}))) == ["/currencies/0"]
    assert pointers(validate(changed({"/tiers": []}))) == ["/tiers"]
    assert [f"{RULE}/caps/0/maximum"] == pointers(
        validate(changed({f"{RULE}/caps/0": {"window": "day", "maximum": 5}}))
    )


@pytest.mark.parametrize(
    ("changes", "pointer", "detail"),
    [
        ({f"{FORMULA}/describe": GONE}, f"{FORMULA}/describe", "only that a condition applies"),
        (
            {f"{FORMULA}/multipliers/0/describe": GONE},
            f"{FORMULA}/multipliers/0/describe",
            "only that there is a further condition",
        ),
        (
            {f"{FORMULA}/award/describe": GONE},
            f"{FORMULA}/award/describe",
            "only that it is worked out each time",
        ),
        (
            {
                f"{FORMULA}/recurs": {
                    "rrule": "FREQ=MONTHLY;BYDAY=1TU",
                    "starts_on": "2026-01-01",
                }
            },
            f"{FORMULA}/recurs/describe",
            "only that it counts on certain days",
        ),
        ({f"{FORMULA}/group": "bonus", f"{FORMULA}/currency": "points"}, "/groups/0/describe",
         "only which rules do not add up"),
        ({f"{FORMULA}/describe": "after a wait"}, f"{FORMULA}/describe", "not said in en, fa"),
        ({f"{FORMULA}/describe": {"en": "a wait"}}, f"{FORMULA}/describe", "not said in fa,"),
        ({f"{FORMULA}/when": GONE}, f"{FORMULA}/describe", "there is none"),
    ],
)  # fmt: skip
def test_w_what_has_no_words_is_asked_for(
    changes: dict[str, Any], pointer: str, detail: str
) -> None:
    """Expressions, rules of recurrence and groups are to be described, in each language."""
    found = [
        warning for warning in validate(changed(changes)).warnings if "describe" in warning.pointer
    ]

    assert [warning.pointer for warning in found] == [pointer]
    assert detail in found[0].detail


def test_dates_gone_by_matter_only_to_who_says_what_day_it_is() -> None:
    """Without a date no warning compares with one: the domain has no clock."""
    assert validate(changed({f"{REWARD}/valid_until": "2001-01-01"})).warnings == ()


def test_a_rule_that_can_give_only_seldom_makes_no_lots_a_day() -> None:
    """Long-lived value that a cap allows once a month stays below the warning."""
    seldom = {"window": "month", "times": 1}

    validated = validate(
        changed(
            {"/currencies/1/expiry": {"type": "rolling", "years": 2}, f"{FORMULA}/caps": [seldom]}
        )
    )

    assert validated.warnings == ()


def test_an_editor_may_note_where_the_schema_is() -> None:
    """`$schema` is accepted, and is no part of the programme."""
    validated = validate({"$schema": "programme.schema.json", **DOCUMENT})

    assert validated == validate(DOCUMENT)


def test_an_accepted_document_survives_being_stored() -> None:
    """What is stored of a programme reads back as the same programme."""
    programme = validate(DOCUMENT).programme

    assert programme is not None
    assert whole(read(encode(programme))) == programme


@pytest.mark.parametrize("document", [None, 7, "clinic", [], {}, [DOCUMENT], {"id": None}])
def test_anything_that_is_no_document_is_refused(document: object) -> None:
    """Whatever JSON value is sent, the answer is a list of problems."""
    validated = validate(document)

    assert validated.programme is None
    assert validated.problems


def _places(value: Any, at: str = "") -> list[str]:
    if isinstance(value, dict):
        below = [_places(item, f"{at}/{name}") for name, item in value.items()]
    elif isinstance(value, list):
        below = [_places(item, f"{at}/{place}") for place, item in enumerate(value)]
    else:
        below = []
    return [*([at] if at else []), *(place for places in below for place in places)]


_JUNK: Final = st.one_of(
    st.just(GONE),
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=12),
    st.sampled_from(["2027-02-29", "9999-12-31", "12-31", "points", "gold", "1 / 0 > 0", "day"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.sampled_from(["type", "on", "when", "max"]), st.text(max_size=5)),
)


@settings(max_examples=examples(150), deadline=None)
@given(st.data())
def test_no_document_breaks_the_validation(data: st.DataObject) -> None:
    """With anything put anywhere, validation answers, and an accepted document can be stored."""
    document = CLINIC
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.sampled_from(_places(document)))
        document = changed({place: data.draw(_JUNK)}, document)

    validated = validate(document, date(2026, 11, 22))

    assert (validated.programme is None) == bool(validated.problems)
    if validated.programme is not None:
        assert whole(read(encode(validated.programme))) == validated.programme


# ── The next version ──


def programme(changes: dict[str, Any]) -> ProgrammeDocument:
    """The sound document with changes, as a programme."""
    validated = validate(changed(changes))
    assert validated.programme is not None
    return validated.programme


NO_GOLD: Final = {
    "/tiers/levels/2": GONE,
    f"{RULE}/tier_percent": {},
    f"{REWARD}/tiers": [],
}
NO_TIERS: Final = {"/tiers": GONE, f"{RULE}/tier_percent": {}, f"{REWARD}/tiers": []}


@pytest.mark.parametrize(
    ("changes", "places", "words"),
    [
        ({}, [], ""),
        ({"/earning": [], "/groups": [], "/rewards": []}, [], ""),
        ({f"{RULE}/caps": []}, [], ""),
        ({"/time_zone": "Europe/Sofia"}, [], ""),
        ({"/id": "other"}, ["/id"], "must stay `clinic`"),
        ({"/money/currency": "EUR"}, ["/money/currency"], "must stay GBP"),
        (
            {"/currencies/1": GONE, "/earning/1": GONE},
            ["/currencies"],
            "`stamps` is gone: accounts may hold it; keep it, and drop its rules",
        ),
        (NO_GOLD, ["/tiers/levels"], "`gold` is gone: members may be in it; keep it, without"),
        (NO_TIERS, ["/tiers", "/tiers", "/tiers"], "`base` is gone"),
    ],
)
def test_a_next_version_keeps_what_accounts_refer_to(
    changes: dict[str, Any], places: list[str], words: str
) -> None:
    """Currencies, tiers, money and the programme's id stay; rules and rewards come and go."""
    problems = check_succession(programme({}), programme(changes))

    assert places == [problem.pointer for problem in problems]
    assert words in "".join(problem.detail for problem in problems)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"/time_zone": "Europe/Sofia"}, ["/time_zone"]),
        ({"/currencies/1/expiry/days": 20}, ["/currencies/1/expiry"]),
        (
            {
                "/tiers/levels/0": {"id": "silver", "name": "Silver"},
                "/tiers/levels/1/id": "base",
            },
            ["/tiers/levels"],
        ),
    ],
)
def test_a_next_version_warns_of_what_members_will_notice(
    changes: dict[str, Any], expected: list[str]
) -> None:
    """Another zone, another expiry and another order of tiers are allowed with a warning."""
    warnings = succession_warnings(programme({}), programme(changes))

    assert expected == [warning.pointer for warning in warnings]


def test_what_is_permanent_are_ids() -> None:
    """Asked for it, mechanics say which ids accounts may hold, and where each is declared."""
    found: dict[str, set[str]] = {}
    for path in PROGRAMME.file.parent.glob("*.json"):
        if path == PROGRAMME.file:
            continue
        document = json.loads(path.read_text("utf-8"))
        example = validate(document).programme
        assert example is not None
        for permanent in filter(None, (each.permanent for each in registry.every())):
            for pointer, ids, _ in permanent(example):
                below = document
                for name in pointer.split("/")[1:]:
                    below = below.get(name, {})
                there = {each.get("id", each.get("currency")) for each in below}
                assert there.issuperset(ids), pointer
                found.setdefault(pointer, set()).update(ids)

    assert all(found.values())
    assert found.keys() >= {"/currencies", "/tiers/levels", "/plans", "/wallets", "/statuses"}


def test_a_ladder_may_be_added() -> None:
    """A programme without tiers may get them."""
    assert check_succession(programme(NO_TIERS), programme({})) == ()


def test_a_problem_reads_as_an_object() -> None:
    """A problem is sent as its pointer and its detail."""
    assert msgspec.to_builtins(Problem("/id", "x")) == {"pointer": "/id", "detail": "x"}


def test_every_field_has_a_stand_in() -> None:
    """Whatever stands in any field of any part, the rest of the document is still evaluated."""

    def parts(shape: shapes.Type) -> Iterator[shapes.StructType]:
        shape = unwrap(shape)
        if isinstance(shape, shapes.StructType):
            yield shape
            for field in shape.fields:
                yield from parts(field.type)
        for below in (*getattr(shape, "types", ()), getattr(shape, "item_type", None)):
            if below is not None:
                yield from parts(below)

    found = {part.cls: part for part in parts(shape_of(ProgrammeDocument))}

    assert len(found) > 40
    for kind, part in found.items():
        for odd in (None, True, -1, "", [None], {"": None}):
            raw = {field.encode_name: odd for field in part.fields}
            assert isinstance(salvage(raw, kind), kind)


def test_v4_one_bound_for_all_amounts() -> None:
    """V4: whatever states an amount, in a document or a request, may state as much as any other."""
    stated = _bounds_of_amounts(shape_of(ProgrammeDocument), "document")
    for operation in declared().values():
        if operation.body is not None:
            stated |= _bounds_of_amounts(shape_of(operation.body), operation.name)

    assert len(stated) > len(_AMOUNTS)
    assert {at: bound for at, bound in stated.items() if bound != MAX_AMOUNT} == {}


#: What fields that state money or value are called.
_AMOUNTS: Final = frozenset(
    {"amount", "at_least", "every", "fee", "min_amount", "max", "max_each", "min_each", "money"}
    | {"points", "auto_at", "prices", "daily"}
)
#: Fields of the same name that state how many persons.
_OF_PERSONS: Final = frozenset({"ForHousehold"})


def _bounds_of_amounts(shape: shapes.Type, at: str) -> dict[str, int | float | None]:
    """Return the upper bounds of whole numbers that state amounts, by where they stand."""
    found: dict[str, int | float | None] = {}
    shape = unwrap(shape)
    if isinstance(shape, shapes.StructType):
        for field in shape.fields:
            here = f"{at}.{shape.cls.__name__}.{field.name}"
            if field.name in _AMOUNTS and shape.cls.__name__ not in _OF_PERSONS:
                found.update((here, each.le) for each in _whole_numbers(field.type))
            found |= _bounds_of_amounts(field.type, at)
    elif isinstance(shape, shapes.UnionType):
        for option in shape.types:
            found |= _bounds_of_amounts(option, at)
    elif isinstance(shape, shapes.ListType | shapes.VarTupleType):
        found |= _bounds_of_amounts(shape.item_type, at)
    return found


def _whole_numbers(shape: shapes.Type) -> Iterator[shapes.IntType]:
    shape = unwrap(shape)
    if isinstance(shape, shapes.IntType):
        yield shape
    elif isinstance(shape, shapes.UnionType):
        for option in shape.types:
            yield from _whole_numbers(option)
    elif isinstance(shape, shapes.DictType):
        yield from _whole_numbers(shape.value_type)
