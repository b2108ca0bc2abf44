"""
Conditions and formulas of earning rules: what they read of an activity and its member.

Imported where a rule has one, since the first one brings the engine.
"""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Any

from chalicelib.domain.ledger.activity import Activity, units
from chalicelib.domain.programme import conditions
from chalicelib.domain.programme.conditions import MemberInputs, Readings, Scope
from chalicelib.domain.programme.document import Programme
from chalicelib.domain.programme.scope import Basis


class RuleExpressions:
    """Evaluates the expressions of a programme on one activity; what they read is built once."""

    def __init__(
        self, programme: Programme, activity: Activity, member: MemberInputs, day: date, time: str
    ) -> None:
        self._programme = programme
        self._activity = activity
        self._member = member
        self._day = day
        self._time = time
        self._readings: dict[Basis, Readings] = {}

    def holds(self, expression: str, counted: Basis) -> tuple[bool, str]:
        """Evaluate a condition; a failed evaluation does not hold, and says why."""
        compiled = conditions.compile_condition(expression, self._scope)
        outcome = compiled.evaluate(self._read(counted))
        return outcome.value is True, outcome.failure or ""

    def yields(self, formula: str, counted: Basis) -> tuple[int | None, str]:
        """Evaluate a formula; a failed evaluation yields nothing, and says why."""
        compiled = conditions.compile_formula(formula, self._scope)
        outcome = compiled.evaluate(self._read(counted))
        return outcome.value, outcome.failure or ""

    @cached_property
    def _scope(self) -> Scope:
        return conditions.scope(tuple(sorted(self._programme.attributes.items())))

    def _read(self, counted: Basis) -> Readings:
        """Return what an expression may read, with what the rule's scope counts."""
        found = self._readings.get(counted)
        if found is None:
            of_scope = {"counted.amount": counted.amount, "counted.quantity": counted.quantity}
            found = Readings(self._values | of_scope, self._scope)
            self._readings[counted] = found
        return found

    @cached_property
    def _values(self) -> dict[str, Any]:
        activity = self._activity
        return conditions.activity_values(
            conditions.ActivityInputs(
                type=activity.type,
                date=self._day,
                time=self._time,
                source=activity.source,
                channel=activity.channel,
                location=activity.location,
                provider=activity.provider,
                category=activity.category,
                currency=activity.money or "",
                amount=activity.amount or 0,
                quantity=units(activity),
            ),
            self._member,
            [(line.sku, line.category, line.amount, line.quantity) for line in activity.lines],
            activity.attributes,
        )
