"""
What a fresh process is asked, as deployed: each case is one event on members of its own.

The environment is that of `infra.functions`: an issuer of tokens is trusted, figures are told, and
the root key is a secret that is fetched.  One clinic has a programme without any expression, the
other the example, whose rules have conditions.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, Final, NamedTuple

from chalicelib.domain.ledger.calendar import Instant
from chalicelib.usecases.stored import IndexRange
from chalicelib.usecases.tick import SHARDS
from infra.local.gateway import STAGE
from tests.bench import engine
from tests.cold.process import Started, start, start_bare
from tests.cold.stand_in import Recording, StandIn
from tests.jobs.lambdas import batch
from tests.journeys.world import Clinic, Ground, LocalWorld, example

_ACTIVITIES: Final = "/v1/activities"
_BALANCE: Final = "/v1/members/{member_id}/balance"
#: Points of the example last a year: what was earned 400 days ago has expired.
_LONG_AGO_MS: Final = 400 * 86_400_000


class Case(NamedTuple):
    """One event for one of the handlers of a module, and the calls that it takes."""

    name: str
    entry: str
    event: dict[str, Any]
    recording: Recording
    module: str = "app"


class Cases:
    """The cases, on the engine of this process behind a stand-in for DynamoDB."""

    def __init__(self, ground: Ground, stand_in: StandIn) -> None:
        self._stand_in = stand_in
        self._world = LocalWorld(ground)
        self._now: Instant = time.time_ns() // 1_000_000
        self._world.clock.set(self._now - _LONG_AGO_MS)
        self._plain = self._clinic(_without_expressions())
        self._with_expressions = self._clinic("clinic")
        overdue = [self._earned_by(self._plain.enrolled()) for _ in range(2)]
        self._world.clock.set(self._now)
        tables = self._world.dynamo.ledger.removesuffix("ledger")
        self.environment: Final = {
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": "eu-west-1",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_LAMBDA_FUNCTION_NAME": "cold",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": stand_in.endpoint,
            "AWS_ENDPOINT_URL_DYNAMODB": stand_in.endpoint,
            "TESSERA_DYNAMODB_ENDPOINT": stand_in.endpoint,
            "TESSERA_TABLE_PREFIX": tables,
            "TESSERA_ROOT_KEY_SECRET": "root-key",
            "TESSERA_METRICS": "Tessera",
            "TESSERA_OIDC": ground.issuer.settings(),
            # An issuer whose address is not https is not for production.
            "TESSERA_STAGE": "dev",
            "POWERTOOLS_LOG_LEVEL": "INFO",
            "PYTHONTZPATH": "/var/task/tzdata/zoneinfo",
        }
        self.earn_by_key: Final = self._earn("an earn by API key, no expressions", self._plain)
        self.earn_by_token: Final = self._earn_by_token()
        self.balance: Final = self._balance()
        due = self._due(overdue[0])
        self.tick: Final = Case("a tick, two accounts due", "tick", _SCHEDULED, Recording())
        self.settle: Final = Case("a settling of one of them", "settle", due, Recording())
        #: The same earn in the way of `tests.bench.rival_handler`; none of `all`.
        self.rival: Final = Case(
            "the rival's earn", "handler", _rival(), Recording(), "rival_handler"
        )
        self._before = engine.snapshot(tables)

    @property
    def all(self) -> tuple[Case, ...]:
        """Every case."""
        return (self.earn_by_key, self.earn_by_token, self.balance, self.tick, self.settle)

    def run(self, case: Case, places: list[Path], *options: str) -> Started:
        """Start a process for a case; the first run's calls are those of all."""
        self._stand_in.serve(case.recording)
        started = start(
            places,
            self.environment,
            case.entry,
            case.event,
            module=case.module,
            options=options,
        )
        self._require(case, started.answer)
        if not case.recording.plays:
            # What one case wrote must not be there for the next.
            engine.restore(self._before)
        return started

    def run_bare(self, case: Case, places: list[Path]) -> Started:
        """Start a process that makes the calls of a case, and nothing else."""
        self._stand_in.serve(case.recording)
        return start_bare(places, self.environment, case.recording.calls)

    def _require(self, case: Case, answer: Any) -> None:
        """Refuse to go on where a case was not served as it was meant to be."""
        if self._stand_in.failures:
            raise AssertionError(f"{case.name}: {self._stand_in.failures}")
        match case.entry:
            case "tick":
                served = answer["accounts"] == 2 and not answer["failed"]
            case "settle":
                served = answer == {"batchItemFailures": []}
            case _:
                served = answer["statusCode"] in {200, 201}
        if not served:
            raise AssertionError(f"{case.name} was answered with {answer}")

    def _clinic(self, document: dict[str, Any] | str) -> Clinic:
        clinic = self._world.clinic()
        clinic.publish(document)
        return clinic

    def _earn(self, name: str, clinic: Clinic, token: str | None = None) -> Case:
        member = clinic.enrolled()
        activity = clinic.activity(member)
        event = _event("POST", _ACTIVITIES, {}, activity, token or str(clinic.api.token))
        return Case(name, "app", event, Recording())

    def _earn_by_token(self) -> Case:
        clinic = self._with_expressions
        token = str(clinic.staff("receptionist").token)
        return self._earn("an earn by token, with expressions", clinic, token)

    def _balance(self) -> Case:
        clinic = self._plain
        member = clinic.enrolled()
        token = str(clinic.api.token)
        event = _event("GET", _BALANCE, {"member_id": member}, None, token)
        return Case("a balance by API key", "app", event, Recording())

    def _earned_by(self, member: str) -> str:
        self._plain.record(member).expect(201)
        return member

    def _due(self, member: str) -> dict[str, Any]:
        """Return the message of the queue that names one member who is due."""
        for shard in range(SHARDS):
            for place in self._world.services.ledger.due(shard, self._now):
                if place.member == member:
                    return batch([IndexRange(shard, place, place)])
        raise LookupError(f"nothing is due for {member}")


#: What the schedule sends.
_SCHEDULED: Final = {
    "version": "0",
    "id": "cold",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "000000000000",
    "time": "2026-01-01T00:00:00Z",
    "region": "eu-west-1",
    "resources": [],
    "detail": {},
}


def _without_expressions() -> dict[str, Any]:
    """Return the example with the rules that have none, and nothing else changed."""
    document = example("clinic")
    rules = [rule for rule in document["earning"] if "expression" not in rule["award"]]
    plain = [{**rule, "multipliers": []} for rule in rules if "when" not in rule]
    return document | {"earning": plain}


def _rival() -> dict[str, Any]:
    activity = {"member": "m", "type": "visit.completed", "source": "emr", "external_id": "1"}
    return _event("POST", _ACTIVITIES, {}, activity | {"lines": [{"amount": 8000}]}, "x")


def _event(
    method: str, resource: str, path: dict[str, str], body: Any, token: str
) -> dict[str, Any]:
    """Return the event of a request, as API Gateway sends it."""
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    filled = resource.format(**path)
    return {
        "resource": resource,
        "path": filled,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": path or None,
        "stageVariables": None,
        "requestContext": {
            "requestId": "cold",
            "resourcePath": resource,
            "httpMethod": method,
            "path": f"/{STAGE}{filled}",
            "stage": STAGE,
            "identity": {"sourceIp": "127.0.0.1", "userAgent": ""},
        },
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }
