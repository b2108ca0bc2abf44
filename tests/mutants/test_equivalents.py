"""The mutants that behave as the code does: each is still there, and says why."""

from __future__ import annotations

from pathlib import Path

from tests.mutants.ground import ROOT, Equivalent, all_mutants, equivalents


def test_equivalents_are_read_by_key(tmp_path: Path) -> None:
    """With their reason; a file that has none lists none."""
    file = tmp_path / "equivalents.toml"
    file.write_text("# none\n", "utf-8")
    assert equivalents(file) == {}

    file.write_text('[[equivalent]]\nkey = "a"\nwhere = "b"\nchange = "c"\nwhy = "d"\n', "utf-8")
    assert equivalents(file) == {"a": Equivalent("a", "b", "c", "d")}


def test_every_equivalent_is_there_and_has_its_reason() -> None:
    """An entry whose lines changed is to be judged anew."""
    keys = {each.key for each in all_mutants(ROOT)}

    assert [each for each in equivalents().values() if each.key not in keys or not each.why] == []
