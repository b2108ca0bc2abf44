"""
Who may do what: every operation against every kind of caller, by the examples of the catalogue.

An operation that is declared is in the matrix, or the catalogue's own tests fail.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.routes.http.credentials import ALL, PUBLIC, ROLES, SCOPES
from chalicelib.store import metering
from tests.catalogue.catalogue import EXAMPLES, declared
from tests.catalogue.example import Example
from tests.catalogue.stage import Absent, Stage, needed, request_of, send
from tests.journeys.client import Answer, Api
from tests.journeys.world import Clinic, LocalWorld

GUARDED = [each for each in EXAMPLES.values() if declared()[each.operation].scope != PUBLIC]
_NOWHERE = Absent()


@pytest.fixture
def stage(clinic: Clinic) -> Stage:
    """Return a tenant with the programme of the examples."""
    return Stage(clinic)


def scope_of(example: Example) -> str:
    """Return the scope that an example takes."""
    return declared()[example.operation].scope


def about_nothing(api: Api, example: Example) -> Answer:
    """Ask for an example about things that are nowhere."""
    return send(api, request_of(example, _NOWHERE))


def test_every_scope_is_for_something() -> None:
    """Each scope opens an operation."""
    assert {scope_of(example) for example in GUARDED} == SCOPES.keys() - {PUBLIC}


def test_without_credential(clinic: Clinic, subtests: pytest.Subtests) -> None:
    """Nobody does anything without one, nor with one that is garbage."""
    for example in GUARDED:
        with subtests.test(example.operation):
            about_nothing(clinic.anyone, example).expect(401, "credential_missing")
            for token in ("x", "tsk_aaaaaaaaaaaaaaaa_" + "b" * 40, "a.b.c"):
                refused = about_nothing(clinic.api.as_(token), example)
                refused.expect(401, "credential_invalid")


def test_without_the_scope(clinic: Clinic, subtests: pytest.Subtests) -> None:
    """A key with every scope but the one is refused, and is told which."""
    keys = {scope: clinic.key(*(SCOPES.keys() - {ALL, scope})) for scope in map(scope_of, GUARDED)}

    for example in GUARDED:
        with subtests.test(example.operation):
            scope = scope_of(example)
            refused = about_nothing(keys[scope], example)
            assert refused.expect(403, "insufficient_scope")["scope"] == scope
            assert f'scope="{scope}"' in refused.headers["www-authenticate"]


def test_with_the_scope_alone(world: LocalWorld, stage: Stage, subtests: pytest.Subtests) -> None:
    """The one scope is enough."""
    played = Stage(world.sandbox())
    for example in GUARDED:
        with subtests.test(example.operation):
            here = played if example.needs_clock else stage
            asked = here.request(example, here.prepared(example))
            answer = send(here.clinic.key(scope_of(example)), asked)
            refused = answer.code if answer.status >= 400 else None
            assert refused == example.refused_alone, answer.body


def test_without_a_test_clock(stage: Stage, subtests: pytest.Subtests) -> None:
    """What is for tenants with a test clock is refused where there is none."""
    for example in (each for each in GUARDED if each.needs_clock):
        with subtests.test(example.operation):
            about_nothing(stage.clinic.api, example).expect(403, "no_test_clock")


def test_roles(clinic: Clinic, subtests: pytest.Subtests) -> None:
    """Staff may do what their role says and nothing else; a role that we do not know is none."""
    for role in (*ROLES, "janitor"):
        staff = clinic.staff(role)
        held = ROLES.get(role, frozenset())
        for example in GUARDED:
            with subtests.test(role, operation=example.operation):
                answer = about_nothing(staff, example)
                refused = answer.status == 403 and answer.code == "insufficient_scope"
                assert refused == (not {scope_of(example), ALL} & held), answer.body


def test_a_member_and_another(stage: Stage, subtests: pytest.Subtests) -> None:
    """A member sees another member as if there were none, and what is not theirs not at all."""
    member = stage.clinic.member(stage.clinic.enrolled())

    for example in GUARDED:
        with subtests.test(example.operation):
            other = send(member, stage.request(example, stage.prepared(example)))
            if declared()[example.operation].member_may:
                other.expect(404, "member_not_found")
                assert refusals(other) == refusals(about_nothing(member, example))
            else:
                other.expect(403, "not_for_members")


def test_a_member_on_their_own(stage: Stage, subtests: pytest.Subtests) -> None:
    """A member may do on their own account what the operation says that members may."""
    for example in GUARDED:
        operation = declared()[example.operation]
        if not operation.member_may:
            continue
        with subtests.test(example.operation):
            things = stage.prepared(example)
            member = stage.clinic.member(things["member_id"])
            send(member, stage.request(example, things)).expect(operation.status)


def test_a_members_redemption(stage: Stage) -> None:
    """A member reads the code of their own redemption, and nothing of another's."""
    path = "/v1/members/{member_id}/redemptions/{redemption_id}/voucher"
    things = stage.prepared(EXAMPLES[f"GET {path}"])
    member, other = things["member_id"], stage.clinic.enrolled()

    shown = stage.clinic.member(member).get(path.format_map(things)).expect(200)
    theirs = path.format_map(things | {"member_id": other})

    assert shown["code"] == things["code"]
    stage.clinic.member(other).get(theirs).expect(404, "redemption_not_found")


def test_another_tenant(world: LocalWorld, stage: Stage, subtests: pytest.Subtests) -> None:
    """What is another tenant's is told like what is not there, word for word."""
    stranger = world.clinic()
    reaching = {each.operation: stage.prepared(each) for each in GUARDED if needed(each)}
    key = stage.clinic.key("members:read")
    members = {things["member_id"] for things in reaching.values() if "member_id" in things}
    before = {member: stage.clinic.ledger(member) for member in members}

    for api in (stranger.api, stranger.staff("admin")):
        for operation, things in reaching.items():
            example = EXAMPLES[operation]
            with subtests.test(operation):
                foreign = send(api, stage.request(example, things))
                absent = about_nothing(api, example)
                assert refusals(foreign) == refusals(absent)
                assert {each["status"] for each in refusals(foreign)} == {404}

    assert {member: stage.clinic.ledger(member) for member in members} == before
    stage.clinic.check(min(members))
    world.clock.advance(seconds=60)
    key.get(f"/v1/members/{min(members)}").expect(200)


def test_a_tenant_that_is_not_there(
    world: LocalWorld, clinic: Clinic, subtests: pytest.Subtests
) -> None:
    """A token for a tenant that does not exist opens nothing and leaves nothing behind."""
    member = _NOWHERE["member_id"]
    ghosts = [world.token("ghost", roles=("admin",)), world.token("ghost", member_id=member)]

    for example in GUARDED:
        with subtests.test(example.operation):
            for ghost in ghosts:
                about_nothing(clinic.api.as_(ghost), example).expect(403, "unknown_tenant")


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

    def test_blanks_around_a_name(self, clinic: Clinic) -> None:
        """A key is listed by the name alone."""
        body = {"name": "  front desk ", "scopes": ["members:read"]}

        assert clinic.api.post("/v1/api-keys", body).expect(201)["name"] == "front desk"

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


class TestKeysThatEnd:
    """F: keys that end on a day, and when each was last used."""

    @staticmethod
    def listed(clinic: Clinic, key_id: str | None) -> dict[str, Any]:
        """Return a key as the list of keys shows it."""
        found = clinic.api.get("/v1/api-keys?limit=100").expect(200)["keys"]
        return next(dict(each) for each in found if each["key_id"] == key_id)

    def test_f_it_works_through_its_last_day(self, world: LocalWorld) -> None:
        """The day is the tenant's: 3 March is over in Auckland at 11:00 in London."""
        clinic = world.clinic(time_zone="Pacific/Auckland")
        body = {"name": "till", "scopes": ["programmes:read"], "ends_on": "2026-03-03"}
        made = clinic.api.post("/v1/api-keys", body).expect(201)
        till = clinic.api.as_(made["api_key"])

        world.clock.set("2026-03-03T10:59:59Z")
        till.get("/v1/programmes").expect(200)
        assert self.listed(clinic, made["key_id"])["state"] == "active"
        world.clock.set("2026-03-03T11:00:00Z")

        refused = till.get("/v1/programmes").expect(401, "key_ended")
        assert refused["ends_on"] == made["ends_on"] == "2026-03-03"
        shown = self.listed(clinic, made["key_id"])
        assert (shown["state"], shown["ends_on"]) == ("ended", "2026-03-03")
        ended = clinic.api.get("/v1/api-keys?state=ended").expect(200)["keys"]
        assert [each["key_id"] for each in ended] == [made["key_id"]]

    def test_f_rotation(self, world: LocalWorld, clinic: Clinic) -> None:
        """The old key and the new one work side by side until the old one's last day."""
        old, new = clinic.key("programmes:read"), clinic.key("programmes:read")
        path = f"/v1/api-keys/{old.key_id}"
        changed = clinic.api.patch(path, {"ends_on": "2026-03-04"}).expect(200)
        assert (changed["ends_on"], changed["state"]) == ("2026-03-04", "active")

        world.clock.set("2026-03-04T23:59:59Z")
        for each in (old, new):
            each.get("/v1/programmes").expect(200)
        world.clock.set("2026-03-05T00:00:00Z")
        old.get("/v1/programmes").expect(401, "key_ended")
        new.get("/v1/programmes").expect(200)

        # It can be let live on, but for one that was revoked.
        assert clinic.api.patch(path, {"ends_on": None}).expect(200)["ends_on"] is None
        world.clock.advance(seconds=60)
        old.get("/v1/programmes").expect(200)
        clinic.api.delete(path).expect(200)
        clinic.api.patch(path, {"ends_on": "2026-04-01"}).expect(409, "key_revoked")

    def test_f_the_last_administrator_does_not_end(self, clinic: Clinic) -> None:
        """Of those who may do everything one always stays that does not end by itself."""
        own = clinic.api.get("/v1/api-keys").expect(200)["keys"][-1]["key_id"]
        ends = {"ends_on": "2026-04-01"}
        body = {"name": "admin", "scopes": ["*"], **ends}
        ending = clinic.api.post("/v1/api-keys", body).expect(201)["key_id"]

        for _ in range(2):
            refused = clinic.api.patch(f"/v1/api-keys/{own}", ends)
            refused.expect(409, "last_administrator")
        clinic.api.delete(f"/v1/api-keys/{own}").expect(409, "last_administrator")
        clinic.api.patch(f"/v1/api-keys/{ending}", {"ends_on": None}).expect(200)
        clinic.api.patch(f"/v1/api-keys/{own}", ends).expect(200)

    @pytest.mark.parametrize("day", ["2026-03-01", "2026-02-30", "9999-12-31"])
    def test_f_days_on_which_none_ends(self, clinic: Clinic, day: str) -> None:
        """One that is over, and one that there is not, are refused by name."""
        body = {"name": "till", "scopes": ["programmes:read"], "ends_on": day}

        refused = clinic.api.post("/v1/api-keys", body)

        assert refused.status == 422
        assert refused.json["errors"][0]["pointer"] == "/ends_on"

    def test_f_last_used(self, world: LocalWorld, clinic: Clinic) -> None:
        """By the day, with one write for each day on which it is used."""
        key = clinic.key("programmes:read")
        assert self.listed(clinic, key.key_id)["last_used_on"] is None

        with metering.measured() as first:
            key.get("/v1/programmes").expect(200)
        with metering.measured() as others:
            for _ in range(5):
                world.clock.advance(seconds=3600)
                key.get("/v1/programmes").expect(200)
        assert self.listed(clinic, key.key_id)["last_used_on"] == "2026-03-02"
        world.clock.advance(days=1)
        with metering.measured() as next_day:
            key.get("/v1/programmes").expect(200)

        assert self.listed(clinic, key.key_id)["last_used_on"] == "2026-03-03"
        written = [each.calls["UpdateItem"] for each in (first, others, next_day)]
        assert written == [1, 0, 1]


def refusals(answer: Answer) -> list[dict[str, Any]]:
    """Return the refusals of an answer, several where it is about many, without their ids."""
    found = [part["problem"] for part in answer.json.get("results", [])] or [answer.json]
    return [{name: each[name] for name in each.keys() - {"instance"}} for each in found]
