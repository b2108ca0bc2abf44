"""U8: everything that can be created can be listed, in a stable order, by those who may."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.store import metering
from chalicelib.usecases.searching import SEARCHED_MAX
from tests.catalogue.catalogue import EXAMPLES, declared, programme
from tests.catalogue.example import Example
from tests.catalogue.stage import Stage, Things, send
from tests.journeys.client import Api
from tests.journeys.world import Clinic, Document, LocalWorld

#: Lists of what can be made again and again, and so has more than one page.
GROWING = {
    operation.name
    for operation, example in ((declared()[name], each) for name, each in EXAMPLES.items())
    if operation.name.startswith(("list_", "find_"))
    and "next_cursor" in getattr(operation.answer, "__struct_fields__", ())
    and not example.bounded
}
BEFORE, MEANWHILE = 5, 2


def example_of(name: str) -> Example:
    """Return the example of an operation by its name."""
    return next(each for each in EXAMPLES.values() if declared()[each.operation].name == name)


def page(api: Api, target: str, body: Any = None, cursor: str | None = None) -> Document:
    """Read a page of a list, by whichever method it has."""
    more = f"{'&' if '?' in target else '?'}cursor={cursor}" if cursor else ""
    asked = f"{target}{more}"
    found = api.get(asked) if body is None else api.post(asked, body, key=None)
    read: Document = found.expect(200)
    return read


def walk(api: Api, target: str, body: Any = None, after: Document | None = None) -> list[Document]:
    """Return all there is in a list, page by page, perhaps after a page."""
    read = after or page(api, target, body)
    found = [] if after else things(read)
    while read["next_cursor"]:
        read = page(api, target, body, read["next_cursor"])
        found += things(read)
    return found


def things(read: Document) -> list[Document]:
    """Return what is on a page."""
    (found,) = [value for value in read.values() if isinstance(value, list)]
    return list(found)


def names(found: list[Document]) -> list[str]:
    """Return things as texts that can be compared."""
    return [json.dumps(each, sort_keys=True) for each in found]


@pytest.mark.parametrize("name", sorted(GROWING))
def test_u8_a_list_is_stable(clinic: Clinic, name: str) -> None:
    """
    What is made between two pages neither hides nor repeats what was there.

    The example of the list says what makes the things in it: that is carried out five times, and
    twice more after the first page; all of the five are found, each once.
    """
    stage = Stage(clinic)
    example = example_of(name)
    of_member = Things()

    def make() -> None:
        # One member's things are made of one member; others of one each.
        things_of = of_member if "{member_id}" in example.path else Things()
        things_of.done.clear()
        step = example.steps[-1]
        stage.carry_out(EXAMPLES[step.operation], things_of, step.changes)

    for _ in range(BEFORE):
        make()
    asked = stage.request(example, of_member)
    path = asked.target.partition("?")[0]
    there = names(walk(clinic.api, f"{path}?limit=100", asked.body))

    first = page(clinic.api, f"{path}?limit=2", asked.body)
    for _ in range(MEANWHILE):
        make()
    seen = [*things(first), *walk(clinic.api, f"{path}?limit=2", asked.body, first)]

    assert len(there) >= BEFORE
    assert len(names(seen)) == len(set(names(seen)))
    assert set(there) <= set(names(seen))


@pytest.fixture
def desk(clinic: Clinic) -> Clinic:
    """Return a clinic with the programme of the examples, whose quotes stand for an hour."""
    clinic.publish(programme() | {"quotes": {"minutes": 60}})
    return clinic


def shown(api: Api, target: str, field: str, body: Any = None) -> list[Any]:
    """Return one field of all that is in a list."""
    return [each[field] for each in walk(api, target, body)]


class TestMembers:
    """`GET /v1/members` and `POST /v1/members/search`."""

    @pytest.fixture
    def members(self, world: LocalWorld, desk: Clinic) -> dict[str, str]:
        """Return four members who came on four days."""
        found = {}
        for name, programmes in (("Ana Kim", ["clinic"]), ("Bo", []), ("kim lee", ["clinic"])):
            found[name] = desk.enrolled(display_name=name, programmes=programmes)
            world.clock.advance(days=1)
        found["left"] = desk.enrolled(display_name="left")
        desk.api.post(f"/v1/members/{found['left']}/closure", {"reason": "moved"}).expect(200)
        return found

    @pytest.mark.parametrize(
        ("query", "names_of"),
        [
            ("", ["left", "kim lee", "Bo", "Ana Kim"]),
            ("?status=prospect", ["Bo"]),
            ("?status=closed", ["left"]),
            ("?status=enrolled&limit=1", ["kim lee", "Ana Kim"]),
            ("?programme=clinic&status=enrolled", ["kim lee", "Ana Kim"]),
            ("?programme=clinic&tier=base&status=enrolled", ["kim lee", "Ana Kim"]),
            ("?tier=gold", []),
            ("?from=2026-03-03&to=2026-03-04", ["kim lee", "Bo"]),
        ],
    )
    def test_u8_filters(
        self, desk: Clinic, members: dict[str, str], query: str, names_of: list[str]
    ) -> None:
        """By state, programme, tier and days, the latest to come first."""
        wanted = [members[name] for name in names_of]

        assert shown(desk.api, f"/v1/members{query}", "id") == wanted

    @pytest.mark.parametrize(
        ("name", "names_of"), [("kim", ["kim lee", "Ana Kim"]), ("KIM L", ["kim lee"]), ("x", [])]
    )
    def test_u8_by_name(
        self, desk: Clinic, members: dict[str, str], name: str, names_of: list[str]
    ) -> None:
        """A part of it is enough, and capitals are no matter; it travels in the body."""
        found = shown(desk.api, "/v1/members/search?limit=1", "id", {"name": name})

        assert found == [members[each] for each in names_of]

    @pytest.mark.parametrize(
        ("name", "typed"),
        [
            ("José Díaz", "jose diaz"),
            ("Jose Diaz", "JOSÉ"),
            ("Müller", "MULLER"),
            ("Muller", "mu\u0308ller"),
            ("Strauß", "strauss"),
            ("İpek", "ipek"),
            ("Вера", "вера"),
            ("Семён", "семен"),
            ("Йоана", "йоана"),
            ("강민", "강민"),
            ("علي", "عَلی"),
        ],
    )
    def test_u8_accents_make_no_difference(self, desk: Clinic, name: str, typed: str) -> None:
        """Who types a name at a desk has another keyboard; the name stays as it was given."""
        member = desk.enrolled(display_name=name)

        assert shown(desk.api, "/v1/members/search", "id", {"name": typed}) == [member]
        assert desk.api.get(f"/v1/members/{member}").expect(200)["display_name"] == name

    def test_u8_another_letter_is_another_name(self, desk: Clinic) -> None:
        """Half a syllable, or the vowel of another, is no part of a name."""
        desk.enrolled(display_name="강민")
        desk.enrolled(display_name="हिन्दी")

        for other in ("가", "हन", "ganz"):
            assert shown(desk.api, "/v1/members/search", "id", {"name": other}) == []

    def test_u8_a_cursor_is_of_one_name(self, desk: Clinic, members: dict[str, str]) -> None:
        """With another body it is another list."""
        assert members
        cursor = page(desk.api, "/v1/members/search?limit=1", {"name": "kim"})["next_cursor"]
        target = f"/v1/members/search?cursor={cursor}"

        desk.api.post(target, {"name": "bo"}, key=None).expect(400, "invalid_cursor")


def test_u8_a_search_is_bounded(desk: Clinic) -> None:
    """A page looks at so many members and no more: it is empty, and says where to go on."""
    for number in range(SEARCHED_MAX + 1):
        desk.enrolled(display_name="Rare" if number == 0 else "Usual", programmes=[])

    with metering.measured() as cost:
        first = page(desk.api, "/v1/members/search", {"name": "rare"})

    assert first["members"] == []
    assert cost.total_calls <= 2 * SEARCHED_MAX // 100 + 2
    assert len(walk(desk.api, "/v1/members/search", {"name": "rare"})) == 1


class TestVouchers:
    """`GET /v1/vouchers` and `GET /v1/members/{member_id}/redemptions`."""

    @pytest.fixture
    def redemptions(self, world: LocalWorld, desk: Clinic) -> dict[str, str]:
        """Return four redemptions of two members on four days, each with what became of it."""
        members = [desk.enrolled(), desk.enrolled()]
        found, codes = {}, {}
        for number, state in enumerate(("expired", "used", "cancelled", "issued")):
            member = members[number % 2]
            desk.give(member, 1_000)
            body = {"programme": "clinic", "reward": "gift"}
            made = desk.api.post(f"/v1/members/{member}/redemptions", body).expect(201)
            found[state], codes[state] = made["redemption_id"], made["voucher"]["code"]
            if state == "expired":
                last = made["voucher"]["expires_at"]
                world.clock.set(last)
            world.clock.advance(days=1)
        desk.api.post("/v1/vouchers/use", {"code": codes["used"]}).expect(200)
        path = f"/v1/members/{members[0]}/redemptions/{found['cancelled']}/cancellation"
        desk.api.post(path, {}).expect(200)
        return {**found, "first": members[0], "second": members[1], "code": codes["issued"]}

    @pytest.mark.parametrize("state", ["issued", "expired", "used", "cancelled"])
    def test_u8_by_state(self, desk: Clinic, redemptions: dict[str, str], state: str) -> None:
        """Each is in the list of its state, and in no other; one that lapsed has expired."""
        target = f"/v1/vouchers?state={state}"

        assert shown(desk.api, target, "redemption_id") == [redemptions[state]]
        assert shown(desk.api, target, "state") == [state]
        assert shown(desk.api, f"{target}&reward=other", "state") == []
        assert shown(desk.api, f"{target}&programme=clinic", "state") == [state]

    def test_u8_by_days(self, desk: Clinic, redemptions: dict[str, str]) -> None:
        """Of what was used, by the day of its use."""
        today = desk.now()[:10]
        target = "/v1/vouchers?state=used"

        assert shown(desk.api, f"{target}&from={today}", "redemption_id") == [redemptions["used"]]
        assert shown(desk.api, f"{target}&to={desk.now(days=-1)[:10]}", "state") == []

    def test_u8_no_code_is_told(self, desk: Clinic, redemptions: dict[str, str]) -> None:
        """Only its end: with all of it a voucher can be used."""
        for target in ("/v1/vouchers", f"/v1/members/{redemptions['second']}/redemptions"):
            (last, *_) = walk(desk.api, target)

            assert redemptions["code"] not in str(last)
            assert redemptions["code"][-4:] in str(last)

    @pytest.mark.parametrize(
        ("query", "states"),
        [
            ("", ["issued", "used"]),
            ("?limit=1", ["issued", "used"]),
            ("?state=used", ["used"]),
            ("?state=cancelled", []),
            ("?programme=clinic&reward=gift", ["issued", "used"]),
            ("?reward=other", []),
        ],
    )
    def test_u8_of_one_member(
        self, desk: Clinic, redemptions: dict[str, str], query: str, states: list[str]
    ) -> None:
        """The latest first, with the filters that the tenant's list has; the member sees them."""
        path = f"/v1/members/{redemptions['second']}/redemptions{query}"

        for api in (desk.api, desk.member(redemptions["second"])):
            assert shown(api, path, "state") == states


def test_u8_quotes(world: LocalWorld, desk: Clinic) -> None:
    """Open, confirmed and expired ones; those of others are not there."""
    member, other = desk.enrolled(), desk.enrolled()
    body = {"programme": "clinic", "currency": "GBP", "lines": [{"amount": 8_000}]}
    path = f"/v1/members/{member}/quotes"
    made = []
    for _ in range(3):
        made.append(desk.api.post(path, body, key=None).expect(201)["quote"]["quote_id"])
        world.clock.advance(days=1)
    made.append(desk.api.post(path, body, key=None).expect(201)["quote"]["quote_id"])
    made.append(desk.api.post(path, body, key=None).expect(201)["quote"]["quote_id"])
    desk.api.post(f"{path}/{made[-1]}/confirmation", {}).expect(201)
    newest_first = made[::-1]

    assert shown(desk.member(member), f"{path}?limit=2", "quote_id") == newest_first
    assert shown(desk.api, f"{path}?state=open", "quote_id") == [made[3]]
    assert shown(desk.api, f"{path}?state=confirmed", "quote_id") == [made[4]]
    assert shown(desk.api, f"{path}?state=expired", "quote_id") == newest_first[2:]
    assert shown(desk.api, f"{path}?from=2026-03-03&to=2026-03-03", "quote_id") == [made[1]]
    assert shown(desk.api, f"{path}?programme=clinic", "quote_id") == newest_first
    desk.publish(programme() | {"id": "other"})
    assert shown(desk.api, f"{path}?programme=other", "quote_id") == []
    assert shown(desk.api, f"/v1/members/{other}/quotes", "quote_id") == []


def test_u8_transfers(desk: Clinic) -> None:
    """Each side sees its own, with who the other is; the reference is the sender's alone."""
    one, other = desk.enrolled(), desk.enrolled()
    for sender, receiver in ((one, other), (other, one), (one, other)):
        desk.give(sender, 100)
        body = {
            "to": receiver,
            "programme": "clinic",
            "currency": "points",
            "amount": 40,
            "reference": "walk",
        }
        desk.api.post(f"/v1/members/{sender}/transfers", body).expect(201)
    path = f"/v1/members/{one}/transfers"

    assert shown(desk.member(one), path, "direction") == ["sent", "received", "sent"]
    assert shown(desk.api, f"{path}?direction=received", "counterparty_id") == [other]
    assert shown(desk.api, f"{path}?direction=received", "reference") == [""]
    assert shown(desk.api, f"{path}?direction=sent&limit=1", "reference") == ["walk", "walk"]
    desk.publish(programme() | {"id": "other"})
    assert shown(desk.api, f"{path}?programme=other", "amount") == []
    assert shown(desk.api, f"{path}?to=2026-03-01", "amount") == []


def test_u8_households(world: LocalWorld, desk: Clinic) -> None:
    """Those that there are, with who belongs to them: one that everybody left is gone."""
    found = []
    for _ in range(3):
        body = {"member_id": desk.enrolled(), "role": "adult"}
        found.append(desk.api.post("/v1/households", body).expect(201))
        world.clock.advance(days=1)
    last = found[-1]
    gone = {"member_id": last["members"][0]["member_id"]}
    desk.api.post(f"/v1/households/{last['household_id']}/departures", gone).expect(200)

    assert shown(desk.api, "/v1/households?limit=1", "household_id") == [
        found[1]["household_id"],
        found[0]["household_id"],
    ]
    assert shown(desk.api, "/v1/households?to=2026-03-02", "members") == [found[0]["members"]]


def test_u8_keys(desk: Clinic) -> None:
    """What each may do, never its secret; those that are revoked can be left out."""
    made = desk.api.post(
        "/v1/api-keys", {"name": "till", "scopes": ["activities:write"], "sources": ["till-2"]}
    ).expect(201)
    desk.api.delete(f"/v1/api-keys/{made['key_id']}").expect(200)

    (till,) = [each for each in walk(desk.api, "/v1/api-keys") if each["name"] == "till"]
    assert till == {
        "key_id": made["key_id"],
        "name": "till",
        "scopes": ["activities:write"],
        "sources": ["till-2"],
        "locations": None,
        "state": "revoked",
        "created_at": desk.now(),
        "ends_on": None,
        "last_used_on": None,
    }
    assert made["api_key"] not in str(walk(desk.api, "/v1/api-keys"))
    assert "till" not in shown(desk.api, "/v1/api-keys?state=active", "name")
    assert shown(desk.api, "/v1/api-keys?state=revoked", "name") == ["till"]


def test_u8_sandboxes(world: LocalWorld, desk: Clinic) -> None:
    """Those that this tenant opened, with where their clocks stand."""
    body = {"now": "2026-01-01T00:00:00Z", "name": " Trial "}
    made = desk.api.post("/v1/sandboxes", body, key=None).expect(201)

    (box,) = walk(desk.api, "/v1/sandboxes")
    assert (box["tenant"], box["name"], box["now"]) == (made["tenant"], "Trial", body["now"])
    assert walk(world.clinic().api, "/v1/sandboxes") == []


def test_u8_nobody_sees_another_tenants(world: LocalWorld, clinic: Clinic) -> None:
    """What is in a list of one tenant is in none of another; members read none of a tenant's."""
    stage = Stage(clinic)
    things_of = Things()
    stranger = world.clinic()
    for name in sorted(GROWING - {"list_api_keys"}):
        example = example_of(name)
        asked = stage.request(example, stage.prepared(example, things_of))
        member = clinic.member(things_of["member_id"]) if "member_id" in things_of else None
        answer = send(stranger.api, asked, key=None)
        if "{member_id}" in example.path:
            answer.expect(404, "member_not_found")
        else:
            assert things(answer.expect(200)) == []
            assert member is None or send(member, asked, key=None).status == 403
