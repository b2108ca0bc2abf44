"""Locations over the API: who is limited to some finds members of these, and no others."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest

from chalicelib.domain.locations import LOCATIONS_MAX
from chalicelib.routes.http.credentials import ALL, PUBLIC, SCOPES
from chalicelib.routes.http.operation import Operation
from chalicelib.routes.http.parsing import BODY_BYTES_MAX
from chalicelib.store import metering
from tests.catalogue.catalogue import EXAMPLES, declared
from tests.catalogue.example import Example
from tests.catalogue.stage import Stage, send
from tests.journeys import world
from tests.journeys.client import Answer, Api
from tests.journeys.test_keys_and_scopes import about_nothing, refusals
from tests.journeys.world import Clinic

#: A network of two regions, of which one has two clinics and one of these a desk.
NETWORK = [
    {"id": "north", "name": "North"},
    {"id": "skin", "name": "Skin clinic", "parent": "north"},
    {"id": "laser", "name": "Laser desk", "parent": "skin"},
    {"id": "teeth", "name": "Dentist", "parent": "north"},
    {"id": "south", "name": "South"},
    {"id": "old-mill", "name": "Old Mill", "parent": "south", "closed_on": "2020-12-31"},
]
#: The day on which the tests begin.
TODAY = ["2026-03-02"]
#: The examples about one member, and those about many that say themselves what is found.
OF_ONE = [
    each for each in EXAMPLES.values() if "member_id" in declared()[each.operation].path_names
]
REFUSED = [
    each
    for each in EXAMPLES.values()
    if not declared()[each.operation].limited_may and declared()[each.operation].scope != PUBLIC
]


@pytest.fixture
def network(clinic: Clinic) -> Clinic:
    """Return a tenant with the locations and a programme."""
    clinic.publish("clinic")
    set_locations(clinic, NETWORK).expect(200)
    return clinic


def set_locations(clinic: Clinic, locations: list[dict[str, str]], revision: int = 0) -> Answer:
    """Replace the locations over a revision."""
    return clinic.api.put("/v1/locations", {"locations": locations, "revision": revision})


def limited_key(clinic: Clinic, *locations: str, scopes: tuple[str, ...] = (ALL,)) -> Api:
    """Return the API with a key that may do everything at some locations."""
    body = {"name": "limited", "scopes": list(scopes), "locations": list(locations)}
    made = clinic.api.post("/v1/api-keys", body).expect(201)
    assert made["locations"] == sorted(locations)
    return clinic.api.as_(made["api_key"])


def visit(clinic: Clinic, by: Api, member: str, **more: Any) -> Answer:
    """Record a visit by somebody."""
    return by.post("/v1/activities", clinic.activity(member, **more))


def finds(api: Api, member: str) -> bool:
    """Tell whether a member is there for somebody."""
    answer = api.get(f"/v1/members/{member}/balance")
    if answer.status == 200:
        return True
    answer.expect(404, "member_not_found")
    return False


def test_seen_where_they_were(network: Clinic) -> None:
    """Staff find members who were at their location or below it, by any recorder."""
    member = network.enrolled()
    places = ("north", "skin", "laser", "teeth", "south")
    desks = {place: network.staff("receptionist", at=(place,)) for place in places}
    assert not any(finds(desk, member) for desk in desks.values())

    network.record(member, location="laser").expect(201)
    assert [place for place in places if finds(desks[place], member)] == ["north", "skin", "laser"]
    visit(network, desks["south"], member).expect(201)
    assert [place for place in places if finds(desks[place], member)] == [
        *("north", "skin", "laser"),
        "south",
    ]
    assert finds(network.staff("receptionist"), member)
    assert finds(network.staff("receptionist", at=("teeth", "south")), member)
    assert not finds(network.staff("receptionist", at=()), member)
    assert not finds(network.staff("admin", at=("no-such-place",)), member)
    network.check(member)


def test_a_desk_records_at_its_own(network: Clinic) -> None:
    """It need not say so where it has one; it may not say another; of several it says which."""
    member = network.enrolled()
    desk = network.staff("receptionist", at=("skin",))

    refused = visit(network, desk, member, location="teeth").expect(403, "location_not_allowed")
    assert refused["locations"] == ["skin"]
    visit(network, desk, member, location="tooth").expect(422, "unknown_location")
    assert not finds(desk, member)
    both = network.staff("receptionist", at=("skin", "teeth"))
    refused = visit(network, both, member).expect(422, "location_required")
    assert refused["locations"] == ["skin", "teeth"]

    visit(network, desk, member, location="laser").expect(201)
    visit(network, desk, member).expect(201)
    events = network.api.get(f"/v1/members/{member}/ledger").expect(200)["events"]
    assert [each["activity"]["location"] for each in events[:2]] == ["skin", "laser"]


def test_what_an_activity_may_name(network: Clinic) -> None:
    """Any of the locations or none; a refusal names the one that was meant."""
    member = network.enrolled()

    network.record(member).expect(201)
    refused = network.record(member, location="laserr").expect(422, "unknown_location")
    assert refused["errors"][0]["pointer"] == "/location"
    assert "`laser`" in refused["errors"][0]["detail"]
    refused = network.record(member, location="old-mill").expect(422, "location_closed")
    assert refused["until"] == "2020-12-31"
    batch = {"activities": [network.activity(member, location=each) for each in ("skin", "x", "")]}
    results = network.api.post("/v1/activities/batch", batch).expect(200)["results"]
    problems = [each.get("problem") for each in results]
    assert [each and each["code"] for each in problems] == [None, "unknown_location", None]
    assert problems[1]["errors"][0]["pointer"] == "/activities/1/location"


def test_the_same_report_from_two_sides(network: Clinic) -> None:
    """What a desk leaves out is what a server says: the second report is the first one again."""
    member = network.enrolled()
    desk = network.staff("receptionist", at=("skin",))
    said = network.activity(member, location="skin")

    first = desk.post("/v1/activities", {**said, "location": ""}).expect(201)
    again = network.api.post("/v1/activities", said)
    assert again.expect(201) == first
    assert again.headers["idempotency-replayed"] == "true"


def test_who_comes_first_to_a_desk(network: Clinic) -> None:
    """Who is created at a location, or known there by an external id, is found there."""
    desk = network.staff("receptionist", at=("skin",))
    patient = {"system": "ehr", "value": "4711"}

    made = desk.post("/v1/members", {"external_id": patient}).expect(201)["id"]
    assert finds(desk, made)
    other = network.staff("receptionist", at=("teeth",))
    other.post("/v1/members/lookup", patient).expect(404, "member_not_found")
    assert desk.post("/v1/members/lookup", patient).expect(200)["id"] == made
    assert other.post("/v1/members", {"external_id": patient}).expect(200)["id"] == made
    assert other.post("/v1/members/lookup", patient).expect(200)["id"] == made

    stranger = {"external_id": {"system": "ehr", "value": "12"}}
    prospect = visit(network, desk, stranger).expect(201)["member_id"]  # type: ignore[arg-type]
    assert finds(desk, prospect)
    assert not finds(other, prospect)
    named = desk.post("/v1/members", {"at_location": "teeth"})
    named.expect(403, "location_not_allowed")
    desk.post("/v1/members", {"at_location": "skin"}).expect(201)
    network.api.post("/v1/members", {"at_location": "skim"}).expect(422, "unknown_location")


def test_a_purchase_is_at_a_location(network: Clinic) -> None:
    """Who buys somewhere what was quoted is found there."""
    member = network.enrolled()
    till, elsewhere = limited_key(network, "teeth"), limited_key(network, "skin")
    lines = [{"id": "1", "category": "consultation", "amount": 5000}]
    cart = {"programme": "clinic", "currency": "GBP", "lines": lines}
    path = f"/v1/members/{member}/quotes"

    till.post(path, cart).expect(404, "member_not_found")
    network.api.post(path, {**cart, "location": "tooth"}).expect(422, "unknown_location")
    quoted = network.api.post(path, {**cart, "location": "teeth"}).expect(201)["quote"]["quote_id"]
    assert not finds(till, member)
    network.api.post(f"{path}/{quoted}/confirmation", {}).expect(201)
    assert finds(till, member)
    assert not finds(elsewhere, member)
    again = till.post(path, cart).expect(201)["quote"]
    assert again["location"] == "teeth"


def test_lists_have_what_may_be_seen(network: Clinic) -> None:
    """Members and vouchers that are not of these locations are in no list."""
    here, there = network.enrolled(display_name="Ada"), network.enrolled(display_name="Ada")
    network.record(here, location="skin").expect(201)
    network.record(there, location="teeth").expect(201)
    for member in (here, there):
        network.give(member, 500)
        wish = {"programme": "clinic", "reward": "parking"}
        network.api.post(f"/v1/members/{member}/redemptions", wish).expect(201)
    desk = network.staff("receptionist", at=("north",))
    skin = network.staff("receptionist", at=("skin",))

    def listed(api: Api) -> list[list[str]]:
        members = api.get("/v1/members").expect(200)["members"]
        found = api.post("/v1/members/search", {"name": "ada"}).expect(200)["members"]
        vouchers = api.get("/v1/vouchers").expect(200)["vouchers"]
        return [
            [each["id"] for each in members],
            [each["id"] for each in found],
            [each["member_id"] for each in vouchers],
        ]

    assert listed(skin) == [[here]] * 3
    assert listed(desk) == listed(network.api) == [[there, here]] * 3


def test_every_operation_of_a_member_elsewhere(clinic: Clinic, subtests: pytest.Subtests) -> None:
    """Whatever is asked about a member of another location, they are as if there were none."""
    stage = Stage(clinic)
    set_locations(clinic, NETWORK).expect(200)
    elsewhere = limited_key(clinic, "south")
    for example in OF_ONE:
        with subtests.test(example.operation):
            things = stage.prepared(example)
            before = clinic.api.get(f"/v1/members/{things['member_id']}/ledger").expect(200)
            refused = send(elsewhere, stage.request(example, things))
            assert refusals(refused) == refusals(about_nothing(elsewhere, example))
            assert refused.status == 404
            after = clinic.api.get(f"/v1/members/{things['member_id']}/ledger").expect(200)
            assert after == before


def test_every_operation_of_a_member_there(clinic: Clinic, subtests: pytest.Subtests) -> None:
    """Who was seen at the location is theirs in every operation, with no call more to write."""
    stage = Stage(clinic)
    set_locations(clinic, NETWORK).expect(200)
    there = limited_key(clinic, "north")
    there.get("/v1/locations").expect(200)
    for example in OF_ONE:
        with subtests.test(example.operation):
            things = stage.prepared(example)
            for member in (each for each in things.values() if each.startswith("mem_")):
                clinic.record(member, location="laser").expect(201)
            with metering.measured() as spent:
                answer = send(there, stage.request(example, things))
            assert answer.status < 300
            assert spent.calls.total() <= example.calls + asks_more(example)


def asks_more(example: Example) -> int:
    """Return how many calls more it takes to ask an account that is not read anyway."""
    return int(example.method == "GET")


def test_what_is_about_all_locations(clinic: Clinic, subtests: pytest.Subtests) -> None:
    """Who is limited changes nothing for all, and reads nothing of all."""
    limited = limited_key(clinic_with(clinic), "north")
    for example in REFUSED:
        with subtests.test(example.operation):
            refused = about_nothing(limited, example).expect(403, "limited_to_locations")
            assert refused["locations"] == ["north"]


def clinic_with(clinic: Clinic) -> Clinic:
    """Return a tenant with the locations alone."""
    set_locations(clinic, NETWORK).expect(200)
    return clinic


def test_all_operations_say_what_is_found() -> None:
    """Where no member is named, only those listed here are open to who is limited."""

    def named(how: str) -> set[str]:
        return {each.name for each in declared().values() if each.limited == how}

    assert named("asked") == {
        *("record_activity", "record_activities", "reverse_activity", "reverse_payment"),
        *("create_member", "find_member", "find_members", "list_members", "list_vouchers"),
    }
    assert named("open") == {
        *("read_clock", "read_holidays", "read_locations", "list_programmes", "read_programme"),
        *("read_programme_rules", "validate_programme", "use_entitlement_token"),
        *("find_voucher", "use_voucher", "validate_voucher", "find_gift_card", "use_gift_card"),
        *("create_gift_card", "cancel_gift_card_use"),
    }
    assert not any(_says_needlessly(each) for each in declared().values())


def _says_needlessly(operation: Operation) -> bool:
    return operation.limited is not None and "member_id" in operation.path_names


def test_reversals_elsewhere(network: Clinic) -> None:
    """What was recorded of somebody of another location is as if it were not on record."""
    member = network.enrolled()
    done = network.activity(member, location="teeth")
    network.api.post("/v1/activities", done).expect(201)
    back = {"source": done["source"], "external_id": done["external_id"], "reason": "mistake"}
    skin, teeth = limited_key(network, "skin"), limited_key(network, "teeth")
    unknown = {**back, "external_id": "never"}

    refused = skin.post("/v1/activities/reversals", back)
    assert refusals(refused) == refusals(skin.post("/v1/activities/reversals", unknown))
    teeth.post("/v1/activities/reversals", back).expect(201)


def test_a_key_for_locations_that_are_not_there(network: Clinic) -> None:
    """A key is limited to locations of the tenant, and shows them."""
    body = {"name": "till", "scopes": ["activities:write"], "locations": ["skin", "skinn"]}
    refused = network.api.post("/v1/api-keys", body).expect(422, "unknown_location")
    assert refused["errors"][0]["pointer"] == "/locations/1"
    limited_key(network, "skin", "teeth", scopes=("activities:write",))
    keys = network.api.get("/v1/api-keys").expect(200)["keys"]
    assert {each["name"]: each["locations"] for each in keys} == {
        "test": None,
        "limited": ["skin", "teeth"],
    }


def test_replacing_them(network: Clinic) -> None:
    """An id stays, a revision that is old is refused, and the same once more does nothing."""
    set_locations(network, NETWORK[:-1], 1).expect(422, "invalid_locations")
    moved = [{**each, "parent": "south"} if each["id"] == "teeth" else each for each in NETWORK]
    set_locations(network, moved, 0).expect(412, "stale")
    assert set_locations(network, moved, 1).expect(200)["revision"] == 2
    assert set_locations(network, moved, 1).expect(200)["revision"] == 2
    set_locations(network, NETWORK, 1).expect(412, "stale")
    shown = network.api.get("/v1/locations")
    assert shown.headers["etag"] == '"2"'
    assert [each["parent"] for each in shown.expect(200)["locations"]] == [
        *(None, "north", "skin", "south"),
        *(None, "south"),
    ]
    bad = [*NETWORK, {"id": "x", "name": "x", "closed_on": "2027-02-30"}]
    refused = set_locations(network, bad, 2).expect(422, "invalid_date")
    assert refused["errors"][0]["pointer"] == "/locations/6/closed_on"


def test_a_region_that_moves(network: Clinic) -> None:
    """What belongs to a location is what belongs to it now."""
    member = network.enrolled()
    network.record(member, location="laser").expect(201)
    south = limited_key(network, "south")
    assert not finds(south, member)
    moved = [{**each, "parent": "south"} if each["id"] == "skin" else each for each in NETWORK]
    set_locations(network, moved, 1).expect(200)
    assert finds(south, member)


def test_as_many_as_are_permitted(clinic: Clinic) -> None:
    """All with the longest ids and names, in one body; one more is not taken."""
    most = [
        {
            "id": f"{number:040}",
            "name": f"{number:0100}",
            "parent": f"{max(number - 1, 0) // 8 * 8:040}",
            "closed_on": "2099-12-31",
        }
        for number in range(LOCATIONS_MAX + 1)
    ]
    for each in most:
        if int(each["id"]) % 8 == 0:
            del each["parent"]
    clinic.api.put("/v1/locations", {"locations": most, "revision": 0}).expect(422, "invalid_body")
    del most[-1]
    shown = clinic.api.put("/v1/locations", {"locations": most, "revision": 0})
    assert len(shown.expect(200)["locations"]) == LOCATIONS_MAX
    assert len(json.dumps({"locations": most, "revision": 0})) < BODY_BYTES_MAX


def test_scopes(clinic: Clinic) -> None:
    """Staff read them; to change them takes the scope, which no role but the admin's has."""
    clinic.staff("receptionist").get("/v1/locations").expect(200)
    for role in ("receptionist", "manager", "compliance"):
        body = {"locations": [], "revision": 0}
        clinic.staff(role).put("/v1/locations", body).expect(403, "insufficient_scope")
    assert SCOPES["locations:write"].holders == frozenset()


def close(clinic: Clinic, *names: str, revision: int = 1) -> None:
    """Close locations long ago."""
    closed = [
        {**each, "closed_on": "2020-12-31"} if each["id"] in names else each for each in NETWORK
    ]
    set_locations(clinic, closed, revision).expect(200)


def test_dry_runs_tell_of_nobody(network: Clinic) -> None:
    """Nothing is recorded, so nobody comes into sight: who is elsewhere is as if absent."""
    known = {"system": "ehr", "value": "4711"}
    foreign = network.enrolled(external_id=known)
    network.give(foreign, 777)
    desk = network.staff("receptionist", at=("skin",))

    def tried(member: Any, path: str = "/v1/activities") -> Answer:
        body: Any = network.activity(member)
        if path.endswith("batch"):
            body = {"activities": [body]}
        return desk.post(f"{path}?dry_run=true", body)

    tried(foreign).expect(404, "member_not_found")
    unknown = {"external_id": {"system": "ehr", "value": "nobody's"}}
    for path in ("/v1/activities", "/v1/activities/batch"):
        answers = [tried(each, path).expect(200) for each in ({"external_id": known}, unknown)]
        views = [each["results"][0]["activity"] if "results" in each else each for each in answers]
        assert [each["member_created"] for each in views] == [True, True]
        assert [each["balances"] for each in views] == [[], []]
    assert not finds(desk, foreign)


def test_what_was_accepted_before_it_closed(network: Clinic) -> None:
    """A first answer is given again, whatever has become of the location since."""
    member = network.enrolled()
    network.give(member, 500)
    network.record(member, location="teeth").expect(201)
    visited = network.activity(member, location="teeth")
    wish = {"programme": "clinic", "reward": "parking", "location": "teeth"}
    joining = {"external_id": {"system": "ehr", "value": "12"}, "at_location": "teeth"}
    desk = network.staff("receptionist", at=("teeth",))

    def ask() -> list[Answer]:
        return [
            network.api.post("/v1/activities", visited),
            desk.post("/v1/activities", visited),
            network.api.post(f"/v1/members/{member}/redemptions", wish, key="wish"),
            desk.post("/v1/members", joining, key="joining"),
        ]

    first = [each.expect(201) for each in ask()]
    close(network, "teeth")
    assert [each.expect(201) for each in ask()] == first
    visit(network, desk, member).expect(422, "location_closed")
    network.record(member, location="teeth").expect(422, "location_closed")


def test_what_was_accepted_before_there_were_any(clinic: Clinic) -> None:
    """What named a place of its own then is answered as then."""
    clinic.publish("clinic")
    member = clinic.enrolled()
    visited = clinic.activity(member, location="Ward 7")
    first = clinic.api.post("/v1/activities", visited).expect(201)
    set_locations(clinic, NETWORK).expect(200)

    assert clinic.api.post("/v1/activities", visited).expect(201) == first
    clinic.record(member, location="Ward 7").expect(422, "unknown_location")


def test_others_have_to_be_seen_too(network: Clinic) -> None:
    """Who takes part besides is as if absent where they were not seen."""
    own, near, foreign = (network.enrolled() for _ in range(3))
    absent = "mem_" + "0" * 26
    for member in (own, near):
        network.record(member, location="skin").expect(201)
    network.give(own, 1000)
    desk = network.staff("receptionist", at=("skin",))

    def give(to: str) -> Answer:
        body = {"to": to, "programme": "clinic", "currency": "points", "amount": 100}
        return desk.post(f"/v1/members/{own}/transfers", body)

    def name(delegate: str) -> Answer:
        body = {"delegate_id": delegate, "capacity": "relative", "scopes": ["balance"]}
        return desk.post(f"/v1/members/{own}/delegates", body)

    for act in (give, name):
        refused = act(foreign)
        assert refusals(refused) == refusals(act(absent))
        assert refused.status >= 400
        act(near).expect(201)
    assert len(network.ledger(foreign)) == 1


def test_nothing_is_told_of_what_others_recorded(network: Clinic) -> None:
    """Neither what it was, nor of whom."""
    foreign, own = network.enrolled(), network.enrolled()
    done = network.activity(foreign, location="teeth", category="hiv-clinic")
    network.api.post("/v1/activities", done).expect(201)
    desk = network.staff("receptionist", at=("skin",))
    visit(network, desk, own).expect(201)

    guesses = [{**done, "location": "skin", "member": {"id": each}} for each in (foreign, own)]
    guesses.append({**guesses[0], "category": "dental"})
    told = [desk.post("/v1/activities", each) for each in guesses]
    assert {each.code for each in told} == {"idempotency_key_reused"}
    assert len({json.dumps(refusals(each)) for each in told}) == 1
    assert not finds(desk, foreign)


def test_who_reports_the_same_visit_sees_who_was_there(network: Clinic) -> None:
    """Also where another system was faster, or before the tenant had locations."""
    member = network.enrolled()
    desk = network.staff("receptionist", at=("skin",))
    said = network.activity(member, location="laser")
    network.api.post("/v1/activities", said).expect(201)
    assert finds(desk, member)

    other = network.enrolled()
    moved = [{**each, "parent": "south"} if each["id"] == "laser" else each for each in NETWORK]
    said = network.activity(other, location="laser")
    network.api.post("/v1/activities", said).expect(201)
    set_locations(network, moved, 1).expect(200)
    assert not finds(desk, other)


def test_cursors_name_nobody(network: Clinic) -> None:
    """Of a list that goes on after somebody who is not seen nobody reads who that is."""
    for _ in range(3):
        network.enrolled()
    own = network.enrolled()
    network.record(own, location="skin").expect(201)
    for _ in range(510):
        network.enrolled()
    desk = network.staff("receptionist", at=("skin",))

    first = desk.get("/v1/members?limit=1").expect(200)
    assert first["members"] == []
    cursor = first["next_cursor"]
    padded = cursor + "=" * (-len(cursor) % 4)
    assert b"mem_" not in base64.urlsafe_b64decode(padded)
    second = desk.get(f"/v1/members?limit=1&cursor={cursor}").expect(200)
    assert [each["id"] for each in second["members"]] == [own]
    for wrong in (cursor[:-3] + "AAA", "AAAA", "é"):
        target = f"/v1/members?limit=1&cursor={quote(wrong)}"
        desk.get(target).expect(400, "invalid_cursor")


def test_a_stale_list_is_stale(network: Clinic) -> None:
    """Who does not know what another added is told so, and not to close it."""
    set_locations(network, [*NETWORK, {"id": "new", "name": "New"}], 1).expect(200)

    set_locations(network, NETWORK, 1).expect(412, "stale")
    shown = network.api.get("/v1/locations").expect(200)
    assert set_locations(network, shown["locations"], 2).expect(200)["revision"] == 2


def test_nothing_happens_below_what_is_closed(network: Clinic) -> None:
    """A region that is closed closes what belongs to it."""
    member = network.enrolled()
    close(network, "north")

    network.record(member, location="laser").expect(422, "location_closed")
    network.record(member, location="south").expect(201)


def test_a_credential_for_nowhere(network: Clinic) -> None:
    """One whose locations are none of the tenant's is told so, whatever it names."""
    member = network.enrolled()
    for places in ((), ("no-such-place",)):
        desk = network.staff("receptionist", at=places)
        for more in ({}, {"location": "skin"}):
            visit(network, desk, member, **more).expect(403, "location_not_allowed")


def test_the_same_key_at_another_location(network: Clinic) -> None:
    """A request is that of a credential with its limits: with others it is another one."""
    body = {"external_id": {"system": "ehr", "value": "77"}}
    network.staff("receptionist", at=("teeth",)).post("/v1/members", body, key="same").expect(201)

    other = network.staff("receptionist", at=("skin",)).post("/v1/members", body, key="same")
    other.expect(422, "idempotency_key_reused")


def test_rules_rewards_and_discounts_of_locations(clinic: Clinic) -> None:
    """Each is for what is at its locations, or at what belongs to them."""
    document = world.example("clinic")
    document["earning"][0]["locations"] = ["north"]
    document["rewards"][0]["locations"] = ["teeth"]
    terms = {"type": "dates", "days": TODAY, "percent": 10}
    offer = {"id": "northern", "name": "Northern", "terms": terms, "locations": ["north"]}
    document["discounts"] = {"offers": [offer]}
    clinic.publish(document)
    set_locations(clinic, NETWORK).expect(200)
    network, member = clinic, clinic.enrolled()
    kind, rule = document["earning"][0]["on"][0], document["earning"][0]["id"]

    def matched(**where: str) -> bool:
        done = network.record(member, kind, amount={"amount": 5000, "currency": "GBP"}, **where)
        rules = done.expect(201)["explanation"][0]["rules"]
        return bool(next(each["matched"] for each in rules if each["rule"] == rule))

    assert [matched(location=each) for each in ("laser", "north", "south")] == [True, True, False]
    assert not matched()

    network.give(member, 5000)
    reward = document["rewards"][0]["id"]
    path = f"/v1/members/{member}/redemptions"

    def redeem(by: Api, **where: str) -> Answer:
        return by.post(path, {"programme": "clinic", "reward": reward, **where})

    refused = redeem(network.api).expect(409, "not_at_location")
    assert refused["locations"] == ["teeth"]
    redeem(network.api, location="laser").expect(409, "not_at_location")
    redeem(network.api, location="teth").expect(422, "unknown_location")
    redeem(network.api, location="teeth").expect(201)
    other = network.enrolled()
    network.give(other, 5000)
    network.record(other, location="teeth").expect(201)
    desk = network.staff("receptionist", at=("teeth",))
    wish = {"programme": "clinic", "reward": reward}
    desk.post(f"/v1/members/{other}/redemptions", wish).expect(201)
    offers = network.api.get(f"/v1/members/{member}/rewards").expect(200)["rewards"]
    assert next(each["locations"] for each in offers if each["reward"] == reward) == ["teeth"]

    def off(**where: str) -> tuple[int, str]:
        lines = [{"id": "1", "category": "consultation", "amount": 5000}]
        cart = {"programme": "clinic", "currency": "GBP", "lines": lines, **where}
        made = network.api.post(f"/v1/members/{member}/quotes?dry_run=true", cart).expect(200)
        one = made["quote"]["considered"][0]
        return one["amount"], one.get("reason", "")

    assert off(location="skin")[0] == 500
    assert off(location="south") == (0, "not_at_location")
    said = network.api.get("/v1/programmes/clinic/rules").expect(200)
    assert "Only at: north." in json.dumps(said)


def test_a_document_that_names_other_locations(network: Clinic) -> None:
    """Its author is told, with the one that was meant; where a tenant has none nothing is said."""
    document = world.example("clinic")
    document["earning"][0]["locations"] = ["north", "skni"]
    document["rewards"][0]["locations"] = ["elsewhere"]
    expected = [
        {
            "pointer": "/earning/0/locations/1",
            "detail": "is no location of the tenant: did you mean `skin`?",
        },
        {
            "pointer": "/rewards/0/locations/0",
            "detail": "is no location of the tenant: nothing happens there.",
        },
    ]

    for path in ("/v1/programmes/validation", "/v1/programmes"):
        answer = network.api.post(path, {"document": document})
        assert answer.status in {200, 201}
        assert [each for each in answer.json["warnings"] if each in expected] == expected
