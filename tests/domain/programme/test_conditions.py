"""Expressions are checked when they are written, and answer or explain when they are evaluated."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import Invalid
from chalicelib.domain.programme import conditions
from chalicelib.domain.programme.conditions import (
    ActivityInputs,
    ConditionError,
    MemberInputs,
    Readings,
    Scope,
    activity_values,
    compile_condition,
    compile_formula,
)

ATTRIBUTES = (("ward", "string"), ("insured", "bool"), ("shots", "int"))
LINES = [("A-1", "rx", 500, 1), ("B-2", "otc", 1_250, 3)]
FORTY_NINE = str([0] * 49)


@pytest.fixture
def scope() -> Scope:
    """The scope of a programme with three attributes."""
    return conditions.scope(ATTRIBUTES)


def values(
    lines: list[tuple[str, str, int, int]] | None = None, **attributes: str | int
) -> dict[str, Any]:
    """A web payment of £17.50 on a Sunday, by a gold member who has been here before."""
    activity = ActivityInputs(
        type="payment.received",
        date=date(2026, 11, 22),
        time="10:05",
        channel="web",
        location="leeds",
        currency="GBP",
        amount=1_750,
        quantity=4,
    )
    member = MemberInputs(tier="gold", status="enrolled", visits=7, days_enrolled=400)
    return activity_values(activity, member, LINES if lines is None else lines, attributes)


class TestConditions:
    """A condition answers true or false from the activity, the member and the lines."""

    @pytest.mark.parametrize(
        ("source", "expected"),
        [
            ("true", True),
            ('activity.type == "payment.received" && activity.channel == "web"', True),
            ('activity.location in ["york", "leeds"]', True),
            ('activity.provider == ""', True),
            ("activity.amount > 2000 || activity.quantity == 4", True),
            ("activity.weekday == 7 && activity.month == 11 && activity.day == 22", True),
            ('activity.date >= "2026-11-01" && activity.date < "2026-12-01"', True),
            ('activity.time >= "09:00" && activity.time < "10:00"', False),
            ('member.tier == "gold" && member.status == "enrolled"', True),
            ('member.tier.startsWith("go") && !member.tier.endsWith("US")', True),
            ("member.visits == 7 && member.days_enrolled >= 365", True),
            ('lines.exists(l, l.category == "rx")', True),
            ("lines.all(l, l.amount > 500)", False),
            ('lines.exists_one(l, l.sku.contains("A-"))', True),
            ('size(lines.filter(l, l.category != "rx")) == 1', True),
            ("lines.map(l, l.amount * l.quantity).exists(total, total > 3000)", True),
            ('"rx" in lines.map(l, l.category)', True),
            ("lines[1].quantity == 3 && has(lines[0].sku)", True),
            ('attributes.ward == "east" && attributes.insured && attributes.shots == 2', True),
            ('activity.amount > 1 // and not 1.5, "dyn(x)"\n && true', True),
            ('activity.channel == "1.5" || activity.channel == "matches(dyn(1.0))"', False),
            ("activity.amount / 0 > 1 || true", True),
        ],
    )
    def test_answers(self, source: str, expected: bool, scope: Scope) -> None:  # noqa: FBT001
        """Each kind of name and each allowed function works."""
        outcome = compile_condition(source, scope).evaluate(
            Readings(values(ward="east", insured=True, shots=2), scope)
        )
        assert outcome.failure is None
        assert outcome.value is expected

    def test_no_lines(self, scope: Scope) -> None:
        """An activity without lines has an empty list of them."""
        compiled = compile_condition("size(lines) == 0 && !lines.exists(l, true)", scope)
        assert compiled.evaluate(Readings(values([]), scope)).value is True


class TestFormulas:
    """A formula answers a whole number."""

    @pytest.mark.parametrize(
        ("source", "expected"),
        [
            ("10", 10),
            ("activity.amount / 100", 17),
            ("activity.amount * 3 / 2", 2_625),
            ("-activity.amount / 100", -17),
            ("activity.amount % 1000", 750),
            ('member.tier == "gold" ? activity.amount / 50 : activity.amount / 100', 35),
            ("lines[0].amount + lines[1].amount", 1_750),
            ("size(lines) * 5", 10),
            ('int("12") + size(string(activity.amount))', 16),
            ("9223372036854775807", 2**63 - 1),
            ("counted.amount + counted.quantity", 1_754),
        ],
    )
    def test_answers(self, source: str, expected: int, scope: Scope) -> None:
        """Arithmetic is that of whole numbers, and division drops the remainder."""
        outcome = compile_formula(source, scope).evaluate(Readings(values(), scope))
        assert outcome == conditions.Outcome(expected)
        assert type(outcome.value) is int

    def test_counted_lines(self, scope: Scope) -> None:
        """A rule that counts only some lines lays its own totals over the activity's."""
        compiled = compile_formula("counted.amount / 100 + counted.quantity", scope)
        only_rx = values() | {"counted.amount": 500, "counted.quantity": 1}
        assert compiled.evaluate(Readings(only_rx, scope)).value == 6

    @given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1))
    def test_never_wraps(self, left: int, right: int) -> None:
        """A sum or product is exact, or there is none."""
        activities = ActivityInputs(
            type="x", date=date(2026, 1, 1), time="00:00", amount=left, quantity=right
        )
        given_values = activity_values(activities, MemberInputs())
        for operator, exact in (("+", left + right), ("*", left * right)):
            source = f"activity.amount {operator} activity.quantity"
            outcome = compile_formula(source, conditions.scope()).evaluate(
                Readings(given_values, conditions.scope())
            )
            fits = -(2**63) <= exact < 2**63
            assert outcome.value == (exact if fits else None)
            assert (outcome.failure is None) == fits


class TestRefusals:
    """An expression that can go wrong by itself is refused, with its violation and the fix."""

    @pytest.mark.parametrize(
        ("source", "message"),
        [
            # Names.
            ('activity.channl == "web"', "names 'activity.channl' at line 1, column 9"),
            ('activity.channl == "web"', "Did you mean 'activity.channel'?"),
            ('activity.channl == "web"', "The names are activity.type, activity.source"),
            ("amount > 5", "Did you mean 'activity.amount'?"),
            ('activity.tier == "gold"', "Did you mean 'member.tier'?"),
            ("activity == 5", "Name one of its fields."),
            ('attributes.wrd == ""', "Did you mean 'attributes.ward'?"),
            ('true &&\n  activity.chanel == ""', "at line 2, column 11"),
            ('"\u06f1é" == "" && foo', "names 'foo' at line 1, column 15"),
            ('lines.exists(l, l.catgory == "rx")', "field 'catgory' at line 1, column 18"),
            ('lines.exists(l, l.catgory == "rx")', "Did you mean 'category'?"),
            ("lines.sum() > 1", "calls 'sum' at line 1, column 10"),
            ("len(lines) > 1", "The functions are contains, endsWith, int, size"),
            ('lines.exist(l, l.sku == "")', "Did you mean 'exists'?"),
            # Doubles, wherever they hide.
            ("activity.amount * 1.5 > 5", "amounts are whole numbers, so write no decimals"),
            ("1.5 == 1.5", "decimals never appear"),
            ("int(1.5) == 1", "decimals never appear"),
            ("1e3 > .5", "decimals never appear"),
            ("double(activity.amount) > double(5)", "decimals never appear"),
            ('double("1.5") == double("1.5")', "decimals never appear"),
            ("[1, 2.0].exists(x, x == 1)", "decimals never appear"),
            ("lines.exists(l, int(double(l.amount)) > 1)", "decimals never appear"),
            ("dyn(1.5) == dyn(1)", "decimals never appear"),
            # Dynamic and other values.
            ("dyn(lines)[0].catgory == 1", "dyn() is not available"),
            ('[1, "a"].size() == 2', "only whole numbers"),
            ('{"a": 1}.b == 1', "only whole numbers"),
            ("{} == {}", "only whole numbers"),
            ("null == null", "only whole numbers"),
            ("1u == 1u", "only whole numbers"),
            ('b"a" == b"a"', "only whole numbers"),
            ("lines.map(l, [l.amount]).size() == 1", "only whole numbers"),
            ("[lines].size() == 1", "only whole numbers"),
            ('tessera.Line{sku: "x"}.sku == "x"', "only whole numbers"),
            ("type(1) == int", "type() is not available"),
            ('timestamp("x") == timestamp("y")', "timestamp() is not available"),
            # What no budget bounds.
            ('activity.channel.matches("(a{0,30}){0,30}")', "use startsWith, endsWith, contains"),
            ('activity.channel + "x" == "webx"', "texts and lists cannot be joined"),
            ("size(lines + lines) > 1", "texts and lists cannot be joined"),
            ("[1].map(x, [x] + [x]).size() == 1", "only whole numbers"),
            ("lines == lines", "whole lists and lines cannot be compared"),
            ("lines[0] != lines[1]", "whole lists and lines cannot be compared"),
            ("lines[0] in lines", "can be looked for with in"),
            # Types.
            ("activity.amount", "The condition answers INT: compare it with something"),
            ("activity.channel", "The condition answers STRING"),
            ("lines", "The condition answers LIST"),
            ('activity.amount == "5"', "cannot apply == to (int, string)"),
            ('true ? 1 : "a"', "both sides must be of one type"),
            # Form.
            ("", "The condition is empty"),
            (" \n", "The condition is empty"),
            ("activity.amount >", "cannot be read at line 1, column 18"),
            ('activity.channel = "web"', "write == for ="),
            ("true & true", "write && for &"),
            ("true | true", "write || for |"),
            ("true; true", "cannot be read"),
            ("\x00", "cannot be read"),
            ('"\ud800" == ""', "half a character"),
            ("9223372036854775808 > 0", "invalid int literal"),
            ("(" * 40 + "true" + ")" * 40, "nested too deeply"),
            (" + ".join(["1"] * 400) + " > 1", "nested too deeply"),
            ("true" + " " * 1_997, "has 2,001 characters: shorten it to 2,000"),
            ("a" * 2_000, "which is not known"),
        ],
    )
    def test_condition(self, source: str, message: str, scope: Scope) -> None:
        """The refusal says where, what and what to write instead."""
        with pytest.raises(ConditionError) as caught:
            compile_condition(source, scope)
        assert caught.value.code == "invalid_expression"
        assert message in caught.value.message
        assert len(caught.value.message) < 1_000

    @pytest.mark.parametrize(
        ("source", "message"),
        [
            ("activity.amount * 1.5", "amounts are whole numbers, so write no decimals"),
            ("1.5", "integer division drops the remainder"),
            ("true ? 1 : dyn(2)", "dyn() is not available"),
            ("activity.amount > 5", "The formula answers BOOL: it must compute a whole number"),
            ("activity.channel", "The formula answers STRING: it must compute a whole number"),
            ("lines.map(l, l.amount)", "The formula answers LIST<INT>"),
        ],
    )
    def test_formula(self, source: str, message: str, scope: Scope) -> None:
        """A formula that could answer anything but a whole number is refused."""
        with pytest.raises(ConditionError) as caught:
            compile_formula(source, scope)
        assert message in caught.value.message

    def test_longest(self, scope: Scope) -> None:
        """2,000 characters are allowed, however many bytes they are."""
        source = 'activity.channel == "' + "é" * (2_000 - 22) + '"'
        assert len(source) == conditions.MAX_LENGTH
        assert compile_condition(source, scope).evaluate(Readings(values(), scope)).value is False

    @given(st.text(alphabet="activity.mount()[]{}\"'<>=&|!?:+-*/%,0123456789 lines\n", max_size=60))
    def test_any_text_is_answered_or_refused(self, source: str) -> None:
        """No text makes the engine's own errors come through."""
        try:
            compiled = compile_condition(source, conditions.scope())
        except ConditionError:
            return
        outcome = compiled.evaluate(Readings(values(), conditions.scope()))
        assert isinstance(outcome.value, bool) or outcome.failure


class TestFailures:
    """What goes wrong with the data is an explained no-match, never an exception."""

    @pytest.mark.parametrize(
        ("source", "failure"),
        [
            ("activity.amount / 0", "divide by zero"),
            ("activity.amount % 0", "modulus by zero"),
            ("activity.amount + 9223372036854775807", "integer overflow"),
            ("activity.amount * 9223372036854775807", "integer overflow"),
            ("lines[2].amount", "index=2 size=2"),
            ("lines[-1].amount", "index=-1"),
            ("int(activity.channel)", "cannot convert string to int"),
            ("attributes.shots", "the activity has no attribute shots"),
        ],
    )
    def test_formula(self, source: str, failure: str, scope: Scope) -> None:
        """The reason is given in the words of the violation."""
        outcome = compile_formula(source, scope).evaluate(Readings(values(), scope))
        assert outcome.value is None
        assert failure in str(outcome.failure)

    def test_error_is_not_truth(self, scope: Scope) -> None:
        """The engine's error value is a truthy text; it never becomes a match."""
        compiled = compile_condition("activity.amount / 0 > 1", scope)
        raw = compiled.program.eval(data=values())
        assert raw.plain_value()  # the trap
        outcome = compiled.evaluate(Readings(values(), scope))
        assert outcome.value is None
        assert outcome.failure == "The expression could not be evaluated: divide by zero."

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("activity.amount", "1750"),
            ("activity.amount", 17.5),
            ("activity.amount", None),
            ("activity.amount", 2**63),
            ("activity.channel", 5),
            ("activity.channel", "\ud800"),
            ("attributes.insured", 1),
            ("attributes.insured", "true"),
            ("lines", 5),
            ("lines", [5]),
            ("lines", [{"sku": "A-1"}]),
        ],
    )
    def test_mistyped_values(self, name: str, value: object, scope: Scope) -> None:
        """A value of another type than was declared is a failure."""
        source = (
            'activity.amount > 0 && activity.channel == "web" && attributes.insured '
            "&& lines.all(l, l.amount > 0)"
        )
        compiled = compile_condition(source, scope)
        good = values(insured=True)
        assert compiled.evaluate(Readings(good, scope)).value is True
        outcome = compiled.evaluate(Readings(good | {name: value}, scope))
        assert outcome.value is None
        assert outcome.failure

    @pytest.mark.parametrize(
        ("name", "value", "failure"),
        [
            ("insured", 1, "is a whole number: the programme declares it true or false"),
            ("insured", "true", "is a text: the programme declares it true or false"),
            ("ward", 7, "is a whole number: the programme declares it a text"),
            ("ward", False, "is true or false: the programme declares it a text"),
            ("shots", "2", "is a text: the programme declares it a whole number"),
            ("shots", True, "is true or false: the programme declares it a whole number"),
        ],
    )
    def test_mistyped_attributes(
        self, name: str, value: object, failure: str, scope: Scope
    ) -> None:
        """Which attribute it is, what it is and what it should be; `true` is no number either."""
        source = 'attributes.insured || attributes.ward == "east" || attributes.shots > 0'
        given = values(insured=False, ward="west", shots=0) | {f"attributes.{name}": value}

        outcome = compile_condition(source, scope).evaluate(Readings(given, scope))
        elsewhere = compile_condition("activity.amount > 0", scope)

        assert outcome.failure == f"the activity's attribute {name} {failure}"
        assert elsewhere.evaluate(Readings(given, scope)).value is True

    @pytest.mark.parametrize("nothing", [None, 5, {}])
    def test_no_values(self, nothing: Any, scope: Scope) -> None:
        """Even what is not a set of values at all is a failure."""
        outcome = compile_condition("activity.amount > 0", scope).evaluate(Readings(nothing, scope))
        assert outcome.value is None
        assert outcome.failure

    def test_undeclared_attributes_are_ignored(self, scope: Scope) -> None:
        """An activity may carry more than the programme declares."""
        compiled = compile_condition('attributes.ward == "east"', scope)
        assert compiled.evaluate(Readings(values(ward="east", other="x"), scope)).value is True


class TestBounds:
    """Every evaluation ends within 10,000 iterations, each of bounded work."""

    @pytest.mark.parametrize(
        "source",
        [
            "lines.exists(a, lines.exists(b, b.amount < 0))",
            "lines.exists(a, lines.exists(b, lines.exists(c, c.amount < 0)))",
            "lines.map(a, lines.map(b, b.sku)[0]).size() > 0",
            " || ".join(["lines.exists(a, a.amount < 0)"] * 60),
        ],
    )
    def test_budget(self, source: str, scope: Scope) -> None:
        """More iterations than the budget has are a failure that says so."""
        many = [(f"S-{number}", "rx", number, 1) for number in range(200)]
        outcome = compile_condition(source, scope).evaluate(Readings(values(many), scope))
        assert outcome.value is None
        assert "Iteration budget exceeded" in str(outcome.failure)

    def test_within_the_budget(self, scope: Scope) -> None:
        """9,800 iterations of a long condition are answered."""
        many = [(f"S-{number}", "rx", number, 1) for number in range(200)]
        body = " || ".join(f"l.amount == -{number}" for number in range(1, 80))
        source = f"{FORTY_NINE}.exists(r, lines.exists(l, {body}))"
        assert (
            compile_condition(source, scope).evaluate(Readings(values(many), scope)).value is False
        )

    def test_no_doubling(self, scope: Scope) -> None:
        """A text cannot be grown by nesting, which the engine alone would allow."""
        source = "'abcdefghij'"
        for _ in range(4):
            source = f"[{source}].map(x, x + x + x + x + x + x + x + x + x + x)[0]"
        with pytest.raises(ConditionError, match="cannot be joined"):
            compile_condition(f"size({source}) > 0", scope)


class TestScope:
    """A programme's attributes are names and types, checked when it is validated."""

    @pytest.mark.parametrize(
        ("attributes", "message"),
        [
            ((("", "int"),), "cannot name an attribute"),
            ((("Ward", "int"),), "cannot name an attribute"),
            ((("a.b", "int"),), "cannot name an attribute"),
            ((("ward\n", "int"),), "cannot name an attribute"),
            ((("w" * 65, "int"),), "cannot name an attribute"),
            ((("in", "int"),), "cannot name an attribute"),
            ((("ward", "double"),), "use string, int or bool"),
            ((("ward", "int"), ("ward", "string")), "declared twice"),
        ],
    )
    def test_refused(self, attributes: tuple[tuple[str, str], ...], message: str) -> None:
        """Names that the language cannot hold, other types and repetitions are refused."""
        with pytest.raises(Invalid, match=message) as caught:
            conditions.scope(attributes)
        assert caught.value.code == "invalid_attribute"

    def test_reserved_words_are_all_refused(self) -> None:
        """Whatever word the engine cannot take as a field is refused as a name."""
        for word in conditions._RESERVED:
            with pytest.raises(Invalid, match="invalid_attribute"):
                conditions.scope(((word, "int"),))

    def test_attributes_belong_to_their_scope(self) -> None:
        """The same text is good in one programme and unknown in another."""
        source = 'attributes.ward == "east"'
        compile_condition(source, conditions.scope(ATTRIBUTES))
        with pytest.raises(ConditionError, match=r"attributes\.ward"):
            compile_condition(source, conditions.scope())

    def test_made_once(self) -> None:
        """Scopes and expressions are kept, so a warm container compiles nothing twice."""
        assert conditions.scope(ATTRIBUTES) is conditions.scope(ATTRIBUTES)
        once = compile_condition("activity.amount > 41", conditions.scope(ATTRIBUTES))
        assert compile_condition("activity.amount > 41", conditions.scope(ATTRIBUTES)) is once

    def test_every_variable_has_a_value(self) -> None:
        """Each name in scope, and no other, is filled from an activity and its member."""
        assert set(values()) == {*conditions.VARIABLES, "lines"}
        for name, kind in conditions.VARIABLES.items():
            assert isinstance(values()[name], {"int": int, "string": str}[kind])

    @pytest.mark.parametrize(
        "line", [("A-1", "rx", 1), ("A-1", "rx", 2**63, 1), ("A-1", 5, 1, 1), ("\ud800", "", 1, 1)]
    )
    def test_unusable_line(self, line: Any) -> None:
        """A line that is not two texts and two 64-bit integers is refused when it is built."""
        with pytest.raises(Invalid, match="unusable_line"):
            values([line])


class TestSharing:
    """The engine is loaded when needed and shared between threads."""

    def test_sixteen_threads(self) -> None:
        """Threads that compile and evaluate the same expressions at once get their own answers."""
        conditions._load_engine.cache_clear()
        conditions.scope.cache_clear()
        conditions._compiled.cache_clear()
        together = Barrier(16)

        def work(thread: int) -> bool:
            together.wait()
            scope = conditions.scope(ATTRIBUTES)
            condition = compile_condition(
                "lines.exists(l, l.amount == attributes.shots) && activity.amount == 1750", scope
            )
            formula = compile_formula("attributes.shots * 2 + size(lines)", scope)
            broken = compile_formula(
                "activity.amount / (attributes.shots - attributes.shots)", scope
            )
            for round_ in range(200):
                number = thread * 1_000 + round_
                mine = values([("S", "rx", number, 1)] * (thread + 1), shots=number)
                assert condition.evaluate(Readings(mine, scope)).value is True
                assert (
                    condition.evaluate(Readings(mine | {"attributes.shots": -1}, scope)).value
                    is False
                )
                assert formula.evaluate(Readings(mine, scope)).value == number * 2 + thread + 1
                assert "divide by zero" in str(broken.evaluate(Readings(mine, scope)).failure)
            return True

        with ThreadPoolExecutor(16) as pool:
            assert all(pool.map(work, range(16)))

    def test_import_is_cheap(self) -> None:
        """Importing the module loads neither the engine nor protobuf."""
        script = (
            "import sys, chalicelib.domain.programme.conditions\n"
            "print([name for name in sys.modules if name.startswith(('cel_', 'google'))])"
        )
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == "[]"
