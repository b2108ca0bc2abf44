"""Checking every account of a tenant from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import botocore.session
import pytest
from click.testing import CliRunner, Result

from chalicelib.cli.verify import command
from infra.local.program import Program
from infra.local.settings import ENGINE
from tests.journeys.world import Clinic, ServerWorld, example

LEDGER = "tessera-ledger"
# What the command completes for itself; the runner puts back what was there before.
COMPLETED = (
    "TESSERA_DYNAMODB_ENDPOINT",
    "TESSERA_OIDC",
    "TESSERA_ROOT_KEY",
    "TESSERA_STAGE",
    "TESSERA_TABLE_PREFIX",
)


class Checked:
    """A tenant with two members on the tests' server, and the command in its surroundings."""

    def __init__(self, program: Program, clinic: Clinic) -> None:
        self.program = program
        self.clinic = clinic
        self.tenant = clinic.tenant
        self.members = [clinic.enrolled(), clinic.enrolled()]
        for member in self.members:
            clinic.record(member).expect(201)

    def verify(self, *options: str) -> Result:
        """Run the command like someone beside the running server."""
        around = dict.fromkeys(COMPLETED) | {"TESSERA_LOCAL_DIR": str(self.program.directory)}
        return CliRunner().invoke(command, ["--tenant", self.tenant, *options], env=around)

    def account(self, member: str) -> dict[str, Any]:
        """Return the key of an account."""
        return {"pk": {"S": f"T#{self.tenant}#M#{member}"}, "sk": {"S": "A"}}

    def event(self, member: str, version: int) -> dict[str, Any]:
        """Return the key of an event."""
        return self.account(member) | {"sk": {"S": f"E#{version:012d}"}}

    def change(self, key: dict[str, Any], name: str) -> None:
        """Change one byte of an attribute of a stored item."""
        client: Any = botocore.session.Session().create_client(
            "dynamodb", endpoint_url=(self.program.directory / ENGINE).read_text()
        )
        item = client.get_item(TableName=LEDGER, Key=key, ConsistentRead=True)["Item"]
        held = bytearray(item[name]["B"])
        held[len(held) // 2] ^= 1
        client.put_item(TableName=LEDGER, Item=item | {name: {"B": bytes(held)}})
        client.close()


@pytest.fixture
def shop(program: Program, server: ServerWorld) -> Checked:
    """Return a new tenant whose accounts are sound."""
    clinic = server.sandbox()
    clinic.publish("clinic")
    return Checked(program, clinic)


def test_sound_accounts(shop: Checked) -> None:
    """Sound accounts are counted, and the command succeeds."""
    done = shop.verify()

    assert done.exit_code == 0, done.output
    assert "2 accounts with 4 events; 0 have errors." in done.output


def test_households(shop: Checked) -> None:
    """The household of members is checked once, after them, and its errors are told."""
    adult, child = shop.members
    founding = {"member_id": adult, "role": "adult"}
    home = shop.clinic.api.post("/v1/households", founding).expect(201)["household_id"]
    joining = {"member_id": child, "role": "child"}
    shop.clinic.api.post(f"/v1/households/{home}/members", joining).expect(201)
    assert "3 accounts with 8 events; 0 have errors." in shop.verify().output

    shop.change(shop.event(home, 2), "body")

    done = shop.verify()
    assert done.exit_code == 1
    assert f"{home}, event 2: the bytes of event 2 are not those" in done.output


def test_gift_cards(shop: Checked) -> None:
    """Gift cards are checked beside the members, by the list of them."""
    kind = {
        "id": "gift",
        "name": "Gift",
        "currency": "prepaid",
        "min_amount": 100,
        "max_amount": 9000,
    }
    shop.clinic.publish(example("clinic-discounts", id="gifts", gift_cards=[kind]))
    sale = {"programme": "gifts", "gift_card": "gift", "amount": 500}
    sold = shop.clinic.api.post("/v1/gift-cards", sale).expect(201)["gift_card_id"]
    assert "3 accounts with 5 events; 0 have errors." in shop.verify().output

    shop.change(shop.event(sold, 1), "body")

    done = shop.verify()
    assert done.exit_code == 1
    assert f"{sold}, event 1: the bytes of event 1 are not those" in done.output


def test_changed_event(shop: Checked) -> None:
    """One byte of one event changed: the event is named, its neighbours pass, the exit is 1."""
    first, second = shop.members
    shop.change(shop.event(first, 2), "body")

    done = shop.verify()

    assert done.exit_code == 1
    said = f"{first}, event 2: the bytes of event 2 are not those that were written"
    assert said in done.output
    assert f"{second}, " not in done.output
    assert "2 accounts with 4 events; 1 have errors." in done.output
    assert shop.verify("--member", second).exit_code == 0
    assert shop.verify("--member", first).exit_code == 1


def test_changed_account(shop: Checked) -> None:
    """An account that cannot be read any more is named, and does not end the walk."""
    first, second = shop.members
    shop.change(shop.account(first), "body")

    done = shop.verify()

    assert done.exit_code == 1
    assert f"{first}, the account: " in done.output
    assert f"{second}, " not in done.output


def test_unknown_member(shop: Checked) -> None:
    """A member whom nobody knows is no sound account."""
    done = shop.verify("--member", "mem_nobody")

    assert done.exit_code == 1
    assert "mem_nobody, the account: " in done.output


def test_no_server(tmp_path: Path) -> None:
    """Without a server in the directory it says what else to name."""
    around = dict.fromkeys(COMPLETED) | {"TESSERA_LOCAL_DIR": str(tmp_path)}

    done = CliRunner().invoke(command, ["--tenant", "clinic"], env=around)

    assert done.exit_code == 1
    assert "start `tessera serve`" in done.output


def test_u2_a_tenant_that_is_not_there(shop: Checked) -> None:
    """A misspelt tenant has no errors, and has not been verified either."""
    shop.tenant = "clinik"

    done = shop.verify()

    assert done.exit_code == 1
    assert "There is no tenant 'clinik' in these tables." in done.output
