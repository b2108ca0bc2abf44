"""How many requests a credential may make: exact, by the clock alone."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import Throttled
from chalicelib.routes.http.credentials import Principal
from chalicelib.routes.http.rates import Rates, limits_of
from tests.routes.toy import NOW, Shop

SERVER = Principal(tenant="clinic", kind="server", id="k1", scopes=frozenset({"*"}))


class Bucket:
    """A bucket of tokens as the textbooks have it, in fractions."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.there = Fraction(limit)

    def wait(self, milliseconds: int) -> None:
        """Let it fill."""
        self.there = min(
            Fraction(self.limit), self.there + Fraction(self.limit * milliseconds, 60_000)
        )

    def take(self) -> bool:
        """Take a token, where there is one."""
        if self.there < 1:
            return False
        self.there -= 1
        return True


class Caller:
    """A credential under a limit, at a time that the test sets."""

    def __init__(self, limit: int) -> None:
        self.now = NOW
        self.told: dict[str, str] = {}
        self.retry_after = 0
        self._rates = Rates({"server": limit}, lambda: self.now)

    def asks(self, principal: Principal = SERVER) -> bool:
        """Make a request, and return whether it may."""
        self.told = {}
        try:
            self._rates.take(principal, self.told)
        except Throttled as refusal:
            self.retry_after = int(refusal.extensions["retry_after"])
            return False
        return True


@given(
    st.sampled_from([1, 7, 60, 120, 599, 6_000]),
    st.lists(
        st.tuples(st.integers(0, 90_000) | st.integers(0, 20), st.integers(1, 12)), max_size=30
    ),
)
def test_exact_to_one(limit: int, bursts: list[tuple[int, int]]) -> None:
    """Over any times, as many are let through as by a bucket in fractions, or one more or less."""
    caller, bucket = Caller(limit), Bucket(limit)
    mine = ideal = 0
    for wait, times in bursts:
        caller.now += wait
        bucket.wait(wait)
        for _ in range(times):
            mine += caller.asks()
            ideal += bucket.take()
            assert abs(mine - ideal) <= 1


@given(st.sampled_from([1, 7, 120, 6_000]), st.integers(0, 59_999))
def test_retry_after_is_when_it_succeeds(limit: int, part: int) -> None:
    """Whoever waits as long as is said is let through; a second less may be too early."""
    caller = Caller(limit)
    for _ in range(limit):
        assert caller.asks()
    caller.now += part % max(60_000 // limit, 1)
    assert not caller.asks()

    caller.now += caller.retry_after * 1000
    assert caller.asks()


def test_headers_count_down() -> None:
    """What is left, and when all of it is there again, in whole seconds."""
    caller = Caller(60)
    assert caller.asks()
    assert caller.told == {
        "RateLimit-Limit": "60",
        "RateLimit-Remaining": "59",
        "RateLimit-Reset": "1",
        "RateLimit-Policy": "60;w=60",
    }
    for _ in range(59):
        assert caller.asks()
    assert not caller.asks()
    assert (caller.told["RateLimit-Remaining"], caller.told["RateLimit-Reset"]) == ("0", "60")
    caller.now += 30_000
    assert caller.asks()
    assert caller.told["RateLimit-Remaining"] == "29"


def test_each_credential_has_its_own() -> None:
    """Another key, another tenant's, and a kind without a limit are not affected."""
    caller = Caller(1)
    assert caller.asks()
    assert not caller.asks()

    assert caller.asks(Principal(tenant="clinic", kind="server", id="k2", scopes=SERVER.scopes))
    assert caller.asks(Principal(tenant="other", kind="server", id="k1", scopes=SERVER.scopes))
    staff = Principal(tenant="clinic", kind="staff", id="k1", scopes=SERVER.scopes)
    assert all(caller.asks(staff) for _ in range(5))
    assert caller.told == {}


def test_over_http(shop: Shop) -> None:
    """Every answer to a credential tells what is left, a refusal too; then 429, and no more."""
    shop.services.rates = Rates({"server": 2}, shop.services.wall_clock)

    first = shop.call("GET", "/v1/members/mem_1")
    absent = shop.call("GET", "/v1/members/m!")
    over = shop.call("GET", "/v1/members/mem_1")

    assert (first.status, first.headers["RateLimit-Remaining"]) == (200, "1")
    assert (absent.status, absent.headers["RateLimit-Remaining"]) == (404, "0")
    assert (over.status, over.json["code"]) == (429, "too_many_requests")
    assert over.headers["Retry-After"] == str(over.json["retry_after"]) == "30"
    assert over.headers["RateLimit-Policy"] == "2;w=60"
    unknown = shop.call("GET", "/v1/members/mem_1", token="tsk_x")
    assert unknown.status == 401
    assert "RateLimit-Limit" not in unknown.headers


@pytest.mark.parametrize(
    ("setting", "limits"),
    [
        ("", {}),
        ("server=6000", {"server": 6000}),
        (" member = 120, staff=600 ,", {"member": 120, "staff": 600}),
    ],
)
def test_settings(setting: str, limits: dict[str, int]) -> None:
    """A kind that is not named has no limit."""
    assert limits_of(setting) == limits


@pytest.mark.parametrize(
    "setting", ["server", "server=", "server=0", "server=1000001", "server=-1", "robot=5", "=5"]
)
def test_bad_settings(setting: str) -> None:
    """What is no limit is refused, with what would be one."""
    with pytest.raises(ValueError, match="member"):
        limits_of(setting)
