"""The composition root: what it makes of the environment, and what it fetches."""

from __future__ import annotations

import base64

import pytest

from chalicelib import wiring

_KEY = b"k" * 32
_TEXT = base64.b64encode(_KEY).decode()
_REGION = {"AWS_REGION": "eu-west-1"}


def _nothing_to_fetch(secret_id: str) -> str:
    raise AssertionError(secret_id)


def test_root_key_of_the_environment() -> None:
    """Outside of Lambda the key may stand in the environment, and nothing is fetched."""
    environment = {"TESSERA_ROOT_KEY": _TEXT, **_REGION}

    assert wiring.services(environment, _nothing_to_fetch).secrets.root_key == _KEY


def test_root_key_is_fetched_by_its_name() -> None:
    """A named secret is fetched once, when it is needed; it is the key even beside another one."""
    asked = []

    def fetch(secret_id: str) -> str:
        asked.append(secret_id)
        return _TEXT

    environment = {"TESSERA_ROOT_KEY_SECRET": "root", "TESSERA_ROOT_KEY": "x", **_REGION}

    services = wiring.services(environment, fetch)
    assert not asked
    assert services.secrets.root_key == _KEY
    assert wiring.runtime(services, environment).root_key == _KEY
    assert asked == ["root"]


def test_production_function_keeps_no_key_in_its_environment() -> None:
    """Whoever may look at a function sees its environment: production refuses a key there."""
    environment = {
        "TESSERA_STAGE": "prod",
        "AWS_LAMBDA_FUNCTION_NAME": "api",
        "TESSERA_ROOT_KEY": _TEXT,
        **_REGION,
    }

    with pytest.raises(wiring.ConfigurationError, match="TESSERA_ROOT_KEY_SECRET"):
        wiring.services(environment, _nothing_to_fetch)


@pytest.mark.parametrize("stage", [None, "", "production", "Prod", "local"])
def test_a10_a_function_without_a_known_stage_does_not_start(stage: str | None) -> None:
    """A stage that is misspelt or left out must not switch off what guards production."""
    environment = {"AWS_LAMBDA_FUNCTION_NAME": "api", "TESSERA_ROOT_KEY_SECRET": "root", **_REGION}
    if stage is not None:
        environment["TESSERA_STAGE"] = stage

    with pytest.raises(wiring.ConfigurationError, match=r"TESSERA_STAGE.*dev or prod"):
        wiring.services(environment, _nothing_to_fetch)


def test_a10_a_misspelt_stage_starts_nowhere() -> None:
    """On a machine of one's own the stage may be left out, and then is local."""
    environment = {"TESSERA_ROOT_KEY": _TEXT, **_REGION}

    assert not wiring.services(environment, _nothing_to_fetch).production
    with pytest.raises(wiring.ConfigurationError, match="TESSERA_STAGE"):
        wiring.services({**environment, "TESSERA_STAGE": "prd"}, _nothing_to_fetch)


def test_no_root_key() -> None:
    """Without a key there is nothing to start, and the message says what to give."""
    with pytest.raises(wiring.ConfigurationError, match="32 random bytes"):
        wiring.services(_REGION, _nothing_to_fetch)


@pytest.mark.parametrize(
    ("environment", "origin"),
    [
        ({}, ""),
        ({"TESSERA_CORS_ORIGIN": ""}, ""),
        ({"TESSERA_CORS_ORIGIN": "*"}, "*"),
        ({"TESSERA_CORS_ORIGIN": "https://clinic.example"}, "https://clinic.example"),
        ({"TESSERA_CORS_ORIGIN": "http://127.0.0.1:5173"}, "http://127.0.0.1:5173"),
    ],
)
def test_origin_of_browsers(environment: dict[str, str], origin: str) -> None:
    """No page but those of the API may call, unless an origin is named, or all are."""
    assert wiring.cors_origin(environment) == origin


def test_limits_of_requests() -> None:
    """None are limited unless it is said how, and what is no limit is refused at the start."""
    use_cases = wiring.services({"TESSERA_ROOT_KEY": _TEXT, **_REGION}, _nothing_to_fetch)

    assert wiring.runtime(use_cases, _REGION).rates is None
    assert wiring.runtime(use_cases, _REGION | {"TESSERA_RATE_LIMITS": "server=5"}).rates
    with pytest.raises(wiring.ConfigurationError, match="TESSERA_RATE_LIMITS"):
        wiring.runtime(use_cases, _REGION | {"TESSERA_RATE_LIMITS": "server=many"})


@pytest.mark.parametrize(
    "origin",
    [
        "clinic.example",
        "https://clinic.example/",
        "https://a.example, https://b.example",
        "https://*.example",
        "https://clinic.example'",
        "HTTPS://clinic.example",
        "null",
    ],
)
def test_what_is_no_origin_is_refused(origin: str) -> None:
    """No browser would find itself in it; it is said at once, and not by pages that fail."""
    with pytest.raises(wiring.ConfigurationError, match="TESSERA_CORS_ORIGIN"):
        wiring.cors_origin({"TESSERA_CORS_ORIGIN": origin})
