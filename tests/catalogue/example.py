"""How an operation is carried out, told once for all tests that go through the operations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Final, NamedTuple

#: Names of the tenant's times, with how many days from now, and how much of the text is told.
TIMES: Final = {"now": (0, None), "today": (0, 10), "tomorrow": (1, None)}


class Step(NamedTuple):
    """An operation to carry out by its example, with fields of the body changed."""

    operation: str
    changes: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Example:
    """
    One operation, named as it is served (``POST /v1/members/{member_id}/holds``), that succeeds.

    A value ``"{name}"`` of the body stands for a thing that was made before, as the parameters of
    the path do.  What makes it is found by its name: the example that ``gives`` or ``mints`` it is
    carried out first.  ``{other_…}`` is another thing of that kind.  ``{now}``, ``{today}`` and
    ``{tomorrow}`` are the tenant's.
    """

    operation: str
    _: KW_ONLY
    body: Any = None
    #: Fields of the body, sent here or not, with values that are right at any time.
    always: Mapping[str, Any] = field(default_factory=dict)
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    #: Names that no operation gives, with their values.
    names: Mapping[str, str] = field(default_factory=dict)
    #: Names that each request makes anew, with their patterns: ``receipt-{}``.
    mints: Mapping[str, str] = field(default_factory=dict)
    #: Names that the answer gives, with where they stand in it: ``hold/hold_id``.
    gives: Mapping[str, str] = field(default_factory=dict)
    #: Those of them that each installation draws itself, with what `tessera serve` calls them.
    draws: Mapping[str, str] = field(default_factory=dict)
    #: What is carried out before, beyond what gives the names.
    after: tuple[str | Step, ...] = ()
    #: Calls of DynamoDB on a warm container, and units that they write.
    calls: int = 0
    write_units: int = 0
    #: Calls that a replay takes beyond those.
    replay_adds: int = 0
    #: A call more where the tenant has a test clock: what time it is there is asked for.
    asks_clock: bool = False
    #: It is for tenants with a test clock only.
    needs_clock: bool = False
    #: The refusal for a caller who holds its scope and nothing else.
    refused_alone: str | None = None
    #: It refuses in its answer, one by one, what it is given many of.
    in_parts: bool = False
    #: It ends what other operations need, so who goes at random does it seldom.
    ends: bool = False
    #: What it lists is there once for each programme or part of one: nobody makes more of it.
    bounded: bool = False
    #: In the example clinic it has a member of its own: it ends what others need, or the reverse.
    apart: bool = False

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.operation.partition(" ")[0]

    @property
    def path(self) -> str:
        """The path, with the names of its parameters."""
        return self.operation.partition(" ")[2]

    @property
    def steps(self) -> tuple[Step, ...]:
        """What is carried out before, each as a step."""
        return tuple(Step(each) if isinstance(each, str) else each for each in self.after)
