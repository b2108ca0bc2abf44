"""
Who may do what: every operation of the document against every kind of caller.

The matrix is made from the document, so an operation that is added is in it; one with a body
needs an entry in `BODIES`, or the test of that fails.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from chalicelib.routes.credentials import ALL, PUBLIC, ROLES, SCOPES
from tests.furnished import furnished
from tests.journeys.client import Answer, Api
from tests.journeys.contract import Operation
from tests.journeys.world import Clinic, LocalWorld, example, local_contract

OPERATIONS = [each for each in local_contract().operations if each.scope is not None]

DOCUMENT = furnished()
ABSENT = "mem_01ARZ3NDEKTSV4RRFFQ69G5FAV"
# What operations with a body are sent; `{…}` are names of `Things`.
BODIES: dict[str, Any] = {
    "activities_record": {
        "member": {"id": "{member_id}"},
        "type": "visit.completed",
        "source": "emr",
        "external_id": "by-a-stranger",
        "occurred_at": "2026-03-02T10:00:00Z",
    },
    "activities_record_batch": {
        "activities": [
            {
                "member": {"id": "{member_id}"},
                "type": "visit.completed",
                "source": "emr",
                "external_id": "by-a-stranger",
                "occurred_at": "2026-03-02T10:00:00Z",
            }
        ]
    },
    "activities_reverse": {"source": "emr", "external_id": "{external_id}"},
    "adjustments_adjust": {
        "programme": "clinic",
        "currency": "points",
        "amount": 1,
        "reason": "test",
    },
    "clock_move": {"now": "2026-03-03T10:00:00Z"},
    "clock_open_one": {"now": "2026-03-03T10:00:00Z"},
    "entitlements_grant": {"programme": "clinic", "entitlement": "coffee", "reason": "test"},
    "entitlements_use": {"programme": "clinic", "entitlement": "coffee"},
    "entitlements_give_back": {},
    "holds_capture": {},
    "holds_extend": {"minutes": 30},
    "holds_place": {"programme": "clinic", "currency": "points", "amount": 1},
    "holds_release": {},
    "households_found": {"member_id": "{other_id}", "role": "adult"},
    "households_join": {"member_id": "{other_id}", "role": "child"},
    "households_leave": {"member_id": "{member_id}"},
    "keys_issue": {"name": "k", "scopes": ["members:read"]},
    "members_change": {"display_name": "A"},
    "members_close": {"reason": "test"},
    "members_consent": {
        "consents": [{"purpose": "programme", "granted": True, "text_version": "1"}]
    },
    "members_create": {},
    "members_find": {"system": "emr", "value": "{record}"},
    "members_enrol": {"programmes": ["clinic"]},
    "programmes_draft": {"document": example("purchases")},
    "programmes_publish": {},
    "programmes_validate": {"document": example("purchases")},
    "goodwill_give": {"programme": "clinic", "points": 1, "reason": "wait"},
    "quotes_make": {"programme": "clinic", "currency": "GBP", "lines": [{"amount": 100}]},
    "quotes_confirm": {},
    "statuses_show": {"programme": "clinic", "status": "family"},
    "statuses_withdraw": {"programme": "clinic", "status": "family", "reason": "test"},
    "transfers_transfer": {
        "to": "{other_id}",
        "programme": "clinic",
        "currency": "points",
        "amount": 1,
    },
    "wallets_add": {"programme": "clinic", "currency": "prepaid", "amount": 100},
    "subscriptions_begin": {"programme": "clinic", "plan": "club"},
    "subscriptions_pay": {"programme": "clinic"},
    "subscriptions_change": {"programme": "clinic", "plan": "club"},
    "subscriptions_cancel": {"programme": "clinic"},
    "tiers_grant": {"programme": "clinic", "tier": "silver", "reason": "test"},
    "tiers_lift": {"programme": "clinic", "reason": "test"},
    "rewards_cancel": {},
    "rewards_look_up": {"code": "{code}"},
    "rewards_redeem": {"programme": "clinic", "reward": "parking"},
    "rewards_use": {"code": "{code}"},
    "rewards_validate": {"code": "{code}"},
}
# They reach what is named in the body, or what is named in the path beside a member.
NAMED_IN_BODY = {
    "activities_record",
    "activities_reverse",
    "households_found",
    "members_find",
    "rewards_look_up",
    "rewards_use",
    "rewards_validate",
}


class Things(NamedTuple):
    """What a tenant has, by the names that paths and bodies use; ``token`` is of the key."""

    member_id: str
    redemption_id: str
    key_id: str
    code: str
    external_id: str
    record: str
    token: str = ""
    programme_id: str = "clinic"
    version: str = "1"
    use_id: str = "1"
    hold_id: str = "hold_0"
    quote_id: str = "quote_0"
    other_id: str = "mem_01ARZ3NDEKTSV4RRFFQ69G5FAW"
    household_id: str = "hh_0"


NOTHING = Things(ABSENT, "red_0", "aaaaaaaaaaaaaaaa", "0", "none", "none", programme_id="none")


@pytest.fixture
def things(clinic: Clinic) -> Things:
    """Return what a tenant with the clinic's programme has."""
    clinic.publish(DOCUMENT)
    return make_things(clinic)


def make_things(clinic: Clinic) -> Things:
    """Make a member with a fact, a redemption and its voucher, and a key."""
    fact = clinic.fact("")
    record = f"record of {fact['external_id']}"
    member = clinic.enrolled(external_id={"system": "emr", "value": record})
    fact["member"] = {"id": member}
    clinic.give(member, 500)
    clinic.api.post("/v1/activities", fact).expect(201)
    redeem = {"programme": "clinic", "reward": "parking"}
    made = clinic.api.post(f"/v1/members/{member}/redemptions", redeem).expect(201)
    coffee = {"programme": "clinic", "entitlement": "coffee"}
    path = f"/v1/members/{member}"
    given = {**coffee, "units": 2, "reason": "test"}
    clinic.api.post(f"{path}/entitlement-grants", given).expect(201)
    used = clinic.api.post(f"{path}/entitlement-uses", coffee).expect(201)
    hold = {"programme": "clinic", "currency": "points", "amount": 10}
    held = clinic.api.post(f"{path}/holds", hold).expect(201)
    priced = {"programme": "clinic", "currency": "GBP", "lines": [{"amount": 100}]}
    quoted = clinic.api.post(f"{path}/quotes", priced).expect(201)
    club = {"programme": "clinic", "plan": "club"}
    clinic.api.post(f"{path}/subscriptions", club).expect(201)
    adult = {"member_id": member, "role": "adult"}
    home = clinic.api.post("/v1/households", adult).expect(201)
    key = clinic.key("members:read")
    return Things(
        member,
        made["redemption_id"],
        key.key_id,
        made["voucher"]["code"],
        fact["external_id"],
        record,
        key.token or "",
        use_id=used["use_id"],
        hold_id=held["hold"]["hold_id"],
        quote_id=quoted["quote"]["quote_id"],
        other_id=clinic.enrolled(),
        household_id=home["household_id"],
    )


def name(operation: Operation) -> str:
    """Return the id of an operation."""
    return str(operation.entry["operationId"])


def call(api: Api, operation: Operation, things: Things) -> Answer:
    """Call an operation about those things, with a body that is right but for them."""
    names = things._asdict()
    body = _filled(BODIES.get(name(operation)), names)
    headers = {"If-Match": '"1"'} if name(operation) == "members_change" else {}
    return api.send(operation.method, operation.path.format_map(names), body, headers=headers)


def test_the_matrix_is_whole() -> None:
    """Every operation with a body has one here, and there are as many routes as are served."""
    with_body = {name(each) for each in OPERATIONS if "requestBody" in each.entry}

    assert with_body == BODIES.keys()
    assert {each.scope for each in OPERATIONS} == SCOPES.keys() - {PUBLIC}


def test_without_credential(clinic: Clinic, subtests: pytest.Subtests) -> None:
    """Nobody does anything without one, nor with one that is garbage."""
    for operation in OPERATIONS:
        with subtests.test(name(operation)):
            call(clinic.anyone, operation, NOTHING).expect(401, "credential_missing")
            for token in ("x", "tsk_aaaaaaaaaaaaaaaa_" + "b" * 40, "a.b.c"):
                call(clinic.api.as_(token), operation, NOTHING).expect(401, "credential_invalid")


def test_without_the_scope(clinic: Clinic, subtests: pytest.Subtests) -> None:
    """A key with every scope but the one is refused, and is told which."""
    keys = {
        scope: clinic.key(*(SCOPES.keys() - {ALL, scope}))
        for scope in {operation.scope for operation in OPERATIONS}
    }

    for operation in OPERATIONS:
        with subtests.test(name(operation)):
            refused = call(keys[operation.scope], operation, NOTHING)
            assert refused.expect(403, "insufficient_scope")["scope"] == operation.scope
            assert f'scope="{operation.scope}"' in refused.headers["www-authenticate"]


def test_with_the_scope_alone(clinic: Clinic, subtests: pytest.Subtests) -> None:
    """The one scope is enough."""
    clinic.publish(DOCUMENT)
    # What these answer to who may use them, for reasons of their own.
    excepted = {
        "clock_read": "no_test_clock",
        "clock_move": "no_test_clock",
        "keys_issue": "scope_not_held",
        "rewards_redeem": "limit_reached",
        "subscriptions_begin": "already_subscribed",
    }

    for operation in OPERATIONS:
        with subtests.test(name(operation)):
            answer = call(clinic.key(operation.scope or ""), operation, make_things(clinic))
            refused = answer.code if answer.status >= 400 else None
            assert refused == excepted.get(name(operation)), answer.body


def test_roles(clinic: Clinic, subtests: pytest.Subtests) -> None:
    """Staff may do what their role says and nothing else; a role that we do not know is none."""
    for role in (*ROLES, "janitor"):
        staff = clinic.staff(role)
        held = ROLES.get(role, frozenset())
        for operation in OPERATIONS:
            with subtests.test(role, operation=name(operation)):
                answer = call(staff, operation, NOTHING)
                refused = answer.status == 403 and answer.code == "insufficient_scope"
                assert refused == (not {operation.scope, ALL} & held), answer.body


def test_a_member_and_another(clinic: Clinic, things: Things, subtests: pytest.Subtests) -> None:
    """A member sees another member as if there were none, and what is not theirs not at all."""
    member = clinic.member(clinic.enrolled())

    for operation in OPERATIONS:
        with subtests.test(name(operation)):
            other = call(member, operation, things)
            if operation.members_may:
                other.expect(404, "member_not_found")
                assert told(other) == told(call(member, operation, NOTHING))
            else:
                other.expect(403, "not_for_members")


def test_a_member_on_their_own(clinic: Clinic, things: Things) -> None:
    """A member reads and redeems on their own account, but not another's redemption."""
    member = clinic.member(things.member_id)
    path = f"/v1/members/{things.member_id}"

    for part in ("", "/balance", "/ledger", "/tier", "/rewards", "/verification"):
        member.get(path + part).expect(200)
    shown = member.get(f"{path}/redemptions/{things.redemption_id}").expect(200)
    assert shown["voucher"]["code"] == things.code
    member.post(f"{path}/redemptions/{things.redemption_id}/cancellation", {}).expect(200)
    other = clinic.enrolled()
    theirs = f"/v1/members/{other}/redemptions/{things.redemption_id}"
    clinic.member(other).get(theirs).expect(404, "redemption_not_found")


def test_another_tenant(
    world: LocalWorld, clinic: Clinic, things: Things, subtests: pytest.Subtests
) -> None:
    """What is another tenant's is told like what is not there, word for word."""
    stranger = world.clinic()
    before = clinic.check(things.member_id)
    reaching = [each for each in OPERATIONS if "{" in each.path or name(each) in NAMED_IN_BODY]

    for api in (stranger.api, stranger.staff("admin")):
        for operation in reaching:
            with subtests.test(name(operation)):
                foreign, absent = call(api, operation, things), call(api, operation, NOTHING)
                assert foreign.status == 404, foreign.body
                assert told(foreign) == told(absent)

    assert clinic.check(things.member_id) == before
    world.clock.advance(seconds=60)
    clinic.api.as_(things.token).get(f"/v1/members/{things.member_id}").expect(200)


def test_a_tenant_that_is_not_there(
    world: LocalWorld, clinic: Clinic, subtests: pytest.Subtests
) -> None:
    """A token for a tenant that does not exist opens nothing and leaves nothing behind."""
    ghosts = [world.token("ghost", roles=("admin",)), world.token("ghost", member_id=ABSENT)]

    for operation in OPERATIONS:
        with subtests.test(name(operation)):
            for ghost in ghosts:
                call(clinic.api.as_(ghost), operation, NOTHING).expect(403, "unknown_tenant")


class TestKeys:
    """Keys are issued, used and revoked."""

    def test_revoked(self, world: LocalWorld, clinic: Clinic) -> None:
        """A revoked key stops working within 60 seconds, on every server."""
        key = clinic.key("programmes:read")
        key.get("/v1/programmes").expect(200)

        for _ in range(2):
            revoked = clinic.api.delete(f"/v1/api-keys/{key.key_id}").expect(200)
            assert revoked == {"key_id": key.key_id, "revoked": True}

        world.clock.advance(seconds=60)
        key.get("/v1/programmes").expect(401, "credential_invalid")

    def test_only_what_one_holds(self, clinic: Clinic) -> None:
        """Nobody passes on more than they hold."""
        issuer = clinic.key("keys:write", "members:read")
        body = {"name": "more", "scopes": ["members:read", "members:write", "*"]}

        refused = issuer.post("/v1/api-keys", body).expect(403, "scope_not_held")

        assert refused["scopes"] == ["*", "members:write"]
        issuer.post("/v1/api-keys", body | {"scopes": ["members:read"]}).expect(201)

    def test_scopes_that_exist(self, clinic: Clinic) -> None:
        """A misspelt scope is named by its place."""
        body = {"name": "typo", "scopes": ["members:read", "member:read"]}

        refused = clinic.api.post("/v1/api-keys", body).expect(422, "invalid_body")

        assert [error["pointer"] for error in refused["errors"]] == ["/scopes/1"]

    def test_anothers_key(self, world: LocalWorld, clinic: Clinic) -> None:
        """A tenant cannot revoke another's key, and cannot tell that it exists."""
        key = clinic.key("programmes:read")

        world.clinic().api.delete(f"/v1/api-keys/{key.key_id}").expect(404, "key_not_found")

        world.clock.advance(seconds=60)
        key.get("/v1/programmes").expect(200)

    @pytest.mark.parametrize(
        "spoil",
        [lambda t: t[:-1], lambda t: t + "x", str.upper],
        ids=["shorter", "longer", "louder"],
    )
    def test_nearly_right(self, clinic: Clinic, spoil: Callable[[str], str]) -> None:
        """A key that is not exactly right is none."""
        token = clinic.key("programmes:read").token or ""

        wrong = clinic.api.as_(spoil(token)).get("/v1/programmes")

        wrong.expect(401, "credential_invalid")


def told(answer: Answer) -> dict[str, Any]:
    """Return a refusal without what is each request's own."""
    problem: dict[str, Any] = answer.json
    return {name: value for name, value in problem.items() if name != "instance"}


def _filled(body: Any, names: dict[str, str]) -> Any:
    if isinstance(body, dict):
        return {name: _filled(value, names) for name, value in body.items()}
    if isinstance(body, list):
        return [_filled(value, names) for value in body]
    if isinstance(body, str) and body.startswith("{"):
        return names[body[1:-1]]
    return body
