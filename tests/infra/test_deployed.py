"""
The packaged application, deployed by its own templates on an emulated AWS and driven over HTTP.

The tests follow one another on one deployment, as a deployment is used: each says what it left.
What the emulator does not show (headers of a preflight, refusals of the gateway, TTL, permissions)
`test_application` holds of the templates.
"""

from __future__ import annotations

import json
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path
from typing import Any, Final

import pytest

from chalicelib import wiring
from chalicelib.domain.ledger.activity import Activity
from chalicelib.domain.ledger.actor import Actor
from chalicelib.integrations.tick_queue import redrive
from chalicelib.usecases.attempt import Decided
from chalicelib.usecases.create_member import NewMember, create_member
from chalicelib.usecases.fan_out import SHORT
from chalicelib.usecases.open_tenant import open_tenant
from chalicelib.usecases.publish_programme import draft_programme, publish_programme
from chalicelib.usecases.record_activity import Reported, record_activity
from chalicelib.usecases.services import Caller, Services
from chalicelib.usecases.stored import Answer, Settings
from infra import data
from infra.deploy import Clients, DeployError, Deployment
from infra.packaging import Package
from tests.infra.cloud import REGION, Cloud, wait_for

pytestmark = pytest.mark.deployed

_TENANT: Final = "clinic"
_CALLER: Final = Caller(_TENANT, Actor("system", "test"))
# Points live for twelve months: those of so long ago are due.
_AGO_MS: Final = 400 * 86_400_000
_YEARS_MS: Final = 2 * 365 * 86_400_000
_DUE: Final = SHORT + 10


class Site:
    """A deployed stage, and what the tests know of it."""

    def __init__(self, cloud: Cloud, package: Package) -> None:
        self.cloud = cloud
        self.package = package
        self.said: list[str] = []
        self.key = ""
        self.due: list[str] = []
        self.outputs: dict[str, str] = {}
        self.releases: list[str] = []

    def deployment(self, stage: str = "dev", *, confirms: bool = True) -> Deployment:
        """Return a deployment that is told yes or no."""
        clients = Clients(*(self.cloud.client(name) for name in Clients._fields))
        return Deployment(stage, clients, lambda _: confirms, self.said.append, poll_s=0.2)

    def deploy(self, package: Package, release: str | None = None) -> None:
        """Deploy, and remember what came of it."""
        self.outputs = self.deployment().deploy(lambda: package, {}, release)
        tags = self.stack()["Tags"]
        self.releases.append(next(t["Value"] for t in tags if t["Key"] == "tessera:release"))

    def stack(self, name: str = "tessera-dev") -> dict[str, Any]:
        """Return what CloudFormation says of a stack."""
        stacks = self.cloud.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        found: dict[str, Any] = stacks[0]
        return found

    def physical(self, logical_id: str) -> str:
        """Return the name that a resource of the application's stack was given."""
        found = self.cloud.client("cloudformation").describe_stack_resource(
            StackName="tessera-dev", LogicalResourceId=logical_id
        )
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Send a request through the emulated API Gateway; return the status and the document."""
        api = self.outputs["RestAPIId"]
        request = urllib.request.Request(
            f"{self.cloud.url}/_aws/execute-api/{api}/api{path}",
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", **headers},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refusal:
            return refusal.code, json.loads(refusal.read() or b"null")

    def logged(self, log_group: str) -> str:
        """Return all that a function logged."""
        logs = self.cloud.client("logs")
        group = self.physical(log_group)
        streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
        return "\n".join(
            event["message"]
            for stream in streams
            for event in logs.get_log_events(
                logGroupName=group, logStreamName=stream["logStreamName"]
            )["events"]
        )


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Return an empty AWS."""
    with Cloud(tmp_path_factory.mktemp("cloud")) as running:
        yield running


@pytest.fixture(scope="module")
def site(cloud: Cloud, package: Package) -> Site:
    """Return a deployed stage, in which a year's points of many members are due."""
    site = Site(cloud, package)
    given_up = site.deployment(confirms=False)
    with pytest.raises(DeployError, match="nothing was changed"):
        given_up.deploy(lambda: package, {}, None)
    assert not cloud.client("dynamodb").list_tables()["TableNames"]
    # The data first, alone: the tick begins when all is there.
    stacks = site.deployment()._stacks
    template = data.template()
    plan = stacks.plan(
        "tessera-dev-data",
        {"TemplateBody": json.dumps(template)},
        {"Prefix": "tessera-dev-"},
        declared=template["Parameters"],
    )
    assert plan is not None
    stacks.execute(plan)
    _open(site)
    site.deploy(package)
    return site


def test_previews_before_it_changes(site: Site) -> None:
    """Each resource is named with what becomes of it, and what is there already is left alone."""
    preview = "\n".join(site.said)

    assert "Add     LedgerTable" in preview
    assert "Add     APIHandler" in preview
    assert "tessera-dev-data: nothing changes" in preview
    assert f"release {site.releases[0]}" in preview


def test_enrols_earns_and_redeems(site: Site) -> None:
    """A patient joins, earns, redeems, buys and sees it, through the gateway and the package."""
    status, joined = site.call(
        "POST",
        "/v1/members",
        {"external_id": {"system": "ehr", "value": "1"}},
        **{"Idempotency-Key": "a"},
    )
    assert status == 201
    member = joined["id"]
    for number in range(3):
        status, earned = site.call("POST", "/v1/activities", _visit(member, f"visit-{number}"))
        assert (status, earned["version"]) == (201, number + 2)

    redeemed = [
        site.call(
            "POST",
            f"/v1/members/{member}/redemptions",
            {"programme": "clinic", "reward": "parking"},
            **{"Idempotency-Key": "b"},
        )
        for _ in range(2)
    ]

    assert [status for status, _ in redeemed] == [201, 201]
    assert redeemed[0][1]["voucher"]["code"] == redeemed[1][1]["voucher"]["code"]
    status, made = site.call(
        "POST",
        f"/v1/members/{member}/quotes",
        {"programme": "clinic", "currency": "GBP", "lines": [{"amount": 8000}]},
    )
    assert status == 201, made
    assert made["quote"]["due"]["amount"] == 8000
    path = f"/v1/members/{member}/quotes/{made['quote']['quote_id']}/confirmation"
    status, bought = site.call("POST", path, {})
    assert (status, bought["quote"]["state"]) == (201, "confirmed")
    status, verified = site.call("GET", f"/v1/members/{member}/verification")
    assert (status, verified["verified"], verified["events"]) == (200, True, 6)


def test_refuses_as_the_application_does(site: Site) -> None:
    """Without a key there is a problem document, and no page of elsewhere may call."""
    status, problem = site.call("POST", "/v1/members", {}, Authorization="Bearer x")
    assert (status, problem["code"]) == (401, "credential_invalid")

    # API Gateway would pass it on to the application, which says 405; the emulator does not.
    status, _ = site.call("OPTIONS", "/v1/members", Origin="https://clinic.example")
    assert status == 403


def test_scheduled_tick_expires_what_is_due(site: Site) -> None:
    """The schedule finds a long list, and workers write each expiry into the journal."""
    dynamodb = site.cloud.client("dynamodb")

    def is_settled() -> bool:
        found = dynamodb.scan(
            TableName="tessera-dev-ledger",
            IndexName="due",
            Select="COUNT",
            FilterExpression="due_sk < :now",
            ExpressionAttributeValues={":now": {"S": f"{time.time_ns() // 1_000_000:015d}"}},
        )
        return bool(found["Count"] == 0)

    assert not is_settled()
    wait_for(is_settled, "what is due", 180)
    for member in (site.due[0], site.due[-1]):
        _, page = site.call("GET", f"/v1/members/{member}/ledger")
        assert "lots.expired" in {event["kind"] for event in page["events"]}
    assert '"message":"settle"' in site.logged("SettleLogGroup")
    # The tick that handed them out may take longer than the workers.
    wait_for(lambda: '"lag_ms"' in site.logged("TickLogGroup"), "the line of the tick", 90)


def test_bad_messages_are_put_aside_and_sent_again(site: Site) -> None:
    """What no worker can read ends in the dead-letter queue, from where it comes again."""
    sqs = site.cloud.client("sqs")
    names = {
        name: site.cloud.client("sqs").get_queue_url(QueueName=f"tessera-dev-{name}")
        for name in ("tick", "tick-dead")
    }
    queue, dead = names["tick"]["QueueUrl"], names["tick-dead"]["QueueUrl"]
    # Six minutes between the attempts are for AWS.
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "1"})
    sqs.send_message(QueueUrl=queue, MessageBody="nobody wrote this")

    def is_aside() -> bool:
        asked = {"QueueUrl": dead, "AttributeNames": ["ApproximateNumberOfMessages"]}
        return bool(
            sqs.get_queue_attributes(**asked)["Attributes"]["ApproximateNumberOfMessages"] == "1"
        )

    wait_for(is_aside, "the dead-letter queue", 60)
    assert sum(redrive(queue)) == 1
    assert not is_aside()
    wait_for(is_aside, "the dead-letter queue, again", 60)
    sqs.set_queue_attributes(
        QueueUrl=queue, Attributes={"VisibilityTimeout": str(data.TICK_VISIBILITY_S)}
    )
    assert "a message of the tick cannot be read" in site.logged("SettleLogGroup")


def test_code_is_replaced_in_place(site: Site, tmp_path: Path) -> None:
    """A new release changes the code and keeps the data; the one before can be had again."""
    _, before = site.call("GET", "/health")
    balance = site.call("GET", f"/v1/members/{site.due[0]}/balance")[1]["balances"]
    api = site.outputs["RestAPIId"]

    site.deploy(_with_version(site.package, "9.9.9", tmp_path))
    assert site.call("GET", "/health")[1]["version"] == "9.9.9"
    assert site.call("GET", f"/v1/members/{site.due[0]}/balance")[1]["balances"] == balance
    assert f"to go back: make deploy STAGE=dev RELEASE={site.releases[0]}" in site.said

    site.deploy(site.package, release=site.releases[0])
    assert site.call("GET", "/health")[1] == before
    assert site.outputs["RestAPIId"] == api
    with pytest.raises(DeployError, match="no release 000000000000"):
        site.deployment().deploy(lambda: site.package, {}, "000000000000")


def test_stacks_go_and_the_data_stays(site: Site) -> None:
    """Deleting both stacks leaves the tables, with what is in them, and the root key."""
    cloudformation = site.cloud.client("cloudformation")
    for name in ("tessera-dev", "tessera-dev-data"):
        cloudformation.delete_stack(StackName=name)
        wait_for(lambda name=name: _is_gone(site, name), f"deletion of {name}", 60)

    dynamodb = site.cloud.client("dynamodb")
    assert sorted(dynamodb.list_tables()["TableNames"]) == [
        f"tessera-dev-{name}" for name in ("catalogue", "directory", "ledger", "work")
    ]
    assert dynamodb.scan(TableName="tessera-dev-ledger", Select="COUNT")["Count"] > _DUE
    secrets = site.cloud.client("secretsmanager")
    assert secrets.get_secret_value(SecretId="tessera-dev-root-key")["SecretString"]
    assert not site.cloud.client("lambda").list_functions()["Functions"]


@pytest.mark.parametrize(
    ("oidc", "message"),
    [
        ("", "needs an issuer"),
        ('{"issuer": "http://localhost", "audience": "a", "jwks": {"keys": []}}', "https"),
        ('{"issuer": "https://id.example", "audience": "a", "jwks": {"keys": []}}', "jwks_uri"),
        ("{", "unusable"),
    ],
)
def test_production_refuses_test_issuers(
    cloud: Cloud, package: Package, oidc: str, message: str
) -> None:
    """Nothing is deployed to production that would trust a development issuer, or none."""
    deployment = Site(cloud, package).deployment("prod")

    with pytest.raises(DeployError, match=message):
        deployment.deploy(lambda: package, {"Oidc": oidc}, None)


def _open(site: Site) -> None:
    """Make a tenant whose programme began two years ago, and members whose points are due."""
    secrets = site.cloud.client("secretsmanager")
    environment = {
        "TESSERA_DYNAMODB_ENDPOINT": site.cloud.url,
        "TESSERA_TABLE_PREFIX": "tessera-dev-",
        "TESSERA_ROOT_KEY_SECRET": "tessera-dev-root-key",
        "AWS_REGION": REGION,
    }
    services = wiring.services(
        environment, lambda name: str(secrets.get_secret_value(SecretId=name)["SecretString"])
    )
    now = time.time_ns() // 1_000_000
    site.key = open_tenant(
        services,
        Settings(tenant=_TENANT, name="Clinic", time_zone="Europe/London"),
    ).token
    text = resources.files("chalicelib.programmes").joinpath("clinic.json").read_text("utf-8")
    began = services._replace(wall_clock=lambda: now - _YEARS_MS)
    draft = draft_programme(began, _CALLER, json.loads(text)).version
    publish_programme(began, _CALLER, draft.programme_id, draft.number, now - _YEARS_MS)
    then = services._replace(wall_clock=lambda: now - _AGO_MS)
    with ThreadPoolExecutor(4) as pool:
        site.due = list(pool.map(lambda number: _due(then, number, now - _AGO_MS), range(_DUE)))


def _due(services: Services, number: int, at: int) -> str:
    member = create_member(services, _CALLER, NewMember(), _nothing, None).member
    activity = Activity("visit.completed", "test", f"due-{number}", at)
    record_activity(services, _CALLER, Reported(activity, member), _nothing)
    return member


def _nothing(_decided: Decided) -> Answer:
    return Answer(200, b"{}")


def _visit(member: str, external_id: str) -> dict[str, Any]:
    return {
        "type": "visit.completed",
        "member": {"id": member},
        "source": "ehr",
        "external_id": external_id,
        "occurred_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _with_version(package: Package, version: str, directory: Path) -> Package:
    """Return a package that differs in the version that it tells."""
    changed = directory / "deployment.zip"
    module = "chalicelib/__init__.py"
    compiled = f"chalicelib/__pycache__/__init__.{sys.implementation.cache_tag}.pyc"
    with zipfile.ZipFile(package.zip) as before, zipfile.ZipFile(changed, "w") as after:
        for name in before.namelist():
            if name not in {module, compiled}:
                after.writestr(name, before.read(name))
        after.writestr(module, f'{before.read(module).decode()}\n__version__ = "{version}"\n')
    return package._replace(zip=changed)


def _is_gone(site: Site, name: str) -> bool:
    found = site.cloud.client("cloudformation").list_stacks()["StackSummaries"]
    return not any(
        each["StackName"] == name and each["StackStatus"] != "DELETE_COMPLETE" for each in found
    )
