"""Whether the expressions of a document can be evaluated, and its attributes be named in them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from chalicelib.domain.pointer import join
from chalicelib.domain.programme import conditions, references
from chalicelib.domain.programme.conditions import Kind, Scope
from chalicelib.domain.programme.document import EarningRule, FormulaAward, Programme
from chalicelib.domain.violations import Violation


class DeclaredNames:
    """
    What the expressions of a document may name; the engine is asked once, where there are any.

    Nothing is kept beyond the document, which may be one of ever so many that are never stored.
    """

    def __init__(self, programme: Programme) -> None:
        self._declared = sorted(programme.attributes.items())
        self._has_bands = bool(programme.age_bands)
        self.refused = {
            name: refusal
            for name, kind in self._declared
            if (refusal := references.refusal_of(conditions.check_attribute, name, kind))
        }

    @cached_property
    def scope(self) -> Scope:
        """Return the names, without those of attributes that cannot be declared."""
        usable = tuple(each for each in self._declared if each[0] not in self.refused)
        return conditions.new_scope(usable)

    def problems(self) -> Iterator[Violation]:
        """Yield the attributes that cannot be declared."""
        for name, refusal in self.refused.items():
            yield Violation(join("/attributes", name), refusal)

    def problems_of(self, rule: EarningRule, at: str) -> Iterator[Violation]:
        """Yield the expressions of a rule that cannot be evaluated."""
        for where, kind, expression in _expressions(rule, at):
            refusal = references.refusal_of(conditions.check, expression, kind, self.scope)
            if "member.age_band" in expression and not self._has_bands:
                yield Violation(where, "reads `member.age_band`: declare bands in `age_bands`")
            # What names an attribute that cannot be declared is reported at the attribute.
            if refusal and not any(f"attributes.{name}" in expression for name in self.refused):
                yield Violation(where, refusal)


def _expressions(rule: EarningRule, at: str) -> Iterator[tuple[str, Kind, str]]:
    if rule.when is not None:
        yield join(at, "when"), "condition", rule.when
    for place, multiplier in enumerate(rule.multipliers):
        if multiplier.when is not None:
            yield join(at, "multipliers", place, "when"), "condition", multiplier.when
    if isinstance(rule.award, FormulaAward):
        yield join(at, "award", "expression"), "formula", rule.award.expression
