"""What happens has one name each, and every event reads back as it was written."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from chalicelib.domain.decide import registry
from chalicelib.domain.ledger import journal
from chalicelib.domain.ledger.actor import Actor
from chalicelib.domain.ledger.events import (
    Data,
    Detail,
    Event,
    MemberCreated,
    Outcome,
    Shown,
    kind_of,
    section_of,
)
from tests.domain.building import KEY
from tests.examples import examples

DATA: Final[tuple[type[Any], ...]] = get_args(Data)
OUTCOMES: Final[tuple[type[Any], ...]] = get_args(Outcome)
KINDS: Final = {data: kind_of(data) for data in DATA}
#: Past tenses that do not end in `ed`.
IRREGULAR: Final = {"given", "left", "paid", "sent", "sold", "withdrawn"}

SCALARS: Final[dict[Any, st.SearchStrategy[Any]]] = {
    str: st.text(max_size=4),
    int: st.integers(-(2**63), 2**63 - 1),
    bool: st.booleans(),
    type(None): st.none(),
}


def anything(hint: Any) -> st.SearchStrategy[Any]:
    """Return every value of a type of which events are made."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return st.one_of(*map(anything, args))
    if origin is Literal:
        return st.sampled_from(args)
    if origin is tuple and args[-1] is ...:
        return st.lists(anything(args[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*map(anything, args))
    if origin is dict:
        return st.dictionaries(anything(args[0]), anything(args[1]), max_size=2)
    if issubclass(hint, Struct):
        return struct(hint)
    return SCALARS[hint]


def struct(kind: type[Struct]) -> st.SearchStrategy[Any]:
    """Return every value of a struct."""
    hints = get_type_hints(kind)
    return st.builds(kind, **{name: anything(hints[name]) for name in kind.__struct_fields__})


def read_back(event: Event) -> Event:
    """Return what becomes of an event in the store."""
    return journal.decode(journal.encode(event, previous=b"", key=KEY))


class TestKinds:
    """Each kind of event has a name of its own."""

    def test_names_are_unique(self) -> None:
        """No two kinds of event have one name, so that each is read back as what it was."""
        assert len(set(KINDS.values())) == len(DATA)

    @pytest.mark.parametrize(("data", "kind"), KINDS.items(), ids=KINDS.values())
    def test_names_are_dotted_and_past(self, data: type[Any], kind: str) -> None:
        """It says what, then what became of it; its type is named alike."""
        assert re.fullmatch(r"[a-z]+(_[a-z]+)?\.[a-z]+(_[a-z]+)?", kind)
        words = kind.partition(".")[2].split("_")
        assert any(word.endswith("ed") or word in IRREGULAR for word in words)
        assert data.__name__ == "".join(word.title() for word in re.split(r"[._]", kind))

    @pytest.mark.parametrize("data", DATA, ids=KINDS.values())
    @given(drawn=st.data())
    @settings(max_examples=examples(5), derandomize=True, deadline=None)
    def test_an_event_is_named_by_its_data(self, data: type[Any], drawn: st.DataObject) -> None:
        """An event needs no name beside its data."""
        assert Event(1, 1, 1, drawn.draw(struct(data))).kind == KINDS[data]


class TestOutcomes:
    """What mechanics made of an activity is known by the section of each."""

    def test_every_outcome_is_of_one_section(self) -> None:
        """Each is of a section of the document, and no two are of one."""
        sections = [str(outcome.__struct_config__.tag) for outcome in OUTCOMES]

        assert len(set(sections)) == len(sections)
        assert all(registry.mechanic(section) is not None for section in sections)

    @pytest.mark.parametrize("outcome", OUTCOMES)
    @given(drawn=st.data())
    @settings(max_examples=examples(5), derandomize=True, deadline=None)
    def test_its_section(self, outcome: type[Any], drawn: st.DataObject) -> None:
        """It says the section itself."""
        assert section_of(drawn.draw(struct(outcome))) == outcome.__struct_config__.tag

    def test_every_outcome_can_be_taken_back_and_shown(self) -> None:
        """One mechanic answers for each."""
        for outcome in OUTCOMES:
            mechanic = registry.mechanic(outcome.__struct_config__.tag)

            assert mechanic is not None
            assert mechanic.reaction is not None
            assert mechanic.reaction.retract is not None
            assert mechanic.reaction.shown is not None


class TestRoundTrip:
    """Whatever an event says is read back."""

    @pytest.mark.parametrize("data", DATA, ids=KINDS.values())
    @given(drawn=st.data(), actor=struct(Actor), detail=st.none() | struct(Detail))
    @settings(max_examples=examples(30), derandomize=True, deadline=None)
    def test_data(
        self, data: type[Any], drawn: st.DataObject, actor: Actor, detail: Detail | None
    ) -> None:
        """Of every kind, with any values in all its fields."""
        event = Event(3, 1_000, 900, drawn.draw(struct(data)), actor=actor, detail=detail)

        assert read_back(event) == event

    @pytest.mark.parametrize("outcome", OUTCOMES)
    @given(drawn=st.data())
    @settings(max_examples=examples(30), derandomize=True, deadline=None)
    def test_outcomes(self, outcome: type[Any], drawn: st.DataObject) -> None:
        """Of every section, several in their order."""
        outcomes = tuple(drawn.draw(st.lists(struct(outcome), max_size=3)))
        event = Event(3, 1_000, 900, MemberCreated(), outcomes=outcomes)

        assert read_back(event) == event


def test_how_fields_are_shown() -> None:
    """Nobody is shown what may have to be forgotten, such as a status; ids are shown as such."""
    shown = {
        (name, how.id, how.nobody, how.of)
        for data in DATA
        for name, hint in get_type_hints(data, include_extras=True).items()
        for how in _shown(hint)
    }
    made = {"quote", "redemption", "hold", "transfer", "gift_card", "gift_card_use", "household"}
    made |= {"override"}

    assert {each[0] for each in shown if each[2]} == {"lot", "status", "statuses", "sums"}
    assert {each for each in shown if each[1]} == {
        *((name, True, False, "") for name in (*made, "member")),
        *(
            (name, True, False, "member")
            for name in ("delegate", "delegator", "former", "recipient", "sender")
        ),
    }
    assert all(is_id != to_nobody for _, is_id, to_nobody, _ in shown)


def _shown(hint: Any) -> Iterator[Shown]:
    """Yield how a field, or what several of are in it, says that it is shown."""
    for said in getattr(hint, "__metadata__", ()):
        if "shown" in (said.extra or {}):
            yield said.extra["shown"]
    for part in get_args(hint):
        yield from _shown(part)
