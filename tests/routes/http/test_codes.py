"""Every operation that takes a code locks out credentials that guess."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.routes.http.codes import CODE_FIELDS
from chalicelib.routes.http.fields import VoucherCode
from tests.catalogue.catalogue import declared

_CODE = msgspec.inspect.type_info(VoucherCode)


def code_fields(body: Any) -> set[str]:
    """Return the fields of a body, or of bodies, in which codes are named."""
    if body is None:
        return set()
    kind = msgspec.inspect.type_info(body)
    bodies = kind.types if isinstance(kind, msgspec.inspect.UnionType) else [kind]
    return {
        field.name
        for each in bodies
        if isinstance(each, msgspec.inspect.StructType)
        for field in each.fields
        if field.type == _CODE or getattr(field.type, "item_type", None) == _CODE
    }


@pytest.mark.parametrize("operation", declared())
def test_codes_are_guarded(operation: str) -> None:
    """By its body: a new operation that takes a code declares that guessing is refused."""
    named = code_fields(declared()[operation].body)

    assert named <= set(CODE_FIELDS)
    assert declared()[operation].takes_codes == bool(named)


def test_some_take_codes() -> None:
    """The test above finds those that are known."""
    found = {name for name, each in declared().items() if code_fields(each.body)}

    assert {"POST /v1/vouchers/use", "POST /v1/gift-cards/use"} < found
    assert "POST /v1/members/{member_id}/quotes" in found
