"""The template that AWS reads: what `chalice package` writes, with ours laid over it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from chalicelib.routes.http.problems import CODES
from infra import alarms, api, data
from infra.distributions import native_target
from infra.functions import FUNCTIONS
from infra.packaging import ROOT, Package, write_template

_EXPORTS = data.template()["Outputs"].keys()


@pytest.fixture(scope="module")
def template(package: Package) -> dict[str, Any]:
    """Return the template that is deployed."""
    made: dict[str, Any] = json.loads(package.template.read_text("utf-8"))
    return made


@pytest.fixture(scope="module")
def resources(template: dict[str, Any]) -> dict[str, Any]:
    """Return its resources."""
    found: dict[str, Any] = template["Resources"]
    return found


def test_imports_are_exported(template: dict[str, Any]) -> None:
    """All that is imported of the data stack is exported there."""
    imported = set(re.findall(r"\$\{DataStack\}-(\w+)", json.dumps(template)))

    assert imported
    assert imported <= _EXPORTS


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_has_a_role_of_its_own(resources: dict[str, Any], name: str) -> None:
    """No two functions share a role, and what a role allows is named: no star but for traces."""
    role = resources[name]["Properties"]["Role"]["Fn::GetAtt"][0]
    (policy,) = resources[role]["Properties"]["Policies"]

    assert sum(json.dumps(r).count(f'"{role}"') for r in resources.values()) == 1
    for statement in policy["PolicyDocument"]["Statement"]:
        assert statement["Effect"] == "Allow"
        actions = statement["Action"]
        assert "*" not in actions
        if statement["Resource"] == "*":
            assert statement["Sid"] == "WriteTraces"


def test_only_the_api_may_read_personal_data(resources: dict[str, Any]) -> None:
    """The jobs have no access to the directory or its key."""
    for role in ("TickRole", "SettleRole"):
        assert "Directory" not in json.dumps(resources[role])
    assert "DirectoryTable" in json.dumps(resources["ApiHandlerRole"])


def test_no_function_may_delete_accounts(resources: dict[str, Any]) -> None:
    """Nothing that is deployed may delete from the ledger, or scan any table."""
    for name in ("ApiHandlerRole", "TickRole", "SettleRole"):
        (policy,) = resources[name]["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]:
            if "LedgerTable" in json.dumps(statement):
                assert "dynamodb:DeleteItem" not in statement["Action"]
            assert "dynamodb:Scan" not in statement["Action"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_hold_no_secret(resources: dict[str, Any], name: str) -> None:
    """The root key is named in the environment, never in it; traces are on."""
    variables = resources[name]["Properties"]["Environment"]["Variables"]

    assert "TESSERA_ROOT_KEY" not in variables
    assert "RootKey" in json.dumps(variables["TESSERA_ROOT_KEY_SECRET"])
    assert resources[name]["Properties"]["Tracing"] == "Active"


def test_logs_are_kept_for_a_time_and_encrypted(resources: dict[str, Any]) -> None:
    """Each log group has a retention and our key, and is named after a function that is there."""
    groups = {n: r for n, r in resources.items() if r["Type"] == "AWS::Logs::LogGroup"}

    assert len(groups) == len(FUNCTIONS) + 1
    for group in groups.values():
        assert group["Properties"]["RetentionInDays"] > 0
        assert "DataKey" in json.dumps(group["Properties"]["KmsKeyId"])
        if name := group["Properties"].get("LogGroupName"):
            assert re.fullmatch(r"/aws/lambda/\$\{(\w+)\}", name["Fn::Sub"])[1] in resources  # type: ignore[index]


def test_workers_are_bounded(resources: dict[str, Any]) -> None:
    """Of a batch what failed comes again, few workers run at once, and the tick runs once."""
    source = resources["Settle"]["Properties"]["Events"]["SettleSqsEventSource"]["Properties"]

    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["ScalingConfig"] == {"MaximumConcurrency": 10}
    reserved = resources["Tick"]["Properties"]["ReservedConcurrentExecutions"]
    assert reserved == {"Fn::If": ["ReservesConcurrency", 1, {"Ref": "AWS::NoValue"}]}


def test_no_other_page_may_call_unless_it_is_named(resources: dict[str, Any]) -> None:
    """A browser's question reaches the application, which has no answer that would let it call."""
    definition = resources["RestAPI"]["Properties"]["DefinitionBody"]

    assert all("options" not in methods for methods in definition["paths"].values())
    assert "Access-Control" not in json.dumps(definition)


def test_preflight_answers_the_pages_that_are_named(tmp_path: Path) -> None:
    """Every path answers a browser's question with our headers, without a function."""
    settings = tmp_path / ".chalice"
    shutil.copytree(ROOT / ".chalice", settings)
    config = json.loads((settings / "config.json").read_text("utf-8"))
    config["stages"]["dev"]["environment_variables"]["TESSERA_CORS_ORIGIN"] = "https://a.example"
    (settings / "config.json").write_text(json.dumps(config), "utf-8")
    made = write_template("dev", native_target(), tmp_path, settings=settings)
    definition = json.loads(made.read_text("utf-8"))["Resources"]["RestAPI"]["Properties"][
        "DefinitionBody"
    ]
    result = "method.response.header.Access-Control-Allow-"

    for path, methods in definition["paths"].items():
        integration = methods["options"]["x-amazon-apigateway-integration"]
        assert integration["type"] == "mock", path
        headers = integration["responses"]["default"]["responseParameters"]
        assert headers[f"{result}Origin"] == "'https://a.example'"
        assert "Idempotency-Key" in headers[f"{result}Headers"]
    for refusal in definition["x-amazon-apigateway-gateway-responses"].values():
        sent = refusal["responseParameters"]
        assert sent["gatewayresponse.header.Access-Control-Allow-Origin"] == "'https://a.example'"
        assert "gatewayresponse.header.Strict-Transport-Security" in sent


def test_other_methods_reach_the_application(resources: dict[str, Any]) -> None:
    """The application answers 405 with what it allows; the gateway would say 403."""
    paths = resources["RestAPI"]["Properties"]["DefinitionBody"]["paths"]

    for methods in paths.values():
        other = methods["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"]
        assert other["type"] == "aws_proxy"


def test_gateway_refuses_like_the_application(resources: dict[str, Any]) -> None:
    """What the gateway refuses by itself is a problem document with a code of ours."""
    body = resources["RestAPI"]["Properties"]["DefinitionBody"]
    answers = body["x-amazon-apigateway-gateway-responses"]

    assert answers.keys() == api.REFUSALS.keys()
    for answer in answers.values():
        problem = json.loads(answer["responseTemplates"]["application/json"])
        assert CODES[problem["code"]].status == problem["status"] == int(answer["statusCode"])
        content_type = answer["responseParameters"]["gatewayresponse.header.Content-Type"]
        assert content_type == "'application/problem+json'"
    assert "gatewayresponse.header.Retry-After" in answers["THROTTLED"]["responseParameters"]


def test_api_is_throttled_and_logged(resources: dict[str, Any]) -> None:
    """All callers together have a limit; the access log has no address, query or body."""
    properties = resources["RestAPI"]["Properties"]
    (settings,) = properties["MethodSettings"]

    assert settings["ThrottlingRateLimit"] == {"Ref": "ThrottleRate"}
    assert settings["DataTraceEnabled"] is False
    for field in ("sourceIp", "userAgent", "caller", "querystring", '$context.path"'):
        assert field not in properties["AccessLogSetting"]["Format"]


def test_alarms_tell_and_are_explained(resources: dict[str, Any]) -> None:
    """Every alarm tells the topic, if there is one, and has a section in the runbook."""
    found = {n: r for n, r in resources.items() if r["Type"] == "AWS::CloudWatch::Alarm"}
    runbook = (ROOT / "infra" / "README.md").read_text("utf-8")

    assert found.keys() == {f"{name}Alarm" for name in alarms.alarms("dev")}
    for name, alarm in found.items():
        assert alarm["Properties"]["AlarmActions"]["Fn::If"][0] == "TellsSomebody"
        assert f"`{name.removesuffix('Alarm')}`" in runbook


def test_alarms_look_at_lines_that_are_written() -> None:
    """The text that a metric is read from is a text that the application logs."""
    code = "".join(
        path.read_text("utf-8")
        for folder in ("jobs", "routes")
        for path in (ROOT / "chalicelib" / folder).glob("*.py")
    )
    for _, pattern, _ in alarms.FROM_LOGS.values():
        message = re.search(r'\$\.message = "([^"]+)"', pattern)
        assert message is not None
        assert f'"{message[1]}"' in code


def test_dashboard_is_json(resources: dict[str, Any]) -> None:
    """The dashboard's body parses, and each widget has a title."""
    body = json.loads(resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])

    assert all(widget["properties"]["title"] for widget in body["widgets"])


def test_excuses_have_reasons(resources: dict[str, Any]) -> None:
    """Each rule of a linter that is not applied says why."""
    for resource in {**resources, **data.template()["Resources"]}.values():
        metadata = resource.get("Metadata", {})
        assert all(each["comment"] for each in metadata.get("checkov", {}).get("skip", []))
        lint = metadata.get("cfn-lint", {})
        assert set(lint.get("config", {}).get("ignore_checks", [])) == set(lint.get("reasons", {}))
