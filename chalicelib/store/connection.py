"""
The one way to DynamoDB: a botocore client that knows what became of each attempt.

PynamoDB's connection would add nothing to it but eighteen modules to every cold start; its models
describe what is written seldom (`models`).  Nothing here ever asks DynamoDB to describe a table.
The client is made at the first call, or when ``client`` is first read, and no call is made before
that.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import botocore.session
from botocore import xform_name
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader

import chalicelib

TIMEOUT_S: Final = 2
ATTEMPTS_MAX: Final = 3
POOL_SIZE: Final = 32
USER_AGENT: Final = f"tessera/{chalicelib.__version__} Botocore/{botocore.__version__}"

_SERVER_FAULT: Final = 500


class Attempts(threading.local):
    """
    What this thread's call has sent so far, and what of that was answered for certain.

    An attempt that was answered with a refusal changed nothing.  One that was answered with a
    server's fault, garbage or nothing at all may have been carried out.
    """

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Forget the call before."""
        self.sent = 0
        self.refused = 0
        self.faulted = False

    @property
    def all_refused(self) -> bool:
        """Whether nothing that was sent can have been carried out."""
        return self.sent == self.refused

    def on_sending(self, **_: Any) -> None:
        """Count an attempt; botocore calls this when the request is signed."""
        self.sent += 1

    def on_answer(self, parsed_response: dict[str, Any] | None, **_: Any) -> None:
        """Count an answer; botocore calls this for each that it could read."""
        if parsed_response is None:
            return
        status = parsed_response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        self.faulted = status >= _SERVER_FAULT
        self.refused += "Error" in parsed_response and 0 < status < _SERVER_FAULT


class _Descriptions(Loader):  # type: ignore[misc]  # botocore ships no types
    """
    Botocore's descriptions of services, without the rules by which it finds an endpoint.

    By them it would look for the endpoint anew in each call, and in all that the call is about: a
    tenth of what calls cost.  Without them it takes the region's, once, which is where they lead
    for tables that are called by their names and credentials that do not say whose they are.
    """

    def load_service_model(
        self, service_name: str, type_name: str, api_version: str | None = None
    ) -> Any:
        """Return a description; raises ``UnknownServiceError`` for the rules."""
        if type_name == "endpoint-rule-set-1":
            raise UnknownServiceError(service_name=service_name, known_service_names="")
        return super().load_service_model(service_name, type_name, api_version)


class Connection:
    """
    A connection for all threads: bounded waits, bounded retries, and a record of attempts.

    ``region`` and the credentials are botocore's to find where they are not given; ``endpoint`` is
    for a local engine.  At worst a call takes three attempts of two seconds to connect and two to
    answer; throttling, server faults and broken connections are tried again, refusals are not.
    """

    def __init__(self, region: str | None = None, endpoint: str | None = None) -> None:
        self._region = region
        self._endpoint = endpoint
        self.attempts: Final = Attempts()
        self._making = threading.Lock()
        self._made: BaseClient | None = None

    @property
    def client(self) -> BaseClient:
        """The botocore client, made when it is first asked for."""
        return self._made or self._make()

    def dispatch(self, operation: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """
        Make one call, named as DynamoDB names it, and ask for the capacity that it consumes.

        Raises what botocore raises: ``ClientError`` for a refusal, others for what broke.
        """
        send = getattr(self.client, xform_name(operation))
        answer: dict[str, Any] = send(**arguments, ReturnConsumedCapacity="TOTAL")
        return answer

    def _make(self) -> BaseClient:
        with self._making:
            return self._made or self._new()

    def _new(self) -> BaseClient:
        session = botocore.session.Session()
        session.register_component("data_loader", _Descriptions())
        client: BaseClient = session.create_client(
            "dynamodb",
            region_name=self._region,
            endpoint_url=self._endpoint,
            config=Config(
                # Botocore would put its own name together anew, twice a call: a tenth of what
                # calls cost.
                user_agent=USER_AGENT,
                # DynamoDB validates too.
                parameter_validation=False,
                connect_timeout=TIMEOUT_S,
                read_timeout=TIMEOUT_S,
                max_pool_connections=POOL_SIZE,
                retries={"mode": "standard", "total_max_attempts": ATTEMPTS_MAX},
            ),
        )
        host = urlsplit(client.meta.endpoint_url).netloc

        def name_host(params: dict[str, Any], **_: Any) -> None:
            # Botocore signs it; where it is not told, it takes the address apart in each call.
            params["headers"]["Host"] = host

        client.meta.events.register("before-call.dynamodb", name_host)
        # Last: what cannot be signed was never sent.
        client.meta.events.register_last("request-created.dynamodb", self.attempts.on_sending)
        client.meta.events.register("response-received.dynamodb", self.attempts.on_answer)
        # A client keeps the lack of credentials for good, and they may come later.
        if session.get_credentials() is not None:
            self._made = client
        return client
