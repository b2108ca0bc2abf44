"""Cursors continue one list, for one caller, and nothing else."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import Malformed
from chalicelib.routes.http.cursors import derived_key, seal, unseal
from tests.routes.toy import Shop, token

KEY = derived_key(b"k" * 32, "cursor", "clinic")


@given(st.none() | st.dictionaries(st.text(), st.integers(-(2**60), 2**60) | st.text()))
def test_positions_come_back(position: Any) -> None:
    """Whatever was sealed is unsealed."""
    assert unseal(seal(position, key=KEY, bound_to="list"), key=KEY, bound_to="list") == position


@given(st.text(max_size=100) | st.binary(max_size=60).map(lambda b: base64.b64encode(b).decode()))
def test_forgeries(cursor: str) -> None:
    """Nothing that was not sealed here is unsealed, and nothing crashes."""
    with pytest.raises(Malformed) as refused:
        unseal(cursor, key=KEY, bound_to="list")
    assert refused.value.code == "invalid_cursor"


def test_every_bit_counts() -> None:
    """A flipped bit anywhere is a forgery, as is another tenant, purpose or list."""
    cursor = seal({"sk": "E#7"}, key=KEY, bound_to="list")
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    flipped = [
        bytes(byte ^ (1 << bit) if at == index else byte for at, byte in enumerate(raw))
        for index in range(len(raw))
        for bit in range(8)
    ]
    others = [
        (derived_key(b"k" * 32, "cursor", "hospital"), "list"),
        (derived_key(b"k" * 32, "log", "clinic"), "list"),
        (KEY, "another list"),
    ]

    for forged in flipped:
        with pytest.raises(Malformed):
            unseal(base64.urlsafe_b64encode(forged).decode(), key=KEY, bound_to="list")
    for key, bound_to in others:
        with pytest.raises(Malformed):
            unseal(cursor, key=key, bound_to=bound_to)


class TestOverHttp:
    """A list goes on with its own cursor only."""

    def test_the_next_page(self, shop: Shop) -> None:
        """The position comes back to the handler; the page size may change on the way."""
        first = shop.call("GET", "/v1/members/mem_1/baskets?limit=2").json
        second = shop.call("GET", f"/v1/members/mem_1/baskets?limit=9&cursor={first['next']}").json

        assert first["position"] is None
        assert second["position"] == {"sk": "E#000000000007"}

    @pytest.mark.parametrize(
        "path",
        [
            "/v1/members/mem_2/baskets?cursor={}",
            "/v1/members/mem_1/baskets?state=open&cursor={}",
            "/v1/members/mem_1/baskets?cursor={}A",
        ],
    )
    def test_another_list(self, shop: Shop, path: str) -> None:
        """Another member, another filter or a changed cursor is 400."""
        cursor = shop.call("GET", "/v1/members/mem_1/baskets").json["next"]
        refused = shop.call("GET", path.format(cursor))

        assert (refused.status, refused.json["code"]) == (400, "invalid_cursor")

    def test_another_caller(self, shop: Shop) -> None:
        """A cursor is no use to whoever else gets hold of it."""
        cursor = shop.call("GET", "/v1/members/mem_1/baskets").json["next"]
        path = f"/v1/members/mem_1/baskets?cursor={cursor}"
        refused = shop.call("GET", path, token=token(roles=["admin"]))

        assert (refused.status, refused.json["code"]) == (400, "invalid_cursor")
