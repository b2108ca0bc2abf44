"""The drill: a tenant is backed up, wiped away and restored, and everything is as it was."""

from __future__ import annotations

import itertools
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from chalicelib import wiring
from chalicelib.cli import backup, parts, restore
from chalicelib.store import archive
from infra.local.program import Program, ProgramError
from infra.local.serve import alone
from tests.journeys.client import Answer, Api, OverHttp
from tests.journeys.contract import Contract
from tests.journeys.world import example

# What the commands complete for themselves; the runner puts back what was there before.
COMPLETED = (
    "TESSERA_DYNAMODB_ENDPOINT",
    "TESSERA_OIDC",
    "TESSERA_ROOT_KEY",
    "TESSERA_STAGE",
    "TESSERA_TABLE_PREFIX",
)


def run(command: Any, directory: Path, *options: str, **more: str) -> Result:
    """Run a command like someone in the directory of a server."""
    around = dict.fromkeys(COMPLETED) | {"TESSERA_LOCAL_DIR": str(directory)} | more
    return CliRunner().invoke(command, [*map(str, options)], env=around)


def back_up(directory: Path, out: Path) -> Result:
    """Back up what the server in a directory holds."""
    return run(backup.command, directory, "--out", str(out))


def bring_back(directory: Path, source: Path, **more: str) -> Result:
    """Restore into the state of a directory in which no server runs."""
    return run(restore.command, directory, "--from", str(source), **more)


def api_of(program: Program, credential: str = "api_key") -> Api:
    """Return the API of a running server, for the holder of its key."""
    transport = OverHttp(program.base_url)
    document = json.loads(transport("GET", "/openapi.json", {}, b"").body)
    return Api(transport, Contract(document), program.credentials[credential])


@pytest.mark.http
def test_drill(tmp_path: Path) -> None:
    """After wipe and restore accounts verify, old answers are repeated, and work goes on."""
    local, out = tmp_path / "local", tmp_path / "backup"
    with Program(local) as program:
        api = api_of(program)
        member, redeemed, balance = _live(api)
        sandbox, waiting = _with_a_birthday(api)
        done = back_up(local, out)
        assert done.exit_code == 0, done.output
    assert "accounts" in done.stdout
    shutil.rmtree(local / "state")

    brought = bring_back(local, out)

    assert brought.exit_code == 0, brought.output
    assert f"\n{parts.manifest_of(out).accounts} accounts with" in brought.output
    assert "; 0 have errors." in brought.output
    with Program(local) as program:
        api = api_of(program)
        again = _redeem(api, member)
        assert (again.status, again.body) == (201, redeemed.body)
        assert again.headers["idempotency-replayed"] == "true"
        assert api.get(f"/v1/members/{member}/balance").expect(200)["balances"] == balance
        found = api.post("/v1/members/lookup", {"system": "ehr", "value": "4711"}).expect(200)
        assert found["id"] == member
        code = {"code": json.loads(redeemed.body)["voucher"]["code"]}
        api.post("/v1/vouchers/use", code).expect(200)
        gone_on = api.get(f"/v1/members/{member}/verification").expect(200)
        assert (gone_on["verified"], gone_on["events"]) == (True, 4)
        # A gift that was planned comes on its day, by itself.
        later = api.as_(sandbox)
        assert later.put("/v1/clock", {"now": "2026-06-12T09:00:00Z"}).expect(200)["settled"] == 1
        shown = later.get(f"/v1/members/{waiting}/balance").expect(200)["balances"]
        assert [each["available"] for each in shown] == [100]


def _live(api: Api) -> tuple[str, Answer, Any]:
    """Enrol somebody, give them points and redeem a part; return what is to be found again."""
    joining = {"external_id": {"system": "ehr", "value": "4711"}}
    member = api.post("/v1/members", joining).expect(201)["id"]
    gift = {"programme": "clinic", "currency": "points", "amount": 130, "reason": "welcome"}
    api.post(f"/v1/members/{member}/adjustments", gift).expect(201)
    redeemed = _redeem(api, member)
    assert redeemed.status == 201
    balance = api.get(f"/v1/members/{member}/balance").expect(200)["balances"]
    return member, redeemed, balance


def _with_a_birthday(api: Api) -> tuple[str, str]:
    """Enrol somebody in a sandbox whose gift comes later; return its key and the member."""
    opened = {"name": "Later", "now": "2026-06-01T09:00:00Z"}
    key = api.post("/v1/sandboxes", opened, key=None).expect(201)["api_key"]
    sandbox = api.as_(key)
    document = {"document": example("physiotherapy")}
    draft = sandbox.post("/v1/programmes", document).expect(201)
    path = f"/v1/programmes/{draft['programme']}/versions/{draft['version']}/publication"
    sandbox.post(path, {}).expect(200)
    member = sandbox.post("/v1/members", {"birthday": "06-10"}).expect(201)["id"]
    return key, member


def _redeem(api: Api, member: str) -> Answer:
    wish = {"programme": "clinic", "reward": "parking"}
    return api.post(f"/v1/members/{member}/redemptions", wish, key="the-very-same")


@pytest.mark.http
def test_u1_another_directory_keeps_the_root_key(made: tuple[Path, Path], tmp_path: Path) -> None:
    """U1, U14: a copy is restored with the key it was made with, and served without naming it."""
    local, out = made
    root_key = (local / "root_key").read_text().strip()
    there = tmp_path / "there"
    assert "made with another root key" in bring_back(there, out).output

    brought = bring_back(there, out, TESSERA_ROOT_KEY=root_key)

    assert brought.exit_code == 0, brought.output
    assert (there / "root_key").read_text().strip() == root_key
    with Program(there) as program:
        assert program.credentials["tenant"] == "clinic"
        staff = api_of(program, "admin_token")
        found = staff.post("/v1/members/lookup", {"system": "ehr", "value": "record-1"})
        assert found.status == 200
    (there / "root_key").write_text("eHh4" * 10 + "eHg=")
    with pytest.raises(ProgramError, match=r"written with another root key.*TESSERA_ROOT_KEY"):
        Program(there)
    with Program(there, more={"TESSERA_ROOT_KEY": root_key}):
        assert (there / "root_key").read_text().strip() == root_key


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the directory of a server that ran, and a backup of it."""
    local, out = tmp_path_factory.mktemp("local"), tmp_path_factory.mktemp("out") / "backup"
    with Program(local):
        done = back_up(local, out)
    assert done.exit_code == 0, done.output
    return local, out


@pytest.fixture
def copy(made: tuple[Path, Path], tmp_path: Path) -> tuple[Path, Path]:
    """Return a directory with that server's keys and no state, and a copy of the backup."""
    local = tmp_path / "local"
    shutil.copytree(made[0], local, ignore=shutil.ignore_patterns("state"))
    shutil.copytree(made[1], tmp_path / "backup")
    return local, tmp_path / "backup"


@pytest.mark.http
class TestRefusals:
    """What is no whole backup, or would fall upon something, changes nothing."""

    def test_damaged(self, copy: tuple[Path, Path]) -> None:
        """One changed byte of one part."""
        local, source = copy
        part = source / "part-00001.jsonl.gz"
        held = bytearray(part.read_bytes())
        held[len(held) // 2] ^= 1
        part.write_bytes(held)

        result = bring_back(local, source)

        assert result.exit_code == 1
        assert "part-00001.jsonl.gz is damaged" in result.output
        assert not (local / "state").exists()

    def test_a_part_is_missing(self, copy: tuple[Path, Path]) -> None:
        """A part that the manifest names is not there."""
        local, source = copy
        (source / "part-00001.jsonl.gz").unlink()

        assert "part-00001.jsonl.gz is missing" in bring_back(local, source).output

    def test_broken_off(self, copy: tuple[Path, Path]) -> None:
        """Without its manifest it is no backup."""
        local, source = copy
        (source / parts.MANIFEST).unlink()

        assert "no backup, or one broken off" in bring_back(local, source).output

    def test_another_format(self, copy: tuple[Path, Path]) -> None:
        """A later release may have written it otherwise."""
        local, source = copy
        manifest = json.loads((source / parts.MANIFEST).read_text())
        (source / parts.MANIFEST).write_text(json.dumps(manifest | {"format": 2}))

        assert "has format 2; this release reads 1" in bring_back(local, source).output

    def test_another_root_key(self, copy: tuple[Path, Path]) -> None:
        """Its vouchers and external ids would be found by nobody."""
        local, source = copy

        result = bring_back(local, source, TESSERA_ROOT_KEY="eHh4" * 11 + "eA==")

        assert result.exit_code == 1
        assert "made with another root key" in result.output

    def test_tables_that_hold_something(self, made: tuple[Path, Path]) -> None:
        """What is there is never overwritten, and the state stays as it was."""
        local, source = made
        before = (local / "state" / "dynamodb.json").stat().st_size

        result = bring_back(local, source)

        assert result.exit_code == 1
        assert "not empty: ledger, directory, catalogue" in result.output
        assert (local / "state" / "dynamodb.json").stat().st_size > before // 2

    def test_a_name_that_is_taken(self, made: tuple[Path, Path]) -> None:
        """A backup never overwrites another."""
        local, out = made
        with Program(local):
            result = back_up(local, out)

        assert result.exit_code == 1
        assert "is there already" in result.output

    def test_no_server(self, tmp_path: Path) -> None:
        """Without a server in the directory it says what else to name."""
        result = back_up(tmp_path / "nowhere", tmp_path / "out")

        assert result.exit_code == 1
        assert "no server runs" in result.output
        assert not (tmp_path / "out").exists()


@pytest.mark.http
def test_a_restore_that_was_broken_off_goes_on(copy: tuple[Path, Path]) -> None:
    """Run again, it writes everything over, and ends as if it had never stopped."""
    local, source = copy
    manifest = parts.manifest_of(source)
    environment = {"TESSERA_LOCAL_DIR": str(local)}
    with alone(environment):
        dynamo = wiring.tables(environment)
        restore._claim(dynamo, manifest)
        first = itertools.islice(parts.read(source, manifest), 5)
        assert list(archive.fill(dynamo, first)) == [5]

    done = bring_back(local, source)

    assert done.exit_code == 0, done.output
    assert re.search(rf"{manifest.accounts} accounts with \d+ events; 0 have errors\.", done.output)
    # It is finished, so the tables are somebody's now.
    assert "not empty" in bring_back(local, source).output


def test_items_read_back_as_they_were(tmp_path: Path) -> None:
    """Every kind of attribute, across several parts."""
    item = {
        "pk": {"S": "B"},
        "raw": {"B": b"\x00\xff"},
        "set": {"BS": [b"a", b"\x80"]},
        "map": {"M": {"inner": {"L": [{"B": b"x"}, {"N": "1"}, {"NULL": True}]}}},
        "names": {"SS": ["B", "é"]},
    }
    many = [("ledger", item | {"sk": {"S": str(n)}}) for n in range(parts.ITEMS_A_PART + 1)]

    written = tuple(parts.write(tmp_path, many))
    manifest = parts.Manifest(
        format=1, release="0", began="", ended="", key_check="", accounts=0, parts=written
    )
    partial = tmp_path / "x.partial"
    partial.mkdir()
    for part in written:
        (tmp_path / part.file).rename(partial / part.file)
    parts.finish(partial, tmp_path / "x", manifest)

    assert [part.items for part in written] == [parts.ITEMS_A_PART, 1]
    assert parts.manifest_of(tmp_path / "x") == manifest
    assert list(parts.read(tmp_path / "x", manifest)) == many
    assert (tmp_path / "x" / "part-00001.jsonl.gz").stat().st_mode & 0o077 == 0
