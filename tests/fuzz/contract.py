"""The contract that journeys are held to, with a validator that takes microseconds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import jsonschema_rs

import app
from chalicelib.routes.http.openapi import encoded
from tests.journeys.contract import Contract


class QuickContract(Contract):
    """The same contract on another implementation of JSON Schema."""

    @property
    def schemas(self) -> Mapping[str, Any]:
        """The document's components, by name."""
        found: Mapping[str, Any] = self._document["components"]["schemas"]
        return found

    def _make_validator(self, method: str, path: str, status: str, kind: str) -> Any:
        return jsonschema_rs.Draft202012Validator(self.schema(method, path, status, kind))


@cache
def local_contract() -> QuickContract:
    """Return the contract of this process's app."""
    return QuickContract(json.loads(encoded(app.app)))
