"""The local server around a toy application; `test_serve` runs it as a program of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import botocore.session
from chalice.app import Chalice

from infra.local.engine import EngineError
from infra.local.serve import Application, serve
from infra.local.settings import ServeError


def load() -> Application:
    """Return an application that counts its calls in the catalogue table."""
    app = Chalice("toy", configure_logs=False)
    client: Any = botocore.session.Session().create_client(
        "dynamodb", endpoint_url=os.environ["TESSERA_DYNAMODB_ENDPOINT"]
    )

    @app.route("/count", methods=["POST"])
    def count() -> dict[str, str]:
        answer = client.update_item(
            TableName=f"{os.environ['TESSERA_TABLE_PREFIX']}catalogue",
            Key={"pk": {"S": "T#toy"}, "sk": {"S": "COUNT"}},
            UpdateExpression="ADD n :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
            ReturnValues="UPDATED_NEW",
        )
        return {"count": answer["Attributes"]["n"]["N"]}

    def tick(_event: dict[str, Any], _context: Any) -> None:
        Path(os.environ["TESSERA_LOCAL_DIR"], "ticked").touch()

    def seed(_base_url: str) -> dict[str, str]:
        first = not Path(os.environ["TESSERA_LOCAL_DIR"], "credentials.json").exists()
        return {"tenant": "toy", "admin_token": "a.b.c"} | ({"api_key": "once"} if first else {})

    return Application(app=app, tick=tick, seed=seed)


if __name__ == "__main__":
    try:
        serve(load)
    except (ServeError, EngineError) as refusal:
        sys.exit(str(refusal))
