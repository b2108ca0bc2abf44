"""`tessera serve`: the API on this machine."""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from infra.local.serve import Application


@click.command("serve")
def command() -> None:
    """
    Run the API on 127.0.0.1 until Ctrl-C or SIGTERM.

    It loads an example clinic on the first start and prints what to paste to call it.  The
    embedded engine keeps its state under .local/ and saves it on a clean stop and every half
    minute: kill -9 or a power cut loses what was written since then.

    \b
    Environment (infra/README.md has the others):
      PORT                       where to listen (8000; 0 for any free port)
      TESSERA_LOCAL_DIR          state, keys and credentials (.local)
      TESSERA_DYNAMODB_ENDPOINT  use that engine, such as DynamoDB Local
      TESSERA_STAGE              local; dev or prod for an AWS account
    """  # noqa: D301 - click reads the escape, so it must be one
    from chalicelib.wiring import ConfigurationError
    from infra.local.engine import EngineError
    from infra.local.serve import serve
    from infra.local.settings import ServeError

    logging.basicConfig(level=logging.WARNING)
    # It warns whenever more clients than threads write at once, which is no news.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    try:
        serve(_application)
    except (ServeError, EngineError, ConfigurationError) as refusal:
        raise click.ClickException(str(refusal)) from None


def _application() -> Application:
    # Only now is the environment complete that these read.
    from infra.local.serve import Application

    app = importlib.import_module("app")
    seed = importlib.import_module("chalicelib.cli.seed")
    return Application(app=app.app, tick=app.tick, seed=seed.seed)
