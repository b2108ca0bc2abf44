"""The language that a caller would rather have."""

from __future__ import annotations

import pytest

from chalicelib.routes.http.headers import first_locale


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, "en"),
        ("", "en"),
        ("*", "en"),
        ("de", "de"),
        ("mi-NZ, en;q=0.8", "mi-NZ"),
        ("en;q=0.2, ar-EG;q=0.9, fr;q=0.5", "ar-EG"),
        ("de;q=0, fr;q=0.1", "fr"),
        ("../etc, pt-BR;q=1.0", "pt-BR"),
        ("x" * 600 + ", de", "en"),
    ],
)
def test_first_locale(header: str | None, expected: str) -> None:
    """The highest quality wins, the first among equals, and nonsense is passed over."""
    assert first_locale(header) == expected
