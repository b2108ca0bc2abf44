"""
The composition root: environment, clock and chance become the services that use cases take.

Nothing here runs at import; `runtime` is called at the first request of a process.  Only the names
of queues and the origin of browsers are read earlier, since handlers are declared with them.
"""

from __future__ import annotations

import base64
import binascii
import os
import random
import re
import secrets
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import msgspec

import chalicelib
from chalicelib.domain.ledger.calendar import Instant
from chalicelib.integrations import secrets_manager
from chalicelib.store.catalogue import CachedCatalogue, DynamoCatalogue
from chalicelib.store.connection import Connection
from chalicelib.store.directory import DynamoDirectory
from chalicelib.store.dynamo import Dynamo
from chalicelib.store.ledger import DynamoLedger
from chalicelib.usecases.secrets import ROOT_KEY_BYTES, TenantSecrets
from chalicelib.usecases.services import Services

if TYPE_CHECKING:
    from chalicelib.integrations.tick_queue import SqsTickQueue
    from chalicelib.routes.http.credentials import KeyDirectory, Tokens
    from chalicelib.routes.http.rates import Rates
    from chalicelib.usecases.guessing import Guesses

DEFAULT_PREFIX = "tessera-"
#: Stages of functions; a machine of one's own may have the stage ``local``, or none.
DEPLOYED_STAGES = ("dev", "prod")
#: One origin as browsers send it (RFC 6454), or all.
_ORIGIN = r"\*|https?://[a-z0-9.-]+(:[0-9]{1,5})?"
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class ConfigurationError(RuntimeError):
    """An environment variable is missing or unusable; the message names it."""


class Runtime(NamedTuple):
    """What the HTTP layer needs, and what it hands to the use cases."""

    keys: KeyDirectory
    tokens: Tokens
    wall_clock: Callable[[], Instant]
    use_cases: Services
    guesses: Callable[[], Guesses]
    rates: Rates | None = None

    @property
    def root_key(self) -> bytes:
        """The key from which those of the tenants are derived."""
        return self.use_cases.secrets.root_key


class Clock:
    """The wall clock in milliseconds."""

    def __call__(self) -> Instant:
        """Return now."""
        return time.time_ns() // 1_000_000


def services(
    environment: Mapping[str, str] | None = None,
    fetch_secret: Callable[[str], str] = secrets_manager.fetch,
) -> Services:
    """
    Build what use cases work with from environment variables; no call is made.

    The secret that they may name is fetched when its key is first needed, by an external id, a
    voucher or a cursor.  Raises `ConfigurationError` where a variable is missing or unusable.
    """
    env = os.environ if environment is None else environment
    dynamo = tables(env)
    return Services(
        ledger=DynamoLedger(dynamo),
        directory=DynamoDirectory(dynamo),
        catalogue=CachedCatalogue(DynamoCatalogue(dynamo), monotonic_ms),
        secrets=TenantSecrets(_root_key(env, fetch_secret)),
        wall_clock=Clock(),
        new_id=new_id,
        random_bytes=secrets.token_bytes,
        # Spreading retries needs no secrecy.
        jitter=random.random,
        pause_ms=pause_ms,
        version=chalicelib.__version__,
        production=_is_production(env),
        tick_queue=_tick_queue(env),
    )


def runtime(use_cases: Services, environment: Mapping[str, str] | None = None) -> Runtime:
    """
    Put what the HTTP layer needs around the services; no call is made.

    Raises `ConfigurationError` where a variable is unusable.
    """
    # Jobs have no callers, and so load nothing that knows them.
    from chalicelib.routes.http.credentials import CachedKeys, KnownTenants

    env = os.environ if environment is None else environment
    catalogue, clock = use_cases.catalogue, use_cases.wall_clock
    return Runtime(
        keys=CachedKeys(catalogue, clock),
        tokens=KnownTenants(
            _tokens(env, clock), lambda tenant: catalogue.settings(tenant) is not None
        ),
        wall_clock=clock,
        use_cases=use_cases,
        guesses=guesses_of(use_cases),
        rates=_rates(env, clock),
    )


def guesses_of(use_cases: Services) -> Callable[[], Guesses]:
    """Return what gives the one counter of guessed codes, made when it is first asked for."""

    @cache
    def guesses() -> Guesses:
        from chalicelib.usecases.guessing import Guesses

        return Guesses(use_cases.ledger, use_cases.secrets, use_cases.wall_clock)

    return guesses


def tables(environment: Mapping[str, str] | None = None) -> Dynamo:
    """Return the tables that the environment names; no call is made."""
    env = os.environ if environment is None else environment
    connection = Connection(
        region=env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION"),
        endpoint=env.get("TESSERA_DYNAMODB_ENDPOINT") or None,
    )
    return Dynamo(connection, env.get("TESSERA_TABLE_PREFIX") or DEFAULT_PREFIX)


def queue_name(name: str, environment: Mapping[str, str] | None = None) -> str:
    """Return the whole name of a queue, for the declaration of its handler."""
    env = os.environ if environment is None else environment
    return f"{env.get('TESSERA_TABLE_PREFIX') or DEFAULT_PREFIX}{name}"


def cors_origin(environment: Mapping[str, str] | None = None) -> str:
    """
    Return the origin whose pages may call the API, for the declaration of the routes.

    Empty where none may, but those of the API itself; ``*`` where all may.  Raises
    `ConfigurationError` where it is neither.
    """
    env = os.environ if environment is None else environment
    origin = env.get("TESSERA_CORS_ORIGIN") or ""
    if origin and not re.fullmatch(_ORIGIN, origin):
        raise ConfigurationError(
            f"TESSERA_CORS_ORIGIN is {origin!r}: name one origin, such as https://clinic.example, "
            "or * for all"
        )
    return origin


def new_id(kind: str) -> str:
    """Return a new id such as `mem_01JD…`: a ULID, so that ids sort by the time they were made."""
    number = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    text = "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))
    return f"{kind}_{text}"


def monotonic_ms() -> int:
    """Return a clock that never jumps, for the ages of caches."""
    return time.monotonic_ns() // 1_000_000


def pause_ms(milliseconds: float) -> None:
    """Wait between two attempts."""
    time.sleep(milliseconds / 1000)


def _root_key(env: Mapping[str, str], fetch_secret: Callable[[str], str]) -> Callable[[], bytes]:
    """Return what gives the root key: it is fetched once, and only if it is asked for."""
    text = env.get("TESSERA_ROOT_KEY")
    if text and _is_production(env) and "AWS_LAMBDA_FUNCTION_NAME" in env:
        raise ConfigurationError(
            "TESSERA_ROOT_KEY is readable to whoever sees the function: in production keep it in "
            "Secrets Manager, and name it in TESSERA_ROOT_KEY_SECRET"
        )
    if secret_id := env.get("TESSERA_ROOT_KEY_SECRET"):
        return cache(lambda: decoded_root_key(fetch_secret(secret_id)))
    if not text:
        raise ConfigurationError("TESSERA_ROOT_KEY is not set: give 32 random bytes in base64")
    key = decoded_root_key(text)
    return lambda: key


def decoded_root_key(text: str) -> bytes:
    """Return the root key of its base64; raises `ConfigurationError` where it is unusable."""
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ConfigurationError("TESSERA_ROOT_KEY is not base64") from None
    if len(key) < ROOT_KEY_BYTES:
        raise ConfigurationError(f"TESSERA_ROOT_KEY has fewer than {ROOT_KEY_BYTES} bytes")
    return key


def _tick_queue(env: Mapping[str, str]) -> SqsTickQueue | None:
    url = env.get("TESSERA_TICK_QUEUE_URL")
    if not url:
        return None
    from chalicelib.integrations.tick_queue import SqsTickQueue

    return SqsTickQueue(url)


def _tokens(env: Mapping[str, str], clock: Callable[[], Instant]) -> Tokens:
    from chalicelib.routes.http.credentials import LazyTokens, NoTokens

    text = env.get("TESSERA_OIDC")
    if not text:
        return NoTokens()
    from chalicelib.routes.http.issuer import trusted_issuers

    try:
        trusted = trusted_issuers(text, production=_is_production(env))
    except (ValueError, msgspec.MsgspecError) as error:
        raise ConfigurationError(f"TESSERA_OIDC is unusable: {error}") from None

    def verifier() -> Tokens:
        from chalicelib.routes.http.tokens import TokenVerifier

        return TokenVerifier(trusted, clock)

    return LazyTokens(verifier)


def _rates(env: Mapping[str, str], clock: Callable[[], Instant]) -> Rates | None:
    setting = env.get("TESSERA_RATE_LIMITS")
    if not setting:
        return None
    from chalicelib.routes.http.rates import Rates, limits_of

    try:
        return Rates(limits_of(setting), clock)
    except ValueError as error:
        raise ConfigurationError(f"TESSERA_RATE_LIMITS is unusable: {error}") from None


def _is_production(env: Mapping[str, str]) -> bool:
    """
    Tell whether the guards of production hold.

    Raises `ConfigurationError` where the stage is unknown: a name that is misspelt or was left out
    of a function's settings must not turn them off.
    """
    deployed = "AWS_LAMBDA_FUNCTION_NAME" in env
    stage = env.get("TESSERA_STAGE") or ("" if deployed else "local")
    if stage not in DEPLOYED_STAGES and (deployed or stage != "local"):
        known = " or ".join(DEPLOYED_STAGES)
        raise ConfigurationError(f"TESSERA_STAGE is {stage!r}: a function needs {known}")
    return stage == "prod"
