"""What the environment asks of a local server: where it listens, what it keeps, which engine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from infra import data

DEFAULT_PORT: Final = 8000
DEFAULT_DIRECTORY: Final = ".local"
CREDENTIALS: Final = "credentials.json"
STAGES: Final = ("local", "dev", "prod")
STATES: Final = ("kept", "none")
ENGINE: Final = "engine"


class ServeError(Exception):
    """The server cannot start; the message says what to do."""


class Settings(msgspec.Struct, frozen=True):
    """What the environment asks for."""

    port: int
    directory: Path
    stage: str
    prefix: str
    endpoint: str | None
    state: str = "kept"

    @property
    def is_local(self) -> bool:
        """Whether tables, keys and examples are this machine's to make."""
        return self.stage == "local"

    @property
    def is_embedded(self) -> bool:
        """Whether the engine is this server's own."""
        return self.is_local and self.endpoint is None

    @property
    def is_saved(self) -> bool:
        """Whether a stop saves what the engine holds."""
        return self.is_embedded and self.state == "kept"


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Read the settings; ServeError names the variable that is unusable."""
    port = environment.get("PORT") or str(DEFAULT_PORT)
    if not (port.isascii() and port.isdigit() and int(port) < 1 << 16):
        raise ServeError(f"PORT is {port!r}; it must be a number up to 65535, 0 for any free port")
    stage = environment.get("TESSERA_STAGE") or "local"
    if stage not in STAGES:
        raise ServeError(f"TESSERA_STAGE is {stage!r}; it must be one of {', '.join(STAGES)}")
    if stage != "local" and not environment.get("TESSERA_ROOT_KEY"):
        raise ServeError(f"TESSERA_STAGE={stage} needs its own TESSERA_ROOT_KEY")
    state = environment.get("TESSERA_LOCAL_STATE") or "kept"
    if state not in STATES:
        raise ServeError(f"TESSERA_LOCAL_STATE is {state!r}; it must be {' or '.join(STATES)}")
    return Settings(
        port=int(port),
        directory=Path(environment.get("TESSERA_LOCAL_DIR") or DEFAULT_DIRECTORY).absolute(),
        stage=stage,
        prefix=environment.get("TESSERA_TABLE_PREFIX") or data.DEFAULT_PREFIX,
        endpoint=environment.get("TESSERA_DYNAMODB_ENDPOINT") or None,
        state=state,
    )
