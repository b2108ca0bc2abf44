"""
S: members: every state × every command, over HTTP.

A cell reads: the status of the answer, and what the member then is, or the code of the refusal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest

from tests.domain.states.table import every_cell
from tests.journeys.client import Answer
from tests.journeys.world import Clinic, example

ABSENT: Final = "mem_01ARZ3NDEKTSV4RRFFQ69G5FAV"
RECORD: Final = {"system": "emr", "value": "4711"}
CONSENT: Final = {"purpose": "newsletter", "granted": True, "text_version": "2"}
Step = Callable[[Clinic, str], Any]


def prospect(clinic: Clinic, _member: str) -> Any:
    """Become known."""
    body = {"external_id": RECORD, "programmes": []}
    return clinic.api.post("/v1/members", body).expect(201)["id"]


def join(clinic: Clinic, _member: str) -> Any:
    """Join, under the record number."""
    body = {"external_id": RECORD, "programmes": ["clinic"]}
    return clinic.api.post("/v1/members", body).expect(201)["id"]


def earn(clinic: Clinic, member: str) -> Any:
    """Have 500 points."""
    clinic.give(member, 500)
    return member


def pay_in(clinic: Clinic, member: str) -> Any:
    """Have prepaid money."""
    body = {"programme": "clinic", "currency": "prepaid", "amount": 500}
    clinic.api.post(f"/v1/members/{member}/top-ups", body).expect(201)
    return member


def leave(clinic: Clinic, member: str) -> Any:
    """Have the account closed."""
    clinic.api.post(f"/v1/members/{member}/closure", {"reason": "moved"}).expect(200)
    return member


def come_back(clinic: Clinic, member: str) -> Any:
    """Join again; whose id stands in the path is the old account's."""
    join(clinic, member)
    return member


#: What leads to each state; each step returns the id that stands in the path.
STATES: Final[Mapping[str, tuple[Step, ...]]] = {
    "absent": (),
    "prospect": (prospect,),
    "enrolled": (join, earn),
    "enrolled, with prepaid money": (join, earn, pay_in),
    "closed": (join, earn, leave),
    "closed, and back under another id": (join, earn, leave, come_back),
}


def to(path: str, body: Any) -> Step:
    """Send something about the member."""
    return lambda clinic, member: clinic.api.post(f"/v1/members/{member}{path}", body)


def patch(clinic: Clinic, member: str) -> Answer:
    """Change the name."""
    return clinic.api.patch(f"/v1/members/{member}", {"display_name": "Ada"}, If_Match='"1"')


def transfer_to(clinic: Clinic, member: str) -> Answer:
    """Give them points, as a friend."""
    friend = clinic.enrolled(programmes=["clinic"])
    clinic.give(friend, 50)
    body = {"programme": "clinic", "currency": "points", "amount": 10, "to": member}
    return clinic.api.post(f"/v1/members/{friend}/transfers", body)


COMMANDS: Final[Mapping[str, Step]] = {
    "read": lambda clinic, member: clinic.api.get(f"/v1/members/{member}"),
    "read the ledger": lambda clinic, member: clinic.api.get(f"/v1/members/{member}/ledger"),
    "create": lambda clinic, _: clinic.api.post(
        "/v1/members", {"external_id": RECORD, "programmes": ["clinic"]}
    ),
    "enrol": to("/enrolments", {"programmes": ["clinic"]}),
    "consent": to("/consents", {"consents": [CONSENT]}),
    "change the profile": patch,
    "visit": lambda clinic, member: clinic.record(member),
    "visit by record number": lambda clinic, _: clinic.record({"external_id": RECORD}),
    "redeem": to("/redemptions", {"programme": "clinic", "reward": "parking"}),
    "receive a transfer": transfer_to,
    "close": to("/closure", {"reason": "asked"}),
    "close, refunding": to("/closure", {"reason": "asked", "prepaid": "refund"}),
}
TABLE: Final[Mapping[str, Mapping[str, str]]] = {
    "absent": {
        "read": "404 member_not_found",
        "read the ledger": "404 member_not_found",
        "create": "201 enrolled",
        "enrol": "404 member_not_found",
        "consent": "404 member_not_found",
        "change the profile": "404 member_not_found",
        "visit": "404 member_not_found",
        "visit by record number": "201 prospect",
        "redeem": "404 member_not_found",
        "receive a transfer": "409 recipient_unavailable",
        "close": "404 member_not_found",
        "close, refunding": "404 member_not_found",
    },
    "prospect": {
        "read": "200 prospect",
        "read the ledger": "200 prospect",
        "create": "201 enrolled",
        "enrol": "200 enrolled",
        "consent": "200 prospect",
        "change the profile": "200 prospect",
        "visit": "201 prospect",
        "visit by record number": "201 prospect",
        "redeem": "409 not_enrolled",
        "receive a transfer": "409 recipient_unavailable",
        "close": "200 closed",
        "close, refunding": "200 closed",
    },
    "enrolled": {
        "read": "200 enrolled",
        "read the ledger": "200 enrolled",
        "create": "200 enrolled",
        "enrol": "200 enrolled",
        "consent": "200 enrolled",
        "change the profile": "200 enrolled",
        "visit": "201 enrolled",
        "visit by record number": "201 enrolled",
        "redeem": "201 enrolled",
        "receive a transfer": "201 enrolled",
        "close": "200 closed",
        "close, refunding": "200 closed",
    },
    "enrolled, with prepaid money": {
        "read": "200 enrolled",
        "read the ledger": "200 enrolled",
        "create": "200 enrolled",
        "enrol": "200 enrolled",
        "consent": "200 enrolled",
        "change the profile": "200 enrolled",
        "visit": "201 enrolled",
        "visit by record number": "201 enrolled",
        "redeem": "201 enrolled",
        "receive a transfer": "201 enrolled",
        "close": "409 prepaid_left",
        "close, refunding": "200 closed",
    },
    "closed": {
        "read": "200 closed",
        "read the ledger": "200 closed",
        "create": "201 enrolled",
        "enrol": "409 account_closed",
        "consent": "409 account_closed",
        "change the profile": "200 closed",
        "visit": "409 account_closed",
        "visit by record number": "409 account_closed",
        "redeem": "409 account_closed",
        "receive a transfer": "409 recipient_unavailable",
        "close": "409 account_closed",
        "close, refunding": "409 account_closed",
    },
    "closed, and back under another id": {
        "read": "200 closed",
        "read the ledger": "200 closed",
        "create": "200 enrolled",
        "enrol": "409 account_closed",
        "consent": "409 account_closed",
        "change the profile": "200 closed",
        "visit": "409 account_closed",
        "visit by record number": "201 enrolled",
        "redeem": "409 account_closed",
        "receive a transfer": "409 recipient_unavailable",
        "close": "409 account_closed",
        "close, refunding": "409 account_closed",
    },
}


@pytest.fixture
def practice(clinic: Clinic) -> Clinic:
    """Return a tenant with points that wait for nothing, and a prepaid wallet."""
    document = example("clinic", wallets=[{"currency": "prepaid", "kind": "prepaid"}])
    money = {"id": "prepaid", "name": "Prepaid", "expiry": {"type": "never"}}
    document["currencies"].append(money)
    clinic.publish(document)
    return clinic


def act(practice: Clinic, state: str, command: str) -> str:
    """Carry out a command, and return what it led to."""
    member = ABSENT
    for step in STATES[state]:
        member = step(practice, member)
    answer: Answer = COMMANDS[command](practice, member)
    if answer.status >= 400:
        return f"{answer.status} {answer.code}"
    if command in ("create", "visit by record number"):
        # The record number leads to whom it was about.
        member = practice.api.post("/v1/members/lookup", RECORD).expect(200)["id"]
    found = practice.api.get(f"/v1/members/{member}").expect(200)
    return f"{answer.status} {found['status']}"


@every_cell(TABLE, COMMANDS)
def test_every_cell(practice: Clinic, state: str, command: str, outcome: str) -> None:
    """It is refused with this status and code, or leads to this."""
    assert act(practice, state, command) == outcome
