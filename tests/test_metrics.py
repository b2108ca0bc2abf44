"""Figures for CloudWatch: what is counted where, and how it is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib import metrics
from infra.alarms import resources
from tests.journeys.world import Clinic, LocalWorld


@pytest.fixture(autouse=True)
def _nothing_left_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin and end with nothing counted, under a namespace."""
    metrics.flush()
    monkeypatch.setenv(metrics.NAMESPACE, "Tessera/test")


def counted(capsys: pytest.CaptureFixture[str]) -> dict[tuple[str, str], int]:
    """Return what was told: values by metric and the value of its dimension."""
    found = {}
    for line in capsys.readouterr().out.splitlines():
        document: dict[str, Any] = json.loads(line)
        if "_aws" not in document:
            continue
        ((directive,),) = (document["_aws"]["CloudWatchMetrics"],)
        assert directive["Namespace"] == "Tessera/test"
        assert len(document["_aws"]["CloudWatchMetrics"]) == 1
        names = [name for name in directive["Dimensions"][0] if name != "service"]
        of = document[names[0]] if names else ""
        for metric in directive["Metrics"]:
            name = metric["Name"]
            assert (metric["Unit"], *names) == tuple(filter(None, metrics.METRICS[name]))
            (value,) = document[name]
            found[name, of] = int(value)
    return found


def test_value_by_currency(clinic: Clinic, capsys: pytest.CaptureFixture[str]) -> None:
    """What is issued, redeemed and given back is told in its currency, once it is written."""
    clinic.publish("clinic")
    member = clinic.enrolled()
    capsys.readouterr()

    clinic.record(member, "checkup.completed").expect(201)
    assert counted(capsys) == {("ValueIssued", "clinic/points"): 200}
    wish = {"programme": "clinic", "reward": "parking"}
    redeemed = clinic.api.post(f"/v1/members/{member}/redemptions", wish).expect(201)
    assert counted(capsys) == {("ValueRedeemed", "clinic/points"): 100}
    path = f"/v1/members/{member}/redemptions/{redeemed['redemption_id']}/cancellation"
    clinic.api.post(path, {}).expect(200)
    assert counted(capsys) == {("ValueRedeemed", "clinic/points"): -100}
    clinic.api.get(f"/v1/members/{member}/balance").expect(200)
    assert counted(capsys) == {}


def test_a_donation_is_redeemed(clinic: Clinic, capsys: pytest.CaptureFixture[str]) -> None:
    """What goes to a payee counts as redeemed, like any other reward."""
    clinic.publish("cumulative-care")
    member = clinic.enrolled()
    clinic.give(member, 400, programme="cumulative-care")
    capsys.readouterr()
    wish = {"programme": "cumulative-care", "reward": "donation"}

    clinic.api.post(f"/v1/members/{member}/redemptions", wish).expect(201)

    assert counted(capsys) == {("ValueRedeemed", "cumulative-care/points"): 400}


def test_what_expires_by_itself(world: LocalWorld, capsys: pytest.CaptureFixture[str]) -> None:
    """What falls due is told when it is written, whoever writes it."""
    sandbox = world.sandbox()
    sandbox.publish("clinic")
    sandbox.record(sandbox.enrolled(), "checkup.completed").expect(201)
    capsys.readouterr()

    sandbox.move_to("2027-03-03T00:00:00Z")

    assert counted(capsys) == {("ValueExpired", "clinic/points"): 200}


def test_the_tick(world: LocalWorld, clinic: Clinic, capsys: pytest.CaptureFixture[str]) -> None:
    """The scheduled run tells how many accounts it settled, and how late it was."""
    clinic.publish("clinic")
    clinic.record(clinic.enrolled(), "checkup.completed").expect(201)
    world.clock.set("2027-03-03T00:00:07Z")
    capsys.readouterr()

    world.tick()

    found = counted(capsys)
    assert found["AccountsSettled", ""] >= 1
    # Its announcement was due a month before midnight, and nobody had looked.
    assert found["TickLagMs", ""] > 7_000


def test_refusals_by_code(clinic: Clinic, capsys: pytest.CaptureFixture[str]) -> None:
    """A refusal is told by its code; a replay issues nothing again."""
    clinic.publish("clinic")
    member = clinic.enrolled()
    activity = clinic.activity(member, "checkup.completed")
    clinic.api.post("/v1/activities", activity).expect(201)
    capsys.readouterr()

    clinic.api.post("/v1/activities", activity).expect(201)
    clinic.api.get("/v1/members/mem_01ARZ3NDEKTSV4RRFFQ69G5FAV/balance").expect(404)

    assert counted(capsys) == {("Refusals", "member_not_found"): 1}


def test_nothing_is_told_without_a_namespace(
    clinic: Clinic, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a developer's machine the log has no figures in it."""
    monkeypatch.delenv(metrics.NAMESPACE)
    clinic.publish("clinic")
    clinic.record(clinic.enrolled(), "checkup.completed").expect(201)

    assert "_aws" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("metric", "of"),
    [("Members", ""), ("Refusals", ""), ("Conflicts", "mem_01ARZ3NDEKTSV4RRFFQ69G5FAV")],
)
def test_what_is_not_declared_is_no_metric(metric: str, of: str) -> None:
    """No figure has a dimension that was not thought about."""
    with pytest.raises(ValueError, match="no metric"):
        metrics.count(metric, of=of)


def test_the_dashboard_shows_every_metric() -> None:
    """Whoever counts something wants to see it."""
    body = json.dumps(resources("prod")["Dashboard"])
    # These have a chart by another name, out of the log.
    elsewhere = {"TickLagMs", "AccountsSettled"}

    assert [name for name in metrics.METRICS.keys() - elsewhere if name not in body] == []
