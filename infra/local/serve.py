"""
Run the API on this machine until it is stopped.

Three ways, distinguished by the environment:

* by default (stage ``local``) with the embedded engine, its state under the local directory;
* ``TESSERA_DYNAMODB_ENDPOINT`` set: with that engine, DynamoDB Local for one;
* ``TESSERA_STAGE=dev`` or ``prod``: with the account that the AWS settings name, whose data stack
  is deployed; nothing is created or seeded there, and its own schedule does the ticking.

A clean stop (Ctrl-C, SIGTERM) saves the embedded engine's state, and so does every half minute in
which something has changed: a `kill -9` that reaches the engine, or a power cut, loses no more than
that, and the server stops with its engine.  With ``TESSERA_LOCAL_STATE=none`` there is no state to
load or save: it ends with the server.

While it runs, the embedded engine's address is in a file of the local directory, so that another
program on this machine can use the same tables (`beside`).
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import queue
import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import botocore.session
import msgspec
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from chalice.app import Chalice

from chalicelib.usecases.secrets import TenantSecrets
from infra.local import keys, shortcut
from infra.local.engine import Engine
from infra.local.gateway import Gateway
from infra.local.server import PortBusyError, Server
from infra.local.settings import CREDENTIALS, ENGINE, ServeError, Settings, settings_from
from infra.local.tables import create_tables, known_check
from infra.local.ticker import Ticker

# How long a start waits for a server before it that is still saving its state.
_LOCK_WAIT_S: Final = 5.0
_LOCK_POLL_S: Final = 0.1
_LOOK_UP_S: Final = 0.5


class Application(msgspec.Struct, frozen=True):
    """
    What is served.

    ``tick`` takes a scheduled event and a context.  ``seed`` loads the example data on the first
    start; it takes the base URL and returns what `CREDENTIALS` is to hold (strings by name).  A
    value that it cannot know again on a later start it leaves out, and the one on file stays.
    """

    app: Chalice
    tick: Callable[[dict[str, Any], Any], Any]
    seed: Callable[[str], dict[str, str]]


def beside(environment: MutableMapping[str, str]) -> None:
    """
    Complete the environment for a program that uses the tables of the server that runs here.

    Where the environment names another engine or an AWS account, it is as complete as it must
    be.  Raises ServeError where no server runs.
    """
    settings = settings_from(environment)
    if not settings.is_local:
        return
    if settings.is_embedded:
        file = settings.directory / ENGINE
        if not file.exists():
            raise ServeError(
                f"no server runs on {settings.directory}: start `tessera serve`, or name an engine "
                "with TESSERA_DYNAMODB_ENDPOINT, or an AWS account with TESSERA_STAGE"
            )
        environment["TESSERA_DYNAMODB_ENDPOINT"] = file.read_text()
    _complete(environment, settings)


def runs_beside(environment: Mapping[str, str]) -> bool:
    """Tell whether the environment names tables, or a server runs on the local directory."""
    settings = settings_from({**environment})
    return not settings.is_embedded or (settings.directory / ENGINE).exists()


@contextlib.contextmanager
def alone(environment: MutableMapping[str, str]) -> Iterator[None]:
    """
    Run the embedded engine on the local directory without a server, its tables made.

    The environment is completed for its use.  Leaving saves the state.  Raises ServeError where a
    server uses the directory.
    """
    settings = settings_from(environment)
    with contextlib.ExitStack() as running:
        lock = running.enter_context(_sole_user(settings.directory))
        environment["TESSERA_DYNAMODB_ENDPOINT"] = _engine(settings, lock, running).endpoint
        _complete(environment, settings)
        _create_tables(environment, settings)
        yield


def serve(
    load: Callable[[], Application], environment: MutableMapping[str, str] | None = None
) -> None:
    """
    Serve until SIGINT or SIGTERM, then stop in order: tick, requests, engine with its state.

    Must run in the main thread.  ``environment`` (``os.environ``) is completed before ``load`` is
    called.  Raises ServeError where it cannot start, EngineError if the engine fails.
    """
    environment = os.environ if environment is None else environment
    settings = settings_from(environment)
    told_to_stop = _stop_signals()
    with contextlib.ExitStack() as running:
        lock = running.enter_context(_sole_user(settings.directory))
        try:
            server = Server(settings.port)
        except PortBusyError as busy:
            raise ServeError(str(busy)) from None
        if settings.is_embedded:
            engine = _engine(settings, lock, running)
            engine.watch(lambda: told_to_stop.put(None))
            environment["TESSERA_DYNAMODB_ENDPOINT"] = engine.endpoint
        if settings.is_local:
            _complete(environment, settings)
        if settings.is_embedded:
            running.enter_context(_shortcut(environment))
        running.callback(server.stop)
        _start(settings, environment, server, load, running)
        if _wait(told_to_stop) is None:
            _say("\nThe engine has ended by itself: stopping …")
        else:
            _say("\nStopping …")
    _say("Stopped; the state is saved." if settings.is_saved else "Stopped.")


def _start(
    settings: Settings,
    environment: MutableMapping[str, str],
    server: Server,
    load: Callable[[], Application],
    running: contextlib.ExitStack,
) -> None:
    if settings.is_local:
        _create_tables(environment, settings)
        _check_root_key(environment, settings)
        keys.keep_root_key(settings.directory, environment["TESSERA_ROOT_KEY"])
    else:
        _require_region(settings, environment)
    _say("Loading the API …")
    application = load()
    server.start(Gateway(application.app, tells_cost=settings.is_local))
    if not settings.is_local:
        _say(f"Tessera answers on {server.url} from the account of the stage {settings.stage}.")
        return
    if not (settings.directory / CREDENTIALS).exists():
        _say("This is the first start: making the example clinic …")
    _announce(settings, server.url, application.seed(server.url))
    ticker = Ticker(application.tick)
    ticker.start()
    running.callback(ticker.stop)


def _engine(settings: Settings, lock: int, running: contextlib.ExitStack) -> Engine:
    # The engine holds the lock too: if this process is killed, whoever starts next waits until
    # the engine has saved.
    state = settings.directory / "state" if settings.is_saved else None
    _say("Starting the engine …")
    engine = Engine(state, log=settings.directory / "engine.log", keep_open=(lock,))
    running.enter_context(engine)
    address = settings.directory / ENGINE
    keys.write_private(address, engine.endpoint)
    running.callback(address.unlink, missing_ok=True)
    return engine


def _shortcut(environment: MutableMapping[str, str]) -> contextlib.AbstractContextManager[None]:
    return shortcut.taken(
        environment["TESSERA_DYNAMODB_ENDPOINT"],
        environment["AWS_DEFAULT_REGION"],
        environment["AWS_ACCESS_KEY_ID"],
    )


def _complete(environment: MutableMapping[str, str], settings: Settings) -> None:
    """Give every variable that the application reads a value, where it has none."""
    aws = {
        "AWS_DEFAULT_REGION": "eu-west-1",
        **dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "local"),
    }
    own = {
        "TESSERA_STAGE": settings.stage,
        "TESSERA_TABLE_PREFIX": settings.prefix,
        "TESSERA_ROOT_KEY": environment.get("TESSERA_ROOT_KEY")
        or keys.root_key(settings.directory),
        "TESSERA_OIDC": keys.local_issuer(settings.directory).settings(),
    }
    for name, value in (aws | own).items():
        if not environment.get(name):
            environment[name] = value
    if settings.is_embedded:
        # Real credentials have no business with an engine that takes any.
        environment.update(aws)
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION"):
            environment.pop(name, None)


def _require_region(settings: Settings, environment: MutableMapping[str, str]) -> None:
    # Found out here, it is one line; later it would be a failure of every request.
    named = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    if not (named or botocore.session.Session().get_config_variable("region")):
        raise ServeError(f"TESSERA_STAGE={settings.stage} needs to know the region: set AWS_REGION")


def _create_tables(environment: MutableMapping[str, str], settings: Settings) -> None:
    try:
        # Nothing here reads the stream yet, and the engine would keep a day of it in memory.
        create_tables(_client(environment), settings.prefix, streams=False)
    except (BotoCoreError, ClientError) as error:
        if settings.is_embedded:
            raise
        raise ServeError(
            f"TESSERA_DYNAMODB_ENDPOINT is {settings.endpoint}, and no tables can be made there: "
            f"{error}"
        ) from None


def _check_root_key(environment: MutableMapping[str, str], settings: Settings) -> None:
    """Refuse a key with which what the tables hold was not written; new tables take any."""
    given = _checked(environment["TESSERA_ROOT_KEY"])
    if known_check(_client(environment), settings.prefix, given) != given:
        raise ServeError(
            "the data here was written with another root key, so that its vouchers and external "
            f"ids would be found by nobody: set TESSERA_ROOT_KEY to that one, or put it into "
            f"{settings.directory / 'root_key'}"
        )


def _checked(root_key: str) -> str:
    # Imported now: what is wired reads the environment, which is complete by this time.
    from chalicelib.wiring import decoded_root_key

    return TenantSecrets(lambda: decoded_root_key(root_key)).check()


def restored(environment: MutableMapping[str, str], tenants: Sequence[str]) -> None:
    """
    Note with which root key a copy was written, and one of its tenants for who starts a server.

    What else is on file for a tenant that is in the copy stays.
    """
    settings = settings_from(environment)
    check = _checked(environment["TESSERA_ROOT_KEY"])
    known_check(_client(environment), settings.prefix, check)
    engine = settings.directory / ENGINE
    if not (engine.exists() and engine.read_text() == settings.endpoint):
        return
    keys.keep_root_key(settings.directory, environment["TESSERA_ROOT_KEY"])
    if tenants and _on_file(settings).get("tenant") not in tenants:
        _keep(settings, {"tenant": tenants[0]})


def _on_file(settings: Settings) -> dict[str, str]:
    file = settings.directory / CREDENTIALS
    found: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    return found


def _keep(settings: Settings, credentials: dict[str, str]) -> None:
    file = settings.directory / CREDENTIALS
    keys.write_private(file, json.dumps(credentials, indent=2) + "\n")


def _client(environment: MutableMapping[str, str]) -> Any:
    return _client_of(
        environment["TESSERA_DYNAMODB_ENDPOINT"],
        environment["AWS_DEFAULT_REGION"],
        environment["AWS_ACCESS_KEY_ID"],
        environment["AWS_SECRET_ACCESS_KEY"],
    )


@cache  # To make one takes a fifth of a second.
def _client_of(endpoint: str, region: str, key_id: str, secret: str) -> Any:
    return botocore.session.Session().create_client(
        "dynamodb",
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        # An engine on this machine is there or is not: trying for half a minute finds out no more.
        config=Config(retries={"total_max_attempts": 1}),
    )


def _announce(settings: Settings, url: str, seeded: dict[str, str]) -> None:
    file = settings.directory / CREDENTIALS
    credentials = {"base_url": url} | _on_file(settings) | seeded | {"base_url": url}
    _keep(settings, credentials)
    _say(f"\nTessera answers on {url}, its reference is {url}/docs.")
    _say("Paste this into another terminal:\n")
    for name, value in credentials.items():
        _say(f"export TESSERA_{name.upper()}={shlex.quote(value)}")
    _say(f"\nIt is also in {file}, which the tour in README.md reads.")
    if "api_key" not in credentials:
        _say(
            "No API key is on file, and none can be shown twice: POST /v1/api-keys issues another."
        )
    if settings.is_saved:
        _say(
            f"The state is under {settings.directory}. Ctrl-C stops and saves it; a kill -9 or a "
            "power cut loses what was written in the last half minute."
        )
    _say("From here on: one line of JSON for each request, and for each minute's tick.\n")


@contextlib.contextmanager
def _sole_user(directory: Path) -> Iterator[int]:
    """Yield the descriptor of the directory's lock: two servers would overwrite each other."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (directory / "lock").open("w") as lock:
        deadline = time.monotonic() + _LOCK_WAIT_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise ServeError(
                        f"another server uses {directory}, or is still saving it: stop it, or "
                        "give this one a directory of its own with TESSERA_LOCAL_DIR=…"
                    ) from None
                time.sleep(_LOCK_POLL_S)
            else:
                break
        yield lock.fileno()


def _stop_signals() -> queue.SimpleQueue[int | None]:
    """
    Return where it is told to stop: by a signal's number, or by nothing where the engine has died.

    A queue, because a second signal may come while the first is being handled: an event's lock
    would be waited for by who holds it.
    """
    told: queue.SimpleQueue[int | None] = queue.SimpleQueue()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _frame: told.put(received))
    return told


def _wait(told: queue.SimpleQueue[int | None]) -> int | None:
    # The system may hand a signal to another thread, which wakes this one no more than nothing
    # does; Python's handler runs as soon as this one looks up.
    while True:
        with contextlib.suppress(queue.Empty):
            return told.get(timeout=_LOOK_UP_S)


def _say(text: str) -> None:
    # Flushed: a program that started the server waits for these lines.
    print(text, file=sys.stdout, flush=True)
