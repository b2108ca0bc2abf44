"""What single operations are measured on: the whole API, warm, on a clock of its own."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from typing import Any, Final

from chalicelib.routes.http.credentials import CachedKeys
from chalicelib.store.catalogue import CachedCatalogue, DynamoCatalogue
from tests.journeys.client import Answer, environ
from tests.journeys.world import Clinic, Ground, LocalWorld

_keys = itertools.count(1)


class Warm:
    """
    A clinic with the example programme, in a container that never grows cold.

    Calls go past the client that holds every answer to the document: it takes longer than they do.
    """

    def __init__(self, ground: Ground) -> None:
        self._gateway: Final = ground.gateway
        self.world: Final = LocalWorld(ground)
        self._stay_warm()
        self.clinic: Final[Clinic] = self.world.clinic()
        self.clinic.publish("clinic")
        self.call(
            "POST", "/v1/activities", self.clinic.activity(self.clinic.enrolled()), status=201
        )

    def call(
        self, method: str, target: str, body: Any = None, *, status: int = 200, key: bool = False
    ) -> dict[str, Any]:
        """Send one request, with a new Idempotency-Key if asked to, and return what came."""
        headers = {"Idempotency-Key": f"bench-{next(_keys)}"} if key else {}
        answer = self.send(method, target, self.encoded(body), headers)
        result: dict[str, Any] = answer.expect(status)
        return result

    def send(self, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send one request as it is, but for the credential."""
        return self.clinic.api.transport(method, target, self._headers(headers), body)

    def event(
        self, method: str, target: str, body: bytes, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        """Return the Lambda event of one request, as the gateway makes it."""
        found = self._gateway.event_of(
            environ(method, target, self._headers(headers), body), "bench"
        )
        assert isinstance(found, dict), found
        return found

    def _headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        token = self.clinic.api.token
        known = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        return known | dict(headers)

    @staticmethod
    def encoded(body: Any) -> bytes:
        """Return a body's bytes."""
        return b"" if body is None else json.dumps(body).encode()

    def _stay_warm(self) -> None:
        world = self.world
        catalogue = CachedCatalogue(DynamoCatalogue(world.dynamo), lambda: 0)
        world.catalogue = catalogue
        world.services = world.services._replace(catalogue=catalogue)
        world.runtime = world.runtime._replace(
            keys=CachedKeys(catalogue, lambda: 0), use_cases=world.services
        )
