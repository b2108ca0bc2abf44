"""What is laid over Chalice's template lies on what Chalice makes of the application."""

from __future__ import annotations

from typing import Any

import pytest
from chalice.config import Config
from chalice.deploy import models
from chalice.deploy.appgraph import ApplicationGraphBuilder, DependencyBuilder
from chalice.package import PackageOptions, SAMTemplateGenerator, TemplateDeepMerger

import app
from infra import data, functions, references


class _Region:
    """What the generator asks of a client for AWS."""

    region_name = "eu-west-1"

    def endpoint_dns_suffix(self, *_: str) -> str:
        return "amazonaws.com"

    def service_principal(self, service: str, *_: str) -> str:
        return f"{service}.amazonaws.com"


@pytest.fixture(scope="module")
def packaged() -> dict[str, Any]:
    """Return the resources of the application's template, without and then with what we add."""
    config = Config.create(
        chalice_stage="prod",
        app_name="tessera",
        project_dir=".",
        manage_iam_role=False,
        iam_role_arn="arn:aws:iam::000000000000:role/any",
        chalice_app=app.app,
        log_retention_in_days=400,
        autogen_policy=False,
    )
    graph = ApplicationGraphBuilder().build(config, "prod")
    resources = DependencyBuilder().build_dependencies(graph)
    for resource in resources:
        # What building would fill in; it takes a download and tells nothing here.
        if isinstance(resource, models.DeploymentPackage):
            resource.filename = "deployment.zip"
        elif isinstance(resource, models.RestAPI):
            resource.swagger_doc = {"paths": {}}
    region: Any = _Region()
    generator = SAMTemplateGenerator(config, PackageOptions(region))
    template: dict[str, Any] = generator.generate(resources)
    return template


def test_lies_on_what_is_there(packaged: dict[str, Any]) -> None:
    """Each function that is added to is one of the application's, with such events."""
    for name, addition in functions.template()["Resources"].items():
        known = packaged["Resources"][name]["Properties"]
        events = addition["Properties"].get("Events", {})
        assert events.keys() <= known.get("Events", {}).keys()


def test_workers_are_bounded_and_report_what_failed(packaged: dict[str, Any]) -> None:
    """The queue of the tick has few workers at a time, who answer for each message alone."""
    merged = TemplateDeepMerger().merge(functions.template(), packaged)

    worker = merged["Resources"]["Settle"]["Properties"]
    source = worker["Events"]["SettleSqsEventSource"]["Properties"]
    assert source["Queue"]["Fn::Sub"][1] == {"Queue": references.imported("TickQueue")}
    assert source["BatchSize"] == 10
    assert source["ScalingConfig"] == {"MaximumConcurrency": 10}
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert worker["Timeout"] * 6 == data.TICK_VISIBILITY_S
