"""API keys, scopes, and whose account a member may see."""

from __future__ import annotations

import hashlib

import pytest

from chalicelib.domain.api_key import mint
from chalicelib.domain.errors import Unauthorised, Unavailable
from chalicelib.routes.http.credentials import (
    KEY_TTL_MS,
    MEMBER_SCOPES,
    ROLES,
    SCOPES,
    CachedKeys,
    NoTokens,
    authenticate,
)
from tests.routes.toy import NOW, OTHER, OWN, Keys, Shop, token

LINE = {"sku": "a", "amount": 1}


def test_a_key_is_stored_as_a_hash() -> None:
    """The token holds id and secret; what is stored tells nothing of the secret."""
    minted = mint(bytes(range(30)))
    prefix, key_id, secret = minted.token.split("_")

    assert (prefix, key_id, len(key_id), len(secret)) == ("tsk", minted.key_id, 16, 32)
    assert minted.secret_hash == hashlib.sha256(secret.encode()).hexdigest()
    assert mint(bytes(30)) != minted
    with pytest.raises(ValueError, match="30 random bytes"):
        mint(b"short")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic dXNlcjpwYXNz",
        "Bearer tsk_",
        "Bearer tsk_aaaaaaaaaaaaaaaa_short",
        "Bearer tsk_AAAAAAAAAAAAAAAA_" + "a" * 32,
        "Bearer tsk_aaaaaaaaaaaaaaaa_" + "a" * 32,
        "Bearer  two spaces",
        "Bearer " + "a" * 9000,
        "Bearer caf\u00e9",
    ],
)
def test_headers_that_prove_nobody(shop: Shop, header: str) -> None:
    """Each is 401 with a challenge."""
    refused = shop.call("GET", "/v1/members/mem_1", token=None, headers={"Authorization": header})

    assert refused.status == 401
    assert "WWW-Authenticate" in refused.headers


def test_no_credential_is_told_apart(shop: Shop) -> None:
    """A caller who forgot the header hears that, and no error code in the challenge."""
    refused = shop.call("GET", "/v1/members/mem_1", token=None)

    assert refused.json["code"] == "credential_missing"
    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="tessera"'


def test_wrong_secret_unknown_id_and_revoked_look_alike(shop: Shop) -> None:
    """A guesser learns nothing from the answer."""
    good = shop.services.keys.add(2, {"members:read"})
    revoked = shop.services.keys.add(3, {"members:read"}, revoked=True)
    wrong = good.token[:-1] + ("a" if good.token[-1] != "a" else "b")
    unknown = mint(bytes([9] * 30)).token
    answers = [
        shop.call("GET", "/v1/members/mem_1", token=t) for t in (wrong, unknown, revoked.token)
    ]

    assert {answer.status for answer in answers} == {401}
    assert len({answer.json["detail"] for answer in answers}) == 1
    assert shop.call("GET", "/v1/members/mem_1", token=good.token).status == 200


def test_keys_are_remembered_for_a_minute() -> None:
    """A11: a revocation takes at most 60 seconds; so long unknown keys are remembered, too."""
    keys, now = Keys(), [0]
    minted = keys.add(1, {"*"})
    cached = CachedKeys(keys, lambda: now[0])

    assert cached.find_key(minted.key_id) == cached.find_key(minted.key_id)
    assert keys.asked == 1
    keys.add(1, {"*"}, revoked=True)
    now[0] = KEY_TTL_MS - 1
    assert not getattr(cached.find_key(minted.key_id), "revoked", None)
    now[0] = KEY_TTL_MS
    assert getattr(cached.find_key(minted.key_id), "revoked", None)
    for _ in range(3):
        assert cached.find_key("nobody") is None
    assert keys.asked == 3
    now[0] += KEY_TTL_MS
    assert cached.find_key("nobody") is None
    assert keys.asked == 4


def test_a11_guessers_drive_out_no_key() -> None:
    """However many ids are guessed, keys that exist stay remembered."""
    keys = Keys()
    minted = keys.add(1, {"*"})
    cached = CachedKeys(keys, lambda: 0)
    cached.find_key(minted.key_id)

    for guess in range(3000):
        cached.find_key(f"guess{guess}")

    asked = keys.asked
    assert cached.find_key(minted.key_id) is not None
    assert keys.asked == asked
    assert cached.find_key("guess2999") is None
    assert keys.asked == asked


def test_an_ended_key_says_so(shop: Shop) -> None:
    """Who has the key is told since when it is over; who has not, nothing."""
    ended = shop.services.keys.add(4, {"*"}, ends_at=NOW)
    last = shop.services.keys.add(5, {"*"}, ends_at=NOW + 1)

    refused = shop.call("GET", "/v1/members/mem_1", token=ended.token)
    wrong = shop.call("GET", "/v1/members/mem_1", token=ended.token[:-1] + "0")

    assert (refused.status, refused.json["code"]) == (401, "key_ended")
    assert refused.json["ends_on"] == "2026-03-01"
    assert wrong.json["code"] == "credential_invalid"
    assert shop.call("GET", "/v1/members/mem_1", token=last.token).status == 200


def test_a_use_is_told_once_a_day() -> None:
    """However often a key is used; a directory that fails is no reason to refuse anybody."""
    day_ms = 86_400_000
    keys, now = Keys(), [20_000 * day_ms]
    minted = keys.add(1, {"*"})
    cached = CachedKeys(keys, lambda: now[0])

    for _ in range(3):
        authenticate(f"Bearer {minted.token}", cached, NoTokens(), now[0])
    assert keys.used == [(minted.key_id, 20_000)]
    now[0] += KEY_TTL_MS - 1
    authenticate(f"Bearer {minted.token}", cached, NoTokens(), now[0])
    assert keys.used == [(minted.key_id, 20_000)]
    authenticate(f"Bearer {minted.token}", cached, NoTokens(), now[0] + day_ms)
    assert keys.used[1:] == [(minted.key_id, 20_001)]

    class Broken(Keys):
        def note_key_use(self, key_id: str, day: int) -> None:
            """Fail."""
            raise Unavailable("store_unavailable", f"{key_id} {day}")

    broken = Broken()
    other = broken.add(2, {"*"})
    cached = CachedKeys(broken, lambda: 0)
    assert authenticate(f"Bearer {other.token}", cached, NoTokens(), day_ms).id == other.key_id


def test_a_scope_opens_its_routes_only(shop: Shop) -> None:
    """403 names the scope that is missing."""
    reader = shop.services.keys.add(2, {"members:read"}).token
    refused = shop.call("POST", "/v1/activities", LINE, token=reader)

    assert shop.call("GET", "/v1/members/mem_1", token=reader).status == 200
    assert refused.status == 403
    assert refused.json["code"] == "insufficient_scope"
    assert refused.json["scope"] == "activities:write"
    assert 'scope="activities:write"' in refused.headers["WWW-Authenticate"]


def test_members_reach_their_own_account_only(shop: Shop) -> None:
    """Another's account is answered word for word as one that does not exist."""
    own = token(member_id=OWN)
    basket = {"reward": "absent", "lines": []}
    foreign = shop.call("POST", f"/v1/members/{OTHER}/baskets", basket, token=own)
    absent = shop.call("POST", f"/v1/members/{OTHER}/baskets", basket)

    assert shop.call("GET", f"/v1/members/{OWN}", token=own).status == 200
    assert foreign.status == absent.status == 404
    assert {**foreign.json, "instance": ""} == {**absent.json, "instance": ""}
    assert foreign.headers.keys() == absent.headers.keys()


def test_another_account_is_absent_before_the_request_is_looked_at(shop: Shop) -> None:
    """A broken request for a foreign account says nothing but that there is none."""
    refused = shop.call(
        "POST",
        f"/v1/members/{OTHER}/baskets?x=1",
        b"{",
        token=token(member_id=OWN),
        headers={"Idempotency-Key": None},
    )

    assert refused.json["code"] == "member_not_found"


def test_members_may_not_call_what_is_for_staff(shop: Shop) -> None:
    """A route that does not say that members may refuses them, own account or not."""
    refused = shop.call("GET", f"/v1/members/{OWN}/baskets", token=token(member_id=OWN))

    assert refused.status == 403
    assert refused.json["code"] == "not_for_members"


def test_where_no_issuer_is_configured_no_token_verifies() -> None:
    """API keys still do."""
    with pytest.raises(Unauthorised):
        authenticate("Bearer a.b.c", Keys(), NoTokens(), 0)


def test_roles_and_members_hold_known_scopes() -> None:
    """No role grants what is not a scope."""
    granted = frozenset().union(*ROLES.values(), MEMBER_SCOPES)

    assert granted <= SCOPES.keys()
