"""
What members could not tell from the words of a programme, because its author did not say it.

Expressions, rules of recurrence and groups have no words of their own: `describe` gives them some,
in every language that the programme's name is in.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from chalicelib.domain.pointer import join
from chalicelib.domain.programme import recurrence
from chalicelib.domain.programme.document import EarningRule, FormulaAward, Programme
from chalicelib.domain.programme.fields import Text
from chalicelib.domain.violations import Violation


class _Part(NamedTuple):
    """Something that can be described: ``reads`` is what members read where it is not."""

    at: str
    describe: Text | None
    reads: str | None


def warnings(programme: Programme) -> Iterator[Violation]:
    """Yield what to describe, in words or in another language."""
    titles = programme.name if isinstance(programme.name, dict) else {}
    for part in _parts(programme):
        at, said = join(part.at, "describe"), part.describe
        if said is None and part.reads is not None:
            yield Violation(at, f"is left out: members read {part.reads}, so say it in words")
        lacking = [
            locale for locale in titles if isinstance(said, str) or locale not in (said or ())
        ]
        if said is not None and lacking:
            yield Violation(at, f"is not said in {', '.join(lacking)}, as the programme's name is")
    for place, rule in enumerate(programme.earning):
        if rule.describe is not None and rule.when is None:
            at = join("/earning", place, "describe")
            yield Violation(at, "is never read: it describes `when`, and there is none")


def _parts(programme: Programme) -> Iterator[_Part]:
    for place, group in enumerate(programme.groups):
        rivals = sum(rule.group == group.id for rule in programme.earning) > 1
        compete = rivals and group.mode != "stack"
        reads = "only which rules do not add up" if compete else None
        yield _Part(join("/groups", place), group.describe, reads)
    for place, rule in enumerate(programme.earning):
        yield from _parts_of(rule, join("/earning", place))


def _parts_of(rule: EarningRule, at: str) -> Iterator[_Part]:
    if rule.when is not None:
        yield _Part(at, rule.describe, "only that a condition applies")
    for place, multiplier in enumerate(rule.multipliers):
        reads = None if multiplier.when is None else "only that there is a further condition"
        yield _Part(join(at, "multipliers", place), multiplier.describe, reads)
    if isinstance(rule.award, FormulaAward):
        reads = "only that it is worked out each time"
        yield _Part(join(at, "award"), rule.award.describe, reads)
    if rule.recurs is not None:
        named = recurrence.weekdays(rule.recurs)
        reads = None if named else "only that it counts on certain days"
        yield _Part(join(at, "recurs"), rule.recurs.describe, reads)
