"""
The document as generators, linters and agents read it: no cast, no warning, no riddle.

What they would trip over is said here as rules about the document, so that no tool has to be
installed to hold it to them: `openapi-typescript`, `openapi-python-client`, Spectral and Redocly
were tried with it.
"""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import app
import chalicelib
from chalicelib.domain import errors
from chalicelib.routes.http import openapi, tool_list
from chalicelib.routes.http.openapi import encoded, operations_of
from chalicelib.routes.http.openapi_schemas import public_name, published
from chalicelib.routes.http.problems import CODES
from chalicelib.routes.http.refusals import EXTENSIONS

Schema = dict[str, Any]
DOCUMENT: dict[str, Any] = json.loads(encoded(app.app))
TOOLS = tool_list.encoded(app.app).decode()
DESCRIPTIONS = Path(openapi.__file__).with_name("descriptions.json")
SCHEMAS: dict[str, Schema] = DOCUMENT["components"]["schemas"]
OPERATIONS: dict[str, dict[str, Any]] = {
    operation["operationId"]: operation
    for methods in DOCUMENT["paths"].values()
    for operation in methods.values()
}
KEYWORDS = ("items", "additionalProperties", "not", "propertyNames")
LISTS = ("anyOf", "oneOf", "allOf")


def parts(schema: Any, place: str = "") -> Iterator[tuple[str, Schema]]:
    """Yield a schema and every one inside it with its place, but for what it refers to."""
    if not isinstance(schema, dict):
        return
    yield place, schema
    for keyword in KEYWORDS:
        yield from parts(schema.get(keyword), f"{place}/{keyword}")
    for keyword in LISTS:
        for each in schema.get(keyword, ()):
            yield from parts(each, f"{place}/{keyword}")
    for name, each in schema.get("properties", {}).items():
        yield from parts(each, f"{place}/{name}")


def referred(schema: Any) -> set[str]:
    """Return the names of the components that a schema needs, however indirectly."""
    found: set[str] = set()
    waiting = [schema]
    while waiting:
        for _, each in parts(waiting.pop()):
            name = str(each.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                found.add(name)
                waiting.append(SCHEMAS[name])
    return found


def answers(operation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the answers of an operation by status, with those that are described once."""
    return {
        status: DOCUMENT["components"]["responses"][each["$ref"].rpartition("/")[2]]
        if "$ref" in each
        else each
        for status, each in operation["responses"].items()
    }


def everywhere() -> Iterator[tuple[str, Schema]]:
    """Yield every schema of the document."""
    for name, schema in SCHEMAS.items():
        yield from parts(schema, name)
    for name, operation in OPERATIONS.items():
        if "requestBody" in operation:
            body = operation["requestBody"]["content"]["application/json"]
            yield from parts(body["schema"], f"{name}:body")
        for each in operation["parameters"]:
            yield from parts(each["schema"], f"{name}?{each['name']}")
        for status, answer in answers(operation).items():
            for media in answer.get("content", {}).values():
                yield from parts(media["schema"], f"{name}:{status}")


class TestDefaults:
    """D1: a default makes generators take a field for one that is always there."""

    def test_d1_no_schema_has_a_default(self) -> None:
        """Neither a body's nor a parameter's, nor any that they refer to."""
        assert [place for place, schema in everywhere() if "default" in schema] == []

    @pytest.mark.parametrize(
        ("component", "field", "text"),
        [("ClockInput", "settle", "`true`"), ("LineInput", "quantity", "`1`")],
    )
    def test_d1_the_description_names_it(self, component: str, field: str, text: str) -> None:
        """What is meant where a field is left out is said in words."""
        schema = SCHEMAS[component]

        assert field not in schema.get("required", [])
        assert f"Left out: {text}." in schema["properties"][field]["description"]

    def test_d1_parameters_name_it_too(self) -> None:
        """Of a list, how long a page is; of a dry run, that it is none."""
        named = {
            each["name"]: each["description"]
            for each in OPERATIONS["read_ledger"]["parameters"]
            + OPERATIONS["record_activity"]["parameters"]
        }

        assert "Left out: `50`." in named["limit"]
        assert "Left out: `false`." in named["dry_run"]


class TestObjects:
    """D2: an object without named fields is read as one that has none."""

    def test_d2_every_object_says_what_it_holds(self) -> None:
        """By its properties, by the type of its values, or that it is open."""
        mute = [
            place
            for place, schema in everywhere()
            if schema.get("type") == "object"
            and not schema.keys() & {"properties", "additionalProperties"}
        ]

        assert mute == []

    def test_d2_nothing_stands_beside_a_reference_but_words(self) -> None:
        """Older readers look at nothing else there."""
        beside = {
            place: schema.keys() - {"$ref", "description"}
            for place, schema in everywhere()
            if "$ref" in schema
        }

        assert {place: names for place, names in beside.items() if names} == {}

    def test_d2_a_programme_can_be_sent(self) -> None:
        """The document that is drafted has the schema of the one that is read."""
        sent = SCHEMAS["ProgrammeInput"]["properties"]["document"]

        assert sent["$ref"] == "#/components/schemas/ProgrammeDocument"

    def test_d2_reasons_can_be_read(self) -> None:
        """Why a reward is out of reach, and why one activity of many was refused."""
        reasons = SCHEMAS["RewardOffer"]["properties"]["reasons"]
        problem = SCHEMAS["BatchResult"]["properties"]["problem"]

        assert reasons["items"] == {"$ref": "#/components/schemas/Refusal"}
        assert {"$ref": "#/components/schemas/Problem"} in problem["anyOf"]

    def test_d2_every_reference_leads_somewhere(self) -> None:
        """No component is missing, and none is there for nothing."""
        used = set().union(*(referred(schema) for _, schema in everywhere()))

        assert used == SCHEMAS.keys()


class TestRefusals:
    """D3 and D4: one class for all refusals, whose members are declared."""

    def test_d3_every_refusal_is_one_problem(self) -> None:
        """By reference, so that a generator makes one class, with an open code."""
        found = Counter(
            json.dumps(media["schema"])
            for operation in OPERATIONS.values()
            for status, answer in answers(operation).items()
            if not status.startswith(("2", "3"))
            for media in answer["content"].values()
        )

        assert found.keys() == {json.dumps({"$ref": "#/components/schemas/Problem"})}
        assert "enum" not in SCHEMAS["Problem"]["properties"]["code"]
        assert "may be added" in SCHEMAS["Problem"]["properties"]["code"]["description"]

    def test_d3_every_operation_has_a_default(self) -> None:
        """A client meets a status that it does not know without failing."""
        assert all("default" in each["responses"] for each in OPERATIONS.values())

    def test_d3_codes_are_named_by_status(self) -> None:
        """Each answer that is a refusal names its codes with what they mean, and has no other's."""
        for operation in OPERATIONS.values():
            for status, answer in answers(operation).items():
                if status.startswith(("2", "3")) or status == "default":
                    continue
                assert {CODES[code].status for code in answer["x-codes"]} == {int(status)}
                for code in answer["x-codes"]:
                    assert f"`{code}`: {CODES[code].title}" in answer["description"]

    def test_d3_refusals_are_a_small_part(self) -> None:
        """They were 45 % of the document."""
        refusals = [
            answer
            for operation in OPERATIONS.values()
            for status, answer in operation["responses"].items()
            if not status.startswith("2")
        ]
        size = len(json.dumps([refusals, DOCUMENT["components"]["responses"]]))

        assert size < len(json.dumps(DOCUMENT)) // 4

    def test_d4_members_are_declared(self) -> None:
        """A problem and a reason have the members that codes name, and these are used."""
        named = {name for code in CODES.values() for name in code.extensions.split()}

        assert named == EXTENSIONS.keys()
        assert named <= SCHEMAS["Problem"]["properties"].keys()
        assert named <= SCHEMAS["Refusal"]["properties"].keys()

    def test_d4_what_refusals_say_is_declared(self) -> None:
        """No refusal of the code has a member that its code does not name."""
        undeclared = [
            (path, code, members - set(CODES[code].extensions.split()))
            for path, code, members in raised()
            if code in CODES and members - set(CODES[code].extensions.split())
        ]

        assert undeclared == []
        assert len(list(raised())) > 20


def raised() -> Iterator[tuple[str, str, set[str]]]:
    """Yield where the code makes a refusal of a code that stands there, with its own members."""
    families = {name for name, each in vars(errors).items() if isinstance(each, type)}
    for path in sorted(Path(chalicelib.__file__).parent.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(call, ast.Call) or getattr(call.func, "id", "") not in families:
                continue
            code = call.args[0] if call.args else None
            named = {each.arg for each in call.keywords if each.arg} - {"errors"}
            if isinstance(code, ast.Constant) and named:
                yield path.name, str(code.value), named


def properties() -> Iterator[tuple[str, str, Schema]]:
    """Yield every property of a component, with the names of both."""
    for component, schema in SCHEMAS.items():
        for name, each in schema.get("properties", {}).items():
            yield component, name, each


def public_place(place: str) -> str:
    """Return a component and its property as the document names them."""
    component, _, name = place.partition(".")
    return f"{public_name(component)}.{name}"


def declared_queries() -> set[type]:
    """Return what queries become."""
    return {each.query for each in operations_of(app.app) if each.query is not None}


class TestRequests:
    """D10: what the schema allows is read, and what it forbids is not."""

    @pytest.mark.parametrize(
        ("member", "fits"),
        [
            ({"id": "mem_1"}, True),
            ({"external_id": {"system": "ehr", "value": "1"}}, True),
            ({}, False),
            ({"id": None}, False),
            ({"id": "mem_1", "external_id": {"system": "ehr", "value": "1"}}, False),
        ],
    )
    def test_d10_a_member_is_named_in_one_way(self, member: object, *, fits: bool) -> None:
        """By the schema, as by the code."""
        schema = {"components": DOCUMENT["components"], **SCHEMAS["MemberRef"]}

        assert Draft202012Validator(schema).is_valid(member) == fits

    @pytest.mark.parametrize("text", ["a\x00", "\x1b[31m", "\x7f", "\x85", "a\x0bb"])
    def test_d10_control_characters_do_not_fit(self, text: str) -> None:
        """No string of a request may hold them: the schema says so wherever one stands."""
        free = [
            (place, each)
            for place, each in requested()
            if each.get("type") == "string" and "format" not in each
        ]

        assert len(free) > 50
        assert [place for place, each in free if Draft202012Validator(each).is_valid(text)] == []

    def test_d10_ordinary_text_fits(self) -> None:
        """Letters of any script, signs, line feeds and tabs."""
        note = SCHEMAS["GoodwillInput"]["properties"]["note"]

        for text in ("", "Zoë, 陳大文 😀", "two\nlines\tand a tab", "\u202eا"):
            assert Draft202012Validator(note).is_valid(text)


def requested() -> Iterator[tuple[str, Schema]]:
    """Yield every schema of a request's body."""
    for name, operation in OPERATIONS.items():
        if "requestBody" not in operation:
            continue
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        yield from parts(schema, name)
        for component in referred(schema):
            yield from parts(SCHEMAS[component], component)


class TestDescriptions:
    """D5: who reads a field, a parameter or an operation for the first time is told what it is."""

    def test_d5_operations_say_what_they_do(self) -> None:
        """Each begins with a sentence about it, in the imperative, and goes on where it can."""
        for name, operation in OPERATIONS.items():
            sentence = operation["summary"]
            assert operation["description"].startswith(f"{sentence}."), name
            assert not sentence.startswith(("The ", "What ", "Whether ", "This ")), name
        longer = [each for each in OPERATIONS.values() if len(each["description"]) > 40]
        assert len(longer) >= 0.95 * len(OPERATIONS)

    def test_d5_properties_and_parameters_are_described(self) -> None:
        """All of them; 37 were explained nowhere, or only by the text of their schema."""
        told = {f"{component}.{name}": each for component, name, each in properties()}
        told |= {
            f"{operation}?{each['name']}": each
            for operation, entry in OPERATIONS.items()
            for each in entry["parameters"]
        }
        texts = {place: each.get("description", "") for place, each in told.items()}

        untold = {place for place, text in texts.items() if text.startswith("Left out:")}
        untold |= {place for place, text in texts.items() if len(text) <= 5}
        assert untold == set()

    def test_d5_null_is_told_of_what_can_be_null(self) -> None:
        """A text that a name has elsewhere says "null for never", and here it always is."""
        wrong = {
            f"{component}.{name}"
            for component, name, each in properties()
            if "null" in each.get("description", "")
            and {"type": "null"} not in each.get("anyOf", [])
        }

        assert wrong == set()

    def test_d5_values_that_are_told_are_values(self) -> None:
        """Of the states that a text names each can be: it may be that of another schema."""
        wrong = {}
        for component, name, each in properties():
            values = {v for one in (each, *each.get("anyOf", ())) for v in one.get("enum", ())}
            text, _, _ = each.get("description", "").partition("Left out:")
            told = set(re.findall(r"`([^`]+)`", text))
            if values & told and told - values:
                wrong[f"{component}.{name}"] = told - values

        assert wrong == {}

    @pytest.mark.parametrize(
        ("place", "text"),
        [
            ("EarningRule.at_least", "award"),
            ("StampCard.min_amount", "stamp"),
            ("Evaluation.version", "programme"),
            ("StatementEntry.kind", "fee"),
            ("GiftCardSaleInput.reference", "payment"),
            ("AdvancedClock.settled", "accounts"),
            ("UnitsChanged.before", "How many"),
            ("Evidence.granted", "withdrawn"),
            ("Obstacle.code", "refusal"),
        ],
    )
    def test_d5_a_name_that_means_something_else_here(self, place: str, text: str) -> None:
        """It has a text of its own, and not that of its namesakes."""
        component, _, name = place.partition(".")

        assert text in SCHEMAS[component]["properties"][name]["description"]

    def test_d5_components_are_described(self) -> None:
        """By the docstrings of what they are made of, as Markdown."""
        texts = {name: schema.get("description", "") for name, schema in SCHEMAS.items()}

        assert [name for name, text in texts.items() if not text or "``" in text] == []

    def test_d5_no_description_is_left_over(self) -> None:
        """What the file describes is there."""
        fields = {(component, name) for component, name, _ in properties()}
        fields |= {
            (operation, each["name"])
            for operation, entry in OPERATIONS.items()
            for each in entry["parameters"]
        }
        queries = {query.__name__ for query in declared_queries()}
        names = {name for _, name in fields}
        shown = {f"{component}.{name}" for component, name in fields}
        left_over = [
            place
            for place in json.loads(DESCRIPTIONS.read_text("utf-8"))
            if place not in names
            and public_place(place) not in shown
            and place.partition(".")[0] not in queries
        ]

        assert left_over == []

    def test_d5_amounts_of_money_say_their_unit(self) -> None:
        """The common text is for value of a programme's currency, and not beside minor units."""
        # Of value whose currency is told where they are.
        apart = {"Lot", "Part"}
        common = json.loads(DESCRIPTIONS.read_text("utf-8"))
        wrong = set()
        for name in SCHEMAS.keys() - apart:
            told = {
                field: each.get("description", "")
                for field, each in SCHEMAS[name].get("properties", {}).items()
            }
            of_value = told.get("currency", "").startswith(common["currency"])
            in_money = any("minor units" in text for text in told.values())
            if told.get("amount", "").startswith(common["amount"]) and (in_money or not of_value):
                wrong.add(name)

        assert wrong == set()


class TestTools:
    """D6: an agent can be given all operations at once."""

    def test_d6_the_list_is_short(self) -> None:
        """All of it, in characters as it is sent: so many for each operation, and no more."""
        assert len(TOOLS) < 600 * len(json.loads(TOOLS)["tools"])

    def test_d6_every_operation_is_a_tool(self) -> None:
        """Each that takes a credential has a name, a description and a schema of what it takes."""
        tools = {each["name"]: each for each in json.loads(TOOLS)["tools"]}

        assert tools.keys() == {name for name, each in OPERATIONS.items() if each["security"]}
        for name, tool in tools.items():
            Draft202012Validator.check_schema(tool["inputSchema"])
            assert "$ref" not in json.dumps(tool), name
            assert tool["description"] == OPERATIONS[name]["description"]

    def test_d6_every_field_is_told(self) -> None:
        """A field without a description of its own has that of its name."""
        listed = json.loads(TOOLS)
        untold = {
            name
            for tool in listed["tools"]
            for name, field in tool_list._fields(tool["inputSchema"])
            if "description" not in field and name not in listed["fields"]
        }

        assert untold == set()

    def test_d6_examples_fit(self) -> None:
        """What was sent and succeeded is a call of the tool, and the call says what is sent."""
        for tool in json.loads(TOOLS)["tools"]:
            operation = OPERATIONS[tool["name"]]
            sent = {
                place: {
                    each["name"]: each["example"]
                    for each in operation["parameters"]
                    if "example" in each and each["in"] == place
                }
                for place in ("path", "query")
            }
            content = operation.get("requestBody", {}).get("content", {})
            sent["body"] = content.get("application/json", {}).get("example", {})
            call = {**sent["path"], **sent["query"], **sent["body"]}

            Draft202012Validator(tool["inputSchema"]).validate(call)
            assert request_of(tool, call) == sent

    def test_d6_a_wrong_call_does_not_fit(self) -> None:
        """What is required is there, and of its type."""
        tools = {each["name"]: each for each in json.loads(TOOLS)["tools"]}
        validator = Draft202012Validator(tools["place_hold"]["inputSchema"])
        call = {"member_id": "mem_1", "programme": "clinic", "currency": "points", "amount": 5}

        assert validator.is_valid(call)
        assert not validator.is_valid({**call, "amount": "5"})
        assert not validator.is_valid({"member_id": "mem_1"})


def request_of(tool: dict[str, Any], call: dict[str, Any]) -> dict[str, Any]:
    """Return what goes into path, query and body of a request, as the list says."""
    method, _, target = tool["_meta"]["request"].partition(" ")
    path, _, query = target.partition("?")
    named = {"path": re.findall(r"\{(\w+)\}", path), "query": query.split("&")}
    rest = call.keys() - {*named["path"], *named["query"]}
    named |= {"body": [], "query": [*rest]} if method == "GET" else {"body": [*rest]}
    return {
        place: {name: call[name] for name in names if name in call}
        for place, names in named.items()
    }


class TestTexts:
    """D8: what a text of an answer can be is said by its type."""

    @pytest.mark.parametrize(
        "name", ["since", "latest", "as_of", "now", "until", "grace_until", "effective_from"]
    )
    def test_d8_instants_by_other_names(self, name: str) -> None:
        """These hold instants, too."""
        found = [each for _, field, each in properties() if field == name]

        assert found
        for each in found:
            if name == "until" and "day" in each["description"]:
                continue
            assert "date-time" in formats(each), each

    def test_d8_instants_and_days(self) -> None:
        """What ends on `_at` is an instant, what ends on `_on` a day; and no other text is one."""
        for component, name, each in properties():
            if not texts_in(each):
                continue
            if name.endswith("_at"):
                assert formats(each) == {"date-time"}, f"{component}.{name}"
            elif name.endswith("_on"):
                assert formats(each) == {"date"}, f"{component}.{name}"

    def test_d10_patterns_are_of_whole_texts(self) -> None:
        """Else what follows is not said, control characters among it, and is refused."""
        patterns = {
            each["pattern"]
            for schema in SCHEMAS.values()
            for _, each in parts(schema)
            if "pattern" in each
        }

        assert len(patterns) > 20
        assert [each for each in patterns if not (each[0] == "^" and each[-1] == "$")] == []

    def test_d10_what_takes_a_day_says_that_it_is_one(self) -> None:
        """A pattern alone would let a client send the 16th of the 85th month."""
        days = []
        for component, schema in SCHEMAS.items():
            for place, each in parts(schema, component):
                if re.match(each.get("pattern", "$."), "2026-85-16"):
                    days.append(place)
                    by_year = re.match(each["pattern"], "85-16")
                    assert each.get("format") == ("date" if not by_year else None), place

        assert "NewMemberInput/age_bands/additionalProperties" in days

    def test_d8_states_and_kinds_are_enumerated(self) -> None:
        """So that a client can switch over them."""
        for component, name, each in properties():
            if name in {"state", "status", "result", "need", "dir"} and texts_in(each):
                closed = "enum" in json.dumps(each) or component in OPEN
                assert closed, f"{component}.{name}"

    def test_d8_ids_have_a_pattern(self) -> None:
        """One kind of id is not taken for another."""
        without = set()
        found = 0
        for component, name, each in properties():
            if name == "id" or name.endswith("_id"):
                found += 1
                if "pattern" not in json.dumps(each):
                    without.add(name if name in UNLIKE else f"{component}.{name}")

        assert found > 100
        assert without == UNLIKE


#: Ids that anything may be: the caller's own, and lines', uses' and parts' of the programme.
UNLIKE = {
    "external_id",
    "use_id",
    "CartLine.id",
    "QuotedLine.id",
    "ConsideredDiscount.id",
    "Deduction.id",
    "RuleInWords.id",
    "UnitsChanged.id",
    "UndonePayment.id",
    "Prepaid.id",
    "PrepaidMoney.id",
    "EventData.id",
}
#: Where a status is one of those that the programme names, and a state is of many things.
OPEN = {
    "HeldStatus",
    "StatusVerificationInput",
    "StatusWithdrawalInput",
    "Problem",
    "Refusal",
}


def texts_in(schema: Schema) -> list[Schema]:
    """Return the schemas of texts that a property may be."""
    options = (schema, *schema.get("anyOf", ()))
    return [each for each in options if each.get("type") == "string" or "enum" in each]


def formats(schema: Schema) -> set[str]:
    """Return the formats of the texts that a property may be."""
    return {each["format"] for each in texts_in(schema) if "format" in each}


class TestNames:
    """D9: names that a client would choose."""

    def test_d9_operations(self) -> None:
        """A verb and what it is done to."""
        assert {"list_holds", "create_household", "verify_status", "use_voucher"} <= (
            OPERATIONS.keys()
        )

    def test_d9_schemas(self) -> None:
        """No name is of the code's own making."""
        assert [name for name in SCHEMAS if name.endswith(("View", "Body", "Struct"))] == []
        assert all(name[0].isupper() and name.isalnum() for name in SCHEMAS)
        assert [name for name, schema in SCHEMAS.items() if schema["title"] != name] == []

    def test_d9_no_schema_is_called_as_a_field_of_another(self) -> None:
        """Generators call what a field holds after both: `Member.status` is a `MemberStatus`."""
        made = {component + name.title().replace("_", "") for component, name, _ in properties()}

        assert len(made) > 500
        assert made & SCHEMAS.keys() == set()

    def test_d9_no_field_is_called_as_its_schema(self) -> None:
        """A generated class with a field of its own name hides one by the other."""
        assert [
            f"{c}.{name}" for c, name, _ in properties() if c == name.title().replace("_", "")
        ] == []
        assert {"Hold", "HoldInput", "EndedHold", "Deduction", "ProgrammeDocument"} <= (
            SCHEMAS.keys()
        )

    def test_d9_two_of_one_name_are_refused(self) -> None:
        """What would be called alike is named anew by who adds it."""
        schemas: dict[str, Schema] = {"Hold": {}, "HoldView": {}}

        with pytest.raises(LookupError, match="Hold"):
            published({"components": {"schemas": schemas}})


class TestLists:
    """D11: every list comes in pages, by the same parameters and the same field."""

    def test_d11_every_list_has_pages(self) -> None:
        """`limit` and `cursor` go in, `next_cursor` comes back."""
        lists = {
            name: each
            for name, each in OPERATIONS.items()
            if name.startswith("list_") and each["security"]
        }

        assert len(lists) >= 7
        for name, operation in lists.items():
            given = {each["name"] for each in operation["parameters"]}
            answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
            assert {"limit", "cursor"} <= given, name
            component = SCHEMAS[answer["$ref"].rpartition("/")[2]]
            assert "next_cursor" in component["required"], name


class TestLinters:
    """The rules of Spectral (`spectral:oas`) and Redocly (`recommended`) that could be broken."""

    def test_who_and_what(self) -> None:
        """The document is described, with whom to ask, a licence, and a server without a slash."""
        info = DOCUMENT["info"]

        assert info["description"]
        assert info["contact"]
        assert info["license"]["identifier"] == "Apache-2.0"
        assert [each["url"].endswith("/") for each in DOCUMENT["servers"]] == [False]

    def test_tags(self) -> None:
        """Each that an operation has is declared once and described; each declared is used."""
        declared = [each["name"] for each in DOCUMENT["tags"]]

        assert sorted(set(declared)) == sorted(declared)
        assert {tag for each in OPERATIONS.values() for tag in each["tags"]} == set(declared)
        assert all(each["description"] for each in DOCUMENT["tags"])

    def test_paths(self) -> None:
        """None but the root ends on a slash, none has a query, and none is there twice."""
        paths = list(DOCUMENT["paths"])
        shapes = [re.sub(r"\{\w+\}", "{}", path) for path in paths]

        assert [path for path in paths if path.endswith("/") or "?" in path] == ["/"]
        assert sorted(set(shapes)) == sorted(shapes)

    def test_parameters(self) -> None:
        """Those of the path are declared and required, and none is there twice."""
        for path, methods in DOCUMENT["paths"].items():
            for operation in methods.values():
                named = [(each["in"], each["name"]) for each in operation["parameters"]]
                in_path = {name for place, name in named if place == "path"}
                assert sorted(set(named)) == sorted(named)
                assert in_path == set(re.findall(r"\{(\w+)\}", path))

    def test_answers(self) -> None:
        """Each operation can succeed and can be refused, and every answer is described."""
        for name, operation in OPERATIONS.items():
            statuses = {status[0] for status in operation["responses"]}
            assert statuses & {"2", "3"}, name
            assert "4" in statuses, name
            assert all(each["description"] for each in answers(operation).values()), name
            assert operation["security"] in ([], [{"bearer": []}])

    def test_no_component_is_unused(self) -> None:
        """Of schemas another test tells."""
        text = json.dumps(DOCUMENT)
        for kind in ("responses", "headers"):
            for name in DOCUMENT["components"][kind]:
                assert f'"#/components/{kind}/{name}"' in text, name

    def test_enumerations(self) -> None:
        """No value is there twice, and each is of the type that is said."""
        kinds = {"string": str, "integer": int, "boolean": bool}
        for place, schema in everywhere():
            values = schema.get("enum", [])
            assert len(set(values)) == len(values), place
            kind = kinds.get(schema.get("type", ""), object)
            assert all(isinstance(each, kind) for each in values), place

    def test_examples_fit_their_schemas(self) -> None:
        """Of parameters, bodies and answers."""
        checked = 0
        for operation in OPERATIONS.values():
            shown = [*operation["parameters"]]
            if "requestBody" in operation:
                shown.extend(operation["requestBody"]["content"].values())
            for answer in answers(operation).values():
                shown.extend(answer.get("content", {}).values())
            for each in shown:
                if "example" in each:
                    schema = {"components": DOCUMENT["components"], "allOf": [each["schema"]]}
                    Draft202012Validator(schema).validate(each["example"])
                    checked += 1
        assert checked > 150
