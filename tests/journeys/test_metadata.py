"""D11: what the tenant keeps with the parts of a programme is shown with them, and read nowhere."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from tests.catalogue.catalogue import programme
from tests.journeys.world import Clinic, Document

KEPT = {"crm.campaign": "spring", "colour": ""}
#: Where lists of parts are in the document.
PARTS = (
    "currencies",
    "earning",
    "entitlements",
    "groups",
    "packages",
    "plans",
    "rewards",
    "stamp_cards",
    "statuses",
    "wallets",
)


def kept_everywhere(document: Document) -> Document:
    """Return a document in which each part has metadata, its own place in it among it."""
    document = deepcopy(document)  # its parts are the catalogue's own
    for name in PARTS:
        for part in document.get(name, ()):
            part["metadata"] = {**KEPT, "own": f"{name}/{part.get('id', part.get('currency'))}"}
    for level in document["tiers"]["levels"]:
        level["metadata"] = {**KEPT, "own": f"tiers/{level['id']}"}
    for offer in document["discounts"]["offers"]:
        offer["metadata"] = {**KEPT, "own": f"discounts/{offer['id']}"}
    return document


@pytest.fixture
def member(clinic: Clinic) -> str:
    """Return a member with something of each list, of a programme in which each part has some."""
    clinic.publish(kept_everywhere(programme()))
    member = clinic.enrolled()
    path = f"/v1/members/{member}"
    for part, body in (
        ("statuses", {"programme": "clinic", "status": "family"}),
        ("subscriptions", {"programme": "clinic", "plan": "club"}),
        (
            "entitlement-grants",
            {"programme": "clinic", "entitlement": "coffee", "units": 1, "reason": "wait"},
        ),
    ):
        clinic.api.post(f"{path}/{part}", body).expect(201)
    return member


@pytest.mark.parametrize(
    ("part", "field", "name", "kind"),
    [
        ("rewards", "rewards", "reward", "rewards"),
        ("entitlements", "entitlements", "entitlement", "entitlements"),
        ("stamp-cards", "stamp_cards", "card", "stamp_cards"),
        ("statuses", "statuses", "status", "statuses"),
        ("subscriptions", "subscriptions", "plan", "plans"),
        ("tier", "tiers", "tier", "tiers"),
    ],
)
def test_d11_lists_show_it(
    clinic: Clinic, member: str, part: str, field: str, name: str, kind: str
) -> None:
    """Each thing has its own, for staff and for the member alike."""
    for api in (clinic.api, clinic.member(member)):
        found = api.get(f"/v1/members/{member}/{part}").expect(200)[field]

        assert found
        for each in found:
            assert each["metadata"] == {**KEPT, "own": f"{kind}/{each[name]}"}


def test_d11_the_rules_in_words_show_it(clinic: Clinic, member: str) -> None:
    """Whatever has words has it beside them; what is no part has none."""
    assert member
    rules = clinic.api.get("/v1/programmes/clinic/rules").expect(200)["rules"]

    owns: dict[str, Any] = {rule["metadata"].get("own"): rule["kind"] for rule in rules}

    assert {
        "tiers/base": "tier",
        "rewards/gift": "reward",
        "wallets/prepaid": "wallet",
    }.items() <= (owns.items())
    assert {"earning", "discount", "plan", "stamp_card", "status", "expiry"} <= set(owns.values())
    assert [rule["metadata"] for rule in rules if rule["kind"] == "reporting"] == [{}]


@pytest.mark.parametrize(
    ("metadata", "pointer"),
    [
        ({f"key-{n}": "" for n in range(21)}, "/rewards/0/metadata"),
        ({"a b": "x"}, "/rewards/0/metadata"),
        ({"k" * 41: "x"}, "/rewards/0/metadata"),
        ({"key": "x" * 201}, "/rewards/0/metadata/key"),
        ({"key": 1}, "/rewards/0/metadata/key"),
    ],
)
def test_d11_its_limits_are_those_of_members(
    clinic: Clinic, metadata: Document, pointer: str
) -> None:
    """Twenty keys, short texts: the same for a member's and for a reward's."""
    document = programme()
    document["rewards"][0]["metadata"] = metadata

    judged = clinic.api.post("/v1/programmes/validation", {"document": document}, key=None)
    refused = clinic.api.post("/v1/members", {"metadata": metadata})

    problems = judged.expect(422)["errors"] if judged.status == 422 else judged.json["problems"]
    assert any(each["pointer"].startswith(pointer) for each in problems), problems
    assert refused.status == 422
